"""CloudWatch Logs: Live Tail. Lines that come in are sent once a second, for three hours at most.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from moto.core.responses import ActionResult

from demo.aws.errors import Answer, AwsError, Protocol
from demo.aws.event_stream import event, exception
from demo.aws.log_frame import LogFrame, invalid
from demo.aws.log_reading import matching
from demo.insights.queries import Queries
from demo.logs.block import Row
from demo.logs.book import LogGroup
from demo.logs.reading import Matching
from demo.serving import EVENT_STREAM

UPDATE_SECONDS: Final = 1.0
MOST_LINES: Final = 500
"""Of one update; of more a sample is sent."""
LONGEST: Final = timedelta(hours=3)
SESSIONS: Final = 15
"""At a time. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
MOST_GROUPS: Final = 10
LOOKBACK_SECONDS: Final = 120
"""How late a line may come in and still be sent."""


class Streamed(ActionResult):
    """An answer that goes on."""

    def __init__(self, events: Iterator[bytes]) -> None:
        super().__init__({})
        self.events = events


class LogTail(LogFrame):
    """StartLiveTail."""

    def start_live_tail(self) -> Any:
        """Begin a session; what it sends begins with the lines that come in from now on."""
        identifiers = self.params["logGroupIdentifiers"]
        if len(identifiers) > MOST_GROUPS:
            raise invalid(f"At most {MOST_GROUPS} log groups can be tailed.")
        names, prefixes = self.params.get("logStreamNames"), self.params.get("logStreamNamePrefixes")
        if names and prefixes:
            raise invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
        if (names or prefixes) and len(identifiers) > 1:
            raise invalid("Log streams can be chosen for one log group only.")
        for each in identifiers:
            self.refuse_class(self.named(each), "StartLiveTail")
        match = matching(self.params.get("logEventFilterPattern") or "")
        if self.book.tails >= SESSIONS:
            raise AwsError("LimitExceededException", f"Maximum number of Live Tail sessions [{SESSIONS}] reached.")
        return Streamed(self._session(identifiers, _chosen(names, prefixes), match))

    def _written(self, result: ActionResult | str, operation: Any, protocol: Protocol) -> Answer:
        if isinstance(result, Streamed):
            return 200, {"Content-Type": EVENT_STREAM}, result.events  # type: ignore[return-value]
        return super()._written(result, operation, protocol)

    def _session(
        self, identifiers: Sequence[str], chosen: Callable[[str], bool] | None, match: Matching | None
    ) -> Iterator[bytes]:
        """Give a session's events, and wait between them."""
        self.book.tails += 1
        began = self.now
        try:
            yield event("initial-response", {})
            yield event("sessionStart", self._beginning())
            tails = [_Tail(self.group(each), each, chosen, match) for each in identifiers]
            while self.now < began + LONGEST:
                threading.Event().wait(UPDATE_SECONDS)
                found = [line for tail in tails for line in tail.news(self.group(tail.identifier))]
                found.sort(key=lambda line: int(line["ingestionTime"]))
                metadata = {"sampled": len(found) > MOST_LINES}
                kept = found[:: -(-len(found) // MOST_LINES) or 1]
                yield event("sessionUpdate", {"sessionMetadata": metadata, "sessionResults": kept})
            yield exception("SessionTimeoutException", "The Live Tail session has timed out.")
        except AwsError as error:  # a group was deleted meanwhile
            yield exception("SessionStreamingException", str(error.message))
        finally:
            self.book.tails -= 1

    def _beginning(self) -> dict[str, Any]:
        names = ("logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes")
        return {
            "requestId": Queries.identity(self.scope, "request", self.now_ms),
            "sessionId": Queries.identity(self.scope, "session", self.now_ms, self.book.tails),
            "logEventFilterPattern": self.params.get("logEventFilterPattern") or "",
            **{name: self.params.get(name) or [] for name in names},
        }


class _Tail:
    """What one group has sent to a session."""

    def __init__(
        self, group: LogGroup, identifier: str, chosen: Callable[[str], bool] | None, match: Matching | None
    ) -> None:
        self.identifier = identifier
        self._chosen, self._match = chosen, match
        self._seen = {row[:2] for row in _late(group)}

    def news(self, group: LogGroup) -> Iterator[dict[str, Any]]:
        """Give the lines that came in since the last time."""
        rows = [row for row in _late(group) if row[:2] not in self._seen]
        self._seen = {row[:2] for row in _late(group)}
        if self._chosen is not None:
            rows = [row for row in rows if self._chosen(row[2])]
        if self._match is not None:
            rows = [row for row, fits in zip(rows, self._match([row[3] for row in rows]), strict=True) if fits]
        for row in rows:
            yield {
                "logGroupIdentifier": self.identifier,
                "logStreamName": row[2],
                "message": row[3],
                "timestamp": row[0],
                "ingestionTime": group.ingested(row),
            }


def _late(group: LogGroup) -> list[Row]:
    """Give the lines of the last two minutes."""
    now_ms = int(group.now * 1000)
    first = now_ms - LOOKBACK_SECONDS * 1000
    return [row for minute in group.minutes(first, now_ms) for row in group.rows(minute) if row[0] >= first]


def _chosen(names: Sequence[str] | None, prefixes: Sequence[str] | None) -> Callable[[str], bool] | None:
    if names:
        return frozenset(names).__contains__
    return None if not prefixes else lambda name: name.startswith(tuple(prefixes))
