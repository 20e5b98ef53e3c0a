"""Timespans, series, money and readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import ZERO, Money
from core.reading import Fault, FaultKind, Reading, Scope, joined_faults
from core.series import MetricId, Series
from core.timespan import Timespan, chart_period, finest_period, parse_instant, utc

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def minutes(*values: float | None) -> Series:
    """One-minute datapoints from noon on; None is a gap."""
    times = [int(NOON.timestamp()) + 60 * i for i, value in enumerate(values) if value is not None]
    return Series(np.array(times, np.int64), np.array([v for v in values if v is not None], np.float64), 60)


def test_an_instant_without_a_zone_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="has no time zone; give an aware instant such as"):
        utc(datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00", "2026-11-23T13:00:00+01:00"])
def test_instants_are_read_as_utc(text: str) -> None:
    assert parse_instant(text) == NOON


def test_what_is_no_instant_is_quoted_back() -> None:
    with pytest.raises(ValueError, match="'yesterday' is not an instant; write it as 2026-11-23T10:00:00Z"):
        parse_instant("yesterday")


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = Timespan(NOON, NOON + timedelta(minutes=1))
    assert NOON in span
    assert span.end not in span
    assert NOON - timedelta(microseconds=1) not in span


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(ValueError, match="not after its start"):
        Timespan(NOON, NOON)


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.sampled_from([60, 300, 3600]))
def test_alignment_widens_to_whole_periods(start: int, length: int, period: int) -> None:
    span = Timespan(NOON + timedelta(seconds=start), NOON + timedelta(seconds=start + length))
    wide = span.aligned(period)
    assert wide.start <= span.start < span.end <= wide.end
    assert wide.seconds % period == 0
    assert wide.seconds - span.seconds < 2 * period


@pytest.mark.parametrize(
    ("age", "finest"),
    [
        (timedelta(hours=3), 1),
        (timedelta(hours=3, seconds=1), 60),
        (timedelta(days=15), 60),
        (timedelta(days=15, seconds=1), 300),
        (timedelta(days=63), 300),
        (timedelta(days=63, seconds=1), 3600),
        (timedelta(days=900), 3600),
    ],
)
def test_what_cloudwatch_still_keeps(age: timedelta, finest: int) -> None:
    assert finest_period(NOON - age, now=NOON) == finest


@pytest.mark.parametrize(
    ("hours", "period"), [(1, 60), (6, 60), (7, 300), (24, 300), (24 * 15, 3600), (24 * 60, 21_600)]
)
def test_a_chart_gets_the_finest_period_that_fits(hours: int, period: int) -> None:
    assert chart_period(Timespan.last(timedelta(hours=hours), now=NOON), now=NOON) == period


def test_a_gap_is_not_a_zero() -> None:
    grid, values = minutes(1, None, 0).on_grid(Timespan(NOON, NOON + timedelta(minutes=4)))
    assert list(grid - grid[0]) == [0, 60, 120, 180]
    np.testing.assert_array_equal(values, [1, np.nan, 0, np.nan])


def test_a_series_is_cut_half_open() -> None:
    cut = minutes(1, 2, 3, 4).within(Timespan(NOON + timedelta(minutes=1), NOON + timedelta(minutes=3)))
    assert list(cut.values) == [2, 3]
    assert minutes(1, 2).last == (NOON + timedelta(minutes=1), 2)
    assert Series.empty(60).last is None


def test_values_without_times_are_refused() -> None:
    with pytest.raises(ValueError, match="give one value a time"):
        Series(np.zeros(2, np.int64), np.zeros(3), 60)


def test_the_order_of_dimensions_means_nothing() -> None:
    one = MetricId("AWS/ApplicationELB", "RequestCount", (("TargetGroup", "t"), ("LoadBalancer", "l")))
    assert one == MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "l"), ("TargetGroup", "t")))
    assert str(one) == "AWS/ApplicationELB RequestCount {LoadBalancer=l, TargetGroup=t}"


def test_money_is_exact_and_keeps_currencies_apart() -> None:
    tenth = Money(Decimal("0.1"))
    assert tenth + tenth + tenth - Money(Decimal("0.3")) == ZERO
    with pytest.raises(ValueError, match="keep currencies apart"):
        tenth + Money(Decimal(1), "EUR")
    with pytest.raises(TypeError, match="money is given as Decimal"):
        Money(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.004", "$0.004"),
        ("0.005", "$0.005"),
        ("1234.5", "$1,234.50"),
        ("-2", "−$2.00"),
        ("0.00001", "$0.00001"),
    ],
)
def test_money_as_people_write_it(amount: str, text: str) -> None:
    assert str(Money(Decimal(amount))) == text


def test_faults_are_joined_once_each() -> None:
    fault = Fault(
        Scope("1" * 12, "us-east-1"), "elbv2:DescribeTargetHealth", FaultKind.THROTTLED, "Later.", retryable=True
    )
    readings = [Reading(1, NOON, (fault,)), Reading(2, NOON), Reading(3, NOON, (fault,))]
    assert joined_faults(readings) == (fault,)
    assert [reading.complete for reading in readings] == [False, True, False]
    assert readings[0].map(str).faults == (fault,)
