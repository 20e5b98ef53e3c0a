"""The template of a path: which page it is, not whose. Pure.

Every template that is kept is a metric that costs money, and an id in a path may name a person. So segments that look
like one of many become `:id`, and whoever knows better names the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ID: Final = ":id"
OTHER: Final = "other"
"""The page of every path beyond the limit; no path is named so, because each begins with a slash."""
MOST_SEGMENTS: Final = 6
LONGEST_SEGMENT: Final = 40
LONGEST_PATH: Final = 1_000
"""Characters that are looked at."""
_WORD: Final = re.compile(r"[A-Za-z0-9._~-]+|:[a-z]+")
_HEX: Final = re.compile(r"[0-9a-fA-F-]{8,}")
_DIGIT: Final = re.compile(r"\d")
_RUN: Final = re.compile(r"\d{4}")
_TURNS: Final = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")


def template(path: str) -> str:
    """Give the path with every segment that looks like one of many as `:id`.

    >>> template("/employees/4711/photo?size=9"), template("/blog/2026/why-we-wait"), template("")
    ('/employees/:id/photo', '/blog/:id/why-we-wait', '/')
    """
    bare = path[:LONGEST_PATH].partition("?")[0].partition("#")[0].partition(";")[0]
    segments = [_folded(segment) for segment in bare.split("/") if segment]
    rest = ["*"] if len(segments) > MOST_SEGMENTS else []
    return "/" + "/".join([*segments[:MOST_SEGMENTS], *rest])


def _folded(segment: str) -> str:
    odd = not _WORD.fullmatch(segment) or len(segment) > LONGEST_SEGMENT
    digits = len(_DIGIT.findall(segment))
    many = segment.isdigit() or _RUN.search(segment) or len(_TURNS.findall(segment)) > 2
    return ID if odd or many or (digits and _HEX.fullmatch(segment)) else segment


class Pages:
    """The pages that are told apart: those that were named, or else the first few that are seen.

    A stranger may send any path, so their number is what bounds the bill.
    """

    def __init__(self, named: Iterable[str] = (), *, most: int = 4) -> None:
        self._known = dict.fromkeys(named)
        self._most = len(self._known) or most

    def of(self, path: str) -> str:
        """Give the page of a path; `OTHER` where it is none of those that are told apart."""
        found = template(path)
        if found not in self._known and len(self._known) < self._most:
            self._known[found] = None
        return found if found in self._known else OTHER
