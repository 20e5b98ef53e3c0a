"""The directory's numbers, minute by minute: demand, what the fleet makes of it, and what people notice.

Pure: everything follows from the seed, the instants, who was serving when, and the incidents told. One minute or
fifteen days are computed by the same code. Work is counted in instances' worth: 1.0 keeps one instance at 100 % CPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from core.series import Times, Values
from demo.noise import drift, key, normal, uniform
from demo.story import Effects

MINUTE: Final = 60
REQUESTS_PER_UNIT: Final = 1800
"""Requests a minute that keep one t2.micro at 100 % CPU."""

IDLE_CPU: Final = 3.0
BOOT_CPU: Final = 38.0
LEAK_CPU: Final = 14.0
BASE_LATENCY: Final = 0.045
"""Seconds; the median of an idle fleet."""
SPREAD: Final = 0.52
"""Standard deviation of the logarithm of response times."""

NIGHT: Final = 0.92
"""Demand of a quiet night, instances' worth: two instances stay above the scale-in threshold."""
DAY: Final = 1.45
"""What a full working day adds at its peak."""
WEEKDAYS: Final = np.array([1.0, 1.04, 1.02, 1.0, 0.86, 0.2, 0.16])
"""Monday first."""

TAIL: Final = np.array([*np.arange(0.0, 0.9, 0.06), 0.88, 0.92, 0.95, 0.97, 0.98, 0.988, 0.993, 0.997, 0.999, 1.0])
"""Shares of the requests between which one sample stands for all: fine where percentiles are asked for."""

Z: Final = np.array([NormalDist().inv_cdf(share) for share in ((TAIL[:-1] + TAIL[1:]) / 2).tolist()])
"""Standard-normal quantiles at the middles of `TAIL`."""

Interval = tuple[float, float]
"""Epoch seconds, half open; infinite where it has not ended."""
NEVER: Final[Interval] = (inf, inf)


