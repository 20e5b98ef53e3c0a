"""Log lines as they are shown: safe to look at, secrets hidden, with what they say of themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.filter_pattern import FilterPattern
from core.foreign_text import Edit, cut, one_line, rewrite, visible
from core.log_lines import LogLine
from core.log_recognition import Field, Recognised, Severity, fields, recognise
from core.masking import masked, masked_value, secrets
from dashboard.log_state import LineKey
from dashboard.views import log_conditions
from dashboard.views.log_conditions import usable

SHOWN: Final = 1_200
"""Characters of a line in the list; an open line shows more."""
_READ: Final = 6_000
"""Characters that are looked at for those."""
OPENED: Final = 60_000
"""Characters of an open line; a download has all of it."""
MOST_FIELD: Final = 2_000
"""Characters of one field's value in the table."""
_CACHED: Final = 4_000
"""Longer lines are prepared each time they are shown: keeping them would take too much memory."""

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    key: str
    """Its `LineKey` as text."""
    milliseconds: int
    """When, since 1970 in UTC."""
    stream: str
    """Its stream's name."""
    severity: Severity
    """How bad it is."""
    text: str
    """In one line."""
    spans: Spans
    """What the pattern matched, in places of `text`."""
    request: str
    """The id of its request; empty where it names none."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of an open line."""

    name: str
    """Its path, as people write it."""
    value: str
    """What it holds; hidden where it is a secret."""
    only: bool
    """A pattern can ask for this value."""
    without: bool
    """A pattern can ask for other values."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What an open line shows."""

    text: str
    """With its line feeds."""
    spans: Spans
    """What the pattern matched."""
    fields: tuple[FieldRow, ...]
    """What its JSON holds, or the fields that the pattern names; empty where there are none."""
    facts: tuple[tuple[str, str], ...]
    """(what, value) about the line itself."""
    note: str
    """What is hidden or cut, a sentence; empty where nothing is."""


def key_of(line: LogLine) -> LineKey:
    """Give how a link names the line."""
    return LineKey(line.milliseconds, line.stream, line.event_id)


def rows(lines: Iterable[LogLine], pattern: str, *, bare: bool) -> tuple[Row, ...]:
    """Give each line as it is listed; `bare` shows secrets, where the setting says so."""
    return tuple(_row(line, pattern, bare=bare) for line in lines)


def _row(line: LogLine, pattern: str, *, bare: bool) -> Row:
    prepare = _prepared if len(line.message) <= _CACHED else _prepared.__wrapped__
    text, spans, told = prepare(line.message, pattern, bare)
    stream = one_line(visible(line.stream).text)
    return Row(key_of(line).text(), line.milliseconds, stream, told[0], text, spans, told[1])


_SAID_BESIDE: Final = re.compile(
    r"\{(?:\s*\"(?:@?timestamp|time|ts|level|severity|levelname|logger)\"\s*:\s*(?:\"[^\"\\]{0,60}\"|[\d.]{1,30})\s*,)*\s*"
)
"""How many loggers begin a line of JSON: with what stands beside it in the list."""
_MESSAGE: Final = re.compile(r"\"@?(?:message|msg)\"\s*:\s*\"(?P<said>(?:[^\"\\]|\\.)+)\"\s*(?P<end>[,}]?\s*)")
"""What a logger was told to say, behind that: the list shows it first, without its quotes."""


@lru_cache(maxsize=20_000)
def _prepared(message: str, pattern: str, bare: bool) -> tuple[str, Spans, tuple[Severity, str]]:  # noqa: FBT001
    severity, request, is_json = (_told if len(message) <= _CACHED else _told.__wrapped__)(message)
    text, spans = _shown(message[:_READ], _pattern(pattern).spans(message), bare=bare)
    if is_json:
        text, spans = _without_frame(text, spans)
    kept = one_line(text).rstrip("⏎ ")
    if len(kept) > SHOWN or len(message) > _READ:
        kept = f"{kept[:SHOWN]} … {len(message):,} characters"
    shown = request if bare or not secrets(request) else ""
    return kept, _within(spans, min(len(text), SHOWN)), (severity, shown)


def _without_frame(text: str, spans: Spans) -> tuple[str, Spans]:
    """Leave out of a line of JSON what stands beside it, and the frame of its message."""
    begun = _SAID_BESIDE.match(text)
    if begun is None:
        return text, spans
    edits: tuple[Edit, ...] = (Edit(0, begun.end(), "{… "),) if "," in begun.group() else ()
    if said := _MESSAGE.match(text, begun.end()):
        edits = (Edit(0, said.start("said"), ""), Edit(said.end("said"), said.end(), "  " if said["end"] else ""))
    hidden = edits[0].end if edits else 0
    shorter = rewrite(text, edits)
    return shorter.text, shorter.spans(span for span in spans if span[1] > hidden)


