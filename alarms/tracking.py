"""The alarms that AWS makes for a target tracking policy, and evaluates like any other: what a replay of one needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alarms.scaling import Policy

TRACKED: Final[Mapping[str, tuple[str, str]]] = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization"),
    "ASGAverageCPUUtilizationHighResolution": ("AWS/EC2", "CPUUtilization"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget"),
}
"""Predefined metrics of target tracking.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredefinedMetricSpecification.html"""
LOW_SHARE: Final = 0.9
"""Target tracking scales in when the metric stays this far below its target, as AWS's low alarms are put."""
HIGH_PERIODS, LOW_PERIODS = 3, 15
"""How many minutes must breach, as AWS's own alarms are put."""
PERIOD: Final = 60
"""Seconds, where a policy says no other."""


def tracking_requests(
    policy: Policy, *, identity: str = "preview", specification: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Give the requests of the two alarms that AWS makes for a target tracking policy, under AWS's names.

    `identity` ends their names; `specification` is the policy's TargetTrackingConfiguration where it says more than
    the policy, such as a metric of one's own. There is no low alarm for a policy that never scales in.
    """
    common = {
        **_tracked_metric(policy, specification or {}),
        "ActionsEnabled": True,
        "AlarmActions": [policy.arn] if policy.arn else [],
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
    }
    target = float(policy.target or 0.0)
    high = {
        **common,
        "AlarmName": f"TargetTracking-{policy.group}-AlarmHigh-{identity}",
        "EvaluationPeriods": HIGH_PERIODS,
        "Threshold": target,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    low = {
        **common,
        "AlarmName": f"TargetTracking-{policy.group}-AlarmLow-{identity}",
        "EvaluationPeriods": LOW_PERIODS,
        "Threshold": target * LOW_SHARE,
        "ComparisonOperator": "LessThanThreshold",
    }
    return [high] if policy.never_in else [high, low]


def _tracked_metric(policy: Policy, specification: Mapping[str, Any]) -> dict[str, Any]:
    custom = specification.get("CustomizedMetricSpecification") or {}
    if custom.get("Metrics"):
        return {"Metrics": [_with_period(query) for query in custom["Metrics"]]}
    if custom:
        return {
            "Namespace": custom["Namespace"],
            "MetricName": custom["MetricName"],
            "Dimensions": custom.get("Dimensions") or [],
            "Statistic": custom.get("Statistic") or "Average",
            "Period": custom.get("Period") or PERIOD,
            **({"Unit": custom["Unit"]} if custom.get("Unit") else {}),
        }
    predefined = specification.get("PredefinedMetricSpecification") or {}
    kind = predefined.get("PredefinedMetricType") or policy.metric or "ASGAverageCPUUtilization"
    namespace, name = TRACKED[kind]
    where = {"AutoScalingGroupName": policy.group}
    if kind == "ALBRequestCountPerTarget":
        label = str(predefined.get("ResourceLabel") or policy.label)
        balancer, _, target_group = label.partition("/targetgroup/")
        where = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{target_group}"}
    statistic = "Sum" if kind == "ALBRequestCountPerTarget" else "Average"
    pairs = [{"Name": dimension, "Value": value} for dimension, value in where.items()]
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": pairs,
        "Statistic": statistic,
        "Period": PERIOD,
    }


def _with_period(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy may leave out the period that an alarm needs."""
    stat = query.get("MetricStat")
    return {**query, "MetricStat": {"Period": PERIOD, **stat}} if stat else query
