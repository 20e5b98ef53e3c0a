"""Log lines, read through a store: AWS is asked only for spans that are missing or may still change.

A span is settled two minutes after it has passed: lines come late. From then on it is never asked for again, whoever
looks, and with whatever pattern where it was read without one. The unsettled end is asked for again as a whole, but
not before `REFRESH` has passed, however many viewers look.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from cloud.clients import Clients
from cloud.database import Connection, DatabaseDownError
from cloud.faults import EXPECTED, CloudError, InvalidRequest, fault_of, translate
from collectors.last_good import LastGood
from collectors.leases import Leases
from collectors.logs import coverage, eviction, pages, spans, store
from collectors.logs.coverage import Coverage, Fresh
from collectors.logs.held import Held, Search
from collectors.logs.pages import Page, Walk
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.store import LogStore
from collectors.store import Store
from core.filter_pattern import FilterPattern, FilterPatternError, parse
from core.log_lines import LogLine
from core.reading import Fault, FaultKind, Reading, Scope

SETTLING: Final = timedelta(minutes=2)
"""How long after it happened a line may still arrive. Agents send within seconds; ours."""
REFRESH: Final = timedelta(seconds=5)
"""Least time between two reads of the unsettled end. FilterLogEvents is free; ours."""
AFTER_FAILURE: Final = timedelta(seconds=15)
"""How long a failed call answers for its search before AWS is asked again."""
CALLS_TOGETHER: Final = 5
"""Calls that one reading makes: more than a second of AWS's own limit. Asking again goes on. Ours."""
OPERATION: Final = "logs:FilterLogEvents"
MILLISECOND: Final = timedelta(milliseconds=1)
_STRIPES: Final = 64


@dataclass(slots=True)
class _Spent:
    """What one reading has asked so far."""

    calls: int = 0
    lines: int = 0
    """Matching lines at the span's end that are known without a gap."""
    faults: list[Fault] = field(default_factory=list)


class _TooMuchError(CloudError):
    """A span does not fit in the store: what was read of it first had to make room for the rest."""

    kind = FaultKind.PARTIAL_DATA

    def sentence(self, scope: Scope, operation: str) -> str:
        del operation
        return f"Not all lines in {scope} can be kept: {self.detail}"


