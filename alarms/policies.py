"""Scaling policies of Auto Scaling groups: AWS's members in and out, what AWS would refuse, and plans to change them.

An alarm can name a policy that its own plan makes first: `alarms.actions.planned_policy_arn` stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any, Final

from access.changes import Answer, ChangePlan, Document, Expected, Look, Step, differences
from access.policy import Action
from alarms import scaling
from alarms.actions import planned_policy_arn
from alarms.definition import DefinitionErrors
from alarms.scaling import Adjustment, Policy, PolicyKind
from alarms.shapes import Problem
from core.reading import Scope

_PUT: Final = ("autoscaling", "PutScalingPolicy")
_DELETE: Final = ("autoscaling", "DeletePolicy")
_DESCRIBE: Final = ("autoscaling", "DescribePolicies")

MAX_STEPS: Final = 20
"""Step adjustments in a policy. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html"""
PER_TARGET: Final = "ALBRequestCountPerTarget"
PREDEFINED: Final = (
    "ASGAverageCPUUtilization",
    "ASGAverageCPUUtilizationHighResolution",
    "ASGAverageNetworkIn",
    "ASGAverageNetworkOut",
    PER_TARGET,
)
"""The metrics that target tracking knows by name; botocore's model says the same, and a test compares."""
OWN_ALARMS: Final = (
    "AWS makes and keeps the alarms of a target tracking policy itself; each is billed as an alarm metric."
)
_MEMBERS: Final = (
    "AutoScalingGroupName",
    "PolicyName",
    "PolicyType",
    "AdjustmentType",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "MetricAggregationType",
    "StepAdjustments",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
    "PredictiveScalingConfiguration",
    "Enabled",
)
"""What PutScalingPolicy takes, without what it replaced."""


def from_response(described: Mapping[str, Any]) -> Policy:
    """Read one policy of a DescribePolicies answer, or PutScalingPolicy's request."""
    tracking = described.get("TargetTrackingConfiguration") or {}
    predefined = tracking.get("PredefinedMetricSpecification") or {}
    return Policy(
        name=described["PolicyName"],
        arn=described.get("PolicyARN", ""),
        group=described["AutoScalingGroupName"],
        kind=PolicyKind(described.get("PolicyType") or PolicyKind.SIMPLE),
        adjustment_type=Adjustment(described.get("AdjustmentType") or Adjustment.CHANGE),
        adjustment=described.get("ScalingAdjustment") or 0,
        magnitude=described.get("MinAdjustmentMagnitude") or 0,
        cooldown=described.get("Cooldown"),
        steps=tuple(
            scaling.Step(
                step["ScalingAdjustment"],
                step.get("MetricIntervalLowerBound", -inf),
                step.get("MetricIntervalUpperBound", inf),
            )
            for step in described.get("StepAdjustments") or ()
        ),
        warm_up=described.get("EstimatedInstanceWarmup"),
        target=tracking.get("TargetValue"),
        never_in=bool(tracking.get("DisableScaleIn")),
        metric=predefined.get("PredefinedMetricType"),
        label=predefined.get("ResourceLabel"),
    )


def to_request(policy: Policy) -> dict[str, Any]:
    """Give what PutScalingPolicy takes for a policy."""
    request: dict[str, Any] = {
        "AutoScalingGroupName": policy.group,
        "PolicyName": policy.name,
        "PolicyType": str(policy.kind),
    }
    if policy.kind is PolicyKind.TARGET_TRACKING:
        known = {"PredefinedMetricType": policy.metric, "ResourceLabel": policy.label}
        request["TargetTrackingConfiguration"] = {
            "PredefinedMetricSpecification": {name: value for name, value in known.items() if value},
            "TargetValue": policy.target,
            "DisableScaleIn": policy.never_in,
        }
    else:
        request |= {"AdjustmentType": str(policy.adjustment_type)} | _adjustments(policy)
        if policy.adjustment_type is Adjustment.PERCENT and policy.magnitude:
            request["MinAdjustmentMagnitude"] = policy.magnitude
    if policy.warm_up is not None and policy.kind is not PolicyKind.SIMPLE:
        request["EstimatedInstanceWarmup"] = policy.warm_up
    return request


