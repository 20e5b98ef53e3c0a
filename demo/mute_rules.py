"""Alarm mute rules: schedules in whose windows alarms change state without running their actions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)
MONTHS: Final = {name.upper(): str(number) for number, name in enumerate(calendar.month_abbr) if name}
DAYS: Final = {"SUN": "0", "MON": "1", "TUE": "2", "WED": "3", "THU": "4", "FRI": "5", "SAT": "6"}

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+)\)")
_DURATION = re.compile(r"P(?!$)(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?)?")


class RuleStatus(StrEnum):
    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Cron:
    """A recurring start: minutes, hours, days of month, months, days of week (0 is Sunday)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    def times(self, day: date) -> Iterator[time]:
        """Give the times of `day` at which it starts."""
        if self.on(day):
            yield from (time(hour, minute) for hour in self.hours for minute in self.minutes)

    def on(self, day: date) -> bool:
        """Tell whether it starts on `day`; where both kinds of day are given either will do, as cron has it."""
        if day.month not in self.months:
            return False
        kinds = [
            chosen
            for days, chosen in (
                (self.days, self.days is not None and day.day in self.days),
                (self.weekdays, self.weekdays is not None and day.isoweekday() % 7 in self.weekdays),
            )
            if days is not None
        ]
        return any(kinds) if kinds else True


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule's windows begin, and how long they last."""

    expression: str
    duration_text: str
    timezone: str | None
    duration: timedelta
    zone: tzinfo
    once: datetime | None
    cron: Cron | None

    @classmethod
    def parse(cls, expression: str, duration: str, timezone: str | None) -> Schedule:
        """Read a schedule; raises ValueError that says what is accepted."""
        zone = _zone(timezone)
        once, cron = _start(expression, zone)
        return cls(expression, duration, timezone, _duration(duration), zone, once, cron)

    def window(self, at: datetime) -> bool:
        """Tell whether `at` lies in one of the windows."""
        return any(start <= at < start + self.duration for start in self._starts(at))

    def _starts(self, at: datetime) -> Iterator[datetime]:
        """Give the starts that could still be running at `at`."""
        if self.once is not None:
            yield self.once
        if self.cron is None:
            return
        day = at.astimezone(self.zone).date()
        for back in range(self.duration.days + 2):
            for start in self.cron.times(day - timedelta(days=back)):
                yield datetime.combine(day - timedelta(days=back), start, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class MuteRule:
    """One mute rule as it was put."""

    name: str
    schedule: Schedule
    alarm_names: tuple[str, ...]
    updated: datetime
    description: str | None = None
    starts: datetime | None = None
    expires: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def mute_type(self) -> str:
        return "RECURRING" if self.schedule.cron else "ONE_TIME"

    def status(self, at: datetime) -> RuleStatus:
        """Give the status at `at`; a one-time window that has passed has expired."""
        if self.expires is not None and at >= self.expires:
            return RuleStatus.EXPIRED
        once = self.schedule.once
        if once is not None and at >= once + self.schedule.duration:
            return RuleStatus.EXPIRED
        begun = self.starts is None or at >= self.starts
        return RuleStatus.ACTIVE if begun and self.schedule.window(at) else RuleStatus.SCHEDULED

    def mutes(self, alarm: str, at: datetime) -> bool:
        return alarm in self.alarm_names and self.status(at) is RuleStatus.ACTIVE


def _zone(name: str | None) -> tzinfo:
    if name in {None, "UTC"}:
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; use a name such as Europe/London") from error


def _start(expression: str, zone: tzinfo) -> tuple[datetime | None, Cron | None]:
    once = _AT.fullmatch(expression)
    if once:
        return datetime.fromisoformat(once[1]).replace(tzinfo=zone).astimezone(UTC), None
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise ValueError(
            f"{expression!r} is not a schedule; use cron(Minutes Hours Day-of-month Month Day-of-week) "
            "or at(yyyy-MM-ddThh:mm)"
        )
    minutes, hours, days, months, weekdays = cron.groups()
    return None, Cron(
        minutes=_numbers(minutes, 0, 59) or frozenset(range(60)),
        hours=_numbers(hours, 0, 23) or frozenset(range(24)),
        days=_numbers(days, 1, 31),
        months=_numbers(months, 1, 12, MONTHS) or frozenset(range(1, 13)),
        weekdays=_numbers(weekdays, 0, 6, DAYS),
    )


def _numbers(text: str, least: int, most: int, names: dict[str, str] | None = None) -> frozenset[int] | None:
    """Read one cron field; `*` is None."""
    if text == "*":
        return None
    found: set[int] = set()
    for part in text.upper().split(","):
        low, _, high = part.partition("-")
        ends = [(names or {}).get(end, end) for end in (low, high or low)]
        if not all(end.isdigit() and least <= int(end) <= most for end in ends):
            raise ValueError(f"{part!r} is not accepted in a cron field; use {least} to {most}, *, - and ,")
        found.update(range(int(ends[0]), int(ends[1]) + 1))
    return frozenset(found)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    days, hours, minutes = (int(n or 0) for n in match.groups()) if match else (0, 0, 0)
    duration = timedelta(days=days, hours=hours, minutes=minutes)
    if not SHORTEST <= duration <= LONGEST:
        raise ValueError(f"{text!r} is not a duration; use ISO 8601 from PT1M to P15D, such as PT4H")
    return duration
