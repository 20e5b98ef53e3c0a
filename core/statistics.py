"""CloudWatch's statistics: their grammar, and their value for the samples of many periods at once.

Source: "CloudWatch statistics definitions",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

Two choices are ours, because AWS only says that it estimates:

* A percentile is the weighted nearest rank: the smallest value that at least N percent of the observations do not
  exceed. It is always a value that somebody observed, and of a single observation it is that observation.
* Trimming by percent removes whole observations, with the same ranks: `TM(a%:b%)` of n observations keeps those of
  rank above ⌊n·a/100⌋ and up to ⌈n·b/100⌉, so at least one observation is kept.

Absolute boundaries leave the lower one out and take the upper one in, as AWS says of `TM(150:1000)` and `PR`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Measure(StrEnum):
    """What is measured; the value is AWS's spelling, and the short forms' prefix in upper case."""

    AVERAGE = "Average"
    SUM = "Sum"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    SAMPLE_COUNT = "SampleCount"
    PERCENTILE = "P"
    TRIMMED_MEAN = "TM"
    WINSORIZED_MEAN = "WM"
    PERCENTILE_RANK = "PR"
    TRIMMED_COUNT = "TC"
    TRIMMED_SUM = "TS"


PLAIN: Final = frozenset(
    {Measure.AVERAGE, Measure.SUM, Measure.MINIMUM, Measure.MAXIMUM, Measure.SAMPLE_COUNT},
)
"""The statistics that `Statistic` takes in PutMetricAlarm; all others go into `ExtendedStatistic`."""

ACCEPTED: Final = (
    "Average, Sum, Minimum, Maximum, SampleCount, p99.9, tm90, wm90, tc90, ts90, IQM, "
    "TM(10%:90%) or TM(150:1000) with TM, WM, TC or TS, or PR(100:2000)"
)

_PERCENT: Final = r"(?:\d{1,2}(?:\.\d{0,10})?|100(?:\.0{0,10})?)"
_VALUE: Final = r"(?:\d+(?:\.\d{0,10})?(?:[Ee][+-]?\d+)?)"
_SHORT: Final = re.compile(rf"(p|tm|wm|tc|ts)({_PERCENT})")
_PERCENT_RANGE: Final = re.compile(rf"(TM|WM|TC|TS)\((?:({_PERCENT})%)?:(?:({_PERCENT})%)?\)")
_VALUE_RANGE: Final = re.compile(rf"(TM|WM|TC|TS|PR)\(({_VALUE})?:({_VALUE})?\)")
_SLACK: Final = 1e-9
"""Observations; less than this is rounding, not an observation."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic as CloudWatch names it. Make it with `Statistic.parse`."""

    measure: Measure
    low: float | None = None
    """Lower boundary: percent, or an absolute value; None where the range is open below."""
    high: float | None = None
    """Upper boundary; of a percentile, its rank in percent."""
    in_percent: bool = False
    text: str = ""
    """AWS's spelling."""

    @classmethod
    def parse(cls, text: str) -> Statistic:
        """Read a statistic; raises ValueError with the accepted forms.

        >>> Statistic.parse("p99.9"), str(Statistic.parse("TM(:95%)"))
        (Statistic(measure=<Measure.PERCENTILE: 'P'>, low=None, high=99.9, in_percent=True, text='p99.9'), 'TM(:95%)')
        """
        if text in PLAIN:
            return cls(Measure(text), text=text)
        if text == "IQM":
            return cls(Measure.TRIMMED_MEAN, 25.0, 75.0, in_percent=True, text=text)
        statistic = _parse_short(text) or _parse_range(text)
        if statistic is None:
            raise ValueError(f"{text!r} is not a CloudWatch statistic; use {ACCEPTED}")
        return statistic

    @property
    def is_extended(self) -> bool:
        """True where PutMetricAlarm wants it as `ExtendedStatistic`."""
        return self.measure not in PLAIN

    @property
    def is_percentile(self) -> bool:
        return self.measure is Measure.PERCENTILE

    def __str__(self) -> str:
        return self.text or str(self.measure)


