"""The record of every call to AWS that any of our processes made: append-only, shared, SQLite.

Money is kept in whole nanodollars so that sums are exact.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cloud.caps import Caps, Limit
from core.money import Money
from core.timespan import Timespan, from_epoch

NANO: Final = Decimal(1_000_000_000)
_BUSY_SECONDS: Final = 10.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS calls (
    at INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    feature TEXT NOT NULL, calls INTEGER NOT NULL, units INTEGER NOT NULL, nanodollars INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_at ON calls (at, account, service);
CREATE INDEX IF NOT EXISTS calls_paid ON calls (at, nanodollars) WHERE nanodollars != 0;
CREATE TABLE IF NOT EXISTS refusals (
    at INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    feature TEXT NOT NULL, what TEXT NOT NULL, units INTEGER NOT NULL, nanodollars INTEGER NOT NULL,
    every INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS refusals_at ON refusals (at);
CREATE TABLE IF NOT EXISTS viewing (
    at INTEGER NOT NULL, viewer TEXT NOT NULL, page TEXT NOT NULL, PRIMARY KEY (at, viewer, page)
) WITHOUT ROWID;
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
    region: str
    feature: str
    calls: int
    units: int
    cost: Money


@dataclass(frozen=True, slots=True)
class Refusal:
    """A read that was not made because it costs money and the cap does not allow it."""

    at: datetime
    service: str
    operation: str
    account: str
    region: str
    feature: str
    what: str
    """What would have been read, such as `AWS/EC2 CPUUtilization: tm90`; may hold foreign text."""
    units: int
    """What AWS would have billed for one read, in the units of the operation's price."""
    cost: Money
    """Price of one read."""
    every: int = 0
    """Seconds between two such reads while somebody looks; 0 where it is read once when asked for."""


@dataclass(frozen=True, slots=True)
class HourTotal:
    """Calls of one kind in one hour."""

    at: datetime
    """When the hour begins."""
    total: Total


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

    def append_within(self, entry: Entry, *, caps: Caps) -> Limit | None:
        """Add a paid entry when the totals of its day and its month stay within `caps`.

        Gives the cap in the way, or None where the entry was added. One transaction decides and writes, so that
        processes racing each other never pass a cap together.
        """
        limits = caps.limits(entry.at)
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                full = (x for x in limits if self._spent(x.span) + entry.cost.amount > x.cap.amount)
                in_the_way = next(full, None)
                if in_the_way is None:
                    self._connection.execute("INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?)", _row(entry))
            finally:
                self._connection.execute("COMMIT")
        return in_the_way

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
        """Give calls, units and cost in `span`, by kind of call, place and feature, dearest and most frequent first."""
        rows = self._rows(
            "SELECT service, operation, account, region, feature, SUM(calls), SUM(units), SUM(nanodollars) FROM calls"
            " WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4, 5 ORDER BY 8 DESC, 6 DESC",
            span,
        )
        return tuple(Total(*(*row[:7], _dollars(row[7]))) for row in rows)

    def hours_after(self, row: int, *, since: datetime) -> tuple[tuple[HourTotal, ...], int]:
        """Give the calls of each hour from `since` on that were added after `row`, and the row to go on from.

        Rows are never changed, so a reader who goes on from there has read each once; 0 begins at the beginning.
        """
        with closing(self._reader()) as connection:
            (last,) = connection.execute("SELECT COALESCE(MAX(rowid), 0) FROM calls").fetchone()
            rows = connection.execute(
                "SELECT at / 3600, service, operation, account, region, feature, SUM(calls), SUM(units),"
                " SUM(nanodollars) FROM calls WHERE rowid > ? AND rowid <= ? AND +at >= ? GROUP BY 1, 2, 3, 4, 5, 6",
                (row, last, int(since.timestamp())),
            ).fetchall()
        found = tuple(HourTotal(from_epoch(each[0] * 3600), Total(*(*each[1:8], _dollars(each[8])))) for each in rows)
        return found, int(last)

    def began(self) -> datetime | None:
        """Give the minute of the first call ever; None where there was none."""
        with self._lock:
            (first,) = self._connection.execute("SELECT MIN(at) FROM calls").fetchone()
        return None if first is None else from_epoch(first)

    def refusals(self, span: Timespan) -> tuple[tuple[Refusal, int], ...]:
        """Give what was refused in `span`, each thing once as it was refused last, and how often; newest first."""
        rows = self._rows(
            "SELECT MAX(at), service, operation, account, region, feature, what, units, nanodollars, every, COUNT(*)"
            " FROM refusals WHERE at >= ? AND at < ? GROUP BY 2, 3, 4, 5, 6, 7 ORDER BY 1 DESC, 7",
            span,
        )
        return tuple(
            (Refusal(*(from_epoch(row[0]), *row[1:8], _dollars(row[8]), row[9])), int(row[10])) for row in rows
        )

    def viewer_minutes(self, span: Timespan) -> int:
        """Count the minutes in `span` in which a viewer had a page open, over all viewers."""
        ((minutes,),) = self._rows(
            "SELECT COUNT(*) FROM (SELECT DISTINCT at, viewer FROM viewing WHERE at >= ? AND at < ?)", span
        )
        return int(minutes)

    def note(self, refusals: Iterable[Refusal], viewing: Iterable[tuple[datetime, str, str]]) -> None:
        """Add what was refused, and which (minute, viewer, page) was watched, in one transaction."""
        refused = [
            (
                *(int(each.at.timestamp()), each.service, each.operation, each.account, each.region, each.feature),
                *(each.what, each.units, _nano(each.cost), each.every),
            )
            for each in refusals
        ]
        watched = [(int(at.timestamp()), viewer, page) for at, viewer, page in viewing]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO refusals VALUES (?,?,?,?,?,?,?,?,?,?)", refused)
            self._connection.executemany("INSERT OR IGNORE INTO viewing VALUES (?,?,?)", watched)
            self._connection.execute("COMMIT")

    def _rows(self, statement: str, span: Timespan) -> list[tuple[Any, ...]]:
        """Read on a connection of its own: a long read never keeps a call waiting that is to be booked."""
        with closing(self._reader()) as connection:
            return connection.execute(statement, (int(span.start.timestamp()), int(span.end.timestamp()))).fetchall()

    def _reader(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)

    def _spent(self, span: Timespan) -> Decimal:
        (nanodollars,) = self._connection.execute(
            "SELECT COALESCE(SUM(nanodollars), 0) FROM calls WHERE at >= ? AND at < ? AND nanodollars != 0",
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
        _nano(entry.cost),
    )


def _nano(cost: Money) -> int:
    return int((cost.amount * NANO).to_integral_value())


def _dollars(nanodollars: int) -> Money:
    return Money(Decimal(nanodollars) / NANO)


def read_totals(path: Path, span: Timespan) -> tuple[Total, ...]:
    """Give the totals of a ledger file once, such as for a report."""
    with closing(Ledger(path)) as ledger:
        return ledger.totals(span)
