"""A recording of page loads that somebody uploaded, as waterfalls of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.page_load.har import PHASES as HAR_PHASES
from collectors.page_load.har import HarError, RecordedPage, read_har
from dashboard.charts.bars import Bar, Bars, Part
from dashboard.wording import count, plain, quantity

MOST_ENTRIES: Final = 40
"""Requests of a recording that are drawn; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that somebody uploaded, drawn request by request."""

    pages: tuple[str, ...]
    """What its pages are called; foreign text."""
    bars: tuple[Bars, ...]
    """The waterfall of each page."""
    notes: tuple[str, ...]
    """Load time and what was left out, a sentence for each page."""
    problem: str = ""
    """Why it could not be read; foreign text."""


def recorded(content: bytes) -> Recorded:
    """Read a recording; what is wrong with it is said, not raised."""
    try:
        recording = read_har(content)
    except HarError as error:
        return Recorded((), (), (), str(error))
    pages = recording.pages
    names = tuple(f"{place + 1}. {plain(page.page or page.title)[:80]}" for place, page in enumerate(pages))
    return Recorded(names, tuple(map(_waterfall, pages)), tuple(map(_note, pages)))


def _note(page: RecordedPage) -> str:
    failed = sum(entry.failed for entry in page.entries)
    size = "" if page.size is None else f", {quantity(float(page.size), 'Bytes')}"
    load = "The load event was not measured" if page.load is None else f"Loaded in {quantity(page.load, 'Seconds')}"
    more = len(page.entries) - MOST_ENTRIES
    return (
        f"{load}; {count(len(page.entries), 'request')}{size}, {failed} failed."
        + f" The first {MOST_ENTRIES} are drawn." * (more > 0)
    )


def _waterfall(page: RecordedPage) -> Bars:
    rows = []
    for entry in page.entries[:MOST_ENTRIES]:
        begun, parts = entry.after or 0.0, []
        for shade, name in enumerate(HAR_PHASES):
            if seconds := entry.phases.get(name):
                parts.append(Part(begun, begun + seconds, name, _SHADES[shade]))
                begun += seconds
        label = plain(entry.url.partition("?")[0].rstrip("/").rpartition("/")[2] or entry.url)
        status = "no answer" if entry.status is None else f"{entry.status}"
        rows.append(Bar(label, tuple(parts), f"{status} · {quantity(entry.seconds, 'Seconds')}", entry.failed))
    return Bars("Requests of the recording", tuple(rows))


_SHADES: Final = (-1, 3, 1, 4, -2, 0, 2)
