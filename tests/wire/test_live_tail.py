"""Live Tail of the demo cloud: an answer that goes on, with the lines that come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.wire.clouds import Cloud
from tests.wire.test_logs import ACCESS, AUDIT, MINUTE, NOW, WEB, filtered, refused

pytestmark = pytest.mark.wire


def arn(cloud: Cloud, group: str) -> str:
    found = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return str(found[0]["logGroupArn"])


def session(cloud: Cloud, *groups: str, **more: Any) -> Iterator[dict[str, Any]]:
    arns = [arn(cloud, group) for group in groups]
    stream: Iterator[dict[str, Any]] = cloud.client("logs").start_live_tail(logGroupIdentifiers=arns, **more)[
        "responseStream"
    ]
    return iter(stream)


def lines(events: Iterator[dict[str, Any]], least: int) -> list[dict[str, Any]]:
    """Read updates until so many lines have come."""
    found: list[dict[str, Any]] = []
    while len(found) < least:
        found += next(events)["sessionUpdate"]["sessionResults"]
    return found


def test_lines_are_sent_as_they_come_in(fresh_cloud: Cloud) -> None:
    events = session(fresh_cloud, WEB, logEventFilterPattern="?KeyError ?Slow")
    start = next(events)["sessionStart"]
    assert start["logEventFilterPattern"] == "?KeyError ?Slow"
    assert start["logGroupIdentifiers"] == [arn(fresh_cloud, WEB)]
    assert next(events)["sessionUpdate"] == {"sessionMetadata": {"sampled": False}, "sessionResults": []}
    fresh_cloud.post("/_demo/tell", story="bad-deploy")
    fresh_cloud.post("/_demo/advance", seconds=20)
    read = lines(events, 5)
    while more := next(events)["sessionUpdate"]["sessionResults"]:
        read += more
    wanted = filtered(fresh_cloud, WEB, NOW, NOW + MINUTE, "?KeyError ?Slow")
    assert [(line["timestamp"], line["message"]) for line in sorted(read, key=lambda line: line["timestamp"])] == [
        (event["timestamp"], event["message"]) for event in wanted
    ]
    assert {line["logGroupIdentifier"] for line in read} == {arn(fresh_cloud, WEB)}


def test_of_too_many_a_sample_is_sent(fresh_cloud: Cloud) -> None:
    events = session(fresh_cloud, ACCESS)
    next(events)
    next(events)
    fresh_cloud.post("/_demo/advance", seconds=60)
    while not (update := next(events)["sessionUpdate"])["sessionResults"]:
        pass
    assert update["sessionMetadata"]["sampled"]
    assert 250 <= len(update["sessionResults"]) <= 500


def test_one_stream_of_one_group(fresh_cloud: Cloud) -> None:
    newest = fresh_cloud.client("logs").describe_log_streams(
        logGroupName=ACCESS, orderBy="LastEventTime", descending=True
    )
    stream = newest["logStreams"][0]["logStreamName"]
    events = session(fresh_cloud, ACCESS, logStreamNames=[stream])
    next(events)
    next(events)
    fresh_cloud.post("/_demo/advance", seconds=15)
    assert {line["logStreamName"] for line in lines(events, 5)} == {stream}


def test_refusals(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    web, audit = arn(cloud, WEB), arn(cloud, AUDIT)
    assert refused(logs.start_live_tail, logGroupIdentifiers=[audit])[0] == "InvalidOperationException"
    assert refused(logs.start_live_tail, logGroupIdentifiers=[web.replace("web", "no")])[0] == (
        "ResourceNotFoundException"
    )
    pattern = {"logGroupIdentifiers": [web], "logEventFilterPattern": "{ $.a"}
    assert refused(logs.start_live_tail, **pattern) == ("InvalidParameterException", "Invalid filter pattern")
    streams = {"logGroupIdentifiers": [web, arn(cloud, ACCESS)], "logStreamNames": ["a"]}
    assert refused(logs.start_live_tail, **streams)[0] == "InvalidParameterException"
