"""What there is: load balancers, target groups, Auto Scaling groups and instances, with their tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope
from core.timespan import utc

_TAGS_A_CALL: Final = 20
"""Resources that elbv2's DescribeTags takes at once. Source: its API reference."""

Tags = tuple[tuple[str, str], ...]
"""(key, value) pairs by key; foreign text."""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer of the second generation."""

    arn: str
    name: str
    kind: str
    """application, network or gateway."""
    scheme: str
    dns_name: str
    state: str
    zones: tuple[str, ...]
    created_at: datetime | None
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Where a load balancer sends requests."""

    arn: str
    name: str
    protocol: str | None
    port: int | None
    target_kind: str
    """instance, ip, lambda or alb."""
    load_balancer_arns: tuple[str, ...]
    health_check: str
    """What is asked of a target, such as `HTTP:80/health every 15 s`."""
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class Member:
    """An instance as its Auto Scaling group sees it."""

    instance_id: str
    zone: str
    lifecycle: str
    """AWS's lifecycle state, such as InService or Pending."""
    health: str
    protected: bool = False


@dataclass(frozen=True, slots=True)
class ScalingGroup:
    """An Auto Scaling group and its capacity."""

    name: str
    arn: str
    minimum: int
    maximum: int
    desired: int
    members: tuple[Member, ...]
    zones: tuple[str, ...]
    target_group_arns: tuple[str, ...]
    cooldown: int
    """Seconds."""
    health_check: str
    created_at: datetime | None
    suspended: tuple[str, ...] = ()
    """Processes that somebody suspended."""
    tags: Tags = ()

    @property
    def instance_ids(self) -> tuple[str, ...]:
        return tuple(member.instance_id for member in self.members)

    @property
    def in_service(self) -> int:
        return sum(member.lifecycle == "InService" for member in self.members)


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance."""

    id: str
    name: str
    """Its Name tag, or its id."""
    kind: str
    """Instance type, such as t2.micro."""
    state: str
    zone: str
    launched_at: datetime | None
    private_ip: str | None
    group: str | None
    """Its Auto Scaling group, as its tag says."""
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is in one scope."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    scaling_groups: tuple[ScalingGroup, ...] = ()
    instances: tuple[Instance, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.load_balancers or self.target_groups or self.scaling_groups or self.instances)


def snapshots(store: Store) -> Snapshots[Inventory]:
    """Give the shared readings of the inventory."""
    return Snapshots(store, "inventory", Reading[Inventory])


def read(clients: Clients, scope: Scope, *, now: datetime) -> Reading[Inventory]:
    """Give what there is; a service that fails leaves its part empty and a fault."""
    faults: list[Fault] = []
    balancers = _documents(clients, scope, "elbv2", "DescribeLoadBalancers", "LoadBalancers", faults)
    groups = _documents(clients, scope, "elbv2", "DescribeTargetGroups", "TargetGroups", faults)
    scaling = _documents(clients, scope, "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", faults)
    reserved = _documents(clients, scope, "ec2", "DescribeInstances", "Reservations", faults)
    arns = [each["LoadBalancerArn"] for each in balancers] + [each["TargetGroupArn"] for each in groups]
    tags = _balancer_tags(clients, scope, arns, faults)
    inventory = Inventory(
        tuple(_load_balancer(each, tags) for each in balancers),
        tuple(_target_group(each, tags) for each in groups),
        tuple(_scaling_group(each) for each in scaling),
        tuple(_instance(each) for reservation in reserved for each in reservation["Instances"]),
    )
    return Reading(inventory, now, tuple(dict.fromkeys(faults)))


def _documents(
    clients: Clients, scope: Scope, service: str, operation: str, key: str, faults: list[Fault]
) -> list[dict[str, Any]]:
    return [document for page in pages(clients, scope, service, operation, faults) for document in page[key]]


def _balancer_tags(clients: Clients, scope: Scope, arns: Sequence[str], faults: list[Fault]) -> dict[str, Tags]:
    tags: dict[str, Tags] = {}
    for first in range(0, len(arns), _TAGS_A_CALL):
        some = list(arns[first : first + _TAGS_A_CALL])
        for page in pages(clients, scope, "elbv2", "DescribeTags", faults, ResourceArns=some):
            tags |= {each["ResourceArn"]: _tags(each.get("Tags", ())) for each in page["TagDescriptions"]}
    return tags


def _tags(pairs: Iterable[Mapping[str, Any]]) -> Tags:
    return tuple(sorted((pair["Key"], pair.get("Value", "")) for pair in pairs))


def _instant(given: datetime | None) -> datetime | None:
    return utc(given) if given else None


def _load_balancer(document: Mapping[str, Any], tags: Mapping[str, Tags]) -> LoadBalancer:
    return LoadBalancer(
        arn=document["LoadBalancerArn"],
        name=document["LoadBalancerName"],
        kind=document.get("Type", "application"),
        scheme=document.get("Scheme", ""),
        dns_name=document.get("DNSName", ""),
        state=document.get("State", {}).get("Code", "unknown"),
        zones=tuple(zone["ZoneName"] for zone in document.get("AvailabilityZones", ())),
        created_at=_instant(document.get("CreatedTime")),
        tags=tags.get(document["LoadBalancerArn"], ()),
    )


def _target_group(document: Mapping[str, Any], tags: Mapping[str, Tags]) -> TargetGroup:
    return TargetGroup(
        arn=document["TargetGroupArn"],
        name=document["TargetGroupName"],
        protocol=document.get("Protocol"),
        port=document.get("Port"),
        target_kind=document.get("TargetType", "instance"),
        load_balancer_arns=tuple(document.get("LoadBalancerArns", ())),
        health_check=_health_check(document),
        tags=tags.get(document["TargetGroupArn"], ()),
    )


def _health_check(document: Mapping[str, Any]) -> str:
    if not document.get("HealthCheckProtocol"):
        return "none"
    asked = f"{document['HealthCheckProtocol']}:{document.get('HealthCheckPort', '')}"
    return f"{asked}{document.get('HealthCheckPath', '')} every {document.get('HealthCheckIntervalSeconds', '?')} s"


def _scaling_group(document: Mapping[str, Any]) -> ScalingGroup:
    return ScalingGroup(
        name=document["AutoScalingGroupName"],
        arn=document.get("AutoScalingGroupARN", ""),
        minimum=document["MinSize"],
        maximum=document["MaxSize"],
        desired=document["DesiredCapacity"],
        members=tuple(_member(each) for each in document.get("Instances", ())),
        zones=tuple(document.get("AvailabilityZones", ())),
        target_group_arns=tuple(document.get("TargetGroupARNs", ())),
        cooldown=document.get("DefaultCooldown", 0),
        health_check=document.get("HealthCheckType", "EC2"),
        created_at=_instant(document.get("CreatedTime")),
        suspended=tuple(each["ProcessName"] for each in document.get("SuspendedProcesses", ())),
        tags=_tags(document.get("Tags", ())),
    )


def _member(document: Mapping[str, Any]) -> Member:
    return Member(
        document["InstanceId"],
        document.get("AvailabilityZone", ""),
        document.get("LifecycleState", ""),
        document.get("HealthStatus", ""),
        document.get("ProtectedFromScaleIn", False),
    )


def _instance(document: Mapping[str, Any]) -> Instance:
    tags = _tags(document.get("Tags", ()))
    named = dict(tags)
    return Instance(
        id=document["InstanceId"],
        name=named.get("Name") or document["InstanceId"],
        kind=document.get("InstanceType", ""),
        state=document.get("State", {}).get("Name", "unknown"),
        zone=document.get("Placement", {}).get("AvailabilityZone", ""),
        launched_at=_instant(document.get("LaunchTime")),
        private_ip=document.get("PrivateIpAddress"),
        group=named.get("aws:autoscaling:groupName"),
        tags=tags,
    )
