"""An answer made of lines that are all in memory, as of a file or a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from collectors.logs import spans
from collectors.logs.counting import counts, tallied, width_of
from collectors.logs.question import LogAnswer, LogQuestion
from core.log_lines import LogLine


def answered(question: LogQuestion, matching: Iterable[LogLine], known: Sequence[spans.Span]) -> LogAnswer:
    """Give the answer that matching lines of any order make; `known` are the spans that they are all of."""
    bounds = spans.of(question.span)
    inside = [line for line in matching if any(start <= line.milliseconds < end for start, end in known)]
    inside.sort(key=lambda line: (-line.milliseconds, line.event_id))
    times = np.array([line.milliseconds for line in inside], dtype=np.int64)
    return LogAnswer(
        tuple(inside[: question.most]),
        tuple(spans.timespan(each) for each in reversed(known)),
        tuple(spans.timespan(each) for each in reversed(spans.missing(bounds, known))),
        cut=len(inside) > question.most,
        counts=counts(bounds, tallied(times, width_of(bounds)), known),
    )
