"""Drawing of the Live tail mode of the Logs page: new lines as they come, held without losing any."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import live_tail_parts, log_parts, parts
from dashboard.cached import Context
from dashboard.charts.components import draw_chart
from dashboard.charts.log_lines import LineList
from dashboard.log_search_parts import CHART_PIXELS
from dashboard.log_state import LogState
from dashboard.state import PageState
from dashboard.views import frame, log_tail, logs
from dashboard.views.log_tail import TailView
from dashboard.wording import md


def draw(context: Context, state: PageState, wanted: LogState) -> None:
    """Draw the tail; everybody who looks at the same lines shares one poll."""
    if state.fixed is not None:
        parts.empty("A tail is of now", "The link pins a span of time; press “Back to live” above to let go of it.")
        return
    if live_tail_parts.draw(context, state, wanted):
        return

    @st.fragment(run_every=log_tail.SECONDS if state.live else None)
    def body() -> None:
        with parts.boundary():
            load = partial(log_tail.read, context.sources, wanted, state.scope, now_of=context.now)
            key = ("logs", "tail", state.scope, wanted, state.live)
            every = log_tail.SECONDS if state.live else None
            look = parts.looked(context, key, load, every=every, height=600)
            if look is not None:
                _draw_view(context, state, wanted, log_tail.build(look, now=context.now()))

    body()


def _draw_view(context: Context, state: PageState, wanted: LogState, view: TailView) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="logs-says"):
        fresh = frame.freshness(state, read_at=view.at, now=context.now(), refresh=log_tail.SECONDS)
        parts.freshness(frame.Frame(fresh, ()))
        log_parts.draw_downloads(context, view.lines, wanted)
    parts.faults(view.faults)
    draw_chart(view.chart, key="logs-rate", height=CHART_PIXELS)
    with st.container(gap=None):
        st.text(view.sentence)
        if view.overrun:
            st.caption(f":orange[:material/warning:] {md(view.overrun)}")
    listed = logs.listed(view.lines, wanted.pattern, bare=context.log_secrets)
    shown = LineList(
        repr(("tail", wanted, state.scope)), "Log lines as they come, newest last", listed, {}, tail=True,
        empty="No line yet; new ones are shown as they come.",
    )  # fmt: skip
    log_parts.draw_list(context, wanted, view.lines, shown, key="logs-tail")
