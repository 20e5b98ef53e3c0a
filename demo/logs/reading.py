"""Pages of log lines: what matches, forwards or backwards from a place, as far as one call looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from demo.logs.block import Row
from demo.logs.book import LogGroup, size_of
from demo.logs.events import AFTER_ALL, BEFORE_ALL, Place

PAGE_LINES: Final = 10_000
PAGE_BYTES: Final = 1_048_576
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
LOOKED_LINES: Final = 60_000
LOOKED_MINUTES: Final = 180
"""What one call looks through at most; AWS too gives a page that is not full, or empty, and a token."""

Matching = Callable[[Sequence[str]], Iterable[bool]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: between two instants (milliseconds, both included), of some streams, that match."""

    first: int
    last: int
    streams: Callable[[str], bool] | None = None
    """None takes every stream."""
    matching: Matching | None = None
    """None takes every line."""
    limit: int = PAGE_LINES


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in the order in which they were looked for, and where to go on; None where everything was seen."""

    rows: list[Row]
    reached: Place | None


def page(group: LogGroup, wanted: Wanted, *, begin: Place | None = None, backward: bool = False) -> Page:
    """Look from `begin` (not included) towards the end, or towards the beginning."""
    first, last = wanted.first, wanted.last
    if begin is not None:
        first, last = (first, min(last, begin.milliseconds)) if backward else (max(first, begin.milliseconds), last)
    found, size, lines, minutes = list[Row](), 0, 0, 0
    for minute in group.minutes(first, last, backward=backward):
        rows = group.rows(minute)
        for row in _matching(rows, wanted, begin, backward=backward):
            size += size_of(row[3])
            if found and (len(found) >= wanted.limit or size > PAGE_BYTES):
                return Page(found, Place(found[-1][0], found[-1][1]))
            found.append(row)
        lines, minutes = lines + len(rows), minutes + 1
        if lines >= LOOKED_LINES or minutes >= LOOKED_MINUTES:
            return Page(found, _edge(minute, backward=backward))
    return Page(found, None)


def _edge(minute: int, *, backward: bool) -> Place:
    return Place(minute * 1000, BEFORE_ALL) if backward else Place(minute * 1000 + 59_999, AFTER_ALL)


def _matching(rows: Sequence[Row], wanted: Wanted, begin: Place | None, *, backward: bool) -> Iterator[Row]:
    """Give the rows of one minute that are wanted, in the direction of looking."""
    low = (wanted.first, BEFORE_ALL) if begin is None or backward else (begin.milliseconds, begin.number)
    low = max(low, (wanted.first, BEFORE_ALL))
    high = (wanted.last, AFTER_ALL)
    if begin is not None and backward:
        high = min(high, (begin.milliseconds, begin.number))
    some = [row for row in rows if low < (row[0], row[1]) < high]
    if wanted.streams is not None:
        some = [row for row in some if wanted.streams(row[2])]
    if wanted.matching is not None:
        fits = wanted.matching([row[3] for row in some])
        some = [row for row, fit in zip(some, fits, strict=True) if fit]
    yield from reversed(some) if backward else some
