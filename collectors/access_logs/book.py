"""The access logs that settings name: a file, a folder or a place in S3, and what they say about a span."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cloud.clients import Clients
from collectors.access_logs.bucket import Bucket, Fetched, Offer
from collectors.access_logs.entries import Entry, NotAnEntryError, parse
from collectors.access_logs.paths import folded, path_of
from collectors.access_logs.places import chosen, covered
from collectors.access_logs.summary import Counting, Summary, status_class, target_name
from collectors.exports.bucket import read_address
from collectors.log_files import Broken, all_rows, find
from core.reading import Scope
from core.timespan import Timespan

MOST_ENTRIES: Final = 1_000_000
"""Entries of one look; counted from the beginning of the span, and said where there are more."""
MOST_FLAWS: Final = 5
PARTS: Final = 60
"""Parts of time that a span is counted in."""


@dataclass(frozen=True, slots=True)
class Only:
    """Which requests are counted; what is empty narrows nothing."""

    path: str = ""
    """Method and folded path, such as `GET /orders/{id}`."""
    target: str = ""
    """As `target_name` gives it."""
    status: str = ""
    """A class such as `5xx`."""

    def takes(self, entry: Entry) -> bool:
        """Say whether a request is counted."""
        return (
            (not self.status or status_class(entry.status) == self.status)
            and (not self.target or target_name(entry) == self.target)
            and (not self.path or path_name(entry) == self.path)
        )


def path_name(entry: Entry) -> str:
    """Give method and folded path of a request."""
    return f"{entry.method} {folded(path_of(entry.url))}".strip()


@dataclass(frozen=True, slots=True)
class Contents:
    """What access logs say about a span."""

    summary: Summary
    files: int
    entries: int = 0
    """Entries that were read, of whatever time."""
    flaws: int = 0
    """Rows that are no entries."""
    first_flaws: tuple[str, ...] = ()
    """Why, for the first few, and files that broke off. May hold foreign text."""
    cut: bool = False
    """There are more entries than are counted."""
    covered: tuple[Timespan, ...] | None = None
    """What the names of the files say that they are about; None where a name says nothing. The rest is not known."""


class Flaws:
    """Counts the rows that are entries and those that are none, and keeps the first few reasons."""

    def __init__(self) -> None:
        self.number = self.read = 0
        self.first: list[str] = []
        self.broken: list[Broken] = []

    def entries(self, found: Iterable[str | Broken]) -> Iterator[Entry]:
        """Give the entries among rows."""
        for number, row in enumerate(found, 1):
            if isinstance(row, Broken):
                self.broken.append(row)
            elif row:
                try:
                    yield self._counted(parse(row))
                except NotAnEntryError as error:
                    self.number += 1
                    if len(self.first) < MOST_FLAWS:
                        self.first.append(f"row {number:,} {error}")

    def _counted(self, entry: Entry) -> Entry:
        self.read += 1
        return entry


def contents(
    found: Iterable[str | Broken], *, files: int, only: Only, span: Timespan | None, most: int = MOST_ENTRIES
) -> Contents:
    """Count the entries of rows that lie in a span; all of them where there is none."""
    flaws = Flaws()
    width = max(1_000, int(span.duration.total_seconds() * 1_000) // PARTS) if span is not None else 60_000
    counting, number, cut = Counting(width=width), 0, False
    for entry in flaws.entries(found):
        if (span is not None and entry.at not in span) or not only.takes(entry):
            continue
        if number >= most:
            cut = True
            break
        number += 1
        counting.add(entry)
    told = (*flaws.first, *map(str, flaws.broken))
    return Contents(counting.summary(), files, flaws.read, flaws.number, told, cut=cut)


class Book:
    """One place of access logs. Threads may share it."""

    def __init__(self, location: str, folder: Path, clients: Clients) -> None:
        self.location = location
        address = read_address(location)
        home = folder / hashlib.sha256(location.encode()).hexdigest()[:16]
        self._bucket = Bucket(clients, address, home) if address else None

    @property
    def is_remote(self) -> bool:
        """Whether what is new must be fetched first."""
        return self._bucket is not None

    def offer(self, scope: Scope, span: Timespan) -> Offer | None:
        """Say what fetching a span costs at most; None where nothing is fetched."""
        return self._bucket.offer(scope, span) if self._bucket else None

    def fetch(self, scope: Scope, span: Timespan) -> Fetched:
        """Fetch what a span needs."""
        return self._bucket.fetch(scope, span) if self._bucket else Fetched(0, 0)

    def read(self, scope: Scope, span: Timespan, only: Only) -> Contents:
        """Say what the files that are here tell about a span. Raises LogFileError."""
        paths = self._bucket.held(scope) if self._bucket else find(Path(self.location))
        files = chosen(paths, span)
        found = contents(all_rows(files), files=len(files), only=only, span=span)
        return replace(found, covered=covered(files))

    def version(self, scope: Scope) -> int:
        """Give a number that changes when something was fetched."""
        return len(self._bucket.held(scope)) if self._bucket else 0
