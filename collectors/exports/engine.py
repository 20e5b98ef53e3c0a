"""DuckDB, shut in: it sees the files that it is given and its own work folder, and takes only so much memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from collectors.exports.files import ExportError

MEMORY: Final = "1GB"
"""Most memory that one engine takes; what is larger goes through the work folder."""
THREADS: Final = 2
_CLOSED: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": MEMORY,
    "threads": str(THREADS),
}


@contextmanager
def opened(work: Path, readable: Sequence[Path] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an engine in memory that can read `readable` and use the folder `work`, and nothing else."""
    engine = start(work, readable)
    try:
        yield engine
    finally:
        engine.close()


def start(work: Path, readable: Sequence[Path] = ()) -> duckdb.DuckDBPyConnection:
    """Give what `opened` gives; the caller closes it. No file on disk is ever its database."""
    engine = duckdb.connect(":memory:", config=_CLOSED)
    engine.execute(f"SET temp_directory = {literal(str(work / 'spill'))}")
    engine.execute("SET TimeZone = 'UTC'")
    engine.execute(f"SET allowed_directories = [{literal(str(work))}]")
    if readable:
        engine.execute(f"SET allowed_paths = [{', '.join(literal(str(path)) for path in readable)}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    return engine


@contextmanager
def answered() -> Iterator[None]:
    """Turn what DuckDB says of a question that it could not answer into an ExportError."""
    try:
        yield
    except duckdb.OutOfRangeException as error:
        raise ExportError(
            "a sum has more than 14 digits before the point, the most that is added up exactly; filter it smaller"
        ) from error
    except duckdb.Error as error:
        raise ExportError(reason(error)) from error


def reason(error: duckdb.Error) -> str:
    """Give the first sentence of what DuckDB says; the rest is about options that nobody here can set."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else "DuckDB could not read it"


def literal(text: str) -> str:
    """Write text as a constant of SQL, for the few places that take no parameter.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """Write a column's name so that nothing in it is read as SQL.

    >>> identifier('a"b')
    '"a""b"'
    """
    return '"' + text.replace('"', '""') + '"'
