"""The hold that a suppressor alarm has on the actions of a composite alarm.

"Suppressing composite alarm actions",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html
When the composite alarm enters ALARM its actions wait, so that the suppressor has time to follow; while the suppressor
is in ALARM they are held; after it has left ALARM they are held a while longer. Once nothing holds them, the actions of
the state the composite alarm is in then run, unless it is the state that was acted on last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alarms.kinds import CompositeAlarm
from alarms.state import StateValue


class Hold(StrEnum):
    """Why actions are held, as DescribeAlarms says in `ActionsSuppressedBy`."""

    WAIT_PERIOD = "WaitPeriod"
    EXTENSION_PERIOD = "ExtensionPeriod"
    ALARM = "Alarm"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Where a composite alarm and its suppressor stand; advanced from change to change."""

    wait: timedelta
    extension: timedelta
    state: StateValue = StateValue.INSUFFICIENT_DATA
    """The composite alarm's."""
    acted_on: StateValue = StateValue.INSUFFICIENT_DATA
    """The state whose actions ran last."""
    suppressor: StateValue = StateValue.OK
    waits_until: datetime | None = None
    extends_until: datetime | None = None

    @classmethod
    def of(cls, alarm: CompositeAlarm, *, state: StateValue, suppressor: StateValue = StateValue.OK) -> Suppression:
        """Begin with an alarm whose state has been acted on."""
        wait = timedelta(seconds=alarm.suppressor_wait or 0)
        extension = timedelta(seconds=alarm.suppressor_extension or 0)
        return cls(wait, extension, state, state, suppressor)

    @property
    def hold(self) -> Hold | None:
        """What holds the actions now."""
        if self.suppressor is StateValue.ALARM:
            return Hold.ALARM
        if self.extends_until is not None:
            return Hold.EXTENSION_PERIOD
        return Hold.WAIT_PERIOD if self.waits_until is not None else None

    @property
    def next_instant(self) -> datetime | None:
        """When a wait or an extension ends, so that `advanced` is due even if nothing changes."""
        return min((at for at in (self.waits_until, self.extends_until) if at is not None), default=None)

    def advanced(
        self, *, at: datetime, state: StateValue | None = None, suppressor: StateValue | None = None
    ) -> tuple[Suppression, StateValue | None]:
        """Give where things stand after a change at `at`, and the state whose actions run now, if any."""
        moved = replace(
            self,
            waits_until=_unless_over(self.waits_until, at),
            extends_until=_unless_over(self.extends_until, at),
        )
        if suppressor is not None:
            moved = _suppressor_moved(moved, suppressor, at)
        if state is not None:
            moved = _alarm_moved(moved, state, at)
        if moved.hold is not None or moved.state is moved.acted_on:
            return moved, None
        return replace(moved, acted_on=moved.state), moved.state


@dataclass(frozen=True, slots=True)
class Change:
    """The composite alarm or its suppressor entered a state."""

    at: datetime
    state: StateValue
    of_suppressor: bool = False


def actions(start: Suppression, changes: Iterable[Change]) -> Iterator[tuple[datetime, StateValue]]:
    """Give when the actions of which state run, for changes in the order of time.

    A wait or extension that ends at the instant of a change ends before it.
    """
    now = start
    for change in changes:
        now, due = _ended(now, before=change.at)
        yield from due
        given = {"suppressor": change.state} if change.of_suppressor else {"state": change.state}
        now, acted = now.advanced(at=change.at, **given)
        if acted is not None:
            yield change.at, acted
    yield from _ended(now, before=None)[1]


def _ended(now: Suppression, *, before: datetime | None) -> tuple[Suppression, list[tuple[datetime, StateValue]]]:
    """Let waits and extensions end up to `before`, or all of them; give the actions that then run."""
    due = []
    while now.next_instant is not None and (before is None or now.next_instant <= before):
        at = now.next_instant
        now, acted = now.advanced(at=at)
        if acted is not None:
            due.append((at, acted))
    return now, due


def _unless_over(until: datetime | None, at: datetime) -> datetime | None:
    return None if until is not None and until <= at else until


def _suppressor_moved(now: Suppression, suppressor: StateValue, at: datetime) -> Suppression:
    if suppressor is StateValue.ALARM:
        # It has followed: from here on it holds the actions itself.
        return replace(now, suppressor=suppressor, waits_until=None, extends_until=None)
    left = now.suppressor is StateValue.ALARM and bool(now.extension)
    return replace(now, suppressor=suppressor, extends_until=at + now.extension if left else now.extends_until)


def _alarm_moved(now: Suppression, state: StateValue, at: datetime) -> Suppression:
    if state is not StateValue.ALARM:
        return replace(now, state=state, waits_until=None)
    waits = now.state is not StateValue.ALARM and now.hold is None and bool(now.wait)
    return replace(now, state=state, waits_until=at + now.wait if waits else now.waits_until)
