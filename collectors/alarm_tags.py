"""Tags of alarms: a call an alarm, so they are read only of those that are asked about, and kept for long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Final

from cloud.clients import Clients
from cloud.faults import CloudError
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Reading, Scope

KEPT_FOR: Final = timedelta(hours=6)
"""Tags hardly ever change, and those that are changed here are read again at once; ours."""
THREADS: Final = 4
"""AWS allows few calls a second."""

Tags = Mapping[str, str]


def snapshots(store: Store) -> Snapshots[Tags]:
    """Give the shared readings of tags, by the alarm's ARN."""
    return Snapshots(store, "alarm tags", Reading[dict[str, str]])


def read(clients: Clients, scope: Scope, arns: Iterable[str], *, now: datetime) -> Mapping[str, Reading[Tags]]:
    """Give the tags of each alarm by its ARN; one whose tags could not be read has none, and a fault says so."""
    wanted = sorted(set(arns))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="tags") as pool:
        # Each thread books its calls to the feature that asked, so it needs the caller's context.
        runs = [(copy_context(), arn) for arn in wanted]
        found = pool.map(lambda pair: pair[0].run(_tags, clients, scope, pair[1], now), runs)
        return dict(zip(wanted, found, strict=True))


def _tags(clients: Clients, scope: Scope, arn: str, now: datetime) -> Reading[Tags]:
    try:
        answer = clients.read(scope, "cloudwatch", "ListTagsForResource", {"ResourceARN": arn})
    except CloudError as error:
        return Reading({}, now, (error.to_fault(scope, "cloudwatch:ListTagsForResource"),))
    return Reading({str(tag["Key"]): str(tag["Value"]) for tag in answer.get("Tags", ())}, now)
