"""A hand-written AWS Budgets that plans are applied to: it overwrites, drops and refuses as AWS says it does."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from budgets.live import LiveBudget, live_of
from cloud.faults import InvalidRequest, NotFound
from core.reading import Scope

Answer = Mapping[str, Any]
MOST = 10


class FakeBudgets:
    """One account's budgets, by name."""

    def __init__(self) -> None:
        self.budgets: dict[str, dict[str, Any]] = {}
        self.written: list[str] = []

    def live(self, name: str) -> LiveBudget | None:
        found = self.budgets.get(name)
        return (
            None if found is None else live_of(found["Budget"], found["Alerts"], found["Actions"], tags=found["Tags"])
        )

    def read(self, _scope: Scope, _service: str, operation: str, params: Answer) -> Answer:
        budget = self._budget(params)
        if operation == "DescribeBudget":
            return {"Budget": {**copy.deepcopy(budget["Budget"]), "CalculatedSpend": {}}}
        if operation == "DescribeBudgetActionsForBudget":
            return {"Actions": budget["Actions"]}
        if operation == "DescribeNotificationsForBudget":
            return {"Notifications": [{**each["Notification"], "NotificationState": "OK"} for each in budget["Alerts"]]}
        return {"Subscribers": list(self._alert(params)["Subscribers"])}

    @contextmanager
    def writer(self, _scope: Scope, _name: str) -> Iterator[FakeBudgets]:
        yield self

    def write(self, _service: str, operation: str, params: Answer) -> Answer:
        self.written.append(operation)
        return getattr(self, f"_{operation}")(copy.deepcopy(dict(params))) or {}

    def _budget(self, params: Answer) -> dict[str, Any]:
        if params["BudgetName"] not in self.budgets:
            raise NotFound("no such budget")
        return self.budgets[params["BudgetName"]]

    def _alert(self, params: Answer, name: str = "Notification") -> dict[str, Any]:
        for each in self._budget(params)["Alerts"]:
            if each["Notification"] == params[name]:
                found: dict[str, Any] = each
                return found
        raise NotFound("no such notification")

    def _CreateBudget(self, params: Answer) -> None:  # noqa: N802 - AWS's name
        name = params["Budget"]["BudgetName"]
        if name in self.budgets:
            raise InvalidRequest("there already")
        alerts = params.get("NotificationsWithSubscribers", [])
        tags = {tag["Key"]: tag["Value"] for tag in params.get("ResourceTags", ())}
        self.budgets[name] = {"Budget": self._kept(params["Budget"]), "Alerts": alerts, "Actions": [], "Tags": tags}

    def _UpdateBudget(self, params: Answer) -> None:  # noqa: N802
        given = params["NewBudget"]
        self._budget(given)["Budget"] = self._kept(given)

    def _kept(self, given: Answer) -> dict[str, Any]:
        """What AWS adds where nothing is given."""
        types = {"IncludeTax": True, "IncludeCredit": True, "IncludeRefund": True, "IncludeSupport": True}
        others = ("IncludeSubscription", "IncludeUpfront", "IncludeRecurring", "IncludeOtherSubscription")
        types |= dict.fromkeys((*others, "IncludeDiscount"), True) | {"UseBlended": False, "UseAmortized": False}
        period = {"Start": "2026-11-01T00:00:00+00:00", "End": "2087-06-15T00:00:00+00:00"}
        kept = {"CostFilters": {}, "CostTypes": types, **given, "TimePeriod": {**period, **given.get("TimePeriod", {})}}
        if given.get("PlannedBudgetLimits") or given.get("AutoAdjustData"):
            kept["BudgetLimit"] = {"Amount": "12.0", "Unit": "USD"}
        return kept

    def _DeleteBudget(self, params: Answer) -> None:  # noqa: N802
        self._budget(params)
        del self.budgets[params["BudgetName"]]

    def _CreateNotification(self, params: Answer) -> None:  # noqa: N802
        alerts = self._budget(params)["Alerts"]
        if len(alerts) >= MOST or any(each["Notification"] == params["Notification"] for each in alerts):
            raise InvalidRequest("too many, or there already")
        alerts.append({"Notification": params["Notification"], "Subscribers": params["Subscribers"]})

    def _UpdateNotification(self, params: Answer) -> None:  # noqa: N802
        alert = self._alert(params, "OldNotification")
        if any(each["Notification"] == params["NewNotification"] for each in self._budget(params)["Alerts"]):
            raise InvalidRequest("there already")
        alert["Notification"] = params["NewNotification"]

    def _DeleteNotification(self, params: Answer) -> None:  # noqa: N802
        self._budget(params)["Alerts"].remove(self._alert(params))

    def _CreateSubscriber(self, params: Answer) -> None:  # noqa: N802
        told = self._alert(params)["Subscribers"]
        told.append(params["Subscriber"])
        kinds = [each["SubscriptionType"] for each in told]
        if kinds.count("EMAIL") > 10 or kinds.count("SNS") > 1:
            raise InvalidRequest("too many")

    def _UpdateSubscriber(self, params: Answer) -> None:  # noqa: N802
        told = self._alert(params)["Subscribers"]
        told[told.index(params["OldSubscriber"])] = params["NewSubscriber"]

    def _DeleteSubscriber(self, params: Answer) -> None:  # noqa: N802
        told = self._alert(params)["Subscribers"]
        told.remove(params["Subscriber"])
        if not told:  # AWS: deleting the last subscriber also deletes the notification
            self._DeleteNotification(params)

    def _CreateBudgetAction(self, params: Answer) -> Answer:  # noqa: N802
        actions = self._budget(params)["Actions"]
        number = f"00000000-0000-0000-0000-{len(self.written):012}"
        asked = {name: value for name, value in params.items() if name != "AccountId"}
        actions.append({**asked, "ActionId": number, "Status": "STANDBY"})
        return {"ActionId": number}

    def _DeleteBudgetAction(self, params: Answer) -> None:  # noqa: N802
        actions = self._budget(params)["Actions"]
        found = [each for each in actions if each["ActionId"] == params["ActionId"]]
        if not found:
            raise NotFound("no such action")
        actions.remove(found[0])
