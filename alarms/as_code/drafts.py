"""From what a file says of an alarm to the alarm, or to the sentence that says why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alarms.as_code.values import Open, settle, text_of
from alarms.definition import Alarm, DefinitionErrors, parse
from alarms.shapes import input_shape
from alarms.wire import operation_of


@dataclass(frozen=True, slots=True)
class Draft:
    """An alarm as a file has it: AWS's members, some of them open (`alarms.as_code.values.Open`)."""

    address: str
    """How the file calls it: a logical id, `aws_cloudwatch_metric_alarm.cpu["a"]`, or the alarm's name."""
    line: int
    params: Mapping[str, Any]
    refusal: str = ""
    """Why it is no alarm already here; empty where that is still to be seen."""
    left_out: str = ""
    """Why deploying the file makes no such alarm, with the values that its parameters have."""
    notes: tuple[str, ...] = ()
    spelling: Mapping[str, str] | None = None
    """AWS's top members to the file's own names for them, where those differ."""
    lines: Mapping[str, int] | None = None
    """The lines of the file's own names."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One alarm of a file: its definition, or the reason why it has none."""

    name: str
    """The alarm's name, or its address where the file gives none."""
    address: str
    definition: Alarm | None
    refusal: str
    """Why there is no definition, a sentence a field; empty where there is one."""
    file: str
    line: int
    """Where the alarm stands; of a refused one, where the first wrong member stands."""
    notes: tuple[str, ...] = ()
    """What the file leaves open, and what became of it."""
    left_out: bool = False
    """Deploying the file makes no such alarm; `refusal` says why. This is no mistake."""


def finished(draft: Draft, *, file: str) -> Loaded:
    """Give the alarm that a draft is, or say why it is none."""
    name = text_of(draft.params.get("AlarmName")) or draft.address
    if draft.left_out:
        return Loaded(name, draft.address, None, draft.left_out, file, draft.line, draft.notes, left_out=True)
    if draft.refusal:
        return Loaded(name, draft.address, None, draft.refusal, file, draft.line, draft.notes)
    params = {**draft.params, "AlarmName": draft.params.get("AlarmName") or draft.address}
    settled = settle(params, input_shape(operation_of(params)))
    notes = (*draft.notes, *settled.placeholders)
    definition, errors = _judged(settled.value)
    errors = {field: text for field, text in errors.items() if not _follows(field, settled.open)}
    if not errors and not settled.open:
        return Loaded(name, draft.address, definition, "", file, draft.line, notes)
    said = [f"{_spelled(draft, field)}: {text}" if field else text for field, text in errors.items()]
    line = _line(draft, [*settled.open, *errors])
    return Loaded(name, draft.address, None, "; ".join([*_open_ones(draft, settled.open), *said]), file, line, notes)


def _judged(params: Mapping[str, Any]) -> tuple[Alarm | None, Mapping[str, str]]:
    try:
        return parse(params), {}
    except DefinitionErrors as error:
        return None, error.fields


def _follows(field: str, opened: Mapping[str, Open]) -> bool:
    """Whether an error is only the echo of an open member, which was left out and so seems to be missing."""
    return _top(field) in {_top(name) for name in opened} or (not field and bool(opened))


def _open_ones(draft: Draft, opened: Mapping[str, Open]) -> list[str]:
    """One sentence for each thing that would have to be known."""
    by_reason: dict[str, list[str]] = {}
    for field, value in opened.items():
        by_reason.setdefault(value.why, []).append(f"{_spelled(draft, field)} is {value}")
    return [f"{', '.join(members)}: {why}" for why, members in by_reason.items()]


def _spelled(draft: Draft, field: str) -> str:
    top = _top(field)
    return (draft.spelling or {}).get(top, top) + field[len(top) :]


def _top(field: str) -> str:
    return re.split(r"[.\[]", field, maxsplit=1)[0]


def _line(draft: Draft, errors: Iterable[str]) -> int:
    known = [(draft.lines or {}).get(_spelled(draft, _top(field))) for field in errors]
    return next((line for line in known if line is not None), draft.line)
