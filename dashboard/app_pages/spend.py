"""Spend: what the account costs against its budgets, what free allowances are left, and where the month leads."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, guard_parts, parts, report_parts, spend_parts
from dashboard.charts.components import draw_chart, draw_gauge
from dashboard.spend_parts import draw_table
from dashboard.views import frame, spend
from dashboard.wording import md

REFRESH_SECONDS = 60.0

context = cached.context()
state = parts.page_state(context)
every = REFRESH_SECONDS if state.refreshing else None


def draw_view(view: spend.SpendView) -> None:
    """Draw the page; the same elements in the same order each time."""
    live = frame.freshness(state, read_at=view.read_at, now=context.now(), refresh=REFRESH_SECONDS)
    parts.freshness(frame.Frame(live, (view.state,)))
    parts.faults(view.faults)
    st.header(md(view.sentence), anchor=False)
    left, right = st.columns([1, 2], gap="xsmall")
    with left, parts.card("gauge", view.budget_name or "No budget yet", view.state):
        draw_gauge(view.gauge, key="spend-gauge")
        st.text(view.whose)
    with right:
        draw_chart(view.chart, key="spend-month", height=260)
        st.caption(md(view.chart_note))
        st.caption(md(view.aws_note))
    parts.tiles(view.tiles, key="kpi")
    with parts.card("allowances", "Free allowances", view.allowances_state):
        draw_table(view.allowances, view.allowances_note, key="allowances")
    with parts.card("budgets", "Budgets", None):
        draw_table(view.budgets, view.budgets_note, key="budgets")
        st.page_link(
            "app_pages/budgets.py", label="Budgets: zero spend in one click, edit, create", icon=":material/edit:"
        )
    spend_parts.draw_costs(context, state.scope, view)
    spend_parts.draw_drivers(context, state.scope)


@st.fragment(run_every=every)
def draw_spend() -> None:
    """Draw the newest look. Nothing here asks for anything that costs money but a button that says so."""
    with parts.boundary():
        load = partial(parts.at_clock, context, partial(spend.read, context.sources), state.scope)
        found = parts.looked(context, ("spend", state.scope.account), load, every=every, height=400)
        if found is not None:
            draw_view(spend.build(found, now=context.now()))


parts.bar("Spend", state, context, timed=False)
parts.problems(state.problems)
draw_spend()
guard_parts.card_for_spend(context, state.scope)

report_parts.draw(context, state.scope)
st.page_link("app_pages/cost_explorer.py", label="Costs in the billing export", icon=":material/table_chart:")
