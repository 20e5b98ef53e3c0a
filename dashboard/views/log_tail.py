"""Live tail by polling, which is free: the newest lines of the last minutes, their rate, how far they are behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from core.log_lines import LogLine
from core.reading import Fault, Scope
from core.timespan import Timespan
from dashboard.charts.view import ChartView
from dashboard.log_state import LogState
from dashboard.views import logs
from dashboard.views.log_sources import LogReads
from dashboard.views.logs import Look
from dashboard.wording import age, clock, count

SECONDS: Final = 2.0
"""Seconds between two polls. FilterLogEvents is free, and AWS takes five and more of them a second."""
REACH: Final = timedelta(minutes=5)
"""How far back a tail begins, and what its bars show."""
MOST: Final = 2_000
"""Lines that one poll brings; the list keeps those of the polls before."""


@dataclass(frozen=True, slots=True)
class TailView:
    """What the tail draws."""

    lines: tuple[LogLine, ...]
    """The newest lines, oldest first."""
    chart: ChartView
    """How many lines came over the last minutes."""
    sentence: str
    """How many lines there are, and how far they are behind."""
    overrun: str
    """That lines come faster than a poll brings them; empty where they do not."""
    faults: tuple[Fault, ...]
    """What is missing, and why."""
    at: datetime
    """When the newest part was read."""


def read(sources: LogReads, wanted: LogState, scope: Scope, *, now_of: Callable[[], datetime]) -> Look:
    """Poll once. What is settled is kept: a poll asks for the newest part only."""
    now = now_of()
    question = logs.question(wanted, scope, Timespan.last(REACH, now=now), most=MOST)
    return Look(question, sources.log_lines(question, now=now))


def build(look: Look, *, now: datetime) -> TailView:
    """Give what the tail draws."""
    answer = look.answer.value
    newest_last = tuple(reversed(answer.lines))
    return TailView(
        newest_last,
        logs.histogram(look, title="Lines in the last 5 minutes"),
        sentence(newest_last, answer.matching, now=now),
        _overrun(answer.matching) if answer.cut else "",
        look.answer.faults,
        answer.newest or look.answer.at,
    )


def sentence(lines: Sequence[LogLine], matching: int, *, now: datetime) -> str:
    """Say how many lines there are and how far behind the newest is."""
    minutes = REACH // timedelta(minutes=1)
    if not lines:
        return f"No line in the last {minutes} minutes; new ones are shown as they come."
    newest = lines[-1]
    behind = f"the newest of {clock(newest.at)} UTC, {age(newest.at, now=now)} ago"
    delays = [line.ingested - line.milliseconds for line in lines if line.ingested is not None]
    usual = f"; CloudWatch has them {median(delays) / 1000:,.1f} s after they happen" if delays else ""
    return f"{count(matching, 'line')} in the last {minutes} minutes, {behind}{usual}."


def _overrun(matching: int) -> str:
    return (
        f"{count(matching, 'line')} came in the last minutes; the newest {MOST:,} are read each time. "
        "A pattern or a stream narrows them, so that none is left out."
    )
