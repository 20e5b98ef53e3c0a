"""What a scaling policy would have done to a group's capacity over a replayed span. Pure.

The alarm's states are those of its replay (`alarms.backtest`); while it is in the state that runs the policy, it runs
it each minute, as CloudWatch does for Auto Scaling actions. How much then is `alarms.scaling.wanted`, which the demo
cloud asks too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from alarms.backtest import Replay
from alarms.decision import STATES
from alarms.scaling import DEFAULT_COOLDOWN, Bounds, Policy, PolicyKind, wanted
from alarms.state import StateValue
from core.series import Series
from core.timespan import Timespan, from_epoch

REPEAT: Final = 60
"""Seconds between runs while the alarm stays in its state.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html"""
AT_ONCE: Final = "Instances are counted from the decision on; how long they take to start and to stop is not replayed."
NO_RELIEF: Final = (
    "The metric is taken as it was. More instances would have brought it down, so the policy may have added fewer."
)
SHARED: Final = (
    "The metric is taken to fall as instances are added and to rise as they go, as a load that is shared out evenly "
    "does; the alarm's states are those of the metric as it was."
)
OWN_ALARMS: Final = (
    "AWS makes the two alarms of target tracking and may change them; replayed are those that it usually makes."
)


@dataclass(frozen=True, slots=True)
class GroupSetting:
    """The group as the replay begins, and what it says for all its policies."""

    capacity: int
    bounds: Bounds
    cooldown: int = DEFAULT_COOLDOWN
    """Seconds."""
    warm_up: int | None = None
    """Seconds until a new instance counts; None is the cooldown."""


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """The policy changed the capacity."""

    at: datetime
    before: int
    after: int
    value: float | None
    """The metric's newest datapoint then, as the policy saw it."""


@dataclass(frozen=True, slots=True)
class PolicyReplay:
    """What a policy would have done over a span."""

    policy: Policy
    span: Timespan
    start: int
    """The capacity before the first change."""
    changes: tuple[CapacityChange, ...]
    at_bound: int
    """How often it ran and asked for what the group's minimum or maximum did not allow."""
    limits: tuple[str, ...]
    """What the replay could not know, one sentence each."""

    @property
    def capacity(self) -> tuple[tuple[datetime, int], ...]:
        """The capacity as steps: each holds until the next."""
        return ((self.span.start, self.start), *((change.at, change.after) for change in self.changes))

    @property
    def outs(self) -> int:
        return sum(change.after > change.before for change in self.changes)

    @property
    def ins(self) -> int:
        return sum(change.after < change.before for change in self.changes)

    @property
    def most(self) -> int:
        return max(size for _, size in self.capacity)

    @property
    def least(self) -> int:
        return min(size for _, size in self.capacity)

    @property
    def extra_hours(self) -> float:
        """Instance-hours more than with the capacity at the start throughout; negative is fewer."""
        steps = [*self.capacity, (self.span.end, self.start)]
        hours = timedelta(hours=1)
        return sum((size - self.start) * ((until - at) / hours) for (at, size), (until, _) in pairwise(steps))

    @property
    def sentence(self) -> str:
        """Sum it up for people."""
        if not self.changes:
            why = " The group's bounds left it no room." if self.at_bound else ""
            return f"Would not have scaled.{why}"
        moves = [f"{word} {_times(count)}" for word, count in (("out", self.outs), ("in", self.ins)) if count]
        size = f"at most {_counted(self.most)}" if self.outs else f"at least {_counted(self.least)}"
        extra = self.extra_hours
        hours = f"{abs(extra):.1f} instance-hours {'fewer' if extra < 0 else 'more'}"
        bound = f" The group's bounds held it {_times(self.at_bound)}." if self.at_bound else ""
        return f"Would have scaled {' and '.join(moves)}, {size}, {hours}.{bound}"


