"""Measurements as lines of a table and as JSON, for the command line. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import orjson

from collectors.page_load.browser_probe import BrowserMeasured
from collectors.page_load.har import Recording
from collectors.page_load.http_probe import Measured
from collectors.page_load.putting import PHASES

_NONE: Final = "–"


def _unseen(text: str) -> str:
    """Give foreign text for a terminal: one line, without signs that move the cursor."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _ms(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{seconds * 1000:,.0f} ms"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows under their head, the first column to the left."""
    everything = [list(head), *([_unseen(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in everything) for place in range(len(head))]
    lines = (
        "  ".join(
            cell.ljust(width) if place in {0, len(head) - 1} else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in everything
    )
    return "\n".join(line.rstrip() for line in lines)


HTTP_HEAD: Final = (
    "page", "total", "redirect", "dns", "connect", "tls", "first byte", "content", "status", "hops", "certificate", "",
)  # fmt: skip


def http_rows(measured: Sequence[Measured]) -> list[list[str]]:
    """Give a row a page: total, phases, status, redirects, certificate, and what went wrong."""
    return [
        [
            each.page,
            _ms(each.total),
            *(_ms(each.phases.get(name)) for name in PHASES),
            _NONE if each.status is None else str(each.status),
            str(len(each.redirects)),
            _NONE if each.certificate_days is None else f"{each.certificate_days:.0f} days",
            each.problem,
        ]
        for each in measured
    ]


BROWSER_HEAD: Final = (
    "page", "load", "first byte", "first paint", "largest paint", "shift", "blocked", "status", "failed", "errors", "",
)  # fmt: skip


def browser_rows(measured: Sequence[BrowserMeasured]) -> list[list[str]]:
    """Give a row a page: what a person waited for, what failed, and where the picture of it lies."""
    return [
        [
            each.page,
            *map(_ms, (each.load, each.first_byte, each.first_paint, each.largest_paint)),
            _NONE if each.layout_shift is None else f"{each.layout_shift:.3f}",
            _ms(each.blocking),
            _NONE if each.status is None else str(each.status),
            str(len(each.failed)),
            str(len(each.errors)),
            "; ".join(filter(None, (each.problem, each.screenshot, *each.refused[:1]))),
        ]
        for each in measured
    ]


HAR_HEAD: Final = ("page", "load", "content", "requests", "failed", "bytes", "slowest request")


def har_rows(recording: Recording) -> list[list[str]]:
    """Give a row a page."""
    rows = []
    for page in recording.pages:
        slowest = max(page.entries, key=lambda entry: entry.seconds, default=None)
        size = page.size
        rows.append(
            [
                (page.page or page.title)[:60],
                _ms(page.load),
                _ms(page.content_loaded),
                str(len(page.entries)),
                str(sum(entry.failed for entry in page.entries)),
                _NONE if size is None else f"{size:,}",
                f"{_ms(slowest.seconds)} {slowest.url[:60]}" if slowest else "",
            ]
        )
    return rows


def as_json(value: Any) -> str:
    """Give a measurement as one line of JSON; what was not measured is null."""
    document = dataclasses.asdict(value)
    if isinstance(value, Measured):
        document["total"] = value.total
    return orjson.dumps(document, default=str).decode()
