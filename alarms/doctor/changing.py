"""Small changes to alarms' definitions, in any kind of source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alarms.kinds import MetricAlarm, MetricMath, SingleMetric
from core.series import MetricId


def with_metric(alarm: MetricAlarm, metrics: Mapping[MetricId, MetricId]) -> MetricAlarm:
    """Give the alarm with some of its metrics replaced."""
    source = alarm.source
    if isinstance(source, SingleMetric):
        return replace(alarm, source=replace(source, metric=metrics.get(source.metric, source.metric)))
    if isinstance(source, MetricMath):
        queries = tuple(
            query if query.metric is None else replace(query, metric=metrics.get(query.metric, query.metric))
            for query in source.queries
        )
        return replace(alarm, source=MetricMath(queries))
    return alarm


def with_period(alarm: MetricAlarm, period: int) -> MetricAlarm:
    """Give the alarm with another period, and M of N that cover about the same time."""
    source = alarm.source
    n = max(1, -(-alarm.n * alarm.period // period))
    m = min(n, max(1, -(-alarm.m * alarm.period // period)))
    counted = replace(alarm, evaluation_periods=n, datapoints_to_alarm=None if m == n else m)
    if isinstance(source, SingleMetric):
        return replace(counted, source=replace(source, period=period))
    if isinstance(source, MetricMath):
        queries = tuple(
            query if query.period is None else replace(query, period=max(period, query.period))
            for query in source.queries
        )
        return replace(counted, source=MetricMath(queries))
    return alarm
