"""Logs: lines found by group, stream and pattern, beside the metrics they explain."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import cached, log_parts, log_pattern_parts, log_tabs, parts
from dashboard.charts.components import draw_chart
from dashboard.charts.log_lines import LineList
from dashboard.log_state import Mode, read_logs
from dashboard.state import pinned
from dashboard.views import logs
from dashboard.views.logs import LogView

READ_ON = 1.0
"""Seconds between looks while a span is being read."""
GOING_ON = "logs-going-on"
MOST = "logs-most"

context = cached.context()
state = parts.page_state(context, shortest=logs.SHORTEST)
wanted = read_logs(parts.url())
asked = (state.scope, state.range, state.fixed, replace(wanted, line=None))
going_on = st.session_state.get(GOING_ON) == asked
every = READ_ON if going_on else context.refresh * 2 if state.refreshing else None


def most() -> int:
    """Give how many lines are shown of what is asked for."""
    held = st.session_state.get(MOST)
    return held[1] if held and held[0] == asked else logs.STEPS[0]


@st.fragment(run_every=every)
def draw_lines() -> None:
    """Draw the newest look: how many lines over time, then the lines."""
    with parts.boundary():
        load = partial(logs.read, context.sources, wanted, state, most=most(), clock=context.now)
        pace = READ_ON if going_on else context.refresh if state.refreshing else None
        look = parts.looked(context, ("logs", *asked, state.live, most()), load, every=pace, height=600)
        if look is None:
            return
        view = logs.build(look, now=context.now())
        draw_view(view)
        if view.going_on != going_on:
            st.session_state[GOING_ON] = asked if view.going_on else None
            st.rerun()


def draw_view(view: LogView) -> None:
    """Draw one look."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="logs-says"):
        parts.age(state, context, view.at)
        if view.more and st.button("Show more lines", icon=":material/expand_more:", key="logs-more"):
            st.session_state[MOST] = (asked, logs.next_step(most()))
            st.rerun()
        log_parts.draw_downloads(context, view.lines, wanted)
    parts.faults(view.faults)
    event = draw_chart(view.chart, key="logs-histogram", height=104)
    shown = LineList(
        log_parts.list_name(wanted, state), "Log lines, newest first",
        logs.listed(view.lines, wanted.pattern, bare=context.log_secrets), {}, empty=logs.empty(view),
    )  # fmt: skip
    log_parts.draw_list(context, wanted, view.lines, shown, key="logs-lines")
    if event is not None and (event.range or event.reset):
        parts.show(pinned(state, event.range, now=context.now(), shortest=logs.SHORTEST), context)
        st.rerun()


@st.fragment
def draw_around() -> None:
    """Draw the line of the link with its neighbours."""
    with parts.boundary():
        log_parts.draw_around(context, state, wanted)


def draw_page() -> None:
    """Draw the controls, and what they choose."""
    found = log_parts.groups(context, state.scope)
    if found is None:
        return
    parts.faults(found.faults)
    left, right = st.columns(2, gap="xsmall")
    with left:
        group = log_parts.draw_group(found.value, wanted)
    if not wanted.group:
        parts.empty("No log group chosen", logs.group_note(found.value))
        return
    if group is not None and not group.can_be_searched:
        parts.empty("This group is not searched here", logs.class_note(group))
        return
    with right:
        log_parts.draw_streams(context, state.scope, wanted)
    log_parts.draw_pattern(wanted)
    log_parts.draw_ways(wanted)
    draw_answer()


def draw_answer() -> None:
    """Draw what the mode shows of the group."""
    if wanted.line is not None:
        if st.button("Back to the search", icon=":material/arrow_back:", key="logs-back"):
            log_parts.keep(replace(wanted, line=None))
        draw_around()
    elif not logs.is_pattern(wanted.pattern):
        parts.empty("The pattern is not complete", "Lines are searched once it is; the box above says what is wrong.")
    elif wanted.mode is Mode.PATTERNS:
        log_pattern_parts.draw(context, state, wanted)
    else:
        draw_lines()


parts.bar("Logs", state, context)
log_tabs.draw()
parts.problems((*state.problems, *wanted.problems))
with parts.boundary():
    draw_page()
