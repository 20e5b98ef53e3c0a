"""A daily cube beside an export: rebuilt only for files that changed, replaced in one step, exact like the rows.

In its folder lie a part for each file of the export, the whole of them, and `cube.json`, which names both. What is
written anew gets a new name, and `cube.json` is replaced last: whoever reads, or is killed, finds the old or the new.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from collectors.exports import questions
from collectors.exports.columns import AMOUNTS, DAY, MONTH
from collectors.exports.engine import answered, literal, start
from collectors.exports.files import ExportError, ExportFile, Flaw
from collectors.exports.questions import CUBE, Question, Total
from collectors.exports.reading import Described, Examined, Reader, checked, reading
from collectors.exports.versions import without_doubles

FORMAT: Final = 1
"""Raised when the cube's columns or their meaning change: then it is built anew."""
NOTE: Final = "cube.json"
GROUP: Final = 8_192
"""Rows that are passed over at once where their days are not asked for."""
_KEYS: Final = ", ".join((DAY, MONTH, *CUBE))
_SUMS: Final = ", ".join(f"SUM({name}) AS {name}" for name in ("Rows", "Unpriced", *(each.name for each in AMOUNTS)))


@dataclass(frozen=True, slots=True)
class Part:
    """What the cube knows of one file."""

    stamp: str
    file: str
    """Name of the part in the cube's folder."""
    schema: str
    rows: int
    months: tuple[str, ...]
    flaws: tuple[tuple[str, str], ...]

    def same_as(self, file: ExportFile) -> bool:
        return self.stamp == file.stamp


@dataclass(frozen=True, slots=True)
class Note:
    """What lies in the cube's folder."""

    built_at: datetime
    """When it was last compared with the export."""
    whole: str
    """Name of the file with all parts added up; empty where there are no rows."""
    parts: Mapping[str, Part]
    """By the name of the export's file."""
    flaws: tuple[tuple[str, str], ...] = ()
    """(place, what) of what was not used."""

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts.values())

    @property
    def months(self) -> tuple[str, ...]:
        """Every billing period, the oldest first."""
        return tuple(sorted({month for part in self.parts.values() for month in part.months}))


