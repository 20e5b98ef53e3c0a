"""Estimated charges as AWS/Billing has them: month to date, every six hours, in us-east-1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from core.series import MetricId, Times, Values
from core.timespan import from_epoch
from demo.building import Built
from demo.emission import billing_scope
from demo.metric_store import Stores
from demo.story import COURSES, Story, Telling

EVERY: Final = 6 * 3600
"""Seconds. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html"""

RATES: Final = {
    "AmazonEC2": 2.6 * 0.0116 + 0.0225 + 0.008,
    "AmazonDynamoDB": 60 * 0.00013 + 10 * 0.00065,
    "AWSLambda": 0.0004,
    "AmazonS3": 0.0011,
    "AmazonCloudWatch": 0.0019,
    "AmazonSNS": 0.0,
}
"""Dollars an hour of an ordinary day, by AWS's service name. us-east-1, November 2026."""

SURGE: Final = {"AWSLambda": 4.2, "AmazonS3": 0.9, "AmazonEC2": 0.6}
"""Dollars an hour more while the runaway function is at full effect."""


def send_charges(stores: Stores, built: Built, tellings: Sequence[Telling], *, start: int, end: int) -> None:
    """Put the charges published from `start` up to `end`, epoch seconds."""
    times = np.arange(-(-start // EVERY) * EVERY, end, EVERY, dtype=np.int64)
    if not times.size:
        return
    store = stores.of(billing_scope(built.scope))
    total = np.zeros(times.size)
    for service, rate in RATES.items():
        charged = built.site.share * rate * _hours(times) + SURGE.get(service, 0.0) * _surged(tellings, times)
        total += charged
        dimensions = (("Currency", "USD"), ("ServiceName", service))
        store.put(MetricId("AWS/Billing", "EstimatedCharges", dimensions), times, np.round(charged, 2), unit="None")
    store.put(
        MetricId("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),)), times, np.round(total, 2), unit="None"
    )


def _hours(times: Times) -> Values:
    return np.array([(t - _month(t)) / 3600.0 for t in times.tolist()])


def _surged(tellings: Iterable[Telling], times: Times) -> Values:
    """Give the hours of full surge from the beginning of the month until each time."""
    hours = np.zeros(times.size)
    for telling in tellings:
        if telling.story is Story.COST_SURGE:
            for place, time in enumerate(times.tolist()):
                hours[place] += _effective(telling, _month(time), time)
    return hours


def _effective(telling: Telling, start: float, end: float) -> float:
    first = max(start, telling.at.timestamp())
    last = min(end, telling.ends.timestamp(), telling.at.timestamp() + COURSES[telling.story].duration.total_seconds())
    minutes = np.arange(int(first), int(last), 60, dtype=np.int64)
    return float(telling.effect(minutes).sum()) / 60.0 if minutes.size else 0.0


def _month(time: float) -> float:
    day = from_epoch(time)
    return datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()