def policy_problems(policy: Policy) -> Iterator[Problem]:
    """Find what PutScalingPolicy would refuse, by its field."""
    if not 1 <= len(policy.name) <= 255 or ":" in policy.name:
        yield "PolicyName", "give a name of 1 to 255 characters without a colon"
    if policy.kind is PolicyKind.STEP:
        yield from _step_problems(policy.steps)
    if policy.kind is PolicyKind.SIMPLE and not policy.adjustment and policy.adjustment_type is not Adjustment.EXACT:
        yield "ScalingAdjustment", "0 changes nothing; give how many instances to add, or to take away below 0"
    if policy.kind is PolicyKind.TARGET_TRACKING:
        yield from _tracking_problems(policy)
    for name, seconds in (("Cooldown", policy.cooldown), ("EstimatedInstanceWarmup", policy.warm_up)):
        if seconds is not None and seconds < 0:
            yield name, f"{seconds} s is negative; give 0 or more"
    exact = policy.adjustment_type is Adjustment.EXACT
    adjustments = [policy.adjustment, *(step.adjustment for step in policy.steps)]
    if exact and any(adjustment < 0 for adjustment in adjustments):
        yield "ScalingAdjustment", "an exact capacity is 0 or more"


def put_policy(policy: Policy, *, live: Document | None, scope: Scope) -> ChangePlan:
    """Plan to create a policy, or to change the one of its name in its group; `live` is what DescribePolicies says.

    Raises DefinitionErrors with what AWS would refuse.
    """
    fields = dict(policy_problems(policy))
    if fields:
        raise DefinitionErrors(fields)
    old, new = None if live is None else version_of(live), to_request(policy)
    steps = () if old is not None and covers(old, new) else (_put_step(old, new, scope),)
    verb = "Create" if old is None else "Change"
    return ChangePlan(
        f"{verb} the scaling policy {policy.name} of {policy.group}",
        steps,
        differences(old, new, thing=_thing(new)) if steps else (),
        warnings=(OWN_ALARMS,) if policy.kind is PolicyKind.TARGET_TRACKING else (),
    )


def delete_policy(live: Document, *, scope: Scope) -> ChangePlan:
    """Plan to delete a policy. Its undo makes it again, under another ARN."""
    old = version_of(live)
    alarms = ", ".join(alarm["AlarmName"] for alarm in live.get("Alarms", ()))
    again = f"A policy made again has another ARN: alarms that name the old one have to be changed{_of(alarms)}."
    step = _delete_step(old, scope)
    return ChangePlan(
        f"Delete the scaling policy {old['PolicyName']} of {old['AutoScalingGroupName']}",
        (replace(step, undo=replace(_put_step(None, old, scope), undo=None), lasting=again),),
        differences(old, None, thing=_thing(old)),
        warnings=(again,),
    )


def policy_answer(planned_arn: str) -> Answer:
    """Give what stands for the ARN of a policy that an earlier step makes."""
    return Answer(planned_arn, "PolicyARN")


def version_of(described: Document) -> dict[str, Any]:
    """Give what PutScalingPolicy takes of a policy that AWS described."""
    kept = {name: described[name] for name in _MEMBERS if described.get(name) not in (None, [], {}, "")}
    kept.setdefault("PolicyType", str(PolicyKind.SIMPLE))
    if kept.get("Enabled") is True:
        del kept["Enabled"]  # the default, which AWS says and nobody gives
    return kept


