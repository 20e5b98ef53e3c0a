"""CloudWatch Logs: PutLogEvents. Lines are kept, counted, filtered into metrics, and may hold metrics themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np

from core.series import MetricId
from core.timespan import from_epoch
from demo import observed
from demo.aws.errors import AwsError
from demo.aws.log_frame import LogFrame, answer, invalid
from demo.logs.book import size_of
from demo.logs.embedded import observations
from demo.logs.filters import count
from demo.signals import MINUTE

BATCH_BYTES: Final = 1_048_576
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
DAY_MS: Final = 86_400_000
OLDEST: Final = timedelta(days=14)
NEWEST: Final = timedelta(hours=2)
INGESTED: Final = ("AmazonCloudWatch", "DataProcessing-Bytes")

Event = tuple[int, str]
"""(milliseconds, message)."""


class LogWriting(LogFrame):
    """PutLogEvents."""

    def put_log_events(self) -> Any:
        """Take in a batch for a stream; what is too old or too new is told, and the rest kept."""
        kept, stream = self.named(self.params["logGroupName"]), self.params["logStreamName"]
        group = self.group(kept.name)
        if stream not in kept.streams and stream not in group.streams():
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        given = [(int(event["timestamp"]), str(event["message"])) for event in self.params["logEvents"]]
        _check(given)
        taken, rejected = self._sorted_out(given, expired=group.since)
        self.book.put(kept.name, stream, taken, now_ms=self.now_ms)
        self._measure(kept.name, taken)
        self._forward(kept, stream, taken)
        told = {"rejectedLogEventsInfo": rejected} if rejected else {}
        return answer(nextSequenceToken=f"{self.now_ms:056d}", **told)

    def _sorted_out(self, given: Sequence[Event], *, expired: int) -> tuple[list[Event], dict[str, int]]:
        """Give what is kept, and from where to where the batch is not; the events are in the order of time."""
        oldest = self.now_ms - int(OLDEST.total_seconds() * 1000)
        newest = self.now_ms + int(NEWEST.total_seconds() * 1000)
        old = sum(ms < oldest for ms, _ in given)
        gone = sum(ms < expired for ms, _ in given) if expired > oldest else 0
        new = sum(ms > newest for ms, _ in given)
        rejected = {}
        if old:
            rejected["tooOldLogEventEndIndex"] = old
        if gone:
            rejected["expiredLogEventEndIndex"] = gone
        if new:
            rejected["tooNewLogEventStartIndex"] = len(given) - new
        return list(given[max(old, gone) : len(given) - new]), rejected

    def _measure(self, name: str, taken: Sequence[Event]) -> None:
        """Count what came in, run the group's metric filters over it, and take out the metrics that it holds."""
        if not taken:
            return
        size = sum(size_of(message) for _, message in taken)
        self._ground.bills.taps.add(self.scope, INGESTED, size / 1e9, at=self.now)
        store, second = self._ground.stores.of(self.scope), np.array([int(self.now.timestamp())])
        for metric, value, unit in (("IncomingLogEvents", len(taken), "None"), ("IncomingBytes", size, "Bytes")):
            where = MetricId("AWS/Logs", metric, (("LogGroupName", name),))
            store.put(where, second, np.array([float(value)]), unit=unit)
        filters = self.book.filters(name)
        for minute in sorted({ms // 60_000 * MINUTE for ms, _ in taken}) if filters else ():
            rows = [(ms, 0, "", message) for ms, message in taken if ms // 60_000 * MINUTE == minute]
            count(self._ground, self.scope, filters, rows, minute=minute, at=self.now)
        for ms, message in taken:
            for found in observations(message, milliseconds=ms):
                observed.put(
                    self._ground,
                    self.scope,
                    found.metric,
                    found.values,
                    second=int(from_epoch(found.milliseconds // 1000).timestamp()),
                    at=self.now,
                    unit=found.unit,
                    counts=found.counts,
                    resolution=found.resolution,
                )

    def _forward(self, kept: Any, stream: str, taken: Sequence[Event]) -> None:
        """Send the lines to the group's subscriptions, which are moto's; the lines themselves are kept by us."""
        if kept.subscription_filters and stream in kept.streams:
            moto_stream = kept.streams[stream]
            moto_stream.put_log_events([{"timestamp": ms, "message": message} for ms, message in taken])
            moto_stream.events.clear()


def _check(given: Sequence[Event]) -> None:
    times = [ms for ms, _ in given]
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > DAY_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    sizes = [size_of(message) for _, message in given]
    if max(sizes) > BATCH_BYTES:
        raise invalid(f"Log event too large: {max(sizes)} bytes exceeds limit of {BATCH_BYTES}")
    if sum(sizes) > BATCH_BYTES:
        raise invalid(f"Upload too large: {sum(sizes)} bytes exceeds limit of {BATCH_BYTES}")
