"""Patterns for JSON lines: conditions on the properties that selectors such as `$.user.id` lead to.

A selector must lead to a text or a number, otherwise a comparison does not hold, `!=` neither; that is AWS's rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final

import orjson
from lark import Token, Tree

from core.filter_pattern.conditions import (
    All,
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
from core.filter_pattern.values import MAX_SPANS, Comparison, Found, Operator, Text, number_text

_STEP: Final = re.compile(
    r"""\.?\[(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<index>\d+)|(?P<each>\*))\]"""
    r"""|\.(?:(?P<name>[A-Za-z0-9_\-]+)|(?P<any>\*))"""
)


_NAME: Final = re.compile(r"[A-Za-z0-9_\-]+", re.ASCII)
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]+")
"""Characters that a JSON document holds as they are, unless it escapes them needlessly."""
_NUMERIC: Final = re.compile(r"[0-9+\-.eE]*")
MAX_VALUES: Final = 50
"""Values of one wildcard selector that are shown in a line."""


class Wildcard(StrEnum):
    """Steps that lead to everything at their place."""

    ELEMENTS = "[*]"
    MEMBERS = ".*"


Step = str | int | Wildcard


@dataclass(frozen=True, slots=True)
class Selector:
    """A way into a JSON document."""

    text: str = field(compare=False)
    steps: tuple[Step, ...]
    plain: bool = field(init=False, compare=False, repr=False)
    """Leads to one place at most."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", not any(isinstance(step, Wildcard) for step in self.steps))

    def found(self, document: object) -> list[Any]:
        """Give what it leads to: nothing, one value, or with wildcards several."""
        if self.plain:
            value: Any = document
            for step in self.steps:
                if isinstance(value, dict):
                    if step not in value:
                        return []
                    value = value[step]
                elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                    value = value[step]
                else:
                    return []
            return [value]
        values: list[Any] = [document]
        for step in self.steps:
            values = [inner for value in values for inner in _inner(value, step)]
        return values

    def __str__(self) -> str:
        return self.text


def _inner(value: Any, step: Step) -> Iterable[Any]:
    if isinstance(value, dict):
        if step is Wildcard.MEMBERS:
            return value.values()
        return (value[step],) if isinstance(step, str) and step in value else ()
    if isinstance(value, list):
        if step is Wildcard.ELEMENTS:
            return value
        return (value[step],) if isinstance(step, int) and step < len(value) else ()
    return ()


def read_selector(text: str) -> Selector | None:
    """Read a selector such as `$.users[0].id`; None where the text is none."""
    steps: list[Step] = []
    place = 1
    while text.startswith("$") and place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            return None
        steps.append(_step(match))
        place = match.end()
    return Selector(text, tuple(steps)) if steps else None


def selector_of(steps: Iterable[str | int]) -> Selector:
    """Give the selector that leads along names and places.

    >>> str(selector_of(["user", "roles", 0, "a.b"]))
    "$.user.roles[0].['a.b']"
    """
    found = tuple(steps)
    return Selector("$" + "".join(_written_step(step) for step in found), found)


def _written_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _NAME.fullmatch(step):
        return f".{step}"
    return f'.["{step}"]' if "'" in step else f".['{step}']"


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["each"] is not None:
        return Wildcard.ELEMENTS
    if match["any"] is not None:
        return Wildcard.MEMBERS
    return match["double"] or match["single"] or match["name"]


class State(StrEnum):
    """What a property can be, besides compared; the value is how the grammar writes it."""

    NULL = "IS NULL"
    TRUE = "IS TRUE"
    FALSE = "IS FALSE"
    ABSENT = "NOT EXISTS"


