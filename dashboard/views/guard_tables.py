"""Tables of the guard's page: what the estimate is made of, how good it was, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from access.audit import Record
from budgets.estimate import Line as Priced
from budgets.estimate import PastError
from budgets.freezing import Prior
from core.money import Money
from dashboard.views.estimating import Spending
from dashboard.wording import NO_VALUE, capital, moment, plain

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


_LINE_COLUMNS: Final = ("What", "Used this month", "Free", "Cost", "An hour now", "Price", "To be compared with")


def lines(found: Spending) -> pd.DataFrame:
    """The estimate by usage type, dearest first."""
    return _table((_line(line) for line in (found.estimate.lines if found.estimate else ())), _LINE_COLUMNS)


def _line(line: Priced) -> dict[str, str]:
    price = line.price
    return {
        "What": capital(price.what),
        "Used this month": f"{_amount(line.quantity)} {price.unit}",
        "Free": f"{_amount(line.free)} of {_amount(price.allowance)}" if price.allowance else NO_VALUE,
        "Cost": cents(line.cost),
        "An hour now": cents(line.per_hour),
        "Price": _exact(price.each),
        "To be compared with": plain(f"{price.source.removeprefix('https://')}, written down {price.read_on:%d %b %Y}"),
    }


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
