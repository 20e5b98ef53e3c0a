"""Logs Insights: what a query scans and costs before it runs, its results as table and chart, and the runs before."""

from __future__ import annotations

import streamlit as st

from dashboard import cached, insights_parts, log_parts, log_tabs, parts, plan_dialog
from dashboard.insights_state import read_insights

OPEN = "insights-open"

context = cached.context()
state = parts.page_state(context)
wanted = read_insights(parts.url())


@st.fragment
def draw_desk() -> None:
    """Draw the editor, and the price of what is in it."""
    with parts.boundary():
        left, right = st.columns([7, 3], gap="small")
        with left:
            insights_parts.draw_starts(context, state.scope, wanted)
            text = insights_parts.draw_editor(context, wanted)
        with right:
            insights_parts.draw_fields(context, state.scope, wanted)
        found = insights_parts.quoted(context, state, wanted)
        if found is not None:
            insights_parts.draw_offer(context, wanted, found, text, state.span(now=context.now()))


@st.fragment(run_every=insights_parts.LOOK_SECONDS if st.session_state.get(OPEN) else None)
def draw_runs() -> None:
    """Draw the run of the link, and those before it."""
    with parts.boundary():
        found = insights_parts.runs(context, state.scope)
        each = insights_parts.each_byte(insights_parts.quoted(context, state, wanted))
        run = next((each_run for each_run in found.value if each_run.id == wanted.run), None)
        parts.faults(found.faults)
        if run is not None:
            insights_parts.draw_run(context, wanted, run, each)
        elif wanted.run:
            parts.empty(
                "The run of the link is not here",
                "Results are kept for seven days, by account and region.",
            )
        insights_parts.draw_history(context, wanted, found.value, each)
        is_open = any(each_run.is_open for each_run in found.value)
        if is_open != bool(st.session_state.get(OPEN)):
            st.session_state[OPEN] = is_open
            st.rerun(scope="app")


parts.bar("Logs Insights", state, context)
log_tabs.draw()
parts.problems(state.problems)
groups = log_parts.groups(context, state.scope)
if groups is not None:
    parts.faults(groups.faults)
    text, problem = insights_parts.opened(context, wanted)
    parts.problems((problem,) if problem else ())
    insights_parts.draw_groups(context, groups.value, wanted)
    draw_desk()
    draw_runs()
plan_dialog.draw_asked(context)
