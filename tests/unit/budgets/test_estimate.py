"""Counts × prices: allowances first, totals that add up, and what was not counted said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.estimate import Estimate, Kept, Official, compare, estimate
from budgets.prices import OURS, UsagePrices, read_prices
from core.money import ZERO, Money
from core.timespan import Timespan
from core.usage import Count, Uncounted

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MONTH = Timespan(datetime(2026, 11, 1, tzinfo=UTC), NOW)
LATELY = Timespan(NOW - timedelta(minutes=15), NOW)


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def count(usage_type: str, month: str, lately: str = "0", *, region: str = "us-east-1") -> Count:
    return Count(usage_type, region, "thing", Decimal(month), Decimal(lately))


def made(*counts: Count, uncounted: Sequence[Uncounted] = (), prices: UsagePrices | None = None) -> Estimate:
    return estimate(counts, uncounted, prices or UsagePrices(), month=MONTH, lately=LATELY)


@pytest.mark.parametrize(
    ("requests", "cost"),
    [("999999", "0"), ("1000000", "0"), ("1000001", "0.0000002"), ("3000000", "0.4")],
)
def test_an_allowance_is_used_up_before_anything_costs(requests: str, cost: str) -> None:
    found = made(count("Request", requests))
    assert found.total == dollars(cost)
    assert found.lines[0].free == min(Decimal(requests), Decimal(1_000_000))


@pytest.mark.parametrize(
    ("before", "per_hour"),
    [("999800", "0"), ("999900", "0"), ("999901", "0.0000008"), ("1000000", "0.00008"), ("5000000", "0.00008")],
)
def test_an_hour_costs_nothing_while_the_allowance_lasts(before: str, per_hour: str) -> None:
    """A hundred requests in a quarter of an hour: free, in part free, charged."""
    found = made(count("Request", str(int(before) + 100), "100"))
    assert found.per_hour == dollars(per_hour)


def test_one_allowance_serves_all_regions() -> None:
    found = made(count("CW:AlarmMonitorUsage", "8"), count("CW:AlarmMonitorUsage", "8", region="eu-west-1"))
    assert found.total == dollars("0.6")


def test_one_allowance_serves_regions_with_prices_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('["eu-west-1 CW:AlarmMonitorUsage"]\nprice = "0.20"\n')
    both = (count("CW:AlarmMonitorUsage", "8"), count("CW:AlarmMonitorUsage", "8", region="eu-west-1"))
    assert made(*both, prices=read_prices(path)).total == dollars("1.2"), "8 cheap ones and 2 dear ones are free"


def test_tables_have_an_allowance_in_each_region() -> None:
    """25 units of each are free in every region: an organization's other regions take nothing of them."""
    found = made(count("WriteCapacityUnit-Hrs", "18600"), count("WriteCapacityUnit-Hrs", "18601", region="eu-west-1"))
    assert [(line.region, line.cost) for line in found.lines] == [
        ("eu-west-1", dollars("0.00065")),
        ("us-east-1", dollars("0")),
    ]
    assert found.total == dollars("0.00065")


def test_what_has_no_price_is_listed_and_never_nothing() -> None:
    lacking = Uncounted("data sent to the internet", "Nobody counts it.")
    found = made(count("BoxUsage:x9.huge", "10"), count("LCUUsage", "1"), uncounted=[lacking])
    assert found.total == dollars("0.008")
    assert [each.what for each in found.uncounted] == ["data sent to the internet", "BoxUsage:x9.huge: thing"]


counts = st.builds(
    Count,
    st.sampled_from([*OURS, "Unknown"]),
    st.sampled_from(["us-east-1", "eu-west-1"]),
    st.just("thing"),
    st.decimals(0, 10**8, places=3),
    st.decimals(0, 10**8, places=3),
)


@given(st.lists(counts, max_size=20))
def test_totals_add_up_and_allowances_are_never_negative(found: list[Count]) -> None:
    made_of = made(*found)
    assert made_of.total == sum((line.cost for line in made_of.lines), ZERO)
    assert made_of.per_hour == sum((line.per_hour for line in made_of.lines), ZERO)
    for line in made_of.lines:
        assert Decimal(0) <= line.free <= min(line.quantity, line.price.free.units)
        assert line.left == line.price.free.units - line.free >= 0
        assert line.cost == line.price.each * (line.quantity - line.free)
    known = {each.usage_type for each in found} - {"Unknown"}
    assert {line.price.usage_type for line in made_of.lines} == known


@given(st.lists(counts, max_size=10), counts)
def test_more_use_never_costs_less(found: list[Count], more: Count) -> None:
    assert made(*found, more).total >= made(*found).total


# -- past error -------------------------------------------------------------------------------------------------------


def kept(day: int, hour: int, total: str, *, month: int = 11) -> Kept:
    return Kept(datetime(2026, month, day, hour, tzinfo=UTC), dollars(total), ZERO)


def official(day: int, total: str, *, final: bool = True, month: int = 11) -> Official:
    return Official(datetime(2026, month, day, tzinfo=UTC), dollars(total), "Cost Explorer", final)


def test_what_estimates_grew_by_is_set_beside_what_final_figures_grew_by() -> None:
    """The estimates began to count late, and are a hundred dollars too low from then on: that is no error of today."""
    estimates = [kept(day, 0, total) for day, total in ((2, "9"), (3, "18"), (4, "30"), (5, "40"), (6, "99"))]
    figures = [official(day, str(100 + 10 * day)) for day in (2, 3, 4, 5)]
    found = compare(estimates, [*figures, official(6, "170", final=False)])
    assert [pair.off for pair in found.compared] == [Decimal(0), Decimal("0.2"), Decimal("-0.1")]
    assert found.typical == Decimal("0.1")
    assert found.bias == Decimal(0)


def test_with_little_compared_no_error_is_claimed() -> None:
    found = compare([kept(2, 0, "9"), kept(3, 0, "19")], [official(2, "10"), official(3, "20")])
    assert len(found.compared) == 1
    assert found.typical is None


@pytest.mark.parametrize(("hour", "pairs"), [(1, 1), (2, 1), (3, 0)])
def test_an_estimate_counts_when_it_was_made_about_then(hour: int, pairs: int) -> None:
    found = compare([kept(2, 0, "0"), kept(3, hour, "9")], [official(2, "0"), official(3, "9")])
    assert len(found.compared) == pairs
    if pairs:
        assert found.compared[0].estimated.amount < 9, "an hour more than AWS's stretch is not its estimate"


def test_a_month_is_never_compared_with_another() -> None:
    estimates = [kept(31, 0, "300", month=10), kept(31, 23, "310", month=10), kept(1, 0, "0"), kept(2, 0, "10")]
    figures = [official(31, "300", month=10), official(1, "310"), official(2, "10")]
    spans = [(pair.span.start.day, pair.span.end.day) for pair in compare(estimates, figures).compared]
    assert spans == [(31, 1)], "the figure of the first is that of the month before"


def test_where_nothing_was_spent_there_is_no_share() -> None:
    found = compare([kept(2, 0, "1"), kept(3, 0, "2")], [official(2, "5"), official(3, "5")])
    assert [pair.off for pair in found.compared] == [None]
