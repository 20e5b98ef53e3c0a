"""The bar that every page begins with: which cloud, account and region, how old what is on screen is, and its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.deaths import Death
from collectors.pace import Pace
from core.reading import Fault, FaultKind, Scope
from dashboard.charts.targets import duration
from dashboard.state import PageState
from dashboard.wording import (
    ALARM,
    INFO,
    OK,
    STALE,
    WARNING,
    Look,
    age,
    capital,
    clock,
    count,
    listed,
    moment,
    plain,
)

WORTH_A_WORD = 1.1
"""Reads that come this many times as rarely as asked for are said to."""
STALE_AFTER = timedelta(seconds=45)
"""Reads this old are called stale: several refreshes have failed or not come back; where they are rarer, two have."""

DEATH_SAID = timedelta(minutes=10)
"""How long it is said that a process was started again."""


@dataclass(frozen=True, slots=True)
class Place:
    """What people call the cloud, account and region on screen."""

    cloud: str
    """`Demo cloud` or `AWS`."""
    account_name: str
    """What people call the account; its number where nobody named it."""
    scope: Scope
    """The account and region."""

    def text(self) -> str:
        """Give account and region in one line; the name may be foreign text."""
        name = plain(self.account_name)
        known = name if name == self.scope.account else f"{name} {self.scope.account}"
        return f"{known} · {self.scope.region}"


@dataclass(frozen=True, slots=True)
class Badge:
    """A state with its word."""

    text: str
    """A few words; not Markdown."""
    look: Look
    """Sign and colour."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the line under the bar says."""

    freshness: Badge
    """The age of what is on screen."""
    badges: tuple[Badge, ...]
    """What else must be known of what is on screen, such as alarms firing."""


def freshness(state: PageState, *, read_at: datetime | None, now: datetime, refresh: float) -> Badge:
    """Say how old what is on screen is, and whether it renews itself."""
    if state.fixed is not None:
        start, end = moment(state.fixed.start, now=now), moment(state.fixed.end, now=now)
        return Badge(f"Paused on {start} to {end} UTC", INFO)
    if read_at is None:
        return Badge("Not read yet", STALE)
    if not state.live:
        return Badge(f"Paused · as of {clock(read_at)} UTC", INFO)
    if now - read_at > max(STALE_AFTER, 2 * timedelta(seconds=refresh)):
        return Badge(f"Stale · {age(read_at, now=now)} old, last read {clock(read_at)} UTC", STALE)
    return Badge(f"Updated {clock(read_at)} UTC, refresh {duration(timedelta(seconds=refresh))}", OK)


def pace_badges(pace: Pace) -> tuple[Badge, ...]:
    """Say that the newest datapoints come more rarely, and why; empty where nothing runs short."""
    found = []
    slowest = max(pace.free.values(), default=1.0)
    if slowest >= WORTH_A_WORD:
        found.append(Badge(f"Reads come every {_wait(pace.refresh * slowest)}, so that the free requests last", INFO))
    if pace.left is not None and pace.is_closed:
        limit = pace.left.limit
        why = f"{limit.name} leaves {pace.left.amount}"
        found.append(Badge(f"Paid reads wait until {limit.opens}: {why}", WARNING))
    elif pace.left is not None and pace.paid >= WORTH_A_WORD:
        lasts = f"{pace.left.amount} lasts until {pace.left.limit.opens}"
        found.append(Badge(f"Paid reads come every {_wait(pace.refresh * pace.paid)}, so that {lasts}", INFO))
    return tuple(found)


def process_badges(deaths: Sequence[Death], *, now: datetime) -> tuple[Badge, ...]:
    """Say which process beside the dashboard ended by itself lately, and when it starts again."""
    found = []
    for each in deaths:
        ended = f"{capital(each.process)} ended by itself at {clock(each.at)} UTC"
        if now < each.again_at:
            found.append(Badge(f"{ended}, starts again at {clock(each.again_at)}", WARNING))
        elif now - each.again_at < DEATH_SAID:
            found.append(Badge(f"{ended}, was started again", INFO))
    return tuple(found)


def _wait(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Notice:
    """Why part of a card is missing, and what to do."""

    title: str
    """What happened, in a few words; not Markdown."""
    body: str
    """What is missing, why, and the next step; foreign text, not Markdown."""
    action: str
    """The IAM action that was denied, else empty."""
    look: Look
    """Sign and colour."""


_NOTHING_COMES = {
    FaultKind.ACCESS_DENIED,
    FaultKind.EXPIRED_LOGIN,
    FaultKind.UNREACHABLE,
    FaultKind.STORE_DOWN,
}
_TITLES = {
    FaultKind.ACCESS_DENIED: "AWS denied access",
    FaultKind.THROTTLED: "AWS asked for fewer calls",
    FaultKind.EXPIRED_LOGIN: "The login has run out",
    FaultKind.UNREACHABLE: "The cloud cannot be reached",
    FaultKind.INVALID_REQUEST: "AWS did not accept the request",
    FaultKind.PARTIAL_DATA: "Part of the data is missing",
    FaultKind.SERVICE_FAILURE: "AWS could not answer",
    FaultKind.NOT_FREE: "Not called, because it costs money",
    FaultKind.STORE_DOWN: "The store cannot be used now",
}


_SAID_ONCE = frozenset({FaultKind.EXPIRED_LOGIN, FaultKind.UNREACHABLE, FaultKind.STORE_DOWN})


def said_once(cards: Sequence[Sequence[Fault]]) -> tuple[tuple[Fault, ...], tuple[tuple[Fault, ...], ...]]:
    """Give the faults that take several cards away alike, to be said once for the page, and those left to each card."""
    kinds = Counter(kind for faults in cards for kind in {fault.kind for fault in faults})
    shared = {kind for kind in _SAID_ONCE if kinds[kind] > 1}
    common = dict.fromkeys(fault for faults in cards for fault in faults if fault.kind in shared)
    return tuple(common), tuple(tuple(fault for fault in faults if fault.kind not in shared) for faults in cards)


def notices(faults: Sequence[Fault]) -> tuple[Notice, ...]:
    """Give one notice for each kind of fault, naming every operation that failed that way."""
    found: list[Notice] = []
    for kind in FaultKind:
        same = [fault for fault in faults if fault.kind is kind]
        if same:
            found.append(_notice(kind, same))
    return tuple(found)


def _notice(kind: FaultKind, faults: Sequence[Fault]) -> Notice:
    whats = list(dict.fromkeys(fault.what for fault in faults))
    more = "" if len(faults) == 1 else f" ({count(len(faults), 'reading')}: {listed(whats, most=3)})"
    look = ALARM if kind in _NOTHING_COMES else WARNING
    action = whats[0] if kind is FaultKind.ACCESS_DENIED else ""
    return Notice(_TITLES[kind], plain(faults[0].message) + more, action, look)
