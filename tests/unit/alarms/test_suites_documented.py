"""docs/notation.md does what it says: its Python runs, and its suites pass."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from alarms import suites
from alarms.suites import cases, lines, showing

NOTATION = Path(__file__).parents[3] / "docs" / "notation.md"
SUITES = re.findall(r"```yaml\n(.*?)```", NOTATION.read_text(encoding="utf-8"), re.DOTALL)


def test_its_python_runs() -> None:
    found = doctest.testfile(str(NOTATION), module_relative=False, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert (found.failed, found.attempted > 5) == (0, True)


@pytest.mark.parametrize("module", [lines, cases, showing], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_it_has_suites() -> None:
    assert len(SUITES) == 3


@pytest.mark.parametrize("text", SUITES)
def test_its_suites_pass(text: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    result = suites.run(path)
    assert result.exit_code == 0, suites.text([result])
