"""Patterns for lines of fields with spaces between them, such as access logs: `[ip, ..., status = 4*, size]`.

What stands between square brackets or double quotes is one field. Without an ellipsis a line must have exactly as
many fields as the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from lark import Token, Tree

from core.filter_pattern.conditions import (
    Joined,
    check_regexes,
    comparison_of,
    conditions,
    in_words,
    joined_of,
    parse_tree,
    predicate,
    written,
)
from core.filter_pattern.errors import FilterPatternError
from core.filter_pattern.values import Comparison

_WORD: Final = re.compile(r"\S+")
_CLOSING: Final = {"[": "]", '"': '"'}


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """What must be so of the field it stands in."""

    name: str
    comparison: Comparison

    def words(self) -> str:
        return f"{self.name} {self.comparison.words()}"

    def __str__(self) -> str:
        return f"{self.name} {self.comparison}"


@dataclass(frozen=True, slots=True)
class SpaceField:
    """One field of the pattern."""

    name: str = ""
    """Empty for a field that is only counted."""
    held: Joined[FieldCondition] | None = None

    def predicate(self) -> Callable[[str], bool] | None:
        """Give the question whether a field's text is as wanted; None where any is. Built once, asked of every line."""
        return None if self.held is None else predicate(self.held, lambda condition: condition.comparison.predicate())

    def __str__(self) -> str:
        return self.name if self.held is None else written(self.held)


@dataclass(frozen=True, slots=True)
class FieldsPattern:
    """Fields before and after an ellipsis, or all of them."""

    first: tuple[SpaceField, ...]
    last: tuple[SpaceField, ...] = ()
    open: bool = False
    """There is an ellipsis between the first and the last fields, for any number of others."""
    asked: tuple[tuple[int, Callable[[str], bool]], ...] = field(init=False, compare=False, repr=False)
    """The place of each field with conditions, from the end where it is below 0, and the question."""

    def __post_init__(self) -> None:
        placed = [*enumerate(self.first), *enumerate(self.last, start=-len(self.last))]
        questions = ((place, each.predicate()) for place, each in placed)
        object.__setattr__(self, "asked", tuple((place, holds) for place, holds in questions if holds is not None))

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(field.name for field in (*self.first, *self.last) if field.name)

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison, from left to right."""
        for each in (*self.first, *self.last):
            if each.held is not None:
                yield from (condition.comparison for condition in conditions(each.held))

    def matches(self, message: str) -> bool:
        tokens = texts(message)
        least = len(self.first) + len(self.last)
        if len(tokens) < least or (len(tokens) > least and not self.open):
            return False
        return all(holds(tokens[place]) for place, holds in self.asked)

    def _laid(self, count: int) -> list[tuple[int, SpaceField]] | None:
        """Lay the fields on so many tokens; None where they do not fit."""
        least = len(self.first) + len(self.last)
        if count < least or (count > least and not self.open):
            return None
        return [*enumerate(self.first), *enumerate(self.last, start=count - len(self.last))]

    def extract(self, message: str) -> dict[str, str]:
        """Every field of the line: `$name` where the pattern names it, its number such as `$4` where not."""
        tokens = texts(message)
        names = {place: each.name for place, each in self._laid(len(tokens)) or () if each.name}
        return {f"${names.get(place) or place + 1}": token for place, token in enumerate(tokens)}

    def spans(self, message: str) -> Iterator[tuple[int, int]]:
        """Where the fields with conditions stand."""
        placed = list(split(message))
        for place, each in self._laid(len(placed)) or ():
            token, start = placed[place]
            if each.held is not None and token:
                yield start, start + len(token)

    def words(self) -> str:
        least = len(self.first) + len(self.last)
        if not least:
            return "Every line, split into fields at its spaces."
        said = f"Lines of {'at least' if self.open else 'exactly'} {least} field{'' if least == 1 else 's'}"
        held = [field.held for field in (*self.first, *self.last) if field.held is not None]
        parts = [in_words(node, FieldCondition.words) for node in held]
        if len(parts) > 1:
            parts = [f"({part})" if " or " in part else part for part in parts]
        return f"{said} in which {' and '.join(parts)}." if parts else f"{said}."

    def __str__(self) -> str:
        texts = [str(field) for field in self.first]
        if self.open:
            texts += ["...", *(str(field) for field in self.last)]
        return f"[{', '.join(texts)}]"


MOST_OPENINGS: Final = 100
"""Brackets and quotes of a line that is split by an expression, which may read the rest of it at each of them."""
_FIELD: Final = re.compile(r"""\[([^\]]*)\](?=\s|\Z)|"([^"]*)"(?=\s|\Z)|(\S+)""")


