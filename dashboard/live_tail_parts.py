"""Drawing of Live Tail on the Logs page: its price before it begins, the lines that AWS sends, and the minutes."""

from __future__ import annotations

from typing import Final

import streamlit as st

from access.policy import Action, decide
from collectors.logs.live_tail import MINUTES
from collectors.logs.question import LogQuestion
from core.timespan import Timespan
from dashboard import log_parts, parts
from dashboard.cached import Context
from dashboard.charts.log_lines import LineList
from dashboard.log_state import LogState
from dashboard.state import PageState
from dashboard.views import live_tail, log_conditions, logs
from dashboard.views.live_tail import LiveTailShown
from dashboard.wording import md

SECONDS: Final = 1.0
"""AWS sends what is new each second."""
_SESSION: Final = "live-tail-session"
_MINUTES: Final = "live-tail-minutes"


def draw(context: Context, state: PageState, wanted: LogState) -> bool:
    """Draw the session that runs for these lines, else the way to one; says whether one is on screen."""
    held = st.session_state.get(_SESSION)
    if held is None or held[0] != (state.scope, wanted.group, wanted.pattern, wanted.streams):
        _draw_offer(context, state, wanted)
        return False
    _draw_session(context, state, wanted, held[1])
    return True


def _draw_offer(context: Context, state: PageState, wanted: LogState) -> None:
    with st.popover("Live Tail of AWS", icon=":material/bolt:"):
        st.text(live_tail.WHAT)
        minutes: int = st.segmented_control(
            "Minutes", MINUTES, default=MINUTES[0], required=True, key=_MINUTES,
            format_func=lambda each: f"{each} min",
        )  # fmt: skip
        offer = context.sources.live_tails.quote(minutes)
        may = decide(context.actor, Action.SPEND) if offer.verdict.allowed else offer.verdict
        clicked = st.button(
            f"Start for {offer.cost}", type="primary", icon=":material/play_arrow:", disabled=not may.allowed,
            key="live-tail-start",
        )  # fmt: skip
        if clicked and may.allowed:
            _start(context, state, wanted, minutes)
        said = f"{offer.left}. Minutes that it does not take are given back."
        st.caption(f":material/payments: {md(said)}" if may.allowed else f":material/lock: {md(may.reason)}")


def _start(context: Context, state: PageState, wanted: LogState, minutes: int) -> None:
    found = context.sources.log_groups(state.scope, now=context.now()).value
    arn = next((group.arn for group in found if group.name == wanted.group), wanted.group)
    pattern = log_conditions.usable(wanted.pattern).text
    span = Timespan.last(live_tail.REACH, now=context.now())
    question = LogQuestion(state.scope, wanted.group, span, pattern, wanted.streams)
    name = context.sources.live_tails.start(question, arn, minutes=minutes)
    st.session_state[_SESSION] = ((state.scope, wanted.group, wanted.pattern, wanted.streams), name)
    st.rerun(scope="app")


def _draw_session(context: Context, state: PageState, wanted: LogState, name: str) -> None:
    @st.fragment(run_every=SECONDS)
    def body() -> None:
        with parts.boundary():
            found = context.sources.live_tails.look(name, 0)
            shown = live_tail.build(found)
            _draw_head(context, shown, name)
            listed = logs.listed(shown.lines, wanted.pattern, bare=context.log_secrets)
            lines = LineList(
                repr(("live tail", wanted, state.scope, name)), "Log lines as AWS sends them, newest last", listed, {},
                tail=True, empty="No line yet; new ones are shown as they come.",
            )  # fmt: skip
            log_parts.draw_list(context, wanted, shown.lines, lines, key="logs-live-tail")

    body()


def _draw_head(context: Context, shown: LiveTailShown, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="live-tail-head"):
        parts.badge(shown.state)
        st.text(shown.sentence, width="stretch")
        label = "Back to polling" if shown.over else "Stop"
        if st.button(label, icon=":material/stop_circle:", key="live-tail-stop"):
            context.sources.live_tails.stop(name)
            st.session_state.pop(_SESSION, None)
            st.rerun(scope="app")
    if shown.sampled:
        st.caption(f":orange[:material/warning:] {md(live_tail.SAMPLED)}")
