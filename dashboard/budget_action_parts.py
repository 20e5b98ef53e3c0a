"""The form of a budget action on screen: what it would do is said before it exists. The link keeps what is typed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import streamlit as st

from budgets import actions
from budgets.actions import STOPS, ActionKind
from dashboard import budget_parts, parts
from dashboard.budget_parts import Desk
from dashboard.fields import hold
from dashboard.views.budget_action_form import KINDS, ActionDraft, CheckedAction, begun, document, read, read_document
from dashboard.views.budget_list import BudgetView
from dashboard.views.draft_text import DraftError
from dashboard.wording import md, plain

NAME: Final = "action"
"""Name in the link: the draft of an action."""
_DRAFT: Final = "budget-action"
_LABELS: Final = {
    "policy": ("Policy", "arn:aws:iam::aws:policy/AWSDenyAll"),
    "who": ("To whom", "role/builders, user/ana"),
    "targets": ("To which accounts or units", "ou-abcd-12345678"),
    "region": ("Region", "us-east-1"),
    "instances": ("Instances", "i-0123456789abcdef0"),
    "role": ("Role that AWS Budgets takes on", "arn:aws:iam::123456789012:role/budget-actions"),
    "emails": ("E-mail addresses to tell", "ana@example.com"),
    "threshold": ("Threshold", "100"),
}
_SHOWN: Final = {
    ActionKind.IAM: ("policy", "who"),
    ActionKind.SCP: ("policy", "targets"),
    ActionKind.SSM: ("region", "instances"),
}


def draw_new_action(desk: Desk, view: BudgetView) -> None:
    """Draw the form, its dry run, and the button that leads to the review."""
    draft = _draft(desk)
    with st.expander("Let AWS act when it is crossed", icon=":material/bolt:", expanded=bool(parts.first(NAME))):
        st.caption("AWS does this by itself, also while nobody looks. Nothing happens before the review.")
        checked = read(draft, view.live.definition)
        _fields(desk, checked)
        if "" in checked.errors:
            st.markdown(f":red[:material/error: {md(checked.errors[''])}]")
        if checked.sentences:
            st.markdown("**Dry run**")
        for sentence in checked.sentences:
            st.text(plain(sentence))
        action = checked.action
        pressed = st.button(
            "Review the action", icon=":material/fact_check:", key="ba-review",
            disabled=action is None or desk.room is None,
        )  # fmt: skip
        if pressed and action is not None:
            live = view.live
            budget_parts.ask(
                partial(
                    actions.create, action, live.definition, scope=desk.scope, existing=live.actions,
                    acting=desk.view.acting,
                )
            )  # fmt: skip


def _fields(desk: Desk, checked: CheckedAction) -> None:
    kind = ActionKind(checked.draft.kind)
    _choice(desk, checked, "kind", "What AWS does", dict(KINDS))
    with st.container(horizontal=True, gap="small", key="ba-row-when"):
        _choice(desk, checked, "of", "When", {"ACTUAL": "Actual", "FORECASTED": "Forecast"})
        _text(desk, checked, "threshold")
        _choice(desk, checked, "unit", "in", {"PERCENTAGE": "% of the limit", "ABSOLUTE_VALUE": "as an amount"})
    with st.container(horizontal=True, gap="small", key="ba-row-what"):
        if kind is ActionKind.SSM:
            _choice(desk, checked, "stop", "Which", dict(STOPS))
        for name in _SHOWN[kind]:
            _text(desk, checked, name)
    with st.container(horizontal=True, gap="small", key="ba-row-how"):
        ways = {"MANUAL": "waits for a person", "AUTOMATIC": "acts at once"}
        _choice(desk, checked, "approval", "Then AWS", ways)
        _text(desk, checked, "role")
        _text(desk, checked, "emails")


def _text(desk: Desk, checked: CheckedAction, name: str) -> None:
    key = f"ba-{name}"
    label, hint = _LABELS[name]
    hold(key, getattr(checked.draft, name))
    with st.container(gap=None):
        st.text_input(label, key=key, placeholder=hint, on_change=partial(_keep, desk, name))
        if name in checked.errors:
            st.caption(md(checked.errors[name]))


def _choice(desk: Desk, checked: CheckedAction, name: str, label: str, names: dict[str, str]) -> None:
    key, value = f"ba-{name}", getattr(checked.draft, name)
    offered = list(names) if value in names else [*names, value]
    hold(key, value)
    st.selectbox(
        label, offered, key=key, format_func=lambda held: names.get(held, plain(str(held))),
        on_change=partial(_keep, desk, name),
    )  # fmt: skip


def _keep(desk: Desk, name: str) -> None:
    changed = replace(_draft(desk), **{name: st.session_state[f"ba-{name}"] or ""})
    st.session_state[_DRAFT] = changed
    token = desk.context.drafts.token(document(changed), now=desk.context.now())
    parts.write((NAME,), {NAME: token} if token else {})


def _draft(desk: Desk) -> ActionDraft:
    found = st.session_state.get(_DRAFT)
    if isinstance(found, ActionDraft):
        return found
    token = parts.first(NAME)
    try:
        draft = read_document(desk.context.drafts.document(token)) if token else None
    except DraftError:
        draft = None
    st.session_state[_DRAFT] = draft = draft or begun(emails=desk.email, region=desk.scope.region)
    return draft
