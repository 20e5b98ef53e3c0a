"""What access logs say as a whole: by path, by target and over time, and the requests to look at one by one."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final, TypeVar

from collectors.access_logs.entries import Entry
from collectors.access_logs.latencies import Latencies, class_of
from collectors.access_logs.paths import folded, path_of
from core.log_lines import EPOCH

MOST_PATHS: Final = 1_000
MOST_KNOWN: Final = 20_000
"""URLs whose path is remembered."""
MOST_TARGETS: Final = 500
MOST_BUCKETS: Final = 1_500
MOST_REQUESTS: Final = 100
OTHERS: Final = "other paths"
NO_TARGET: Final = "no target"
LAMBDA: Final = "Lambda"
WEB_SOCKETS: Final = frozenset({"ws", "wss"})
MINUTE: Final = 60_000
_MILLISECOND: Final = timedelta(milliseconds=1)
_Rank = TypeVar("_Rank", float, datetime)
CLASSES: Final = ("2xx", "3xx", "4xx", "5xx", "other")


@dataclass(slots=True)
class Tally:
    """What is counted of requests that belong together."""

    requests: int = 0
    classes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    """By the status that the client got: `2xx` to `5xx`, and `other` for 1xx and for none at all."""
    target_errors: int = 0
    """5xx of the target itself; the load balancer's own are the others."""
    total: Latencies = field(default_factory=Latencies)
    target: Latencies = field(default_factory=Latencies)
    sent: int = 0
    received: int = 0

    def add(self, measured: _Measured) -> None:
        """Take one request."""
        self.requests += 1
        self.classes[measured.shown] += 1
        self.sent += measured.entry.sent
        self.received += measured.entry.received
        self.target_errors += measured.target_failed
        if measured.target is not None:
            self.target.add(*measured.target)
        if measured.total is not None:
            self.total.add(*measured.total)

    def take(self, other: Tally) -> None:
        self.requests += other.requests
        for name, number in other.classes.items():
            self.classes[name] += number
        self.target_errors += other.target_errors
        self.total.take(other.total)
        self.target.take(other.target)
        self.sent += other.sent
        self.received += other.received

    @property
    def errors(self) -> int:
        return self.classes["5xx"]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that was read."""

    whole: Tally
    paths: Mapping[tuple[str, str], Tally]
    """By method and path."""
    targets: Mapping[str, Tally]
    times: Mapping[int, Tally]
    """By the beginning of a part of time, milliseconds since 1970."""
    width: int
    """Milliseconds of a part of time."""
    slowest: tuple[Entry, ...]
    failing: tuple[Entry, ...]
    """The newest with a 5xx or without any status."""
    reasons: Mapping[str, int]
    """AWS's own words for what went wrong: `error_reason` and classification."""
    first: datetime | None
    last: datetime | None


def status_class(status: int | None) -> str:
    """Give the class of a status.

    >>> status_class(404), status_class(101), status_class(None)
    ('4xx', 'other', 'other')
    """
    return f"{status // 100}xx" if status is not None and 200 <= status < 600 else "other"


