"""Drawing of the list of alarms: filters that stand in the link, the table, and what can be done to its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import streamlit as st

from alarms.as_code.folder import Standing
from alarms.definition import Alarm, from_response
from core.reading import Reading, Scope
from dashboard import desk, parts, thing_parts
from dashboard.cached import Context
from dashboard.deed_parts import deed_buttons, draw_bring_back, draw_exports
from dashboard.views import alarm_list, alarm_roll, alarm_sparks
from dashboard.views import drift as drifts
from dashboard.views.alarm_list import NOBODY, AlarmList, Only, Tags, Wanted
from dashboard.views.alarm_roll import Roll
from dashboard.views.alarm_sparks import Sparks
from dashboard.views.deeds import BULK
from dashboard.views.drift import Drift
from dashboard.wording import count, md, plain

ROW_PIXELS = 34
MOST_ROWS = 18
"""Rows that are seen at once; the rest is scrolled to."""
SPARK_SECONDS = 300.0
TAG_SECONDS = 600.0
FOLDER_SECONDS = 60.0
MOST_PROBLEMS = 5
"""Sentences about a folder that are shown; `python -m alarms diff` has them all."""
GLANCE = 0.4
"""Seconds that the first look waits for tags and lines; what comes later is there at the next tick."""
_OPENED: Final = "alarm-opened"
_PICKED: Final = "alarm-picked"
"""Names of the chosen alarms: they stay chosen when rows move."""
_SHOWN: Final = "alarm-shown"
"""Key of the table that is shown, and the rows that were chosen when it came."""
ANY: Final = "Any"


def roll(context: Context, scope: Scope, *, height: int) -> Roll | None:
    """Give everything that is known of the alarms; None while it is on its way."""
    load = partial(_read_roll, context, scope)
    return parts.looked(context, ("alarm-roll", scope), load, every=context.refresh * 2, height=height)


def _read_roll(context: Context, scope: Scope) -> Roll:
    return alarm_roll.call(context.sources, scope, now=context.now())


def filters(kinds: Sequence[str], owners: Sequence[str], *, drift: bool) -> Wanted:
    """Draw the filters and give what they say; the link holds them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="alarm-filters"):
        words = st.text_input(
            "Search alarms", key="q", live=True, icon=":material/search:", bind="query-params",
            placeholder="name, metric, action, owner", max_chars=255, width=300,
        )  # fmt: skip
        states = st.segmented_control(
            "State", list(alarm_list.STATES), key="state", selection_mode="multi", bind="query-params",
            format_func=lambda held: alarm_list.STATES[held],
        )  # fmt: skip
        kind = _choice("Kind", "kind", kinds)
        owner = _choice("Owner", "owner", [*owners, NOBODY])
        offered = [only for only in Only if drift or only is not Only.DRIFTED]
        only = st.pills("Only", offered, key="only", selection_mode="multi", bind="query-params")
        st.space("stretch")
        new_alarm()
    return Wanted(words or "", tuple(states or ()), kind, owner, tuple(only or ()))


def new_alarm() -> None:
    """Draw the way to a new alarm."""
    if st.button("New alarm", type="primary", icon=":material/notification_add:", key="new-alarm"):
        desk.clear()
        st.switch_page("app_pages/workbench.py")


def _choice(label: str, name: str, known: Sequence[str]) -> str | None:
    """Draw a choice; what a link names is offered even while nobody has it."""
    asked = parts.first(name)
    options = [ANY, *dict.fromkeys([*known, *([asked] if asked and asked != ANY else [])])]
    found = st.selectbox(label, options, key=name, format_func=plain, width=150, bind="query-params")
    return None if found in {None, ANY} else str(found)


def tags(context: Context, scope: Scope, found: Roll) -> Tags:
    """Give the tags that are read so far; they take a call an alarm, so nobody waits for them."""
    arns = tuple(sorted(state.arn for state in found.states))
    snapshot = context.feed.look(
        ("alarm-tags", scope, arns), partial(_read_tags, context, scope, arns), every=TAG_SECONDS, patience=GLANCE
    )
    return {} if snapshot is None else snapshot.value.value


def _read_tags(context: Context, scope: Scope, arns: Sequence[str]) -> Reading[Tags]:
    return context.sources.alarm_tags(scope, arns, now=context.now())


def drift(context: Context, found: Roll, known: Tags) -> Drift | None:
    """Give how the alarms stand to the folder that settings name; None without one, and while it is read."""
    folder = drifts.folder_of(context.alarms_dir, found.scope, first=context.scopes[0])
    if folder is None:
        return None
    snapshot = context.feed.look(
        ("alarm-folder", str(folder)), partial(drifts.read, folder), every=FOLDER_SECONDS, patience=1.0
    )
    return None if snapshot is None else drifts.drift(snapshot.value, found, known)


