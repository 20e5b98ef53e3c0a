"""What views of logs read from: the part of `dashboard.views.sources.Sources` that is about logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from collectors.logs.groups import LogGroup, LogStream
from collectors.logs.metric_filters import Judged, MetricFilter
from collectors.logs.question import LogAnswer, LogQuestion
from core.log_lines import LogLine
from core.reading import Reading, Scope


class LogReads(Protocol):
    """Every read of logs. All may take seconds; none raises for what AWS or the network does."""

    def log_groups(self, scope: Scope, *, now: datetime) -> Reading[tuple[LogGroup, ...]]:
        """Give every log group by name."""

    def log_streams(
        self, scope: Scope, group: str, *, prefix: str = "", now: datetime
    ) -> Reading[tuple[LogStream, ...]]:
        """Give the streams with the newest lines, or those whose names begin with `prefix`."""

    def log_lines(self, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
        """Give the newest matching lines as far as they are known; asking again reads on."""

    def log_context(
        self, scope: Scope, line: LogLine, *, before: int, after: int, now: datetime
    ) -> Reading[tuple[LogLine, ...]]:
        """Give what the line's stream said before and after it, oldest first, the line among them."""

    def metric_filters(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricFilter, ...]]:
        """Give the metric filters of every group."""

    def filter_verdict(self, scope: Scope, pattern: str, messages: Sequence[str], *, now: datetime) -> Reading[Judged]:
        """Give what AWS says of lines held against a pattern, at most fifty; free."""
