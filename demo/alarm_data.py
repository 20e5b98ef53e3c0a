"""Alarms evaluated on what the store holds."""

from __future__ import annotations

from datetime import datetime

from alarms.definition import MetricAlarm, MetricMath, SingleMetric
from alarms.evaluation import Evaluation, evaluate, evaluation_span
from alarms.state import StateValue
from core.metric_math import MathError
from core.series import Series
from core.statistics import Statistic
from demo.metric_queries import Reader
from demo.metric_store import MetricStore

SAMPLE_COUNT = Statistic.parse("SampleCount")


def evaluated(
    alarm: MetricAlarm, store: MetricStore, *, at: datetime, previous: StateValue, configured_at: datetime
) -> Evaluation | None:
    """Evaluate an alarm on what can be seen `at`; None where its expression cannot be evaluated."""
    span = evaluation_span(alarm, at=at)
    start, end = int(span.start.timestamp()), int(span.end.timestamp())
    series = _series(alarm, store, start=start, end=end, now=int(at.timestamp()))
    if series is None:
        return None
    counts = None
    if alarm.low_samples == "ignore" and isinstance(alarm.source, SingleMetric):
        counts = _metric(alarm.source, store, SAMPLE_COUNT, start=start, end=end, now=int(at.timestamp()))
    return evaluate(alarm, series, at=at, previous=previous, sample_counts=counts, configured_at=configured_at)


def _series(alarm: MetricAlarm, store: MetricStore, *, start: int, end: int, now: int) -> Series | None:
    source = alarm.source
    if isinstance(source, SingleMetric):
        return _metric(source, store, source.statistic, start=start, end=end, now=now)
    if not isinstance(source, MetricMath) or alarm.watched is None:
        return None
    try:
        found = Reader(store, start=start, end=end, now=now).answer(source.queries)
    except MathError:
        return None
    series = found.get(alarm.watched.id, ())
    return series[0] if series else Series.empty(alarm.period)


def _metric(
    source: SingleMetric, store: MetricStore, statistic: Statistic, *, start: int, end: int, now: int
) -> Series:
    return store.read(
        source.metric, statistic, start=start, end=end, period=source.period, visible_at=now, unit=source.unit
    )
