"""What a budget is: every kind that CreateBudget of today's botocore can express, and its notifications.

`parse` reads request parameters, a form's draft as well as a stored request; `to_request` gives them back without loss;
`from_response` reads what DescribeBudget answers. `zero_spend` is a constructor, not a special case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import StructureShape

from core.money import Money
from core.shapes import Problem, problems
from core.timespan import parse_instant

ZERO_SPEND: Final = Decimal("0.01")
"""What AWS's zero-spend template notifies of: actual costs above this many dollars.
https://docs.aws.amazon.com/cost-management/latest/userguide/budget-templates.html"""
ZERO_SPEND_LIMIT: Final = Decimal(1)
"""The limit that the template writes, since a limit must be more than nothing."""
MOST_ALERTS: Final = 10
MOST_EMAILS: Final = 10
MOST_TOPICS: Final = 1
"""https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html"""
ANY_ACCOUNT: Final = "000000000000"
"""Stands for the account, which is the caller's matter."""
NEVER: Final = datetime(2087, 6, 15, tzinfo=UTC)
"""When a budget ends that names no end, as AWS writes it."""


class Kind(StrEnum):
    """What is held against the limit, in AWS's words."""

    COST = "COST"
    USAGE = "USAGE"
    RI_UTILIZATION = "RI_UTILIZATION"
    RI_COVERAGE = "RI_COVERAGE"
    SAVINGS_PLANS_UTILIZATION = "SAVINGS_PLANS_UTILIZATION"
    SAVINGS_PLANS_COVERAGE = "SAVINGS_PLANS_COVERAGE"

    @property
    def is_percentage(self) -> bool:
        """Whether the limit is a percentage that should not be fallen below."""
        return self not in {Kind.COST, Kind.USAGE}


class TimeUnit(StrEnum):
    """How long a period is."""

    DAILY = "DAILY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUALLY = "ANNUALLY"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount as AWS has it: exact text and its unit, `USD` of costs."""

    amount: Decimal
    unit: str = "USD"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.unit)


@dataclass(frozen=True, slots=True)
class CostTypes:
    """Which costs are counted. The defaults are AWS's."""

    tax: bool = True
    subscription: bool = True
    blended: bool = False
    refund: bool = True
    credit: bool = True
    upfront: bool = True
    recurring: bool = True
    other_subscription: bool = True
    support: bool = True
    discount: bool = True
    amortized: bool = False


_COST_TYPES: Final[Mapping[str, str]] = {
    "tax": "IncludeTax",
    "subscription": "IncludeSubscription",
    "blended": "UseBlended",
    "refund": "IncludeRefund",
    "credit": "IncludeCredit",
    "upfront": "IncludeUpfront",
    "recurring": "IncludeRecurring",
    "other_subscription": "IncludeOtherSubscription",
    "support": "IncludeSupport",
    "discount": "IncludeDiscount",
    "amortized": "UseAmortized",
}
GROSS: Final = CostTypes(credit=False, refund=False)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told."""

    kind: str
    """`EMAIL` or `SNS`."""
    address: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One notification: when it is due, and who is told."""

    of: str
    """`ACTUAL` or `FORECASTED`."""
    threshold: Decimal
    unit: str = "PERCENTAGE"
    """`PERCENTAGE` of the limit, or `ABSOLUTE_VALUE`."""
    comparison: str = "GREATER_THAN"
    subscribers: tuple[Subscriber, ...] = ()

    def amount(self, limit: Decimal) -> Decimal:
        """Give the threshold in the limit's own unit."""
        return limit * self.threshold / 100 if self.unit == "PERCENTAGE" else self.threshold


@dataclass(frozen=True, slots=True)
class AutoAdjust:
    """A limit that AWS sets anew each period."""

    kind: str
    """`HISTORICAL` or `FORECAST`."""
    periods: int | None = None
    """Of history that are averaged."""


