"""The messages that topics get, held against what AWS documents, member by member."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alarms.state import StateValue
from core.reading import Scope
from demo.alarm_book import AlarmBook, Transition
from demo.metric_store import MetricStore
from demo.notices import message, region_name, subject, trigger

SCOPE = Scope("111111111111", "eu-west-1")
AT = datetime(2026, 11, 23, 10, 0, 10, 236_000, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "AlarmName": "cpu",
    "AlarmDescription": "CPU is high.",
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 70.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": ["arn:aws:sns:eu-west-1:111111111111:ops"],
}


def fired(book: AlarmBook, name: str) -> Transition:
    entry = book.get(name)
    assert entry is not None
    return Transition(SCOPE, entry.definition, AT, StateValue.OK, StateValue.ALARM, "Threshold Crossed: …")


@pytest.fixture
def book() -> AlarmBook:
    made = AlarmBook(SCOPE, MetricStore())
    made.put(PLAIN, at=AT)
    return made


def test_a_metric_alarm_tells_everything_that_aws_tells(book: AlarmBook) -> None:
    entry = book.get("cpu")
    assert entry is not None
    assert message(fired(book, "cpu"), entry) == {
        "AlarmName": "cpu",
        "AlarmDescription": "CPU is high.",
        "AWSAccountId": "111111111111",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-23T10:00:10.236+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: …",
        "StateChangeTime": "2026-11-23T10:00:10.236+0000",
        "Region": "Europe (Ireland)",
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:cpu",
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": ["arn:aws:sns:eu-west-1:111111111111:ops"],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"value": "i-1", "name": "InstanceId"}],
            "Period": 60,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 70.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_a_percentile_is_an_extended_statistic() -> None:
    told = trigger({**PLAIN, "Statistic": None, "ExtendedStatistic": "p99"})
    assert (told["StatisticType"], told["ExtendedStatistic"]) == ("ExtendedStatistic", "p99")
    assert "Statistic" not in told


def test_an_expression_tells_its_metrics() -> None:
    query = {
        "Id": "m",
        "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": []}, "Period": 60, "Stat": "Sum"},
        "ReturnData": False,
    }
    told = trigger({"Metrics": [{"Id": "e", "Expression": "m * 2", "Label": "twice"}, query], "EvaluationPeriods": 1})
    assert told["Metrics"][0] == {"Id": "e", "Expression": "m * 2", "Label": "twice", "ReturnData": True}
    assert told["Metrics"][1]["MetricStat"]["Metric"]["MetricName"] == "M"
    assert "Period" not in told


def test_a_composite_tells_its_rule_and_who_triggered_it(book: AlarmBook) -> None:
    book.put({"AlarmName": "both", "AlarmRule": 'ALARM("cpu")'}, at=AT)
    entry, child = book.get("both"), book.get("cpu")
    assert entry is not None
    assert child is not None
    told = message(fired(book, "both"), entry, [child])
    assert told["AlarmRule"] == 'ALARM("cpu")'
    assert told["TriggeringChildren"][0]["Arn"] == child.arn
    assert "Trigger" not in told


def test_the_subject_fits_a_mail(book: AlarmBook) -> None:
    assert subject(fired(book, "cpu")) == 'ALARM: "cpu" in Europe (Ireland)'
    book.put({**PLAIN, "AlarmName": "x" * 200}, at=AT)
    assert len(subject(fired(book, "x" * 200))) == 100


def test_an_unknown_region_keeps_its_code() -> None:
    assert [region_name("us-east-1"), region_name("moon-1")] == ["US East (N. Virginia)", "moon-1"]