def reduce(statistic: Statistic, values: FloatArray, counts: FloatArray, bins: IntArray, size: int) -> FloatArray:
    """Give the statistic of each of `size` periods; NaN where a period has no sample.

    `values` and `counts` are the samples, 1-D: a value, and how many times it was observed (0 is an unused slot);
    `bins` says in which period, `0 … size - 1`, each sample falls, in any order.
    """
    if counts.size and not (counts > 0).all():
        used = counts > 0
        values, counts, bins = values[used], counts[used], bins[used]
    if not statistic.is_extended:
        return _plain(statistic.measure, values, counts, bins, size)
    if not statistic.in_percent:
        return _within_values(statistic, values, counts, bins, size)
    return _within_ranks(statistic, values, counts, bins, size)


def reduce_sets(
    statistic: Statistic,
    sample_count: FloatArray,
    sums: FloatArray,
    minimum: FloatArray,
    maximum: FloatArray,
    bins: IntArray,
    size: int,
) -> FloatArray:
    """Give the statistic of each period out of statistic sets, which hold no single observations.

    Extended statistics of a period are NaN unless every set in it says the value of each of its observations: it holds
    one observation, or its minimum is its maximum. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html
    """
    if not statistic.is_extended:
        return _plain_sets(statistic.measure, sample_count, sums, minimum, maximum, bins, size)
    known = (minimum == maximum) | (sample_count == 1)
    single = np.where(minimum == maximum, minimum, sums)
    result = reduce(statistic, single[known], sample_count[known], bins[known], size)
    result[bins[~known]] = np.nan
    return result


def _parse_short(text: str) -> Statistic | None:
    match = _SHORT.fullmatch(text)
    if match is None:
        return None
    return Statistic(Measure(match[1].upper()), None, float(match[2]), in_percent=True, text=text)


def _parse_range(text: str) -> Statistic | None:
    percent = _PERCENT_RANGE.fullmatch(text)
    match = percent if percent is not None and percent[2] != percent[3] else _VALUE_RANGE.fullmatch(text)
    if match is None or (match[2] is None and match[3] is None):
        return None
    low, high = (None if bound is None else float(bound) for bound in match.groups()[1:])
    if low is not None and high is not None and low >= high:
        return None
    return Statistic(Measure(match[1]), low, high, in_percent=match is percent, text=text)


def _plain(measure: Measure, values: FloatArray, counts: FloatArray, bins: IntArray, size: int) -> FloatArray:
    if measure in {Measure.MINIMUM, Measure.MAXIMUM}:
        return _extreme(measure, values, bins, size)
    weight = _summed(counts, bins, size)
    if measure is Measure.SAMPLE_COUNT:
        return _blank_where_empty(weight, weight)
    total = _summed(values * counts, bins, size)
    return _ratio(total, weight) if measure is Measure.AVERAGE else _blank_where_empty(total, weight)


def _plain_sets(
    measure: Measure,
    sample_count: FloatArray,
    sums: FloatArray,
    minimum: FloatArray,
    maximum: FloatArray,
    bins: IntArray,
    size: int,
) -> FloatArray:
    if measure is Measure.MINIMUM:
        return _extreme(measure, minimum, bins, size)
    if measure is Measure.MAXIMUM:
        return _extreme(measure, maximum, bins, size)
    weight = _summed(sample_count, bins, size)
    if measure is Measure.SAMPLE_COUNT:
        return _blank_where_empty(weight, weight)
    total = _summed(sums, bins, size)
    return _ratio(total, weight) if measure is Measure.AVERAGE else _blank_where_empty(total, weight)


def _extreme(measure: Measure, values: FloatArray, bins: IntArray, size: int) -> FloatArray:
    result = np.full(size, np.nan)
    if not values.size:
        return result
    if (bins[1:] < bins[:-1]).any():
        order = np.argsort(bins, kind="stable")
        values, bins = values[order], bins[order]
    starts = np.flatnonzero(np.concatenate(([True], bins[1:] != bins[:-1])))
    ufunc = np.minimum if measure is Measure.MINIMUM else np.maximum
    result[bins[starts]] = ufunc.reduceat(values, starts)
    return result


