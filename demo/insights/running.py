"""A query over groups of lines, slice by slice: what has been found so far can be asked for at any time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, repeat
from operator import itemgetter
from typing import Final

from demo.insights.commands import Command, Fields, Filter, Groups, Limit, Parse, Sort, Stats
from demo.insights.parsing import Query
from demo.insights.record import Record, stamp
from demo.insights.values import Value, text
from demo.logs.book import LogGroup, size_of
from demo.logs.events import event_id

TIMES: Final = frozenset({"@timestamp", "@ingestionTime"})
"""Milliseconds until they are shown."""
SPARE_ROWS: Final = 10_000
"""Rows kept above the limit before the least wanted are dropped."""


@dataclass(slots=True)
class Statistics:
    """What a query has looked at."""

    scanned: int = 0
    matched: int = 0
    size: int = 0
    """Bytes."""


class Run:
    """One execution: newest lines first, which is the order of results where a query asks for none."""

    def __init__(self, query: Query, groups: Sequence[LogGroup], *, first: int, last: int, limit: int) -> None:
        """Run over `first` to `last`, milliseconds, both included."""
        self._query = query
        self._groups = groups
        self._span = first, last
        self._limit = limit
        self._each, self._rest = _divided(query.commands)
        self._grouped: Groups | None = None
        if self._rest and isinstance(self._rest[0], Stats):
            self._grouped = self._rest[0].begin()
        self._kept: list[Record] = []
        plain = all(isinstance(command, Sort | Limit) for command in self._rest)
        self._wanted = limit if plain else limit + SPARE_ROWS
        """Rows that are enough: where some are dropped later, more."""
        self._minutes = self._walk()
        self.statistics = Statistics()
        self.finished = False

    def step(self, lines: int, minutes: int) -> None:
        """Look through about so many lines or minutes more."""
        target = self.statistics.scanned + lines
        for _ in range(minutes):
            found = next(self._minutes, None)
            if found is None:
                self.finished = True
                return
            self._look(*found)
            if self.statistics.scanned >= target:
                return

    def rows(self) -> list[list[dict[str, str]]]:
        """Give the results so far, as GetQueryResults has them."""
        records = self._kept if self._grouped is None else list(self._grouped.rows())
        for command in self._rest if self._grouped is None else self._rest[1:]:
            records = _applied(command, records)
        return [self._shown(record) for record in records[: self._limit]]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _walk(self) -> Iterator[tuple[int, list[LogGroup]]]:
        """Give each minute that has lines with the groups that have them, the newest first."""
        first, last = self._span
        streams = (
            zip(group.minutes(first, last, backward=True), repeat(number)) for number, group in enumerate(self._groups)
        )
        for minute, found in groupby(merge(*streams, reverse=True), key=itemgetter(0)):
            yield minute, [self._groups[number] for _, number in found]

    def _look(self, minute: int, groups: Sequence[LogGroup]) -> None:
        first, last = self._span
        found = [(row, group) for group in groups for row in group.rows(minute) if first <= row[0] <= last]
        if len(groups) > 1:
            found.sort(key=lambda pair: pair[0][:2])
        seen = self.statistics
        for row, group in reversed(found):
            ms, number, stream, message = row
            seen.scanned += 1
            seen.size += size_of(message)
            own: dict[str, Value] = {
                "@timestamp": ms,
                "@message": message,
                "@logStream": stream,
                "@log": group.label,
                "@ptr": number,
            }
            record = Record(own)
            if all(command.pass_on(record) for command in self._each):
                seen.matched += 1
                self._keep(record, group)

    def _keep(self, record: Record, group: LogGroup) -> None:
        if self._grouped is not None:
            self._grouped.add(record)
            return
        own = dict(record.own)
        ms, number = int(own["@timestamp"] or 0), int(own["@ptr"] or 0)
        record.own = {**own, "@ptr": f"{group.label}/{event_id(group.name, ms, number)}"}
        self._kept.append(record)
        if len(self._kept) >= self._wanted + SPARE_ROWS:
            sorts = self._rest[0] if self._rest and isinstance(self._rest[0], Sort) else None
            self._kept = (self._kept if sorts is None else sorts.run(self._kept))[: self._wanted]

    def _shown(self, record: Record) -> list[dict[str, str]]:
        names = self._query.shown if self._query.counted else (*self._query.shown, "@ptr")
        shown = []
        for name in names:
            value = record.get(name)
            if name in TIMES and isinstance(value, int):
                value = stamp(value)
            written = text(value)
            if written is not None:
                shown.append({"field": name, "value": written})
        return shown


def _divided(commands: Sequence[Command]) -> tuple[list[Fields | Filter | Parse], list[Command]]:
    """Divide the commands into those that see one line at a time, and the rest, from the first that needs all."""
    for place, command in enumerate(commands):
        if not isinstance(command, Fields | Filter | Parse):
            return [c for c in commands[:place] if isinstance(c, Fields | Filter | Parse)], list(commands[place:])
    return [c for c in commands if isinstance(c, Fields | Filter | Parse)], []


def _applied(command: Command, records: list[Record]) -> list[Record]:
    if isinstance(command, Fields | Filter | Parse):
        return [record for record in records if command.pass_on(record)]
    return command.run(records)


def default_limit(query: Query, asked: int | None) -> int:
    """Give how many rows come back: what the query says, else what the call says, else 10,000."""
    limits = [command.most for command in query.commands if isinstance(command, Limit)]
    return limits[-1] if limits else asked or 10_000
