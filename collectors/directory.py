"""Which metrics there are, for search."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope
from core.series import MetricId

KEPT_FOR: Final = timedelta(minutes=5)
"""A new metric shows in ListMetrics within fifteen minutes anyway, and each 500 metrics are a request."""

Metrics = Reading[tuple[MetricId, ...]]


def snapshots(store: Store) -> Snapshots[tuple[MetricId, ...]]:
    """Give the shared readings of the directory."""
    return Snapshots(store, "directory", Metrics)


def read(clients: Clients, scope: Scope, *, now: datetime) -> Metrics:
    """Give every metric that reported in the last two weeks, sorted."""
    faults: list[Fault] = []
    found = {
        MetricId(
            metric["Namespace"],
            metric["MetricName"],
            tuple((pair["Name"], pair["Value"]) for pair in metric.get("Dimensions", ())),
        )
        for page in pages(clients, scope, "cloudwatch", "ListMetrics", faults)
        for metric in page["Metrics"]
    }
    return Reading(tuple(sorted(found)), now, tuple(faults))


def search(metrics: tuple[MetricId, ...], words: str, *, most: int = 200) -> tuple[MetricId, ...]:
    """Give metrics that hold every word in namespace, name or dimensions, in their order, at most `most`."""
    wanted = words.casefold().split()
    found = (metric for metric in metrics if all(word in str(metric).casefold() for word in wanted))
    return tuple(metric for metric, _ in zip(found, range(most), strict=False))
