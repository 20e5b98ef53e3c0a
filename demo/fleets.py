"""Every scope's Auto Scaling groups and targets, and how they and moto's inventory stay the same.

moto keeps what the API shows: groups, instances, registrations. Its groups launch and terminate nothing by
themselves here; the time lines of `demo.fleet` do, and are mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import moto.autoscaling.models as moto_autoscaling
from moto.core.exceptions import ServiceException
from moto.ec2.models.instances import InstanceState as MachineState
from werkzeug.exceptions import HTTPException

from alarms.scaling import Policy
from core.reading import Scope
from demo.activities import Cause
from demo.building import Backends
from demo.fleet import FOREVER, Checks, Group, LaunchFailed, Member
from demo.scaling import policy_of
from demo.targets import NOT_IN_USE, NOT_REGISTERED, STOPPED, Health, Registration

GONE: Final = frozenset({"terminated", "stopped", "shutting-down", "stopping"})
"""Machine states in which a member is lost."""


class LivingGroup(moto_autoscaling.FakeAutoScalingGroup):
    """moto's group that leaves launching and terminating to the fleet."""

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity

    def replace_autoscaling_group_instances(self, *_: Any) -> None:
        """A member that was terminated is replaced by the fleet, which writes down why."""


# moto creates groups, also for CloudFormation, by this name.
moto_autoscaling.FakeAutoScalingGroup = LivingGroup  # type: ignore[misc]


