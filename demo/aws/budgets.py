"""AWS Budgets: every operation on budgets, notifications, subscribers, history and actions, over the demo's bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import page
from demo.aws.errors import AwsError
from demo.aws.wire import AwsService
from demo.bills import Line, billed_until
from demo.budget_book import Budget, BudgetBook, Document, Notice, history, limit_of, settled, spent
from demo.budget_rules import check, check_subscribers, invalid, not_found, notice_key, plain_notice
from demo.budget_watch import carry_out, happened, seen_lines, watch_one
from demo.ground import Ground

HISTORY_PERIODS: Final = {"DAILY": 60, "MONTHLY": 12, "QUARTERLY": 4, "ANNUALLY": 1, "CUSTOM": 1}
PAGE: Final = 100
EXECUTED: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "APPROVE_BUDGET_ACTION": (frozenset({"PENDING"}), "EXECUTION_SUCCESS"),
    "RETRY_BUDGET_ACTION": (frozenset({"EXECUTION_FAILURE"}), "EXECUTION_SUCCESS"),
    "REVERSE_BUDGET_ACTION": (frozenset({"EXECUTION_SUCCESS"}), "REVERSE_SUCCESS"),
    "RESET_BUDGET_ACTION": (frozenset({"EXECUTION_SUCCESS", "REVERSE_SUCCESS"}), "STANDBY"),
}
"""What may be done to an action in which states, and the state that follows.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_ExecuteBudgetAction.html"""


class BudgetsBase(AwsService):
    """A Budgets request on its ground."""

    SERVICE = "budgets"

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground

    @property
    def now(self) -> datetime:
        return self._ground.clock.now()

    @property
    def book(self) -> BudgetBook:
        """The budgets of the account that asks, brought up to date; of another's nothing is said."""
        account = self.params.get("AccountId", self.scope.account)
        if account != self.scope.account:
            raise AwsError("AccessDeniedException", f"Account {self.scope.account} cannot access budgets of {account}.")
        book = self._ground.budgets.setdefault(account, BudgetBook())
        watch_one(self._ground, account, book, at=self.now)
        return book

    @property
    def lines(self) -> list[Line]:
        return seen_lines(self._ground, self.scope.account, at=self.now)

    def budget(self) -> Budget:
        name = self.params["BudgetName"]
        found = self.book.budgets.get(name)
        if found is None:
            raise not_found(f"Unable to get budget: {name} - the budget doesn't exist.")
        return found

    def notice(self, budget: Budget, name: str = "Notification") -> Notice:
        wanted = notice_key(self.params[name])
        for notice in budget.notices:
            if notice.key == wanted:
                return notice
        raise not_found("Unable to find notification: the notification doesn't exist.")

    def paged(self, items: Sequence[Any], name: str) -> ActionResult:
        shown, token = page(items, self.params.get("NextToken"), int(self.params.get("MaxResults") or PAGE))
        return ActionResult({name: list(shown), **({"NextToken": token} if token else {})})


