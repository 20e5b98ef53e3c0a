"""A workroom over alarms written by hand: what is read of it and written into it goes through the real mechanism."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from access.audit import Audit
from access.changes import ChangePlan, Outcome, carry_out
from access.identity import Actor
from cloud.faults import AccessDenied
from collectors.budget_readings import BudgetReading
from collectors.delivery import Seen
from core.delivery import Subscription, Topic
from core.reading import Reading, Scope

Document = dict[str, Any]
TOPIC = "arn:aws:sns:us-east-1:111111111111:ops"


def alarm_arn(name: str) -> str:
    return f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{name}"


def cpu_alarm(name: str = "web-cpu-high", threshold: float = 70.0) -> Document:
    return {
        "AlarmName": name, "AlarmArn": alarm_arn(name), "StateValue": "OK", "ActionsEnabled": True,
        "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 300,
        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web-asg"}], "EvaluationPeriods": 3,
        "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [TOPIC],
        "Tags": [{"Key": "team", "Value": "web"}],
    }  # fmt: skip


@dataclass
class FakeRoom:
    """An account with alarms, a topic and a policy."""

    folder: Path
    alarms: dict[str, Document] = field(default_factory=lambda: {"web-cpu-high": cpu_alarm()})
    denied: bool = False
    """Every read of one alarm is denied."""
    written: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    rules: dict[str, Document] = field(default_factory=dict)
    """Mute rules by name."""
    by: list[str] = field(default_factory=list)
    """Who wrote."""

    def documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        return Reading(tuple({k: v for k, v in each.items() if k != "Tags"} for each in self.alarms.values()), now)

    def live(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[Document, ...]]:
        if self.denied:
            return Reading((), now, (AccessDenied().to_fault(scope, "cloudwatch:DescribeAlarms"),))
        return Reading((self.alarms[name],) if name in self.alarms else (), now)

    def lives(self, scope: Scope, names: Sequence[str], *, now: datetime) -> Reading[tuple[Document, ...]]:
        if self.denied:
            return Reading((), now, (AccessDenied().to_fault(scope, "cloudwatch:DescribeAlarms"),))
        return Reading(tuple(self.alarms[name] for name in names if name in self.alarms), now)

    def topics(self, scope: Scope, *, now: datetime) -> Reading[tuple[str, ...]]:
        return Reading((TOPIC,), now)

    def ways(self, scope: Scope, topics: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        told = (Subscription("email", "ana@example.com", confirmed=False),)
        return Reading({arn: Topic(arn, "", None, None, told) for arn in topics}, now)

    def policies(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        arn = "arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:1:autoScalingGroupName/web-asg:policyName/out"
        steps = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
        policy = {"PolicyARN": arn, "PolicyName": "out", "AutoScalingGroupName": "web-asg", "StepAdjustments": steps,
                  "PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity"}  # fmt: skip
        return Reading((policy,), now)

    def budget(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        return Reading((), now)

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome:
        return carry_out(plan, actor, self, Audit(self.folder), now=now)

    # -- the cloud that the mechanism sees ------------------------------------------------------------------------

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation == "ListTagsForResource":
            found = (each for each in self.alarms.values() if each["AlarmArn"] == params["ResourceARN"])
            return {"Tags": next(found, {}).get("Tags", [])}
        if operation == "GetAlarmMuteRule":
            return self.rules.get(params["AlarmMuteRuleName"], {})
        return {"MetricAlarms": [self.alarms[name] for name in params["AlarmNames"] if name in self.alarms]}

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[FakeRoom]:
        self.by.append(actor_name)
        yield self

    def write(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.written.append((operation, params))
        if operation == "PutMetricAlarm":
            name = params["AlarmName"]
            tags = self.alarms.get(name, {}).get("Tags", params.get("Tags", []))
            self.alarms[name] = {"AlarmArn": alarm_arn(name), "StateValue": "OK", **params, "Tags": tags}
        elif operation == "DeleteAlarms":
            for name in params["AlarmNames"]:
                self.alarms.pop(name, None)
        elif operation in {"EnableAlarmActions", "DisableAlarmActions"}:
            for name in params["AlarmNames"]:
                self.alarms[name]["ActionsEnabled"] = operation == "EnableAlarmActions"
        elif operation == "PutAlarmMuteRule":
            self.rules[params["Name"]] = dict(params)
        elif operation == "TagResource":
            (found,) = (each for each in self.alarms.values() if each["AlarmArn"] == params["ResourceARN"])
            keys = {tag["Key"] for tag in params["Tags"]}
            found["Tags"] = [tag for tag in found["Tags"] if tag["Key"] not in keys] + list(params["Tags"])
        return {}
