"""Which composite alarms' actions their suppressors hold back now; the rules are `alarms.suppression`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alarms.definition import CompositeAlarm
from alarms.state import StateValue
from alarms.suppression import Hold, Suppression
from demo.alarm_entry import Entry, Transition


@dataclass(frozen=True, slots=True)
class Held:
    """What DescribeAlarms says of actions that are held back."""

    by: Hold
    reason: str
    """A sentence as AWS gives in ActionsSuppressedReason."""


class Suppressions:
    """Where each composite alarm that has a suppressor stands with it. The caller locks."""

    def __init__(self) -> None:
        self._standing: dict[str, Suppression] = {}
        self._waiting: dict[str, Transition] = {}

    def enter(self, transition: Transition, alarm: CompositeAlarm, suppressor: Entry) -> bool:
        """Take note of a composite alarm's transition; tell whether its actions may run now."""
        before = self._standing_of(alarm, transition.old, suppressor)
        self._standing[alarm.name], acted = before.advanced(
            at=transition.at, state=transition.new, suppressor=_moved(before, suppressor)
        )
        self._waiting[alarm.name] = transition
        return acted is not None

    def follow(self, alarm: CompositeAlarm, state: StateValue, suppressor: Entry, *, at: datetime) -> Transition | None:
        """Follow the suppressor up to `at`; give the transition whose actions it has just let go."""
        before = self._standing_of(alarm, state, suppressor)
        self._standing[alarm.name], acted = before.advanced(at=at, suppressor=_moved(before, suppressor))
        return self._waiting.get(alarm.name) if acted is not None else None

    def forget(self, name: str) -> Transition | None:
        """Stop following, because the suppressor or the alarm is gone; give the transition that was held back."""
        standing = self._standing.pop(name, None)
        waiting = self._waiting.pop(name, None)
        return waiting if standing is not None and standing.state is not standing.acted_on else None

    def held(self, name: str, suppressor: Entry) -> Held | None:
        """Tell what holds back the actions of an alarm; None where nothing does."""
        standing = self._standing.get(name)
        if standing is None or standing.hold is None or standing.state is standing.acted_on:
            return None
        by = "" if standing.hold is Hold.ALARM else f"{standing.hold} of "
        return Held(standing.hold, f"Actions suppressed by {by}{suppressor.arn}")

    def _standing_of(self, alarm: CompositeAlarm, state: StateValue, suppressor: Entry) -> Suppression:
        known = self._standing.get(alarm.name)
        return known or Suppression.of(alarm, state=state, suppressor=suppressor.state)


def _moved(before: Suppression, suppressor: Entry) -> StateValue | None:
    return suppressor.state if suppressor.state is not before.suppressor else None
