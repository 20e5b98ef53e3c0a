"""The cube is built only from what changed, replaced in one step, and outlives a builder that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.exports import files
from collectors.exports.cube import NOTE, Cube, Note, all_flaws
from collectors.exports.files import ExportError
from collectors.exports.questions import Question
from tests.unit.collectors.exports import samples
from tests.unit.collectors.exports.samples import cur, focus, write

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def refresh(cube: Cube, folder: Path) -> Note:
    found = files.find(folder)
    return cube.refresh(found.files, found.flaws, now=NOW)


def whole(cube: Cube) -> Decimal | None:
    (only,) = cube.totals(Question())
    return only.billed


def test_only_files_that_changed_are_read_again(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", [focus("1")])
    write(tmp_path / "in" / "b.csv", [focus("2")])
    cube = Cube(tmp_path / "cube")
    first = refresh(cube, tmp_path / "in")
    assert whole(cube) == 3
    write(tmp_path / "in" / "b.csv", [focus("2.5"), focus("0.25")])
    second = refresh(cube, tmp_path / "in")
    assert second.parts["a.csv"] == first.parts["a.csv"]
    assert second.parts["b.csv"] != first.parts["b.csv"]
    assert whole(cube) == Decimal("3.75")
    (tmp_path / "in" / "a.csv").unlink()
    refresh(cube, tmp_path / "in")
    assert whole(cube) == Decimal("2.75")


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", [focus("1")])
    cube = Cube(tmp_path / "cube")
    refresh(cube, tmp_path / "in")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cube").glob("*.parquet")}
    refresh(cube, tmp_path / "in")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cube").glob("*.parquet")} == before


def test_what_is_no_longer_named_goes_one_build_later(tmp_path: Path) -> None:
    cube = Cube(tmp_path / "cube")
    for cost in ("1", "2.25", "3.125", "4.0625"):
        write(tmp_path / "in" / "a.csv", [focus(cost)])
        refresh(cube, tmp_path / "in")
    assert len(list((tmp_path / "cube").glob("part-*"))) == 2
    assert len(list((tmp_path / "cube").glob("whole-*"))) == 2


def test_cur_of_a_month_that_focus_covers_is_not_counted_twice(tmp_path: Path) -> None:
    write(tmp_path / "in" / "focus.csv", [focus("1", BillingPeriodStart="2026-09-01T00:00:00Z")])
    write(tmp_path / "in" / "cur.csv", [cur("1")], samples.CUR)
    cube = Cube(tmp_path / "cube")
    note = refresh(cube, tmp_path / "in")
    assert whole(cube) == 1
    assert [(flaw.place, "twice" in flaw.what) for flaw in all_flaws(note)] == [("cur.csv", True)]
    (tmp_path / "in" / "focus.csv").unlink()
    assert all_flaws(refresh(cube, tmp_path / "in")) == ()
    assert whole(cube) == 1


def test_questions_that_the_cube_cannot_answer_are_refused(tmp_path: Path) -> None:
    cube = Cube(tmp_path / "cube")
    assert cube.note() is None
    assert cube.totals(Question()) == ()
    assert not Question(("ResourceId",)).fits_the_cube
    with pytest.raises(ExportError, match="ask the rows"):
        cube.totals(Question(("ResourceId",)))


def test_days_are_kept_apart(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", samples.MADE)
    cube = Cube(tmp_path / "cube")
    note = refresh(cube, tmp_path / "in")
    assert (note.rows, note.months) == (8, ("2026-10",))
    found = cube.totals(Question(("Day",), since=date(2026, 10, 6)))
    assert [(each.currency, each.key, each.billed) for each in found] == [
        ("USD", ("2026-10-06",), Decimal("1.20000000003"))
    ]


def test_a_note_that_is_no_json_says_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "cube").mkdir()
    (tmp_path / "cube" / NOTE).write_text("{")
    with pytest.raises(ExportError, match="cannot be read"):
        Cube(tmp_path / "cube").note()


KILLED = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from collectors.exports import cube, files
folder, point = Path(sys.argv[1]), sys.argv[2]
import os, signal
def die(*arguments, **more):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(cube.Cube, point, die)
found = files.find(folder / "in")
cube.Cube(folder / "cube").refresh(found.files, (), now=datetime(2026, 11, 23, tzinfo=UTC))
"""


@pytest.mark.parametrize("point", ["_whole", "_write", "_sweep"])
def test_a_builder_that_is_killed_leaves_the_old_or_the_new(tmp_path: Path, point: str) -> None:
    write(tmp_path / "in" / "a.csv", [focus("1")])
    cube = Cube(tmp_path / "cube")
    refresh(cube, tmp_path / "in")
    write(tmp_path / "in" / "a.csv", [focus("2.5")])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), point], check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    assert whole(cube) == (Decimal("2.5") if point == "_sweep" else Decimal(1))
    refresh(cube, tmp_path / "in")
    assert whole(cube) == Decimal("2.5")
