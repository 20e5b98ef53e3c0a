"""The Logs page: lines of one group over a span, how many there are over time, and how far they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from collectors.logs.groups import LogGroup, LogStream
from collectors.logs.question import LogAnswer, LogBucket, LogQuestion
from core.filter_pattern import FilterPatternError
from core.log_lines import EPOCH, LogLine
from core.log_recognition import Severity, recognise
from core.reading import Fault, Reading, Scope, joined_faults
from core.timespan import Timespan
from dashboard.charts.log_lines import ListedLine, OpenLine, PatternView
from dashboard.charts.view import ChartView, Line, LineKind, Mark, Tone
from dashboard.log_state import LineKey, LogState
from dashboard.state import PageState
from dashboard.views import log_conditions, log_rows
from dashboard.views.log_sources import LogReads
from dashboard.wording import count, moment, plain

SHORTEST: Final = timedelta(seconds=1)
"""Spans of logs may be this short: what explains a spike often happened within seconds."""
STEPS: Final = (1_000, 2_000, 5_000, 10_000)
"""Lines that are read, step by step as a person asks for more."""
NEIGHBOURS: Final = (25, 100, 400)
"""Lines before and after a line, step by step."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the lines."""

    question: LogQuestion
    """What was asked."""
    answer: Reading[LogAnswer]
    """What is known by now."""


@dataclass(frozen=True, slots=True)
class LogView:
    """What the page draws of a look."""

    lines: tuple[LogLine, ...]
    """As they are listed, newest first."""
    chart: ChartView
    """How many lines there are over time."""
    sentence: str
    """How many lines match, and how far back they are read."""
    going_on: bool
    """More of the span can be read by looking again."""
    more: bool
    """More lines match than are shown, and more can be shown."""
    rest: bool
    """Part of the span was not read, because enough lines are known without it."""
    faults: tuple[Fault, ...]
    """What is missing, and why."""
    at: datetime
    """When the newest part was read."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of what matches is wanted."""

    most: int = STEPS[0]
    """Lines that are listed."""
    whole: bool = False
    """The span is read to its beginning, also where enough lines are known before."""


def question(wanted: LogState, scope: Scope, span: Timespan, *, most: int) -> LogQuestion:
    """Give what is asked for; a pattern that is wrong is not sent."""
    return LogQuestion(scope, wanted.group, span, log_conditions.usable(wanted.pattern).text, wanted.streams, most)


def read(sources: LogReads, wanted: LogState, state: PageState, *, reach: Reach, clock: Callable[[], datetime]) -> Look:
    """Look once; looking again goes on where this stopped."""
    now = clock()
    asked = question(wanted, state.scope, state.span(now=now), most=reach.most)
    asked = replace(asked, whole=reach.whole)
    return Look(asked, sources.log_lines(asked, now=now))


def build(look: Look, *, now: datetime) -> LogView:
    """Give what the page draws."""
    answer = look.answer.value
    full = answer.cut or len(answer.lines) >= look.question.most
    broken = any(not fault.retryable for fault in look.answer.faults)
    enough = full and not look.question.whole
    return LogView(
        lines=answer.lines,
        chart=histogram(look, title=sentence(look, now=now)),
        sentence=sentence(look, now=now),
        going_on=bool(answer.missing) and not enough and not broken,
        more=full and look.question.most < STEPS[-1],
        rest=bool(answer.missing) and enough,
        faults=look.answer.faults,
        at=answer.newest or look.answer.at,
    )


def sentence(look: Look, *, now: datetime) -> str:
    """Say how many lines match, and how far back they are read.

    Nothing read is not nothing found: what was not read is said.
    """
    answer, span = look.answer.value, look.question.span
    kind = "matching line" if look.question.pattern else "line"
    start, end = moment(span.start, now=now), moment(span.end, now=now)
    if not answer.read:
        return f"Nothing of {start} to {end} UTC is read yet."
    if answer.cut or len(answer.lines) < answer.matching:
        found = f"The newest {len(answer.lines):,} of {count(answer.matching, kind)}"
    else:
        found = count(answer.matching, kind)
    if not answer.missing:
        return f"{found} from {start} to {end} UTC."
    back = min(answer.read, key=lambda part: part.start) if len(answer.read) == 1 else answer.read[0]
    return f"{found}, read back to {_second(back.start, now=now)} of {start} to {end} UTC."


