"""The chart view: what a chart shows, said once, drawn by uPlot on the live wall and by plotly elsewhere.

Times are int64 epoch seconds, values float64 in CloudWatch's own unit (seconds stay seconds, bytes stay bytes); the
drawer chooses how they are written. A gap is NaN and is drawn as a gap, never as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from core.series import Series, Times, Values
from core.timespan import Timespan, from_epoch
from dashboard.charts.unit import written


class LineKind(StrEnum):
    """How the points of a line are drawn."""

    LINE = "line"
    AREA = "area"
    BAR = "bar"
    """One bar a point; bars on one axis stand on top of each other, the first line at the bottom."""
    STEP = "step"
    """The value holds until the next point, as capacity does."""


class Axis(StrEnum):
    """The value axis that a line or a threshold is read on."""

    LEFT = "left"
    RIGHT = "right"


class Tone(StrEnum):
    """What a colour means. Red only ever means breach; lines without a tone take the series colours in order."""

    OK = "ok"
    WARNING = "warning"
    ALARM = "alarm"
    INFO = "info"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Revised:
    """A datapoint that was read as another value before it became what the line shows: an alarm may have seen that."""

    at: datetime
    """The start of its period: the time of the point."""
    earlier: tuple[tuple[datetime, float], ...]
    """(until, value), oldest first: what was read, and when another was read in its place. At least one."""
    later: float | None
    """What the line shows; None where AWS gives nothing any more."""

    @property
    def seen(self) -> float:
        """The value that was read first; a hollow point marks it."""
        return self.earlier[0][1]

    def text(self, unit: str | None, zone: str) -> str:
        """Say it for the tooltip: `seen as 91.2% until 10:07, later 88.4%`."""
        clock = ZoneInfo(zone)
        was = [f"{written(value, unit)} until {until.astimezone(clock):%H:%M}" for until, value in self.earlier]
        return f"seen as {', then '.join(was)}, later {'none' if self.later is None else written(self.later, unit)}"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series of a chart."""

    name: str
    """As the legend writes it. May hold text from AWS or users: drawn as text only, never as markup."""
    times: Times
    """Start of each period, ascending, without doubles."""
    values: Values
    """One value a time; NaN is a gap."""
    settled_until: datetime | None = None
    """Points from here on may still change and are drawn dashed (bars: pale). None: nothing is known of settling."""
    kind: LineKind = LineKind.LINE
    axis: Axis = Axis.LEFT
    dash: bool = False
    """Drawn dashed throughout: a forecast, a limit, a second reading of the same thing."""
    emphasis: bool = False
    """Drawn thicker: the line that the chart is about."""
    tone: Tone | None = None
    revised: tuple[Revised, ...] = ()
    """Points that changed after they were read first, ascending; values in the line's own unit."""

    def __post_init__(self) -> None:
        if self.times.shape != self.values.shape or self.times.ndim != 1:
            raise ValueError(
                f"line {self.name!r}: {self.times.shape} times do not fit {self.values.shape} values; "
                "give one value a time"
            )
        if not bool((self.times[1:] > self.times[:-1]).all()):
            raise ValueError(f"line {self.name!r}: times must ascend without doubles; join doubled times first")

    @classmethod
    def of(
        cls,
        series: Series,
        *,
        span: Timespan,
        name: str | None = None,
        kind: LineKind = LineKind.LINE,
        axis: Axis = Axis.LEFT,
        dash: bool = False,
        emphasis: bool = False,
        tone: Tone | None = None,
    ) -> Line:
        """Lay `series` on every period of `span`, so that each period nobody reported becomes a gap."""
        times, values = series.on_grid(span)
        label = series.label if name is None else name
        return cls(label, times, values, series.settled_until, kind, axis, dash, emphasis, tone)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value that must not be crossed: a dashed red line with the value written out."""

    value: float
    """In the unit of its axis."""
    label: str = ""
    """What set it, such as `SLO`; the value is written behind it."""
    axis: Axis = Axis.LEFT
    tone: Tone = Tone.ALARM


@dataclass(frozen=True, slots=True)
class Band:
    """A shaded span of time, such as a breach."""

    span: Timespan
    label: str = ""
    tone: Tone = Tone.ALARM


@dataclass(frozen=True, slots=True)
class Mark:
    """An event at an instant, such as a scaling activity."""

    at: datetime
    label: str
    """Short; written beside the mark where there is room, and in the tooltip."""
    detail: str = ""
    """A sentence for the tooltip, such as the cause of a scaling activity. Drawn as text only."""
    tone: Tone = Tone.INFO


@dataclass(frozen=True, slots=True)
class Status:
    """The word in the chart's corner: state of what it shows, with its reason."""

    tone: Tone
    text: str
    """A few words: `p95 above SLO for 9 min`."""


