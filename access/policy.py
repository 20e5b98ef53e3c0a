"""Who may do what: role × action → a verdict with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from access.identity import Actor, Role
from core.reading import Verdict


class Action(StrEnum):
    """Everything that access decides about."""

    VIEW = "view"
    TELL_STORY = "tell-story"
    EDIT_ALARM = "edit-alarm"
    MUTE_ALARM = "mute-alarm"
    SEND_TEST = "send-test"
    SET_ALARM_STATE = "set-alarm-state"
    EDIT_TOPIC = "edit-topic"
    EDIT_SCALING = "edit-scaling"
    PIN_METRIC = "pin-metric"
    PUSH_METRIC = "push-metric"
    EDIT_LOGS = "edit-logs"
    EDIT_BUDGET = "edit-budget"
    RUN_GUARD = "run-guard"
    STOP_FLEET = "stop-fleet"
    SPEND = "spend"
    SEE_AUDIT = "see-audit"


LEAST_ROLE: Final[Mapping[Action, Role]] = {
    Action.VIEW: Role.VIEWER,
    Action.TELL_STORY: Role.OPERATOR,
    Action.MUTE_ALARM: Role.OPERATOR,
    Action.SEND_TEST: Role.OPERATOR,
    Action.SET_ALARM_STATE: Role.OPERATOR,
    Action.PIN_METRIC: Role.OPERATOR,
    Action.PUSH_METRIC: Role.ENGINEER,
    Action.EDIT_ALARM: Role.ENGINEER,
    Action.EDIT_TOPIC: Role.ENGINEER,
    Action.EDIT_SCALING: Role.ENGINEER,
    Action.EDIT_LOGS: Role.ENGINEER,
    Action.EDIT_BUDGET: Role.ENGINEER,
    Action.SEE_AUDIT: Role.ENGINEER,
    Action.RUN_GUARD: Role.ADMINISTRATOR,
    Action.STOP_FLEET: Role.ADMINISTRATOR,
    Action.SPEND: Role.ADMINISTRATOR,
}
"""The least role that may do each action; a missing action would be a bug, and a test says so."""

_WORDS: Final[Mapping[Action, str]] = {
    Action.VIEW: "look at dashboards",
    Action.TELL_STORY: "tell stories in the demo cloud",
    Action.MUTE_ALARM: "mute alarms and hold their actions back",
    Action.SEND_TEST: "send test messages",
    Action.SET_ALARM_STATE: "set an alarm's state",
    Action.EDIT_TOPIC: "change topics and subscriptions",
    Action.EDIT_SCALING: "change scaling policies",
    Action.PIN_METRIC: "pin metrics for everybody",
    Action.PUSH_METRIC: "push values into custom metrics",
    Action.EDIT_ALARM: "change alarms",
    Action.EDIT_LOGS: "change metric filters, saved queries and how long log lines are kept",
    Action.EDIT_BUDGET: "change budgets",
    Action.SEE_AUDIT: "read the audit record",
    Action.RUN_GUARD: "run the spending guard",
    Action.STOP_FLEET: "stop what runs",
    Action.SPEND: "make calls that cost money",
}
_ORDER: Final = tuple(Role)


def decide(actor: Actor, action: Action) -> Verdict:
    """Say whether `actor` may do `action`, and why, in a sentence fit for the disabled button."""
    least = LEAST_ROLE[action]
    if _ORDER.index(actor.role) >= _ORDER.index(least):
        return Verdict(allowed=True, reason=f"As {actor.role}, {actor.name} may {_WORDS[action]}.")
    is_one, takes = f"{_article(actor.role)} {actor.role}", f"{_article(least)} {least}"
    return Verdict(allowed=False, reason=f"{actor.name} is {is_one} here; to {_WORDS[action]} takes {takes}.")


def _article(role: Role) -> str:
    return "an" if role[0] in "aeio" else "a"
