"""The list of alarms: narrowed by words and states, firing ones first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from collectors.alarm_states import AlarmState
from dashboard.wording import age, count, plain, quantity, state_cell, state_word

STATES = {"ALARM": "Alarm", "INSUFFICIENT_DATA": "No data", "OK": "OK"}
"""AWS's word for a state → ours, in the order of the list."""


@dataclass(frozen=True, slots=True)
class AlarmList:
    """Alarms as a table."""

    names: tuple[str, ...]
    """One a row; foreign text."""
    table: pd.DataFrame
    """State, Alarm, Watches, Since, Actions: foreign text, drawn in text cells."""
    summary: str
    """How many are listed, of how many, and how many fire."""


def build(alarms: Sequence[AlarmState], *, words: str, states: Collection[str], now: datetime) -> AlarmList:
    """Give the alarms that hold every word and are in one of `states`, where any are named."""
    wanted = words.casefold().split()
    order = list(STATES)
    shown = sorted(
        (
            alarm
            for alarm in alarms
            if (not states or alarm.state in states) and all(word in _haystack(alarm) for word in wanted)
        ),
        key=lambda alarm: (order.index(alarm.state) if alarm.state in order else len(order), alarm.name),
    )
    table = pd.DataFrame(
        {
            "State": [state_cell(alarm.state) for alarm in shown],
            "Alarm": [plain(alarm.name) for alarm in shown],
            "Watches": [watched(alarm) for alarm in shown],
            "Since": [age(alarm.since, now=now) for alarm in shown],
            "Actions": [_actions(alarm) for alarm in shown],
        },
        dtype="str",
    )
    return AlarmList(tuple(alarm.name for alarm in shown), table, _summary(alarms, len(shown)))


def _haystack(alarm: AlarmState) -> str:
    parts = (alarm.name, str(alarm.metric or ""), alarm.kind, alarm.rule or "", state_word(alarm.state))
    return " ".join(parts).casefold()


def watched(alarm: AlarmState) -> str:
    """Say in a few words what an alarm looks at; foreign text."""
    if alarm.rule is not None:
        return plain(alarm.rule)
    if alarm.metric is None or alarm.comparison is None:
        return str(alarm.kind)
    sign = {"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": "≥", "LessThanThreshold": "<",
            "LessThanOrEqualToThreshold": "≤"}.get(alarm.comparison, "")  # fmt: skip
    limit = quantity(alarm.threshold, alarm.unit)
    return plain(f"{alarm.metric.name} {alarm.statistic or ''} {sign} {limit}")


def _actions(alarm: AlarmState) -> str:
    if not alarm.actions:
        return "none"
    return count(alarm.action_count, "action") + ("" if alarm.actions_enabled else ", switched off")


def _summary(alarms: Sequence[AlarmState], shown: int) -> str:
    firing = sum(alarm.state == "ALARM" for alarm in alarms)
    return f"{count(shown, 'alarm')} of {len(alarms):,}; {firing:,} in alarm"
