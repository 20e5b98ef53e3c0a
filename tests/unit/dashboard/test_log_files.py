"""Downloads: every line, safe to open."""

from __future__ import annotations

import csv
import io
import json

import pytest

from core.log_lines import LogLine
from dashboard.views import log_files

LINES = (
    LogLine(1_764_150_000_007, "/app", "web\u202e1", '{"level":"ERROR","requestId":"r-1","password":"hunter2"}', "e1"),
    LogLine(1_764_150_001_000, "/app", "=cmd|' /C calc'!A0", "Traceback\n  File x\n\x1b[31mred\x00", "e2"),
)


@pytest.mark.parametrize("write", [log_files.text, log_files.table, log_files.json_lines])
def test_no_file_holds_a_secret_a_control_sign_or_a_turned_direction(write: log_files.Write) -> None:
    content = write(LINES, bare=False).decode("utf-8-sig")
    assert "hunter2" not in content
    assert not set(content) & {"\x00", "\x1b", "\u202e"}
    assert "\\u202e" not in content
    assert "hunter2" in write(LINES, bare=True).decode("utf-8-sig")


def test_text_has_a_line_for_each_with_milliseconds_and_further_lines_indented() -> None:
    first, second, *more = log_files.text(LINES, bare=False).decode().splitlines()
    assert first.startswith("2025-11-26T09:40:00.007Z web‹RLO›1 {")
    assert second.endswith("Traceback")
    assert more == ["      File x", "    red␀"]


def test_no_cell_is_a_formula() -> None:
    for sign in log_files.FORMULA_SIGNS:
        lines = [LogLine(0, f"{sign}g", f"{sign}s", f" {sign}HYPERLINK(1)", f"{sign}e")]
        (row,) = csv.DictReader(io.StringIO(log_files.table(lines, bare=False).decode("utf-8-sig")))
        assert not [cell for cell in row.values() if cell.strip(" ").startswith(log_files.FORMULA_SIGNS)]


def test_json_lines_read_back() -> None:
    first, second = (json.loads(each) for each in log_files.json_lines(LINES, bare=False).splitlines())
    assert (first["severity"], first["request"], first["time"]) == ("error", "r-1", "2025-11-26T09:40:00.007Z")
    assert second["message"] == "Traceback\n  File x\nred␀"


def test_a_file_name_is_of_letters_and_digits() -> None:
    assert log_files.file_name("/aws/../etc\x00 passwd") == "aws-etc-passwd"
    assert log_files.file_name("///") == "lines"
