"""The queries of one account in one region: started, running, complete, stopped, and those that were saved.

A query takes time by the demo cloud's clock; asking for it makes it go on too, so that it ends under a clock that
stands. What it finds is found for real, a slice at a time.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Final

from core.reading import Scope
from demo.insights.parsing import Query
from demo.insights.running import Run, Statistics
from demo.noise import key

AT_ONCE: Final = 30
"""Queries that may run at a time."""
SCHEDULED_SECONDS: Final = 0.3
SECONDS: Final = 1.0
"""What a query takes at least."""
ASKED_SECONDS: Final = 0.4
"""What one look at a query counts for."""
TIMEOUT_SECONDS: Final = 3600.0
SLICE_LINES: Final = 60_000
SLICE_MINUTES: Final = 500
KEPT: Final = 100
"""Queries whose results are kept."""
ENDED: Final = frozenset({"Complete", "Cancelled", "Timeout"})


@dataclass(slots=True)
class Started:
    """One query, from its start on."""

    id: str
    query: Query
    groups: tuple[str, ...]
    at: float
    """Epoch seconds."""
    run: Run | None
    """None once it has ended."""
    ended: str = ""
    """The status in which it ended."""
    took: float = 0.0
    """Seconds."""
    looks: int = 0
    billed: int = 0
    """Bytes scanned that are on the bill already."""
    lock: RLock = field(default_factory=RLock)
    """Whoever looks holds it; never while holding another, because looking waits for the world's."""
    rows: list[list[dict[str, str]]] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)

    def age(self, now: float) -> float:
        return now - self.at + self.looks * ASKED_SECONDS

    def status(self, now: float) -> str:
        if self.ended:
            return self.ended
        return "Scheduled" if self.age(now) < SCHEDULED_SECONDS else "Running"

    def occupies(self, now: float) -> bool:
        """Whether it counts against how many may run: one that nobody asks for ends by itself."""
        return not self.ended and self.age(now) < max(SECONDS, 60.0)

    def go_on(self, now: float) -> None:
        """Look at it: scan a slice more, and end where all is scanned and its time has come."""
        if self.run is None:
            return
        self.looks += 1
        if self.age(now) < SCHEDULED_SECONDS:
            return
        self.run.step(SLICE_LINES, SLICE_MINUTES)
        self.statistics = self.run.statistics
        if self.run.finished and self.age(now) >= SECONDS:
            self.end("Complete", now)
        elif self.age(now) > TIMEOUT_SECONDS:
            self.end("Timeout", now)

    def end(self, status: str, now: float) -> None:
        """Keep what was found, and forget how to go on."""
        if self.run is not None:
            self.rows = self.run.rows()
        self.ended, self.took, self.run = status, self.age(now), None

    def found(self) -> list[list[dict[str, str]]]:
        return self.rows if self.run is None else self.run.rows()


class Queries:
    """One scope's queries. Safe to share between threads."""

    def __init__(self) -> None:
        self._started: OrderedDict[str, Started] = OrderedDict()
        self.definitions: dict[str, dict[str, Any]] = {}
        self.lock = RLock()
        self._count = 0

    def running(self, now: float) -> int:
        with self.lock:
            return sum(started.occupies(now) for started in self._started.values())

    def start(self, query: Query, groups: Sequence[str], run: Run, *, scope: Scope, now: float) -> Started:
        with self.lock:
            self._count += 1
            identity = self.identity(scope, "query", self._count)
            started = Started(identity, query, tuple(groups), now, run)
            self._started[identity] = started
            while len(self._started) > KEPT:
                self._started.popitem(last=False)
            return started

    def get(self, identity: str) -> Started | None:
        with self.lock:
            return self._started.get(identity)

    def all(self) -> list[Started]:
        """Give every query that is kept, the newest first."""
        with self.lock:
            return list(reversed(self._started.values()))

    @staticmethod
    def identity(scope: Scope, *words: object) -> str:
        """Give an id that follows from what it is of."""
        return str(uuid.UUID(int=key(scope, *words) << 64 | key(scope, "low", *words), version=4))


class EveryQuery:
    """Every scope's queries, made when first asked for."""

    def __init__(self) -> None:
        self._queries: dict[Scope, Queries] = {}
        self._lock = RLock()

    def of(self, scope: Scope) -> Queries:
        with self._lock:
            return self._queries.setdefault(scope, Queries())
