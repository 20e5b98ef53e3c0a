"""The directory's numbers as AWS names them: namespaces, dimensions, units, and what is sent only when it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.reading import Scope
from core.series import MetricId, Times, Values
from demo.building import Built
from demo.fleet import Group
from demo.logs.application import SAMPLED, SLOW
from demo.metric_store import MetricStore
from demo.noise import drift, normal, uniform
from demo.signals import Conditions, Presence, cpu, minutes_of, overlap, side_by_side
from demo.world import LogKind

ALL_RUNNING = slice(None)
LINES_A_CALL = 4.0
"""START, what the function says, END, REPORT."""
DAY = 86_400
BYTES_PER_REQUEST = 5_200.0
LAUNCH_CREDITS = 30.0
CREDITS_LOST_PER_HOUR = 0.6 * 45.0 - 6.0
"""A t2.micro earns 6 credits an hour; a credit is a minute at 100 %, and 45 % is what these instances do on average.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html"""

BY_GROUP = {
    "AWS/EC2:CPUUtilization": "Percent",
    "AWS/EC2:NetworkIn": "Bytes",
    "AWS/EC2:NetworkOut": "Bytes",
    "CWAgent:mem_used_percent": "Percent",
}
"""Metrics of instances that are kept by group too, one raw sample an instance; with their unit."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Puts what one minute after another brings into a store."""

    store: MetricStore
    times: Times

    def put(
        self,
        name: str,
        where: Mapping[str, str],
        values: Values,
        unit: str,
        *,
        counts: Values | None = None,
        minutes: slice = ALL_RUNNING,
    ) -> None:
        """Put `namespace:metric`; NaN is not sent, so it is a gap. `minutes` says which times the values are of."""
        namespace, _, metric = name.partition(":")
        times = self.times[minutes]
        if values.ndim == 1:
            sent = ~np.isnan(values)
            if not sent.all():
                times, values = times[sent], values[sent]
        if times.size:
            self.store.put(MetricId(namespace, metric, tuple(where.items())), times, values, counts, unit=unit)


def send(store: MetricStore, built: Built, now: Conditions, group: Group) -> None:
    """Put every metric of the site for the minutes of `now`."""
    sender = Sender(store, now.times)
    start, end = float(now.times[0]), float(now.times[-1]) + 60.0
    presences = group.presences(start, end)
    _instances(sender, now, built, presences)
    _group(sender, now, group)
    _requests(sender, now, built)
    _zones(sender, now, built, presences)
    _health(sender, now, built, presences)
    _pages(sender, now, built)
    _table(sender, now, built)
    _function(sender, now, built)
    _logs(sender, now, built)
    _storage(sender, now, built)


def _some(values: Values) -> Values:
    """Leave zeros out: AWS sends these counts only where there is something to count."""
    return np.where(values > 0, values, np.nan)


def _instances(sender: Sender, now: Conditions, built: Built, presences: Sequence[Presence]) -> None:
    columns: dict[str, list[tuple[slice, Values]]] = {name: [] for name in BY_GROUP}
    for presence in presences:
        minutes = minutes_of(presence.running, now.times)
        if minutes.stop <= minutes.start:
            continue
        values = _instance(now, presence, minutes)
        where = {"InstanceId": presence.instance}
        for name, (column, unit) in values.items():
            sender.put(name, where, column, unit, minutes=minutes)
        for name, kept in columns.items():
            kept.append((minutes, values[name][0]))
    for name, kept in columns.items():
        samples, counts = side_by_side(kept, now.times.size)
        where = {"AutoScalingGroupName": built.site.group.name}
        sender.put(name, where, samples, BY_GROUP[name], counts=counts)


def _instance(now: Conditions, presence: Presence, minutes: slice) -> dict[str, tuple[Values, str]]:
    percent = cpu(now, presence, minutes)
    times = now.times[minutes]
    share = overlap(presence.serving, times) / np.maximum(now.capacity[minutes], 0.05)
    requests = now.served[minutes] * np.where(now.capacity[minutes] > 0, share, 0.0)
    uneven = 1.0 + 0.04 * normal(now.source.key("net", presence.instance), times)
    surge = 1.0 + 3.0 * now.effects.surge[minutes]
    received, sent = 9_000.0 + requests * 900.0 * uneven, 7_000.0 + requests * BYTES_PER_REQUEST * uneven * surge
    hours = np.maximum(times + 60.0 - presence.running[0], 0.0) / 3600.0
    # With unlimited credits the balance may run out: a working instance is always above the 10 % baseline.
    balance = np.maximum(0.0, LAUNCH_CREDITS - hours * CREDITS_LOST_PER_HOUR)
    passed = np.zeros(times.size)  # what breaks in the stories is the program: machines pass their own checks
    return {
        "AWS/EC2:CPUUtilization": (percent, "Percent"),
        "AWS/EC2:NetworkIn": (np.rint(received), "Bytes"),
        "AWS/EC2:NetworkOut": (np.rint(sent), "Bytes"),
        "AWS/EC2:NetworkPacketsIn": (np.rint(received / 310.0), "Count"),
        "AWS/EC2:NetworkPacketsOut": (np.rint(sent / 980.0), "Count"),
        "AWS/EC2:CPUCreditBalance": (balance, "Count"),
        "AWS/EC2:CPUCreditUsage": (percent / 100.0, "Count"),
        "AWS/EC2:StatusCheckFailed": (passed, "Count"),
        "AWS/EC2:StatusCheckFailed_Instance": (passed, "Count"),
        "AWS/EC2:StatusCheckFailed_System": (passed, "Count"),
        "CWAgent:mem_used_percent": (now.memory(presence, minutes), "Percent"),
    }


