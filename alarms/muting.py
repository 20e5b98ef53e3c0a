"""Mute rules: times in which alarms change their state and tell nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access.changes import ChangePlan, Document, Expected, Look, Step, differences
from access.policy import Action
from alarms.definition import DefinitionErrors
from alarms.requirements import time_zone
from alarms.shapes import Problem, input_shape, problems
from core.reading import Scope

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)
"""How long a mute may last. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html"""
_DURATION: Final = re.compile(r"P(?!$)(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?)?")
_EXPRESSION: Final = re.compile(r"at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?\)|cron\(\S+( \S+){4}\)")

_PUT: Final = ("cloudwatch", "PutAlarmMuteRule")
_DELETE: Final = ("cloudwatch", "DeleteAlarmMuteRule")
_GET: Final = ("cloudwatch", "GetAlarmMuteRule")
_MEMBERS: Final = ("Name", "Description", "Rule", "MuteTargets", "StartDate", "ExpireDate")

_DEFAULTS: Final = (("Timezone", "UTC"),)
"""What AWS may write out though nobody gave it."""

UNTOLD: Final = "While it is muted, an alarm goes on changing its state, and nobody is told."


@dataclass(frozen=True, slots=True)
class MuteRule:
    """Which alarms are muted, and when."""

    name: str
    alarms: tuple[str, ...]
    expression: str
    """`at(2026-11-23T22:00)` for once, `cron(0 2 * * SUN)` for again and again."""
    duration: timedelta
    timezone: str | None = None
    """None is UTC."""
    description: str | None = None


def once(start: datetime) -> str:
    """Give the expression for one mute from `start`, an aware instant, on; with the rule's time zone left at UTC."""
    return f"at({start.astimezone(UTC):%Y-%m-%dT%H:%M})"


def mute(rule: MuteRule, *, live: Document | None, scope: Scope) -> ChangePlan:
    """Plan to mute alarms; `live` is what GetAlarmMuteRule says of the rule of that name, if there is one.

    Raises DefinitionErrors with what AWS would refuse.
    """
    new, old = version_of(to_request(rule)), None if live is None else version_of(live)
    fields = dict(_problems(rule, new))
    if fields:
        raise DefinitionErrors(fields)
    steps = () if old == new else (_put_step(old, new, scope),)
    return ChangePlan(_titled(rule.alarms), steps, differences(old, new, thing=rule.name), warnings=(UNTOLD,))


def end_mute(live: Document, *, scope: Scope) -> ChangePlan:
    """Plan to delete a mute rule, so that its alarms tell again."""
    old = version_of(live)
    step = replace(_delete_step(old, scope), undo=replace(_put_step(None, old, scope), undo=None))
    return ChangePlan(f"End the mute {old['Name']}", (step,), differences(old, None, thing=old["Name"]))


def to_request(rule: MuteRule) -> dict[str, Any]:
    """Give what PutAlarmMuteRule takes."""
    schedule = {"Expression": rule.expression, "Duration": written(rule.duration), "Timezone": rule.timezone}
    request = {
        "Name": rule.name,
        "Description": rule.description,
        "Rule": {"Schedule": {name: value for name, value in schedule.items() if value is not None}},
        "MuteTargets": {"AlarmNames": list(rule.alarms)},
    }
    return {name: value for name, value in request.items() if value is not None}


def from_response(described: Document) -> MuteRule:
    """Read what GetAlarmMuteRule says; raises ValueError for a duration that AWS does not document."""
    schedule = described["Rule"]["Schedule"]
    return MuteRule(
        described["Name"],
        tuple((described.get("MuteTargets") or {}).get("AlarmNames") or ()),
        schedule["Expression"],
        read_duration(schedule["Duration"]),
        schedule.get("Timezone"),
        described.get("Description"),
    )


def written(duration: timedelta) -> str:
    """Give a duration as AWS takes it.

    >>> written(timedelta(days=1, hours=2)), written(timedelta(minutes=90))
    ('P1DT2H', 'PT1H30M')
    """
    minutes = int(duration.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    clock = (f"{hours}H" if hours else "") + (f"{rest}M" if rest else "")
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock or not days else "") + ("" if minutes else "0M")


def read_duration(text: str) -> timedelta:
    """Read `P1DT2H`; raises ValueError with the accepted form."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; give one such as PT2H or P1DT12H")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def version_of(described: Document) -> dict[str, Any]:
    """Give what PutAlarmMuteRule takes of a rule that AWS described."""
    kept = {name: described[name] for name in _MEMBERS if described.get(name) not in (None, "")}
    schedule = kept["Rule"]["Schedule"]
    named = {name: value for name, value in schedule.items() if value is not None and (name, value) not in _DEFAULTS}
    return {**kept, "Rule": {"Schedule": named}}


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """Reads the rule out of a GetAlarmMuteRule answer, as the one of `known` that it says everything of."""

    known: tuple[Document, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = version_of(answer) if answer.get("Name") else None
        return found and next((known for known in self.known if _covers(found, known)), found)


def _covers(live: Document, wanted: Document) -> bool:
    return all(live.get(name) == value for name, value in wanted.items())


def _problems(rule: MuteRule, request: Document) -> Iterator[Problem]:
    yield from problems(request, input_shape(_PUT[1]))
    if not rule.alarms:
        yield "MuteTargets.AlarmNames", "name at least one alarm"
    if not _EXPRESSION.fullmatch(rule.expression):
        yield "Rule.Schedule.Expression", f"{rule.expression!r} is neither at(2026-11-23T22:00) nor cron(0 2 * * SUN)"
    if not SHORTEST <= rule.duration <= LONGEST:
        yield "Rule.Schedule.Duration", f"{rule.duration} is outside {SHORTEST} to {LONGEST.days} days"
    if rule.timezone is not None:
        try:
            time_zone(rule.timezone)
        except ValueError as error:
            yield "Rule.Schedule.Timezone", str(error)


def _put_step(old: Document | None, new: Document, scope: Scope) -> Step:
    step = Step(
        *_PUT,
        new,
        scope,
        f"{'Make' if old is None else 'Change'} the mute rule {new['Name']}",
        Action.MUTE_ALARM,
        (new["Name"],),
        expected=Expected(_look(new, old), old, new),
    )
    if old is None:
        return replace(step, undo=_delete_step(new, scope))
    back = replace(step, params=old, sentence=f"Change the mute rule {new['Name']} back")
    return replace(step, undo=replace(back, expected=Expected(_look(new, old), new, old)))


def _delete_step(old: Document, scope: Scope) -> Step:
    return Step(
        *_DELETE,
        {"AlarmMuteRuleName": old["Name"]},
        scope,
        f"Delete the mute rule {old['Name']}",
        Action.MUTE_ALARM,
        (old["Name"],),
        expected=Expected(_look(old, None), old, None),
    )


def _look(rule: Document, old: Document | None) -> Look:
    return Look(*_GET, {"AlarmMuteRuleName": rule["Name"]}, RuleVersion((rule,) if old is None else (old, rule)))


def _titled(alarms: Sequence[str]) -> str:
    return f"Mute the alarm {alarms[0]}" if len(alarms) == 1 else f"Mute {len(alarms)} alarms"
