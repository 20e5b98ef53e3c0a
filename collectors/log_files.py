"""Log files row by row: plain or gzip, a folder or standard input, in bounded memory, whatever they hold."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

LONGEST_ROW: Final = 1 << 20
"""Characters of a row; CloudWatch takes no longer event. The rest of a longer one is dropped."""
MOST_FILES: Final = 20_000
DEEPEST: Final = 12
ENDINGS: Final = (".log", ".log.gz", ".gz", ".txt", ".json", ".jsonl", ".ndjson")
_GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20


class LogFileError(Exception):
    """Why nothing can be read; a sentence that names what is accepted."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file whose end could not be read; what came before it was."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


def find(root: Path) -> tuple[Path, ...]:
    """Give the log files of a folder, or the one file that is named; links are not followed. Raises LogFileError."""
    if not root.exists():
        raise LogFileError(f"{root} is not there; give a file, a folder of .log and .gz files, or - for standard input")
    if not root.is_dir():
        return (root,)
    found = tuple(path for path, _ in zip(_walk(root, 0), range(MOST_FILES), strict=False))
    if not found:
        raise LogFileError(f"{root} holds no log file; their names end in {', '.join(ENDINGS)}")
    return found


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError:  # a folder that is not ours to read
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth < DEEPEST:
                yield from _walk(Path(entry.path), depth + 1)
        elif entry.name.lower().endswith(ENDINGS):
            yield Path(entry.path)


def rows(stream: BinaryIO, name: str, *, most: int | None = None) -> Iterator[str | Broken]:
    """Give the rows of an open file, gzip or not; where its end cannot be read, that comes last.

    Of `most` bytes no more is unpacked: a small file can hold a mountain.
    """
    source = cast("IO[bytes]", stream)
    try:
        head = stream.peek(2)[:2] if hasattr(stream, "peek") else b""
        if head == _GZIP:
            source = cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
        yield from _rows(source, most)
    except (OSError, EOFError, zlib.error) as error:
        yield Broken(name, f"broke off: {error}")


def _rows(source: IO[bytes], most: int | None) -> Iterator[str]:
    """Cut what is read into rows; a row without end never fills the memory."""
    left, read = b"", 0
    while chunk := source.read(_CHUNK):
        read += len(chunk)
        if most is not None and read > most:
            raise EOFError(f"it unpacks to more than {most / 1e6:,.0f} MB")
        *whole, left = (left + chunk).split(b"\n")
        for row in whole:
            yield _text(row)
        if len(left) > LONGEST_ROW:
            yield _text(left)
            left = _after_row(source, most)
    if left:
        for row in left.removesuffix(b"\n").split(b"\n"):
            yield _text(row)


def _after_row(source: IO[bytes], most: int | None) -> bytes:
    """Drop the rest of a row that is too long."""
    read = 0
    while chunk := source.read(_CHUNK):
        read += len(chunk)
        if most is not None and read > most:
            raise EOFError(f"it unpacks to more than {most / 1e6:,.0f} MB")
        _, found, rest = chunk.partition(b"\n")
        if found:
            return rest
    return b""


def _text(row: bytes) -> str:
    return row[:LONGEST_ROW].rstrip(b"\r").decode("utf-8", "replace")


def all_rows(paths: tuple[Path, ...]) -> Iterator[str | Broken]:
    """Give the rows of several files, one after the other."""
    for path in paths:
        try:
            with path.open("rb") as stream:
                yield from rows(stream, path.name)
        except OSError as error:
            yield Broken(path.name, f"cannot be opened: {error.strerror}")
