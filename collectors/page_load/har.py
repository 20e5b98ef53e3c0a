"""Page loads that somebody recorded: HTTP Archive files, as browsers and test tools write them. Pure.

Source: http://www.softwareishard.com/blog/har-12-spec/ - there -1 means "not measured", and a connection's time has
that of TLS in it. Files are foreign: their size and their number of entries are bounded, odd parts are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from collectors.page_load.http_probe import page_name
from collectors.page_load.paths import template
from collectors.page_load.putting import LOAD, Point
from collectors.page_load.sites import RefusedError, read
from core.timespan import parse_instant

MOST_BYTES: Final = 50_000_000
MOST_ENTRIES: Final = 20_000
MOST_PAGES: Final = 500
LONGEST_MILLISECONDS: Final = 3_600_000
"""A page that took longer than an hour was not measured."""
PHASES: Final = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
"""Of one request, in their order."""


class HarError(ValueError):
    """A file that is no recording. The message says what is wrong, and what is accepted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a page."""

    url: str
    """Foreign text."""
    status: int | None
    """None where no answer came."""
    size: int | None
    """Bytes of the body on the wire."""
    after: float | None
    """Seconds since the page began."""
    phases: Mapping[str, float]
    """Seconds of each phase that was measured."""

    @property
    def seconds(self) -> float:
        """How long it took, as far as it was measured."""
        return sum(self.phases.values())

    @property
    def failed(self) -> bool:
        return self.status is None or self.status >= 400


@dataclass(frozen=True, slots=True)
class RecordedPage:
    """One load of one page. None was not measured, which is not zero."""

    title: str
    """Foreign text."""
    page: str
    """Host and path template, as its metric is named; empty where the recording does not say."""
    at: datetime | None
    load: float | None
    """Seconds to the end of the load event."""
    content_loaded: float | None
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int | None:
        """Bytes of all bodies whose size was measured; None where none was."""
        known = [entry.size for entry in self.entries if entry.size is not None]
        return sum(known) if known else None

    def points(self) -> tuple[Point, ...]:
        """Give the load time as a metric, where there is one, a page and an instant."""
        if self.load is None or self.at is None or not self.page:
            return ()
        return (Point(LOAD, self.load, {"Page": self.page, "Source": "har"}, self.at),)


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds."""

    pages: tuple[RecordedPage, ...]
    left_out: int
    """Entries and pages that could not be read, or are beyond the limits."""


def read_har(content: bytes) -> Recording:
    """Read a file; raises `HarError`. Requests that belong to no page are given as one page without a load time."""
    log = _log(content)
    raw_pages, raw_entries = (_list(log.get(name)) for name in ("pages", "entries"))
    left_out = max(0, len(raw_pages) - MOST_PAGES) + max(0, len(raw_entries) - MOST_ENTRIES)
    starts = {str(page.get("id")): _instant(page.get("startedDateTime")) for page in raw_pages[:MOST_PAGES]}
    first = _first(raw_entries)
    found: dict[str, list[Entry]] = {name: [] for name in starts}
    for raw in raw_entries[:MOST_ENTRIES]:
        page = str(raw.get("pageref"))
        entry = _entry(raw, starts.get(page) or (None if starts else first))
        left_out += entry is None
        if entry is not None:
            found.setdefault(page if page in starts else "", []).append(entry)
    pages = [_page(raw, tuple(found[str(raw.get("id"))])) for raw in raw_pages[:MOST_PAGES]]
    if loose := found.get(""):
        pages.append(RecordedPage("requests of no page", "", first, None, None, tuple(loose)))
    return Recording(tuple(pages), left_out)


def _log(content: bytes) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        raise HarError(f"the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        document = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise HarError(f"the file is not JSON: {error}; give a HAR file as a browser saves it") from None
    log = document.get("log") if isinstance(document, dict) else None
    if not isinstance(log, dict) or not isinstance(log.get("entries"), list):
        raise HarError("the file is JSON, but no HAR: it has no log.entries; give one as a browser saves it")
    return log


def _page(raw: Mapping[str, Any], entries: tuple[Entry, ...]) -> RecordedPage:
    timings = raw.get("pageTimings")
    timings = timings if isinstance(timings, dict) else {}
    return RecordedPage(
        str(raw.get("title") or "")[:300],
        _name(entries),
        _instant(raw.get("startedDateTime")),
        _seconds(timings.get("onLoad")),
        _seconds(timings.get("onContentLoad")),
        entries,
    )


def _name(entries: Sequence[Entry]) -> str:
    """Name a page by its first request that was answered with a page."""
    for entry in entries:
        if entry.status is not None and entry.status < 300:
            try:
                site = read(entry.url)
            except RefusedError:
                return ""
            return page_name(site).removesuffix(site.path) + template(site.path)
    return ""


def _entry(raw: Mapping[str, Any], start: datetime | None) -> Entry | None:
    request, response, timings = (raw.get(name) for name in ("request", "response", "timings"))
    if not (isinstance(request, dict) and isinstance(response, dict) and isinstance(request.get("url"), str)):
        return None
    began = _instant(raw.get("startedDateTime"))
    status, size = response.get("status"), response.get("bodySize")
    return Entry(
        request["url"][:2_000],
        status if isinstance(status, int) and 100 <= status < 600 else None,
        size if isinstance(size, int) and 0 <= size < 1 << 40 else None,
        max(0.0, (began - start).total_seconds()) if began and start else None,
        dict(_phases(timings if isinstance(timings, dict) else {})),
    )


def _phases(timings: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name in PHASES:
        seconds = _seconds(timings.get(name))
        if name == "connect" and seconds is not None:
            seconds = max(0.0, seconds - (_seconds(timings.get("ssl")) or 0.0))
        if seconds is not None:
            yield name, seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value / 1000 if 0 <= value <= LONGEST_MILLISECONDS else None


def _instant(value: object) -> datetime | None:
    try:
        return parse_instant(value[:40]) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _first(entries: Sequence[Mapping[str, Any]]) -> datetime | None:
    return min(filter(None, (_instant(raw.get("startedDateTime")) for raw in entries[:MOST_ENTRIES])), default=None)


def _list(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
