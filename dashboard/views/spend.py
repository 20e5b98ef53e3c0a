"""Spend, as a manager reads it: one sentence, one picture, and every figure with its age and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import pandas as pd

from budgets import forecast as forecasting
from budgets.allowances import Allowance, Offer, assess_all
from budgets.forecast import Forecast, Usage
from budgets.requests import from_response
from budgets.tracking import DaySpend, Official, State, Sums, Tracked, nothing, sum_up, track
from collectors.budget_readings import BudgetReading
from collectors.cost_outlook import Outlook
from collectors.free_tier import FreeTier
from collectors.spend_lines import CREDIT, SpendLine
from core.money import Money
from core.reading import Fault, FaultKind, Reading, Scope, joined_faults
from dashboard.charts.gauge import Gauge
from dashboard.charts.view import ChartView
from dashboard.views import spend_chart, spend_tables, spend_words
from dashboard.views.frame import Badge
from dashboard.views.sources import Sources
from dashboard.views.spend_chart import MONTHS_BACK, months_before
from dashboard.views.tiles import Tile
from dashboard.wording import age, plain

_WORST_FIRST: Final = (State.OVER, State.HEADING_OVER, State.OK, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SpendReadings:
    """Everything that the page shows, as read; nothing of it cost anything now."""

    at: datetime
    """When the page looked."""
    budgets: Reading[tuple[BudgetReading, ...]]
    """AWS Budgets."""
    free_tier: Reading[FreeTier]
    """Allowances, plan and credits."""
    before: tuple[Reading[FreeTier], ...]
    """The same of the last days."""
    lines: Reading[tuple[SpendLine, ...]]
    """Costs by day as the collector read them last; empty at the default cap."""
    outlook: Reading[Outlook]
    """AWS's own forecast and anomalies as they were read last; empty at the default cap."""


@dataclass(frozen=True, slots=True)
class SpendView:
    """What the page draws."""

    read_at: datetime
    """When the page looked; where what is free could not be asked anew, when it was asked last."""
    state: Badge
    """How the budget that matters most stands."""
    sentence: str
    """The month in one sentence."""
    gauge: Gauge
    """What is spent, against that budget."""
    budget_name: str
    """Which budget the gauge is about; foreign text."""
    whose: str
    """Whose figure the gauge shows, and its age."""
    chart: ChartView
    """The month day by day with its forecast; without costs by day, AWS's own history of the budget."""
    chart_note: str
    """What the picture shows, whose it is, its age, and how far such forecasts were off."""
    aws_note: str
    """AWS's own forecast beside ours; empty where it was not read."""
    tiles: tuple[Tile, ...]
    """Six numbers: before credits, credits, after credits, month's end, credits left, allowances."""
    services: pd.DataFrame
    """Costs of the month by service, dearest first; empty where costs by day are not read."""
    services_note: str
    """Whose they are and their age; or why they are not there, and what they would cost."""
    allowances: pd.DataFrame
    """Each free-tier allowance: standing, used, amount, the day it runs out."""
    allowances_state: Badge
    """How many need looking at."""
    allowances_note: str
    """Whose they are and their age."""
    budgets: pd.DataFrame
    """Every budget with AWS's own figures beside ours."""
    budgets_note: str
    """What AWS says of their age."""
    faults: tuple[Fault, ...]
    """What could not be read; what the cap keeps off is none."""


def read(sources: Sources, scope: Scope, *, now: datetime) -> SpendReadings:
    """Look at everything that the page shows."""
    return SpendReadings(
        now,
        sources.budgets(scope.account, now=now),
        sources.free_tier(scope.account, now=now),
        sources.free_tier_before(scope.account, now=now).value,
        sources.spend(scope.account, start=months_before(now.date(), MONTHS_BACK - 1), now=now),
        sources.outlook(scope.account, now=now),
    )


