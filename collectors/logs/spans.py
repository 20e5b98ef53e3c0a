"""Half-open spans of milliseconds since 1970, as logs count time: joined, cut and taken from each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.log_lines import EPOCH
from core.timespan import Timespan

Span = tuple[int, int]
"""First millisecond, and the one after the last."""
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(instant: datetime) -> int:
    """Give the millisecond that an instant lies in."""
    return (instant - EPOCH) // _MILLISECOND


def instant(milliseconds: int) -> datetime:
    return EPOCH + milliseconds * _MILLISECOND


def of(span: Timespan) -> Span:
    """Give a span in whole milliseconds, widened where it begins or ends within one."""
    return milliseconds(span.start), -((EPOCH - span.end) // _MILLISECOND)


def timespan(span: Span) -> Timespan:
    return Timespan(instant(span[0]), instant(span[1]))


def joined(spans: Iterable[Span]) -> list[Span]:
    """Give the same milliseconds in as few spans as there can be, oldest first.

    >>> joined([(5, 8), (1, 3), (3, 4), (6, 9)])
    [(1, 4), (5, 9)]
    """
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def within(spans: Iterable[Span], bounds: Span) -> list[Span]:
    """Give the parts of joined spans that lie in `bounds`.

    >>> within([(1, 4), (5, 9)], (3, 6))
    [(3, 4), (5, 6)]
    """
    cut = ((max(start, bounds[0]), min(end, bounds[1])) for start, end in spans)
    return [(start, end) for start, end in cut if start < end]


def missing(bounds: Span, known: Iterable[Span]) -> list[Span]:
    """Give the parts of `bounds` that no span of `known` holds, oldest first.

    >>> missing((0, 10), [(5, 6), (1, 3)])
    [(0, 1), (3, 5), (6, 10)]
    """
    found, start = [], bounds[0]
    for first, end in within(joined(known), bounds):
        if start < first:
            found.append((start, first))
        start = end
    return [*found, (start, bounds[1])] if start < bounds[1] else found


def holds(spans: Iterable[Span], wanted: Span) -> bool:
    """Say whether one of joined spans holds all of `wanted`."""
    return any(start <= wanted[0] and wanted[1] <= end for start, end in spans)
