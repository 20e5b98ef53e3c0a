"""Scaling activities: what an Auto Scaling group did, why, which alarm asked for it, and whether it failed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope
from core.timespan import Timespan, utc

REACH: Final = timedelta(weeks=6)
"""How far back DescribeScalingActivities remembers. Source: its API reference."""
SHOWN: Final = 200
"""Activities in one reading; the store has the others."""
MOST_STORED: Final = 10_000
"""Activities looked through for a span."""
FAILURES: Final = frozenset({"Failed", "Cancelled"})
_RUNNING_AT_MOST: Final = timedelta(hours=2)
"""Activities younger than this may still change, so they are read again."""

_ALARM: Final = re.compile(
    r"monitor alarm (?P<alarm>.+?) in state (?P<state>\w+) triggered policy (?P<policy>.+?)(?:\.| changing)"
)
_CAPACITY: Final = re.compile(r"capacity from (\d+) to (\d+)")
_INSTANCE: Final = re.compile(r"\bi-[0-9a-f]{8,17}\b")


@dataclass(frozen=True, slots=True)
class Activity:
    """One scaling activity."""

    id: str
    group: str
    """The Auto Scaling group's name."""
    started_at: datetime
    ended_at: datetime | None
    status: str
    """AWS's status code: Successful, Failed, Cancelled, InProgress, WaitingForELBConnectionDraining, …"""
    description: str
    cause: str
    """AWS's sentences; foreign text, because policies and alarms are named by people."""
    alarm: str | None
    """The alarm that asked for it; None where a person or a health check did."""
    policy: str | None
    instance_id: str | None
    zone: str | None
    capacity: tuple[int, int] | None
    """(before, after), where the cause says so."""
    message: str | None
    """Why it failed, in AWS's words."""
    progress: int = 0

    @property
    def failed(self) -> bool:
        return self.status in FAILURES

    @property
    def running(self) -> bool:
        return self.ended_at is None


Activities = Reading[tuple[Activity, ...]]


def snapshots(store: Store) -> Snapshots[tuple[Activity, ...]]:
    """Give the shared readings of scaling activities."""
    return Snapshots(store, "activities", Activities)


def read(clients: Clients, scope: Scope, *, now: datetime, since: datetime | None = None) -> Activities:
    """Give the activities started after `since` (by default all that AWS remembers), newest first."""
    faults: list[Fault] = []
    begin = since or now - REACH
    found: list[Activity] = []
    for page in pages(clients, scope, "autoscaling", "DescribeScalingActivities", faults, IncludeDeletedGroups=True):
        activities = [from_response(document) for document in page["Activities"]]
        found += [activity for activity in activities if activity.started_at >= begin]
        if activities and min(activity.started_at for activity in activities) < begin:
            break
    return Reading(tuple(sorted(found, key=_newest_first)), now, tuple(faults))


def read_through(clients: Clients, scope: Scope, *, now: datetime, store: Store) -> Activities:
    """Give the newest activities, newest first: the finished ones from the store, the rest from AWS."""
    known = {activity.id: activity for activity in _stored(store, scope, SHOWN)}
    running = [a.started_at for a in known.values() if a.running and now - a.started_at < _RUNNING_AT_MOST]
    newest = max((activity.started_at for activity in known.values()), default=None)
    since = min([*running, newest]) - timedelta(minutes=5) if newest else None
    reading = read(clients, scope, now=now, since=since)
    known |= {activity.id: activity for activity in reading.value}
    _keep(store, scope, reading.value)
    return Reading(tuple(sorted(known.values(), key=_newest_first))[:SHOWN], now, reading.faults)


def within(store: Store, scope: Scope, span: Timespan) -> tuple[Activity, ...]:
    """Give the stored activities that started in `span`, newest first."""
    return tuple(activity for activity in _stored(store, scope, MOST_STORED) if activity.started_at in span)


def from_response(document: Mapping[str, Any]) -> Activity:
    """Read one activity as AWS gives it."""
    cause, description = document.get("Cause", ""), document.get("Description", "")
    details = _details(document.get("Details"))
    alarm = _ALARM.search(cause)
    instance = _INSTANCE.search(description)
    capacity = _CAPACITY.search(cause)
    ended = document.get("EndTime")
    return Activity(
        id=document["ActivityId"],
        group=document["AutoScalingGroupName"],
        started_at=utc(document["StartTime"]),
        ended_at=utc(ended) if ended else None,
        status=document["StatusCode"],
        description=description,
        cause=cause,
        alarm=_invoking(details) or (alarm["alarm"] if alarm else None),
        policy=alarm["policy"] if alarm else None,
        instance_id=instance.group() if instance else None,
        zone=details.get("Availability Zone"),
        capacity=(int(capacity[1]), int(capacity[2])) if capacity else None,
        message=document.get("StatusMessage") or None,
        progress=int(document.get("Progress", 0)),
    )


def _details(text: str | None) -> dict[str, Any]:
    """Read `Details`, which is JSON text; AWS promises no shape, so any other is empty."""
    try:
        document = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _invoking(details: Mapping[str, Any]) -> str | None:
    """Give the invoking alarm's name out of `Details`, where AWS writes `InvokingAlarms`."""
    alarms = details.get("InvokingAlarms")
    first = alarms[0] if isinstance(alarms, list) and alarms else None
    name = first.get("AlarmName") if isinstance(first, dict) else None
    return str(name) if name else None


def _newest_first(activity: Activity) -> tuple[float, str]:
    return -activity.started_at.timestamp(), activity.id


# -- the store --------------------------------------------------------------------------------------------------------


def _stored(store: Store, scope: Scope, newest: int) -> list[Activity]:
    one: Snapshots[Activity] = Snapshots(store, "activity", Reading[Activity])
    return [reading.value for reading in one.every(scope, newest=newest)]


def _keep(store: Store, scope: Scope, activities: tuple[Activity, ...]) -> None:
    one: Snapshots[Activity] = Snapshots(store, "activity", Reading[Activity])
    one.put_all(scope, {activity.id: Reading(activity, activity.started_at) for activity in activities})
