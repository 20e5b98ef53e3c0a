"""A metric's identity and its datapoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.timespan import Timespan, from_epoch

Times = npt.NDArray[np.int64]
"""Epoch seconds, ascending."""
Values = npt.NDArray[np.float64]
"""One value a time; NaN is a gap."""


@dataclass(frozen=True, slots=True, order=True)
class MetricId:
    """A metric as CloudWatch names it: namespace, name and the exact set of dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """(name, value) pairs; kept sorted, because their order means nothing to CloudWatch."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimensions", tuple(sorted(self.dimensions)))

    @property
    def dimension_map(self) -> dict[str, str]:
        return dict(self.dimensions)

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace} {self.name}" + (f" {{{where}}}" if where else "")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Datapoints of one metric and statistic, sparse: a time that is absent is a gap.

    A datapoint's time is the start of its period, as CloudWatch gives it.
    """

    times: Times
    values: Values
    period: int
    """Seconds each datapoint covers."""
    unit: str | None = None
    """CloudWatch's unit (`Percent`, `Seconds`, `Count`, `Bytes`, …); None where AWS said none."""
    label: str = ""
    settled_until: datetime | None = field(default=None)
    """Datapoints from here on may still change; None means that nothing is known of settling."""

    def __post_init__(self) -> None:
        if self.times.shape != self.values.shape or self.times.ndim != 1:
            raise ValueError(f"{self.times.shape} times do not fit {self.values.shape} values; give one value a time")

    def __len__(self) -> int:
        return int(self.times.size)

    @classmethod
    def empty(cls, period: int, *, unit: str | None = None, label: str = "") -> Series:
        return cls(np.empty(0, np.int64), np.empty(0, np.float64), period, unit, label)

    @property
    def last(self) -> tuple[datetime, float] | None:
        """The newest datapoint, or None where there is none."""
        return (from_epoch(int(self.times[-1])), float(self.values[-1])) if len(self) else None

    def within(self, span: Timespan) -> Series:
        """Keep the datapoints whose time lies in `span`."""
        low, high = np.searchsorted(self.times, [span.start.timestamp(), span.end.timestamp()])
        return Series(
            self.times[low:high], self.values[low:high], self.period, self.unit, self.label, self.settled_until
        )

    def on_grid(self, span: Timespan) -> tuple[Times, Values]:
        """Lay the datapoints on every period of `span`; a period nobody reported is NaN."""
        whole = span.aligned(self.period)
        grid = np.arange(int(whole.start.timestamp()), int(whole.end.timestamp()), self.period, dtype=np.int64)
        values = np.full(grid.size, np.nan)
        place = (self.times - grid[0]) // self.period if grid.size else self.times
        inside = (place >= 0) & (place < grid.size)
        values[place[inside]] = self.values[inside]
        return grid, values
