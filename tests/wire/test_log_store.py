"""Lines of the demo cloud through the store: whole, equal to what plain boto3 reads, and asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import FaultKind, Scope
from core.timespan import Timespan
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

HERE = Scope("111111111111", "us-east-1")
WEB, ACCESS, AUDIT = "/directory/web", "/directory/access", "/directory/audit"
HOUR = Timespan(AT - timedelta(hours=2), AT - timedelta(hours=1))
CALLS = "logs:FilterLogEvents"


def sources_of(cloud: Cloud, data_dir: Path) -> CloudSources:
    settings = Settings(cloud="demo", demo_port=int(cloud.url.rsplit(":", 1)[1]), data_dir=data_dir)
    return CloudSources(Clients(settings, Meter(settings.data_dir, clock=lambda: AT)), Store(settings.data_dir))


@pytest.fixture
def sources(cloud: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    sources = sources_of(cloud, tmp_path)
    yield sources
    sources.clients.close()


def calls(cloud: Cloud) -> int:
    return int(cloud.get("/_demo/calls/watchkeeper").get(CALLS, 0))


def whole(sources: CloudSources, question: LogQuestion) -> LogAnswer:
    """Ask until nothing is missing, as a page does."""
    for _ in range(40):
        reading = sources.log_lines(question, now=AT)
        assert reading.complete, reading.faults
        if not reading.value.missing:
            return reading.value
    raise AssertionError("it never ends")


def plainly(cloud: Cloud, question: LogQuestion) -> list[str]:
    """Give the ids that plain boto3 reads, oldest first."""
    start, end = (int(at.timestamp() * 1000) for at in (question.span.start, question.span.end))
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=question.group, startTime=start, endTime=end - 1, filterPattern=question.pattern
    )  # fmt: skip
    return [event["eventId"] for page in pages for event in page["events"]]


@pytest.mark.parametrize("pattern", ["", "ERROR", '{ $.level = "WARN" }'])
def test_lines_equal_what_plain_boto3_reads(cloud: Cloud, sources: CloudSources, pattern: str) -> None:
    question = LogQuestion(HERE, WEB, HOUR, pattern, most=100_000)
    answer = whole(sources, question)
    assert {line.event_id for line in answer.lines} == set(plainly(cloud, question))
    assert answer.matching == len(answer.lines)
    assert answer.lines
    times = [line.milliseconds for line in answer.lines]
    assert times == sorted(times, reverse=True)


def test_nothing_is_asked_for_twice_by_pattern_viewer_or_restart(
    cloud: Cloud, sources: CloudSources, tmp_path: Path
) -> None:
    whole(sources, LogQuestion(HERE, WEB, HOUR, most=100_000))
    asked = calls(cloud)
    assert asked
    for pattern in ("ERROR", "-INFO", '{ $.level = "ERROR" }', "%time[ds]%", ""):
        found = whole(sources, LogQuestion(HERE, WEB, HOUR, pattern, most=100_000))
        assert set(plainly(cloud, LogQuestion(HERE, WEB, HOUR, pattern))) == {line.event_id for line in found.lines}
    other = sources_of(cloud, tmp_path)
    half = Timespan(HOUR.start + timedelta(minutes=10), HOUR.end - timedelta(minutes=20))
    assert whole(other, LogQuestion(HERE, WEB, half, "ERROR")).asked == 0
    other.clients.close()
    assert calls(cloud) == asked


def test_the_newest_lines_of_a_busy_day_take_one_call(cloud: Cloud, sources: CloudSources) -> None:
    """The access log writes a line a request: a thousand of a day are the newest, not the first."""
    before = calls(cloud)
    day = Timespan(AT - timedelta(days=1), AT)
    answer = sources.log_lines(LogQuestion(HERE, ACCESS, day, most=1_000), now=AT).value
    assert len(answer.lines) == 1_000
    assert answer.cut
    assert AT - answer.lines[0].at < timedelta(minutes=2)
    assert calls(cloud) - before == 1


def test_context_is_the_stream_s_own_neighbours(cloud: Cloud, sources: CloudSources, tmp_path: Path) -> None:
    """From what is held, and from AWS where nothing is."""
    lines = whole(sources, LogQuestion(HERE, WEB, HOUR, most=100_000)).lines
    line = next(each for each in lines if each.at < HOUR.end - timedelta(minutes=30))
    stream = [each for each in reversed(lines) if each.stream == line.stream]
    place = stream.index(line)
    bare = sources_of(cloud, tmp_path / "bare")
    for each_source in (sources, bare):
        reading = each_source.log_context(HERE, line, before=3, after=4, now=AT)
        assert reading.complete
        assert [each.message for each in reading.value] == [each.message for each in stream[place - 3 : place + 5]]
    assert "logs:GetLogEvents" in cloud.get("/_demo/calls/watchkeeper")
    bare.clients.close()


def test_a_class_that_is_not_searched_is_a_fault_with_aws_s_words(sources: CloudSources) -> None:
    reading = sources.log_lines(LogQuestion(HERE, AUDIT, HOUR), now=AT)
    assert reading.faults[0].kind is FaultKind.INVALID_REQUEST
    assert reading.value.missing == (HOUR,)


def test_groups_have_tags_sizes_and_how_long_they_are_kept(sources: CloudSources) -> None:
    reading = sources.log_groups(HERE, now=AT)
    assert reading.complete
    groups = {group.name: group for group in reading.value}
    assert groups[WEB].retention_days == 30
    assert groups[WEB].stored_bytes > 0
    assert groups[WEB].tags
    assert not groups[AUDIT].can_be_searched


def test_streams_are_found_by_their_beginning(sources: CloudSources) -> None:
    every = sources.log_streams(HERE, WEB, now=AT).value
    assert every
    prefix = every[0].name[:6]
    found = sources.log_streams(HERE, WEB, prefix=prefix, now=AT).value
    assert found
    assert all(stream.name.startswith(prefix) for stream in found)