def _second(at: datetime, *, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M:%S}"


_KINDS: Final = (
    ("Errors", Tone.ALARM, {Severity.FATAL, Severity.ERROR}),
    ("Warnings", Tone.WARNING, {Severity.WARNING}),
    ("Other lines", Tone.INFO, {Severity.INFO, Severity.DEBUG, Severity.UNKNOWN}),
)


def histogram(look: Look, *, title: str) -> ChartView:
    """Give how many lines there are over time; by severity where every line that was counted is at hand."""
    answer, span = look.answer.value, look.question.span
    if not answer.read:
        return ChartView("logs-histogram", title, "Count", (), span, note="Nothing is read yet")
    drawn = _by_severity(answer) if len(answer.lines) == answer.matching else _all_lines(answer.counts)
    return ChartView("logs-histogram", title, "Count", drawn, span, totals=True)


def _starts(buckets: Sequence[LogBucket]) -> np.ndarray:
    """Give the time of each bar; the first bucket may begin within its bar."""
    times = np.array([int(bucket.span.start.timestamp()) for bucket in buckets], np.int64)
    if times.size > 2:
        times[0] = times[1] - (times[2] - times[1])
    return times


def _all_lines(buckets: Sequence[LogBucket]) -> tuple[Line, ...]:
    values = np.array([float(each.lines) if each.whole or each.lines else np.nan for each in buckets], np.float64)
    return (Line("Lines", _starts(buckets), values, kind=LineKind.BAR, tone=Tone.INFO),) if buckets else ()


def _by_severity(answer: LogAnswer) -> tuple[Line, ...]:
    buckets = answer.counts
    if not buckets:
        return ()
    edges = np.array([_milliseconds(bucket.span.start) for bucket in buckets], np.int64)
    known = np.array([bucket.whole or bool(bucket.lines) for bucket in buckets])
    severities = [log_rows.severity_of(line) for line in answer.lines]
    lines = []
    for name, tone, kinds in _KINDS:
        times = [line.milliseconds for line, each in zip(answer.lines, severities, strict=True) if each in kinds]
        places = np.searchsorted(edges, np.array(times, np.int64), side="right") - 1
        numbers = np.bincount(places[places >= 0], minlength=edges.size).astype(np.float64)
        if numbers.any() or tone is Tone.INFO:
            lines.append(Line(name, _starts(buckets), np.where(known, numbers, np.nan), kind=LineKind.BAR, tone=tone))
    return tuple(lines)


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def marked(chart: ChartView, line: LineKey) -> ChartView:
    """Give the chart with one line's time marked."""
    at = EPOCH + timedelta(milliseconds=line.milliseconds)
    return replace(chart, marks=(Mark(at, "this line"),)) if at in chart.span else chart


def listed(lines: Sequence[LogLine], pattern: str, *, bare: bool) -> tuple[ListedLine, ...]:
    """Give lines for the list."""
    return tuple(
        ListedLine(row.key, row.milliseconds, row.severity, row.text, row.spans, row.stream, row.request)
        for row in log_rows.rows(lines, pattern, bare=bare)
    )


def opened(line: LogLine, pattern: str, *, bare: bool) -> OpenLine:
    """Give what stands below a line that is open."""
    found = log_rows.detail(line, pattern, bare=bare)
    fields = tuple((each.name, each.value, each.only, each.without) for each in found.fields)
    return OpenLine(found.text, found.spans, fields, found.facts, found.note)


