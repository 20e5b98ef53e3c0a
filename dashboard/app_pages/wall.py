"""Live wall: is the fleet well, and if not, since when and why."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cached, log_link_parts, parts, thing_parts
from dashboard.charts.components import WallEvent, draw_targets, draw_wall
from dashboard.state import pinned
from dashboard.views import log_links, wall

context = cached.context()
state = parts.page_state(context)
fleet_key = parts.first("fleet")


def look(height: int) -> wall.Wall | None:
    """Give the newest wall; it is renewed in the background while somebody looks."""
    key = ("wall", state.scope, state.range, state.fixed, state.live, fleet_key)
    load = partial(wall.read_span, context.sources, state, fleet_key=fleet_key, clock=context.now)
    return parts.looked(context, key, load, every=context.refresh if state.refreshing else None, height=height)


@st.fragment(run_every=context.refresh if state.refreshing else None)
def draw_tiles() -> None:
    """Draw what must be seen first: how old this is, alarms by state, six numbers."""
    with parts.boundary():
        seen = look(height=200)
        if seen is not None:
            with st.container(horizontal=True, horizontal_alignment="distribute", gap="xsmall", key="fresh-row"):
                parts.freshness(wall.frame_of(seen, state, now=context.now(), refresh=context.cadence))
                if not state.kiosk:
                    clues = partial(log_links.of_fleet, seen.view.fleet)
                    log_link_parts.draw(context, state, clues, key="wall-logs")
            thing_parts.fleet_control(seen.view.fleets, seen.view.fleet)
            parts.tiles(seen.view.tiles, key="kpi", tall=state.kiosk)


@st.fragment(run_every=context.refresh if state.refreshing else None)
def draw_charts() -> None:
    """Draw the fleet's charts, its targets, its scaling and its alarms."""
    with parts.boundary():
        seen = look(height=560)
        if seen is not None:
            draw_found(seen.view)


def draw_found(view: wall.WallView) -> None:
    """Draw one read of the wall; the same elements in the same order each time."""
    parts.faults((*view.faults, *view.inventory_faults))
    if view.nothing:
        parts.empty("Nothing to show on the wall here", view.nothing)
        return
    parts.faults(view.metric_faults)
    zoom(draw_wall(view.leading, key="wall-leading", height=190, columns=2))
    left, middle, right = st.columns([5, 6, 5], gap="xsmall")
    with left, parts.card("targets", f"Target health · {view.targets.title}", view.targets.summary):
        parts.faults(view.target_faults)
        with st.container(height=244, border=False):
            thing_parts.open_target(draw_targets(view.targets.grid, key="targets"))
    with middle:
        zoom(draw_wall(view.charts[:1], key="wall-capacity", height=238, columns=1))
    with right, parts.card("alarms", "Alarms now and lately", view.alarm_summary):
        parts.faults(view.alarm_faults)
        picked = thing_parts.states(
            view.alarms, key="alarm-rows", name="Alarms", height=244, empty_text="No alarm is set in this region.",
            clickable=not state.kiosk,
        )  # fmt: skip
        thing_parts.open_alarm(picked)
    zoom(draw_wall(view.charts[1:], key="wall-more", height=150, columns=3))
    with parts.card("scaling", "Scaling: what changed capacity, and why", None):
        parts.faults(view.scaling_faults)
        thing_parts.states(
            view.scaling,
            key="scaling-rows",
            name="Scaling activities",
            height=190,
            empty_text="No scaling activity is known.",
        )


def zoom(event: WallEvent | None) -> None:
    """Pin the span that was dragged, so that the link shows it; a reset goes back to live."""
    if event is not None:
        parts.show(pinned(state, event.range, now=context.now()), context)
        st.rerun()


parts.bar("Live wall", state, context)
parts.problems(state.problems)
draw_tiles()
draw_charts()