def _group(sender: Sender, now: Conditions, group: Group) -> None:
    where = {"AutoScalingGroupName": group.name}
    for name, values in group_sizes(group, now.times).items():
        sender.put(f"AWS/AutoScaling:{name}", where, values, "None")


def group_sizes(group: Group, times: Times) -> dict[str, Values]:
    """Give the group's capacity as AWS/AutoScaling samples it, at the end of each minute."""
    ends = times + 59
    sizes = {name: np.zeros(times.size) for name in ("InService", "Pending", "Terminating")}
    for member in group.members:
        _count(sizes["Pending"], ends, member.launched, min(member.in_service, member.leaving))
        _count(sizes["InService"], ends, min(member.in_service, member.leaving), member.leaving)
        _count(sizes["Terminating"], ends, member.leaving, member.terminated)
    since = np.array([at.timestamp() for at, _ in group.resized] or [0.0])
    wanted = np.array([float(size) for _, size in group.resized] or [0.0])
    desired = wanted[np.maximum(np.searchsorted(since, ends, side="right") - 1, 0)]
    return {
        "GroupMinSize": np.full(times.size, float(group.minimum)),
        "GroupMaxSize": np.full(times.size, float(group.maximum)),
        "GroupDesiredCapacity": desired,
        "GroupInServiceInstances": sizes["InService"],
        "GroupPendingInstances": sizes["Pending"],
        "GroupTerminatingInstances": sizes["Terminating"],
        "GroupStandbyInstances": np.zeros(times.size),
        "GroupTotalInstances": sizes["InService"] + sizes["Pending"] + sizes["Terminating"],
    }


def _count(sizes: Values, ends: Times, since: datetime, until: datetime) -> None:
    low, high = np.searchsorted(ends, [since.timestamp(), until.timestamp()])
    sizes[low:high] += 1.0


def _requests(sender: Sender, now: Conditions, built: Built) -> None:
    balancer = {"LoadBalancer": built.load_balancer}
    targets = {"TargetGroup": built.target_group, **balancer}
    seconds, counts = now.latency()
    good = now.served - now.failed - now.rejected
    for where in (balancer, targets):
        sender.put("AWS/ApplicationELB:RequestCount", where, now.requests, "Count")
        sender.put("AWS/ApplicationELB:TargetResponseTime", where, seconds, "Seconds", counts=counts)
        sender.put("AWS/ApplicationELB:HTTPCode_Target_2XX_Count", where, _some(good), "Count")
        sender.put("AWS/ApplicationELB:HTTPCode_Target_4XX_Count", where, _some(now.rejected), "Count")
        sender.put("AWS/ApplicationELB:HTTPCode_Target_5XX_Count", where, _some(now.failed), "Count")
    sender.put("AWS/ApplicationELB:HTTPCode_ELB_5XX_Count", balancer, _some(now.refused), "Count")
    each = np.where(now.capacity > 0, now.served / np.maximum(now.capacity, 0.05), 0.0)
    for where in (targets, {"TargetGroup": built.target_group}):
        sender.put("AWS/ApplicationELB:RequestCountPerTarget", where, each, "Count")
    connections = np.rint(now.requests * 0.32)
    traffic = now.requests * BYTES_PER_REQUEST * (1.0 + 3.0 * now.effects.surge)
    # An LCU is the greatest of 25 new connections a second, 3,000 active ones, 1 GB an hour.
    # https://aws.amazon.com/elasticloadbalancing/pricing/
    units = np.maximum.reduce([connections / 60.0 / 25.0, connections * 1.4 / 3000.0, traffic * 60.0 / 1e9])
    sender.put("AWS/ApplicationELB:NewConnectionCount", balancer, connections, "Count")
    sender.put("AWS/ApplicationELB:ActiveConnectionCount", balancer, np.rint(connections * 1.4), "Count")
    sender.put("AWS/ApplicationELB:ProcessedBytes", balancer, np.rint(traffic), "Bytes")
    sender.put("AWS/ApplicationELB:ConsumedLCUs", balancer, units, "Count")


