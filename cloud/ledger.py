"""The record of every call to AWS that any of our processes made: append-only, shared (`cloud.database`).

Money is kept in whole nanodollars so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cloud.caps import Caps, Limit
from cloud.database import Connection, Database, Place
from core.money import Money
from core.timespan import Timespan, from_epoch

NANO: Final = Decimal(1_000_000_000)
LEDGER: Final = "ledger"

MIGRATIONS: Final = (
    # The first files had no version, hence IF NOT EXISTS.
    """
    CREATE TABLE IF NOT EXISTS calls (/* rowid */
        at INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL,
        region TEXT NOT NULL, feature TEXT NOT NULL, calls INTEGER NOT NULL, units INTEGER NOT NULL,
        nanodollars INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS calls_at ON calls (at, account, service);
    CREATE INDEX IF NOT EXISTS calls_paid ON calls (at, nanodollars) WHERE nanodollars != 0;
    CREATE TABLE IF NOT EXISTS refusals (
        at INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL,
        region TEXT NOT NULL, feature TEXT NOT NULL, what TEXT NOT NULL, units INTEGER NOT NULL,
        nanodollars INTEGER NOT NULL, every INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS refusals_at ON refusals (at);
    CREATE TABLE IF NOT EXISTS viewing (
        at INTEGER NOT NULL, viewer TEXT NOT NULL, page TEXT NOT NULL, PRIMARY KEY (at, viewer, page)
    ) WITHOUT ROWID;
    """,
)
_INSERT: Final = (
    "INSERT INTO calls (at, service, operation, account, region, feature, calls, units, nanodollars)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)
_SUMS: Final = "CAST(SUM(calls) AS BIGINT), CAST(SUM(units) AS BIGINT), CAST(SUM(nanodollars) AS BIGINT)"
"""PostgreSQL's sums are of a wider type, which Python would read as decimals."""


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
    """The ledger. Safe to share between threads, and what it stands on between processes or machines.

    Each method raises `cloud.database.DatabaseDownError` where the ledger cannot be used now.
    """

    def __init__(self, place: Place | Path) -> None:
        self._database = Database(place, LEDGER, MIGRATIONS)

    def close(self) -> None:
        self._database.close()

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries in one transaction."""
        self.write(entries)

    def append_within(self, entry: Entry, *, caps: Caps) -> Limit | None:
        """Add a paid entry when the totals of its day and its month stay within `caps`.

        Gives the cap in the way, or None where the entry was added. One transaction decides and writes, so that
        processes and machines racing each other never pass a cap together.
        """
        with self._database.writing() as connection:
            full = (
                limit
                for limit in caps.limits(entry.at)
                if _spent(connection, limit.span) + entry.cost.amount > limit.cap.amount
            )
            in_the_way = next(full, None)
            if in_the_way is None:
                connection.execute(_INSERT, _row(entry))
        return in_the_way

    def spent(self, span: Timespan) -> Money:
        """Give what our own calls cost in `span`."""
        with self._database.reading() as connection:
            return Money(_spent(connection, span))

    def used(self, span: Timespan, *, account: str, service: str) -> int:
        """Count the requests of `service` in `span` that used up the account's allowance; the paid ones did not."""
        ((units,),) = self._rows(
            "SELECT COALESCE(SUM(units), 0) FROM calls"
            " WHERE at >= ? AND at < ? AND account = ? AND service = ? AND nanodollars = 0",
            *(*_edges(span), account, service),
        )
        return int(units)

    def totals(self, span: Timespan) -> tuple[Total, ...]:
        """Give calls, units and cost in `span`, by kind of call, place and feature, dearest and most frequent first."""
        rows = self._rows(
            f"SELECT service, operation, account, region, feature, {_SUMS} FROM calls"  # noqa: S608 - our own words
            " WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4, 5 ORDER BY 8 DESC, 6 DESC",
            *_edges(span),
        )
        return tuple(Total(*(*row[:7], _dollars(row[7]))) for row in rows)

    def hours_after(self, row: int, *, since: datetime) -> tuple[tuple[HourTotal, ...], int]:
        """Give the calls of each hour from `since` on that were added after `row`, and the row to go on from.

        Rows are never changed and come in the order of their numbers, so a reader who goes on from there has read
        each once; 0 begins at the beginning.
        """
        with self._database.reading() as connection:
            (last,) = connection.execute("SELECT COALESCE(MAX(rowid), 0) FROM calls").fetchone()
            rows = connection.execute(
                f"SELECT at / 3600, service, operation, account, region, feature, {_SUMS}"  # noqa: S608 - our own words
                " FROM calls WHERE rowid > ? AND rowid <= ? AND +at >= ? GROUP BY 1, 2, 3, 4, 5, 6",
                (row, last, int(since.timestamp())),
            ).fetchall()
        found = tuple(HourTotal(from_epoch(each[0] * 3600), Total(*(*each[1:8], _dollars(each[8])))) for each in rows)
        return found, int(last)

    def began(self) -> datetime | None:
        """Give the minute of the first call ever; None where there was none."""
        ((first,),) = self._rows("SELECT MIN(at) FROM calls")
        return None if first is None else from_epoch(first)

    def refusals(self, span: Timespan) -> tuple[tuple[Refusal, int], ...]:
        """Give what was refused in `span`, each thing once as it was refused last, and how often; newest first."""
        same = "service, operation, account, region, feature, what"
        rows = self._rows(
            f"SELECT at, {same}, units, nanodollars, every, times FROM ("  # noqa: S608 - our own words
            f"SELECT *, COUNT(*) OVER (PARTITION BY {same}) AS times,"
            f" ROW_NUMBER() OVER (PARTITION BY {same} ORDER BY at DESC) AS newness"
            " FROM refusals WHERE at >= ? AND at < ?) AS refused WHERE newness = 1 ORDER BY at DESC, what",
            *_edges(span),
        )
        return tuple(
            (Refusal(*(from_epoch(row[0]), *row[1:8], _dollars(row[8]), row[9])), int(row[10])) for row in rows
        )

    def viewer_minutes(self, span: Timespan) -> int:
        """Count the minutes in `span` in which a viewer had a page open, over all viewers."""
        ((minutes,),) = self._rows(
            "SELECT COUNT(*) FROM (SELECT DISTINCT at, viewer FROM viewing WHERE at >= ? AND at < ?) AS watched",
            *_edges(span),
        )
        return int(minutes)

    def write(
        self,
        entries: Iterable[Entry],
        refusals: Iterable[Refusal] = (),
        viewing: Iterable[tuple[datetime, str, str]] = (),
    ) -> None:
        """Add entries, what was refused, and which (minute, viewer, page) was watched, in one transaction."""
        called = [_row(entry) for entry in entries]
        refused = [
            (
                *(int(each.at.timestamp()), each.service, each.operation, each.account, each.region, each.feature),
                *(each.what, each.units, _nano(each.cost), each.every),
            )
            for each in refusals
        ]
        watched = [(int(at.timestamp()), viewer, page) for at, viewer, page in viewing]
        with self._database.writing() as connection:
            connection.executemany(_INSERT, called)
            connection.executemany("INSERT INTO refusals VALUES (?,?,?,?,?,?,?,?,?,?)", refused)
            connection.executemany("INSERT INTO viewing VALUES (?,?,?) ON CONFLICT DO NOTHING", watched)

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._database.reading() as connection:
            return connection.execute(statement, values).fetchall()


def _spent(connection: Connection, span: Timespan) -> Decimal:
    (nanodollars,) = connection.execute(
        "SELECT COALESCE(SUM(nanodollars), 0) FROM calls WHERE at >= ? AND at < ? AND nanodollars != 0", _edges(span)
    ).fetchone()
    return Decimal(nanodollars) / NANO


def _edges(span: Timespan) -> tuple[int, int]:
    return int(span.start.timestamp()), int(span.end.timestamp())


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
