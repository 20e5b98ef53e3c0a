"""What collectors share: a SQLite file, or a schema of a PostgreSQL database (`cloud.database`).

`MIGRATIONS`, written in SQLite's words for both, brings older tables up to date, step by step; one that is out is
never changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cloud.database import Database, Place

STORE: Final = "history"

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
    """
    CREATE TABLE spend (
        account TEXT NOT NULL, day INTEGER NOT NULL, service TEXT NOT NULL, usage_type TEXT NOT NULL,
        record TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL, quantity TEXT NOT NULL,
        unit TEXT NOT NULL, final INTEGER NOT NULL, read_at INTEGER NOT NULL,
        first_amount TEXT NOT NULL, first_at INTEGER NOT NULL,
        PRIMARY KEY (account, day, service, usage_type, record, currency)
    );
    """,
)


class Store(Database):
    """The shared store. Safe to share between threads, and what it stands on between processes or machines."""

    def __init__(self, place: Place | Path) -> None:
        super().__init__(place, STORE, MIGRATIONS)
