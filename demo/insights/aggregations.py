"""What `stats` counts: every aggregation takes one line after the other, and gives its value at any time.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from demo.insights.values import Value, number, order, text

MOST_SAMPLES: Final = 200_000
"""Of one percentile in one group; of more every second is left out, and so on."""


class Aggregation(Protocol):
    """One aggregation over the lines of one group."""

    def add(self, value: Value, at: Value) -> None:
        """Take the value of a line, and its time."""

    def value(self) -> Value: ...


class Count:
    """How many lines have a value."""

    def __init__(self) -> None:
        self.n = 0

    def add(self, value: Value, at: Value) -> None:  # noqa: ARG002 - the port's signature
        self.n += value is not None

    def value(self) -> Value:
        return self.n


class Distinct:
    """How many different values there are."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def add(self, value: Value, at: Value) -> None:  # noqa: ARG002
        if value is not None:
            self.seen.add(str(text(value)))

    def value(self) -> Value:
        return len(self.seen)


class Numbers:
    """Sum, mean and spread of the numbers (Welford)."""

    def __init__(self, result: Callable[[Numbers], Value]) -> None:
        self.n, self.total, self.mean, self.square = 0, 0.0, 0.0, 0.0
        self._result = result

    def add(self, value: Value, at: Value) -> None:  # noqa: ARG002
        read = number(value)
        if read is not None:
            self.n += 1
            self.total += read
            away = read - self.mean
            self.mean += away / self.n
            self.square += away * (read - self.mean)

    def value(self) -> Value:
        return self._result(self) if self.n else None


class Extreme:
    """The least or the greatest value; numbers as numbers, text as text."""

    def __init__(self, pick: Callable[..., Any]) -> None:
        self._pick = pick
        self._found: Value = None

    def add(self, value: Value, at: Value) -> None:  # noqa: ARG002
        if value is not None:
            self._found = value if self._found is None else self._pick(self._found, value, key=order)

    def value(self) -> Value:
        return self._found


class InTime:
    """The value of the earliest or of the latest line that has one."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._at = -math.inf
        self._found: Value = None

    def add(self, value: Value, at: Value) -> None:
        when = number(at)
        if value is not None and when is not None and self._sign * when > self._at:
            self._at, self._found = self._sign * when, value

    def value(self) -> Value:
        return self._found


class Percentile:
    """The value below which a share of the numbers lies."""

    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._samples = array("d")
        self._every, self._seen = 1, 0

    def add(self, value: Value, at: Value) -> None:  # noqa: ARG002
        read = number(value)
        if read is None:
            return
        self._seen += 1
        if self._seen % self._every == 0:
            self._samples.append(read)
        if len(self._samples) > MOST_SAMPLES:
            self._samples = self._samples[::2]
            self._every *= 2

    def value(self) -> Value:
        return float(np.percentile(np.array(self._samples), self._percent)) if self._samples else None


AGGREGATIONS: Final[dict[str, Callable[[], Aggregation]]] = {
    "count": Count,
    "count_distinct": Distinct,
    "sum": lambda: Numbers(lambda n: n.total),
    "avg": lambda: Numbers(lambda n: n.mean),
    "stddev": lambda: Numbers(lambda n: math.sqrt(n.square / (n.n - 1)) if n.n > 1 else 0.0),
    "min": lambda: Extreme(min),
    "max": lambda: Extreme(max),
    "earliest": lambda: InTime(-1),
    "latest": lambda: InTime(1),
    "sortsfirst": lambda: Extreme(min),
    "sortslast": lambda: Extreme(max),
}
"""By lower-case name; percentiles take their percent too."""
PERCENTILES: Final = frozenset({"pct", "percentile"})
NAMES: Final = frozenset(AGGREGATIONS) | PERCENTILES
