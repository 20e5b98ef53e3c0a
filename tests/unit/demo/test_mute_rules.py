"""Mute-rule schedules: when a window is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.timespan import parse_instant
from demo.mute_rules import MuteRule, RuleStatus, Schedule


@pytest.mark.parametrize(
    ("expression", "duration", "zone", "at", "expected"),
    [
        ("cron(0 2 * * *)", "PT4H", None, "2026-11-23T01:59:59Z", False),
        ("cron(0 2 * * *)", "PT4H", None, "2026-11-23T02:00:00Z", True),
        ("cron(0 2 * * *)", "PT4H", None, "2026-11-23T05:59:59Z", True),
        ("cron(0 2 * * *)", "PT4H", None, "2026-11-23T06:00:00Z", False),
        ("cron(0 18 * * FRI)", "P2DT14H", None, "2026-11-23T07:59:00Z", True),
        ("cron(0 18 * * FRI)", "P2DT14H", None, "2026-11-23T08:00:00Z", False),
        ("cron(0 18 * * fri)", "PT1H", None, "2026-11-20T18:30:00Z", True),
        ("cron(0 1 1 * *)", "PT1H", None, "2026-12-01T01:30:00Z", True),
        ("cron(0 1 1 JAN-MAR *)", "PT1H", None, "2026-12-01T01:30:00Z", False),
        ("cron(15,45 * * * *)", "PT10M", None, "2026-11-23T10:20:00Z", True),
        ("cron(15,45 * * * *)", "PT10M", None, "2026-11-23T10:30:00Z", False),
        ("cron(0 9 13 * MON)", "PT1H", None, "2026-11-23T09:30:00Z", True),
        ("cron(0 2 * * *)", "PT1H", "America/New_York", "2026-11-23T07:30:00Z", True),
        ("cron(0 2 * * *)", "PT1H", "America/New_York", "2026-07-23T06:30:00Z", True),
        ("at(2026-11-23T10:00)", "PT1H", None, "2026-11-23T10:59:00Z", True),
        ("at(2026-11-23T10:00)", "PT1H", "Asia/Tokyo", "2026-11-23T01:30:00Z", True),
        ("at(2026-11-23T10:00)", "PT1H", "Asia/Tokyo", "2026-11-23T10:30:00Z", False),
    ],
)
def test_a_window_is_open_from_its_start_for_its_duration(
    expression: str, duration: str, zone: str | None, at: str, *, expected: bool
) -> None:
    assert Schedule.parse(expression, duration, zone).window(parse_instant(at)) is expected


@pytest.mark.parametrize(
    ("expression", "duration", "zone", "words"),
    [
        ("rate(1 hour)", "PT1H", None, "is not a schedule"),
        ("cron(60 2 * * *)", "PT1H", None, "0 to 59"),
        ("cron(0 2 * * MOON)", "PT1H", None, "0 to 6"),
        ("cron(0 2 * *)", "PT1H", None, "is not a schedule"),
        ("cron(0 2 * * *)", "PT30S", None, "PT1M to P15D"),
        ("cron(0 2 * * *)", "P16D", None, "PT1M to P15D"),
        ("cron(0 2 * * *)", "P", None, "PT1M to P15D"),
        ("cron(0 2 * * *)", "PT1H", "Mars/Olympus", "time zone"),
    ],
)
def test_a_schedule_that_cannot_be_read_says_what_can(expression: str, duration: str, zone: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Schedule.parse(expression, duration, zone)


def test_a_rule_is_scheduled_then_active_then_expired() -> None:
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)
    rule = MuteRule(
        "deploys",
        Schedule.parse("at(2026-11-23T10:00)", "PT1H", None),
        ("cpu-high",),
        start,
        starts=start + timedelta(minutes=5),
    )
    found = [rule.status(start + timedelta(minutes=minutes)) for minutes in (-1, 1, 5, 59, 60)]
    assert found == [
        RuleStatus.SCHEDULED,
        RuleStatus.SCHEDULED,
        RuleStatus.ACTIVE,
        RuleStatus.ACTIVE,
        RuleStatus.EXPIRED,
    ]
    assert rule.mutes("cpu-high", start + timedelta(minutes=30))
    assert not rule.mutes("cpu-low", start + timedelta(minutes=30))
    assert rule.mute_type == "ONE_TIME"
