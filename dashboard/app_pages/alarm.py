"""One alarm: how it stands and why, what it did beside what the replay says, what is wrong with it, what it is."""

from __future__ import annotations

import streamlit as st

from alarms.definition import CompositeAlarm
from collectors.alarm_states import AlarmState
from dashboard import alarm_list_parts, alarm_parts, cached, log_link_parts, parts, plan_dialog
from dashboard.views import alarm_page
from dashboard.views.alarm_chart import AlarmChart
from dashboard.views.alarm_page import AlarmHead
from dashboard.views.alarm_record import Record
from dashboard.views.alarm_roll import Roll
from dashboard.wording import plain

PAGE_PIXELS = 480

context = cached.context()
state = parts.page_state(context)
name = parts.first("name")


@st.fragment(run_every=context.refresh * 2 if state.refreshing else None)
def draw_alarm() -> None:
    """Draw everything of the alarm; each tick runs only this."""
    with parts.boundary():
        found = alarm_list_parts.roll(context, state.scope, height=PAGE_PIXELS)
        if found is None:
            return
        parts.age(state, context, found.at)
        parts.faults(found.faults)
        here = next((each for each in found.states if each.name == name), None)
        if here is None:
            alarm_parts.draw_gone(context, found, name)
            return
        head = alarm_page.head(found, here, now=context.now())
        alarm_parts.draw_head(head)
        log_link_parts.draw_alarm(context, found, here, key="alarm-logs")
        alarm_parts.draw_deeds(context, found, here)
        with parts.card("alarm-chart", "Over time", None):
            kept, view = draw_time(found, here)
        left, right = st.columns([6, 5], gap="xsmall")
        with left, parts.card("alarm-history", "History", None):
            if kept is not None:
                alarm_parts.draw_timeline(context, kept)
        with right:
            draw_what(found, head, None if view is None else view.unit)


def draw_time(found: Roll, here: AlarmState) -> tuple[Record | None, AlarmChart | None]:
    """Draw chart and bands; give what they were drawn from."""
    days = alarm_parts.days()
    kept = alarm_parts.record(context, state.scope, name)
    view = None if kept is None else alarm_parts.chart(context, found, here, kept, days=days)
    if view is not None:
        alarm_parts.draw_chart(view)
    return kept, view


def draw_what(found: Roll, head: AlarmHead, unit: str | None) -> None:
    """Draw what is wrong with it, what it does and what it is."""
    alarm = found.alarms.get(name)
    if isinstance(alarm, CompositeAlarm):
        with parts.card("alarm-rule", "Alarms of its rule", None):
            alarm_parts.draw_tree(context, found, alarm)
    with parts.card("alarm-doctor", "Doctor", None):
        seen = alarm_parts.checkup(context, state.scope, name)
        if seen is not None:
            alarm_parts.draw_findings(context, found, seen)
    if alarm is not None:
        with parts.card("alarm-actions", "What it does", None):
            alarm_parts.draw_actions(alarm, seen)
        with parts.card("alarm-definition", "What it is", None):
            alarm_parts.draw_definition(alarm, unit)
        alarm_parts.draw_drift(context, found, name)
    alarm_parts.draw_parents(head)


parts.bar(plain(name)[:80] or "Alarm", state, context, timed=False)
parts.problems(state.problems)
draw_alarm()
plan_dialog.draw_asked(context)
