"""Alarms: every alarm of the account and region, with its state; a click opens it in the workbench."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, desk, parts
from dashboard.views import alarm_list
from dashboard.wording import md

ROW_PIXELS = 34

context = cached.context()
state = parts.page_state(context)


@st.fragment(run_every=context.refresh * 2 if state.refreshing else None)
def draw_alarms() -> None:
    """Draw the list, narrowed by words and states."""
    with parts.boundary():
        load = partial(parts.at_clock, context, context.sources.alarms, state.scope)
        found = parts.looked(context, ("alarms", state.scope), load, every=context.refresh * 2, height=400)
        if found is None:
            return
        parts.age(state, context, found.at)
        parts.faults(found.faults)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="alarm-filters"):
            words = st.text_input("Search alarms", key="alarm-words", live=True, icon=":material/search:",
                                  placeholder="name, metric or state", max_chars=255)  # fmt: skip
            wanted = st.segmented_control("State", list(alarm_list.STATES), key="alarm-states", selection_mode="multi",
                                          format_func=lambda held: alarm_list.STATES[held])  # fmt: skip
        view = alarm_list.build(found.value, words=words or "", states=wanted, now=context.now())
        st.caption(md(view.summary))
        if not found.value and not found.faults:
            parts.empty("No alarms yet", "Make the first one: it takes a metric and a threshold.")
            return
        picked = st.dataframe(
            view.table, hide_index=True, height=min(20, len(view.table) + 1) * ROW_PIXELS + 4, row_height=ROW_PIXELS,
            on_select="rerun", selection_mode="single-cell", key=f"alarm-list-{len(view.names)}",
        )  # fmt: skip
        for row, _ in picked.selection.cells:
            st.switch_page("app_pages/workbench.py", query_params={"alarm": view.names[row]})


parts.bar("Alarms", state, context)
parts.problems(state.problems)
if st.button("New alarm", type="primary", icon=":material/notification_add:", key="new-alarm"):
    desk.clear()
    st.switch_page("app_pages/workbench.py")
draw_alarms()
