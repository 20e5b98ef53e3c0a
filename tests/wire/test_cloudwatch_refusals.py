"""Requests that AWS refuses, refused here in its codes and words; none is retried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from demo.metric_store import LISTED_AFTER
from tests.wire.clouds import AT, Cloud
from tests.wire.test_cloudwatch_metrics import HOUR, PROTOCOLS, query, refused

pytestmark = pytest.mark.wire

SPAN = {"StartTime": AT - HOUR, "EndTime": AT}
DATUM: dict[str, Any] = {"MetricName": "N", "Value": 1.0}
MATH = {"Id": "e1", "Expression": "m1 * 2"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_501_queries_are_refused(bare: Cloud, protocol: str) -> None:
    client = bare.client("cloudwatch", protocol=protocol)
    queries = [query(name=f"m{n}") for n in range(501)]
    code, message = refused(client.get_metric_data, MetricDataQueries=queries, **SPAN)
    assert (code, message) == (
        "ValidationError",
        "The collection MetricDataQueries must not have a size greater than 500.",
    )
    assert client.get_metric_data(MetricDataQueries=queries[:500], **SPAN)["MetricDataResults"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"MetricDataQueries": [query(name="A")]}, "ValidationError", "not matching the expected pattern"),
        ({"MetricDataQueries": [query(), query()]}, "ValidationError", "not unique"),
        ({"MetricDataQueries": [{"Id": "m1"}]}, "ValidationError", "MetricStat is required"),
        ({"MetricDataQueries": [query(stat="p101")]}, "ValidationError", "p101"),
        ({"MetricDataQueries": [query(period=45)]}, "ValidationError", "multiple of 60"),
        ({"MetricDataQueries": [query(Expression="m2")]}, "ValidationError", "mutually exclusive"),
        ({"MetricDataQueries": [{"Id": "q1", "Expression": "SELECT 1"}]}, "ValidationError", "Metrics Insights"),
        ({"StartTime": AT}, "ValidationError", "StartTime must be less than the parameter EndTime"),
        ({"MaxDatapoints": 100_801}, "ValidationError", "MaxDatapoints"),
    ],
)
def test_get_metric_data_refuses(bare: Cloud, change: dict[str, Any], code: str, words: str) -> None:
    asked: dict[str, Any] = {"MetricDataQueries": [query()], **SPAN, **change}
    found, message = refused(bare.client("cloudwatch").get_metric_data, **asked)
    assert found == code
    assert words in message


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"StartTime": AT - timedelta(minutes=1441)}, "InvalidParameterCombination", "up to 1,441 datapoints"),
        ({"Statistics": None}, "MissingParameter", "At least one of the parameters"),
        ({"ExtendedStatistics": ["p99"]}, "InvalidParameterCombination", "mutually exclusive"),
        ({"Statistics": ["Median"]}, "ValidationError", "enum value set"),
        ({"Period": 7}, "InvalidParameterValue", "multiple of 60"),
        ({"EndTime": AT - HOUR}, "InvalidParameterCombination", "must be less than"),
    ],
)
def test_get_metric_statistics_refuses(bare: Cloud, change: dict[str, Any], code: str, words: str) -> None:
    asked: dict[str, Any] = {
        "Namespace": "N",
        "MetricName": "N",
        "Period": 60,
        "Statistics": ["Average"],
        **SPAN,
        **change,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    found, message = refused(bare.client("cloudwatch").get_metric_statistics, **asked)
    assert found == code
    assert words in message


def test_1440_datapoints_are_just_allowed(bare: Cloud) -> None:
    asked = {"Namespace": "N", "MetricName": "N", "Period": 60, "Statistics": ["Average"]}
    answer = bare.client("cloudwatch").get_metric_statistics(**asked, StartTime=AT - timedelta(days=1), EndTime=AT)
    assert answer["Datapoints"] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("namespace", "data", "code", "words"),
    [
        ("AWS/EC2", [DATUM], "InvalidParameterValue", "The value AWS/EC2 for parameter Namespace is invalid."),
        ("N", [DATUM] * 1001, "ValidationError", "MetricData must not have a size greater than 1000"),
        ("N", [{**DATUM, "Value": float("nan")}], "InvalidParameterValue", "The value NaN for parameter"),
        ("N", [{**DATUM, "Value": float("inf")}], "InvalidParameterValue", "The value Infinity for parameter"),
        ("N", [{**DATUM, "Unit": "Parsecs"}], "ValidationError", "Member must satisfy enum value set"),
        ("N", [{"MetricName": "N", "Values": [1.0] * 151}], "InvalidParameterValue", "size greater than 150"),
        ("N", [{"MetricName": "N", "Values": [1.0], "Counts": [1.0, 2.0]}], "InvalidParameterCombination", "same size"),
        ("N", [{"MetricName": "N"}], "MissingParameter", "At least one of the parameters"),
        ("N", [{**DATUM, "Values": [1.0]}], "InvalidParameterCombination", "mutually exclusive"),
        ("N", [{**DATUM, "Timestamp": AT - timedelta(days=14, seconds=1)}], "InvalidParameterValue", "two weeks"),
        ("N", [{**DATUM, "Timestamp": AT + timedelta(hours=2, seconds=1)}], "InvalidParameterValue", "two hours"),
        ("N", [{**DATUM, "StorageResolution": 30}], "InvalidParameterValue", "must be 1 or 60"),
        (
            "N",
            [{**DATUM, "Dimensions": [{"Name": str(n), "Value": "x"} for n in range(31)]}],
            "ValidationError",
            "length less than or equal to 30",
        ),
        ("N", [{**DATUM, "MetricName": "x" * 256}], "ValidationError", "length less than or equal to 255"),
        (":N", [DATUM], "ValidationError", "regular expression pattern: [^:].*"),
        ("Läden", [DATUM], "InvalidParameterValue", "parameter Namespace contains non-ASCII"),
        ("N", [{**DATUM, "MetricName": "Größe"}], "InvalidParameterValue", "MetricName contains non-ASCII"),
        ("N", [{"MetricName": "N", "Values": []}], "MissingParameter", "Values must not be empty"),
        ("N", [{**DATUM, "Value": 2.0**361}], "InvalidParameterValue", "for parameter MetricData.member.1.Value is"),
        *(
            ("N", [{**DATUM, "Dimensions": [pair]}], "InvalidParameterValue", words)
            for pair, words in (
                ({"Name": ":a", "Value": "x"}, "must not start with a colon"),
                ({"Name": "a", "Value": "ö"}, "Dimensions.member.1.Value contains non-ASCII"),
                ({"Name": " ", "Value": "x"}, "or is blank"),
            )
        ),
    ],
)
def test_put_metric_data_refuses(
    bare: Cloud, protocol: str, namespace: str, data: list[Any], code: str, words: str
) -> None:
    client = bare.client("cloudwatch", protocol=protocol)
    found, message = refused(client.put_metric_data, Namespace=namespace, MetricData=data)
    assert found == code
    assert words in message
    bare.advance(LISTED_AFTER)
    assert client.list_metrics()["Metrics"] == [], "of a refused call nothing is kept"


@pytest.mark.parametrize(
    "keys", [{}, {"Type": "Service"}, {"Name": "a", "Identifier": "b"}, {"Type": "A", "Colour": "b"}]
)
def test_an_entity_that_is_none_refuses_the_request_only_where_asked(bare: Cloud, keys: dict[str, str]) -> None:
    client = bare.client("cloudwatch")
    data = [{"Entity": {"KeyAttributes": keys}, "MetricData": [DATUM]}]
    code, message = refused(client.put_metric_data, Namespace="N", EntityMetricData=data, StrictEntityValidation=True)
    assert code == "InvalidParameterValue"
    assert "EntityMetricData.member.1.Entity.KeyAttributes" in message
    client.put_metric_data(Namespace="N", EntityMetricData=data)


def test_a_request_has_a_thousand_metrics_over_both_lists(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    entity = {"Entity": {"KeyAttributes": {"Type": "Service", "Name": "a"}}, "MetricData": [DATUM] * 500}
    client.put_metric_data(Namespace="N", MetricData=[DATUM] * 500, EntityMetricData=[entity])
    for more in ({"MetricData": [DATUM] * 501, "EntityMetricData": [entity]}, {"EntityMetricData": [entity] * 3}):
        code, message = refused(client.put_metric_data, Namespace="N", **more)
        assert code == "ValidationError"
        assert "must not have a size greater than" in message


@pytest.mark.parametrize("age", [timedelta(days=14), timedelta(0), -timedelta(hours=2)])
def test_two_weeks_ago_to_two_hours_ahead_is_accepted(bare: Cloud, age: timedelta) -> None:
    datum = {**DATUM, "Timestamp": AT - age}
    bare.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[datum] * 1000)


def test_the_code_a_client_sees_is_the_modelled_exception(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.put_metric_data(Namespace="AWS/EC2", MetricData=[DATUM])
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="by hand")
