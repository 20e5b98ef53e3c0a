"""Evaluating a span at once equals evaluating instant by instant, whatever alarm, data and gaps."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.evaluation import StateValue, Timeline, evaluate, evaluate_span, evaluation_step
from alarms.notation import series, write_states
from core.series import Series
from core.timespan import Timespan, from_epoch
from tests.unit.alarms import strategies
from tests.unit.alarms.lines import START, alarm

NAN = float("nan")
gappy = st.lists(st.sampled_from([0.0, 3.0, 5.0, 7.0, 9.0, NAN, None]), max_size=40)
states = st.sampled_from(list(StateValue))


def laid_out(values: list[float | None], step: int) -> Series:
    """One datapoint a step from START on; None is no datapoint, NaN one that says nothing."""
    pairs = [(START + place * step, value) for place, value in enumerate(values) if value is not None]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    return Series(times, np.array([value for _, value in pairs], dtype=np.float64), step)


def one_by_one(made: Any, datapoints: Series, timeline: Timeline, **given_series: Any) -> list[StateValue]:
    state, found = timeline.initial, []
    for instant in timeline.instants.tolist():
        state = evaluate(made, datapoints, at=from_epoch(instant), previous=state, **given_series).state
        found.append(state)
    return found


@given(strategies.single_metric(), gappy, states, st.integers(0, 59))
def test_a_span_equals_its_instants(
    request: dict[str, Any], values: list[float | None], initial: StateValue, late: int
) -> None:
    made = alarm(**({"Statistic": None} | request))
    step = evaluation_step(made)
    datapoints = laid_out(values, step)
    span = Timespan(from_epoch(START - late), from_epoch(START + 50 * step))
    timeline = evaluate_span(made, datapoints.times, datapoints.values, span=span, initial=initial)
    assert timeline.states == one_by_one(made, datapoints, timeline)


@given(gappy, gappy, gappy, strategies.band_comparisons, states)
def test_a_span_with_a_band_equals_its_instants(
    values: list[float | None],
    lower: list[float | None],
    upper: list[float | None],
    comparison: str,
    initial: StateValue,
) -> None:
    metric = {"Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"}, "Period": 60, "Stat": "Average"}
    queries = [{"Id": "m1", "MetricStat": metric}, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"}]
    absent = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period", "Threshold"))
    made = alarm(**absent, Metrics=queries, ThresholdMetricId="ad1", ComparisonOperator=comparison, DatapointsToAlarm=2)
    length = min(len(values), len(lower), len(upper))
    whole = [
        laid_out([NAN if value is None else value for value in line[:length]], 60) for line in (values, lower, upper)
    ]
    span = Timespan(from_epoch(START), from_epoch(START + 60 * (length + 8)))
    band = (whole[1].values, whole[2].values)
    timeline = evaluate_span(made, whole[0].times, whole[0].values, span=span, initial=initial, band=band)
    assert timeline.states == one_by_one(made, whole[0], timeline, band=(whole[1], whole[2]))


@given(gappy, st.lists(st.sampled_from([5.0, 99.0, 100.0, 500.0]), min_size=40, max_size=40), states)
def test_a_span_with_few_samples_equals_its_instants(
    values: list[float | None], counts: list[float], initial: StateValue
) -> None:
    made = alarm(
        Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore", DatapointsToAlarm=2
    )
    datapoints = laid_out([NAN if value is None else value for value in values], 60)
    sample_counts = Series(datapoints.times, np.array(counts[: len(values)]), 60)
    span = Timespan(from_epoch(START), from_epoch(START + 60 * (len(values) + 8)))
    timeline = evaluate_span(
        made, datapoints.times, datapoints.values, span=span, initial=initial, sample_counts=sample_counts.values
    )
    assert timeline.states == one_by_one(made, datapoints, timeline, sample_counts=sample_counts)


@given(strategies.metric_math(), gappy, states)
def test_evaluate_is_total(request: dict[str, Any], values: list[float | None], previous: StateValue) -> None:
    made = alarm(**dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period", "Threshold")) | request)
    found = evaluate(made, laid_out(values, 60), at=from_epoch(START + 600), previous=previous)
    assert found.state in StateValue
    assert found.reason.endswith(".")
    assert found.reason_data["version"] == "1.0"


def line(values: str, initial: str = "OK", **members: Any) -> str:
    """The states over a line of minutes, evaluated as each minute ends."""
    made = alarm(**members)
    datapoints = series(values, period=60, start=START)
    count = len(values.split())
    span = Timespan(from_epoch(START + 60), from_epoch(START + 60 * count + 1))
    timeline = evaluate_span(made, datapoints.times, datapoints.values, span=span, initial=StateValue(initial))
    return write_states(timeline.states)


@pytest.mark.parametrize(
    ("values", "members", "expected"),
    [
        ("1 1 90 91 92 92 _ 1", {}, "okx4 ALARMx3 ok"),
        ("1 9 9 9 1", {}, "okx3 ALARM ok"),
        ("9 1 1 1 1", {"DatapointsToAlarm": 1}, "ALARMx3 okx2"),
        ("_ _ 9 _ _ _ _ _", {}, "INSUFFICIENT_DATAx4 ALARMx3 INSUFFICIENT_DATA"),
        ("9 9 9 _ _ _ _ _ _", {"TreatMissingData": "ignore"}, "okx2 ALARMx7"),
        ("9 9 9 _ _ _ _ _", {"TreatMissingData": "notBreaching"}, "okx2 ALARMx3 okx3"),
    ],
)
def test_time_lines(values: str, members: dict[str, Any], expected: str) -> None:
    assert line(values, **members) == expected


def test_overlapping_periods_are_seen_at_each_minute() -> None:
    """Five-minute datapoints that start at every minute: the alarm changes at 10:07, between whole periods."""
    made = alarm(Period=300, EvaluationPeriods=1)
    datapoints = laid_out([0, 0, 9, 9, 0, 0, 0, 0], 60)
    span = Timespan(from_epoch(START + 300), from_epoch(START + 600))
    timeline = evaluate_span(made, datapoints.times, datapoints.values, span=span, initial=StateValue.OK)
    assert [(at.minute, str(old), str(new)) for at, old, new in timeline.changes()] == [
        (7, "OK", "ALARM"),
        (9, "ALARM", "OK"),
    ]


def test_steps_that_do_not_fit_the_period_are_refused() -> None:
    empty = Series.empty(60)
    with pytest.raises(ValueError, match="give a divisor of the period"):
        evaluate_span(
            alarm(),
            empty.times,
            empty.values,
            span=Timespan(from_epoch(0), from_epoch(60)),
            initial=StateValue.OK,
            step=45,
        )
