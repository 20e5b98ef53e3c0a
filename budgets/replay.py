"""When a budget would have notified, had it stood over the days that are known. Pure.

The same tracker judges each day that judges today (`budgets.tracking`), with what was known on that day. AWS notifies
of actual costs once a period; of a forecast each time that it crosses the threshold anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from budgets.definition import Alert, BudgetDefinition, Kind
from budgets.tracking import DaySpend, period_of, running, sum_up, track
from core.money import Money

LAG: Final = timedelta(hours=12)
"""How long after the cost AWS may notify: figures are refreshed up to three times a day, 8 to 12 hours apart."""
FORECAST_WEEKS: Final = 5
"""Weeks of usage that AWS needs before it forecasts.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html"""


@dataclass(frozen=True, slots=True)
class Firing:
    """One notification that would have been sent."""

    alert: Alert
    day: date
    """The day whose costs cross the threshold."""
    amount: Money
    """Spent in the period up to and with that day; of a forecast what the period was likely to end at."""
    threshold: Money


@dataclass(frozen=True, slots=True)
class PeriodReplay:
    """One period of the replay."""

    start: date
    end: date
    """One past the last day."""
    known: int
    """Days of it that are known."""
    limit: Money | None
    """None where AWS sets it from what is not known here."""
    spent: Money
    firings: tuple[Firing, ...]

    @property
    def whole(self) -> bool:
        return self.known == (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Replay:
    """What the budget would have done."""

    periods: tuple[PeriodReplay, ...]
    """Oldest first; only those with a known day."""
    problem: str = ""
    """Why there is none; a sentence."""

    @property
    def firings(self) -> tuple[Firing, ...]:
        found = [each for period in self.periods for each in period.firings]
        return tuple(sorted(found, key=lambda each: each.day))


def replay(budget: BudgetDefinition, days: Sequence[DaySpend]) -> Replay:
    """Say when `budget` would have notified over the known days, which are what it counts and of one currency.

    Days that are not in `days` are not known: they count as nothing, and the period says how many it knows.
    """
    problem = _problem(budget, days)
    if problem:
        return Replay((), problem)
    known = sorted(days, key=lambda day: day.day)
    spans = dict.fromkeys(period_of(budget, day.day) for day in known)
    held = [span for span in spans if any(span[0] <= day.day < span[1] for day in known)]
    if not held:
        return Replay((), "No day's costs are known within its days, so nothing can be replayed.")
    return Replay(tuple(_period(budget, known, *span) for span in held))


def _problem(budget: BudgetDefinition, days: Sequence[DaySpend]) -> str:
    if budget.kind is not Kind.COST:
        return "Only costs are replayed: AWS gives the history of usage and coverage to nobody but its own budgets."
    if budget.auto_adjust is not None and budget.auto_adjust.kind == "FORECAST":
        return "AWS sets this limit from its own forecast, of which there is no history, so it cannot be replayed."
    if not days:
        return "No day's costs are known here, so nothing can be replayed."
    return ""


def _period(budget: BudgetDefinition, known: Sequence[DaySpend], start: date, end: date) -> PeriodReplay:
    days = [day for day in known if start <= day.day < end]
    limit = _limit(budget, known, start)
    sums = running(days, start, end)
    spent = sums[days[-1].day].counted(budget)
    firings = [
        firing
        for alert in budget.alerts
        if (threshold := _threshold(alert, limit, spent.currency)) is not None
        for firing in _fired(budget, alert, threshold, days)
    ]
    return PeriodReplay(start, end, len(days), limit, spent, tuple(sorted(firings, key=lambda each: each.day)))


def _fired(budget: BudgetDefinition, alert: Alert, threshold: Money, days: Sequence[DaySpend]) -> Iterator[Firing]:
    """Give the days on which what is watched crosses the threshold; of actual costs the first only."""
    crossed = False
    for place, day in enumerate(days):
        tracked = track(budget, days[: place + 1], on=day.day)
        amount = tracked.likely if alert.of == "FORECASTED" else tracked.spent
        before, crossed = crossed, amount is not None and _crosses(alert, amount, threshold)
        if crossed and not before and amount is not None:
            yield Firing(alert, day.day, amount, threshold)
            if alert.of == "ACTUAL":
                return


def _crosses(alert: Alert, amount: Money, threshold: Money) -> bool:
    if alert.comparison == "LESS_THAN":
        return amount < threshold
    if alert.comparison == "EQUAL_TO":
        return amount == threshold
    return amount > threshold


def _threshold(alert: Alert, limit: Money | None, currency: str) -> Money | None:
    if alert.unit != "PERCENTAGE":
        return Money(alert.threshold, currency)
    return None if limit is None else Money(alert.amount(limit.amount), limit.currency)


def _limit(budget: BudgetDefinition, known: Sequence[DaySpend], start: date) -> Money | None:
    """Give the limit of a period: as it is written, as it is planned, or the average of whole periods before it."""
    if budget.auto_adjust is None:
        begun = [limit for at, limit in budget.planned if at <= datetime.combine(start, time(12), UTC)]
        limit = begun[-1] if begun else budget.limit
        return None if limit is None else limit.money
    return _average(budget, known, start, budget.auto_adjust.periods or 1)


def _average(budget: BudgetDefinition, known: Sequence[DaySpend], start: date, periods: int) -> Money | None:
    amounts: list[Decimal] = []
    currency = known[0].currency
    while len(amounts) < periods:
        first, end = period_of(budget, start - timedelta(days=1))
        days = [day for day in known if first <= day.day < end]
        if len(days) < (end - first).days or end != start:
            break
        amounts.append(sum_up(days, currency).counted(budget).amount)
        start = first
    return Money(sum(amounts, Decimal(0)) / len(amounts), currency) if amounts else None
