"""What an alarm says at an instant: comparisons at the threshold, M of N, windows, and AWS's words for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from alarms.evaluation import StateValue, evaluate, evaluation_span
from alarms.notation import series
from core.series import Series
from core.timespan import Timespan, from_epoch
from tests.unit.alarms.lines import START, after, alarm

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", OK, OK, ALARM),
        ("GreaterThanOrEqualToThreshold", OK, ALARM, ALARM),
        ("LessThanThreshold", ALARM, OK, OK),
        ("LessThanOrEqualToThreshold", ALARM, ALARM, OK),
    ],
)
def test_comparison_one_step_before_at_and_after(
    comparison: str, below: StateValue, at: StateValue, above: StateValue
) -> None:
    found = [after(f"{value}x3", ComparisonOperator=comparison).state for value in ("4.999", "5", "5.001")]
    assert found == [below, at, above]


BAND: dict[str, Any] = {
    "MetricName": None,
    "Namespace": None,
    "Statistic": None,
    "Period": None,
    "Threshold": None,
    "EvaluationPeriods": 1,
    "ThresholdMetricId": "ad1",
    "Metrics": [
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"},
                "Period": 60,
                "Stat": "p90",
            },
        },
        {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
    ],
}


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("LessThanLowerOrGreaterThanUpperThreshold", [ALARM, OK, OK, ALARM]),
        ("LessThanLowerThreshold", [ALARM, OK, OK, OK]),
        ("GreaterThanUpperThreshold", [OK, OK, OK, ALARM]),
    ],
)
def test_band_comparisons_take_the_bounds_as_inside(comparison: str, expected: list[StateValue]) -> None:
    made = alarm(**BAND, ComparisonOperator=comparison)
    band = (series("2", period=60, start=START), series("4", period=60, start=START))
    found = [
        evaluate(made, series(value, period=60, start=START), at=from_epoch(START + 60), previous=OK, band=band).state
        for value in ("1.9", "2", "4", "4.1")
    ]
    assert found == expected


def test_a_datapoint_without_band_is_unknown() -> None:
    made = alarm(**BAND, ComparisonOperator="GreaterThanUpperThreshold")
    nothing = (Series.empty(60), Series.empty(60))
    found = evaluate(made, series("9", period=60, start=START), at=from_epoch(START + 60), previous=OK, band=nothing)
    assert (found.state, found.reason) == (INSUFFICIENT, "Insufficient Data: 1 datapoint was unknown.")


def test_m_of_n_counts_breaches_anywhere_among_n() -> None:
    two_of_four: dict[str, Any] = {"EvaluationPeriods": 4, "DatapointsToAlarm": 2}
    lines = ("9 0 0 0", "9 0 0 9", "0 9 9 0", "9 9 0 0 0", "9 0 0 0 9")
    assert [after(line, **two_of_four).state for line in lines] == [OK, ALARM, ALARM, OK, OK]


REASONS: list[tuple[str, dict[str, Any], str]] = [
    (
        "0 21.5 0",
        {"Threshold": 21, "DatapointsToAlarm": 1},
        (
            "Threshold Crossed: 1 out of the last 3 datapoints [21.5 (23/11/26 10:01:00)] was greater than the "
            "threshold (21.0) (minimum 1 datapoint for OK -> ALARM transition)."
        ),
    ),
    (
        "9 9 0",
        {"DatapointsToAlarm": 2},
        (
            "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (23/11/26 10:01:00), 9.0 (23/11/26 10:00:00)] "
            "were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
        ),
    ),
    (
        "0 0 9",
        {"DatapointsToAlarm": 2},
        (
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (23/11/26 10:01:00), 0.0 (23/11/26 10:00:00)] "
            "were not greater than the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition)."
        ),
    ),
    (
        "161",
        {"EvaluationPeriods": 1, "Threshold": 150, "ComparisonOperator": "GreaterThanOrEqualToThreshold"},
        (
            "Threshold Crossed: 1 datapoint [161.0 (23/11/26 10:00:00)] was greater than or equal to the threshold "
            "(150.0)."
        ),
    ),
    (
        "0 1",
        {"EvaluationPeriods": 2, "Threshold": 0, "ComparisonOperator": "LessThanOrEqualToThreshold"},
        ("Threshold Crossed: 1 datapoint [1.0 (23/11/26 10:01:00)] was not less than or equal to the threshold (0.0)."),
    ),
    (
        "9x6",
        {"EvaluationPeriods": 6},
        (
            "Threshold Crossed: 6 datapoints were greater than the threshold (5.0). The most recent datapoints which "
            "crossed the threshold: [9.0 (23/11/26 10:05:00), 9.0 (23/11/26 10:04:00), 9.0 (23/11/26 10:03:00), 9.0 "
            "(23/11/26 10:02:00), 9.0 (23/11/26 10:01:00)]."
        ),
    ),
    (
        "9x5",
        {"EvaluationPeriods": 5, "DatapointsToAlarm": 5},
        (
            "Threshold Crossed: 5 out of the last 5 datapoints were greater than the threshold (5.0). The most "
            "recent datapoints which crossed the threshold: [9.0 (23/11/26 10:04:00), 9.0 (23/11/26 10:03:00), 9.0 "
            "(23/11/26 10:02:00), 9.0 (23/11/26 10:01:00), 9.0 (23/11/26 10:00:00)] (minimum 5 datapoints for OK -> "
            "ALARM transition)."
        ),
    ),
    (
        "_x3",
        {},
        "Insufficient Data: 3 datapoints were unknown.",
    ),
    (
        "_ _ 9",
        {},
        "Insufficient Data: 2 datapoints were unknown.",
    ),
    (
        "_",
        {"EvaluationPeriods": 1},
        "Insufficient Data: 1 datapoint was unknown.",
    ),
    (
        "_x3",
        {"TreatMissingData": "breaching"},
        (
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
            "[Breaching]."
        ),
    ),
    (
        "_",
        {"TreatMissingData": "notBreaching", "EvaluationPeriods": 1},
        (
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
            "[NonBreaching]."
        ),
    ),
    (
        "_ _ 9",
        {"TreatMissingData": "breaching", "DatapointsToAlarm": 2},
        (
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as "
            "[Breaching]."
        ),
    ),
    (
        "2e7",
        {"EvaluationPeriods": 1, "Threshold": 10000000.0},
        "Threshold Crossed: 1 datapoint [2.0E7 (23/11/26 10:00:00)] was greater than the threshold (1.0E7).",
    ),
    (
        "_x3",
        {"TreatMissingData": "ignore"},
        "State kept: 3 of 3 datapoints are missing, which is ignored.",
    ),
]


@pytest.mark.parametrize(("line", "members", "reason"), REASONS)
def test_reasons_read_as_aws_writes_them(line: str, members: dict[str, Any], reason: str) -> None:
    assert after(line, **members).reason == reason


def test_band_reasons_name_the_bounds() -> None:
    made = alarm(**(BAND | {"DatapointsToAlarm": 1}), ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold")
    band = (series("0.02", period=60, start=START), series("0.3", period=60, start=START))

    def reason(value: str) -> str:
        datapoints = series(value, period=60, start=START)
        return evaluate(made, datapoints, at=from_epoch(START + 60), previous=OK, band=band).reason

    assert reason("0") == (
        "Thresholds Crossed: 1 out of the last 1 datapoints [0.0 (23/11/26 10:00:00)] was less than the lower "
        "thresholds [0.02] or greater than the upper thresholds [0.3] (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert reason("0.1") == (
        "Thresholds Crossed: 1 out of the last 1 datapoints [0.1 (23/11/26 10:00:00)] was not less than the lower "
        "thresholds [0.02] or not greater than the upper thresholds [0.3] "
        "(minimum 1 datapoint for ALARM -> OK transition)."
    )


def test_reason_data_is_the_document_aws_keeps() -> None:
    assert after("_ 21.5 _ 3 _", Unit="Percent", DatapointsToAlarm=1).reason_data == {
        "version": "1.0",
        "queryDate": "2026-11-23T10:05:00.000+0000",
        "startDate": "2026-11-23T10:01:00.000+0000",
        "unit": "Percent",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [21.5, 3.0],
        "threshold": 5.0,
        "evaluatedDatapoints": [
            {"timestamp": "2026-11-23T10:04:00.000+0000"},
            {"timestamp": "2026-11-23T10:03:00.000+0000", "value": 3.0},
            {"timestamp": "2026-11-23T10:01:00.000+0000", "value": 21.5},
        ],
    }


def test_reason_data_without_any_datapoint_names_the_empty_periods() -> None:
    assert after("_x5").reason_data == {
        "version": "1.0",
        "queryDate": "2026-11-23T10:05:00.000+0000",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [],
        "threshold": 5.0,
        "evaluatedDatapoints": [{"timestamp": f"2026-11-23T10:0{minute}:00.000+0000"} for minute in (4, 3, 2)],
    }


def test_low_samples_keep_the_state_only_where_asked_and_only_below_the_bound() -> None:
    """p90 wants 10 / (1 - 0.9) = 100 samples a period."""

    def state(setting: str | None, samples: str) -> StateValue:
        made = alarm(Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile=setting)
        counts = series(samples, period=60, start=START)
        datapoints = series("9 9 9", period=60, start=START)
        return evaluate(made, datapoints, at=from_epoch(START + 180), previous=OK, sample_counts=counts).state

    assert state("ignore", "200 200 99") is OK
    assert state("ignore", "200 200 100") is ALARM
    assert state("ignore", "200 200 101") is ALARM
    assert state("evaluate", "1 1 1") is ALARM
    assert state(None, "1 1 1") is ALARM


def test_a_sliding_window_ends_with_the_last_whole_minute() -> None:
    made = alarm(Period=300, EvaluationPeriods=1)
    spans = [evaluation_span(made, at=from_epoch(START + seconds)) for seconds in (419, 420, 421, 479, 480)]
    minute = timedelta(minutes=1)
    first = Timespan(from_epoch(START) - 9 * minute, from_epoch(START) + 6 * minute)
    assert spans == [first, *[first.shifted(minute)] * 3, first.shifted(2 * minute)]


def test_a_high_resolution_window_slides_by_ten_seconds() -> None:
    made = alarm(Period=10, EvaluationPeriods=1)
    ends = [evaluation_span(made, at=from_epoch(START + seconds)).end for seconds in (9, 10, 19, 20)]
    assert ends == [from_epoch(START + seconds) for seconds in (0, 10, 10, 20)]


def test_an_unfinished_period_is_not_looked_at() -> None:
    made = alarm(EvaluationPeriods=1)
    datapoints = series("0 9", period=60, start=START)
    states = [
        evaluate(made, datapoints, at=from_epoch(START + seconds), previous=OK).state for seconds in (119, 120, 179)
    ]
    assert states == [OK, ALARM, ALARM]


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        (None, "2026-10-24T00:00:00+00:00", "2026-10-26T00:00:00+00:00"),
        ("Europe/Vienna", "2026-10-23T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ("+05:30", "2026-10-23T18:30:00+00:00", "2026-10-25T18:30:00+00:00"),
        ("UTC-3", "2026-10-24T03:00:00+00:00", "2026-10-26T03:00:00+00:00"),
    ],
)
def test_a_wall_clock_day_is_a_calendar_day_also_when_clocks_change(zone: str | None, start: str, end: str) -> None:
    """Vienna's clocks went back on 2026-10-25, a day of 25 hours."""
    window = {"WallClockWindow": {} if zone is None else {"Timezone": zone}}
    made = alarm(Period=86_400, EvaluationPeriods=2, EvaluationWindow=window)
    span = evaluation_span(made, at=datetime(2026, 10, 26, 12, tzinfo=UTC), extra=0)
    assert [span.start.isoformat(), span.end.isoformat()] == [start, end]


