"""The target-health grid: each target of a load balancer in its zone, with state, reason and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.charts.view import Tone


@dataclass(frozen=True, slots=True)
class Target:
    """One target as the grid shows it. Texts may come from AWS or users: drawn as text only."""

    id: str
    """As AWS names it, such as an instance id; unique in the grid together with `port`."""
    state: str
    """In AWS's word: `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`."""
    tone: Tone
    reason: str = ""
    """Why, in a sentence; empty where the state says it all."""
    since: datetime | None = None
    """When it took this state; None where nobody saw it change."""
    port: int | None = None
    name: str = ""
    """What people call it, such as its Name tag."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The targets of one Availability Zone."""

    name: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class TargetGrid:
    """All targets of one or more target groups, by zone."""

    zones: tuple[Zone, ...]
    now: datetime
    """The instant that durations are counted to."""
    note: str = ""
    """Why there is nothing to see: `No targets are registered`."""
    clock: str = "UTC"
    """IANA name of the zone whose clock `since` is written on."""


def document(grid: TargetGrid) -> dict[str, Any]:
    """Give `grid` as the browser draws it; every text is drawn as text."""
    return {
        "note": grid.note,
        "zones": [
            {"name": zone.name, "targets": [_cell(target, zone.name, grid) for target in zone.targets]}
            for zone in grid.zones
        ],
    }


def _cell(target: Target, zone: str, grid: TargetGrid) -> dict[str, str]:
    since = since_text(target.since, now=grid.now, clock=grid.clock)
    place = target.id if target.port is None else f"{target.id}:{target.port}"
    spoken = [place, target.name, f"in {zone}", target.state, target.reason, since]
    return {
        "id": place,
        "name": target.name,
        "state": target.state,
        "tone": target.tone,
        "reason": target.reason,
        "since": since,
        "label": ", ".join(part for part in spoken if part),
    }


def since_text(since: datetime | None, *, now: datetime, clock: str = "UTC") -> str:
    """Write since when and for how long: `since 11:23, 9 min`; with the day where that is not today."""
    if since is None:
        return ""
    zone = ZoneInfo(clock)
    shown, today = since.astimezone(zone), now.astimezone(zone)
    day = "" if shown.date() == today.date() else f"{shown.day} {shown:%b} "
    return f"since {day}{shown:%H:%M}, {duration(now - since)}"


def duration(span: timedelta) -> str:
    """Write `span` in its one or two greatest units: `40 s`, `9 min`, `3 h 5 min`, `2 d 4 h`."""
    return seconds_text(max(0, int(span.total_seconds())))


def seconds_text(seconds: int) -> str:
    """Write `seconds` in its one or two greatest units."""
    for size, unit, smaller, part in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
