"""Alarm health: what is wrong with the alarms that exist, and which alarms are missing."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, parts, plan_dialog
from dashboard import health_parts as drawn
from dashboard.views import alarm_health, frame

PARTS = {"doctor": "Doctor", "coverage": "Coverage"}
NAMES = ("finding",)

context = cached.context()
state = parts.page_state(context)
wanted = parts.first("finding")


@st.fragment(run_every=context.refresh * 6 if state.refreshing else None)
def draw_doctor() -> None:
    """Draw the findings, the worst first, and the one that is open."""
    with parts.boundary():
        load = partial(drawn.make_round, context, state.scope)
        found = parts.looked(context, ("doctor", state.scope), load, every=drawn.DOCTOR_SECONDS, height=400)
        if found is None:
            return
        live = frame.freshness(state, read_at=found.at, now=context.now(), refresh=drawn.DOCTOR_SECONDS)
        parts.freshness(frame.Frame(live, alarm_health.doctor_badges(found)))
        parts.faults(found.faults)
        chosen = drawn.severities()
        view = alarm_health.doctor(found, severities=chosen)
        if view.healthy:
            parts.empty("Nothing to mend", view.healthy)
        else:
            picked = st.dataframe(
                view.table, hide_index=True, height=min(14, len(view.table) + 1) * drawn.ROW_PIXELS + 4,
                row_height=drawn.ROW_PIXELS, on_select="rerun", selection_mode="single-cell",
                column_config=drawn.WIDE, key=f"findings-{wanted}-{len(chosen)}",
            )  # fmt: skip
            for row, _ in picked.selection.cells:
                if view.keys[row] != wanted:  # the pick stays, so running again for the open one would never end
                    parts.write(NAMES, {"finding": view.keys[row]})
                    st.rerun()
        opened = alarm_health.finding(found, wanted) if wanted else None
        if opened is not None:
            drawn.draw_finding(context, state.scope, opened, [checkup.alarm for checkup in found.checkups])
        elif wanted:
            parts.empty("This finding is not there any more", "It was mended, or is in another account or region.")
        drawn.draw_unexamined(view)


@st.fragment
def draw_coverage() -> None:
    """Draw resources and the alarms that they should have; chosen gaps get proposals."""
    with parts.boundary():
        load = partial(drawn.survey, context, state.scope)
        found = parts.looked(context, ("coverage", state.scope), load, every=drawn.COVERAGE_SECONDS, height=400)
        if found is None:
            return
        live = frame.freshness(state, read_at=found.at, now=context.now(), refresh=drawn.COVERAGE_SECONDS)
        parts.freshness(frame.Frame(live, alarm_health.coverage_badges(found)))
        parts.faults(found.faults)
        chosen = drawn.states()
        view = alarm_health.coverage(found, states=chosen)
        if view.nothing:
            parts.empty("Nothing to cover", view.nothing)
            return
        picked = st.dataframe(
            view.table, hide_index=True, height=min(14, len(view.table) + 1) * drawn.ROW_PIXELS + 4,
            row_height=drawn.ROW_PIXELS, on_select="rerun", selection_mode="multi-row", key=f"cells-{len(chosen)}",
        )  # fmt: skip
        keys = alarm_health.chosen_gaps(view, found, picked.selection.rows)
        if keys:
            drawn.draw_proposals(context, found, keys)
        else:
            st.caption("Choose gaps in the first column; each gets a proposal, replayed on its own history and priced.")


parts.bar("Alarm health", state, context, timed=False)
parts.problems(state.problems)
if drawn.part(PARTS) == "coverage":
    draw_coverage()
else:
    draw_doctor()
plan_dialog.draw_asked(context)
