"""What a stream said before and after one of its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from core.log_lines import LogLine
from core.reading import Fault, Reading, Scope

MOST: Final = 1_000
"""Lines on one side that a reading gives; ours."""
CALLS: Final = 4
"""Calls on one side: a page may be empty though there is more."""
OPERATION: Final = "logs:GetLogEvents"


def read(
    clients: Clients, scope: Scope, line: LogLine, *, before: int, after: int, now: datetime
) -> Reading[tuple[LogLine, ...]]:
    """Give lines of the stream, oldest first, `line` among them: so many before it and so many after it."""
    faults: list[Fault] = []
    earlier = list(_lines(clients, scope, line, min(before, MOST) + 1, faults, forward=False))
    later = list(_lines(clients, scope, line, min(after, MOST) + 1, faults, forward=True))
    older, newer = _apart(line, earlier[::-1], later)
    found = (*older[max(0, len(older) - before) :], line, *newer[:after])
    return Reading(found, now, tuple(dict.fromkeys(faults)))


def _lines(
    clients: Clients, scope: Scope, line: LogLine, wanted: int, faults: list[Fault], *, forward: bool
) -> Iterator[LogLine]:
    """Give lines from the line's own millisecond on, away from it: all of that millisecond, and `wanted` more."""
    found = 0
    for event in _events(clients, scope, line, wanted, faults, forward=forward):
        same = int(event["timestamp"]) == line.milliseconds
        found += not same
        if found > wanted:
            return
        yield LogLine(
            int(event["timestamp"]),
            line.group,
            line.stream,
            str(event.get("message", "")),
            ingested=event.get("ingestionTime"),
        )


def _events(
    clients: Clients, scope: Scope, line: LogLine, wanted: int, faults: list[Fault], *, forward: bool
) -> Iterator[Mapping[str, Any]]:
    """Give events of several pages. The stream's end is where the token stays as it is."""
    at = {"startTime": line.milliseconds} if forward else {"endTime": line.milliseconds + 1}
    params: dict[str, Any] = {"logGroupIdentifier": line.group, "logStreamName": line.stream, **at}
    params |= {"startFromHead": forward, "limit": min(10_000, wanted + 100)}
    token = ""
    for _ in range(CALLS):
        try:
            more = {"nextToken": token} if token else {}
            answer = clients.client(scope, "logs").get_log_events(**params, **more)
        except EXPECTED as error:
            faults.append(fault_of(error, scope, OPERATION))
            return
        events = answer.get("events", ())
        yield from events if forward else reversed(events)
        ahead = str(answer.get("nextForwardToken" if forward else "nextBackwardToken") or "")
        if not ahead or ahead == token:
            return
        token = ahead


def _apart(line: LogLine, earlier: list[LogLine], later: list[LogLine]) -> tuple[list[LogLine], list[LogLine]]:
    """Give the lines before and after `line`. Both lists hold its millisecond, and the line itself once each."""
    place = next((n for n, each in enumerate(later) if _is_same(each, line)), None)
    if place is None:  # it is gone, or beyond what was read: by time then
        return [each for each in earlier if each.milliseconds < line.milliseconds], later
    instant = [each for each in later if each.milliseconds == line.milliseconds]
    older = [each for each in earlier if each.milliseconds < line.milliseconds]
    return [*older, *instant[:place]], later[place + 1 :]


def _is_same(one: LogLine, other: LogLine) -> bool:
    return (one.milliseconds, one.message) == (other.milliseconds, other.message)
