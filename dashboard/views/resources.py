"""Resources: what there is, in tables with states, and one resource with its own charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from collectors.inventory import Instance, Inventory, LoadBalancer, ScalingGroup, Tags, TargetGroup
from collectors.scaling import Activity
from collectors.targets import Target, TargetGroupHealth
from core.reading import Fault, Reading, Scope, joined_faults
from dashboard.charts.view import ChartView
from dashboard.state import PageState
from dashboard.views import fleet, happenings, resource_panels
from dashboard.views.frame import Badge
from dashboard.views.panels import Grid, Panel, Readings, Revisions, chart, grid, queries
from dashboard.views.sources import Sources
from dashboard.views.things import Group
from dashboard.wording import NO_VALUE, age, count, look, plain, state_cell, state_word

BALANCER: Final = "balancer"
TARGETS: Final = "targets"
GROUP: Final = "group"
INSTANCE: Final = "instance"


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is and how it is, as read in the background."""

    scope: Scope
    """The account and region."""
    at: datetime
    """When the read was made."""
    inventory: Reading[Inventory]
    """What there is."""
    targets: Reading[tuple[TargetGroupHealth, ...]]
    """How its targets are."""
    activities: Reading[tuple[Activity, ...]]
    """What scaling did to it, newest first."""


def read_at(stock: Stock) -> datetime:
    """Give when the oldest part of what is on screen was read."""
    return min(stock.inventory.at, stock.targets.at, stock.activities.at)


def read(sources: Sources, scope: Scope, *, now: datetime) -> Stock:
    """Read what the tables show."""
    return Stock(
        scope,
        now,
        sources.inventory(scope, now=now),
        sources.targets(scope, now=now),
        sources.activities(scope, now=now),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Resources of one kind."""

    kind: str
    """First half of a resource's key in the URL."""
    title: str
    """Plural, in sentence case."""
    rows: pd.DataFrame
    """One row a resource; foreign text, drawn in text cells."""
    keys: tuple[str, ...]
    """Key of the resource in each row, for the URL."""


def tables(stock: Stock, *, now: datetime) -> tuple[Table, ...]:
    """Give the four tables, in the order in which a request meets the resources."""
    found = stock.inventory.value
    health = {group.arn: group for group in stock.targets.value}
    by_id = _targets_by_id(stock.targets.value)
    return (
        _table(BALANCER, "Load balancers", [_balancer_row(each) for each in found.load_balancers], "Name"),
        _table(TARGETS, "Target groups", [_targets_row(each, health) for each in found.target_groups], "Name"),
        _table(GROUP, "Auto Scaling groups", [_group_row(each) for each in found.scaling_groups], "Name"),
        _table(INSTANCE, "Instances", [_instance_row(each, by_id, now=now) for each in found.instances], "Instance"),
    )


_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    BALANCER: ("State", "Name", "Type", "Scheme", "Zones", "DNS name", "Tags"),
    TARGETS: ("State", "Name", "Healthy", "Listens", "Health check", "Tags"),
    GROUP: ("State", "Name", "In service", "Desired", "Minimum", "Maximum", "Zones", "Tags"),
    INSTANCE: ("State", "Target", "Instance", "Name", "Type", "Zone", "Age", "Group", "Tags"),
}


def _table(kind: str, title: str, rows: list[dict[str, str]], name: str) -> Table:
    # Names of AWS resources hold no control characters, so the plain text of a name is the name.
    keys = tuple(f"{kind}~{row[name]}" for row in rows)
    return Table(kind, title, pd.DataFrame(rows, columns=list(_COLUMNS[kind]), dtype="str"), keys)


def tags_text(tags: Tags) -> str:
    """Give tags in one line, AWS's own left out."""
    return ", ".join(f"{plain(key)}={plain(value)}" for key, value in tags if not key.startswith("aws:"))


def _balancer_row(each: LoadBalancer) -> dict[str, str]:
    return {
        "State": state_cell(each.state),
        "Name": each.name,
        "Type": each.kind,
        "Scheme": each.scheme,
        "Zones": ", ".join(each.zones),
        "DNS name": plain(each.dns_name),
        "Tags": tags_text(each.tags),
    }


