"""Actions of a composite alarm held back by its suppressor.

"The composite alarm waits for the suppressor to go into the ALARM state" (wait period), does nothing while it is
there, and still waits after it has left (extension period):
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alarms.definition import CompositeAlarm
from alarms.state import StateValue
from demo.alarm_entry import Entry, Transition


class SuppressedBy(StrEnum):
    """AWS's words for what holds the actions."""

    WAIT = "WaitPeriod"
    EXTENSION = "ExtensionPeriod"
    ALARM = "Alarm"


@dataclass(frozen=True, slots=True)
class Held:
    """A transition whose actions are held back."""

    transition: Transition
    actions: tuple[str, ...]
    by: SuppressedBy
    reason: str


def held_by(alarm: CompositeAlarm, suppressor: Entry, *, since: datetime, at: datetime) -> SuppressedBy | None:
    """Tell what holds back, at `at`, the actions of a transition made at `since`; None lets them run."""
    if suppressor.state is StateValue.ALARM:
        return SuppressedBy.ALARM
    left = suppressor.left_alarm
    if left is not None and at < left + timedelta(seconds=alarm.suppressor_extension or 0):
        return SuppressedBy.EXTENSION
    waited = left is not None and left >= since
    if not waited and at < since + timedelta(seconds=alarm.suppressor_wait or 0):
        return SuppressedBy.WAIT
    return None


def reason(by: SuppressedBy, suppressor: Entry) -> str:
    """Say why actions are held, a sentence as AWS gives in ActionsSuppressedReason."""
    if by is SuppressedBy.ALARM:
        return f"Actions suppressed by {suppressor.arn}"
    return f"Actions suppressed by {by} of {suppressor.arn}"
