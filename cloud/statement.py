"""Our own bill at an instant: what all our processes called, what it cost, what was refused, and where it leads.

Everything is read from the ledger; nothing here calls AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.ledger import Hour, Ledger, Refusal, Total, month_of
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
    """How long `lately` is: 24 hours, or less where our first call is younger."""
    hours: tuple[Hour, ...]
    """Each of the last 24 hours, the running one included, by feature."""
    refusals: tuple[tuple[Refusal, int], ...]
    """What was refused this month, and how often."""
    viewer_minutes: int
    """Minutes of this month in which somebody had a page open, over all viewers."""
    cap: Money
    """Most that our own calls may cost this month."""

    @property
    def spent(self) -> Money:
        return total_cost(self.of_month)

    @property
    def left(self) -> Money:
        """What the cap leaves this month; never less than nothing."""
        return max(self.cap - self.spent, ZERO)


def read(ledger: Ledger, *, now: datetime, cap: Money) -> Statement:
    """Give the statement at `now`."""
    month = month_of(now)
    ahead = now + timedelta(minutes=1)  # the ledger knows minutes, and this one counts
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    began = ledger.began()
    pace = min(PACE_SPAN, now - began) if began else timedelta(0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Statement(
        at=now,
        month=month,
        of_month=ledger.totals(month),
        of_today=ledger.totals(Timespan(today, ahead)),
        lately=ledger.totals(Timespan(ahead - pace - timedelta(minutes=1), ahead)),
        pace=pace,
        hours=ledger.hours(Timespan(hour - PACE_SPAN + timedelta(hours=1), ahead)),
        refusals=ledger.refusals(month),
        viewer_minutes=ledger.viewer_minutes(month),
        cap=cap,
    )


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