def _targets_row(each: TargetGroup, health: Mapping[str, TargetGroupHealth]) -> dict[str, str]:
    seen = health.get(each.arn)
    summary = happenings.target_summary([seen] if seen else [])
    return {
        "State": f"{summary.look.glyph} {_WORDS[summary.look.tone]}",
        "Name": each.name,
        "Healthy": summary.text,
        "Listens": f"{each.protocol or NO_VALUE}:{each.port or NO_VALUE}",
        "Health check": plain(each.health_check),
        "Tags": tags_text(each.tags),
    }


_WORDS: Final = {"ok": "healthy", "warning": "degraded", "alarm": "unhealthy", "info": "starting", "none": "not in use"}


def _group_row(each: ScalingGroup) -> dict[str, str]:
    short = each.desired - each.in_service
    state = "✓ at capacity" if short == 0 else f"▲ {count(abs(short), 'instance')} {'short' if short > 0 else 'over'}"
    return {
        "State": state,
        "Name": each.name,
        "In service": str(each.in_service),
        "Desired": str(each.desired),
        "Minimum": str(each.minimum),
        "Maximum": str(each.maximum),
        "Zones": ", ".join(each.zones),
        "Tags": tags_text(each.tags),
    }


def _instance_row(each: Instance, targets: Mapping[str, Target], *, now: datetime) -> dict[str, str]:
    target = targets.get(each.id)
    return {
        "State": state_cell(each.state),
        "Target": state_cell(target.state) if target else NO_VALUE,
        "Instance": each.id,
        "Name": plain(each.name),
        "Type": each.kind,
        "Zone": each.zone,
        "Age": age(each.launched_at, now=now) if each.launched_at else NO_VALUE,
        "Group": plain(each.group or NO_VALUE),
        "Tags": tags_text(each.tags),
    }