@dataclass(frozen=True, slots=True, eq=False)
class ChartView:
    """One chart: series, thresholds, bands, marks, units, and the span that its time axis shows."""

    key: str
    """Stable name of the chart on its page; keeps its place, zoom and deltas over refreshes."""
    title: str
    unit: str | None
    """CloudWatch's unit of the left axis (`Percent`, `Seconds`, `Bytes/Second`, `Count`, …) or `USD`; None: plain."""
    lines: tuple[Line, ...]
    span: Timespan
    """What the time axis shows, whether or not there is data in it."""
    subtitle: str = ""
    """In smaller letters behind the title: the AWS metric, the load balancer."""
    thresholds: tuple[Threshold, ...] = ()
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    y_from_zero: bool = True
    """The value axes start at zero; False lets them fit the data."""
    y_max: float | None = None
    """The left axis reaches at least to here, such as 100 for percentages; None: as the data needs."""
    right_unit: str | None = None
    """Unit of the right axis, where a line uses it."""
    right_max: float | None = None
    """The right axis reaches at least to here."""
    note: str = ""
    """Why there is nothing to see, or part is missing: `No datapoints 10:00 to 11:00`. Axes stay."""
    status: Status | None = None
    zone: str = "UTC"
    """IANA name of the clock on the time axis; the chart states it."""
    totals: bool = False
    """The legend gives the sum of each line over the span instead of its latest value: for counts."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"{self.zone!r} is no time zone; give an IANA name such as Europe/Paris, or UTC"
            ) from error

    @property
    def empty(self) -> bool:
        """True where no line has a value."""
        return not any(bool(np.isfinite(line.values).any()) for line in self.lines)

    def unit_of(self, axis: Axis) -> str | None:
        """Give the unit that `axis` is written in."""
        return self.unit if axis is Axis.LEFT else self.right_unit

    def values_on(self, axis: Axis) -> npt.NDArray[np.float64]:
        """Give every value read on `axis`, thresholds and hollow points included."""
        lines = [line for line in self.lines if line.axis is axis]
        single = [threshold.value for threshold in self.thresholds if threshold.axis is axis]
        single += [each.seen for line in lines if line.kind is not LineKind.BAR for each in line.revised]
        return np.concatenate([*(line.values for line in lines), np.array(single, np.float64)])


def breaches(line: Line, threshold: Threshold, *, period: int, below: bool = False) -> tuple[Band, ...]:
    """Give a band for each run of points of `line` beyond `threshold`; a gap ends a run.

    `period` is the seconds that each point covers. With `below`, points under the threshold breach.
    """
    beyond = line.values < threshold.value if below else line.values > threshold.value
    return tuple(
        Band(Timespan(from_epoch(int(line.times[first])), from_epoch(int(line.times[last]) + period)), line.name)
        for first, last in _runs(beyond.tolist())
    )


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Give (first, last) index of each run of true flags."""
    runs = (list(run) for flag, run in groupby(range(len(flags)), key=lambda index: flags[index]) if flag)
    return [(run[0], run[-1]) for run in runs]
