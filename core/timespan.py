"""Half-open spans of UTC time, CloudWatch periods, and what CloudWatch still keeps.

Instants are timezone-aware UTC datetimes; arrays of instants are int64 epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

SUB_MINUTE_PERIODS: Final = (1, 5, 10, 20, 30)
"""Seconds; the only periods below a minute. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html"""

RETENTION: Final[tuple[tuple[timedelta, int], ...]] = (
    (timedelta(hours=3), 1),
    (timedelta(days=15), 60),
    (timedelta(days=63), 300),
    (timedelta(days=455), 3600),
)
"""(age up to which, finest period in seconds) CloudWatch keeps.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention"""

CHART_PERIODS: Final = (60, 300, 900, 3600, 21_600, 86_400)
"""Seconds; the periods a person would choose for a chart, finest first."""


def utc(instant: datetime) -> datetime:
    """Give `instant` in UTC; refuse one without a zone, because its meaning would be a guess."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; give an aware instant such as 2026-11-23T10:00:00Z")
    return instant.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; a missing zone is read as UTC.

    >>> parse_instant("2026-11-23T10:00:00Z").isoformat()
    '2026-11-23T10:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an instant; write it as 2026-11-23T10:00:00Z") from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def from_epoch(seconds: float) -> datetime:
    """Give the UTC instant `seconds` after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def check_period(seconds: int) -> int:
    """Give back a period that CloudWatch accepts, in seconds, or say what it accepts."""
    if seconds in SUB_MINUTE_PERIODS or (seconds >= 60 and seconds % 60 == 0):
        return seconds
    accepted = ", ".join(str(p) for p in SUB_MINUTE_PERIODS)
    raise ValueError(f"period {seconds} s is not accepted; use {accepted} or a multiple of 60")


@dataclass(frozen=True, slots=True)
class Timespan:
    """A half-open span `[start, end)` of UTC time."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.end <= self.start:
            raise ValueError(f"the span ends at {self.end.isoformat()}, not after its start {self.start.isoformat()}")

    @classmethod
    def last(cls, duration: timedelta, *, now: datetime) -> Timespan:
        """Give the span of `duration` that ends `now`."""
        return cls(now - duration, now)

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    @property
    def seconds(self) -> int:
        """Length in whole seconds, rounded up."""
        return -int(-self.duration.total_seconds() // 1)

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def aligned(self, period: int) -> Timespan:
        """Widen to whole periods counted from 1970, as CloudWatch aligns them."""
        start = int(self.start.timestamp() // period) * period
        end = -int(-self.end.timestamp() // period) * period
        return Timespan(from_epoch(start), from_epoch(end))

    def shifted(self, by: timedelta) -> Timespan:
        return Timespan(self.start + by, self.end + by)


def finest_period(start: datetime, *, now: datetime) -> int:
    """Give the finest period in seconds that CloudWatch still keeps for data from `start` on."""
    age = now - start
    for limit, seconds in RETENTION:
        if age <= limit:
            return seconds
    return RETENTION[-1][1]


def chart_period(span: Timespan, *, now: datetime, points: int = 400) -> int:
    """Choose the finest kept period, a minute or more, that draws `span` in at most `points` points."""
    finest = max(60, finest_period(span.start, now=now))
    for seconds in CHART_PERIODS:
        if seconds >= finest and span.seconds / seconds <= points:
            return seconds
    return CHART_PERIODS[-1]
