"""What an alarm sees of a case's lines at each instant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.evaluation import Band
from alarms.kinds import MetricAlarm, MetricMath, SingleMetric
from alarms.suites.cases import Case
from alarms.watching import watched
from alarms.window import EXTRA_PERIODS, edges
from core.metric_math import DataQuery
from core.series import MetricId, Series
from core.statistics import FloatArray, IntArray, Statistic, reduce
from core.timespan import Timespan, from_epoch

SOLE: Final = "m1"
"""What the metric of an alarm on a single metric is called, as in the console."""
WATCHED: Final = ""
"""The entry of a feed for the datapoints that the alarm compares, given ready-made."""


class FeedError(ValueError):
    """A case whose lines do not fit its alarms."""


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """The lines that feed one alarm."""

    alarm: MetricAlarm
    period: int
    """Seconds of one word."""
    times: IntArray
    values: Mapping[str, FloatArray]
    """By query id; WATCHED for the alarm's own datapoints."""
    counts: FloatArray | None
    """Samples behind each word, for percentiles of few samples."""
    band: tuple[FloatArray, FloatArray] | None
    keys: tuple[str, ...]
    """The case's keys that were used."""

    def at(self, instant: datetime) -> tuple[Series, Band | None, Series | None]:
        """Give datapoints, band and sample counts as the alarm sees them at `instant`; raises FeedError."""
        bounds = np.array(edges(self.alarm, at=instant, periods=self.alarm.n + EXTRA_PERIODS), dtype=np.int64)
        counts = None if self.counts is None else self._binned(self.counts, bounds, Statistic.parse("Sum"))
        band = None
        if self.band is not None:
            mean = Statistic.parse("Average")
            band = self._binned(self.band[0], bounds, mean), self._binned(self.band[1], bounds, mean)
        source = self.alarm.source
        if WATCHED in self.values:
            return self._binned(self.values[WATCHED], bounds, Statistic.parse("Average")), band, counts
        if isinstance(source, SingleMetric):
            return self._binned(self.values[SOLE], bounds, source.statistic), band, counts
        if not isinstance(source, MetricMath):
            raise FeedError(
                f"{self.alarm.name}: {self.alarm.evaluable.reason}; give its datapoints as {self.alarm.name}"
            )
        series, computed = self._computed(source, bounds)
        return series, band or computed, counts

    def _computed(self, source: MetricMath, bounds: IntArray) -> tuple[Series, Band | None]:
        alarm, span = self.alarm, Timespan(from_epoch(int(bounds[0])), from_epoch(int(bounds[-1])))
        inputs, history = {}, {}
        for query in source.metrics:
            inputs[query.id] = self._metric(query, bounds)
            history[query.id] = self._until(self.values[query.id], int(bounds[-1]))
        try:
            found = watched(alarm, inputs, span=span, history=history)
        except ValueError as error:
            raise FeedError(f"{alarm.name}: {error}") from None
        return found.series, found.band

    def _metric(self, query: DataQuery, bounds: IntArray) -> Series:
        period = query.period or self.alarm.period
        if period != self.alarm.period:
            bounds = np.arange(bounds[0], bounds[-1] + 1, period, dtype=np.int64)
        return self._binned(self.values[query.id], bounds, Statistic.parse(query.statistic or "Average"))

    def _until(self, values: FloatArray, end: int) -> Series:
        seen = (self.times < end) & ~np.isnan(values)
        return Series(self.times[seen], values[seen], self.period)

    def _binned(self, values: FloatArray, bounds: IntArray, statistic: Statistic) -> Series:
        """The statistic of each period between the bounds; a word that fills a period is that period's datapoint."""
        length = int(bounds[1] - bounds[0])
        seen = (self.times >= bounds[0]) & (self.times < bounds[-1]) & ~np.isnan(values)
        times, real = self.times[seen], values[seen]
        if length > self.period:
            bins = (np.searchsorted(bounds, times, side="right") - 1).astype(np.int64)
            reduced = reduce(statistic, real, np.ones(real.size), bins, bounds.size - 1)
            kept = ~np.isnan(reduced)
            times, real = bounds[:-1][kept], reduced[kept]
        return Series(times, real, length)


