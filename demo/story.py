"""What goes wrong in the demo cloud: incidents as data, and what each does to the numbers at any instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from core.series import Times, Values


class Story(StrEnum):
    """The incidents that can be told."""

    TRAFFIC_SPIKE = "traffic-spike"
    INSTANCE_FAILURE = "instance-failure"
    BAD_DEPLOY = "bad-deploy"
    SLOW_LEAK = "slow-leak"
    METRIC_OUTAGE = "metric-outage"
    COST_SURGE = "cost-surge"


@dataclass(frozen=True, slots=True)
class Course:
    """How a story goes by itself: how fast it comes, how long it stays, how fast it ends."""

    rise: int
    """Seconds from told to full effect."""
    stay: int
    """Seconds at full effect."""
    fall: int
    """Seconds from full effect to none, also when it is calmed."""
    summary: str
    """What an onlooker will see, a sentence."""

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=self.rise + self.stay + self.fall)


COURSES: Final[dict[Story, Course]] = {
    Story.TRAFFIC_SPIKE: Course(
        10, 480, 120, "Everybody looks somebody up at once: CPU rises, the alarm fires, the group grows, CPU falls."
    ),
    Story.INSTANCE_FAILURE: Course(
        1, 60, 1, "One instance answers its health checks with 502: it is drained, terminated and replaced."
    ),
    Story.BAD_DEPLOY: Course(5, 420, 60, "A release breaks one page in eight: 5xx answers rise, the alarm fires."),
    Story.SLOW_LEAK: Course(
        1500, 300, 60, "Every process leaks: response times and CPU creep up until the release is taken back."
    ),
    Story.METRIC_OUTAGE: Course(
        1, 600, 1, "The page-load agent stops sending: a gap on the chart, and an alarm without data."
    ),
    Story.COST_SURGE: Course(
        30, 1800, 60, "The thumbnail function calls itself: invocations, traffic and estimated charges rise."
    ),
}


@dataclass(frozen=True, slots=True)
class Telling:
    """One story told at an instant, in one place."""

    story: Story
    at: datetime
    site: str
    strength: float = 1.0
    """Of a traffic spike the demand it makes, in instances' worth of work."""
    calmed: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When the last of its effect is gone."""
        over = self.at + COURSES[self.story].duration
        return over if self.calmed is None else min(over, self.calmed + timedelta(seconds=COURSES[self.story].fall))

    def calm(self, *, at: datetime) -> Telling:
        """Give the telling that begins to end at `at`."""
        return self if self.calmed is not None or at >= self.ends else replace(self, calmed=at)

    def effect(self, times: Times) -> Values:
        """Give the share of full effect, 0 to 1, at each of `times` (epoch seconds)."""
        course = COURSES[self.story]
        since = np.asarray(times, np.float64) - self.at.timestamp()
        share = np.clip(since / course.rise, 0.0, 1.0)
        ending = float(course.rise + course.stay)
        if self.calmed is not None:
            ending = min(ending, (self.calmed - self.at).total_seconds())
        return np.where(since < 0, 0.0, share * np.clip(1.0 - (since - ending) / course.fall, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Effects:
    """What the stories told in one place do, minute by minute; each array has one value a time."""

    rush: Values
    """Share of the minute in which a spike is on, 0 to 1."""
    demand: Values
    """The demand of that spike, in instances' worth of work; 0 where there is none."""
    errors: Values
    """Share of requests that targets answer with 5xx."""
    leak: Values
    """How far a leak has come, 0 to 1."""
    silent: Values
    """Share of the minute in which the page-load agent sends nothing."""
    surge: Values
    """How far a runaway function has come, 0 to 1."""


WITHIN_MINUTE: Final = np.arange(2.5, 60.0, 5.0)
"""Seconds of a minute at which effects are sampled and averaged, so that a story told in mid-minute shows half."""

BAD_DEPLOY_ERRORS: Final = 0.125


def effects(tellings: Iterable[Telling], times: Times) -> Effects:
    """Give the effects over each minute that starts at one of `times`."""
    told = tuple(tellings)
    return Effects(
        rush=_strongest(told, Story.TRAFFIC_SPIKE, times),
        demand=_strength(told, times),
        errors=BAD_DEPLOY_ERRORS * _strongest(told, Story.BAD_DEPLOY, times),
        leak=_strongest(told, Story.SLOW_LEAK, times),
        silent=_strongest(told, Story.METRIC_OUTAGE, times),
        surge=_strongest(told, Story.COST_SURGE, times),
    )


def _strongest(tellings: Sequence[Telling], story: Story, times: Times) -> Values:
    found = np.zeros(times.size)
    for telling in tellings:
        if telling.story is not story:
            continue
        touched = np.flatnonzero((times > telling.at.timestamp() - 60) & (times < telling.ends.timestamp()))
        if touched.size:
            inside = telling.effect(times[touched, None] + WITHIN_MINUTE).mean(axis=1)
            found[touched] = np.maximum(found[touched], inside)
    return found


def _strength(tellings: Sequence[Telling], times: Times) -> Values:
    found = np.zeros(times.size)
    for telling in tellings:
        if telling.story is Story.TRAFFIC_SPIKE:
            touched = (times > telling.at.timestamp() - 60) & (times < telling.ends.timestamp())
            found[touched] = np.maximum(found[touched], telling.strength)
    return found
