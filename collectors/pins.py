"""Pinned series: read whether or not anybody looks, so that there is a history when somebody does.

Pins lie in the shared store, one document a series; the collector's process reads them through `History`, as viewers
would. A pin says what it costs before it is made.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.estimate import Wall, estimate
from cloud.metering import feature
from cloud.pricing import PriceBook
from collectors import retention
from collectors.history import History
from collectors.planning import STATISTICS_DATAPOINTS, is_free
from collectors.query import MetricQuery
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import Fault, Reading, Scope, Verdict
from core.series import MetricId
from core.timespan import Timespan, from_epoch

MOST_PINS: Final = 20
"""Pins of one account: read each minute, they take nine tenths of its million free requests."""
FEATURE: Final = "pinned"
"""Under which the ledger books what pins cost."""
OVERLAP: Final = timedelta(hours=1)
"""How far before the last read a read begins: what may still change, and what a failed call left out."""
_MOST_DOCUMENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Pin:
    """One series that is read for everybody."""

    scope: Scope
    metric: MetricId
    statistic: str
    period: int
    by: str
    """Who pinned it."""
    at: datetime

    @property
    def key(self) -> str:
        """The name of the series within its scope."""
        return json.dumps(
            [self.metric.namespace, self.metric.name, self.metric.dimensions, self.statistic, self.period]
        )

    def over(self, span: Timespan) -> MetricQuery:
        """Give the question for its datapoints in `span`."""
        return MetricQuery(self.scope, self.metric, self.statistic, self.period, span)


class Pins:
    """The pins in the store."""

    def __init__(self, store: Store) -> None:
        self._kept: Snapshots[Pin | None] = Snapshots(store, "pin", Reading[Pin | None])

    def every(self, scopes: Iterable[Scope]) -> tuple[Pin, ...]:
        """Give the pins of `scopes`, oldest first, at most `MOST_PINS` of an account."""
        found = (
            each.value for scope in dict.fromkeys(scopes) for each in self._kept.every(scope, newest=_MOST_DOCUMENTS)
        )
        by_account: dict[str, list[Pin]] = defaultdict(list)
        for pin in sorted((pin for pin in found if pin is not None), key=lambda pin: (pin.at, pin.key)):
            by_account[pin.scope.account].append(pin)
        return tuple(pin for pins in by_account.values() for pin in pins[:MOST_PINS])

    def add(self, pin: Pin) -> None:
        """Keep `pin`."""
        self._kept.put(pin.scope, Reading(pin, pin.at), key=pin.key)

    def remove(self, pin: Pin, *, at: datetime) -> None:
        """Forget `pin`; what was read for it stays in the history."""
        self._kept.put(pin.scope, Reading(None, max(at, pin.at)), key=pin.key)


@dataclass(frozen=True, slots=True)
class PinPlan:
    """What pinning a series would do and cost; nothing is done yet."""

    pin: Pin
    calls: int
    """A month, while it is pinned."""
    first_calls: int
    """At once, for what AWS still has of the past."""
    cost: Money
    """A month, beside the pins there are."""
    text: str
    """The price in a sentence."""
    room: Verdict
    """Whether there is room for it."""


def plan(pin: Pin, among: Sequence[Pin], *, refresh: timedelta, prices: PriceBook) -> PinPlan:
    """Price `pin` for a month beside the pins there are. Pure."""
    others = [each for each in among if each.scope.account == pin.scope.account and each.key != pin.key]
    before, paid_before = _month(others, refresh, prices)
    after, paid_after = _month([*others, pin], refresh, prices)
    calls, cost = after - before, paid_after - paid_before
    first = -(-int(_kept_by_aws(pin.period).total_seconds()) // (pin.period * STATISTICS_DATAPOINTS))
    price = f"{cost}, inside the account's free requests" if cost == ZERO else f"{cost}, where the cap allows it"
    more = f"{calls:,} calls a month" if calls else "no further call, with those of another statistic,"
    text = f"{more} for {price}; first {first:,} for the past that AWS still has"
    return PinPlan(pin, calls, first, cost, text, _room(pin, others, among))


def _room(pin: Pin, others: Sequence[Pin], among: Sequence[Pin]) -> Verdict:
    if any(each.key == pin.key and each.scope == pin.scope for each in among):
        return Verdict(allowed=False, reason="It is pinned already.")
    if len(others) >= MOST_PINS:
        return Verdict(
            allowed=False,
            reason=f"This account has {len(others)} pinned series, and {MOST_PINS} read each minute take nine tenths "
            "of its free requests; unpin one first.",
        )
    return Verdict(allowed=True, reason=f"{len(others)} of {MOST_PINS} pins of this account are taken.")


def _month(pins: Iterable[Pin], refresh: timedelta, prices: PriceBook) -> tuple[int, Money]:
    """Give what a month of pins of one account takes and costs; statistics that one call brings count once."""
    together: dict[tuple[Scope, MetricId, int, bool], set[str]] = defaultdict(set)
    for pin in pins:
        together[pin.scope, pin.metric, pin.period, is_free(pin.statistic)].add(pin.statistic)
    calls, used, cost = 0, 0, ZERO
    for (_, _, period, _), names in together.items():
        every = int(_every(period, refresh).total_seconds())
        wall = Wall(1, interval=every, period=period, statistics=tuple(sorted(names)))
        ours = estimate(wall, used=used, prices=prices).ours
        calls, used, cost = calls + ours.calls, used + ours.free, cost + ours.cost
    return calls, cost


def _every(period: int, refresh: timedelta) -> timedelta:
    """Give how long to wait between two reads: nothing is new before another period has ended."""
    return max(refresh, timedelta(seconds=period))


def _kept_by_aws(period: int) -> timedelta:
    now = from_epoch(0)
    return now - from_epoch(retention.reach(period, now=now) * period)


class PinReader:
    """Reads pinned series when they are due. For one thread; it remembers what it read last."""

    def __init__(self, pins: Pins, history: History, *, refresh: timedelta) -> None:
        self._pins = pins
        self._history = history
        self._refresh = refresh
        self._asked: dict[tuple[Scope, str], datetime] = {}
        self._complete_to: dict[tuple[Scope, str], datetime] = {}
        self._faults: dict[tuple[Scope, str], tuple[Fault, ...]] = {}

    def read(self, scopes: Iterable[Scope], *, now: datetime) -> tuple[Fault, ...]:
        """Read the pins that are due, and give what is missing of all. Pins of other scopes wait."""
        pins = {(pin.scope, pin.key): pin for pin in self._pins.every(scopes)}
        due = {name: pin for name, pin in pins.items() if self._is_due(name, pin, now)}
        together: dict[tuple[Scope, MetricId, int], list[tuple[Scope, str]]] = defaultdict(list)
        for name, pin in due.items():
            together[pin.scope, pin.metric, pin.period].append(name)
        with feature(FEATURE):
            for names in together.values():
                self._read([(name, due[name]) for name in names], now)
        known = (self._faults.get(name, ()) for name in pins)
        return tuple(dict.fromkeys(fault for faults in known for fault in faults))

    def _read(self, pins: Sequence[tuple[tuple[Scope, str], Pin]], now: datetime) -> None:
        """Read pins of one metric, whose statistics share a call; what fails keeps no other metric waiting."""
        reading = self._history.read([pin.over(self._span(name, pin, now)) for name, pin in pins], now)
        for name, _ in pins:
            self._asked[name] = now
            self._faults[name] = reading.faults
            if reading.complete:
                self._complete_to[name] = now

    def _is_due(self, name: tuple[Scope, str], pin: Pin, now: datetime) -> bool:
        asked = self._asked.get(name)
        return asked is None or not asked <= now < asked + _every(pin.period, self._refresh)

    def _span(self, name: tuple[Scope, str], pin: Pin, now: datetime) -> Timespan:
        """Give the span to read: from the last complete read on, at first all that AWS still has."""
        oldest = from_epoch(retention.reach(pin.period, now=now) * pin.period)
        since = self._complete_to.get(name)
        start = oldest if since is None else max(oldest, min(since, now) - max(OVERLAP, timedelta(seconds=pin.period)))
        return Timespan(start, now)


def table(pins: Sequence[Pin], *, names: Mapping[Scope, str], refresh: timedelta, prices: PriceBook) -> str:
    """Write pins as lines for a terminal; unseen characters in names of metrics are written out."""
    lines = [f"{len(pins)} pinned series"]
    for place, pin in enumerate(pins):
        where = names.get(pin.scope, str(pin.scope))
        who = f"{pin.period} s  by {pin.by} since {pin.at:%Y-%m-%d %H:%M}Z"
        price = plan(pin, pins[:place], refresh=refresh, prices=prices)
        lines.append(_shown("  ".join((where, str(pin.metric), pin.statistic, who, price.text))))
    return "\n".join(lines)


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