class BudgetOperations(BudgetsBase):
    def create_budget(self) -> ActionResult:
        self.book.add(self.params, at=self.now)
        return ActionResult({})

    def update_budget(self) -> ActionResult:
        given = self.params["NewBudget"]
        budget = self.book.budgets.get(given["BudgetName"])
        if budget is None:
            raise not_found(f"Unable to update budget: {given['BudgetName']} - the budget doesn't exist.")
        if given["BudgetType"] != budget.document["BudgetType"]:
            raise invalid("Unable to update budget: the budget type can't be changed.")
        check(given)
        budget.document, budget.updated, self.book.evaluated = settled(given, at=self.now), self.now, None
        return ActionResult({})

    def delete_budget(self) -> ActionResult:
        self.budget()
        del self.book.budgets[self.params["BudgetName"]]
        return ActionResult({})

    def describe_budget(self) -> ActionResult:
        return ActionResult({"Budget": self._described(self.budget())})

    def describe_budgets(self) -> ActionResult:
        found = sorted(self.book.budgets.values(), key=lambda budget: budget.name)
        return self.paged([self._described(budget) for budget in found], "Budgets")

    def describe_budget_performance_history(self) -> ActionResult:
        budget = self.budget()
        document = budget.document
        periods = history(
            document, self.lines, at=billed_until(self.now), periods=HISTORY_PERIODS[document["TimeUnit"]]
        )
        wanted = self.params.get("TimePeriod") or {}
        amounts = [
            {
                "BudgetedAmount": self._amount(document, limit_of(document, at=at_midnight(each.start))),
                "ActualAmount": self._amount(document, each.actual),
                "TimePeriod": {"Start": at_midnight(each.start), "End": at_midnight(each.end)},
            }
            for each in periods
            if not wanted.get("Start") or at_midnight(each.end) > wanted["Start"]
        ]
        shown, token = page(amounts, self.params.get("NextToken"), int(self.params.get("MaxResults") or PAGE))
        names = ("BudgetName", "BudgetType", "TimeUnit", "CostFilters", "CostTypes", "FilterExpression")
        answer = {name: document[name] for name in names if name in document}
        answer["BudgetedAndActualAmountsList"] = list(shown)
        return ActionResult({"BudgetPerformanceHistory": answer, **({"NextToken": token} if token else {})})

    def list_tags_for_resource(self) -> ActionResult:
        tags = self._by_arn().tags
        return ActionResult({"ResourceTags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]})

    def tag_resource(self) -> ActionResult:
        self._by_arn().tags.update({tag["Key"]: tag["Value"] for tag in self.params["ResourceTags"]})
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        tags = self._by_arn().tags
        for key in self.params["ResourceTagKeys"]:
            tags.pop(key, None)
        return ActionResult({})

    def _by_arn(self) -> Budget:
        name = str(self.params["ResourceARN"]).partition(":budget/")[2].partition("/action/")[0]
        found = self.book.budgets.get(name)
        if found is None:
            raise not_found(f"Unable to find {self.params['ResourceARN']}.")
        return found

    def _described(self, budget: Budget) -> Document:
        document = budget.document
        now = spent(document, self.lines, at=billed_until(self.now))
        calculated = {"ActualSpend": self._amount(document, now.actual)}
        if now.forecast is not None:
            calculated["ForecastedSpend"] = self._amount(document, now.forecast)
        return {
            **document,
            "CalculatedSpend": calculated,
            "LastUpdatedTime": budget.updated,
            "HealthStatus": {"Status": "HEALTHY", "LastUpdatedTime": budget.updated},
        }

    def _amount(self, document: Mapping[str, Any], amount: Decimal) -> dict[str, str]:
        planned: Mapping[str, Any] = document.get("PlannedBudgetLimits") or {}
        limit: Mapping[str, str] = document.get("BudgetLimit") or next(iter(planned.values()), {})
        # The model takes no sign; credits that are more than what they pay for are shown as nothing.
        shown = max(amount, Decimal(0)).quantize(Decimal("0.001")).normalize()
        return {"Amount": f"{shown:f}", "Unit": limit.get("Unit", "USD")}


class NotificationOperations(BudgetsBase):
    def create_notification(self) -> ActionResult:
        self.budget().add_notice(self.params["Notification"], self.params["Subscribers"])
        self.book.evaluated = None
        return ActionResult({})

    def update_notification(self) -> ActionResult:
        budget = self.budget()
        notice = self.notice(budget, "OldNotification")
        wanted = self.params["NewNotification"]
        if notice_key(wanted) != notice.key and any(other.key == notice_key(wanted) for other in budget.notices):
            raise AwsError("DuplicateRecordException", "The notification already exists.")
        notice.document, notice.state, self.book.evaluated = plain_notice(wanted), "OK", None
        return ActionResult({})

    def delete_notification(self) -> ActionResult:
        budget = self.budget()
        budget.notices.remove(self.notice(budget))
        return ActionResult({})

    def describe_notifications_for_budget(self) -> ActionResult:
        return self.paged([described_notice(notice) for notice in self.budget().notices], "Notifications")

    def describe_budget_notifications_for_account(self) -> ActionResult:
        found = [
            {"BudgetName": budget.name, "Notifications": [described_notice(notice) for notice in budget.notices]}
            for budget in sorted(self.book.budgets.values(), key=lambda budget: budget.name)
        ]
        return self.paged(found, "BudgetNotificationsForAccount")

    def create_subscriber(self) -> ActionResult:
        notice = self.notice(self.budget())
        check_subscribers([*notice.subscribers, self.params["Subscriber"]])
        notice.subscribers.append(dict(self.params["Subscriber"]))
        return ActionResult({})

    def update_subscriber(self) -> ActionResult:
        notice = self.notice(self.budget())
        place = self._place(notice, self.params["OldSubscriber"])
        others = [each for number, each in enumerate(notice.subscribers) if number != place]
        check_subscribers([*others, self.params["NewSubscriber"]])
        notice.subscribers[place] = dict(self.params["NewSubscriber"])
        return ActionResult({})

    def delete_subscriber(self) -> ActionResult:
        notice = self.notice(self.budget())
        del notice.subscribers[self._place(notice, self.params["Subscriber"])]
        return ActionResult({})

    def describe_subscribers_for_notification(self) -> ActionResult:
        return self.paged(self.notice(self.budget()).subscribers, "Subscribers")

    def _place(self, notice: Notice, subscriber: Mapping[str, Any]) -> int:
        for number, each in enumerate(notice.subscribers):
            if each == dict(subscriber):
                return number
        raise not_found(f"Unable to find subscriber {subscriber['Address']}: the subscriber doesn't exist.")


class ActionOperations(BudgetsBase):
    def create_budget_action(self) -> ActionResult:
        budget = self.budget()
        action_id = str(uuid4())
        names = ("BudgetName", "NotificationType", "ActionType", "ActionThreshold", "Definition", "ExecutionRoleArn")
        action = {name: self.params[name] for name in (*names, "ApprovalModel", "Subscribers")}
        budget.actions[action_id] = {"ActionId": action_id, **action, "Status": "STANDBY"}
        self._happened(budget, action_id, "CREATE_ACTION", "The action was created.")
        return ActionResult({**self._names(budget), "ActionId": action_id})

    def update_budget_action(self) -> ActionResult:
        budget, old = self._action()
        names = ("NotificationType", "ActionThreshold", "Definition", "ExecutionRoleArn", "ApprovalModel")
        changed = {name: self.params[name] for name in (*names, "Subscribers") if self.params.get(name) is not None}
        budget.actions[old["ActionId"]] = new = {**old, **changed}
        self._happened(budget, old["ActionId"], "UPDATE_ACTION", "The action was updated.")
        return ActionResult({**self._names(budget), "OldAction": old, "NewAction": new})

    def delete_budget_action(self) -> ActionResult:
        budget, action = self._action()
        del budget.actions[action["ActionId"]]
        return ActionResult({**self._names(budget), "Action": action})

    def describe_budget_action(self) -> ActionResult:
        budget, action = self._action()
        return ActionResult({**self._names(budget), "Action": action})

    def describe_budget_actions_for_budget(self) -> ActionResult:
        return self.paged(list(self.budget().actions.values()), "Actions")

    def describe_budget_actions_for_account(self) -> ActionResult:
        return self.paged(
            [action for budget in self.book.budgets.values() for action in budget.actions.values()], "Actions"
        )

    def describe_budget_action_histories(self) -> ActionResult:
        budget, action = self._action()
        return self.paged(budget.histories[action["ActionId"]], "ActionHistories")

    def execute_budget_action(self) -> ActionResult:
        budget, action = self._action()
        states, following = EXECUTED[self.params["ExecutionType"]]
        if action["Status"] not in states:
            raise AwsError(
                "ResourceLockedException",
                f"The action is {action['Status']}; this needs {' or '.join(sorted(states))}.",
            )
        carry_out(self.scope.account, budget, action["ActionId"], following, "EXECUTE_ACTION", at=self.now)
        executed = {"ActionId": action["ActionId"], "ExecutionType": self.params["ExecutionType"]}
        return ActionResult({**self._names(budget), **executed})

    def _action(self) -> tuple[Budget, Document]:
        budget = self.budget()
        found = budget.actions.get(self.params["ActionId"])
        if found is None:
            raise not_found(f"Unable to find action {self.params['ActionId']}: the action doesn't exist.")
        return budget, found

    def _names(self, budget: Budget) -> Document:
        return {"AccountId": self.scope.account, "BudgetName": budget.name}

    def _happened(self, budget: Budget, action_id: str, kind: str, message: str) -> None:
        happened(budget, action_id, kind, message, at=self.now)


class BudgetsService(BudgetOperations, NotificationOperations, ActionOperations):
    """Every Budgets operation there is, one method each."""


def described_notice(notice: Notice) -> Document:
    return {**notice.document, "NotificationState": notice.state}


def at_midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
