"""Log groups with their tags, and the streams of one group. Asking is free."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import CloudError
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.log_lines import EPOCH
from core.reading import Fault, Reading, Scope

KEPT_FOR: Final = timedelta(minutes=5)
"""Groups come and go slowly, and AWS counts their bytes with delay; ours."""
TAGS_KEPT_FOR: Final = timedelta(hours=6)
"""Tags hardly ever change, and they take a call a group; ours."""
MOST_TAGS_TOGETHER: Final = 60
"""Groups whose tags one reading asks for; the next reading goes on with the others. Ours."""
STREAMS_KEPT_FOR: Final = timedelta(minutes=1)
MOST_STREAMS: Final = 200
"""Streams that one reading gives, the ones with the newest lines; four calls. A prefix finds the others."""
_THREADS: Final = 4

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LogGroup:
    """One log group."""

    scope: Scope
    name: str
    arn: str
    """Without the `:*` that some answers of AWS's add."""
    stored_bytes: int
    """As AWS counts them, with some delay. It does not say whether before or after compression."""
    retention_days: int | None
    """None: its lines are kept for ever."""
    created: datetime
    log_class: str = "STANDARD"
    """STANDARD, INFREQUENT_ACCESS, DELIVERY, or what AWS adds."""
    tags: Tags | None = None
    """None where they were not read."""

    @property
    def can_be_searched(self) -> bool:
        """Whether FilterLogEvents and Live Tail work here; other classes answer Logs Insights only, or nothing."""
        return self.log_class == "STANDARD"


@dataclass(frozen=True, slots=True)
class LogStream:
    """One stream of a group. AWS brings its times up to date within an hour or so."""

    group: str
    name: str
    first: datetime | None
    """None where AWS knows of no line."""
    last: datetime | None
    ingested: datetime | None
    created: datetime | None = None


def snapshots(store: Store) -> Snapshots[tuple[LogGroup, ...]]:
    """Give the shared readings of groups."""
    return Snapshots(store, "log groups", Reading[tuple[LogGroup, ...]])


def tag_snapshots(store: Store) -> Snapshots[Tags]:
    """Give the shared readings of groups' tags, by ARN."""
    return Snapshots(store, "log group tags", Reading[dict[str, str]])


def stream_snapshots(store: Store) -> Snapshots[tuple[LogStream, ...]]:
    """Give the shared readings of streams, by group and prefix."""
    return Snapshots(store, "log streams", Reading[tuple[LogStream, ...]])


def read(clients: Clients, scope: Scope, *, now: datetime, tags: Snapshots[Tags]) -> Reading[tuple[LogGroup, ...]]:
    """Give every group by name, with the tags that are known by now."""
    faults: list[Fault] = []
    found = [
        _group(scope, document)
        for page in pages(clients, scope, "logs", "DescribeLogGroups", faults)
        for document in page.get("logGroups", ())
    ]
    known, missing = _tags_of(clients, scope, found, tags, now)
    groups = sorted((replace(each, tags=known.get(each.arn)) for each in found), key=lambda each: each.name)
    return Reading(tuple(groups), now, (*faults, *missing))


def _tags_of(
    clients: Clients, scope: Scope, groups: list[LogGroup], kept: Snapshots[Tags], now: datetime
) -> tuple[dict[str, Tags], tuple[Fault, ...]]:
    """Give tags by ARN: those that are kept, and those of some more groups; the first refusal ends the asking."""
    held = {each.arn: kept.younger(scope, TAGS_KEPT_FOR, now=now, key=each.arn) for each in groups}
    wanted = [arn for arn, reading in held.items() if reading is None][:MOST_TAGS_TOGETHER]
    read: dict[str, Reading[Tags]] = {}
    for first in range(0, len(wanted), _THREADS):
        some = wanted[first : first + _THREADS]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="log tags") as pool:
            runs = [(copy_context(), arn) for arn in some]
            read |= dict(
                zip(some, pool.map(lambda pair: pair[0].run(_tags, clients, scope, pair[1], now), runs), strict=True)
            )
        if any(read[arn].faults for arn in some):
            break
    kept.put_all(scope, {arn: reading for arn, reading in read.items() if reading.complete})
    found = {arn: reading.value for arn, reading in (held | read).items() if reading is not None and reading.complete}
    return found, tuple(dict.fromkeys(fault for reading in read.values() for fault in reading.faults))


def _tags(clients: Clients, scope: Scope, arn: str, now: datetime) -> Reading[Tags]:
    try:
        answer = clients.read(scope, "logs", "ListTagsForResource", {"resourceArn": arn})
    except CloudError as error:
        return Reading({}, now, (error.to_fault(scope, "logs:ListTagsForResource"),))
    return Reading({str(key): str(value) for key, value in answer.get("tags", {}).items()}, now)


def read_streams(
    clients: Clients, scope: Scope, group: str, *, prefix: str, now: datetime
) -> Reading[tuple[LogStream, ...]]:
    """Give at most `MOST_STREAMS` streams of a group: those whose names begin so, else those with the newest lines."""
    faults: list[Fault] = []
    order: Mapping[str, Any] = {"logStreamNamePrefix": prefix} if prefix else _NEWEST_FIRST
    documents = (
        document
        for page in pages(clients, scope, "logs", "DescribeLogStreams", faults, logGroupIdentifier=group, **order)
        for document in page.get("logStreams", ())
    )
    found = tuple(_stream(group, document) for document in islice(documents, MOST_STREAMS))
    return Reading(found, now, tuple(faults))


_NEWEST_FIRST: Final[Mapping[str, Any]] = {"orderBy": "LastEventTime", "descending": True}


def _group(scope: Scope, document: Mapping[str, Any]) -> LogGroup:
    arn = str(document.get("logGroupArn") or document.get("arn", "")).removesuffix(":*")
    return LogGroup(
        scope,
        str(document["logGroupName"]),
        arn,
        int(document.get("storedBytes", 0)),
        document.get("retentionInDays"),
        _instant(document.get("creationTime")) or EPOCH,
        str(document.get("logGroupClass") or "STANDARD"),
    )


def _stream(group: str, document: Mapping[str, Any]) -> LogStream:
    times = (document.get(name) for name in _TIMES)
    return LogStream(group, str(document["logStreamName"]), *(_instant(each) for each in times))


_TIMES: Final = ("firstEventTimestamp", "lastEventTimestamp", "lastIngestionTime", "creationTime")


def _instant(milliseconds: object) -> datetime | None:
    return EPOCH + timedelta(milliseconds=milliseconds) if isinstance(milliseconds, int) else None
