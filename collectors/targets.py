"""Target health: each target's state, the reason, and since when.

AWS gives the state of this moment only. Since when is ours to know: it comes from the transitions that we keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from collectors.transitions import Kind, Transition, Transitions
from core.reading import Fault, Reading, Scope

PAUSE: Final = timedelta(seconds=90)
"""Two looks further apart than this do not witness what happened between them."""
_INSTANCES_A_CALL: Final = 100


@dataclass(frozen=True, slots=True)
class Target:
    """One target of one target group."""

    id: str
    """Instance id, address or Lambda ARN."""
    port: int | None
    zone: str | None
    """Availability zone; None where AWS gives none, as for Lambda targets."""
    state: str
    """AWS's state: initial, healthy, unhealthy, unhealthy.draining, unused, draining, unavailable."""
    reason: str | None
    """AWS's reason code such as `Target.Timeout`; None for a healthy target."""
    description: str | None
    """AWS's sentence on the reason; foreign text."""
    since: datetime | None = None
    """When it came into this state; None where no store was at hand."""
    since_at_least: bool = False
    """True where the change was not witnessed: it has been in this state since `since` or longer."""

    @property
    def name(self) -> str:
        return self.id if self.port is None else f"{self.id}:{self.port}"


@dataclass(frozen=True, slots=True)
class TargetGroupHealth:
    """A target group and its targets."""

    arn: str
    name: str
    protocol: str | None
    port: int | None
    load_balancer_arns: tuple[str, ...]
    targets: tuple[Target, ...]

    @property
    def healthy(self) -> int:
        """How many targets are healthy."""
        return sum(target.state == "healthy" for target in self.targets)


Targets = Reading[tuple[TargetGroupHealth, ...]]


def snapshots(store: Store) -> Snapshots[tuple[TargetGroupHealth, ...]]:
    """Give the shared readings of target health."""
    return Snapshots(store, "targets", Targets)


def read(clients: Clients, scope: Scope, *, now: datetime, store: Store | None = None) -> Targets:
    """Give every target group's targets. With a store `since` is known, and changes since the last look are kept."""
    faults: list[Fault] = []
    groups = [
        _group(document, clients, scope, faults)
        for page in pages(clients, scope, "elbv2", "DescribeTargetGroups", faults)
        for document in page["TargetGroups"]
    ]
    zones = _zones(clients, scope, groups, faults, now=now, store=store)
    groups = [replace(group, targets=tuple(_placed(target, zones) for target in group.targets)) for group in groups]
    if store is None:
        return Reading(tuple(groups), now, tuple(faults))
    return Reading(tuple(_dated(groups, scope, store, now=now)), now, tuple(faults))


def _group(document: Mapping[str, Any], clients: Clients, scope: Scope, faults: list[Fault]) -> TargetGroupHealth:
    arn = document["TargetGroupArn"]
    targets = [
        _target(described)
        for page in pages(clients, scope, "elbv2", "DescribeTargetHealth", faults, TargetGroupArn=arn)
        for described in page["TargetHealthDescriptions"]
    ]
    return TargetGroupHealth(
        arn,
        document["TargetGroupName"],
        document.get("Protocol"),
        document.get("Port"),
        tuple(document.get("LoadBalancerArns", ())),
        tuple(sorted(targets, key=lambda target: target.name)),
    )


def _target(described: Mapping[str, Any]) -> Target:
    target, health = described["Target"], described.get("TargetHealth", {})
    zone = target.get("AvailabilityZone")
    return Target(
        target["Id"],
        target.get("Port"),
        None if zone == "all" else zone,
        health.get("State", "unavailable"),
        health.get("Reason"),
        health.get("Description"),
    )


def _placed(target: Target, zones: Mapping[str, str]) -> Target:
    return replace(target, zone=target.zone or zones.get(target.id))


def _zones(
    clients: Clients,
    scope: Scope,
    groups: Iterable[TargetGroupHealth],
    faults: list[Fault],
    *,
    now: datetime,
    store: Store | None,
) -> dict[str, str]:
    """Give the zone of each instance among the targets. An instance never moves, so it is asked about once."""
    wanted = {
        target.id for group in groups for target in group.targets if target.zone is None and target.id[:2] == "i-"
    }
    kept = Snapshots[dict[str, str]](store, "zones", Reading[dict[str, str]]) if store else None
    known = found.value if kept and (found := kept.newest(scope)) else {}
    unknown = sorted(wanted - known.keys())
    for first in range(0, len(unknown), _INSTANCES_A_CALL):
        known = {**known, **_zones_of(clients, scope, unknown[first : first + _INSTANCES_A_CALL], faults)}
    if kept and unknown:
        kept.put(scope, Reading({name: zone for name, zone in known.items() if name in wanted}, now))
    return known


def _zones_of(clients: Clients, scope: Scope, instances: list[str], faults: list[Fault]) -> dict[str, str]:
    # A filter, not InstanceIds: those fail as a whole when one instance is gone.
    named = [{"Name": "instance-id", "Values": instances}]
    return {
        instance["InstanceId"]: instance["Placement"]["AvailabilityZone"]
        for page in pages(clients, scope, "ec2", "DescribeInstances", faults, Filters=named)
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }


def _dated(
    groups: Iterable[TargetGroupHealth], scope: Scope, store: Store, *, now: datetime
) -> Iterable[TargetGroupHealth]:
    """Keep the transitions since the last look, and give each target with the time of its newest."""
    transitions = Transitions(store, Kind.TARGET)
    last_look = snapshots(store).newest(scope)
    watched = last_look is not None and now - last_look.at <= PAUSE
    current = transitions.current(scope)
    changed = {
        thing: Transition(thing, target.state, now, watched, _detail(target))
        for group in groups
        for target in group.targets
        for thing in [f"{group.arn} {target.name}"]
        if thing not in current or not _same(current[thing], target)
    }
    transitions.add(scope, changed.values())
    current |= changed
    for group in groups:
        yield replace(group, targets=tuple(_since(each, current[f"{group.arn} {each.name}"]) for each in group.targets))


def _same(known: Transition, target: Target) -> bool:
    return known.state == target.state and known.detail.get("reason", "") == (target.reason or "")


def _detail(target: Target) -> dict[str, str]:
    return {"reason": target.reason or "", "description": target.description or "", "zone": target.zone or ""}


def _since(target: Target, newest: Transition) -> Target:
    return replace(target, since=newest.at, since_at_least=not newest.witnessed)