@dataclass(slots=True)
class Fleet:
    """The groups and targets of one scope."""

    scope: Scope
    groups: dict[str, Group] = field(default_factory=dict)
    retired: list[Group] = field(default_factory=list)
    """Groups that were deleted; their activities are still asked for."""
    others: dict[tuple[str, str], Registration] = field(default_factory=dict)
    """(target group ARN, target id) -> registration of a target that no group registered."""
    machines: dict[str, Any] = field(default_factory=dict)
    """moto's instances by id; moto itself looks through all of them each time."""
    shown: set[str] = field(default_factory=set)
    """Ids of the instances that moto's groups list."""
    _moto: Backends | None = None

    @property
    def moto(self) -> Backends:
        if self._moto is None:
            self._moto = Backends(self.scope)
        return self._moto

    def policy(self, arn: str) -> Policy | None:
        """Give the scaling policy of this ARN, or None."""
        for stored in self.moto.autoscaling.policies.values():
            if stored.arn == arn:
                return policy_of(stored, group=stored.auto_scaling_group_name)
        return None

    def due(self) -> datetime | None:
        return min((at for group in self.groups.values() if (at := group.due()) is not None), default=None)

    def advance(self, *, at: datetime) -> None:
        """Take over what was changed in moto, decide what is due, and show it in moto."""
        self.take_over(at=at)
        for group in self.groups.values():
            due = group.due()
            if due is not None and due <= at:
                group.step(at=at)
        self.show(at=at)

    def take_over(self, *, at: datetime) -> None:
        """Read what the API changed in moto: groups made, changed and deleted, machines and targets gone."""
        stored = self.moto.autoscaling.autoscaling_groups
        for name in [
            name for name, group in self.groups.items() if name not in stored or stored[name].arn != group.arn
        ]:
            self._retire(self.groups.pop(name), at=at)
        for name, kept in stored.items():
            if name not in self.groups:
                self.groups[name] = self._adopted(kept)
                self._wanted(kept, self.groups[name], "created an AutoScalingGroup", at=at)
            group, suspended = self.groups[name], self.groups[name].suspended
            self._configured(kept, group)
            self._exchanged(kept, group, at=at)
            self._lost(kept, group, at=at)
            if suspended - group.suspended:
                group.balance(Cause(), at=at)  # what was held back is made up for
        self._register_others(at=at)

    def wish(self, group: Group, what: str, *, at: datetime) -> None:
        """Carry out the desired capacity that the API has set in moto, because of a user request."""
        self._configured(self._stored(group), group)
        self._wanted(self._stored(group), group, what, at=at)
        self.show(at=at)

    def show(self, *, at: datetime) -> None:
        """Write the time lines' present into moto."""
        for group in self.groups.values():
            stored = self._stored(group)
            stored.desired_capacity = group.desired
            present = {member.id: member for member in group.present(at)}
            self._show_members(stored, present, at)
            self._register(stored, present, at)
        for group in self.retired:
            self._end([member for member in group.members if member.terminated <= at])

    def settle(self, group: Group, *, at: datetime) -> None:
        """Bring a rehearsed group to life: those who are still there are launched in moto, and get its ids."""
        group.launch = self._launch
        for member in group.present(at):
            group.rename(member.id, self._launch(group, member.zone, member.subnet, member.launched))
        self.groups[group.name] = group
        self.show(at=at)

    def target_groups_of(self, group: Group) -> tuple[str, ...]:
        """Give the ARNs of the target groups that a group registers its members in."""
        stored = self.moto.autoscaling.autoscaling_groups.get(group.name)
        return tuple(stored.target_group_arns) if stored is not None else ()

    def health(self, arn: str, *, at: datetime) -> Iterator[tuple[Registration, Health]]:
        """Give the targets of a target group with their health, in the order in which they were registered."""
        target_group = self.moto.elbv2.target_groups[arn]
        for registration in sorted(self._registrations(arn, target_group), key=lambda r: (r.registered, r.target)):
            health = registration.health(at)
            if health is not None:
                yield registration, self._overruled(target_group, registration.target, health)

    def health_of(self, arn: str, target: str, *, at: datetime) -> Health:
        """Give the health of one target, registered or not."""
        found = (health for registration, health in self.health(arn, at=at) if registration.target == target)
        return next(found, NOT_REGISTERED)

    def _machine(self, identity: str) -> Any:
        if identity not in self.machines:
            found = self.moto.ec2.get_instance_by_id(identity)
            if found is None:
                return None
            self.machines[identity] = found
        return self.machines[identity]

    def address(self, instance: str) -> str | None:
        """Give an instance's private address; None where moto does not know it, or no more."""
        machine = self._machine(instance)
        return None if machine is None else str(machine.private_ip)

    # --- moto -> time lines -----------------------------------------------------------------------------------------

    def _stored(self, group: Group) -> Any:
        return self.moto.autoscaling.autoscaling_groups[group.name]

    def _adopted(self, stored: Any) -> Group:
        group = Group(
            self.scope, stored.name, stored.arn, stored.min_size or 0, stored.max_size or 0, self._launch, zones=()
        )
        self._configured(stored, group)
        return group

    def _configured(self, stored: Any, group: Group) -> None:
        """Take over the group's settings."""
        group.zones = tuple(self._zones(stored, {subnet: zone for zone, subnet in group.zones}))
        group.warm_up = getattr(stored, "default_instance_warmup", None)
        group.minimum, group.maximum = stored.min_size or 0, stored.max_size or 0
        group.cooldown = int(stored.default_cooldown)
        group.grace = int(stored.health_check_grace_period or 0)
        group.elb_checks = "ELB" in (stored.health_check_type or "")
        group.suspended = frozenset(process["ProcessName"] for process in stored.suspended_processes)
        attached = [self.moto.elbv2.target_groups.get(arn) for arn in stored.target_group_arns]
        group.checks = next((checks_of(target_group) for target_group in attached if target_group is not None), None)

    def _zones(self, stored: Any, known: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Give (zone, subnet) of the group; of a subnet that was deleted, the zone in which it was."""
        subnets = [part.strip() for part in (stored.vpc_zone_identifier or "").split(",") if part.strip()]
        zones = {subnet.id: subnet.availability_zone for subnet in self.moto.ec2.describe_subnets()}
        for subnet in subnets:
            yield zones.get(subnet) or known.get(subnet, stored.availability_zones[0]), subnet
        if not subnets:
            yield from ((zone, "") for zone in stored.availability_zones)

    def _exchanged(self, stored: Any, group: Group, *, at: datetime) -> None:
        """Follow instances that users attach to a group and detach from it; those live on without it."""
        listed = {state.instance_id: state.instance for state in stored.instance_states}
        for member in group.alive(at):
            machine = self._machine(member.id)
            shown = member.id in self.shown and member.id not in listed
            if shown and machine is not None and machine.state not in GONE:
                member.leaving = member.terminated = at
                self.shown.discard(member.id)
                group.desired = stored.desired_capacity
        for identity in listed.keys() - self.shown:
            machine = listed[identity]
            healthy = at + (group.checks.until_healthy if group.checks else timedelta())
            zone, subnet = str(machine.placement.zone), str(machine.subnet_id or "")
            group.members.append(Member(identity, zone, subnet, at, at, healthy, nature=identity))
            group.desired = stored.desired_capacity
        if not group.resized or group.resized[-1][1] != group.desired:
            group.resized.append((at, group.desired))

    def _wanted(self, stored: Any, group: Group, what: str, *, at: datetime) -> None:
        desired = min(max(stored.desired_capacity or 0, group.minimum), group.maximum)
        if desired != group.desired or not group.resized:
            group.resize(desired, Cause.request(what, at=at), at=at)

    def _lost(self, stored: Any, group: Group, *, at: datetime) -> None:
        """Find members whose machine was taken away, or that were told to be unhealthy; and changed desires."""
        told = {state.instance_id: state for state in stored.instance_states}
        for member in group.alive(at):
            machine = self._machine(member.id)
            state = told.get(member.id)
            if machine is None or machine.state in GONE:
                group.lose(member, at=at, why="ec2")
            elif state is not None:
                member.protected = bool(state.protected_from_scale_in)
                member.standby = state.lifecycle_state == "Standby"
                if state.health_status == "Unhealthy" and member.unhealthy > at and not member.why:
                    group.lose(member, at=at, why="user")
        if stored.desired_capacity != group.desired:
            self._wanted(stored, group, "explicitly set group desired capacity", at=at)

    def _retire(self, group: Group, *, at: datetime) -> None:
        group.minimum, group.deleted = 0, True
        group.resize(0, Cause.request("deleted the AutoScalingGroup", at=at), at=at)
        self.retired.append(group)

    def _register_others(self, *, at: datetime) -> None:
        """Follow targets that users register and deregister themselves."""
        ours = {member.id for group in self.groups.values() for member in group.present(at)}
        for arn, target_group in self.moto.elbv2.target_groups.items():
            checks = checks_of(target_group)
            for identity, target in target_group.targets.items():
                known = self.others.get((arn, identity))
                if identity not in ours and (known is None or known.left < FOREVER):
                    port = int(target.get("Port") or target_group.port or 80)
                    self.others[arn, identity] = Registration(identity, port, at, at + checks.until_healthy)
        for (arn, identity), registration in list(self.others.items()):
            kept = self.moto.elbv2.target_groups.get(arn)
            if kept is None:
                del self.others[arn, identity]
            elif identity not in kept.targets and registration.left == FOREVER:
                drained = at + timedelta(seconds=checks_of(kept).drain)
                self.others[arn, identity] = replace(registration, left=at, drained=drained)

    # --- time lines -> moto -----------------------------------------------------------------------------------------

    def _launch(self, group: Group, zone: str, subnet: str, at: datetime) -> str:
        stored = self._stored(group)
        tags = {**stored.get_propagated_tags(), **stored.instance_tags, moto_autoscaling.ASG_NAME_TAG: group.name}
        template = stored.ec2_launch_template
        try:
            reservation = self.moto.ec2.run_instances(
                stored.image_id,
                1,
                stored.user_data,
                stored.security_groups,
                instance_type=stored.instance_type,
                tags={"instance": tags},
                placement=zone,
                launch_config=stored.launch_config,
                launch_template={"LaunchTemplateId": template.id} if template else None,
                is_instance_type_default=False,
                associate_public_ip=stored.launch_config.associate_public_ip_address if stored.launch_config else None,
                subnet_id=subnet or None,
                monitoring_state="enabled",
            )
        except (ServiceException, HTTPException) as error:
            why = getattr(error, "message", None) or str(error)
            raise LaunchFailed(f"{why}. Launching EC2 instance failed.") from error
        machine = reservation.instances[0]
        machine.launch_time = at.replace(tzinfo=None)
        machine.autoscaling_group = stored
        machine._state = MachineState("pending", 0)  # noqa: SLF001 - moto has no way to say it
        return str(machine.id)

    def _show_members(self, stored: Any, present: dict[str, Member], at: datetime) -> None:
        self._end([state for state in stored.instance_states if state.instance_id not in present])
        kept = {state.instance_id: state for state in stored.instance_states}
        states = []
        for member in present.values():
            machine = self._machine(member.id)
            state = kept.get(member.id) or moto_autoscaling.InstanceState(
                machine, protected_from_scale_in=stored.new_instances_protected_from_scale_in
            )
            state.lifecycle_state = member.lifecycle(at)
            state.health_status = "Unhealthy" if member.unhealthy <= at and member.why else "Healthy"
            if machine is not None and machine.state == "pending" and at >= member.in_service:
                machine._state = MachineState("running", 16)  # noqa: SLF001 - ibid.
            states.append(state)
        stored.instance_states = states
        self.shown |= present.keys()

    def _end(self, leavers: list[Any]) -> None:
        """Terminate machines that are not yet."""
        for leaver in leavers:
            identity = leaver.instance_id if hasattr(leaver, "instance_id") else leaver.id
            machine = self._machine(identity)
            if machine is not None and machine.state != "terminated":
                self.moto.ec2.terminate_instances([identity])

    def _register(self, stored: Any, present: dict[str, Member], at: datetime) -> None:
        serving = {identity for identity, member in present.items() if member.lifecycle(at) == "InService"}
        for arn in stored.target_group_arns:
            target_group = self.moto.elbv2.target_groups.get(arn)
            if target_group is None:
                continue
            for identity in serving - target_group.targets.keys():
                target_group.targets[identity] = {"Id": identity, "Port": target_group.port}
            for identity in list(target_group.targets):
                ours = identity in present or (arn, identity) not in self.others
                if ours and identity not in serving:
                    del target_group.targets[identity]

    # --- target health ----------------------------------------------------------------------------------------------

    def _registrations(self, arn: str, target_group: Any) -> Iterator[Registration]:
        port = int(target_group.port or 80)
        for group in (*self.groups.values(), *self.retired):
            stored = self.moto.autoscaling.autoscaling_groups.get(group.name)
            attached = group.deleted or (stored is not None and arn in stored.target_group_arns)
            if attached and group.checks is not None:
                yield from (Registration.of_member(member, port, group.checks) for member in group.members[-40:])
        yield from (registration for (kept, _), registration in self.others.items() if kept == arn)

    def _overruled(self, target_group: Any, target: str, health: Health) -> Health:
        """A target that cannot be sent requests is unused, however healthy."""
        machine = self._machine(target) if target.startswith("i-") else None
        if machine is not None and machine.state in {"stopped", "stopping"}:
            return STOPPED
        return health if target_group.load_balancer_arns or health.state == "draining" else NOT_IN_USE


class Fleets:
    """Every scope's fleet, made when first asked for."""

    def __init__(self) -> None:
        self._fleets: dict[Scope, Fleet] = {}

    def of(self, scope: Scope) -> Fleet:
        return self._fleets.setdefault(scope, Fleet(scope))

    def all(self) -> tuple[Fleet, ...]:
        return tuple(self._fleets.values())


def checks_of(target_group: Any) -> Checks:
    """Read a target group's health check and deregistration delay."""
    return Checks(
        interval=int(target_group.health_check_interval_seconds or 30),
        healthy=int(target_group.healthy_threshold_count or 5),
        unhealthy=int(target_group.unhealthy_threshold_count or 2),
        drain=int(target_group.attributes.get("deregistration_delay.timeout_seconds", 300)),
    )