def texts(message: str) -> list[str]:
    """Give a line's fields, without the brackets or quotes around them; ordinary lines quickly."""
    if "[" not in message and '"' not in message:
        return message.split()
    if message.count("[") + message.count('"') <= MOST_OPENINGS:
        return [bare or quoted or bracketed for bracketed, quoted, bare in _FIELD.findall(message)]
    return [text for text, _ in split(message)]


def split(message: str) -> Iterator[tuple[str, int]]:
    """Give a line's fields with the places where they begin, without the brackets or quotes around them."""
    closed = dict.fromkeys(_CLOSING, -1)
    place = 0
    while match := _WORD.search(message, place):
        start, place = match.span()
        end = _closing(message, start, closed)
        if end < 0:
            yield match[0], start
        else:
            yield message[start + 1 : end], start + 1
            place = end + 1


def _closing(message: str, start: int, closed: dict[str, int]) -> int:
    """Where the bracket or quote that opens a field is closed before a space; -1 where it is not.

    `closed` remembers the next closing sign of each kind, so that a line of opening brackets is read once.
    """
    opening = message[start]
    if opening not in _CLOSING:
        return -1
    if closed[opening] <= start:
        end = message.find(_CLOSING[opening], start + 1)
        closed[opening] = end if end >= 0 else len(message)
    end = closed[opening]
    return end if end < len(message) and (end + 1 == len(message) or message[end + 1].isspace()) else -1


def read_fields(text: str) -> FieldsPattern:
    """Read a pattern in square brackets; raises FilterPatternError."""
    trees = [child for child in parse_tree(text, "space_fields").children if isinstance(child, Tree)]
    dots = [place for place, tree in enumerate(trees) if tree.data == "ellipsis"]
    if len(dots) > 1:
        raise FilterPatternError(
            text.rfind("..."), "there can be one ellipsis: with two, nobody knows which field is which"
        )
    fields = [_field(tree) for tree in trees if tree.data != "ellipsis"]
    if len(trees) == 1 and trees[0].data == "unnamed":
        return FieldsPattern((), open=True)
    cut = dots[0] if dots else len(fields)
    pattern = FieldsPattern(tuple(fields[:cut]), tuple(fields[cut:]), open=bool(dots))
    check_regexes(pattern.comparisons(), end=len(text))
    return pattern


def _field(tree: Tree[Token]) -> SpaceField:
    if tree.data == "unnamed":
        return SpaceField()
    child = tree.children[0]
    if not isinstance(child, Tree):
        return SpaceField(str(child))
    held = joined_of(child, _condition)
    name = next(conditions(held)).name
    for token in child.scan_values(lambda token: isinstance(token, Token) and token.type == "NAME"):
        if token != name:
            raise FilterPatternError(
                token.start_pos or 0,
                f"the conditions of one field name one field: write {name}, or put a comma before {token}",
            )
    return SpaceField(name, held)


def _condition(tree: Tree[Token]) -> FieldCondition:
    name, sign, value = (child for child in tree.children if isinstance(child, Token))
    return FieldCondition(str(name), comparison_of(sign, value))
