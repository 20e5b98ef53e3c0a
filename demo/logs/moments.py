"""One minute of a site, five seconds by five seconds: what each request of a metric's minute came to, and where.

What a slot says follows from what was known at its end, so a line that was read stays as it was, whatever begins
later in the minute. The last slot makes up the difference: the minute's lines add up to the minute's metrics, but for
minutes in which an overloaded fleet grows, where the mean load says less than its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.series import Values
from demo.noise import uniform
from demo.signals import (
    CHANCE,
    LATE,
    REQUESTS_PER_UNIT,
    RUNAWAY_CALLS,
    Conditions,
    Interval,
    Presence,
    jitter,
    middle,
    throttled,
)
from demo.story import BAD_DEPLOY_ERRORS, Story, Telling

SLOT: Final = 5
"""Seconds."""
SLOTS: Final = 12
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """The slots of one minute; every array has twelve values."""

    now: Conditions
    """Of this minute alone."""
    told: tuple[Telling, ...]
    presences: tuple[Presence, ...]
    requests: Counts
    refused: Counts
    """Answered by the load balancer itself."""
    broken: Counts
    """Sent to an instance that is broken."""
    buggy: Counts
    """Failed by the release."""
    rejected: Counts
    """Answered with 4xx."""
    throttled: Counts
    """Reads that the table refused."""
    calls: Counts
    """Invocations of the function."""
    crashed: Counts
    """Invocations that ended in an error."""
    median: Values
    """Seconds that the middle request takes."""
    surge: Values
    """How far the function has run away."""
    well: Values
    """(12, k): the share of each slot in which each presence took requests and was well."""
    ill: Values
    """(12, k): the share in which it took requests and was broken."""

    @property
    def minute(self) -> int:
        return int(self.now.times[0])

    @property
    def starts(self) -> Counts:
        """The second at which each slot begins."""
        return starts_of(self.minute)


def starts_of(minute: int) -> Counts:
    return minute + SLOT * np.arange(SLOTS, dtype=np.int64)


def moments(now: Conditions, presences: Sequence[Presence], told: Sequence[Telling], *, reads: float) -> Moments:
    """Divide the one minute of `now` into its slots; `reads` is the table's capacity, units a second."""
    starts = starts_of(int(now.times[0]))
    well, ill = _shares(presences, starts)
    capacity = well.sum(axis=1) + ill.sum(axis=1)
    errors = BAD_DEPLOY_ERRORS * felt(told, Story.BAD_DEPLOY, starts)
    surge = felt(told, Story.COST_SURGE, starts)
    demand = _demand(now, told, starts)
    load = np.where(capacity > 0, demand / np.maximum(capacity, 0.05), 0.0)
    requests = _divided(demand * REQUESTS_PER_UNIT / SLOTS + 1e-9, now.requests, begin=0.5)
    late = np.where(load > 1.0, LATE * (1.0 - 1.0 / np.maximum(load, 1.0)), 0.0)
    refused = _divided(requests * np.where(capacity <= 0, 1.0, late), now.refused, begin=0.5, room=requests)
    served = requests - refused
    share = np.where(capacity > 0, ill.sum(axis=1) / np.maximum(capacity, 0.05), 0.0)
    chance = CHANCE + errors + share
    luck = float(uniform(now.source.key("5xx"), now.times)[0]) * 0.9
    failed = _divided(served * chance, now.failed, begin=luck, room=served)
    broken = np.minimum(failed, np.rint(failed * share / chance).astype(np.int64))
    calls = _divided(served * now.uploading + RUNAWAY_CALLS * surge / SLOTS, now.calls)
    return Moments(
        now=now,
        told=tuple(told),
        presences=tuple(presences),
        requests=requests,
        refused=refused,
        broken=broken,
        buggy=failed - broken,
        rejected=_divided(served * now.rejection, now.rejected, room=served - failed),
        throttled=_divided(throttled(served * now.reading, reads * SLOT), now.refused_reads(reads)),
        calls=calls,
        crashed=_divided(calls * 0.002, now.crashed, room=calls),
        median=middle(load, felt(told, Story.SLOW_LEAK, starts), errors),
        surge=surge,
        well=well,
        ill=ill,
    )


def felt(told: Sequence[Telling], story: Story, starts: Counts) -> Values:
    """Give how strongly a story is felt in each slot, 0 to 1."""
    found = np.zeros(starts.size)
    for telling in told:
        if telling.story is story:
            found = np.maximum(found, telling.effect(np.asarray(starts + SLOT / 2)))
    return found


def _demand(now: Conditions, told: Sequence[Telling], starts: Counts) -> Values:
    ordinary = float(now.source.demand(now.times)[0])
    strongest = float(now.effects.demand[0] * jitter(now.source, now.times)[0])
    return ordinary + felt(told, Story.TRAFFIC_SPIKE, starts) * max(0.0, strongest - ordinary)


def _shares(presences: Sequence[Presence], starts: Counts) -> tuple[Values, Values]:
    well, ill = np.zeros((starts.size, len(presences))), np.zeros((starts.size, len(presences)))
    for number, presence in enumerate(presences):
        serving = share(presence.serving, starts)
        both = max(presence.serving[0], presence.failing[0]), min(presence.serving[1], presence.failing[1])
        ill[:, number] = np.minimum(share(both, starts), serving)
        well[:, number] = serving - ill[:, number]
    return well, ill


def share(interval: Interval, starts: Counts) -> Values:
    """Give the share of each slot that lies in `interval`."""
    start, end = interval
    return np.asarray(np.clip(np.minimum(end, starts + SLOT) - np.maximum(start, starts), 0.0, SLOT) / SLOT)


def _divided(expected: npt.ArrayLike, total: Values, *, begin: float = 0.0, room: Counts | None = None) -> Counts:
    """Give whole numbers near `expected` whose sum is the one of `total`, as far as the last slot has room."""
    reached = np.floor(begin + np.cumsum(expected))
    counts = np.diff(reached, prepend=np.floor(begin)).astype(np.int64)
    if room is not None:
        counts = np.minimum(counts, room)
    most = None if room is None else int(room[-1])
    counts[-1] = np.clip(int(total[0]) - int(counts[:-1].sum()), 0, most)
    return counts
