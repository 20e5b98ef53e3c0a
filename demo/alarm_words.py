"""What alarms leave in their history, in AWS's words.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from alarms.state import StateValue

LONGEST_DATA: Final = 4095
"""Characters of HistoryData. Ibid."""
LONGEST_SUMMARY: Final = 255
VERSION: Final = "1.0"

NEW_ALARM: Final = "Unchecked: Initial alarm creation"
"""The state reason of an alarm that was never evaluated."""


class ItemType(StrEnum):
    CONFIGURATION = "ConfigurationUpdate"
    STATE = "StateUpdate"
    ACTION = "Action"


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line of an alarm's history."""

    alarm: str
    alarm_type: str
    at: datetime
    kind: ItemType
    summary: str
    data: str
    """JSON."""


def state_document(state: StateValue, reason: str, reason_data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give a state as HistoryData holds it."""
    document: dict[str, Any] = {"stateValue": str(state), "stateReason": reason}
    return document | ({"stateReasonData": dict(reason_data)} if reason_data else {})


def state_update(old: StateValue, new: StateValue) -> str:
    return f"Alarm updated from {old} to {new}"


def state_data(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Give a StateUpdate's HistoryData; where it would be too long the evaluated datapoints are left out."""
    data = {"version": VERSION, "oldState": dict(old), "newState": dict(new)}
    if len(json.dumps(data)) > LONGEST_DATA:
        for state in (data["oldState"], data["newState"]):
            if isinstance(state, dict) and isinstance(state.get("stateReasonData"), dict):
                reason = state["stateReasonData"]
                state["stateReasonData"] = {k: v for k, v in reason.items() if k != "evaluatedDatapoints"}
    return json.dumps(data)[:LONGEST_DATA]


def configuration_update(name: str, change: str) -> str:
    """Give the summary of a change: `created`, `updated` or `deleted`."""
    return f'Alarm "{name}" {change}'[:LONGEST_SUMMARY]


def configuration_data(change: str, document: Mapping[str, Any]) -> str:
    kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[change]
    data = json.dumps({"version": VERSION, "type": kind, f"{change}Alarm": dict(document)}, default=str)
    return data if len(data) <= LONGEST_DATA else json.dumps({"version": VERSION, "type": kind})


def muted(action: str) -> str:
    """Give the summary of an action that a mute rule held back."""
    return f"Actions muted by alarm mute rule: {action}"[:LONGEST_SUMMARY]