@lru_cache(maxsize=40_000)
def _told(message: str) -> tuple[Severity, str, bool]:
    """Give how bad a message is, its request, and whether it holds JSON."""
    told = recognise(message)
    return told.severity, one_line(visible(told.request).text), told.document is not None


def severity_of(line: LogLine) -> Severity:
    """Say how bad a line is; asked for the same line again and again, it costs nothing."""
    return (_told if len(line.message) <= _CACHED else _told.__wrapped__)(line.message)[0]


@lru_cache(maxsize=64)
def _pattern(text: str) -> FilterPattern:
    return usable(text)


def _shown(message: str, spans: Iterable[tuple[int, int]], *, bare: bool) -> tuple[str, Spans]:
    """Give a message that may be seen, and where its spans are then."""
    seen = visible(message)
    places = seen.spans((start, end) for start, end in spans if start < len(message))
    if bare:
        return seen.text, places
    safe = masked(seen.text)
    return safe.text, safe.spans(places)


def _within(spans: Spans, most: int) -> Spans:
    return tuple((start, min(end, most)) for start, end in spans if start < most)


def shown_text(message: str, *, bare: bool) -> str:
    """Give all of a message as it may be seen."""
    return _shown(message, (), bare=bare)[0]


def detail(line: LogLine, pattern: str, *, bare: bool) -> Detail:
    """Give what the line shows when it is opened."""
    message = line.message[:OPENED]
    text, spans = _shown(message, _pattern(pattern).spans(line.message), bare=bare)
    told = recognise(line.message)
    found = tuple(_field(each, pattern, bare=bare) for each in fields_of(told))
    return Detail(
        text, spans, found or _extracted(line.message, pattern, bare=bare),
        _facts(line, told, bare=bare), _note(line, message, bare=bare),
    )  # fmt: skip


def fields_of(told: Recognised) -> tuple[Field, ...]:
    """Give the fields of a line's JSON; empty where it has none."""
    return () if told.document is None else fields(told.document)


def _field(field: Field, pattern: str, *, bare: bool) -> FieldRow:
    """Give one field; what is hidden cannot be asked for, because the pattern and the link would hold it."""
    name, value = one_line(visible(field.name).text), visible(cut(field.text, MOST_FIELD)).text
    shown = value if bare else masked_value(name, value)
    open_to_all = not is_hidden(field, bare=bare)
    only, without = (
        open_to_all and log_conditions.narrowed(pattern, field, keep=keep) is not None for keep in (True, False)
    )
    return FieldRow(name, shown, only, without)


def is_hidden(field: Field, *, bare: bool) -> bool:
    """Say whether a field holds a secret that is not shown."""
    name, value = one_line(visible(field.name).text), visible(field.text).text
    return not bare and masked_value(name, value) != value


def _extracted(message: str, pattern: str, *, bare: bool) -> tuple[FieldRow, ...]:
    """Give the fields that the pattern itself names, such as `[ip, user, ..., status=5*]`."""
    found = _pattern(pattern).extract(message)
    names = ((name.removeprefix("$"), visible(cut(value, MOST_FIELD)).text) for name, value in found.items())
    return tuple(FieldRow(name, value if bare else masked_value(name, value), False, False) for name, value in names)  # noqa: FBT003


def _facts(line: LogLine, told: Recognised, *, bare: bool) -> tuple[tuple[str, str], ...]:
    found = [("Stream", line.stream), ("Request", told.request)]
    if line.ingested is not None:
        found.append(("Taken in", f"{(line.ingested - line.milliseconds) / 1000:,.1f} s after it happened"))
    return tuple((name, one_line(shown_text(value, bare=bare))) for name, value in found if value)


def _note(line: LogLine, message: str, *, bare: bool) -> str:
    parts = []
    hidden = 0 if bare else len(secrets(visible(message).text))
    if hidden:
        parts.append(f"{hidden} {'secret is' if hidden == 1 else 'secrets are'} hidden.")
    if len(line.message) > len(message):
        parts.append(f"The first {len(message):,} of {len(line.message):,} characters; the download has all of them.")
    return " ".join(parts)


def request_of(line: LogLine, *, bare: bool) -> str:
    """Give the id of a line's request as it stands there; empty where it names none, or one that is hidden."""
    request = recognise(line.message).request
    return request if bare or not secrets(request) else ""


def find(lines: Sequence[LogLine], key: str) -> LogLine | None:
    """Give the line that a key names."""
    return next((line for line in lines if key_of(line).text() == key), None)
