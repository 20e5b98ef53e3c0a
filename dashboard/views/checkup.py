"""What the doctor says of a draft: the evidence that the workbench has read already, and nothing bought for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alarms.doctor import Directory, Evidence, Live, Neighbours, watched_of
from alarms.kinds import Alarm
from collectors.inventory import Inventory
from core.delivery import Topic
from core.reading import Scope, Unknown
from core.series import Series
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
    metrics: Directory | Unknown,
    neighbours: Neighbours | Unknown,
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
        metrics=metrics,
        histories={} if watched is None or series is None else {watched: series},
        resources=inventory if isinstance(inventory, Unknown) else things(inventory),
        topics=topics,
        neighbours=neighbours,
        live=live,
    )
