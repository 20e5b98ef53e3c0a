"""A small account's logs, written by hand, and answers from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from cloud.faults import AccessDenied
from collectors.logs import answering, spans
from collectors.logs.fields import LogField
from collectors.logs.groups import LogGroup, LogStream
from collectors.logs.insights import INCOMING, GroupScan, InsightsQuery, ScanQuote
from collectors.logs.live_tail import LiveTailQuote, LiveTailView
from collectors.logs.metric_filters import Judged, MetricFilter
from collectors.logs.queries import SavedQuery
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.runs import Rows, Run, RunState
from core.filter_pattern import parse
from core.log_lines import EPOCH, LogLine
from core.money import Money
from core.reading import Reading, Scope, Verdict

T = TypeVar("T")

LOGS_NOW = datetime(2026, 11, 23, 11, 31, 30, tzinfo=UTC)
LOG_SCOPE = Scope("111111111111", "us-east-1")
APPLICATION = "/directory/application"
HOSTILE_LINE = "![x](https://attacker.example/p.png) <img src=x onerror=alert(1)> $a$ :red[ok]\u202e \x1b[31mred"


def log_groups() -> tuple[LogGroup, ...]:
    """Two groups that are searched, and one of the class that only Logs Insights reads."""

    def group(name: str, stored: int, retention: int | None, log_class: str = "STANDARD") -> LogGroup:
        arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{name}"
        created = LOGS_NOW - timedelta(days=40)
        return LogGroup(LOG_SCOPE, name, arn, stored, retention, created, log_class, {"team": "web"})

    return (
        group("/aws/lambda/thumbnails", 40_000_000, None),
        group(APPLICATION, 5_000_000_000, 14),
        group("/directory/audit", 900_000_000, 365, "INFREQUENT_ACCESS"),
    )


def log_lines() -> tuple[LogLine, ...]:
    """An hour of lines of one group, oldest first: one every ten seconds, each thirtieth an error."""
    first = int((LOGS_NOW - timedelta(hours=1) - EPOCH) / timedelta(milliseconds=1))
    lines = []
    for place in range(360):
        level = "ERROR" if place % 30 == 29 else "INFO"
        message = f'{{"level":"{level}","request_id":"r-{place:04}","ms":{place % 90},"message":"GET /employees"}}'
        at = first + place * 10_000
        lines.append(
            LogLine(at, APPLICATION, f"web-{place % 3}", HOSTILE_LINE if place == 200 else message, f"e{place:06}", at)
        )
    return tuple(lines)


FOUND = Rows(
    ("bin(5m)", "errors", "message"),
    tuple(
        (
            f"2026-11-23 {10 + place // 12:02}:{place * 5 % 60:02}:00.000",
            str(place),
            HOSTILE_LINE if place == 3 else "GET",
        )
        for place in range(8)
    ),
)
"""What a query finds: a count by time, with a line of somebody's in between."""


@dataclass
class FakeInsights:
    """Logs Insights of the account: a cap that may be zero, and runs that end when a test says so."""

    cap: Money = field(default_factory=lambda: Money(Decimal(1)))
    held: list[Run] = field(default_factory=list)
    """Newest first."""
    found: Rows = field(default_factory=lambda: FOUND)
    state: RunState = RunState.COMPLETE
    """What becomes of the next run."""
    place: tuple[int, int] | None = None
    """Where its text is wrong."""
    denied: bool = False

    def quote(self, query: InsightsQuery, *, now: datetime) -> Reading[ScanQuote]:
        parts = tuple(GroupScan(name, 2_000_000_000, 2_400_000_000, INCOMING, "STANDARD") for name in query.groups)
        each, left = Money(Decimal("0.000000000005")), f"the monthly cap on our own calls is {self.cap}"
        verdict = Verdict(allowed=True, reason="")
        if not parts:
            verdict = Verdict(allowed=False, reason="Choose the log groups to query.")
        elif not self.cap.amount:
            verdict = Verdict(allowed=False, reason=f"This query may cost up to $0.01, and {left}.")
        return Reading(ScanQuote(query, parts, each, left, verdict), now)

    def ask(self, quoted: ScanQuote, *, by: str, now: datetime) -> Reading[Run | None]:
        run = Run(f"{len(self.held):016x}", quoted.query, by, now, quoted.most, self.state, place=self.place)
        if self.state is RunState.COMPLETE:
            run = replace(run, scanned=1_900_000_000, scanned_lines=360, matched=12, rows=len(self.found.rows))
        if self.state is RunState.FAILED:
            run = replace(run, problem="unexpected symbol found")
        self.held.insert(0, run)
        return Reading(run, now)

    def runs(self, scope: Scope, *, now: datetime) -> Reading[tuple[Run, ...]]:
        return Reading(tuple(self.held), now)

    def move_on(self, scope: Scope, *, now: datetime) -> Reading[int]:
        return Reading(sum(run.is_open for run in self.held), now)

    def rows(self, scope: Scope, run: str, *, now: datetime) -> Reading[Rows]:
        done = next((each for each in self.held if each.id == run), None)
        return Reading(self.found if done is not None and done.rows else Rows(), now)

    def stop(self, scope: Scope, run: str, *, now: datetime) -> Reading[Run | None]:
        self.held = [replace(each, state=RunState.STOPPED) if each.id == run else each for each in self.held]
        return Reading(None, now)

    def fields(
        self, scope: Scope, group: str, *, around: datetime | None = None, now: datetime
    ) -> Reading[tuple[LogField, ...]]:
        if self.denied:
            return Reading((), now, (AccessDenied().to_fault(scope, "logs:GetLogGroupFields"),))
        names = ("@timestamp", "@message", "level", "ms", "request-id", HOSTILE_LINE)
        return Reading(tuple(LogField(name, 100 - place) for place, name in enumerate(names)), now)

    def saved(self, scope: Scope, *, now: datetime) -> Reading[tuple[SavedQuery, ...]]:
        found = SavedQuery("q-1", "web/errors", "filter level = 'ERROR'", (APPLICATION,), now)
        return Reading((found, SavedQuery("q-2", HOSTILE_LINE, "fields @message")), now)


