"""Our own count beside AWS's bill: what of each usage type was ours, what was not, what the bill lacks still. Pure.

A bill lags by up to a day and may change for another, so days are compared in three parts: settled, not final, and not
on the bill yet. Only the settled ones say anything about who is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cloud.ledger import HourTotal
from cloud.pricing import GIGABYTE
from core.money import ZERO, Money

SETTLES_AFTER: Final = timedelta(hours=48)
"""After a day has ended its lines are taken as settled, also where AWS calls them estimated until the month is closed:
Cost Explorer adds usage within 24 hours, and we wait twice as long.
https://docs.aws.amazon.com/cost-management/latest/userguide/ce-what-is.html"""

WATCHING: Final = frozenset({"AmazonCloudWatch", "AWS Cost Explorer"})
"""Services on whose lines watching shows, as Cost Explorer names them."""

_REGION: Final = re.compile(r"^(?:[A-Z]{2}|[A-Z]{2,3}[A-Z0-9]\d)-(?=[A-Z])")
"""The region's letters before a usage type: `EU-`, `USE1-`, `APN1-`, `UGW1-`; us-east-1 often has none.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html"""

_BY_OPERATION: Final[Mapping[tuple[str, str], tuple[str, Decimal]]] = {
    ("cloudwatch", "GetMetricData"): ("CW:GMD-Metrics", Decimal(1)),
    ("cloudwatch", "GetMetricWidgetImage"): ("CW:GMWI-Metrics", Decimal(1)),
    ("cloudwatch", "GetInsightRuleReport"): ("CW:GIRR-Metrics", Decimal(1)),
    ("logs", "StartQuery"): ("DataScanned-Bytes", 1 / Decimal(GIGABYTE)),
}
"""Usage types that one operation causes, and how many of the bill's units one of ours is.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html"""
_BY_SERVICE: Final[Mapping[str, tuple[str, Decimal]]] = {
    "cloudwatch": ("CW:Requests", Decimal(1)),
    "ce": ("APIRequest", Decimal(1)),
}


def usage_type(service: str, operation: str) -> str | None:
    """Give the usage type under which AWS bills an operation, without region; None where it bills nothing for it."""
    found = _billed_as(service, operation)
    return found[0] if found else None


def without_region(on_bill: str) -> str:
    """Give a usage type without the region's letters.

    >>> without_region("EU-CW:Requests"), without_region("USE1-APIRequest"), without_region("CW:GMD-Metrics")
    ('CW:Requests', 'APIRequest', 'CW:GMD-Metrics')
    """
    return _REGION.sub("", on_bill)


@dataclass(frozen=True, slots=True)
class BillLine:
    """One usage type of one account on one day, as AWS bills it; credits and refunds are no such lines."""

    day: date
    account: str
    service: str
    """As Cost Explorer names it."""
    usage_type: str
    """As on the bill, with the region's letters."""
    quantity: Decimal
    unit: str
    cost: Money
    final: bool
    """AWS says that it will not change."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Units of a usage type, and what they cost."""

    units: Decimal = Decimal(0)
    cost: Money = ZERO

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.units + other.units, self.cost + other.cost)

    def __bool__(self) -> bool:
        return bool(self.units or self.cost.amount)


NOTHING: Final = Amount()


class Standing(StrEnum):
    """How our count and the bill stand to each other."""

    PARTLY_OURS = "partly ours"
    """The bill has what we counted, and more."""
    ALL_OURS = "all ours"
    NOT_OURS = "not ours"
    """Others in the account; we called nothing of it."""
    BILL_LACKS = "the bill has less"
    """On settled days the bill has less than we counted: a count of ours is wrong, or AWS did not bill all of it."""
    AWAITED = "not settled yet"