@dataclass(frozen=True, slots=True)
class BudgetDefinition:
    """A budget as it is put."""

    name: str
    kind: Kind = Kind.COST
    time_unit: TimeUnit = TimeUnit.MONTHLY
    limit: Limit | None = None
    """None of planned and auto-adjusting budgets."""
    planned: tuple[tuple[datetime, Limit], ...] = ()
    """Limits by the instant from which they hold, ascending."""
    cost_types: CostTypes | None = None
    """None where AWS's own defaults or `metric` decide."""
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """AWS's older CostFilters."""
    expression: Mapping[str, Any] | None = field(default=None, hash=False)
    """AWS's newer FilterExpression; goes with `metric`."""
    metric: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    auto_adjust: AutoAdjust | None = None
    view: str | None = None
    """The billing view's ARN."""
    alerts: tuple[Alert, ...] = ()

    @property
    def is_zero_spend(self) -> bool:
        """Whether it tells of the first cent: the limit that it writes is not what it stands for."""
        return self.kind is Kind.COST and any(
            alert.of == "ACTUAL" and alert.unit == "ABSOLUTE_VALUE" and alert.threshold <= ZERO_SPEND
            for alert in self.alerts
        )

    @property
    def is_whole(self) -> bool:
        """Whether it counts all that the account costs, and not a part of it."""
        return self.kind is Kind.COST and not (self.filters or self.expression or self.view)

    @property
    def counts_credits(self) -> bool:
        """Whether credits lower what is counted; without them it tells of credits being burnt."""
        return (self.cost_types or CostTypes()).credit

    @property
    def counts_refunds(self) -> bool:
        """Whether refunds lower what is counted."""
        return (self.cost_types or CostTypes()).refund

    def limit_at(self, at: datetime) -> Limit | None:
        """Give the limit in force; of a zero-spend budget nothing at all, None where AWS sets it itself."""
        if self.is_zero_spend:
            return Limit(Decimal(0), self.limit.unit if self.limit else "USD")
        begun = [limit for begins, limit in self.planned if begins <= at]
        return begun[-1] if begun else self.limit


class DefinitionErrors(ValueError):  # noqa: N818 - one exception, many errors
    """A draft that is no budget: one sentence a field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name or 'budget'}: {sentence}" for name, sentence in fields.items()))
        self.fields = dict(fields)
        """AWS's field path (`Budget.BudgetLimit.Amount`; empty for the whole) to what is wrong and accepted."""


def zero_spend(
    name: str, *, emails: Sequence[str] = (), topic: str | None = None, gross: bool = False
) -> BudgetDefinition:
    """Give AWS's zero-spend template; `gross` leaves credits out, so that it tells of credits being burnt too."""
    told = [Subscriber("EMAIL", email) for email in emails] + ([Subscriber("SNS", topic)] if topic else [])
    return BudgetDefinition(
        name,
        limit=Limit(ZERO_SPEND_LIMIT),
        cost_types=GROSS if gross else None,
        alerts=(Alert("ACTUAL", ZERO_SPEND, "ABSOLUTE_VALUE", subscribers=tuple(told)),),
    )


def parse(params: Mapping[str, Any]) -> BudgetDefinition:
    """Read CreateBudget's parameters, without AccountId; raises DefinitionErrors with every field AWS would refuse."""
    found = list(problems({"AccountId": ANY_ACCOUNT, **params}, _input_shape()))
    misshapen = {name for name, _ in found}
    if isinstance(params.get("Budget"), Mapping):
        found += [each for each in _together(params) if not any(each[0].startswith(name) for name in misshapen if name)]
    if found:
        raise DefinitionErrors(_first_by_field(found))
    return from_response(params["Budget"], params.get("NotificationsWithSubscribers") or ())


def from_response(budget: Mapping[str, Any], alerts: Iterable[Mapping[str, Any]] = ()) -> BudgetDefinition:
    """Read one budget of a DescribeBudget answer, and its notifications with subscribers. Nothing is judged again."""
    limit, types = budget.get("BudgetLimit"), budget.get("CostTypes")
    period = budget.get("TimePeriod") or {}
    metrics = budget.get("Metrics") or ()
    planned = [
        (datetime.fromtimestamp(int(at), UTC), _limit(each))
        for at, each in (budget.get("PlannedBudgetLimits") or {}).items()
    ]
    return BudgetDefinition(
        name=budget["BudgetName"],
        kind=Kind(budget["BudgetType"]),
        time_unit=TimeUnit(budget["TimeUnit"]),
        limit=_limit(limit) if limit else None,
        planned=tuple(sorted(planned)),
        cost_types=CostTypes(**{ours: types[name] for ours, name in _COST_TYPES.items() if name in types})
        if types
        else None,
        filters=tuple(sorted((key, tuple(values)) for key, values in (budget.get("CostFilters") or {}).items())),
        expression=budget.get("FilterExpression") or None,
        metric=metrics[0] if metrics else None,
        start=_instant(period.get("Start")),
        end=_instant(period.get("End")),
        auto_adjust=_auto_adjust(budget.get("AutoAdjustData")),
        view=budget.get("BillingViewArn"),
        alerts=tuple(_alert(each["Notification"], each.get("Subscribers") or ()) for each in alerts),
    )


