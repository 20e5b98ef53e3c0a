"""The review of a change: read it whole, say yes, see what became of it, and take it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from access.changes import ChangePlan, Outcome
from alarms.kinds import Alarm
from alarms.live import Live, live_of
from core.reading import Fault, Scope
from dashboard import bench_reading, desk, parts, plan_dialog
from dashboard.cached import Context
from dashboard.views import review
from dashboard.views.alarm_form import Checked, check, live_alarm
from dashboard.views.alarm_starts import edited
from dashboard.views.review import Review
from dashboard.wording import md
from dashboard.workbench_parts import draw_request
from dashboard.workroom import Workroom

_SEEN: Final = "review-seen"
"""What was live when the review was opened."""
_BEFORE: Final = "review-before"
"""The draft before it was applied, for its undo."""


def review_button(context: Context, scope: Scope, checked: Checked) -> None:
    """Draw the button that opens the review; everybody may read one."""
    room = context.workroom
    pressed = st.button(
        "Review and save" if checked.draft.live else "Review and create",
        type="primary",
        icon=":material/notification_add:",
        shortcut="Ctrl+Enter",
        disabled=not checked.ready or room is None,
        key="wb-review",
    )
    if pressed and room is not None:
        _begin()
        _open(context, room, scope)


@st.dialog("Review", width="large", icon=":material/fact_check:")
def _open(context: Context, room: Workroom, scope: Scope) -> None:
    with parts.boundary():
        done = plan_dialog.outcome()
        if done is not None:
            plan_dialog.draw_outcome(context, room, done)
            _settle(context, done)
            return
        alarm = check(desk.draft()).alarm
        if alarm is None:
            st.text("The form has a field to correct; nothing can be saved yet.")
            return
        now, faults = _live(context, room, scope, alarm.name)
        if faults:
            parts.faults(faults)
            st.text("What is live now could not be read, so nothing is changed. Close this, and try again.")
            return
        others = bench_reading.others(context, scope)
        found = review.build(
            alarm, base=live_alarm(desk.draft()), now=now, others=others, scope=scope, actor=context.actor
        )
        _draw_review(context, room, found)


def _begin() -> None:
    plan_dialog.begin()
    for name in (_SEEN, _BEFORE):
        st.session_state.pop(name, None)


def _live(context: Context, room: Workroom, scope: Scope, name: str) -> tuple[Live | None, tuple[Fault, ...]]:
    """Read what is live, once for this review."""
    if _SEEN not in st.session_state:
        found = room.live(scope, name, now=context.now())
        alarms = [live_of(document) for document in found.value]
        st.session_state[_SEEN] = (alarms[0] if alarms else None, found.faults)
    seen: tuple[Live | None, tuple[Fault, ...]] = st.session_state[_SEEN]
    return seen


def _draw_review(context: Context, room: Workroom, found: Review) -> None:
    if found.problem:
        st.error(md(found.problem), icon=":material/error:")
        _draw_clash(context, found)
        return
    plan = found.plan
    if plan is None:
        return
    st.text(plan.title)
    st.dataframe(found.fields, hide_index=True, height="content", key="review-fields")
    st.markdown(f":material/payments: {md(found.price)} {md(review.price_change(plan))}")
    plan_dialog.draw_warnings(plan)
    with st.expander("The exact call"):
        draw_request(check(desk.draft()))
    _apply(context, room, plan, found)


def _apply(context: Context, room: Workroom, plan: ChangePlan, found: Review) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="review-apply-row"):
        yes = st.button(
            "Save the change" if found.current is not None else "Create the alarm",
            type="primary",
            icon=":material/check:",
            disabled=not found.may.allowed,
            help=None if found.may.allowed else md(found.may.reason),
            key="review-apply",
        )
        if not found.may.allowed:
            st.caption(f":material/lock: {md(found.may.reason)}")
    if yes:
        st.session_state[_BEFORE] = desk.draft()
        plan_dialog.carry_out(context, room, plan)


def _draw_clash(context: Context, found: Review) -> None:
    """Draw both versions, and the ways on."""
    if len(found.clash):
        st.dataframe(found.clash, hide_index=True, height="content", key="review-clash")
    current = found.current
    with st.container(horizontal=True, gap="small", key="review-clash-row"):
        if current is None:
            if st.button("Make it anew", key="review-anew"):
                _rebase(context, None)
            return
        if st.button("Keep my values over theirs", key="review-mine"):
            _rebase(context, current)
        if st.button("Take what is live into the form", key="review-theirs"):
            desk.lay(context, edited(current))
            st.rerun()


def _rebase(context: Context, current: Alarm | None) -> None:
    """Go on from what is live now: the next review shows the difference from that."""
    desk.lay(context, replace(desk.draft(), live="" if current is None else edited(current).live))
    st.rerun(scope="fragment")


def _settle(context: Context, outcome: Outcome) -> None:
    """Let the form know what is live now: what was created is changed from here on, what was undone is as before."""
    before, draft = st.session_state.get(_BEFORE), desk.draft()
    if not outcome.done or before is None:
        return
    alarm = check(before).alarm
    undone = outcome.plan.title.startswith("Undo: ")
    live = before.live if undone or alarm is None else edited(alarm).live
    if draft.live != live:
        desk.lay(context, replace(draft, live=live))
