"""Every read of logs in one place, for `collectors.sources`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cloud.clients import Clients
from collectors.logs import context, groups, metric_filters
from collectors.logs.groups import LogGroup, LogStream
from collectors.logs.history import LogHistory
from collectors.logs.live_tail import LiveTails
from collectors.logs.metric_filters import Judged, MetricFilter
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.store import LogStore
from collectors.sharing import Sharing
from collectors.store import Store
from core.log_lines import LogLine
from core.reading import Reading, Scope


class LogSources(Sharing):
    """Reads of logs, each made once for everybody. None raises for what AWS, the network or the store does."""

    def __init__(self, clients: Clients, store: Store) -> None:
        super().__init__(clients, store)
        self.log_store = LogStore(clients.settings.place)
        self._log_history = LogHistory(store, self.log_store, clients)
        self.live_tails = LiveTails(clients)
        self._log_groups = groups.snapshots(store)
        self._log_group_tags = groups.tag_snapshots(store)
        self._log_streams = groups.stream_snapshots(store)
        self._metric_filters = metric_filters.snapshots(store)

    def log_groups(self, scope: Scope, *, now: datetime) -> Reading[tuple[LogGroup, ...]]:
        """Give every log group by name."""
        read = self._read_groups
        return self._shared("log groups", self._log_groups, scope, now, read, (), fresh=groups.KEPT_FOR)

    def _read_groups(self, scope: Scope, now: datetime) -> Reading[tuple[LogGroup, ...]]:
        return groups.read(self.clients, scope, now=now, tags=self._log_group_tags)

    def log_streams(
        self, scope: Scope, group: str, *, prefix: str = "", now: datetime
    ) -> Reading[tuple[LogStream, ...]]:
        """Give the streams with the newest lines, or those whose names begin with `prefix`."""

        def read() -> Reading[tuple[LogStream, ...]]:
            key = f"{group}\n{prefix}"
            with self._lock(f"log streams {key}", scope):
                found = self._log_streams.younger(scope, groups.STREAMS_KEPT_FOR, now=now, key=key)
                if found is None:
                    found = groups.read_streams(self.clients, scope, group, prefix=prefix, now=now)
                    if found.complete:
                        self._log_streams.put(scope, found, key=key)
            return found

        return self._calmly(f"streams of {group} {prefix}", scope, read, (), now=now)

    def log_lines(self, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
        """Give the newest matching lines as far as they are known; asking again reads on."""
        return self._log_history.read(question, now)

    def log_context(
        self, scope: Scope, line: LogLine, *, before: int, after: int, now: datetime
    ) -> Reading[tuple[LogLine, ...]]:
        """Give what the line's stream said before and after it, oldest first, the line among them."""
        held = self._log_history.context(scope, line, before=before, after=after)
        if held is not None:
            return Reading(held, now)
        return context.read(self.clients, scope, line, before=before, after=after, now=now)

    def metric_filters(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricFilter, ...]]:
        """Give the metric filters of every group."""
        read, kept = self._read_filters, self._metric_filters
        return self._shared("metric filters", kept, scope, now, read, (), fresh=metric_filters.KEPT_FOR)

    def _read_filters(self, scope: Scope, now: datetime) -> Reading[tuple[MetricFilter, ...]]:
        return metric_filters.read(self.clients, scope, "", now=now)

    def filter_verdict(self, scope: Scope, pattern: str, messages: Sequence[str], *, now: datetime) -> Reading[Judged]:
        """Give what AWS says of lines held against a pattern, at most fifty; free."""
        return metric_filters.judge(self.clients, scope, pattern, messages, now=now)
