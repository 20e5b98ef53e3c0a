"""The commands of a query, one after the other, each a step that lines go through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from demo.insights.aggregations import Aggregation
from demo.insights.expressions import Evaluate
from demo.insights.record import Record
from demo.insights.values import Value, order, text, truth

Column = tuple[str, Evaluate]
"""A result's name, and what it is of a line."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Adds columns to what is shown."""

    columns: tuple[Column, ...]

    def pass_on(self, record: Record) -> bool:
        for name, value in self.columns:
            record.added[name] = value(record)
        return True


@dataclass(frozen=True, slots=True)
class Display(Fields):
    """Shows these columns, and no others."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Lets lines through of which the condition holds."""

    condition: Evaluate

    def pass_on(self, record: Record) -> bool:
        return truth(self.condition(record))


@dataclass(frozen=True, slots=True)
class Parse:
    """Takes fields out of a text; a line that does not fit stays as it is."""

    value: Evaluate
    names: tuple[str, ...]
    search: Callable[[str], Any]

    def pass_on(self, record: Record) -> bool:
        written = text(self.value(record))
        found = None if written is None else self.search(written.encode("utf-8", "replace").decode())
        if found is not None:
            record.added.update(zip(self.names, found.groups(), strict=True))
        return True


@dataclass(frozen=True, slots=True)
class Sort:
    """Puts lines in an order; True is descending. What has no value comes last."""

    keys: tuple[tuple[Evaluate, bool], ...]

    def run(self, records: Iterable[Record]) -> list[Record]:
        found = list(records)
        for value, descending in reversed(self.keys):
            there = [record for record in found if value(record) is not None]
            without = [record for record in found if value(record) is None]
            there.sort(key=lambda record: order(value(record)), reverse=descending)
            found = there + without
        return found


@dataclass(frozen=True, slots=True)
class Limit:
    """Lets the first lines through."""

    most: int

    def run(self, records: Iterable[Record]) -> list[Record]:
        return list(records)[: self.most]


@dataclass(frozen=True, slots=True)
class Dedup:
    """Lets the first line of each combination of values through."""

    values: tuple[Evaluate, ...]

    def run(self, records: Iterable[Record]) -> list[Record]:
        seen: set[tuple[str | None, ...]] = set()
        kept = []
        for record in records:
            key = tuple(text(value(record)) for value in self.values)
            if key not in seen:
                seen.add(key)
                kept.append(record)
        return kept


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts lines in groups; each group becomes one row."""

    counted: tuple[tuple[Callable[[], Aggregation], Evaluate], ...]
    columns: tuple[Column, ...]
    by: tuple[Column, ...]

    def begin(self) -> Groups:
        return Groups(self)

    def run(self, records: Iterable[Record]) -> list[Record]:
        groups = self.begin()
        for record in records:
            groups.add(record)
        return list(groups.rows())


@dataclass(slots=True)
class Groups:
    """The groups of one `stats`, as far as lines have come."""

    stats: Stats
    found: dict[tuple[Value, ...], list[Aggregation]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        key = tuple(value(record) for _, value in self.stats.by)
        counted = self.found.get(key)
        if counted is None:
            counted = self.found[key] = [make() for make, _ in self.stats.counted]
        at = record.get("@timestamp")
        for aggregation, (_, value) in zip(counted, self.stats.counted, strict=True):
            aggregation.add(value(record), at)

    def rows(self) -> Iterator[Record]:
        """Give a row for each group; where nothing is grouped there is one row, also without lines."""
        found = self.found
        if not found and not self.stats.by:
            found = {(): [make() for make, _ in self.stats.counted]}
        for key, counted in found.items():
            row = Record(dict(zip((name for name, _ in self.stats.by), key, strict=True)))
            row.slots = [aggregation.value() for aggregation in counted]
            row.added = {name: value(row) for name, value in self.stats.columns}
            yield row


Command = Fields | Filter | Parse | Sort | Limit | Dedup | Stats
