"""The default database: a SQLite file in WAL mode, one writer at a time, readers never wait."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

BUSY_SECONDS: Final = 15.0
"""How long a writer waits for the one before it."""
_TAKEN_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)
"""What may happen to a file by no fault of a statement. Source: sqlite.org/rescode.html"""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TO_MEND: Final = "; it is damaged: put back a copy, or move it away with its -wal and -shm files to begin anew"


class _NoFolderError(sqlite3.OperationalError):
    """The file's folder cannot be made."""


class _Opened(sqlite3.Connection):
    """A connection that knows which file it opened: one that was moved away goes on under its old connections."""

    file: tuple[int, int] = (0, 0)


class SqliteFile:
    """`cloud.database.Engine` on a file; the version is in the file's header."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> _Opened:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _NoFolderError(f"{error.strerror}") from error
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=_Opened
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.file = self._file()
        return connection

    def begin_reading(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")

    def begin_writing(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")

    def roll_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def is_broken(self, connection: _Opened) -> bool:
        """Say whether the file was moved away or another one put in its place."""
        return connection.file != self._file()

    def _file(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return found.st_dev, found.st_ino

    def version(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def migrate(self, connection: sqlite3.Connection, script: str, *, to: int) -> None:
        for statement in script.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {to:d}")

    def forget(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def explain(self, error: Exception) -> str | None:
        code = getattr(error, "sqlite_errorcode", None)
        # The lowest eight bits are the kind; the others say more of it.
        known = isinstance(error, _NoFolderError) or (code is not None and code & 0xFF in _TAKEN_AWAY)
        damaged = code is not None and code & 0xFF in _DAMAGED
        return f"{self._path}: {error}{_TO_MEND if damaged else ''}" if known else None
