"""What a condition of a filter pattern compares with: a text with wildcards, a number, a regular expression."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.filter_pattern.regex import Regex

Found = str | int | float
"""What stands in a line: a text, or a number of a JSON document."""

MAX_SPANS: Final = 200
"""Places of one term or value that are shown in a line; a line may be a megabyte long."""
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_BARE: Final = re.compile(r"[A-Za-z0-9_.*+\-:/]+", re.ASCII)


class Operator(StrEnum):
    """The comparisons of filter patterns."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


_ORDERS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
_NUMBER_WORDS: Final = {
    Operator.EQUAL: "is",
    Operator.UNEQUAL: "is not",
    Operator.LESS: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.MORE: "is more than",
    Operator.AT_LEAST: "is at least",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text; an asterisk at its beginning or end stands for anything, one inside it for itself."""

    text: str
    before: bool = field(init=False, compare=False, repr=False)
    after: bool = field(init=False, compare=False, repr=False)
    core: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        before = self.text.startswith("*")
        after = self.text.endswith("*")
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "after", after)
        object.__setattr__(self, "core", self.text[before : len(self.text) - after] if self.text != "*" else "")

    def predicate(self) -> Callable[[str], bool]:
        """Give the question whether a whole text is this one. Built once, asked of every line."""
        core = self.core
        if self.before and self.after:
            return lambda found: core in found
        if self.before:
            return lambda found: found.endswith(core)
        if self.after:
            return lambda found: found.startswith(core)
        return core.__eq__

    def words(self) -> str:
        """Say what it fits, after a field's name."""
        if not self.core and (self.before or self.after):
            return "has any value"
        if self.before and self.after:
            return f'contains "{self.core}"'
        if self.before:
            return f'ends with "{self.core}"'
        return f'starts with "{self.core}"' if self.after else f'is "{self.core}"'

    def __str__(self) -> str:
        bare = _BARE.fullmatch(self.text) and number_in(self.text) is None
        return self.text if bare else quoted(self.text)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the pattern writes it."""

    text: str
    value: int | float

    def __str__(self) -> str:
        return self.text


Wanted = Text | Number | Regex


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and what it compares with."""

    operator: Operator
    wanted: Wanted

    def predicate(self) -> Callable[[Found], bool]:
        """Give the question whether it is true of what stands in a line. Built once, asked of every line."""
        if isinstance(self.wanted, Number):
            return _number_predicate(self.operator, self.wanted.value)
        fits = self.wanted.predicate() if isinstance(self.wanted, Text) else self.wanted.found_in
        equal = self.operator is Operator.EQUAL
        return lambda found: fits(found if isinstance(found, str) else number_text(found)) is equal

    def words(self) -> str:
        """Say what it asks, after a field's name."""
        if isinstance(self.wanted, Number):
            return f"{_NUMBER_WORDS[self.operator]} {self.wanted}"
        equal = self.operator is Operator.EQUAL
        if isinstance(self.wanted, Regex):
            return f"{'matches' if equal else 'does not match'} the regular expression {self.wanted.text}"
        return self.wanted.words() if equal else _denied(self.wanted)

    def __str__(self) -> str:
        return f"{self.operator} {self.wanted}"


def _number_predicate(sign: Operator, value: float) -> Callable[[Found], bool]:
    compare, unequal = _ORDERS[sign], sign is Operator.UNEQUAL

    def holds(found: Found) -> bool:
        number = number_in(found) if isinstance(found, str) else found
        return unequal if number is None else compare(number, value)

    return holds


def _denied(text: Text) -> str:
    said = text.words()
    if said.startswith("is "):
        return f"is not {said.removeprefix('is ')}"
    verb, _, rest = said.partition(" ")
    return f"does not {'have' if verb == 'has' else verb.removesuffix('s')} {rest}"


def number_in(text: str) -> int | float | None:
    """Give the number that a whole text is, None where it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if _WHOLE.fullmatch(text) else float(text)


def number_text(number: float) -> str:
    """Write a number of a JSON document: 1.0 stays 1.0, a large whole number is written out."""
    return repr(number)


def quoted(text: str) -> str:
    """Put a text in double quotes as the grammar reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """Give the text that stands in double quotes."""
    return re.sub(r"\\([\"\\])", r"\1", text[1:-1])
