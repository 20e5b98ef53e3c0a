"""Chart view → plotly figure, in the look of the live wall.

A built figure names its colours (`@alarm`, `@series0`, `@muted/0.12` for a faded one) instead of fixing them, so that
the browser paints it in the running theme, and `painted` paints it in a given one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.series import Times
from core.timespan import from_epoch
from dashboard.charts.ticks import RoundAxis, fitted, round_axis
from dashboard.charts.unit import written
from dashboard.charts.view import Axis, Band, ChartView, Line, LineKind, Mark, Threshold, Tone

Figure = dict[str, Any]
"""What plotly.js draws: `data` and `layout`."""

FONT: Final = "Inter, sans-serif"
_LATE: Final = 0.85
"""Share of the span from where a mark's label stands before it: behind it there is no room."""
_MARK_ROOM: Final = 0.1
"""Share of the height kept free for the labels of marks."""
_NAME_HEIGHT: Final = 18
_LETTER_WIDTH: Final = 7
"""Pixels that the name of a threshold takes, rather too many."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours that a painted figure has; the same as in `.streamlit/config.toml`."""

    series: tuple[str, ...]
    text: str
    muted: str
    card: str
    line: str
    ok: str
    warning: str
    alarm: str
    info: str


LIGHT: Final = Theme(
    ("#2360D8", "#D97A00", "#0B8A6C", "#A83D8F", "#6D5DE7", "#4B7F9C", "#C2472F", "#7A838F"),
    text="#17202C", muted="#5B6776", card="#FFFFFF", line="#DCE1E7",
    ok="#0B7A5E", warning="#9A4708", alarm="#C62F1D", info="#2360D8",
)  # fmt: skip
DARK: Final = Theme(
    ("#6BA5FF", "#F5A742", "#3ECFA5", "#E07CC6", "#A79BFF", "#7FB5D1", "#FF7B69", "#93A1B2"),
    text="#E4E9F0", muted="#93A1B2", card="#121921", line="#27313D",
    ok="#3ECFA5", warning="#F5A742", alarm="#FF7B69", info="#6BA5FF",
)  # fmt: skip

_NAMED: Final = re.compile(r"@(?P<name>[a-z]+)(?P<rank>\d*)(?:/(?P<alpha>[\d.]+))?")


def build(chart: ChartView, *, height: int = 236, legend: bool = True) -> Figure:
    """Give `chart` as a plotly figure of `height` pixels with named colours. Times are shown on the chart's clock.

    Without `legend`, what stands around the figure must name the lines.
    """
    rules = {axis: _rule(chart, axis) for axis in Axis}
    traces = [trace for index in _drawing_order(chart) for trace in _traces(chart, index, rules)]
    traces += [_hollow(chart, index, rules) for index, line in enumerate(chart.lines) if _has_hollow(line)]
    return {"data": traces, "layout": _layout(chart, rules, height=height, legend=legend)}


def _drawing_order(chart: ChartView) -> list[int]:
    """Give the lines' places as plotly must draw them: bars from the bottom up, then lines, the first in front."""
    bars = [index for index, line in enumerate(chart.lines) if line.kind is LineKind.BAR]
    return bars + [index for index in reversed(range(len(chart.lines))) if index not in bars]


def painted(figure: Figure, theme: Theme) -> Figure:
    """Give `figure` with every named colour as it is in `theme`, for where no browser paints it."""
    painted_figure: Figure = _painted(figure, theme)
    return painted_figure


def label(chart: ChartView) -> str:
    """Say in words what `chart` shows: the text alternative."""
    parts = [f"{chart.title} {chart.subtitle}".strip()]
    parts += [chart.status.text] if chart.status else []
    parts += [chart.note] if chart.note else []
    parts += [_said(line, chart.unit_of(line.axis)) for line in chart.lines]
    parts += [_threshold_text(threshold, chart) for threshold in chart.thresholds]
    return ". ".join(parts) + "."


def latest(chart: ChartView) -> list[str]:
    """Write the latest value of each line, or their sums where the chart wants those."""
    found = [(line.values[np.isfinite(line.values)], chart.unit_of(line.axis)) for line in chart.lines]
    one = np.sum if chart.totals else lambda values: values[-1]
    return [written(float(one(values)) if values.size else None, unit) for values, unit in found]


def divisors(chart: ChartView) -> list[float]:
    """Give by what each line's values were divided in the figure, so that axes read in few digits."""
    rules = {axis: _rule(chart, axis) for axis in Axis}
    return [rules[line.axis].scale.divisor for line in chart.lines]


