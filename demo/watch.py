"""The alarms that the directory's people have put: request parameters of PutMetricAlarm and PutCompositeAlarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from alarms.scaling import Policy, PolicyKind
from alarms.tracking import tracking_requests
from demo.building import Built, pairs
from demo.noise import key
from demo.world import HOSTILE, HOSTILE_BIDI, HOSTILE_MARKS

Request = dict[str, Any]

CPU_HIGH: Final = 70.0
CPU_LOW: Final = 40.0


def dimensions(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def alarms(built: Built) -> list[Request]:
    """Give the site's alarms, children before the composites that look at them."""
    site = built.site
    tracking = [p for p in site.group.policies if p.kind is PolicyKind.TARGET_TRACKING]
    scaling = _stepping(built) if not tracking else []
    tracked = [alarm for policy in tracking for alarm in tracking_alarms(built.policies[policy.name], policy)]
    watched = [*scaling, *_traffic(built), *_people(built), *_backs(built)]
    named = [_tagged(alarm, built) for alarm in watched]
    return [*named, *tracked, _composite(built)]


def tracking_alarms(arn: str, policy: Policy, specification: Mapping[str, Any] | None = None) -> list[Request]:
    """Give the two alarms that a target-tracking policy makes for itself, under AWS's names.

    `specification` is the policy's TargetTrackingConfiguration; without it the group's average CPU is tracked.
    """
    digits = f"{key(arn):016x}{key(arn, 'low'):016x}"
    identity = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return tracking_requests(replace(policy, arn=arn), identity=identity, specification=specification)


def _alarm(name: str, metric: str, where: Mapping[str, str], **more: Any) -> Request:
    """One alarm in AWS's members; `metric` is `namespace:name:statistic`."""
    namespace, metric_name, statistic = metric.split(":")
    plain = statistic in {"Average", "Sum", "Minimum", "Maximum", "SampleCount"}
    return {
        "AlarmName": name,
        "Namespace": namespace,
        "MetricName": metric_name,
        "Dimensions": dimensions(where),
        "Statistic" if plain else "ExtendedStatistic": statistic,
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "missing",
        **more,
    }


def _tagged(alarm: Request, built: Built) -> Request:
    return {"ActionsEnabled": True, **alarm, "Tags": pairs(built.site.tags)}


def _stepping(built: Built) -> list[Request]:
    """CPU runs the two policies and tells people."""
    where = {"AutoScalingGroupName": built.site.group.name}
    out, back = (built.policies[policy.name] for policy in built.site.group.policies)
    return [
        _alarm(
            "directory-cpu-high",
            "AWS/EC2:CPUUtilization:Average",
            where,
            Threshold=CPU_HIGH,
            AlarmDescription="Average CPU of the group above 70 %: add instances.",
            AlarmActions=[out, built.topic_arn],
            OKActions=[built.topic_arn],
        ),
        _alarm(
            "directory-cpu-low",
            "AWS/EC2:CPUUtilization:Average",
            where,
            Threshold=CPU_LOW,
            EvaluationPeriods=3,
            ComparisonOperator="LessThanThreshold",
            AlarmDescription="Average CPU of the group below 40 % for three minutes: remove an instance.",
            AlarmActions=[back],
        ),
    ]


def _traffic(built: Built) -> list[Request]:
    balancer = {"LoadBalancer": built.load_balancer}
    targets = {"TargetGroup": built.target_group, **balancer}
    prefix = "directory" if built.site.share == 1.0 else built.site.name
    return [
        _alarm(
            f"{prefix}-5xx",
            "AWS/ApplicationELB:HTTPCode_Target_5XX_Count:Sum",
            balancer,
            Threshold=25.0,
            EvaluationPeriods=2,
            TreatMissingData="notBreaching",
            AlarmDescription=f"Targets answer with 5xx. Runbook: {HOSTILE}",
            AlarmActions=[built.topic_arn],
            OKActions=[built.topic_arn],
        ),
        _alarm(
            f"{prefix}-p99-latency",
            "AWS/ApplicationELB:TargetResponseTime:p99",
            balancer,
            Threshold=1.2,
            EvaluationPeriods=5,
            DatapointsToAlarm=3,
            AlarmDescription="The slowest hundredth of the answers takes more than 1.2 s.",
            EvaluateLowSampleCountPercentile="ignore",
            AlarmActions=[built.topic_arn],
        ),
        _alarm(
            f"{prefix}-unhealthy-hosts",
            "AWS/ApplicationELB:UnHealthyHostCount:Maximum",
            targets,
            Threshold=1.0,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmDescription="A target fails its health checks.",
            AlarmActions=[built.topic_arn],
            OKActions=[built.topic_arn],
        ),
    ]