def test_a_wall_clock_week_begins_on_monday() -> None:
    made = alarm(Period=604_800, EvaluationPeriods=1, EvaluationWindow={"WallClockWindow": {}})
    span = evaluation_span(made, at=datetime(2026, 11, 25, 12, tzinfo=UTC), extra=0)
    assert span == Timespan(datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


def test_a_wall_clock_hour_is_evaluated_when_it_is_over() -> None:
    made = alarm(Period=3600, EvaluationPeriods=1, EvaluationWindow={"WallClockWindow": {}})
    datapoints = Series(np.array([START - 3600, START]), np.array([0.0, 9.0]), 3600)
    states = [
        evaluate(made, datapoints, at=from_epoch(START + seconds), previous=OK).state for seconds in (3599, 3600, 7199)
    ]
    assert states == [OK, ALARM, ALARM]


@pytest.mark.parametrize(
    ("only_after", "minutes", "line", "expected"),
    [
        (None, 9, "9 9", INSUFFICIENT),
        (None, 9, "9 9 9", ALARM),
        (True, 9, "9 9 9", INSUFFICIENT),
        (True, 10, "9 9 9", ALARM),
        (True, 11, "9 9 9", ALARM),
    ],
)
def test_warm_up_ends_with_data_or_with_time(
    *, only_after: bool | None, minutes: int, line: str, expected: StateValue
) -> None:
    warm_up: dict[str, Any] = {"WarmUpPeriodDurationInMinutes": 10}
    if only_after is not None:
        warm_up["OnlyStartEvaluatingAfterWarmUpPeriodEnds"] = only_after
    made = alarm(WarmUpConfiguration=warm_up, TreatMissingData="breaching")
    at = from_epoch(START + 180)
    found = evaluate(
        made,
        series(line, period=60, start=START),
        at=at,
        previous=INSUFFICIENT,
        configured_at=at - timedelta(minutes=minutes),
    )
    assert found.state is expected
