"""Plans that change alarms: put, delete, actions on and off, tags, a forced state. Nothing here calls AWS.

Each gives an `access.changes.ChangePlan`, which `access.changes.apply` carries out. What is live is given as `Live`
values, and stands in the plan as what each step expects to find. Topics, scaling policies and mute rules have plans of
their own in `alarms.topics`, `alarms.policies` and `alarms.muting`; `access.changes.joined` makes one of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from access.changes import ChangePlan, Document, Expected, FieldChange, Look, Step, differences
from access.policy import Action
from alarms.actions import ACTION_LISTS, ActionKind, action_problems, describe, is_planned
from alarms.definition import DefinitionErrors, to_request
from alarms.kinds import Alarm, CompositeAlarm
from alarms.live import ActionsVersion, AlarmVersion, Live, TagsVersion, live_of, look, untagged, version_of
from alarms.policies import policy_answer
from alarms.state import StateValue
from alarms.wire import operation_of
from core.money import Money
from core.reading import Scope

__all__ = ["Live", "delete", "live_of", "put", "set_actions", "set_state", "tag"]

T = TypeVar("T")

MOST_NAMES: Final = 100
"""Names in one DescribeAlarms, EnableAlarmActions or DisableAlarmActions. Source: their API references."""
MOST_REASON: Final = 1023
"""Characters of a StateReason. Source: SetAlarmState."""

AWS_TAGS: Final = "aws:"
"""How keys of tags begin that only AWS itself sets and takes off."""

_PUT_METRIC: Final = ("cloudwatch", "PutMetricAlarm")
_PUT_COMPOSITE: Final = ("cloudwatch", "PutCompositeAlarm")
_PUT_LOG: Final = ("cloudwatch", "PutLogAlarm")
_PUTS: Final = {call[1]: call for call in (_PUT_METRIC, _PUT_COMPOSITE, _PUT_LOG)}
_DELETE: Final = ("cloudwatch", "DeleteAlarms")
_ENABLE: Final = ("cloudwatch", "EnableAlarmActions")
_DISABLE: Final = ("cloudwatch", "DisableAlarmActions")
_TAG: Final = ("cloudwatch", "TagResource")
_UNTAG: Final = ("cloudwatch", "UntagResource")
_SET_STATE: Final = ("cloudwatch", "SetAlarmState")
_LIST_TAGS: Final = ("cloudwatch", "ListTagsForResource")

STARTS_ANEW: Final = (
    "A recreated alarm starts in INSUFFICIENT_DATA: since when it was in its state is lost, and its actions run again "
    "when it enters the next one."
)
RETURNS: Final = (
    "It stays so only until {until}; then it goes where its data say, and the actions of that state run too."
)
OVERWRITES: Final = "AWS replaces the whole alarm: what the plan does not name is gone afterwards."


def put(
    alarm: Alarm,
    *,
    live: Live | None,
    scope: Scope,
    price_before: Money | None = None,
    price_after: Money | None = None,
) -> ChangePlan:
    """Plan to make `alarm` what is live; `live` is what has its name now, None where nothing has.

    AWS takes tags with a new alarm only, so changes of tags are steps of their own. An action that names a planned
    scaling policy gets its ARN from the step of the joined plan that makes it. Raises DefinitionErrors for actions that
    AWS would refuse, and where the name belongs to another kind of alarm.
    """
    _check(alarm, live, scope)
    steps = tuple(_put_steps(alarm, live, scope))
    return ChangePlan(
        f"{'Change' if live else 'Create'} the alarm {alarm.name}",
        steps,
        _differences(alarm, live),
        price_before,
        price_after,
        tuple(_warnings(alarm, steps, live)),
    )


def delete(
    lives: Sequence[Live], *, scope: Scope, price_before: Money | None = None, price_after: Money | None = None
) -> ChangePlan:
    """Plan to delete alarms, composite ones before the alarms in their rules. The undo makes them again."""
    ordered = sorted(lives, key=lambda live: not isinstance(live.alarm, CompositeAlarm))
    steps = tuple(
        _turned(_create_step(live.alarm, scope, among=[one.alarm.name for one in part]), lasting=STARTS_ANEW)
        for part in _batches(ordered)
        for live in part
    )
    changes = tuple(FieldChange("Alarm", to_request(live.alarm), None, live.alarm.name) for live in ordered)
    return ChangePlan(
        _titled("Delete", [live.alarm.name for live in ordered]),
        steps,
        changes,
        price_before,
        price_after,
        (STARTS_ANEW,),
    )


def set_actions(lives: Sequence[Live], *, enabled: bool, scope: Scope) -> ChangePlan:
    """Plan to let the actions of alarms run, or to hold them back; alarms of which it is so already are left alone."""
    changed = [live for live in lives if live.enabled is not enabled]
    names = [live.alarm.name for live in changed]
    steps = tuple(_switch_step(part, scope, enabled=enabled) for part in _batches(names))
    return ChangePlan(
        _titled("Enable the actions of" if enabled else "Disable the actions of", names),
        steps,
        tuple(FieldChange("ActionsEnabled", not enabled, enabled, name) for name in names),
        warnings=() if enabled else ("Until they are enabled again, these alarms tell and do nothing.",),
    )


def tag(lives: Sequence[Live], tags: Mapping[str, str | None], *, scope: Scope) -> ChangePlan:
    """Plan to set tags of alarms, or to take off those that are None."""
    wanted = {live.alarm.name: _tagged(live.tags, tags) for live in lives}
    return ChangePlan(
        _titled("Tag", list(wanted)),
        tuple(step for live in lives for step in _tag_steps(live, wanted[live.alarm.name], scope)),
        tuple(
            change
            for live in lives
            for change in differences(live.tags, wanted[live.alarm.name], thing=live.alarm.name)
        ),
    )


def set_state(live: Live, state: StateValue, reason: str, *, scope: Scope) -> ChangePlan:
    """Plan to force an alarm into a state, and say what that really does."""
    name = live.alarm.name
    params = {"AlarmName": name, "StateValue": str(state), "StateReason": reason[:MOST_REASON]}
    step = Step(*_SET_STATE, params, scope, f"Force {name} into {state}", Action.SET_ALARM_STATE, (name,))
    return ChangePlan(
        f"Force the alarm {name} into {state}",
        (step,),
        (FieldChange("StateValue", live.state or None, str(state), name),),
        warnings=tuple(_forced(live, state)),
    )


# -- steps ------------------------------------------------------------------------------------------------------------


def _put_steps(alarm: Alarm, live: Live | None, scope: Scope) -> Iterator[Step]:
    if live is None:
        yield _create_step(alarm, scope)
        return
    if version_of(live.alarm) != version_of(alarm):
        yield _change_step(alarm, live.alarm, scope)
    yield from _tag_steps(live, _tags_of(alarm), scope)


def _create_step(alarm: Alarm, scope: Scope, *, among: Sequence[str] = ()) -> Step:
    """Make an alarm that is not there; its undo deletes it. Alarms that are looked at together are one call."""
    request = _creatable(to_request(alarm))
    expected = Expected(look(among or [alarm.name], AlarmVersion(alarm.name)), None, _with_answers(version_of(alarm)))
    back = Step(
        *_DELETE,
        {"AlarmNames": [alarm.name]},
        scope,
        f"Delete the alarm {alarm.name}",
        Action.EDIT_ALARM,
        (alarm.name,),
        expected=replace(expected, before=expected.after, after=None),
    )
    return Step(
        *_PUTS[operation_of(request)],
        _with_answers(request),
        scope,
        f"Create the alarm {alarm.name}",
        Action.EDIT_ALARM,
        (alarm.name,),
        undo=back,
        expected=expected,
    )


def _change_step(alarm: Alarm, before: Alarm, scope: Scope) -> Step:
    def step(to: Alarm, old: Document, new: Document) -> Step:
        request = untagged(to_request(to))
        return Step(
            *_PUTS[operation_of(request)],
            _with_answers(request),
            scope,
            f"Change the alarm {to.name}",
            Action.EDIT_ALARM,
            (to.name,),
            expected=Expected(look([to.name], AlarmVersion(to.name)), old, new),
        )

    old, new = version_of(before), _with_answers(version_of(alarm))
    return replace(step(alarm, old, new), undo=step(before, new, old))


def _turned(step: Step, *, lasting: str = "") -> Step:
    """Give a step's undo as the step, and the step as its undo."""
    if step.undo is None:
        raise ValueError(f"{step.operation} has no undo")
    return replace(step.undo, undo=replace(step, undo=None), lasting=lasting)


