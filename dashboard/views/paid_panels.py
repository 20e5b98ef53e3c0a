"""Paid panels: what Watchkeeper shows only where money may be spent on it, and what switching it on would cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from cloud.ledger import Refusal
from cloud.pricing import PriceBook
from cloud.statement import Statement
from core.money import ZERO, Money
from dashboard.views.frame import Badge
from dashboard.wording import NO_VALUE, OK, WARNING, capital, count, moment, plain


@dataclass(frozen=True, slots=True)
class PaidPanel:
    """Something that Watchkeeper shows only where money may be spent on it."""

    name: str
    """What it is, in words."""
    page: str
    """Where it is."""
    service: str
    """Whose call it takes."""
    operation: str
    """The call."""
    units: int
    """What one read is billed, in units of the call's price."""
    every: timedelta | None
    """How often it is read while somebody looks; None as often as metrics are."""


PAID_PANELS: Final = (
    PaidPanel(
        "A statistic that only GetMetricData knows (tm90, IQM …), for each metric",
        "Explorer",
        "cloudwatch",
        "GetMetricData",
        units=1,
        every=None,
    ),
    PaidPanel(
        "Costs by day, service and usage type, for each account (two requests or more)",
        "Own bill",
        "ce",
        "GetCostAndUsage",
        units=2,
        every=timedelta(hours=24),
    ),
)
"""What the default cap of zero keeps off, asked for or not."""


COLUMNS: Final = ("State", "What", "Where", "Refused", "A read", "A month, watched all day")


def table(found: Statement, prices: PriceBook, *, refresh: timedelta, who: Callable[[str], str]) -> pd.DataFrame:
    """Give what costs money: what was refused this month, then what would be. `who` gives a feature's name."""
    rows = [_refused_row(refusal, times, found, who) for refusal, times in found.refusals]
    rows += [_panel_row(panel, found, prices, refresh) for panel in PAID_PANELS]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def _refused_row(refusal: Refusal, times: int, found: Statement, who: Callable[[str], str]) -> dict[str, str]:
    price = _a_month(refusal.cost, timedelta(seconds=refusal.every), found) if refusal.every else NO_VALUE
    place = f"{who(refusal.feature)}, {moment(refusal.at, now=found.at)}"
    return _row(found.left, refusal.cost, plain(refusal.what), place, f"{times:,}", price)


def _panel_row(panel: PaidPanel, found: Statement, prices: PriceBook, refresh: timedelta) -> dict[str, str]:
    price = prices.price(panel.service, panel.operation)
    each = price.each * panel.units if price else ZERO
    price_a_month = _a_month(each, panel.every or refresh, found)
    return _row(found.left, each, panel.name, panel.page, NO_VALUE, price_a_month)


def _row(left: Money, each: Money, *cells: str) -> dict[str, str]:
    what, where, refused, price = cells
    state = f"{OK.glyph} on" if each.amount <= left.amount else f"{WARNING.glyph} off"
    return dict(zip(COLUMNS, (state, what, where, refused, str(each), price), strict=True))


def _a_month(each: Money, every: timedelta, found: Statement) -> str:
    reads = found.month.duration // every
    cents = (each * reads).amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{Money(cents)} ({reads:,} reads)"


def state(rows: pd.DataFrame) -> Badge:
    """Say how much of the table is off."""
    off = _count_off(rows)
    return Badge(f"{off} off", WARNING) if off else Badge("all on", OK)


def _count_off(rows: pd.DataFrame) -> int:
    return sum(str(cell).endswith("off") for cell in rows["State"])


def sentence(found: Statement, rows: pd.DataFrame) -> str:
    """Say why things are off, and how to switch them on."""
    if not found.cap.amount:
        alone = "" if found.caps.day is None else " The cap of a day allows nothing alone."
        return (
            "The cap on our own calls is $0.00, so nothing that costs money is ever called. To allow some, start with "
            "WATCHKEEPER_MONTHLY_CAP_USD=2.50, or another amount; the cap then holds for all our processes together. "
            f"WATCHKEEPER_DAILY_CAP_USD keeps a day from using up the month.{alone}"
        )
    left = f"{capital(found.leaves.limit.name)} leaves {found.left}"
    if not _count_off(rows):
        return f"{left}; beyond it nothing is called."
    limit, things = found.leaves.limit, count(_count_off(rows), "thing")
    return (
        f"{left}. One read of {things} costs more than that; off until {limit.opens}, "
        f"or until WATCHKEEPER_{limit.kind.upper()}_CAP_USD is raised."
    )
