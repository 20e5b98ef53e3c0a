"""The requests of one minute, one after the other: who asked for what, who answered, how, and after how long.

The application, access and load-balancer logs are all written from these, so their request ids join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.series import Values
from demo.logs.moments import SLOT, SLOTS, Counts, Moments
from demo.noise import bits, normal, uniform
from demo.signals import SPREAD

REFUSED: Final = 0
BROKEN: Final = 1
BUGGY: Final = 2
REJECTED: Final = 3
FINE: Final = 4
"""What a request came to, in the order in which the luckless are picked."""

A_SLOT: Final = 16_384
"""Numbers that lines of one slot may have: requests below half of it, everything else above."""
OTHERS: Final = A_SLOT // 2

PATHS: Final = ("/", "/search", "/employee", "/photo", "/login", "/org-chart")
SHARES: Final = np.cumsum([0.20, 0.35, 0.30, 0.14, 0.01])
"""Of the pages but the last, of what the last leaves."""
EMPLOYEE: Final = 2
LOGIN: Final = 4
ORG_CHART: Final = 5
ORG_CHART_SHARE: Final = 0.125
"""The page that a bad release breaks: one in eight."""
NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Visits:
    """One value a request in each column, in the order of time."""

    number: Counts
    """Within everything the site logs; also what all its randomness follows from."""
    milliseconds: Counts
    outcome: Counts
    target: Counts
    """Which of the minute's presences took it; -1 nobody."""
    path: Counts
    person: Counts
    """The employee looked at; four digits."""
    seconds: Values
    """Until the target had answered."""
    client: Counts
    size: Counts
    """Bytes of the answer."""
    trace: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
    """128 random bits of its trace id."""

    def __len__(self) -> int:
        return int(self.number.size)


def visits(now: Moments, *, until: int = SLOTS) -> Visits:
    """Give the requests of the first `until` slots."""
    counts = np.minimum(np.where(np.arange(SLOTS) < until, now.requests, 0), OTHERS)
    slot = np.repeat(np.arange(SLOTS), counts)
    place = np.arange(slot.size) - np.repeat(np.cumsum(counts) - counts, counts)
    number = (now.minute // SLOT + slot) * A_SLOT + place
    source = now.now.source
    when = (now.minute + SLOT * slot) * 1000 + (uniform(source.key("when"), number) * SLOT * 1000).astype(np.int64)
    order = np.argsort(when, kind="stable")
    number, slot, when = number[order], slot[order], when[order]
    outcome = _outcomes(now, slot, uniform(source.key("outcome"), number) + _too_early(now, slot, when))
    spread = np.exp(SPREAD * normal(source.key("visit"), number))
    chosen = bits(source.key("asked"), number)
    return Visits(
        number=number,
        milliseconds=when,
        outcome=outcome,
        target=_targets(now, slot, outcome, uniform(source.key("target"), number)),
        path=_paths(now, slot, outcome, uniform(source.key("path"), number)),
        person=1000 + (chosen >> np.uint64(8)).astype(np.int64) % 9000,
        seconds=np.minimum(_seconds(now, slot, outcome) * spread, 60.0),
        client=(chosen >> np.uint64(40)).astype(np.int64) % 508,
        size=np.where(outcome == FINE, 5200.0 * np.exp(0.4 * normal(source.key("size"), number)), 157.0).astype(
            np.int64
        ),
        trace=(bits(source.key("trace"), number), bits(source.key("trace", 2), number)),
    )


def _too_early(now: Moments, slot: Counts, when: Counts) -> npt.NDArray[np.bool_]:
    """Tell which requests came in the slot in which an incident began, but before it."""
    early = np.zeros(slot.size, np.bool_)
    for telling in now.told:
        began = telling.at.timestamp()
        if now.minute <= began < now.minute + 60:
            early |= (slot == (began - now.minute) // SLOT) & (when < began * 1000)
    return early


def _outcomes(now: Moments, slot: Counts, luck: Values) -> Counts:
    """Pick the luckless of each slot, so many of each kind as the slot has."""
    ends = np.cumsum(np.stack([now.refused, now.broken, now.buggy, now.rejected]), axis=0)
    order = np.lexsort((luck, slot))
    counts = np.bincount(slot, minlength=SLOTS)
    rank = np.empty(slot.size, np.int64)
    rank[order] = np.arange(slot.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray((rank[None, :] >= ends[:, slot]).sum(axis=0))


def _targets(now: Moments, slot: Counts, outcome: Counts, chance: Values) -> Counts:
    """Pick who took each request: the broken what failed with them, the well all else."""
    if not now.presences:
        return np.full(slot.size, NOBODY)
    well = np.where(now.well.sum(axis=1, keepdims=True) > 0, now.well, now.ill)
    ill = np.where(now.ill.sum(axis=1, keepdims=True) > 0, now.ill, well)
    found = np.where(outcome == BROKEN, _picked(ill, slot, chance), _picked(well, slot, chance))
    there = (now.well + now.ill).sum(axis=1)[slot] > 0
    return np.where(there, found, NOBODY)


def _picked(weights: Values, slot: Counts, chance: Values) -> Counts:
    reached = np.cumsum(weights, axis=1)
    aims = chance * reached[slot, -1]
    return np.asarray(np.minimum((aims[:, None] >= reached[slot]).sum(axis=1), weights.shape[1] - 1))


def _paths(now: Moments, slot: Counts, outcome: Counts, chance: Values) -> Counts:
    """One request in eight is for the page that a bad release breaks, whether it fails or not."""
    left = np.maximum(0.0, ORG_CHART_SHARE - now.buggy / np.maximum(now.requests, 1))[slot]
    rest = np.clip((chance - left) / np.maximum(1.0 - left, 1e-9), 0.0, 1.0 - 1e-9)
    page = np.where(chance < left, ORG_CHART, np.searchsorted(SHARES, rest, side="right"))
    page = np.where(outcome == REJECTED, np.where(chance < 0.1, LOGIN, EMPLOYEE), page)
    return np.where(outcome == BUGGY, ORG_CHART, page)


def _seconds(now: Moments, slot: Counts, outcome: Counts) -> Values:
    """What fails, fails early."""
    return np.asarray(now.median[slot] * np.array([1.0, 0.04, 0.35, 0.3, 1.0])[outcome])
