"""Everything that is done with Logs Insights in one place: prices, runs and their results, fields, saved queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from cloud.clients import Clients
from cloud.metering import feature
from collectors.logs import fields, insights, queries
from collectors.logs.fields import LogField
from collectors.logs.groups import LogGroup
from collectors.logs.insights import InsightsQuery, ScanQuote
from collectors.logs.queries import SavedQuery
from collectors.logs.runs import Rows, Run, Runs
from collectors.logs.store import LogStore
from collectors.query import MetricQuery
from collectors.sharing import Sharing
from collectors.store import Store
from core.reading import Reading, Scope
from core.series import Series

T = TypeVar("T")

FEATURE = "insights"
"""What these calls are booked to in the ledger."""


class Reads(Protocol):
    """What a price is made of."""

    def log_groups(self, scope: Scope, *, now: datetime) -> Reading[tuple[LogGroup, ...]]: ...

    def metrics(self, queries: Sequence[MetricQuery], *, now: datetime) -> Reading[Mapping[MetricQuery, Series]]: ...


class Insights(Sharing):
    """Logs Insights. Safe to share between threads. Nothing raises for what AWS, the network or the store does."""

    def __init__(self, clients: Clients, store: Store, kept: LogStore, reads: Reads) -> None:
        super().__init__(clients, store)
        self._reads = reads
        self._runs = Runs(store, kept, clients)
        self._fields = fields.snapshots(store)
        self._saved = queries.snapshots(store)

    def quote(self, query: InsightsQuery, *, now: datetime) -> Reading[ScanQuote]:
        """Say what a query scans and costs, and whether the caps allow it; asking is free."""
        came = insights.incoming(query, now=now)
        with feature(FEATURE):
            groups = self._reads.log_groups(query.scope, now=now)
            found = self._reads.metrics(tuple(came.values()), now=now) if came else None
        value = found.value if found else {}
        series = {group: value[wanted] for group, wanted in came.items() if wanted in value}
        quoted = insights.quote(self.clients, query, groups.value, series, now=now)
        return Reading(quoted, now, (*groups.faults, *(found.faults if found else ())))

    def ask(self, quoted: ScanQuote, *, by: str, now: datetime) -> Reading[Run | None]:
        """Put a query into the queue whose price somebody has accepted."""
        scope = quoted.query.scope
        return self._done(
            scope, "logs:StartQuery", lambda: self._runs.ask(quoted.query, bought=quoted.most, by=by, now=now), now
        )

    def runs(self, scope: Scope, *, now: datetime) -> Reading[tuple[Run, ...]]:
        """Give the newest runs of a place, newest first, as they were when they were moved on last."""
        return self._calmly("runs of Logs Insights", scope, lambda: Reading(self._runs.newest(scope), now), (), now=now)

    def move_on(self, scope: Scope, *, now: datetime) -> Reading[int]:
        """Start what waits and look at what runs; gives how many runs are open now."""

        def moved() -> Reading[int]:
            with feature(FEATURE):
                return Reading(self._runs.move_on(scope, now=now), now)

        return self._calmly("moving on Logs Insights", scope, moved, 0, now=now)

    def rows(self, scope: Scope, run: str, *, now: datetime) -> Reading[Rows]:
        """Give what a run has found by now."""
        return self._calmly(f"results of {run}", scope, lambda: Reading(self._runs.rows(run), now), Rows(), now=now)

    def stop(self, scope: Scope, run: str, *, now: datetime) -> Reading[Run | None]:
        """Stop a run; what it has scanned by then is charged."""
        return self._done(scope, "logs:StopQuery", lambda: self._runs.stop(run, now=now), now)

    def fields(
        self, scope: Scope, group: str, *, around: datetime | None = None, now: datetime
    ) -> Reading[tuple[LogField, ...]]:
        """Give the fields of a group's lines, the most frequent first."""

        def read() -> Reading[tuple[LogField, ...]]:
            with self._lock(f"log fields {group}", scope):
                found = self._fields.younger(scope, fields.KEPT_FOR, now=now, key=group)
                if found is None:
                    with feature(FEATURE):
                        found = fields.read(self.clients, scope, group, around=around, now=now)
                    if found.complete:
                        self._fields.put(scope, found, key=group)
            return found

        return self._calmly(f"fields of {group}", scope, read, (), now=now)

    def saved(self, scope: Scope, *, now: datetime) -> Reading[tuple[SavedQuery, ...]]:
        """Give the account's saved queries by name."""
        return self._shared("saved queries", self._saved, scope, now, self._read_saved, (), fresh=queries.KEPT_FOR)

    def _read_saved(self, scope: Scope, now: datetime) -> Reading[tuple[SavedQuery, ...]]:
        with feature(FEATURE):
            return queries.read(self.clients, scope, now=now)

    def changed(self, scope: Scope, *, at: datetime) -> None:
        """Say that something was changed: what was read of saved queries before is not given any more."""
        self._changed[scope] = at

    def _done(self, scope: Scope, what: str, do: Callable[[], Run | None], now: datetime) -> Reading[Run | None]:
        def done() -> Reading[Run | None]:
            with feature(FEATURE):
                return Reading(do(), now)

        return self._calmly(what, scope, done, None, now=now)
