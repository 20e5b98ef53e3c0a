"""A log group on a loopback endpoint: lines that come late, pages that may be empty, and a count of what was given."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collectors.logs import spans
from collectors.logs.history import SETTLING
from core.filter_pattern import parse

NOW: Final = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GROUP: Final = "/directory/application"


@dataclass(frozen=True, slots=True)
class Event:
    """A line, and the millisecond from which on AWS knows it."""

    at: int
    stream: str
    message: str
    number: int
    arrives: int

    @property
    def id(self) -> str:
        return f"{self.at:013}{self.number:06}"


def minutes_ago(minutes: float, *, now: datetime = NOW) -> int:
    return spans.milliseconds(now - timedelta(minutes=minutes))


class Group:
    """Answers FilterLogEvents as AWS words it. `a_page` lines a page; every `empty`th page holds none."""

    def __init__(self, events: Sequence[Event], *, a_page: int = 10, empty: int = 0) -> None:
        self.events = sorted(events, key=lambda event: (event.at, event.id))
        self.a_page = a_page
        self.empty = empty
        self.now = NOW
        self.failing: tuple[int, Mapping[str, Any]] | None = None
        self.forgetful = False
        """Tokens are not known any more."""
        self.pages = 0
        self.given: Counter[tuple[str, str]] = Counter()
        """How often each settled line was given, by the search that asked."""
        self.given_though_held: set[tuple[str, str]] = set()
        """Settled lines that a narrower search brought though they were held."""
        self.held: list[spans.Span] = []
        """Settled spans of which every line is held."""

    def visible(self) -> list[Event]:
        return [event for event in self.events if event.arrives <= spans.milliseconds(self.now)]

    def __call__(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if self.failing is not None:
            failing, self.failing = self.failing, None
            return failing
        assert {"logGroupIdentifier", "startTime", "endTime", "limit", "startFromHead"} <= set(request)
        place = json.loads(base64.b64decode(request["nextToken"])) if "nextToken" in request else None
        if place is not None and self.forgetful:
            return 400, {"__type": "InvalidParameterException", "message": "The specified nextToken is invalid."}
        self.pages += 1
        found = self._matching(request)
        rest = [event for event in found if place is None or _is_beyond(event, place, forward=request["startFromHead"])]
        if self.empty and self.pages % self.empty == 0:
            return 200, {"events": [], "nextToken": _token(place or _BEFORE[request["startFromHead"]])}
        page = rest[: min(self.a_page, request["limit"])]
        self._count(request, page)
        more = {"nextToken": _token([page[-1].at, page[-1].id])} if len(rest) > len(page) else {}
        return 200, {"events": [_document(event) for event in page], **more}

    def _matching(self, request: Mapping[str, Any]) -> list[Event]:
        pattern = parse(request.get("filterPattern", ""))
        streams = request.get("logStreamNames")
        found = [
            event
            for event in self.visible()
            if request["startTime"] <= event.at <= request["endTime"]
            and (not streams or event.stream in streams)
            and pattern.matches(event.message)
        ]
        return found if request["startFromHead"] else found[::-1]

    def _count(self, request: Mapping[str, Any], page: Sequence[Event]) -> None:
        search = f"{request.get('filterPattern', '')} {sorted(request.get('logStreamNames', ()))}"
        settled = spans.milliseconds(self.now - SETTLING)
        for event in page:
            if event.at < settled:
                self.given[search, event.id] += 1
                if any(low <= event.at < high for low, high in self.held):
                    self.given_though_held.add((search, event.id))


_BEFORE: Final = {True: [-1, ""], False: [2**53, ""]}
"""A place before the first page, by direction."""


def _is_beyond(event: Event, place: Sequence[Any], *, forward: bool) -> bool:
    key = [event.at, event.id]
    return key > list(place) if forward else key < list(place)


def _token(place: Sequence[Any]) -> str:
    return base64.b64encode(json.dumps(list(place)).encode()).decode()


def _document(event: Event) -> Mapping[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.at,
        "message": event.message,
        "ingestionTime": event.arrives,
        "eventId": event.id,
    }
