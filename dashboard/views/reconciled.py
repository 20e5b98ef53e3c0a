"""Our own count beside AWS's bill, as the Own bill page shows it; or, calmly, why it is not there and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from cloud.caps import month_of
from cloud.ledger import HourTotal
from cloud.reconciliation import Amount, BillLine, Item, Reconciliation, Standing, reconcile
from collectors.spend_lines import SpendLine
from core.reading import FaultKind, Reading
from dashboard.views.frame import Badge
from dashboard.views.own_bill import Books
from dashboard.wording import INFO, NO_DATA, NO_VALUE, OK, WARNING, Look, age, listed, plain

Bills = Mapping[str, Reading[tuple[SpendLine, ...]]]

COLUMNS: Final = (
    "Standing",
    "On AWS's bill",
    "Account",
    "Ours",
    "The bill",
    "Our share",
    "Our cost",
    "The bill's cost",
    "Not final: ours / bill",
    "Not on the bill yet",
)
_LOOKS: Final[Mapping[Standing, Look]] = {
    Standing.ALL_OURS: OK,
    Standing.PARTLY_OURS: OK,
    Standing.NOT_OURS: NO_DATA,
    Standing.AWAITED: INFO,
    Standing.BILL_LACKS: WARNING,
}


@dataclass(frozen=True, slots=True)
class ReconciledView:
    """The section of the page."""

    state: Badge
    """Whether count and bill agree, or that there is no bill to compare with."""
    sentence: str
    """What is compared and how old it is; or why nothing is, and how to switch it on."""
    rows: pd.DataFrame
    """One row a usage type and account; empty where there is no bill."""


def build(books: Books, *, names: Mapping[str, str], now: datetime) -> ReconciledView:
    """Give the section for what was counted and read up to `now`."""
    month = month_of(now)
    bills = books.bill(month.start.date())
    read = {account: reading for account, reading in bills.items() if reading.value}
    if not read:
        return ReconciledView(Badge("No bill to compare with", NO_DATA), _absent(bills, books), _table((), names))
    hours = books.hours()
    start = max(month.start.date(), _counted_since(hours, month.start.date()))
    found = reconcile(hours, _lines(read), start=start, read_at={each: reading.at for each, reading in read.items()})
    sentence = " ".join(filter(None, (_compared(found, read, names, now=now), _missing(bills, read, names))))
    return ReconciledView(_state(found), sentence, _table(found.items, names))


def _counted_since(hours: tuple[HourTotal, ...], start: date) -> date:
    """Give the day of our first call: what came before it on the bill was not ours to count."""
    return min((hour.at.date() for hour in hours), default=start)


def _lines(bills: Bills) -> list[BillLine]:
    return [
        BillLine(
            each.day, account, each.service, each.usage_type, each.quantity, each.unit, each.cost, final=each.final
        )
        for account, reading in bills.items()
        for each in reading.value
        if not each.given_back
    ]


# -- table ------------------------------------------------------------------------------------------------------------


def _table(items: tuple[Item, ...], names: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame([_row(item, names) for item in items], columns=list(COLUMNS), dtype="str")


def _row(item: Item, names: Mapping[str, str]) -> dict[str, str]:
    cells = (
        f"{_LOOKS[item.standing].glyph} {item.standing}",
        plain(item.usage_type),
        plain(names.get(item.account, item.account)),
        _units(item.ours),
        _units(item.bill),
        NO_VALUE if item.share is None else _percent(item.share, some=bool(item.ours)),
        str(item.ours.cost),
        str(item.bill.cost),
        f"{_units(item.ours_open)} / {_units(item.bill_open)}",
        _units(item.unseen),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _units(amount: Amount) -> str:
    rounded = amount.units.quantize(Decimal("0.001"), ROUND_HALF_EVEN)
    return f"{rounded.normalize():,f}" if amount.units else "0"


def _percent(share: Decimal, *, some: bool) -> str:
    """Write a share; what is not nothing never reads as nothing."""
    percent = 100 * share
    return "<0.1%" if some and percent < Decimal("0.05") else f"{percent:.1f}%"


# -- sentences --------------------------------------------------------------------------------------------------------


def _state(found: Reconciliation) -> Badge:
    lacking = sum(item.standing is Standing.BILL_LACKS for item in found.items)
    if lacking:
        return Badge(f"The bill has less than we counted, {lacking}×", WARNING)
    if all(item.standing in {Standing.AWAITED, Standing.NOT_OURS} for item in found.items):
        return Badge("No settled day of ours yet", INFO)
    return Badge("Count and bill agree", OK)


def _compared(found: Reconciliation, read: Bills, names: Mapping[str, str], *, now: datetime) -> str:
    parts = [
        f"{names.get(account, account)}, read {age(read[account].at, now=now)} ago: settled up to "
        f"{_day_before(found.settled_until[account], found.start)}, on the bill up to "
        f"{_day_before(billed, found.start)}"
        for account, billed in found.billed_until.items()
    ]
    return plain(
        f"AWS's bill beside our own count since {_day(found.start)}. {'; '.join(parts)}. A bill lags by up to a "
        "day and may change for another, so only settled days are compared. The bill of an account that pays for "
        "others has theirs on it too."
    )


def _missing(bills: Bills, read: Bills, names: Mapping[str, str]) -> str:
    others = [names.get(account, account) for account in bills if account not in read]
    return f"Not read: {listed(others)}." if others else ""


def _absent(bills: Bills, books: Books) -> str:
    faults = [fault for reading in bills.values() for fault in reading.faults]
    broken = next((fault for fault in faults if fault.kind is not FaultKind.NOT_FREE), None)
    if broken is not None:
        return plain(f"AWS's bill was not read: {broken.message}.")
    if not faults:
        return "AWS's bill has not been read yet. The collector, python -m collectors, reads it once a day."
    price = books.prices.price("ce", "GetCostAndUsage")
    if price is None:
        return plain(faults[0].message)
    each = price.each * 2
    return (
        "AWS's bill is not read: Cost Explorer charges "
        f"{price.each} a request, and the cap on our own calls does not allow it. A reading of one account takes two "
        f"requests or more, once a day: {each} a day and account, {each * 30} a month. To allow it, start with "
        f"WATCHKEEPER_MONTHLY_CAP_USD={(each * 30 * max(1, len(bills))).amount:.2f} or more."
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _day_before(day: date, start: date) -> str:
    return _day(day - timedelta(days=1)) if day > start else "no day yet"
