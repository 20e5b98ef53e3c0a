"""One metric's datapoints as numpy columns that grow, in time order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.series import Times, Values

FIRST_ROWS = 64
SPARE = 0.1
"""Free room kept after a bulk load, as a share of its rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Datapoints in time order: one row a put datapoint, so a time that was put twice is there twice."""

    times: Times
    n: Values
    """How many observations each row stands for."""
    sums: Values
    minimum: Values
    maximum: Values
    samples: Values | None
    """(rows, k) raw samples of the rows that hold more than one; None where no row does."""
    counts: npt.NDArray[np.float32] | None
    """(rows, k) how many times each raw sample was observed; 0 is an unused slot. Exact up to 16 million."""

    def __len__(self) -> int:
        return int(self.times.size)

    def raw(self) -> tuple[Values, Values, npt.NDArray[np.int64]]:
        """Give (values, counts, row of each): every raw sample, flat; a count of 0 is an unused slot.

        A statistic set has no raw samples; it is one value when its minimum is its maximum, else NaN.
        """
        if self.samples is None or self.counts is None:
            return self._plain(slice(None))
        has_raw = self.counts.any(axis=1)
        everything = bool(has_raw.all())
        which: Any = slice(None) if everything else has_raw
        samples = self.samples[which]
        row = np.repeat(np.arange(len(self), dtype=np.int64)[which], samples.shape[1])
        wide = (samples.ravel(), self.counts[which].ravel().astype(np.float64), row)
        if everything:
            return wide
        values, counts, rows = (np.concatenate(pair) for pair in zip(wide, self._plain(~has_raw), strict=True))
        return values, counts, rows

    def _plain(self, which: Any) -> tuple[Values, Values, npt.NDArray[np.int64]]:
        row = np.arange(len(self), dtype=np.int64)[which]
        minimum = self.minimum[which]
        values = np.where(minimum == self.maximum[which], minimum, np.nan)
        return values, self.n[which], row


class Columns:
    """Growing columns. Not locked: its owner is. Rows already handed out never change under a reader."""

    def __init__(self, *, unit: str | None, resolution: int) -> None:
        self.unit = unit
        self.resolution = resolution
        self.lag = 0
        """Seconds after a datapoint's time at which it can first be seen."""
        self.listed_at: int | None = None
        """When the metric is listed first; None: since it exists."""
        self.put_in_hour = 0
        """The last hour, counted since 1970, in which somebody put it."""
        self._size = 0
        self._sorted = True
        self._times: Times = np.empty(0, np.int64)
        self._totals: npt.NDArray[np.float64] = np.empty((4, 0))
        self._samples: npt.NDArray[np.float64] | None = None
        self._counts: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def newest(self) -> int | None:
        """The newest datapoint's time, or None where there is none."""
        return int(self._times[: self._size].max()) if self._size else None

    def append(self, times: Times, values: Values, counts: Values | None) -> None:
        """Add a datapoint a row of `values`: (n,) single values, or (n, k) raw samples with `counts`."""
        wide = values[:, np.newaxis] if values.ndim == 1 else values
        if wide.shape[1] == 1 and counts is None:
            flat = wide[:, 0]
            self._extend(times, np.stack([np.ones(times.size), flat, flat, flat]), None, None)
            return
        weights = np.ones(wide.shape) if counts is None else counts.reshape(wide.shape)
        used = weights > 0
        totals = np.stack(
            [
                weights.sum(axis=1),
                np.where(used, wide * weights, 0.0).sum(axis=1),
                np.where(used, wide, np.inf).min(axis=1),
                np.where(used, wide, -np.inf).max(axis=1),
            ]
        )
        keep = totals[0] > 0
        single = wide.shape[1] == 1
        raw = (None, None) if single else (wide[keep], weights[keep].astype(np.float32))
        self._extend(times[keep], totals[:, keep], *raw)

    def append_sets(self, times: Times, n: Values, sums: Values, minimum: Values, maximum: Values) -> None:
        """Add statistic sets, one a time."""
        self._extend(times, np.stack([n, sums, minimum, maximum]), None, None)

    def between(self, start: int, end: int) -> Rows:
        """Give the rows with start <= time < end, in time order; a view, not a copy."""
        self._sort()
        low, high = np.searchsorted(self._times[: self._size], [start, end])
        rows = slice(int(low), int(high))
        wide = None if self._samples is None else self._samples[rows]
        counts = None if self._counts is None else self._counts[rows]
        n, sums, minimum, maximum = self._totals[:, rows]
        return Rows(self._times[rows], n, sums, minimum, maximum, wide, counts)

    def _extend(
        self,
        times: Times,
        totals: npt.NDArray[np.float64],
        samples: npt.NDArray[np.float64] | None,
        counts: npt.NDArray[np.float32] | None,
    ) -> None:
        if not times.size:
            return
        start, end = self._size, self._size + times.size
        self._make_room(end, 0 if samples is None else samples.shape[1])
        self._times[start:end] = times
        self._totals[:, start:end] = totals
        if samples is not None and counts is not None and self._samples is not None and self._counts is not None:
            self._samples[start:end, : samples.shape[1]] = samples
            self._counts[start:end, : counts.shape[1]] = counts
        if (start and times[0] < self._times[start - 1]) or np.any(times[1:] < times[:-1]):
            self._sorted = False
        self._size = end

    def _make_room(self, rows: int, width: int) -> None:
        if rows > self._times.size:
            capacity = max(FIRST_ROWS, rows + int(rows * SPARE), 2 * self._times.size)
            self._times = _grown(self._times, (capacity,))
            self._totals = _grown(self._totals, (4, capacity))
        have = 0 if self._samples is None else self._samples.shape[1]
        if width > have or (self._samples is not None and self._samples.shape[0] < self._times.size):
            shape = (self._times.size, max(width, have))
            self._samples = _grown(self._samples, shape, like=np.empty(0, np.float64))
            self._counts = _grown(self._counts, shape, like=np.empty(0, np.float32))

    def _sort(self) -> None:
        """Put late datapoints in their place, into new arrays: readers may still hold the old ones."""
        if self._sorted:
            return
        order = np.argsort(self._times[: self._size], kind="stable")
        self._times = self._times[: self._size][order]
        self._totals = self._totals[:, : self._size][:, order]
        if self._samples is not None and self._counts is not None:
            self._samples = self._samples[: self._size][order]
            self._counts = self._counts[: self._size][order]
        self._sorted = True


def _grown(old: Any, shape: tuple[int, ...], *, like: Any = None) -> Any:
    """Give a zeroed array of `shape` that begins with `old`."""
    new = np.zeros(shape, (like if old is None else old).dtype)
    if old is not None:
        new[tuple(slice(0, n) for n in old.shape)] = old
    return new
