"""What an alarm's actions are: an ARN in words, ARNs to choose from, and which alarm may have which. Pure.

Sources: `AlarmActions` in the API references of PutMetricAlarm and PutCompositeAlarm, and "Alarm actions",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alarms.kinds import Alarm, CompositeAlarm, MetricAlarm, SingleMetric
from alarms.requirements import BAND_COMPARISONS
from alarms.shapes import Problem
from alarms.wire import request_of
from core.reading import Scope, Verdict

ACTION_LISTS: Final = ("AlarmActions", "OKActions", "InsufficientDataActions")
OPS_ITEM_SEVERITIES: Final = (1, 2, 3, 4)
OPS_ITEM_CATEGORIES: Final = ("Availability", "Cost", "Performance", "Recovery", "Security")
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/OpsCenter-create-OpsItems-from-CloudWatch-Alarms.html"""
RECOVERABLE: Final = "StatusCheckFailed_System"
"""The metric on which an instance is recovered.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html#AddingRecoverActions"""
PLANNED: Final = "planned"
"""Stands for the id of a scaling policy that a plan makes first; AWS gives the id."""


class ActionKind(StrEnum):
    """What an ARN makes happen."""

    TOPIC = "topic"
    SCALING = "scaling policy"
    EC2 = "instance"
    FUNCTION = "function"
    OPS_ITEM = "OpsItem"
    INCIDENT = "incident"
    INVESTIGATION = "investigation"
    OTHER = "other"


class Ec2Action(StrEnum):
    """What an alarm can do to the instance that it watches."""

    STOP = "stop"
    TERMINATE = "terminate"
    REBOOT = "reboot"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Described:
    """An action ARN, read."""

    arn: str
    kind: ActionKind
    words: str
    """What it does, as the end of "the alarm …": `notifies the topic ops`; holds foreign text."""
    name: str = ""
    """Of the topic, policy, function or plan; of an instance's action, the action."""
    group: str = ""
    """Of a scaling policy: its Auto Scaling group."""
    region: str = ""
    account: str = ""


_WHERE: Final = r"(?P<region>[^:]*):(?P<account>[^:]*)"
_PATTERNS: Final[tuple[tuple[ActionKind, re.Pattern[str], str], ...]] = tuple(
    (kind, re.compile(pattern), words)
    for kind, pattern, words in (
        (ActionKind.TOPIC, rf"sns:{_WHERE}:(?P<name>[^:]+)", "notifies the topic {name}"),
        (
            ActionKind.SCALING,
            rf"autoscaling:{_WHERE}:scalingPolicy:[^:]*:autoScalingGroupName/(?P<group>.+):policyName/(?P<name>.+)",
            "runs the scaling policy {name} of the group {group}",
        ),
        (ActionKind.EC2, r"automate:(?P<region>[^:]*):ec2:(?P<name>stop|terminate|reboot|recover)", ""),
        (
            ActionKind.EC2,
            rf"swf:{_WHERE}:action/actions/AWS_EC2\.InstanceId\.(?P<name>Stop|Terminate|Reboot|Recover)/1\.0",
            "",
        ),
        (
            ActionKind.FUNCTION,
            rf"lambda:{_WHERE}:function:(?P<name>[^:]+(?::[^:]+)?)",
            "runs the function {name}",
        ),
        (
            ActionKind.OPS_ITEM,
            rf"ssm:{_WHERE}:opsitem:(?P<name>[1-4])(?:#CATEGORY=(?P<group>\w+))?",
            "opens an OpsItem of severity {name}",
        ),
        (
            ActionKind.INCIDENT,
            r"ssm-incidents:[^:]*:(?P<account>[^:]*):response-?plan/(?P<name>.+)",
            "starts an incident by the response plan {name}",
        ),
        (
            ActionKind.INVESTIGATION,
            rf"aiops:{_WHERE}:investigation-group:?/?(?P<name>.+)",
            "starts an investigation",
        ),
    )
)
_EC2_WORDS: Final = {
    Ec2Action.STOP: "stops the instance",
    Ec2Action.TERMINATE: "terminates the instance, which is then gone",
    Ec2Action.REBOOT: "reboots the instance",
    Ec2Action.RECOVER: "moves the instance to other hardware",
}


def describe(arn: str) -> Described:
    """Say what an action ARN does; one that is not known is `OTHER`."""
    rest = re.sub(r"\Aarn:[^:]*:", "", arn)
    for kind, pattern, words in _PATTERNS:
        found = pattern.fullmatch(rest)
        if found is not None:
            parts = {name: value or "" for name, value in found.groupdict().items()}
            if kind is ActionKind.EC2:
                parts["name"] = parts["name"].lower()
                return Described(arn, kind, _EC2_WORDS[Ec2Action(parts["name"])], **parts)
            return Described(arn, kind, words.format(**parts), **parts)
    return Described(arn, ActionKind.OTHER, f"does what {arn} says, which is not known here")


# -- ARNs to choose from ----------------------------------------------------------------------------------------------


def topic_arn(name: str, scope: Scope) -> str:
    """Give the ARN of a topic by its name, whether it is there or not."""
    return f"arn:{partition(scope.region)}:sns:{scope.region}:{scope.account}:{name}"


def ec2_arn(action: Ec2Action, region: str) -> str:
    """Give the ARN that does something to the instance that the alarm watches."""
    return f"arn:{partition(region)}:automate:{region}:ec2:{action}"


