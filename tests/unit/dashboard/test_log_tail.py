"""The tail says how many lines there are, how far behind they are, and when some are left out."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from collectors.logs import answering, spans
from collectors.logs.question import LogQuestion
from core.log_lines import LogLine
from core.reading import Reading, Scope
from core.timespan import Timespan
from dashboard.views import log_tail
from dashboard.views.logs import Look

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
SPAN = Timespan.last(log_tail.REACH, now=NOW)
FIRST, LAST = spans.of(SPAN)


def look(number: int, *, behind: int = 7_000) -> Look:
    question = LogQuestion(Scope("111111111111", "us-east-1"), "/app", SPAN, most=log_tail.MOST)
    lines = [
        LogLine(LAST - behind - place, "/app", "s", "INFO x", f"e{place:06}", LAST - behind - place + 2_500)
        for place in range(number)
    ]
    return Look(question, Reading(answering.answered(question, lines, [(FIRST, LAST)]), NOW))


def test_the_newest_line_is_the_last_and_its_age_is_said() -> None:
    view = log_tail.build(look(3), now=NOW)
    times = [line.milliseconds for line in view.lines]
    assert times == sorted(times)
    assert view.sentence == (
        "3 lines in the last 5 minutes, the newest of 11:29:53 UTC, 7 s ago; "
        "CloudWatch has them 2.5 s after they happen."
    )
    assert view.overrun == ""
    assert sum(np.nansum(line.values) for line in view.chart.lines) == 3


def test_no_line_is_no_failure() -> None:
    assert log_tail.build(look(0), now=NOW).sentence.startswith("No line in the last 5 minutes; new ones")


def test_lines_that_come_too_fast_are_said_to_be_left_out() -> None:
    view = log_tail.build(look(log_tail.MOST + 1), now=NOW)
    assert len(view.lines) == log_tail.MOST
    assert "2,001 lines came in the last minutes; the newest 2,000 are read each time." in view.overrun
