"""What was used of what AWS bills, counted out of what is collected anyway: inventory, activities and free metrics.

Everything is counted since the month began, and in the newest quarter of an hour beside it, which says what things
cost now. What nobody can count this way is listed with its reason; it is never taken for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.caps import month_of
from cloud.pricing import GIGABYTE
from collectors.inventory import Inventory, LoadBalancer
from collectors.metered import SLOT, Meters, Used
from collectors.scaling import Activity
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope
from core.series import MetricId
from core.timespan import Timespan, from_epoch
from core.usage import Count, Uncounted

REFRESHES: Final = 10
"""Counts are made this many times as rarely as charts are read: each series that is counted takes a request."""
LATELY: Final = timedelta(minutes=15)
"""The newest stretch that says what things cost now."""
PUBLISHED: Final = timedelta(minutes=1)
"""How long after its end a minute may come."""
_HOUR: Final = Decimal(3600)
_ENDING: Final = "Terminating EC2 instance"
_LAUNCHING: Final = "Launching a new EC2 instance"
_BILLED_STATES: Final = frozenset({"running", "shutting-down", "stopping"})

NEVER_COUNTED: Final = (
    Uncounted("Data sent to the internet and between zones", "No free metric says where bytes went."),
    Uncounted("Volumes, snapshots and addresses", "They are not read."),
    Uncounted("Requests to buckets without request metrics", "S3 counts them only where those are switched on."),
    Uncounted("CloudWatch requests of others", "AWS tells only the bill."),
    Uncounted("Support, tax, the Marketplace and every service not named here", "They are not read."),
)
"""What no reading of ours can count."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one account and region."""

    month: Timespan
    """From the month's begin to the instant up to which was counted."""
    lately: Timespan
    counts: tuple[Count, ...]
    uncounted: tuple[Uncounted, ...]


def snapshots(store: Store) -> Snapshots[Counted]:
    """Give the shared counts."""
    return Snapshots(store, "counts", Reading[Counted])


