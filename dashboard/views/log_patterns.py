"""The Patterns mode of the Logs page: templates of a group's lines, and what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from collectors.logs.question import LogAnswer, LogQuestion
from collectors.patterns.changes import Change, Kind, Lengths, compare
from collectors.patterns.finding import pattern_of
from collectors.patterns.templates import Key, Mined, Miner, Template
from core.log_lines import EPOCH, LogLine
from core.log_recognition import Severity, recognise
from core.reading import Fault, Reading, joined_faults
from core.timespan import Timespan
from dashboard.charts.view import ChartView, Line, LineKind, Mark, Tone
from dashboard.log_pattern_state import Against, PatternState
from dashboard.log_state import LogState
from dashboard.state import PageState
from dashboard.views import logs
from dashboard.views.log_comparing import LONGEST, Compared, deploys, shown, spans
from dashboard.views.sources import Sources
from dashboard.wording import count, moment

MOST_LINES: Final = 20_000
"""Lines of each span that are grouped, the newest; the sentence says when there are more."""
MOST_LISTED: Final = 200
"""Lines of one template that are listed; its pattern finds the others."""
PARTS: Final = 60
"""Bars over both spans."""
SPARKS: Final = 24
"""Bars in a row of the table."""
_MILLISECOND: Final = timedelta(milliseconds=1)
_WORDS: Final = {Kind.NEW: "New", Kind.GONE: "Gone", Kind.MORE: "More", Kind.LESS: "Less", Kind.SAME: ""}
_WORST: Final = (Severity.FATAL, Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.UNKNOWN, Severity.DEBUG)


@dataclass(frozen=True, slots=True)
class Grouped:
    """One look, grouped."""

    question: LogQuestion
    """About the later span."""
    after: Reading[LogAnswer]
    """Its lines."""
    before: Reading[LogAnswer] | None
    """The earlier span's lines; None where nothing is compared."""
    compared: Compared
    """Both spans."""
    mined: Mined
    """The templates of both."""
    keys: tuple[Key, ...]
    """What each line of `after` is known by in `mined`, in their order."""
    lengths: Lengths
    """How much of both spans is known whole."""
    faults: tuple[Fault, ...]
    """What is missing."""


def read(
    sources: Sources, wanted: LogState, state: PageState, against: Against, *, clock: Callable[[], datetime]
) -> Grouped:
    """Look once and group what is known; looking again reads on."""
    now = clock()
    span = state.span(now=now)
    asked = replace(logs.question(wanted, state.scope, span, most=MOST_LINES), whole=True)
    after = sources.log_lines(asked, now=now)
    marks = deploys(span, sources.activities(state.scope, now=now).value, after.value.lines)
    compared = spans(span, against, marks)
    if compared.after != span:
        asked = replace(asked, span=compared.after)
        after = sources.log_lines(asked, now=now)
    before = sources.log_lines(replace(asked, span=compared.before), now=now) if compared.before else None
    faults = joined_faults([after, *([before] if before else [])])
    return grouped(asked, after, before, compared, faults)