def replay_policy(
    policy: Policy,
    replays: Sequence[Replay],
    series: Series,
    *,
    group: GroupSetting,
    threshold: float | None,
    shared: bool = False,
    state: StateValue = StateValue.ALARM,
) -> PolicyReplay:
    """Replay a policy that the alarms of `replays` run while they are in `state`.

    Of target tracking these are the two that AWS makes (`alarms.tracking`), of others the one alarm. `series` is what
    the alarm watches, `threshold` what steps are counted from. With `shared` the metric is a load that instances share
    (an average over the group, or a count for each of them). Raises ValueError without a replay.
    """
    if not replays:
        raise ValueError("no replay is given; replay the alarm first")
    run = _Run(policy, group, shared=shared)
    for at in _instants(replays, state):
        run.step(at, _newest(series, at), threshold)
    own = (OWN_ALARMS,) if policy.kind is PolicyKind.TARGET_TRACKING else ()
    limits = (AT_ONCE, SHARED if shared else NO_RELIEF, *own)
    return PolicyReplay(policy, replays[0].span, group.capacity, tuple(run.changes), run.at_bound, limits)


class _Run:
    """The group as the replay goes on."""

    def __init__(self, policy: Policy, group: GroupSetting, *, shared: bool) -> None:
        self.policy, self.group, self.shared = policy, group, shared
        self.capacity = group.capacity
        self.changes: list[CapacityChange] = []
        self.at_bound = 0
        self._cooling_until = float("-inf")
        self._launches: list[tuple[int, int]] = []

    def step(self, at: int, newest: float | None, threshold: float | None) -> None:
        """Run the policy at an instant, given in epoch seconds."""
        if self.policy.kind is PolicyKind.SIMPLE and at < self._cooling_until:
            return
        value = self._seen(newest)
        breach = None if value is None or threshold is None else value - threshold
        asked = {"capacity": self.capacity, "warming": self._warming(at)}
        found = wanted(self.policy, self.group.bounds, **asked, value=value, breach=breach)
        unbounded = wanted(self.policy, _NO_BOUNDS, **asked, value=value, breach=breach)
        self.at_bound += unbounded != found and found == self.capacity
        if found == self.capacity:
            return
        self.changes.append(CapacityChange(from_epoch(at), self.capacity, found, value))
        if found > self.capacity:
            self._launches.append((at, found - self.capacity))
        self.capacity = found
        own = self.policy.cooldown
        self._cooling_until = at + (self.group.cooldown if own is None else own)

    def _seen(self, newest: float | None) -> float | None:
        if newest is None or not self.shared or not self.capacity:
            return newest
        return newest * self.group.capacity / self.capacity

    def _warming(self, at: int) -> int:
        given = (self.policy.warm_up, self.group.warm_up, self.group.cooldown)
        seconds = next(each for each in given if each is not None)
        return sum(count for launched, count in self._launches if at < launched + seconds)


_NO_BOUNDS: Final = Bounds(0, 2**31)


def _instants(replays: Sequence[Replay], state: StateValue) -> list[int]:
    """When the policy runs: each minute of every stretch in which one of the alarms is in the state."""
    return sorted({at for replay in replays for at in _runs(replay, state)})


def _runs(replay: Replay, state: StateValue) -> Iterator[int]:
    line = replay.timeline
    ends = np.append(line.instants[1:], int(np.ceil(replay.span.end.timestamp())))
    since: int | None = None
    for begin, end, code in zip(line.instants.tolist(), ends.tolist(), line.codes.tolist(), strict=True):
        if STATES[code] is not state:
            since = None
            continue
        since = begin if since is None else since
        first = since + -(-(begin - since) // REPEAT) * REPEAT
        yield from range(first, end, REPEAT)


def _newest(series: Series, at: int) -> float | None:
    """The value of the newest period that has ended."""
    place = int(np.searchsorted(series.times, at - series.period, side="right")) - 1
    return float(series.values[place]) if place >= 0 and np.isfinite(series.values[place]) else None


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _counted(instances: int) -> str:
    return f"{instances} instance{'' if instances == 1 else 's'}"