def _said(line: Line, unit: str | None) -> str:
    values = line.values[np.isfinite(line.values)]
    if not values.size:
        return f"{line.name}: no data"
    low, high = written(float(values.min()), unit), written(float(values.max()), unit)
    return f"{line.name}: latest {written(float(values[-1]), unit)}, between {low} and {high}"


def on_clock(times: Times, zone: str) -> Times:
    """Give epoch milliseconds that read, as if UTC, what the clock of `zone` shows: plotly knows no zones."""
    if zone == "UTC":
        return times.astype(np.int64) * 1000
    shown = pd.to_datetime(times, unit="s", utc=True).tz_convert(zone).tz_localize(None)
    return np.asarray(shown.as_unit("ms").asi8, np.int64)


def off_clock(shown: float, zone: str) -> datetime:
    """Give the instant at which the clock of `zone` shows what, read as UTC, is `shown` epoch seconds."""
    return from_epoch(shown).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _milliseconds(instant: float, zone: str) -> float:
    return float(on_clock(np.array([round(instant)], np.int64), zone)[0])


def _packed(values: npt.NDArray[np.float64]) -> dict[str, str]:
    """Give numbers as plotly.js reads them fastest; NaN is a gap."""
    return {"dtype": "f8", "bdata": base64.b64encode(values.astype("<f8", copy=False).tobytes()).decode()}


def _colour(chart: ChartView, index: int) -> str:
    line = chart.lines[index]
    if line.tone:
        # A warning's own colour is made for text; as an area it is too heavy, so that the legend shows amber too.
        return "@series1" if line.tone is Tone.WARNING else f"@{line.tone}"
    return f"@series{sum(each.tone is None for each in chart.lines[:index])}"


def _traces(chart: ChartView, index: int, rules: Mapping[Axis, RoundAxis]) -> list[dict[str, Any]]:
    """Give a line's trace, and a dashed one for what may still change."""
    line = chart.lines[index]
    edge = line.times.size
    if line.settled_until is not None:
        edge = int(np.searchsorted(line.times, line.settled_until.timestamp()))
    settled = _trace(chart, index, rules, slice(0, edge), tail=False)
    if edge >= line.times.size:
        return [settled]
    start = edge if line.kind is LineKind.BAR else max(0, edge - 1)
    return [settled, _trace(chart, index, rules, slice(start, None), tail=True)]


def _trace(chart: ChartView, index: int, rules: Mapping[Axis, RoundAxis], part: slice, *, tail: bool) -> dict[str, Any]:
    line, colour, scale = chart.lines[index], _colour(chart, index), rules[chart.lines[index].axis].scale
    trace: dict[str, Any] = {
        "name": _plain(line.name),
        "x": _packed(on_clock(line.times[part], chart.zone).astype(np.float64)),
        "y": _packed(line.values[part] / scale.divisor),
        "yaxis": "y" if line.axis is Axis.LEFT else "y2",
        "legendgroup": str(index),
        "showlegend": not tail,
        "meta": index,
        "hovertemplate": f"{scale.prefix}%{{y:,.3~f}}{scale.suffix}" + (" · may change" if tail else ""),
    }
    if line.kind is LineKind.BAR:
        return {**trace, "type": "bar", "marker": {"color": f"{colour}/{0.4 if tail else 0.9}"}}
    shape = {"shape": "hv" if line.kind is LineKind.STEP else "linear", "width": 2.4 if line.emphasis else 1.6}
    dash = {"dash": "4px,3px"} if tail or line.dash else {}
    filled = {"fill": "tozeroy", "fillcolor": f"{colour}/0.12"} if line.kind is LineKind.AREA else {}
    drawn = {"type": "scatter", "mode": "lines", "line": {"color": colour, **shape, **dash}, "connectgaps": False}
    return {**trace, **drawn, **filled, **_dots(line, part, colour)}


def _dots(line: Line, part: slice, colour: str) -> dict[str, Any]:
    """Give a dot to each point with a gap on either side, of which a line draws nothing; without any, nothing."""
    known = np.concatenate(([False], np.isfinite(line.values), [False]))
    alone = (known[1:-1] & ~known[:-2] & ~known[2:])[part]
    if not alone.any() or line.kind is LineKind.STEP:
        return {}
    return {"mode": "lines+markers", "marker": {"size": np.where(alone, 5, 0).tolist(), "color": colour, "opacity": 1}}


def _has_hollow(line: Line) -> bool:
    """Whether points are drawn for values seen first; on bars, which stand on each other, only the tooltip says it."""
    return bool(line.revised) and line.kind is not LineKind.BAR


