"""Keeps our calls below AWS's limits a second, so that the account's other users are not throttled because of us.

One pacer for all threads of a process. Each account, region and operation has a bucket of tokens of its own: a slow
operation never holds up a fast one. A call that AWS throttles halves its bucket's rate, which then grows back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.faults import Crowded

CLOUDWATCH_QUOTAS: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"
LOGS_QUOTAS: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"

OUR_SHARE: Final = 0.8
"""The part of each limit that we use; the rest is for the account's other users and tools."""
BURST_SECONDS: Final = 1.0
"""Calls of this much time may leave at once."""
LONGEST_WAIT: Final = 10.0
"""Seconds a call waits for its turn. One that would wait longer is not made, and says so."""
LEAST_SHARE: Final = 1 / 16
"""Throttled again and again, this part of the rate is left."""
RECOVERY_SECONDS: Final = 60.0
"""From nothing the rate would be whole again after this long without throttling."""
HALVING_SECONDS: Final = 1.0
"""Answers that throttle within this long of each other count once: they left at one rate."""

CALLS_A_SECOND: Final[Mapping[tuple[str, str], float]] = {
    ("cloudwatch", "GetMetricData"): 50,
    ("cloudwatch", "GetMetricStatistics"): 400,
    ("cloudwatch", "ListMetrics"): 25,
    ("cloudwatch", "PutMetricData"): 500,
    ("cloudwatch", "DescribeAlarms"): 9,
    ("cloudwatch", "DescribeAlarmHistory"): 3,
    ("cloudwatch", "PutMetricAlarm"): 3,
    ("cloudwatch", "SetAlarmState"): 3,
    ("logs", "FilterLogEvents"): 5,
    ("logs", "GetLogEvents"): 25,
    ("logs", "DescribeLogGroups"): 10,
    ("logs", "DescribeLogStreams"): 25,
}
"""Requests a second for an account and region. What is not here has no published limit, and is not paced. Source:
CLOUDWATCH_QUOTAS and LOGS_QUOTAS."""
FRESH_DATAPOINTS: Final = 180_000
"""Datapoints of GetMetricData a second where StartTime is at most three hours old. Source: CLOUDWATCH_QUOTAS."""
OLD_DATAPOINTS: Final = 396_000
"""The same where it is older. Source: CLOUDWATCH_QUOTAS."""
FRESH: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one call takes of one limit."""

    limit: str
    """Name of the limit."""
    a_second: float
    """What AWS allows."""
    amount: float = 1.0


def demands(service: str, operation: str, params: Mapping[str, Any], *, now: datetime) -> tuple[Demand, ...]:
    """Give what a call takes of the limits that it falls under; nothing where none is published."""
    a_second = CALLS_A_SECOND.get((service, operation))
    if a_second is None:
        return ()
    calls = Demand(operation, a_second)
    start, end = params.get("StartTime"), params.get("EndTime")
    if operation != "GetMetricData" or not (isinstance(start, datetime) and isinstance(end, datetime)):
        return (calls,)
    seconds = max(0.0, (end - start).total_seconds())
    periods = (query.get("MetricStat", query).get("Period") for query in params.get("MetricDataQueries", ()))
    amount = sum(seconds // (period or 60) for period in periods)
    if now - start <= FRESH:
        return calls, Demand("fresh datapoints", FRESH_DATAPOINTS, amount)
    return calls, Demand("datapoints", OLD_DATAPOINTS, amount)


class Bucket:
    """Tokens of one limit. It says how long to wait and never waits itself. Not safe to share without a lock."""

    def __init__(self, a_second: float, *, at: float) -> None:
        self._full = a_second * OUR_SHARE
        self._capacity = max(1.0, self._full * BURST_SECONDS)
        self._tokens = self._capacity
        self._at = at
        self._share = 1.0
        self._halved = at - HALVING_SECONDS

    def wait(self, amount: float, *, at: float) -> float:
        """Give the seconds until `amount` may leave.

        More than the bucket holds is let through when it is full, and those who follow wait for it to be made up.
        """
        self._refill(at)
        return max(0.0, (min(amount, self._capacity) - self._tokens) / (self._full * self._share))

    def take(self, amount: float) -> None:
        """Reserve the turn that `wait` told last."""
        self._tokens -= amount

    def throttled(self, *, at: float) -> None:
        """Halve the rate, and let nothing more leave at once."""
        self._refill(at)
        if at - self._halved < HALVING_SECONDS:
            return
        self._halved = at
        self._share = max(LEAST_SHARE, self._share / 2)
        self._tokens = min(self._tokens, 0.0)

    def _refill(self, at: float) -> None:
        passed = max(0.0, at - self._at)
        self._at = max(self._at, at)
        self._tokens = min(self._capacity, self._tokens + passed * self._full * self._share)
        self._share = min(1.0, self._share + passed / RECOVERY_SECONDS)


Place = tuple[str, str, str]
"""Account, region and service: AWS counts for each of them apart."""


class Pacer:
    """The buckets of one process. Safe to share between threads; they wait their turns without holding the lock."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[tuple[Place, str], Bucket] = {}

    def wait(self, place: Place, wanted: tuple[Demand, ...]) -> None:
        """Wait until the call may leave; `Crowded`, and no turn taken, where that is more than `LONGEST_WAIT` away."""
        if not wanted:
            return
        with self._lock:
            at = self._clock()
            turns = [(self._bucket(place, demand, at), demand) for demand in wanted]
            longest = max(bucket.wait(demand.amount, at=at) for bucket, demand in turns)
            if longest > LONGEST_WAIT:
                raise Crowded(" and ".join(_our_part(demand) for demand in wanted))
            for bucket, demand in turns:
                bucket.take(demand.amount)
        if longest:
            self._sleep(longest)

    def throttled(self, place: Place, operation: str) -> None:
        """Note that AWS throttled a call: the next ones of its kind leave at half the rate."""
        a_second = CALLS_A_SECOND.get((place[2], operation))
        if a_second is not None:
            with self._lock:
                at = self._clock()
                self._bucket(place, Demand(operation, a_second), at).throttled(at=at)

    def _bucket(self, place: Place, demand: Demand, at: float) -> Bucket:
        key = (place, demand.limit)
        if key not in self._buckets:
            self._buckets[key] = Bucket(demand.a_second, at=at)
        return self._buckets[key]


def _our_part(demand: Demand) -> str:
    noun = "datapoints" if demand.limit.endswith("datapoints") else "calls"
    return f"{demand.a_second * OUR_SHARE:g} {noun} a second are our part of AWS's limit"