def narrowed(line: LogLine, pattern: str, place: int, *, keep: bool, bare: bool) -> str | None:
    """Give the pattern that also asks for (`keep`) or against what one of a line's fields holds; None for a secret."""
    fields = log_rows.fields_of(recognise(line.message))
    if not 0 <= place < len(fields) or log_rows.is_hidden(fields[place], bare=bare):
        return None
    return log_conditions.narrowed(pattern, fields[place], keep=keep)


def is_pattern(text: str) -> bool:
    """Say whether a text can be searched for."""
    return not isinstance(log_conditions.checked(text), FilterPatternError)


def explained(typed: str) -> PatternView:
    """Say what a pattern finds, or what is wrong with it and where."""
    found = log_conditions.checked(typed)
    if isinstance(found, FilterPatternError):
        return PatternView(typed, "", found.sentence, found.position)
    return PatternView(typed, found.words())


@dataclass(frozen=True, slots=True)
class Around:
    """A line and its neighbours in its stream."""

    lines: tuple[LogLine, ...]
    """Oldest first."""
    anchor: LogLine | None
    """The line itself; None where it was not found."""
    faults: tuple[Fault, ...]
    """What is missing, and why."""


def read_around(
    sources: LogReads, wanted: LogState, scope: Scope, *, most: int, clock: Callable[[], datetime]
) -> Around:
    """Read what the stream said before and after the line that the link names."""
    now, key = clock(), wanted.line
    if key is None:
        return Around((), None, ())
    at = EPOCH + timedelta(milliseconds=key.milliseconds)
    moment_of_it = Timespan(at, at + timedelta(milliseconds=1))
    asked = LogQuestion(scope, wanted.group, moment_of_it, "", (key.stream,), 1_000)
    found = sources.log_lines(asked, now=now)
    anchor = log_rows.find(found.value.lines, key.text())
    if anchor is None:
        return Around((), None, found.faults)
    context = sources.log_context(scope, anchor, before=most, after=most, now=now)
    return Around(_told_apart(context.value, anchor), anchor, joined_faults((found, context)))


def _told_apart(lines: Sequence[LogLine], anchor: LogLine) -> tuple[LogLine, ...]:
    """Give each line an id of its own: GetLogEvents gives none, and lines of one millisecond are alike without."""
    place = next((place for place, each in enumerate(lines) if _is_same(each, anchor)), -1)
    return tuple(
        anchor if number == place else each if each.event_id else replace(each, event_id=f"neighbour {number}")
        for number, each in enumerate(lines)
    )


def _is_same(one: LogLine, other: LogLine) -> bool:
    same = (one.milliseconds, one.stream, one.message) == (other.milliseconds, other.stream, other.message)
    return same and one.event_id in {"", other.event_id}


def group_label(group: LogGroup) -> str:
    """Say what a group is found by: its name and its tags.

    The picker looks for what is typed in all of it.
    """
    tags = ", ".join(f"{plain(name)}={plain(value)}" for name, value in sorted((group.tags or {}).items()))
    return plain(group.name) + (f"  ·  {tags}" if tags else "")


def group_note(found: Sequence[LogGroup]) -> str:
    """Say what there is to choose from."""
    if not found:
        return "No log group was found in this account and region."
    return f"Choose one of {count(len(found), 'log group')} by its name or a tag; the link then holds it."


def class_note(group: LogGroup) -> str:
    """Say why a group is not searched here."""
    return f"It is of the class {plain(group.log_class)}; AWS reads such groups with Logs Insights only."


def next_step(most: int) -> int:
    """Give how many lines are shown when a person asks for more."""
    return next((step for step in STEPS if step > most), STEPS[-1])


def empty(view: LogView) -> str:
    """Say why no line is listed."""
    if view.going_on:
        return "No line yet; older ones are being read."
    return view.sentence if view.faults else "No line of this span matches. Try a longer span, or a wider pattern."


def stream_label(stream: LogStream, *, now: datetime) -> str:
    """Say when a stream said something last."""
    return plain(stream.name) + (f"  ·  until {moment(stream.last, now=now)}" if stream.last else "")
