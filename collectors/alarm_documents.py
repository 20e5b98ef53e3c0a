"""Alarms as they are defined: AWS's own documents, for those who read definitions out of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope

KEPT_FOR: Final = timedelta(seconds=60)
"""Definitions change when people change them; ours."""
_KINDS: Final = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}

Document = Mapping[str, Any]
Documents = Reading[tuple[Document, ...]]


def snapshots(store: Store) -> Snapshots[tuple[Document, ...]]:
    """Give the shared readings of definitions."""
    return Snapshots(store, "alarm documents", Documents)


def read(clients: Clients, scope: Scope, *, now: datetime) -> Documents:
    """Give the definition of every alarm of every kind, by name; states and times are in `alarm_states`."""
    faults: list[Fault] = []
    found = [
        _definition(document)
        for page in pages(clients, scope, "cloudwatch", "DescribeAlarms", faults, AlarmTypes=list(_KINDS))
        for member in _KINDS.values()
        for document in page.get(member, ())
    ]
    return Reading(tuple(sorted(found, key=lambda document: str(document["AlarmName"]))), now, tuple(faults))


def _definition(document: Mapping[str, Any]) -> Document:
    return {
        name: value
        for name, value in document.items()
        if not name.startswith("State") and not isinstance(value, datetime)
    }
