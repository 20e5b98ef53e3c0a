"""Two caps, one answer: the tighter one decides and says when it opens again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.caps import Caps, day_of, month_of
from core.money import ZERO, Money
from core.timespan import Timespan

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AMOUNTS = st.integers(0, 200).map(lambda cents: Money(Decimal(cents) / 100))


def dollars(text: str) -> Money:
    return Money(Decimal(text))


@pytest.mark.parametrize(
    ("caps", "kinds"),
    [
        (Caps(), ["monthly"]),
        (Caps(ZERO, dollars("1")), ["monthly"]),
        (Caps(dollars("1"), dollars("0.99")), ["monthly", "daily"]),
        (Caps(dollars("1"), dollars("1")), ["monthly"]),
        (Caps(dollars("1"), dollars("1.01")), ["monthly"]),
        (Caps(dollars("1"), ZERO), ["monthly", "daily"]),
    ],
)
def test_a_day_has_a_cap_of_its_own_where_it_is_less_than_the_months(caps: Caps, kinds: list[str]) -> None:
    assert [limit.kind for limit in caps.limits(NOW)] == kinds


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-23T00:00:00+00:00", "2026-11-23", "2026-11-24"),
        ("2026-11-30T23:59:59+00:00", "2026-11-30", "2026-12-01"),
        ("2026-12-01T00:30:00+01:00", "2026-11-30", "2026-12-01"),
    ],
)
def test_a_day_is_a_day_in_utc(at: str, start: str, end: str) -> None:
    instants = (datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in (start, end))
    assert day_of(datetime.fromisoformat(at)) == Timespan(*instants)


@given(month=AMOUNTS, day=st.none() | AMOUNTS, today=AMOUNTS, before=AMOUNTS)
def test_what_is_left_is_within_both_caps(month: Money, day: Money | None, today: Money, before: Money) -> None:
    caps = Caps(month, day)
    spent = {month_of(NOW): today + before, day_of(NOW): today}
    left = caps.left(lambda span: spent[span], at=NOW)
    assert left.amount >= ZERO
    assert left.amount <= max(ZERO, month - today - before)
    if day is not None:
        assert left.amount <= max(ZERO, day - today)
    exact = min(month - today - before, month - today if day is None else day - today)
    assert left.amount == max(ZERO, exact)


@given(month=AMOUNTS, day=st.none() | AMOUNTS, cost=AMOUNTS)
def test_what_can_never_be_bought_is_more_than_a_cap(month: Money, day: Money | None, cost: Money) -> None:
    never = Caps(month, day).never(cost, at=NOW)
    assert (never is not None) == (cost > month or (day is not None and cost > day))
