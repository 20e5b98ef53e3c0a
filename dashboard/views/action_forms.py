"""Topics and scaling policies that an alarm's form makes: from what was typed to a plan, or errors by field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from access.changes import ChangePlan, Outcome
from alarms import policies, topics
from alarms.backtest import Replay
from alarms.definition import DefinitionErrors, parse
from alarms.kinds import MetricAlarm
from alarms.policy_replay import GroupSetting, PolicyReplay, replay_policy
from alarms.scaling import Adjustment, Bounds, Policy, PolicyKind, Step
from alarms.topics import Protocol, Subscriber
from alarms.tracking import TRACKED, tracking_requests
from collectors.inventory import ScalingGroup
from core.reading import Scope
from core.series import Series
from dashboard.charts.pictures import Adjustment as DrawnAdjustment
from dashboard.charts.pictures import ScalingStep, StepsPicture
from dashboard.views.alarm_draft import Draft
from dashboard.views.workbench import Read, Shown, trial

PROTOCOLS: Final[Mapping[str, str]] = {
    Protocol.EMAIL: "E-mail",
    Protocol.HTTPS: "HTTPS",
    Protocol.SQS: "SQS queue",
    Protocol.LAMBDA: "Lambda function",
}
ENDPOINTS: Final[Mapping[str, str]] = {
    Protocol.EMAIL: "ops@example.com",
    Protocol.HTTPS: "https://example.com/hook",
    Protocol.SQS: "arn:aws:sqs:us-east-1:111111111111:alarms",
    Protocol.LAMBDA: "arn:aws:lambda:us-east-1:111111111111:function:page",
}
POLICY_KINDS: Final[Mapping[str, str]] = {
    PolicyKind.STEP: "Steps",
    PolicyKind.SIMPLE: "Simple",
    PolicyKind.TARGET_TRACKING: "Target tracking",
}
UNITS: Final[Mapping[str, str]] = {
    Adjustment.CHANGE: "Instances more or less",
    Adjustment.PERCENT: "Percent more or less",
    Adjustment.EXACT: "Exactly so many instances",
}
_FIELDS: Final[Mapping[str, str]] = {
    "Name": "topic_name",
    "Endpoint": "topic_endpoint",
    "Protocol": "topic_protocol",
    "PolicyName": "policy_name",
    "ScalingAdjustment": "policy_change",
    "StepAdjustments": "policy_steps",
    "TargetTrackingConfiguration": "policy_target",
}
_NUMBER: Final = r"[-+]?\d+(?:\.\d+)?"
_STEP: Final = re.compile(
    rf"(?:below *(?P<below>{_NUMBER})|(?P<low>{_NUMBER})(?: *(?:to|and) *(?P<high>more|{_NUMBER}))?)"
    r": *(?P<size>[-+]?\d+)%?"
)


class NotReplayedError(ValueError):
    """What a policy would have done cannot be told; the message says why, with foreign text."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, or what keeps it from being one."""

    plan: ChangePlan | None
    """None where something is wrong."""
    errors: Mapping[str, str]
    """Field of the draft → one sentence; foreign text."""


def topic_plan(draft: Draft, scope: Scope) -> Planned:
    """Plan the topic that the form describes, and its first subscriber where one is named."""
    subscribers = (
        (Subscriber(Protocol(draft.topic_protocol), draft.topic_endpoint.strip()),)
        if draft.topic_endpoint.strip() and draft.topic_protocol in PROTOCOLS
        else ()
    )
    try:
        return Planned(topics.create_topic(draft.topic_name, scope=scope, subscribers=subscribers), {})
    except DefinitionErrors as error:
        return Planned(None, _placed(error.fields, "topic_name"))


def subscribe_plan(topic: str, draft: Draft, scope: Scope) -> Planned:
    """Plan to tell somebody more of what a topic is told."""
    try:
        subscriber = Subscriber(Protocol(draft.topic_protocol), draft.topic_endpoint.strip())
        return Planned(topics.subscribe(topic, subscriber, scope=scope), {})
    except DefinitionErrors as error:
        return Planned(None, _placed(error.fields, "topic_endpoint"))
    except ValueError:
        return Planned(None, {"topic_protocol": f"use {', '.join(PROTOCOLS)}"})


def policy_plan(draft: Draft, *, live: Sequence[Mapping[str, Any]], scope: Scope) -> Planned:
    """Plan the scaling policy that the form describes; `live` are the policies that there are."""
    policy, errors = policy_of(draft)
    if policy is None:
        return Planned(None, errors)
    same = (each for each in live if (each["AutoScalingGroupName"], each["PolicyName"]) == (policy.group, policy.name))
    try:
        return Planned(policies.put_policy(policy, live=next(same, None), scope=scope), {})
    except DefinitionErrors as error:
        return Planned(None, _placed(error.fields, "policy_name"))


