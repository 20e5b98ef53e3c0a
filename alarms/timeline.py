"""The states of an alarm over a span, at all its evaluation instants at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from alarms.decision import COMPARES, KEEP, STATES, Codes, Counts, decide_many, few_samples_below
from alarms.kinds import Comparison, MetricAlarm, MissingData
from alarms.state import StateValue
from alarms.window import EXTRA_PERIODS, edges, evaluation_step
from core.series import Times, Values
from core.timespan import Timespan, from_epoch

BandValues = tuple[Values, Values]
"""Lower and upper bound, one a time."""
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The state after each evaluation."""

    instants: Times
    """Epoch seconds of the evaluations, ascending."""
    codes: Codes
    """State after each, as index into `alarms.decision.STATES`."""
    initial: StateValue
    """The state before the first."""

    @property
    def states(self) -> list[StateValue]:
        return [STATES[code] for code in self.codes.tolist()]

    def changes(self) -> Iterator[tuple[datetime, StateValue, StateValue]]:
        """Give each change of state: when, from what, to what."""
        before = np.concatenate(([STATES.index(self.initial)], self.codes[:-1]))
        for place in np.flatnonzero(self.codes != before).tolist():
            yield from_epoch(int(self.instants[place])), STATES[before[place]], STATES[self.codes[place]]


