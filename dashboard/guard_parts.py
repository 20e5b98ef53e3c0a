"""Drawing of the guard: what each rung would do, approvals, the way back. Plans go through the one dialog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from access.changes import ChangePlan, Outcome
from access.identity import Actor
from budgets.guard import Rung
from core.reading import Scope, Verdict
from dashboard import parts, plan_dialog
from dashboard.cached import Context
from dashboard.guardroom import Guards
from dashboard.views import guard, guard_tables
from dashboard.views.guard import GuardReadings, GuardView
from dashboard.views.guard_offers import Asked, Offer
from dashboard.wording import capital, md, plain

ROW_PIXELS = 34
_SAID = "guard-said"
MOST_ROWS = 18
"""Rows that are shown at once; more scroll."""
_COLUMNS = {
    guard_tables.LINK: st.column_config.LinkColumn(display_text="AWS's page", width="small"),
    guard_tables.FREE: st.column_config.TextColumn(width=150),
}


@dataclass(frozen=True, slots=True)
class Doing:
    """Carries a rung out, or everything back, from the review dialog."""

    guards: Guards
    account: str
    rung: Rung | None
    """None: the way back."""
    back: str = "app_pages/guard.py"
    back_label: str = "Guard"

    def verdict(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict:
        """Say whether a plan may be applied: what the dialog's undo does as well."""
        if self.rung is None:
            return self.guards.may_restore(plan, actor, now=now)
        return self.guards.may(plan, actor, now=now)

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome:
        if self.rung is None:
            return self.guards.restore(plan, self.account, actor, now=now)
        return self.guards.act(self.rung, plan, self.account, actor, now=now)


def draw_table(rows: pd.DataFrame, empty: str, *, key: str) -> None:
    """Draw a table, or why there is none."""
    if len(rows):
        height: Literal["content"] | int = "content" if len(rows) <= MOST_ROWS else ROW_PIXELS * MOST_ROWS
        st.dataframe(
            rows, hide_index=True, height=height, row_height=ROW_PIXELS, column_config=_COLUMNS, key=f"t-{key}"
        )
    else:
        st.caption(md(empty))


def draw_offers(context: Context, guards: Guards, account: str, view: GuardView) -> None:
    """Draw what each rung would do now, and the buttons; one that cannot be pressed says why."""
    for offer in view.offers:
        with st.container(border=True, gap="xsmall", key=f"offer-{offer.rung.name.lower()}"):
            st.markdown(f"**{md(capital(str(offer.rung)))}**")
            st.text(offer.sentence)
            for step in offer.plan.steps:
                st.text(f"· {plain(step.sentence)}")
            _buttons(context, guards, account, offer)


def _buttons(context: Context, guards: Guards, account: str, offer: Offer) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Review", icon=":material/fact_check:", disabled=not offer.plan.steps,
            key=f"review-{offer.rung.name.lower()}",
        ):  # fmt: skip
            plan_dialog.ask(lambda: offer.plan, Doing(guards, account, offer.rung))
        if offer.may_propose.allowed and st.button(
            "Ask a second person", icon=":material/group_add:", key=f"propose-{offer.rung.name.lower()}"
        ):
            _say(context, guards.propose(offer.plan, context.actor, now=context.now()))
        if not offer.may.allowed and offer.plan.steps:
            st.caption(f":material/lock: {md(offer.may.reason)}", width="stretch")


def draw_asked(context: Context, guards: Guards, asked: Asked) -> None:
    """Draw a proposal with its button."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"asked-{asked.proposal.id}"):
        st.text(asked.text, width="stretch")
        if st.button(
            "Approve", icon=":material/how_to_reg:", disabled=not asked.may.allowed, key=f"approve-{asked.proposal.id}"
        ):
            _say(context, guards.approve(asked.proposal.id, context.actor, now=context.now()))
    if not asked.may.allowed:
        st.caption(f":material/lock: {md(asked.may.reason)}")


def draw_restore(guards: Guards, account: str, view: GuardView) -> None:
    """Draw how things were, and the one click that opens the way back."""
    draw_table(view.priors, "Nothing is held back.", key="priors")
    for warning in view.back.warnings:
        st.markdown(f":orange[:material/warning:] {md(warning)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Restore", type="primary", icon=":material/settings_backup_restore:",
            disabled=not view.may_restore.allowed, key="restore",
        ):  # fmt: skip
            plan_dialog.ask(lambda: view.back, Doing(guards, account, None))
        if not view.may_restore.allowed:
            st.caption(f":material/lock: {md(view.may_restore.reason)}")


def _say(context: Context, found: object) -> None:
    """Show why nothing came of a click, or the new state of things."""
    for scope in context.scopes:
        context.feed.renew(("guard", scope))
    st.session_state[_SAID] = found.reason if isinstance(found, Verdict) else ""
    st.rerun()


def draw_said() -> None:
    """Draw why the last click did nothing."""
    said = st.session_state.pop(_SAID, "")
    with st.container():
        if said:
            st.markdown(f":orange[:material/info:] {md(said)}")


def read(context: Context, guards: Guards, account: str) -> GuardReadings:
    """Read what the guard's page and card show."""
    return guard.read(guards, account, context.names.get(account, account), now=context.now())


def card_for_spend(context: Context, scope: Scope) -> None:
    """Draw the guard's card of the spend page: how it stands, and the way to it."""
    if context.guards is None:
        return
    load = partial(read, context, context.guards, scope.account)
    found = parts.looked(context, ("guard", scope), load, every=None, height=120)
    if found is None:
        return
    view = guard.build(found, context.guards, context.actor, now=context.now())
    with parts.card("guard", "Guard", view.state):
        parts.badge(view.mode)
        st.text(view.sentence)
        st.page_link("app_pages/guard.py", label="Estimate and guard", icon=":material/shield:")