def target_name(entry: Entry) -> str:
    """Say who answered: address and port, a Lambda function, or nobody."""
    if entry.target:
        return entry.target
    return LAMBDA if entry.target_status is not None else NO_TARGET


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is counted of one request, worked out once for all tallies."""

    entry: Entry
    shown: str
    target_failed: bool
    target: tuple[float, int] | None
    total: tuple[float, int] | None


def _measured(entry: Entry) -> _Measured:
    target, total = entry.target_seconds, entry.seconds
    return _Measured(
        entry,
        status_class(entry.status),
        entry.target_status is not None and entry.target_status >= 500,
        None if target is None else (target, class_of(target)),
        None if total is None else (total, class_of(total)),
    )


_Name = TypeVar("_Name", str, int, tuple[str, str])


def _tally(tallies: dict[_Name, Tally], name: _Name) -> Tally:
    found = tallies.get(name)
    if found is None:
        found = tallies[name] = Tally()
    return found


def _blamed(entry: Entry) -> str:
    """Say whose error it was where AWS gives no reason."""
    if entry.target_status is not None and entry.target_status >= 500:
        return f"the target answered {entry.target_status}"
    return f"the load balancer answered {entry.status or 'nothing'}"


def _push(heap: list[tuple[_Rank, int, Entry]], item: tuple[_Rank, int, Entry]) -> None:
    """Keep the highest ones; of equals the one that came first."""
    if len(heap) < MOST_REQUESTS:
        heapq.heappush(heap, item)
    elif item[:2] > heap[0][:2]:
        heapq.heapreplace(heap, item)


class Counting:
    """Takes entries one by one; memory is bounded by paths, targets and parts of time."""

    def __init__(self, *, width: int = MINUTE) -> None:
        self._width = width
        self._whole = Tally()
        self._paths: dict[tuple[str, str], Tally] = {}
        self._targets: dict[str, Tally] = {}
        self._times: dict[int, Tally] = {}
        self._slowest: list[tuple[float, int, Entry]] = []
        self._failing: list[tuple[datetime, int, Entry]] = []
        self._known: dict[str, str] = {}
        self._reasons: Counter[str] = Counter()
        self._number = count()
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add_all(self, entries: Iterable[Entry]) -> Counting:
        """Take many entries."""
        for entry in entries:
            self.add(entry)
        return self

    def add(self, entry: Entry) -> None:
        """Take one entry."""
        measured = _measured(entry)
        for tally in (self._whole, self._path(entry), self._target(entry), self._time(entry.at)):
            tally.add(measured)
        self._first = entry.at if self._first is None else min(self._first, entry.at)
        self._last = entry.at if self._last is None else max(self._last, entry.at)
        self._keep(entry, measured)

    def _path(self, entry: Entry) -> Tally:
        path = self._known.get(entry.url)
        if path is None:
            path = folded(path_of(entry.url))
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[entry.url] = path
        key = (entry.method, path)
        if key not in self._paths and len(self._paths) >= MOST_PATHS:
            key = ("", OTHERS)
        return _tally(self._paths, key)

    def _target(self, entry: Entry) -> Tally:
        name = target_name(entry)
        if name not in self._targets and len(self._targets) >= MOST_TARGETS:
            name = "other targets"
        return _tally(self._targets, name)

    def _time(self, at: datetime) -> Tally:
        milliseconds = (at - EPOCH) // _MILLISECOND
        start = milliseconds - milliseconds % self._width
        if start not in self._times and len(self._times) >= MOST_BUCKETS:
            self._widen()
            return self._time(at)
        return _tally(self._times, start)

    def _widen(self) -> None:
        self._width *= 2
        found: dict[int, Tally] = {}
        for start, tally in self._times.items():
            found.setdefault(start - start % self._width, Tally()).take(tally)
        self._times = found

    def _keep(self, entry: Entry, measured: _Measured) -> None:
        if measured.total is not None and entry.kind not in WEB_SOCKETS:
            _push(self._slowest, (measured.total[0], -next(self._number), entry))
        if measured.shown == "5xx" or entry.status is None:
            _push(self._failing, (entry.at, -next(self._number), entry))
            reason = entry.field("error_reason") or entry.field("classification_reason")
            self._reasons[reason or _blamed(entry)] += 1

    def summary(self) -> Summary:
        """Give what the entries so far say."""
        return Summary(
            whole=self._whole,
            paths=dict(sorted(self._paths.items(), key=lambda each: -each[1].requests)),
            targets=dict(sorted(self._targets.items(), key=lambda each: -each[1].requests)),
            times=dict(sorted(self._times.items())),
            width=self._width,
            slowest=tuple(entry for _, _, entry in sorted(self._slowest, key=lambda each: each[:2], reverse=True)),
            failing=tuple(entry for _, _, entry in sorted(self._failing, key=lambda each: each[:2], reverse=True)),
            reasons=dict(self._reasons.most_common(20)),
            first=self._first,
            last=self._last,
        )