@dataclass
class FakeLiveTails:
    """Live Tail at a cap of a dollar, or of zero; `view` is what a session has brought."""

    cap: Money = field(default_factory=lambda: Money(Decimal(1)))
    started: list[tuple[LogQuestion, str, int]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    view: LiveTailView = field(
        default_factory=lambda: LiveTailView(log_lines()[:3], 3, 0, sampled=False, seconds=65, minutes=5, ended="")
    )

    def quote(self, minutes: int) -> LiveTailQuote:
        cost, left = Money(Decimal("0.01")) * minutes, f"the monthly cap on our own calls is {self.cap}"
        allowed = cost.amount <= self.cap.amount
        why = "" if allowed else f"{minutes} minutes of Live Tail cost {cost}, and {left}."
        return LiveTailQuote(minutes, cost, left, Verdict(allowed, why))

    def start(self, question: LogQuestion, arn: str, *, minutes: int) -> str:
        self.started.append((question, arn, minutes))
        return "session"

    def look(self, name: str, since: int) -> LiveTailView | None:
        return self.view

    def stop(self, name: str) -> None:
        self.stopped.append(name)


@dataclass
class FakeLogs:
    """Answers about logs; `FakeSources` is one."""

    groups_of_logs: tuple[LogGroup, ...] = field(default_factory=log_groups)
    lines_of_logs: tuple[LogLine, ...] = field(default_factory=log_lines)
    """What every group of the account says, oldest first."""
    filters_of_logs: tuple[MetricFilter, ...] = ()
    """Metric filters of all groups."""
    judged_otherwise: frozenset[str] = frozenset()
    """Lines of which AWS says the opposite of what we say."""
    insights: FakeInsights = field(default_factory=FakeInsights)
    live_tails: FakeLiveTails = field(default_factory=FakeLiveTails)
    unread: timedelta = timedelta(0)
    """How much of a span's beginning is not read yet."""

    def _answer(self, what: str, scope: Scope, now: datetime, *, full: Callable[[], T], empty: T) -> Reading[T]:
        raise NotImplementedError

    def log_groups(self, scope: Scope, *, now: datetime) -> Reading[tuple[LogGroup, ...]]:
        return self._answer("logs:DescribeLogGroups", scope, now, full=lambda: self.groups_of_logs, empty=())

    def log_streams(
        self, scope: Scope, group: str, *, prefix: str = "", now: datetime
    ) -> Reading[tuple[LogStream, ...]]:
        names = sorted({line.stream for line in self.lines_of_logs if line.stream.startswith(prefix)})
        found = tuple(LogStream(group, name, now - timedelta(days=1), now, now) for name in names)
        return self._answer("logs:DescribeLogStreams", scope, now, full=lambda: found, empty=())

    def log_lines(self, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
        start, end = spans.of(question.span)
        start += self.unread // timedelta(milliseconds=1)
        matching = (line for line in self.lines_of_logs if self._matches(question, line))
        answer = answering.answered(question, matching, [(start, end)] if start < end else [])
        return self._answer("logs:FilterLogEvents", question.scope, now, full=lambda: answer, empty=LogAnswer())

    def _matches(self, question: LogQuestion, line: LogLine) -> bool:
        streamed = not question.streams or line.stream in question.streams
        return streamed and parse(question.pattern).matches(line.message)

    def log_context(
        self, scope: Scope, line: LogLine, *, before: int, after: int, now: datetime
    ) -> Reading[tuple[LogLine, ...]]:
        stream = [each for each in self.lines_of_logs if each.stream == line.stream]
        place = stream.index(line)
        found = tuple(stream[max(0, place - before) : place + after + 1])
        return self._answer("logs:GetLogEvents", scope, now, full=lambda: found, empty=(line,))

    def metric_filters(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricFilter, ...]]:
        return self._answer("logs:DescribeMetricFilters", scope, now, full=lambda: self.filters_of_logs, empty=())

    def filter_verdict(self, scope: Scope, pattern: str, messages: Sequence[str], *, now: datetime) -> Reading[Judged]:
        read = parse(pattern)
        found = [each for each in messages if read.matches(each) is not (each in self.judged_otherwise)]
        judged = Judged({each: read.extract(each) for each in found})
        return self._answer("logs:TestMetricFilter", scope, now, full=lambda: judged, empty=Judged({}))
