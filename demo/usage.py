"""What is used in the demo cloud, hour by hour: the fleet's hours, traffic and storage, and every call to the endpoint.

Before the fleet's own fifteen days its size follows from the demand, so that six months need no rehearsal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np

from alarms.kinds import CompositeAlarm
from core.reading import Scope
from core.series import Times, Values
from core.timespan import from_epoch
from demo.alarm_book import Entry
from demo.fleet import Group
from demo.signals import REQUESTS_PER_UNIT, RUNAWAY_CALLS, UPLOADS, Source
from demo.story import Story, Telling
from demo.world import Site

HOUR: Final = 3600
Key = tuple[str, str]
"""(service code, usage type), as in `demo.tariff`."""

COMFORTABLE: Final = 0.6
"""Load at which the fleet of the paper past is kept."""
VOLUME_GB: Final = 8.0
ANSWER_GB: Final = 2_000 / 1e9
"""What one answered request sends to the internet."""
REQUESTS_AN_LCU: Final = 25 * HOUR
"""New connections that one load-balancer capacity unit holds. https://aws.amazon.com/elasticloadbalancing/pricing/"""
FUNCTION_GB_SECONDS: Final = 0.256 * 0.27
RUNAWAY_GB_SECONDS: Final = 1.024 * 2.7
"""The runaway function works on whole photos, and ten times as long."""
LINE_GB: Final = 320 / 1e9
PHOTO_GB: Final = 214_000 / 1e9


