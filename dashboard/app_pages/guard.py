"""Estimate and guard: what the month costs by our own count beside AWS's figure, and the ladder that guards it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, guard_parts, parts, plan_dialog
from dashboard.charts.components import draw_chart
from dashboard.guardroom import Guards
from dashboard.views import frame, guard
from dashboard.wording import md

REFRESH_SECONDS = 15.0

context = cached.context()
state = parts.page_state(context)
every = REFRESH_SECONDS if state.refreshing else None


def draw_view(guards: Guards, found: guard.GuardReadings) -> None:
    """Draw the page; the same elements in the same order each time."""
    view = guard.build(found, guards, context.actor, now=context.now())
    live = frame.freshness(state, read_at=found.at, now=context.now(), refresh=REFRESH_SECONDS)
    parts.freshness(frame.Frame(live, (view.mode, view.state)))
    parts.faults(view.faults)
    guard_parts.draw_said()
    st.text(view.sentence)
    parts.tiles(view.tiles, key="kpi")
    draw_chart(view.chart, key="guard-ladder", height=280)
    st.caption(md(view.chart_note))
    with parts.card("ladder", "Ladder", view.mode):
        guard_parts.draw_table(view.ladder, "", key="ladder")
    left, right = st.columns(2, gap="xsmall")
    with left, parts.card("offers", "Dry run: what would happen now", None):
        guard_parts.draw_offers(context, guards, found.account, view)
    with right:
        with parts.card("restore", "Held back", view.state):
            guard_parts.draw_restore(guards, found.account, view)
        with parts.card("asked", "Waiting for a second person", None):
            for asked in view.asked:
                guard_parts.draw_asked(context, guards, asked)
            if not view.asked:
                st.caption("Nothing waits.")
    draw_tables(view)


def draw_tables(view: guard.GuardView) -> None:
    """Draw what the estimate is made of, how good it was, and what was done."""
    with parts.card("lines", "What the estimate is made of", None):
        guard_parts.draw_table(view.lines, "Nothing could be counted.", key="lines")
        st.caption(md(view.prices_note))
    with parts.card("uncounted", "Not in the estimate", None):
        guard_parts.draw_table(view.uncounted, "Nothing is known to be missing.", key="uncounted")
    with parts.card("compared", "Past estimates beside AWS's final figures", None):
        guard_parts.draw_table(view.compared, "Nothing is final yet that was estimated.", key="compared")
    with parts.card("history", "What was done", None):
        guard_parts.draw_table(view.history, "Nothing was done yet.", key="history")


@st.fragment(run_every=every)
def draw_guard(guards: Guards) -> None:
    """Draw the newest look. Nothing here asks for anything that costs money."""
    with parts.boundary():
        account = state.scope.account
        load = partial(guard_parts.read, context, guards, account)
        found = parts.looked(context, ("guard", state.scope), load, every=every, height=400)
        if found is not None:
            draw_view(guards, found)


parts.bar("Estimate and guard", state, context, timed=False)
parts.problems(state.problems)
if context.guards is None:
    parts.empty("No guard here", "This dashboard was started without the guard's memory.")
else:
    draw_guard(context.guards)
    plan_dialog.draw_asked(context)
