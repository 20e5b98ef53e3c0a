"""Where shared data lives, and the one way to it: SQLite files by default, a PostgreSQL database where a URL names one.

Both are spoken to alike: plain SQL that both understand, with `?` for each value. `Database.reading` sees one
consistent state, `Database.writing` is one writer at a time, across threads, processes and machines. What takes a
database away (a server that is down, a cut network, a full disk) is `DatabaseDownError`: a value for faults, no crash.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from cloud.faults import CloudError
from core.reading import FaultKind, Scope

RETRY_SECONDS: Final = 2.0
"""How long a database that could not be reached answers so at once, however many viewers ask."""
WAIT_SECONDS: Final = 20.0
"""How long a thread waits for another of its process to have written."""
_MOST_IDLE: Final = 4
"""Connections that are kept open while nobody uses them."""


class Cursor(Protocol):
    """The rows of a statement."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What is lent: SQLite's own connection, or PostgreSQL's behind the same two methods."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object: ...


C = TypeVar("C")


class Engine(Protocol[C]):
    """What the two kinds of databases do differently; `C` is their connection. Raises `errors` of its driver."""

    errors: tuple[type[Exception], ...]

    def connect(self) -> C: ...
    def begin_reading(self, connection: C, /) -> None: ...
    def begin_writing(self, connection: C, /) -> None: ...
    def commit(self, connection: C, /) -> None: ...
    def is_broken(self, connection: C, /) -> bool: ...
    def roll_back(self, connection: C, /) -> None:
        """End the transaction, where one is open."""

    def version(self, connection: C, /) -> int:
        """Give the number of migrations that the tables have seen; 0 where there are none yet."""

    def migrate(self, connection: C, script: str, /, *, to: int) -> None:
        """Run one migration, written in SQLite's words, and note the version."""

    def forget(self) -> None:
        """Remove the tables and all that they hold."""

    def explain(self, error: Exception, /) -> str | None:
        """Say in a few words, without secrets, what took the database away; None where our own statement is wrong."""


class DatabaseDownError(CloudError):
    """The database cannot be used now: nothing was read or kept. What was shown stays, and it is tried again."""

    kind = FaultKind.STORE_DOWN
    retryable = True

    def sentence(self, scope: Scope, operation: str) -> str:
        """Give one sentence for all that waits, so that it is said once."""
        del scope, operation
        return f"The store does not answer. What is shown was read before; it is tried again. ({self.detail})"


class NewerSchemaError(CloudError):
    """The tables were written by a later version of Watchkeeper than this one."""

    kind = FaultKind.INVALID_REQUEST

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"{self.detail} ({operation} in {scope})"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one cloud's shared data lives."""

    folder: Path
    """Holds the SQLite files; not used where there is a URL."""
    url: str = field(default="", repr=False)
    """A PostgreSQL URL; empty means SQLite."""
    prefix: str = "watchkeeper"
    """Begins the names of our schemas in PostgreSQL: clouds that share a database never mix."""

    @classmethod
    def of(cls, place: Place | Path) -> Place:
        """Give a folder's place."""
        return place if isinstance(place, Place) else cls(place)

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def schema(self, name: str) -> str:
        return f"{self.prefix}_{name}"


