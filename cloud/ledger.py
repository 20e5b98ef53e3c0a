"""The record of every call to AWS that any of our processes made: append-only, shared, SQLite.

Money is kept in whole nanodollars so that sums are exact.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from core.money import Money
from core.timespan import Timespan

NANO: Final = Decimal(1_000_000_000)
_BUSY_SECONDS: Final = 10.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS calls (
    at INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    feature TEXT NOT NULL, calls INTEGER NOT NULL, units INTEGER NOT NULL, nanodollars INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_at ON calls (at, account, service);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Calls of one kind in one minute."""

    at: datetime
    service: str
    operation: str
    account: str
    region: str
    feature: str
    calls: int
    units: int
    cost: Money


@dataclass(frozen=True, slots=True)
class Total:
    """Calls of one kind over a span."""

    service: str
    operation: str
    account: str
    feature: str
    calls: int
    units: int
    cost: Money


def month_of(at: datetime) -> Timespan:
    """Give the calendar month, in UTC as AWS bills, that `at` lies in."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return Timespan(start, end)


class Ledger:
    """The ledger file. Safe to share between threads, and the file between processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries in one transaction."""
        rows = [_row(entry) for entry in entries]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?)", rows)
            self._connection.execute("COMMIT")

    def append_within(self, entry: Entry, *, cap: Money) -> bool:
        """Add a paid entry when the month's total stays within `cap`; say whether it was added.

        One transaction decides and writes, so that processes racing each other never pass the cap together.
        """
        month = month_of(entry.at)
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                allowed = self._spent(month) + entry.cost.amount <= cap.amount
                if allowed:
                    self._connection.execute("INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?)", _row(entry))
            finally:
                self._connection.execute("COMMIT")
        return allowed

    def spent(self, span: Timespan) -> Money:
        """Give what our own calls cost in `span`."""
        with self._lock:
            return Money(self._spent(span))

    def used(self, span: Timespan, *, account: str, service: str) -> int:
        """Count the requests of `service` in `span` that used up the account's allowance; the paid ones did not."""
        with self._lock:
            (units,) = self._connection.execute(
                "SELECT COALESCE(SUM(units), 0) FROM calls"
                " WHERE at >= ? AND at < ? AND account = ? AND service = ? AND nanodollars = 0",
                (int(span.start.timestamp()), int(span.end.timestamp()), account, service),
            ).fetchone()
        return int(units)

    def totals(self, span: Timespan) -> tuple[Total, ...]:
        """Give calls, units and cost in `span`, by kind of call and feature, dearest and most frequent first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT service, operation, account, feature, SUM(calls), SUM(units), SUM(nanodollars) FROM calls"
                " WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4 ORDER BY 7 DESC, 5 DESC",
                (int(span.start.timestamp()), int(span.end.timestamp())),
            ).fetchall()
        return tuple(
            Total(service, operation, account, feature, calls, units, Money(Decimal(nanodollars) / NANO))
            for service, operation, account, feature, calls, units, nanodollars in rows
        )

    def _spent(self, span: Timespan) -> Decimal:
        (nanodollars,) = self._connection.execute(
            "SELECT COALESCE(SUM(nanodollars), 0) FROM calls WHERE at >= ? AND at < ?",
            (int(span.start.timestamp()), int(span.end.timestamp())),
        ).fetchone()
        return Decimal(nanodollars) / NANO


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        int(entry.at.timestamp()),
        entry.service,
        entry.operation,
        entry.account,
        entry.region,
        entry.feature,
        entry.calls,
        entry.units,
        int((entry.cost.amount * NANO).to_integral_value()),
    )


def read_totals(path: Path, span: Timespan) -> tuple[Total, ...]:
    """Give the totals of a ledger file once, such as for a report."""
    with closing(Ledger(path)) as ledger:
        return ledger.totals(span)
