"""The functions of CloudWatch metric math.

"Functions supported for metric math",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
STDDEV is the population's, as AWS does not say; ANOMALY_DETECTION_BAND is Watchkeeper's own model (`core.seasonal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np

from core import seasonal
from core.math_values import (
    MathError,
    Value,
    Word,
    as_array,
    as_number,
    as_series,
    changed,
    described,
    each,
    looked_up,
)
from core.series import Series, Times, Values
from core.timespan import Timespan, from_epoch

MAX_FOUND: Final = 500
"""Series that one SEARCH gives. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""


class Surroundings(Protocol):
    """What a function may ask of the request that it stands in."""

    @property
    def span(self) -> Timespan: ...

    @property
    def period(self) -> int:
        """Seconds of the finest metric of the request."""

    def metrics(self, part: str) -> tuple[Series, ...]:
        """The request's metrics, in their order, whose id contains `part`."""

    def history(self, series: Series) -> Series:
        """The same series over a longer time, where there is one."""

    def search(self, text: str, statistic: str, period: int) -> tuple[Series, ...]: ...


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what it wants, and what it does."""

    form: str
    """Its call as the documentation writes it."""
    least: int
    most: int
    apply: Callable[..., Value]
    """Takes the surroundings, then the arguments."""


def grid(surroundings: Surroundings, period: int, like: Series | None = None) -> Times:
    """Give every period of the request's span, counted like `like` where it has a datapoint."""
    start, end = surroundings.span.start.timestamp(), surroundings.span.end.timestamp()
    if like is not None and len(like):
        first = int(like.times[0]) - (int(like.times[0]) - int(start)) // period * period
    else:
        step = min(period, 60)
        first = int(start) // step * step
    return np.arange(first, int(np.ceil(end)), period, dtype=np.int64)


def _reduced(numbers: Callable[..., Any]) -> Callable[..., Value]:
    """A function that gives one number of a series, and one series of an array.

    The number of a series without datapoints is not a number, so that what is computed with it has no datapoint.
    """

    def apply(_surroundings: Surroundings, value: Value) -> Value:
        if isinstance(value, Series):
            return float(numbers(value.values)) if len(value) else float("nan")
        if isinstance(value, tuple) and value and not any(isinstance(item, Series) for item in value):
            return float(numbers(np.array([as_number(item) for item in value])))
        return _across(as_array(value), numbers)

    return apply


def _across(array: tuple[Series, ...], numbers: Callable[..., Any]) -> Series:
    """Reduce the series of an array to one, at every time that any of them has."""
    if not array:
        return Series.empty(60)
    times = np.unique(np.concatenate([series.times for series in array]))
    table = np.vstack([looked_up(series, times) for series in array])
    values = np.asarray(numbers(table, axis=0), np.float64) if times.size else np.empty(0)
    coarsest = max(array, key=lambda series: series.period)
    return changed(coarsest, values, times)


def _pointwise(numbers: Callable[[Any], Any]) -> Callable[..., Value]:
    """A function of each value."""

    def apply(_surroundings: Surroundings, value: Value) -> Value:
        with np.errstate(all="ignore"):
            if isinstance(value, float | int):
                return float(numbers(value))
            return each(value, lambda series: changed(series, np.asarray(numbers(series.values), np.float64)))

    return apply


def _stepwise(numbers: Callable[[Values, Values], Any]) -> Callable[..., Value]:
    """A function of each datapoint and the one before: of their difference, and the seconds between them."""

    def step(series: Series) -> Series:
        seconds = np.diff(series.times).astype(np.float64)
        return changed(series, np.asarray(numbers(np.diff(series.values), seconds), np.float64), series.times[1:])

    return lambda _surroundings, value: each(value, step)


def _calendar(field: Callable[[datetime], int]) -> Callable[..., Value]:
    """A function of each datapoint's time, in UTC."""

    def change(series: Series) -> Series:
        values = np.array([field(from_epoch(time)) for time in series.times.tolist()], np.float64)
        return changed(series, values)

    return lambda _surroundings, value: each(value, change)


def _fill(surroundings: Surroundings, value: Value, filler: Value) -> Value:
    return each(value, lambda series: _filled(surroundings, series, filler))


def _filled(surroundings: Surroundings, series: Series, filler: Value) -> Series:
    times = grid(surroundings, series.period, series)
    values = looked_up(series, times)
    empty = np.isnan(values)
    if isinstance(filler, Series):
        values[empty] = looked_up(filler, times)[empty]
    elif isinstance(filler, Word):
        values = _between(filler, series, times, values)
    else:
        values[empty] = as_number(filler)
    return changed(series, values, times)