@dataclass(frozen=True, slots=True)
class Item:
    """One usage type in one account, ours beside the bill's."""

    account: str
    usage_type: str
    """Without the region's letters: all regions together."""
    unit: str
    """As the bill names it; empty where the bill has no line."""
    ours: Amount
    """On settled days, as are `bill`'s."""
    bill: Amount
    ours_open: Amount
    """On days that the bill shows and may still change, as are `bill_open`'s."""
    bill_open: Amount
    unseen: Amount
    """Ours since the last day on the bill."""

    @property
    def share(self) -> Decimal | None:
        """Our part of the bill's units on settled days, 0 to 1; None where the bill has none."""
        return min(Decimal(1), self.ours.units / self.bill.units) if self.bill.units > 0 else None

    @property
    def standing(self) -> Standing:
        if not self.ours and not self.bill:
            return Standing.NOT_OURS if self.bill_open and not (self.ours_open or self.unseen) else Standing.AWAITED
        if self.ours.units > self.bill.units:
            return Standing.BILL_LACKS
        if not self.ours:
            return Standing.NOT_OURS
        return Standing.ALL_OURS if self.ours.units == self.bill.units else Standing.PARTLY_OURS


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Our count beside the bill, over the days from `start` on."""

    start: date
    items: tuple[Item, ...]
    """Dearest on the bill first."""
    settled_until: Mapping[str, date]
    """By account: the first day that is not settled."""
    billed_until: Mapping[str, date]
    """By account: the first day that the bill does not show."""


def reconcile(
    hours: Iterable[HourTotal], bill: Sequence[BillLine], *, start: date, read_at: Mapping[str, datetime]
) -> Reconciliation:
    """Compare what we counted with the bill, from `start` on. `read_at` says, by account, when its bill was read.

    An account whose bill was not read is not compared.
    """
    lines = [line for line in bill if line.account in read_at and line.day >= start]
    billed = {account: _billed_until(lines, account, start) for account in read_at}
    settled = {account: _settled_until(lines, account, start, billed[account], read_at[account]) for account in read_at}
    sums: dict[tuple[str, str], list[Amount]] = {}
    units: dict[tuple[str, str], str] = {}
    for (account, kind), day, amount in _ours(hours):
        if account in read_at and day >= start:
            part = 0 if day < settled[account] else 2 if day < billed[account] else 4
            _add(sums, (account, kind), part, amount)
    ours = set(sums)
    for line in lines:
        key = (line.account, without_region(line.usage_type))
        if line.service in WATCHING or key in ours:
            units[key] = line.unit
            part = 1 if line.day < settled[line.account] else 3
            _add(sums, key, part, Amount(line.quantity, line.cost))
    items = [Item(*key, units.get(key, ""), *parts) for key, parts in sums.items()]
    return Reconciliation(start, tuple(sorted(items, key=_dearest_first)), settled, billed)


def _ours(hours: Iterable[HourTotal]) -> Iterable[tuple[tuple[str, str], date, Amount]]:
    for hour in hours:
        each = hour.total
        billed_as = _billed_as(each.service, each.operation)
        if billed_as is not None:
            kind, per_unit = billed_as
            yield (each.account, kind), hour.at.astimezone(UTC).date(), Amount(each.units * per_unit, each.cost)


def _billed_as(service: str, operation: str) -> tuple[str, Decimal] | None:
    return _BY_OPERATION.get((service, operation)) or _BY_SERVICE.get(service)


def _add(sums: dict[tuple[str, str], list[Amount]], key: tuple[str, str], part: int, amount: Amount) -> None:
    parts = sums.setdefault(key, [NOTHING] * 5)
    parts[part] = parts[part] + amount


def _billed_until(lines: Sequence[BillLine], account: str, start: date) -> date:
    """Give the first day that the account's bill does not show, by any of its lines."""
    last = max((line.day for line in lines if line.account == account), default=None)
    return start if last is None else last + timedelta(days=1)


def _settled_until(lines: Sequence[BillLine], account: str, start: date, billed: date, read_at: datetime) -> date:
    """Give the first day that is not settled: young when the bill was read, and not called final by AWS."""
    still_open = {line.day for line in lines if line.account == account and not line.final}
    day = start
    while day < billed and (day not in still_open or _day_ended(day) + SETTLES_AFTER <= read_at):
        day += timedelta(days=1)
    return day


def _day_ended(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _dearest_first(item: Item) -> tuple[Decimal, Decimal, str, str]:
    return -(item.bill + item.bill_open).cost.amount, -item.ours.units, item.usage_type, item.account
