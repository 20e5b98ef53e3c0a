"""How much longer to wait between two reads so that what is left, free requests or money, lasts to its end. Pure.

Someone who looks for a while is never slowed. A wall that hangs there all month finds its own interval, and is spaced
out before anything is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cloud.caps import Limit
from core.money import Money
from core.timespan import Timespan

PACE_SHARE: Final = 0.9
"""The part of the account's free requests that we pace ourselves to; the rest is for others in the account."""
PACE_BURST: Final = 50_000
"""Requests that we may be ahead of that pace before reads are spaced out: a wall's use of a day or two."""
PACE_STEP: Final = 5_000
"""Requests beyond the burst that add one more interval to the wait."""

AHEAD: Final = 0.2
"""The part of the money that an even pace would have left which may be spent in advance: at first six days of a month's
cap, five hours of a day's. On the way there the wait grows; beyond, what is left is spread over the time that is."""


def over_requests(used: int, allowance: int, month: Timespan, *, now: datetime) -> float:
    """Give the stretch, 1 or more, for `used` of `allowance` free requests of the month."""
    even = PACE_SHARE * allowance * ((now - month.start) / month.duration)
    return 1.0 + max(0.0, used - even - PACE_BURST) / PACE_STEP


def over_money(limit: Limit, spent: Money, a_read: Money, *, every: timedelta, now: datetime) -> float:
    """Give the stretch, 1 or more, of reads that each cost `a_read` and come `every` so often.

    With all of it spread, n reads that the cap has left come at n equal steps in the time that it has left; read after
    read the step stays the same, so that the last is paid as the next day or month begins. Reads that others make
    shrink what is left, and so make the steps longer, never the cap broken. Where less than a read is left, the next
    comes when the cap is counted from nothing again.
    """
    total, left = float(limit.cap.amount), float(limit.cap.amount - spent.amount)
    ahead = limit.span.end - now
    if not a_read.amount or total <= 0 or ahead <= timedelta(0):
        return 1.0
    never = max(1.0, limit.span.duration / every)
    if spent + a_read > limit.cap:
        return never
    spread = min(never, max(1.0, ahead / every * float(a_read.amount) / left))
    even = total * (ahead / limit.span.duration)
    share = min(1.0, max(0.0, (even - left) / (AHEAD * even)))
    return 1.0 + (spread - 1.0) * share