def covers(live: Document, wanted: Document) -> bool:
    """Tell whether what is live says everything that is wanted; AWS adds defaults of its own."""
    return all(live.get(name) == value for name, value in wanted.items())


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """Reads one policy out of a DescribePolicies answer, as the one of `known` that it says everything of."""

    known: tuple[Document, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = next((version_of(policy) for policy in answer.get("ScalingPolicies", ())), None)
        return found and next((known for known in self.known if covers(found, known)), found)


def _put_step(old: Document | None, new: Document, scope: Scope) -> Step:
    group, name = new["AutoScalingGroupName"], new["PolicyName"]
    step = Step(
        *_PUT,
        new,
        scope,
        f"{'Create' if old is None else 'Change'} the scaling policy {name} of {group}",
        Action.EDIT_SCALING,
        (_thing(new),),
        expected=Expected(_look(new, old), old, new),
        key=planned_policy_arn(group, name, scope),
    )
    if old is None:
        return replace(step, undo=_delete_step(new, scope))
    return replace(step, undo=replace(step, params=old, expected=Expected(_look(new, old), new, old)))


def _delete_step(old: Document, scope: Scope) -> Step:
    params = {"AutoScalingGroupName": old["AutoScalingGroupName"], "PolicyName": old["PolicyName"]}
    return Step(
        *_DELETE,
        params,
        scope,
        f"Delete the scaling policy {old['PolicyName']} of {old['AutoScalingGroupName']}",
        Action.EDIT_SCALING,
        (_thing(old),),
        expected=Expected(_look(old, None), old, None),
    )


def _look(request: Document, old: Document | None) -> Look:
    params = {"AutoScalingGroupName": request["AutoScalingGroupName"], "PolicyNames": [request["PolicyName"]]}
    return Look(*_DESCRIBE, params, PolicyVersion((request,) if old is None else (old, request)))


def _thing(request: Document) -> str:
    return f"{request['AutoScalingGroupName']}/{request['PolicyName']}"


def _of(alarms: str) -> str:
    return f" ({alarms})" if alarms else ""


def _adjustments(policy: Policy) -> dict[str, Any]:
    if policy.kind is PolicyKind.STEP:
        return {"StepAdjustments": [_step_request(step) for step in policy.steps]}
    found: dict[str, Any] = {"ScalingAdjustment": policy.adjustment}
    return found if policy.cooldown is None else {**found, "Cooldown": policy.cooldown}


def _step_request(step: scaling.Step) -> dict[str, Any]:
    bounds = {"MetricIntervalLowerBound": step.lower, "MetricIntervalUpperBound": step.upper}
    known = {name: float(bound) for name, bound in bounds.items() if bound not in (inf, -inf)}
    return {**known, "ScalingAdjustment": step.adjustment}


def _step_problems(steps: Sequence[scaling.Step]) -> Iterator[Problem]:
    """AWS's rules for steps: one range beside the other, open at most at both ends.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-steps
    """
    if not 1 <= len(steps) <= MAX_STEPS:
        yield "StepAdjustments", f"{len(steps)} steps are given; 1 to {MAX_STEPS} are accepted"
        return
    for place, step in enumerate(steps):
        if step.lower >= step.upper:
            yield f"StepAdjustments[{place}]", f"the lower bound {step.lower:g} is not below {step.upper:g}"
    ordered = sorted(steps, key=lambda step: step.lower)
    if any(before.upper != after.lower for before, after in pairwise(ordered)):
        yield "StepAdjustments", "the steps overlap or leave a gap; each begins where the one before ends"
    if ordered[0].lower < 0 and ordered[0].lower != -inf:
        yield "StepAdjustments", "where a step begins below the threshold, the lowest step has no lower bound"
    if ordered[-1].upper > 0 and ordered[-1].upper != inf:
        yield "StepAdjustments", "where a step ends above the threshold, the highest step has no upper bound"


def _tracking_problems(policy: Policy) -> Iterator[Problem]:
    field = "TargetTrackingConfiguration"
    if policy.metric not in PREDEFINED:
        yield f"{field}.PredefinedMetricSpecification", f"{policy.metric} is not known; use {', '.join(PREDEFINED)}"
    if (policy.metric == PER_TARGET) != bool(policy.label):
        yield (
            f"{field}.PredefinedMetricSpecification.ResourceLabel",
            f"{PER_TARGET}, and it alone, needs a label such as app/web/1a2b/targetgroup/web/3c4d",
        )
    if policy.target is None or policy.target <= 0:
        yield f"{field}.TargetValue", "give a target above 0"