def _within_values(
    statistic: Statistic, values: FloatArray, counts: FloatArray, bins: IntArray, size: int
) -> FloatArray:
    """Statistics between absolute boundaries: above `low`, up to `high`."""
    low = -np.inf if statistic.low is None else statistic.low
    high = np.inf if statistic.high is None else statistic.high
    total = _summed(counts, bins, size)
    if statistic.measure is Measure.WINSORIZED_MEAN:
        return _ratio(_summed(np.clip(values, low, high) * counts, bins, size), total)
    kept = np.where((values > low) & (values <= high), counts, 0.0)
    weight = _summed(kept, bins, size)
    if statistic.measure is Measure.PERCENTILE_RANK:
        return _ratio(100.0 * weight, total)
    if statistic.measure is Measure.TRIMMED_COUNT:
        return _blank_where_empty(weight, total)
    sums = _summed(values * kept, bins, size)
    return _ratio(sums, weight) if statistic.measure is Measure.TRIMMED_MEAN else _blank_where_empty(sums, total)


def _within_ranks(
    statistic: Statistic, values: FloatArray, counts: FloatArray, bins: IntArray, size: int
) -> FloatArray:
    """Statistics between boundaries in percent of the observations of each period."""
    if not values.size:
        return np.full(size, np.nan)
    values, counts, bins = _sorted_within_bins(values, counts, bins)
    ranks = np.cumsum(counts)
    total = _summed(counts, bins, size)
    before = np.cumsum(total) - total
    percent_low = 0.0 if statistic.low is None else statistic.low
    percent_high = 100.0 if statistic.high is None else statistic.high
    first = np.floor(total * percent_low / 100.0 + _SLACK)
    last = np.ceil(total * percent_high / 100.0 - _SLACK)
    if statistic.is_percentile:
        return _at_rank(values, ranks, before + np.maximum(last, _SLACK), total)
    upper = np.minimum(ranks - before[bins], last[bins])
    lower = np.maximum(ranks - before[bins] - counts, first[bins])
    kept = np.maximum(upper - lower, 0.0)
    weight = _summed(kept, bins, size)
    if statistic.measure is Measure.TRIMMED_COUNT:
        return _blank_where_empty(weight, total)
    sums = _summed(values * kept, bins, size)
    if statistic.measure is Measure.TRIMMED_SUM:
        return _blank_where_empty(sums, total)
    if statistic.measure is Measure.TRIMMED_MEAN:
        return _ratio(sums, weight)
    lowest = _at_rank(values, ranks, before + np.minimum(first + 1, total), total)
    highest = _at_rank(values, ranks, before + np.maximum(last, _SLACK), total)
    with np.errstate(invalid="ignore"):  # a period without a sample has no boundary value
        return _ratio(sums + first * lowest + (total - last) * highest, total)


def _sorted_within_bins(
    values: FloatArray, counts: FloatArray, bins: IntArray
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Sort samples by period, then by value."""
    steps = np.flatnonzero(bins[1:] != bins[:-1])
    each = int(steps[0]) + 1 if steps.size else bins.size
    ascending = not (bins[1:] < bins[:-1]).any()
    if ascending and each == 1 and steps.size == bins.size - 1:
        return values, counts, bins
    if ascending and (steps.size + 1) * each == bins.size and (np.diff(steps) == each).all():
        # Equally many samples in every period, the common case: sorting short rows is several times faster.
        rows = values.reshape(-1, each)
        if (counts == counts[0]).all():
            return np.sort(rows, axis=1).ravel(), counts, bins
        order = np.argsort(rows, axis=1)
        return (
            np.take_along_axis(rows, order, axis=1).ravel(),
            np.take_along_axis(counts.reshape(-1, each), order, axis=1).ravel(),
            bins,
        )
    by_bin = np.lexsort((values, bins))
    return values[by_bin], counts[by_bin], bins[by_bin]


def _at_rank(values: FloatArray, ranks: FloatArray, wanted: FloatArray, total: FloatArray) -> FloatArray:
    """Give, for each period, the value of the observation with the wanted rank; `ranks` run over all periods."""
    place = np.minimum(np.searchsorted(ranks, wanted - _SLACK / 2, side="left"), values.size - 1)
    return np.where(total > 0, values[place], np.nan)


def _summed(weights: FloatArray, bins: IntArray, size: int) -> FloatArray:
    """Add up, for each period, what its samples weigh."""
    return np.bincount(bins, weights, size).astype(np.float64, copy=False)


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom > 0)
    return result


def _blank_where_empty(values: FloatArray, weight: FloatArray) -> FloatArray:
    return np.where(weight > 0, values, np.nan)
