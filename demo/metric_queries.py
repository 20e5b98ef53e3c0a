"""Metric data queries answered from a store: metrics with their statistic, expressions, searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from core import metric_math
from core.metric_math import DataQuery
from core.series import MetricId, Series
from core.statistics import Statistic
from core.timespan import RETENTION, Timespan, from_epoch
from demo.metric_labels import metric_labels
from demo.metric_search import found
from demo.metric_store import MetricStore

BAND = "ANOMALY_DETECTION_BAND"
LEARNT_FROM = 14 * 86_400
"""Seconds of data from which CloudWatch trains an anomaly detector.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html"""

MINUTE, FIVE_MINUTES, HOUR = 60, 300, 3600


def anchor(start: float, *, period: int, now: float) -> int:
    """Give the instant from which CloudWatch counts a request's periods: its start, rounded down by its age.

    To the minute within 15 days, to five minutes within 63, to the hour beyond; for periods below a minute to the
    period. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html, StartTime;
    that periods are counted from there, and not from the clock, an AWS engineer says in
    https://github.com/boto/boto3/issues/3457
    """
    age = timedelta(seconds=now - start)
    if period < MINUTE and age <= RETENTION[0][0]:
        step = period
    elif age <= RETENTION[1][0]:
        step = MINUTE
    else:
        step = FIVE_MINUTES if age <= RETENTION[2][0] else HOUR
    return int(start // step) * step


def kept_from(period: int, *, now: int) -> int:
    """Give the instant before which CloudWatch no longer keeps datapoints of `period` seconds."""
    finest = [limit for limit, seconds in RETENTION if seconds <= period]
    return now - int(finest[-1].total_seconds())


def read_metric(
    store: MetricStore,
    metric: MetricId,
    statistic: Statistic,
    *,
    start: int,
    end: int,
    period: int,
    now: int,
    unit: str | None = None,
) -> Series:
    """Read one metric's periods counted from `start`, as far back as CloudWatch still keeps them."""
    oldest = kept_from(period, now=now)
    first = start if start >= oldest else start - (start - oldest) // period * period
    if first >= end:
        return Series.empty(period)
    return store.read(metric, statistic, start=first, end=end, period=period, visible_at=now, unit=unit)


class Reader:
    """Answers queries over one store, as it is at `now`."""

    def __init__(self, store: MetricStore, *, start: float, end: float, now: int) -> None:
        self._store = store
        self._start = start
        self._end = end
        self._now = now

    def answer(self, queries: Sequence[DataQuery]) -> Mapping[str, tuple[Series, ...]]:
        """Give the series of every query by id; an expression may give several, or none."""
        inputs = {query.id: self._metric(query) for query in queries if query.metric is not None}
        if len(inputs) == len(queries):
            return {name: (series,) for name, series in inputs.items()}
        span = Timespan(from_epoch(anchor(self._start, period=MINUTE, now=self._now)), from_epoch(self._seen_end()))
        return metric_math.evaluate(queries, inputs, span=span, search=self._search, history=self._learnt(queries))

    def _learnt(self, queries: Sequence[DataQuery]) -> Mapping[str, Series]:
        """Give two weeks of each metric where an anomaly-detection band is asked for, which learns from them."""
        if not any(BAND in (query.expression or "") for query in queries):
            return {}
        longer = Reader(self._store, start=self._start - LEARNT_FROM, end=self._end, now=self._now)
        return {query.id: longer._metric(query) for query in queries if query.metric is not None}

    def _metric(self, query: DataQuery) -> Series:
        if query.metric is None or query.statistic is None or query.period is None:
            raise ValueError(f"query {query.id!r} has no metric, statistic and period to read")
        return self._read(query.metric, query.statistic, query.period, unit=query.unit)

    def _read(self, metric: MetricId, statistic: str, period: int, *, unit: str | None = None) -> Series:
        return read_metric(
            self._store,
            metric,
            Statistic.parse(statistic),
            start=anchor(self._start, period=period, now=self._now),
            end=-int(-self._end // 1),
            period=period,
            now=self._now,
            unit=unit,
        )

    def _search(self, text: str, statistic: str, period: int) -> tuple[Series, ...]:
        """Give the series of the metrics that a search finds, labelled with what differs between them."""
        metrics = found(text, self._store.list(now=self._now))
        labels = metric_labels(metrics)
        series = (self._read(metric, statistic, period) for metric in metrics)
        return tuple(replace(one, label=label) for one, label in zip(series, labels, strict=True))

    def _seen_end(self) -> float:
        """Nothing is filled in beyond the present, where no datapoint can be."""
        return max(min(self._end, self._now), self._start + 1)
