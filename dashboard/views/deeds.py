"""What can be done to alarms, one or several: each deed as a plan, out of the alarms as they are at this moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from access.changes import ChangePlan, joined
from access.identity import Actor
from access.policy import Action, decide
from alarms import muting, publishing
from alarms.actions import ACTION_LISTS, ActionKind, describe
from alarms.definition import Alarm, to_request
from alarms.live import Live
from alarms.muting import MuteRule
from alarms.pricing import bill_of
from alarms.state import StateValue
from alarms.topics import send_test
from core.reading import Scope, Verdict
from core.timespan import from_epoch
from dashboard.views.alarm_roll import Roll


class Deed(StrEnum):
    """What is done."""

    ENABLE = "enable"
    DISABLE = "disable"
    MUTE = "mute"
    TAG = "tag"
    DELETE = "delete"
    UNMUTE = "end the mute"
    TEST = "test delivery"
    FORCE = "force a state"


BULK: Final = (Deed.ENABLE, Deed.DISABLE, Deed.MUTE, Deed.TAG, Deed.DELETE)
"""What can be done to several at once."""
ACTIONS: Final[Mapping[Deed, Action]] = {
    Deed.ENABLE: Action.MUTE_ALARM,
    Deed.DISABLE: Action.MUTE_ALARM,
    Deed.MUTE: Action.MUTE_ALARM,
    Deed.TAG: Action.EDIT_ALARM,
    Deed.DELETE: Action.EDIT_ALARM,
    Deed.UNMUTE: Action.MUTE_ALARM,
    Deed.TEST: Action.SEND_TEST,
    Deed.FORCE: Action.SET_ALARM_STATE,
}
"""What somebody must be allowed to do for each."""
MUTES: Final[Mapping[str, timedelta]] = {
    "30 min": timedelta(minutes=30),
    "1 h": timedelta(hours=1),
    "4 h": timedelta(hours=4),
    "12 h": timedelta(hours=12),
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
}
MOST_MUTED: Final = 100
"""Alarms that one mute rule may name. Source: `MuteTargets` in the API reference of PutAlarmMuteRule."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A deed with what it needs to know."""

    deed: Deed
    """What is done."""
    length: timedelta = timedelta(hours=1)
    """Of a mute."""
    key: str = ""
    """Of a tag."""
    value: str | None = None
    """Of a tag; None takes it off."""
    state: StateValue = StateValue.ALARM
    """Of a forced state."""
    reason: str = ""
    """Why it is forced; it stands in the alarm's history."""


def may(actor: Actor, deed: Deed) -> Verdict:
    """Say whether somebody may do it, with the reason for the disabled button."""
    return decide(actor, ACTIONS[deed])


def plan(asked: Asked, lives: Sequence[Live], roll: Roll, *, actor: Actor, now: datetime) -> ChangePlan | None:
    """Give the plan of a deed; None while something is missing. `roll` are all alarms, for prices and mute rules.

    Raises DefinitionErrors with what AWS would refuse.
    """
    return _PLANS[asked.deed](asked, lives, roll, actor, now)


def _switch(asked: Asked, lives: Sequence[Live], roll: Roll, _actor: Actor, _now: datetime) -> ChangePlan:
    return publishing.set_actions(lives, enabled=asked.deed is Deed.ENABLE, scope=roll.scope)


def _tag(asked: Asked, lives: Sequence[Live], roll: Roll, _actor: Actor, _now: datetime) -> ChangePlan | None:
    return publishing.tag(lives, {asked.key: asked.value}, scope=roll.scope) if asked.key else None


def _delete(_asked: Asked, lives: Sequence[Live], roll: Roll, _actor: Actor, _now: datetime) -> ChangePlan:
    gone = {live.alarm.name for live in lives}
    left = [alarm for name, alarm in roll.alarms.items() if name not in gone]
    after = bill_of(left).month
    return publishing.delete(lives, scope=roll.scope, price_before=roll.bill.month, price_after=after)


def _unmute(_asked: Asked, lives: Sequence[Live], roll: Roll, _actor: Actor, _now: datetime) -> ChangePlan:
    named = [mute for live in lives for mute in roll.mutes.get(live.alarm.name, ())]
    rules = {mute.rule: mute.document for mute in named}
    plans = [muting.end_mute(document, scope=roll.scope) for document in rules.values()]
    return joined(f"End {len(plans)} mute rule{'' if len(plans) == 1 else 's'}", plans)


def topics_of(alarm: Alarm) -> tuple[str, ...]:
    """Give the topics that an alarm tells, whatever state it goes into."""
    request = to_request(alarm)
    arns = dict.fromkeys(arn for name in ACTION_LISTS for arn in request.get(name, ()))
    return tuple(arn for arn in arns if describe(arn).kind is ActionKind.TOPIC)


def _test(_asked: Asked, lives: Sequence[Live], roll: Roll, actor: Actor, now: datetime) -> ChangePlan | None:
    plans = [
        send_test(topics, scope=roll.scope, alarm=live.alarm.name, sender=actor.name, now=now)
        for live in lives
        if (topics := topics_of(live.alarm))
    ]
    return plans[0] if len(plans) == 1 else joined("Send test messages", plans) if plans else None


def _force(asked: Asked, lives: Sequence[Live], roll: Roll, actor: Actor, _now: datetime) -> ChangePlan:
    reason = asked.reason or f"Forced by {actor.name} in Watchkeeper"
    plans = [publishing.set_state(live, asked.state, reason, scope=roll.scope) for live in lives]
    return plans[0] if len(plans) == 1 else joined(f"Force {len(plans)} alarms into {asked.state}", plans)


def _muted(asked: Asked, lives: Sequence[Live], roll: Roll, actor: Actor, now: datetime) -> ChangePlan:
    return _mute([live.alarm.name for live in lives], asked.length, scope=roll.scope, actor=actor, now=now)


_PLANS: Final[Mapping[Deed, Callable[[Asked, Sequence[Live], Roll, Actor, datetime], ChangePlan | None]]] = {
    Deed.ENABLE: _switch,
    Deed.DISABLE: _switch,
    Deed.TAG: _tag,
    Deed.DELETE: _delete,
    Deed.MUTE: _muted,
    Deed.UNMUTE: _unmute,
    Deed.TEST: _test,
    Deed.FORCE: _force,
}


def _mute(names: Sequence[str], length: timedelta, *, scope: Scope, actor: Actor, now: datetime) -> ChangePlan:
    """Mute from the next whole minute on; AWS takes no seconds."""
    start = from_epoch(-int(-now.timestamp() // 60) * 60)
    parts = [names[place : place + MOST_MUTED] for place in range(0, len(names), MOST_MUTED)]
    plans = [
        muting.mute(
            MuteRule(
                f"watchkeeper-{start:%Y%m%dT%H%M}-{int(now.timestamp()) % 60:02}{f'-{number}' if number else ''}",
                tuple(part),
                muting.once(start),
                length,
                description=f"Muted by {actor.name} in Watchkeeper",
            ),
            live=None,
            scope=scope,
        )
        for number, part in enumerate(parts)
    ]
    return plans[0] if len(plans) == 1 else joined(f"Mute {len(names)} alarms", plans)
