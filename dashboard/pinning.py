"""Drawing of pins beside the explorer's chart: their price before they are made, and the button that makes them."""

from __future__ import annotations

import streamlit as st

from dashboard.cached import Context
from dashboard.state import ExplorerState, PageState
from dashboard.views import explorer, pins
from dashboard.views.pins import PinDesk, PinRow, Wish
from dashboard.wording import md


def draw(context: Context, state: PageState, wanted: ExplorerState) -> None:
    """Draw the series on the chart that can be pinned, and the pins there are."""
    if context.pins is None:
        return
    now = context.now()
    asked = explorer.question(wanted, state.scope, state.span(now=now), now=now)
    view = pins.build(context.pins, asked, context.actor, scopes=context.scopes, now=now)
    with st.expander(view.title, icon=":material/push_pin:", key="pins"):
        st.caption(
            "A pinned series is read by the collector whether or not anybody looks, so that its history is there when "
            "somebody does, and is kept beyond AWS's own 15 days of minutes."
        )
        for place, row in enumerate(view.offered):
            _draw_row(context, context.pins, row, key=f"pin-{place}", label="Pin")
        for place, row in enumerate(view.pinned):
            _draw_row(context, context.pins, row, key=f"unpin-{place}", label="Unpin")


def _draw_row(context: Context, desk: PinDesk, row: PinRow, *, key: str, label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"row-{key}"):
        with st.container(gap=None):
            st.text(row.name)
            st.caption(md(row.note))
        st.button(
            label,
            icon=":material/keep_off:" if row.wish.take_off else ":material/keep:",
            disabled=not row.wish.may.allowed,
            help=None if row.wish.may.allowed else md(row.wish.may.reason),
            on_click=_act,
            args=(context, desk, row.wish),
            key=f"{key}-{row.wish.pin.key}",
        )


def _act(context: Context, desk: PinDesk, wish: Wish) -> None:
    said = pins.act(desk, wish, context.actor, context.audit, scopes=context.scopes, now=context.now())
    st.toast(md(said))
