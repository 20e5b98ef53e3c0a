"""Panels: which series a chart shows, as data; queries out of them, and chart views out of what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from collectors.query import MetricQuery
from collectors.revisions import Revision
from core.reading import Scope
from core.series import MetricId, Series
from core.timespan import Timespan, chart_period, from_epoch
from dashboard.charts.targets import duration
from dashboard.charts.ticks import fitted
from dashboard.charts.view import (
    Axis,
    Band,
    ChartView,
    Line,
    LineKind,
    Mark,
    Revised,
    Status,
    Threshold,
    Tone,
    breaches,
)
from dashboard.wording import moment, quantity


@dataclass(frozen=True, slots=True)
class PanelLine:
    """One series that a panel shows."""

    metric: MetricId
    """What is read."""
    statistic: str
    """As CloudWatch spells it: `Average`, `p99`."""
    name: str
    """As the legend writes it; foreign text is drawn as text only."""
    kind: LineKind = LineKind.LINE
    """How its points are drawn."""
    axis: Axis = Axis.LEFT
    """The value axis it is read on."""
    tone: Tone | None = None
    """A colour with a meaning; None takes the next series colour."""
    emphasis: bool = False
    """Drawn thicker: the line that the chart is about."""
    per_second: bool = False
    """Sums are shown as a rate, so that the period does not change what is read."""
    zero_beside: MetricId | None = None
    """AWS reports this metric only when it is not zero; where it is silent while this other one reports, it is zero."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold that somebody set on a metric, as an alarm has it."""

    metric: MetricId
    """What is watched."""
    statistic: str
    """The statistic that is watched; a threshold says nothing about another one."""
    value: float
    """The threshold, in the metric's own unit."""
    label: str
    """Who set it: `alarm`, `scaling`."""
    below: bool = False
    """True where values under the threshold breach."""
    scaling: bool = False
    """The alarm only asks for capacity: crossing its threshold is no incident, so nothing is shaded or red."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart before anything is read."""

    key: str
    """Stable name of the chart on its page."""
    title: str
    """What the chart shows, in sentence case."""
    unit: str | None
    """Unit of the left axis; None takes what AWS says with the datapoints."""
    lines: tuple[PanelLine, ...]
    """The series, in the order of the legend."""
    subtitle: str = ""
    """The AWS metric or the resource, in smaller letters."""
    right_unit: str | None = None
    """Unit of the right axis, where a line uses it."""
    y_max: float | None = None
    """The left axis reaches at least to here."""
    right_share: float | None = None
    """The right axis reaches at least to this share of the left: a few errors shall not tower over the traffic."""


Readings = Mapping[MetricQuery, Series]
Revisions = Mapping[MetricQuery, tuple[Revision, ...]]
"""Datapoints that changed after they were read first, by query; queries without any may be left out."""
UNREVISED: Revisions = {}


@dataclass(frozen=True, slots=True)
class Grid:
    """The time grid of one screen: where, which span, how coarse."""

    scope: Scope
    """The account and region."""
    span: Timespan
    """Whole periods, none of which is still running."""
    period: int
    """Seconds a datapoint covers."""

    def query(self, line: PanelLine) -> MetricQuery:
        return MetricQuery(self.scope, line.metric, line.statistic, self.period, self.span)


ARRIVAL = timedelta(seconds=10)
"""How long after its end a period is asked for first. Asked at once it would rarely be there yet, and the history
would ask again only a minute later."""


