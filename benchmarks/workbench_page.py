"""The page that `benchmarks/workbench.py` measures: an alarm over 14 days of minutes, drawn as the address says.

`?way=ours` draws the replay and the sweep with the workbench's component, `?way=plotly` the same with
`st.plotly_chart`, as a page of one's own would; both run the same engine in the same kind of fragment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from alarms.definition import parse
from alarms.kinds import MetricAlarm
from core.series import Series
from core.timespan import Timespan
from dashboard.charts import figure
from dashboard.charts.components import draw_bench
from dashboard.charts.view import Band, Threshold
from dashboard.views import workbench, workbench_view
from dashboard.views.workbench import Read, Shown
from dashboard.views.workbench_view import WorkbenchView

END = datetime(2026, 11, 23, tzinfo=UTC)
DAYS, THRESHOLDS = 14, (71, 68, 73, 66, 75, 70, 77, 69)


@lru_cache(maxsize=1)
def read() -> Read:
    """Fifteen days of a CPU: a daily wave, noise, and a burst now and then."""
    times = np.arange(int((END - timedelta(days=DAYS + 1)).timestamp()), int(END.timestamp()), 60, dtype=np.int64)
    random = np.random.default_rng(7)
    values = 50 + 12 * np.sin(times / 13_750) + random.normal(0, 3, times.size)
    for start in random.integers(0, times.size - 30, 20):
        values[start : start + 20] += 25
    return Read({"": Series(times, values, 60, "Percent")}, Timespan(END - timedelta(days=DAYS), END), END)


def alarm(threshold: float) -> MetricAlarm:
    found = parse(
        {
            "AlarmName": "cpu", "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistic": "Average",
            "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 3, "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    )  # fmt: skip
    if not isinstance(found, MetricAlarm):
        raise TypeError("the request above is of a metric alarm")
    return found


def preview(threshold: float) -> WorkbenchView:
    """Replay and sweep, as the product does after each change."""
    this = Shown(alarm(threshold), frozenset())
    return workbench_view.build(this, read(), workbench.trial(this, read()), incidents=(), movable=True)


def plotly(view: WorkbenchView) -> tuple[Any, Any]:
    """The same chart, with its time in ALARM shaded, and the same heat map, as plotly figures."""
    bench = view.bench
    shaded = tuple(Band(each.span) for each in bench.states.stretches if each.state == "ALARM") if bench.states else ()
    chart = bench.chart
    drawn = type(chart)(
        chart.key, chart.title, chart.unit, chart.lines, chart.span, y_from_zero=False,
        thresholds=(Threshold(bench.threshold or 0.0),), bands=shaded,
    )  # fmt: skip
    first = figure.painted(figure.build(drawn, height=250), figure.LIGHT)
    heat = bench.heat
    if heat is None:
        raise ValueError("an alarm with a threshold has a heat map")
    place = heat.periods.index(60)
    rows = [f"{m}/{n}" for m, n in heat.windows]
    columns = [f"{value:g}" for value in heat.thresholds]
    second = {"data": [{"type": "heatmap", "z": heat.pages[place], "x": columns, "y": rows}], "layout": {"height": 300}}
    return first, second


@st.fragment
def draw(way: str) -> None:
    """Draw the preview of the next threshold with each click."""
    step = st.session_state.setdefault("step", 0)
    if st.button("Next", key="next"):
        step = st.session_state["step"] = step + 1
    view = preview(float(THRESHOLDS[step % len(THRESHOLDS)]))
    with st.container(key="bench"):
        if way == "ours":
            draw_bench(view.bench, key="preview", height=250)
        else:
            chart, heat = plotly(view)
            st.plotly_chart(chart, key="chart")
            st.plotly_chart(heat, key="heat")
        st.text(view.headline)
        st.text(f"step {step}")


st.set_page_config(layout="wide")
draw(st.query_params.get("way", "ours"))