def grouped(
    asked: LogQuestion,
    after: Reading[LogAnswer],
    before: Reading[LogAnswer] | None,
    compared: Compared,
    faults: tuple[Fault, ...] = (),
) -> Grouped:
    """Group the lines of both spans by one set of templates."""
    whole = compared.after.duration + (compared.before.duration if compared.before else timedelta())
    miner = Miner(width=max(1_000, whole // PARTS // _MILLISECOND), edge=_ms(compared.after.start))
    if before is not None:
        miner.add_all(before.value.lines)
    keys = tuple(miner.add(line.milliseconds, line.message) for line in after.value.lines)
    lengths = Lengths(known(before.value) if before is not None else 0, known(after.value))
    return Grouped(asked, after, before, compared, miner.mined(), keys, lengths, faults)


def known(answer: LogAnswer) -> int:
    """Give how many milliseconds of a span are known whole; where not all lines are at hand, back to the oldest."""
    limited = answer.cut or len(answer.lines) < answer.matching
    begin = answer.lines[-1].milliseconds if limited and answer.lines else 0
    return sum(max(0, _ms(part.end) - max(_ms(part.start), begin)) for part in answer.read)


@dataclass(frozen=True, slots=True)
class Row:
    """One template in the table."""

    template: Template
    """The template itself."""
    change: Change | None
    """How it changed; None where nothing is compared."""
    severity: Severity
    """How bad its newest line is."""


@dataclass(frozen=True, slots=True)
class Detail:
    """The template that was chosen."""

    text: str
    """In one line, safe to show."""
    sentence: str
    """How many lines there are, and how that changed."""
    chart: ChartView
    """Its lines over both spans."""
    pattern: str | None
    """The filter pattern that finds its lines; None where none does."""
    lines: tuple[LogLine, ...]
    """Its newest lines of the later span."""


@dataclass(frozen=True, slots=True)
class PatternView:
    """What the mode draws of a look."""

    sentence: str
    """How many templates there are in how many lines, and what changed."""
    notes: tuple[str, ...]
    """What else must be known of it."""
    chart: ChartView
    """How many lines there are over time."""
    counts: Mapping[Kind, int]
    """How many templates changed how; empty where nothing is compared."""
    rows: tuple[Row, ...]
    """Those of the table, in its order."""
    table: pd.DataFrame
    """The table. Foreign text in text cells."""
    detail: Detail | None
    """The template of the link; None where none is chosen or it is not among these."""
    missing: bool
    """The link names a template that is not among these."""
    going_on: bool
    """More can be read by looking again."""
    faults: tuple[Fault, ...]
    """What is missing, and why."""
    at: datetime
    """When the newest part was read."""


def build(look: Grouped, wanted: PatternState, *, bare: bool, now: datetime) -> PatternView:
    """Give what the mode draws; `bare` shows secrets."""
    every = rows(look)
    listed = tuple(row for row in every if _is_wanted(row, wanted.changed))
    chosen = next((row for row in every if row.template.id == wanted.template), None)
    answers = [each.value for each in (look.after, look.before) if each is not None]
    broken = [fault for fault in look.faults if not fault.retryable]
    histogram = logs.histogram(logs.Look(look.question, look.after), title="Lines over time")
    return PatternView(
        sentence=sentence(look, every, now=now),
        notes=notes(look),
        chart=replace(histogram, key="patterns-histogram", marks=_within(look.compared.deploys, histogram.span)),
        counts={kind: sum(row.change is not None and row.change.kind is kind for row in every) for kind in Kind}
        if any(row.change for row in every)
        else {},
        rows=listed,
        table=table(look, listed, bare=bare, now=now),
        detail=detail(look, chosen, bare=bare) if chosen else None,
        missing=bool(wanted.template) and chosen is None,
        going_on=any(answer.missing for answer in answers) and not broken,
        faults=look.faults,
        at=look.after.value.newest or look.after.at,
    )


def _is_wanted(row: Row, kind: Kind | None) -> bool:
    return kind is None or row.change is None or row.change.kind is kind


def rows(look: Grouped) -> tuple[Row, ...]:
    """Give the templates, what changed first, of these the worst; else those with the most lines."""
    changes = {each.template.id: each for each in compare(look.mined, look.lengths)}
    found = [Row(each, changes.get(each.id), recognise(each.examples[0]).severity) for each in look.mined.templates]
    return tuple(sorted(found, key=_order))


def _order(row: Row) -> tuple[int, int, float, int]:
    kind = row.change.kind if row.change is not None else Kind.SAME
    if kind is Kind.SAME or row.change is None:
        return list(Kind).index(Kind.SAME), 0, 0.0, -row.template.lines
    return list(Kind).index(kind), _WORST.index(row.severity), row.change.chance, -row.template.lines


def sentence(look: Grouped, every: Sequence[Row], *, now: datetime) -> str:
    """Say how many templates there are, and what changed against what."""
    lines = len(look.after.value.lines)
    here = sum(row.template.lines > row.template.before for row in every)
    said = f"{count(here, 'template')} in {count(lines, 'line')} of {_span(look.compared.after, now=now)} UTC"
    changed = [row.change.kind for row in every if row.change is not None and row.change.kind is not Kind.SAME]
    if look.compared.before is None:
        return f"{said}."
    against = f"{_span(look.compared.before, now=now)} UTC"
    if not (look.lengths.before and look.lengths.after):
        return f"{said}; {against} is not read yet, so nothing is compared."
    counted = ", ".join(f"{changed.count(kind)} {kind}" for kind in Kind if kind in changed)
    return f"{said}; {counted or 'nothing changed'} against {against}."


def _span(span: Timespan, *, now: datetime) -> str:
    return f"{moment(span.start, now=now)} to {moment(span.end, now=now)}"


def notes(look: Grouped) -> tuple[str, ...]:
    """Say what else must be known: lines that were not grouped, parts that were not read."""
    found = [look.compared.note] if look.compared.note else []
    if look.mined.rest:
        found.append(f"{count(look.mined.rest, 'line')} are of no template: there are too many kinds to keep apart.")
    answers = [("", look.after.value), *([("earlier ", look.before.value)] if look.before else [])]
    for name, answer in answers:
        if len(answer.lines) < answer.matching:
            found.append(f"The newest {len(answer.lines):,} of {answer.matching:,} {name}lines are grouped.")
    if any(answer.missing for _, answer in answers):
        found.append("Not all is read yet; what was read is compared by its length.")
    return tuple(found)


def table(look: Grouped, listed: Sequence[Row], *, bare: bool, now: datetime) -> pd.DataFrame:
    """Give the table; without a comparison it has no columns for one."""
    found = [_cells(look, row, bare=bare, now=now) for row in listed]
    frame = pd.DataFrame(found, columns=["Change", "Level", "Template", "Lines", "Before", "Over time", "Last"])
    return frame if look.compared.before is not None else frame.drop(columns=["Change", "Before"])


def _cells(look: Grouped, row: Row, *, bare: bool, now: datetime) -> dict[str, object]:
    template = row.template
    return {
        "Change": changed(row.change),
        "Level": "" if row.severity is Severity.UNKNOWN else str(row.severity),
        "Template": shown_text(template, bare=bare),
        "Lines": template.lines - template.before,
        "Before": template.before,
        "Over time": sparks(look, template),
        "Last": moment(EPOCH + timedelta(milliseconds=template.last), now=now),
    }


def changed(change: Change | None) -> str:
    """Say in a word and a factor how a template changed.

    >>> changed(None)
    ''
    """
    if change is None or change.kind is Kind.SAME:
        return ""
    word = _WORDS[change.kind]
    return f"{word} ×{change.factor:.2g}" if change.factor and change.kind in {Kind.MORE, Kind.LESS} else word


def shown_text(template: Template, *, bare: bool, most: int = LONGEST) -> str:
    """Give a template in one line, safe to show; secrets hidden unless `bare`."""
    head = " ".join(part for part in (template.origin.level, template.origin.logger) if part)
    return shown(f"{head} · {template.text}" if head else template.text, bare=bare, most=most)


def sparks(look: Grouped, template: Template) -> list[int]:
    """Give a template's lines in a few equal parts of both spans."""
    begin, end = _whole(look)
    found = [0] * SPARKS
    for start, lines in template.counts.items():
        found[min(SPARKS - 1, max(0, (start - begin) * SPARKS // max(1, end - begin)))] += lines
    return found


def _whole(look: Grouped) -> tuple[int, int]:
    return _ms((look.compared.before or look.compared.after).start), _ms(look.compared.after.end)


def detail(look: Grouped, row: Row, *, bare: bool) -> Detail:
    """Give the template that was chosen, with its lines."""
    template = row.template
    pairs = zip(look.after.value.lines, look.keys, strict=True)
    lines = (line for line, key in pairs if look.mined.named(key) == template.id)
    return Detail(
        text=shown_text(template, bare=bare, most=4_000),
        sentence=_told(row),
        chart=chart(look, template),
        pattern=pattern_of(template),
        lines=tuple(_first(lines, MOST_LISTED)),
    )


def _first(lines: Iterable[LogLine], most: int) -> Iterable[LogLine]:
    return (line for line, _ in zip(lines, range(most), strict=False))


def _told(row: Row) -> str:
    here = count(row.template.lines - row.template.before, "line")
    if row.change is None:
        return f"{here}."
    chance = row.change.chance
    said = f"{here}, {row.template.before:,} before"
    match row.change.kind:
        case Kind.SAME:
            return f"{said}: no more of a difference than chance makes."
        case Kind.NEW:
            return f"{said}: new."
    odds = "less than 1 in 1,000,000" if chance < 1e-6 else f"1 in {1 / chance:,.0f}"
    return f"{said}: {changed(row.change).lower()}. The chance of this where nothing changed is {odds}."


def chart(look: Grouped, template: Template) -> ChartView:
    """Give a template's lines over both spans; the edge between them is marked."""
    compared = look.compared
    span = Timespan((compared.before or compared.after).start, compared.after.end)
    begin, end = _ms(span.start), _ms(span.end)
    width = look.mined.width
    starts = range(begin - begin % width, end, width)
    values = np.array([float(template.counts.get(start, 0)) for start in starts], np.float64)
    times = np.array([start // 1000 for start in starts], np.int64)
    line = Line("Lines", times, values, kind=LineKind.BAR, tone=Tone.INFO)
    near = timedelta(milliseconds=width)
    told = compared.before is None or any(abs(mark.at - compared.after.start) < near for mark in compared.deploys)
    edge = () if told else (Mark(compared.after.start, "compared from here"),)
    return ChartView("pattern-lines", "Lines of this template", "Count", (line,), span,
                     marks=(*edge, *_within(compared.deploys, span)))  # fmt: skip


def _within(marks: Sequence[Mark], span: Timespan) -> tuple[Mark, ...]:
    return tuple(mark for mark in marks if mark.at in span)


def _ms(at: datetime) -> int:
    return (at - EPOCH) // _MILLISECOND
