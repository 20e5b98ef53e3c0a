"""What views of logs read from: the part of `dashboard.views.sources.Sources` that is about logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from collectors.logs.fields import LogField
from collectors.logs.groups import LogGroup, LogStream
from collectors.logs.insights import InsightsQuery, ScanQuote
from collectors.logs.live_tail import LiveTailQuote, LiveTailView
from collectors.logs.metric_filters import Judged, MetricFilter
from collectors.logs.queries import SavedQuery
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.runs import Rows, Run
from core.log_lines import LogLine
from core.reading import Reading, Scope


class InsightsDesk(Protocol):
    """Everything that is done with Logs Insights. Nothing raises for what AWS or the network does."""

    def quote(self, query: InsightsQuery, *, now: datetime) -> Reading[ScanQuote]:
        """Say what a query scans and costs, and whether the caps allow it; asking is free."""

    def ask(self, quoted: ScanQuote, *, by: str, now: datetime) -> Reading[Run | None]:
        """Put a query into the queue whose price somebody has accepted."""

    def runs(self, scope: Scope, *, now: datetime) -> Reading[tuple[Run, ...]]:
        """Give the newest runs of a place, newest first, as they were when they were moved on last."""

    def move_on(self, scope: Scope, *, now: datetime) -> Reading[int]:
        """Start what waits and look at what runs; gives how many runs are open now."""

    def rows(self, scope: Scope, run: str, *, now: datetime) -> Reading[Rows]:
        """Give what a run has found by now."""

    def stop(self, scope: Scope, run: str, *, now: datetime) -> Reading[Run | None]:
        """Stop a run; what it has scanned by then is charged."""

    def fields(
        self, scope: Scope, group: str, *, around: datetime | None = None, now: datetime
    ) -> Reading[tuple[LogField, ...]]:
        """Give the fields of a group's lines, the most frequent first."""

    def saved(self, scope: Scope, *, now: datetime) -> Reading[tuple[SavedQuery, ...]]:
        """Give the account's saved queries by name."""


class LiveTailDesk(Protocol):
    """Sessions of Live Tail, which cost money by the minute."""

    def quote(self, minutes: int) -> LiveTailQuote:
        """Say what a session costs, and whether the caps allow it."""

    def start(self, question: LogQuestion, arn: str, *, minutes: int) -> str:
        """Begin a session, or join that of the same lines; gives its name."""

    def look(self, name: str, since: int) -> LiveTailView | None:
        """Give the lines that came since; None where there is no such session here."""

    def stop(self, name: str) -> None:
        """End a session."""


class LogReads(Protocol):
    """Every read of logs. All may take seconds; none raises for what AWS or the network does."""

    @property
    def insights(self) -> InsightsDesk:
        """Where Logs Insights is asked."""

    @property
    def live_tails(self) -> LiveTailDesk:
        """Where Live Tail is bought."""

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
