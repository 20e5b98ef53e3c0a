"""Alarms evaluated on what the store holds."""

from __future__ import annotations

from collections.abc import Mapping
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
    return evaluate(
        alarm,
        series,
        at=at,
        previous=previous,
        band=_band(alarm, store, at),
        sample_counts=counts,
        configured_at=configured_at,
    )


def alarm_series(alarm: MetricAlarm, store: MetricStore, *, at: datetime) -> Series | None:
    """Give the alarm's own series as it can be seen `at`, on the periods that its evaluation looks at.

    None where its expression cannot be evaluated: the alarm then keeps its state.
    """
    source = alarm.source
    if isinstance(source, SingleMetric):
        return _metric(source, store, source.statistic, *_seen(alarm, at))
    found = _answered(alarm, store, at)
    if found is None or alarm.watched is None:
        return None
    series = found.get(alarm.watched.id, ())
    return series[0] if series else Series.empty(alarm.period)


def _band(alarm: MetricAlarm, store: MetricStore, at: datetime) -> tuple[Series, Series] | None:
    """Give the lower and upper bound of an anomaly-detection alarm; the expression gives the upper first."""
    if alarm.threshold_metric_id is None:
        return None
    bounds = (_answered(alarm, store, at) or {}).get(alarm.threshold_metric_id, ())
    return (bounds[1], bounds[0]) if len(bounds) > 1 else None


def _answered(alarm: MetricAlarm, store: MetricStore, at: datetime) -> Mapping[str, tuple[Series, ...]] | None:
    """Give the series of every entry of a metric-math alarm; None where they cannot be computed."""
    if not isinstance(alarm.source, MetricMath):
        return None
    start, end, now = _seen(alarm, at)
    try:
        return Reader(store, start=start, end=end, now=now).answer(alarm.source.queries)
    except MathError:
        return None


def _seen(alarm: MetricAlarm, at: datetime) -> tuple[int, int, int]:
    """Give start, end and present in epoch seconds."""
    span = evaluation_span(alarm, at=at)
    return int(span.start.timestamp()), int(span.end.timestamp()), int(at.timestamp())


def _metric(source: SingleMetric, store: MetricStore, statistic: Statistic, start: int, end: int, now: int) -> Series:
    return store.read(
        source.metric, statistic, start=start, end=end, period=source.period, visible_at=now, unit=source.unit
    )
