"""Our own bill at an instant: what all our processes called, what it cost, what was refused, and where it leads.

Everything is read from the ledger; nothing here calls AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.caps import Caps, Left, day_of, month_of
from cloud.ledger import HourTotal, Ledger, Refusal, Total
from cloud.pricing import FREE_CLOUDWATCH_REQUESTS
from core.money import ZERO, Money
from core.timespan import Timespan

PACE_SPAN: Final = timedelta(hours=24)
"""What lies ahead is expected to go on as this long a time before now went."""
LEAST_PACE: Final = timedelta(hours=1)
"""Less than this says nothing: a start reads much that is never read again."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ledger says at one instant."""

    at: datetime
    month: Timespan
    """The calendar month in UTC, as AWS bills."""
    of_month: tuple[Total, ...]
    of_today: tuple[Total, ...]
    """Since midnight UTC."""
    lately: tuple[Total, ...]
    """Of the time that the projection goes by."""
    pace: timedelta
    """How long `lately` is: 24 hours and the running one, or less where our first call is younger."""
    hours: tuple[HourTotal, ...]
    """Each of the last 24 hours, the running one included, by kind of call."""
    refusals: tuple[tuple[Refusal, int], ...]
    """What was refused this month, and how often."""
    viewer_minutes: int
    """Minutes of this month in which somebody had a page open, over all viewers."""
    caps: Caps
    """Most that our own calls may cost."""

    @property
    def spent(self) -> Money:
        return total_cost(self.of_month)

    @property
    def spent_today(self) -> Money:
        return total_cost(self.of_today)

    @property
    def cap(self) -> Money:
        """Most that our own calls may cost this month."""
        return self.caps.month

    @property
    def left(self) -> Money:
        """What may still be spent now."""
        return self.leaves.amount

    @property
    def leaves(self) -> Left:
        """What may still be spent now, with the cap that says so."""
        return self.caps.left(lambda span: self.spent if span == self.month else self.spent_today, at=self.at)


class Tally:
    """The month's calls by hour, kept up to date by what was added to the ledger. Safe to share between threads.

    A month of minutes takes seconds to add up; what was added since the last look takes milliseconds.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._month: Timespan | None = None
        self._row = 0
        self._hours: dict[tuple[datetime, str, str, str, str, str], Total] = {}

    def hours(self, now: datetime) -> tuple[HourTotal, ...]:
        """Give the calls of each hour from a day before the month of `now` on."""
        month = month_of(now)
        with self._lock:
            if month != self._month:
                self._month, self._row, self._hours = month, 0, {}
            added, self._row = self._ledger.hours_after(self._row, since=month.start - PACE_SPAN)
            for each in added:
                kind = each.total
                key = (each.at, kind.service, kind.operation, kind.account, kind.region, kind.feature)
                self._hours[key] = _plus(self._hours.get(key), kind)
            return tuple(HourTotal(key[0], kept) for key, kept in self._hours.items())

    def read(self, *, now: datetime, caps: Caps) -> Statement:
        """Give the statement at `now`."""
        month, hours = month_of(now), self.hours(now)
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        pace_from = max(this_hour - PACE_SPAN, self._ledger.began() or now)
        return Statement(
            at=now,
            month=month,
            of_month=summed(hours, since=month.start),
            of_today=summed(hours, since=day_of(now).start),
            lately=summed(hours, since=this_hour - PACE_SPAN),
            pace=now - pace_from,
            hours=tuple(each for each in hours if each.at > this_hour - PACE_SPAN),
            refusals=self._ledger.refusals(month),
            viewer_minutes=self._ledger.viewer_minutes(month),
            caps=caps,
        )


def summed(hours: Iterable[HourTotal], *, since: datetime) -> tuple[Total, ...]:
    """Add up the hours from `since` on by kind of call, dearest and most frequent first."""
    sums: dict[tuple[str, str, str, str, str], Total] = {}
    for each in hours:
        if each.at >= since:
            kind = each.total
            key = (kind.service, kind.operation, kind.account, kind.region, kind.feature)
            sums[key] = _plus(sums.get(key), kind)
    return tuple(sorted(sums.values(), key=lambda each: (-each.cost.amount, -each.calls)))


def _plus(one: Total | None, other: Total) -> Total:
    if one is None:
        return other
    return replace(one, calls=one.calls + other.calls, units=one.units + other.units, cost=one.cost + other.cost)


def total_cost(totals: tuple[Total, ...]) -> Money:
    """Give what the calls cost together."""
    return sum((each.cost for each in totals), ZERO)


def total_calls(totals: tuple[Total, ...]) -> int:
    """Count the calls."""
    return sum(each.calls for each in totals)


def free_used(totals: tuple[Total, ...]) -> Mapping[str, int]:
    """Count, by account, the requests that used up its free million: CloudWatch's, those that were paid left out."""
    used: dict[str, int] = {}
    for each in totals:
        if each.service == "cloudwatch" and not each.cost.amount:
            used[each.account] = used.get(each.account, 0) + each.units
    return used


@dataclass(frozen=True, slots=True)
class Projection:
    """Where the month ends if what lies ahead goes on as the time before now went."""

    calls: int
    cost: Money
    free_used: Mapping[str, int]
    """By account; beyond the free million reads are spaced out, so no more than that is projected."""
    is_capped: bool
    """The pace would pass the cap; the cost is the cap then, since calls are refused beyond it."""


def project(statement: Statement) -> Projection | None:
    """Give the month's end: what was so far, and the pace times what is left of the month. None while too early."""
    if statement.pace < LEAST_PACE:
        return None
    ahead = _share(statement)
    cost = statement.spent + total_cost(statement.lately) * ahead
    calls = total_calls(statement.of_month) + int(total_calls(statement.lately) * ahead)
    so_far, lately = free_used(statement.of_month), free_used(statement.lately)
    used = {
        account: min(max(FREE_CLOUDWATCH_REQUESTS, count), count + int(lately.get(account, 0) * ahead))
        for account, count in so_far.items()
    }
    most = max(statement.cap, statement.spent)
    return Projection(calls, min(cost, most), used, is_capped=cost > most)


def _share(statement: Statement) -> Decimal:
    """Give how many times the pace's span fits into what is left of the month."""
    left = max(timedelta(0), statement.month.end - statement.at)
    return Decimal(left // timedelta(microseconds=1)) / Decimal(statement.pace // timedelta(microseconds=1))
