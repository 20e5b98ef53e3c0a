"""FilterLogEvents, a page at a time: the newest lines first, and what each page leaves of the span.

A page holds up to 10,000 lines or 1 MB, or none at all: an empty page with a token only says that AWS has looked
through some of its data. What is left is told by the last line's time, and the token goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from cloud.clients import Clients
from collectors.logs import spans
from collectors.logs.question import LogQuestion
from core.log_lines import LogLine

MOST_A_PAGE: Final = 10_000
"""Source: botocore's model of FilterLogEvents."""
NEWEST_FIRST_SINCE: Final = spans.milliseconds(datetime(2024, 1, 1, tzinfo=UTC))
"""Where a search begins before this, AWS gives the oldest lines first only. Source: the same, `startFromHead`."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a search stands: the milliseconds `[start, end)` are left of it."""

    start: int
    end: int
    token: str = ""
    """AWS's own mark of the place; empty at the beginning."""
    backward: bool = True
    """From the newest line to the oldest."""

    @property
    def left(self) -> spans.Span:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Page:
    """What one call brought."""

    lines: tuple[LogLine, ...]
    walk: Walk | None
    """Where to go on; None where nothing is left."""


def begin(span: spans.Span) -> Walk:
    """Begin a search at the end of `span`; what is too old for that waits for a search of its own."""
    start, end = span
    if start >= NEWEST_FIRST_SINCE:
        return Walk(start, end)
    if end > NEWEST_FIRST_SINCE:
        return Walk(NEWEST_FIRST_SINCE, end)
    return Walk(start, end, backward=False)


def read(clients: Clients, question: LogQuestion, walk: Walk, *, most: int = MOST_A_PAGE) -> Page:
    """Make one call. Raises what botocore raises."""
    params: dict[str, Any] = {
        "logGroupIdentifier": question.group,
        "startTime": walk.start,
        "endTime": walk.end - 1,  # AWS gives what happened in this millisecond too
        "limit": max(1, min(most, MOST_A_PAGE)),
        "startFromHead": not walk.backward,
    }
    if question.pattern:
        params["filterPattern"] = question.pattern
    if question.streams:
        params["logStreamNames"] = list(question.streams)
    if walk.token:
        params["nextToken"] = walk.token
    answer = clients.client(question.scope, "logs").filter_log_events(**params)
    lines = tuple(_line(question.group, event) for event in answer.get("events", ()))
    token = str(answer.get("nextToken") or "")
    return Page(lines, _ahead(walk, lines, token) if token else None)


def _ahead(walk: Walk, lines: Sequence[LogLine], token: str) -> Walk:
    """Give what is left. Lines of the last millisecond may follow, so that one is left too.

    An endpoint that knows nothing of `startFromHead` goes forward: its lines say so. Those of one millisecond say
    nothing, so that all of the span is left with them.
    """
    first, last = (lines[0].milliseconds, lines[-1].milliseconds) if lines else (0, 0)
    if first == last:
        return replace(walk, token=token)
    if first < last or not walk.backward:
        return Walk(max(walk.start, last), walk.end, token, backward=False)
    return Walk(walk.start, min(walk.end, last + 1), token)


def _line(group: str, event: Mapping[str, Any]) -> LogLine:
    return LogLine(
        int(event["timestamp"]),
        group,
        str(event.get("logStreamName", "")),
        str(event.get("message", "")),
        str(event.get("eventId", "")),
        event.get("ingestionTime"),
    )
