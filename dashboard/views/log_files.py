"""Log lines as files to take away: text, CSV, JSON lines. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from core.foreign_text import one_line, visible
from core.log_lines import LogLine
from core.log_recognition import recognise
from dashboard.views.log_rows import shown_text

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell that a spreadsheet would run as a formula begins with.
https://owasp.org/www-community/attacks/CSV_Injection"""
COLUMNS: Final = ("time", "severity", "request", "stream", "group", "event", "message")


def instant(line: LogLine) -> str:
    """Give the time as ISO 8601 with milliseconds, in UTC."""
    return f"{line.at:%Y-%m-%dT%H:%M:%S}.{line.milliseconds % 1000:03}Z"


def text(lines: Sequence[LogLine], *, bare: bool) -> bytes:
    """Give one line of text for each; further lines of a message are indented under its first."""
    written = (
        f"{instant(line)} {one_line(visible(line.stream).text)} {_indented(shown_text(line.message, bare=bare))}\n"
        for line in lines
    )
    return "".join(written).encode("utf-8", "replace")


def _indented(message: str) -> str:
    return message.rstrip("\n").replace("\n", "\n    ")


def table(lines: Sequence[LogLine], *, bare: bool) -> bytes:
    """Give CSV; no cell is one that a spreadsheet would run."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([cell(value) for value in _record(line, bare=bare).values()])
    return file.getvalue().encode("utf-8-sig", "replace")


def cell(value: str) -> str:
    """Give a value as a spreadsheet may have it: it takes none for a formula."""
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA_SIGNS) else value


def json_lines(lines: Sequence[LogLine], *, bare: bool) -> bytes:
    """Give one JSON object a line."""
    return "".join(json.dumps(_record(line, bare=bare)) + "\n" for line in lines).encode()


def _record(line: LogLine, *, bare: bool) -> Mapping[str, str]:
    told = recognise(line.message)
    values = (
        instant(line), str(told.severity), shown_text(told.request, bare=bare), visible(line.stream).text,
        visible(line.group).text, line.event_id, shown_text(line.message, bare=bare),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def file_name(group: str) -> str:
    """Give a name that every file system takes.

    >>> file_name("/aws/lambda/../x y")
    'aws-lambda-x-y'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", group)[:80].strip("-") or "lines"


Write = Callable[..., bytes]
KINDS: Final[tuple[tuple[str, str, str, Write], ...]] = (
    ("Text", "log", "text/plain", text),
    ("CSV", "csv", "text/csv", table),
    ("JSON lines", "jsonl", "application/x-ndjson", json_lines),
)
"""(label, ending, media type, writer)."""
