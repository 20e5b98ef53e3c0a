"""Reads what usage is counted from, once for everybody, and AWS's own estimated charges; all of it is free."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.database import DatabaseDownError
from collectors import counts, functions, scaling, spend
from collectors.counts import Counted
from collectors.functions import Memory
from collectors.query import MetricQuery
from collectors.sources import CloudSources
from core.money import Money
from core.reading import Fault, Reading, Scope, joined_faults
from core.series import MetricId
from core.timespan import Timespan, from_epoch

CHARGES: Final = MetricId("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),))
"""Month to date, before credits, every six hours or so; only where billing alerts are switched on.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html"""
_CHARGES_PERIOD: Final = 3600
_CHARGES_REACH: Final = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Charge:
    """AWS's own estimate of the month's charges, as it was at an instant."""

    at: datetime
    total: Money


class Counting:
    """Counts of usage, by account and region. Safe to share between threads."""

    def __init__(self, sources: CloudSources) -> None:
        self._sources = sources
        self._kept = counts.snapshots(sources.store)
        self._memory = functions.snapshots(sources.store)
        self._every = counts.REFRESHES * timedelta(seconds=sources.clients.settings.refresh_seconds)
        self._lock = threading.Lock()

    def counts(self, scope: Scope, *, now: datetime) -> Reading[Counted]:
        """Give what was used this month, counted ten minutes ago at most by default. Faults are in the counts too."""
        try:
            with self._lock:
                return self._kept.younger(scope, self._every, now=now) or self._counted(scope, now)
        except DatabaseDownError as error:
            fault = error.to_fault(scope, "counting what is used")
            month, lately = counts.spans(now)
            return Reading(Counted(month, lately, (), counts.NEVER_COUNTED), now, (fault,))

    def charges(self, account: str, *, now: datetime) -> Reading[tuple[Charge, ...]]:
        """Give AWS's estimated charges of this month and the last, oldest first."""
        query = MetricQuery(
            spend.billing(account), CHARGES, "Maximum", _CHARGES_PERIOD, Timespan.last(_CHARGES_REACH, now=now)
        )
        reading = self._sources.metrics([query], now=now)
        series = reading.value.get(query)
        points = zip(series.times.tolist(), series.values.tolist(), strict=True) if series is not None else ()
        charges = tuple(Charge(from_epoch(time), Money(Decimal(repr(value)))) for time, value in points)
        return Reading(charges, reading.at, reading.faults)

    def _counted(self, scope: Scope, now: datetime) -> Reading[Counted]:
        found = self._read(scope, now)
        self._kept.put(scope, found)
        return found

    def _read(self, scope: Scope, now: datetime) -> Reading[Counted]:
        inventory = self._sources.inventory(scope, now=now)
        activities = self._sources.activities(scope, now=now)
        known = self._sources.known_metrics(scope, now=now)
        meters = counts.meters(scope, inventory.value, known.value, now=now)
        metrics = self._sources.metrics(meters.queries, now=now)
        memory = self._functions(scope, now) if meters.takes_memory else Reading[Memory]({}, now)
        used = meters.read(metrics.value, memory.value, failed=not metrics.complete)
        faults: tuple[Fault, ...] = joined_faults((inventory, activities, known, metrics, memory))
        gone = scaling.within(self._sources.store, scope, counts.spans(now)[0])
        counted = counts.count(scope, inventory.value, gone, known.value, used, faults=faults, now=now)
        return Reading(counted, now, faults)

    def _functions(self, scope: Scope, now: datetime) -> Reading[Memory]:
        found = self._memory.younger(scope, functions.KEPT_FOR, now=now)
        if found is None:
            found = functions.read(self._sources.clients, scope, now=now)
            if found.complete:
                self._memory.put(scope, found)
        return found
