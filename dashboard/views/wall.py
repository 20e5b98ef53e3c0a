"""The live wall: health tiles, the fleet's charts, targets with their reasons, scaling with its causes, alarms now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.inventory import Inventory
from collectors.scaling import Activity
from collectors.targets import TargetGroupHealth
from core.reading import Fault, Reading, Scope, joined_faults
from core.series import MetricId, Values
from core.timespan import Timespan
from dashboard.charts.targets import TargetGrid
from dashboard.charts.view import ChartView, Line
from dashboard.state import PageState
from dashboard.views import fleet as fleets
from dashboard.views import happenings
from dashboard.views.fleet import Fleet
from dashboard.views.frame import Badge, Frame, Place, freshness
from dashboard.views.panels import (
    Grid,
    Limit,
    Panel,
    Readings,
    chart,
    grid,
    latest,
    limit_text,
    queries,
)
from dashboard.views.sources import Sources
from dashboard.views.things import Group
from dashboard.wording import NO_VALUE, STALE, age, difference, moment, quantity, share

LEADING = ("latency", "requests")
"""Panels that stand first and large."""


@dataclass(frozen=True, slots=True)
class WallReadings:
    """Everything that the wall shows, as read in the background; one read serves every viewer."""

    scope: Scope
    at: datetime
    """When the read was made."""
    on: Grid
    inventory: Reading[Inventory]
    fleets: tuple[Fleet, ...]
    """Every fleet of the account and region, the largest first."""
    fleet: Fleet | None
    """The one on screen."""
    panels: tuple[Panel, ...]
    metrics: Reading[Readings]
    targets: Reading[tuple[TargetGroupHealth, ...]]
    activities: Reading[tuple[Activity, ...]]
    alarms: Reading[tuple[AlarmState, ...]]
    transitions: Reading[tuple[AlarmTransition, ...]]
    known_faults: tuple[Fault, ...] = ()
    """Why the list of known metrics is incomplete."""


def read(sources: Sources, scope: Scope, span: Timespan, *, fleet_key: str, now: datetime) -> WallReadings:
    """Read everything the wall shows. Takes as long as AWS does; never raises for what AWS does."""
    inventory = sources.inventory(scope, now=now)
    known = sources.known_metrics(scope, now=now)
    found = fleets.discover(inventory.value)
    chosen = next((fleet for fleet in found if fleet.key == fleet_key), found[0] if found else None)
    panels = fleets.panels(chosen, known.value) if chosen else ()
    on = grid(scope, span, now=now)
    return WallReadings(
        scope=scope,
        at=now,
        on=on,
        inventory=inventory,
        fleets=found,
        fleet=chosen,
        panels=panels,
        metrics=sources.metrics(queries(panels, on), now=now),
        targets=sources.targets(scope, now=now),
        activities=sources.activities(scope, now=now),
        alarms=sources.alarms(scope, now=now),
        transitions=sources.alarm_transitions(scope, now=now),
        known_faults=known.faults,
    )


def read_span(sources: Sources, state: PageState, *, fleet_key: str, clock: Callable[[], datetime]) -> WallReadings:
    """Read the wall for the span that `state` shows at this moment; the background calls it again and again."""
    now = clock()
    return read(sources, state.scope, state.span(now=now), fleet_key=fleet_key, now=now)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the health summary, with how it compares."""

    key: str
    """Stable name."""
    label: str
    """Sentence-case name of the number."""
    value: str
    """As a person reads it, unit included; a dash where there is no datapoint."""
    delta: str
    """Change since the start of what is on screen; empty where unknown."""
    good: bool | None
    """Whether the change is a good one; None where it is neither."""
    yardstick: str
    """What the number is held against: an alarm's threshold, a bound, or since when the change counts."""
    spark: tuple[float, ...]
    """Recent values; empty where there are none."""
    alarming: bool
    """True while an alarm on this number is firing."""

    @property
    def arrow(self) -> Literal["up", "down", "off"]:
        """Which way the change points."""
        return "off" if not self.delta or self.delta.startswith("±") else "down" if self.delta[0] in "-−" else "up"


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

    badges: tuple[Badge, ...]
    """Alarms by state."""
    tiles: tuple[Tile, ...]
    """Always the same six, so that nothing jumps."""
    leading: tuple[ChartView, ...]
    """The two large charts."""
    charts: tuple[ChartView, ...]
    """The others, most important first; capacity is the first."""
    targets: TargetCard
    alarm_summary: Badge
    """Whether anything fires."""
    alarms: tuple[Group, ...]
    """Alarms firing now, then the newest transitions."""
    scaling: tuple[Group, ...]
    """Scaling activities, newest first."""
    metric_faults: tuple[Fault, ...]
    """Why charts and tiles are incomplete."""
    target_faults: tuple[Fault, ...]
    scaling_faults: tuple[Fault, ...]
    alarm_faults: tuple[Fault, ...]
    inventory_faults: tuple[Fault, ...]
    nothing: str
    """What was looked for, where no fleet was found; empty otherwise."""
    newest: datetime | None
    """Start of the newest datapoint on screen."""


