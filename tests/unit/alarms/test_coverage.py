"""Recommended alarms: the table, which resources have them, and what would fill a gap."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.coverage import Cell, Cover, Proposal, State, cells, propose
from alarms.definition import Alarm, parse, to_request
from alarms.doctor import Directory, Neighbours
from alarms.recommendations import Recommendation, recommendations
from core.money import ZERO
from core.reading import Unknown
from core.series import MetricId, Series
from tests.unit.alarms.doctors import CPU, NOW, TOPIC_ARN, lately, watching

NOT_READ = Unknown("the role in use may not ask")
LB = (("LoadBalancer", "app/web/1"),)
REQUESTS = MetricId("AWS/ApplicationELB", "RequestCount", LB)
LATENCY = MetricId("AWS/ApplicationELB", "TargetResponseTime", LB)
MESSAGES = MetricId("AWS/SNS", "NumberOfMessagesPublished", (("TopicName", "ops"),))


def found(*metrics: MetricId, alarms: tuple[Alarm, ...] = (), **options: Any) -> dict[str, Cell]:
    return {c.recommendation.metric: c for c in cells(Directory.of(metrics), Neighbours.of(alarms), **options)}


def test_the_table_has_awss_rows_and_ours() -> None:
    assert Counter(each.by_aws for each in recommendations()) == {True: 75, False: 14}


@pytest.mark.parametrize("each", recommendations(), ids=lambda each: f"{each.namespace} {each.metric} {each.names}")
def test_every_row_makes_an_alarm_that_aws_takes(each: Recommendation) -> None:
    metric = MetricId(each.namespace, each.metric, tuple((name, value or "x") for name, value in each.dimensions))
    (cell,) = [cell for cell in cells(Directory.of([metric]), Neighbours.of([])) if cell.recommendation == each]
    made = propose(cell, lately("1 2 3 9x200", period=each.period), topic=TOPIC_ARN, others=(), at=NOW)
    assert made.alarm is not None
    assert parse(to_request(made.alarm)) == made.alarm
    assert (each.threshold is None) == bool(each.choose)


def test_a_resource_without_alarms_is_all_gaps() -> None:
    assert {name: cell.state for name, cell in found(CPU).items()} == {"CPUUtilization": State.GAP}


def test_what_reports_only_on_events_is_recommended_before_it_ever_did() -> None:
    assert set(found(REQUESTS, LATENCY)) == {
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
        "RejectedConnectionCount",
    }


def test_what_should_report_but_does_not_is_not_recommended() -> None:
    assert "NumberOfNotificationsDelivered" not in found(MESSAGES)


def test_things_that_come_and_go_are_left_out() -> None:
    assert found(CPU, leave_out={("InstanceId", "i-1")}) == {}


def test_a_dimension_with_a_fixed_value_is_asked_for() -> None:
    where = (("DBClusterIdentifier", "db"),)
    assert found(MetricId("AWS/RDS", "EngineUptime", (*where, ("Role", "READER")))) == {}
    assert set(found(MetricId("AWS/RDS", "EngineUptime", (*where, ("Role", "WRITER"))))) == {"EngineUptime"}


COVERS: list[tuple[str, tuple[Alarm, ...], State, tuple[Cover, ...]]] = [
    ("by an alarm of its own", (watching(),), State.COVERED, (Cover("high-cpu", ("high-cpu",)),)),
    ("not by one that looks the other way", (watching(ComparisonOperator="LessThanThreshold"),), State.GAP, ()),
    ("not by one on another thing", (watching(Dimensions=[]),), State.GAP, ()),
    ("silently", (watching(AlarmActions=None),), State.SILENT, (Cover("high-cpu", ()),)),
    ("switched off", (watching(ActionsEnabled=False),), State.SILENT, (Cover("high-cpu", ()),)),
    (
        "by one that only scales",
        (watching(AlarmActions=["arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:1:x"]),),
        State.SILENT,
        (Cover("high-cpu", ()),),
    ),
    (
        "through a composite of a composite",
        (
            watching(AlarmActions=None),
            parse({"AlarmName": "inner", "AlarmRule": "ALARM(high-cpu)"}),
            parse({"AlarmName": "outer", "AlarmRule": "ALARM(inner)", "AlarmActions": [TOPIC_ARN]}),
        ),
        State.COVERED,
        (Cover("high-cpu", ("outer",)),),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "alarms", "state", "covers"), COVERS)
def test_covered(why: str, alarms: tuple[Alarm, ...], state: State, covers: tuple[Cover, ...]) -> None:
    cell = found(CPU, alarms=alarms)["CPUUtilization"]
    assert (cell.state, cell.covers) == (state, covers), why


def test_a_metric_inside_an_expression_is_covered_whatever_the_expression_compares() -> None:
    dimensions = [{"Name": name, "Value": value} for name, value in CPU.dimensions]
    metric = {"Namespace": CPU.namespace, "MetricName": CPU.name, "Dimensions": dimensions}
    math = parse(
        {
            "AlarmName": "idle",
            "Metrics": [
                {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}, "ReturnData": False},
                {"Id": "e", "Expression": "100 - m"},
            ],
            "EvaluationPeriods": 1,
            "Threshold": 20,
            "ComparisonOperator": "LessThanThreshold",
            "AlarmActions": [TOPIC_ARN],
        }
    )
    assert found(CPU, alarms=(math,))["CPUUtilization"].covers == (Cover("idle", ("idle",), in_expression=True),)


# -- proposals ----------------------------------------------------------------------------------------------------


def proposed(metric: MetricId, history: Series | Unknown, name: str = "", others: tuple[Alarm, ...] = ()) -> Proposal:
    cell = found(metric)[name or metric.name]
    return propose(cell, history, topic=TOPIC_ARN, others=others, at=NOW)


def test_a_fixed_threshold_is_taken_replayed_and_priced() -> None:
    made = proposed(CPU, lately("20x100 95x6 20x50 95x9 20x30"))
    assert made.alarm is not None
    assert made.price is not None
    assert (made.alarm.threshold, made.alarm.actions.alarm, made.price.month) == (80.0, (TOPIC_ARN,), ZERO)
    assert made.threshold_from == "80 is recommended by AWS."
    assert made.would_have == "It would have fired 2 times in the last 14 days, 55 minutes in all."


def test_a_threshold_from_history_is_the_tightest_quiet_one_with_a_tenth_of_room() -> None:
    # Three of five minutes above it fire, so the two spikes of two minutes do not count.
    made = proposed(LATENCY, lately("0.1 0.2x400 0.9x2 0.2x200 0.9x2 0.3x3 0.2x100", period=60, unit="Seconds"))
    assert made.alarm is not None
    assert made.alarm.threshold == 0.38
    assert made.would_have == "It would not have fired in the last 3 days."
    assert "the tightest threshold that would not have fired is 0.3, and a tenth of the spread is left" in (
        made.threshold_from
    )


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (NOT_READ, "The threshold would come from history, which is not known: the role in use may not ask."),
        (
            lately("0.2x99", period=60),
            "The threshold would come from history, which has 99 datapoints; 100 are needed.",
        ),
    ],
)
def test_without_history_there_is_no_threshold_and_it_is_said(history: Series | Unknown, sentence: str) -> None:
    made = proposed(LATENCY, history)
    assert (made.alarm, made.threshold_from, made.price) == (None, sentence, None)


@pytest.mark.parametrize(
    ("line", "threshold", "sentence"),
    [
        ("_", 0.0, "In the last 3 days it never happened, so once is news."),
        (
            "_x90 3x3 _x90 9 _x90",
            3.6,
            (
                "In the last 3 days it was between 3 and 9; the tightest threshold that would not have fired is 3, "
                "and a tenth of the spread is left as room. It should express the errors that can be borne."
            ),
        ),
    ],
)
def test_what_seldom_happens_needs_few_datapoints(line: str, threshold: float, sentence: str) -> None:
    made = proposed(REQUESTS, lately(line, period=60), "HTTPCode_Target_5XX_Count")
    assert made.alarm is not None
    assert (made.alarm.threshold, made.threshold_from) == (threshold, sentence)
    assert made.would_have == "It would not have fired in the last 3 days."


def test_a_floor_of_nothing_is_no_threshold() -> None:
    made = proposed(MESSAGES, lately("5x100 0x60 5x100", period=60))
    assert made.alarm is None
    assert made.threshold_from == "No threshold follows from history: in the last 3 days it went down to 0 for long."


def test_a_fixed_threshold_needs_no_history_but_says_what_is_not_known() -> None:
    made = proposed(CPU, NOT_READ)
    assert made.alarm is not None
    assert made.would_have == "What it would have done is not known: the role in use may not ask."


def test_a_name_that_is_taken_gets_a_number() -> None:
    first = proposed(CPU, NOT_READ).alarm
    assert first is not None
    second = proposed(CPU, NOT_READ, others=(first,)).alarm
    assert second is not None
    assert (first.name, second.name) == ("EC2 CPUUtilization i-1", "EC2 CPUUtilization i-1 2")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["0.1x40", "0.2x9", "0.9", "0.9x2", "0.9x7", "_x3", "2x30"]), min_size=20, max_size=40))
def test_a_threshold_from_history_never_fires_on_that_history(words: list[str]) -> None:
    made = proposed(LATENCY, lately(" ".join(["0.1x100", *words]), period=60, unit="Seconds"))
    assert made.alarm is not None
    assert made.would_have == "It would not have fired in the last 3 days."


@settings(deadline=None)
@given(st.lists(st.sampled_from(["50x40", "48x9", "30", "10x2", "10x20", "_x3"]), min_size=20, max_size=40))
def test_filling_every_gap_leaves_none(words: list[str]) -> None:
    metrics = [CPU, REQUESTS, LATENCY, MESSAGES]
    alarms: list[Alarm] = []
    for cell in cells(Directory.of(metrics), Neighbours.of([])):
        made = propose(cell, lately(" ".join(["50x60", *words]), period=60), topic=TOPIC_ARN, others=alarms, at=NOW)
        alarms += [made.alarm] if made.alarm is not None else []
    after = [cell.state for cell in cells(Directory.of(metrics), Neighbours.of(alarms))]
    assert Counter(after)[State.COVERED] == len(alarms)
    assert len({alarm.name for alarm in alarms}) == len(alarms)
