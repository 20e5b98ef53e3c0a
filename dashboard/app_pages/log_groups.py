"""Log groups: what lies there, how long it is kept, what that costs; and metrics made of their lines."""

from __future__ import annotations

import streamlit as st

from dashboard import cached, filter_desk, log_group_parts, log_tabs, metric_filter_parts, parts, plan_dialog
from dashboard.views import frame

REFRESH_SECONDS = 300.0
"""How often groups are looked at; AWS counts their bytes with delay."""

context = cached.context()
state = parts.page_state(context)
opened = filter_desk.opened()


@st.fragment(run_every=context.refresh * 4 if state.refreshing else None)
def draw_groups() -> None:
    """Draw the list and the group that is open."""
    with parts.boundary():
        desk = log_group_parts.looked(context, state.scope, every=REFRESH_SECONDS)
        if desk is None:
            return
        read_at = desk.found.groups.at
        parts.freshness(
            frame.Frame(frame.freshness(state, read_at=read_at, now=context.now(), refresh=REFRESH_SECONDS), ())
        )
        parts.faults((*desk.found.groups.faults, *desk.found.filters.faults, *desk.found.faults))
        named = parts.first(log_group_parts.GROUP)
        if named:
            log_group_parts.draw_group(desk, named)
        log_group_parts.draw_list(desk)


@st.fragment
def draw_form() -> None:
    """Draw the form and what its filter would have made of real lines; a change runs only this."""
    with parts.boundary():
        desk = log_group_parts.looked(context, state.scope, every=REFRESH_SECONDS)
        draft = filter_desk.draft()
        if desk is None or draft is None:
            return
        checked = metric_filter_parts.checked_of(desk, draft)
        left, right = st.columns([4, 6], gap="xsmall")
        with left, parts.card("filter-form", f"Metric filter on {draft.group}", None), st.container(key="mf-fields"):
            metric_filter_parts.draw_fields(desk, checked)
            metric_filter_parts.draw_buttons(desk, checked)
        with right, parts.card("filter-trial", "Tried on real lines", None):
            metric_filter_parts.draw_trial(desk, checked)


parts.bar("Log groups", state, context, timed=False)
log_tabs.draw()
parts.problems(state.problems)
if opened is None:
    draw_groups()
else:
    draw_form()
plan_dialog.draw_asked(context)
