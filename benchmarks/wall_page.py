"""The page that `benchmarks/wall.py` measures: 20 charts × 5 series × 1,440 points, drawn in the way the address names.

`?way=live` is our wall, `?way=plotly` the same charts by `st.plotly_chart`, `?way=empty` a line of text, which is what
Streamlit itself takes; `?every=5` refreshes by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from core.timespan import Timespan, from_epoch
from dashboard.charts import figure
from dashboard.charts.components import draw_wall
from dashboard.charts.view import ChartView, Line

CHARTS, SERIES, POINTS = 20, 5, 1_440
START = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())
UNSETTLED = timedelta(minutes=10)


@lru_cache(maxsize=1)
def world() -> np.ndarray[Any, np.dtype[np.float64]]:
    """A day and four hours of values: charts × series × minutes."""
    steps = np.random.default_rng(7).normal(size=(CHARTS, SERIES, POINTS + 240))
    return 50 + 12 * np.sin(np.arange(POINTS + 240) / 90) + 0.6 * np.cumsum(steps, axis=2)


@lru_cache(maxsize=512)
def snapshot(minute: int) -> tuple[ChartView, ...]:
    """The views as of `minute`: one for all sessions, as the product's feed keeps them."""
    end = from_epoch(START + 60 * (minute + POINTS))
    times = START + 60 * np.arange(minute, minute + POINTS, dtype=np.int64)
    span = Timespan(from_epoch(int(times[0])), end)
    return tuple(
        ChartView(
            f"chart{place}",
            f"CPU of group {place}",
            "Percent",
            tuple(
                Line(f"i-{each}", times, world()[place, each, minute:][:POINTS], end - UNSETTLED)
                for each in range(SERIES)
            ),
            span,
        )
        for place in range(CHARTS)
    )


@lru_cache(maxsize=512)
def figures(minute: int) -> tuple[figure.Figure, ...]:
    """The same views as plotly figures with binary arrays, the fastest way into `st.plotly_chart`."""
    drawn = []
    for chart in snapshot(minute):
        settled = ChartView(
            chart.key, chart.title, chart.unit, tuple(_settled(line) for line in chart.lines), chart.span
        )
        drawn.append(figure.painted(figure.build(settled, height=200), figure.LIGHT))
    return tuple(drawn)


def _settled(line: Line) -> Line:
    """Without the dashed tail, which would be a second trace: the comparison is 5 traces a chart on both sides."""
    return Line(line.name, line.times, line.values)


st.set_page_config(layout="wide", page_title="wall", page_icon="static/favicon.png")
way = st.query_params.get("way", "live")
every = st.query_params.get("every")


@st.fragment(run_every=every)
def wall() -> None:
    """One refresh: a minute later than the one before."""
    minute = st.session_state.get("minute", -1)
    if st.button("Refresh", key="refresh") or every or minute < 0:
        minute = (minute + 1) % 240
    st.session_state["minute"] = minute
    with st.container(key="bench"):
        if way == "empty":
            st.text(f"no charts, minute {minute}")
        elif way == "live":
            draw_wall(snapshot(minute), key="wall", height=200)
        else:
            columns = st.columns(3)
            for place, drawn in enumerate(figures(minute)):
                columns[place % 3].plotly_chart(drawn, key=f"chart{place}", config={"displayModeBar": False})
    st.text(f"minute {minute}")


wall()
