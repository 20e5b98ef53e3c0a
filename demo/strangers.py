"""Metrics of what users made themselves: groups, instances and target groups that the directory does not use.

Nobody visits them, so their instances idle; their capacity and health are what the fleet says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from core.series import Times, Values
from core.timespan import from_epoch
from demo.emission import Sender, group_sizes
from demo.fleet import Group
from demo.fleets import Fleet
from demo.metric_store import MetricStore
from demo.noise import drift, key, normal
from demo.signals import minutes_of, side_by_side

BASIC: Final = 300
"""Seconds between the datapoints of an instance without detailed monitoring.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html"""


def send(store: MetricStore, fleet: Fleet, times: Times, *, seed: int, ours: Iterable[Group]) -> None:
    """Put the metrics of everything in the scope that is not `ours`, for the minutes that start at `times`."""
    known = {group.arn for group in ours}
    for group in fleet.groups.values():
        if group.arn not in known:
            _group(Sender(store, times), group, seed)
    members = {member.id for group in fleet.groups.values() for member in group.members}
    slow = times[times % BASIC == 0]
    for machine in fleet.moto.ec2.all_instances():
        if machine.id not in members and machine.state == "running" and slow.size:
            _machine(Sender(store, slow), machine.id, seed)
    attached = {arn for group in ours for arn in fleet.target_groups_of(group)}
    for arn, target_group in fleet.moto.elbv2.target_groups.items():
        if arn not in attached and target_group.load_balancer_arns:
            _targets(Sender(store, times), fleet, target_group)


def _group(sender: Sender, group: Group, seed: int) -> None:
    where = {"AutoScalingGroupName": group.name}
    for name, values in group_sizes(group, sender.times).items():
        sender.put(f"AWS/AutoScaling:{name}", where, values, "None")
    presences = group.presences(float(sender.times[0]), float(sender.times[-1]) + 60.0)
    columns = []
    for presence in presences:
        minutes = minutes_of(presence.running, sender.times)
        if minutes.stop > minutes.start:
            rest = Sender(sender.store, sender.times[minutes])
            columns.append((minutes, _machine(rest, presence.instance, seed)))
    if columns:
        samples, counts = side_by_side(columns, sender.times.size)
        sender.put("AWS/EC2:CPUUtilization", where, samples, "Percent", counts=counts)


def _machine(sender: Sender, identity: str, seed: int) -> Values:
    """Put what an idle instance reports; give its CPU."""
    own, where = key(seed, "idle", identity), {"InstanceId": identity}
    percent = np.clip(2.6 + 0.8 * drift(own, sender.times, every=3600) + 0.4 * normal(own, sender.times), 0.1, 100.0)
    chatter = np.rint(4_200.0 * (1.0 + 0.1 * normal(own ^ 1, sender.times)))
    sender.put("AWS/EC2:CPUUtilization", where, percent, "Percent")
    sender.put("AWS/EC2:NetworkIn", where, chatter, "Bytes")
    sender.put("AWS/EC2:NetworkOut", where, np.rint(chatter * 0.8), "Bytes")
    sender.put("AWS/EC2:StatusCheckFailed", where, np.zeros(sender.times.size), "Count")
    return np.asarray(percent)


def _targets(sender: Sender, fleet: Fleet, target_group: Any) -> None:
    """Put how many targets were healthy, and how many not, at the end of each minute."""
    counted: dict[str, list[float]] = {"healthy": [], "unhealthy": []}
    for time in sender.times.tolist():
        states = [health.state for _, health in fleet.health(target_group.arn, at=from_epoch(time + 59))]
        for state, counts in counted.items():
            counts.append(float(states.count(state)))
    for arn in target_group.load_balancer_arns:
        where = _dimensions(target_group.arn, arn)
        sender.put("AWS/ApplicationELB:HealthyHostCount", where, np.array(counted["healthy"]), "Count")
        sender.put("AWS/ApplicationELB:UnHealthyHostCount", where, np.array(counted["unhealthy"]), "Count")


def _dimensions(target_group: str, balancer: str) -> Mapping[str, str]:
    _, _, name = balancer.partition(":loadbalancer/")
    return {"TargetGroup": target_group.rsplit(":", 1)[-1], "LoadBalancer": name}
