"""Budgets as they are in AWS: what two versions are compared by, and how each part is looked at before a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from access.changes import Document, Look
from budgets.definition import NEVER, Alert, BudgetDefinition, CostTypes, Kind, Subscriber
from budgets.requests import from_response, to_request
from core.reading import Scope

_BUDGET: Final = ("budgets", "DescribeBudget")
_ALERTS: Final = ("budgets", "DescribeNotificationsForBudget")
_SUBSCRIBERS: Final = ("budgets", "DescribeSubscribersForNotification")


@dataclass(frozen=True, slots=True)
class LiveBudget:
    """A budget as it is now, with all that deleting it takes away."""

    definition: BudgetDefinition
    actions: tuple[Document, ...] = ()
    """As AWS gives them."""
    tags: Mapping[str, str] | None = None
    """None where they were not read."""


def live_of(
    document: Mapping[str, Any],
    alerts: Iterable[Mapping[str, Any]] = (),
    actions: Iterable[Document] = (),
    *,
    tags: Mapping[str, str] | None = None,
) -> LiveBudget:
    """Read a budget, its notifications with `Subscribers`, and its actions, as the collectors give them."""
    return LiveBudget(settable(from_response(document, alerts)), tuple(actions), tags)


def settable(budget: BudgetDefinition) -> BudgetDefinition:
    """Give what can be put again: of planned and auto-adjusting budgets AWS also answers the limit of the moment."""
    return replace(budget, limit=None) if budget.planned or budget.auto_adjust else budget


def version_of(budget: BudgetDefinition, *, timed: bool = True) -> Document:
    """Give what two versions of a budget, without its notifications, are compared by.

    A default that AWS writes out is no change. Without `timed` the start is left out, which AWS chooses where none is
    given.
    """
    plain = settable(budget)
    if plain.kind is Kind.COST and plain.metric is None:
        plain = replace(plain, cost_types=plain.cost_types or CostTypes())
    found = dict(to_request(replace(plain, alerts=()))["Budget"])
    found.pop("TimePeriod", None)
    for name, at in (("Start", plain.start if timed else None), ("End", plain.end)):
        if at is not None and at < NEVER:
            found[name] = _day(at)
    found["CostFilters"] = {key: sorted(values) for key, values in plain.filters}
    if plain.limit is not None:
        found["BudgetLimit"] = _amount(found["BudgetLimit"])
    found["PlannedBudgetLimits"] = {at: _amount(each) for at, each in found.get("PlannedBudgetLimits", {}).items()}
    return found


def _amount(limit: Mapping[str, str]) -> dict[str, str]:
    return {"Amount": f"{Decimal(limit['Amount']).normalize():f}", "Unit": limit["Unit"]}


def _day(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def notification_of(alert: Alert) -> dict[str, Any]:
    """Give what tells a notification from the others of its budget, as requests name it."""
    return {
        "NotificationType": alert.of,
        "ComparisonOperator": alert.comparison,
        "Threshold": float(alert.threshold),
        "ThresholdType": alert.unit,
    }


def subscriber_of(subscriber: Subscriber) -> dict[str, str]:
    return {"SubscriptionType": subscriber.kind, "Address": subscriber.address}


# -- looks ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetVersion:
    """Reads the version out of DescribeBudget's answer."""

    timed: bool

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        return version_of(from_response(answer["Budget"]), timed=self.timed)


@dataclass(frozen=True, slots=True)
class AlertVersion:
    """Finds one notification among those of its budget."""

    alert: Alert

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        wanted = notification_of(self.alert)
        for found in answer.get("Notifications", ()):
            each = {"ThresholdType": "PERCENTAGE"} | {name: found[name] for name in wanted if name in found}
            if each == wanted:
                return wanted
        return None


@dataclass(frozen=True, slots=True)
class SubscriberVersion:
    """Finds some subscribers among those of their notification: the ones that are there."""

    among: tuple[Subscriber, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        there = [dict(each) for each in answer.get("Subscribers", ())]
        return told(each for each in self.among if subscriber_of(each) in there)


def told(subscribers: Iterable[Subscriber]) -> Document | None:
    """Give the version of some subscribers; None of nobody."""
    found = sorted(f"{each.kind} {each.address}" for each in subscribers)
    return {"Subscribers": found} if found else None


def look_budget(name: str, scope: Scope, *, timed: bool) -> Look:
    return Look(*_BUDGET, {"AccountId": scope.account, "BudgetName": name}, BudgetVersion(timed))


def look_alert(name: str, alert: Alert, scope: Scope) -> Look:
    return Look(*_ALERTS, {"AccountId": scope.account, "BudgetName": name}, AlertVersion(alert))


def look_subscribers(name: str, alert: Alert, among: tuple[Subscriber, ...], scope: Scope) -> Look:
    where = {"AccountId": scope.account, "BudgetName": name, "Notification": notification_of(alert)}
    return Look(*_SUBSCRIBERS, where, SubscriberVersion(among))
