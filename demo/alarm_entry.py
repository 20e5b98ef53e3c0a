"""One alarm of the demo cloud as it stands, and as DescribeAlarms gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alarms.composite import Rule
from alarms.definition import Alarm, MetricAlarm
from alarms.state import StateValue
from core.reading import Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """One alarm as it stands: what was put, and the state it is in."""

    definition: Alarm
    params: Mapping[str, Any]
    """The request's members, without tags, as DescribeAlarms gives them back."""
    arn: str
    configured: datetime
    state: StateValue
    reason: str
    reason_data: Mapping[str, Any]
    updated: datetime
    """When the state was last written."""
    transitioned: datetime
    """When it last became another."""
    tags: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None
    """The rule that has been read, of a composite alarm."""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def kind(self) -> str:
        """AWS's word: MetricAlarm, CompositeAlarm or LogAlarm."""
        return type(self.definition).__name__

    @property
    def children(self) -> tuple[str, ...]:
        """Names of the alarms that a composite alarm looks at."""
        return tuple(alarm_name(child) for child in self.rule.children) if self.rule else ()


@dataclass(frozen=True, slots=True)
class Transition:
    """An alarm that has become another state, and what is to be done about it."""

    scope: Scope
    alarm: Alarm
    at: datetime
    old: StateValue
    new: StateValue
    reason: str
    reason_data: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    """ARNs to run; empty where actions are disabled, muted or suppressed."""
    old_reason: str = ""
    old_reason_data: Mapping[str, Any] = field(default_factory=dict)


def alarm_name(name_or_arn: str) -> str:
    """Give the name out of an alarm's ARN, or the name itself."""
    return name_or_arn.split(":alarm:", 1)[1] if name_or_arn.startswith("arn:") else name_or_arn


def described(entry: Entry) -> dict[str, Any]:
    """Give an alarm as DescribeAlarms does: every list present, the state, and what was put."""
    blank: dict[str, Any] = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}
    if isinstance(entry.definition, MetricAlarm):
        blank |= {"Metrics": []} if entry.params.get("Metrics") else {"Dimensions": []}
    return {
        **blank,
        **entry.params,
        "AlarmArn": entry.arn,
        "AlarmConfigurationUpdatedTimestamp": entry.configured,
        "StateValue": str(entry.state),
        "StateReason": entry.reason,
        "StateReasonData": json.dumps(dict(entry.reason_data)) if entry.reason_data else None,
        "StateUpdatedTimestamp": entry.updated,
        "StateTransitionedTimestamp": entry.transitioned,
    }


def in_state(
    entry: Entry, state: StateValue, reason: str, reason_data: Mapping[str, Any], *, at: datetime, moved: bool
) -> Entry:
    """Give the alarm in `state`; `moved` says that it was in another before."""
    return replace(
        entry,
        state=state,
        reason=reason,
        reason_data=dict(reason_data),
        updated=at,
        transitioned=at if moved else entry.transitioned,
    )


def composite_reason(entry: Entry, children: Sequence[Entry], state: StateValue, at: datetime) -> str:
    """Say which child's change decided a composite alarm's state."""
    newest = max(children, key=lambda child: child.transitioned, default=entry)
    when = f"{at:%A %d %B, %Y %H:%M:%S} UTC"
    return f"{newest.arn} transitioned to {newest.state} at {when}" if children else f"The rule is {state} by itself"