def _zones(sender: Sender, now: Conditions, built: Built, presences: Sequence[Presence]) -> None:
    """Requests by zone: of the load balancer's nodes by name resolution, of the targets by where they are."""
    balancer = {"LoadBalancer": built.load_balancer}
    tilt = 0.5 + 0.03 * drift(now.source.key("zone"), now.times, every=900)
    for number, (zone, _) in enumerate(built.zones):
        where = {"AvailabilityZone": zone, **balancer}
        share = tilt if number == 0 else (1.0 - tilt) / max(1, len(built.zones) - 1)
        sender.put("AWS/ApplicationELB:RequestCount", where, np.rint(now.requests * share), "Count")
        here = _overlaps(now.times, ((p.serving, 1.0) for p in presences if p.zone == zone))
        part = np.where(now.capacity > 0, here / np.maximum(now.capacity, 0.05), 0.0)
        targets = {"TargetGroup": built.target_group, **where}
        for name, values in (("2XX", now.served - now.failed - now.rejected), ("5XX", now.failed)):
            sender.put(
                f"AWS/ApplicationELB:HTTPCode_Target_{name}_Count", where, _some(np.rint(values * part)), "Count"
            )
        sender.put("AWS/ApplicationELB:RequestCount", targets, np.rint(now.served * part), "Count")


def _overlaps(times: Times, intervals: Iterable[tuple[tuple[float, float], float]]) -> Values:
    total = np.zeros(times.size)
    for interval, weight in intervals:
        minutes = minutes_of(interval, times)
        total[minutes] += weight * overlap(interval, times[minutes])
    return total


def _health(sender: Sender, now: Conditions, built: Built, presences: Sequence[Presence]) -> None:
    """Healthy and unhealthy targets, as found at the end of each minute."""
    targets = {"TargetGroup": built.target_group, "LoadBalancer": built.load_balancer}
    zones: list[str | None] = [None, *(zone for zone, _ in built.zones)]
    for zone in zones:
        there = [p for p in presences if zone in {None, p.zone}]
        where = targets if zone is None else {"AvailabilityZone": zone, **targets}
        healthy = _at_end(now.times, [p.serving for p in there])
        ill = _at_end(now.times, [(p.serving[1], p.left) for p in there if p.left > p.serving[1]])
        sender.put("AWS/ApplicationELB:HealthyHostCount", where, healthy, "Count")
        sender.put("AWS/ApplicationELB:UnHealthyHostCount", where, ill, "Count")


def _at_end(times: Times, intervals: Iterable[tuple[float, float]]) -> Values:
    """Count the intervals that hold at the worst instant of each minute: any that was there for half of it."""
    total = np.zeros(times.size)
    for interval in intervals:
        minutes = minutes_of(interval, times)
        total[minutes] += overlap(interval, times[minutes]) >= min(0.5, (interval[1] - interval[0]) / 120.0)
    return total


def _pages(sender: Sender, now: Conditions, built: Built) -> None:
    for page in built.site.pages:
        seconds, sent = now.page_load(page.path, page.weight)
        some = sent.any(axis=1)
        if some.all():
            sender.put("EmployeeDirectory:PageLoadTime", {"Page": page.path}, seconds, "Seconds", counts=sent)
        elif some.any():
            rest = Sender(sender.store, now.times[some])
            rest.put("EmployeeDirectory:PageLoadTime", {"Page": page.path}, seconds[some], "Seconds", counts=sent[some])


def _table(sender: Sender, now: Conditions, built: Built) -> None:
    table = built.site.table
    writes = np.floor(now.served * 0.004 + uniform(now.source.key("writes"), now.times))
    allowed = built.site.read_capacity * 60.0
    refused = now.refused_reads(built.site.read_capacity)
    _units(sender, "ConsumedReadCapacityUnits", table, np.minimum(now.reads, allowed), each=0.5)
    _units(sender, "ConsumedWriteCapacityUnits", table, writes, each=1.0)
    for name, units in (("Read", built.site.read_capacity), ("Write", built.site.write_capacity)):
        provisioned = np.full(now.times.size, float(units))
        sender.put(f"AWS/DynamoDB:Provisioned{name}CapacityUnits", {"TableName": table}, provisioned, "Count")
    for number, (operation, base) in enumerate((("GetItem", 2.1), ("Query", 4.4), ("PutItem", 3.2))):
        slots = now.times[:, None] * 16 + np.arange(5)
        spread = np.array([-1.2, -0.4, 0.2, 0.9, 2.2]) * 0.35
        values = base * np.exp(spread + 0.05 * normal(now.source.key("table", number), slots))
        where = {"TableName": table, "Operation": operation}
        sender.put("AWS/DynamoDB:SuccessfulRequestLatency", where, values, "Milliseconds", counts=np.ones_like(values))
    sender.put("AWS/DynamoDB:ThrottledRequests", {"TableName": table, "Operation": "GetItem"}, _some(refused), "Count")
    sender.put("AWS/DynamoDB:ReadThrottleEvents", {"TableName": table}, _some(refused), "Count")


