"""How much memory functions have: what their running time is billed by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope

KEPT_FOR: Final = timedelta(hours=1)
"""Memory changes with a release of the function."""

Memory = Mapping[str, int]
"""Megabytes by the function's name."""


def snapshots(store: Store) -> Snapshots[Memory]:
    """Give the shared readings of functions' memory."""
    return Snapshots(store, "functions", Reading[dict[str, int]])


def read(clients: Clients, scope: Scope, *, now: datetime) -> Reading[Memory]:
    """Give the memory of every function."""
    faults: list[Fault] = []
    found = {
        str(function["FunctionName"]): int(function["MemorySize"])
        for page in pages(clients, scope, "lambda", "ListFunctions", faults)
        for function in page.get("Functions", ())
        if "MemorySize" in function
    }
    return Reading(found, now, tuple(faults))
