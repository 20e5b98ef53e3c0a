"""Budgets over time: what each has spent when figures were last refreshed, what it notifies, what its actions did.

Pure but for the lock: every method takes the bill and the instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import Any, Final

from demo.aws.cost_filters import lets_through
from demo.aws.errors import AwsError
from demo.bills import Line, Record
from demo.budget_rules import MOST_NOTICES, check, check_subscribers, notice_key, plain_notice

Document = dict[str, Any]

NEVER: Final = datetime(2087, 6, 15, tzinfo=UTC)
"""When a budget ends that names no end, as AWS has it."""
ALL_COSTS: Final[Mapping[str, bool]] = {
    "IncludeTax": True,
    "IncludeSubscription": True,
    "UseBlended": False,
    "IncludeRefund": True,
    "IncludeCredit": True,
    "IncludeUpfront": True,
    "IncludeRecurring": True,
    "IncludeOtherSubscription": True,
    "IncludeSupport": True,
    "IncludeDiscount": True,
    "UseAmortized": False,
}
"""What a cost budget counts that says nothing of it."""
_FILTERS: Final[Mapping[str, str]] = {
    "Service": "SERVICE",
    "Region": "REGION",
    "LinkedAccount": "LINKED_ACCOUNT",
    "UsageType": "USAGE_TYPE",
    "Operation": "OPERATION",
    "RecordType": "RECORD_TYPE",
}
"""CostFilters' keys → Cost Explorer's dimensions."""
FORECAST_DAYS: Final = 7
"""A forecast goes on as the last days went."""
_MONTHS: Final = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUALLY": 12}


@dataclass(slots=True)
class Notice:
    """One notification of a budget, with who is told."""

    document: Document
    subscribers: list[Document]
    state: str = "OK"

    @property
    def key(self) -> tuple[object, ...]:
        return notice_key(self.document)


@dataclass(slots=True)
class Budget:
    """One budget as it was put."""

    document: Document
    created: datetime
    updated: datetime
    notices: list[Notice] = field(default_factory=list)
    actions: dict[str, Document] = field(default_factory=dict)
    """By action id."""
    histories: dict[str, list[Document]] = field(default_factory=dict)
    """Of each action, newest first."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.document["BudgetName"])

    def add_notice(self, document: Mapping[str, Any], subscribers: Sequence[Mapping[str, Any]]) -> None:
        """Notify `subscribers` from now on."""
        if len(self.notices) >= MOST_NOTICES:
            raise AwsError("CreationLimitExceededException", f"A budget can have {MOST_NOTICES} notifications at most.")
        if any(notice.key == notice_key(document) for notice in self.notices):
            raise AwsError("DuplicateRecordException", "The notification already exists.")
        check_subscribers(subscribers)
        self.notices.append(Notice(plain_notice(document), [dict(each) for each in subscribers]))


@dataclass(frozen=True, slots=True)
class Spent:
    """What a budget has spent in its period, and where that leads."""

    start: date
    end: date
    actual: Decimal
    forecast: Decimal | None
    """None where AWS gives none: of days, and of budgets that are not of costs or usage."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was crossed."""

    budget: Budget
    notice: Notice
    spent: Spent
    at: datetime