def _switch_step(names: Sequence[str], scope: Scope, *, enabled: bool) -> Step:
    def step(*, on: bool) -> Step:
        sentence = f"{'Enable' if on else 'Disable'} the actions of {', '.join(names)}"
        now, then = dict.fromkeys(names, not on), dict.fromkeys(names, on)
        return Step(
            *(_ENABLE if on else _DISABLE),
            {"AlarmNames": list(names)},
            scope,
            sentence,
            Action.MUTE_ALARM,
            tuple(names),
            expected=Expected(look(names, ActionsVersion(tuple(names))), now, then),
        )

    return replace(step(on=enabled), undo=step(on=not enabled))


def _tag_steps(live: Live, wanted: Mapping[str, str], scope: Scope) -> Iterator[Step]:
    """Change, add and take off tags; each step looks at its own keys only, so that none disturbs another."""
    now = live.tags
    changed = {key for key in wanted if key in now and now[key] != wanted[key]}
    gone = {key for key in now.keys() - wanted.keys() if not key.startswith(AWS_TAGS)}
    for keys in (changed, wanted.keys() - now.keys(), gone):
        old = {key: now[key] for key in sorted(keys) if key in now}
        new = {key: wanted[key] for key in sorted(keys) if key in wanted}
        if keys:
            yield replace(_tag_step(live, old, new, scope), undo=_tag_step(live, new, old, scope))


