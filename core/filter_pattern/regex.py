"""The regular expressions of filter patterns: a small set, run in linear time whatever the line.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html lists what they may hold: no
parentheses, no characters but those listed, ASCII only. RE2 runs them: its time grows with the line, never faster.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import re2

from core.filter_pattern.errors import FilterPatternError

_LITERALS: Final = frozenset(string.ascii_letters + string.digits + ":_#=@/;,-")
_OPERATORS: Final = frozenset("^$?[]{}|\\*+.")
_CLASSES: Final = frozenset("dDsSwW")
_HEX: Final = frozenset(string.hexdigits)
_REPEAT: Final = re.compile(r"\{\d*,?\d*\}")
_LAST_LINE_END: Final = r"\n?\z"
"""`$` stands before the line break that ends a message, as in Java."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression, as it stands between its percent signs."""

    text: str
    compiled: Any = field(compare=False, repr=False)
    literal: str = field(default="", compare=False, repr=False)
    """A text without which it is nowhere found; most lines need not be looked at further."""

    def found_in(self, text: str) -> bool:
        """Whether it is found anywhere in the text."""
        if self.literal not in text:
            return False
        return self.compiled.search(_encodable(text)) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it is found, without matches of nothing."""
        for match in self.compiled.finditer(_encodable(text)):
            start, end = match.span()
            if end > start:
                yield start, end

    def __str__(self) -> str:
        return f"%{self.text}%"


def read_regex(text: str, *, at: int) -> Regex:
    """Check and compile what stands between two percent signs, which begins at `at` in the pattern."""
    if not text:
        raise FilterPatternError(at, "nothing stands between the percent signs: write a regular expression there")
    pieces = tuple(_pieces(text, at))
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return Regex(text, re2.compile("".join(map(_spelt, pieces)), options), _literal(pieces))
    except re2.error as error:
        said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise FilterPatternError(at, f"this is no regular expression: {said}") from None


def _pieces(text: str, at: int) -> Iterator[str]:
    """Check every character, and give signs, escapes, whole classes and whole repeats one by one."""
    place = 0
    while place < len(text):
        piece = _class(text, place, at) if text[place] == "[" else _piece(text, place, at)
        repeat = _REPEAT.match(text, place)
        piece = repeat[0] if repeat else piece
        yield piece
        place += len(piece)


def _class(text: str, start: int, at: int) -> str:
    """Give a class in brackets; a closing bracket that stands first in it is one of its signs."""
    place = start + 1 + text.startswith("^", start + 1)
    place += text.startswith("]", place)
    while place < len(text) and text[place] != "]":
        place += len(_piece(text, place, at))
    return text[start : place + 1]


def _piece(text: str, place: int, at: int) -> str:
    sign = text[place]
    if sign == "\\":
        return _escape(text, place, at)
    if sign in _LITERALS or sign in _OPERATORS:
        return sign
    raise FilterPatternError(at + place, f"a regular expression cannot hold {sign!r} here: {_instead(sign)}")


def _spelt(piece: str) -> str:
    """Give RE2's spelling of a piece."""
    if piece == "$":
        return f"(?:{_LAST_LINE_END})"
    return "{0" + piece[1:] if piece.startswith("{,") else piece


def _literal(pieces: Iterable[str]) -> str:
    """Give the longest text that stands in whatever is found; empty where alternatives leave none."""
    runs = [""]
    for piece in pieces:
        sign = _sign(piece)
        if piece == "|":
            return ""
        if piece[0] in "?*{":  # what stands before it may be missing
            runs[-1] = runs[-1][:-1]
        runs[-1] += sign
        if not sign:
            runs.append("")
    return max(runs, key=len)


def _sign(piece: str) -> str:
    """Give the character that a piece stands for; empty where it stands for several, or for a place."""
    if piece.startswith("\\x"):
        code = bytes.fromhex(piece[2:])[0]
        return chr(code) if code < 128 else ""
    if piece.startswith("\\"):
        return "" if piece[1] in _CLASSES else piece[1]
    return piece if piece in _LITERALS else ""


def _escape(text: str, place: int, at: int) -> str:
    following = text[place + 1 : place + 2]
    if following == "x":
        digits = text[place + 2 : place + 4]
        if len(digits) == 2 and set(digits) <= _HEX:
            return text[place : place + 4]
        raise FilterPatternError(at + place, r"after \x two hexadecimal digits are expected, such as \x3A for a colon")
    if following and (following in _CLASSES or following in _OPERATORS or following in _LITERALS - _ALPHANUMERIC):
        return text[place : place + 2]
    accepted = r"\d \D \s \S \w \W \xhh, and \ before an operator"
    raise FilterPatternError(at + place, f"{text[place : place + 2]!r} is no escape here; accepted are {accepted}")


_ALPHANUMERIC: Final = frozenset(string.ascii_letters + string.digits)


def _instead(sign: str) -> str:
    if sign in "()":
        return rf"groups are not supported, and the character itself is written \x{ord(sign):02x}"
    if sign.isspace():
        return r"write \s"
    return rf"write \x{ord(sign):02x}" if ord(sign) < 128 else "only ASCII characters are accepted, write a dot"


def _encodable(text: str) -> str:
    """RE2 works on UTF-8, which has no lone surrogates; nothing moves."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
