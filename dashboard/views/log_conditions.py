"""A filter pattern narrowed by a click: only lines with a field's value, only those without it."""

from __future__ import annotations

import re
from typing import Final

from core.filter_pattern import FilterPattern, FilterPatternError, PatternKind, parse
from core.log_recognition import Field, Number
from dashboard.log_state import LONGEST_PATTERN

ERRORS: Final = '?ERROR ?Error ?error ?FATAL ?CRITICAL ?Exception ?Traceback ?"Task timed out"'
WARNINGS: Final = "?WARN ?Warn ?warn"
STARTS: Final = (("Errors", ERRORS), ("Warnings", WARNINGS))
"""Patterns to begin with: what loggers of many kinds write."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_BARE_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def checked(text: str) -> FilterPattern | FilterPatternError:
    """Give the pattern that a text is, or what is wrong with it."""
    try:
        return parse(text)
    except FilterPatternError as error:
        return error


def usable(text: str) -> FilterPattern:
    """Give the pattern that a text is; one that finds everything where it is wrong."""
    found = checked(text)
    return parse("") if isinstance(found, FilterPatternError) else found


def narrowed(pattern: str, field: Field, *, keep: bool) -> str | None:
    """Give the pattern that also asks for (`keep`) or against a field's value; None where no pattern can say it."""
    return _first_valid(_narrowed(usable(pattern), field, keep=keep))


def with_text(pattern: str, text: str) -> str | None:
    """Give a pattern that also asks for a text anywhere in the line, such as a request's id."""
    found = usable(pattern)
    term = f'"{_escaped(text)}"'
    beside = [f"{found.text} {term}"] if found.kind is PatternKind.TERMS and not _has_choice(found) else []
    return _first_valid([*beside, term])


def _narrowed(pattern: FilterPattern, field: Field, *, keep: bool) -> list[str]:
    condition = _condition(field, keep=keep)
    text = field.text
    if pattern.kind is PatternKind.JSON and condition:
        inside = pattern.text.strip()[1:-1].strip()
        return [f"{{ {f'({inside})' if '||' in inside else inside} && {condition} }}"]
    if pattern.kind is PatternKind.TERMS and not _has_choice(pattern) and text:
        term = f'"{_escaped(text)}"'
        return [f"{pattern.text.strip()} {term if keep else f'-{term}'}"]
    return [f"{{ {condition} }}"] if condition else []


def _condition(field: Field, *, keep: bool) -> str:
    """Write what is asked of one property; empty where the grammar has no words for it."""
    selector = _selector(field.path)
    value = field.value
    if not selector or isinstance(value, list | dict):
        return ""
    if value is None:
        return f"{selector} IS NULL" if keep else ""
    if isinstance(value, bool):
        return f"{selector} IS {'TRUE' if value is keep else 'FALSE'}"
    sign = "=" if keep else "!="
    if isinstance(value, Number) and _BARE_NUMBER.fullmatch(value):
        return f"{selector} {sign} {value}"
    return f'{selector} {sign} "{_escaped(str(value))}"'


def _selector(path: tuple[str | int, ...]) -> str:
    parts = [_step(part) for part in path]
    return f"${''.join(parts)}" if parts and all(parts) else ""


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_NAME.fullmatch(part):
        return f".{part}"
    quote = next((sign for sign in "\"'" if sign not in part), "")
    return f".[{quote}{part}{quote}]" if part and quote else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _has_choice(pattern: FilterPattern) -> bool:
    """Tell whether some of the terms are a choice: beside a term that must be there, AWS would not look at them."""
    return bool(re.search(r"(?:^|\s)\?", pattern.text))


def _first_valid(texts: list[str]) -> str | None:
    """Give the first text that is a pattern: what a field holds may be nothing that a pattern can say."""
    fits = (text for text in texts if len(text) <= LONGEST_PATTERN)
    return next((text for text in fits if not isinstance(checked(text), FilterPatternError)), None)
