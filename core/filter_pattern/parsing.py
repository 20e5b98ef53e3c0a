"""From a text to a filter pattern: the first character says how it is to be read."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from core.filter_pattern.errors import FilterPatternError
from core.filter_pattern.json_selectors import read_json
from core.filter_pattern.pattern import FilterPattern, Tree
from core.filter_pattern.regex import read_regex
from core.filter_pattern.space_fields import read_fields
from core.filter_pattern.terms import read_terms

MAX_LENGTH: Final = 1_024
"""Characters of a filter pattern: `FilterPattern` in the API's model."""


@lru_cache(maxsize=256)
def parse(text: str) -> FilterPattern:
    """Read a filter pattern; empty text matches every line. Raises FilterPatternError with the position.

    >>> parse("ERROR -timeout").matches("[ERROR] disk full")
    True
    >>> parse("ERROR -timeout").words()
    'Lines that contain "ERROR" and do not contain "timeout".'
    """
    if len(text) > MAX_LENGTH:
        raise FilterPatternError(MAX_LENGTH, f"a pattern has at most {MAX_LENGTH:,} characters, this one {len(text):,}")
    return FilterPattern(text, _tree(text))


def _tree(text: str) -> Tree:
    stripped = text.strip()
    start = len(text) - len(text.lstrip())
    match stripped[:1]:
        case "{":
            _check_end(text, "{", "}")
            return read_json(text)
        case "[":
            _check_end(text, "[", "]")
            return read_fields(text)
        case "%":
            _check_end(text, "%", "%")
            return read_regex(stripped[1:-1], at=start + 1)
    return read_terms(text)


def _check_end(text: str, first: str, last: str) -> None:
    """AWS's own rule, by which it says what kind of pattern it takes a text for."""
    stripped = text.strip()
    if not stripped.endswith(last) or len(stripped) == 1:
        raise FilterPatternError(
            len(text.rstrip()),
            f'a pattern that begins with {first} ends with {last}; to look for the text {first} write "{first}"',
        )
