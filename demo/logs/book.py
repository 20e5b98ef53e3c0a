"""Everything that can be read of one account's logs in one region: what its sites write, and what was put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Final

from core.reading import Scope
from demo.logs.block import OVERHEAD, PLACE, Row
from demo.logs.journal import Journal, Stream, streams
from demo.logs.moments import SLOT
from demo.signals import MINUTE
from demo.world import LogPlan

if TYPE_CHECKING:
    from demo.logs.filters import MetricFilter

DAY_MS: Final = 86_400_000
PUT_BYTES: Final = 64_000_000
"""Bytes of put events that are kept of a group at most; the oldest go first."""
PUT_NUMBERS: Final = 1 << 60
"""From here on are the numbers of put events."""


@dataclass(slots=True)
class Put:
    """The events of one group that were put by the API."""

    minutes: dict[int, list[Row]] = field(default_factory=dict)
    ingested: dict[int, int] = field(default_factory=dict)
    """Number -> milliseconds."""
    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Name -> first and last milliseconds."""
    stored: int = 0
    count: int = 0

    def add(self, stream: str, events: Iterable[tuple[int, str]], *, now_ms: int) -> None:
        """Keep (milliseconds, message) of a stream."""
        for ms, message in events:
            number = PUT_NUMBERS + self.count
            self.count += 1
            self.minutes.setdefault(ms // 60_000 * MINUTE, []).append((ms, number, stream, message))
            self.ingested[number] = now_ms
            self.stored += size_of(message)
            first, last = self.streams.get(stream, (ms, ms))
            self.streams[stream] = min(first, ms), max(last, ms)
        while self.stored > PUT_BYTES and len(self.minutes) > 1:
            self._drop(min(self.minutes))

    def forget(self, stream: str) -> None:
        """Drop the events of a stream that was deleted."""
        self.streams.pop(stream, None)
        for minute, rows in list(self.minutes.items()):
            self.minutes[minute] = [row for row in rows if row[2] != stream]

    def _drop(self, minute: int) -> None:
        for _, number, _, message in self.minutes.pop(minute):
            self.ingested.pop(number, None)
            self.stored -= size_of(message)


@dataclass(frozen=True, slots=True)
class LogGroup:
    """One group as it can be read now."""

    name: str
    label: str
    """Account and name, as Logs Insights calls the group."""
    created: int
    """Milliseconds; a site writes nothing before it."""
    since: int
    """Milliseconds; longer ago than it keeps there is nothing."""
    now: float
    """Epoch seconds."""
    put: Put
    hidden: Mapping[str, int]
    """Streams that were deleted, and when, milliseconds: what was in them before is gone."""
    journal: Journal | None = None
    plan: LogPlan | None = None

    def rows(self, minute: int) -> Sequence[Row]:
        """Give the lines of one minute, in order."""
        written: Sequence[Row] = ()
        if self.journal is not None and self.plan is not None:
            written = self.journal.block(self.plan, minute, now=self.now).rows
            if minute * 1000 < self.created:
                written = [row for row in written if row[0] >= self.created]
        put = self.put.minutes.get(minute)
        found = sorted([*written, *put], key=PLACE) if put else written
        if self.hidden:
            found = [row for row in found if row[0] >= self.hidden.get(row[2], 0)]
        return [row for row in found if row[0] >= self.since] if minute * 1000 < self.since else found

    def minutes(self, first_ms: int, last_ms: int, *, backward: bool = False) -> Iterator[int]:
        """Give the minutes with lines between two instants, both included."""
        low, high = max(first_ms, self.since) // 60_000 * MINUTE, last_ms // 60_000 * MINUTE
        begin, end = self.written_span()
        written = range(max(low, begin), min(high, end - MINUTE, int(self.now)) + 1, MINUTE)
        put = {minute for minute in list(self.put.minutes) if low <= minute <= high and minute not in written}
        if not put:
            yield from reversed(written) if backward else written
            return
        yield from sorted([*written, *put], reverse=backward)

    def written_span(self) -> tuple[int, int]:
        """Give the minutes between which a site writes the group, half open; empty where none does."""
        if self.journal is None or self.plan is None:
            return 0, 0
        first, last = self.journal.span(self.plan)
        return max(first, self.created // 60_000 * MINUTE), last

    def ingested(self, row: Row) -> int:
        """Give when an event came in, milliseconds: agents send every five seconds."""
        ms, number = row[0], row[1]
        return self.put.ingested.get(number) or (ms // (SLOT * 1000) + 1) * SLOT * 1000 + 400 + number % 900

    def streams(self) -> dict[str, Stream]:
        """Give the group's streams that have events, by name."""
        since = self.since // 1000
        found: dict[str, Stream] = {}
        if self.journal is not None and self.plan is not None:
            first = max(since, self.created // 1000)
            found = {s.name: s for s in streams(self.journal, self.plan, now=self.now) if s.last >= first}
        for name, (began, ended) in list(self.put.streams.items()):
            put = Stream(name, began // 1000, ended // 1000)
            seen = found.get(name, put)
            found[name] = Stream(name, min(put.first, seen.first), max(put.last, seen.last))
        return {name: each for name, each in found.items() if each.last * 1000 >= self.hidden.get(name, 0)}


class LogBook:
    """One scope's logs. Safe to share between threads."""

    def __init__(self) -> None:
        self.journals: list[Journal] = []
        self._put: dict[str, Put] = {}
        self._gone: dict[str, int] = {}
        self._filters: dict[str, dict[str, MetricFilter]] = {}
        self._hidden: dict[str, dict[str, int]] = {}
        self.tails = 0
        """Live Tail sessions that are open."""
        self._lock = RLock()

    def group(self, name: str, *, label: str, created: int, retention: int | None, now: float) -> LogGroup:
        """Give a group that exists, with what it keeps: `created` in milliseconds, `retention` in days."""
        kept = 0 if retention is None else int(now * 1000) - retention * DAY_MS
        journal, plan = self.writer(name)
        with self._lock:
            since = max(kept, self._gone.get(name, 0))
            put, hidden = self._put.setdefault(name, Put()), dict(self._hidden.get(name, {}))
            return LogGroup(name, label, created, since, now, put, hidden, journal, plan)

    def put(self, name: str, stream: str, events: Iterable[tuple[int, str]], *, now_ms: int) -> None:
        """Keep events that were put by the API."""
        with self._lock:
            self._put.setdefault(name, Put()).add(stream, events, now_ms=now_ms)

    def expire(self, name: str, before: int) -> None:
        """Forget what is older than `before` (milliseconds) for good: longer retention does not bring it back."""
        with self._lock:
            self._gone[name] = max(before, self._gone.get(name, 0))

    def forget(self, name: str) -> None:
        """Drop a group: what was put into it, and what makes metrics of it."""
        with self._lock:
            for kept in (self._put, self._filters, self._hidden, self._gone):
                kept.pop(name, None)

    def forget_stream(self, name: str, stream: str, *, now_ms: int) -> None:
        """Drop what is in one stream of a group; a site that goes on writing it begins it anew."""
        with self._lock:
            self._hidden.setdefault(name, {})[stream] = now_ms
            if name in self._put:
                self._put[name].forget(stream)

    # --- metric filters ---------------------------------------------------------------------------------------------

    def filters(self, name: str) -> list[MetricFilter]:
        """Give the metric filters of a group, by name."""
        with self._lock:
            return [each for _, each in sorted(self._filters.get(name, {}).items())]

    def filtered(self) -> dict[str, list[MetricFilter]]:
        """Give every group's metric filters."""
        with self._lock:
            return {name: list(each.values()) for name, each in self._filters.items() if each}

    def keep_filter(self, name: str, each: MetricFilter) -> None:
        """Add a metric filter to a group, or put it in place of the one of its name."""
        with self._lock:
            self._filters.setdefault(name, {})[each.name] = each

    def drop_filter(self, name: str, each: str) -> bool:
        """Drop a metric filter; says whether there was one."""
        with self._lock:
            return self._filters.get(name, {}).pop(each, None) is not None

    # --- writers ----------------------------------------------------------------------------------------------------

    def writer(self, name: str) -> tuple[Journal | None, LogPlan | None]:
        """Give the site that writes a group, and how; (None, None) where none does."""
        for journal in self.journals:
            plan = journal.plan(name)
            if plan is not None:
                return journal, plan
        return None, None


class LogBooks:
    """Every scope's logs, made when first asked for."""

    def __init__(self) -> None:
        self._books: dict[Scope, LogBook] = {}
        self._lock = RLock()

    def of(self, scope: Scope) -> LogBook:
        with self._lock:
            return self._books.setdefault(scope, LogBook())

    def all(self) -> list[tuple[Scope, LogBook]]:
        with self._lock:
            return list(self._books.items())

    def open(self, journal: Journal) -> None:
        """Take in a site that writes logs."""
        self.of(journal.site.scope).journals.append(journal)


def size_of(message: str) -> int:
    """Give the bytes that an event counts for."""
    return (len(message) if message.isascii() else len(message.encode("utf-8", "replace"))) + OVERHEAD