def _hollow(chart: ChartView, index: int, rules: Mapping[Axis, RoundAxis]) -> dict[str, Any]:
    """Give a hollow point for each value that was seen before the line's."""
    line = chart.lines[index]
    times = np.array([each.at.timestamp() for each in line.revised], np.int64)
    seen = np.array([each.seen for each in line.revised], np.float64)
    return {
        "type": "scatter", "mode": "markers", "name": _plain(line.name), "meta": index, "legendgroup": str(index),
        "showlegend": False, "yaxis": "y" if line.axis is Axis.LEFT else "y2",
        "x": _packed(on_clock(times, chart.zone).astype(np.float64)),
        "y": _packed(seen / rules[line.axis].scale.divisor),
        "marker": {"size": 7, "color": "@card", "line": {"color": _colour(chart, index), "width": 1.5}},
        "text": [_plain(each.text(chart.unit_of(line.axis), chart.zone)) for each in line.revised],
        "hovertemplate": "%{text}",
    }  # fmt: skip


def _plain(text: str) -> str:
    """Keep plotly from reading markup into a text that AWS or a user wrote."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _layout(chart: ChartView, rules: Mapping[Axis, RoundAxis], *, height: int, legend: bool) -> dict[str, Any]:
    span = [_milliseconds(instant.timestamp(), chart.zone) for instant in (chart.span.start, chart.span.end)]
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 22, "t": 14, "b": 8},
        "font": {"family": FONT, "size": 11, "color": "@muted"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "barmode": "stack",
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@line", "font": {"color": "@text", "size": 12}},
        "dragmode": "zoom",
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "font": {"size": 11}},
        "showlegend": legend and bool(chart.lines),
        "xaxis": _time_axis(chart, span),
        "yaxis": _value_axis(Axis.LEFT, rules[Axis.LEFT]),
        "shapes": [_band_shape(band, chart) for band in chart.bands],
        "annotations": [],
        "uirevision": chart.key,
    }
    if any(line.axis is Axis.RIGHT for line in chart.lines):
        layout["yaxis2"] = _value_axis(Axis.RIGHT, rules[Axis.RIGHT])
    for threshold in chart.thresholds:
        layout["shapes"].append(_threshold_shape(threshold, rules))
    layout["annotations"] += _threshold_notes(chart, rules, height=height)
    for mark in chart.marks:
        layout["shapes"].append(_mark_shape(mark, chart))
        layout["annotations"].append(_mark_note(mark, chart))
    if chart.note:
        layout["annotations"].append(_centred(chart.note))
    return layout


def _time_axis(chart: ChartView, span: list[float]) -> dict[str, Any]:
    return {
        "type": "date", "range": span, "showgrid": False, "zeroline": False, "fixedrange": False,
        "linecolor": "@line", "showline": True, "ticks": "outside", "ticklen": 4, "tickcolor": "@line",
        "automargin": True, "hoverformat": f"%-d %b %H:%M {chart.zone}",
        "tickformatstops": [
            {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
            {"dtickrange": [60_000, 86_399_999], "value": "%H:%M"},
            {"dtickrange": [86_400_000, None], "value": "%-d %b"},
        ],
    }  # fmt: skip


def _value_axis(axis: Axis, rule: RoundAxis) -> dict[str, Any]:
    is_left = axis is Axis.LEFT
    layout: dict[str, Any] = {
        "range": [rule.low / rule.scale.divisor, rule.high / rule.scale.divisor],
        "tickvals": [tick / rule.scale.divisor for tick in rule.ticks if tick <= rule.high or tick <= 0],
        "ticktext": [rule.text(tick) for tick in rule.ticks if tick <= rule.high or tick <= 0],
        "zeroline": False, "showgrid": is_left, "gridcolor": "@line/0.8", "gridwidth": 1, "fixedrange": True,
        "automargin": True, "ticklabelstandoff": 4,
    }  # fmt: skip
    return layout if is_left else {**layout, "overlaying": "y", "side": "right"}


def _rule(chart: ChartView, axis: Axis) -> RoundAxis:
    """Rule the axis as the live wall does; plotly would leave thresholds out."""
    values = _heights(chart, axis)
    is_left = axis is Axis.LEFT
    at_least = chart.y_max if is_left else chart.right_max
    if not values.size:
        return round_axis(0.0, at_least or 1.0, chart.unit_of(axis))
    low, high = float(values.min()), float(values.max())
    from_zero = chart.y_from_zero or any(line.kind is LineKind.BAR and line.axis is axis for line in chart.lines)
    extra = _MARK_ROOM if is_left and any(mark.label for mark in chart.marks) else 0.0
    return fitted(low, high, chart.unit_of(axis), from_zero=from_zero, at_least=at_least, extra=extra)


def _heights(chart: ChartView, axis: Axis) -> npt.NDArray[np.float64]:
    """Give every value that must fit on `axis`: bars that stand on each other count together."""
    bars = [line for line in chart.lines if line.axis is axis and line.kind is LineKind.BAR]
    values = chart.values_on(axis)
    if len(bars) > 1:
        together: dict[int, float] = {}
        for line in bars:
            for time, value in zip(line.times.tolist(), np.nan_to_num(line.values).tolist(), strict=True):
                together[time] = together.get(time, 0.0) + value
        values = np.concatenate([values, np.array(list(together.values()), np.float64)])
    return values[np.isfinite(values)]


def _band_shape(band: Band, chart: ChartView) -> dict[str, Any]:
    return {
        "type": "rect", "xref": "x", "yref": "paper", "layer": "below", "line": {"width": 0}, "y0": 0, "y1": 1,
        "x0": _milliseconds(band.span.start.timestamp(), chart.zone),
        "x1": _milliseconds(band.span.end.timestamp(), chart.zone),
        "fillcolor": f"@{band.tone}/0.12",
    }  # fmt: skip


def _threshold_text(threshold: Threshold, chart: ChartView) -> str:
    return f"{threshold.label} {written(threshold.value, chart.unit_of(threshold.axis))}".strip()


def _threshold_shape(threshold: Threshold, rules: Mapping[Axis, RoundAxis]) -> dict[str, Any]:
    height = threshold.value / rules[threshold.axis].scale.divisor
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height,
        "yref": "y" if threshold.axis is Axis.LEFT else "y2",
        "line": {"color": f"@{threshold.tone}", "width": 1.2, "dash": "5px,3px"},
    }  # fmt: skip


def _threshold_notes(chart: ChartView, rules: Mapping[Axis, RoundAxis], *, height: int) -> list[dict[str, Any]]:
    """Give each threshold's name at the right end; one that would lie on others stands left of them."""
    notes: list[dict[str, Any]] = []
    taken: list[tuple[float, int]] = []
    for threshold in chart.thresholds:
        rule, text = rules[threshold.axis], _threshold_text(threshold, chart)
        at = height * (threshold.value - rule.low) / ((rule.high - rule.low) or 1)
        beside = max((left for other, left in taken if abs(other - at) < _NAME_HEIGHT), default=0)
        taken.append((at, beside + _LETTER_WIDTH * (len(text) + 1)))
        notes.append({
            "text": _plain(text), "xref": "paper", "x": 1, "xanchor": "right", "xshift": -beside,
            "y": threshold.value / rule.scale.divisor, "yanchor": "bottom", "showarrow": False, "bgcolor": "@card/0.85",
            "yref": "y" if threshold.axis is Axis.LEFT else "y2", "font": {"color": f"@{threshold.tone}", "size": 11},
        })  # fmt: skip
    return notes


