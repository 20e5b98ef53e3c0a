"""Sends lines to CloudWatch Logs: PutLogEvents, and the stream that they go to, made when it is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud.faults import EXPECTED, translate

MOST_LINES: Final = 10_000
MOST_BYTES: Final = 1_048_576
"""Of one call, each line counted with what CloudWatch Logs adds: `cloud.pricing.LINE_OVERHEAD`.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
NEW_STREAM: Final = "The specified log stream does not exist"

Line = tuple[int, str]
"""(epoch milliseconds, text)."""


class LinePusher:
    """Puts lines in one account and region, a call at a time. Threads may share it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def put(self, group: str, stream: str, lines: Sequence[Line]) -> int:
        """Make one call; give how many lines AWS did not take because of their age. Raises `cloud.faults.CloudError`.

        The stream is created where it is missing; the group never is: how long it keeps lines costs money.
        """
        with self._lock:
            try:
                self._client = self._client or self._make()
                return self._put(group, stream, lines)
            except EXPECTED as error:
                raise translate(error) from error

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _put(self, group: str, stream: str, lines: Sequence[Line]) -> int:
        events = [{"timestamp": ms, "message": text} for ms, text in lines]
        asked = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        try:
            answer = self._client.put_log_events(**asked)
        except ClientError as error:
            if NEW_STREAM not in str(error.response["Error"].get("Message")):
                raise
            self._client.create_log_stream(logGroupName=group, logStreamName=stream)
            answer = self._client.put_log_events(**asked)
        return _refused(answer.get("rejectedLogEventsInfo") or {}, len(lines))


def _refused(told: dict[str, int], count: int) -> int:
    old = max(told.get("tooOldLogEventEndIndex", 0), told.get("expiredLogEventEndIndex", 0))
    return old + count - told.get("tooNewLogEventStartIndex", count)
