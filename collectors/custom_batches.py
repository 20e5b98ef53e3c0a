"""Datapoints as requests of PutMetricData: equal ones of a period together, without losing any.

What was put of one metric in one period becomes one list of distinct values with how often each was seen, so that
percentiles stay exact; more than 150 distinct values become more lists. The same slots always make the same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

from collectors.custom_rules import OLDEST_MS, Definition
from collectors.spool.segments import EXTREMES, SET, VALUE, Slots

MOST_DATA: Final = 1000
"""Metric data of a request, of MetricData and EntityMetricData together.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
MOST_VALUES: Final = 150
"""Distinct values of one metric datum. The same page."""
MOST_BYTES: Final = 1_000_000
"""Of a request before it is compressed: the page says 1 MB and leaves open which, so this is the smaller reading."""
MARGIN_MS: Final = 60_000
"""AWS judges the age when a request arrives, so what becomes too old within a minute is not sent any more."""

Definitions = Callable[[int], Definition | None]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
Columns = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Datum:
    """One MetricDatum, written."""

    body: bytes
    points: int
    """How many puts are in it."""
    ms: int
    """When its period begins."""
    metric: int
    """The place of its metric among those of its batch."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One request."""

    namespace: str
    data: tuple[Datum, ...]
    metrics: Sequence[Definition]
    """Which these are; others may be among them."""

    @property
    def points(self) -> int:
        return sum(datum.points for datum in self.data)

    @property
    def body(self) -> bytes:
        """The JSON of the request's parameters."""
        written = b",".join(datum.body for datum in self.data)
        return b'{"Namespace":%b,"MetricData":[%b]}' % (orjson.dumps(self.namespace), written)

    def young(self, *, now_ms: int) -> Batch:
        """Give what of it AWS still takes."""
        oldest = now_ms - OLDEST_MS + MARGIN_MS
        if all(datum.ms >= oldest for datum in self.data):
            return self
        return replace(self, data=tuple(datum for datum in self.data if datum.ms >= oldest))

    def but(self, is_left_out: Callable[[Definition], bool]) -> Batch:
        """Give it without the data of some metrics."""
        out = {place for place in {datum.metric for datum in self.data} if is_left_out(self.metrics[place])}
        return replace(self, data=tuple(datum for datum in self.data if datum.metric not in out)) if out else self

    def halves(self) -> tuple[Batch, Batch]:
        """Give it in two."""
        middle = len(self.data) // 2
        return replace(self, data=self.data[:middle]), replace(self, data=self.data[middle:])


def batches(slots: Slots, definitions: Definitions) -> tuple[list[Batch], int]:
    """Give the requests that deliver `slots`, the oldest first, and how many datapoints can belong to none."""
    ids, place = np.unique(slots["metric"], return_inverse=True)
    found = [definitions(int(each)) for each in ids]
    known = np.array([each is not None for each in found], np.bool_)[place]
    halves = _first_halves(slots)
    single = slots["kind"] == VALUE
    lost = ~known | ~(single | halves | np.roll(halves, 1))
    seconds = np.roll(halves, 1) & ~single
    metrics = [each or Definition("", "") for each in found]
    steps = np.array([each.resolution * 1000 for each in metrics], np.int64)
    stamps = slots["ms"] - slots["ms"] % steps[place] if len(slots) else slots["ms"]
    merged = single & known & np.array([not each.percentiles for each in metrics], np.bool_)[place]
    raw = single & known & ~merged
    sets = _sets(slots, merged, halves & known)
    prefixes = [_prefix(each) for each in metrics]
    data = [*_value_data(slots[raw], place[raw], stamps[raw], prefixes)]
    data += _set_data(*sets, place, stamps, prefixes)
    data.sort(key=lambda each: (each.ms, each.metric))
    return _packed(data, metrics), int((lost & ~seconds).sum())


def _first_halves(slots: Slots) -> Flags:
    """Say which slots begin a statistic set whose other half follows."""
    kind, metric = slots["kind"], slots["metric"]
    first = np.zeros(len(slots), np.bool_)
    first[:-1] = (kind[:-1] == SET) & (kind[1:] == EXTREMES) & (metric[1:] == metric[:-1])
    return first


def _prefix(metric: Definition) -> bytes:
    """Write what all data of a metric begin with."""
    document: dict[str, object] = {"MetricName": metric.name}
    if metric.dimensions:
        document["Dimensions"] = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    if metric.unit is not None:
        document["Unit"] = metric.unit
    if metric.resolution != 60:
        document["StorageResolution"] = metric.resolution
    return orjson.dumps(document)[:-1]


