"""How long the newest datapoints of a series wait until they are asked for again: longer where something runs short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.caps import Left
from cloud.metering import Meter
from collectors.chunks import SeriesName
from collectors.planning import Allowance, plan
from collectors.query import MetricQuery
from core.money import ZERO, Money
from core.timespan import Timespan

_BOUNDLESS: Final = Money(Decimal("Infinity"))


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two reads of a tail, for free reads and for those that cost money."""

    refresh: float
    """Seconds where nothing runs short."""
    free: Mapping[str, float]
    """How many times as long free reads wait, by account."""
    bought: frozenset[SeriesName] = frozenset()
    """Series whose reads cost money."""
    paid: float = 1.0
    """How many times as long those wait."""
    a_read: Money = ZERO
    """What one read of all of them costs."""
    left: Left | None = None
    """What makes them wait; None where nothing is bought."""

    def seconds(self, query: MetricQuery) -> float:
        """Give the seconds between two reads of the query's tail."""
        if self.bought and SeriesName.of(query) in self.bought:
            return self.refresh * self.paid
        return self.refresh * self.free.get(query.scope.account, 1.0)

    @property
    def is_closed(self) -> bool:
        """Whether less is left than one read costs."""
        return self.left is not None and self.a_read.amount > self.left.amount.amount


def pace_of(queries: Sequence[MetricQuery], meter: Meter, *, refresh: float, now: datetime) -> Pace:
    """Give the pace at which `queries`, read together again and again, stay inside allowance and caps."""
    accounts = {query.scope.account for query in queries}
    free = {account: meter.stretch(account) for account in accounts}
    if not meter.caps.month.amount:
        return Pace(refresh, free)
    tails = [query.over(Timespan(now - timedelta(seconds=query.period), now)) for query in queries]
    left = {account: meter.free_requests_left(account) for account in accounts}
    planned = plan(tails, allowance=Allowance(left, _BOUNDLESS), prices=meter.prices)
    if not planned.cost.amount:
        return Pace(refresh, free)
    paid, because = meter.stretch_paid(planned.cost, every=timedelta(seconds=refresh))
    bought = frozenset(SeriesName.of(query) for query in planned.bought)
    return Pace(refresh, free, bought, paid, planned.cost, because)
