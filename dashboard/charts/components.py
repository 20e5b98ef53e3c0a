"""The drawing: components whose JavaScript lies in `static/charts`. The only room here that knows Streamlit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import streamlit as st

from core.timespan import Timespan
from dashboard.charts import bars, bench, figure, gauge, live, log_lines, pictures, targets
from dashboard.charts.assets import loader
from dashboard.charts.bars import Bars
from dashboard.charts.bench import BenchEvent, BenchView, Sent
from dashboard.charts.gauge import Gauge
from dashboard.charts.live import Look, Stream
from dashboard.charts.log_lines import LineEvent, LineList, PatternEvent, PatternView
from dashboard.charts.picked import LATEST, is_number, span_of
from dashboard.charts.pictures import StepsPicture, WindowPicture
from dashboard.charts.targets import TargetGrid
from dashboard.charts.view import ChartView

_BASE: Final = str(st.get_option("server.baseUrlPath") or "")
_WALL: Final = st.components.v2.component("watchkeeper_wall", js=loader("live.js", base_path=_BASE))
_CHART: Final = st.components.v2.component("watchkeeper_chart", js=loader("plotly.js", base_path=_BASE))
_TARGETS: Final = st.components.v2.component("watchkeeper_targets", js=loader("targets.js", base_path=_BASE))
_BENCH: Final = st.components.v2.component("watchkeeper_bench", js=loader("bench.js", base_path=_BASE))
_GAUGE: Final = st.components.v2.component("watchkeeper_gauge", js=loader("gauge.js", base_path=_BASE))
_BARS: Final = st.components.v2.component("watchkeeper_bars", js=loader("bars.js", base_path=_BASE))
_LINES: Final = st.components.v2.component("watchkeeper_log_lines", js=loader("log_lines.js", base_path=_BASE))
_PATTERN: Final = st.components.v2.component("watchkeeper_pattern", js=loader("pattern_box.js", base_path=_BASE))
_PICTURE: Final = st.components.v2.component("watchkeeper_picture", js=loader("pictures.js", base_path=_BASE))


@dataclass(frozen=True, slots=True)
class WallEvent:
    """What a viewer did on the wall."""

    range: Timespan | None
    """The span picked by dragging over a chart, in whole seconds; None: the zoom was reset."""


@dataclass(frozen=True, slots=True)
class ChartEvent:
    """What a viewer did on one chart: picked a span, reset the zoom, or clicked a point."""

    range: Timespan | None = None
    """The span picked by dragging."""
    reset: bool = False
    """The zoom was reset by a double click."""
    point: tuple[str, datetime] | None = None
    """(line, instant) of the point that was clicked."""


def draw_wall(charts: Sequence[ChartView], *, key: str, height: int = 200, columns: int = 3) -> WallEvent | None:
    """Draw `charts` as one live wall and give what the viewer just did, once.

    Call it again with the same `key` in each refresh: only what changed travels. `height` is a plot's, in pixels.
    """
    held = f"{key}/stream"
    stream, message = live.next_message(
        _held_stream(held), charts, name=secrets.token_hex(8), look=Look(height, columns)
    )
    # Kept before it is sent: a run that is stopped in between leaves a number out, which the browser notices.
    st.session_state[held] = stream
    result = _WALL(key=key, data=message, on_picked_change=_nothing, on_resend_change=lambda: _forget(held))
    return _wall_event(result.picked)


def draw_chart(chart: ChartView, *, key: str, height: int = 236) -> ChartEvent | None:
    """Draw `chart` with plotly and give what the viewer just did, once. Zoom is kept over new data."""
    document = {
        "figure": figure.build(chart, height=height, legend=False),
        "meta": live.described(chart),
        "label": figure.label(chart),
        "latest": figure.latest(chart),
        "divisors": figure.divisors(chart),
    }
    result = _CHART(key=key, data=json.dumps(document).encode(), on_picked_change=_nothing)
    return _chart_event(result.picked, chart)


def draw_targets(grid: TargetGrid, *, key: str) -> str | None:
    """Draw `grid` as real buttons, zone by zone, and give the id of the target that was just pressed."""
    picked = _TARGETS(key=key, data=targets.document(grid), on_picked_change=_nothing).picked
    return picked if isinstance(picked, str) else None


def draw_bench(
    view: BenchView, *, key: str, height: int = 260, on_event: Callable[[BenchEvent], None] | None = None
) -> BenchEvent | None:
    """Draw the workbench's preview and give what the viewer just did, once. `height` is the plot's, in pixels.

    Call it again with the same `key` after each change: only what changed travels. `on_event` is called with the same
    event before the script runs again, as Streamlit's callbacks are, so that the run already draws what follows from
    it; without it a page needs a second run (`st.rerun`) to show what it made of the event.
    """
    held = f"{key}/sent"
    sent = st.session_state.get(held)
    # Kept before it is sent: a run that is stopped in between leaves a part out, which the browser notices.
    kept, message = bench.message(view, sent if isinstance(sent, Sent) else Sent(), height=height)
    st.session_state[held] = kept

    def picked() -> None:
        event = bench.event_of(st.session_state[key].get("picked"), view)
        if event and on_event:
            on_event(event)

    result = _BENCH(key=key, data=message, on_picked_change=picked, on_resend_change=lambda: _forget(held))
    return bench.event_of(result.picked, view)


def draw_gauge(shown: Gauge, *, key: str) -> None:
    """Draw the spend gauge."""
    _GAUGE(key=key, data=gauge.document(shown))


def draw_window(picture: WindowPicture, *, key: str) -> None:
    """Draw M of N as boxes."""
    _PICTURE(key=key, data=pictures.window_document(picture))


def draw_bars(shown: Bars, *, key: str) -> None:
    """Draw bars on one scale of time."""
    if shown.rows:
        _BARS(key=key, data=bars.document(shown))


def draw_steps(picture: StepsPicture, *, key: str) -> None:
    """Draw the steps of a scaling policy as stairs."""
    _PICTURE(key=key, data=pictures.steps_document(picture))


def picked_line(key: str) -> LineEvent | None:
    """Give what a viewer just did with a line of the list `key`, before the run that draws what follows from it."""
    return log_lines.event_of(_held(key))


def draw_log_lines(shown: LineList, *, key: str, height: int) -> LineEvent | None:
    """Draw log lines and give what the viewer just did with one, once. `height` is the list's, in pixels, at most."""
    result = _LINES(key=key, data=log_lines.document(shown, height=height), on_picked_change=_nothing)
    return log_lines.event_of(result.picked)


