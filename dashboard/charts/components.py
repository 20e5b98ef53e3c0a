"""The drawing: three components whose JavaScript lies in `static/charts`. The only room here that knows Streamlit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeGuard

import streamlit as st

from core.timespan import Timespan, from_epoch
from dashboard.charts import figure, live, targets
from dashboard.charts.assets import loader
from dashboard.charts.live import Look, Stream
from dashboard.charts.targets import TargetGrid
from dashboard.charts.view import ChartView

_BASE: Final = str(st.get_option("server.baseUrlPath") or "")
_WALL: Final = st.components.v2.component("watchkeeper_wall", js=loader("live.js", base_path=_BASE))
_CHART: Final = st.components.v2.component("watchkeeper_chart", js=loader("plotly.js", base_path=_BASE))
_TARGETS: Final = st.components.v2.component("watchkeeper_targets", js=loader("targets.js", base_path=_BASE))
_LATEST: Final = 1e11
"""Epoch seconds; what a browser sends beyond is no time of ours."""


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


def _held_stream(held: str) -> Stream | None:
    stream = st.session_state.get(held)
    return stream if isinstance(stream, Stream) else None


def _forget(held: str) -> None:
    """Begin a new stream: the browser said that it missed a message, or was loaded anew."""
    st.session_state.pop(held, None)


def _nothing() -> None:
    """Stand where Streamlit wants a callback; the value is read from the result."""


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _span(picked: Mapping[str, Any]) -> Timespan | None:
    """Read a span that a browser sent, which may hold anything."""
    start, end = picked.get("from"), picked.get("to")
    if not _is_number(start) or not _is_number(end) or not 0 <= start < end < _LATEST:
        return None
    return Timespan(from_epoch(int(start)), from_epoch(max(int(start) + 1, round(end))))


def _wall_event(picked: object) -> WallEvent | None:
    if not isinstance(picked, Mapping):
        return None
    if picked.get("reset") is True:
        return WallEvent(None)
    span = _span(picked)
    return WallEvent(span) if span else None


def _chart_event(picked: object, chart: ChartView) -> ChartEvent | None:
    if not isinstance(picked, Mapping):
        return None
    if picked.get("reset") is True:
        return ChartEvent(reset=True)
    line, at = picked.get("line"), picked.get("at")
    if _is_number(line) and _is_number(at) and line in range(len(chart.lines)) and 0 <= at < _LATEST:
        return ChartEvent(point=(chart.lines[int(line)].name, figure.off_clock(at, chart.zone)))
    span = _span(picked)
    if span is None:
        return None
    start, end = (figure.off_clock(instant.timestamp(), chart.zone) for instant in (span.start, span.end))
    return ChartEvent(range=Timespan(start, end)) if start < end else None
