"""How far a replay agrees with what AWS recorded: the history of DescribeAlarmHistory beside the replayed time line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from alarms.backtest import Replay
from alarms.state import StateValue

TOLERANCE: Final = timedelta(minutes=3)
"""So far apart the same change may be in replay and history: an evaluation or two, and the delay of the data."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change of state that AWS wrote down."""

    at: datetime
    old: StateValue
    new: StateValue


@dataclass(frozen=True, slots=True)
class Agreement:
    """Changes that both have, and those that only one has."""

    matched: tuple[tuple[Recorded, datetime], ...]
    """Recorded changes, with the instant of the replayed one."""
    only_recorded: tuple[Recorded, ...]
    only_replayed: tuple[datetime, ...]
    same_state: float
    """Share of the time in which both had the same state, 0 to 1."""

    @property
    def sentence(self) -> str:
        """What a person wants to know; never that a replay is exact."""
        recorded = len(self.matched) + len(self.only_recorded)
        return (
            f"The replay has {len(self.matched)} of {recorded} recorded changes within {TOLERANCE.seconds // 60} "
            f"minutes, and {len(self.only_replayed)} that were not recorded; the state agrees {self.same_state:.1%} of "
            "the time."
        )


def recorded_changes(items: Iterable[Mapping[str, Any]]) -> tuple[Recorded, ...]:
    """Read the state changes out of `AlarmHistoryItems`, oldest first; other items are passed over."""
    changes = []
    for item in items:
        if item.get("HistoryItemType") == "StateUpdate":
            data = json.loads(item["HistoryData"])
            old, new = (StateValue(data[name]["stateValue"]) for name in ("oldState", "newState"))
            changes.append(Recorded(item["Timestamp"], old, new))
    return tuple(sorted(changes, key=lambda change: change.at))


def compare(replayed: Replay, recorded: Sequence[Recorded], *, tolerance: timedelta = TOLERANCE) -> Agreement:
    """Match recorded changes with replayed ones of the same new state, each with the nearest, within `tolerance`."""
    free = {change.at: change.new for change in replayed.transitions}
    inside = [change for change in recorded if change.at in replayed.span]
    matched, only_recorded = [], []
    for change in inside:
        near = [at for at, new in free.items() if new is change.new and abs(at - change.at) <= tolerance]
        if near:
            at = min(near, key=lambda instant: abs(instant - change.at))
            matched.append((change, at))
            del free[at]
        else:
            only_recorded.append(change)
    return Agreement(tuple(matched), tuple(only_recorded), tuple(sorted(free)), _same_state(replayed, inside))


def _same_state(replayed: Replay, recorded: Sequence[Recorded]) -> float:
    """The share of evaluations after which both had the same state."""
    states = replayed.timeline.states
    if not states:
        return 0.0
    changes = iter([*recorded, None])
    following = next(changes)
    current = recorded[0].old if recorded else replayed.timeline.initial
    same = 0
    for instant, state in zip(replayed.timeline.instants.tolist(), states, strict=True):
        while following is not None and following.at.timestamp() <= instant:
            current = following.new
            following = next(changes)
        same += state is current
    return same / len(states)
