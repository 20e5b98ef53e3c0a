"""The one way to shared data, on both kinds: transactions, migrations by many at once, and what takes it away."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud import database
from cloud.database import Database, DatabaseDownError, NewerSchemaError, Place, forget
from core.reading import FaultKind, Scope
from tests import postgres
from tests.cable import Cable
from tests.places import heard, new_prefix, told

TABLES = (
    "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body BLOB, size REAL)",
    "CREATE TABLE counts (at INTEGER PRIMARY KEY, count INTEGER NOT NULL); INSERT INTO counts VALUES (0, 0)",
)
SCOPE = Scope("111111111111", "us-east-1")


@pytest.fixture
def db(place: Place) -> Iterator[Database]:
    made = Database(place, "things", TABLES)
    yield made
    made.close()


def names(db: Database) -> list[str]:
    with db.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM things ORDER BY name")]


def add(db: Database, *added: str) -> None:
    with db.writing() as connection:
        connection.executemany("INSERT INTO things (name) VALUES (?)", [(name,) for name in added])


def write(db: Database, *steps: str | Callable[[], object]) -> None:
    """Run statements in one transaction, and what happens between them."""
    with db.writing() as connection:
        for step in steps:
            if isinstance(step, str):
                connection.execute(step)
            else:
                step()


def inserting(name: str) -> str:
    return f"INSERT INTO things (name) VALUES ('{name}')"  # noqa: S608 - a name of ours


# -- transactions -----------------------------------------------------------------------------------------------------


def test_values_come_back_as_they_were(db: Database) -> None:
    row = ("50 % of “it”? 🙂", bytes(range(256)), 0.1 + 0.2)
    with db.writing() as connection:
        (number,) = connection.execute(
            "INSERT INTO things (name, body, size) VALUES (?,?,?) RETURNING id", row
        ).fetchone()
        connection.execute("UPDATE counts SET count=?", (2**60 - 1,))
    with db.reading() as connection:
        assert connection.execute("SELECT id, name, body, size FROM things").fetchall() == [(number, *row)]
        assert connection.execute("SELECT count FROM counts").fetchone() == (2**60 - 1,)
        assert connection.execute("SELECT id FROM things WHERE name=?", ("none",)).fetchone() is None


def test_what_raises_keeps_nothing(db: Database) -> None:
    add(db, "a")
    with pytest.raises(ZeroDivisionError):
        write(db, "DELETE FROM things", lambda: 1 // 0)
    assert names(db) == ["a"]


def test_our_own_mistake_is_no_outage(db: Database) -> None:
    add(db, "a")
    for statement in ("SELEKT 1", "INSERT INTO things (name) VALUES ('a')"):
        with pytest.raises(Exception) as caught, db.writing() as connection:
            connection.execute(statement)
        assert not isinstance(caught.value, DatabaseDownError)
    assert names(db) == ["a"]


def test_a_reader_sees_one_state_while_others_write_and_never_waits(db: Database) -> None:
    add(db, "a")
    with db.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM things").fetchone() == (1,)
        add(db, "b")
        assert connection.execute("SELECT COUNT(*) FROM things").fetchone() == (1,)
    assert names(db) == ["a", "b"]


def count_up(place: str, times: int) -> None:
    db = Database(heard(place), "things", TABLES)
    for _ in range(times):
        with db.writing() as connection:
            (count,) = connection.execute("SELECT count FROM counts").fetchone()
            connection.execute("UPDATE counts SET count=?", (count + 1,))
    db.close()


def test_processes_that_start_together_migrate_once_and_write_one_at_a_time(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=count_up, args=(told(place), 25)) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 8
    db = Database(place, "things", TABLES)
    with db.reading() as connection:
        assert connection.execute("SELECT count FROM counts").fetchall() == [(200,)]
    db.close()


# -- tables -----------------------------------------------------------------------------------------------------------


def test_older_tables_are_brought_up_to_date_with_what_they_hold(place: Place) -> None:
    old = Database(place, "things", TABLES[:1])
    add(old, "a")
    old.close()
    for _ in range(2):  # the second time there is nothing to do
        new = Database(place, "things", TABLES)
        with new.reading() as connection:
            assert connection.execute("SELECT count FROM counts").fetchall() == [(0,)]
        assert names(new) == ["a"]
        new.close()


def test_a_migration_that_fails_leaves_the_tables_as_they_were(place: Place) -> None:
    broken = (TABLES[0], "CREATE TABLE more (id INTEGER); SELEKT 1")
    with pytest.raises(Exception, match="SELEKT"):
        Database(place, "things", broken)
    db = Database(place, "things", TABLES)
    assert names(db) == []
    db.close()


def test_newer_tables_are_refused_and_left_alone(place: Place) -> None:
    Database(place, "things", TABLES).close()
    with pytest.raises(NewerSchemaError, match=r"“things” are of a newer Watchkeeper \(version 2; this one knows 1\)"):
        Database(place, "things", TABLES[:1])
    Database(place, "things", TABLES).close()


def test_names_and_clouds_do_not_mix(db: Database, place: Place) -> None:
    add(db, "a")
    others = [
        Database(place, "others", TABLES),
        Database(Place(place.folder / "else", place.url, new_prefix()), "things", TABLES),
    ]
    for other in others:
        assert names(other) == []
        other.close()


def test_what_is_forgotten_is_gone(place: Place) -> None:
    for _ in range(2):
        db = Database(place, "things", TABLES)
        assert names(db) == []
        add(db, "a")
        db.close()
        forget(place, "things")


# -- what takes it away -----------------------------------------------------------------------------------------------


def test_a_file_whose_disk_is_full_is_no_crash(tmp_path: Path) -> None:
    db = Database(tmp_path, "things", TABLES)
    add(db, "a")
    with db.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    with pytest.raises(DatabaseDownError, match="full"):
        write(db, f"PRAGMA max_page_count={pages:d}", "INSERT INTO things (name, body) VALUES ('b', zeroblob(100000))")
    assert names(db) == ["a"]
    db.close()


def test_a_folder_that_is_none_and_a_file_that_is_no_database_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "things.sqlite3").write_bytes(b"no database" * 100)
    for place in (tmp_path / "file", tmp_path):
        with pytest.raises(DatabaseDownError, match="file"), Database(place, "things", TABLES).reading():
            pass


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    db = Database(tmp_path, "things", TABLES)
    write(db, "INSERT INTO things (name, body) VALUES ('a', '')")
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"things.sqlite3{ending}").rename(tmp_path / f"old{ending}")
    assert names(db) == []
    write(db, "INSERT INTO things (name, body) VALUES ('b', '')")
    db.close()
    again = Database(tmp_path, "things", TABLES)
    assert names(again) == ["b"]
    again.close()


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "things.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseDownError, match="move it away"), Database(tmp_path, "things", TABLES).reading():
        pass


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.sqlite.BUSY_SECONDS", 0.05)
    first, second = (Database(tmp_path, "things", TABLES) for _ in range(2))
    with first.writing():
        with pytest.raises(DatabaseDownError, match="locked"), second.writing():
            pass
        assert names(second) == []
    add(second, "a")
    first.close()
    second.close()


@contextmanager
def cabled(server: postgres.Server) -> Iterator[tuple[Cable, Place]]:
    """A place behind a cable that can be cut."""
    with Cable(server.port) as cable:
        yield cable, Place(Path("/nowhere"), server.url_at(cable.port), new_prefix())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_cut_network_is_an_outage_and_then_over(postgres_server: postgres.Server) -> None:
    with cabled(postgres_server) as (cable, place):
        db = Database(place, "things", TABLES)
        add(db, "a")
        cable.cut()
        for _ in range(2):
            with pytest.raises(DatabaseDownError) as caught:
                names(db)
        fault = caught.value.to_fault(SCOPE, "cloudwatch:GetMetricStatistics")
        assert (fault.kind, fault.retryable) == (FaultKind.STORE_DOWN, True)
        assert postgres_server.password not in fault.message
        cable.mend()
        assert names(db) == ["a"]
        db.close()


@pytest.mark.usefixtures("impatient")
def test_connections_that_were_cut_while_they_idled_are_nobodys_error(postgres_server: postgres.Server) -> None:
    with cabled(postgres_server) as (cable, place):
        db = Database(place, "things", TABLES)
        with db.reading(), db.reading():
            pass
        cable.cut()
        cable.mend()
        add(db, "a")
        assert names(db) == ["a"]
        db.close()


@pytest.mark.usefixtures("impatient")
def test_a_write_whose_connection_is_cut_keeps_nothing(postgres_server: postgres.Server) -> None:
    with cabled(postgres_server) as (cable, place):
        db = Database(place, "things", TABLES)
        with pytest.raises(DatabaseDownError):
            write(db, inserting("a"), cable.cut, inserting("b"))
        cable.mend()
        assert names(db) == []
        db.close()


def test_a_server_that_is_down_is_asked_by_one_viewer_not_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RETRY_SECONDS", 3600.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://wk:s3cr3t@127.0.0.1:{nobody.getsockname()[1]}/wk"
        tried: list[str] = []
        connect = psycopg.connect

        def counted(url: str, **options: Any) -> Any:
            tried.append(url)
            return connect(url, **options)

        monkeypatch.setattr(psycopg, "connect", counted)
        db = Database(Place(Path("/nowhere"), url), "things", TABLES)
        for _ in range(5):
            with pytest.raises(DatabaseDownError, match="refused") as caught, db.reading():
                pass
            assert "s3cr3t" not in str(caught.value)
        assert len(tried) == 1


@pytest.mark.usefixtures("impatient")
def test_a_server_that_crashes_under_a_writer_comes_back_with_what_was_kept() -> None:
    with postgres.serving() as server:
        db = Database(Place(Path("/nowhere"), server.url, new_prefix()), "things", TABLES)
        add(db, "kept")
        with pytest.raises(DatabaseDownError):
            write(db, inserting("lost"), lambda: server.stop(signal.SIGQUIT), inserting("lost too"))
        with pytest.raises(DatabaseDownError):
            names(db)
        server.start()
        assert names(db) == ["kept"]
        add(db, "more")
        assert names(db) == ["kept", "more"]
        db.close()


def test_a_machine_that_went_silent_with_the_lock_does_not_hold_up_the_others(
    postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends a transaction in which nothing is asked for a while."""
    monkeypatch.setattr("cloud.postgres.SILENT_SECONDS", 1)
    place = Place(Path("/nowhere"), postgres_server.url, new_prefix())
    silent, other = (Database(place, "things", TABLES) for _ in range(2))
    waiting = threading.Thread(target=add, args=(other, "other"))

    def be_silent() -> None:
        waiting.start()
        waiting.join(20)

    with pytest.raises(DatabaseDownError):
        write(silent, inserting("silent"), be_silent, inserting("late"))
    assert not waiting.is_alive()
    assert names(other) == ["other"]
    silent.close()
    other.close()


def test_text_that_postgresql_cannot_hold_is_no_crash(postgres_server: postgres.Server) -> None:
    db = Database(Place(Path("/nowhere"), postgres_server.url, new_prefix()), "things", TABLES)
    with pytest.raises(DatabaseDownError, match="NUL"):
        add(db, "a\0b")
    assert names(db) == []
    db.close()


def test_a_schema_that_was_dropped_under_us_is_made_again(postgres_server: postgres.Server) -> None:
    place = Place(Path("/nowhere"), postgres_server.url, new_prefix())
    db = Database(place, "things", TABLES)
    forget(place, "things")
    with pytest.raises(DatabaseDownError, match="does not exist"):
        names(db)
    assert names(db) == []
    db.close()
