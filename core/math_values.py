"""What metric math computes with: numbers, series and arrays of them, and how operators combine two of these.

"Metric math syntax and functions", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
Two series are combined where both have a datapoint, which is why CloudWatch has FILL; a result that is no finite
number, as of a division by zero, is no datapoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from core.series import Series, Times, Values


class MathError(ValueError):
    """An expression that cannot be read or evaluated."""

    def __init__(self, message: str, *, position: int = 0, query: str | None = None) -> None:
        where = f"{query}, " if query else ""
        super().__init__(f"{where}at character {position + 1}: {message}")
        self.position = position
        """Characters before the place that is wrong."""
        self.message = message
        """What was found, and what was expected."""
        self.query = query
        """Id of the query whose expression it is, where that is known."""


class Word(str):
    """A bare word of an expression, such as REPEAT."""

    __slots__ = ()


Item = float | Series
Array = tuple[Item, ...]
Value = float | Series | Array | str
Operator = Callable[[Any, Any], Any]

OPERATORS: Final[Mapping[str, Operator]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "^": np.power,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "AND": np.logical_and,
    "OR": np.logical_or,
}
"""Comparison and logical operators give 1 and 0."""


def described(value: Value) -> str:
    """Say what kind of value this is, in the documentation's words."""
    if isinstance(value, Series):
        return "a time series"
    if isinstance(value, tuple):
        return "an array of time series"
    return f"the text {str(value)!r}" if isinstance(value, str) else "a number"


def combine(operator: str, left: Value, right: Value) -> Value:
    """Apply an operator; an array is combined element by element, but not with another array."""
    if isinstance(left, str) or isinstance(right, str):
        text = left if isinstance(left, str) else right
        raise MathError(f"{operator} cannot be applied to {described(text)}")
    if isinstance(left, tuple) and isinstance(right, tuple):
        raise MathError(f"{operator} cannot combine two arrays; reduce one of them first, as with SUM")
    if isinstance(left, tuple):
        return tuple(_pair(operator, item, right) for item in left) if not isinstance(right, tuple) else ()
    if isinstance(right, tuple):
        return tuple(_pair(operator, left, item) for item in right)
    return _pair(operator, left, right)


def each(value: Value, change: Callable[[Series], Item]) -> Value:
    """Change a series, or each series of an array."""
    if isinstance(value, tuple):
        return tuple(change(as_series(item)) for item in value)
    return change(as_series(value))


def as_series(value: Value) -> Series:
    if not isinstance(value, Series):
        raise MathError(f"a time series is expected here, not {described(value)}")
    return value


def as_number(value: Value) -> float:
    if isinstance(value, Series | tuple | str):
        raise MathError(f"a number is expected here, not {described(value)}")
    return float(value)


def as_array(value: Value) -> tuple[Series, ...]:
    """Give the series of an array; a single series is an array of one."""
    items: Sequence[Value] = value if isinstance(value, tuple) else (value,)
    return tuple(as_series(item) for item in items)


def changed(series: Series, values: Values, times: Times | None = None) -> Series:
    """Give `series` with other values; what is not finite becomes a gap."""
    at = series.times if times is None else times
    finite = np.isfinite(values)
    if not finite.all():
        at, values = at[finite], values[finite]
    return Series(at, values, series.period, None, series.label, series.settled_until)


def looked_up(series: Series, times: Times) -> Values:
    """Give the value of `series` at each of `times`, NaN where it has none."""
    if not len(series):
        return np.full(times.size, np.nan)
    place = np.minimum(np.searchsorted(series.times, times), len(series) - 1)
    return np.where(series.times[place] == times, series.values[place], np.nan)


def _pair(operator: str, left: Item, right: Item) -> Item:
    function = OPERATORS[operator]
    with np.errstate(all="ignore"):
        if isinstance(left, Series) and isinstance(right, Series):
            return _joined(function, left, right)
        if isinstance(left, Series):
            return changed(left, np.asarray(function(left.values, right), np.float64))
        if isinstance(right, Series):
            return changed(right, np.asarray(function(left, right.values), np.float64))
        return float(function(float(left), float(right)))


def _joined(function: Operator, left: Series, right: Series) -> Series:
    """Combine two series at the times that both have."""
    coarser = left if left.period >= right.period else right
    if left.times.size == right.times.size and (left.times == right.times).all():
        times, first, second = left.times, left.values, right.values
    else:
        times, of_left, of_right = np.intersect1d(left.times, right.times, return_indices=True)
        first, second = left.values[of_left], right.values[of_right]
    return changed(coarser, np.asarray(function(first, second), np.float64), times)