def feed(alarm: MetricAlarm, case: Case) -> Feed:
    """Find the lines of `case` that feed `alarm`; raises FeedError for one that is missing."""
    lines = _Lines(alarm, case)
    own = lines.find(alarm.name)
    source = alarm.source
    if own is not None:
        values = {WATCHED: own}
    elif isinstance(source, SingleMetric):
        values = {SOLE: lines.need((SOLE, *_spellings(source.metric, str(source.statistic))), str(source.metric))}
    elif isinstance(source, MetricMath):
        values = {
            query.id: lines.need((query.id, *_spellings(query.metric, query.statistic)), f"{query.id} ({query.metric})")
            for query in source.metrics
            if query.metric is not None
        }
    else:
        raise FeedError(f"{alarm.name}: {alarm.evaluable.reason}; give its datapoints as {alarm.name!r}")
    _check_periods(alarm, case.period)
    counts = lines.sample_counts() if alarm.low_samples == "ignore" else None
    times = np.array([_epoch(case, place) for place in range(case.length)], dtype=np.int64)
    return Feed(alarm, case.period, times, values, counts, lines.band(), tuple(lines.used))


def instants(case: Case) -> list[datetime]:
    """Give the instant of each word's evaluation: the end of its period."""
    return [case.start + timedelta(seconds=case.period * (place + 1)) for place in range(case.length)]


class _Lines:
    """Looks lines up, and remembers which were used."""

    def __init__(self, alarm: MetricAlarm, case: Case) -> None:
        self._alarm, self._case = alarm, case
        self._by_key = {normal(key): key for key in case.series}
        self.used: list[str] = []

    def find(self, *keys: str) -> FloatArray | None:
        for key in keys:
            own = self._by_key.get(normal(key))
            if own is not None:
                self.used.append(own)
                return _array(self._case.series[own])
        return None

    def need(self, keys: Sequence[str], what: str) -> FloatArray:
        found = self.find(*keys)
        if found is None:
            given = ", ".join(self._case.series) or "none"
            gaps = "" if self._case.length == 1 else f"x{self._case.length}"
            raise FeedError(
                f"{self._alarm.name} needs a series for {what}; given are {given}. Without data it is {what!r}: _{gaps}"
            )
        return found

    def sample_counts(self) -> FloatArray | None:
        metrics = self._alarm.metrics
        return self.find(*(f"{key} SampleCount" for key in (SOLE, *map(str, metrics[:1]))))

    def band(self) -> tuple[FloatArray, FloatArray] | None:
        lines = self._case.bands.get(self._alarm.threshold_metric_id or "")
        if lines is None:
            return None
        self.used.append(str(self._alarm.threshold_metric_id))
        return _array(lines[0]), _array(lines[1])


def normal(key: str) -> str:
    """Write metric coordinates in one way: dimensions sorted, single spaces."""
    match = re.fullmatch(r"([^{]*)\{(.*)\}([^}]*)", key.strip())
    if match is None:
        return " ".join(key.split())
    name, inner, statistic = match.groups()
    dimensions = sorted("=".join(part.strip() for part in pair.split("=", 1)) for pair in inner.split(","))
    return " ".join(f"{name} {{{', '.join(dimensions)}}} {statistic}".split())


def _spellings(metric: MetricId, statistic: str | None) -> tuple[str, str]:
    return f"{metric} {statistic}", str(metric)


def _check_periods(alarm: MetricAlarm, period: int) -> None:
    inner = [query.period for query in alarm.source.metrics] if isinstance(alarm.source, MetricMath) else []
    for own in (alarm.period, *(each for each in inner if each is not None)):
        if own % period:
            raise FeedError(
                f"{alarm.name} has periods of {own} s, which words of {period} s do not fill; "
                f"give a period that divides {own}"
            )


def _epoch(case: Case, place: int) -> int:
    return int(case.start.timestamp()) + case.period * place


def _array(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
