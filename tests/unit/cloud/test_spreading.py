"""As the budget shrinks reads come more rarely, before anything stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cloud.caps import Caps, Limit, day_of, month_of
from cloud.spreading import over_money
from core.money import ZERO, Money

NOON = datetime(2026, 11, 16, tzinfo=UTC)
"""Half of November is left."""
MONTH = Limit("monthly", Money(Decimal(1)), month_of(NOON))
EVERY = timedelta(minutes=1)
CENT = Money(Decimal("0.01"))

INSTANTS = st.integers(0, 30 * 86_400 - 1).map(lambda second: MONTH.span.start + timedelta(seconds=second))
MILLS = st.integers(0, 3000).map(lambda mills: Money(Decimal(mills) / 1000))


def stretch(spent: Money, *, a_read: Money = CENT, at: datetime = NOON, limit: Limit = MONTH) -> float:
    return over_money(limit, spent, a_read, every=EVERY, now=at)


@pytest.mark.parametrize(
    ("spent", "minutes"),
    [
        ("0", 1.0),
        ("0.50", 1.0),  # as an even pace has it
        ("0.55", 240.5),  # half of what may be spent in advance: half of the way to 480
        ("0.60", 540.0),  # 40 reads in 21,600 min
        ("0.80", 1080.0),
        ("0.99", 21_600.0),
        ("0.991", 43_200.0),  # not in this month
        ("1.50", 43_200.0),
    ],
)
def test_half_a_month_with_a_dollar_and_reads_of_a_cent(spent: str, minutes: float) -> None:
    assert stretch(Money(Decimal(spent))) == pytest.approx(minutes, rel=1e-3)


@given(spent=MILLS, a_read=MILLS, at=INSTANTS, cap=MILLS)
def test_nothing_is_ever_read_faster(spent: Money, a_read: Money, at: datetime, cap: Money) -> None:
    assert stretch(spent, a_read=a_read, at=at, limit=Limit("monthly", cap, MONTH.span)) >= 1.0


@given(less=MILLS, more=MILLS, a_read=MILLS, at=INSTANTS)
def test_who_has_spent_more_waits_no_less(less: Money, more: Money, a_read: Money, at: datetime) -> None:
    assume(less <= more)
    assert stretch(less, a_read=a_read, at=at) <= stretch(more, a_read=a_read, at=at) * (1 + 1e-9)


@given(spent=MILLS, at=INSTANTS)
def test_what_costs_nothing_does_not_wait(spent: Money, at: datetime) -> None:
    assert stretch(spent, a_read=ZERO, at=at) == 1.0


def watched(caps: Caps, reads: list[Money], *, every: timedelta, days: int) -> tuple[list[datetime], Money, int]:
    """Look `every` so often for `days` from the first on, at walls that cost `reads`; pay as the ledger would."""
    now, end = MONTH.span.start, MONTH.span.start + timedelta(days=days)
    asked: list[datetime | None] = [None] * len(reads)
    paid: list[datetime] = []
    today, month, refused, day = ZERO, ZERO, 0, day_of(now)
    while now < end:
        if now >= day.end:
            today, day = ZERO, day_of(now)
        for place, a_read in enumerate(reads):
            spent = {"daily": today, "monthly": month}
            longest = max(over_money(x, spent[x.kind], a_read, every=every, now=now) for x in caps.limits(now))
            last = asked[place]
            if last is not None and now - last < every * longest:
                continue
            if any(spent[x.kind] + a_read > x.cap for x in caps.limits(now)):
                refused += 1
                continue
            asked[place] = now
            paid.append(now)
            today, month = today + a_read, month + a_read
        now += every
    return paid, month, refused


@settings(max_examples=25, deadline=None)
@given(reads_paid=st.integers(20, 3000), a_day=st.none() | st.integers(20, 200))
def test_a_wall_watched_all_month_lasts_to_the_end_of_it(reads_paid: int, a_day: int | None) -> None:
    caps = Caps(CENT * reads_paid, None if a_day is None else CENT * a_day)
    every = timedelta(minutes=10)
    paid, month, refused = watched(caps, [CENT], every=every, days=30)
    assert month <= caps.month
    assert refused == 0
    longest = max(later - earlier for earlier, later in zip(paid, [*paid[1:], MONTH.span.end], strict=True))
    evenly = timedelta(days=30) / min(reads_paid, 30 * (a_day or reads_paid))
    assert longest <= 2 * evenly + 3 * every
    most = min(caps.month.amount, 30 * (caps.day or caps.month).amount, CENT.amount * (30 * 144))
    assert month.amount >= Decimal("0.8") * most


def test_several_walls_share_a_cap_and_none_is_refused() -> None:
    walls = [CENT, CENT * 3, CENT * 2]
    paid, month, refused = watched(Caps(Money(Decimal(20))), walls, every=timedelta(minutes=10), days=30)
    assert refused == 0
    assert month.amount <= 20
    assert paid[-1] > MONTH.span.end - timedelta(days=3)


def test_an_hour_a_day_is_never_slowed() -> None:
    cap = Money(Decimal("2.50"))
    now, spent = MONTH.span.start, ZERO
    for day in range(30):
        for minute in range(60):
            now = MONTH.span.start + timedelta(days=day, minutes=minute)
            spent += Money(Decimal("0.00045"))  # 45 metrics bought
            found = stretch(spent, a_read=Money(Decimal("0.00045")), at=now, limit=Limit("monthly", cap, MONTH.span))
            assert found < 1.5