class Database:
    """The tables of one name. Safe to share between threads; processes, and with a URL machines, open their own.

    Tables are brought up to date once, by whoever comes first; the others wait. A database that is down keeps nobody
    from making this: each use raises `DatabaseDownError` until it is back. Raises `NewerSchemaError`.
    """

    def __init__(self, place: Place | Path, name: str, migrations: Sequence[str]) -> None:
        self.name = name
        self._engine: Engine[Any] = _engine(Place.of(place), name)
        self._migrations = migrations
        self._is_current = False
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        """Lines up the threads of this process, which would only poll each other in the database."""
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._failed: tuple[float, DatabaseDownError] | None = None
        with suppress(DatabaseDownError):
            self._bring_up_to_date()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection that sees one consistent state."""
        self._bring_up_to_date()
        with self._transaction(self._engine.begin_reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection inside a transaction: all that is written is kept, or, when this raises, nothing.

        One that loses its connection while it ends may have been kept all the same.
        """
        self._bring_up_to_date()
        if not self._writer.acquire(timeout=WAIT_SECONDS):
            raise DatabaseDownError(f"another thread writes to “{self.name}” for more than {WAIT_SECONDS:.0f} s")
        try:
            with self._transaction(self._engine.begin_writing) as connection:
                yield connection
                self._engine.commit(connection)
        finally:
            self._writer.release()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _bring_up_to_date(self) -> None:
        """Make or change tables that are not as we know them: looked at first, and after each time they were away."""
        self._leave_broken()
        if self._is_current:
            return
        with self._guard:
            if not self._is_current:
                with self._transaction(self._engine.begin_reading) as connection:
                    version = self._engine.version(connection)
                if version != len(self._migrations):
                    with self._transaction(self._engine.begin_writing) as connection:
                        self._migrate(connection)
                        self._engine.commit(connection)
                self._is_current = True

    def _migrate(self, connection: Any) -> None:
        version, known = self._engine.version(connection), len(self._migrations)
        if version > known:
            raise NewerSchemaError(
                f"The tables of “{self.name}” are of a newer Watchkeeper (version {version}; this one knows {known});"
                " update this one, or let it keep its data elsewhere"
            )
        for number, script in enumerate(self._migrations[version:], start=version + 1):
            self._engine.migrate(connection, script, to=number)

    # -- connections ------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, begin: Callable[[Any], None]) -> Iterator[Any]:
        """Lend a connection on which `begin` was called; what is not committed is rolled back."""
        connection = None
        try:
            connection = self._begun(begin)
            yield connection
        except self._engine.errors as error:
            self._is_current = False
            down = self._down(error)
            if down is None:
                raise
            raise down from error
        finally:
            if connection is not None:
                self._give_back(connection)

    def _begun(self, begin: Callable[[Any], None]) -> Any:
        """Begin on an idle connection, or, where those were cut while they idled, on a new one."""
        while (connection := self._idle_one()) is not None:
            try:
                begin(connection)
            except self._engine.errors:
                self._give_back(connection)
                if not self._engine.is_broken(connection):
                    raise
                self.close()  # the others were cut with it
            else:
                return connection
        connection = self._connected()
        try:
            begin(connection)
        except self._engine.errors:
            self._give_back(connection)
            raise
        return connection

    def _leave_broken(self) -> None:
        """Close idle connections that lead nowhere; what is found in their place may have no tables yet."""
        connection = self._idle_one()
        if connection is None:
            return
        if not self._engine.is_broken(connection):
            self._idle.put(connection)
            return
        self._is_current = False
        connection.close()
        self.close()

    def _idle_one(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None

    def _connected(self) -> Any:
        """Give a new connection; one that failed a moment ago fails as it did, without another wait."""
        if self._failed is not None and time.monotonic() - self._failed[0] < RETRY_SECONDS:
            raise DatabaseDownError(self._failed[1].detail)
        try:
            connection = self._engine.connect()
        except self._engine.errors as error:
            down = self._down(error)
            if down is not None:
                self._failed = (time.monotonic(), down)
            raise
        self._failed = None
        return connection

    def _give_back(self, connection: Any) -> None:
        try:
            if not self._engine.is_broken(connection):
                self._engine.roll_back(connection)
                if self._idle.qsize() < _MOST_IDLE:
                    self._idle.put(connection)
                    return
        except self._engine.errors:
            pass  # it is closed below, and what was open in it ends with it
        connection.close()

    def _down(self, error: Exception) -> DatabaseDownError | None:
        why = self._engine.explain(error)
        return None if why is None else DatabaseDownError(why)


def _engine(place: Place, name: str) -> Engine[Any]:
    if not place.url:
        from cloud.sqlite import SqliteFile

        return SqliteFile(place.file(name))
    from cloud.postgres import PostgresSchema  # psycopg is loaded only where it is used

    return PostgresSchema(place.url, place.schema(name))


def forget(place: Place | Path, name: str) -> None:
    """Remove the tables of one name and all that they hold. Raises `DatabaseDownError`."""
    engine = _engine(Place.of(place), name)
    try:
        engine.forget()
    except engine.errors as error:
        raise DatabaseDownError(engine.explain(error) or str(error)) from error
