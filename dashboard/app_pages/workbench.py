"""The alarm workbench: a form on the left, and beside it what the alarm would have done."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import bench_reading, cached, desk, parts
from dashboard import workbench_parts as drawn
from dashboard.alarm_fields import Known, draw_form
from dashboard.review_parts import review_button
from dashboard.views import review, workbench
from dashboard.views.alarm_form import Checked, check
from dashboard.views.alarm_starts import started
from dashboard.views.workbench import Question, Shown
from dashboard.views.workbench_view import WorkbenchView

PREVIEW_PIXELS = 560

context = cached.context()
state = parts.page_state(context)
opened = desk.opened(
    context,
    lambda: started(
        parts.url(),
        partial(bench_reading.found, context, state.scope),
        partial(bench_reading.names, context, state.scope),
    ),
)


def draw_preview(checked: Checked, this: Shown, asked: Question) -> WorkbenchView | None:
    """Draw what the alarm would have done, once it is read."""
    found = bench_reading.reading(context, asked, height=PREVIEW_PIXELS)
    if found is None:
        return None
    parts.faults(found.faults)
    view = bench_reading.preview(this, checked, found, movable=True)
    drawn.draw_preview(context, view)
    drawn.draw_firings(view)
    return view


@st.fragment
def draw_workbench() -> None:
    """Draw verdict, form and preview; a change runs only this."""
    with parts.boundary():
        checked = check(desk.draft())
        top = st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-top")
        left, right = st.columns([5, 8], gap="xsmall")
        with left, parts.card("wb-form", "Alarm", None):
            known = bench_reading.known(context, state.scope)
            parts.faults(known.faults)
            form = st.container(key="wb-fields")
        with right, parts.card("wb-preview", "Preview", None):
            drawn.draw_days(context, checked.draft)
            shown = st.container(key="wb-shown")
        view = draw_both(checked, known.value, form, shown)
        with right, parts.card("wb-doctor", "Doctor", None):
            found = () if view is None else bench_reading.findings(context, state.scope, view, known.value)
            drawn.draw_findings(context, found)
        with right, parts.card("wb-request", "Request", None):
            drawn.draw_request(checked)
        with top:
            drawn.draw_top(checked, view, review.price(checked.alarm, known.value.others) if checked.alarm else "")
            review_button(context, state.scope, checked)


def draw_both(checked: Checked, known: Known, form: DeltaGenerator, shown: DeltaGenerator) -> WorkbenchView | None:
    """Draw form and preview; the form says what the preview found, but is there before the first read has come."""
    this = workbench.shown(checked)
    asked = None if this is None else bench_reading.asked_for(context, state, checked, this)
    ready = asked is not None and context.feed.holds(asked.key)
    view = None
    if not ready:
        with form:
            draw_form(context, state.scope, checked, known, None)
    with shown:
        if this is None or asked is None:
            drawn.draw_nothing(checked)
        else:
            view = draw_preview(checked, this, asked)
    if ready:
        with form:
            draw_form(context, state.scope, checked, known, view)
    elif view is not None:
        st.rerun()
    return view


parts.bar("Change alarm" if desk.draft().live else "New alarm", state, context, timed=False)
parts.problems((*state.problems, *((opened.problem,) if opened.problem else ())))
draw_workbench()