def to_request(budget: BudgetDefinition) -> dict[str, Any]:
    """Give CreateBudget's parameters without AccountId; `parse(to_request(budget)) == budget`."""
    period = {name: at for name, at in (("Start", budget.start), ("End", budget.end)) if at is not None}
    document = {
        "BudgetName": budget.name,
        "BudgetType": budget.kind.value,
        "TimeUnit": budget.time_unit.value,
        "BudgetLimit": _limit_document(budget.limit) if budget.limit else None,
        "PlannedBudgetLimits": {str(int(at.timestamp())): _limit_document(limit) for at, limit in budget.planned},
        "CostTypes": {name: getattr(budget.cost_types, ours) for ours, name in _COST_TYPES.items()}
        if budget.cost_types
        else None,
        "CostFilters": {key: list(values) for key, values in budget.filters},
        "FilterExpression": budget.expression,
        "Metrics": [budget.metric] if budget.metric else None,
        "TimePeriod": period,
        "AutoAdjustData": _auto_adjust_document(budget.auto_adjust),
        "BillingViewArn": budget.view,
    }
    request: dict[str, Any] = {"Budget": {name: value for name, value in document.items() if value}}
    if budget.alerts:
        request["NotificationsWithSubscribers"] = [_alert_document(alert) for alert in budget.alerts]
    return request


# -- parts ------------------------------------------------------------------------------------------------------------


def _limit(document: Mapping[str, Any]) -> Limit:
    return Limit(Decimal(document["Amount"]), document["Unit"])


def _limit_document(limit: Limit) -> dict[str, str]:
    return {"Amount": f"{limit.amount:f}", "Unit": limit.unit}


def _alert(notification: Mapping[str, Any], subscribers: Iterable[Mapping[str, Any]]) -> Alert:
    return Alert(
        notification["NotificationType"],
        Decimal(str(notification["Threshold"])),
        notification.get("ThresholdType") or "PERCENTAGE",
        notification["ComparisonOperator"],
        tuple(Subscriber(each["SubscriptionType"], each["Address"]) for each in subscribers),
    )


def _alert_document(alert: Alert) -> dict[str, Any]:
    told = [{"SubscriptionType": each.kind, "Address": each.address} for each in alert.subscribers]
    notification = {
        "NotificationType": alert.of,
        "ComparisonOperator": alert.comparison,
        "Threshold": float(alert.threshold),
        "ThresholdType": alert.unit,
    }
    return {"Notification": notification, "Subscribers": told}


def _auto_adjust(document: Mapping[str, Any] | None) -> AutoAdjust | None:
    if not document:
        return None
    return AutoAdjust(
        document["AutoAdjustType"], (document.get("HistoricalOptions") or {}).get("BudgetAdjustmentPeriod")
    )


def _auto_adjust_document(adjust: AutoAdjust | None) -> dict[str, Any] | None:
    if adjust is None:
        return None
    options = {"HistoricalOptions": {"BudgetAdjustmentPeriod": adjust.periods}} if adjust.periods else {}
    return {"AutoAdjustType": adjust.kind, **options}


def _instant(value: datetime | date | str | None) -> datetime | None:
    if isinstance(value, str):
        return parse_instant(value)
    if value is None or isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


# -- what AWS would refuse --------------------------------------------------------------------------------------------


@cache
def _input_shape() -> StructureShape:
    model = botocore.session.Session().get_service_model("budgets")
    shape = model.operation_model("CreateBudget").input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError("CreateBudget takes no structure")
    return shape


def _together(params: Mapping[str, Any]) -> Iterable[Problem]:
    budget = params["Budget"]
    yield from _name_problems(budget.get("BudgetName"))
    yield from _limit_problems(budget)
    yield from _filter_problems(budget)
    yield from _period_problems(budget)
    yield from _alert_problems(params.get("NotificationsWithSubscribers") or ())


