"""A file of any earlier version is brought up to date with what it holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cloud.database import Place
from collectors.store import MIGRATIONS, STORE, Store


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_older_file_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path, version: int) -> None:
    old = sqlite3.connect(Place(tmp_path).file(STORE))
    old.executescript(";".join(MIGRATIONS[:version]))
    old.execute("INSERT INTO chunks VALUES (1, 2, x'00', 3)")
    old.execute(f"PRAGMA user_version = {version:d}")
    old.commit()
    old.close()
    for _ in range(2):  # the second time there is nothing to do
        store = Store(tmp_path)
        with store.reading() as connection:
            assert connection.execute("SELECT * FROM chunks").fetchall() == [(1, 2, b"\x00", 3)]
            assert connection.execute("SELECT * FROM leases").fetchall() == []
            assert connection.execute("SELECT * FROM revisions").fetchall() == []
            assert connection.execute("SELECT * FROM spend").fetchall() == []
            assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        store.close()
