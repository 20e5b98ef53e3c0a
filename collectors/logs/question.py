"""What is asked of logs, and what an answer holds: lines, and which spans of the question they are all of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.log_lines import LogLine
from core.reading import Scope
from core.timespan import Timespan

MOST_LINES: Final = 1_000
"""Lines that an answer gives where nobody asks for more."""
MOST_STREAMS: Final = 100
"""Streams that one search can name. Source: botocore's model of FilterLogEvents."""


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Which lines are wanted."""

    scope: Scope
    group: str
    """Its name, or its ARN where it is another account's."""
    span: Timespan
    pattern: str = ""
    """CloudWatch's filter pattern; empty means every line."""
    streams: tuple[str, ...] = ()
    """Names of streams; none means all of them."""
    most: int = MOST_LINES
    """Reading stops when so many of the newest matching lines are known."""
    whole: bool = False
    """Read on until all of the span is known, as for counts and templates; `most` then limits the lines only."""


@dataclass(frozen=True, slots=True)
class LogBucket:
    """How many lines match in a part of the span."""

    span: Timespan
    lines: int
    """Of what was read; 0 in a part that was not read says nothing."""
    whole: bool
    """All of it was read."""


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """What is known of a question."""

    lines: tuple[LogLine, ...] = ()
    """The newest matching ones, newest first, `most` at most. Of the end they are given as it was read before while
    it is `missing`."""
    read: tuple[Timespan, ...] = ()
    """Spans that are known whole, newest first."""
    missing: tuple[Timespan, ...] = ()
    """Spans that were not read yet, newest first; asking again goes on there."""
    cut: bool = False
    """More than `most` lines match in what was read."""
    counts: tuple[LogBucket, ...] = ()
    """Matching lines over the whole span, oldest first."""
    asked: int = 0
    """Calls that this answer made."""
    newest: datetime | None = None
    """When the unsettled end was read last; None where all of the span is settled, or nothing was read."""

    @property
    def matching(self) -> int:
        """How many lines match in what was read."""
        return sum(bucket.lines for bucket in self.counts)
