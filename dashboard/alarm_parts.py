"""Drawing of one alarm's page: how it stands, what it did, what is wrong with it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from access.policy import Action, decide
from alarms.as_code.folder import Standing
from alarms.as_code.writing import CannotWriteError
from alarms.definition import Alarm, CompositeAlarm, MetricAlarm
from alarms.doctor import Finding
from collectors.alarm_states import AlarmState
from core.reading import Scope
from dashboard import action_parts, choices, parts, thing_parts
from dashboard.alarm_list_parts import drift, tags
from dashboard.cached import Context
from dashboard.charts.components import draw_bench
from dashboard.deed_parts import deed_buttons, draw_bring_back, draw_exports, draw_fix
from dashboard.views import (
    alarm_chart,
    alarm_health,
    alarm_page,
    alarm_record,
    exports,
    mending,
    workbench,
    workbench_composite,
)
from dashboard.views import drift as drifts
from dashboard.views.alarm_chart import AlarmChart
from dashboard.views.alarm_page import AlarmHead
from dashboard.views.alarm_record import Record
from dashboard.views.alarm_roll import Roll
from dashboard.views.checkups import Round, examine_all
from dashboard.views.deeds import Deed, topics_of
from dashboard.views.evidence import gather
from dashboard.views.frame import Badge
from dashboard.views.workbench import DAYS
from dashboard.wording import INFO, NO_DATA, OK, WARNING, md, plain

READ_SECONDS: Final = 60.0
DOCTOR_SECONDS: Final = 120.0
PLOT_PIXELS: Final = 250
CHART_PIXELS: Final = 380
_DAYS: Final = 3
_PAID: Final = "alarm-paid"
_DRAWN: Final = "alarm-drawn"
"""What was drawn last and from what: a tick that brings nothing new computes nothing."""


def draw_head(head: AlarmHead) -> None:
    """Draw how the alarm stands."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="alarm-stands"):
        for badge in (head.state, *head.badges):
            parts.badge(badge)
        st.caption(md(head.since), width="content")
    if head.why:
        st.text(head.why)
    st.caption(f":material/payments: {md(head.price)}")
    if head.description:
        st.text(head.description)


def draw_deeds(context: Context, found: Roll, state: AlarmState) -> None:
    """Draw what can be done to it."""
    name, alarm = state.name, found.alarms.get(state.name)
    switch = Deed.DISABLE if state.actions_enabled else Deed.ENABLE
    mute = Deed.UNMUTE if found.mutes.get(name) else Deed.MUTE
    told = alarm is not None and bool(topics_of(alarm))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="alarm-do"):
        if st.button("Edit in the workbench", type="primary", icon=":material/tune:", key="alarm-edit"):
            st.switch_page("app_pages/workbench.py", query_params={"alarm": name})
        if st.button("Copy", icon=":material/content_copy:", key="alarm-copy"):
            st.switch_page("app_pages/workbench.py", query_params={"copy": name})
        tell = [Deed.TEST] if told else []
        deed_buttons(context, [name], [*tell, switch, mute, Deed.TAG, Deed.FORCE, Deed.DELETE], roll=found, key="alarm")
        if not told:
            st.caption("No topic to test: it tells nobody.", width="content")


def days() -> int:
    """Draw how far back the page looks, and give it; the link holds it."""
    found = st.segmented_control(
        "Days", DAYS, default=_DAYS, required=True, key="days", bind="query-params", label_visibility="collapsed",
        format_func=lambda number: "24 h" if number == 1 else f"{number} d",
    )  # fmt: skip
    return int(found or _DAYS)


def record(context: Context, scope: Scope, name: str) -> Record | None:
    """Give what happened to the alarm; None while it is read."""
    load = partial(_read_record, context, scope, name)
    return parts.looked(context, ("alarm-record", scope, name), load, every=READ_SECONDS, height=200)


def _read_record(context: Context, scope: Scope, name: str) -> Record:
    return alarm_record.read(context.sources, scope, name, now=context.now())


