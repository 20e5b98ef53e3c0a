"""One fetch for everybody: a reading is kept in the store, and whoever asks while it is fresh gets that one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from cloud.clients import Clients
from cloud.database import DatabaseDownError
from collectors.last_good import LastGood
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import FaultKind, Reading, Scope

T = TypeVar("T")

AFTER_FAILURE: Final = timedelta(seconds=5)
"""How long a failure answers for the endpoint before it is asked again."""
CHANGED_HERE: Final = frozenset(
    {"alarms", "alarm documents", "mute rules", "topics", "budgets", "saved queries", "log groups", "metric filters"}
)
"""Kinds of readings that grow old at once when somebody changes something through Watchkeeper."""


class Sharing:
    """Readings that are made once and shared; safe between threads, and by the store between processes."""

    def __init__(self, clients: Clients, store: Store) -> None:
        self.clients = clients
        self.store = store
        self._fresh = 2 * timedelta(seconds=clients.settings.poll_seconds)
        self._locks: dict[tuple[str, Scope], threading.Lock] = {}
        self._guard = threading.Lock()
        self._changed: dict[Scope, datetime] = {}
        self._failed: dict[tuple[str, Scope], tuple[datetime, Any]] = {}
        self._given: LastGood[Any] = LastGood()

    def _shared(
        self,
        kind: str,
        kept: Snapshots[T],
        scope: Scope,
        now: datetime,
        read: Callable[[Scope, datetime], Reading[T]],
        nothing: T,
        *,
        fresh: timedelta | None = None,
        patience: timedelta = AFTER_FAILURE,
    ) -> Reading[T]:
        def shared() -> Reading[T]:
            limit = fresh or self._fresh
            found = self._current(kind, scope, kept.younger(scope, limit, now=now))
            if found is not None:
                return found
            with self._lock(kind, scope):
                found = self._current(kind, scope, kept.younger(scope, limit, now=now))
                found = found or self._lately_failed(kind, scope, now, patience)
                if found is None:
                    found = self._renewed(kept, scope, read(scope, now))
                    if found.faults:
                        self._failed[kind, scope] = (now, found)
                return found

        return self._calmly(kind, scope, shared, nothing, now=now)

    def _calmly(
        self, what: str, scope: Scope, read: Callable[[], Reading[T]], nothing: T, *, now: datetime
    ) -> Reading[T]:
        """Give a reading; while the store is down the one given last, or `nothing`, and a fault that says so."""
        try:
            return self._given.keep((what, scope), read())
        except DatabaseDownError as error:
            last = self._given.get((what, scope))
            fault = error.to_fault(scope, f"reading {what}")
            return Reading(last.value, last.at, (fault,)) if last else Reading(nothing, now, (fault,))

    def _current(self, kind: str, scope: Scope, found: Reading[T] | None) -> Reading[T] | None:
        """Give a reading unless it is of what was changed since it was made."""
        changed = self._changed.get(scope) if kind in CHANGED_HERE else None
        return found if found is None or changed is None or found.at > changed else None

    def _renewed(self, kept: Snapshots[T], scope: Scope, reading: Reading[T]) -> Reading[T]:
        """Keep a reading. For one that failed as a whole give the last that did not, with its age."""
        if reading.value or not reading.faults:
            kept.put(scope, reading)
            return reading
        previous = kept.newest(scope)
        return Reading(previous.value, previous.at, reading.faults) if previous else reading

    def _lately_failed(self, kind: str, scope: Scope, now: datetime, patience: timedelta) -> Any:
        """Give the last failure while it is young: an endpoint that is down is not asked by every viewer.

        Long patience is for what lasts, such as a role that may not ask; what was out of reach may be there by now.
        """
        if (kind, scope) not in self._failed:
            return None
        at, reading = self._failed[kind, scope]
        passes = any(fault.kind is FaultKind.UNREACHABLE for fault in reading.faults)
        return reading if now - at < (AFTER_FAILURE if passes else patience) else None

    def _lock(self, kind: str, scope: Scope) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault((kind, scope), threading.Lock())
