"""The forecast of a month in which allowances run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from budgets.forecast import Usage, forecast, past_error
from core.money import ZERO, Money

START, END = date(2026, 11, 1), date(2026, 12, 1)


def used(
    per_day: int, *, days: int, free: int = 0, rate: str = "0.01", name: str = "Requests", start: date = START
) -> Iterator[Usage]:
    """`per_day` units a day; `free` of each month cost nothing."""
    left, month = free, start.month
    for place in range(days):
        day = start + timedelta(days=place)
        if day.month != month:
            left, month = free, day.month
        beyond = max(0, per_day - left)
        left = max(0, left - per_day)
        yield Usage(day, name, Decimal(per_day), Money(beyond * Decimal(rate)))


def at(usage: list[Usage], *, on: int, free: dict[str, Decimal] | None = None) -> Money:
    found = forecast(usage, start=START, end=END, known_until=date(2026, 11, on), allowances=free)
    assert found is not None
    return found.likely


def test_a_steady_cost_goes_on() -> None:
    assert at(list(used(100, days=10)), on=11) == Money(Decimal(30))


def test_units_are_free_while_the_allowance_lasts_and_cost_after_it() -> None:
    before = list(used(100, days=31, free=1500, start=date(2026, 10, 1)))
    month = [*before, *used(100, days=10, free=1500)]
    found = forecast(month, start=START, end=END, known_until=date(2026, 11, 11))
    assert found is not None
    assert (found.spent, found.likely) == (ZERO, Money(Decimal(15)))  # 3,000 units, 1,500 of them free
    assert found.pieces[0].charged_from == date(2026, 11, 16)
    straight = Money(found.spent.amount / 10 * 30)
    assert straight < found.likely


def test_an_allowance_that_is_known_is_believed_before_the_month_before() -> None:
    before = list(used(100, days=31, free=1500, start=date(2026, 10, 1)))
    month = [*before, *used(100, days=10, free=2500)]
    assert at(month, on=11, free={"Requests": Decimal(2500)}) == Money(Decimal(5))


def test_what_was_never_charged_has_no_rate_and_stays_free() -> None:
    found = forecast(used(100, days=10, free=10**6), start=START, end=END, known_until=date(2026, 11, 11))
    assert found is not None
    assert (found.likely, found.pieces[0].rate, found.pieces[0].charged_from) == (ZERO, None, None)


def test_days_of_the_week_are_kept_apart() -> None:
    week = [10, 10, 10, 10, 10, 0, 0]  # 1 November 2026 is a Sunday
    usage = [
        Usage(day, "Hours", Decimal(week[day.weekday()]), Money(Decimal(week[day.weekday()])))
        for day in (date(2026, 10, 4) + timedelta(days=n) for n in range(28 + 14))
    ]
    expected = sum(week[(START + timedelta(days=n)).weekday()] for n in range(30))
    assert at(usage, on=15) == Money(Decimal(expected))


def test_nothing_known_is_no_forecast() -> None:
    assert forecast([], start=START, end=END, known_until=date(2026, 11, 5)) is None


def test_past_error_is_measured_on_the_months_that_are_over() -> None:
    usage = list(used(100, days=31 + 30 + 31 + 10, start=date(2026, 8, 1)))
    assert [first for first, _ in past_error(usage, on=date(2026, 11, 11))] == [
        date(2026, 10, 1),
        date(2026, 9, 1),
        date(2026, 8, 1),
    ]
    assert {error for _, error in past_error(usage, on=date(2026, 11, 11))} == {Decimal(0)}


lines = st.lists(
    st.tuples(st.integers(-60, 29), st.sampled_from("abc"), st.integers(0, 1000), st.integers(0, 1000)), min_size=1
)


@given(lines, st.integers(1, 31), st.dictionaries(st.sampled_from("abc"), st.integers(0, 5000).map(Decimal)))
def test_never_below_what_is_spent_and_the_pieces_add_up(
    given_lines: list[tuple[int, str, int, int]], on: int, allowances: dict[str, Decimal]
) -> None:
    known_until = START + timedelta(days=on - 1)
    usage = [
        Usage(START + timedelta(days=day), name, Decimal(quantity), Money(Decimal(cents) / 100))
        for day, name, quantity, cents in given_lines
    ]
    found = forecast(usage, start=START, end=END, known_until=known_until, allowances=allowances)
    inside = sum((u.cost.amount for u in usage if START <= u.day < known_until), Decimal(0))
    if found is None:
        assert all(each.day >= known_until for each in usage)
        return
    assert found.spent.amount == inside
    assert found.spent <= found.low <= found.likely <= found.high
    assert sum((piece.spent.amount for piece in found.pieces), Decimal(0)) == inside
    assert abs(found.likely.amount - sum((p.spent + p.ahead).amount for p in found.pieces)) < Decimal("1e-9")
    assert [day for day, *_ in found.path] == [known_until + timedelta(days=n) for n in range((END - known_until).days)]
