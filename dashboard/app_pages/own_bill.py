"""Own bill: what Watchkeeper itself calls and costs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import cached, parts
from dashboard.charts.components import draw_chart
from dashboard.views import frame, own_bill, reconciled
from dashboard.wording import md

ROW_PIXELS = 34
REFRESH_SECONDS = 15.0

context = cached.context()
state = parts.page_state(context)
state = replace(state, fixed=None)  # a span pinned on a chart of another page is none of the bill's
every = REFRESH_SECONDS if state.live else None


def draw_table(title: str, rows: object, *, key: str) -> None:
    """Draw one table in a card of its own."""
    with parts.card(key, title, None):
        st.dataframe(rows, hide_index=True, height="content", row_height=ROW_PIXELS, key=f"table-{key}")


def draw_view(view: own_bill.OwnBillView, beside: reconciled.ReconciledView) -> None:
    """Draw the bill; the same elements in the same order each time."""
    now = context.now()
    live = frame.freshness(state, read_at=view.read_at, now=now, refresh=REFRESH_SECONDS)
    parts.freshness(frame.Frame(live, (view.state,)))
    parts.tiles(view.tiles, key="kpi")
    if view.nothing:
        parts.empty("Nothing was called", view.nothing)
    draw_chart(view.chart, key="own-calls", height=200)
    st.caption(f"{md(view.projection_sentence)} {md(view.spread_sentence)}")
    left, right = st.columns(2, gap="xsmall")
    with left:
        draw_table("By who asked", view.by_feature, key="by-feature")
    with right:
        draw_table("By account and region", view.by_scope, key="by-scope")
    with parts.card("off", "Off, to be free", view.off_state):
        st.text(view.off_sentence)
        wide = {"What": st.column_config.TextColumn(width="large")}
        st.dataframe(
            view.off, hide_index=True, height="content", row_height=ROW_PIXELS, column_config=wide, key="table-off"
        )
    with parts.card("reconciled", "Beside AWS's bill", beside.state):
        st.text(beside.sentence)
        if len(beside.rows):
            st.dataframe(beside.rows, hide_index=True, height="content", row_height=ROW_PIXELS, key="table-reconciled")
    draw_table("By operation", view.by_operation, key="by-operation")
    st.caption(md(view.free_sentence))


@st.fragment(run_every=every)
def draw_bill(books: own_bill.Books) -> None:
    """Draw the newest read of the ledger."""
    with parts.boundary(), parts.foreseen(own_bill.LedgerUnreadError, "Our own bill cannot be shown"):
        found = parts.looked(context, ("own-bill",), partial(own_bill.read, books), every=every, height=400)
        if found is not None:
            now = context.now()
            beside = reconciled.build(books, names=context.names, now=now)
            draw_view(own_bill.build(found, books, names=context.names, now=now), beside)


parts.bar("Own bill", state, context, everywhere=True)
parts.problems(state.problems)
if context.books is None:
    parts.empty("No ledger here", "This dashboard was started without a ledger of its own calls.")
else:
    draw_bill(context.books)
