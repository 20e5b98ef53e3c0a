"""What the Patterns mode compares: two spans, by what is known of deployments. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collectors.patterns.releases import releases
from collectors.scaling import Activity
from core.foreign_text import cut, one_line, visible
from core.log_lines import EPOCH, LogLine
from core.masking import masked
from core.timespan import Timespan
from dashboard.charts.view import Mark
from dashboard.log_pattern_state import Against
from dashboard.views.page_load import ONE_DEPLOY, deployments

LONGEST: Final = 400
"""Characters of a template in the table."""
LOOKED_BACK: Final = timedelta(weeks=6)
NO_DEPLOY: Final = (
    "No deployment is known: no instance refresh in six weeks, and no new release in the lines of this span."
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The spans that are compared."""

    after: Timespan
    """The span on screen, or its part since the deployment."""
    before: Timespan | None
    """What it is compared with; None: nothing."""
    deploys: tuple[Mark, ...] = ()
    """Deployments to mark on charts."""
    note: str = ""
    """Why nothing is compared though that was wanted."""


def deploys(span: Timespan, activities: Sequence[Activity], lines: Sequence[LogLine]) -> tuple[Mark, ...]:
    """Give what is known of deployments up to the end of a span: instance refreshes, and new releases in its lines."""
    around = Timespan(span.start - LOOKED_BACK, span.end)
    refreshed = deployments(sorted(activities, key=lambda each: each.started_at), around)
    released = (
        Mark(
            EPOCH + timedelta(milliseconds=each.milliseconds), f"release {shown(each.name, most=40)}", "Its first line."
        )
        for each in releases(lines)
    )
    return (*refreshed, *released)


def spans(span: Timespan, against: Against, marks: Sequence[Mark]) -> Compared:
    """Say what is compared with what, given the deployments."""
    near = tuple(mark for mark in marks if mark.at in Timespan(span.start - span.duration, span.end))
    if against is Against.NOTHING:
        return Compared(span, None, near)
    if against is Against.BEFORE:
        return Compared(span, Timespan(span.start - span.duration, span.start), near)
    at = last_deploy(marks)
    if at is None:
        return Compared(span, None, near, NO_DEPLOY)
    after = Timespan(max(at, span.start), span.end) if at < span.end else span
    return Compared(after, Timespan(at - after.duration, at), near)


def last_deploy(marks: Sequence[Mark]) -> datetime | None:
    """Say when the newest deployment began; None where there is none."""
    times = sorted((mark.at for mark in marks), reverse=True)
    begin = times[0] if times else None
    for at in times:
        if begin is not None and begin - at <= ONE_DEPLOY:
            begin = at
    return begin


def shown(text: str, *, bare: bool = False, most: int = LONGEST) -> str:
    """Give foreign text in one line, nothing hidden in it; secrets hidden unless `bare`."""
    return cut(one_line(visible(text if bare else masked(text).text).text), most)
