"""Requests made of datapoints hold exactly what was put, within AWS's limits, and are the same each time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from collectors import custom_batches
from collectors.custom_batches import MOST_DATA, MOST_VALUES, Batch, batches
from collectors.custom_rules import OLDEST_MS, Definition
from collectors.spool.segments import EXTREMES, SET, SLOT, VALUE, slot

MINUTE = 1_795_000_020_000
METRICS = (
    Definition("Shop", "Load", (("Page", "/"),), "Seconds"),
    Definition("Shop", "Fast", (), None, 1),
    Definition("Other", "Load", (("Page", "/"),), "Seconds"),
    Definition("Shop", "Merged", (), "Count", 60, percentiles=False),
)
KNOWN = {metric.id: metric for metric in METRICS}
Put = tuple[int, int, float, int]


def slots_of(puts: list[Put]) -> Any:
    data = b"".join(slot(METRICS[m].id, MINUTE + ms, value, count) for m, ms, value, count in puts)
    return np.frombuffer(data, SLOT)


def observed(found: list[Batch]) -> Counter[tuple[object, ...]]:
    """Count (namespace, name, period, value) over all requests."""
    seen: Counter[tuple[object, ...]] = Counter()
    for batch in found:
        for datum in orjson.loads(batch.body)["MetricData"]:
            values = datum.get("Values", [datum.get("Value")])
            for value, count in zip(values, datum.get("Counts", [1]), strict=True):
                seen[batch.namespace, datum["MetricName"], datum["Timestamp"], value] += int(count)
    return seen


puts = st.tuples(
    st.integers(0, 2),
    st.integers(0, 200_000),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 1) + 0.0) | st.sampled_from([0.0, 1.0, 2.5]),
    st.integers(1, 5),
)


@given(st.lists(puts, max_size=300))
def test_nothing_is_lost_and_nothing_is_made_up(given_puts: list[Put]) -> None:
    found, lost = batches(slots_of(given_puts), KNOWN.get)
    expected: Counter[tuple[object, ...]] = Counter()
    for m, ms, value, count in given_puts:
        metric = METRICS[m]
        stamp = (MINUTE + ms) // (metric.resolution * 1000) * metric.resolution
        expected[metric.namespace, metric.name, stamp, value] += count
    assert observed(found) == expected
    assert lost == 0
    assert sum(batch.points for batch in found) == len(given_puts)


@given(st.lists(puts, max_size=100))
def test_the_same_datapoints_make_the_same_requests(given_puts: list[Put]) -> None:
    first, _ = batches(slots_of(given_puts), KNOWN.get)
    again, _ = batches(slots_of(given_puts), KNOWN.get)
    assert [batch.body for batch in first] == [batch.body for batch in again]


def test_more_than_150_distinct_values_become_more_data() -> None:
    found, _ = batches(slots_of([(0, 0, float(n), 1) for n in range(MOST_VALUES + 1)] * 2), KNOWN.get)
    data = orjson.loads(found[0].body)["MetricData"]
    assert [len(datum.get("Values", ["one"])) for datum in data] == [MOST_VALUES, 1]
    assert sum(batch.points for batch in found) == 2 * (MOST_VALUES + 1)


def test_a_request_has_a_thousand_data_at_most_and_the_oldest_leave_first() -> None:
    found, _ = batches(slots_of([(1, n * 1000, 1.0, 1) for n in reversed(range(MOST_DATA + 1))]), KNOWN.get)
    assert [len(batch.data) for batch in found] == [MOST_DATA, 1]
    assert found[0].data[0].ms == MINUTE
    assert found[1].data[0].ms == MINUTE + MOST_DATA * 1000


def test_a_request_stays_below_a_megabyte(monkeypatch: Any) -> None:
    monkeypatch.setattr(custom_batches, "MOST_BYTES", 2_000)
    found, _ = batches(slots_of([(1, n * 1000, n / 7, 1) for n in range(200)]), KNOWN.get)
    assert len(found) > 5
    assert max(len(batch.body) for batch in found) <= 2_000


def test_sets_are_added_up_and_halves_of_one_are_damage() -> None:
    whole = slot(METRICS[1].id, MINUTE, 3, 6, SET) + slot(METRICS[1].id, MINUTE, 1, 3, EXTREMES)
    more = slot(METRICS[1].id, MINUTE + 999, 1, 9, SET) + slot(METRICS[1].id, MINUTE + 999, 9, 9, EXTREMES)
    alone = slot(METRICS[1].id, MINUTE, 3, 6, SET)
    orphan = slot(METRICS[1].id, MINUTE, 1, 3, EXTREMES)
    stranger = slot(12345, MINUTE, 1, 1, VALUE)
    found, lost = batches(np.frombuffer(whole + orphan + more + stranger + alone, SLOT), KNOWN.get)
    (datum,) = orjson.loads(found[0].body)["MetricData"]
    assert datum["StatisticValues"] == {"SampleCount": 4, "Sum": 15, "Minimum": 1, "Maximum": 9}
    assert (found[0].points, lost) == (2, 3)


def test_a_metric_without_percentiles_is_sent_as_sets() -> None:
    found, _ = batches(slots_of([(3, 0, 2.0, 3), (3, 1, 5.0, 1)]), KNOWN.get)
    (datum,) = orjson.loads(found[0].body)["MetricData"]
    assert datum["StatisticValues"] == {"SampleCount": 4, "Sum": 11, "Minimum": 2, "Maximum": 5}


def test_what_is_too_old_is_left_out_a_minute_early() -> None:
    (batch,), _ = batches(slots_of([(1, n, 1.0, 1) for n in (0, 60_000, 120_000)]), KNOWN.get)
    assert batch.young(now_ms=MINUTE + OLDEST_MS).points == 2
    assert batch.young(now_ms=MINUTE) is batch


def test_nothing_makes_nothing() -> None:
    assert batches(slots_of([]), KNOWN.get) == ([], 0)
