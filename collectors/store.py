"""The file that collectors share: SQLite in WAL mode, one writer at a time, readers never wait.

The schema's version is in the file; `MIGRATIONS` brings an older file up to date, step by step.
"""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

STORE_FILE: Final = "history.sqlite3"
_BUSY_SECONDS: Final = 15.0

MIGRATIONS: Final = (
    """
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL, region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        dimensions TEXT NOT NULL, statistic TEXT NOT NULL, period INTEGER NOT NULL,
        unit TEXT, asked_at INTEGER NOT NULL DEFAULT 0, asked_to INTEGER NOT NULL DEFAULT 0,
        UNIQUE (account, region, namespace, name, dimensions, statistic, period)
    );
    CREATE TABLE chunks (
        series INTEGER NOT NULL REFERENCES series (id), chunk INTEGER NOT NULL,
        slots BLOB NOT NULL, settled INTEGER NOT NULL,
        PRIMARY KEY (series, chunk)
    ) WITHOUT ROWID;
    CREATE TABLE transitions (
        kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, thing TEXT NOT NULL,
        at INTEGER NOT NULL, state TEXT NOT NULL, seen INTEGER NOT NULL, detail TEXT NOT NULL,
        PRIMARY KEY (kind, account, region, thing, at)
    ) WITHOUT ROWID;
    CREATE TABLE documents (
        kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, key TEXT NOT NULL,
        at INTEGER NOT NULL, body BLOB NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (kind, account, region, key)
    ) WITHOUT ROWID;
    CREATE INDEX documents_at ON documents (kind, account, region, at);
    """,
    """
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX leases_holder ON leases (holder);
    """,
    """
    CREATE TABLE revisions (
        series INTEGER NOT NULL REFERENCES series (id), slot INTEGER NOT NULL,
        until INTEGER NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (series, slot, until)
    ) WITHOUT ROWID;
    """,
)


class Store:
    """The shared file. Safe to share between threads, and the file between processes."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._path = data_dir / STORE_FILE
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        with self.writing() as connection:
            _migrate(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one consistent state of the file."""
        connection = self._borrow()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction: all that is written is kept, or, when this raises, nothing."""
        connection = self._borrow()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._idle.put(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number:d}")
