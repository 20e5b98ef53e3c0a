"""What varies in a log line by its look alone: numbers, addresses, identifiers, paths, times, quoted text.

A word is looked at once and remembered, so that a million lines cost little more than their words. The placeholders
say what stood there: `<num>`, `<ip>`, `<uuid>`, `<time>`; `<*>` is a word that was found to vary by comparing lines.
Of an HTTP status its class is kept: `5xx`.
"""

from __future__ import annotations

import re
from typing import Final

ANY: Final = "<*>"
MOST_TOKENS: Final = 120
"""Words of a line that are looked at; a line that differs from another only after them is the same."""
MOST_CHARACTERS: Final = 2_000
LONGEST_WORD: Final = 300
"""Characters of a word that are looked at; what follows varies."""
MOST_REMEMBERED: Final = 100_000
LONGEST_REMEMBERED: Final = 80

_RULES: Final = (
    ("uuid", r"(?<![\w-])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![\w-])"),
    ("trace", r"(?<![\w-])1-[0-9a-f]{8}-[0-9a-f]{24}(?![\w-])"),
    ("arn", r"\barn:aws[a-z-]*:[a-z0-9-]+:[^\s\"',;)\]}]*"),
    ("url", r"\b[a-z][a-z0-9+.-]{1,11}://[^\s\"'<>,;)\]}]+"),
    ("email", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("time", r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T_ ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)"),
    ("time", r"(?<![\w:.])\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?![\w:])"),
    ("time", r"(?<![\w:.])\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?!\w)"),
    ("mac", r"(?<![\w:])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:])"),
    ("ip", r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2}(?!\d)|:\d{1,5}(?!\d))?(?![\w.]*\w)"),
    (
        "ip",
        r"(?<![\w:.])\[?(?=[0-9a-fA-F:]*:[0-9a-fA-F:]*:)[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}\]?(?:%\w+)?(?![\w:])",
    ),
    (
        "host",
        r"(?<![\w.-])(?:[A-Za-z0-9_-]+\.)+(?:com|net|org|edu|gov|info|biz|internal|local|lan|arpa)(?::\d{1,5})?(?![\w.-]*\w)",
    ),
    ("host", r"(?<![\w.-])(?=[\w.-]*\d)(?:[A-Za-z0-9_-]+\.){2,}[a-z]{2,}(?::\d{1,5})?(?![\w.-]*\w)"),
    ("id", r"(?<![\w-])(?:i|ami|eni|eipalloc|igw|lt|nat|rtb|sg|snap|subnet|vol|vpc|vpce)-[0-9a-f]{8,17}(?![\w-])"),
    ("hex", r"\b0[xX][0-9a-fA-F]+\b"),
    ("hex", r"(?<![\w-])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![\w-])"),
    ("id", r"(?<![\w/+-])(?=[\w/+-]*\d)(?=[\w/+-]*[A-Z])(?=[\w/+-]*[a-z])[A-Za-z0-9_+-]{20,}={0,2}(?![\w/+-])"),
    ("path", r"(?<![\w.<>)\]])/(?:[\w.@%+~:,*$&!-]+(?:/[\w.@%+~:,*$&!-]*)*)(?:\?[^\s\"]*)?"),
    ("path", r"(?<!\w)[A-Za-z]:\\[^\s\"']*"),
    ("duration", r"(?<![\w.])\d+(?:\.\d+)?(?:ns|us|µs|ms|s|sec|secs|m|min|mins|h|hr|hrs|d)\b"),
    ("size", r"(?<![\w.])\d+(?:\.\d+)?(?:[kKMGT]i?B|[kKMGT]|B|bytes)\b"),
    ("num", r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?(?![\w])"),
    ("num", r"(?<!\d)\d{2,}"),
)
_VARIABLE: Final = re.compile("|".join(f"({rule})" for _name, rule in _RULES))
_PLACEHOLDERS: Final = ("", *(f"<{name}>" for name, _rule in _RULES))
_QUOTED: Final = re.compile(r"(?<![\w\\])(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')(?!\w)")
_METHODS: Final = ("GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ")
_ANSWERED: Final = re.compile(r"HTTP/([\d.]{1,3})\" ([1-5])\d\d\b")
_STATED: Final = re.compile(r"tatus(_?[cC]ode)?([\"']?\s?[=:]\s?)([1-5])\d\d\b")
_ASKED: Final = re.compile(r"([A-Z]{3,7} /\S* )([1-5])\d\d\b")
_TELLING: Final = frozenset("0123456789/@\\:.")
_HEAD: Final = re.compile(
    r"\s*[\[(]?(?:"
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?"
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d "
    r"\d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?"
    r"|\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
    r")[\])]?(?=[\s:,|-]|$)[\s:,|-]*"
)


def without_time(text: str) -> str:
    """Give a line without the time at its beginning.

    >>> without_time("2026-11-27T06:00:01.250Z [error] disk full"), without_time("Dec 10 06:55:46 LabSZ sshd")
    ('[error] disk full', 'LabSZ sshd')
    """
    found = _HEAD.match(text)
    return text[found.end() :] if found and found.end() < len(text) else text


class Reader:
    """Gives lines as words with placeholders; remembers words it has seen."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def words(self, text: str) -> tuple[str, ...]:
        """Give a line's words, what varies by its look replaced.

        >>> " ".join(Reader().words("took 3.5s for user 'bob' from 10.0.0.9:443, id=0x1f"))
        "took <duration> for user '<str>' from <ip>, id=<hex>"
        """
        text = _with_classes(_without_quoted(text[:MOST_CHARACTERS]))
        get, look = self._known.get, self._look
        return tuple([get(word) or look(word) for word in text.split()[:MOST_TOKENS]])

    def _look(self, word: str) -> str:
        if len(word) > LONGEST_WORD:
            return self._look(word[:LONGEST_WORD]) + ANY
        found = _VARIABLE.sub(_placeholder, word) if not _TELLING.isdisjoint(word) or len(word) >= 8 else word
        if len(word) <= LONGEST_REMEMBERED:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[word] = found
        return found


def _placeholder(match: re.Match[str]) -> str:
    return _PLACEHOLDERS[match.lastindex or 0]


def _without_quoted(text: str) -> str:
    """Give a line with what stands in quotes replaced, but for requests such as `"GET / HTTP/1.1"`."""
    double = '"' in text
    if double and "\\" not in text and "'" not in text:
        pieces = text.split('"')
        if len(pieces) % 2:
            pieces[1::2] = [piece if piece.startswith(_METHODS) else "<str>" for piece in pieces[1::2]]
            return '"'.join(pieces)
    return _QUOTED.sub(_quoted, text) if double or "'" in text else text


def _quoted(match: re.Match[str]) -> str:
    text = match[0]
    if text[1:].startswith(_METHODS):
        return text
    return f"{text[0]}<str>{text[0]}"


def _with_classes(text: str) -> str:
    """Give a line with the class of an HTTP status in the status's place."""
    if "HTTP/" in text:
        text = _ANSWERED.sub(r'HTTP/\1" \2xx', text)
    if "tatus" in text:
        text = _STATED.sub(r"tatus\1\2\3xx", text)
    return _ASKED.sub(r"\1\2xx", text, count=1) if text.startswith(_METHODS) else text