def _starts(*columns: npt.NDArray[np.generic]) -> Places:
    """Give where a row differs from the one before it."""
    new = np.ones(len(columns[0]), np.bool_)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(new)


def _value_data(slots: Slots, place: Places, stamps: Places, prefixes: Sequence[bytes]) -> Iterator[Datum]:
    """Give a datum for each metric, period and 150 distinct values."""
    if not len(slots):
        return
    order = np.lexsort((slots["a"], place, stamps))
    values, counts, place, stamps = slots["a"][order], slots["b"][order], place[order], stamps[order]
    distinct = _starts(values, place, stamps)
    puts = np.diff(np.append(distinct, len(values)))
    counts, values = np.add.reduceat(counts, distinct), values[distinct]
    place, stamps = place[distinct], stamps[distinct]
    starts = _starts(place, stamps)
    all_values, all_counts, all_puts = values.tolist(), counts.tolist(), np.append(0, np.cumsum(puts)).tolist()
    ends = [*starts[1:].tolist(), len(values)]
    groups = zip(starts.tolist(), ends, place[starts].tolist(), stamps[starts].tolist(), strict=True)
    for start, end, metric, ms in groups:
        for low in range(start, end, MOST_VALUES):
            high = min(end, low + MOST_VALUES)
            body = _values(prefixes[metric], ms, all_values[low:high], all_counts[low:high])
            yield Datum(body, all_puts[high] - all_puts[low], ms, metric)


def _values(prefix: bytes, ms: int, values: list[float], counts: list[float]) -> bytes:
    if len(values) == 1 and counts[0] == 1:
        return b'%b,"Timestamp":%d,"Value":%b}' % (prefix, ms // 1000, orjson.dumps(values[0]))
    written = orjson.dumps(values), orjson.dumps(counts)
    return b'%b,"Timestamp":%d,"Values":%b,"Counts":%b}' % (prefix, ms // 1000, *written)


def _sets(slots: Slots, merged: Flags, halves: Flags) -> tuple[Places, Columns]:
    """Give the rows of what is sent as statistic sets, and their (count, sum, minimum, maximum)."""
    singles, firsts = np.flatnonzero(merged), np.flatnonzero(halves)
    value, count = slots["a"][singles], slots["b"][singles]
    of_singles = np.stack([count, value * count, value, value])
    of_pairs = np.stack([slots["a"][firsts], slots["b"][firsts], slots["a"][firsts + 1], slots["b"][firsts + 1]])
    return np.concatenate([singles, firsts]), np.concatenate([of_singles, of_pairs], axis=1)


def _set_data(
    rows: Places, columns: Columns, place: Places, stamps: Places, prefixes: Sequence[bytes]
) -> Iterator[Datum]:
    """Give one datum a metric and period."""
    if not len(rows):
        return
    order = np.lexsort((rows, place[rows], stamps[rows]))
    rows, columns = rows[order], columns[:, order]
    starts = _starts(place[rows], stamps[rows])
    parts = zip((np.add, np.add, np.minimum, np.maximum), columns, strict=True)
    sums = [reduction.reduceat(column, starts).tolist() for reduction, column in parts]
    puts = np.diff(np.append(starts, len(rows))).tolist()
    for metric, ms, points, *four in zip(
        place[rows][starts].tolist(), stamps[rows][starts].tolist(), puts, *sums, strict=True
    ):
        written = orjson.dumps(dict(zip(("SampleCount", "Sum", "Minimum", "Maximum"), four, strict=True)))
        body = b'%b,"Timestamp":%d,"StatisticValues":%b}' % (prefixes[metric], ms // 1000, written)
        yield Datum(body, points, ms, metric)


def _packed(data: Sequence[Datum], metrics: Sequence[Definition]) -> list[Batch]:
    """Give requests of one namespace each, within AWS's limits, in the order of their oldest datum."""
    open_: dict[str, list[Datum]] = {}
    sizes: dict[str, int] = {}
    packed: list[Batch] = []
    for datum in data:
        namespace, size = metrics[datum.metric].namespace, len(datum.body) + 1
        here = open_.setdefault(namespace, [])
        if here and (len(here) == MOST_DATA or sizes[namespace] + size > MOST_BYTES):
            packed.append(Batch(namespace, tuple(here), metrics))
            here = open_[namespace] = []
        if not here:
            sizes[namespace] = 2 * len(namespace) + 100
        here.append(datum)
        sizes[namespace] += size
    packed += [Batch(namespace, tuple(here), metrics) for namespace, here in open_.items() if here]
    return sorted(packed, key=lambda batch: batch.data[0].ms)
