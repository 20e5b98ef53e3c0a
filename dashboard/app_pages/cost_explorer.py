"""Costs: what a billing export says, grouped, filtered, compared with the month before, down to its rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from collectors.exports.questions import Condition
from dashboard import cached, cost_state, parts
from dashboard.charts.components import draw_chart
from dashboard.cost_state import CostState
from dashboard.feed import ForeseenError
from dashboard.views import cost_explorer, cost_reading, frame
from dashboard.views.cost_explorer import CostView
from dashboard.views.cost_reading import month_words
from dashboard.wording import md, plain

ROW_PIXELS = 34
REFRESH_SECONDS = 60.0
NO_EXPORT = """Name a folder or an S3 prefix with a FOCUS or Cost and Usage Report export, and start again:
WATCHKEEPER_BILLING_EXPORT=/data/exports or WATCHKEEPER_BILLING_EXPORT=s3://bucket/prefix"""

context = cached.context()
state = parts.page_state(context)
wanted = cost_state.read_costs(parts.url())


def keep(changed: CostState) -> None:
    """Write what the page shows into the URL and draw from there."""
    parts.write(cost_state.NAMES, changed.params())
    st.rerun()


def draw_controls(view: CostView) -> None:
    """Draw month, currency, grouping and the filters; a change is written into the URL."""
    offered = cost_state.choices(wanted.by)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="cost-controls"):
        months = view.months
        month = st.selectbox("Month", months, index=months.index(view.month), format_func=month_words, width=180)
        first = st.selectbox(
            "Group by", offered, index=offered.index(wanted.by[0]), format_func=cost_explorer.column, width=200
        )
        others = ["", *(each for each in offered if each != first)]
        second = wanted.by[1] if len(wanted.by) > 1 and wanted.by[1] in others else ""
        then = st.selectbox("Then by", others, index=others.index(second), format_func=cost_explorer.column, width=200)
        measures = list(cost_state.MEASURES)
        place = measures.index(view.measure)
        measure = st.selectbox("Measure", measures, index=place, format_func=cost_state.MEASURES.__getitem__, width=150)
        currency = view.currency
        if len(view.currencies) > 1:
            place = view.currencies.index(view.currency)
            currency = st.selectbox("Currency", view.currencies, index=place, format_func=plain, width=130)
        rows = st.toggle("Rows", value=wanted.rows, help="Show the rows behind the figures, the largest first")
    for place, condition in enumerate(wanted.where):
        if st.button(md(plain(str(condition))), icon=":material/close:", key=f"cost-filter-{place}", help="Take away"):
            keep(wanted.without(condition))
    changed = replace(wanted, by=(str(first), str(then)) if then else (str(first),), rows=rows)
    changed = replace(changed, month=str(month)) if month != view.month else changed
    changed = replace(changed, measure=measure) if measure != view.measure else changed
    changed = replace(changed, currency=str(currency)) if currency != view.currency else changed
    if changed != wanted:
        keep(changed)


def draw_table(view: CostView) -> None:
    """Draw the groups; a click on a row offers to narrow the page to it."""
    picked = st.dataframe(
        view.table, hide_index=True, row_height=ROW_PIXELS, on_select="rerun", selection_mode="single-row",
        key=f"cost-table-{hash(wanted)}",
    )  # fmt: skip
    for row in picked.selection.rows:
        conditions = tuple(Condition(name, value) for name, value in zip(wanted.by, view.keys[row], strict=True))
        with st.container(horizontal=True, gap="xsmall", key="cost-picked"):
            st.text(cost_explorer.named(view.keys[row]), width="content")
            if st.button("Only this", icon=":material/filter_alt:", key="cost-only"):
                keep(wanted.narrowed(conditions))
            if len(conditions) == 1 and st.button("All but this", icon=":material/filter_alt_off:", key="cost-but"):
                keep(wanted.narrowed(tuple(replace(each, negated=True) for each in conditions)))
            if st.button("Its rows", icon=":material/table_rows:", key="cost-rows"):
                keep(replace(wanted.narrowed(conditions), rows=True))
    st.caption(md(view.table_note))
    load = partial(cost_explorer.csv, view.data)
    st.download_button("CSV", load, f"{view.file_name}.csv", "text/csv", icon=":material/download:", on_click="ignore")


def draw_view(view: CostView) -> None:
    """Draw the page; the same elements in the same order each time."""
    parts.freshness(frame.Frame(view.freshness, (view.notes_badge,) if view.notes_badge else ()))
    if view.notes:
        with st.expander("What of the export was not used"):
            st.text("\n".join(view.notes))
    if len(view.months) > 1:  # beside "all" there is one to choose
        draw_controls(view)
    if view.nothing:
        parts.empty("No costs here", view.nothing)
        return
    st.text(view.sentence)
    parts.tiles(view.tiles, key="kpi")
    draw_chart(view.chart, key="costs-days", height=260)
    with parts.card("costs", "By group", None):
        draw_table(view)
    if view.rows is not None:
        with parts.card("cost-rows-card", "Rows", None):
            st.caption(md(view.rows_note))
            st.dataframe(view.rows, hide_index=True, row_height=ROW_PIXELS, key="table-cost-rows")


parts.bar("Costs", state, context, everywhere=True, timed=False)
parts.problems((*state.problems, *wanted.problems))
if context.export is None:
    parts.empty("No billing export is named", NO_EXPORT)
else:
    with parts.boundary(), parts.foreseen(ForeseenError, "The costs cannot be shown"):
        load_costs = partial(cost_reading.read, context.export, wanted, clock=context.now)
        answers = parts.looked(context, ("costs", wanted), load_costs, every=REFRESH_SECONDS, height=400)
        if answers is not None:
            draw_view(cost_explorer.build(answers, wanted, now=context.now()))