_STATE_WORDS: Final = {
    State.NULL: "is null",
    State.TRUE: "is true",
    State.FALSE: "is false",
    State.ABSENT: "does not exist",
}
_STATES: Final = {"is_null": State.NULL, "is_true": State.TRUE, "is_false": State.FALSE, "absent": State.ABSENT}


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so of a property."""

    selector: Selector
    test: Comparison | State

    def predicate(self) -> Callable[[object], bool]:
        """Give the question whether it is so in a document. Built once, asked of every line."""
        found_in = self.selector.found
        if isinstance(self.test, Comparison):
            holds = self.test.predicate()
            if self.selector.plain:
                return lambda document: _one_holds(found_in(document), holds)
            return lambda document: any(_is_value(value) and holds(value) for value in found_in(document))
        match self.test:
            case State.NULL:
                return lambda document: None in found_in(document)
            case State.ABSENT:
                return lambda document: not found_in(document)
        wanted = self.test is State.TRUE
        return lambda document: any(value is wanted for value in found_in(document))

    def words(self) -> str:
        said = self.test.words() if isinstance(self.test, Comparison) else _STATE_WORDS[self.test]
        return f"{self.selector} {said}"

    def __str__(self) -> str:
        return f"{self.selector} {self.test}"


_VALUES: Final = frozenset({str, int, float})


def _is_value(value: object) -> bool:
    return type(value) in _VALUES


def _one_holds(found: Sequence[Any], holds: Callable[[Any], bool]) -> bool:
    return bool(found) and type(found[0]) in _VALUES and holds(found[0])


@dataclass(frozen=True, slots=True)
class JsonPattern:
    """Conditions on a JSON document."""

    root: Joined[Condition]
    needed: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Texts without which no line matches, if it holds no escapes: most lines need not be read as JSON."""
    holds: Callable[[object], bool] = field(init=False, compare=False, repr=False)
    """Whether a document is as wanted."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "needed", tuple(dict.fromkeys(_needed(self.root))))
        object.__setattr__(self, "holds", predicate(self.root, Condition.predicate))

    def matches(self, message: str) -> bool:
        for text in self.needed:
            if text not in message and "\\" not in message:
                return False
        document = document_of(message)
        return document is not None and self.holds(document)

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison, from left to right."""
        for condition in conditions(self.root):
            if isinstance(condition.test, Comparison):
                yield condition.test

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """The properties it asks about, each once."""
        return tuple({condition.selector: None for condition in conditions(self.root)})

    def extract(self, message: str) -> dict[str, str]:
        """The text or number that each selector leads to, by the selector's text."""
        document = document_of(message)
        return {
            selector.text: said for selector in self.selectors if (said := first_text(selector, document)) is not None
        }

    def spans(self, message: str) -> Iterator[tuple[int, int]]:
        """Where the compared values stand."""
        document = document_of(message)
        for condition in conditions(self.root):
            for value in islice(_fitting(condition, document), MAX_VALUES):
                yield from islice(_places(message, condition.selector.steps[-1], value), MAX_SPANS)

    def words(self) -> str:
        return f"JSON lines in which {in_words(self.root, Condition.words)}."

    def __str__(self) -> str:
        return f"{{ {written(self.root)} }}"


def document_of(message: str) -> object | None:
    """Give the JSON object or list that a whole message is; None where it is none."""
    if message.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        document: object = orjson.loads(message)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return document


def first_text(selector: Selector, document: object) -> str | None:
    """Give the first text or number that a selector leads to, as a text."""
    return next((_text(value) for value in selector.found(document) if _is_value(value)), None)


def _needed(node: Joined[Condition]) -> Iterator[str]:
    """Texts that stand as they are in every line that matches; a text of digits could be a number written otherwise."""
    if isinstance(node, All):
        for part in node.parts:
            yield from _needed(part)
    if isinstance(node, Condition) and isinstance(node.test, Comparison) and node.test.operator is Operator.EQUAL:
        wanted = node.test.wanted
        if isinstance(wanted, Text) and _PLAIN.fullmatch(wanted.core) and not _NUMERIC.fullmatch(wanted.core):
            yield wanted.core


def _fitting(condition: Condition, document: object) -> Iterator[Found]:
    """Give the values by which a comparison holds, each once."""
    if isinstance(condition.test, Comparison):
        yield from filter(
            condition.test.predicate(), dict.fromkeys(filter(_is_value, condition.selector.found(document)))
        )


def _text(value: Found) -> str:
    return value if isinstance(value, str) else number_text(value)


def _places(message: str, step: Step, value: Found) -> Iterator[tuple[int, int]]:
    """Where a value stands in the line, behind its property's name where it has one."""
    encoded = orjson.dumps(value).decode() if isinstance(value, str) else number_text(value)
    key = f'"{step}"' if isinstance(step, str) and not isinstance(step, Wildcard) else ""
    start = message.find(key or encoded)
    while start >= 0:
        place = _behind(message, start + len(key)) if key else start
        if message.startswith(encoded, place):
            yield place, place + len(encoded)
        start = message.find(key or encoded, max(place, start + 1))


def _behind(message: str, place: int) -> int:
    """The place of the value behind a property's name: behind the colon and the spaces around it."""
    while place < len(message) and (message[place] == ":" or message[place].isspace()):
        place += 1
    return place


def with_any(pattern: JsonPattern | None, selector: Selector) -> JsonPattern:
    """Give a pattern that also wants a text or number where the selector leads; None begins a new one."""
    wanted = Condition(selector, Comparison(Operator.EQUAL, Text("*")))
    if pattern is None:
        return JsonPattern(wanted)
    parts = pattern.root.parts if isinstance(pattern.root, All) else (pattern.root,)
    return JsonPattern(All((*parts, wanted)))


def read_json(text: str) -> JsonPattern:
    """Read a pattern in braces; raises FilterPatternError."""
    either = parse_tree(text, "json_selectors").children[0]
    if not isinstance(either, Tree):
        raise TypeError(f"{either!r} stands where the grammar has a rule")
    pattern = JsonPattern(joined_of(either, _condition))
    check_regexes(pattern.comparisons(), end=len(text))
    return pattern


def _condition(tree: Tree[Token]) -> Condition:
    first, *rest = (child for child in tree.children if isinstance(child, Token))
    selector = read_selector(str(first))
    if selector is None:
        raise FilterPatternError(first.start_pos or 0, f"{first!s} is no way into a document; $.users[0].id is one")
    state = _STATES.get(str(tree.data))
    return Condition(selector, state or comparison_of(rest[0], rest[1]))