class BudgetBook:
    """The budgets of one account."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.budgets: dict[str, Budget] = {}
        self.evaluated: datetime | None = None
        """The refresh of the figures that notifications were held against; None after a change."""

    def add(self, request: Mapping[str, Any], *, at: datetime) -> Budget:
        """Keep the budget of a CreateBudget request."""
        given = request["Budget"]
        if given["BudgetName"] in self.budgets:
            raise AwsError("DuplicateRecordException", f"{given['BudgetName']} budget already exists.")
        check(given)
        budget = Budget(settled(given, at=at), at, at)
        for each in request.get("NotificationsWithSubscribers") or ():
            budget.add_notice(each["Notification"], each["Subscribers"])
        budget.tags = {tag["Key"]: tag["Value"] for tag in request.get("ResourceTags") or ()}
        self.budgets[budget.name], self.evaluated = budget, None
        return budget

    def evaluate(self, lines: Sequence[Line], *, at: datetime) -> list[Alert]:
        """Hold every notification against what was spent; give those that began to be in ALARM."""
        found = []
        with self.lock:
            for budget in self.budgets.values():
                now = spent(budget.document, lines, at=at)
                for notice in budget.notices:
                    crossed = is_crossed(notice.document, now, limit_of(budget.document, at=at))
                    if crossed and notice.state != "ALARM":
                        found.append(Alert(budget, notice, now, at))
                    notice.state = "ALARM" if crossed else "OK"
        return found


def settled(document: Mapping[str, Any], *, at: datetime) -> Document:
    """Give a budget as it is kept: with the costs and the period that AWS fills in."""
    kept = {name: value for name, value in document.items() if value is not None and name != "CalculatedSpend"}
    if kept["BudgetType"] == "COST" and not kept.get("Metrics"):
        kept["CostTypes"] = {**ALL_COSTS, **(kept.get("CostTypes") or {})}
    period = kept.get("TimePeriod") or {}
    start = period.get("Start") or period_of(kept["TimeUnit"], at.date(), None)[0]
    kept["TimePeriod"] = {"Start": _instant(start), "End": period.get("End") or NEVER}
    return kept


def limit_of(document: Mapping[str, Any], *, at: datetime) -> Decimal:
    """Give the limit in force: of planned limits that of the period that has begun last."""
    planned = document.get("PlannedBudgetLimits") or {}
    begun = [int(start) for start in planned if int(start) <= at.timestamp()]
    if begun:
        return Decimal(planned[str(max(begun))]["Amount"])
    limit = document.get("BudgetLimit")
    return Decimal(limit["Amount"]) if limit else Decimal(0)


def period_of(unit: str, day: date, custom: Mapping[str, Any] | None) -> tuple[date, date]:
    """Give the first day of the period around `day`, and the one after the last."""
    if unit == "DAILY":
        return day, day + timedelta(days=1)
    if unit == "CUSTOM" and custom:
        return _instant(custom["Start"]).date(), _instant(custom["End"]).date()
    months = _MONTHS.get(unit, 1)
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    number = first.year * 12 + first.month - 1 + months
    return first, date(number // 12, number % 12 + 1, 1)


def spent(document: Mapping[str, Any], lines: Iterable[Line], *, at: datetime) -> Spent:
    """Give what the budget has spent in the period of the newest day that is billed."""
    start, end = period_of(document["TimeUnit"], at.date(), document.get("TimePeriod"))
    if document["BudgetType"] not in {"COST", "USAGE"}:
        return Spent(start, end, Decimal(0), None)
    counted = [line for line in lines if counts(document, line)]
    actual = total(document, counted, start, end)
    if document["TimeUnit"] == "DAILY":
        return Spent(start, end, actual, None)
    today = at.date()
    lately = total(document, counted, today - timedelta(days=FORECAST_DAYS), today)
    ahead = max(0, (end - today).days - 1)
    return Spent(start, end, actual, actual + lately / FORECAST_DAYS * ahead)


def history(document: Mapping[str, Any], lines: Sequence[Line], *, at: datetime, periods: int) -> list[Spent]:
    """Give the last periods that are over, and the running one, newest first."""
    counted = [line for line in lines if counts(document, line)]
    found, day = [], at.date()
    for _ in range(periods):
        start, end = period_of(document["TimeUnit"], day, document.get("TimePeriod"))
        found.append(Spent(start, end, total(document, counted, start, end), None))
        day = start - timedelta(days=1)
        if document["TimeUnit"] == "CUSTOM" or (lines and day < lines[0].day):
            break
    return found


def counts(document: Mapping[str, Any], line: Line) -> bool:
    """Say whether the budget counts a line: by its cost types and its filters."""
    types = document.get("CostTypes") or {}
    if line.record == Record.CREDIT and not types.get("IncludeCredit", True):
        return False
    expression = document.get("FilterExpression")
    if expression:
        return lets_through(expression, line)
    filters = document.get("CostFilters") or {}
    return all(_passes(key, values, line) for key, values in filters.items())


def _passes(key: str, values: Sequence[str], line: Line) -> bool:
    if key == "TagKeyValue":
        return any(
            line.tags.get(name.removeprefix("user:")) == value
            for name, _, value in (each.partition("$") for each in values)
        )
    dimension = _FILTERS.get(key)
    return dimension is None or lets_through({"Dimensions": {"Key": dimension, "Values": list(values)}}, line)


def total(document: Mapping[str, Any], lines: Iterable[Line], start: date, end: date) -> Decimal:
    """Add up the days from `start` up to and without `end`: dollars, or units of a usage budget."""
    inside = [line for line in lines if start <= line.day < end]
    if document["BudgetType"] == "USAGE":
        return sum((line.quantity for line in inside), Decimal(0))
    return sum((line.cost for line in inside), Decimal(0))


def is_crossed(notice: Mapping[str, Any], now: Spent, limit: Decimal) -> bool:
    """Hold a notification's threshold against what was spent, or what is forecast."""
    value = now.actual if notice["NotificationType"] == "ACTUAL" else now.forecast
    if value is None:
        return False
    threshold = Decimal(str(notice["Threshold"]))
    if (notice.get("ThresholdType") or "PERCENTAGE") == "PERCENTAGE":
        threshold = limit * threshold / 100
    compared = {"GREATER_THAN": value > threshold, "LESS_THAN": value < threshold, "EQUAL_TO": value == threshold}
    return compared[notice["ComparisonOperator"]]


def _instant(value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    found: datetime = value
    return found
