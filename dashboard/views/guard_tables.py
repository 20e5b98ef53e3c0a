"""Tables of the guard's page: what the estimate is made of, how good it was, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from access.audit import Record
from budgets.estimate import Line as Priced
from budgets.estimate import PastError
from budgets.freezing import Prior
from budgets.prices import UsagePrice
from cloud.price_sources import READ_ON, Standing
from core.money import Money
from dashboard.views.estimating import Spending
from dashboard.wording import NO_VALUE, capital, listed, moment, plain

SHOWN: Final = 50
"""Entries of the record that the page shows."""


def cents(money: Money) -> str:
    """Write an estimate: to the cent, since it is no better than that; less than a cent keeps two digits."""
    if not money.amount or abs(money.amount) >= Decimal("0.01"):
        return str(Money(money.amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN), money.currency))
    return str(Money(Decimal(f"{money.amount:.2g}"), money.currency))


def _table(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")


def priors(priors: Iterable[Prior], now: datetime) -> pd.DataFrame:
    """How things were before the guard touched them."""
    rows = (
        {
            "What": plain(each.name),
            "Where": str(each.scope.region),
            "Before": each.state or f"{each.desired} instances, at least {each.minimum}",
            "Since": moment(each.at, now=now),
            "Rung": str(each.rung),
        }
        for each in priors
    )
    return _table(rows, ("What", "Where", "Before", "Since", "Rung"))


LINK: Final = "Compare with"
FREE: Final = "Free"
"""The column that holds addresses."""
_LINE_COLUMNS: Final = ("What", "Used this month", FREE, "Cost", "An hour now", "Price", "Price read in", LINK)


def lines(found: Spending) -> pd.DataFrame:
    """The estimate by usage type, dearest first."""
    return _table((_line(line) for line in (found.estimate.lines if found.estimate else ())), _LINE_COLUMNS)


def _line(line: Priced) -> dict[str, str]:
    price, free = line.price, line.price.free.units
    return {
        "What": f"{capital(price.what)}{f', {line.region}' if line.region else ''}",
        "Used this month": f"{_amount(line.quantity)} {price.unit}",
        FREE: f"{_amount(line.free)} of {_amount(free)}" if free else NO_VALUE,
        "Cost": cents(line.cost),
        "An hour now": cents(line.per_hour),
        "Price": _exact(price.each),
        "Price read in": _read_in(price),
        LINK: price.source if price.read_in.standing is not Standing.OWN else "",
    }


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _read_in(price: UsagePrice) -> str:
    """Name the text in which a price was read, with the day that it is of; a person's own with its source."""
    own = f": {price.source}" if price.read_in.standing is Standing.OWN else ""
    day = f", {_day(price.read_in.as_of)}" if price.read_in.as_of else ""
    return plain(f"{capital(str(price.read_in.standing))}{own}{day}")


def prices_note(found: Spending) -> str:
    """Say when the prices were read, and which to compare before anything rests on them."""
    prices = [line.price for line in found.estimate.lines] if found.estimate else []
    unsure = sorted({capital(price.what) for price in prices if not price.sure})
    if not prices:
        return ""
    told = f"Read on {_day(READ_ON)} in public texts; python -m budgets prices names them."
    if not unsure:
        return f"{told} All of these prices are in AWS's own words, or yours."
    return plain(f"{told} Second-hand or not confirmed, so compare them before the guard acts: {listed(unsure)}.")


def _exact(price: Money) -> str:
    """Write a price with all its digits, two at least."""
    amount = price.amount.normalize()
    return f"${amount:f}" if int(amount.as_tuple().exponent) < -2 else f"${amount:.2f}"


def _amount(quantity: Decimal) -> str:
    places = Decimal(1) if quantity >= 100 else Decimal("0.001")
    return f"{quantity.quantize(places, ROUND_HALF_EVEN).normalize():,f}" if quantity else "0"


def uncounted(found: Spending) -> pd.DataFrame:
    """What is not in the estimate, and why."""
    missing = found.estimate.uncounted if found.estimate else ()
    rows = ({"Not in it": plain(each.what), "Why": plain(each.why)} for each in missing)
    return _table(rows, ("Not in it", "Why"))


def compared(error: PastError, now: datetime) -> pd.DataFrame:
    """Past estimates beside AWS's final figures, newest first."""
    rows = (
        {
            "From": moment(each.span.start, now=now),
            "To": moment(each.span.end, now=now),
            "Our estimate": cents(each.estimated),
            "AWS": cents(each.official),
            "Off by": NO_VALUE if each.off is None else f"{100 * each.off:+.1f}%",
            "Whose": each.source,
        }
        for each in error.compared[:SHOWN]
    )
    return _table(rows, ("From", "To", "Our estimate", "AWS", "Off by", "Whose"))


def history(records: Iterable[Record], now: datetime) -> pd.DataFrame:
    """What was done, by whom, newest first."""
    rows = (
        {
            "When": moment(each.at, now=now),
            "Who": plain(each.actor),
            "What": plain(each.detail.get("title", str(each.action))),
            "Of": plain(each.target),
            "Outcome": plain(each.detail.get("outcome", "done" if each.allowed else "refused")),
            "Why": plain(each.detail.get("sentence", "")) or NO_VALUE,
        }
        for each in list(records)[:SHOWN]
    )
    return _table(rows, ("When", "Who", "What", "Of", "Outcome", "Why"))
