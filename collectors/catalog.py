"""The namespace table: one row a metric family, with its dimensions, useful statistics, unit and period.

Sources: the "metrics and dimensions" page of each service's user guide, read November 2026. A metric that is not in
the table is shown all the same, with `Average` and no unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.series import MetricId


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """Metrics of one name in one namespace, whatever their dimensions' values."""

    namespace: str
    name: str
    unit: str | None
    """CloudWatch's unit; None where the service publishes none."""
    statistics: tuple[str, ...]
    """Statistics that mean something for it, the most useful first."""
    period: int
    """Seconds between datapoints as the service publishes them."""
    dimensions: tuple[tuple[str, ...], ...]
    """Sets of dimension names that it is published with, the most useful first."""


def _rows(
    namespace: str,
    dimensions: Sequence[tuple[str, ...]],
    period: int,
    rows: str,
) -> list[MetricFamily]:
    """Read rows `name | unit | statistics`; `-` says that the service publishes no unit."""
    families = []
    for row in rows.strip().splitlines():
        name, unit, statistics = (part.strip() for part in row.split("|"))
        families.append(
            MetricFamily(
                namespace, name, None if unit == "-" else unit, tuple(statistics.split()), period, tuple(dimensions)
            )
        )
    return families


_LOAD_BALANCER: Final = ("LoadBalancer",)
_LOAD_BALANCER_ZONE: Final = ("AvailabilityZone", "LoadBalancer")
_TARGET_GROUP: Final = ("LoadBalancer", "TargetGroup")
_TARGET_GROUP_ZONE: Final = ("AvailabilityZone", "LoadBalancer", "TargetGroup")