def evaluate_span(
    alarm: MetricAlarm,
    times: Times,
    values: Values,
    *,
    span: Timespan,
    initial: StateValue,
    step: int | None = None,
    phase: int = 0,
    band: BandValues | None = None,
    sample_counts: Values | None = None,
    extra: int = EXTRA_PERIODS,
) -> Timeline:
    """Give the state after each evaluation within `span`; equals `evaluate` called instant by instant.

    `times` are starts of periods, `values` the alarm's statistic over the period that starts there. Where the period is
    longer than the time between evaluations, the periods overlap, one a `step`: this is what a sliding window sees.
    With datapoints of whole periods only, evaluate once a period, as each ends: `step=alarm.period`, and `phase` for
    periods that do not begin on the clock's multiples (whole minutes, for a period of a minute or more). Nothing is
    evaluated on wall-clock windows but what `alarms.window.edges` says.
    """
    every = step or evaluation_step(alarm)
    if alarm.period % every:
        raise ValueError(f"steps of {every} s do not fit periods of {alarm.period} s; give a divisor of the period")
    first = -int(-(span.start.timestamp() - phase) // every) * every + phase
    instants = np.arange(first, int(np.ceil(span.end.timestamp())), every, dtype=np.int64)
    periods = alarm.n + extra
    windows = _sliding if alarm.sliding else _clock
    cell_times, starts = windows(alarm, instants, every, periods)
    samples = _Samples.of(alarm, times, values, band, sample_counts)
    codes = _decided(alarm, samples.at(cell_times), starts, periods)
    return Timeline(instants, _carried(codes, initial), initial)


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Datapoints that can be judged, by time; or the same laid on cells, one a period that some window looks at."""

    times: Times
    real: Mask
    breaching: Mask
    few: Mask
    """Has too few samples for the alarm's percentile."""

    @classmethod
    def of(
        cls, alarm: MetricAlarm, times: Times, values: Values, band: BandValues | None, sample_counts: Values | None
    ) -> _Samples:
        real, breaching = _breaching(alarm, values, band)
        least = few_samples_below(alarm)
        few = np.zeros(times.size, np.bool_)
        if least is not None and sample_counts is not None:
            few = sample_counts < least
        kept = np.flatnonzero(real)
        kept = kept[np.argsort(times[kept], kind="stable")]
        return cls(times[kept], real[kept], breaching[kept], few[kept])

    def at(self, cell_times: Times) -> _Samples:
        """Lay the datapoints on the cells; of two at one time the later written holds."""
        if not self.times.size:
            nothing = np.zeros(cell_times.size, np.bool_)
            return _Samples(cell_times, nothing, nothing, nothing)
        place = np.searchsorted(self.times, cell_times, side="right") - 1
        real = (place >= 0) & (self.times[place] == cell_times)
        return _Samples(cell_times, real, real & self.breaching[place], real & self.few[place])


def _breaching(alarm: MetricAlarm, values: Values, band: BandValues | None) -> tuple[Mask, Mask]:
    """Which datapoints can be judged, and which of them breach."""
    real = ~np.isnan(values)
    if alarm.comparison is not None and alarm.comparison in COMPARES:
        return real, np.asarray(COMPARES[alarm.comparison](values, alarm.threshold), np.bool_)
    if band is None:
        return np.zeros(values.size, np.bool_), real
    lower, upper = band
    below = (values < lower) & (alarm.comparison is not Comparison.ABOVE_BAND)
    above = (values > upper) & (alarm.comparison is not Comparison.BELOW_BAND)
    return real & ~np.isnan(lower) & ~np.isnan(upper), below | above


def _sliding(alarm: MetricAlarm, instants: Times, every: int, periods: int) -> tuple[Times, Counts]:
    """Cells and, for each instant, the first of its `periods` cells.

    Windows whose ends differ by whole periods share their cells; the others follow one another.
    """
    stride = alarm.period // every
    rows = -(-instants.size // stride) + periods - 1 if instants.size else 0
    start = int(instants[0]) - periods * alarm.period if instants.size else 0
    phases, row = np.meshgrid(np.arange(stride), np.arange(rows), indexing="ij")
    cell_times = (start + (phases + row * stride) * every).ravel().astype(np.int64)
    place = np.arange(instants.size)
    return cell_times, (place % stride) * rows + place // stride


def _clock(alarm: MetricAlarm, instants: Times, _every: int, periods: int) -> tuple[Times, Counts]:
    """The same for wall-clock windows, each with cells of its own, because days differ in length."""
    windows: dict[tuple[int, ...], int] = {}
    starts = np.empty(instants.size, np.int64)
    for place, instant in enumerate(instants.tolist()):
        bounds = tuple(edges(alarm, at=from_epoch(instant), periods=periods)[:-1])
        starts[place] = windows.setdefault(bounds, len(windows) * periods)
    return np.array([time for bounds in windows for time in bounds], np.int64), starts


def _decided(alarm: MetricAlarm, cells: _Samples, starts: Counts, periods: int) -> Codes:
    """The code of each window, KEEP where the data leave the state as it is."""
    real_before = _cumulative(cells.real)
    newest = real_before[starts + periods]
    real = np.minimum(newest - real_before[starts], alarm.n)
    # Among real datapoints only, the newest `real` of a window stand next to one another.
    breaches_before = _cumulative(cells.breaching[cells.real])
    breaching = breaches_before[newest] - breaches_before[newest - real]
    oldest = np.zeros(starts.size, np.int64)
    if alarm.missing_data is MissingData.MISSING and (real < alarm.n).any():
        places = np.flatnonzero(cells.breaching)
        found = np.concatenate((places, [cells.times.size]))[np.searchsorted(places, starts)]
        oldest = starts + periods - found
    codes = decide_many(
        n=alarm.n, m=alarm.m, missing=alarm.missing_data, real=real, breaching=breaching, oldest_breach=oldest
    )
    few_before = _cumulative(cells.few[cells.real])
    codes[few_before[newest] > few_before[newest - real]] = KEEP
    return codes


def _cumulative(mask: Mask) -> Counts:
    """How many are set before each place, and before the end."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(mask, dtype=np.int64)))


def _carried(codes: Codes, initial: StateValue) -> Codes:
    """Put the last decided state where the state is kept."""
    held = np.concatenate(([STATES.index(initial)], codes)).astype(np.int8)
    decided = np.where(held == KEEP, 0, np.arange(held.size))
    return held[np.maximum.accumulate(decided)][1:]