def build(found: WallReadings, *, now: datetime) -> WallView:
    """Give the wall for what was read."""
    limits = happenings.limits(found.alarms.value)
    marks = tuple(happenings.mark(each) for each in _own(found) if each.started_at in found.on.span)
    views = {
        panel.key: chart(
            panel, found.metrics.value, found.on, limits=limits, marks=marks if panel.key == "capacity" else ()
        )
        for panel in found.panels
    }
    return WallView(
        badges=happenings.badges(found.alarms.value),
        tiles=tiles(found, views, limits),
        leading=tuple(view for key, view in views.items() if key in LEADING),
        charts=tuple(view for key, view in views.items() if key not in LEADING),
        targets=target_card(found, now=now),
        alarm_summary=happenings.alarm_summary(found.alarms.value),
        alarms=happenings.alarm_groups(found.alarms.value, found.transitions.value, now=now),
        scaling=happenings.activity_groups(_own(found), now=now),
        metric_faults=(*found.metrics.faults, *found.known_faults),
        target_faults=found.targets.faults,
        scaling_faults=found.activities.faults,
        alarm_faults=joined_faults((found.alarms, found.transitions)),
        inventory_faults=found.inventory.faults,
        nothing="" if found.fleet else fleets.looked_for(found.inventory.value),
        newest=_newest(views.values()),
    )


def frame_of(
    found: WallReadings, view: WallView, state: PageState, *, place: Place, now: datetime, refresh: float
) -> Frame:
    """Give the line under the bar: the age of the oldest part on screen, alarms by state, and data that lags."""
    parts = (found.inventory, found.targets, found.activities, found.alarms)
    oldest = min(found.at, *(part.at for part in parts))
    shown = freshness(state, read_at=oldest, now=now, refresh=refresh)
    lag: list[Badge] = []
    if view.newest is not None and found.on.span.end - view.newest > LAG:
        lag.append(Badge(f"Newest datapoint {moment(view.newest, now=now)}", STALE))
    return Frame(place, shown, (*view.badges, *lag))


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


@dataclass(frozen=True, slots=True)
class _Number:
    """Where a tile's number comes from."""

    key: str
    label: str
    panel: str
    line: str
    rising_is_bad: bool | None


_NUMBERS = (
    _Number("requests", "Requests", "requests", "Requests/s", None),
    _Number("latency", "p99 latency", "latency", "p99", rising_is_bad=True),
    _Number("page-load", "Page load p75", "page-load", "p75", rising_is_bad=True),
    _Number("cpu", "CPU, group average", "cpu", "group average", rising_is_bad=True),
)


def tiles(found: WallReadings, views: dict[str, ChartView], limits: Sequence[Limit]) -> tuple[Tile, ...]:
    """Give the six tiles, in the order in which one asks: traffic, errors, speed, load, capacity."""
    firing = frozenset(alarm.metric for alarm in found.alarms.value if alarm.state == "ALARM" and alarm.metric)
    plain = {number.key: _tile(number, found, views, limits, firing) for number in _NUMBERS}
    return (
        plain["requests"],
        _error_tile(found, views, firing),
        plain["latency"],
        plain["page-load"],
        plain["cpu"],
        _capacity_tile(found, views),
    )


