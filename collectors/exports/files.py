"""Finds the files of an export in a folder: nothing outside it, no links, each with what tells that it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

MOST_FILES: Final = 20_000
"""Files of one export that are looked at; an export of hourly rows has some hundred a month."""
DEEPEST: Final = 12
"""Folders in folders that are looked into."""


MANIFEST: Final = "Manifest.json"
"""The end of a manifest's name, for both kinds of export."""


class ExportError(Exception):
    """Why an export cannot be read at all; a sentence that names what is accepted."""


class Kind(StrEnum):
    """How a file is written."""

    CSV = "csv"
    GZIP = "csv.gz"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something of an export that was not used, and where."""

    place: str
    """File name below the folder, with the row where there is one; foreign text."""
    what: str
    """A sentence; may hold foreign text."""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file to read."""

    name: str
    """Below the folder, parts joined by `/`; foreign text, for people only."""
    path: Path
    kind: Kind
    stamp: str
    """Changes when the file does: size and time of change, or S3's ETag."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files of an export, and what was passed over."""

    files: tuple[ExportFile, ...]
    flaws: tuple[Flaw, ...] = ()
    manifests: tuple[tuple[str, Path], ...] = ()
    """Name and place of what says which files count: `versions`."""


def kind_of(name: str) -> Kind | None:
    """Say by its name how a file is written; None for what is no export.

    >>> str(kind_of("focus-00001.csv.gz")), str(kind_of("a.snappy.parquet")), kind_of("Manifest.json")
    ('csv.gz', 'parquet', None)
    """
    lower = name.lower()
    ends = ((".csv.gz", Kind.GZIP), (".csv.gzip", Kind.GZIP), (".csv", Kind.CSV), (".parquet", Kind.PARQUET))
    return next((kind for end, kind in ends if lower.endswith(end)), None)


def find(root: Path) -> Found:
    """Find the files of an export below a folder, or the one file that is named. Raises ExportError."""
    if not root.exists():
        raise ExportError(f"{root} is not there; give a folder with billing exports, or one file of them")
    if not root.is_dir():
        kind = kind_of(root.name)
        if kind is None:
            raise ExportError(f"{root} is no export; give a .csv, .csv.gz or .parquet file, or a folder of them")
        return Found((ExportFile(root.name, root.absolute(), kind, _stamp(root.stat())),))
    files: list[ExportFile] = []
    flaws: list[Flaw] = []
    manifests: list[tuple[str, Path]] = []
    for found in _walk(root.resolve(), "", 0):
        if isinstance(found, Flaw):
            flaws.append(found)
        elif isinstance(found, tuple):
            manifests.append(found)
        elif len(files) == MOST_FILES:
            flaws.append(Flaw(str(root), f"holds more than {MOST_FILES:,} files; the others were not read"))
            break
        else:
            files.append(found)
    return Found(tuple(files), tuple(flaws), tuple(manifests))


Entry = ExportFile | Flaw | tuple[str, Path]


def _walk(folder: Path, below: str, depth: int) -> Iterator[Entry]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Flaw(below or str(folder), f"cannot be opened: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.is_symlink():
            yield Flaw(name, "is a link, and links are not followed")
        elif entry.is_dir(follow_symlinks=False):
            if depth < DEEPEST:
                yield from _walk(Path(entry.path), name, depth + 1)
            else:
                yield Flaw(name, f"lies more than {DEEPEST} folders deep and was not looked into")
        elif entry.is_file(follow_symlinks=False):
            yield from _file(entry, name)


def _file(entry: os.DirEntry[str], name: str) -> Iterator[Entry]:
    kind = kind_of(entry.name)
    if entry.name.endswith(MANIFEST):
        yield name, Path(entry.path)
        return
    if entry.name.lower().endswith(".zip"):
        yield Flaw(name, "is a ZIP, which is not read; let the export write GZIP or Parquet")
    elif kind is not None and not name.isprintable():
        yield Flaw(ascii(name), "has a name with unprintable characters and is not read")
    elif kind is not None:
        yield ExportFile(name, Path(entry.path), kind, _stamp(entry.stat(follow_symlinks=False)))


def _stamp(stat: os.stat_result) -> str:
    return f"{stat.st_size}-{stat.st_mtime_ns}"