def chart(context: Context, found: Roll, state: AlarmState, kept: Record, *, days: int) -> AlarmChart | None:
    """Give the alarm over time; None while its datapoints are read, or until what they cost is agreed to."""
    alarm = found.alarms.get(state.name)
    span = workbench_composite.span_of(days, now=context.now())
    if isinstance(alarm, CompositeAlarm):
        return _composite(context, found, alarm, state, kept, days=days)
    if not isinstance(alarm, MetricAlarm) or not alarm.evaluable.allowed:
        why = "Its definition is still being read." if alarm is None else alarm.evaluable.reason
        return alarm_chart.aws_only(f"There is no replay: {why}.", kept, state, span)
    asked = workbench.question(alarm, found.scope, days=days, now=context.now())
    if not _agreed(context, asked):
        return None
    every = None if asked.key in st.session_state.get(_PAID, ()) else READ_SECONDS
    load = partial(workbench.read, context.sources, asked, clock=context.now)
    read = parts.looked(context, asked.key, load, every=every, height=CHART_PIXELS)
    if read is None:
        return None
    parts.faults(read.faults)
    revisions = context.sources.revisions(asked.queries).get(asked.queries[0], ()) if asked.queries else ()
    return _once((read, kept, alarm, state), lambda: alarm_chart.of_metric(alarm, read, kept, state, revisions))


def _agreed(context: Context, asked: workbench.Question) -> bool:
    """Whether the read is free, was made already, or somebody who may spend agreed to its price."""
    paid: set[object] = st.session_state.setdefault(_PAID, set())
    if context.feed.holds(asked.key) or asked.key in paid:
        return True
    tag = workbench.price(context.sources, asked, now=context.now())
    if tag.free:
        return True
    if not choices.draw_price(tag, decide(context.actor, Action.SPEND), key="alarm-pay"):
        return False
    paid.add(asked.key)
    return True


def _composite(
    context: Context, found: Roll, alarm: CompositeAlarm, state: AlarmState, kept: Record, *, days: int
) -> AlarmChart | None:
    load = partial(parts.at_clock, context, context.sources.alarm_transitions, found.scope)
    changes = parts.looked(context, ("alarm-history", found.scope), load, every=READ_SECONDS, height=CHART_PIXELS)
    if changes is None:
        return None
    span = workbench_composite.span_of(days, now=context.now())

    def draw() -> AlarmChart:
        view = workbench_composite.build(alarm, found.states, changes.value, span=span)
        return alarm_chart.of_composite(view, kept, state, span)

    return _once((changes, kept, alarm, state), draw)


def _once(of: tuple[object, ...], make: Callable[[], AlarmChart]) -> AlarmChart:
    """Give what is made of some values, made anew only where one of them is another."""
    held = st.session_state.get(_DRAWN)
    if held is not None and len(held[0]) == len(of) and all(one is two for one, two in zip(held[0], of, strict=True)):
        drawn: AlarmChart = held[1]
        return drawn
    made = make()
    st.session_state[_DRAWN] = (of, made)
    return made


def draw_chart(view: AlarmChart) -> None:
    """Draw the alarm over time, and in a sentence how far the replay agrees with what AWS recorded."""
    draw_bench(view.bench, key="alarm-bench", height=PLOT_PIXELS)
    st.text(plain(view.sentence))
    if view.limits:
        with st.expander("What a replay cannot know"):
            for sentence in view.limits:
                st.text(sentence)


def draw_definition(alarm: Alarm, unit: str | None) -> None:
    """Draw what the alarm is: in words, and as code in each language."""
    for sentence in alarm_page.sentences(alarm, unit):
        st.text(sentence)
    with st.expander("As code", icon=":material/code:"):
        names = {language.name: language for language in exports.LANGUAGES}
        chosen = st.segmented_control(
            "Language", list(names), default="CloudFormation", required=True, key="alarm-language",
            label_visibility="collapsed",
        )  # fmt: skip
        language = names[str(chosen)]
        with parts.foreseen(CannotWriteError, "This alarm has no words in this language"):
            st.code(language.write([alarm]), language=language.highlight, height=260)
        draw_exports([alarm], key="alarm-code")


def draw_tree(context: Context, found: Roll, alarm: CompositeAlarm) -> None:
    """Draw the alarms of the rule with their states; a click opens one."""
    states = {state.name: state for state in found.states}
    groups = alarm_page.tree(alarm, states, now=context.now())
    picked = thing_parts.states(groups, key="alarm-tree", name="Alarms of the rule", height=260, empty_text="")
    thing_parts.open_alarm(picked)


def checkup(context: Context, scope: Scope, name: str) -> Round | None:
    """Give what the doctor says of the alarm; None while it looks."""
    load = partial(_examine, context, scope, name)
    return parts.looked(context, ("doctor", scope, name), load, every=DOCTOR_SECONDS, height=120)