_MARKUP: Final = re.compile(r"/action/|<script>.*</script>", re.IGNORECASE | re.DOTALL)


def _name_problems(name: object) -> Iterable[Problem]:
    if isinstance(name, str) and (":" in name or "\\" in name or _MARKUP.search(name)):
        yield "Budget.BudgetName", f"{name!r} is not accepted; leave out colons, backslashes and /action/"


def _limit_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    limit, planned, adjust = (budget.get(name) for name in ("BudgetLimit", "PlannedBudgetLimits", "AutoAdjustData"))
    if sum(bool(each) for each in (limit, planned, adjust)) != 1:
        yield "Budget.BudgetLimit", "give one of a limit, planned limits or automatic adjustment"
        return
    for name, each in (
        ("BudgetLimit", limit),
        *((f"PlannedBudgetLimits.{at}", it) for at, it in (planned or {}).items()),
    ):
        if isinstance(each, Mapping):
            yield from _amount_problems(f"Budget.{name}.Amount", each, budget.get("BudgetType"))
    if adjust and adjust.get("AutoAdjustType") == "HISTORICAL" and not adjust.get("HistoricalOptions"):
        yield "Budget.AutoAdjustData.HistoricalOptions", "say over how many periods the limit is averaged"


def _amount_problems(path: str, limit: Mapping[str, Any], kind: object) -> Iterable[Problem]:
    try:
        amount = Decimal(str(limit.get("Amount")))
    except InvalidOperation:
        yield path, f"{limit.get('Amount')!r} is not a number; give one such as 12.50"
        return
    if not amount.is_finite() or amount <= 0:
        yield (
            path,
            f"{amount} is not accepted; give more than 0, also for zero spend: a limit of 1 that tells of 0.01",
        )
    elif kind in set(Kind) - {Kind.COST, Kind.USAGE} and amount > 100:
        yield path, f"{amount} is not a percentage; give at most 100"


def _filter_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    if budget.get("CostFilters") and budget.get("FilterExpression"):
        yield "Budget.FilterExpression", "give CostFilters or FilterExpression, not both"
    if bool(budget.get("FilterExpression")) != bool(budget.get("Metrics")):
        yield "Budget.Metrics", "FilterExpression and Metrics are given together"
    if budget.get("CostTypes") and budget.get("BudgetType") != "COST":
        yield "Budget.CostTypes", "only a cost budget has cost types"


def _period_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    period = budget.get("TimePeriod") or {}
    start, end = period.get("Start"), period.get("End")
    if budget.get("TimeUnit") == "CUSTOM" and not (start and end):
        yield "Budget.TimePeriod", "a custom budget needs a start and an end"
    elif start and end and start >= end:
        yield "Budget.TimePeriod.End", "the end is not after the start"


def _alert_problems(alerts: Sequence[Mapping[str, Any]]) -> Iterable[Problem]:
    seen: set[object] = set()
    for place, each in enumerate(alerts):
        path = f"NotificationsWithSubscribers[{place}]"
        notification, told = each.get("Notification") or {}, each.get("Subscribers") or ()
        key = tuple(
            str(notification.get(name))
            for name in ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
        )
        if key in seen:
            yield f"{path}.Notification", "is there twice; change its threshold or leave it out"
        seen.add(key)
        yield from _subscriber_problems(f"{path}.Subscribers", told)


def _subscriber_problems(path: str, told: Sequence[Mapping[str, Any]]) -> Iterable[Problem]:
    kinds = [each.get("SubscriptionType") for each in told]
    if kinds.count("EMAIL") > MOST_EMAILS or kinds.count("SNS") > MOST_TOPICS:
        yield path, f"a notification tells at most {MOST_EMAILS} e-mail addresses and {MOST_TOPICS} topic"
    for place, each in enumerate(told):
        address = str(each.get("Address", ""))
        if each.get("SubscriptionType") == "EMAIL" and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            yield f"{path}[{place}].Address", f"{address!r} is not an e-mail address"
        if each.get("SubscriptionType") == "SNS" and not address.startswith("arn:"):
            yield f"{path}[{place}].Address", f"{address!r} is not the ARN of a topic"


def _first_by_field(found: Iterable[Problem]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, sentence in found:
        fields.setdefault(name, sentence)
    return fields
