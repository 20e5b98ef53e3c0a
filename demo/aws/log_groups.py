"""CloudWatch Logs: groups and streams, what they hold and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from core.series import MetricId
from core.statistics import Statistic
from demo.aws.errors import AwsError
from demo.aws.log_frame import STANDARD, LogFrame, answer, class_of, created_ms, invalid, name_of
from demo.logs import records
from demo.logs.journal import Stream
from demo.signals import MINUTE
from demo.world import LogKind

RETENTIONS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
PAGE: Final = 50
SUM: Final = Statistic.parse("Sum")


class LogGroups(LogFrame):
    """Groups, streams, retention, tags."""

    def create_log_group(self) -> Any:
        """Create as moto does, at the demo cloud's time."""
        name = self.params["logGroupName"]
        if name in self.groups:
            raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
        self.logs_backend.create_log_group(name, self.params.get("tags") or {}, kmsKeyId=self.params.get("kmsKeyId"))
        kept: Any = self.groups[name]
        kept.creation_time = self.now.astimezone(UTC).replace(tzinfo=None)
        kept.log_group_class = self.params.get("logGroupClass") or STANDARD
        return answer()

    def delete_log_group(self) -> Any:
        """Delete the group with everything in it."""
        name = self.named(self.params["logGroupName"]).name
        del self.groups[name]
        self.book.forget(name)
        return answer()

    def describe_log_groups(self) -> Any:
        """Give groups by name, by prefix or by part of the name, in pages."""
        prefix, part = self.params.get("logGroupNamePrefix"), self.params.get("logGroupNamePattern")
        if prefix and part:
            raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        wanted = {name_of(each) for each in self.params.get("logGroupIdentifiers") or ()}
        log_class = self.params.get("logGroupClass")
        found = [
            name
            for name in sorted(self.groups)
            if name.startswith(prefix or "")
            and (part or "") in name
            and (not wanted or name in wanted)
            and log_class in {None, class_of(self.groups[name])}
        ]
        names, more = self.paged(found, about="groups", most=PAGE)
        return answer(logGroups=[self._described(name) for name in names], **more)

    def describe_log_streams(self) -> Any:
        """Give a group's streams by name, or the last written first, in pages."""
        name, prefix = self.asked_name(), self.params.get("logStreamNamePrefix")
        by_time = self.params.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = [each for each in self._streams(name) if each["logStreamName"].startswith(prefix or "")]
        found.sort(
            key=lambda each: (each.get("lastEventTimestamp", 0) if by_time else 0, each["logStreamName"]),
            reverse=bool(self.params.get("descending")),
        )
        streams, more = self.paged(found, about=f"streams of {name}", most=PAGE)
        return answer(logStreams=streams, **more)

    def create_log_stream(self) -> Any:
        """Create a stream; one that is written already is there."""
        group, stream = self.named(self.params["logGroupName"]), self.params["logStreamName"]
        if stream in group.streams or stream in self.group(group.name).streams():
            raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
        group.create_log_stream(stream)
        group.streams[stream].creation_time = self.now.astimezone(UTC).replace(tzinfo=None)
        return answer()

    def delete_log_stream(self) -> Any:
        """Delete a stream with everything in it."""
        group, stream = self.named(self.params["logGroupName"]), self.params["logStreamName"]
        written = stream in self.group(group.name).streams()
        if group.streams.pop(stream, None) is None and not written:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        self.book.forget_stream(group.name, stream, now_ms=self.now_ms)
        return answer()

    def put_retention_policy(self) -> Any:
        """Keep lines for so many days; what is older is gone for good."""
        days = self.params["retentionInDays"]
        if days not in RETENTIONS:
            listed = ", ".join(map(str, RETENTIONS))
            raise invalid(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{listed}]"
            )
        kept = self.named(self.params["logGroupName"])
        self._expire(kept.name)
        kept.set_retention_policy(days)
        self._expire(kept.name)
        return answer()

    def delete_retention_policy(self) -> Any:
        """Keep lines for ever, from now on."""
        kept = self.named(self.params["logGroupName"])
        self._expire(kept.name)
        kept.set_retention_policy(None)
        return answer()

    # --- shared -----------------------------------------------------------------------------------------------------

    def _expire(self, name: str) -> None:
        self.book.expire(name, self.group(name).since)

    def _described(self, name: str) -> dict[str, Any]:
        kept = self.groups[name]
        retention = {"retentionInDays": int(kept.retention_in_days)} if kept.retention_in_days else {}
        key = {"kmsKeyId": kept.kms_key_id} if kept.kms_key_id else {}
        return {
            "logGroupName": name,
            "creationTime": created_ms(kept),
            **retention,
            "metricFilterCount": len(self.book.filters(name)),
            "arn": f"{kept.arn}:*",
            "storedBytes": self._stored(name),
            **key,
            "logGroupClass": class_of(kept),
            "logGroupArn": kept.arn,
            "deletionProtectionEnabled": False,
        }

    def _stored(self, name: str) -> int:
        """Give the bytes that the group still keeps: what came in since, as its own metric counted it."""
        group = self.group(name)
        since = max(group.since, group.created) // 60_000 * MINUTE
        first, last = group.written_span()
        if group.plan is not None and group.plan.kind is LogKind.IMPORT:
            minutes = (last - max(first, since)) // MINUTE
            return max(0, minutes) * records.IMPORTED * records.IMPORT_BYTES + group.put.stored
        end = int(group.now) // MINUTE * MINUTE
        if first >= last or end <= since:
            return group.put.stored
        metric = MetricId("AWS/Logs", "IncomingBytes", (("LogGroupName", name),))
        store = self._ground.stores.of(self.scope)
        total = store.read(metric, SUM, start=since, end=end, period=end - since)
        return int(total.values.sum())  # what was put is counted there too

    def _streams(self, name: str) -> Iterator[dict[str, Any]]:
        group, kept = self.group(name), self.groups[name]
        written = group.streams()
        for stream, made in kept.streams.items():
            if stream not in written:
                created = int(made.creation_time.replace(tzinfo=UTC).timestamp() * 1000)
                yield self._stream(kept, stream, created, None)
        for stream, span in written.items():
            yield self._stream(kept, stream, span.first * 1000, span)

    def _stream(self, kept: Any, name: str, created: int, span: Stream | None) -> dict[str, Any]:
        written = {}
        if span is not None:
            last = min(span.last * 1000, self.now_ms)
            written = {
                "firstEventTimestamp": span.first * 1000,
                "lastEventTimestamp": last,
                "lastIngestionTime": last,
                "uploadSequenceToken": f"{created:056d}",
            }
        arn = f"{kept.arn}:log-stream:{name}"
        return {"logStreamName": name, "creationTime": created, **written, "arn": arn, "storedBytes": 0}
