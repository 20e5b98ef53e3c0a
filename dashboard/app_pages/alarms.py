"""Alarms: every alarm of the account and region, narrowed, and what can be done to several at once."""

from __future__ import annotations

import streamlit as st

from dashboard import alarm_list_parts as drawn
from dashboard import cached, parts, plan_dialog
from dashboard.views import alarm_list

TABLE_PIXELS = 480

context = cached.context()
state = parts.page_state(context)


@st.fragment(run_every=context.refresh * 2 if state.refreshing else None)
def draw_alarms() -> None:
    """Draw filters, table and deeds; each tick runs only this."""
    with parts.boundary():
        found = drawn.roll(context, state.scope, height=TABLE_PIXELS)
        if found is None:
            return
        parts.age(state, context, found.at)
        parts.faults(found.faults)
        if not found.states and not found.faults:
            parts.empty("No alarms yet", "Make the first one: it takes a metric and a threshold.")
            drawn.new_alarm()
            return
        known = drawn.tags(context, state.scope, found)
        stands = drawn.drift(context, found, known)
        words = None if stands is None else stands.words
        now = context.now()
        whole = alarm_list.build(found, alarm_list.Wanted(), now=now, tags=known)
        wanted = drawn.filters(whole.kinds, whole.owners, drift=stands is not None)
        listed = alarm_list.build(found, wanted, now=now, tags=known, drifted=words)
        recent = drawn.sparks(context, state.scope, found, [row.name for row in listed.rows])
        view = alarm_list.build(found, wanted, now=now, tags=known, sparks=recent.lines, drifted=words)
        drawn.told(view)
        if stands is not None:
            drawn.draw_drift(context, found, stands)
        if not view.rows:
            parts.empty("No alarm is like that", "Take off a filter to see more.")
            return
        picked = drawn.table(view)
        drawn.chosen_bar(context, view, found, picked, known)


parts.bar("Alarms", state, context, timed=False)
parts.problems(state.problems)
draw_alarms()
plan_dialog.draw_asked(context)
