"""Costs by day in the store, as AWS first gave them and as they are now; kept as long as history is, beyond AWS's own.

Amounts are kept as the exact text of a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.database import Connection
from collectors.store import Store
from core.money import Money
from core.timespan import from_epoch

CHARGE: Final = "Charge"
"""The record of everything that is neither credit nor refund: usage, tax, support, subscriptions."""
CREDIT: Final = "Credit"
"""AWS's record type of credits."""
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SpendLine:
    """What one usage type of one service cost on one day."""

    day: date
    """In UTC, as AWS bills."""
    service: str
    """As Cost Explorer names it: `AmazonCloudWatch`."""
    usage_type: str
    """As on the bill, with the region's letters: `EU-CW:Requests`; of credits and refunds empty."""
    record: str
    """`Charge`, or AWS's record type of what is given back: `Credit`, `Refund`."""
    cost: Money
    """As it was read last. Credits and refunds are negative."""
    quantity: Decimal
    unit: str
    final: bool
    """AWS says that it will not change any more."""
    read_at: datetime
    first: Money
    """As it was read first."""
    first_at: datetime

    @property
    def given_back(self) -> bool:
        """Whether it is a credit or a refund."""
        return self.record != CHARGE


class SpendLines:
    """The costs of each account in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def within(self, account: str, start: date, end: date) -> tuple[SpendLine, ...]:
        """Give the lines of the days from `start` up to and without `end`, by day."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT day, service, usage_type, record, currency, amount, quantity, unit, final, read_at,"
                " first_amount, first_at FROM spend WHERE account=? AND day >= ? AND day < ?"
                " ORDER BY day, service, usage_type, record, currency",
                (account, _number(start), _number(end)),
            ).fetchall()
        return tuple(_line(row) for row in rows)

    def open_since(self, account: str) -> date | None:
        """Give the first day that is held and not final, or the day after the last one; None where nothing is held."""
        with self._store.reading() as connection:
            first, last = connection.execute(
                "SELECT MIN(CASE WHEN final=0 THEN day END), MAX(day) FROM spend WHERE account=?", (account,)
            ).fetchone()
        if last is None:
            return None
        return _day(int(last) + 1 if first is None else int(first))

    def put(
        self, account: str, lines: Iterable[SpendLine], *, days: tuple[date, date], given_back: bool, read_at: datetime
    ) -> None:
        """Keep what was read of `days` (first, and one past the last): the charges, or what was given back.

        A line of these that AWS gives no longer is nothing from now on; what it was first stays known.
        """
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT INTO spend VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (account, day, service, usage_type, record, currency) DO UPDATE SET"
                " amount=excluded.amount, quantity=excluded.quantity, unit=excluded.unit, final=excluded.final,"
                " read_at=excluded.read_at WHERE excluded.read_at >= spend.read_at",
                [_row(account, line) for line in lines],
            )
            connection.execute(
                "UPDATE spend SET amount='0', quantity='0', read_at=? WHERE account=? AND day >= ? AND day < ?"
                " AND (CASE WHEN record=? THEN 0 ELSE 1 END)=? AND read_at < ?",
                (_second(read_at), account, *map(_number, days), CHARGE, int(given_back), _second(read_at)),
            )


def forget(connection: Connection, before: datetime) -> None:
    """Drop the days before an instant."""
    connection.execute("DELETE FROM spend WHERE day < ?", (_number(before.date()),))


def _row(account: str, line: SpendLine) -> tuple[object, ...]:
    return (
        *(account, _number(line.day), line.service, line.usage_type, line.record, line.cost.currency),
        *(f"{line.cost.amount:f}", f"{line.quantity:f}", line.unit, int(line.final), _second(line.read_at)),
        *(f"{line.first.amount:f}", _second(line.first_at)),
    )


def _line(row: tuple[int, str, str, str, str, str, str, str, int, int, str, int]) -> SpendLine:
    day, service, usage_type, record, currency, amount, quantity, unit, final, read_at, first, first_at = row
    return SpendLine(
        _day(day),
        service,
        usage_type,
        record,
        Money(Decimal(amount), currency),
        Decimal(quantity),
        unit,
        bool(final),
        from_epoch(read_at),
        Money(Decimal(first), currency),
        from_epoch(first_at),
    )


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
