"""Small grammars (metric math, composite rules, search terms): loading them, and saying what a bad text lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken


def grammar(path: Path) -> Lark:
    """Load the LALR grammar in the file `path`."""
    return Lark(path.read_text(encoding="utf-8"), parser="lalr", propagate_positions=True, maybe_placeholders=True)


def explain(error: UnexpectedInput, text: str, words: Mapping[str, str]) -> tuple[int, str]:
    """Give the position of the wrong character, and a sentence with what was found and expected there.

    `words` says how the grammar's terminals are called by people.
    """
    position = int(getattr(error, "pos_in_stream", None) or 0)
    expected: set[str] = set()
    if isinstance(error, UnexpectedToken):
        expected = error.accepts
        position = len(text) if error.token.type == "$END" else position
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    found = repr(text[position]) if position < len(text) else "the text ends"
    wanted = ", ".join(sorted({words.get(name, name) for name in expected}))
    return position, f"{found} where one of these is expected: {wanted}"
