"""What the doctor says of a draft: the evidence that the workbench has read already, and nothing bought for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from alarms.doctor import Directory, Evidence, Live, Neighbours, watched_of
from alarms.kinds import Alarm
from collectors.inventory import Inventory
from core.delivery import Topic
from core.reading import Reading, Scope, Unknown
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.views.evidence import things
from dashboard.wording import ALARM, INFO, WARNING, Look

LOOKS: Mapping[str, Look] = {"broken": ALARM, "weak": WARNING, "waste": INFO}
"""Sign and colour of each severity."""


def evidence(
    scope: Scope,
    *,
    at: datetime,
    span: Timespan,
    alarm: Alarm,
    series: Series | None,
    metrics: Iterable[MetricId] | Unknown,
    neighbours: Iterable[Alarm] | Unknown,
    inventory: Inventory | Unknown,
    topics: Mapping[str, Topic | Unknown | None],
) -> Evidence:
    """Give what is known when a draft is examined; what was not read is unknown."""
    watched = watched_of(alarm)
    live: Mapping[str, Live] = {}
    return Evidence(
        scope=scope,
        at=at,
        span=span,
        metrics=metrics if isinstance(metrics, Unknown) else Directory.of(metrics),
        histories={} if watched is None or series is None else {watched: series},
        resources=inventory if isinstance(inventory, Unknown) else things(inventory),
        topics=topics,
        neighbours=neighbours if isinstance(neighbours, Unknown) else Neighbours.of(neighbours),
        live=live,
    )


def whole(reading: Reading[Inventory]) -> Inventory | Unknown:
    """Give an inventory that was read as a whole; of part of one nobody can say what is gone."""
    return reading.value if reading.complete else Unknown("part of it could not be read")