def picked_pattern(key: str, *, longest: int) -> PatternEvent | None:
    """Give what a viewer just typed into the box `key`, before the run that draws what follows from it."""
    return log_lines.pattern_event(_held(key), longest=longest)


def draw_pattern_box(view: PatternView, *, current: str, key: str) -> None:
    """Draw the box for a filter pattern; `picked_pattern` gives what is typed."""
    _PATTERN(key=key, data=log_lines.pattern_document(view, current=current), on_picked_change=_nothing)


def _held(key: str) -> object:
    state = st.session_state.get(key)
    return None if state is None else state.get("picked")


def _held_stream(held: str) -> Stream | None:
    stream = st.session_state.get(held)
    return stream if isinstance(stream, Stream) else None


def _forget(held: str) -> None:
    """Begin anew: the browser said that it missed a message, or was loaded anew."""
    st.session_state.pop(held, None)


def _nothing() -> None:
    """Stand where Streamlit wants a callback; the value is read from the result."""


def _wall_event(picked: object) -> WallEvent | None:
    if not isinstance(picked, Mapping):
        return None
    if picked.get("reset") is True:
        return WallEvent(None)
    span = span_of(picked)
    return WallEvent(span) if span else None


def _chart_event(picked: object, chart: ChartView) -> ChartEvent | None:
    if not isinstance(picked, Mapping):
        return None
    if picked.get("reset") is True:
        return ChartEvent(reset=True)
    line, at = picked.get("line"), picked.get("at")
    if is_number(line) and is_number(at) and line in range(len(chart.lines)) and 0 <= at < LATEST:
        return ChartEvent(point=(chart.lines[int(line)].name, figure.off_clock(at, chart.zone)))
    span = span_of(picked)
    if span is None:
        return None
    start, end = (figure.off_clock(instant.timestamp(), chart.zone) for instant in (span.start, span.end))
    return ChartEvent(range=Timespan(start, end)) if start < end else None
