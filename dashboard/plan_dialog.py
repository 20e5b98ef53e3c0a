"""The one way in which a plan is reviewed on a page: read it whole, say yes, see what became of it, take it back.

Every page that changes something opens this dialog; nothing else carries a plan out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

import streamlit as st

from access.changes import ChangePlan, Outcome
from access.identity import Actor
from access.policy import Action
from core.reading import Verdict
from dashboard import parts
from dashboard.cached import Context
from dashboard.views import filter_trials, metric_filters, review
from dashboard.wording import md, plain

Offer = Callable[[], ChangePlan | None]
"""Draws what has to be chosen first, and gives the plan of it; None where there is none yet."""
Adopt = Callable[[Outcome], None]
"""Takes what became of a plan, and of its undo."""


@runtime_checkable
class Judging(Protocol):
    """A room that decides by itself who may do what, such as the guard's, where some things take two people."""

    back: str
    """The page to go back to."""
    back_label: str

    def verdict(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict: ...


class Doing(Protocol):
    """What carries a plan out."""

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome: ...


_ROOM: Final = "review-room"
_OUTCOME: Final = "review-outcome"
_FEEDS: Final = (
    "guard", "alarms", "alarm-documents", "alarm-roll", "topics", "policies", "doctor", "coverage", "budgets",
    "log-groups",
)  # fmt: skip
"""First words of the snapshots that a change makes old."""
CALLS_PIXELS: Final = 260
MADE: Final = "filter-made"
"""What an alarm on a metric filter's metric begins with, by the filter's group and name."""


def ask(offer: Offer, room: Doing | None = None) -> None:
    """Open the review of what `offer` gives; `draw_asked` keeps it open over what ticks and over a whole run.

    `room` carries it out; by default the workroom does.
    """
    begin()
    st.session_state[_ROOM] = room
    st.session_state[parts.REVIEW] = offer
    st.rerun()


def draw_asked(context: Context) -> None:
    """Draw the review that was asked for, until it is closed; pages call it last, outside of what ticks."""
    offer = st.session_state.get(parts.REVIEW)
    room = st.session_state.get(_ROOM) or context.workroom
    if offer is not None and room is not None:
        _open(context, room, offer, None)


def open_plan(context: Context, room: Doing, plan: ChangePlan, adopt: Adopt) -> None:
    """Open the review of a plan from a part of the page that does not tick; what became of it goes to `adopt`."""
    begin()
    _open(context, room, lambda: plan, adopt)


def begin() -> None:
    """Forget what became of the plan before."""
    st.session_state.pop(_OUTCOME, None)


def outcome() -> Outcome | None:
    """Give what became of the plan that is under review; None before somebody said yes."""
    found = st.session_state.get(_OUTCOME)
    return found if isinstance(found, Outcome) else None


def _closed() -> None:
    st.session_state.pop(parts.REVIEW, None)


@st.dialog("Review", width="large", icon=":material/fact_check:", on_dismiss=_closed)
def _open(context: Context, room: Doing, offer: Offer, adopt: Adopt | None) -> None:
    with parts.boundary():
        done = outcome()
        if done is not None:
            draw_outcome(context, room, done, adopt)
            return
        plan = offer()
        if plan is not None:
            _draw_plan(context, room, plan, adopt)


def _draw_plan(context: Context, room: Doing, plan: ChangePlan, adopt: Adopt | None) -> None:
    """Draw a plan whole, and the button that carries it out; a role that may not reads why beside it."""
    st.text(plain(plan.title))
    if plan.changes:
        st.dataframe(review.difference(plan.changes), hide_index=True, height=review.height(plan), key="review-fields")
    said = review.price_change(plan)
    if said:
        st.markdown(f":material/payments: {md(said)}")
    draw_warnings(plan)
    with st.expander(f"The exact calls · {len(plan.steps)}"):
        st.code(review.calls(plan), language="json", wrap_lines=True, height=CALLS_PIXELS)
    may = _verdict(context, room, plan)
    if st.button("Do it", type="primary", icon=":material/check:", disabled=not may.allowed, key="review-do"):
        carry_out(context, room, plan, adopt)
    if not may.allowed:
        st.caption(f":material/lock: {md(may.reason)}")


def _verdict(context: Context, room: Doing, plan: ChangePlan) -> Verdict:
    """Say whether the viewer may have a plan carried out, and why not."""
    if isinstance(room, Judging):
        return room.verdict(plan, context.actor, now=context.now())
    return review.verdict(plan, context.actor)


def draw_warnings(plan: ChangePlan) -> None:
    """Draw what is to be read before saying yes."""
    for warning in plan.warnings:
        st.markdown(f":orange[:material/warning:] {md(warning)}")


def carry_out(context: Context, room: Doing, plan: ChangePlan, adopt: Adopt | None = None) -> None:
    """Carry a plan out and run the dialog again with what became of it."""
    with st.spinner("AWS is asked …"):
        done = room.carry_out(plan, context.actor, now=context.now())
        # Kept before anything is drawn: a viewer who clicks elsewhere meanwhile ends this run at the next drawing.
        st.session_state[_OUTCOME] = done
        if adopt is not None:
            adopt(done)
        for key in _FEEDS:
            for scope in plan.scopes:
                context.feed.renew((key, scope))
    st.rerun(scope="app" if parts.REVIEW in st.session_state else "fragment")


def draw_outcome(context: Context, room: Doing, done: Outcome, adopt: Adopt | None = None) -> None:
    """Draw what became of the plan; its undo is a plan again."""
    sign = ":green[:material/check_circle:]" if done.done else ":red[:material/error:]"
    st.markdown(f"{sign} **{md(done.plan.title)}**")
    st.text(plain(done.sentence))
    if done.conflicts:
        st.dataframe(review.both_versions(done), hide_index=True, height="content", key="review-versions")
    for line in review.steps(done):
        st.text(f"· {plain(line)}")
    with st.container(horizontal=True, gap="small", key="review-outcome-row"):
        if st.button("Close", type="primary", key="review-close"):
            _closed()
            st.rerun()
        if isinstance(room, Judging):
            st.page_link(room.back, label=room.back_label, icon=":material/shield:")
        elif Action.EDIT_LOGS in done.plan.actions:
            _alarm_on(done)
        elif Action.EDIT_BUDGET not in done.plan.actions:
            st.page_link("app_pages/alarms.py", label="All alarms", icon=":material/notifications:")
    undo = None if isinstance(room, Judging) else done.undo  # such a room has a way back of its own
    if undo is not None:
        with st.expander("Undo"):
            for step in undo.steps:
                st.text(f"· {plain(step.sentence)}")
            draw_warnings(undo)
            may = _verdict(context, room, undo)
            if st.button("Undo it", icon=":material/undo:", disabled=not may.allowed, key="review-undo"):
                carry_out(context, room, undo, adopt)


def _alarm_on(done: Outcome) -> None:
    """Draw the way from a metric filter that was just made to an alarm on its metric."""
    made = metric_filters.made_by(done.plan) if done.done else None
    if made is not None:
        begun = st.session_state.get(MADE, {}).get((made.group, made.name))
        start = begun or filter_trials.alarm_start(made, None)
        st.page_link(
            "app_pages/workbench.py", label="Alarm on its metric", icon=":material/notification_add:",
            query_params=start.params(),
        )  # fmt: skip
