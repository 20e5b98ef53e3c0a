"""The newest reading of each kind in each scope, shared by all processes: one fetch serves every viewer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from collectors.store import Store
from core.reading import Reading, Scope

T = TypeVar("T")

_NONE_READ: Final = -1
"""No document's version."""


class Snapshots(Generic[T]):
    """Readings of one kind in the store. `shape` is their type, such as `Reading[tuple[Activity, ...]]`."""

    def __init__(self, store: Store, kind: str, shape: Any) -> None:
        self._store = store
        self._kind = kind
        self._adapter: TypeAdapter[Reading[T]] = _adapter(shape)
        self._read: dict[tuple[Scope, str], tuple[int, Reading[T]]] = {}
        """What was read last, by its version: the same text is not parsed again."""

    def put(self, scope: Scope, reading: Reading[T], *, key: str = "", kept_for: timedelta | None = None) -> None:
        """Keep `reading` as the newest one; of all keys, forget what is older than it by more than `kept_for`."""
        self.put_all(scope, {key: reading})
        if kept_for is not None:
            self._forget(scope, reading.at - kept_for)

    def put_all(self, scope: Scope, readings: Mapping[str, Reading[T]]) -> None:
        """Keep readings by key, in one transaction; an older one never replaces a newer."""
        rows = [
            (
                self._kind,
                scope.account,
                scope.region,
                key,
                int(reading.at.timestamp()),
                self._adapter.dump_json(reading),
                secrets.randbits(62),
            )
            for key, reading in readings.items()
        ]
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT INTO documents VALUES (?,?,?,?,?,?,?) ON CONFLICT (kind, account, region, key) DO UPDATE"
                " SET at=excluded.at, body=excluded.body, version=excluded.version WHERE excluded.at >= documents.at",
                rows,
            )

    def _forget(self, scope: Scope, before: datetime) -> None:
        with self._store.writing() as connection:
            connection.execute(
                "DELETE FROM documents WHERE kind=? AND account=? AND region=? AND at < ?",
                (self._kind, scope.account, scope.region, int(before.timestamp())),
            )

    def every(self, scope: Scope, *, newest: int) -> list[Reading[T]]:
        """Give the `newest` readings of all keys, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM documents WHERE kind=? AND account=? AND region=? ORDER BY at DESC, key LIMIT ?",
                (self._kind, scope.account, scope.region, newest),
            ).fetchall()
        return [self._adapter.validate_json(row[0]) for row in rows]

    def newest(self, scope: Scope, *, key: str = "") -> Reading[T] | None:
        """Give the newest reading, however old, or None where there was none yet. Treat it as read-only."""
        known, reading = self._read.get((scope, key), (_NONE_READ, None))
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT version, CASE WHEN version=? THEN NULL ELSE body END FROM documents"
                " WHERE kind=? AND account=? AND region=? AND key=?",
                (known, self._kind, scope.account, scope.region, key),
            ).fetchone()
        if row is None or row[1] is None:
            return reading if row else None
        found = self._adapter.validate_json(row[1])
        self._read[scope, key] = (row[0], found)
        return found

    def younger(self, scope: Scope, than: timedelta, *, now: datetime, key: str = "") -> Reading[T] | None:
        """Give the newest reading if it was made less than `than` ago."""
        found = self.newest(scope, key=key)
        return found if found is not None and now - found.at < than else None


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
