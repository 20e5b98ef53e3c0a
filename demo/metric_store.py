"""The demo cloud's metrics: what was put, found and read at numpy's speed. One store an account and region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock

import numpy as np

from core.reading import Scope
from core.series import MetricId, Series, Times, Values
from core.statistics import IntArray, Statistic, reduce, reduce_sets
from demo.metric_columns import Columns, Rows

LISTED_FOR = 14 * 86_400
"""Seconds of silence after which ListMetrics forgets a metric.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html"""


LISTED_AFTER = 15 * 60
"""Seconds after its first PutMetricData at which a metric is listed: AWS says that it can take so long.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""


@dataclass(frozen=True, slots=True)
class DimensionFilter:
    """A dimension that a listed metric must have; without a value any value will do."""

    name: str
    value: str | None = None


class MetricStore:
    """Datapoints by namespace, name and exact dimensions. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._metrics: dict[MetricId, Columns] = {}
        self._lock = RLock()

    def put(
        self,
        metric: MetricId,
        times: Times,
        values: Values,
        counts: Values | None = None,
        *,
        unit: str | None = None,
        resolution: int = 60,
        lag: int | None = None,
    ) -> None:
        """Add datapoints at `times` (n, epoch seconds); appending at the end is fastest, late ones find their place.

        `values` is (n,), or (n, k) for k raw samples a time; `counts` has its shape and says how many times
        each was observed (None: once; 0: unused slot). A time that comes twice is kept twice. `resolution` 60
        stamps datapoints with their minute, 1 with their second. `lag`, once given, is how many seconds after
        its time a datapoint of this metric can first be seen.
        """
        with self._lock:
            columns = self._columns(metric, unit, resolution, lag)
            columns.append(_stamped(times, columns.resolution), np.asarray(values, np.float64), counts)

    def put_sets(
        self,
        metric: MetricId,
        times: Times,
        *,
        sample_count: Values,
        sums: Values,
        minimum: Values,
        maximum: Values,
        unit: str | None = None,
        resolution: int = 60,
        lag: int | None = None,
    ) -> None:
        """Add statistic sets, one a time: they keep no raw samples, so percentiles can't be read from them."""
        with self._lock:
            columns = self._columns(metric, unit, resolution, lag)
            columns.append_sets(_stamped(times, columns.resolution), sample_count, sums, minimum, maximum)

    def note_put(self, metric: MetricId, *, at: int) -> bool:
        """Note that somebody puts a metric: one that is new is read at once, and listed after a while.

        Says whether it is the first time in its hour: AWS bills a custom metric by the hours in which it reports.
        """
        with self._lock:
            if metric not in self._metrics:
                self._columns(metric, None, 60, None).listed_at = at + LISTED_AFTER
            columns, hour = self._metrics[metric], at // 3600
            is_new, columns.put_in_hour = columns.put_in_hour != hour, hour
            return is_new

    def read(
        self,
        metric: MetricId,
        statistic: Statistic,
        *,
        start: int,
        end: int,
        period: int,
        visible_at: int | None = None,
        unit: str | None = None,
    ) -> Series:
        """Give one value a period that has data; periods are counted from `start`, which the caller aligns.

        Only datapoints that can be seen at `visible_at` count (None: all). Asking for another unit than the
        metric was put with gives nothing, as AWS converts none. Times and bounds are epoch seconds; `end` is
        exclusive.
        """
        with self._lock:
            columns = self._metrics.get(metric)
            if columns is None or (unit is not None and unit != (columns.unit or "None")):
                return Series.empty(period)
            seen = end if visible_at is None else min(end, visible_at - columns.lag + 1)
            rows = columns.between(start, max(start, seen))
            kept_unit = columns.unit
        return _reduced(rows, statistic, start=start, period=period, end=end, unit=kept_unit)

    def list(
        self,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Sequence[DimensionFilter] = (),
        *,
        recently_active: int | None = None,
        now: int,
    ) -> list[MetricId]:
        """Give the metrics that match, sorted; `recently_active` is a number of seconds before `now`."""
        since = now - (LISTED_FOR if recently_active is None else recently_active)
        with self._lock:
            return sorted(
                metric
                for metric, columns in self._metrics.items()
                if (namespace is None or metric.namespace == namespace)
                and (name is None or metric.name == name)
                and _has_all(metric, dimensions)
                and columns.newest is not None
                and columns.newest >= since
                and (columns.listed_at is None or columns.listed_at <= now)
            )

    def unit(self, metric: MetricId) -> str | None:
        """Give the unit the metric was put with; None where none was, or nothing was put."""
        with self._lock:
            columns = self._metrics.get(metric)
            return columns.unit if columns else None

    def rows(self, metric: MetricId) -> int:
        """Give how many datapoints are kept of `metric`."""
        with self._lock:
            return len(self._metrics.get(metric, ()))

    def _columns(self, metric: MetricId, unit: str | None, resolution: int, lag: int | None) -> Columns:
        columns = self._metrics.get(metric)
        if columns is None:
            columns = self._metrics[metric] = Columns(unit=unit, resolution=resolution)
        columns.resolution = min(columns.resolution, resolution)
        columns.unit = unit or columns.unit
        if lag is not None:
            columns.lag = lag
        return columns


class Stores:
    """Every scope's store, made when first asked for."""

    def __init__(self) -> None:
        self._stores: dict[Scope, MetricStore] = {}
        self._lock = RLock()

    def of(self, scope: Scope) -> MetricStore:
        with self._lock:
            return self._stores.setdefault(scope, MetricStore())

    def scopes(self) -> Iterator[Scope]:
        """Give the scopes that hold anything, or were asked for."""
        with self._lock:
            return iter(tuple(self._stores))


def _reduced(rows: Rows, statistic: Statistic, *, start: int, period: int, end: int, unit: str | None) -> Series:
    if not len(rows):
        return Series.empty(period, unit=unit)
    size = -(-(end - start) // period)
    bins = (rows.times - start) // period
    if not statistic.is_extended or rows.samples is None:
        found = reduce_sets(statistic, rows.n, rows.sums, rows.minimum, rows.maximum, bins, size)
    else:
        found = _extended(rows, statistic, bins, size)
    there = np.flatnonzero(~np.isnan(found))
    return Series((start + there * period).astype(np.int64), found[there], period, unit)


def _extended(rows: Rows, statistic: Statistic, bins: IntArray, size: int) -> Values:
    values, counts, row = rows.raw()
    known = ~np.isnan(values)
    found = reduce(statistic, values[known], counts[known], bins[row[known]], size)
    found[bins[row[~known]]] = np.nan  # a statistic set in the period hides its single observations
    return found


def _stamped(times: Times, resolution: int) -> Times:
    times = np.asarray(times, np.int64)
    return times if resolution < 60 else times - times % 60


def _has_all(metric: MetricId, filters: Sequence[DimensionFilter]) -> bool:
    if not filters:
        return True
    have: Mapping[str, str] = metric.dimension_map
    return all(f.name in have and (f.value is None or have[f.name] == f.value) for f in filters)
