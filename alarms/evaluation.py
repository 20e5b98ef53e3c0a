"""The state of an alarm at an instant, as CloudWatch would find it, and why.

This is the one evaluator: the demo cloud, the form's preview, replays and `python -m alarms` all ask it.

Missing data follow "Configuring how CloudWatch alarms treat missing data",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
Where AWS does not say what happens, docs/adr/0005-evaluation-range.md does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alarms.decision import COMPARES, FILLED, decide, few_samples_below
from alarms.kinds import Comparison, MetricAlarm
from alarms.reasons import Findings, Point, reason, reason_data
from alarms.state import StateValue
from alarms.timeline import Timeline, evaluate_span
from alarms.window import EXTRA_PERIODS, edges, evaluation_range, evaluation_span, evaluation_step
from core.series import Series

__all__ = [
    "Evaluation",
    "StateValue",
    "Timeline",
    "evaluate",
    "evaluate_span",
    "evaluation_range",
    "evaluation_span",
    "evaluation_step",
]

Band = tuple[Series, Series]
"""Lower and upper bound of an anomaly-detection band, on the datapoints' times."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The state at an instant. Its words are made when they are read, because most evaluations change nothing."""

    alarm: MetricAlarm
    at: datetime
    findings: Findings
    bounds: tuple[int, ...]
    """Boundaries of the periods that were looked at, epoch seconds ascending."""

    @property
    def state(self) -> StateValue:
        return self.findings.state

    @property
    def reason(self) -> str:
        """AWS's `StateReason`."""
        return reason(self.alarm, self.findings)

    @property
    def reason_data(self) -> dict[str, Any]:
        """The document that AWS keeps as JSON in `StateReasonData`."""
        return reason_data(self.alarm, self.findings, at=self.at, gaps=self._gaps())

    def _gaps(self) -> Sequence[int]:
        """The newest empty periods, newest first, as many as datapoints are missing."""
        ages = {point.age for point in self.findings.points}
        empty = [self.bounds[-1 - age] for age in range(1, len(self.bounds)) if age not in ages]
        return empty[: max(self.alarm.n - len(ages), 0)]


def evaluate(
    alarm: MetricAlarm,
    datapoints: Series,
    *,
    at: datetime,
    previous: StateValue,
    band: Band | None = None,
    sample_counts: Series | None = None,
    configured_at: datetime | None = None,
    extra: int = EXTRA_PERIODS,
) -> Evaluation:
    """Give the state of `alarm` at `at`; total: any alarm and any datapoints have a state.

    `datapoints` are the watched series on the periods of `evaluation_span(alarm, at=at)`; what lies outside, or does
    not start with one of these periods, is not looked at. `band` is needed by the three comparisons with a band,
    `sample_counts` by percentiles that leave periods with few samples out, `configured_at` (when the alarm was last
    put) by alarms with a warm-up.
    `extra` is how many periods are searched beyond the evaluation periods.
    """
    bounds = edges(alarm, at=at, periods=alarm.n + extra)
    points = _points(alarm, datapoints, bounds, band)
    if sample_counts is not None:
        points = _with_counts(points, sample_counts)
    findings = _warming(alarm, points, at=at, configured_at=configured_at) or _judged(alarm, points, previous)
    return Evaluation(alarm, at, findings, tuple(bounds))


def _judged(alarm: MetricAlarm, points: Sequence[Point], previous: StateValue) -> Findings:
    considered = points[: alarm.n]
    few = few_samples_below(alarm)
    if few is not None and any(point.sample_count is not None and point.sample_count < few for point in considered):
        return Findings(previous, considered, kept=f"fewer than {few:g} samples are too few for this percentile")
    breaching = [point for point in considered if point.breaching]
    absent = alarm.n - len(considered)
    missing = alarm.missing_data
    state = decide(
        n=alarm.n,
        m=alarm.m,
        missing=missing,
        real=len(considered),
        breaching=len(breaching),
        oldest_breach=breaching[-1].age if breaching else 0,
    )
    if state is None:
        return Findings(previous, considered, kept=f"{absent} of {alarm.n} datapoints are missing, which is ignored")
    filled = absent if missing in FILLED else 0
    return Findings(state, considered, filled=filled, unknown=absent - filled)


def _warming(
    alarm: MetricAlarm, points: Sequence[Point], *, at: datetime, configured_at: datetime | None
) -> Findings | None:
    """A new alarm waits until its data fill the window, or for the whole warm-up if it says so."""
    if alarm.warm_up is None or configured_at is None:
        return None
    if at >= configured_at + timedelta(minutes=alarm.warm_up.minutes):
        return None
    if len(points) >= alarm.n and not alarm.warm_up.only_after:
        return None
    return Findings(StateValue.INSUFFICIENT_DATA, (), unknown=alarm.n)


def _points(alarm: MetricAlarm, datapoints: Series, bounds: Sequence[int], band: Band | None) -> list[Point]:
    """The real datapoints within the bounds, newest first; a period that was written twice has its last value."""
    low, high = datapoints.times.searchsorted((bounds[0], bounds[-1])).tolist()
    times, values = datapoints.times[low:high].tolist(), datapoints.values[low:high].tolist()
    compare = _comparison(alarm, times, band)
    points: list[Point] = []
    ages = {time: len(bounds) - 1 - place for place, time in enumerate(bounds)}
    taken = 0
    for time, value in zip(reversed(times), reversed(values), strict=True):
        age = ages.get(time, 0)
        if value == value and age > taken:  # NaN, which differs from itself, is a gap
            point = compare(time, age, value)
            if point is not None:
                points.append(point)
                taken = age
    return points


def _comparison(
    alarm: MetricAlarm, times: Sequence[int], band: Band | None
) -> Callable[[int, int, float], Point | None]:
    """How one datapoint is compared; None comes of a datapoint that has no band, so that nothing can be said of it."""
    if alarm.comparison is not None and alarm.comparison in COMPARES:
        breaches, threshold = COMPARES[alarm.comparison], alarm.threshold
        return lambda time, age, value: Point(time, age, value, breaches(value, threshold))
    if band is None or alarm.comparison is None:
        return lambda _time, _age, _value: None
    lowers, uppers = _at_times(band[0], times), _at_times(band[1], times)
    comparison = alarm.comparison

    def against_band(time: int, age: int, value: float) -> Point | None:
        lower, upper = lowers.get(time), uppers.get(time)
        if lower is None or upper is None:
            return None
        below = comparison is not Comparison.ABOVE_BAND and value < lower
        above = comparison is not Comparison.BELOW_BAND and value > upper
        return Point(time, age, value, below or above, lower, upper)

    return against_band


def _at_times(series: Series, times: Sequence[int]) -> dict[int, float]:
    if not times:
        return {}
    low, high = series.times.searchsorted((times[0], times[-1] + 1)).tolist()
    pairs = zip(series.times[low:high].tolist(), series.values[low:high].tolist(), strict=True)
    return {time: value for time, value in pairs if value == value}


def _with_counts(points: Sequence[Point], sample_counts: Series) -> list[Point]:
    counts = _at_times(sample_counts, [point.time for point in reversed(points)])
    return [point._replace(sample_count=counts.get(point.time)) for point in points]
