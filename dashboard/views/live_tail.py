"""Live Tail on screen: what has come, how long it runs, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from collectors.logs.live_tail import LiveTailView
from core.log_lines import LogLine
from dashboard.views.frame import Badge
from dashboard.wording import INFO, OK, WARNING, count

MOST: Final = 2_000
"""Lines that are on screen; the session has more at hand."""
REACH: Final = timedelta(minutes=5)
WHAT: Final = (
    "AWS sends new lines each second and charges by the minute. Polling shows the same lines some seconds later and is"
    " free. A session ends by itself when its minutes are over or nobody looks."
)
SAMPLED: Final = "More than 500 lines matched in a second: AWS sent 500 of them. A narrower pattern shows them all."


@dataclass(frozen=True, slots=True)
class LiveTailShown:
    """What is drawn of a session."""

    lines: tuple[LogLine, ...]
    """The newest ones, oldest first."""
    state: Badge
    """Whether it runs."""
    sentence: str
    """How long it has run, or why it ended."""
    sampled: bool
    """AWS left lines out."""
    over: bool
    """It has ended."""


def build(found: LiveTailView | None) -> LiveTailShown:
    """Give what is drawn; None is a session of another process, or one that is long gone."""
    if found is None:
        return LiveTailShown((), Badge("gone", WARNING), "The session is not here any more.", sampled=False, over=True)
    ran = f"{count(found.next, 'line')} in {_clock(found.seconds)} of {count(found.minutes, 'minute')}"
    over = bool(found.ended)
    sentence = f"{found.ended} {ran}." if over else f"{ran}."
    return LiveTailShown(
        found.lines[-MOST:], Badge("ended", OK) if over else Badge("live", INFO), sentence, found.sampled, over
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