@dataclass(frozen=True, slots=True)
class Presence:
    """When one instance was there, and when it took requests."""

    instance: str
    zone: str
    running: Interval
    serving: Interval
    """Healthy, or not yet found to be unhealthy; until it drains."""
    failing: Interval = NEVER
    """While it is broken."""
    left: float = inf
    """When it is deregistered."""
    nature: str = ""
    """What its own noise follows from; its id where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a site's demand comes from."""

    seed: int
    site: str
    share: float = 1.0
    """Of the main site's demand."""

    def key(self, *words: object) -> int:
        return key(self.seed, self.site, *words)

    def demand(self, times: Times) -> Values:
        """Give the demand of each minute without incidents, in instances' worth."""
        hour = (times % 86_400) / 3600.0
        day = (times // 86_400 + 3) % 7  # 1 January 1970 was a Thursday
        morning, afternoon = np.exp(-(((hour - 11.0) / 2.2) ** 2)), np.exp(-(((hour - 15.5) / 2.8) ** 2))
        shape = np.minimum(1.0, 0.72 * morning + 0.96 * afternoon)
        wander = 1.0 + 0.035 * drift(self.key("hour"), times, every=2700) + 0.014 * normal(self.key("minute"), times)
        return np.asarray(self.share * (NIGHT + DAY * shape * WEEKDAYS[day]) * np.clip(wander, 0.85, 1.15))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a site is under in each minute; every array has one value a time."""

    source: Source
    times: Times
    effects: Effects
    requests: Values
    """Requests that arrived in the minute, whole numbers."""
    capacity: Values
    """Instances that served, as a share of the minute each."""
    load: Values
    """Demand over capacity; above 1 the fleet cannot keep up."""
    failing: Values
    """Share of served requests that went to broken instances."""

    @property
    def refused(self) -> Values:
        """Requests that the load balancer itself answered with 5xx: nobody to take them, or nobody in time."""
        late = np.where(self.load > 1.0, 0.35 * (1.0 - 1.0 / np.maximum(self.load, 1.0)), 0.0)
        return np.asarray(np.rint(self.requests * np.where(self.capacity <= 0, 1.0, late)))

    @property
    def served(self) -> Values:
        return self.requests - self.refused

    @property
    def failed(self) -> Values:
        """Requests that targets answered with 5xx."""
        chance = 0.00012 + self.effects.errors + self.failing
        luck = uniform(self.source.key("5xx"), self.times)
        return np.asarray(np.minimum(self.served, np.floor(self.served * chance + luck * 0.9)))

    @property
    def rejected(self) -> Values:
        """Requests that targets answered with 4xx."""
        return np.asarray(
            np.floor(self.served * 0.006 * (1 + 0.3 * drift(self.source.key("4xx"), self.times, every=600)))
        )

    def latency(self) -> tuple[Values, Values]:
        """Give (seconds, requests), each (n, 24): samples that stand for all served requests of the minute."""
        busy = 1.0 / (1.0 - 0.9 * np.minimum(self.load, 1.0))
        median = BASE_LATENCY * busy * (1.0 + 5.0 * self.effects.leak) * (1.0 + 0.6 * np.sqrt(self.effects.errors))
        wobble = 0.05 * normal(self.source.key("latency"), self.times)
        grain = 0.12 * (2.0 * uniform(self.source.key("tail"), self.times[:, None] * 64 + np.arange(Z.size)) - 1.0)
        seconds = median[:, None] * np.exp(SPREAD * Z + wobble[:, None] + grain * (1 + np.maximum(Z, 0.0)))
        counts = np.diff(np.rint(self.served[:, None] * TAIL), axis=1)
        return np.sort(np.minimum(seconds, 60.0), axis=1), counts

    def page_load(self, page: str, weight: float) -> tuple[Values, Values]:
        """Give (seconds, 1 or 0 whether it was sent), each (n, 5): what browsers measured for one page."""
        slots = self.times[:, None] * 16 + np.arange(5)
        busy = 1.0 / (1.0 - 0.9 * np.minimum(self.load, 1.0))
        seconds = weight * (0.55 + 0.16 * busy + 1.9 * self.effects.leak)
        values = seconds[:, None] * np.exp(0.22 * normal(self.source.key("page", page), slots))
        sent = uniform(self.source.key("sent", page), slots) >= self.effects.silent[:, None]
        return values, sent.astype(np.float64)


def overlap(interval: Interval, times: Times) -> Values:
    """Give the share of each minute that lies in `interval`."""
    start, end = interval
    seconds = np.clip(np.minimum(end, times + MINUTE) - np.maximum(start, times), 0.0, MINUTE)
    return np.asarray(seconds / MINUTE)


def conditions(source: Source, times: Times, presences: Iterable[Presence], effects: Effects) -> Conditions:
    """Give what the site is under in each of the minutes that start at `times`, ascending."""
    capacity, broken = np.zeros(times.size), np.zeros(times.size)
    for presence in presences:
        minutes = minutes_of(presence.serving, times)
        capacity[minutes] += overlap(presence.serving, times[minutes])
        if presence.failing[0] < inf:
            both = max(presence.serving[0], presence.failing[0]), min(presence.serving[1], presence.failing[1])
            broken[minutes] += overlap(both, times[minutes])
    ordinary = source.demand(times)
    demand = ordinary + effects.rush * np.maximum(0.0, effects.demand * _jitter(source, times) - ordinary)
    some = np.maximum(capacity, 0.05)
    return Conditions(
        source=source,
        times=times,
        effects=effects,
        requests=np.rint(demand * REQUESTS_PER_UNIT),
        capacity=capacity,
        load=np.where(capacity > 0, demand / some, 0.0),
        failing=np.where(capacity > 0, broken / some, 0.0),
    )


def cpu(now: Conditions, presence: Presence, minutes: slice) -> Values:
    """Give the CPU utilisation in percent of one instance in some of the minutes; it must run in them."""
    times = now.times[minutes]
    working = overlap(presence.serving, times)
    # Booting is the first minute of an instance's life; work comes when it serves.
    booting = overlap((presence.running[0], min(presence.running[0] + MINUTE, presence.running[1])), times)
    own = now.source.key("cpu", presence.nature or presence.instance)
    uneven = 1.0 + 0.03 * drift(own, times, every=1800)
    work = np.minimum(now.load[minutes] * uneven, 1.0) * (100.0 - IDLE_CPU) * working
    leak = LEAK_CPU * now.effects.leak[minutes]
    busy = IDLE_CPU + work + leak + BOOT_CPU * booting * (1.0 - working)
    return np.asarray(np.clip(busy + 0.9 * normal(own, times), 0.2, 100.0))


def side_by_side(columns: Sequence[tuple[slice, Values]], size: int) -> tuple[Values, Values]:
    """Give (values, counts), each (size, k): columns that hold for some minutes each, at most k of them at once."""
    filled = np.zeros(size, np.int64)
    for minutes, _ in columns:
        filled[minutes] += 1
    width = max(1, int(filled.max(initial=0)))
    values: npt.NDArray[np.float64] = np.zeros((size, width))
    counts: npt.NDArray[np.float64] = np.zeros((size, width))
    filled[:] = 0
    for minutes, column in columns:
        rows = np.arange(minutes.start, minutes.stop)
        values[rows, filled[minutes]] = column
        counts[rows, filled[minutes]] = 1.0
        filled[minutes] += 1
    return values, counts


def minutes_of(interval: Interval, times: Times) -> slice:
    """Give which of the ascending minutes `interval` touches, as a slice."""
    low = int(np.searchsorted(times, interval[0] - MINUTE, side="right"))
    high = int(np.searchsorted(times, interval[1], side="left"))
    return slice(low, max(low, high))


def group_cpu(now: Conditions, presences: Sequence[Presence]) -> tuple[Values, Values]:
    """Give (percent, 1 or 0), each (n, k): one raw sample an instance, as AWS/EC2 keeps them by group."""
    there = [(presence, minutes_of(presence.running, now.times)) for presence in presences]
    columns = [(minutes, cpu(now, presence, minutes)) for presence, minutes in there if minutes.stop > minutes.start]
    return side_by_side(columns, now.times.size)


def _jitter(source: Source, times: Times) -> Values:
    return 1.0 + 0.012 * normal(source.key("jitter"), times)
