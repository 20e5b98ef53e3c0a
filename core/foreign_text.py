"""Foreign text made visible and safe: what could hide, forge or reorder what is read becomes signs that can be seen.

A log line may hold anything: terminal escapes, signs that turn the reading direction, NULs, halves of characters,
letters of no width. Nothing is left out silently but colour codes, which say nothing once there is no colour.
Linear in the length of the text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that draw nothing."""
_MARKS: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
MOST_MARKS: Final = 3
"""Marks on one letter; more of them grow out of the line and over its neighbours."""

_NAMES: Final = {
    "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u2060": "WJ", "\ufeff": "BOM", "\u00ad": "SHY",
    "\u200e": "LRM", "\u200f": "RLM", "\u061c": "ALM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\u2028": "LS", "\u2029": "PS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """One place of a text, `[start, end)`, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text after edits, which still knows where each place of the old one went."""

    text: str
    edits: tuple[Edit, ...] = ()
    """In the old text's places, ascending, none over another."""
    _places: tuple[tuple[int, int], ...] = ()
    """(start in the old text, start in the new one) of each edit."""

    def place(self, offset: int, *, end: bool = False) -> int:
        """Give where an offset of the old text is now; within an edit it goes to its start, or with `end` behind it."""
        before = bisect_right(self._places, (offset, sys.maxsize)) - 1
        if before < 0:
            return offset
        edit, (_, new) = self.edits[before], self._places[before]
        if offset >= edit.end:
            return new + len(edit.text) + offset - edit.end
        return new + (len(edit.text) if end and offset > edit.start else 0)

    def spans(self, spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Give where spans of the old text are now; what is empty now is left out."""
        moved = ((self.place(start), self.place(end, end=True)) for start, end in spans)
        return tuple((start, end) for start, end in moved if start < end)


def rewrite(text: str, edits: Iterable[Edit]) -> Rewritten:
    """Apply edits that ascend and do not overlap."""
    kept = tuple(edits)
    if not kept:
        return Rewritten(text)
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    old = new = 0
    for edit in kept:
        pieces += (text[old : edit.start], edit.text)
        new += edit.start - old
        places.append((edit.start, new))
        new += len(edit.text)
        old = edit.end
    pieces.append(text[old:])
    return Rewritten("".join(pieces), kept, tuple(places))


def _unsafe_class() -> str:
    """Give every sign that is not seen as itself, as ranges of a regular expression's class; line feed and tab stay."""
    codes = (code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in _UNSEEN)
    ranges = ((first, last) for first, last in _runs(codes))
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + _BLANK


def _runs(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for code in codes:
        if code in (9, 10):
            continue
        if code != last + 1 or first < 0:
            if first >= 0:
                yield first, last
            first = code
        last = code
    yield first, last


_JOINS: Final = "(?<=[^\\x00-\\x7f])[\u200c\u200d](?=[^\\x00-\\x7f])"
"""Joiners within Persian words and emoji: what they are for."""
_FOUND: Final[Callable[[str], Iterator[re.Match[str]]]] = re.compile(
    rf"(?P<colour>\x1b\[[0-9;:]*m)|(?P<end>\r\n)|(?P<join>{_JOINS})"
    rf"|(?P<marks>(?<=[{_MARKS}]{{{MOST_MARKS}}})[{_MARKS}]+)|(?P<sign>[{_unsafe_class()}])"
).finditer


def visible(text: str) -> Rewritten:
    """Give the text with every hidden sign made visible: `␀` for a NUL, `‹RLO›` for a turned direction.

    Line feeds and tabs stay; `\\r\\n` becomes a line feed; colour codes of terminals are dropped.

    >>> visible("a\\x00b\\u202ec \\x1b[31mred\\x1b[0m").text
    'a␀b‹RLO›c red'
    """
    if text.isascii() and text.isprintable():
        return Rewritten(text)
    found = (_edit(match) for match in _FOUND(text))
    return rewrite(text, (edit for edit in found if edit is not None))


def _edit(match: re.Match[str]) -> Edit | None:
    start, end = match.span()
    if match.lastgroup == "join":
        return None
    if match.lastgroup == "colour":
        return Edit(start, end, "")
    if match.lastgroup == "end":
        return Edit(start, end, "\n")
    if match.lastgroup == "marks":
        return Edit(start, end, f"‹{end - start} more marks›")
    return Edit(start, end, _sign(match.group()))


def _sign(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"‹{_NAMES.get(char) or f'U+{code:04X}'}›"


def one_line(text: str) -> str:
    """Give a visible text in one line, place for place: a line feed is seen as `⏎`.

    >>> one_line("a\\n\\tb")
    'a⏎ b'
    """
    return text.replace("\n", "⏎").replace("\t", " ")


def cut(text: str, most: int) -> str:
    """Give at most `most` characters, and say how many there were.

    >>> cut("abcdef", 3)
    'abc … 6 characters'
    """
    return text if len(text) <= most else f"{text[:most]} … {len(text):,} characters"
