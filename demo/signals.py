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
CHANCE: Final = 0.00012
"""Of a request to fail without any incident."""
REJECTED: Final = 0.006
"""Share of requests answered with 4xx."""
LATE: Final = 0.35
"""Share of what an overloaded fleet cannot take at once that the load balancer gives up on."""
READS: Final = 0.5
"""Read units of the table for each request."""
UPLOADS: Final = 0.004
"""Photos uploaded for each request; each calls the function once."""
RUNAWAY_CALLS: Final = 2400.0
"""Invocations a minute of the function that calls itself; as `demo.usage` bills them."""

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
        late = np.where(self.load > 1.0, LATE * (1.0 - 1.0 / np.maximum(self.load, 1.0)), 0.0)
        return np.asarray(np.rint(self.requests * np.where(self.capacity <= 0, 1.0, late)))

    @property
    def served(self) -> Values:
        return self.requests - self.refused

    @property
    def failed(self) -> Values:
        """Requests that targets answered with 5xx."""
        chance = CHANCE + self.effects.errors + self.failing
        luck = uniform(self.source.key("5xx"), self.times)
        return np.asarray(np.minimum(self.served, np.floor(self.served * chance + luck * 0.9)))

    @property
    def rejected(self) -> Values:
        """Requests that targets answered with 4xx."""
        return np.asarray(np.floor(self.served * self.rejection))

    @property
    def rejection(self) -> Values:
        """Share of served requests that are answered with 4xx."""
        return np.asarray(REJECTED * (1 + 0.3 * drift(self.source.key("4xx"), self.times, every=600)))

    @property
    def reads(self) -> Values:
        """Read units that the fleet asks of the table."""
        return np.asarray(self.served * self.reading)

    @property
    def reading(self) -> Values:
        """Read units for each request."""
        return np.asarray(READS * (1.0 + 0.05 * normal(self.source.key("reads"), self.times)))

    def refused_reads(self, capacity: float) -> Values:
        """Reads that a table of `capacity` units a second throttles."""
        # A hot partition refuses a few reads now and then, and more often the nearer the table is to its limit.
        unlucky = uniform(self.source.key("hot"), self.times)
        hot = np.where(unlucky < 0.004, np.ceil(unlucky * 2000.0), 0.0)
        return np.asarray(np.floor(throttled(self.reads, capacity * MINUTE)) + hot)

    @property
    def uploads(self) -> Values:
        """Photos uploaded, before whole ones are counted."""
        return np.asarray(self.served * self.uploading)

    @property
    def uploading(self) -> Values:
        """Photos uploaded for each request."""
        return np.asarray(np.maximum(UPLOADS * (1.0 + 0.5 * normal(self.source.key("uploads"), self.times)), 0.0))

    @property
    def calls(self) -> Values:
        """Invocations of the function."""
        return np.asarray(np.floor(self.uploads + RUNAWAY_CALLS * self.effects.surge))

    @property
    def crashed(self) -> Values:
        """Invocations that ended in an error."""
        errors = np.floor(self.calls * 0.002 + uniform(self.source.key("function"), self.times) * 0.98)
        return np.asarray(np.minimum(errors, self.calls))

    def memory(self, presence: Presence, minutes: slice) -> Values:
        """Give the memory in percent that one instance uses in some of the minutes."""
        wander = drift(self.source.key("memory", presence.nature), self.times[minutes], every=5400)
        return np.asarray(np.clip(34.0 + 1.5 * wander + 52.0 * self.effects.leak[minutes], 0.0, 99.0))

    @property
    def median(self) -> Values:
        """Seconds that the middle request takes."""
        return middle(self.load, self.effects.leak, self.effects.errors)

    def slower(self, seconds: float) -> Values:
        """Give the share of requests that take `seconds` or longer."""
        far = np.log(seconds / self.median) / SPREAD
        return np.asarray(1.0 / (1.0 + np.exp(1.5976 * far + 0.07056 * far**3)))  # the normal curve's tail, to 1.4e-4

    def latency(self) -> tuple[Values, Values]:
        """Give (seconds, requests), each (n, 24): samples that stand for all served requests of the minute."""
        wobble = 0.05 * normal(self.source.key("latency"), self.times)
        grain = 0.12 * (2.0 * uniform(self.source.key("tail"), self.times[:, None] * 64 + np.arange(Z.size)) - 1.0)
        seconds = self.median[:, None] * np.exp(SPREAD * Z + wobble[:, None] + grain * (1 + np.maximum(Z, 0.0)))
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
    demand = ordinary + effects.rush * np.maximum(0.0, effects.demand * jitter(source, times) - ordinary)
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


def middle(load: Values, leak: Values, errors: Values) -> Values:
    """Give the seconds that the middle request takes under a load, a leak and a bad release."""
    busy = 1.0 / (1.0 - 0.9 * np.minimum(load, 1.0))
    return np.asarray(BASE_LATENCY * busy * (1.0 + 5.0 * leak) * (1.0 + 0.6 * np.sqrt(errors)))


def throttled(reads: Values, allowed: float) -> Values:
    """Give the reads that a table refuses: all above its capacity, and some that crowd one partition near it."""
    crowded = 0.02 * np.maximum(np.minimum(reads, allowed) - 0.8 * allowed, 0.0)
    return np.asarray(np.maximum(reads - allowed, 0.0) + crowded)


def jitter(source: Source, times: Times) -> Values:
    """Give the noise of a spike's demand, around 1."""
    return 1.0 + 0.012 * normal(source.key("jitter"), times)
