"""The billing export that settings name: where it lies, its cube, and how both are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cloud.clients import Clients
from collectors.exports import files, versions
from collectors.exports.bucket import Bucket, read_address
from collectors.exports.columns import MONTH
from collectors.exports.cube import Cube, all_flaws
from collectors.exports.files import ExportError, Flaw, Found
from collectors.exports.questions import Question, Total
from collectors.exports.reading import Described, Reader, reading
from core.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Contents:
    """What an export holds."""

    built_at: datetime
    """When the cube was last compared with the export."""
    fetched_at: datetime | None
    """When S3 was last looked at; None for a folder."""
    files: int
    rows: int
    months: tuple[str, ...]
    """Billing periods, the oldest first."""
    flaws: tuple[Flaw, ...]
    """What was not used, and why."""


class Book:
    """One export. Threads may share it; the cube's folder may be shared by processes."""

    def __init__(self, location: str, folder: Path, clients: Clients) -> None:
        self.location = location
        home = folder / hashlib.sha256(location.encode()).hexdigest()[:16]
        address = read_address(location)
        self.bucket = Bucket(clients, address, home / "objects") if address else None
        self._work = home / "work"
        self._cube = Cube(home / "cube")

    def found(self) -> Found:
        """Give the files that are here now; raises ExportError."""
        found = self.bucket.found() if self.bucket else files.find(Path(self.location))
        return versions.newest(found)

    def read(self, *, now: datetime) -> Contents:
        """Bring the cube up to the files that are here, and say what they hold; raises ExportError."""
        found = self.found()
        note = self._cube.refresh(found.files, found.flaws, now=now)
        fetched = self.bucket.shelf().looked_at if self.bucket else None
        return Contents(now, fetched, len(note.parts), note.rows, note.months, all_flaws(note))

    def fetch_when_due(self, *, now: datetime) -> str:
        """Fetch from S3 what is new, if that is due and the cap allows it; nothing for a folder.

        What S3 refuses is noted in the export's flaws. What is returned is why our own notes cannot be read; mostly ''.
        """
        try:
            if self.bucket is not None and self.bucket.is_due(now=now):
                self.bucket.fetch(now=now)
        except ExportError as error:
            return str(error)
        return ""

    def price_ahead(self, *, now: datetime) -> Money:
        """Give what looks at S3 will cost as long as the tighter cap holds; nothing for a folder."""
        try:
            return self.bucket.price_ahead(now=now) if self.bucket is not None else ZERO
        except ExportError:
            return ZERO  # its folder cannot be read, so nothing will be fetched

    def months(self) -> tuple[str, ...]:
        """Give the billing months that the cube has, the oldest first; none before it is built."""
        note = self._cube.note()
        return note.months if note else ()

    def totals(self, question: Question) -> tuple[Total, ...]:
        """Answer a question, out of the cube where that has what is asked; raises ExportError."""
        if question.fits_the_cube:
            return self._cube.totals(question)
        with self._reading(question) as (reader, described):
            return reader.totals(described, question) if described.files else ()

    def rows(self, question: Question) -> tuple[Mapping[str, object], ...]:
        """Give the rows behind a figure, the largest first; raises ExportError."""
        with self._reading(question) as (reader, described):
            return reader.rows(described, question) if described.files else ()

    @contextmanager
    def _reading(self, question: Question) -> Iterator[tuple[Reader, Described]]:
        """Open the files that a question is about: those that the cube counts, so that figure and rows agree."""
        names = self._counting(question)
        chosen = tuple(file for file in self.found().files if file.name in names)
        with reading(chosen, self._work) as reader:
            yield reader, reader.describe()

    def _counting(self, question: Question) -> frozenset[str]:
        """Name the files that the cube counts; of a billing month those that have rows of it."""
        note = self._cube.note()
        parts = versions.without_doubles(note.parts)[0] if note else {}
        months = {each.value for each in question.where if each.column == MONTH and not each.negated}
        return frozenset(name for name, part in parts.items() if not months or months & set(part.months))

    def close(self) -> None:
        self._cube.close()