def _people(built: Built) -> list[Request]:
    """What the directory's users notice; only where browsers report."""
    if built.site.share < 1.0:
        return []
    balancer = {"LoadBalancer": built.load_balancer}
    return [
        _alarm(
            "directory-page-load",
            "EmployeeDirectory:PageLoadTime:p90",
            {"Page": "/"},
            Threshold=1.9,
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            AlarmDescription="The home page takes longer than 1.9 s for one visitor in ten.",
            AlarmActions=[built.topic_arn],
            InsufficientDataActions=[built.topic_arn],
        ),
        _alarm(
            HOSTILE_BIDI,
            "AWS/ApplicationELB:TargetResponseTime:p99.9",
            balancer,
            Threshold=8.0,
            EvaluationPeriods=3,
            AlarmDescription=HOSTILE_MARKS,
        ),
        {
            "AlarmName": "directory-error-rate",
            "AlarmDescription": "More than one request in twenty fails.",
            "Metrics": _error_rate(balancer),
            "EvaluationPeriods": 2,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [built.topic_arn],
        },
    ]


def _error_rate(balancer: Mapping[str, str]) -> list[dict[str, Any]]:
    def total(identity: str, name: str) -> dict[str, Any]:
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions(balancer)}
        return {"Id": identity, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * FILL(errors, 0) / requests", "Label": "Error rate", "ReturnData": True}
    return [rate, total("errors", "HTTPCode_Target_5XX_Count"), total("requests", "RequestCount")]


def _backs(built: Built) -> list[Request]:
    """The table and the function; and an alarm on a metric that nobody sends."""
    site = built.site
    if site.share < 1.0:
        return []
    return [
        _alarm(
            "directory-table-throttled",
            "AWS/DynamoDB:ThrottledRequests:Sum",
            {"TableName": site.table, "Operation": "GetItem"},
            Threshold=20.0,
            TreatMissingData="notBreaching",
            AlarmDescription="Reads of the employee table are refused. AWS ignores missing data of DynamoDB.",
            AlarmActions=[built.topic_arn],
        ),
        _alarm(
            "directory-thumbnail-runaway",
            "AWS/Lambda:Invocations:Sum",
            {"FunctionName": site.function},
            Threshold=500.0,
            EvaluationPeriods=3,
            TreatMissingData="notBreaching",
            AlarmDescription="The thumbnail function runs far more often than photos are uploaded.",
            AlarmActions=[built.topic_arn],
        ),
        _alarm(
            "directory-backup-age",
            "EmployeeDirectory:BackupAge:Maximum",
            {"Table": site.table},
            Period=3600,
            Threshold=26.0,
            AlarmDescription="The nightly backup is older than 26 hours. Nothing sends this metric since the move.",
            AlarmActions=[built.topic_arn],
        ),
    ]


def _composite(built: Built) -> Request:
    prefix = "directory" if built.site.share == 1.0 else built.site.name
    children = [f"{prefix}-5xx", f"{prefix}-p99-latency", f"{prefix}-unhealthy-hosts"]
    return {
        "AlarmName": f"{prefix}-degraded",
        "AlarmDescription": "People notice: errors, slow answers or missing instances.",
        "AlarmRule": " OR ".join(f'ALARM("{child}")' for child in children),
        "ActionsEnabled": True,
        "AlarmActions": [built.topic_arn],
        "OKActions": [built.topic_arn],
        "Tags": pairs(built.site.tags),
    }