def _tag_step(live: Live, old: Mapping[str, str], new: Mapping[str, str], scope: Scope) -> Step:
    """Go from the tags `old` to `new`, which have the same keys, or one of them none."""
    name = live.alarm.name
    given = {"Tags": [{"Key": key, "Value": value} for key, value in new.items()]} if new else {"TagKeys": list(old)}
    return Step(
        *(_TAG if new else _UNTAG),
        {"ResourceARN": live.arn, **given},
        scope,
        f"{'Tag' if new else 'Take tags off'} the alarm {name}: {', '.join(new or old)}",
        Action.EDIT_ALARM,
        (name,),
        expected=Expected(
            Look(*_LIST_TAGS, {"ResourceARN": live.arn}, TagsVersion(tuple(new or old))), old or None, new or None
        ),
    )


# -- shared -----------------------------------------------------------------------------------------------------------


def _check(alarm: Alarm, live: Live | None, scope: Scope) -> None:
    fields = dict(action_problems(alarm, scope))
    if live is not None and type(live.alarm) is not type(alarm):
        fields["AlarmName"] = f"{alarm.name} is the name of an alarm of another kind; give another name"
    if fields:
        raise DefinitionErrors(fields)


def _with_answers(request: Document) -> Document:
    """Put in place of each planned policy's ARN what the step that makes the policy will answer."""
    lists = {
        name: [policy_answer(arn) if is_planned(arn) else arn for arn in request[name]]
        for name in ACTION_LISTS
        if name in request
    }
    return {**request, **lists}


def _creatable(request: Document) -> Document:
    """Leave out tags that only AWS may give, such as those of a CloudFormation stack."""
    tags = [tag for tag in request.get("Tags", ()) if not tag["Key"].startswith(AWS_TAGS)]
    return {**untagged(request), **({"Tags": tags} if tags else {})}


def _differences(alarm: Alarm, live: Live | None) -> tuple[FieldChange, ...]:
    """Name what differs; tags each by its key, and without those that only AWS gives."""
    if live is None:
        return differences(None, _creatable(to_request(alarm)), thing=alarm.name)
    kept = {key: value for key, value in live.tags.items() if key.startswith(AWS_TAGS)}
    old, new = (
        {f"Tags.{key}": value for key, value in tags.items()} for tags in (live.tags, {**kept, **_tags_of(alarm)})
    )
    return differences({**version_of(live.alarm), **old}, {**version_of(alarm), **new}, thing=alarm.name)


def _tags_of(alarm: Alarm) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in to_request(alarm).get("Tags", ())}


def _tagged(now: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**now, **changes}.items() if value is not None}


def _batches(each: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(each), MOST_NAMES):
        yield each[start : start + MOST_NAMES]


def _titled(verb: str, names: Sequence[str]) -> str:
    return f"{verb} {len(names)} alarms" if len(names) != 1 else f"{verb} the alarm {names[0]}"


def _warnings(alarm: Alarm, steps: Iterable[Step], live: Live | None) -> Iterator[str]:
    if live is not None and any(step.operation in _PUTS for step in steps):
        yield OVERWRITES
    request = to_request(alarm)
    if not any(request.get(name) for name in ACTION_LISTS):
        yield "It has no action: it changes its state, and nobody is told."
    elif not request.get("ActionsEnabled", True):
        yield "Its actions are disabled: it changes its state, and nobody is told."
    kinds = [describe(arn) for name in ACTION_LISTS for arn in request.get(name, ())]
    if any(action.kind is ActionKind.EC2 for action in kinds):
        yield (
            "The first alarm of an account that acts on instances makes a service-linked role; whoever applies it "
            "needs iam:CreateServiceLinkedRole that once."
        )


def _forced(live: Live, state: StateValue) -> Iterator[str]:
    """Say what forcing a state really does."""
    if live.state == state:
        yield f"It is in {state} already, so no action runs: actions run on a change of state only."
    else:
        yield _acts(live, state)
    until = "one of the alarms in its rule changes" if isinstance(live.alarm, CompositeAlarm) else "its next evaluation"
    yield RETURNS.format(until=until)


def _acts(live: Live, state: StateValue) -> str:
    request = to_request(live.alarm)
    arns = request.get(_LIST_OF[state], ())
    if not arns:
        return f"It has no action for {state}, so nothing else happens."
    if not live.enabled:
        return "Its actions are disabled, so nothing else happens."
    return f"This is no test for those who are told. The alarm really {', '.join(describe(arn).words for arn in arns)}."


_LIST_OF: Final = {
    StateValue.ALARM: "AlarmActions",
    StateValue.OK: "OKActions",
    StateValue.INSUFFICIENT_DATA: "InsufficientDataActions",
}