class Cube:
    """The cube in one folder. Threads may share it, processes may too: one builds, all read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._engine: duckdb.DuckDBPyConnection | None = None

    def note(self) -> Note | None:
        """Say what there is; None before the first build, and where the format is another one."""
        try:
            document = json.loads((self._folder / NOTE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ExportError(
                f"the cube's note cannot be read: {error}; delete {self._folder} to build anew"
            ) from error
        return _read_note(document) if document.get("format") == FORMAT else None

    def refresh(self, files: Sequence[ExportFile], flaws: Sequence[Flaw], *, now: datetime) -> Note:
        """Bring the cube up to these files, reading those that changed; raises ExportError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _alone(self._folder / "lock"):
            known = self.note()
            kept = {
                file.name: known.parts[file.name]
                for file in files
                if known and file.name in known.parts and known.parts[file.name].same_as(file)
            }
            changed = [file for file in files if file.name not in kept]
            built, broken = self._build(changed) if changed else ({}, ())
            usable, doubled = without_doubles({**kept, **built})
            whole = self._whole(usable, known)
            told = [*flaws, *broken, *doubled]
            note = Note(now, whole, {**kept, **built}, tuple((flaw.place, flaw.what) for flaw in told))
            self._write(note)
            self._sweep(note, known)
            return note

    def totals(self, question: Question) -> tuple[Total, ...]:
        """Answer a question that fits the cube; raises ExportError."""
        if not question.fits_the_cube:
            raise ExportError("the cube lacks a column of the question; ask the rows")
        note = self.note()
        if note is None or not note.whole:
            return ()
        sql, params = questions.statement(question, "read_parquet(?)")
        keys = sql.count("?", 0, sql.index("FROM"))
        with answered():
            cursor = self._cursor()
            path = str(self._folder / note.whole)
            found = cursor.execute(sql, [*params[:keys], path, *params[keys:]]).fetchall()
        return checked([questions.total(row, len(question.by)) for row in found])

    def close(self) -> None:
        """Let go of the engine."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
            self._engine = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Give a cursor of an engine in memory, which is kept: starting one takes longer than the answer."""
        with self._lock:
            if self._engine is None:
                self._engine = start(self._folder)
            return self._engine.cursor()

    def _build(self, changed: Sequence[ExportFile]) -> tuple[dict[str, Part], tuple[Flaw, ...]]:
        parts: dict[str, Part] = {}
        with reading(changed, self._folder) as reader:
            described = reader.describe()
            flaws = list(described.flaws)
            for how, files in described.layouts.items():
                for file in files:
                    one = Described({how: (file,)}, ())
                    try:
                        parts[file.name] = self._part(reader, one, file, reader.examine(how, file))
                    except ExportError as error:
                        flaws.append(Flaw(file.name, str(error)))
        return parts, tuple(flaws)

    def _part(self, reader: Reader, one: Described, file: ExportFile, examined: Examined) -> Part:
        name = f"part-{hashlib.sha256(f'{file.name}|{file.stamp}'.encode()).hexdigest()[:20]}-{secrets.token_hex(4)}"
        reader.export(one, f"{_KEYS}, {_SUMS}", self._folder / f"{name}.parquet")
        return Part(
            file.stamp,
            f"{name}.parquet",
            str(examined.schema),
            examined.rows,
            examined.months,
            tuple((flaw.place, flaw.what) for flaw in examined.flaws),
        )

    def _whole(self, usable: Mapping[str, Part], known: Note | None) -> str:
        names = sorted(part.file for part in usable.values())
        if not names:
            return ""
        name = f"whole-{hashlib.sha256('|'.join(names).encode()).hexdigest()[:20]}.parquet"
        if known is not None and known.whole == name:
            return name
        fresh = self._folder / f"{name}.{secrets.token_hex(4)}.new"
        chosen = f"SELECT {_KEYS}, {_SUMS} FROM read_parquet(?) GROUP BY ALL ORDER BY {DAY}, ServiceName"  # noqa: S608
        with answered():
            paths = [str(self._folder / each) for each in names]
            self._cursor().execute(
                f"COPY ({chosen}) TO {literal(str(fresh))} (FORMAT parquet, ROW_GROUP_SIZE {GROUP})", [paths]
            )
        fresh.replace(self._folder / name)
        return name

    def _write(self, note: Note) -> None:
        document = {
            "format": FORMAT,
            "built_at": note.built_at.isoformat(),
            "whole": note.whole,
            "parts": {name: asdict(part) for name, part in note.parts.items()},
            "flaws": note.flaws,
        }
        fresh = self._folder / f"{NOTE}.new"
        with fresh.open("w", encoding="utf-8") as stream:
            json.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._folder / NOTE)

    def _sweep(self, note: Note, known: Note | None) -> None:
        """Remove what neither this note names nor the one before, which somebody may still be reading by."""
        named = {each.whole for each in (note, known) if each}
        named |= {part.file for each in (note, known) if each for part in each.parts.values()}
        for path in self._folder.iterdir():
            if path.name.startswith(("part-", "whole-")) and path.name not in named:
                path.unlink(missing_ok=True)


def all_flaws(note: Note) -> tuple[Flaw, ...]:
    """Give everything that was not used, of the whole and of each file."""
    pairs = [*note.flaws, *(pair for part in note.parts.values() for pair in part.flaws)]
    return tuple(Flaw(place, what) for place, what in pairs)


def _read_note(document: Mapping[str, Any]) -> Note:
    parts = {
        name: replace(Part(**part), months=tuple(part["months"]), flaws=tuple(map(tuple, part["flaws"])))
        for name, part in document["parts"].items()
    }
    flaws = tuple((str(place), str(what)) for place, what in document["flaws"])
    return Note(datetime.fromisoformat(document["built_at"]), str(document["whole"]), parts, flaws)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process build at a time; the lock falls with the process that holds it."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