def _examine(context: Context, scope: Scope, name: str) -> Round:
    return examine_all(gather(context.sources, scope, now=context.now(), names=[name]))


def draw_findings(context: Context, found: Roll, seen: Round) -> None:
    """Draw the doctor's findings, each with its fix as a plan where it is one of the alarm."""
    parts.faults(seen.faults)
    if not seen.findings:
        st.caption(":green[:material/check_circle:] Nothing found in what was read.")
    for place, finding in enumerate(seen.findings):
        _draw_finding(context, found, finding, place)
    for examined in seen.checkups:
        for sentence in examined.unexamined:
            st.caption(f":gray[:material/help:] {md(sentence)}")


def _draw_finding(context: Context, found: Roll, finding: Finding, place: int) -> None:
    look, word = alarm_health.SEVERITIES[finding.severity]
    with st.container(border=True, gap="xsmall", key=f"alarm-finding-{place}"):
        st.markdown(f":{look.color}[{look.icon} {word}] **{md(finding.what)}**")
        st.text(plain(f"{finding.why} {finding.fix_sentence}"))
        with st.container(horizontal=True, gap="xsmall"):
            if mending.is_planned(finding):
                draw_fix(context, found, finding, key=f"alarm-fix-{place}")
            st.page_link(
                "app_pages/alarm_health.py", label="More in Alarm health", icon=":material/healing:",
                query_params={"finding": alarm_health.key_of(finding)},
            )  # fmt: skip


def draw_actions(alarm: Alarm, seen: Round | None) -> None:
    """Draw what happens on each change of state, and the way of each notification hop by hop."""
    parts.facts(alarm_page.does(alarm))
    for examined in () if seen is None else seen.checkups:
        action_parts.draw_ways(examined.paths)


def draw_timeline(context: Context, kept: Record) -> None:
    """Draw everything that happened, the newest first, in AWS's words."""
    parts.faults(kept.faults)
    only = st.toggle("Only what was sent", key="alarm-sent")
    table = alarm_record.timeline(kept, now=context.now(), only_actions=only)
    if not len(table):
        st.caption("Nothing happened yet that AWS or Watchkeeper remembers.")
        return
    st.dataframe(
        table, hide_index=True, height=min(12, len(table) + 1) * 35 + 3, key="alarm-timeline",
        column_config={"In AWS's words": st.column_config.TextColumn(width="large")},
    )  # fmt: skip


def draw_parents(head: AlarmHead) -> None:
    """Draw the composite alarms that look at this one."""
    for parent in head.parents:
        if st.button(f"Part of {md(parent)}", icon=":material/account_tree:", key=f"alarm-parent-{parent}"):
            thing_parts.open_alarm(parent)


def draw_gone(context: Context, found: Roll, name: str) -> None:
    """Say that there is no such alarm, and show what is still kept of it."""
    if not name:
        parts.empty("No alarm was named", "Open one from the list of alarms.")
    elif found.faults and not found.states:
        parts.empty("It is not known whether this alarm is there", "The alarms of the account could not be read.")
    else:
        parts.empty(
            "There is no alarm of this name here", f"It was deleted, or is in another place than {found.scope}."
        )
        kept = record(context, found.scope, name)
        if kept is not None and kept.changes:
            with parts.card("alarm-history", "What is still kept of it", None):
                draw_timeline(context, kept)
    st.page_link("app_pages/alarms.py", label="All alarms", icon=":material/notifications:")


def draw_drift(context: Context, found: Roll, name: str) -> None:
    """Draw how the alarm stands to the folder of alarms as code, where settings name one."""
    known = tags(context, found.scope, found)
    stands = drift(context, found, known)
    if stands is None or name not in stands.differences:
        return
    each = stands.differences[name]
    with parts.card("alarm-drift", "As code", Badge(drifts.WORDS[each.standing], _STANDINGS[each.standing])):
        if name in stands.files:
            st.caption(md(f"Written in {stands.files[name]}."))
        if each.standing is not Standing.CHANGED:
            return
        st.dataframe(drifts.fields(each), hide_index=True, height="content", key="alarm-drift-fields")
        draw_bring_back(context, found, stands, [name], label="Bring it back", key="alarm-back")


_STANDINGS: Final = {Standing.SAME: OK, Standing.CHANGED: WARNING, Standing.UNMANAGED: NO_DATA, Standing.NEW: INFO}
