"""What new custom metrics cost a month, said before they exist. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cloud.caps import month_of
from cloud.pricing import FREE_CUSTOM_METRICS, custom_metrics_cost
from core.money import Money


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

    @property
    def free_left(self) -> int:
        """How many of the account's free ones are left before these, where nobody else has any."""
        return max(0, FREE_CUSTOM_METRICS - self.known)

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
        """
        if not self.adding:
            return "this adds no metric"
        metrics = f"{self.adding} metric{'s' * (self.adding != 1)}"
        now = f" ({self.this_month} in what is left of this one)" if self.month.amount else ""
        return f"this adds {metrics}, {self.month} a month{now}, {self.free_left} of {FREE_CUSTOM_METRICS} free left"


def price(*, adding: int, known: int, quota: int, at: datetime) -> CustomPrice:
    """Price `adding` metrics beside those that are `known` already this month."""
    whole = custom_metrics_cost(known + adding) - custom_metrics_cost(known)
    month = month_of(at)
    hour = timedelta(hours=1)
    hours = -((at - month.end) // hour)  # the hour that has begun is charged
    part = Decimal(hours) / Decimal((month.end - month.start) // hour)
    return CustomPrice(adding, known, quota, whole, Money((whole.amount * part).quantize(Decimal("0.0001"))))