class Taps:
    """Calls counted at the endpoint and alarms counted each hour: usage that no formula knows."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[tuple[Scope, Key], Counter[int]] = {}

    def add(self, scope: Scope, key: Key, quantity: float, *, at: datetime) -> None:
        """Count `quantity` of a usage type in the hour of `at`."""
        with self._lock:
            hours = self._counts.setdefault((scope, key), Counter())
            hours[int(at.timestamp()) // HOUR] += quantity  # type: ignore[assignment]

    def read(self, hours: Times) -> dict[tuple[Scope, Key], Values]:
        """Give what was counted in each of `hours` (numbers of hours since 1970)."""
        with self._lock:
            return {
                where: np.array([float(counted.get(hour, 0)) for hour in hours.tolist()])
                for where, counted in self._counts.items()
            }


def metrics_of(queries: Sequence[Mapping[str, object]]) -> int:
    """Count what GetMetricData bills: up to five statistics of one metric once; an expression not at all."""
    statistics: Counter[str] = Counter()
    for query in queries:
        stat = query.get("MetricStat")
        if isinstance(stat, Mapping):
            statistics[repr((query.get("AccountId"), stat.get("Metric")))] += 1
    return sum(-(-count // 5) for count in statistics.values())


@dataclass(slots=True)
class Premises:
    """One site as its bill sees it."""

    site: Site
    source: Source
    group: Group
    tellings: Callable[[], Sequence[Telling]]
    """The incidents of this site, now."""
    alarms: Sequence[Entry] = ()
    """Those there were from the beginning."""
    rehearsed: int = 0
    """The hour from which the group's own members are known."""
    living: int = 0
    """The hour from which alarms are counted each hour."""
    _demand: dict[int, float] = field(default_factory=dict)

    def read(self, hours: Times) -> dict[Key, Values]:
        """Give how much of each usage type was used in each of `hours`."""
        demand = self._requests(hours)
        machines = self._machines(hours)
        surge = self._surge(hours)
        uploads = np.floor(demand * UPLOADS)
        runaway = RUNAWAY_CALLS * 60.0 * surge
        month = _hours_of_month(hours)
        photos = 18_400.0 + (hours / 24 - 20_000.0) * 22.0 * self.site.share
        one = np.ones(hours.size)
        lines = demand * 2.1 + runaway * 0.5
        return {
            ("AmazonEC2", "BoxUsage:t2.micro"): machines,
            ("AmazonEC2", "EBS:VolumeUsage.gp3"): machines * VOLUME_GB / month,
            ("AWSDataTransfer", "DataTransfer-Out-Bytes"): demand * ANSWER_GB,
            ("AWSELB", "LoadBalancerUsage"): one,
            ("AWSELB", "LCUUsage"): demand / REQUESTS_AN_LCU,
            ("AmazonDynamoDB", "ReadCapacityUnit-Hrs"): one * self.site.read_capacity,
            ("AmazonDynamoDB", "WriteCapacityUnit-Hrs"): one * self.site.write_capacity,
            ("AWSLambda", "Request"): uploads + runaway,
            ("AWSLambda", "Lambda-GB-Second"): uploads * FUNCTION_GB_SECONDS + runaway * RUNAWAY_GB_SECONDS,
            ("AmazonS3", "Requests-Tier1"): uploads + runaway,
            ("AmazonS3", "TimedStorage-ByteHrs"): np.maximum(photos, 0.0) * PHOTO_GB / month,
            ("AmazonCloudWatch", "CW:MetricMonitorUsage"): len(self.site.pages) / month,
            ("AmazonCloudWatch", "DataProcessing-Bytes"): lines * LINE_GB,
            **{key: np.where(hours < self.living, count / month, 0.0) for key, count in alarm_kinds(self.alarms)},
        }

    def _requests(self, hours: Times) -> Values:
        """Requests of each hour, without incidents; what the hour's middle sees."""
        missing = [hour for hour in hours.tolist() if hour not in self._demand]
        if missing:
            middles = np.array(missing, np.int64) * HOUR + HOUR // 2
            self._demand.update(zip(missing, self.source.demand(middles).tolist(), strict=True))
        demand: Values = np.array([self._demand[hour] for hour in hours.tolist()])
        return np.rint(demand * REQUESTS_PER_UNIT * 60)

    def _machines(self, hours: Times) -> Values:
        needed = np.ceil(self._requests(hours) / (REQUESTS_PER_UNIT * 60 * COMFORTABLE))
        machines = np.clip(needed, self.site.group.minimum, self.site.group.maximum)
        known = hours >= self.rehearsed
        starts = hours[known] * HOUR
        if starts.size:
            spent = np.zeros(starts.size)
            for presence in self.group.presences(float(starts[0]), float(starts[-1]) + HOUR):
                first, last = presence.running
                spent += np.clip(np.minimum(last, starts + HOUR) - np.maximum(first, starts), 0, HOUR)
            machines[known] = spent / HOUR
        return np.asarray(machines, np.float64)

    def _surge(self, hours: Times) -> Values:
        """Share of each hour in which the function ran away at full effect."""
        found = np.zeros(hours.size)
        for telling in self.tellings():
            if telling.story is not Story.COST_SURGE:
                continue
            first, last = int(telling.at.timestamp()) // HOUR, int(telling.ends.timestamp()) // HOUR
            for place in np.flatnonzero((hours >= first) & (hours <= last)).tolist():
                minutes = np.arange(hours[place] * HOUR + 30, (hours[place] + 1) * HOUR, 60, dtype=np.int64)
                found[place] += float(telling.effect(minutes).mean())
        return found


def alarm_kinds(entries: Sequence[Entry]) -> list[tuple[Key, int]]:
    """Count alarms as they are billed."""
    composite = sum(isinstance(entry.definition, CompositeAlarm) for entry in entries)
    return [
        (("AmazonCloudWatch", "CW:AlarmMonitorUsage"), len(entries) - composite),
        (("AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage"), composite),
    ]


def hours_in_month(at: datetime) -> float:
    """Give how many hours the month of `at` has; an alarm that is there all month is one of it."""
    following = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1, day=1)
    return (following - at.replace(day=1)).days * 24.0


def _hours_of_month(hours: Times) -> Values:
    """Give hours_in_month of each hour."""
    days, where = np.unique(hours // 24, return_inverse=True)
    sizes: Values = np.array([hours_in_month(from_epoch(day * 86_400)) for day in days.tolist()])
    return sizes[where]
