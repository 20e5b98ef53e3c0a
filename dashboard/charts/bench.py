"""The alarm workbench's preview, described: the metric with its threshold, what the replay says, what others would do.

`BenchView` says what is shown, `message` what of it travels to the browser, `event_of` what the browser may answer.
Each part of a view has the hash of its content as its name, and a part that the browser holds already is only named:
moving the threshold sends the state band and the heat map, never the series again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.series import Values
from core.timespan import Timespan
from dashboard.charts import live
from dashboard.charts.picked import is_number, is_whole, span_of
from dashboard.charts.targets import duration, seconds_text
from dashboard.charts.view import ChartView

STATES: Final = ("OK", "ALARM", "INSUFFICIENT_DATA")
"""AWS's words for the state of an alarm."""

Counts = npt.NDArray[np.int64]

_KEPT: Final = 16
"""Parts that a browser is taken to hold, newest last; `static/charts/parts.js` keeps twice as many."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span in which the alarm would have been in one state."""

    span: Timespan
    state: str
    """In AWS's word, one of `STATES`."""
    reason: str = ""
    """Why it came into this state, a sentence. Drawn as text only."""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"{self.state!r} is no state of an alarm; give one of {', '.join(STATES)}")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that would have gone out."""

    at: datetime
    text: str
    """What it would have said, and to whom, in a few words. Drawn as text only."""


@dataclass(frozen=True, slots=True)
class StateBand:
    """What the replay says, on the time axis of the chart."""

    stretches: tuple[Stretch, ...]
    """In order, without overlaps; time that none covers was not replayed and stays empty."""
    notices: tuple[Notice, ...] = ()
    summary: str = ""
    """The whole in a sentence, which is read to those who do not see the band: `4 notifications in 14 days`."""

    @classmethod
    def of(
        cls,
        changes: Iterable[tuple[datetime, str, str]],
        *,
        span: Timespan,
        before: str = "INSUFFICIENT_DATA",
        notices: Iterable[Notice] = (),
        summary: str = "",
    ) -> StateBand:
        """Give the band of `changes`, each (when, the state it came into, why), in order; `before` is the state before.

        Changes after the span are left out; those before it say in what state it begins.
        """
        at, state, reason, stretches = span.start, before, "", []
        for when, new, why in changes:
            if when >= span.end:
                break
            if when > at:
                stretches.append(Stretch(Timespan(at, when), state, reason))
            at, state, reason = max(when, span.start), new, why
        stretches.append(Stretch(Timespan(at, span.end), state, reason))
        return cls(tuple(stretches), tuple(notices), summary)


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting of the heat map."""

    threshold: float
    m: int
    """Datapoints that must breach …"""
    n: int
    """… of the newest so many."""
    period: int
    """Seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """What other settings would have done. Arrays have the axes (period, window, threshold), as a sweep's have."""

    periods: tuple[int, ...]
    """Seconds, ascending."""
    windows: tuple[tuple[int, int], ...]
    """(M, N)."""
    thresholds: tuple[float, ...]
    """Ascending, in the unit of the chart's left axis."""
    pages: Counts
    """How often each setting would have paged in the span."""
    current: Choice | None = None
    """The setting of the alarm as it stands in the form; its cell is outlined."""
    false_alarms: Counts | None = None
    """Pages outside the marked incidents; None where none are marked."""
    missed: Counts | None = None
    """Marked incidents that each setting would not have paged for; None where none are marked."""

    def __post_init__(self) -> None:
        shape = (len(self.periods), len(self.windows), len(self.thresholds))
        for name in ("pages", "false_alarms", "missed"):
            counts = getattr(self, name)
            if counts is not None and counts.shape != shape:
                raise ValueError(
                    f"{name} has the shape {counts.shape}; give one count for each of {shape[0]} periods, "
                    f"{shape[1]} windows and {shape[2]} thresholds"
                )

    def holds(self, choice: Choice) -> bool:
        """Tell whether `choice` is one of the map's cells."""
        return (
            choice.period in self.periods
            and (choice.m, choice.n) in self.windows
            and choice.threshold in self.thresholds
        )


@dataclass(frozen=True, slots=True, eq=False)
class BenchView:
    """The whole preview: chart, state band and heat map of one alarm as it stands in the form."""

    chart: ChartView
    """The metric. Its first line is the one that is watched; for a band of expected values the next two are its lower
    and upper limit and `band` is true. Further thresholds, marks and shaded spans are drawn as on every chart."""
    threshold: float | None = None
    """Of the alarm, on the left axis; can be dragged. None: the alarm has none, such as one on a band."""
    below: bool = False
    """Values under the threshold breach, not those over it."""
    movable: bool = True
    """False: the threshold is shown but cannot be moved, such as for a viewer who may not write."""
    band: bool = False
    """Lines two and three are the lower and upper limit of what is expected, and the room between them is shaded."""
    states: StateBand | None = None
    """None where there is nothing to replay; `states_note` says why."""
    recorded: StateBand | None = None
    """What AWS recorded, in a second band over that of the replay; None where there is nothing to compare."""
    states_note: str = ""
    """Why there is no state band, or what the replay could not know."""
    heat: HeatMap | None = None
    heat_note: str = ""
    """Why there is no heat map, or how to read it: `Pages in the last 14 days`."""
    incidents: tuple[Timespan, ...] = ()
    """Spans marked as incidents."""
    markable: bool = False
    """Incidents can be marked by dragging."""

    def __post_init__(self) -> None:
        if self.band and len(self.chart.lines) < 3:
            raise ValueError("a band needs three lines, the metric and its lower and upper limit; give all three")


