"""Free-tier allowances: how far each is used, and the day it runs out at the pace it is used. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

PACE: Final = timedelta(days=7)
"""Readings up to this old say how fast an allowance is used now; without them the month's average does."""
LEAST: Final = timedelta(hours=6)
"""Two readings closer than this say nothing of a pace."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One allowance as AWS gives it."""

    service: str
    usage_type: str
    operation: str
    region: str
    description: str
    """AWS's words; foreign text."""
    used: float
    limit: float
    unit: str
    forecast: float | None
    """AWS's own, of the whole month."""
    kind: str
    """`Always Free`, `12 Months Free`, `Free Trial`."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.service, self.usage_type, self.operation, self.region


class State(StrEnum):
    """How an allowance stands, worst last."""

    OK = "lasts"
    RUNNING_OUT = "runs out"
    USED_UP = "used up"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One allowance, looked at at an instant."""

    offer: Offer
    state: State
    share: float
    """Used of the limit; 1 and more is used up. Never negative."""
    left: float
    """Units; never negative."""
    per_day: float
    """Units, at the pace it is used now."""
    likely: float
    """Units by the end of the month at that pace; never less than is used."""
    runs_out: datetime | None
    """When it runs out, or, at the month's average, ran out; None where it lasts the month."""

    @property
    def beyond(self) -> float:
        """Units by the end of the month that are not free."""
        return max(0.0, self.likely - self.offer.limit)


def assess(offer: Offer, *, at: datetime, earlier: Sequence[tuple[datetime, float]] = ()) -> Allowance:
    """Say how an allowance stands that was read at `at`; `earlier` are (instant, used) of readings before."""
    start, end = month_around(at)
    used, limit = max(0.0, offer.used), max(0.0, offer.limit)
    per_second = _pace(used, at, start, earlier)
    likely = used + per_second * (end - at).total_seconds()
    runs_out = _runs_out(used, limit, per_second, at=at, start=start)
    if used >= limit:
        state = State.USED_UP
    else:
        state = State.RUNNING_OUT if runs_out is not None and runs_out < end else State.OK
    return Allowance(
        offer,
        state,
        share=used / limit if limit else 1.0,
        left=max(0.0, limit - used),
        per_day=per_second * 86_400,
        likely=likely,
        runs_out=runs_out if state is not State.OK else None,
    )


def assess_all(
    offers: Iterable[Offer], *, at: datetime, earlier: Sequence[tuple[datetime, Sequence[Offer]]] = ()
) -> tuple[Allowance, ...]:
    """Say how allowances stand, those that need looking at first. `earlier` are older readings of all of them."""
    before: dict[tuple[str, str, str, str], list[tuple[datetime, float]]] = {}
    for when, olds in earlier:
        for old in olds:
            before.setdefault(old.key, []).append((when, old.used))
    found = [assess(offer, at=at, earlier=before.get(offer.key, ())) for offer in offers if offer.limit > 0]
    rank = {State.USED_UP: 0, State.RUNNING_OUT: 1, State.OK: 2}
    return tuple(sorted(found, key=lambda each: (rank[each.state], _soonest(each), -each.share, each.offer.key)))


def month_around(at: datetime) -> tuple[datetime, datetime]:
    """Give the first instant of the calendar month in UTC, and that of the next: allowances begin anew then."""
    at = at.astimezone(UTC)
    start = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def _soonest(allowance: Allowance) -> float:
    return allowance.runs_out.timestamp() if allowance.runs_out else float("inf")


def _pace(used: float, at: datetime, start: datetime, earlier: Sequence[tuple[datetime, float]]) -> float:
    """Give units a second: since the oldest reading of the last week, or since the month began."""
    lately = [(when, old) for when, old in earlier if max(start, at - PACE) <= when <= at - LEAST and 0 <= old <= used]
    since, before = min(lately, default=(start, 0.0))
    seconds = (at - since).total_seconds()
    return (used - before) / seconds if seconds > 0 else 0.0


def _runs_out(used: float, limit: float, per_second: float, *, at: datetime, start: datetime) -> datetime | None:
    if used >= limit:
        return start + (at - start) * (limit / used if used else 0.0)
    if per_second <= 0:
        return None
    seconds = (limit - used) / per_second
    return at + timedelta(seconds=seconds) if seconds < timedelta(days=366).total_seconds() else None
