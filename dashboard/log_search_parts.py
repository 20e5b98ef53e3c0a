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
from dashboard.views.logs import LogView, Reach

READ_ON: Final = 1.0
"""Seconds between looks while a span is being read."""
CHART_PIXELS: Final = 104
_GOING_ON: Final = "logs-going-on"
_REACH: Final = "logs-reach"

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
            reach = _reach(asked)
            load = partial(logs.read, context.sources, wanted, state, reach=reach, clock=context.now)
            key = ("logs", *asked, state.live, reach)
            look = parts.looked(context, key, load, every=READ_ON if going_on else slow, height=600)
            if look is None:
                return
            view = logs.build(look, now=context.now())
            _draw_view(context, state, wanted, view, asked)
            if view.going_on != going_on:
                st.session_state[_GOING_ON] = asked if view.going_on else None
                st.rerun()

    body()


def _reach(asked: Asked) -> Reach:
    """Give how much is wanted of what is asked for."""
    held = st.session_state.get(_REACH)
    return held[1] if held and held[0] == asked else Reach()


def _draw_reach(view: LogView, asked: Asked) -> None:
    """Let a person ask for more lines, or for a count over the whole span."""
    reach = _reach(asked)
    changed = reach
    if view.more and st.button("Show more lines", icon=":material/expand_more:", key="logs-more"):
        changed = replace(reach, most=logs.next_step(reach.most))
    if view.rest and st.button("Count the whole span", icon=":material/history:", key="logs-whole"):
        changed = replace(reach, whole=True)
    if reach.whole and view.going_on and st.button("Stop counting", icon=":material/stop:", key="logs-stop"):
        changed = replace(reach, whole=False)
    if changed != reach:
        st.session_state[_REACH] = (asked, changed)
        st.rerun()


def _draw_view(context: Context, state: PageState, wanted: LogState, view: LogView, asked: Asked) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="logs-says"):
        parts.age(state, context, view.at)
        _draw_reach(view, asked)
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
