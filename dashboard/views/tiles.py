"""The wall's health tiles: six numbers, in the order in which one asks: traffic, errors, speed, load, capacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from collectors.alarm_states import AlarmState
from core.series import MetricId, Values
from dashboard.charts.view import ChartView, Line
from dashboard.views import happenings
from dashboard.views.panels import Limit, latest, limit_text
from dashboard.views.readings import WallReadings
from dashboard.wording import NO_VALUE, age, difference, quantity, share


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
    """True for a change to the better, False while a threshold is crossed, else None: red only means breach."""
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
class _Number:
    """Where a tile's number comes from."""

    key: str
    """Stable name of the tile."""
    label: str
    """As the tile is headed."""
    panel: str
    """Key of the panel that holds its line."""
    line: str
    """Name of the line."""
    falling_is_good: bool
    """Whether less of it is better."""


_NUMBERS = (
    _Number("requests", "Requests", "requests", "Requests/s", falling_is_good=False),
    _Number("latency", "p99 latency", "latency", "p99", falling_is_good=True),
    _Number("cpu", "CPU, group average", "cpu", "group average", falling_is_good=True),
)


def tiles(found: WallReadings, views: dict[str, ChartView], limits: Sequence[Limit]) -> tuple[Tile, ...]:
    """Give the six tiles, in the order in which one asks: traffic, errors, speed, load, capacity."""
    firing = frozenset(alarm.metric for alarm in found.alarms.value if alarm.metric and _pages(alarm))
    plain = {number.key: _tile(number, found, views, limits, firing) for number in _NUMBERS}
    return (
        plain["requests"],
        _error_tile(found, views, firing),
        plain["latency"],
        _page_tile(found, views, firing),
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
    matching = [each for each in limits if each.metric == source.metric and not source.per_second]
    limit = min(matching, key=lambda each: each.scaling, default=None)
    crossed = source.metric in firing or _is_crossed(now.value, limit)
    return Tile(
        key=number.key,
        label=number.label,
        value=quantity(now.value, view.unit),
        delta=_delta(now.change, now.before, view.unit),
        good=_mood(now.change, falling_is_good=number.falling_is_good, crossed=crossed),
        yardstick=limit_text(limit, view.unit) if limit else _since(found),
        spark=now.recent,
        alarming=source.metric in firing,
    )


def _delta(change: float | None, before: float | None, unit: str | None) -> str:
    if change is None or before is None:
        return ""
    return share(change, of=before) if unit == "Count/Second" else difference(change, unit)


def _mood(change: float | None, *, falling_is_good: bool, crossed: bool) -> bool | None:
    """Give False while a threshold is crossed, True for a change to the better, None for any other."""
    if crossed:
        return False
    return True if falling_is_good and change is not None and change < 0 else None


def _is_crossed(value: float | None, limit: Limit | None) -> bool:
    if value is None or limit is None or limit.scaling:
        return False
    return value < limit.value if limit.below else value > limit.value


def _since(found: WallReadings) -> str:
    return f"in {age(found.on.span.start, now=found.on.span.end)}"


def _pages(alarm: AlarmState) -> bool:
    return alarm.state == "ALARM" and not happenings.only_scales(alarm)


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
    alarming = any("5XX" in line.metric.name and line.metric in firing for line in panel.lines)
    return Tile(
        key="errors",
        label="Errors (5xx)",
        value=quantity(now.value, "Percent"),
        delta=_delta(now.change, now.before, "Percent"),
        good=_mood(now.change, falling_is_good=True, crossed=alarming),
        yardstick="of requests",
        spark=now.recent,
        alarming=alarming,
    )


def _page_tile(found: WallReadings, views: dict[str, ChartView], firing: frozenset[MetricId]) -> Tile:
    """Give the p75 of the page that is slowest at each instant."""
    view = views.get("page-load")
    if view is None:
        return _missing("page-load", "Page load p75")
    grid = view.lines[0].times
    alike = [line for line in view.lines if line.times.size == grid.size and line.name not in {"p50", "p95"}]
    values = np.stack([line.values for line in alike or view.lines[:1]])
    seen = np.isfinite(values).any(axis=0)
    slowest = np.where(seen, np.max(np.where(np.isfinite(values), values, -np.inf), axis=0), np.nan)
    now = latest(Line("slowest", grid, slowest))
    panel = next(panel for panel in found.panels if panel.key == "page-load")
    alarming = any(line.metric in firing for line in panel.lines)
    return Tile(
        key="page-load",
        label="Page load p75",
        value=quantity(now.value, view.unit),
        delta=_delta(now.change, now.before, view.unit),
        good=_mood(now.change, falling_is_good=True, crossed=alarming),
        yardstick="slowest page" if len(values) > 1 else _since(found),
        spark=now.recent,
        alarming=alarming,
    )


def _where_asked(total: Line) -> Values:
    return np.where(total.values > 0, total.values, np.nan)


def _capacity_tile(found: WallReadings, views: dict[str, ChartView]) -> Tile:
    if found.fleet is None or not found.fleet.groups:
        return _missing("capacity", "Healthy targets")
    group = found.fleet.groups[0]
    healthy = _healthy(found) if found.fleet.target_groups else group.in_service
    in_service = latest(views["capacity"].lines[1])
    short = group.desired - healthy
    return Tile(
        key="capacity",
        label="Healthy targets",
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
