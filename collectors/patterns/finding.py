"""From a template to the filter pattern that finds its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from collectors.patterns.lines import Origin
from collectors.patterns.templates import Template
from core.filter_pattern import MAX_LENGTH, FilterPatternError, parse

MOST_RUNS: Final = 6
"""Pieces of fixed text that a pattern asks for, the longest ones."""
_VARYING: Final = re.compile(r"<(?:[a-z]+|\*)>|\b[1-5]xx\b|⏎")
_SOME_TEXT: Final = re.compile(r"[A-Za-z]{2,}")
_PROPERTY: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEY: Final = re.compile(r"([A-Za-z0-9_-]+)=")
_WORD: Final = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}")


def pattern_of(template: Template) -> str | None:
    """Give a filter pattern that finds every line of the template; None where nothing in its lines is fixed.

    It may find others too, whose words are the same in another order: a filter pattern knows no template.
    """
    asked = _json(template) if template.origin.is_json else [_term(run) for run in _runs(template)]
    while asked:
        text = f"{{ {' && '.join(asked)} }}" if template.origin.is_json else " ".join(asked)
        if len(text) <= MAX_LENGTH and _finds(text, template):
            return text
        asked.pop()
    return None


def _finds(text: str, template: Template) -> bool:
    try:
        pattern = parse(text)
    except FilterPatternError:
        return False
    return all(pattern.matches(example) for example in template.examples)


def _runs(template: Template) -> list[str]:
    """Give the pieces of fixed text that stand in all known lines, the longest first."""
    held = [piece for run in _VARYING.split(template.text) for piece in _held(_bare(run), template)]
    runs = sorted(dict.fromkeys(run for run in held if _SOME_TEXT.search(run)), key=len, reverse=True)
    return runs[:MOST_RUNS]


def _bare(run: str) -> str:
    """Give a piece of text without the signs that belong to what varies beside it."""
    return run.lstrip(" \"']):;,").rstrip(" \"'[(")


def _held(run: str, template: Template) -> Iterator[str]:
    """Give a piece of text if it stands so in the lines, else its words: spaces may have been wider there."""
    wanted = _written(run) if template.origin.is_json else run
    if all(wanted in example for example in template.examples):
        yield run
    else:
        yield from run.split()


def _written(run: str) -> str:
    """Give a text as JSON writes it where nothing in it needs escaping."""
    return run.replace("\\", "\\\\").replace('"', '\\"')


def _json(template: Template) -> list[str]:
    origin = template.origin
    if origin.field:
        asked = [f"{_selector(origin.field)} = {_quoted(f'*{run}*')}" for run in _runs(template)]
    else:
        asked = [f'$.{key} = "*"' for key in _keys(template)]
    # What narrows least is given up first.
    return [*_origin(origin), *asked] if asked else []


def _origin(origin: Origin) -> Iterator[str]:
    for name, value in ((origin.level_field, origin.level), (origin.logger_field, origin.logger)):
        if name and value:
            yield f"{_selector(name)} = {value if _NUMBER.fullmatch(value) else _quoted(value)}"


def _keys(template: Template) -> list[str]:
    found = (_KEY.match(word) for word in template.words)
    return [match[1] for match in found if match][:MOST_RUNS]


def _selector(name: str) -> str:
    if _PROPERTY.fullmatch(name):
        return f"$.{name}"
    return f'$.["{name}"]'


def _term(text: str) -> str:
    return text if _WORD.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
