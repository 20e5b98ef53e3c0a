"""Lines of a group, newest first: merged from as many pages as it takes, within a number of calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from collectors.logs import pages, spans
from collectors.logs.counting import counts
from collectors.logs.question import LogAnswer, LogQuestion
from core.log_lines import LogLine
from core.reading import Fault, Reading

CALLS_TOGETHER: Final = 5
"""Calls that one reading makes: more than a second of AWS's own limit. Asking again goes on. Ours."""
OPERATION: Final = "logs:FilterLogEvents"


def read(clients: Clients, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
    """Give what a few calls bring."""
    bounds = spans.of(question.span)
    walk: pages.Walk | None = pages.begin(bounds)
    lines: dict[str, LogLine] = {}
    faults: tuple[Fault, ...] = ()
    asked = 0
    while walk is not None and asked < CALLS_TOGETHER and len(lines) < question.most:
        try:
            page = pages.read(clients, question, walk)
        except EXPECTED as error:
            faults = (fault_of(error, question.scope, OPERATION),)
            break
        asked += 1
        lines |= {line.event_id: line for line in page.lines}
        walk = page.walk
    known = spans.missing(bounds, [walk.left] if walk else [])
    answer = answered(question, lines.values(), known)
    return Reading(replace(answer, asked=asked, newest=now), now, faults)


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
        counts=counts(bounds, times, known),
    )
