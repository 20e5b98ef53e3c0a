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
    series = alarm_series(alarm, store, at=at)
    if series is None:
        return None
    counts = None
    if alarm.low_samples == "ignore" and isinstance(alarm.source, SingleMetric):
        counts = _metric(alarm.source, store, SAMPLE_COUNT, *_seen(alarm, at))
    return evaluate(alarm, series, at=at, previous=previous, sample_counts=counts, configured_at=configured_at)


def alarm_series(alarm: MetricAlarm, store: MetricStore, *, at: datetime) -> Series | None:
    """Give the alarm's own series as it can be seen `at`, on the periods that its evaluation looks at.

    None where its expression cannot be evaluated: the alarm then keeps its state.
    """
    source = alarm.source
    start, end, now = _seen(alarm, at)
    if isinstance(source, SingleMetric):
        return _metric(source, store, source.statistic, start, end, now)
    if not isinstance(source, MetricMath) or alarm.watched is None:
        return None
    try:
        found = Reader(store, start=start, end=end, now=now).answer(source.queries)
    except MathError:
        return None
    series = found.get(alarm.watched.id, ())
    return series[0] if series else Series.empty(alarm.period)


def _seen(alarm: MetricAlarm, at: datetime) -> tuple[int, int, int]:
    """Give start, end and present in epoch seconds."""
    span = evaluation_span(alarm, at=at)
    return int(span.start.timestamp()), int(span.end.timestamp()), int(at.timestamp())


def _metric(source: SingleMetric, store: MetricStore, statistic: Statistic, start: int, end: int, now: int) -> Series:
    return store.read(
        source.metric, statistic, start=start, end=end, period=source.period, visible_at=now, unit=source.unit
    )
