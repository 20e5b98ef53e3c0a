"""What the list of log lines and the pattern box are sent, and what they send back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.log_recognition import Severity
from dashboard.charts.picked import is_whole

LONGEST: Final = 2_000
"""Characters of one value that a browser sends."""


class Act(StrEnum):
    """What a viewer wants of a line."""

    OPEN = "open"
    ONLY = "only"
    WITHOUT = "without"
    REQUEST = "request"
    AROUND = "around"


@dataclass(frozen=True, slots=True)
class LineEvent:
    """What a viewer did with a line."""

    act: Act
    key: str
    """The line's key."""
    field: int = -1
    """Place of the field that was pressed; -1 where it was none."""


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of the list; every text is drawn as text."""

    key: str
    milliseconds: int
    severity: Severity
    text: str
    spans: tuple[tuple[int, int], ...]
    """What to highlight."""
    stream: str
    request: str


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What stands below an open line."""

    text: str
    spans: tuple[tuple[int, int], ...]
    fields: tuple[tuple[str, str, bool, bool], ...]
    """(name, value, can be asked for, can be asked against)."""
    facts: tuple[tuple[str, str], ...]
    note: str


@dataclass(frozen=True, slots=True)
class LineList:
    """A list of lines as it is drawn, from top to bottom."""

    name: str
    """Changes with what is shown: another name begins at the beginning."""
    label: str
    """For screen readers."""
    lines: Sequence[ListedLine]
    opened: Mapping[str, OpenLine]
    """By key."""
    empty: str = ""
    """A sentence where there is no line."""
    anchor: str = ""
    """Key of the line that the list is about: marked, open to view, in the middle."""
    tail: bool = False
    """New lines come at the end; the list follows them, and can be held without losing any."""
    around: bool = True
    """Lines can be shown with their neighbours."""


def document(shown: LineList, *, height: int) -> bytes:
    """Give the list for the browser."""
    several = len({line.stream for line in shown.lines}) > 1
    made: dict[str, Any] = {
        "name": shown.name,
        "label": shown.label,
        "height": height,
        "empty": shown.empty,
        "anchor": shown.anchor,
        "tail": shown.tail,
        "around": shown.around,
        "several": several,
        "lines": [
            [line.key, line.milliseconds, str(line.severity), line.text, line.spans, line.stream, line.request]
            for line in shown.lines
        ],
        "opened": {key: _opened(each) for key, each in shown.opened.items()},
    }
    return json.dumps(made, separators=(",", ":")).encode()


def _opened(line: OpenLine) -> dict[str, Any]:
    return {
        "text": line.text,
        "spans": line.spans,
        "fields": line.fields,
        "facts": line.facts,
        "note": line.note,
    }


def event_of(picked: object) -> LineEvent | None:
    """Read what the list sent; None where it makes no sense."""
    if not isinstance(picked, Mapping):
        return None
    act, key, field = picked.get("act"), picked.get("key"), picked.get("field", -1)
    acts = {str(each): each for each in Act}
    if act not in acts or not isinstance(key, str) or not is_whole(field) or not -1 <= field < 1_000:
        return None
    return LineEvent(acts[act], key[:LONGEST], field)


@dataclass(frozen=True, slots=True)
class PatternView:
    """What is said of a pattern that is being typed."""

    text: str
    words: str
    """What it finds; empty where it is wrong."""
    error: str = ""
    position: int = -1
    """Where it is wrong, counted in characters from 0."""


@dataclass(frozen=True, slots=True)
class PatternEvent:
    """What a viewer did in the pattern box."""

    text: str
    entered: bool
    """To be searched for now; else only typed."""


def pattern_document(view: PatternView, *, current: str) -> dict[str, Any]:
    """Give the pattern box for the browser; `current` is the pattern that is searched for."""
    return {
        "text": view.text,
        "current": current,
        "words": view.words,
        "error": view.error,
        "position": len(view.text[: view.position].encode("utf-16-le")) // 2 if view.position >= 0 else -1,
    }


def pattern_event(picked: object, *, longest: int) -> PatternEvent | None:
    """Read what the pattern box sent; None where it makes no sense."""
    if not isinstance(picked, Mapping) or not isinstance(picked.get("text"), str):
        return None
    return PatternEvent(picked["text"][:longest], picked.get("entered") is True)