def _between(word: Word, series: Series, times: Times, values: Values) -> Values:
    """Fill from the datapoints around a gap; nothing comes before the first, and LINEAR ends with the last."""
    if word not in {"REPEAT", "LINEAR"}:
        raise MathError(f"{word} is no way to fill; use REPEAT, LINEAR, a number or a time series")
    if not len(series):
        return values
    if word == "LINEAR":
        return np.interp(times, series.times, series.values, left=np.nan, right=np.nan)
    before = np.searchsorted(series.times, times, side="right") - 1
    return np.where(before >= 0, series.values[np.maximum(before, 0)], np.nan)


def _if(_surroundings: Surroundings, condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    if isinstance(condition, float | int):
        chosen = then if condition else otherwise
        return Series.empty(60) if chosen is None else chosen
    times = as_series(condition).times
    values = np.where(as_series(condition).values != 0, _at(then, times), _at(otherwise, times))
    return changed(as_series(condition), values)


def _at(value: Value | None, times: Times) -> Values:
    if value is None:
        return np.full(times.size, np.nan)
    return looked_up(value, times) if isinstance(value, Series) else np.full(times.size, as_number(value))


def _running_sum(_surroundings: Surroundings, value: Value) -> Value:
    return each(value, lambda series: changed(series, np.cumsum(series.values)))


def _count(_surroundings: Surroundings, value: Value) -> Value:
    return each(value, lambda series: float(len(series)))


def _period(_surroundings: Surroundings, value: Value) -> Value:
    return float(as_series(value).period)


def _time_series(surroundings: Surroundings, value: Value) -> Value:
    times = grid(surroundings, surroundings.period)
    return changed(Series.empty(surroundings.period), np.full(times.size, as_number(value)), times)


def _metrics(surroundings: Surroundings, part: Value = "") -> Value:
    if not isinstance(part, str) or isinstance(part, Word):
        raise MathError(f'METRICS takes a text such as METRICS("errors"), not {described(part)}')
    return surroundings.metrics(part)


def _one_of(place: int) -> Callable[..., Value]:
    def apply(_surroundings: Surroundings, value: Value) -> Value:
        array = as_array(value)
        if not array:
            raise MathError("the array is empty")
        return array[place]

    return apply


def _slice(_surroundings: Surroundings, value: Value, first: Value, end: Value | None = None) -> Value:
    stop = None if end is None else int(as_number(end))
    return as_array(value)[int(as_number(first)) : stop]


_SORT_KEYS: Final[Mapping[str, Callable[[Values], Any]]] = {"AVG": np.mean, "MIN": np.min, "MAX": np.max, "SUM": np.sum}


def _sort(_surroundings: Surroundings, value: Value, key: Value, order: Value, limit: Value | None = None) -> Value:
    if key not in _SORT_KEYS or order not in {"ASC", "DESC"}:
        raise MathError("SORT goes by AVG, MIN, MAX or SUM, and ASC or DESC, as in SORT(METRICS(), AVG, DESC, 10)")
    number = _SORT_KEYS[str(key)]
    full = sorted(
        (s for s in as_array(value) if len(s)), key=lambda s: float(number(s.values)), reverse=order == "DESC"
    )
    ordered = (*full, *(series for series in as_array(value) if not len(series)))
    return ordered if limit is None else ordered[: int(as_number(limit))]


def _remove_empty(_surroundings: Surroundings, value: Value) -> Value:
    return tuple(series for series in as_array(value) if len(series))


def _search(surroundings: Surroundings, text: Value, statistic: Value, period: Value | None = None) -> Value:
    if not isinstance(text, str) or not isinstance(statistic, str):
        raise MathError("SEARCH takes two texts, as in SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average')")
    seconds = surroundings.period if period is None else int(as_number(period))
    return surroundings.search(text, statistic, seconds)[:MAX_FOUND]


def _band(surroundings: Surroundings, value: Value, width: Value = 2.0) -> Value:
    """Upper bound first, then lower."""
    series = as_series(value)
    lower, upper = seasonal.band(surroundings.history(series), series.times, width=as_number(width))
    return changed(series, upper), changed(series, lower)


def _refused(why: str) -> Callable[..., Value]:
    def apply(_surroundings: Surroundings, *_arguments: Value) -> Value:
        raise MathError(why)

    return apply


def _rate(difference: Values, seconds: Values) -> Any:
    return difference / seconds


_ANY: Final = 99

FUNCTIONS: Final[Mapping[str, Function]] = {
    "ABS": Function("ABS(m1)", 1, 1, _pointwise(np.abs)),
    "ANOMALY_DETECTION_BAND": Function("ANOMALY_DETECTION_BAND(m1, 2)", 1, 2, _band),
    "AVG": Function("AVG(METRICS())", 1, 1, _reduced(np.nanmean)),
    "CEIL": Function("CEIL(m1)", 1, 1, _pointwise(np.ceil)),
    "DATAPOINT_COUNT": Function("DATAPOINT_COUNT(m1)", 1, 1, _count),
    "DATE": Function("DATE(m1)", 1, 1, _calendar(lambda at: at.day)),
    "DAY": Function("DAY(m1)", 1, 1, _calendar(datetime.isoweekday)),
    "DB_PERF_INSIGHTS": Function(
        "DB_PERF_INSIGHTS('RDS', 'db-…', 'metric')", 0, _ANY, _refused("Performance Insights is read by AWS only")
    ),
    "DIFF": Function("DIFF(m1)", 1, 1, _stepwise(lambda difference, _seconds: difference)),
    "DIFF_TIME": Function("DIFF_TIME(m1)", 1, 1, _stepwise(lambda _difference, seconds: seconds)),
    "EPOCH": Function("EPOCH(m1)", 1, 1, _calendar(lambda at: int(at.timestamp()))),
    "FILL": Function("FILL(m1, REPEAT)", 2, 2, _fill),
    "FIRST": Function("FIRST(METRICS())", 1, 1, _one_of(0)),
    "FLOOR": Function("FLOOR(m1)", 1, 1, _pointwise(np.floor)),
    "HOUR": Function("HOUR(m1)", 1, 1, _calendar(lambda at: at.hour)),
    "IF": Function("IF(m1 > 5, m1, 0)", 2, 3, _if),
    "INSIGHT_RULE_METRIC": Function(
        "INSIGHT_RULE_METRIC(rule, metric)", 0, _ANY, _refused("Contributor Insights rules are evaluated by AWS only")
    ),
    "LAMBDA": Function("LAMBDA('function', …)", 0, _ANY, _refused("LAMBDA calls a function in your account; AWS only")),
    "LAST": Function("LAST(METRICS())", 1, 1, _one_of(-1)),
    "LOG": Function("LOG(m1)", 1, 1, _pointwise(np.log)),
    "LOG10": Function("LOG10(m1)", 1, 1, _pointwise(np.log10)),
    "MAX": Function("MAX(METRICS())", 1, 1, _reduced(np.nanmax)),
    "METRICS": Function('METRICS("errors")', 0, 1, _metrics),
    "MIN": Function("MIN(METRICS())", 1, 1, _reduced(np.nanmin)),
    "MINUTE": Function("MINUTE(m1)", 1, 1, _calendar(lambda at: at.minute)),
    "MONTH": Function("MONTH(m1)", 1, 1, _calendar(lambda at: at.month)),
    "PERIOD": Function("PERIOD(m1)", 1, 1, _period),
    "RATE": Function("RATE(m1)", 1, 1, _stepwise(_rate)),
    "REMOVE_EMPTY": Function("REMOVE_EMPTY(METRICS())", 1, 1, _remove_empty),
    "RUNNING_SUM": Function("RUNNING_SUM(m1)", 1, 1, _running_sum),
    "SEARCH": Function("SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average', 300)", 2, 3, _search),
    "SERVICE_QUOTA": Function("SERVICE_QUOTA(m1)", 0, _ANY, _refused("Service Quotas are known to AWS only")),
    "SLICE": Function("SLICE(METRICS(), 0, 10)", 2, 3, _slice),
    "SORT": Function("SORT(METRICS(), AVG, DESC, 10)", 3, 4, _sort),
    "STDDEV": Function("STDDEV(METRICS())", 1, 1, _reduced(np.nanstd)),
    "SUM": Function("SUM(METRICS())", 1, 1, _reduced(np.nansum)),
    "TIME_SERIES": Function("TIME_SERIES(0)", 1, 1, _time_series),
    "YEAR": Function("YEAR(m1)", 1, 1, _calendar(lambda at: at.year)),
}
"""Every function of the documentation's list, with its usual call as example."""
