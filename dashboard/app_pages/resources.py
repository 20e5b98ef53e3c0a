"""Resources: what there is, how it is, and each resource's own charts one click away."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, choices, log_link_parts, parts, thing_parts
from dashboard.charts.components import draw_wall
from dashboard.state import pinned
from dashboard.views import log_links, resources

NAMES = ("resource",)
ROW_PIXELS = 34

context = cached.context()
state = parts.page_state(context)
wanted = parts.first("resource")
every = context.refresh * 2 if state.refreshing else None


def stock(height: int) -> resources.Stock | None:
    """Give the newest read of what there is."""
    load = partial(parts.at_clock, context, partial(resources.read, context.sources), state.scope)
    return parts.looked(context, ("stock", state.scope, state.live), load, every=every, height=height)


def draw_table(table: resources.Table, *, open_now: str) -> None:
    """Draw one table; a click on a row opens the resource."""
    with parts.card(f"table-{table.kind}", f"{table.title} · {len(table.rows)}", None):
        picked = st.dataframe(
            table.rows,
            hide_index=True,
            height=min(12, len(table.rows) + 1) * ROW_PIXELS + 4,
            row_height=ROW_PIXELS,
            on_select="rerun",
            selection_mode="single-cell",
            key=f"table-{table.kind}-{open_now}",
        )
    for row, _ in picked.selection.cells:
        open_resource(table.keys[row])


def open_resource(key: str) -> None:
    """Show one resource; the link then names it."""
    parts.write(NAMES, {"resource": key} if key else {})
    st.rerun()


@st.fragment(run_every=every)
def draw_tables() -> None:
    """Draw every table."""
    with parts.boundary():
        found = stock(height=400)
        if found is None:
            return
        parts.age(state, context, resources.read_at(found))
        parts.faults(resources.faults_of(found))
        for table in resources.tables(found, now=context.now()):
            draw_table(table, open_now=wanted)


@st.fragment(run_every=every)
def draw_resource() -> None:
    """Draw one resource: facts, charts, what scaling did to it, tags."""
    with parts.boundary():
        found = stock(height=120)
        if found is None:
            return
        parts.age(state, context, resources.read_at(found))
        parts.faults(resources.faults_of(found))
        shown = resources.find(found, wanted, now=context.now())
        if shown is None:
            parts.empty("This resource is not there", "It may be gone, or be in another account or region.")
            return
        with parts.card("resource", f"{shown.kind} · {shown.title}", shown.state):
            parts.facts(shown.facts)
            choices.alarm_links([line for panel in shown.panels for line in panel.lines])
            log_link_parts.draw(context, state, partial(log_links.of_resource, shown.key), key="resource-logs")
        draw_own_charts(shown)
        left, right = st.columns([7, 5], gap="xsmall")
        with left, parts.card("resource-scaling", "Scaling activities", None):
            thing_parts.states(
                shown.scaling,
                key="resource-scaling",
                name="Scaling activities",
                height=190,
                empty_text="No scaling activity is known.",
            )
        with right, parts.card("resource-tags", "Tags", None):
            st.dataframe(shown.tags, hide_index=True, height="content", key="resource-tags")


def draw_own_charts(shown: resources.Resource) -> None:
    """Draw the resource's own charts."""
    key = ("resource", state.scope, state.range, state.fixed, state.live, shown.key)
    load = partial(resources.read_charts, context.sources, shown, state, clock=context.now)
    found = parts.looked(context, key, load, every=every, height=240)
    if found is None:
        return
    parts.faults(found.metrics.faults)
    event = draw_wall(resources.charts(found), key=f"charts-{shown.key}", height=170, columns=3)
    if event is not None:
        parts.show(pinned(state, event.range, now=context.now()), context)
        st.rerun()


parts.bar("Resources", state, context)
parts.problems(state.problems)
if wanted:
    if st.button("All resources", icon=":material/arrow_back:", key="all-resources"):
        open_resource("")
    draw_resource()
else:
    choices.page_load_link()
    draw_tables()