def draw_drift(context: Context, found: Roll, stands: Drift) -> None:
    """Draw how the alarms stand to the folder, and the way back to what is written."""
    for problem in stands.problems[:MOST_PROBLEMS]:
        st.caption(f":orange[:material/folder_off:] {md(problem)}")
    moved = [name for name, each in stands.differences.items() if each.standing in {Standing.NEW, Standing.CHANGED}]
    if not stands.differences:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="alarm-drift"):
        st.caption(f":material/folder: {md(drifts.summary(stands))}", width="content")
        if moved:
            draw_bring_back(context, found, stands, moved, label="Bring all back", key="alarms-back")


def sparks(context: Context, scope: Scope, found: Roll, names: Sequence[str]) -> Sparks:
    """Give the newest values of what listed alarms watch, as far as they are read."""
    asked = tuple(names[: alarm_sparks.MOST])
    load = partial(_read_sparks, context, scope, [found.alarms[name] for name in asked if name in found.alarms])
    snapshot = context.feed.look(("alarm-sparks", scope, asked), load, every=SPARK_SECONDS, patience=GLANCE)
    return Sparks({}) if snapshot is None else snapshot.value


def _read_sparks(context: Context, scope: Scope, alarms: Sequence[Alarm]) -> Sparks:
    return alarm_sparks.read(context.sources, alarms, scope, now=context.now())


def table(view: AlarmList) -> tuple[str, ...]:
    """Draw the table and give the names of the chosen alarms; a click on a name opens its page."""
    names = [row.name for row in view.rows]
    key = f"alarm-list-{hashlib.sha256(repr(names).encode()).hexdigest()[:12]}"
    if st.session_state.get(_SHOWN, ("", ()))[0] != key:
        kept = st.session_state.get(_PICKED, ())
        st.session_state[_SHOWN] = (key, tuple(place for place, name in enumerate(names) if name in kept))
    event = st.dataframe(
        view.table, hide_index=True, height=(min(MOST_ROWS, max(1, len(names))) + 1) * ROW_PIXELS + 4,
        row_height=ROW_PIXELS, on_select="rerun", selection_mode="multi-row", key=key,
        selection_default={"selection": {"rows": list(st.session_state[_SHOWN][1])}},
        column_config=_columns(), alt="Alarms. Choose rows, then what is to be done to them.",
    )  # fmt: skip
    opened = st.session_state.get(_OPENED)
    if opened is not None and opened["row"] < len(names):
        thing_parts.open_alarm(names[opened["row"]])
    picked = tuple(names[row] for row in event.selection.rows if row < len(names))
    st.session_state[_PICKED] = picked
    return picked


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "State": config.TextColumn(width=95),
        "Alarm": config.ButtonColumn(type="tertiary", alignment="left", width=240, key=_OPENED),
        "Since": config.TextColumn(width=80, help="How long it has been in this state."),
        "Last 3 h": config.LineChartColumn(width=120, help="The newest values of what it watches."),
        "Watches": config.TextColumn(width=230),
        "Does": config.TextColumn(width=240, help="What happens when it goes off."),
        "Owner": config.TextColumn(width=110, help="The tag owner, team or service, whichever is there first."),
        "A month": config.TextColumn(width=75, alignment="right", help="What the bill would be less without it."),
        "Changed": config.TextColumn(width=95, help="When its definition last changed; AWS keeps no age."),
    }


def chosen_bar(context: Context, view: AlarmList, found: Roll, picked: Sequence[str], known: Tags) -> None:
    """Draw what can be done to the chosen alarms, or to all that are listed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="alarm-deeds"):
        st.markdown(f"**{count(len(picked), 'alarm')} chosen**" if picked else "**None chosen**", width="content")
        if len(picked) == 1 and st.button("Open", icon=":material/open_in_new:", key="alarm-open"):
            thing_parts.open_alarm(picked[0])
        deed_buttons(context, picked, BULK, roll=found, key="alarms")
        with st.popover("Export", icon=":material/download:", key="alarm-export"):
            names = picked or [row.name for row in view.rows]
            st.caption(f"{count(len(names), 'alarm')}, {'as chosen' if picked else 'as listed'}; with the tags read.")
            draw_exports([tagged(found, name, known) for name in names if name in found.documents], key="alarms-export")


def tagged(found: Roll, name: str, known: Tags) -> Alarm:
    """Give an alarm with its tags, as far as they are read."""
    document = found.documents[name]
    pairs = known.get(str(document.get("AlarmArn")), {})
    return from_response({**document, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]})


def told(view: AlarmList) -> None:
    """Draw the sums."""
    st.caption(f"{md(view.summary)}. :material/payments: {md(view.bill)}.")
