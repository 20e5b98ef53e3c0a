"""Log lines that were read: kept once whatever was asked for, with a note of which spans are known whole.

They have a database of their own (`cloud.database`), because they are large and go first when space is short.
Messages and names of streams are kept as bytes: a line may hold NULs and halves of characters, which text may not.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cloud.database import Connection, Database, Place
from collectors.logs import spans
from collectors.logs.question import LogQuestion
from core.log_lines import LogLine

STORE: Final = "logs"
LINE_BYTES: Final = 200
"""What a line takes beside its message, with its key in the index: measured on 300,000 lines."""
HOUR: Final = 3_600_000
_KEYS_TOGETHER: Final = 900
"""Values in one statement, below the 999 that older SQLite takes."""
ROWS_TOGETHER: Final = 5_000
"""Lines read in one statement: a longer span goes through memory in pieces."""
_BYTES_TOGETHER: Final = 16_000_000
"""The same for long lines: fewer are read in one statement where they would take more."""

MIGRATIONS: Final = (
    """
    CREATE TABLE log_groups (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        UNIQUE (account, region, name)
    );
    CREATE TABLE log_streams (
        id INTEGER PRIMARY KEY, log_group INTEGER NOT NULL, name BLOB NOT NULL,
        UNIQUE (log_group, name)
    );
    CREATE TABLE log_lines (
        log_group INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, stream INTEGER NOT NULL,
        ingested INTEGER, message BLOB NOT NULL
    );
    CREATE UNIQUE INDEX log_lines_at ON log_lines (log_group, at, event);
    CREATE TABLE volumes (
        log_group INTEGER NOT NULL, hour INTEGER NOT NULL, bytes INTEGER NOT NULL, touched INTEGER NOT NULL,
        PRIMARY KEY (log_group, hour)
    ) WITHOUT ROWID;
    CREATE TABLE searches (
        id INTEGER PRIMARY KEY, log_group INTEGER NOT NULL, digest TEXT NOT NULL,
        pattern TEXT NOT NULL, streams TEXT NOT NULL,
        UNIQUE (log_group, digest)
    );
    CREATE TABLE known (
        search INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
        PRIMARY KEY (search, low)
    ) WITHOUT ROWID;
    CREATE TABLE fresh (
        search INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, asked_at INTEGER NOT NULL
    );
    CREATE TABLE walks (
        search INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
        backward INTEGER NOT NULL, token TEXT NOT NULL, made INTEGER NOT NULL,
        PRIMARY KEY (search, low, high)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE insights_runs (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, asked_at INTEGER NOT NULL,
        body BLOB NOT NULL, results BLOB
    );
    CREATE INDEX insights_runs_at ON insights_runs (account, region, asked_at);
    """,
)


class LogStore(Database):
    """The store of lines. Safe to share between threads, and what it stands on between processes or machines."""

    def __init__(self, place: Place | Path) -> None:
        super().__init__(place, STORE, MIGRATIONS)


def digest(question: LogQuestion) -> str:
    """Give the key of everything that is asked of a group in the same way, whatever the span."""
    return hashlib.sha256(json.dumps([question.pattern, sorted(question.streams)]).encode()).hexdigest()


def group_id(connection: Connection, question: LogQuestion) -> int | None:
    """Give the number of a group; None where nothing of it was ever kept."""
    row = connection.execute(
        "SELECT id FROM log_groups WHERE account=? AND region=? AND name=?", _named(question)
    ).fetchone()
    return int(row[0]) if row else None


def made_group(connection: Connection, question: LogQuestion) -> int:
    """Give the number of a group, made where there is none."""
    connection.execute(
        "INSERT INTO log_groups (account, region, name) VALUES (?,?,?) ON CONFLICT DO NOTHING", _named(question)
    )
    found = group_id(connection, question)
    assert found is not None  # noqa: S101 - it was made in this transaction
    return found


def _named(question: LogQuestion) -> tuple[str, str, str]:
    return question.scope.account, question.scope.region, question.group


# -- lines --------------------------------------------------------------------------------------------------------


def lay(connection: Connection, group: int, lines: Sequence[LogLine], *, at: int) -> int:
    """Keep lines, each once; gives how many were new. `at` is the millisecond in which they were read."""
    wanted = {(line.milliseconds, _event(line)): line for line in lines}
    for held in list(_held(connection, group, wanted)):
        wanted.pop(held, None)
    if not wanted:
        return 0
    streams = _made_streams(connection, group, {line.stream for line in wanted.values()})
    rows, volumes = [], Counter[int]()
    for (milliseconds, event), line in wanted.items():
        message = encoded(line.message)
        rows.append((group, milliseconds, event, streams[line.stream], line.ingested, message))
        volumes[milliseconds // HOUR] += len(message) + LINE_BYTES
    connection.executemany("INSERT INTO log_lines VALUES (?,?,?,?,?,?)", rows)
    connection.executemany(
        "INSERT INTO volumes VALUES (?,?,?,?) ON CONFLICT (log_group, hour) DO UPDATE"
        " SET bytes = volumes.bytes + excluded.bytes, touched = excluded.touched",
        [(group, hour, size, at) for hour, size in volumes.items()],
    )
    return len(rows)


def _event(line: LogLine) -> str:
    """Give AWS's id of an event, or a name made of what the line says where there is none."""
    return line.event_id or hashlib.sha256(encoded(f"{line.stream}\n{line.ingested}\n{line.message}")).hexdigest()


def _held(connection: Connection, group: int, keys: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Give the keys of lines that are kept of the same milliseconds: both databases find those by the index."""
    times = sorted({at for at, _ in keys})
    for first in range(0, len(times), _KEYS_TOGETHER):
        some = times[first : first + _KEYS_TOGETHER]
        marks = ",".join("?" * len(some))
        yield from connection.execute(
            f"SELECT at, event FROM log_lines WHERE log_group=? AND at IN ({marks})",  # noqa: S608
            (group, *some),
        )


def _made_streams(connection: Connection, group: int, names: set[str]) -> Mapping[str, int]:
    connection.executemany(
        "INSERT INTO log_streams (log_group, name) VALUES (?,?) ON CONFLICT DO NOTHING",
        [(group, encoded(name)) for name in sorted(names)],
    )
    return stream_ids(connection, group, sorted(names))


def stream_ids(connection: Connection, group: int, names: Sequence[str]) -> dict[str, int]:
    """Give the numbers of those streams of which a line is kept."""
    found: dict[str, int] = {}
    for first in range(0, len(names), _KEYS_TOGETHER):
        some = [encoded(name) for name in names[first : first + _KEYS_TOGETHER]]
        marks = ",".join("?" * len(some))
        rows = connection.execute(
            f"SELECT name, id FROM log_streams WHERE log_group=? AND name IN ({marks})",  # noqa: S608
            (group, *some),
        )
        found |= {decoded(name): int(number) for name, number in rows}
    return found


def stream_names(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for first in range(0, len(ids), _KEYS_TOGETHER):
        some = ids[first : first + _KEYS_TOGETHER]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT id, name FROM log_streams WHERE id IN ({marks})", some)  # noqa: S608
        found |= {int(number): decoded(name) for number, name in rows}
    return found


Row = tuple[int, str, int, int | None, bytes]
"""Millisecond, event, stream's number, when it was taken, message."""


def rows(connection: Connection, group: int, span: spans.Span, streams: Sequence[int] | None) -> Iterator[Row]:
    """Give what is kept of a span, newest first, a few thousand lines in memory at a time."""
    only = f" AND stream IN ({','.join('?' * len(streams))})" if streams is not None else ""
    statement = (
        "SELECT at, event, stream, ingested, message FROM log_lines"  # noqa: S608
        f" WHERE log_group=? AND at>=? AND (at, event) < (?, ?){only} ORDER BY at DESC, event DESC LIMIT ?"
    )
    high, event, together = span[1], "", ROWS_TOGETHER
    while True:
        found = connection.execute(statement, (group, span[0], high, event, *(streams or ()), together)).fetchall()
        yield from found
        if len(found) < together:
            return
        high, event = found[-1][0], found[-1][1]
        size = sum(len(row[4]) for row in found) // len(found) + 1
        together = max(1, min(ROWS_TOGETHER, _BYTES_TOGETHER // size))


def neighbours(
    connection: Connection,
    group: int,
    stream: int,
    place: tuple[int, str],
    within: spans.Span,
    *,
    before: int,
    after: int,
) -> tuple[list[Row], list[Row]]:
    """Give the lines of a stream next to a place, oldest first: at most so many before it and after it."""
    columns = "SELECT at, event, stream, ingested, message FROM log_lines WHERE log_group=? AND stream=?"
    older = connection.execute(
        f"{columns} AND at>=? AND (at, event) < (?, ?) ORDER BY at DESC, event DESC LIMIT ?",
        (group, stream, within[0], *place, before),
    ).fetchall()
    newer = connection.execute(
        f"{columns} AND at<? AND (at, event) > (?, ?) ORDER BY at, event LIMIT ?",
        (group, stream, within[1], *place, after),
    ).fetchall()
    return older[::-1], newer


def counted(
    connection: Connection, group: int, span: spans.Span, streams: Sequence[int] | None, *, width: int
) -> list[tuple[int, int]]:
    """Give how many lines are kept in each `width` of milliseconds counted from 1970, without reading them."""
    only = f" AND stream IN ({','.join('?' * len(streams))})" if streams is not None else ""
    return connection.execute(
        f"SELECT at / ?, COUNT(*) FROM log_lines WHERE log_group=? AND at>=? AND at<?{only} GROUP BY 1",  # noqa: S608
        (width, group, *span, *(streams or ())),
    ).fetchall()


def line(row: Row, group: str, streams: Mapping[int, str]) -> LogLine:
    """Give a row as a line; `streams` has their names by number."""
    at, event, stream, ingested, message = row
    return LogLine(at, group, streams[stream], decoded(message), event, ingested)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decoded(kept: bytes) -> str:
    return bytes(kept).decode("utf-8", "surrogatepass")