def _units(sender: Sender, name: str, table: str, sums: Values, *, each: float) -> None:
    metric = MetricId("AWS/DynamoDB", name, (("TableName", table),))
    some: npt.NDArray[np.bool_] = sums > 0
    size = np.full(int(some.sum()), each)
    sender.store.put_sets(
        metric,
        sender.times[some],
        sample_count=np.maximum(1.0, np.rint(sums[some] / each)),
        sums=sums[some],
        minimum=size,
        maximum=size,
        unit="Count",
    )


def _function(sender: Sender, now: Conditions, built: Built) -> None:
    where = {"FunctionName": built.site.function}
    calls = now.calls
    ran = calls > 0
    throttled = np.floor(np.maximum(calls - 1800.0, 0.0))
    slots = now.times[:, None] * 16 + np.arange(6)
    values = 240.0 * np.exp(
        np.array([-1.3, -0.6, -0.1, 0.4, 1.0, 2.1]) * 0.45 + 0.06 * normal(now.source.key("ms"), slots)
    )
    values *= 1.0 + 9.0 * now.effects.surge[:, None]  # the runaway works on whole photos; as `demo.usage` bills it
    counts = np.maximum(0.0, np.diff(np.rint(calls[:, None] * np.linspace(0.0, 1.0, 7)), axis=1))
    sender.put("AWS/Lambda:Invocations", where, _some(calls), "Count")
    everything = {"BucketName": built.site.bucket, "FilterId": "EntireBucket"}
    sender.put("AWS/S3:PutRequests", everything, _some(calls), "Count")  # each writes one thumbnail
    sender.put("AWS/Lambda:Errors", where, np.where(ran, now.crashed, np.nan), "Count")
    sender.put("AWS/Lambda:Throttles", where, np.where(ran, throttled, np.nan), "Count")
    sender.put("AWS/Lambda:ConcurrentExecutions", where, np.where(ran, np.ceil(calls * 0.27 / 60.0), np.nan), "Count")
    if ran.any():
        rest = Sender(sender.store, now.times[ran])
        rest.put("AWS/Lambda:Duration", where, values[ran], "Milliseconds", counts=counts[ran])


def _logs(sender: Sender, now: Conditions, built: Built) -> None:
    slow, servers = now.slower(SLOW), now.capacity
    plain = now.served * (1.0 / SAMPLED + slow * (1.0 - 1.0 / SAMPLED)) + servers
    told = {
        LogKind.APPLICATION: (plain + now.failed, plain * 322.0 + now.failed * 690.0),
        LogKind.ACCESS: (now.served + servers * 12.0, now.served * 259.0 + servers * 12.0 * 130.0),
        LogKind.FUNCTION: (now.calls * LINES_A_CALL, now.calls * LINES_A_CALL * 121.0),
        LogKind.AUDIT: (np.full(now.times.size, 2.5), np.full(now.times.size, 410.0)),
    }
    for plan in built.site.log_groups:
        if plan.kind in told:
            lines, size = told[plan.kind]
            where = {"LogGroupName": plan.name}
            sender.put("AWS/Logs:IncomingLogEvents", where, _some(np.rint(lines)), "None")
            sender.put("AWS/Logs:IncomingBytes", where, _some(np.rint(size)), "Bytes")


def _storage(sender: Sender, now: Conditions, built: Built) -> None:
    """What the photos take, once a day at midnight, as S3 reports it."""
    days = now.times[now.times % DAY == 0]
    if not days.size:
        return
    # Photos come at a steady pace; the 22 a day are an ordinary directory's.
    photos = np.rint(18_400.0 + (days / DAY - 20_000.0) * 22.0 * built.site.share)
    rest = Sender(sender.store, days)
    bucket = {"BucketName": built.site.bucket}
    rest.put("AWS/S3:NumberOfObjects", {**bucket, "StorageType": "AllStorageTypes"}, photos, "Count")
    rest.put("AWS/S3:BucketSizeBytes", {**bucket, "StorageType": "StandardStorage"}, photos * 214_000.0, "Bytes")


def billing_scope(scope: Scope) -> Scope:
    """Give where an account's charges are: AWS/Billing lives in us-east-1 only."""
    return Scope(scope.account, "us-east-1")