FAMILIES: Final[tuple[MetricFamily, ...]] = (
    *_rows(
        "AWS/ApplicationELB",
        (_TARGET_GROUP, _TARGET_GROUP_ZONE, _LOAD_BALANCER, _LOAD_BALANCER_ZONE),
        60,
        """
        RequestCount | Count | Sum
        TargetResponseTime | Seconds | p99 p90 p50 Average Maximum
        HTTPCode_Target_2XX_Count | Count | Sum
        HTTPCode_Target_3XX_Count | Count | Sum
        HTTPCode_Target_4XX_Count | Count | Sum
        HTTPCode_Target_5XX_Count | Count | Sum
        TargetConnectionErrorCount | Count | Sum
        """,
    ),
    *_rows(
        "AWS/ApplicationELB",
        (_TARGET_GROUP, _TARGET_GROUP_ZONE),
        60,
        """
        HealthyHostCount | Count | Minimum Average Maximum
        UnHealthyHostCount | Count | Maximum Average Minimum
        """,
    ),
    *_rows(
        "AWS/ApplicationELB",
        (("TargetGroup",),),
        60,
        """
        RequestCountPerTarget | Count | Sum
        """,
    ),
    *_rows(
        "AWS/ApplicationELB",
        (_LOAD_BALANCER, _LOAD_BALANCER_ZONE),
        60,
        """
        HTTPCode_ELB_4XX_Count | Count | Sum
        HTTPCode_ELB_5XX_Count | Count | Sum
        ActiveConnectionCount | Count | Sum
        NewConnectionCount | Count | Sum
        RejectedConnectionCount | Count | Sum
        ProcessedBytes | Bytes | Sum
        ConsumedLCUs | Count | Sum Average
        """,
    ),
    *_rows(
        "AWS/EC2",
        (("InstanceId",), ("AutoScalingGroupName",), ("InstanceType",), ("ImageId",), ()),
        300,
        """
        CPUUtilization | Percent | Average Maximum Minimum p99
        NetworkIn | Bytes | Average Sum
        NetworkOut | Bytes | Average Sum
        NetworkPacketsIn | Count | Average Sum
        NetworkPacketsOut | Count | Average Sum
        CPUCreditUsage | Count | Average Sum
        CPUCreditBalance | Count | Average Minimum
        EBSReadOps | Count | Average Sum
        EBSWriteOps | Count | Average Sum
        EBSReadBytes | Bytes | Average Sum
        EBSWriteBytes | Bytes | Average Sum
        """,
    ),
    *_rows(
        "AWS/EC2",
        (("InstanceId",), ("AutoScalingGroupName",), ()),
        60,
        """
        StatusCheckFailed | Count | Maximum Sum
        StatusCheckFailed_Instance | Count | Maximum Sum
        StatusCheckFailed_System | Count | Maximum Sum
        """,
    ),
    *_rows(
        "AWS/AutoScaling",
        (("AutoScalingGroupName",),),
        60,
        """
        GroupMinSize | - | Average
        GroupMaxSize | - | Average
        GroupDesiredCapacity | - | Average Maximum
        GroupInServiceInstances | - | Average Minimum
        GroupPendingInstances | - | Average Maximum
        GroupStandbyInstances | - | Average
        GroupTerminatingInstances | - | Average Maximum
        GroupTotalInstances | - | Average Maximum
        """,
    ),
    *_rows(
        "AWS/DynamoDB",
        (("TableName",), ("GlobalSecondaryIndexName", "TableName")),
        60,
        """
        ConsumedReadCapacityUnits | Count | Sum Average Maximum
        ConsumedWriteCapacityUnits | Count | Sum Average Maximum
        ProvisionedReadCapacityUnits | Count | Average
        ProvisionedWriteCapacityUnits | Count | Average
        ReadThrottleEvents | Count | Sum
        WriteThrottleEvents | Count | Sum
        """,
    ),
    *_rows(
        "AWS/DynamoDB",
        (("Operation", "TableName"),),
        60,
        """
        SuccessfulRequestLatency | Milliseconds | Average p99 Maximum SampleCount
        ThrottledRequests | Count | Sum
        SystemErrors | Count | Sum
        ReturnedItemCount | Count | Sum Average
        """,
    ),
    *_rows(
        "AWS/DynamoDB",
        (("TableName",), ()),
        60,
        """
        UserErrors | Count | Sum
        ConditionalCheckFailedRequests | Count | Sum
        """,
    ),
    *_rows(
        "AWS/S3",
        (("BucketName", "StorageType"),),
        86_400,
        """
        BucketSizeBytes | Bytes | Average
        NumberOfObjects | Count | Average
        """,
    ),
    *_rows(
        "AWS/S3",
        (("BucketName", "FilterId"),),
        60,
        """
        AllRequests | Count | Sum
        GetRequests | Count | Sum
        PutRequests | Count | Sum
        4xxErrors | Count | Sum Average
        5xxErrors | Count | Sum Average
        FirstByteLatency | Milliseconds | Average p99
        TotalRequestLatency | Milliseconds | Average p99
        BytesDownloaded | Bytes | Sum Average
        BytesUploaded | Bytes | Sum Average
        """,
    ),
    *_rows(
        "AWS/Lambda",
        (("FunctionName",), ("FunctionName", "Resource"), ()),
        60,
        """
        Invocations | Count | Sum
        Errors | Count | Sum
        Throttles | Count | Sum
        Duration | Milliseconds | Average p99 Maximum
        ConcurrentExecutions | Count | Maximum
        DeadLetterErrors | Count | Sum
        """,
    ),
    *_rows(
        "AWS/SNS",
        (("TopicName",),),
        60,
        """
        NumberOfMessagesPublished | Count | Sum
        NumberOfNotificationsDelivered | Count | Sum
        NumberOfNotificationsFailed | Count | Sum
        PublishSize | Bytes | Average
        """,
    ),
    *_rows(
        "AWS/SQS",
        (("QueueName",),),
        60,
        """
        ApproximateNumberOfMessagesVisible | Count | Maximum Average
        ApproximateNumberOfMessagesNotVisible | Count | Maximum Average
        ApproximateAgeOfOldestMessage | Seconds | Maximum
        NumberOfMessagesSent | Count | Sum
        NumberOfMessagesReceived | Count | Sum
        NumberOfMessagesDeleted | Count | Sum
        NumberOfEmptyReceives | Count | Sum
        SentMessageSize | Bytes | Average
        """,
    ),
    *_rows(
        "AWS/Logs",
        (("LogGroupName",), ()),
        60,
        """
        IncomingBytes | Bytes | Sum
        IncomingLogEvents | - | Sum
        ForwardedBytes | Bytes | Sum
        ForwardedLogEvents | - | Sum
        DeliveryErrors | - | Sum
        DeliveryThrottling | - | Sum
        """,
    ),
    *_rows(
        "AWS/Billing",
        (("Currency",), ("Currency", "ServiceName"), ("Currency", "LinkedAccount")),
        21_600,
        """
        EstimatedCharges | - | Maximum
        """,
    ),
    *_rows(
        "CWAgent",
        (("InstanceId",), ("AutoScalingGroupName",), ("host",)),
        60,
        """
        mem_used_percent | Percent | Average Maximum
        cpu_usage_active | Percent | Average Maximum
        cpu_usage_iowait | Percent | Average Maximum
        swap_used_percent | Percent | Average Maximum
        """,
    ),
    *_rows(
        "CWAgent",
        (("InstanceId", "device", "fstype", "path"),),
        60,
        """
        disk_used_percent | Percent | Average Maximum
        """,
    ),
)

NAMESPACES: Final = tuple(dict.fromkeys(family.namespace for family in FAMILIES))

_BY_NAME: Final = {(family.namespace, family.name): family for family in FAMILIES}


def family_of(metric: MetricId) -> MetricFamily:
    """Give the row of a metric; a custom or unknown one gets a row that promises nothing."""
    known = _BY_NAME.get((metric.namespace, metric.name))
    names = tuple(name for name, _ in metric.dimensions)
    return known or MetricFamily(metric.namespace, metric.name, None, ("Average", "Maximum", "Sum"), 60, (names,))


def families_in(namespace: str) -> tuple[MetricFamily, ...]:
    """List the rows of one namespace, in the table's order."""
    return tuple(family for family in FAMILIES if family.namespace == namespace)


def unit_of(metric: MetricId, statistic: str) -> str | None:
    """Give the unit that values of `statistic` are in: counting samples gives a count, whatever is sampled."""
    return "Count" if statistic == "SampleCount" else family_of(metric).unit
