"""A parsed filter pattern: what may be asked of it, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from core.filter_pattern.json_selectors import JsonPattern, document_of, first_text, read_selector
from core.filter_pattern.regex import Regex
from core.filter_pattern.space_fields import FieldsPattern
from core.filter_pattern.terms import Terms
from core.filter_pattern.values import MAX_SPANS

Tree = Terms | Regex | JsonPattern | FieldsPattern


class PatternKind(StrEnum):
    """How a pattern reads lines."""

    EVERYTHING = "everything"
    TERMS = "terms"
    REGEX = "regular expression"
    JSON = "JSON properties"
    FIELDS = "fields between spaces"


@dataclass(frozen=True, slots=True)
class FilterPattern:
    """A filter pattern of CloudWatch Logs."""

    text: str = field(compare=False)
    """As it was given."""
    tree: Tree

    @property
    def kind(self) -> PatternKind:
        match self.tree:
            case Terms(terms):
                return PatternKind.TERMS if terms else PatternKind.EVERYTHING
            case Regex():
                return PatternKind.REGEX
            case JsonPattern():
                return PatternKind.JSON
        return PatternKind.FIELDS

    @property
    def fields(self) -> tuple[str, ...]:
        """What a metric's value or dimension can be taken from: `$.property` of JSON, `$name` of a field."""
        match self.tree:
            case JsonPattern():
                return tuple(selector.text for selector in self.tree.selectors)
            case FieldsPattern():
                return tuple(f"${name}" for name in self.tree.named)
        return ()

    @property
    def has_regex(self) -> bool:
        """Whether there is a regular expression in it; CloudWatch takes few of them."""
        match self.tree:
            case Regex():
                return True
            case JsonPattern() | FieldsPattern():
                return any(isinstance(comparison.wanted, Regex) for comparison in self.tree.comparisons())
        return False

    def matches(self, message: str) -> bool:
        """Whether CloudWatch would find the line."""
        if isinstance(self.tree, Regex):
            return self.tree.found_in(message)
        return self.tree.matches(message)

    def selecting(self, messages: Iterable[str]) -> Iterator[str]:
        """Give the lines that match, in their order."""
        return filter(self.tree.found_in if isinstance(self.tree, Regex) else self.tree.matches, messages)

    def spans(self, message: str) -> tuple[tuple[int, int], ...]:
        """Where a matching line holds what was looked for: half-open, in order, none touching the next."""
        if not self.matches(message):
            return ()
        spans = self.tree.spans(message)
        return _merged(islice(spans, MAX_SPANS) if isinstance(self.tree, Regex) else spans)

    def extract(self, message: str) -> Mapping[str, str]:
        """What TestMetricFilter gives as extracted values of a matching line; empty for other lines."""
        if isinstance(self.tree, Terms | Regex) or not self.matches(message):
            return {}
        return self.tree.extract(message)

    def value(self, message: str, selector: str) -> str | None:
        """What stands where a metric's value or dimension is taken from (`$.ms`, `$size`); None where nothing does."""
        if isinstance(self.tree, FieldsPattern):
            return self.tree.extract(message).get(selector)
        way = read_selector(selector)
        return None if way is None else first_text(way, document_of(message))

    def words(self) -> str:
        """Say in a sentence which lines it finds."""
        if isinstance(self.tree, Regex):
            return f"Lines in which the regular expression {self.tree.text} is found."
        return self.tree.words()

    def rendered(self) -> str:
        """Write it from what was understood; parsed again it is the same pattern."""
        return str(self.tree)


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
