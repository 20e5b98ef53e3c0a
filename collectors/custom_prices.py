"""What new custom metrics cost a month, said before they exist. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cloud.caps import month_of
from cloud.pricing import FREE_CUSTOM_METRICS, custom_metrics_cost
from collectors.custom_rules import RESERVED
from core.money import Money
from core.reading import Reading, Scope
from core.series import MetricId


def is_custom(metric: MetricId) -> bool:
    """Say whether a metric is none of AWS's own, and paid for."""
    return not metric.namespace.startswith(RESERVED)


@dataclass(frozen=True, slots=True)
class AccountMetrics:
    """The custom metrics of an account that reported in the last two weeks: they use the free ones, too."""

    here: frozenset[MetricId]
    """In the region where values go to."""
    elsewhere: int
    """In its other regions that are watched."""

    @classmethod
    def of(cls, known: Mapping[Scope, Reading[tuple[MetricId, ...]]], here: Scope) -> AccountMetrics | None:
        """Give those that values sent to `here` stand beside; None where a region of the account was not read."""
        regions = {scope: found for scope, found in known.items() if scope.account == here.account}
        if here not in regions or any(found.faults and not found.value for found in regions.values()):
            return None
        custom = {scope: frozenset(filter(is_custom, found.value)) for scope, found in regions.items()}
        return cls(custom.pop(here), sum(map(len, custom.values())))

    def others(self, mine: Collection[MetricId]) -> int:
        """Count those that are not among `mine`."""
        return len(self.here.difference(mine)) + self.elsewhere


@dataclass(frozen=True, slots=True)
class CustomPrice:
    """What metrics add to the bill. AWS charges each hour in which a metric reports, so a month is the most."""

    adding: int
    known: int
    """Metrics that the spool has this month before these."""
    quota: int
    """Most that there may be."""
    month: Money
    """Of a whole month in which they report every hour."""
    this_month: Money
    """Of what is left of this month, by the hour."""
    others: int | None = None
    """Metrics of the account that are not the spool's; None where nobody asked."""
    reporting: int = 0
    """How many of the added ones report already: others push them, and they are paid for."""

    @property
    def free_left(self) -> int:
        """How many of the account's free ones are left before these, where nobody else has any that we know of."""
        return max(0, FREE_CUSTOM_METRICS - self.known - (self.others or 0))

    @property
    def within_quota(self) -> bool:
        """Whether they may be put; those that are known stay so when the quota is lowered."""
        return not self.adding or self.known + self.adding <= self.quota

    def __str__(self) -> str:
        """Say it in one sentence.

        >>> at = datetime.fromisoformat("2026-11-16T00:00:00+00:00")
        >>> str(price(adding=90, known=10, quota=100, at=at))
        'this adds 90 metrics, $27.00 a month ($13.50 in what is left of this one), 0 of 10 free left'
        >>> str(price(adding=0, known=10, quota=100, at=at))
        'this adds no metric'
        >>> str(price(adding=2, known=0, quota=10, at=at, others=4, reporting=1))[:64]
        'this adds 2 metrics, 1 of them reports already, $0.00 a month, 6'
        >>> str(price(adding=2, known=0, quota=10, at=at, others=4, reporting=1))[63:]
        '6 of 10 free left beside 4 others of the account'
        """
        if not self.adding:
            return "this adds no metric"
        metrics = f"{self.adding} metric{'s' * (self.adding != 1)}"
        if self.reporting:
            metrics += f", {self.reporting} of them report{'s' * (self.reporting == 1)} already"
        now = f" ({self.this_month} in what is left of this one)" if self.month.amount else ""
        left = f"{self.free_left} of {FREE_CUSTOM_METRICS} free left"
        left += f" beside {self.others} other{'s' * (self.others != 1)} of the account" if self.others else ""
        return f"this adds {metrics}, {self.month} a month{now}, {left}"


def price(
    *, adding: int, known: int, quota: int, at: datetime, others: int | None = None, reporting: int = 0
) -> CustomPrice:
    """Price `adding` metrics beside those that are `known` already this month, and `others` of the account.

    `reporting` ones of those that are added are among the others: they cost nothing more.
    """
    before = known + (others or 0)
    whole = custom_metrics_cost(before + adding - reporting) - custom_metrics_cost(before)
    month = month_of(at)
    hour = timedelta(hours=1)
    hours = -((at - month.end) // hour)  # the hour that has begun is charged
    part = Decimal(hours) / Decimal((month.end - month.start) // hour)
    rest = Money((whole.amount * part).quantize(Decimal("0.0001")))
    return CustomPrice(adding, known, quota, whole, rest, others, reporting)
