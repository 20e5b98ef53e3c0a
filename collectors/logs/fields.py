"""The fields that Logs Insights finds in a group's lines, and in how many of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Reading, Scope

KEPT_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LogField:
    """One field."""

    name: str
    """Foreign text; begins with @ where Logs Insights makes it."""
    percent: int
    """Of the lines that were looked at, those of some minutes."""


def snapshots(store: Store) -> Snapshots[tuple[LogField, ...]]:
    """Give the shared readings of fields, by group."""
    return Snapshots(store, "log fields", Reading[tuple[LogField, ...]])


def read(
    clients: Clients, scope: Scope, group: str, *, around: datetime | None, now: datetime
) -> Reading[tuple[LogField, ...]]:
    """Give the fields of lines around an instant, without one of the last 15 minutes: the most frequent first."""
    at = {"time": int(around.timestamp())} if around is not None else {}
    try:
        answer = clients.client(scope, "logs").get_log_group_fields(logGroupIdentifier=group, **at)
    except EXPECTED as error:
        return Reading((), now, (fault_of(error, scope, "logs:GetLogGroupFields"),))
    found = [LogField(str(each["name"]), int(each.get("percent", 0))) for each in answer.get("logGroupFields", ())]
    return Reading(tuple(sorted(found, key=lambda each: (-each.percent, each.name))), now)
