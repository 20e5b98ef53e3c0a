"""The rule of a composite alarm, built piece by piece or written as text; each follows the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from alarms.composite import RuleError
from alarms.rule_tree import AtLeast, Constant, Group, Joint, Node, StateIs, added, at, grouped, put, text_of, tree_of
from alarms.state import StateValue
from dashboard import desk
from dashboard.fields import Fields, hold
from dashboard.views import alarm_choices as choices
from dashboard.views.alarm_form import field_errors
from dashboard.wording import plain

_STATES = {StateValue.ALARM: "is in alarm", StateValue.OK: "is OK", StateValue.INSUFFICIENT_DATA: "has no data"}
_NOT_STATES = {
    StateValue.ALARM: "is not in alarm",
    StateValue.OK: "is not OK",
    StateValue.INSUFFICIENT_DATA: "does not lack data",
}
_WORDS = {(state, False): word for state, word in _STATES.items()} | {
    (state, True): word for state, word in _NOT_STATES.items()
}
_JOINTS = {(Joint.ANY, False): "Any of", (Joint.ALL, False): "All of", (Joint.ANY, True): "None of",
           (Joint.ALL, True): "Not all of"}  # fmt: skip

Path = tuple[int, ...]

MOST_PARTS: Final = 40
"""Parentheses of a rule that is drawn piece by piece; a longer one is no longer seen at a glance. Ours."""


def draw_rule(fields: Fields, alarms: Sequence[str]) -> None:
    """Draw the builder, and the rule as text under it."""
    text = fields.checked.draft.rule
    root = _tree(text)
    if root is None:
        st.caption("The builder comes back when the rule below can be read.")
    elif text.count("(") > MOST_PARTS:
        st.caption(f"The builder shows rules of at most {MOST_PARTS} parts; this one is written below.")
    else:
        with st.container(border=True, gap="xsmall", key="wb-builder"):
            _group(fields, root, (), root, alarms)
    fields.area(
        "Rule as text", "rule", text, lambda rule: desk.change(fields.context, rule=rule), height=90,
        placeholder='ALARM("web-cpu-high") AND NOT ALARM("deploying")',
    )  # fmt: skip
    for sentence in field_errors(fields.checked, "rule"):
        marked = choices.caret(text, sentence)
        if marked:
            st.code(marked, language=None)


def _tree(text: str) -> Group | None:
    if not text.strip():
        return Group()
    try:
        return grouped(tree_of(text))
    except RuleError:
        return None


def _lay(fields: Fields, root: Group) -> None:
    desk.change(fields.context, rule=text_of(root) if root.parts else "")


def _group(fields: Fields, root: Group, path: Path, group: Group, alarms: Sequence[str]) -> None:
    """Draw a group: how its parts are joined, the parts, and what can be added."""
    key = f"wb-rule-{'-'.join(map(str, path))}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        hold(f"{key}-joint", (group.joint, group.negated))
        st.selectbox(
            f"Group {'.'.join(str(place + 1) for place in path) or 'of the whole rule'}",
            list(_JOINTS),
            key=f"{key}-joint",
            format_func=lambda pair: _JOINTS[pair],
            label_visibility="collapsed",
            width=130,
            on_change=partial(_join, fields, root, path, f"{key}-joint"),
        )
        st.button(
            "Add alarm", icon=":material/add:", type="tertiary", key=f"{key}-add",
            on_click=lambda: _lay(fields, added(root, path, StateIs(_next(group, alarms)))), disabled=not alarms,
        )  # fmt: skip
        st.button(
            "Add group", icon=":material/account_tree:", type="tertiary", key=f"{key}-add-group", disabled=not alarms,
            on_click=lambda: _lay(fields, added(root, path, Group(_other(group.joint), _pair(alarms)))),
        )  # fmt: skip
        if path:
            _gone(fields, root, path)
    for place, part in enumerate(group.parts):
        _part(fields, root, (*path, place), part, alarms)


def _next(group: Group, alarms: Sequence[str]) -> str:
    used = {part.alarm for part in group.parts if isinstance(part, StateIs)}
    return next((name for name in alarms if name not in used), alarms[0])


def _pair(alarms: Sequence[str]) -> tuple[Node, ...]:
    return tuple(StateIs(name) for name in [*alarms, *alarms][:2])


def _other(joint: Joint) -> Joint:
    return Joint.ALL if joint is Joint.ANY else Joint.ANY


def _join(fields: Fields, root: Group, path: Path, key: str) -> None:
    joint, negated = st.session_state[key]
    group = at(root, path)
    if isinstance(group, Group):
        changed = replace(group, joint=joint, negated=negated)
        _lay(fields, put(root, path, changed) if path else changed)


def _part(fields: Fields, root: Group, path: Path, part: Node, alarms: Sequence[str]) -> None:
    if isinstance(part, Group):
        with st.container(border=True, gap="xsmall", key=f"wb-rule-box-{'-'.join(map(str, path))}"):
            _group(fields, root, path, part, alarms)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if isinstance(part, StateIs):
            _state_is(fields, root, path, part, alarms)
        else:
            st.text(_said(part), width="stretch")
        _gone(fields, root, path)


def _state_is(fields: Fields, root: Group, path: Path, part: StateIs, alarms: Sequence[str]) -> None:
    key = f"wb-rule-{'-'.join(map(str, path))}"
    number = ".".join(str(place + 1) for place in path)
    hold(f"{key}-alarm", part.alarm)
    hold(f"{key}-state", (part.state, part.negated))

    def keep() -> None:
        state, negated = st.session_state[f"{key}-state"]
        name = st.session_state[f"{key}-alarm"] or part.alarm
        _lay(fields, put(root, path, StateIs(name, state, negated)))

    options: dict[str, Any] = {"label_visibility": "collapsed", "on_change": keep}
    offered = list(dict.fromkeys((*alarms, part.alarm)))
    st.selectbox(f"Alarm {number}", offered, key=f"{key}-alarm", format_func=plain, accept_new_options=True, **options)
    st.selectbox(f"State {number}", list(_WORDS), key=f"{key}-state", format_func=lambda pair: _WORDS[pair], width=150,
                 **options)  # fmt: skip


def _said(part: AtLeast | Constant | StateIs) -> str:
    """Name a part that has no fields here; it is changed as text."""
    return plain(text_of(part))


def _gone(fields: Fields, root: Group, path: Path) -> None:
    st.button(
        "Remove", icon=":material/close:", type="tertiary", key=f"wb-rule-{'-'.join(map(str, path))}-gone",
        on_click=lambda: _lay(fields, put(root, path, None)),
    )  # fmt: skip