def _targets_by_id(groups: Sequence[TargetGroupHealth]) -> dict[str, Target]:
    return {target.id: target for group in groups for target in group.targets}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource before its charts are read."""

    key: str
    """As in the URL."""
    title: str
    """What it is called; foreign text."""
    kind: str
    """What it is, in the singular."""
    state: Badge
    """How it is now."""
    facts: tuple[tuple[str, str], ...]
    """(label, value) pairs; values may be foreign text."""
    tags: pd.DataFrame
    """Key and Value, one row a tag; foreign text."""
    panels: tuple[Panel, ...]
    """Its own charts."""
    scaling: tuple[Group, ...] = ()
    """Scaling activities of a group or an instance, newest first."""


def find(stock: Stock, key: str, *, now: datetime) -> Resource | None:
    """Give the resource that the URL names; None where there is none of that name any more."""
    kind, _, name = key.partition("~")
    finder = _FINDERS.get(kind)
    return finder(stock, name, now) if finder else None


def _named(label: str, value: object) -> tuple[str, str]:
    return label, plain(str(value)) if value not in (None, "", ()) else NO_VALUE


def _tags_frame(tags: Tags) -> pd.DataFrame:
    return pd.DataFrame([(plain(key), plain(value)) for key, value in tags], columns=["Key", "Value"], dtype="str")


def _balancer(stock: Stock, name: str, now: datetime) -> Resource | None:
    del now
    each = next((one for one in stock.inventory.value.load_balancers if one.name == name), None)
    if each is None:
        return None
    groups = [group.name for group in stock.inventory.value.target_groups if each.arn in group.load_balancer_arns]
    facts = (
        _named("Type", each.kind),
        _named("Scheme", each.scheme),
        _named("Zones", ", ".join(each.zones)),
        _named("Target groups", ", ".join(groups)),
        _named("DNS name", each.dns_name),
    )
    panels = (fleet.latency_panel(each), fleet.requests_panel(each), resource_panels.connections(each))
    state = Badge(state_word(each.state), look(each.state))
    return Resource(f"{BALANCER}~{name}", each.name, "Load balancer", state, facts, _tags_frame(each.tags), panels)


def _target_group(stock: Stock, name: str, now: datetime) -> Resource | None:
    del now
    each = next((one for one in stock.inventory.value.target_groups if one.name == name), None)
    if each is None:
        return None
    health = [group for group in stock.targets.value if group.arn == each.arn]
    facts = (
        _named("Listens", f"{each.protocol}:{each.port}"),
        _named("Targets are", each.target_kind),
        _named("Health check", each.health_check),
        _named("Load balancers", ", ".join(arn.split("/")[-2] for arn in each.load_balancer_arns)),
    )
    panels = resource_panels.target_group(each)
    tags = _tags_frame(each.tags)
    return Resource(
        f"{TARGETS}~{name}", each.name, "Target group", happenings.target_summary(health), facts, tags, panels
    )


def _group(stock: Stock, name: str, now: datetime) -> Resource | None:
    each = next((one for one in stock.inventory.value.scaling_groups if one.name == name), None)
    if each is None:
        return None
    facts = (
        _named("In service", f"{each.in_service} of {each.desired} desired"),
        _named("Bounds", f"{each.minimum} to {each.maximum}"),
        _named("Zones", ", ".join(each.zones)),
        _named("Health check", each.health_check),
        _named("Cooldown", f"{each.cooldown} s"),
        _named("Suspended", ", ".join(each.suspended) or "nothing"),
    )
    short = each.desired - each.in_service
    state = Badge("at capacity" if short == 0 else f"{short:+d} to go", look("OK" if short == 0 else "draining"))
    mine = [activity for activity in stock.activities.value if activity.group == name]
    return Resource(
        f"{GROUP}~{name}",
        each.name,
        "Auto Scaling group",
        state,
        facts,
        _tags_frame(each.tags),
        (fleet.capacity_panel(each), fleet.cpu_panel(each), fleet.network_panel(each)),
        happenings.activity_groups(mine, now=now),
    )


def _instance(stock: Stock, name: str, now: datetime) -> Resource | None:
    each = next((one for one in stock.inventory.value.instances if one.id == name), None)
    if each is None:
        return None
    target = _targets_by_id(stock.targets.value).get(each.id)
    facts = (
        _named("Instance", each.id),
        _named("Type", each.kind),
        _named("Zone", each.zone),
        _named("Launched", f"{age(each.launched_at, now=now)} ago" if each.launched_at else ""),
        _named("Private address", each.private_ip),
        _named("Group", each.group),
        _named("As a target", f"{state_word(target.state)} {happenings.target_reason(target)}" if target else ""),
    )
    mine = [activity for activity in stock.activities.value if activity.instance_id == each.id]
    return Resource(
        f"{INSTANCE}~{name}",
        each.name,
        "Instance",
        Badge(state_word(each.state), look(each.state)),
        facts,
        _tags_frame(each.tags),
        resource_panels.instance(each.id),
        happenings.activity_groups(mine, now=now),
    )


_FINDERS: Final[Mapping[str, Callable[[Stock, str, datetime], Resource | None]]] = {
    BALANCER: _balancer,
    TARGETS: _target_group,
    GROUP: _group,
    INSTANCE: _instance,
}


@dataclass(frozen=True, slots=True)
class ResourceCharts:
    """Charts of one resource, as read in the background."""

    on: Grid
    """The span and period of every chart."""
    panels: tuple[Panel, ...]
    """The resource's charts before anything was read."""
    metrics: Reading[Readings]
    """The series of every panel."""
    revisions: Revisions
    """Datapoints that were another value when they were read first."""


def read_charts(
    sources: Sources, resource: Resource, state: PageState, *, clock: Callable[[], datetime]
) -> ResourceCharts:
    """Read a resource's series for the span that `state` shows at this moment."""
    now = clock()
    on = grid(state.scope, state.span(now=now), now=now)
    wanted = queries(resource.panels, on)
    return ResourceCharts(on, resource.panels, sources.metrics(wanted, now=now), sources.revisions(wanted))


def charts(found: ResourceCharts) -> tuple[ChartView, ...]:
    """Give a resource's charts."""
    return tuple(chart(panel, found.metrics.value, found.on, revisions=found.revisions) for panel in found.panels)


def faults_of(stock: Stock) -> tuple[Fault, ...]:
    """Give why the tables are incomplete."""
    return joined_faults((stock.inventory, stock.targets, stock.activities))
