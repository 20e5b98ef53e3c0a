"""Metric filters, putting lines, and lines that hold metrics: what comes in becomes metrics that alarms see."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.wire.clouds import AT, Cloud
from tests.wire.test_logs import AUDIT, MINUTE, NOW, WEB, count, filtered, refused

pytestmark = pytest.mark.wire

MINE = "/mine/app"


def transformation(**more: Any) -> dict[str, Any]:
    return {"metricName": "Errors", "metricNamespace": "Directory/Logs", "metricValue": "1", **more}


def put_filter(cloud: Cloud, pattern: str, *, group: str = WEB, name: str = "errors", **more: Any) -> None:
    cloud.client("logs").put_metric_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[transformation(**more)]
    )


def mine(cloud: Cloud) -> Any:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=MINE)
    logs.create_log_stream(logGroupName=MINE, logStreamName="one")
    return logs


def put(logs: Any, *messages: str, at: int = NOW, step: int = 1) -> Any:
    events = [{"timestamp": at + number * step, "message": message} for number, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=MINE, logStreamName="one", logEvents=events)


class TestMetricFilters:
    def test_what_matches_becomes_a_metric_and_its_alarm_fires(self, fresh_cloud: Cloud) -> None:
        put_filter(fresh_cloud, '{ $.level = "ERROR" }', defaultValue=0.0, unit="Count")
        fresh_cloud.client("cloudwatch").put_metric_alarm(
            AlarmName="log-errors",
            Namespace="Directory/Logs",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=50,
            ComparisonOperator="GreaterThanThreshold",
        )
        fresh_cloud.post("/_demo/tell", story="bad-deploy")
        fresh_cloud.post("/_demo/advance", seconds=240)
        alarm = fresh_cloud.client("cloudwatch").describe_alarms(AlarmNames=["log-errors"])["MetricAlarms"][0]
        assert alarm["StateValue"] == "ALARM"
        start = NOW + MINUTE
        lines = filtered(fresh_cloud, WEB, start, start + MINUTE, '{ $.level = "ERROR" }')
        assert count(fresh_cloud, "Directory/Logs", "Errors", start, start + MINUTE) == len(lines) > 100

    def test_values_and_dimensions_are_taken_from_the_line(self, fresh_cloud: Cloud) -> None:
        put_filter(fresh_cloud, "{ $.duration_ms = * }", metricValue="$.duration_ms", dimensions={"Status": "$.status"})
        fresh_cloud.post("/_demo/advance", seconds=120)
        lines = [
            json.loads(line["message"]) for line in filtered(fresh_cloud, WEB, NOW, NOW + MINUTE, "{ $.status = 200 }")
        ]
        total = count(fresh_cloud, "Directory/Logs", "Errors", NOW, NOW + MINUTE, Status="200")
        assert total == sum(line["duration_ms"] for line in lines) > 0

    def test_they_are_described_counted_changed_and_dropped(self, fresh_cloud: Cloud) -> None:
        logs = fresh_cloud.client("logs")
        put_filter(fresh_cloud, "ERROR", name="b", defaultValue=0.0)
        put_filter(fresh_cloud, "WARN", name="a", metricName="Warnings")
        found = logs.describe_metric_filters(logGroupName=WEB)["metricFilters"]
        assert [each["filterName"] for each in found] == ["a", "b"]
        assert found[1]["metricTransformations"] == [transformation(defaultValue=0.0)]
        assert found[1]["creationTime"] == NOW
        assert logs.describe_log_groups(logGroupNamePrefix=WEB)["logGroups"][0]["metricFilterCount"] == 2
        by_metric = logs.describe_metric_filters(metricName="Warnings", metricNamespace="Directory/Logs")
        assert [each["filterName"] for each in by_metric["metricFilters"]] == ["a"]
        logs.delete_metric_filter(logGroupName=WEB, filterName="a")
        assert refused(logs.delete_metric_filter, logGroupName=WEB, filterName="a")[0] == "ResourceNotFoundException"
        assert len(logs.describe_metric_filters(filterNamePrefix="b")["metricFilters"]) == 1

    def test_refusals(self, cloud: Cloud) -> None:
        def why(pattern: str, group: str = WEB, **more: Any) -> tuple[str, str]:
            return refused(
                cloud.client("logs").put_metric_filter,
                logGroupName=group,
                filterName="x",
                filterPattern=pattern,
                metricTransformations=[transformation(**more)],
            )

        assert why("{ $.a = ") == ("InvalidParameterException", "Invalid filter pattern")
        both: dict[str, Any] = {"defaultValue": 0.0, "dimensions": {"Level": "$.level"}}
        assert "mutually exclusive" in why("{ $.level = * }", **both)[1]
        assert "selectors need" in why("ERROR", metricValue="$.ms")[1]
        assert why("ERROR", metricValue="one")[0] == "InvalidParameterException"
        assert why("ERROR", "/nowhere")[0] == "ResourceNotFoundException"
        assert why("ERROR", AUDIT)[0] == "InvalidOperationException"

    def test_a_pattern_is_tried_on_lines(self, cloud: Cloud) -> None:
        lines = ["127.0.0.1 - - [now] GET 200 1534", "127.0.0.1 - - [now] GET 500 5324"]
        answer = cloud.client("logs").test_metric_filter(
            filterPattern="[ip, identity, user, when, request, status=5*, size]", logEventMessages=lines
        )
        assert [(match["eventNumber"], match["eventMessage"]) for match in answer["matches"]] == [(2, lines[1])]
        assert answer["matches"][0]["extractedValues"]["$status"] == "500"
        assert refused(cloud.client("logs").test_metric_filter, filterPattern="[", logEventMessages=["x"]) == (
            "InvalidParameterException",
            "Invalid filter pattern",
        )

    def test_the_aws_cli_makes_one(self, fresh_cloud: Cloud) -> None:
        wanted = "metricName=Errors,metricNamespace=Cli,metricValue=1,defaultValue=0"
        where = ("--log-group-name", WEB, "--filter-name", "cli")
        fresh_cloud.aws(
            "logs", "put-metric-filter", *where, "--filter-pattern", "ERROR", "--metric-transformations", wanted
        )
        found = fresh_cloud.aws("logs", "describe-metric-filters", "--log-group-name", WEB)["metricFilters"]
        assert [each["filterName"] for each in found] == ["cli"]
        tried = fresh_cloud.aws(
            "logs", "test-metric-filter", "--filter-pattern", "ERROR", "--log-event-messages", "an ERROR", "fine"
        )
        assert [match["eventNumber"] for match in tried["matches"]] == [1]
        fresh_cloud.aws("logs", "delete-metric-filter", *where)


class TestPutting:
    def test_what_is_put_is_read_back_and_counted(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        put(logs, "first", "second ERROR", "third")
        events = logs.get_log_events(logGroupName=MINE, logStreamName="one", startFromHead=True)["events"]
        assert [event["message"] for event in events] == ["first", "second ERROR", "third"]
        assert {event["ingestionTime"] for event in events} == {NOW}
        assert [e["message"] for e in filtered(fresh_cloud, MINE, NOW, NOW + MINUTE, "ERROR")] == ["second ERROR"]
        group = logs.describe_log_groups(logGroupNamePrefix=MINE)["logGroups"][0]
        assert group["storedBytes"] == len("firstsecond ERRORthird") + 3 * 26
        assert group["creationTime"] == NOW
        stream = logs.describe_log_streams(logGroupName=MINE)["logStreams"][0]
        assert stream["firstEventTimestamp"] == NOW
        assert count(fresh_cloud, "AWS/Logs", "IncomingLogEvents", NOW, NOW + MINUTE, LogGroupName=MINE) == 3

    def test_a_filter_counts_what_is_put_at_the_time_of_its_event(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        put_filter(fresh_cloud, "ERROR", group=MINE)
        earlier = NOW - 10 * MINUTE
        put(logs, "ERROR", "fine", "ERROR", at=earlier)
        assert count(fresh_cloud, "Directory/Logs", "Errors", earlier, earlier + MINUTE) == 2

    def test_embedded_metrics_are_taken_out(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        metrics = [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Calls"}]
        directive = {"Namespace": "Embedded", "Dimensions": [["Page"], []], "Metrics": metrics}
        line = {
            "_aws": {"Timestamp": NOW, "CloudWatchMetrics": [directive]},
            "Page": "/",
            "Latency": [10, 30],
            "Calls": 2,
        }
        put(
            logs, json.dumps(line), json.dumps({"_aws": "broken"}), "{not json", json.dumps({**line, "Latency": "slow"})
        )
        assert count(fresh_cloud, "Embedded", "Latency", NOW, NOW + MINUTE, Page="/") == 40
        assert count(fresh_cloud, "Embedded", "Latency", NOW, NOW + MINUTE) == 40
        assert count(fresh_cloud, "Embedded", "Calls", NOW, NOW + MINUTE, Page="/") == 4
        assert len(filtered(fresh_cloud, MINE, NOW, NOW + MINUTE)) == 4

    def test_what_is_too_old_or_too_new_is_told(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        day = 86_400_000
        told = put(logs, "old", "kept", at=NOW - 14 * day - 1000, step=2000)
        assert told["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
        told = put(logs, "kept", "new", at=NOW + 7_200_000 - 1000, step=2000)
        assert told["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
        logs.put_retention_policy(logGroupName=MINE, retentionInDays=1)
        told = put(logs, "expired", "kept", at=NOW - day - 1000, step=2000)
        assert told["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}

    def test_refusals(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)

        def why(*events: tuple[int, str], stream: str = "one") -> str:
            given = [{"timestamp": ms, "message": message} for ms, message in events]
            return refused(logs.put_log_events, logGroupName=MINE, logStreamName=stream, logEvents=given)[1]

        assert "chronological order" in why((NOW, "a"), (NOW - 1, "b"))
        assert "24 hours" in why((NOW - 90_000_000, "a"), (NOW, "b"))
        assert why((NOW, "x" * 1_100_000)).startswith("Log event too large")
        assert why((NOW, "x" * 600_000), (NOW, "x" * 600_000)).startswith("Upload too large")
        assert why((NOW, "a"), stream="other") == "The specified log stream does not exist."
        again = refused(logs.create_log_group, logGroupName=MINE)
        assert again == ("ResourceAlreadyExistsException", "The specified log group already exists")

    def test_a_group_that_is_deleted_is_gone_and_a_new_one_is_empty(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        put(logs, "first")
        logs.delete_log_group(logGroupName=MINE)
        assert refused(logs.filter_log_events, logGroupName=MINE)[0] == "ResourceNotFoundException"
        mine(fresh_cloud)
        assert filtered(fresh_cloud, MINE, NOW - MINUTE, NOW + MINUTE) == []
        # A group that the site writes is written again from when it is made.
        logs.delete_log_group(logGroupName=WEB)
        logs.create_log_group(logGroupName=WEB, tags={"a": "b"})
        assert filtered(fresh_cloud, WEB, NOW - MINUTE, NOW + MINUTE) == []
        fresh_cloud.post("/_demo/advance", seconds=60)
        assert filtered(fresh_cloud, WEB, NOW - MINUTE, NOW + MINUTE)[0]["timestamp"] >= NOW

    def test_a_stream_that_is_deleted_begins_anew(self, fresh_cloud: Cloud) -> None:
        logs = fresh_cloud.client("logs")
        newest = logs.describe_log_streams(logGroupName=WEB, orderBy="LastEventTime", descending=True)["logStreams"]
        stream = newest[0]["logStreamName"]
        logs.delete_log_stream(logGroupName=WEB, logStreamName=stream)
        assert filtered(fresh_cloud, WEB, NOW - 5 * MINUTE, NOW, logStreamNames=[stream]) == []
        fresh_cloud.post("/_demo/advance", seconds=60)
        again = filtered(fresh_cloud, WEB, NOW - 5 * MINUTE, NOW + MINUTE, logStreamNames=[stream])
        assert again[0]["timestamp"] >= NOW
        answer = refused(logs.delete_log_stream, logGroupName=WEB, logStreamName="nobody")
        assert answer == ("ResourceNotFoundException", "The specified log stream does not exist.")

    def test_memory_is_bounded(self, fresh_cloud: Cloud) -> None:
        logs = mine(fresh_cloud)
        heavy = "x" * 100_000
        for number in range(80):
            put(logs, *[heavy] * 10, at=NOW - (80 - number) * MINUTE)
        kept = logs.describe_log_groups(logGroupNamePrefix=MINE)["logGroups"][0]["storedBytes"]
        assert kept <= 65_000_000
        newest = logs.get_log_events(logGroupName=MINE, logStreamName="one", limit=1)["events"][0]
        assert newest["timestamp"] == NOW - MINUTE + 9


def test_the_aws_cli_puts_lines(fresh_cloud: Cloud) -> None:
    fresh_cloud.aws("logs", "create-log-group", "--log-group-name", MINE)
    fresh_cloud.aws("logs", "create-log-stream", "--log-group-name", MINE, "--log-stream-name", "one")
    at = int((AT - timedelta(minutes=1)).timestamp() * 1000)
    where = ("--log-group-name", MINE, "--log-stream-name", "one")
    fresh_cloud.aws("logs", "put-log-events", *where, "--log-events", f"timestamp={at},message=hello")
    assert fresh_cloud.aws("logs", "get-log-events", *where)["events"][0]["message"] == "hello"
