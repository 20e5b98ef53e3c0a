"""Logs: lines found by group, stream and pattern, beside the metrics they explain."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import cached, log_parts, log_pattern_parts, log_search_parts, log_tabs, log_tail_parts, parts
from dashboard.log_state import Mode, read_logs
from dashboard.views import logs

MODES = {Mode.SEARCH: log_search_parts, Mode.TAIL: log_tail_parts, Mode.PATTERNS: log_pattern_parts}

context = cached.context()
state = parts.page_state(context, shortest=logs.SHORTEST)
wanted = read_logs(parts.url())


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
    else:
        MODES[wanted.mode].draw(context, state, wanted)


parts.bar("Logs", state, context)
log_tabs.draw()
parts.problems((*state.problems, *wanted.problems))
with parts.boundary():
    draw_page()
