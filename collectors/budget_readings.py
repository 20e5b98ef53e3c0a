"""AWS Budgets as they stand: limits, actual and forecast spend, who is told, actions, history. All of it is free.

AWS works the figures out up to three times a day and does not say when, so a reading's age is that of our question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import CloudError, NotFound
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.money import Money
from core.reading import Fault, Reading, Scope

KEPT_FOR: Final = timedelta(hours=1)
"""AWS's own figures change up to three times a day, 8 to 12 hours apart.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html"""
_ANSWERED: Final = frozenset({"CalculatedSpend", "LastUpdatedTime", "HealthStatus"})
"""Members of a described budget that nobody puts."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notified:
    """One notification of a budget."""

    document: Document
    """As AWS gives it, its subscribers beside it under `Subscribers`."""
    alarming: bool
    """AWS says that its threshold is crossed."""


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """What was budgeted and spent in one period."""

    start: date
    end: date
    budgeted: Money
    actual: Money


@dataclass(frozen=True, slots=True)
class BudgetReading:
    """One budget."""

    name: str
    """Foreign text."""
    document: Document
    """As it was put: instants as ISO text, so that it can be kept."""
    actual: Money | None
    """AWS's own figure; of usage budgets in their unit."""
    forecast: Money | None
    changed_at: datetime | None
    """When somebody last changed the budget; AWS does not say when its figures are from."""
    unhealthy: str
    """Why AWS cannot work it out; empty where it can."""
    notifications: tuple[Notified, ...]
    actions: tuple[Document, ...]
    history: tuple[PastPeriod, ...]
    """Newest first."""
    tags: Mapping[str, str] | None = None
    """Read of one budget before it is changed; None where nobody asked, or AWS did not say."""


BudgetReadings = Reading[tuple[BudgetReading, ...]]


def snapshots(store: Store) -> Snapshots[tuple[BudgetReading, ...]]:
    """Give the shared readings of budgets."""
    return Snapshots(store, "budgets", BudgetReadings)


def read(clients: Clients, scope: Scope, *, now: datetime) -> BudgetReadings:
    """Give every budget of the account, by name."""
    faults: list[Fault] = []
    account = scope.account
    documents = [
        document
        for page in pages(clients, scope, "budgets", "DescribeBudgets", faults, AccountId=account)
        for document in page.get("Budgets", ())
    ]
    if faults and not documents:
        return Reading((), now, tuple(faults))
    actions = [
        action
        for page in pages(clients, scope, "budgets", "DescribeBudgetActionsForAccount", faults, AccountId=account)
        for action in page.get("Actions", ())
    ]
    found = [_budget(clients, scope, document, actions, faults) for document in documents]
    return Reading(tuple(sorted(found, key=lambda each: each.name)), now, tuple(dict.fromkeys(faults)))


def read_one(clients: Clients, scope: Scope, name: str, *, now: datetime) -> BudgetReadings:
    """Give one budget as it is at this moment, without its history; nothing where it is not there."""
    faults: list[Fault] = []
    one = {"AccountId": scope.account, "BudgetName": name}
    try:
        document = clients.read(scope, "budgets", "DescribeBudget", one)["Budget"]
    except NotFound:
        return Reading((), now)
    except CloudError as error:
        return Reading((), now, (error.to_fault(scope, "budgets:DescribeBudget"),))
    actions = [
        action
        for page in pages(clients, scope, "budgets", "DescribeBudgetActionsForBudget", faults, **one)
        for action in page.get("Actions", ())
    ]
    found = replace(_budget(clients, scope, document, actions, faults, past=False), tags=_tags(clients, scope, name))
    return Reading((found,), now, tuple(dict.fromkeys(faults)))


def _budget(
    clients: Clients,
    scope: Scope,
    document: Document,
    actions: list[Document],
    faults: list[Fault],
    *,
    past: bool = True,
) -> BudgetReading:
    name = document["BudgetName"]
    spend = document.get("CalculatedSpend") or {}
    health = document.get("HealthStatus") or {}
    return BudgetReading(
        name=name,
        document={key: _plain(value) for key, value in document.items() if key not in _ANSWERED},
        actual=_money(spend.get("ActualSpend")),
        forecast=_money(spend.get("ForecastedSpend")),
        changed_at=document.get("LastUpdatedTime"),
        unhealthy=health.get("StatusReason") or "" if health.get("Status") == "UNHEALTHY" else "",
        notifications=_notifications(clients, scope, name, faults),
        actions=tuple(_plain(action) for action in actions if action["BudgetName"] == name),
        history=_history(clients, scope, name, faults) if past else (),
    )


def _tags(clients: Clients, scope: Scope, name: str) -> Mapping[str, str] | None:
    """Give a budget's tags; None where AWS does not say: a change is then made without them, and says so."""
    arn = f"arn:aws:budgets::{scope.account}:budget/{name}"
    try:
        answer = clients.read(scope, "budgets", "ListTagsForResource", {"ResourceARN": arn})
    except CloudError:
        return None
    return {tag["Key"]: tag["Value"] for tag in answer.get("ResourceTags", ())}


def _notifications(clients: Clients, scope: Scope, name: str, faults: list[Fault]) -> tuple[Notified, ...]:
    one = {"AccountId": scope.account, "BudgetName": name}
    found = []
    for page in pages(clients, scope, "budgets", "DescribeNotificationsForBudget", faults, **one):
        for document in page.get("Notifications", ()):
            asked = {key: value for key, value in document.items() if key != "NotificationState"}
            told = [
                subscriber
                for answer in pages(
                    clients, scope, "budgets", "DescribeSubscribersForNotification", faults, **one, Notification=asked
                )
                for subscriber in answer.get("Subscribers", ())
            ]
            alarming = document.get("NotificationState") == "ALARM"
            found.append(Notified({"Notification": asked, "Subscribers": told}, alarming))
    return tuple(found)


def _history(clients: Clients, scope: Scope, name: str, faults: list[Fault]) -> tuple[PastPeriod, ...]:
    found = []
    one = {"AccountId": scope.account, "BudgetName": name}
    for page in pages(clients, scope, "budgets", "DescribeBudgetPerformanceHistory", faults, **one):
        for each in page.get("BudgetPerformanceHistory", {}).get("BudgetedAndActualAmountsList", ()):
            budgeted, actual = _money(each.get("BudgetedAmount")), _money(each.get("ActualAmount"))
            period = each.get("TimePeriod") or {}
            if budgeted and actual and "Start" in period and "End" in period:
                found.append(PastPeriod(period["Start"].date(), period["End"].date(), budgeted, actual))
    return tuple(sorted(found, key=lambda each: each.start, reverse=True))


def _money(amount: Mapping[str, str] | None) -> Money | None:
    return Money(Decimal(amount["Amount"]), amount["Unit"]) if amount else None


def _plain(value: Any) -> Any:
    """Give a document whose instants are text, the same after it was kept as before."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value