def _mark_shape(mark: Mark, chart: ChartView) -> dict[str, Any]:
    at = _milliseconds(mark.at.timestamp(), chart.zone)
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": f"@{mark.tone}/0.7", "width": 1, "dash": "2px,3px"},
    }  # fmt: skip


def _mark_note(mark: Mark, chart: ChartView) -> dict[str, Any]:
    said = ": ".join(part for part in (mark.label, mark.detail) if part)
    is_late = mark.at > chart.span.start + (chart.span.end - chart.span.start) * _LATE
    return {
        "text": _plain(f"{mark.label} ▼" if is_late else f"▼ {mark.label}"),
        "hovertext": _plain(said),
        "xref": "x",
        "yref": "paper",
        "y": 1,
        "x": _milliseconds(mark.at.timestamp(), chart.zone),
        "xanchor": "right" if is_late else "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"color": f"@{mark.tone}", "size": 11},
    }


def _centred(note: str) -> dict[str, Any]:
    return {
        "text": _plain(note), "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False,
        "font": {"size": 13, "color": "@muted"},
    }  # fmt: skip


def _painted(value: Any, theme: Theme) -> Any:
    if isinstance(value, dict):
        return {key: _painted(each, theme) for key, each in value.items()}
    if isinstance(value, list):
        return [_painted(each, theme) for each in value]
    if isinstance(value, str) and (named := _NAMED.fullmatch(value)):
        return _hue(named, theme)
    return value


def _hue(named: re.Match[str], theme: Theme) -> str:
    name, rank, alpha = named["name"], named["rank"], named["alpha"]
    colour: str = theme.series[int(rank) % len(theme.series)] if name == "series" else getattr(theme, name)
    if alpha is None:
        return colour
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