def grid(scope: Scope, span: Timespan, *, now: datetime, period: int | None = None, points: int = 400) -> Grid:
    """Give the grid on which `span` is read: whole periods, none of which ended less than `ARRIVAL` before `now`."""
    chosen = period or chart_period(span, now=now, points=points)
    whole = span.aligned(chosen)
    running = from_epoch(int((now - ARRIVAL).timestamp() // chosen) * chosen)
    end = min(whole.end, max(running, whole.start + timedelta(seconds=chosen)))
    if end == whole.end:
        return Grid(scope, whole, chosen)
    length = timedelta(seconds=-(-span.seconds // chosen) * chosen)
    return Grid(scope, Timespan(end - length, end), chosen)


def queries(panels: Iterable[Panel], on: Grid) -> tuple[MetricQuery, ...]:
    """Give every query that the panels need, each once."""
    return tuple(dict.fromkeys(on.query(line) for panel in panels for line in panel.lines))


def chart(
    panel: Panel,
    readings: Readings,
    on: Grid,
    *,
    limits: Sequence[Limit] = (),
    marks: tuple[Mark, ...] = (),
    revisions: Revisions = UNREVISED,
) -> ChartView:
    """Give the chart of `panel` with what was read; what is missing is a gap and a note."""
    drawn = tuple(_line(line, readings, on, revisions) for line in panel.lines)
    matched = _matched(panel, limits)
    thresholds = tuple(dict.fromkeys(_threshold(line, limit) for line, limit in matched))
    paging = [(line, limit) for line, limit in matched if not limit.scaling]
    bands = _bands(panel, drawn, paging)
    view = ChartView(
        key=panel.key,
        title=panel.title,
        subtitle=panel.subtitle,
        unit=panel.unit or _unit_read(panel, readings, on),
        right_unit=panel.right_unit,
        lines=drawn,
        span=on.span,
        thresholds=thresholds,
        bands=bands,
        marks=marks,
        y_max=panel.y_max,
        right_max=_right_max(panel, drawn),
        status=_status(panel, drawn, paging, bands),
    )
    return replace(view, note=_no_datapoints(on)) if view.empty else view


def _right_max(panel: Panel, drawn: Sequence[Line]) -> float | None:
    if panel.right_share is None:
        return None
    values = np.concatenate([line.values for line in drawn if line.axis is Axis.LEFT])
    values = values[np.isfinite(values)]
    if not values.size or values.max() <= 0:
        return None
    return fitted(0.0, float(values.max()), panel.unit, from_zero=True, at_least=None).high * panel.right_share


def _no_datapoints(on: Grid) -> str:
    start, end = (moment(at, now=on.span.end) for at in (on.span.start, on.span.end))
    return f"No datapoints {start} to {end}"


def _line(line: PanelLine, readings: Readings, on: Grid, revisions: Revisions) -> Line:
    series = readings.get(on.query(line)) or Series.empty(on.period)
    beside = readings.get(on.query(replace(line, metric=line.zero_beside))) if line.zero_beside else None
    series = at_own_pace(series) if beside is None else replace(series, period=at_own_pace(beside).period)
    times, values = series.on_grid(on.span)
    if beside is not None:
        reported = np.isfinite(at_own_pace(beside).on_grid(on.span)[1])
        values = np.where(np.isnan(values) & reported, 0.0, values)
    return Line(
        line.name,
        times,
        values / series.period if line.per_second else values,
        settled_until=series.settled_until or (beside.settled_until if beside else None),
        kind=line.kind,
        axis=line.axis,
        emphasis=line.emphasis,
        tone=line.tone,
        revised=revised_points(revisions.get(on.query(line), ()), per=series.period if line.per_second else 1),
    )


def revised_points(revisions: Sequence[Revision], *, per: int = 1) -> tuple[Revised, ...]:
    """Give the datapoints that were another value when they were read first, as a chart takes them."""
    return tuple(
        Revised(
            each.time,
            tuple((until, value / per) for until, value in each.earlier),
            None if each.final is None else each.final / per,
        )
        for each in revisions
    )


def _unit_read(panel: Panel, readings: Readings, on: Grid) -> str | None:
    """Give the unit that AWS said, for metrics whose unit nobody here knows beforehand."""
    found = (readings.get(on.query(line)) for line in panel.lines)
    return next((series.unit for series in found if series is not None and series.unit), None)


def at_own_pace(series: Series) -> Series:
    """Give `series` with the period at which its metric is published, where that is coarser than what was asked.

    Basic monitoring publishes every five minutes: asked by the minute, four of five periods would look like gaps.
    """
    if len(series) < 2:
        return series
    step = int(np.diff(series.times).min())
    if step < 2 * series.period or step % series.period or series.times[0] % step:
        return series
    return replace(series, period=step)


def _matched(panel: Panel, limits: Sequence[Limit]) -> list[tuple[PanelLine, Limit]]:
    return [
        (line, limit)
        for line in panel.lines
        for limit in limits
        if limit.metric == line.metric and limit.statistic == line.statistic and not line.per_second
    ]


def _threshold(line: PanelLine, limit: Limit) -> Threshold:
    return Threshold(limit.value, limit.label, axis=line.axis, tone=Tone.MUTED if limit.scaling else Tone.ALARM)


def _bands(panel: Panel, drawn: tuple[Line, ...], matched: list[tuple[PanelLine, Limit]]) -> tuple[Band, ...]:
    found: list[Band] = []
    for line, limit in matched:
        shown = drawn[panel.lines.index(line)]
        if shown.times.size > 1:
            found.extend(breaches(shown, _threshold(line, limit), period=_step(shown), below=limit.below))
    return tuple(found)


def _step(line: Line) -> int:
    return int(line.times[1] - line.times[0])


def _status(
    panel: Panel, drawn: tuple[Line, ...], matched: list[tuple[PanelLine, Limit]], bands: tuple[Band, ...]
) -> Status | None:
    """Say what is beyond its threshold in its newest datapoint, and for how long; nothing where none is known."""
    if not matched:
        return None
    newest = {shown.name: latest(shown).at for shown in (drawn[panel.lines.index(line)] for line, _ in matched)}
    if not any(newest.values()):
        return Status(Tone.MUTED, "No data")
    lasting = [band for band in bands if (at := newest[band.label]) is not None and at in band.span]
    if not lasting:
        return Status(Tone.OK, "OK")
    worst = max(lasting, key=lambda band: band.span.duration)
    return Status(Tone.ALARM, f"{worst.label} beyond its threshold for {duration(worst.span.duration)}")


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest datapoint of a line, and how it compares with the start of what is on screen."""

    value: float | None
    """None where there is no datapoint; never zero instead."""
    at: datetime | None
    """Start of its period."""
    change: float | None
    """Difference from the earliest values on screen."""
    recent: tuple[float, ...]
    """Values for a sparkline, gaps left out."""
    before: float | None = None
    """What `change` is measured from."""


SPARK_POINTS = 40


def latest(line: Line) -> Latest:
    """Give the newest value of a line that was laid on its grid."""
    known = np.flatnonzero(np.isfinite(line.values))
    if not known.size:
        return Latest(None, None, None, ())
    values = line.values[known]
    first = float(np.median(values[: max(1, values.size // 12)]))
    newest = float(values[-1])
    return Latest(
        value=newest,
        at=from_epoch(int(line.times[known[-1]])),
        change=newest - first if values.size > 1 else None,
        recent=tuple(float(value) for value in _thinned(values)),
        before=first if values.size > 1 else None,
    )


def _thinned(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give at most `SPARK_POINTS` means of neighbours."""
    parts = np.array_split(values, min(SPARK_POINTS, values.size))
    return np.array([part.mean() for part in parts])


def limit_text(limit: Limit, unit: str | None) -> str:
    """Say what an alarm watches for: `alarm above 70%`."""
    return f"alarm {'below' if limit.below else 'above'} {quantity(limit.value, unit)}"
