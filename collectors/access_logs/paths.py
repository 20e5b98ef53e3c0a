"""Paths of requests, ids in them replaced, so that one row is one thing that the application does."""

from __future__ import annotations

import re
from typing import Final

ID: Final = "{id}"
LONGEST: Final = 200
DEEPEST: Final = 12
_AUTHORITY: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
_SEGMENT: Final = re.compile(
    r"\d+"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=[a-f]*\d)[0-9a-fA-F]{12,}"
    r"|(?=[\w.~%+=-]*\d)(?=[\w.~%+=-]*[A-Za-z])[\w.~%+=-]{20,}"
    r"|(?:[A-Za-z]{1,12}[-_])?\d{3,}|[A-Za-z]{1,4}\d{4,}"
    r"|\d{4}-\d\d-\d\d"
    r"|[^@\s]+(?:@|%40)[^@\s]+"
)
_ENDING: Final = re.compile(r"[a-z][a-z0-9]{0,4}")
_HASHED: Final = re.compile(r"(?<=[.-])(?=[a-zA-Z_]*\d)[0-9a-zA-Z_]{8,}(?=(?:\.[a-z0-9]{1,5}){1,2}$)")


def path_of(url: str) -> str:
    """Give the path of a URL as it was sent, without query and fragment.

    >>> path_of("https://shop.example:443/orders/17?full=1"), path_of("http://shop.example:80")
    ('/orders/17', '/')
    """
    rest = _AUTHORITY.sub("", url, count=1)
    for sign in "?#":
        rest = rest.partition(sign)[0]
    return rest if rest.startswith("/") else f"/{rest}" if rest and rest != "-" else "/"


def folded(path: str) -> str:
    """Give a path with its ids replaced; what is longer or deeper than people read is cut.

    >>> folded("/orders/17/lines/6f9619ff-8b86-d011-b42d-00c04fc964ff"), folded("/static/app.3f2a9c1b.js")
    ('/orders/{id}/lines/{id}', '/static/app.{id}.js')
    """
    segments = path.split("/")
    found = [_folded(segment) for segment in segments[: DEEPEST + 1]]
    text = "/".join(found) + ("/…" if len(segments) > DEEPEST + 1 else "")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _folded(segment: str) -> str:
    bare = segment.partition(";")[0]  # what follows is a session's id or the like
    if _SEGMENT.fullmatch(bare):
        return ID
    stem, dot, ending = bare.rpartition(".")
    if dot and _ENDING.fullmatch(ending) and _SEGMENT.fullmatch(stem):
        return f"{ID}.{ending}"
    return _HASHED.sub(ID, bare)