def policy_of(draft: Draft) -> tuple[Policy | None, dict[str, str]]:
    """Read the policy of the form, or say what is wrong beside which field."""
    errors: dict[str, str] = {}
    if not draft.policy_group:
        errors["policy_group"] = "Choose the group that it scales."
    kind = PolicyKind(draft.policy_kind) if draft.policy_kind in POLICY_KINDS else PolicyKind.STEP
    steps: tuple[Step, ...] = ()
    change, target = 0, None
    if kind is PolicyKind.STEP:
        steps = _steps(draft.policy_steps, errors)
    elif kind is PolicyKind.SIMPLE:
        change = int(_number("policy_change", draft.policy_change, errors))
    else:
        target = _number("policy_target", draft.policy_target, errors)
    policy = Policy(
        name=draft.policy_name,
        arn="",
        group=draft.policy_group,
        kind=kind,
        adjustment_type=Adjustment(draft.policy_unit) if draft.policy_unit in UNITS else Adjustment.CHANGE,
        adjustment=change,
        steps=steps,
        target=target,
        metric=draft.policy_metric if kind is PolicyKind.TARGET_TRACKING else None,
    )
    return (None, errors) if errors else (policy, {})


def _number(place: str, text: str, errors: dict[str, str]) -> float:
    try:
        return float(text.strip().replace("_", "?"))
    except ValueError:
        errors[place] = f"{text!r} is no number; write one such as 2 or -1"
        return 0.0


def _steps(text: str, errors: dict[str, str]) -> tuple[Step, ...]:
    """Read one step a line, such as `0 to 10: +1`, `10 and more: +2` or `below -10: -1`."""
    found = []
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        match = _STEP.fullmatch(line)
        if match is None:
            errors["policy_steps"] = f"{line!r} is no step; write one such as 0 to 10: +1, or 10 and more: +2"
            return ()
        low, high = match["low"], match["below"] or match["high"]
        bounds = (-inf if low is None else float(low), inf if high in {None, "more"} else float(high))
        found.append(Step(int(match["size"]), *bounds))
    return tuple(found)


def _placed(fields: Mapping[str, str], rest: str) -> dict[str, str]:
    placed: dict[str, str] = {}
    for path, sentence in fields.items():
        placed.setdefault(_FIELDS.get(re.split(r"[.\[]", path)[0], rest), sentence)
    return placed


def steps_picture(policy: Policy, alarm: MetricAlarm, unit: str | None, value: float | None) -> StepsPicture | None:
    """Give the picture of a policy's steps over the alarm's threshold; None for a policy without steps."""
    if not policy.steps or alarm.threshold is None:
        return None
    steps = tuple(
        ScalingStep(
            None if step.lower == -inf else step.lower, None if step.upper == inf else step.upper, step.adjustment
        )
        for step in policy.steps
    )
    return StepsPicture(alarm.threshold, unit, steps, DrawnAdjustment(policy.adjustment_type.value), value)


def capacity(policy: Policy, done: Replay, series: Series, *, alarm: MetricAlarm, group: ScalingGroup) -> PolicyReplay:
    """Give what a policy would have done to its group's capacity over the replayed span."""
    shared = any(group.name in dict(metric.dimensions).values() for metric in alarm.metrics)
    return replay_policy(policy, [done], series, group=_setting(group), threshold=alarm.threshold, shared=shared)


def _setting(group: ScalingGroup) -> GroupSetting:
    return GroupSetting(group.desired, Bounds(group.minimum, group.maximum), group.cooldown)


def tracking_alarms(policy: Policy, described: Mapping[str, Any] | None = None) -> tuple[MetricAlarm, ...]:
    """Give the alarms that AWS would make for a target tracking policy; all watch the one metric that it keeps.

    `described` is the policy as AWS describes it, where it is there already. Raises NotReplayedError where
    they are not known.
    """
    specification = (described or {}).get("TargetTrackingConfiguration")
    own = bool((specification or {}).get("CustomizedMetricSpecification"))
    if not own and policy.metric not in TRACKED:
        raise NotReplayedError(f"{policy.metric} is no metric whose alarms are known; use {', '.join(TRACKED)}")
    if not own and policy.metric == policies.PER_TARGET and not policy.label:
        raise NotReplayedError(f"{policy.metric} needs the load balancer and target group that it is of")
    try:
        made = [parse(request) for request in tracking_requests(policy, specification=specification)]
    except DefinitionErrors as error:
        raise NotReplayedError(str(error)) from error
    return tuple(alarm for alarm in made if isinstance(alarm, MetricAlarm))


def tracked_capacity(
    policy: Policy, alarms: Sequence[MetricAlarm], found: Read, *, group: ScalingGroup
) -> PolicyReplay:
    """Give what target tracking would have done to its group's capacity, by the alarms that AWS would make for it.

    What it keeps is by its nature shared out among the instances. Raises NotReplayedError where there is
    nothing to replay.
    """
    tried = [trial(Shown(alarm, frozenset()), found, swept=False) for alarm in alarms]
    replays = [each.replay for each in tried if each.replay is not None]
    if len(replays) < len(tried):
        raise NotReplayedError(next(each.why_not for each in tried if each.replay is None))
    series = tried[0].watched.series
    return replay_policy(policy, replays, series, group=_setting(group), threshold=None, shared=True)


def made_policy(outcome: Outcome) -> str:
    """Give the ARN of the policy that a plan made; empty where none was."""
    for step in outcome.steps:
        arn = (step.answer or {}).get("PolicyARN")
        if arn:
            return str(arn)
    return ""
