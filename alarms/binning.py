"""What an alarm sees of a kept series at each of its evaluations: bins of the alarm's period, one a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from alarms.kinds import MetricAlarm, SingleMetric
from alarms.window import edges, evaluation_step
from core.series import Series, Times, Values
from core.statistics import Measure
from core.timespan import Timespan

FOLDS: Final = {Measure.SUM: np.add, Measure.SAMPLE_COUNT: np.add, Measure.MINIMUM: np.fmin, Measure.MAXIMUM: np.fmax}
"""Statistics of a long period that follow from those of the short periods in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """One value an evaluation: the alarm's statistic over the newest period then. NaN is a period without data."""

    ends: Times
    """Evaluation instants, epoch seconds; the bin covers the `period` before."""
    values: Values
    period: int
    step: int
    """Seconds from one evaluation to the next."""

    @property
    def stride(self) -> int:
        """Evaluations a period: the bins that one evaluation looks at are this far apart."""
        return self.period // self.step

    def within(self, span: Timespan) -> tuple[int, int]:
        """Give the evaluations whose instant lies in `span`, as a half-open pair of positions."""
        low, high = np.searchsorted(self.ends, [span.start.timestamp(), span.end.timestamp()])
        return int(low), int(high)


def bins(alarm: MetricAlarm, series: Series, *, period: int, until: datetime) -> Bins:
    """Give what `alarm`, with `period` for its own, sees of `series` at each evaluation before `until`.

    `series` holds the alarm's statistic over periods of `series.period` seconds that do not overlap. Evaluations are a
    minute apart on a sliding window (ten seconds for high resolution), a period apart on a wall-clock window (days of a
    clock change are taken as 24 hours), and never closer than the series' own points. Of an Average, a longer period
    has the mean of the averages: exact where every short period had equally many samples. Raises ValueError where the
    series cannot tell.
    """
    _check(alarm, series.period, period)
    judged = _with_period(alarm, period)
    step = max(evaluation_step(judged), series.period) if alarm.sliding else period
    phase = _phase(judged, series, until=until, step=step)
    limit = int(np.ceil(until.timestamp()))
    first = int(series.times[0]) if len(series) else limit - step
    start = (min(first, limit - step) - phase) // step * step + phase
    ends = np.arange(start + step, limit, step, dtype=np.int64)
    cells = _cells(series, start, ends.size * step // series.period)
    return Bins(ends, _folded(alarm, cells, period // series.period, step // series.period), period, step)


def _phase(alarm: MetricAlarm, series: Series, *, until: datetime, step: int) -> int:
    """Where evaluations lie within a step: at the clock's boundaries, or as a datapoint's period ends."""
    if not alarm.sliding:
        return edges(alarm, at=until, periods=1)[-1] % step
    every = evaluation_step(alarm)
    return int(series.times[0]) % step // every * every if len(series) else 0


def _with_period(alarm: MetricAlarm, period: int) -> MetricAlarm:
    if not isinstance(alarm.source, SingleMetric):
        return alarm
    return replace(alarm, source=replace(alarm.source, period=period))


def _check(alarm: MetricAlarm, kept: int, period: int) -> None:
    if period == kept:
        return
    if period % kept:
        raise ValueError(f"periods of {period} s cannot be judged from datapoints of {kept} s; use multiples of {kept}")
    statistic = alarm.source.statistic if isinstance(alarm.source, SingleMetric) else None
    if statistic is None or statistic.measure not in {Measure.AVERAGE, *FOLDS}:
        raise ValueError(
            f"{statistic or 'an expression'} over {period} s does not follow from its values over {kept} s; "
            f"read or evaluate it with a period of {period} s"
        )


def _cells(series: Series, start: int, size: int) -> Values:
    """The series' own periods from `start` on; of two datapoints in one the later written holds."""
    cells = np.full(size, np.nan)
    place = (series.times - start) // series.period
    inside = (place >= 0) & (place < size)
    cells[place[inside]] = series.values[inside]
    return cells


def _folded(alarm: MetricAlarm, cells: Values, width: int, stride: int) -> Values:
    """Fold each `width` cells up to every `stride`-th, oldest first: the order in which a sum would be taken."""
    if width == stride == 1:
        return cells
    padded = np.concatenate((np.full(width, np.nan), cells))
    size = cells.size // stride
    parts = (padded[stride + offset :: stride][:size] for offset in range(width))
    measure = alarm.source.statistic.measure if isinstance(alarm.source, SingleMetric) else Measure.MAXIMUM
    if measure in {Measure.MINIMUM, Measure.MAXIMUM}:
        folded = np.full(size, np.nan)
        for part in parts:
            FOLDS[measure](folded, part, out=folded)
        return folded
    total, count = np.zeros(size), np.zeros(size, np.int64)
    for part in parts:
        present = ~np.isnan(part)
        np.add(total, part, out=total, where=present)
        count += present
    total[count == 0] = np.nan
    return total / np.maximum(count, 1) if measure is Measure.AVERAGE else total