def _tile(
    number: _Number,
    found: WallReadings,
    views: dict[str, ChartView],
    limits: Sequence[Limit],
    firing: frozenset[MetricId],
) -> Tile:
    view = views.get(number.panel)
    panel = next((panel for panel in found.panels if panel.key == number.panel), None)
    if view is None or panel is None:
        return _missing(number.key, number.label)
    place = next(place for place, line in enumerate(panel.lines) if line.name == number.line)
    source = panel.lines[place]
    now = latest(view.lines[place])
    limit = next((each for each in limits if each.metric == source.metric and not source.per_second), None)
    return Tile(
        key=number.key,
        label=number.label,
        value=quantity(now.value, view.unit),
        delta=_delta(now.change, now.before, view.unit),
        good=_is_good(now.change, number.rising_is_bad),
        yardstick=limit_text(limit, view.unit) if limit else _since(found),
        spark=now.recent,
        alarming=source.metric in firing,
    )


def _delta(change: float | None, before: float | None, unit: str | None) -> str:
    if change is None or before is None:
        return ""
    return share(change, of=before) if unit == "Count/Second" else difference(change, unit)


def _is_good(change: float | None, rising_is_bad: bool | None) -> bool | None:  # noqa: FBT001 - a property, no switch
    if change is None or rising_is_bad is None or change == 0:
        return None
    return (change < 0) is rising_is_bad


def _since(found: WallReadings) -> str:
    return f"in {age(found.on.span.start, now=found.on.span.end)}"


def _missing(key: str, label: str) -> Tile:
    return Tile(key, label, NO_VALUE, "", None, "no data", (), alarming=False)


def _error_tile(found: WallReadings, views: dict[str, ChartView], firing: frozenset[MetricId]) -> Tile:
    view = views.get("requests")
    if view is None:
        return _missing("errors", "Errors (5xx)")
    total, *errors = view.lines
    failed = np.sum([line.values for line in errors if "5xx" in line.name], axis=0)
    rate = Line("share", total.times, 100 * failed / _where_asked(total))
    now = latest(rate)
    panel = next(panel for panel in found.panels if panel.key == "requests")
    return Tile(
        key="errors",
        label="Errors (5xx)",
        value=quantity(now.value, "Percent"),
        delta=_delta(now.change, now.before, "Percent"),
        good=_is_good(now.change, rising_is_bad=True),
        yardstick="of requests",
        spark=now.recent,
        alarming=any("5XX" in line.metric.name and line.metric in firing for line in panel.lines),
    )


def _where_asked(total: Line) -> Values:
    return np.where(total.values > 0, total.values, np.nan)


def _capacity_tile(found: WallReadings, views: dict[str, ChartView]) -> Tile:
    if found.fleet is None or not found.fleet.groups:
        return _missing("capacity", "Healthy / desired")
    group = found.fleet.groups[0]
    healthy = _healthy(found) if found.fleet.target_groups else group.in_service
    in_service = latest(views["capacity"].lines[1])
    short = group.desired - healthy
    return Tile(
        key="capacity",
        label="Healthy / desired",
        value=f"{healthy} / {group.desired}",
        delta="" if short == 0 else f"{-short:+d} healthy",
        good=None if short == 0 else short < 0,
        yardstick=f"{group.minimum} to {group.maximum}",
        spark=in_service.recent,
        alarming=short > 0,
    )


def _healthy(found: WallReadings) -> int:
    """Count instances that are healthy in every target group of the fleet that they are registered with."""
    arns = {group.arn for group in found.fleet.target_groups} if found.fleet else set()
    states: dict[str, set[str]] = {}
    for health in found.targets.value:
        if health.arn in arns:
            for target in health.targets:
                states.setdefault(target.id, set()).add(target.state)
    return sum(seen == {"healthy"} for seen in states.values())
