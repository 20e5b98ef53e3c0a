"""CloudWatch Logs: lines by filter, and lines of one stream in both directions."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from moto.core.responses import ActionResult

from demo.aws.errors import AwsError
from demo.aws.log_filters import pattern_of
from demo.aws.log_frame import LogFrame, answer, invalid
from demo.logs.block import Row
from demo.logs.book import LogGroup
from demo.logs.events import AFTER_ALL, BEFORE_ALL, Place, event_id, place_of
from demo.logs.reading import PAGE_LINES, Matching, Page, Wanted, page

STREAM_TOKEN: Final = re.compile(r"(?P<way>[fb])/(?P<id>\d{56})/s")
"""A token of GetLogEvents says its direction, and the event that it stands behind or before."""
LAST_MS: Final = 1 << 45


class LogReading(LogFrame):
    """FilterLogEvents and GetLogEvents."""

    def filter_log_events(self) -> Any:
        """Give matching lines of a group, oldest or newest first, in pages that may be partly full or empty."""
        group = self.readable("FilterLogEvents")
        asked, streams = self._question(group), self._wanted_streams()
        token = self.params.get("nextToken")
        begin, backward = None, self.params.get("startFromHead") is False
        if token:
            found = self.said(token, asked=asked)
            begin, backward = Place(found["ms"], found["number"]), bool(found["backward"])
        wanted = Wanted(
            first=self.params.get("startTime") or 0,
            last=self.params.get("endTime", LAST_MS),
            streams=streams,
            matching=matching(self.params.get("filterPattern") or ""),
            limit=self.params.get("limit") or PAGE_LINES,
        )
        seen = page(group, wanted, begin=begin, backward=backward)
        more = {}
        if seen.reached is not None:
            place = seen.reached
            more["nextToken"] = self.token(asked=asked, ms=place.milliseconds, number=place.number, backward=backward)
        return answer(events=[_filtered(group, row) for row in seen.rows], searchedLogStreams=[], **more)

    def get_log_events(self) -> Any:
        """Give lines of one stream: the newest, or the first, or those next to a token; always oldest first."""
        group = self.readable("GetLogEvents")
        stream = self.params["logStreamName"]
        span = group.streams().get(stream)
        if span is None and stream not in self.groups[group.name].streams:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        first, last = self.params.get("startTime") or 0, self.params.get("endTime", LAST_MS + 1) - 1
        token = self.params.get("nextToken")
        if span is None:
            return self._events(group, [], *self._stood(token, first, last))
        wanted = Wanted(
            first=max(first, span.first * 1000 - 60_000),
            last=min(last, span.last * 1000 + 60_000) if span.last < group.now - 60 else last,
            streams=lambda name: name == stream,
            limit=self.params.get("limit") or PAGE_LINES,
        )
        begin, backward = self._direction(token)
        seen = page(group, wanted, begin=begin, backward=backward)
        return self._turned(group, seen, token, (first, last), backward=backward)

    # --- shared -----------------------------------------------------------------------------------------------------

    def _question(self, group: LogGroup) -> str:
        """What a token of FilterLogEvents is good for: the same group, pattern, streams and times."""
        names = ("filterPattern", "logStreamNames", "logStreamNamePrefix", "startTime", "endTime")
        asked = repr((self.scope, group.name, *(self.params.get(name) for name in names)))
        return blake2b(asked.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def _wanted_streams(self) -> Callable[[str], bool] | None:
        names, prefix = self.params.get("logStreamNames"), self.params.get("logStreamNamePrefix")
        if names and prefix:
            raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
        if names:
            return frozenset(names).__contains__
        return None if prefix is None else lambda name: name.startswith(prefix)

    def _direction(self, token: str | None) -> tuple[Place | None, bool]:
        if token is None:
            return None, not self.params.get("startFromHead")
        return _place(token), token.startswith("b")

    def _turned(
        self, group: LogGroup, seen: Page, token: str | None, span: tuple[int, int], *, backward: bool
    ) -> ActionResult:
        """Give the page oldest first, with the tokens to both sides of it."""
        rows = seen.rows[::-1] if backward else seen.rows
        behind, ahead = self._stood(token, *span)
        if rows:
            behind, ahead = Place(*rows[0][:2]), Place(*rows[-1][:2])
        if seen.reached is not None:
            behind, ahead = (seen.reached, ahead) if backward else (behind, seen.reached)
        return self._events(group, rows, behind, ahead)

    def _stood(self, token: str | None, first: int, last: int) -> tuple[Place, Place]:
        """Where a page without lines leaves the two tokens: where the caller stood."""
        if token is not None:
            return _place(token), _place(token)
        edge = last if not self.params.get("startFromHead") and last < self.now_ms else first
        return Place(max(edge, 0), BEFORE_ALL), Place(max(edge, 0), BEFORE_ALL)

    def _events(self, group: LogGroup, rows: list[Row], behind: Place, ahead: Place) -> ActionResult:
        events = [{"timestamp": row[0], "message": row[3], "ingestionTime": group.ingested(row)} for row in rows]
        return answer(
            events=events,
            nextForwardToken=_stream_token("f", group.name, ahead),
            nextBackwardToken=_stream_token("b", group.name, behind),
        )


def matching(pattern: str) -> Matching | None:
    """Give what tells of each message whether it matches; None where all do. Refuses what is no pattern."""
    parsed = pattern_of(pattern)
    if not pattern.strip():
        return None
    return lambda messages: map(parsed.matches, messages)


def _filtered(group: LogGroup, row: Row) -> dict[str, Any]:
    ms, number, stream, message = row
    return {
        "logStreamName": stream,
        "timestamp": ms,
        "message": message,
        "ingestionTime": group.ingested(row),
        "eventId": event_id(group.name, ms, number),
    }


def _stream_token(way: str, group: str, place: Place) -> str:
    return f"{way}/{event_id(group, place.milliseconds, min(place.number, AFTER_ALL))}/s"


def _place(token: str) -> Place:
    found = STREAM_TOKEN.fullmatch(token)
    if found is None:
        raise invalid("The specified nextToken is invalid.")
    return place_of(found["id"])
