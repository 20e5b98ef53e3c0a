"""Embedded metrics that send their lines by themselves: metered, priced, capped, and read as metrics."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cloud.faults import NotFree
from cloud.line_pushing import MOST_BYTES
from cloud.settings import Settings
from collectors.custom_delivery import Outcome
from collectors.embedded import EmbeddedMetrics
from collectors.log_lines_out import WAITING_BYTES, LogLines
from core.timespan import Timespan
from tests.wire.clouds import AT, Cloud
from tests.wire.test_logs import MINUTE, NOW, count

pytestmark = pytest.mark.wire

GROUP = "/shop/metrics"


def settings_of(cloud: Cloud, folder: Path, **more: Any) -> Settings:
    return Settings(cloud="demo", demo_port=urlsplit(cloud.url).port or 0, data_dir=folder, **more)


def lines_of(cloud: Cloud, folder: Path, *, cap: str = "1", **more: Any) -> LogLines:
    settings = settings_of(cloud, folder, monthly_cap_usd=Decimal(cap))
    return LogLines(GROUP, "one", settings=settings, clock=lambda: NOW, background=False, **more)


@pytest.fixture
def group(bare: Cloud) -> Any:
    logs = bare.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    return logs


@pytest.fixture
def lines(bare: Cloud, group: Any, tmp_path: Path) -> Iterator[LogLines]:
    made = lines_of(bare, tmp_path)
    yield made
    made.close()


def messages(group: Any) -> list[str]:
    events = group.get_log_events(logGroupName=GROUP, logStreamName="one", startFromHead=True)["events"]
    return [event["message"] for event in events]


def test_embedded_metrics_arrive_as_lines_and_as_metrics(
    bare: Cloud, group: Any, lines: LogLines, tmp_path: Path
) -> None:
    settings = settings_of(bare, tmp_path, custom_metrics_quota=5)
    with EmbeddedMetrics("Shop", stream=lines, settings=settings, clock=lambda: NOW) as metrics:
        for value in (1.0, 2.0, 4.5):
            metrics.put("PageLoadTime", value, unit="Seconds", dimensions={"Page": "/"})
    assert lines.status().waiting == 1
    assert lines.send() == Outcome()
    assert json.loads(messages(group)[0])["PageLoadTime"] == [1.0, 2.0, 4.5]
    assert count(bare, "Shop", "PageLoadTime", NOW, NOW + MINUTE, Page="/") == 7.5
    assert bare.get("/_demo/calls/watchkeeper") == {"logs:CreateLogStream": 1, "logs:PutLogEvents": 2}


def test_each_byte_is_priced(bare: Cloud, group: Any, lines: LogLines) -> None:
    group.create_log_stream(logGroupName=GROUP, logStreamName="one")
    lines.write("x" * 974 + "\nsecond\n")
    lines.send()
    assert messages(group) == ["x" * 974, "second"]
    assert lines._clients is not None
    (total,) = lines._clients.meter.totals(Timespan(AT - timedelta(days=1), AT + timedelta(days=1)))
    assert (total.operation, total.units) == ("PutLogEvents", 974 + 26 + 6 + 26)
    assert total.cost.amount == Decimal(1032) * Decimal("0.50") / 10**9
    assert bare.get("/_demo/calls/watchkeeper") == {"logs:PutLogEvents": 1}


def test_at_a_cap_of_zero_nothing_is_sent_and_it_says_why(bare: Cloud, group: Any, tmp_path: Path) -> None:
    free = lines_of(bare, tmp_path, cap="0")
    free.write("never\n")
    outcome = free.send()
    assert isinstance(outcome.failed, NotFree)
    status = free.status()
    assert (status.waiting, status.sent) == (1, 0)
    assert "cap" in status.trouble
    assert bare.get("/_demo/calls/watchkeeper") == {}
    assert group.describe_log_streams(logGroupName=GROUP)["logStreams"] == []
    free.close()


def test_a_group_that_is_not_there_is_never_made(bare: Cloud, tmp_path: Path) -> None:
    lines = lines_of(bare, tmp_path)
    lines.write("kept\n")
    outcome = lines.send()
    assert outcome.failed is not None
    assert "log group does not exist" in lines.status().trouble
    assert lines.status().waiting == 1
    logs = bare.client("logs")
    assert logs.describe_log_groups()["logGroups"] == []
    logs.create_log_group(logGroupName=GROUP)
    assert lines.send() == Outcome()
    assert messages(logs) == ["kept"]
    assert lines.status().trouble == ""
    lines.close()


def test_many_lines_leave_in_calls_that_aws_takes(bare: Cloud, group: Any, lines: LogLines) -> None:
    group.create_log_stream(logGroupName=GROUP, logStreamName="one")
    lines.write("".join(f"{number:05d}\n" for number in range(12_000)))
    lines.write(("y" * 300_000 + "\n") * 4)
    assert lines.send() == Outcome()
    assert bare.get("/_demo/calls/watchkeeper")["logs:PutLogEvents"] == 3
    assert lines.status().sent == 12_004
    assert lines.status().waiting == 0


def test_memory_is_bounded_and_what_is_lost_is_counted(bare: Cloud, tmp_path: Path) -> None:
    lines = lines_of(bare, tmp_path, cap="0")
    for _ in range(30):
        lines.write("z" * 1_000_000 + "\n")
    status = lines.status()
    assert status.waiting * 1_000_026 <= WAITING_BYTES
    assert status.dropped == 30 - status.waiting
    lines.write("z" * MOST_BYTES + "\n")
    assert lines.status().dropped == status.dropped + 1
    lines.close()


def test_the_thread_sends_without_being_asked(bare: Cloud, group: Any, tmp_path: Path) -> None:
    settings = settings_of(bare, tmp_path, monthly_cap_usd=Decimal(1))
    with LogLines(GROUP, "one", settings=settings, clock=lambda: NOW, seconds=60) as lines:
        lines.write("on the way out\n")
    assert messages(group) == ["on the way out"]


def test_a_forked_child_sends_its_own_lines_only(bare: Cloud, group: Any, lines: LogLines) -> None:
    lines.write("parent\n")
    child = os.fork()
    if child == 0:
        lines.write("child\n")
        sent = lines.send() == Outcome() and lines.status().sent == 1
        lines.close()
        os._exit(0 if sent else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lines.send() == Outcome()
    assert sorted(messages(group)) == ["child", "parent"]
