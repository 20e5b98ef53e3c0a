"""CloudWatch Logs of the demo cloud: the lines follow the story, and every answer is worded as AWS words it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.history import PASTS
from demo.story import Story
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

WEB, ACCESS, FUNCTION = "/directory/web", "/directory/access", "/aws/lambda/employee-photo-thumbnails"
AUDIT, IMPORT = "/directory/audit", "/directory/legacy-import"
NOW = int(AT.timestamp() * 1000)
MINUTE = 60_000


def ago(minutes: float) -> int:
    return NOW - int(minutes * MINUTE)


def during(story: Story, minutes: int = 0) -> int:
    """Give milliseconds: the whole minute that lies so many minutes into the last such incident of history."""
    past = next(past for past in PASTS[::-1] if past.story is story)
    return int((AT - past.ago + timedelta(minutes=minutes)).timestamp()) // 60 * MINUTE


def filtered(cloud: Cloud, group: str, start: int, end: int, pattern: str = "", **more: Any) -> list[dict[str, Any]]:
    """Give every matching event of a half-open span, over all pages."""
    found: list[dict[str, Any]] = []
    pages = cloud.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, startTime=start, endTime=end - 1, filterPattern=pattern, **more):
        found.extend(page["events"])
    return found


def count(cloud: Cloud, namespace: str, name: str, start: int, end: int, **dimensions: str) -> float:
    """Give the sum of a metric over a span."""
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start / 1000,
        EndTime=end / 1000,
        Period=(end - start) // 1000,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def balancer(cloud: Cloud) -> str:
    arn: str = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    return arn.partition(":loadbalancer/")[2]


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def logs(cloud: Cloud) -> Any:
    return cloud.client("logs")


class TestGroups:
    def test_each_site_has_its_own(self, cloud: Cloud, logs: Any) -> None:
        names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        assert names == [FUNCTION, ACCESS, AUDIT, IMPORT, "/directory/staging", WEB]
        there = cloud.client("logs", region="eu-west-1", keys=cloud.assumed("222222222222"))
        names = [group["logGroupName"] for group in there.describe_log_groups()["logGroups"]]
        assert names == ["/aws/lambda/employee-photo-thumbnails-dr", "/directory-dr/access", "/directory-dr/web"]

    def test_the_ordinary_disorder_is_there(self, logs: Any) -> None:
        groups = {group["logGroupName"]: group for group in logs.describe_log_groups()["logGroups"]}
        assert [name for name, group in groups.items() if "retentionInDays" not in group] == [FUNCTION, ACCESS, IMPORT]
        assert groups[AUDIT]["logGroupClass"] == "INFREQUENT_ACCESS"
        assert groups["/directory/staging"]["storedBytes"] == 0
        assert groups[IMPORT]["storedBytes"] > 5 * groups[ACCESS]["storedBytes"] > 10**9
        assert groups[IMPORT]["creationTime"] < ago(1300 * 1440)
        assert groups[WEB]["arn"] == f"{groups[WEB]['logGroupArn']}:*"

    def test_they_are_found_by_prefix_part_class_and_page(self, logs: Any) -> None:
        def names(**wanted: Any) -> list[str]:
            return [group["logGroupName"] for group in logs.describe_log_groups(**wanted)["logGroups"]]

        assert names(logGroupNamePrefix="/directory/a") == [ACCESS, AUDIT]
        assert names(logGroupNamePattern="import") == [IMPORT]
        assert names(logGroupClass="INFREQUENT_ACCESS") == [AUDIT]
        pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 4})
        assert [len(page["logGroups"]) for page in pages] == [4, 2]

    def test_tags_are_read_by_arn(self, logs: Any) -> None:
        arn = logs.describe_log_groups(logGroupNamePrefix=WEB)["logGroups"][0]["logGroupArn"]
        assert logs.list_tags_for_resource(resourceArn=arn)["tags"]["Service"] == "employee-directory"

    def test_streams_are_the_instances(self, cloud: Cloud, logs: Any) -> None:
        newest = logs.describe_log_streams(logGroupName=WEB, orderBy="LastEventTime", descending=True, limit=2)
        members = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
        assert {s["logStreamName"] for s in newest["logStreams"]} <= {member["InstanceId"] for member in members}
        assert newest["nextToken"]
        names = [
            stream["logStreamName"]
            for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=WEB)
            for stream in page["logStreams"]
        ]
        assert names == sorted(set(names))

    def test_refusals_are_aws_s(self, logs: Any) -> None:
        gone = ("ResourceNotFoundException", "The specified log group does not exist.")
        assert refused(logs.describe_log_streams, logGroupName="/nowhere") == gone
        assert refused(logs.describe_log_groups, limit=99)[0] == "InvalidParameterException"
        both = {"logGroupName": WEB, "orderBy": "LastEventTime", "logStreamNamePrefix": "i-"}
        assert "Cannot order by LastEventTime" in refused(logs.describe_log_streams, **both)[1]
        code, message = refused(logs.filter_log_events, logGroupName=AUDIT)
        assert code == "InvalidOperationException"
        assert message.endswith("FilterLogEvents is not supported for this log class.")


class TestStory:
    """The lines add up to the metrics of the same minutes."""

    @pytest.mark.parametrize("start", [ago(5), during(Story.BAD_DEPLOY, 2), during(Story.INSTANCE_FAILURE)])
    def test_the_access_log_has_a_line_for_each_request_that_reached_a_target(self, cloud: Cloud, start: int) -> None:
        name = balancer(cloud)
        lines = filtered(cloud, ACCESS, start, start + MINUTE, "-HealthChecker")
        statuses = Counter(line["message"].split('" ')[1][0] for line in lines)
        for first, kind in (("2", "2XX"), ("4", "4XX"), ("5", "5XX")):
            counted = count(
                cloud, "AWS/ApplicationELB", f"HTTPCode_Target_{kind}_Count", start, start + MINUTE, LoadBalancer=name
            )
            assert statuses[first] == counted

    def test_a_bad_release_leaves_a_stack_trace_for_each_failure(self, cloud: Cloud) -> None:
        start = during(Story.BAD_DEPLOY, 2)
        errors = filtered(cloud, WEB, start, start + MINUTE, '{ $.level = "ERROR" && $.error = "KeyError" }')
        failed = count(
            cloud,
            "AWS/ApplicationELB",
            "HTTPCode_Target_5XX_Count",
            start,
            start + MINUTE,
            LoadBalancer=balancer(cloud),
        )
        assert len(errors) == failed > 100
        told = json.loads(errors[0]["message"])
        assert told["release"] == "4.19.0"
        assert "KeyError: 'manager_id'" in told["stack_trace"]
        # The request id joins the application's line with the web server's.
        joined = filtered(cloud, ACCESS, start, start + MINUTE, f'"{told["request_id"]}"')
        assert len(joined) == 1
        assert '" 500 ' in joined[0]["message"]
        begun = during(Story.BAD_DEPLOY, 0)
        assert filtered(cloud, WEB, begun, begun + 2 * MINUTE, '"Starting release 4.19.0"')

    def test_a_leak_makes_queries_slow(self, cloud: Cloud) -> None:
        def slow(start: int) -> int:
            return len(filtered(cloud, WEB, start, start + MINUTE, "{ $.query_ms > 1000 }"))

        assert slow(during(Story.SLOW_LEAK, 24)) > 30 > 5 > slow(during(Story.SLOW_LEAK, -5))

    def test_a_broken_instance_fails_its_checks_and_its_requests(self, cloud: Cloud) -> None:
        start = during(Story.INSTANCE_FAILURE)
        checks = filtered(cloud, WEB, start, start + 2 * MINUTE, '"Health check answered 502"')
        assert len({line["logStreamName"] for line in checks}) == 1
        failed = filtered(cloud, WEB, start, start + 2 * MINUTE, '{ $.error = "WorkerPoolDead" && $.status = 502 }')
        assert {line["logStreamName"] for line in failed} == {checks[0]["logStreamName"]}

    def test_a_spike_throttles_the_table(self, cloud: Cloud) -> None:
        strongest = max((past for past in PASTS if past.story is Story.TRAFFIC_SPIKE), key=lambda past: past.strength)
        start = int((AT - strongest.ago).timestamp()) // 60 * MINUTE + 3 * MINUTE
        warned = filtered(cloud, WEB, start, start + MINUTE, '"ProvisionedThroughputExceededException"')
        throttled = sum(json.loads(line["message"])["throttled"] for line in warned)
        where = {"TableName": "Employees", "Operation": "GetItem"}
        assert throttled == count(cloud, "AWS/DynamoDB", "ThrottledRequests", start, start + MINUTE, **where) > 0

    def test_a_runaway_function_says_who_called_it(self, cloud: Cloud) -> None:
        start = during(Story.COST_SURGE, 10)
        begun = filtered(cloud, FUNCTION, start, start + MINUTE, '"START RequestId"')
        assert len(begun) == count(
            cloud, "AWS/Lambda", "Invocations", start, start + MINUTE, FunctionName="employee-photo-thumbnails"
        )
        assert len(filtered(cloud, FUNCTION, start, start + MINUTE, '"my own thumbnail"')) > 1500
        report = filtered(cloud, FUNCTION, start, start + MINUTE, "REPORT")[0]["message"]
        assert "Billed Duration" in report
        assert report.endswith("MB\t\n")

    def test_strangers_send_what_must_not_be_rendered(self, cloud: Cloud) -> None:
        start = ago(8 * 60)
        seen = "\n".join(
            line["message"] for line in filtered(cloud, WEB, start, NOW, "?attacker ?escapes ?NUL ?AKIA ?Upload")
        )
        for hostile in ("\x1b[2J", "\x00", "AKIAIOSFODNN7EXAMPLE", "<img src=x", "\u202e"):
            assert hostile in seen, repr(hostile)

    def test_everything_follows_from_the_seed(self, cloud: Cloud) -> None:
        start = ago(3)
        assert filtered(cloud, WEB, start, start + MINUTE) == filtered(cloud, WEB, start, start + MINUTE)
        messages = {line["eventId"] for line in filtered(cloud, WEB, start, start + MINUTE)}
        assert len(messages) == len(filtered(cloud, WEB, start, start + MINUTE))


class TestFiltering:
    def test_pages_hold_a_megabyte_and_join_without_gap_or_double(self, logs: Any) -> None:
        asked = {"logGroupName": ACCESS, "startTime": ago(6), "endTime": ago(3)}
        pages = list(logs.get_paginator("filter_log_events").paginate(**asked))
        assert len(pages) > 1
        assert all(sum(len(e["message"]) + 26 for e in page["events"]) <= 1_048_576 for page in pages)
        events = [event for page in pages for event in page["events"]]
        assert [e["eventId"] for e in events] == sorted({e["eventId"] for e in events})
        assert [e["timestamp"] for e in events] == sorted(e["timestamp"] for e in events)
        backward = logs.get_paginator("filter_log_events").paginate(**asked, startFromHead=False)
        assert [event for page in backward for event in page["events"]] == events[::-1]

    def test_a_rare_word_gives_empty_pages_and_an_end(self, logs: Any) -> None:
        asked = {"logGroupName": ACCESS, "startTime": ago(90), "filterPattern": '"no such word"'}
        pages = list(logs.get_paginator("filter_log_events").paginate(**asked))
        assert len(pages) > 2
        assert not any(page["events"] for page in pages)
        assert all("nextToken" in page for page in pages[:-1])

    def test_streams_limit_and_arn(self, logs: Any) -> None:
        stream = logs.describe_log_streams(logGroupName=WEB, orderBy="LastEventTime", descending=True)["logStreams"][0]
        arn = logs.describe_log_groups(logGroupNamePrefix=WEB)["logGroups"][0]["logGroupArn"]
        asked = {"logGroupIdentifier": arn, "startTime": ago(5)}
        by_name = logs.filter_log_events(**asked, logStreamNames=[stream["logStreamName"]], limit=7)
        assert len(by_name["events"]) == 7
        assert {event["logStreamName"] for event in by_name["events"]} == {stream["logStreamName"]}
        by_prefix = logs.filter_log_events(**asked, logStreamNamePrefix=stream["logStreamName"], limit=7)
        assert by_prefix["events"] == by_name["events"]

    def test_every_kind_of_pattern(self, cloud: Cloud) -> None:
        start = during(Story.BAD_DEPLOY, 1)
        end = start + MINUTE
        everything = [line["message"] for line in filtered(cloud, WEB, start, end)]

        def messages(pattern: str) -> list[str]:
            return [line["message"] for line in filtered(cloud, WEB, start, end, pattern)]

        errors = [m for m in everything if '"ERROR"' in m]
        assert messages("ERROR") == errors
        assert messages("ERROR -KeyError") == [m for m in errors if "KeyError" not in m]
        assert messages('?"Slow query" ?KeyError') == [m for m in everything if "Slow query" in m or "KeyError" in m]
        assert messages("%manager_[a-z]+%") == [m for m in everything if "manager_id" in m]
        assert messages("{ $.status >= 400 }") == [m for m in everything if json.loads(m).get("status", 0) >= 400]
        spaced = filtered(cloud, ACCESS, start, end, "[ip, identity, user, when, request, status=5*, ...]")
        assert all('" 500 ' in line["message"] for line in spaced)
        assert len(spaced) > 100

    def test_refusals(self, logs: Any) -> None:
        assert refused(logs.filter_log_events, logGroupName=WEB, filterPattern="{ $.a = ") == (
            "InvalidParameterException",
            "Invalid filter pattern",
        )
        token = logs.filter_log_events(logGroupName=WEB, startTime=ago(5), limit=1)["nextToken"]
        assert refused(logs.filter_log_events, logGroupName=WEB, startTime=ago(9), nextToken=token) == (
            "InvalidParameterException",
            "The specified nextToken is invalid.",
        )
        assert refused(logs.filter_log_events, logGroupName=WEB, nextToken="x")[0] == "InvalidParameterException"
        names = {"logStreamNames": ["a"], "logStreamNamePrefix": "a"}
        assert refused(logs.filter_log_events, logGroupName=WEB, **names)[0] == "InvalidParameterException"
        assert refused(logs.filter_log_events)[0] == "InvalidParameterException"


class TestOneStream:
    def stream(self, logs: Any) -> str:
        found = logs.describe_log_streams(logGroupName=WEB, orderBy="LastEventTime", descending=True)
        return str(found["logStreams"][0]["logStreamName"])

    def test_the_newest_come_first_and_tokens_lead_both_ways(self, logs: Any) -> None:
        asked = {"logGroupName": WEB, "logStreamName": self.stream(logs), "limit": 5}
        newest = logs.get_log_events(**asked)
        before = logs.get_log_events(**asked, nextToken=newest["nextBackwardToken"])
        again = logs.get_log_events(**asked, nextToken=before["nextForwardToken"], startFromHead=True)
        assert again["events"] == newest["events"]
        assert before["events"][-1]["timestamp"] <= newest["events"][0]["timestamp"]
        whole = logs.get_log_events(**{**asked, "limit": 10})
        assert whole["events"] == before["events"] + newest["events"]
        ahead = logs.get_log_events(**asked, nextToken=newest["nextForwardToken"], startFromHead=True)
        assert ahead["events"] == []
        assert ahead["nextForwardToken"] == newest["nextForwardToken"]

    def test_the_whole_stream_is_read_to_its_end(self, logs: Any) -> None:
        oldest = logs.describe_log_streams(logGroupName=WEB, orderBy="LastEventTime", limit=1)["logStreams"][0]
        asked = {"logGroupName": WEB, "logStreamName": oldest["logStreamName"], "startFromHead": True}
        page = logs.get_log_events(**asked, limit=50)
        assert page["events"][0]["timestamp"] >= oldest["firstEventTimestamp"] - MINUTE
        assert len(page["events"]) == 50
        newest = logs.get_log_events(logGroupName=WEB, logStreamName=oldest["logStreamName"], limit=3)
        assert abs(newest["events"][-1]["timestamp"] - oldest["lastEventTimestamp"]) < 2 * MINUTE

    def test_the_end_is_not_included(self, logs: Any) -> None:
        asked = {"logGroupName": WEB, "logStreamName": self.stream(logs)}
        first, second = logs.get_log_events(**asked, startTime=ago(3), startFromHead=True, limit=2)["events"]
        only = logs.get_log_events(**asked, startTime=first["timestamp"], endTime=second["timestamp"])["events"]
        assert only == [first]

    def test_a_stream_that_there_is_not(self, logs: Any) -> None:
        assert refused(logs.get_log_events, logGroupName=WEB, logStreamName="nobody") == (
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        )


class TestLiving:
    def test_lines_come_with_the_clock_and_stay_as_they_were(self, fresh_cloud: Cloud) -> None:
        before = filtered(fresh_cloud, ACCESS, NOW - MINUTE, NOW + MINUTE)
        fresh_cloud.post("/_demo/advance", seconds=22)
        seen = filtered(fresh_cloud, ACCESS, NOW - MINUTE, NOW + 5 * MINUTE)
        assert seen[: len(before)] == before
        assert NOW + 15_000 < seen[-1]["timestamp"] < NOW + 20_000
        fresh_cloud.post("/_demo/tell", story="bad-deploy")
        fresh_cloud.post("/_demo/advance", seconds=240)
        later = filtered(fresh_cloud, ACCESS, NOW - MINUTE, NOW + 5 * MINUTE)
        assert later[: len(seen)] == seen
        errors = filtered(fresh_cloud, WEB, NOW, NOW + 4 * MINUTE, "KeyError")
        assert errors[0]["timestamp"] >= NOW + 22_000
        name = balancer(fresh_cloud)
        for start in (NOW, NOW + MINUTE):
            failed = count(
                fresh_cloud, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", start, start + MINUTE, LoadBalancer=name
            )
            assert len(filtered(fresh_cloud, ACCESS, start, start + MINUTE, "[a, b, c, d, e, s=5*, ...]")) == failed

    def test_retention_hides_old_lines_for_good(self, fresh_cloud: Cloud) -> None:
        logs = fresh_cloud.client("logs")
        old = {"logGroupName": WEB, "startTime": ago(5 * 1440), "endTime": ago(5 * 1440 - 1)}
        assert logs.filter_log_events(**old)["events"]
        stored = logs.describe_log_groups(logGroupNamePrefix=WEB)["logGroups"][0]["storedBytes"]
        logs.put_retention_policy(logGroupName=WEB, retentionInDays=3)
        assert logs.filter_log_events(**old)["events"] == []
        group = logs.describe_log_groups(logGroupNamePrefix=WEB)["logGroups"][0]
        assert group["retentionInDays"] == 3
        assert group["storedBytes"] < stored / 3
        logs.delete_retention_policy(logGroupName=WEB)
        assert logs.filter_log_events(**old)["events"] == []
        assert refused(logs.put_retention_policy, logGroupName=WEB, retentionInDays=4)[0] == "InvalidParameterException"


def test_the_aws_cli_reads_it(cloud: Cloud) -> None:
    groups = cloud.aws("logs", "describe-log-groups", "--log-group-name-prefix", "/directory/")["logGroups"]
    assert groups[0]["logGroupName"] == ACCESS
    span = ("--start-time", str(during(Story.BAD_DEPLOY, 1)), "--end-time", str(during(Story.BAD_DEPLOY, 2)))
    found = cloud.aws("logs", "filter-log-events", "--log-group-name", WEB, "--filter-pattern", "KeyError", *span)
    assert len(found["events"]) > 100
    stream = found["events"][0]["logStreamName"]
    lines = cloud.aws(
        "logs",
        "get-log-events",
        "--log-group-name",
        WEB,
        "--log-stream-name",
        stream,
        "--limit",
        "2",
        "--start-from-head",
    )
    assert len(lines["events"]) == 2
    with pytest.raises(RuntimeError, match=r"ResourceNotFoundException.*The specified log group does not exist"):
        cloud.aws("logs", "filter-log-events", "--log-group-name", "/nowhere")
