"""The live wall: health tiles, the fleet's charts, targets with their reasons, scaling with its causes, alarms now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.scaling import Activity
from core.reading import Fault, Scope, joined_faults
from core.timespan import Timespan
from dashboard.charts.targets import TargetGrid
from dashboard.charts.view import ChartView
from dashboard.state import PageState
from dashboard.views import fleet as fleets
from dashboard.views import happenings
from dashboard.views.fleet import Fleet
from dashboard.views.frame import Badge, Frame, freshness, pace_badges, said_once
from dashboard.views.panels import Limit, chart, grid, latest, queries
from dashboard.views.readings import WallReadings
from dashboard.views.sources import Sources
from dashboard.views.things import Group
from dashboard.views.tiles import Tile, tiles
from dashboard.wording import STALE, moment

LEADING = ("latency", "requests")
"""Panels that stand first and large."""


def read(sources: Sources, scope: Scope, span: Timespan, *, fleet_key: str, now: datetime) -> WallReadings:
    """Read everything the wall shows. Takes as long as AWS does; never raises for what AWS does."""
    inventory = sources.inventory(scope, now=now)
    known = sources.known_metrics(scope, now=now)
    found = fleets.discover(inventory.value)
    chosen = next((fleet for fleet in found if fleet.key == fleet_key), found[0] if found else None)
    activities = sources.activities(scope, now=now)
    on = grid(scope, span, now=now)
    panels = fleets.panels(chosen, known.value, gone=_gone(chosen, activities.value, on.span)) if chosen else ()
    wanted = queries(panels, on)
    return WallReadings(
        scope=scope,
        at=now,
        on=on,
        inventory=inventory,
        fleets=found,
        fleet=chosen,
        panels=panels,
        metrics=sources.metrics(wanted, now=now),
        revisions=sources.revisions(wanted),
        targets=sources.targets(scope, now=now),
        activities=activities,
        alarms=sources.alarms(scope, now=now),
        transitions=sources.alarm_transitions(scope, now=now),
        pace=sources.pace(wanted, now=now),
        known_faults=known.faults,
    )


@dataclass(frozen=True, slots=True)
class TargetCard:
    """Targets of one zone-by-zone grid."""

    title: str
    """Names of the target groups; foreign text."""
    summary: Badge
    """How many are healthy."""
    grid: TargetGrid
    """The targets with state, reason and since when, by zone."""


@dataclass(frozen=True, slots=True)
class WallView:
    """What the wall draws."""

    fleets: Mapping[str, str]
    """Name by key of every fleet that was found, the largest first; names are foreign text."""
    fleet: str
    """Key of the one on screen; empty where there is none."""
    badges: tuple[Badge, ...]
    """Alarms by state."""
    tiles: tuple[Tile, ...]
    """Always the same six, so that nothing jumps."""
    leading: tuple[ChartView, ...]
    """The two large charts."""
    charts: tuple[ChartView, ...]
    """The others, most important first; capacity is the first."""
    targets: TargetCard
    """The fleet's targets by zone."""
    alarm_summary: Badge
    """Whether anything fires."""
    alarms: tuple[Group, ...]
    """Alarms firing now, then the newest transitions."""
    scaling: tuple[Group, ...]
    """Scaling activities, newest first."""
    faults: tuple[Fault, ...]
    """Why several parts are incomplete alike, such as a store that does not answer; said once."""
    metric_faults: tuple[Fault, ...]
    """Why charts and tiles are incomplete."""
    target_faults: tuple[Fault, ...]
    """Why target health is incomplete."""
    scaling_faults: tuple[Fault, ...]
    """Why scaling activities are incomplete."""
    alarm_faults: tuple[Fault, ...]
    """Why alarms are incomplete."""
    inventory_faults: tuple[Fault, ...]
    """Why it is not known what there is."""
    nothing: str
    """What was looked for, where no fleet was found; empty otherwise."""
    newest: datetime | None
    """Start of the newest datapoint on screen."""


def _charts(found: WallReadings, limits: Sequence[Limit]) -> dict[str, ChartView]:
    marks = tuple(happenings.mark(each) for each in _own(found) if each.started_at in found.on.span)
    return {
        panel.key: chart(
            panel,
            found.metrics.value,
            found.on,
            limits=limits,
            marks=marks if panel.key == "capacity" else (),
            revisions=found.revisions,
        )
        for panel in found.panels
    }


