"""Runs of Logs Insights queries: one queue for everybody, their results kept for as long as AWS keeps them.

A run waits while as many of ours run as we allow ourselves, or while AWS says that the account runs too many. Only one
process at a time moves the runs of a place on, so that nothing is started, and paid for, twice.
"""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from cloud.clients import Clients
from cloud.faults import EXPECTED, translate
from collectors.leases import Leases
from collectors.logs import insights
from collectors.logs.insights import InsightsQuery, Progress
from collectors.logs.store import LogStore
from collectors.store import Store
from core.reading import FaultKind, Scope

MOST_AT_ONCE: Final = 10
"""Our queries that run at the same time in a place. AWS allows 100 there, scheduled ones and other people's included.
Source: botocore's model of StartQuery."""
KEPT_FOR: Final = timedelta(days=7)
"""As long as AWS keeps results."""
SHOWN: Final = 50
MOST_OPEN: Final = 500
"""Runs among which those that are open are looked for."""
EVERY: Final = timedelta(seconds=1)
"""Least time between two looks at a query; ours."""


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"
    REFUSED = "refused"
    """The cap did not allow it."""


OPEN: Final = frozenset({RunState.WAITING, RunState.RUNNING})
_STATES: Final = {
    "Scheduled": RunState.RUNNING,
    "Running": RunState.RUNNING,
    "Unknown": RunState.RUNNING,
    "Complete": RunState.COMPLETE,
    "Failed": RunState.FAILED,
    "Cancelled": RunState.STOPPED,
    "Timeout": RunState.TIMED_OUT,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a query."""

    id: str
    query: InsightsQuery
    by: str
    """Who asked for it; foreign text."""
    asked_at: datetime
    bought: int
    """Bytes that it is bought at."""
    state: RunState = RunState.WAITING
    query_id: str = ""
    """AWS's name of it."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    scanned: int | None = None
    """Bytes that it has scanned by now; None before AWS says."""
    scanned_lines: int | None = None
    matched: int | None = None
    """Lines that matched by now."""
    rows: int = 0
    problem: str = ""
    """Why it failed; may hold foreign text."""
    place: tuple[int, int] | None = None
    """Where in the text the mistake is: first character and the one after the last."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query found."""

    fields: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    """Values in the order of `fields`; foreign text."""


_RUN: Final[TypeAdapter[Run]] = TypeAdapter(Run)


class Runs:
    """The runs of every place. Safe to share between threads, and the store between processes."""

    def __init__(self, shared: Store, kept: LogStore, clients: Clients) -> None:
        self._store = kept
        self._clients = clients
        self._leases = Leases(shared)
        self._looked: dict[str, datetime] = {}

    def ask(self, query: InsightsQuery, *, bought: int, by: str, now: datetime) -> Run:
        """Put a query into the queue, bought at so many bytes; it starts at once where it can."""
        run = self._put(Run(secrets.token_hex(8), query, by, now, bought))
        with self._leases.held({f"insights {query.scope}"}, self._leases.patient()) as mine:
            if mine:
                self._start_waiting(query.scope, now)
        return self.find(run.id) or run

    def find(self, run: str) -> Run | None:
        with self._store.reading() as connection:
            row = connection.execute("SELECT body FROM insights_runs WHERE id=?", (run,)).fetchone()
        return _RUN.validate_json(bytes(row[0])) if row else None

    def rows(self, run: str) -> Rows:
        """Give what a run has found by now."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT results FROM insights_runs WHERE id=?", (run,)).fetchone()
        if row is None or row[0] is None:
            return Rows()
        fields, rows = json.loads(zlib.decompress(bytes(row[0])))
        return Rows(tuple(fields), tuple(tuple(row) for row in rows))

    def newest(self, scope: Scope, *, most: int = SHOWN) -> tuple[Run, ...]:
        """Give the newest runs of a place, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM insights_runs WHERE account=? AND region=? ORDER BY asked_at DESC, id LIMIT ?",
                (scope.account, scope.region, most),
            ).fetchall()
        return tuple(_RUN.validate_json(bytes(row[0])) for row in rows)

    def stop(self, run: str, *, now: datetime) -> Run | None:
        """Stop a run; one that has not started costs nothing."""
        found = self.find(run)
        if found is None or not found.is_open:
            return found
        if found.query_id:
            try:
                insights.stop(self._clients, found.query.scope, found.query_id)
            except EXPECTED as error:
                return replace(found, problem=translate(error).sentence(found.query.scope, "logs:StopQuery"))
            self._looked.pop(run, None)
            return self._look(found, now)
        return self._put(replace(found, state=RunState.STOPPED, ended_at=now))

    def move_on(self, scope: Scope, *, now: datetime) -> int:
        """Start what waits, as far as there is room, and look at what runs; gives how many are open now."""
        if self._open(scope):
            with self._leases.held({f"insights {scope}"}, self._leases.patient()) as mine:
                if mine:  # else another one does it
                    self._start_waiting(scope, now)
                    ended = [run for run in self._running(scope) if not self._look(run, now).is_open]
                    if ended:
                        self._start_waiting(scope, now)
        return len(self._open(scope))

    def _open(self, scope: Scope) -> list[Run]:
        """Give the runs that have not ended, in the order in which they were asked for."""
        return [run for run in reversed(self.newest(scope, most=MOST_OPEN)) if run.is_open]

    def _running(self, scope: Scope) -> list[Run]:
        return [run for run in self._open(scope) if run.state is RunState.RUNNING]

    def _start_waiting(self, scope: Scope, now: datetime) -> None:
        room = MOST_AT_ONCE - len(self._running(scope))
        for run in [run for run in self._open(scope) if run.state is RunState.WAITING]:
            if room <= 0 or self._start(run, now).state is RunState.WAITING:
                return
            room -= 1

    def _start(self, run: Run, now: datetime) -> Run:
        scope = run.query.scope
        try:
            query_id = insights.start(self._clients, run.query, most=run.bought)
        except EXPECTED as error:
            wrong, said = insights.mistake(error), translate(error)
            if wrong is not None:
                return self._put(replace(run, state=RunState.FAILED, ended_at=now, problem=wrong[0], place=wrong[1]))
            if said.kind is FaultKind.THROTTLED:
                return run  # the account runs as many as it may
            state = RunState.REFUSED if said.kind is FaultKind.NOT_FREE else RunState.FAILED
            problem = said.sentence(scope, "logs:StartQuery")
            return self._put(replace(run, state=state, ended_at=now, problem=problem))
        self._looked[run.id] = now
        return self._put(replace(run, state=RunState.RUNNING, query_id=query_id, started_at=now))

    def _look(self, run: Run, now: datetime) -> Run:
        looked = self._looked.get(run.id)
        if looked is not None and timedelta(0) <= now - looked < EVERY:
            return run
        self._looked[run.id] = now
        try:
            found = insights.progress(self._clients, run.query.scope, run.query_id)
        except EXPECTED as error:
            said = translate(error)
            if said.retryable:
                return run
            problem = said.sentence(run.query.scope, "logs:GetQueryResults")
            return self._put(replace(run, state=RunState.FAILED, ended_at=now, problem=problem))
        return self._put(_after(run, found, now), found)

    def _put(self, run: Run, found: Progress | None = None) -> Run:
        """Keep a run, and what it found; runs that are older than AWS keeps theirs go."""
        results = zlib.compress(json.dumps([found.fields, found.rows]).encode()) if found else None
        scope = run.query.scope
        place = (run.id, scope.account, scope.region, _seconds(run.asked_at))
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO insights_runs VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET"
                " body=excluded.body, results=COALESCE(excluded.results, insights_runs.results)",
                (*place, _RUN.dump_json(run), results),
            )
            connection.execute("DELETE FROM insights_runs WHERE asked_at < ?", (_seconds(run.asked_at - KEPT_FOR),))
        return run


def _after(run: Run, found: Progress, now: datetime) -> Run:
    state = _STATES.get(found.status, RunState.RUNNING)
    problem = "AWS ended the query without a result." if state is RunState.FAILED else ""
    return replace(
        run,
        state=state,
        ended_at=None if state in OPEN else now,
        scanned=found.scanned,
        scanned_lines=found.scanned_lines,
        matched=found.matched,
        rows=len(found.rows),
        problem=problem,
    )


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
