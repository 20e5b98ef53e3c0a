"""Budgets: every budget with its standing, zero spend in one click, and the form for all others."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import budget_desk, budget_fields, budget_parts, cached, parts, plan_dialog
from dashboard.budget_action_parts import draw_new_action
from dashboard.views import frame
from dashboard.views.budget_form import check

REFRESH_SECONDS = 60.0
"""How often the collectors are asked; what a change made is looked for more often."""

context = cached.context()
state = parts.page_state(context)
problem = budget_desk.opened(context)
budget_fields.settle(context)
opened = budget_desk.draft()


@st.fragment(run_every=context.refresh * 2 if state.refreshing else None)
def draw_budgets() -> None:
    """Draw the list, the budget that is open, and zero spend."""
    with parts.boundary():
        desk = budget_parts.looked(context, state.scope, every=REFRESH_SECONDS)
        if desk is None:
            return
        live = frame.freshness(state, read_at=context.now(), now=context.now(), refresh=REFRESH_SECONDS)
        parts.freshness(frame.Frame(desk.view.stale or live, desk.view.badges))
        parts.faults(desk.view.faults)
        budget_parts.draw_list(desk)
        named = parts.first(budget_parts.NAMED)
        if named:
            budget_parts.draw_one(desk, named, below=partial(draw_new_action, desk))
        budget_parts.draw_zero(desk)


@st.fragment
def draw_form() -> None:
    """Draw the form and what its budget would have done; a change runs only this."""
    with parts.boundary():
        desk = budget_parts.looked(context, state.scope, every=REFRESH_SECONDS)
        draft = budget_desk.draft()
        if desk is None or draft is None:
            return
        checked = check(draft, taken=desk.view.names)
        parts.faults(desk.view.faults)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bf-top"):
            budget_fields.draw_top(desk, checked)
            budget_parts.draw_lock(context)
        budget_fields.draw_clash(desk, checked)
        left, right = st.columns([6, 5], gap="xsmall")
        with left, parts.card("budget-form", "Budget", None), st.container(key="bf-fields"):
            budget_fields.draw_form(desk, checked)
        with right, parts.card("budget-preview", "Preview", None):
            budget_fields.draw_preview(desk, checked)


TITLE = "Budgets" if opened is None else "Change budget" if opened.live else "New budget"
parts.bar(TITLE, state, context, timed=False)
parts.problems((*state.problems, *((problem,) if problem else ())))
if opened is None:
    draw_budgets()
else:
    draw_form()
plan_dialog.draw_asked(context)