@dataclass(frozen=True, slots=True)
class BenchEvent:
    """What a viewer did; one of these is given, the others are None."""

    threshold: float | None = None
    """The threshold was moved to here, in the unit of the left axis."""
    choice: Choice | None = None
    """A cell of the heat map was chosen."""
    incident: Timespan | None = None
    """A span was marked as an incident, in whole seconds and within the chart's span."""
    unmarked: Timespan | None = None
    """The incident of exactly this span was taken away."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one browser session has been sent."""

    parts: tuple[str, ...] = ()
    """Names of the parts, those used last at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A piece of a view under the hash of its content."""

    name: str
    text: str
    numbers: tuple[Values, ...] = ()

    @classmethod
    def of(cls, value: Any, numbers: Sequence[Values] = ()) -> _Part:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        digest = hashlib.blake2b(text.encode(), digest_size=12)
        for row in numbers:
            digest.update(np.ascontiguousarray(row).data)
        return cls(digest.hexdigest(), text, tuple(numbers))


def message(view: BenchView, sent: Sent, *, height: int = 260) -> tuple[Sent, bytes]:
    """Give what to send for `view` to a browser that holds `sent`, and what it holds then.

    The framing is that of `dashboard.charts.live`: a length, JSON, float64 numbers.
    """
    parts = _parts(view)
    new = {part.name: part for part in parts.values() if part.name not in sent.parts}
    head = {
        "parts": json.dumps({kind: part.name for kind, part in parts.items()}),
        "now": json.dumps({**_now(view), "height": height}, allow_nan=False),
        "new": live.json_object({name: part.text for name, part in new.items()}),
    }
    numbers = [row for part in new.values() for row in part.numbers]
    used = [part.name for part in parts.values()]
    held = (*(name for name in sent.parts if name not in used), *dict.fromkeys(used))
    return Sent(held[-_KEPT:]), live.packed(live.json_object(head), numbers)


def _parts(view: BenchView) -> dict[str, _Part]:
    panel = live.panel(view.chart)
    rows = [panel.times.astype(np.float64), *panel.rows]
    compared = {"recorded": _Part.of(_states(view.recorded))} if view.recorded else {}
    return compared | {
        "rows": _Part.of({"points": int(panel.times.size), "rows": len(panel.rows)}, rows),
        "chart": _Part.of(live.described(view.chart)),
        "states": _Part.of(_states(view.states) if view.states else None),
        "heat": _Part.of(_heat(view.heat) if view.heat else None),
    }


def _now(view: BenchView) -> dict[str, Any]:
    """Give what changes with every step, and is small."""
    return {
        "threshold": view.threshold,
        "below": view.below,
        "movable": view.movable,
        "band": view.band,
        "states_note": view.states_note,
        "heat_note": view.heat_note,
        "current": asdict(view.heat.current) if view.heat and view.heat.current else None,
        "incidents": [_seconds(span) for span in view.incidents],
        "markable": view.markable,
    }


def _seconds(span: Timespan) -> list[float]:
    return [span.start.timestamp(), span.end.timestamp()]


def _states(band: StateBand) -> dict[str, Any]:
    reasons = list(dict.fromkeys(stretch.reason for stretch in band.stretches))
    place = {reason: index for index, reason in enumerate(reasons)}
    return {
        "stretches": [
            [*_seconds(each.span), STATES.index(each.state), place[each.reason], duration(each.span.duration)]
            for each in band.stretches
        ],
        "reasons": reasons,
        "notices": [[notice.at.timestamp(), notice.text] for notice in band.notices],
        "summary": band.summary,
    }


def _heat(heat: HeatMap) -> dict[str, Any]:
    return {
        "periods": heat.periods,
        "period_texts": [seconds_text(period) for period in heat.periods],
        "windows": heat.windows,
        "thresholds": heat.thresholds,
        "pages": heat.pages.tolist(),
        "false_alarms": None if heat.false_alarms is None else heat.false_alarms.tolist(),
        "missed": None if heat.missed is None else heat.missed.tolist(),
    }


def event_of(picked: object, view: BenchView) -> BenchEvent | None:
    """Read what a browser that was shown `view` sent; None for what it could not have sent."""
    if not isinstance(picked, Mapping):
        return None
    if "threshold" in picked:
        return _moved(picked["threshold"], view)
    if "choice" in picked:
        return _chosen(picked["choice"], view)
    if "incident" in picked:
        return _marked(picked["incident"], view)
    return _unmarked(picked.get("unmarked"), view)


def _moved(value: object, view: BenchView) -> BenchEvent | None:
    if view.threshold is None or not view.movable or not is_number(value):
        return None
    return BenchEvent(threshold=float(value))


def _chosen(value: object, view: BenchView) -> BenchEvent | None:
    if view.heat is None or not view.movable or not isinstance(value, Mapping):
        return None
    threshold, m, n, period = (value.get(name) for name in ("threshold", "m", "n", "period"))
    if not (is_number(threshold) and is_whole(m) and is_whole(n) and is_whole(period)):
        return None
    choice = Choice(float(threshold), m, n, period)
    return BenchEvent(choice=choice) if view.heat.holds(choice) else None


def _marked(value: object, view: BenchView) -> BenchEvent | None:
    if not view.markable or not isinstance(value, Mapping):
        return None
    span = span_of(value)
    if span is None:
        return None
    start, end = max(span.start, view.chart.span.start), min(span.end, view.chart.span.end)
    return BenchEvent(incident=Timespan(start, end)) if start < end else None


def _unmarked(value: object, view: BenchView) -> BenchEvent | None:
    if not view.markable or not isinstance(value, Mapping):
        return None
    asked = [value.get("from"), value.get("to")]
    found = next((span for span in view.incidents if _seconds(span) == asked), None)
    return BenchEvent(unmarked=found) if found else None
