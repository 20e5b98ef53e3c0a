"""Drawing of the spend page's answers that cost money: each says its price first, and is read when a person asks."""

from __future__ import annotations

from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from cloud.metering import feature
from collectors import cost_breakdown as asking
from collectors.cost_breakdown import Question
from core.reading import Reading, Scope
from dashboard import parts
from dashboard.cached import Context
from dashboard.cost_state import CostState
from dashboard.views import cost_breakdown
from dashboard.views.cost_breakdown import BreakdownView, Offer
from dashboard.views.spend import SpendView
from dashboard.wording import md, plain

ROW_PIXELS: Final = 34
MOST_ROWS: Final = 12
"""Rows that are shown at once; more scroll."""
FEATURE: Final = "spend"
CHOICES: Final = ("service", "account", "region", "tag", "resource")
BY_RESOURCE: Final = CostState(by=("ResourceId",))
NO_RESOURCES: Final = (
    "Cost Explorer tells resources apart only where that is switched on in its settings, and only for the last 14 "
    "days, so it is not asked. A billing export tells them for every day that it holds: FOCUS always, a Cost and Usage "
    "Report where it includes resource IDs."
)
"""https://docs.aws.amazon.com/cli/latest/reference/ce/get-cost-and-usage-with-resources.html"""


def draw_table(rows: pd.DataFrame, note: str, *, key: str) -> None:
    """Draw a table with whose figures it holds."""
    if len(rows):
        height: Literal["content"] | int = "content" if len(rows) <= MOST_ROWS else 420
        st.dataframe(rows, hide_index=True, height=height, row_height=ROW_PIXELS, key=f"table-{key}")
    st.text(note)


def draw_costs(context: Context, scope: Scope, view: SpendView) -> None:
    """Draw the month by service, as the collector read it, or by what a person buys."""
    with parts.card("services", "Costs of the month", None):
        chosen = st.segmented_control(
            "By", CHOICES, default="service", required=True, label_visibility="collapsed",
            format_func=lambda choice: f"By {choice}", key="spend-by",
        )  # fmt: skip
        if chosen == "account":
            _draw_shares(context, scope, asking.ACCOUNT, "Account")
        elif chosen == "region":
            _draw_shares(context, scope, asking.REGION, "Region")
        elif chosen == "tag":
            _draw_tags(context, scope)
        elif chosen == "resource":
            _draw_resources(context)
        else:
            draw_table(view.services, view.services_note, key="services")


def _draw_resources(context: Context) -> None:
    """Lead to the export, which alone tells all of them."""
    st.text(NO_RESOURCES)
    if context.export is None:
        st.caption("Name one in WATCHKEEPER_BILLING_EXPORT and start again.")
    else:
        st.page_link(
            "app_pages/cost_explorer.py", label="Costs by resource, from the billing export",
            icon=":material/table_chart:", query_params=BY_RESOURCE.params(),
        )  # fmt: skip


def draw_drivers(context: Context, scope: Scope) -> None:
    """Draw what changed between the last two months."""
    with parts.card("drivers", "Why last month changed", None):
        found, offer = _asked(context, scope, asking.DRIVERS)
        _draw_answer(context, scope, asking.DRIVERS, cost_breakdown.drivers(found, offer, now=context.now()))


def _draw_tags(context: Context, scope: Scope) -> None:
    found, offer = _asked(context, scope, asking.TAGS)
    keys = cost_breakdown.tag_keys(found)
    if keys:
        tag = st.selectbox("Tag", keys, format_func=plain, width=260, key="spend-tag")
        _draw_shares(context, scope, asking.by("TAG", str(tag)), "Tag")
    st.text(cost_breakdown.tags_note(found, now=context.now()))
    _draw_offer(context, scope, asking.TAGS, offer, what=" the tags")


def _draw_shares(context: Context, scope: Scope, question: Question[tuple[asking.Share, ...]], column: str) -> None:
    found, offer = _asked(context, scope, question)
    names = context.names if question is asking.ACCOUNT else {}
    view = cost_breakdown.shares(found, offer, column=column, names=names, now=context.now())
    _draw_answer(context, scope, question, view)


def _asked(context: Context, scope: Scope, question: Question[Any]) -> tuple[Reading[Any], Offer]:
    """Give what is held and what a new answer costs; both come from the store, so they are never older than a click."""
    now = context.now()
    found = context.sources.bought(question, scope.account, now=now)
    quote = context.sources.quote(question, scope.account, now=now)
    return found, cost_breakdown.offer(quote, context.actor, held=found.value is not None, now=now)


def _draw_answer(context: Context, scope: Scope, question: Question[Any], view: BreakdownView) -> None:
    draw_table(view.rows, view.note, key=plain(question.key))
    _draw_offer(context, scope, question, view.offer)


def _draw_offer(context: Context, scope: Scope, question: Question[Any], offer: Offer, *, what: str = "") -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        clicked = st.button(
            f"{offer.label.replace('Read', f'Read{what}', 1)}",
            icon=":material/payments:",
            disabled=not offer.verdict.allowed,
            help=md(offer.verdict.reason),
            key=f"buy-{plain(question.key)}",
        )
        st.caption(md(offer.text))
    # What is disabled is not only drawn so.
    if clicked and offer.verdict.allowed:
        with feature(FEATURE), st.spinner("Asking Cost Explorer"):
            context.sources.buy(question, scope.account, now=context.now())
        st.rerun()
