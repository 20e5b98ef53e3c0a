"""The metric store against the plainest possible one: a list of observations."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.series import MetricId
from core.statistics import Statistic, reduce
from demo.metric_store import DimensionFilter, MetricStore

CPU = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),))
START = 1_795_428_000
STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p99", "tm90", "PR(:3)")

Put = tuple[list[int], list[list[float]], list[list[int]]]


@st.composite
def puts(draw: Any) -> Put:
    """One put: minutes after the start in any order, up to three raw samples each, and how often each was observed."""
    times = draw(st.lists(st.integers(0, 30), min_size=1, max_size=8))
    width = draw(st.integers(1, 3))
    values = st.lists(st.floats(-5, 5, width=16), min_size=width, max_size=width)
    counts = st.lists(st.integers(0, 3), min_size=width, max_size=width)
    rows = st.lists(values, min_size=len(times), max_size=len(times))
    weights = st.lists(counts, min_size=len(times), max_size=len(times))
    return times, draw(rows), draw(weights)


def observations(given_puts: Sequence[Put]) -> tuple[Any, Any, Any]:
    flat = [
        (time, value, count)
        for times, rows, weights in given_puts
        for time, row, weight in zip(times, rows, weights, strict=True)
        for value, count in zip(row, weight, strict=True)
        if count
    ]
    times, values, counts = zip(*flat, strict=True) if flat else ((), (), ())
    return np.array(times, np.int64), np.array(values, np.float64), np.array(counts, np.float64)


@given(st.lists(puts(), min_size=1, max_size=5), st.sampled_from(STATISTICS), st.sampled_from([1, 2, 7]))
def test_it_reads_what_a_list_of_observations_would_give(given_puts: list[Put], name: str, periods: int) -> None:
    store = MetricStore()
    for times, rows, weights in given_puts:
        store.put(CPU, START + 60 * np.array(times), np.array(rows), np.array(weights, np.float64))
    statistic, period, size = Statistic.parse(name), 60 * periods, -(-31 // periods)
    minutes, values, counts = observations(given_puts)
    expected = reduce(statistic, values, counts, minutes // periods, size)
    read = store.read(CPU, statistic, start=START, end=START + 60 * 31, period=period)
    found = np.full(size, np.nan)
    found[(read.times - START) // period] = read.values
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_time_put_twice_is_there_twice() -> None:
    store = MetricStore()
    store.put(CPU, np.array([START, START]), np.array([1.0, 3.0]))
    assert store.rows(CPU) == 2
    read = store.read(CPU, Statistic.parse("SampleCount"), start=START, end=START + 60, period=60)
    assert read.values.tolist() == [2.0]


def test_a_gap_stays_a_gap() -> None:
    store = MetricStore()
    store.put(CPU, np.array([START, START + 180]), np.array([0.0, 1.0]))
    read = store.read(CPU, Statistic.parse("Sum"), start=START, end=START + 240, period=60)
    assert read.times.tolist() == [START, START + 180]
    assert read.values.tolist() == [0.0, 1.0]


def test_late_datapoints_find_their_place_and_readers_keep_what_they_hold() -> None:
    store = MetricStore()
    store.put(CPU, np.array([START + 60]), np.array([2.0]))
    before = store.read(CPU, Statistic.parse("Sum"), start=START, end=START + 120, period=60)
    store.put(CPU, np.array([START]), np.array([1.0]))
    after = store.read(CPU, Statistic.parse("Sum"), start=START, end=START + 120, period=60)
    assert before.values.tolist() == [2.0]
    assert after.values.tolist() == [1.0, 2.0]


def test_standard_resolution_is_stamped_with_the_minute_and_high_resolution_is_not() -> None:
    store = MetricStore()
    fast = MetricId("Shop", "Fast")
    for metric, resolution in ((CPU, 60), (fast, 1)):
        store.put(metric, np.array([START + 13]), np.array([1.0]), resolution=resolution)
    count = Statistic.parse("SampleCount")
    assert store.read(CPU, count, start=START, end=START + 60, period=1).times.tolist() == [START]
    assert store.read(fast, count, start=START, end=START + 60, period=1).times.tolist() == [START + 13]


def test_a_statistic_set_hides_its_observations_from_percentiles() -> None:
    store = MetricStore()
    one = np.array([1.0])
    store.put(CPU, np.array([START, START + 60]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    store.put_sets(CPU, np.array([START]), sample_count=one * 2, sums=one * 9, minimum=one, maximum=one * 8)
    span: dict[str, Any] = {"start": START, "end": START + 120, "period": 60}
    assert store.read(CPU, Statistic.parse("Sum"), **span).values.tolist() == [12.0, 7.0]
    assert store.read(CPU, Statistic.parse("p100"), **span).times.tolist() == [START + 60]


def test_nothing_is_seen_before_it_is_published() -> None:
    store = MetricStore()
    store.put(CPU, START + 60 * np.arange(3), np.arange(3.0), lag=62)
    span: dict[str, Any] = {"start": START, "end": START + 600, "period": 60}

    def seen(at: int) -> int:
        return len(store.read(CPU, Statistic.parse("Sum"), visible_at=START + at, **span))

    assert [seen(at) for at in (61, 62, 121, 122, 182)] == [0, 1, 1, 2, 3]


def test_units_are_not_converted() -> None:
    store = MetricStore()
    store.put(CPU, np.array([START]), np.array([1.0]), unit="Percent")
    span: dict[str, Any] = {"start": START, "end": START + 60, "period": 60}
    assert len(store.read(CPU, Statistic.parse("Sum"), unit="Percent", **span)) == 1
    assert len(store.read(CPU, Statistic.parse("Sum"), unit="Count", **span)) == 0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 3),
        ({"namespace": "AWS/EC2"}, 2),
        ({"name": "NetworkIn"}, 1),
        ({"dimensions": [DimensionFilter("InstanceId")]}, 2),
        ({"dimensions": [DimensionFilter("InstanceId", "i-2")]}, 1),
        ({"recently_active": 3600}, 2),
    ],
)
def test_metrics_are_listed_by_what_they_have(wanted: dict[str, Any], found: int) -> None:
    store = MetricStore()
    store.put(CPU, np.array([START]), np.array([1.0]))
    store.put(MetricId("AWS/EC2", "NetworkIn", (("InstanceId", "i-2"),)), np.array([START]), np.array([1.0]))
    store.put(MetricId("Shop", "Visitors"), np.array([START - 7200]), np.array([1.0]))
    store.put(MetricId("Shop", "Forgotten"), np.array([START - 15 * 86_400]), np.array([1.0]))
    assert len(store.list(**wanted, now=START)) == found


def test_readers_and_writers_at_once() -> None:
    store = MetricStore()
    store.put(CPU, np.array([START]), np.array([1.0]))
    problems: list[str] = []
    done = threading.Event()

    def look() -> None:
        statistic = Statistic.parse("Sum")
        while not done.is_set():
            read = store.read(CPU, statistic, start=START, end=START + 60 * 5000, period=60)
            if not (read.values == 1.0).all() or (np.diff(read.times) != 60).any():
                problems.append(f"torn read of {len(read)} datapoints")

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for minute in range(1, 3000):
        store.put(CPU, np.array([START + 60 * minute]), np.array([1.0]))
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []
