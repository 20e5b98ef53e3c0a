"""CloudWatch, answered by the simulation: metrics from its store, alarms from its book, dashboards from moto."""

from __future__ import annotations

from demo.aws.cloudwatch.alarm_reads import AlarmReads
from demo.aws.cloudwatch.alarms import AlarmOperations
from demo.aws.cloudwatch.dashboards import DashboardOperations
from demo.aws.cloudwatch.get_data import GetMetricData
from demo.aws.cloudwatch.listing import ListMetrics
from demo.aws.cloudwatch.mute_rules import MuteRuleOperations
from demo.aws.cloudwatch.put_data import PutMetricData
from demo.aws.cloudwatch.statistics import GetMetricStatistics


class CloudWatchService(
    GetMetricData,
    GetMetricStatistics,
    ListMetrics,
    PutMetricData,
    AlarmReads,
    AlarmOperations,
    MuteRuleOperations,
    DashboardOperations,
):
    """Every CloudWatch operation that the demo cloud answers, one method each."""


__all__ = ["CloudWatchService"]