class LogHistory:
    """Lines through the store. Safe to share between threads, and the store between processes."""

    def __init__(self, shared: Store, kept: LogStore, clients: Clients, *, leases: Leases | None = None) -> None:
        self._store = kept
        self._clients = clients
        self._held = Held()
        self._leases = leases or Leases(shared)
        self._limits = eviction.Limits(
            clients.settings.logs_store_mb * 1_000_000, timedelta(days=clients.settings.logs_days)
        )
        self._failed: dict[str, tuple[datetime, Fault]] = {}
        self._given: LastGood[LogAnswer] = LastGood()
        self._stripes = tuple(threading.Lock() for _ in range(_STRIPES))

    def read(self, question: LogQuestion, now: datetime) -> Reading[LogAnswer]:
        """Give the newest matching lines as far as they are known, and read on where they are not.

        Readers that want the same at once, in this process or another, wait for one fetch. While the store is down
        AWS is not asked: the last answer is given again, with a fault.
        """
        nothing = LogAnswer(missing=(question.span,))
        try:
            pattern = parse(question.pattern)
        except FilterPatternError as error:
            said = InvalidRequest(str(error)).to_fault(question.scope, OPERATION)
            return Reading(nothing, now, (said,))
        name = replace(question, span=_ANY, most=0, whole=False)
        try:
            return self._given.keep(name, self._read(question, pattern, now))
        except DatabaseDownError as error:
            last = self._given.get(name)
            fault = error.to_fault(question.scope, OPERATION)
            return Reading(last.value, last.at, (fault,)) if last else Reading(nothing, now, (fault,))

    def context(self, scope: Scope, line: LogLine, *, before: int, after: int) -> tuple[LogLine, ...] | None:
        """Give a line with its stream's neighbours, oldest first, where all of them are held and settled; else None."""
        span = spans.timespan((line.milliseconds, line.milliseconds + 1))
        question = LogQuestion(scope, line.group, span, streams=(line.stream,))
        try:
            with self._store.reading() as connection:
                found = coverage.load(connection, question, now=0)
                within = next((each for each in found.known if each[0] <= line.milliseconds < each[1]), None)
                if found.group is None or within is None or not line.event_id:
                    return None
                return _neighbours(connection, found.group, line, within, before=before, after=after)
        except DatabaseDownError:
            return None  # AWS is asked instead

    def _read(self, question: LogQuestion, pattern: FilterPattern, now: datetime) -> Reading[LogAnswer]:
        answer, todo = self._known(question, pattern, now)
        spent = _Spent()
        if todo and not _is_enough(question, answer):
            with self._stripes[hash(_lease(question)) % _STRIPES]:
                self._fetch_once(question, pattern, now, spent)
            answer, _ = self._known(question, pattern, now)
        return Reading(replace(answer, asked=spent.calls), now, tuple(dict.fromkeys(spent.faults)))

    def _known(
        self, question: LogQuestion, pattern: FilterPattern, now: datetime
    ) -> tuple[LogAnswer, list[spans.Span]]:
        """Give the answer that the store makes, and the spans that are to be asked for, newest first."""
        with self._store.reading() as connection:
            found = coverage.load(connection, question, now=spans.milliseconds(now))
            bounds, known = _read_by_now(question, found, now)
            settled = spans.within(found.known, bounds)
            before = [found.fresh.span] if found.fresh else []
            shown = spans.within(spans.joined([*known, *before]), bounds)
            search = Search(question, pattern, found.group, bounds, known, shown, settled)
            answer = self._held.answer(connection, search)
        if found.fresh is not None and found.fresh.span[0] < bounds[1]:
            answer = replace(answer, newest=spans.instant(found.fresh.asked_at))
        todo = spans.missing(bounds, known) if bounds[0] < bounds[1] else []
        return answer, todo[::-1]

    # -- asking AWS -------------------------------------------------------------------------------------------------

    def _fetch_once(self, question: LogQuestion, pattern: FilterPattern, now: datetime, spent: _Spent) -> None:
        """Ask AWS for what is missing, or wait while another process does and leaves it in the store."""
        waiting = self._leases.patient()
        while True:
            with self._leases.held({_lease(question)}, waiting) as mine:
                answer, todo = self._known(question, pattern, now)
                if not todo or _is_enough(question, answer):
                    return
                if mine:
                    spent.lines = len(_lines_without_gap(answer))
                    self._fetch(question, pattern, todo, now, spent)
                    return
            waiting.pause()

    def _fetch(
        self, question: LogQuestion, pattern: FilterPattern, todo: Sequence[spans.Span], now: datetime, spent: _Spent
    ) -> None:
        """Ask for one span after the other, newest first, until enough is known or enough was asked."""
        failed = self._failed.get(_lease(question))
        if failed is not None and now - failed[0] < AFTER_FAILURE:
            spent.faults.append(failed[1])
            return
        for place, span in enumerate(todo):
            if place and _is_enough(question, self._known(question, pattern, now)[0]):
                return  # what is older was known before
            left: spans.Span | None = span
            while left is not None:
                if spent.calls >= CALLS_TOGETHER or (spent.lines >= question.most and not question.whole):
                    return
                try:
                    left = self._step(question, left, now, spent)
                except EXPECTED as error:
                    fault = fault_of(error, question.scope, OPERATION)
                    self._failed[_lease(question)] = (now, fault)
                    spent.faults.append(fault)
                    return
        self._failed.pop(_lease(question), None)

    def _step(self, question: LogQuestion, span: spans.Span, now: datetime, spent: _Spent) -> spans.Span | None:
        """Make one call for a span, keep what it brings, and give what is left of the span."""
        with self._store.reading() as connection:
            walks = coverage.load(connection, question, now=spans.milliseconds(now)).walks
        walk = _going_on(span, walks)
        spent.calls += 1
        try:
            page = pages.read(self._clients, question, walk)
        except EXPECTED as error:
            if not walk.token or translate(error).kind is not FaultKind.INVALID_REQUEST:
                raise
            page = Page((), replace(walk, token=""))  # AWS has forgotten the place: begin again with what is left
        spent.lines += len(page.lines)
        self._keep(question, walk, page, now)
        return _left(span, walk, page.walk)

    def _keep(self, question: LogQuestion, walk: Walk, page: Page, now: datetime) -> None:
        at = spans.milliseconds(now)
        read = spans.missing(walk.left, [page.walk.left] if page.walk else [])
        settled = spans.milliseconds(now - SETTLING)
        with self._store.writing() as connection:
            group = store.made_group(connection, question)
            search = coverage.made_search(connection, group, question)
            new = store.lay(connection, group, page.lines, at=at)
            coverage.note(connection, search, spans.within(read, (0, settled)))
            for part in spans.within(read, (settled, walk.end)):
                coverage.note_fresh(connection, search, Fresh(part, at))
            going_on = page.walk if page.walk is not None and page.walk.token else None
            coverage.note_walk(connection, search, walk, going_on, now=at, settling=SETTLING // MILLISECOND)
            gone = eviction.tidy(connection, self._limits, now=at) if new else []
        if any(number == group and _touches(spans.of(question.span), hour) for number, hour in gone):
            raise _TooMuchError(
                f"these lines take more than the {self._limits.most_bytes // 1_000_000:,} MB that are kept;"
                " ask for a shorter span or a narrower pattern, or raise WATCHKEEPER_LOGS_STORE_MB"
            )


_ANY: Final = spans.timespan((0, 1))
"""Stands for whatever span, where a search is meant."""


def _neighbours(
    connection: Connection, group: int, line: LogLine, within: spans.Span, *, before: int, after: int
) -> tuple[LogLine, ...] | None:
    streams = store.stream_ids(connection, group, [line.stream])
    if line.stream not in streams:
        return None
    older, newer = store.neighbours(
        connection, group, streams[line.stream], (line.milliseconds, line.event_id), within, before=before, after=after
    )
    if len(older) < before or len(newer) < after:
        return None  # more of them may be beyond what is held
    names = {streams[line.stream]: line.stream}
    earlier, later = ([store.line(row, line.group, names) for row in rows] for rows in (older, newer))
    return *earlier, line, *later


def _touches(span: spans.Span, hour: int) -> bool:
    return span[0] < (hour + 1) * store.HOUR and hour * store.HOUR < span[1]


def _lease(question: LogQuestion) -> str:
    return f"logs {question.scope} {question.group} {store.digest(question)}"


def _read_by_now(question: LogQuestion, found: Coverage, now: datetime) -> tuple[spans.Span, list[spans.Span]]:
    """Give the part of the question's span that a reading is about, and which spans of it are known.

    What is newer than the last read of the end is nobody's until that is due again.
    """
    bounds = spans.of(question.span)
    known = list(found.known)
    # What is to be read whole has its end read rarely: with many lines there would be no call left for the rest.
    fresh, refresh = found.fresh, (SETTLING if question.whole else REFRESH) // MILLISECOND
    if fresh is not None and spans.milliseconds(now) - fresh.asked_at < refresh:
        known.append(fresh.span)
        if 0 < bounds[1] - fresh.span[1] <= refresh:
            bounds = bounds[0], max(bounds[0], fresh.span[1])
    return bounds, spans.within(spans.joined(known), bounds)


def _is_enough(question: LogQuestion, answer: LogAnswer) -> bool:
    """Whether the newest lines that are wanted are known, so that nothing older has to be asked for."""
    return not question.whole and len(_lines_without_gap(answer)) >= question.most


def _lines_without_gap(answer: LogAnswer) -> list[object]:
    """Give the lines after the newest span that is missing."""
    if not answer.missing:
        return list(answer.lines)
    since = spans.of(answer.missing[0])[1]
    return [line for line in answer.lines if line.milliseconds >= since]


def _going_on(span: spans.Span, walks: Sequence[Walk]) -> Walk:
    """Give the search that broke off where `span` is left, else one that begins."""
    for walk in walks:
        if walk.backward and walk.end == span[1] and walk.start < walk.end:
            return walk
        if not walk.backward and walk.start == span[0] and walk.end >= span[1]:
            return walk
    return pages.begin(span)


def _left(span: spans.Span, walk: Walk, after: Walk | None) -> spans.Span | None:
    """Give what is left of a span after a step of a walk that may reach further than the span."""
    ahead = [after.left] if after else []
    read = spans.missing(walk.left, ahead)
    rest = spans.missing(span, read)
    return rest[-1] if rest else None
