"""What the Logs pages show ⇄ URL. Pure; what a URL holds is not trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.timespan import Timespan
from dashboard.state import LONGEST_VALUE, Params, instant_text

LONGEST_GROUP: Final = 512
"""Characters of a log group's or stream's name.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html"""
LONGEST_PATTERN: Final = 1_024
"""Characters of a filter pattern.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
MOST_STREAMS: Final = 100
"""Streams that one search can name.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
NAMES: Final = ("group", "stream", "pattern", "mode", "line")
"""Names in the URL that belong to the Logs page."""
SHARED: Final = ("group", "pattern")
"""Those that the other Logs pages understand too."""


class Mode(StrEnum):
    """What the Logs page does with the group."""

    SEARCH = "search"
    TAIL = "tail"
    PATTERNS = "patterns"


@dataclass(frozen=True, slots=True)
class LineKey:
    """How a link names one line: enough to find it again in its stream."""

    milliseconds: int
    stream: str
    event_id: str = ""

    def text(self) -> str:
        """Write it for a URL.

        >>> LineKey(1764150000123, "web/i-1", "e1").text()
        '1764150000123~e1~web/i-1'
        """
        return f"{self.milliseconds}~{self.event_id}~{self.stream}"


def read_line(text: str) -> LineKey | None:
    """Read what `LineKey.text` wrote; None where it names no line.

    >>> read_line("1764150000123~e1~web/i-1~2").stream, read_line("soon")
    ('web/i-1~2', None)
    """
    at, _, rest = text.partition("~")
    event, _, stream = rest.partition("~")
    if not (at.isascii() and at.isdigit() and len(at) <= 14 and stream):
        return None
    return LineKey(int(at), stream[:LONGEST_GROUP], event)


@dataclass(frozen=True, slots=True)
class LogState:
    """What the Logs page shows besides account and span."""

    group: str = ""
    """The log group; empty until one was picked."""
    streams: tuple[str, ...] = ()
    """Streams that the search is narrowed to; empty: all."""
    pattern: str = ""
    """CloudWatch's filter pattern, as typed; it may be wrong."""
    mode: Mode = Mode.SEARCH
    line: LineKey | None = None
    """A line that is shown with its neighbours."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this page's values of the URL; what is the default is left out."""
        found: dict[str, str | list[str]] = {}
        if self.group:
            found["group"] = self.group
        if self.streams:
            found["stream"] = list(self.streams)
        if self.pattern:
            found["pattern"] = self.pattern
        if self.mode is not Mode.SEARCH:
            found["mode"] = str(self.mode)
        if self.line is not None:
            found["line"] = self.line.text()
        return found


def read_logs(params: Params) -> LogState:
    """Give what the URL asks the Logs page for; what is not understood is left out and named."""
    problems: list[str] = []
    streams = dict.fromkeys(each[:LONGEST_GROUP] for each in (params.get("stream") or ()) if each)
    if len(streams) > MOST_STREAMS:
        problems.append(f"The link names {len(streams)} streams; a search takes the first {MOST_STREAMS}.")
    return LogState(
        group=_first(params, "group")[:LONGEST_GROUP],
        streams=tuple(streams)[:MOST_STREAMS],
        pattern=_first(params, "pattern")[:LONGEST_PATTERN],
        mode=_mode(params, problems),
        line=_line(params, problems),
        problems=tuple(problems),
    )


def _first(params: Params, name: str) -> str:
    return (params.get(name) or ("",))[0][:LONGEST_VALUE]


def _mode(params: Params, problems: list[str]) -> Mode:
    wanted, known = _first(params, "mode"), {str(mode): mode for mode in Mode}
    if wanted and wanted not in known:
        problems.append(f"The link asks for an unknown mode; lines are searched. Known: {', '.join(Mode)}.")
        return Mode.SEARCH
    return known.get(wanted, Mode.SEARCH)


def _line(params: Params, problems: list[str]) -> LineKey | None:
    wanted = _first(params, "line")
    found = read_line(wanted) if wanted else None
    if wanted and found is None:
        problems.append("The line that the link names was not understood; the search is shown without it.")
    return found


def span_params(span: Timespan) -> dict[str, str]:
    """Give the URL's values that pin a page to `span`."""
    return {"from": instant_text(span.start), "to": instant_text(span.end)}
