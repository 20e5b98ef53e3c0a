"""How many lines match over a span: bars for a histogram, which know where nothing was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from collectors.logs import spans
from collectors.logs.question import LogBucket

MOST_BUCKETS: Final = 120
"""Bars that a chart of the width of a page shows well; ours."""
_SECOND: Final = 1_000
WIDTHS: Final = tuple(
    seconds * _SECOND for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200)
)
_DAY: Final = 86_400 * _SECOND


def width_of(span: spans.Span) -> int:
    """Give the milliseconds of a bar: a round number, so that bars stay where they are when the span moves on."""
    for width in WIDTHS:
        if span[1] - span[0] <= width * MOST_BUCKETS:
            return width
    days = -(-(span[1] - span[0]) // (_DAY * MOST_BUCKETS))
    return days * _DAY


def tallied(times: npt.NDArray[np.int64], width: int) -> dict[int, int]:
    """Give how many of `times` lie in each bar, by its number counted from 1970."""
    numbers, lines = np.unique(times // width, return_counts=True)
    return dict(zip(numbers.tolist(), lines.tolist(), strict=True))


def counts(span: spans.Span, numbers: Mapping[int, int], read: Sequence[spans.Span]) -> tuple[LogBucket, ...]:
    """Give the bars of `span` out of lines by bar's number; the first and the last bar may be shorter."""
    width = width_of(span)
    first, last = span[0] // width, (span[1] - 1) // width
    known = spans.joined(read)
    found = []
    for place in range(last - first + 1):
        start = (first + place) * width
        part = max(span[0], start), min(span[1], start + width)
        found.append(LogBucket(spans.timespan(part), numbers.get(first + place, 0), spans.holds(known, part)))
    return tuple(found)
