"""Any plan, read before it is applied: what changes, price and warnings; then what became of it, and its undo."""

from __future__ import annotations

from typing import Final

import streamlit as st

from access.changes import ChangePlan, Outcome
from dashboard import parts
from dashboard.cached import Context
from dashboard.views import mending, review
from dashboard.wording import md, plain
from dashboard.workroom import Workroom

ROW_PIXELS: Final = 34
MOST_ROWS: Final = 12
_OUTCOME: Final = "plan-outcome"
_FEEDS: Final = ("alarms", "alarm-documents", "doctor", "coverage")
"""First words of the snapshots that a change makes old."""


def ask(context: Context, room: Workroom, plan: ChangePlan, *, yes: str) -> None:
    """Open the review of a plan; `yes` is what the button says that applies it."""
    st.session_state.pop(_OUTCOME, None)
    _open(context, room, plan, yes)


@st.dialog("Review", width="large", icon=":material/fact_check:")
def _open(context: Context, room: Workroom, plan: ChangePlan, yes: str) -> None:
    with parts.boundary():
        outcome = st.session_state.get(_OUTCOME)
        if isinstance(outcome, Outcome):
            _draw_outcome(context, room, outcome)
        else:
            _draw_plan(context, room, plan, yes)


def _draw_plan(context: Context, room: Workroom, plan: ChangePlan, yes: str) -> None:
    st.text(plain(plan.title))
    st.dataframe(
        mending.difference(plan), hide_index=True, height=min(400, 36 * (len(plan.changes) + 1)), key="plan-fields"
    )
    change = review.price_change(plan)
    if change:
        st.markdown(f":material/payments: {md(change)}")
    for warning in plan.warnings:
        st.markdown(f":orange[:material/warning:] {md(warning)}")
    with st.expander("What is called"):
        for step in plan.steps:
            st.text(f"{step.service}:{step.operation} · {plain(step.sentence)}")
    may = review.verdict(plan, context.actor)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="plan-apply-row"):
        pressed = st.button(
            yes, type="primary", icon=":material/check:", disabled=not may.allowed, key="plan-apply",
            help=None if may.allowed else md(may.reason),
        )  # fmt: skip
        if not may.allowed:
            st.caption(f":material/lock: {md(may.reason)}")
    if pressed:
        _carry_out(context, room, plan)


def _carry_out(context: Context, room: Workroom, plan: ChangePlan) -> None:
    with st.spinner("AWS is asked …"):
        outcome = room.carry_out(plan, context.actor, now=context.now())
    st.session_state[_OUTCOME] = outcome
    for name in _FEEDS:
        for scope in plan.scopes:
            context.feed.renew((name, scope))
    st.rerun(scope="fragment")


def _draw_outcome(context: Context, room: Workroom, outcome: Outcome) -> None:
    sign = ":green[:material/check_circle:]" if outcome.done else ":red[:material/error:]"
    st.markdown(f"{sign} **{md(outcome.plan.title)}**")
    st.text(plain(outcome.sentence))
    if outcome.conflicts:
        st.dataframe(review.both_versions(outcome), hide_index=True, height="content", key="plan-versions")
    for line in review.steps(outcome):
        st.text(f"· {plain(line)}")
    undo = outcome.undo
    with st.container(horizontal=True, gap="small", key="plan-outcome-row"):
        if st.button("Close", type="primary", key="plan-close"):
            st.rerun()
        if undo is not None:
            may = review.verdict(undo, context.actor)
            if st.button("Undo it", icon=":material/undo:", disabled=not may.allowed, key="plan-undo"):
                _carry_out(context, room, undo)
