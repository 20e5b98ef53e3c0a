"""Drawing of the alarm health page: findings with their fix, gaps with what would fill them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from access.changes import ChangePlan
from alarms.coverage import Proposal, State
from alarms.definition import DefinitionErrors
from alarms.doctor import Severity
from alarms.kinds import Alarm
from alarms.live import Live, live_of
from core.reading import Scope
from dashboard import desk, parts, plan_dialog, thing_parts
from dashboard.cached import Context
from dashboard.views import alarm_health, mending
from dashboard.views import coverage as surveys
from dashboard.views.alarm_health import SEVERITIES, STATES, FindingView
from dashboard.views.alarm_starts import draft_of, edited, rewritten
from dashboard.views.checkups import Round, examine_all
from dashboard.views.coverage import Coverage
from dashboard.views.evidence import gather
from dashboard.wording import count
from dashboard.workroom import Workroom

ROW_PIXELS = 34
DOCTOR_SECONDS = 120.0
"""How often the doctor makes a round while somebody looks; definitions and topics are read no more often."""
COVERAGE_SECONDS = 120.0
WIDE = {"What is wrong": st.column_config.TextColumn(width="large"), "Fix": st.column_config.TextColumn(width="large")}


def make_round(context: Context, scope: Scope) -> Round:
    """Examine every alarm of a place."""
    return examine_all(gather(context.sources, scope, now=context.now()))


def survey(context: Context, scope: Scope) -> Coverage:
    """See which resources of a place have which recommended alarms."""
    return surveys.survey(context.sources, scope, now=context.now())


def part(parts_of_page: Mapping[str, str]) -> str:
    """Draw the choice of what the page shows, and give it; the link names it."""
    named = parts.first("part")
    st.session_state["part"] = named if named in parts_of_page else next(iter(parts_of_page))
    found = st.segmented_control(
        "What is shown", list(parts_of_page), key="part", required=True, format_func=lambda each: parts_of_page[each],
        label_visibility="collapsed",
        on_change=lambda: parts.write(("part", "finding"), {"part": str(st.session_state["part"])}),
    )  # fmt: skip
    return str(found)


def severities() -> list[Severity]:
    """Draw the choice of severities, and give it."""
    found = st.segmented_control(
        "How bad", list(SEVERITIES), key="doctor-severities", selection_mode="multi", label_visibility="collapsed",
        format_func=lambda each: f"{SEVERITIES[each][0].glyph} {SEVERITIES[each][1]}",
    )  # fmt: skip
    return list(found or ())


def states() -> list[State]:
    """Draw the choice of states, and give it."""
    found = st.segmented_control(
        "State", list(STATES), key="coverage-states", selection_mode="multi", label_visibility="collapsed",
        format_func=lambda each: f"{STATES[each][0].glyph} {STATES[each][1]}",
    )  # fmt: skip
    return list(found or ())


def draw_finding(context: Context, scope: Scope, view: FindingView, others: Sequence[Alarm]) -> None:
    """Draw one finding: what, why, fix, and the button that leads to the fix."""
    with parts.card("finding", view.title, view.badge):
        for label, text in (
            ("What is wrong", view.finding.what),
            ("Why it matters", view.finding.why),
            ("Fix", view.finding.fix_sentence),
        ):
            with st.container(gap=None):
                st.caption(label)
                st.text(text)
        if view.hops:
            thing_parts.states(view.hops, key="hops", name="Way of the notification", height=220, empty_text="")
        with st.container(horizontal=True, gap="small", key="finding-buttons"):
            _finding_buttons(context, scope, view, others)
        if view.command:
            with st.expander("The call that mends it"):
                st.code(view.command, language=None, wrap_lines=True)


def _finding_buttons(context: Context, scope: Scope, view: FindingView, others: Sequence[Alarm]) -> None:
    """Draw the ways on: review the plan, or look at the alarm and its fix in the workbench."""
    room = context.workroom
    if room is None:
        return
    if mending.is_planned(view.finding):
        review = st.button("Review the fix", icon=":material/build:", key="review-fix", type="primary")
        if review and (live := _live(context, room, scope, view.alarm.name)) is not None:
            _ask(partial(mending.plan_of, view.finding, live=live, others=others, scope=scope))
    label = "See the fix in the workbench" if view.fix is not None else "Open the alarm in the workbench"
    if st.button(label, icon=":material/tune:", key="open-workbench"):
        live = _live(context, room, scope, view.alarm.name)
        if live is not None:
            wanted = live.alarm if view.fix is None else mending.with_tags(view.fix, live)
            desk.lay(context, rewritten(edited(live.alarm), wanted))
            _to_workbench()


def _live(context: Context, room: Workroom, scope: Scope, name: str) -> Live | None:
    """Give the alarm as it is now, with its tags; say why where it cannot be given."""
    found = room.live(scope, name, now=context.now())
    parts.faults(found.faults)
    if not found.value and not found.faults:
        st.text("The alarm is not there any more.")
    return live_of(found.value[0]) if found.value else None


def _ask(make: Callable[[], ChangePlan | None]) -> None:
    """Open the review of a plan, or say why there is none."""
    with parts.foreseen(DefinitionErrors, "AWS would refuse this"):
        plan = make()
        if plan is None:
            st.text("There is nothing that could be done from here any more.")
        else:
            plan_dialog.ask(lambda: plan)


def go_to_proposal(context: Context, alarm: Alarm) -> None:
    """Open the workbench with an alarm that does not exist yet."""
    desk.lay(context, draft_of(alarm))
    _to_workbench()


def _to_workbench() -> None:
    token = st.query_params.get(desk.NAME)
    st.switch_page("app_pages/workbench.py", query_params={desk.NAME: token} if token else {})


def draw_proposals(context: Context, found: Coverage, keys: tuple[str, ...]) -> None:
    """Draw what would fill the chosen gaps; each is replayed on its history and priced first."""
    load = partial(_proposals, context, found, keys)
    made = parts.looked(context, ("coverage", found.scope, "proposals", keys), load, every=None, height=200)
    if made is None:
        return
    view = alarm_health.proposed(made)
    with parts.card("proposals", "What would fill them", None):
        st.text(view.sentence)
        picked = st.dataframe(
            view.table, hide_index=True, height="content", row_height=ROW_PIXELS, on_select="rerun",
            selection_mode="single-cell", key=f"proposals-{len(keys)}",
            column_config={"Where it comes from": st.column_config.TextColumn(width="large")},
        )  # fmt: skip
        _create(context, found, view.alarms)
        st.caption("A click on a row opens it in the workbench, where it can be changed first.")
    for row, _ in picked.selection.cells:
        alarm = made[row].alarm
        if alarm is not None:
            go_to_proposal(context, alarm)


def _create(context: Context, found: Coverage, alarms: Sequence[Alarm]) -> None:
    room = context.workroom
    label = f"Review and create {count(len(alarms), 'alarm')}"
    pressed = st.button(
        label, icon=":material/notification_add:", key="create-proposed", type="primary",
        disabled=room is None or not alarms,
    )  # fmt: skip
    if pressed and room is not None:
        _ask(partial(mending.creation, alarms, others=found.alarms, scope=found.scope))


def _proposals(context: Context, found: Coverage, keys: tuple[str, ...]) -> tuple[Proposal, ...]:
    return surveys.proposals(context.sources, found, keys, now=context.now())


def draw_unexamined(view: alarm_health.DoctorView) -> None:
    """Draw what could not be looked at."""
    if len(view.unexamined):
        with st.expander(f"Not examined · {len(view.unexamined)}"):
            st.dataframe(view.unexamined, hide_index=True, height="content", row_height=ROW_PIXELS, key="unexamined")
