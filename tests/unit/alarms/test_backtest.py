"""Replays: what an alarm would have done, in the time-line notation and on real series."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.agreement import Recorded, compare, recorded_changes
from alarms.backtest import LATE_DATA, Notification, Replay, replay, replay_composite
from alarms.definition import CompositeAlarm, parse
from alarms.evaluation import evaluate
from alarms.notation import series, write_states
from alarms.state import StateValue
from core.series import Series
from core.timespan import Timespan, from_epoch, parse_instant
from tests.unit.alarms.lines import START, alarm

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
NAB = Path("../shared/data/nab")
OPS = "arn:aws:sns:us-east-1:111111111111:ops"


def over(line: str, *, period: int = 60, minutes: int = 0, **members: Any) -> Replay:
    """Replay minutes of `line`, evaluated as each minute ends."""
    count = minutes or len(line.split()) * period // 60
    span = Timespan(from_epoch(START + 60), from_epoch(START + 60 * count + 1))
    return replay(alarm(**members), series(line, period=period, start=START), span=span, initial=OK)


def minutes_of(found: Replay) -> list[tuple[int, str]]:
    return [
        (int((change.at - from_epoch(START)).total_seconds()) // 60, str(change.new)) for change in found.transitions
    ]


def test_a_replay_gives_changes_with_their_reasons_notifications_and_time() -> None:
    found = over("1 1 9 9 9 1 1 1 1 1", EvaluationPeriods=2, AlarmActions=[OPS], OKActions=[])
    assert write_states(found.timeline.states) == "okx3 ALARMx2 okx5"
    assert minutes_of(found) == [(4, "ALARM"), (6, "OK")]
    assert [change.reason for change in found.transitions] == [
        (
            "Threshold Crossed: 2 datapoints [9.0 (23/11/26 10:03:00), 9.0 (23/11/26 10:02:00)] were greater than the "
            "threshold (5.0)."
        ),
        "Threshold Crossed: 1 datapoint [1.0 (23/11/26 10:05:00)] was not greater than the threshold (5.0).",
    ]
    assert found.notifications == (Notification(from_epoch(START + 240), ALARM, (OPS,)),)
    assert found.in_alarm == timedelta(minutes=2)
    assert found.limits == (LATE_DATA,)


def test_disabled_actions_notify_nobody() -> None:
    assert over("9 9 9 9", AlarmActions=[OPS], ActionsEnabled=False).notifications == ()


@pytest.mark.parametrize(("gap", "flaps"), [(14, 1), (15, 1), (16, 0)])
def test_a_flap_is_an_alarm_soon_after_the_last(gap: int, flaps: int) -> None:
    found = over(" ".join(["9", *["1"] * gap, "9"]), EvaluationPeriods=1)
    assert found.flaps == flaps


def test_a_longer_period_slides_over_shorter_datapoints() -> None:
    """Sums of five minutes, above 20: reached at 10:07, and left when the first nine is six minutes old."""
    found = over("1 1 1 1 9 9 1 1 1 1 1 1", Statistic="Sum", Period=300, EvaluationPeriods=1, Threshold=20)
    assert minutes_of(found) == [(6, "ALARM"), (10, "OK")]


def test_an_average_over_averages_says_so() -> None:
    found = over("1 1 1 1 9 9 9 9", Period=120, EvaluationPeriods=1)
    assert found.limits[0].startswith("Averages over 120 s are means of averages over 60 s: exact where")


def test_slow_datapoints_are_evaluated_as_each_ends_and_it_says_so() -> None:
    found = over("1 9 9 1", period=300, Period=300, EvaluationPeriods=1)
    assert minutes_of(found) == [(10, "ALARM"), (20, "OK")]
    assert found.limits[0].startswith("Datapoints are kept every 300 s; what the alarm saw")


def test_what_aws_alone_can_evaluate_is_refused() -> None:
    members: dict[str, Any] = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    query = {"Id": "q1", "Expression": 'SELECT MAX(x) FROM "y"', "Period": 60}
    with pytest.raises(ValueError, match="high-cpu cannot be replayed: Metrics Insights queries run on AWS's servers"):
        over("1", **members | {"Metrics": [query]})


def test_a_composite_alarm_follows_its_children_and_its_suppressor() -> None:
    span = Timespan(from_epoch(START + 60), from_epoch(START + 60 * 12 + 1))
    children = {
        "cpu": over("1 9 9 9 1 1 9 9 9 9 9 9", EvaluationPeriods=1).timeline,
        "errors": over("1 1 9 9 1 1 1 9 9 9 9 9", EvaluationPeriods=1).timeline,
        "deploying": over("1 1 1 1 1 1 1 9 9 1 1 1", EvaluationPeriods=1).timeline,
    }
    made = parse({"AlarmName": "both", "AlarmRule": 'ALARM(cpu) AND ALARM("errors")', "AlarmActions": [OPS]})
    assert isinstance(made, CompositeAlarm)
    found = replay_composite(made, children, span=span, initial=OK)
    assert minutes_of(found) == [(3, "ALARM"), (5, "OK"), (8, "ALARM")]
    assert found.transitions[0].reason == "errors transitioned to ALARM at Monday 23 November, 2026 10:03:00 UTC"
    held = parse(
        {
            "AlarmName": "both",
            "AlarmRule": "ALARM(cpu) AND ALARM(errors)",
            "AlarmActions": [OPS],
            "ActionsSuppressor": "deploying",
            "ActionsSuppressorWaitPeriod": 60,
            "ActionsSuppressorExtensionPeriod": 0,
        }
    )
    assert isinstance(held, CompositeAlarm)
    quiet = replay_composite(held, children, span=span, initial=OK)
    assert [(note.at - from_epoch(START)).seconds // 60 for note in found.notifications] == [3, 8]
    assert [(note.at - from_epoch(START)).seconds // 60 for note in quiet.notifications] == [4, 10]


def test_a_band_is_replayed_beside_its_metric() -> None:
    metric = {"Metric": {"Namespace": "App", "MetricName": "x"}, "Period": 60, "Stat": "Sum"}
    made = alarm(
        **dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period", "Threshold"))
        | {
            "EvaluationPeriods": 1,
            "Metrics": [{"Id": "m1", "MetricStat": metric}, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"}],
            "ThresholdMetricId": "ad1",
            "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        }
    )
    band = (series("2 2 2 2 2", period=60, start=START), series("4 4 4 4 4", period=60, start=START))
    span = Timespan(from_epoch(START + 60), from_epoch(START + 301))
    found = replay(made, series("3 5 3 1 3", period=60, start=START), span=span, initial=OK, band=band)
    assert minutes_of(found) == [(2, "ALARM"), (3, "OK"), (4, "ALARM"), (5, "OK")]


@given(
    st.lists(st.sampled_from([0.0, 9.0, None]), min_size=1, max_size=12),
    st.integers(0, 4),
    st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
)
def test_slow_datapoints_off_the_clock_are_evaluated_as_one_by_one(
    values: list[float | None], phase: int, treatment: str
) -> None:
    """Five-minute datapoints that begin at any minute of the five."""
    made = alarm(Period=300, EvaluationPeriods=2, TreatMissingData=treatment)
    start = START + 60 * phase
    pairs = [(start + 300 * place, value) for place, value in enumerate(values) if value is not None]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    datapoints = Series(times, np.array([value for _, value in pairs], dtype=np.float64), 300)
    span = Timespan(from_epoch(start + 300), from_epoch(start + 300 * (len(values) + 4)))
    found = replay(made, datapoints, span=span, initial=OK)
    state, states = OK, []
    for instant in found.timeline.instants.tolist():
        state = evaluate(made, datapoints, at=from_epoch(instant), previous=state).state
        states.append(state)
    assert found.timeline.states == states


HISTORY = {
    "HistoryItemType": "StateUpdate",
    "Timestamp": from_epoch(START + 250),
    "HistoryData": '{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM"}}',
}


def test_agreement_with_recorded_history() -> None:
    found = over("1 9 9 9 9 1 1 1 1 1")
    recorded = recorded_changes([HISTORY, {"HistoryItemType": "Action"}])
    assert recorded == (Recorded(from_epoch(START + 250), OK, ALARM),)
    agreement = compare(found, recorded)
    assert [(change.new, at) for change, at in agreement.matched] == [(ALARM, from_epoch(START + 240))]
    assert agreement.only_recorded == ()
    assert agreement.only_replayed == (from_epoch(START + 360),)
    assert agreement.sentence == (
        "The replay has 1 of 1 recorded changes within 3 minutes, and 1 that were not recorded; the state agrees 40.0% "
        "of the time."
    )


@pytest.mark.parametrize(("late", "matched"), [(179, 1), (180, 1), (181, 0)])
def test_the_tolerance_is_inclusive(late: int, matched: int) -> None:
    found = over("1 9 9 9 9 9 9 9 9 9")
    recorded = (Recorded(from_epoch(START + 240 + late), OK, ALARM),)
    assert len(compare(found, recorded).matched) == matched


def test_real_series_are_replayed_with_their_gaps_and_doubled_times() -> None:
    path = NAB / "realAWSCloudwatch" / "ec2_cpu_utilization_24ae8d.csv"
    if not path.exists():
        pytest.skip(f"{path} is not here; it holds public series that are not ours to copy")
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    times = np.array([int(parse_instant(time).timestamp()) for time, _ in rows], dtype=np.int64)
    real = Series(times, np.array([float(value) for _, value in rows]), 300)
    span = Timespan(from_epoch(int(times[0]) + 300), from_epoch(int(times[-1]) + 600))
    found = replay(alarm(Period=300, EvaluationPeriods=1, Threshold=1), real, span=span)
    breaching = int((real.values > 1).sum())
    assert breaching > 0
    assert found.in_alarm >= timedelta(minutes=5 * breaching)
    assert found.transitions[0].old is INSUFFICIENT
