"""What was counted and does not stand in the ledger yet. Kept while the ledger cannot be written, within bounds.

No call is ever forgotten: when there is too much, the minutes of free calls become hours, then days.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cloud.ledger import Entry, Refusal
from core.money import ZERO

MOST_KINDS: Final = 5_000
"""Kinds of free calls in a minute each; some hours of a wall's."""
MOST_NOTES: Final = 5_000
"""Refusals, and minutes watched; beyond that the oldest refusals and the new minutes go."""

Key = tuple[datetime, str, str, str, str, str]
"""Minute, service, operation, account, region, feature."""
Watched = tuple[datetime, str, str]


@dataclass(slots=True)
class Batch:
    """What is to be written together."""

    calls: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Free calls and their units."""
    settled: list[Entry] = field(default_factory=list)
    """What paid calls turned out to cost more or less than was written."""
    refusals: list[Refusal] = field(default_factory=list)
    viewing: set[Watched] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.calls or self.settled or self.refusals or self.viewing)

    def entries(self) -> Iterator[Entry]:
        yield from self.settled
        for key, (calls, units) in self.calls.items():
            yield Entry(*key, calls=calls, units=units, cost=ZERO)


class Pending:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batch = Batch()

    @property
    def calls(self) -> int:
        """How many free calls wait."""
        with self._lock:
            return sum(calls for calls, _ in self._batch.calls.values())

    @property
    def owes(self) -> bool:
        """Whether money waits to be written."""
        with self._lock:
            return bool(self._batch.settled)

    def count(self, key: Key, units: int) -> None:
        with self._lock:
            calls, before = self._batch.calls.get(key, (0, 0))
            self._batch.calls[key] = calls + 1, before + units

    def settle(self, entry: Entry) -> None:
        with self._lock:
            self._batch.settled.append(entry)

    def refuse(self, refusal: Refusal) -> None:
        with self._lock:
            self._batch.refusals.append(refusal)

    def watch(self, watched: Watched) -> None:
        with self._lock:
            if len(self._batch.viewing) < MOST_NOTES:
                self._batch.viewing.add(watched)

    def take(self) -> Batch:
        """Give all that waits; it waits no longer."""
        with self._lock:
            batch, self._batch = self._batch, Batch()
            return batch

    def put_back(self, batch: Batch) -> None:
        """Keep what could not be written, within the bounds."""
        with self._lock:
            younger = self._batch
            self._batch = Batch(
                _within_bounds([batch.calls, younger.calls]),
                [*batch.settled, *younger.settled],
                [*batch.refusals, *younger.refusals][-MOST_NOTES:],
                batch.viewing | younger.viewing,
            )


def _as_it_is(at: datetime) -> datetime:
    return at


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0)


def _day_of(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0)


def _within_bounds(parts: list[dict[Key, tuple[int, int]]]) -> dict[Key, tuple[int, int]]:
    """Add up calls by minute; by hour or by day where the finer would be too many."""
    for coarser in (_as_it_is, _hour_of, _day_of):
        sums: dict[Key, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for part in parts:
            for key, (calls, units) in part.items():
                kept = (coarser(key[0]), *key[1:])
                sums[kept] = sums[kept][0] + calls, sums[kept][1] + units
        if len(sums) <= MOST_KINDS:
            break
    return dict(sums)
