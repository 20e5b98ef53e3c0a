"""What a budget is: every kind that CreateBudget of today's botocore can express, and its notifications.

`budgets.requests` reads and writes AWS's documents of it. `zero_spend` is a constructor, not a special case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from core.money import Money

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
