"""Tracking in a day a word: `1 1 0 _ 2` are dollars of the month's days, `_` a day that nobody has read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.definition import Alert, BudgetDefinition, CostTypes, Kind, Limit, TimeUnit, zero_spend
from budgets.tracking import DaySpend, Official, State, Sums, first_cost, period_of, running, track
from core.money import ZERO, Money

START = date(2026, 11, 1)


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def days(gross: str, credits_: str = "", refunds: str = "") -> list[DaySpend]:
    nothing = " ".join("0" for _ in gross.split())
    lines = zip(gross.split(), (credits_ or nothing).split(), (refunds or nothing).split(), strict=True)
    return [
        DaySpend(START + timedelta(days=place), Sums(dollars(word), dollars(f"-{back}"), dollars(f"-{refund}")))
        for place, (word, back, refund) in enumerate(lines)
        if word != "_"
    ]


def budget(limit: str, *, gross: bool = False, unit: TimeUnit = TimeUnit.MONTHLY) -> BudgetDefinition:
    types = CostTypes(credit=False, refund=False) if gross else None
    return BudgetDefinition("b", limit=Limit(Decimal(limit)), cost_types=types, time_unit=unit)


@pytest.mark.parametrize(
    ("spent", "limit", "state"),
    [
        ("1 1 1", "100", State.OK),
        ("1 1 1", "30", State.OK),  # 3 + 27 days at 1 = 30, and 30 is not more than 30
        ("1 1 1", "29.99", State.HEADING_OVER),
        ("1 1 1", "3", State.HEADING_OVER),
        ("1 1 1", "2.99", State.OVER),
    ],
)
def test_one_step_around_the_limit(spent: str, limit: str, state: State) -> None:
    assert track(budget(limit), days(spent), on=date(2026, 11, 4)).state is state


def test_gross_credits_and_net_stay_apart() -> None:
    found = track(budget("100"), days("2 3", "2 1"), on=date(2026, 11, 3))
    assert found.sums is not None
    assert (found.sums.gross, found.sums.given_back, found.sums.net) == (dollars("5"), dollars("-3"), dollars("2"))
    assert found.spent == dollars("2")
    assert track(budget("100", gross=True), days("2 3", "2 1"), on=date(2026, 11, 3)).spent == dollars("5")


@pytest.mark.parametrize(
    ("credit", "refund", "spent"), [(True, True, "4"), (False, True, "9"), (True, False, "5"), (False, False, "10")]
)
def test_credits_and_refunds_lower_each_what_it_may(spent: str, *, credit: bool, refund: bool) -> None:
    counting = BudgetDefinition("b", limit=Limit(Decimal(100)), cost_types=CostTypes(credit=credit, refund=refund))
    assert track(counting, days("10", "5", "1"), on=date(2026, 11, 2)).spent == dollars(spent)


@pytest.mark.parametrize(("cost", "state"), [("0 0 0", State.OK), ("0 0.001 0", State.OVER), ("0 0.01 0", State.OVER)])
def test_zero_spend_means_zero(cost: str, state: State) -> None:
    found = track(zero_spend("z"), days(cost), on=date(2026, 11, 4))
    assert (found.limit, found.state) == (ZERO, state)


def test_a_zero_spend_budget_that_counts_credits_does_not_see_them_burn() -> None:
    burning = days("5 5", "5 5")
    assert track(zero_spend("net"), burning, on=date(2026, 11, 3)).state is State.OK
    assert track(zero_spend("gross", gross=True), burning, on=date(2026, 11, 3)).state is State.OVER


def test_without_costs_by_day_only_aws_speaks() -> None:
    found = track(budget("10"), [], on=date(2026, 11, 4), official=Official(dollars("4"), dollars("12")))
    assert (found.spent, found.likely, found.state) == (None, None, State.HEADING_OVER)
    assert "by AWS's figure" in found.reason
    assert track(budget("10"), [], on=date(2026, 11, 4)).state is State.UNKNOWN


def test_the_worse_of_ours_and_aws_decides_and_both_stay() -> None:
    found = track(budget("10"), days("1 1"), on=date(2026, 11, 3), official=Official(dollars("11"), None))
    assert (found.state, found.spent, found.official) == (State.OVER, dollars("2"), Official(dollars("11"), None))
    assert "$1.00 over, by AWS's figure" in found.reason


def test_a_day_that_is_not_whole_does_not_slow_the_pace() -> None:
    assert track(budget("100"), days("4 4 0.5"), on=date(2026, 11, 3)).pace == dollars("4")


@pytest.mark.parametrize(
    ("unit", "on", "start", "end"),
    [
        (TimeUnit.DAILY, date(2026, 11, 30), date(2026, 11, 30), date(2026, 12, 1)),
        (TimeUnit.MONTHLY, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (TimeUnit.QUARTERLY, date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)),
        (TimeUnit.ANNUALLY, date(2026, 1, 1), date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_periods_begin_and_end_with_the_calendar(unit: TimeUnit, on: date, start: date, end: date) -> None:
    assert period_of(budget("1", unit=unit), on) == (start, end)


def test_the_first_day_with_cost() -> None:
    assert first_cost(days("0 0 0.001 5")) == date(2026, 11, 3)
    assert first_cost(days("1 1", "1 1")) == START
    assert first_cost(days("0 0")) is None


def test_other_kinds_and_currencies_are_not_added() -> None:
    assert track(BudgetDefinition("u", Kind.USAGE, limit=Limit(Decimal(5), "GB")), days("9"), on=START).spent is None
    euros = [DaySpend(START, Sums(Money(Decimal(9), "EUR"), Money(Decimal(0), "EUR"), Money(Decimal(0), "EUR")))]
    assert track(budget("1"), euros, on=START).spent is None


amounts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=30)


@given(cents=amounts, on=st.integers(1, 30), gross=st.booleans())
def test_likely_is_never_below_what_is_spent_and_sums_add_up(
    cents: list[tuple[int, int]], on: int, *, gross: bool
) -> None:
    known = [
        DaySpend(
            START + timedelta(days=n), Sums(Money(Decimal(cost) / 100), Money(-Decimal(min(cost, back)) / 100), ZERO)
        )
        for n, (cost, back) in enumerate(cents)
    ]
    found = track(budget("1", gross=gross), known, on=date(2026, 11, on))
    assert found.sums is not None
    assert found.spent is not None
    assert found.likely is not None
    assert found.likely >= found.spent
    assert found.sums.gross + found.sums.given_back == found.sums.net
    assert list(running(known, START, date(2026, 12, 1)).values())[-1] == found.sums
    assert found.definition.alerts == ()


def test_alerts_are_amounts_of_the_limit() -> None:
    assert Alert("ACTUAL", Decimal(80)).amount(Decimal(50)) == 40
    assert Alert("ACTUAL", Decimal(80), "ABSOLUTE_VALUE").amount(Decimal(50)) == 80
