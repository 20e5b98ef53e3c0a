"""Drawing of the Lines mode of the Logs page: the newest lines of a span, and how many there were over time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import streamlit as st

from dashboard import log_parts, parts
from dashboard.cached import Context
from dashboard.charts.components import draw_chart
from dashboard.charts.log_lines import LineList
from dashboard.log_state import LogState
from dashboard.state import PageState, pinned
from dashboard.views import logs
from dashboard.views.logs import LogView

READ_ON: Final = 1.0
"""Seconds between looks while a span is being read."""
CHART_PIXELS: Final = 104
_GOING_ON: Final = "logs-going-on"
_MOST: Final = "logs-most"

Asked = tuple[object, ...]
"""What tells one search from another."""


def draw(context: Context, state: PageState, wanted: LogState) -> None:
    """Draw the newest lines that match; while a span is read, look again each second."""
    asked = (state.scope, state.range, state.fixed, replace(wanted, line=None))
    going_on = st.session_state.get(_GOING_ON) == asked
    slow = context.refresh if state.refreshing else None

    @st.fragment(run_every=READ_ON if going_on else slow and 2 * slow)
    def body() -> None:
        with parts.boundary():
            most = _most(asked)
            load = partial(logs.read, context.sources, wanted, state, most=most, clock=context.now)
            key = ("logs", *asked, state.live, most)
            look = parts.looked(context, key, load, every=READ_ON if going_on else slow, height=600)
            if look is None:
                return
            view = logs.build(look, now=context.now())
            _draw_view(context, state, wanted, view, asked)
            if view.going_on != going_on:
                st.session_state[_GOING_ON] = asked if view.going_on else None
                st.rerun()

    body()


def _most(asked: Asked) -> int:
    """Give how many lines are shown of what is asked for."""
    held = st.session_state.get(_MOST)
    return held[1] if held and held[0] == asked else logs.STEPS[0]


def _draw_view(context: Context, state: PageState, wanted: LogState, view: LogView, asked: Asked) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="logs-says"):
        parts.age(state, context, view.at)
        if view.more and st.button("Show more lines", icon=":material/expand_more:", key="logs-more"):
            st.session_state[_MOST] = (asked, logs.next_step(_most(asked)))
            st.rerun()
        log_parts.draw_downloads(context, view.lines, wanted)
    parts.faults(view.faults)
    event = draw_chart(view.chart, key="logs-histogram", height=CHART_PIXELS)
    listed = logs.listed(view.lines, wanted.pattern, bare=context.log_secrets)
    name = repr((wanted, state.scope, state.range, state.fixed))
    shown = LineList(name, "Log lines, newest first", listed, {}, empty=logs.empty(view))
    log_parts.draw_list(context, wanted, view.lines, shown, key="logs-lines")
    if event is not None and (event.range or event.reset):
        parts.show(pinned(state, event.range, now=context.now(), shortest=logs.SHORTEST), context)
        st.rerun()
