"""Budgets replayed over days in a line of dollars: `_` is a day that nobody knows, `!` one that would have notified."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budgets.definition import Alert, AutoAdjust, BudgetDefinition, Kind, Limit, Subscriber, TimeUnit, zero_spend
from budgets.replay import replay
from budgets.tracking import DaySpend, Sums
from core.money import ZERO, Money

FIRST = date(2026, 11, 1)
TOLD = (Subscriber("EMAIL", "a@b.test"),)


def days(line: str, back: str = "", *, start: date = FIRST) -> list[DaySpend]:
    """Read a day a word, what was given back in a line of its own."""
    given = back.split()
    return [
        DaySpend(
            start + timedelta(days=place),
            Sums(Money(Decimal(word)), Money(-Decimal(given[place]) if place < len(given) else Decimal(0)), ZERO),
        )
        for place, word in enumerate(line.split())
        if word != "_"
    ]


def fired(budget: BudgetDefinition, known: list[DaySpend], *, of: int = 0) -> str:
    """Draw the days of one notification."""
    found = {each.day for each in replay(budget, known).firings if each.alert == budget.alerts[of]}
    last = max(day.day for day in known)
    known_days = {day.day for day in known}
    line = [FIRST + timedelta(days=place) for place in range((last - FIRST).days + 1)]
    return " ".join("!" if day in found else "." if day in known_days else "_" for day in line)


def budget(limit: str, *alerts: Alert, **more: object) -> BudgetDefinition:
    return replace(BudgetDefinition("b", limit=Limit(Decimal(limit)), alerts=alerts), **more)  # type: ignore[arg-type]


def alert(threshold: str, unit: str = "PERCENTAGE", of: str = "ACTUAL", comparison: str = "GREATER_THAN") -> Alert:
    return Alert(of, Decimal(threshold), unit, comparison, TOLD)


@pytest.mark.parametrize(
    ("costs", "when"),
    [
        ("0 0 0 0", ". . . ."),
        ("0 0.01 0 0", ". . . ."),
        ("0 0.011 0 5", ". ! . ."),
        ("0.006 0.006 1 1", ". ! . ."),
        ("_ _ 0.02 0", "_ _ ! ."),
    ],
)
def test_zero_spend_notifies_once_of_the_first_cent_that_is_passed(costs: str, when: str) -> None:
    assert fired(zero_spend("z", emails=["a@b.test"]), days(costs)) == when


def test_credits_hide_costs_from_the_template_and_not_from_the_gross_variant() -> None:
    known = days("2 2 2 2", "2 2 2 1")
    assert fired(zero_spend("z", emails=["a@b.test"]), known) == ". . . !"
    assert fired(zero_spend("z", emails=["a@b.test"], gross=True), known) == "! . . ."


@pytest.mark.parametrize(
    ("threshold", "unit", "when"),
    [
        ("80", "PERCENTAGE", ". . . ."),  # 8 is not more than 8
        ("79", "PERCENTAGE", ". . . !"),
        ("4", "ABSOLUTE_VALUE", ". . ! ."),
        ("0", "PERCENTAGE", "! . . ."),
    ],
)
def test_percent_and_amount_one_step_before_at_and_after(threshold: str, unit: str, when: str) -> None:
    assert fired(budget("10", alert(threshold, unit)), days("2 2 2 2")) == when


def test_each_period_begins_at_nothing_and_notifies_anew() -> None:
    daily = budget("5", alert("100"), time_unit=TimeUnit.DAILY)
    assert fired(daily, days("4 6 4 9 _ 7")) == ". ! . ! _ !"
    monthly = replay(budget("5", alert("100")), days("6 6", start=date(2026, 10, 31)))
    assert [(each.day, str(each.amount)) for each in monthly.firings] == [
        (date(2026, 10, 31), "$6.00"),
        (date(2026, 11, 1), "$6.00"),
    ]


def test_a_forecast_notifies_before_the_costs_do() -> None:
    both = budget("40", alert("100", of="FORECASTED"), alert("100"))
    known = days("1 1 1 1 1 1 9 9 9 9 9")
    assert fired(both, known).index("!") < fired(both, known, of=1).index("!")


def test_a_forecast_that_calms_down_and_rises_again_notifies_again() -> None:
    line = "9 0 0 0 0 0 0 0 0 0 0 0 9 9 9"
    assert fired(budget("40", alert("100", of="FORECASTED")), days(line)).count("!") == 2


@pytest.mark.parametrize(("comparison", "when"), [("LESS_THAN", "! . ."), ("EQUAL_TO", ". ! .")])
def test_other_comparisons(comparison: str, when: str) -> None:
    assert fired(budget("10", alert("40", comparison=comparison)), days("2 2 2")) == when


def test_planned_limits_hold_from_their_day() -> None:
    october, november = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11))
    planned = ((october, Limit(Decimal(100))), (november, Limit(Decimal(3))))
    found = replay(
        replace(budget("1", alert("100")), limit=None, planned=planned), days("4 4", start=date(2026, 10, 31))
    )
    assert [each.day.month for each in found.firings] == [11]


def test_an_adjusted_limit_is_the_average_of_whole_periods_before() -> None:
    adjusted = replace(
        budget("1", alert("100")), limit=None, time_unit=TimeUnit.DAILY, auto_adjust=AutoAdjust("HISTORICAL", 2)
    )
    found = replay(adjusted, days("2 4 4 2 9"))
    assert [None if each.limit is None else str(each.limit) for each in found.periods] == [
        None, "$2.00", "$3.00", "$4.00", "$3.00",
    ]  # fmt: skip
    assert fired(adjusted, days("2 4 4 2 9")) == ". ! ! . !"


def test_a_custom_period_is_its_own_days_only() -> None:
    custom = budget(
        "5", alert("100"), time_unit=TimeUnit.CUSTOM,
        start=datetime(2026, 11, 2, tzinfo=UTC), end=datetime(2026, 11, 4, tzinfo=UTC),
    )  # fmt: skip
    found = replay(custom, days("9 3 3 9"))
    assert [each.day for each in found.firings] == [date(2026, 11, 3)]
    assert [(each.known, each.whole) for each in found.periods] == [(2, True)]
    assert "within its days" in replay(custom, days("1", start=date(2026, 1, 1))).problem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": Kind.USAGE}, "Only costs are replayed"),
        ({"auto_adjust": AutoAdjust("FORECAST"), "limit": None}, "its own forecast"),
    ],
)
def test_what_cannot_be_replayed_says_why(change: dict[str, object], words: str) -> None:
    found = replay(replace(budget("5", alert("100")), **change), days("1 2"))  # type: ignore[arg-type]
    assert found.periods == ()
    assert words in found.problem


def test_without_a_day_there_is_no_replay() -> None:
    assert "No day's costs are known" in replay(budget("5", alert("100")), []).problem


def test_a_period_says_how_many_of_its_days_are_known() -> None:
    (period,) = replay(budget("5", alert("100")), days("1 _ _ 1")).periods
    assert (period.known, period.whole, str(period.spent)) == (2, False, "$2.00")


costs = st.lists(st.decimals("0", "9", places=2), min_size=1, max_size=40)


@given(costs, st.decimals("0.01", "50", places=2))
@settings(deadline=None)
def test_a_lower_threshold_never_notifies_later(amounts: list[Decimal], low: Decimal) -> None:
    known = days(" ".join(map(str, amounts)))
    watched = budget("10", alert(str(low), "ABSOLUTE_VALUE"), alert(str(low * 2), "ABSOLUTE_VALUE"))
    first = {month: min(d for d in found) for month, found in _by_month(watched, known, 0).items()}
    second = {month: min(d for d in found) for month, found in _by_month(watched, known, 1).items()}
    assert all(first[month] <= day for month, day in second.items())


@given(costs)
@settings(deadline=None)
def test_actual_costs_notify_once_a_period_and_only_of_what_is_passed(amounts: list[Decimal]) -> None:
    found = replay(budget("10", alert("100")), days(" ".join(map(str, amounts))))
    for period in found.periods:
        assert len(period.firings) <= 1
        assert all(each.amount > each.threshold for each in period.firings)
        assert bool(period.firings) is (period.spent.amount > 10)


def _by_month(watched: BudgetDefinition, known: list[DaySpend], place: int) -> dict[int, list[date]]:
    found: dict[int, list[date]] = {}
    for each in replay(watched, known).firings:
        if each.alert == watched.alerts[place]:
            found.setdefault(each.day.month, []).append(each.day)
    return found
