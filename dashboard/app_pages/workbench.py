"""The alarm workbench: a form on the left, and beside it what the alarm would have done."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import bench_reading, cached, desk, log_link_parts, parts, workbench_parts
from dashboard.review_parts import review_button
from dashboard.views import review
from dashboard.views.alarm_form import check
from dashboard.views.alarm_starts import started
from dashboard.workbench_body import Body

context = cached.context()
state = parts.page_state(context)
find = partial(bench_reading.found, context, state.scope)
opened = desk.opened(
    context, lambda: started(parts.url(), find, taken=partial(bench_reading.names, context, state.scope))
)


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
            workbench_parts.draw_days(context, checked.draft)
            shown = st.container(key="wb-shown")
        body = Body(context, state, checked, known.value)
        view = body.draw(form, shown)
        with right:
            log_link_parts.draw_definition(context, state, checked.alarm, key="wb-logs")
        with right, parts.card("wb-doctor", "Doctor", None):
            workbench_parts.draw_findings(context, body.findings(view))
        with right, parts.card("wb-request", "Request", None):
            workbench_parts.draw_request(checked)
        with top:
            price = "" if checked.alarm is None else review.price(checked.alarm, known.value.others)
            workbench_parts.draw_top(checked, view, price)
            review_button(context, state.scope, checked)


parts.bar("Change alarm" if desk.draft().live else "New alarm", state, context, timed=False)
parts.problems((*state.problems, *((opened.problem,) if opened.problem else ())))
draw_workbench()
