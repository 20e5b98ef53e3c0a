"""Allowances: used, left, and the day they run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.allowances import Offer, State, assess, assess_all, month_around

AT = datetime(2026, 11, 16, tzinfo=UTC)
"""Half of November is over."""


def offer(used: float, limit: float = 100.0, *, name: str = "Requests") -> Offer:
    return Offer("S3", name, "Put", "global", "words", used, limit, "Requests", None, "Always Free")


@pytest.mark.parametrize(
    ("used", "state", "runs_out"),
    [
        (0, State.OK, None),
        (49.9, State.OK, None),
        (50, State.OK, None),  # it runs out as the month ends
        (50.1, State.RUNNING_OUT, 30),
        (75, State.RUNNING_OUT, 21),
        (99.9, State.RUNNING_OUT, 16),
        (100, State.USED_UP, 16),
        (200, State.USED_UP, 8),
    ],
)
def test_the_day_it_runs_out(used: float, state: State, runs_out: int | None) -> None:
    found = assess(offer(used), at=AT)
    assert found.state is state
    assert (found.runs_out.day if found.runs_out else None) == runs_out


def test_the_last_week_says_how_fast_it_is_used_now() -> None:
    earlier = [(AT - timedelta(days=10), 1.0), (AT - timedelta(days=5), 20.0), (AT - timedelta(hours=1), 40.0)]
    found = assess(offer(40), at=AT, earlier=earlier)
    assert found.per_day == pytest.approx(4)
    assert found.runs_out is None or found.runs_out > datetime(2026, 12, 1, tzinfo=UTC)
    assert assess(offer(40), at=AT, earlier=[(AT - timedelta(days=2), 0.0)]).runs_out == AT + timedelta(days=3)


def test_readings_of_the_month_before_say_nothing() -> None:
    early = datetime(2026, 11, 2, tzinfo=UTC)
    assert assess(offer(10), at=early, earlier=[(early - timedelta(days=3), 5.0)]).per_day == pytest.approx(10)


def test_those_that_need_looking_at_come_first() -> None:
    offers = [offer(1, name="a"), offer(60, name="b"), offer(90, name="c"), offer(300, name="d"), offer(1, 0, name="e")]
    found = assess_all(offers, at=AT)
    assert [each.offer.usage_type for each in found] == ["d", "c", "b", "a"]


def test_the_month_is_utc_s() -> None:
    assert month_around(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


@given(
    st.floats(0, 1e9),
    st.floats(0.001, 1e9),
    st.integers(0, 30 * 86_400 - 1),
    st.lists(st.tuples(st.integers(0, 30 * 86_400), st.floats(0, 1e9)), max_size=4),
)
def test_nothing_is_ever_negative(used: float, limit: float, second: int, earlier: list[tuple[int, float]]) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    at = start + timedelta(seconds=second)
    found = assess(offer(used, limit), at=at, earlier=[(start + timedelta(seconds=s), u) for s, u in earlier])
    assert found.share >= 0
    assert found.left >= 0
    assert found.per_day >= 0
    assert found.beyond >= 0
    assert found.likely >= found.offer.used
    if found.state is State.USED_UP:
        assert found.runs_out is not None
        assert start <= found.runs_out <= at
    if found.state is State.RUNNING_OUT:
        assert found.runs_out is not None
        assert at <= found.runs_out < datetime(2026, 12, 1, tzinfo=UTC)
