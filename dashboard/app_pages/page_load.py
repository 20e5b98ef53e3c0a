"""Page load: how long pages take for whom, where the time goes, and what custom metrics cost."""

from __future__ import annotations

from functools import partial

import streamlit as st

from access.policy import Action, decide
from core.series import MetricId
from dashboard import cached, choices, log_link_parts, page_load_parts, parts
from dashboard.charts.components import draw_bars, draw_chart
from dashboard.state import pinned
from dashboard.views import page_load
from dashboard.views.page_load import Family, PageLoadView

NAMES = ("metric", "series", "budget")
ROW_PIXELS = 34

context = cached.context()
state = parts.page_state(context)
every = context.refresh * 2 if state.refreshing else None
budget = page_load.budget_of(parts.first("budget"))


def keep(**changed: str) -> None:
    """Write what was chosen into the link, and draw it from there."""
    parts.write(NAMES, {name: parts.first(name) for name in NAMES if parts.first(name)} | changed)
    st.rerun()


def draw_choice(found: tuple[Family, ...], family: Family) -> None:
    """Let a person choose the metric and the budget."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="page-load-choice"):
        wanted = st.selectbox(
            "Metric", found, index=found.index(family), format_func=lambda each: each.label, width=420,
            key=f"family-{family.key}",
        )  # fmt: skip
        seconds = st.number_input(
            "Budget for p90, in seconds", min_value=0.05, max_value=600.0, value=budget or page_load.DEFAULT_BUDGET,
            step=0.1, width=220, key=f"budget-{budget}",
        )  # fmt: skip
    if wanted.key != family.key:
        parts.write(NAMES, {"metric": wanted.key})
        st.rerun()
    if budget is not None and seconds != budget:
        keep(budget=f"{seconds:g}")


def draw_view(family: Family, view: PageLoadView) -> None:
    """Draw the table, the spread, and the chart of the chosen series."""
    names = [page_load.name_of(metric) for metric in view.metrics]
    series = names.index(parts.first("series")) if parts.first("series") in names else 0
    left, right = st.columns([5, 7], gap="xsmall")
    with left, parts.card("spread", "How loads are spread", None):
        picked = st.dataframe(
            view.table, hide_index=True, height=min(9, len(names) + 1) * ROW_PIXELS + 4, row_height=ROW_PIXELS,
            on_select="rerun", selection_mode="single-cell", key=f"spread-{family.key}-{series}",
        )  # fmt: skip
        st.caption(view.when)
        draw_bars(view.bars, key="spread-bars")
    with right, parts.card("series", "Over time", None):
        draw_series(family, view, view.metrics[series])
    for row, _ in picked.selection.cells:
        if row != series:  # the pick stays, so running again for the one that is shown would never end
            keep(series=names[row])


def draw_series(family: Family, view: PageLoadView, metric: MetricId) -> None:
    """Draw one series over time with its budget and what was deployed, and below it where the time goes."""
    key = ("page-load-chart", state.scope, state.range, state.fixed, state.live, family.key, metric)
    load = partial(page_load.read_chart, context.sources, family, metric, state, clock=context.now)
    answer = parts.looked(context, key, load, every=every, height=260)
    if answer is None:
        return
    event = draw_chart(page_load.chart(answer, budget=budget, marks=view.marks), key="page-load-chart", height=260)
    choices.alarm_link("Alarm on this", page_load.alarm_choice(metric), threshold=page_load.limit(metric, budget))
    log_link_parts.draw_metrics(context, state, [metric], key="page-load-logs")
    if view.phases is not None:
        st.subheader(view.phases.title, anchor=False)
        draw_bars(view.phases, key="phase-bars")
    if event is not None and (event.range or event.reset):
        parts.show(pinned(state, event.range, now=context.now()), context)
        st.rerun()


@st.fragment(run_every=every)
def draw_family(family: Family, metrics: tuple[MetricId, ...]) -> None:
    """Draw what is known of one metric; its price first where it has one."""
    with parts.boundary():
        on = page_load.spread_grid(state, now=context.now())
        tag = page_load.price(context.sources, family, on, now=context.now())
        if not choices.draw_price(tag, decide(context.actor, Action.SPEND), key="page-load-pay"):
            return
        key = ("page-load", state.scope, state.range, state.fixed, state.live, family)
        load = partial(page_load.read, context.sources, family, metrics, state, clock=context.now)
        looked = parts.looked(context, key, load, every=every, height=400)
        if looked is not None:
            parts.age(state, context, looked.spread.at)
            parts.faults(looked.faults)
            draw_view(family, page_load.build(looked, budget=budget, now=context.now()))


parts.bar("Page load", state, context)
parts.problems((*state.problems, *page_load.budget_problems(parts.first("budget"))))
if (metrics := page_load_parts.known(context, state)) is not None:
    if found := page_load.families(metrics):
        chosen = page_load.chosen(found, parts.first("metric"))
        draw_choice(found, chosen)
        draw_family(chosen, metrics)
    else:
        parts.empty("No page load is measured here", page_load.NOTHING)
    page_load_parts.draw_beacons(context)
page_load_parts.draw_recording()
page_load_parts.draw_custom(context, state)
