"""Patterns for lines without structure: terms that must, may or must not stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Final

from core.filter_pattern.errors import FilterPatternError
from core.filter_pattern.values import MAX_SPANS, quoted, unquoted

_BARE: Final = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_TOKEN: Final = re.compile(r'(?P<mark>-\s*|\?)?(?P<word>"(?:\\.|[^"\\])*"|[^\s"]+)', re.DOTALL)


class Role(StrEnum):
    """What a term is for; the value is the sign before it."""

    MUST = ""
    MAY = "?"
    NOT = "-"


@dataclass(frozen=True, slots=True)
class Term:
    """A text looked for anywhere in the line, upper and lower case told apart."""

    text: str
    role: Role = Role.MUST

    def __str__(self) -> str:
        return f"{self.role}{self.text if _BARE.fullmatch(self.text) else quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms: all that must, at least one of those that may, none of those that must not."""

    terms: tuple[Term, ...]

    must: tuple[str, ...] = field(init=False, compare=False, repr=False)
    without: tuple[str, ...] = field(init=False, compare=False, repr=False)
    may: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """The optional terms; none beside terms of another kind, where CloudWatch ignores them."""
    ignored: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        by_role = {role: tuple(term.text for term in self.terms if term.role is role) for role in Role}
        alone = not by_role[Role.MUST] and not by_role[Role.NOT]
        object.__setattr__(self, "must", by_role[Role.MUST])
        object.__setattr__(self, "without", by_role[Role.NOT])
        object.__setattr__(self, "may", by_role[Role.MAY] if alone else ())
        object.__setattr__(self, "ignored", () if alone else by_role[Role.MAY])

    def matches(self, message: str) -> bool:
        for text in self.must:
            if text not in message:
                return False
        for text in self.without:
            if text in message:
                return False
        for text in self.may:
            if text in message:
                return True
        return not self.may

    def spans(self, message: str) -> Iterator[tuple[int, int]]:
        for text in {*self.must, *self.may}:
            yield from islice(_places(message, text), MAX_SPANS)

    def words(self) -> str:
        if not self.terms:
            return "Every line."
        parts = []
        if self.must:
            parts.append(f"contain {_listed(self.must, 'and')}")
        if self.may:
            parts.append(f"contain {_listed(self.may, 'or')}")
        if self.without:
            parts.append(f"do not contain {_listed(self.without, 'or')}")
        said = f"Lines that {' and '.join(parts)}."
        if self.ignored:
            said += (
                f" CloudWatch ignores {_listed(self.ignored, 'and')}: terms with ? count only where they stand alone."
            )
        return said

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)


def _places(message: str, text: str) -> Iterator[tuple[int, int]]:
    start = message.find(text)
    while start >= 0:
        yield start, start + len(text)
        start = message.find(text, start + len(text))


def _listed(texts: tuple[str, ...], joint: str) -> str:
    said = [f'"{text}"' for text in texts]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {joint} {said[-1]}"


def read_terms(text: str) -> Terms:
    """Read terms side by side; raises FilterPatternError."""
    terms = [term for term in _terms(text) if term.text.strip()]
    return Terms(tuple(terms))


def _terms(text: str) -> Iterator[Term]:
    place = _after_space(text, 0)
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FilterPatternError(place, 'this double quote is never closed: add a " at the end of the phrase')
        mark = (match["mark"] or "").strip()
        yield Term(_text_of(match["word"], match.start("word")), Role(mark))
        place = _after_space(text, match.end())


def _after_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _text_of(word: str, place: int) -> str:
    if word.startswith('"'):
        return unquoted(word)
    wrong = _BARE.match(word)
    if wrong is None or wrong.end() < len(word):
        at = place + (wrong.end() if wrong else 0)
        if word.startswith("%") or word.endswith("%"):
            raise FilterPatternError(at, "a regular expression stands alone, from the first percent sign to the last")
        raise FilterPatternError(
            at, f'{word!r} holds more than letters, digits and underscores: put it in double quotes, "{word}"'
        )
    return word