def build(found: SpendReadings, *, now: datetime) -> SpendView:
    """Give the page."""
    today = now.date()
    lines = [line for line in found.lines.value if line.cost.currency == "USD"]
    days, usage = days_of(lines), _usage(lines)
    tracked = [(each, tracked_of(each, days, today)) for each in found.budgets.value]
    shown = min(tracked, key=_matters, default=None)
    allowances = _allowances(found)
    ahead = _forecast(usage, today)
    month = [day for day in days if day.day >= today.replace(day=1)]
    sums = sum_up(month) if month else None
    return SpendView(
        read_at=min((found.at, *(each.at for each in (found.budgets, found.free_tier) if each.faults))),
        state=spend_words.state(shown),
        sentence=spend_words.sentence(shown, sums, allowances, tracked),
        gauge=spend_words.gauge(shown),
        budget_name=plain(shown[0].name) if shown else "",
        whose=spend_words.whose(shown, found.budgets.at, found.lines.at, now=now),
        chart=spend_chart.chart(shown, tracked, days, ahead, found.outlook.value.anomalies, today),
        chart_note=spend_chart.chart_note(usage, ahead, costs_at=found.lines.at, now=now),
        aws_note=spend_chart.aws_note(found.outlook, now=now),
        tiles=_tiles(found, sums, ahead, allowances, tracked, now=now),
        services=spend_tables.services(lines, today),
        services_note=spend_tables.services_note(found.lines, now=now),
        allowances=spend_tables.allowances(allowances, now=now),
        allowances_state=spend_tables.allowances_state(allowances),
        allowances_note=_aged(found.free_tier, "run-out days are our estimate", now=now),
        budgets=spend_tables.budgets(tracked),
        budgets_note=_aged(found.budgets, "AWS works them out up to three times a day", now=now),
        faults=tuple(f for f in joined_faults((found.budgets, found.free_tier)) if f.kind is not FaultKind.NOT_FREE),
    )


# -- what is known ----------------------------------------------------------------------------------------------------


def _tiles(
    found: SpendReadings,
    sums: Sums | None,
    ahead: Forecast | None,
    allowances: Sequence[Allowance],
    tracked: Sequence[spend_words.Shown],
    *,
    now: datetime,
) -> tuple[Tile, ...]:
    plan = found.free_tier.value.plan
    left = plan.credits if plan else None
    at = {"costs_at": found.lines.at, "free_at": found.free_tier.at}
    return spend_words.tiles(sums, ahead, allowances, tracked, left, now=now, **at)


def days_of(lines: Sequence[SpendLine]) -> list[DaySpend]:
    """Add up the lines by day; a day without any line is not known."""
    zero = Money(Decimal(0))
    found: dict[date, Sums] = {}
    for line in lines:
        sums = Sums(
            zero if line.given_back else line.cost,
            line.cost if line.record == CREDIT else zero,
            line.cost if line.given_back and line.record != CREDIT else zero,
        )
        found[line.day] = found.get(line.day, nothing()) + sums
    return [DaySpend(day, found[day]) for day in sorted(found)]


def tracked_of(reading: BudgetReading, days: Sequence[DaySpend], today: date) -> Tracked:
    """Track one budget. Costs by day say nothing of a budget that counts only part of them."""
    definition = from_response(reading.document, [each.document for each in reading.notifications])
    official = Official(reading.actual, reading.forecast) if reading.actual else None
    return track(definition, days if definition.is_whole else (), on=today, official=official)


def _matters(pair: tuple[BudgetReading, Tracked]) -> tuple[bool, int, str]:
    """The zero-spend budget first, then the one that stands worst."""
    reading, tracked = pair
    return not tracked.definition.is_zero_spend, _WORST_FIRST.index(tracked.state), reading.name


def _allowances(found: SpendReadings) -> tuple[Allowance, ...]:
    earlier = [(each.at, _offers(each.value)) for each in found.before]
    return assess_all(_offers(found.free_tier.value), at=found.free_tier.at, earlier=earlier)


def _offers(free_tier: FreeTier) -> list[Offer]:
    return [
        Offer(
            each.service,
            each.usage_type,
            each.operation,
            each.region,
            each.description,
            each.used,
            each.limit,
            each.unit,
            each.forecast,
            each.kind,
        )
        for each in free_tier.allowances
    ]


def _usage(lines: Sequence[SpendLine]) -> list[Usage]:
    return [
        Usage(line.day, f"{line.service} {line.usage_type}", line.quantity, line.cost)
        for line in lines
        if not line.given_back
    ]


def _forecast(usage: Sequence[Usage], today: date) -> Forecast | None:
    last = max((each.day for each in usage), default=None)
    if last is None:
        return None
    start = today.replace(day=1)
    # The newest day on the bill may not be whole: it is forecast like the days after it.
    return forecasting.forecast(usage, start=start, end=months_before(today, -1), known_until=max(start, last))


def _aged(reading: Reading[object], more: str, *, now: datetime) -> str:
    return f"AWS's figures, asked {age(reading.at, now=now)} ago; {more}."
