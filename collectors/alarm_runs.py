"""What an alarm did: each action that CloudWatch ran for it or could not run, and each change of its definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cloud.clients import Clients
from collectors.alarm_states import HISTORY_REACH
from collectors.paging import pages
from core.reading import Fault, Reading, Scope
from core.timespan import utc

MOST_ITEMS: Final = 500
"""Items of one alarm that are read, the newest; ours."""
_TYPES: Final = ("Action", "ConfigurationUpdate")


@dataclass(frozen=True, slots=True)
class AlarmRun:
    """Something that happened to an alarm beside its changes of state. Texts are foreign."""

    at: datetime
    kind: str
    """`Action` or `ConfigurationUpdate`, as AWS spells it."""
    summary: str
    """AWS's sentence."""
    failed: bool = False
    action: str = ""
    """ARN of what was run; empty where history does not say."""
    error: str = ""
    """Why it could not run, in AWS's words."""


def read(clients: Clients, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[AlarmRun, ...]]:
    """Give what AWS remembers of one alarm's actions and definitions, newest first."""
    faults: list[Fault] = []
    found: list[AlarmRun] = []
    for kind in _TYPES:
        found += _of_kind(clients, scope, name, kind, now, faults)
    return Reading(tuple(sorted(found, key=lambda run: run.at, reverse=True)), now, tuple(faults))


def _of_kind(
    clients: Clients, scope: Scope, name: str, kind: str, now: datetime, faults: list[Fault]
) -> list[AlarmRun]:
    found: list[AlarmRun] = []
    for page in pages(
        clients,
        scope,
        "cloudwatch",
        "DescribeAlarmHistory",
        faults,
        AlarmName=name,
        HistoryItemType=kind,
        StartDate=now - HISTORY_REACH,
        EndDate=now,
        ScanBy="TimestampDescending",
    ):
        found += [run_of(item) for item in page["AlarmHistoryItems"]]
        if len(found) >= MOST_ITEMS:
            break
    return found


def run_of(item: Mapping[str, Any]) -> AlarmRun:
    """Read one item: its data is JSON text, and its summary says the same for people."""
    summary = str(item.get("HistorySummary", ""))
    try:
        data = json.loads(item.get("HistoryData") or "{}")
    except (ValueError, RecursionError):
        data = {}
    data = data if isinstance(data, dict) else {}
    failed = data.get("actionState") == "Failed" or summary.startswith("Failed to execute action")
    return AlarmRun(
        utc(item["Timestamp"]),
        str(item.get("HistoryItemType", "Action")),
        summary,
        failed,
        str(data.get("notificationResource") or ""),
        str(data.get("error") or summary) if failed else "",
    )
