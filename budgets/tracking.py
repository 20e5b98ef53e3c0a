"""What becomes of a budget: spent, pace, likely end and state with its reason; gross, credits and net apart. Pure.

Days that nobody has read are no days without cost: where costs by day are not there, only AWS's own figure speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from budgets.definition import BudgetDefinition, Kind, TimeUnit
from core.money import Money

_MONTHS: Final = {TimeUnit.MONTHLY: 1, TimeUnit.QUARTERLY: 3, TimeUnit.ANNUALLY: 12}
PACE_DAYS: Final = 7
"""What lies ahead is expected to go on as this many days before went."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What some days cost; what was given back is always said apart."""

    gross: Money
    """Before credits and refunds."""
    credits: Money
    """Never more than nothing."""
    refunds: Money
    """With corrections of the bill."""

    @property
    def given_back(self) -> Money:
        return self.credits + self.refunds

    @property
    def net(self) -> Money:
        return self.gross + self.given_back

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.gross + other.gross, self.credits + other.credits, self.refunds + other.refunds)

    def counted(self, definition: BudgetDefinition) -> Money:
        """Give what a budget counts of it."""
        found = self.gross + self.credits if definition.counts_credits else self.gross
        return found + self.refunds if definition.counts_refunds else found


@dataclass(frozen=True, slots=True)
class DaySpend:
    """What one day cost."""

    day: date
    sums: Sums

    @property
    def currency(self) -> str:
        return self.sums.gross.currency


@dataclass(frozen=True, slots=True)
class Official:
    """AWS's own figures for a budget, as DescribeBudgets gives them."""

    actual: Money
    forecast: Money | None


class State(StrEnum):
    """How a budget stands."""

    OK = "ok"
    HEADING_OVER = "heading over"
    """Within the limit, and likely to pass it before the period ends."""
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A budget at one day."""

    definition: BudgetDefinition
    start: date
    """First day of the period; `end` is the one after the last."""
    end: date
    limit: Money | None
    sums: Sums | None
    """Of the period's days that are known; None where none is."""
    spent: Money | None
    """What the definition counts of `sums`; None where no day is known."""
    pace: Money | None
    """Of a day: what the last known ones cost on average."""
    likely: Money | None
    """At the end of the period, if it goes on at the pace; never less than is spent."""
    official: Official | None
    """AWS's own; never mixed with ours."""
    state: State
    reason: str
    """A sentence."""


def period_of(definition: BudgetDefinition, on: date) -> tuple[date, date]:
    """Give the first day of the period that `on` lies in, and the one after its last.

    >>> period_of(BudgetDefinition("q", time_unit=TimeUnit.QUARTERLY), date(2026, 11, 23))
    (datetime.date(2026, 10, 1), datetime.date(2027, 1, 1))
    """
    if definition.time_unit is TimeUnit.DAILY:
        return on, on + timedelta(days=1)
    if definition.time_unit is TimeUnit.CUSTOM and definition.start and definition.end:
        return definition.start.date(), definition.end.date()
    months = _MONTHS.get(definition.time_unit, 1)
    first = on.year * 12 + (on.month - 1) // months * months
    return _month(first), _month(first + months)


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def track(
    definition: BudgetDefinition, days: Iterable[DaySpend], *, on: date, official: Official | None = None
) -> Tracked:
    """Say how the budget stands on a day, from costs by day and AWS's own figures, whichever are there."""
    start, end = period_of(definition, on)
    limit = definition.limit_at(_noon(on))
    currency = limit.unit if limit else "USD"
    known = [day for day in days if start <= day.day < end and day.currency == currency]
    counts = definition.kind is Kind.COST and bool(known)
    sums = sum_up(known, currency) if counts else None
    spent = sums.counted(definition) if sums else None
    pace = _pace(definition, known, on, currency) if counts else None
    likely = _likely(spent, pace, last=max((day.day for day in known), default=start), end=end)
    money = limit.money if limit and definition.kind is Kind.COST else None
    state, reason = _judged(money, spent, likely, official, is_zero=definition.is_zero_spend)
    return Tracked(definition, start, end, money, sums, spent, pace, likely, official, state, reason)


def sum_up(days: Iterable[DaySpend], currency: str = "USD") -> Sums:
    """Add up days of one currency."""
    return sum((day.sums for day in days), nothing(currency))


def nothing(currency: str = "USD") -> Sums:
    """Give sums of no day at all."""
    zero = Money(Decimal(0), currency)
    return Sums(zero, zero, zero)


def first_cost(days: Iterable[DaySpend]) -> date | None:
    """Give the first day that cost anything, before what was given back."""
    return min((day.day for day in days if day.sums.gross.amount > 0), default=None)


def running(days: Sequence[DaySpend], start: date, end: date) -> Mapping[date, Sums]:
    """Give the sums from `start` up to each known day; days that are not known are not there."""
    found: dict[date, Sums] = {}
    so_far: Sums | None = None
    for day in sorted((each for each in days if start <= each.day < end), key=lambda each: each.day):
        found[day.day] = so_far = day.sums if so_far is None else so_far + day.sums
    return found


def _pace(definition: BudgetDefinition, known: Sequence[DaySpend], on: date, currency: str) -> Money:
    """Average the last whole days; today's are not whole."""
    whole = sorted((day for day in known if day.day < on), key=lambda day: day.day)[-PACE_DAYS:] or list(known)
    return Money(sum_up(whole, currency).counted(definition).amount / len(whole), currency)


def _likely(spent: Money | None, pace: Money | None, *, last: date, end: date) -> Money | None:
    if spent is None or pace is None:
        return None
    ahead = max(0, (end - last).days - 1)
    return spent + pace * ahead if pace.amount > 0 else spent


def _judged(
    limit: Money | None, spent: Money | None, likely: Money | None, official: Official | None, *, is_zero: bool
) -> tuple[State, str]:
    ours_or_theirs = spent if spent is not None else official.actual if official else None
    ahead = likely if likely is not None else official.forecast if official else None
    whose = "by our reading of the bill" if spent is not None else "by AWS's figure"
    if limit is None or ours_or_theirs is None:
        unknown = "Nobody has said what was spent." if ours_or_theirs is None else "The limit is no sum of money here."
        return State.UNKNOWN, unknown
    worst = max([ours_or_theirs, *([official.actual] if official else [])], key=lambda each: each.amount)
    if worst.amount > limit.amount:
        whose = whose if worst == ours_or_theirs else "by AWS's figure"
        return State.OVER, f"{worst} spent of {limit}, {worst - limit} over, {whose}."
    if is_zero:
        return State.OK, f"Nothing spent, {whose}."
    if ahead is not None and ahead.amount > limit.amount:
        return State.HEADING_OVER, f"{ours_or_theirs} spent of {limit}; at this pace {ahead} by the end, {whose}."
    return State.OK, f"{ours_or_theirs} spent of {limit}, {whose}."


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