def spans(now: datetime) -> tuple[Timespan, Timespan]:
    """Give the month up to `now`, and the newest stretch of which every datapoint should be there."""
    end = from_epoch(int((now - PUBLISHED).timestamp()) // SLOT * SLOT)
    start = month_of(now).start
    return Timespan(start, max(now, start + timedelta(seconds=1))), Timespan(end - LATELY, end)


def count(
    scope: Scope,
    inventory: Inventory,
    activities: Iterable[Activity],
    known: Iterable[MetricId],
    used: Used,
    *,
    faults: Iterable[Fault] = (),
    now: datetime,
) -> Counted:
    """Count what one account and region used. Pure: everything was read before, and `faults` say what was not."""
    month, lately = spans(now)
    counter = _Counter(scope, month, lately)
    hours = tuple(counter.instances(inventory, activities))
    metered, unread = counter.metered(used)
    counts = [
        *(found for found in hours if isinstance(found, Count)),
        *counter.balancers(inventory.load_balancers),
        *metered,
        *counter.custom_metrics(inventory, known),
    ]
    uncounted = [found for found in hours if isinstance(found, Uncounted)]
    unread += [Uncounted(fault.what, fault.message) for fault in faults]
    return Counted(month, lately, tuple(counts), tuple(dict.fromkeys([*uncounted, *unread, *NEVER_COUNTED])))


@dataclass(frozen=True, slots=True)
class _Counter:
    scope: Scope
    month: Timespan
    lately: Timespan

    def instances(self, inventory: Inventory, activities: Iterable[Activity]) -> Iterator[Count | Uncounted]:
        """Count the hours of instances by type: those that run since they were launched, those that are gone too."""
        listed = {each.id: each for each in inventory.instances}
        kinds = _kinds(inventory)
        for each in inventory.instances:
            if each.state in _BILLED_STATES and each.launched_at is not None:
                yield self._hours(f"BoxUsage:{each.kind}", each.id, each.launched_at, self.month.end)
            elif each.state == "stopped":
                yield Uncounted(f"Hours of {each.id} before it was stopped", "AWS does not list when it ran.")
        for life in _lives(activities, self.month):
            known = listed.get(life.instance)
            if known is not None and known.state in _BILLED_STATES:
                continue
            kind = known.kind if known is not None else kinds.get(life.group, "")
            start = (known.launched_at if known is not None else None) or life.start
            if kind:
                yield self._hours(f"BoxUsage:{kind}", life.instance, start, life.end)
            else:
                yield Uncounted(f"Hours of {life.instance}", "It is gone, and its group has no instance to go by.")

    def balancers(self, found: Iterable[LoadBalancer]) -> Iterator[Count]:
        """Count hours; those of gateway load balancers in every zone that they are in, as AWS charges them."""
        for each in found:
            start = each.created_at or self.month.start
            for _ in range(max(1, len(each.zones)) if each.kind == "gateway" else 1):
                yield self._hours(f"LoadBalancerUsage:{each.kind}", each.name, start, self.month.end)

    def metered(self, used: Used) -> tuple[list[Count], list[Uncounted]]:
        """Turn what metrics say into the units of the bill."""
        hours_of_month = Decimal(month_of(self.month.start).seconds) / _HOUR
        counts = []
        for each in used.amounts:
            factor = _FACTORS.get(each.usage_type, Decimal(1))
            if each.usage_type == "TimedStorage-ByteHrs":
                factor /= hours_of_month
            month, lately = each.month * factor, each.lately * factor
            counts.append(Count(each.usage_type, self.scope.region, each.thing, month, lately))
        missing = list(used.uncounted)
        if used.first is not None and used.first > self.month.start + timedelta(days=1):
            missing.append(
                Uncounted(f"What was used before {used.first:%d %B}", "No metric of this place goes back that far.")
            )
        return counts, missing

    def custom_metrics(self, inventory: Inventory, known: Iterable[MetricId]) -> Iterator[Count]:
        """Count the metrics that are not AWS's own, as if they were there all month; of gone instances none."""
        there = {each.id for each in inventory.instances if each.state in _BILLED_STATES}
        number = sum(
            not metric.namespace.startswith("AWS/") and metric.dimension_map.get("InstanceId") in {None, *there}
            for metric in known
        )
        if number:
            whole = month_of(self.month.start).seconds
            month, lately = (Decimal(number * span.seconds) / whole for span in (self.month, self.lately))
            yield Count("CW:MetricMonitorUsage", self.scope.region, "custom metrics", month, lately)

    def _hours(self, usage_type: str, thing: str, start: datetime, end: datetime) -> Count:
        month, lately = (_overlap(start, end, span) for span in (self.month, self.lately))
        return Count(usage_type, self.scope.region, thing, month, lately)


_FACTORS: Final[Mapping[str, Decimal]] = {
    "DataProcessing-Bytes": 1 / Decimal(GIGABYTE),
    "TimedStorage-ByteHrs": 1 / Decimal(GIGABYTE),
}
"""What turns a metric's unit into the bill's."""


def _overlap(start: datetime, end: datetime, span: Timespan) -> Decimal:
    """Give how many hours of `span` lie between two instants; never negative."""
    seconds = (min(end, span.end) - max(start, span.start)).total_seconds()
    return Decimal(max(0, int(seconds))) / _HOUR


@dataclass(frozen=True, slots=True)
class _Life:
    """When an instance of a group was there that has left it."""

    instance: str
    group: str
    start: datetime
    end: datetime


def _lives(activities: Iterable[Activity], month: Timespan) -> Iterator[_Life]:
    """Pair launches with terminations. What was launched before activities reach was there when the month began."""
    launched: dict[str, datetime] = {}
    ended: dict[str, Activity] = {}
    for each in activities:
        if each.instance_id is None or each.failed:
            continue
        if each.description.startswith(_LAUNCHING):
            launched[each.instance_id] = each.started_at
        elif each.description.startswith(_ENDING):
            ended[each.instance_id] = each
    for instance, each in ended.items():
        end = each.ended_at or month.end
        yield _Life(instance, each.group, min(launched.get(instance, month.start), end), end)


def _kinds(inventory: Inventory) -> Mapping[str, str]:
    """Give the instance type of groups whose members are all of one."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in inventory.instances:
        if each.group is not None:
            found[each.group].add(each.kind)
    return {group: next(iter(kinds)) for group, kinds in found.items() if len(kinds) == 1}


def meters(scope: Scope, inventory: Inventory, known: Sequence[MetricId], *, now: datetime) -> Meters:
    """Give the metrics that are counted for one account and region."""
    month, lately = spans(now)
    return Meters.of(scope, inventory.load_balancers, known, month=month, lately=lately)
