"""The tables of the spend page: services, allowances, budgets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from budgets.allowances import Allowance, Offer, State
from budgets.tracking import State as BudgetState
from budgets.tracking import Tracked
from budgets.words import counting
from collectors.budget_readings import BudgetReading
from collectors.spend_lines import SpendLine
from core.money import Money
from core.reading import FaultKind, Reading
from dashboard.views.frame import Badge
from dashboard.wording import ALARM, NO_DATA, NO_VALUE, OK, WARNING, age, count, plain, share

SERVICES: Final = ("Service", "This month", "Credits", "After credits", "Last month to this day", "Change")
ALLOWANCES: Final = ("Standing", "Allowance", "Runs out", "Used", "Amount", "A day", "Month end", "Kind")
BUDGETS: Final = ("Standing", "Budget", "Spent, by AWS", "Limit", "Forecast, by AWS", "Counts", "Tells", "Why")
_GLYPHS: Final = {State.OK: OK, State.RUNNING_OUT: WARNING, State.USED_UP: ALARM}
_LOOKS: Final = {
    BudgetState.OK: OK,
    BudgetState.HEADING_OVER: WARNING,
    BudgetState.OVER: ALARM,
    BudgetState.UNKNOWN: NO_DATA,
}
_PREFIX: Final = re.compile(r"^Global-")


def services(lines: Sequence[SpendLine], today: date) -> pd.DataFrame:
    """Give the month's costs by service, before and after credits, beside the month before up to the same day."""
    first = today.replace(day=1)
    newest = max((line.day for line in lines), default=today)
    before = first.replace(year=first.year - (first.month == 1), month=first.month - 1 or 12)
    sums: dict[str, list[Decimal]] = {}
    for line in lines:
        row = sums.setdefault(line.service, [Decimal(0)] * 3)
        if line.day >= first:
            row[1 if line.given_back else 0] += line.cost.amount
        elif line.day >= before and line.day.day <= newest.day and not line.given_back:
            row[2] += line.cost.amount
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return pd.DataFrame([_service(name, *row) for name, row in ranked], columns=list(SERVICES), dtype="str")


def _service(name: str, gross: Decimal, back: Decimal, before: Decimal) -> dict[str, str]:
    change = share(float(gross - before), of=float(before))
    cells = (plain(name), *(cents(Money(each)) for each in (gross, back, gross + back, before)), change)
    return dict(zip(SERVICES, cells, strict=True))


def services_note(lines: Reading[tuple[SpendLine, ...]], *, now: datetime) -> str:
    """Say whose the costs are and how old; or why they are not there, and what they would cost."""
    if lines.value:
        return f"AWS's costs by day, read {age(lines.at, now=now)} ago."
    refused = next((fault for fault in lines.faults if fault.kind is FaultKind.NOT_FREE), None)
    if refused is not None:
        return (
            "Costs by service are not read: Cost Explorer charges $0.01 a request, and the cap on our own calls does "
            "not allow it. Two requests or more a day and account are $0.60 a month or more; start with "
            "WATCHKEEPER_MONTHLY_CAP_USD=0.60 or more for each account. Budgets and allowances above are free."
        )
    if lines.faults:
        return plain(lines.faults[0].message)
    return "Costs have not been read yet; the collector reads them once a day."


def allowances(found: Sequence[Allowance], *, now: datetime) -> pd.DataFrame:
    """Give each allowance, those that need looking at first."""
    return pd.DataFrame([_allowance(each, now=now) for each in found], columns=list(ALLOWANCES), dtype="str")


def _allowance(each: Allowance, *, now: datetime) -> dict[str, str]:
    unit = plain(each.offer.unit)
    cells = (
        f"{_GLYPHS[each.state].glyph} {each.state}",
        offer_name(each.offer),
        _runs_out(each, now=now),
        f"{100 * each.share:.0f}%",
        f"{_units(each.offer.used)} / {_units(each.offer.limit)} {unit}",
        f"{_units(each.per_day)} {unit}",
        f"{_units(each.likely)} {unit}",
        plain(each.offer.kind),
    )
    return dict(zip(ALLOWANCES, cells, strict=True))


def _runs_out(each: Allowance, *, now: datetime) -> str:
    if each.runs_out is None:
        return "after month end"
    day = f"{each.runs_out.day} {each.runs_out:%b}"
    return f"{day}, about" if each.runs_out < now else day


def allowances_state(found: Sequence[Allowance]) -> Badge:
    """Say how many allowances need looking at."""
    used_up = sum(each.state is State.USED_UP for each in found)
    ending = sum(each.state is State.RUNNING_OUT for each in found)
    if not found:
        return Badge("none known", NO_DATA)
    words = [f"{used_up} used up"] if used_up else []
    words += [count(ending, "runs out", "run out")] if ending else []
    return Badge(", ".join(words) or "all last the month", ALARM if used_up else WARNING if ending else OK)


def budgets(tracked: Sequence[tuple[BudgetReading, Tracked]]) -> pd.DataFrame:
    """Give every budget with AWS's own figures, worst first."""
    order = list(_LOOKS)
    ranked = sorted(tracked, key=lambda pair: (-order.index(pair[1].state) % len(order), pair[0].name))
    return pd.DataFrame([_budget(*pair) for pair in ranked], columns=list(BUDGETS), dtype="str")


def _budget(reading: BudgetReading, tracked: Tracked) -> dict[str, str]:
    definition = tracked.definition
    counted = f"costs {counting(definition)}"
    alarming = sum(each.alarming for each in reading.notifications)
    told = sum(len(alert.subscribers) for alert in definition.alerts)
    tells = f"{count(told, 'subscriber')}" + (f", {alarming} crossed" if alarming else "")
    cells = (
        f"{_LOOKS[tracked.state].glyph} {tracked.state}",
        plain(reading.name),
        str(reading.actual) if reading.actual else NO_VALUE,
        f"{tracked.limit} {definition.time_unit.value.lower()}" if tracked.limit else NO_VALUE,
        str(reading.forecast) if reading.forecast else NO_VALUE,
        counted if definition.kind.value == "COST" else definition.kind.value.lower().replace("_", " "),
        tells if definition.alerts else "nobody",
        plain(reading.unhealthy or tracked.reason),
    )
    return dict(zip(BUDGETS, cells, strict=True))


def offer_name(offer: Offer) -> str:
    """Give an allowance a name that people know: its service and usage type."""
    service = offer.service.removeprefix("Amazon ").removeprefix("AWS ").removeprefix("Amazon")
    return plain(f"{service} {_PREFIX.sub('', offer.usage_type).removeprefix('CW:')}")


def cents(amount: Money) -> str:
    """Write an amount in cents; what is not nothing never reads as nothing."""
    rounded = Money(amount.amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN), amount.currency)
    if amount.amount and not rounded.amount:
        return "<$0.01" if amount.amount > 0 else "−<$0.01"
    return str(rounded)


def _units(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"