def function_arn(name: str, scope: Scope, *, qualifier: str = "") -> str:
    """Give the ARN of a Lambda function; `qualifier` is a version or alias."""
    end = f":{qualifier}" if qualifier else ""
    return f"arn:{partition(scope.region)}:lambda:{scope.region}:{scope.account}:function:{name}{end}"


def ops_item_arn(severity: int, scope: Scope, *, category: str = "") -> str:
    """Give the ARN that opens an OpsItem; raises ValueError for a severity or category that there is not."""
    if severity not in OPS_ITEM_SEVERITIES:
        raise ValueError(f"severity {severity} is not accepted; use {', '.join(map(str, OPS_ITEM_SEVERITIES))}")
    if category and category not in OPS_ITEM_CATEGORIES:
        raise ValueError(f"category {category!r} is not accepted; use {', '.join(OPS_ITEM_CATEGORIES)}")
    end = f"#CATEGORY={category}" if category else ""
    return f"arn:{partition(scope.region)}:ssm:{scope.region}:{scope.account}:opsitem:{severity}{end}"


def incident_arn(plan: str, scope: Scope) -> str:
    """Give the ARN that starts an incident by a response plan."""
    return f"arn:{partition(scope.region)}:ssm-incidents::{scope.account}:response-plan/{plan}"


def planned_policy_arn(group: str, policy: str, scope: Scope) -> str:
    """Give an ARN for a scaling policy that is not there yet: the plan that makes it puts the real one in its place."""
    where = f"{scope.region}:{scope.account}"
    name = f"autoScalingGroupName/{group}:policyName/{policy}"
    return f"arn:{partition(scope.region)}:autoscaling:{where}:scalingPolicy:{PLANNED}:{name}"


def is_planned(arn: str) -> bool:
    """Tell whether an ARN stands for a scaling policy that is not there yet."""
    return f":scalingPolicy:{PLANNED}:" in arn


def partition(region: str) -> str:
    """Give the part of AWS that a region is in.

    >>> partition("eu-west-1"), partition("cn-north-1"), partition("us-gov-east-1")
    ('aws', 'aws-cn', 'aws-us-gov')
    """
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


# -- which alarm may have which ---------------------------------------------------------------------------------------


def can_scale(alarm: Alarm) -> Verdict:
    """Say whether an alarm may run scaling policies, and why not."""
    if isinstance(alarm, CompositeAlarm):
        return Verdict(allowed=False, reason="A composite alarm cannot scale; give the policy to an alarm in its rule.")
    if isinstance(alarm, MetricAlarm) and alarm.comparison is not None and alarm.comparison in BAND_COMPARISONS:
        return Verdict(
            allowed=False, reason="An anomaly-detection alarm cannot scale; compare with a threshold to scale."
        )
    return Verdict(allowed=True, reason="It may run scaling policies of its own account and region.")


def can_act_on_instance(alarm: Alarm, action: Ec2Action) -> Verdict:
    """Say whether an alarm may stop, terminate, reboot or recover the instance that it watches, and why not."""
    if not isinstance(alarm, MetricAlarm) or not isinstance(alarm.source, SingleMetric):
        return Verdict(
            allowed=False, reason=f"To {action} an instance takes an alarm on one metric of it, without an expression."
        )
    metric = alarm.source.metric
    if "InstanceId" not in dict(metric.dimensions):
        return Verdict(
            allowed=False,
            reason=f"To {action} an instance takes a metric with the dimension InstanceId.",
        )
    if action is Ec2Action.RECOVER and (metric.namespace, metric.name) != ("AWS/EC2", RECOVERABLE):
        return Verdict(allowed=False, reason=f"Instances are recovered by alarms on AWS/EC2 {RECOVERABLE} only.")
    return Verdict(allowed=True, reason=f"It may {action} the instance {dict(metric.dimensions)['InstanceId']}.")


def action_problems(alarm: Alarm, scope: Scope) -> Iterator[Problem]:
    """Find each action that AWS would refuse for `alarm` in `scope`, or would never carry out, by its field."""
    request = request_of(alarm)
    for name in ACTION_LISTS:
        arns = request.get(name, [])
        for place, arn in enumerate(arns):
            sentence = _problem(describe(arn), alarm, scope)
            if arn in arns[:place]:
                sentence = "this action stands in the list twice"
            if sentence:
                yield f"{name}[{place}]", sentence


def _problem(action: Described, alarm: Alarm, scope: Scope) -> str:
    if action.region and action.region != scope.region:
        return f"the alarm is in {scope.region}, this in {action.region}; an alarm acts in its own region only"
    judge = _JUDGES.get(action.kind)
    return "" if judge is None else judge(action, alarm, scope)


def _topic_problem(action: Described, _alarm: Alarm, _scope: Scope) -> str:
    return "alarms cannot notify a FIFO topic; give a standard one" if action.name.endswith(".fifo") else ""


def _scaling_problem(action: Described, alarm: Alarm, scope: Scope) -> str:
    if action.account != scope.account:
        return f"the policy is in account {action.account}; an alarm scales groups of its own account only"
    verdict = can_scale(alarm)
    return "" if verdict.allowed else verdict.reason


def _ec2_problem(action: Described, alarm: Alarm, _scope: Scope) -> str:
    verdict = can_act_on_instance(alarm, Ec2Action(action.name))
    return "" if verdict.allowed else verdict.reason


_JUDGES: Final[dict[ActionKind, Callable[[Described, Alarm, Scope], str]]] = {
    ActionKind.TOPIC: _topic_problem,
    ActionKind.SCALING: _scaling_problem,
    ActionKind.EC2: _ec2_problem,
}