def build(found: WallReadings, *, now: datetime) -> WallView:
    """Give the wall for what was read."""
    limits = happenings.limits(found.alarms.value)
    views = _charts(found, limits)
    common, (metrics, targets, scaling, alarms, inventory) = said_once(
        (
            (*found.metrics.faults, *found.known_faults),
            found.targets.faults,
            found.activities.faults,
            joined_faults((found.alarms, found.transitions)),
            found.inventory.faults,
        )
    )
    return WallView(
        fleets={fleet.key: fleet.name for fleet in found.fleets},
        fleet=found.fleet.key if found.fleet else "",
        badges=happenings.badges(found.alarms),
        tiles=tiles(found, views, limits),
        leading=tuple(view for key, view in views.items() if key in LEADING),
        charts=tuple(view for key, view in views.items() if key not in LEADING),
        targets=target_card(found, now=now),
        alarm_summary=happenings.alarm_summary(found.alarms),
        alarms=happenings.alarm_groups(found.alarms.value, found.transitions.value, now=now),
        scaling=happenings.activity_groups(_own(found), now=now),
        faults=common,
        metric_faults=metrics,
        target_faults=targets,
        scaling_faults=scaling,
        alarm_faults=alarms,
        inventory_faults=inventory,
        nothing="" if found.fleet else fleets.looked_for(found.inventory.value),
        newest=_newest(views.values()),
    )


@dataclass(frozen=True, slots=True)
class Wall:
    """The wall as the feed keeps it: built once a read, drawn for every viewer."""

    found: WallReadings
    """What it was built from."""
    view: WallView
    """Ages in it are as of the read."""


def read_span(sources: Sources, state: PageState, *, fleet_key: str, clock: Callable[[], datetime]) -> Wall:
    """Read and build the wall for the span that `state` shows now; the background calls it, once for every viewer."""
    now = clock()
    found = read(sources, state.scope, state.span(now=now), fleet_key=fleet_key, now=now)
    return Wall(found, build(found, now=now))


def _gone(fleet: Fleet, activities: Sequence[Activity], span: Timespan) -> tuple[str, ...]:
    """Give the instances that scaling touched in `span`, newest first; most of them are no longer there."""
    names = {group.name for group in fleet.groups}
    touched = (each for each in activities if each.group in names and each.started_at in span and each.instance_id)
    return tuple(dict.fromkeys(each.instance_id for each in touched if each.instance_id))


def frame_of(seen: Wall, state: PageState, *, now: datetime, refresh: float) -> Frame:
    """Give the line under the bar: the age of the oldest part on screen, alarms by state, data that lags, its pace."""
    found, view = seen.found, seen.view
    parts = (found.inventory, found.targets, found.activities, found.alarms)
    oldest = min(found.at, *(part.at for part in parts))
    lag: list[Badge] = []
    if view.newest is not None and found.on.span.end - view.newest > LAG:
        lag.append(Badge(f"Newest datapoint {moment(view.newest, now=now)}", STALE))
    return Frame(
        freshness(state, read_at=oldest, now=now, refresh=refresh), (*view.badges, *lag, *pace_badges(found.pace))
    )


LAG = timedelta(minutes=12)
"""Datapoints older than this at the end of a live span are worth a word: CloudWatch is late, or nothing reports."""


def _own(found: WallReadings) -> tuple[Activity, ...]:
    names = {group.name for group in found.fleet.groups} if found.fleet else set()
    return tuple(each for each in found.activities.value if each.group in names)


def _newest(views: Iterable[ChartView]) -> datetime | None:
    points = [latest(line).at for view in views for line in view.lines]
    return max((at for at in points if at is not None), default=None)


def target_card(found: WallReadings, *, now: datetime) -> TargetCard:
    """Give the target grid of the fleet on screen, zone by zone."""
    arns = {group.arn for group in found.fleet.target_groups} if found.fleet else set()
    groups = [health for health in found.targets.value if health.arn in arns]
    return TargetCard(
        ", ".join(group.name for group in groups),
        happenings.target_summary(groups),
        happenings.target_grid(groups, found.inventory.value.instances, now=now),
    )
