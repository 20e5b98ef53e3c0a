"""Which data an alarm looks at, and when: periods, evaluation instants, evaluation range.

Sources: "Evaluating an alarm" and "Alarm evaluation window",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from alarms.kinds import MetricAlarm
from alarms.requirements import DAY, WEEK, time_zone
from core.timespan import Timespan, from_epoch

EXTRA_PERIODS: Final = 2
"""How many periods CloudWatch looks back beyond the evaluation periods; see docs/adr/0005-evaluation-range.md."""


def evaluation_range(evaluation_periods: int) -> int:
    """Give how many of the newest periods are searched for N = `evaluation_periods` datapoints.

    >>> evaluation_range(3)
    5
    """
    return evaluation_periods + EXTRA_PERIODS


def evaluation_step(alarm: MetricAlarm) -> int:
    """Give the seconds from one evaluation to the next: ten for a high-resolution period, else sixty."""
    return 10 if alarm.high_resolution else 60


def evaluation_span(alarm: MetricAlarm, *, at: datetime, extra: int = EXTRA_PERIODS) -> Timespan:
    """Give the span of data that an evaluation at `at` looks at.

    A sliding window ends at `at`, cut down to the minute (to ten seconds for a high-resolution alarm); a wall-clock
    window ends at the last boundary that has passed. It is cut into periods by `edges`.
    """
    bounds = edges(alarm, at=at, periods=alarm.n + extra)
    return Timespan(from_epoch(bounds[0]), from_epoch(bounds[-1]))


def edges(alarm: MetricAlarm, *, at: datetime, periods: int) -> list[int]:
    """Give the boundaries, in epoch seconds ascending, of the newest `periods` whole periods at `at`."""
    if alarm.sliding:
        step = evaluation_step(alarm)
        end = int(at.timestamp()) // step * step
        return [end - age * alarm.period for age in range(periods, -1, -1)]
    zone = UTC if alarm.window is None or alarm.window.timezone is None else time_zone(alarm.window.timezone)
    if alarm.period < DAY:
        offset = _offset(zone, at)
        end = (int(at.timestamp()) + offset) // alarm.period * alarm.period - offset
        return [end - age * alarm.period for age in range(periods, -1, -1)]
    return _day_edges(zone, at, days=alarm.period // DAY, periods=periods)


def _offset(zone: tzinfo, at: datetime) -> int:
    return int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _day_edges(zone: tzinfo, at: datetime, *, days: int, periods: int) -> list[int]:
    """Boundaries at local midnight; a week begins on Monday. A day of a clock change has 23 or 25 hours."""
    today = at.astimezone(zone).date()
    last = today - timedelta(days=today.weekday()) if days * DAY == WEEK else today
    dates = [last - timedelta(days=days * age) for age in range(periods, -1, -1)]
    return [int(datetime.combine(date, time(), tzinfo=zone).timestamp()) for date in dates]
