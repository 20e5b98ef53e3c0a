"""A month as a report that a manager can forward: spend by service, what changed, budgets and allowances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import pandas as pd

from collectors.exports.book import Contents
from collectors.exports.questions import Total
from collectors.spend_lines import SpendLine
from core.reading import Reading
from dashboard.cost_state import CostState
from dashboard.views.cost_explorer import CostView
from dashboard.views.cost_explorer import build as build_costs
from dashboard.views.cost_reading import Answers, month_before
from dashboard.views.spend import SpendView
from dashboard.wording import plain

BY_SERVICE: Final = CostState(by=("ServiceName",))
_ALLOWANCES: Final = ("Standing", "Allowance", "Runs out", "Used", "Amount")
MOST_SERVICES: Final = 40
"""Services of the report; the rest is in the export."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the report, or why there is none."""

    title: str
    """What the table is about."""
    note: str
    """Whose figures they are, their age, or why there are none; foreign text."""
    columns: tuple[str, ...]
    """Heads of the columns; empty where there is no table."""
    rows: tuple[tuple[str, ...], ...]
    """Cells as text; foreign text."""


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """Everything that the report says."""

    title: str
    """`Cloud costs, October 2026`."""
    place: str
    """Which cloud and accounts it is about; foreign text."""
    made: str
    """When it was made, and whether the month was over."""
    sentence: str
    """What the month cost and what changed; foreign text."""
    figures: tuple[tuple[str, str, str], ...]
    """(label, amount, what it is), gross, credits and net apart."""
    sections: tuple[Section, ...]
    """Tables, the most asked for first."""


def from_lines(lines: Reading[tuple[SpendLine, ...]], month: str, *, now: datetime) -> Answers:
    """Give the month out of the costs by day that the collector reads, where there is no billing export."""
    months = tuple(sorted({f"{line.day:%Y-%m}" for line in lines.value}))
    mine = [line for line in lines.value if f"{line.day:%Y-%m}" == month]
    last = max((line.day for line in mine), default=None)
    previous = month_before(month)
    running = month == f"{now:%Y-%m}" and last is not None
    before = [
        line
        for line in lines.value
        if f"{line.day:%Y-%m}" == previous and (not running or last is None or line.day.day <= last.day)
    ]
    compared = f"{previous} up to its day {last.day}" if running and last and before else previous if before else ""
    groups = by_service(mine)
    return Answers(
        contents=Contents(lines.at, None, 0, len(lines.value), months, ()),
        month=month,
        currencies=tuple(dict.fromkeys(each.currency or "" for each in groups)),
        currency=groups[0].currency or "" if groups else "USD",
        measure="charges" if groups and not any(each.billed for each in groups) else "net",
        groups=groups,
        before=by_service(before),
        compared=compared,
        days=(),
        every_day=(),
        reasons=(),
        rows=None,
    )


def by_service(lines: Sequence[SpendLine]) -> tuple[Total, ...]:
    """Add costs up by service, the currency of most lines only: two are never added."""
    currencies = [line.cost.currency for line in lines]
    currency = max(sorted(set(currencies)), key=currencies.count, default="")
    found: dict[str, list[SpendLine]] = {}
    for line in lines:
        if line.cost.currency == currency:
            found.setdefault(line.service, []).append(line)
    totals = [_total(service, of_it, currency) for service, of_it in found.items()]
    return tuple(sorted(totals, key=lambda each: (-each.charges, str(each.key))))


def _total(service: str, lines: Sequence[SpendLine], currency: str) -> Total:
    def of(*records: str) -> Decimal:
        return sum((each.cost.amount for each in lines if each.record in records), Decimal(0))

    credits_, all_of_it = of("Credit"), sum((each.cost.amount for each in lines), Decimal(0))
    back = sum((each.cost.amount for each in lines if each.given_back), Decimal(0))
    corrected = back - credits_
    return Total(
        currency, (service,), len(lines), 0, all_of_it, None, None, None, credits_, corrected, all_of_it - back
    )


def build(found: Answers, money: SpendView | None, *, place: str, now: datetime) -> MonthlyReport:
    """Give the report of the month that was read; budgets and allowances are as they stand now."""
    costs = build_costs(found, BY_SERVICE, now=now)
    month = date.fromisoformat(f"{found.month}-01")
    over = now.date() >= (month + timedelta(days=32)).replace(day=1)
    made = f"Made {now.day} {now:%B %Y, %H:%M} UTC. " + (
        "The month is over." if over else "The month still runs: its figures grow."
    )
    return MonthlyReport(
        title=f"Cloud costs, {month:%B %Y}",
        place=plain(place),
        made=made,
        sentence=costs.sentence or f"Nothing is known of what {found.month} cost.",
        figures=tuple((tile.label, tile.value, _beside(tile.delta, tile.yardstick)) for tile in costs.tiles[:5]),
        sections=(_services(costs), *_standing(money), *_notes(costs)),
    )


def _beside(delta: str, yardstick: str) -> str:
    return f"{delta} {yardstick}".strip()


def _services(costs: CostView) -> Section:
    shown = costs.table.drop(columns=["Rows"]).head(MOST_SERVICES)
    left_out = len(costs.table) - len(shown)
    note = f"{left_out} smaller services are left out." if left_out > 0 else ""
    return section("By service", note if len(costs.table) else "No costs of this month are known.", shown)


def _standing(money: SpendView | None) -> tuple[Section, ...]:
    if money is None:
        return ()
    allowances = money.allowances[list(_ALLOWANCES)]
    budgets = money.budgets.drop(columns=["Tells"], errors="ignore")
    return (
        section("Budgets, as they stand now", money.budgets_note, budgets),
        section("Free allowances, as they stand now", money.allowances_note, allowances),
    )


def _notes(costs: CostView) -> tuple[Section, ...]:
    if not costs.notes:
        return ()
    return (Section("What of the export was not used", "", ("Where and why",), tuple((note,) for note in costs.notes)),)


def section(title: str, note: str, table: pd.DataFrame) -> Section:
    """Give a table as a section; one without rows keeps its note only."""
    rows = tuple(tuple(plain(str(cell)) for cell in row) for row in table.itertuples(index=False))
    return Section(title, plain(note), tuple(map(str, table.columns)) if rows else (), rows)
