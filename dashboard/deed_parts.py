"""Drawing of deeds: their buttons, each with the reason where it is not allowed, and what the review asks for first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import streamlit as st

from access.changes import ChangePlan
from access.policy import Action, decide
from alarms.as_code.writing import CannotWriteError
from alarms.composite import RuleError
from alarms.definition import Alarm, DefinitionErrors
from alarms.doctor import Finding
from alarms.live import Live, live_of
from alarms.publishing import MOST_REASON
from alarms.state import StateValue
from core.reading import Fault, Scope
from dashboard import parts
from dashboard.cached import Context
from dashboard.plan_dialog import ask
from dashboard.views import deeds, drift, exports, mending
from dashboard.views.alarm_roll import Roll
from dashboard.views.deeds import MUTES, Asked, Deed
from dashboard.views.drift import Drift
from dashboard.wording import count, md, plain
from dashboard.workroom import Workroom

_LIVES: Final = "deed-lives"
"""What was live when the review was opened."""
BUTTONS: Final = {
    Deed.ENABLE: ("Enable actions", ":material/notifications_active:"),
    Deed.DISABLE: ("Disable actions", ":material/notifications_off:"),
    Deed.MUTE: ("Mute", ":material/notifications_paused:"),
    Deed.TAG: ("Tag", ":material/sell:"),
    Deed.DELETE: ("Delete", ":material/delete:"),
    Deed.UNMUTE: ("End the mute", ":material/notifications_active:"),
    Deed.TEST: ("Test delivery", ":material/send:"),
    Deed.FORCE: ("Force a state", ":material/bolt:"),
}


def deed_buttons(context: Context, names: Sequence[str], which: Sequence[Deed], *, roll: Roll, key: str) -> None:
    """Draw a button for each deed. A role that may not do it reads why; with nothing chosen there is nothing to do."""
    refused = dict.fromkeys(why.reason for deed in which if not (why := deeds.may(context.actor, deed)).allowed)
    for deed in which:
        label, icon = BUTTONS[deed]
        may = deeds.may(context.actor, deed)
        pressed = st.button(
            label, icon=icon, key=f"{key}-{deed}", disabled=not names or not may.allowed or context.workroom is None,
            help=None if may.allowed else md(may.reason),
        )  # fmt: skip
        if pressed:
            _ask(context, _offer, deed, tuple(names), roll)
    for reason in refused:
        st.caption(f":material/lock: {md(reason)}", width="content")


def _ask(context: Context, offer: Callable[..., ChangePlan | None], *about: object) -> None:
    """Open a review; what is live is read for it once."""
    st.session_state.pop(_LIVES, None)
    ask(partial(offer, context, context.workroom, *about))


def _offer(context: Context, room: Workroom, deed: Deed, names: tuple[str, ...], roll: Roll) -> ChangePlan | None:
    lives, faults = _live(context, room, roll.scope, names)
    if faults:
        parts.faults(faults)
        st.text("What is live now could not be read as a whole, so nothing is changed. Close this, and try again.")
        return None
    gone = [name for name in names if name not in {live.alarm.name for live in lives}]
    if gone:
        st.text(f"{count(len(gone), 'alarm')} of these {'is' if len(gone) == 1 else 'are'} gone: {plain(gone[0])}")
    if not lives:
        return None
    asked = _asked(deed, lives)
    try:
        return deeds.plan(asked, lives, roll, actor=context.actor, now=context.now())
    except DefinitionErrors as error:
        st.error(md(str(error)), icon=":material/error:")
        return None


def _live(
    context: Context, room: Workroom, scope: Scope, names: tuple[str, ...]
) -> tuple[tuple[Live, ...], tuple[Fault, ...]]:
    """Read what is live, once for this review."""
    if _LIVES not in st.session_state:
        with st.spinner("Reading what is live …"):
            found = room.lives(scope, names, now=context.now())
        st.session_state[_LIVES] = (tuple(live_of(document) for document in found.value), found.faults)
    lives: tuple[tuple[Live, ...], tuple[Fault, ...]] = st.session_state[_LIVES]
    return lives


def _asked(deed: Deed, lives: Sequence[Live]) -> Asked:
    """Draw what a deed has to know first."""
    if deed is Deed.MUTE:
        length = st.segmented_control("For how long", list(MUTES), default="1 h", required=True, key="deed-length")
        return Asked(deed, length=MUTES[str(length)])
    if deed is Deed.TAG:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="deed-tag"):
            key = st.text_input("Tag", key="deed-tag-key", max_chars=128, placeholder="owner")
            off = st.session_state.get("deed-tag-off", False)
            value = st.text_input("Value", key="deed-tag-value", max_chars=256, disabled=off)
            st.checkbox("Take it off", key="deed-tag-off")
        return Asked(deed, key=(key or "").strip(), value=None if off else value or "")
    if deed is Deed.DELETE:
        st.caption(
            "Take a copy first. An undo makes the alarms again, with their tags, but not their state or history."
        )
        draw_exports([live.alarm for live in lives], key="deed-export")
    if deed is Deed.FORCE:
        st.caption("To see whether people are told, test the delivery instead: it disturbs no state.")
        state = st.segmented_control(
            "Into", [str(state) for state in StateValue], default="ALARM", required=True, key="deed-state"
        )
        reason = st.text_input("Reason", key="deed-reason", max_chars=MOST_REASON, placeholder="fire drill")
        return Asked(deed, state=StateValue(str(state)), reason=reason or "")
    return Asked(deed)


def draw_exports(alarms: Sequence[Alarm], *, key: str) -> None:
    """Draw a download in each language that can say these alarms."""
    with st.container(horizontal=True, gap="xsmall", key=key):
        for language in exports.LANGUAGES:
            try:
                text = language.write(alarms)
            except CannotWriteError as why:
                st.caption(f":material/block: {language.name}: {md(str(why))}")
                continue
            st.download_button(
                language.name, text, file_name=language.file_name, mime="text/plain", icon=":material/download:",
                on_click="ignore", key=f"{key}-{language.name}",
            )  # fmt: skip


def draw_fix(context: Context, roll: Roll, finding: Finding, *, key: str) -> None:
    """Draw the button that reviews what mends a finding; the plan changes what is live at this moment."""
    may = decide(context.actor, Action.EDIT_ALARM)
    pressed = st.button(
        "Review the fix", type="primary", icon=":material/build:", key=key,
        disabled=not may.allowed or context.workroom is None, help=None if may.allowed else md(may.reason),
    )  # fmt: skip
    if pressed:
        _ask(context, _mend, finding, roll)
    if not may.allowed:
        st.caption(f":material/lock: {md(may.reason)}", width="content")


def _mend(context: Context, room: Workroom, finding: Finding, roll: Roll) -> ChangePlan | None:
    lives, faults = _live(context, room, roll.scope, (finding.alarm,))
    parts.faults(faults)
    if faults or not lives:
        st.text("The alarm is gone, or could not be read; nothing is changed.")
        return None
    try:
        return mending.plan_of(finding, live=lives[0], others=tuple(roll.alarms.values()), scope=roll.scope)
    except DefinitionErrors as error:
        st.error(md(str(error)), icon=":material/error:")
        return None


def draw_bring_back(context: Context, roll: Roll, stands: Drift, names: Sequence[str], *, label: str, key: str) -> None:
    """Draw the button that reviews the way back from what is live to what is written."""
    may = decide(context.actor, Action.EDIT_ALARM)
    pressed = st.button(
        label, icon=":material/settings_backup_restore:", key=key,
        disabled=not may.allowed or context.workroom is None, help=None if may.allowed else md(may.reason),
    )  # fmt: skip
    if pressed:
        _ask(context, _bring_back, roll, stands, tuple(names))


def _bring_back(
    context: Context, room: Workroom, roll: Roll, stands: Drift, names: tuple[str, ...]
) -> ChangePlan | None:
    lives, faults = _live(context, room, roll.scope, names)
    if faults:
        parts.faults(faults)
        st.text("What is live now could not be read as a whole, so nothing is changed. Close this, and try again.")
        return None
    try:
        return drift.way_back(stands, names, lives, roll)
    except (DefinitionErrors, RuleError) as error:
        st.error(md(str(error)), icon=":material/error:")
        return None
