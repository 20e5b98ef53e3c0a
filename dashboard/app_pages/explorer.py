"""Explorer: any metric, found by search, several on one chart, priced before it is read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from access.policy import Action, decide
from dashboard import cached, choices, log_link_parts, parts, pinning
from dashboard.charts.components import draw_chart
from dashboard.state import ExplorerState, pinned, read_explorer
from dashboard.views import explorer
from dashboard.wording import md

NAMES = ("metric", "period", "search")

context = cached.context()
state = parts.page_state(context)
wanted = read_explorer(parts.url())


def keep(changed: ExplorerState) -> None:
    """Write what the explorer shows into the URL."""
    parts.write(NAMES, changed.params())


def draw_search() -> None:
    """Draw the metric list, narrowed by words; a click on a row puts the metric on the chart."""
    load = partial(parts.at_clock, context, context.sources.known_metrics, state.scope)
    known = parts.looked(context, ("known", state.scope), load, every=choices.DIRECTORY_SECONDS, height=300)
    if known is None:
        return
    words = st.text_input(
        "Search metrics", value=wanted.search, placeholder="namespace, name or dimension, such as: elb latency",
        icon=":material/search:", max_chars=255, key=f"explorer-search-{wanted.search}",
    )  # fmt: skip
    if words != wanted.search:
        keep(replace(wanted, search=words))
        st.rerun()
    found = explorer.search(known.value, words)
    st.caption(md(found.summary))
    parts.faults(known.faults)
    picked = st.dataframe(
        found.table, hide_index=True, height=430, on_select="rerun", selection_mode="single-cell",
        key=f"explorer-list-{len(wanted.choices)}-{words}",
    )  # fmt: skip
    for row, _ in picked.selection.cells:
        why = explorer.left_out(wanted, found.metrics[row])
        if why:  # the pick stays, so running again would never end
            st.caption(md(why))
            return
        keep(explorer.with_metric(wanted, found.metrics[row]))
        st.rerun()


def draw_choices() -> None:
    """Draw the period and each chosen series; a change is written into the URL and drawn from there."""
    now = context.now()
    options = explorer.period_options(state.span(now=now), now=now)
    period = choices.draw_period(options, wanted.period, key=f"explorer-period-{wanted.period}-{state.range}")
    changed = wanted if period == wanted.period else replace(wanted, period=period)
    for place, choice in enumerate(wanted.choices):
        statistic = choices.draw_choice(place, choice)
        if statistic != choice.statistic:
            changed = explorer.with_change(changed, place, statistic)
    if changed != wanted:
        keep(changed)
        st.rerun()


@st.fragment(run_every=context.refresh * 2 if state.refreshing else None)
def draw_answer() -> None:
    """Draw the price, then the chart with its figures and downloads."""
    with parts.boundary():
        asked = explorer.question(wanted, state.scope, state.span(now=context.now()), now=context.now())
        parts.problems(asked.problems)
        tag = explorer.price(context.sources, asked, now=context.now())
        key = ("explorer", state.scope, state.range, state.fixed, state.live, wanted)
        paid = st.session_state.setdefault("explorer-paid", set())
        if not choices.draw_price(tag, decide(context.actor, Action.SPEND), key="explorer-pay") and key not in paid:
            return
        paid.update(() if tag.free else (key,))
        # What was paid for is read once; a live chart would buy again and again.
        every = context.refresh if state.refreshing and key not in paid else None
        load = partial(explorer.read, context.sources, wanted, state, clock=context.now)
        answer = parts.looked(context, key, load, every=every, height=330)
        if answer is None:
            return
        view = explorer.build(*answer)
        parts.age(state, context, answer[1].at)
        parts.faults(answer[1].faults)
        event = draw_chart(view.chart, key="explorer-chart", height=330)
        st.dataframe(view.figures, hide_index=True, key="explorer-figures")
        if view.changed:
            st.caption(view.changed)
        choices.downloads(view)
        log_link_parts.draw_metrics(context, state, [each.metric for each in wanted.choices], key="explorer-logs")
        if event is not None and (event.range or event.reset):
            parts.show(pinned(state, event.range, now=context.now()), context)
            st.rerun()


parts.bar("Explorer", state, context)
parts.problems((*state.problems, *wanted.problems))
left, right = st.columns([5, 8], gap="xsmall")
with left, parts.card("search", "Metrics", None):
    choices.page_load_link()
    draw_search()
with right, parts.card("answer", "Chart", None):
    if wanted.choices:
        draw_choices()
        draw_answer()
    else:
        begun = choices.draw_starts(context, state.scope)
        if begun:
            keep(replace(wanted, choices=begun))
            st.rerun()
    pinning.draw(context, state, wanted)
