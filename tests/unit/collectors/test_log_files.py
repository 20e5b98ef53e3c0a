"""Files of logs, as they lie about: gzip, cut off, endless rows, no text at all."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from collectors.log_files import LONGEST_ROW, Broken, LogFileError, all_rows, find, rows


def read(content: bytes) -> list[str | Broken]:
    return list(rows(io.BufferedReader(io.BytesIO(content)), "given"))


def test_plain_and_gzip_read_the_same() -> None:
    content = b"one\r\ntwo\n\nlast"
    assert read(content) == read(gzip.compress(content)) == ["one", "two", "", "last"]


def test_gzip_that_is_cut_off_gives_what_came_before() -> None:
    content = gzip.compress("\n".join(f"row {at} {hash(at)}" for at in range(200_000)).encode())
    *found, broken = read(content[: len(content) // 2])
    assert found[0] == "row 0 0"
    assert isinstance(broken, Broken)
    assert "broke off" in str(broken)


def test_an_endless_row_is_cut_and_the_next_is_whole() -> None:
    found = read(b"a" * (3 * LONGEST_ROW) + b"\nnext\n")
    assert [len(str(each)) for each in found] == [LONGEST_ROW, 4]


def test_what_is_no_text_is_read_all_the_same() -> None:
    assert read(b"\xff\xfe ok\n") == ["\ufffd\ufffd ok"]


def test_nothing_is_nothing() -> None:
    assert read(b"") == []


def test_a_folder_is_read_in_order_without_links(tmp_path: Path) -> None:
    (tmp_path / "b.log").write_text("two\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.log.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "photo.png").write_bytes(b"no")
    (tmp_path / "c.log").symlink_to(tmp_path / "b.log")
    assert list(all_rows(find(tmp_path))) == ["one", "two"]


def test_what_is_not_there_says_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="give a file, a folder"):
        find(tmp_path / "nothing")
    with pytest.raises(LogFileError, match=r"\.log"):
        find(tmp_path)


def test_a_small_file_that_holds_a_mountain_is_not_unpacked_whole() -> None:
    packed = gzip.compress(b"row\n" * 2_000_000)
    for content in (packed, gzip.compress(b"x" * 8_000_000)):
        *_, broken = rows(io.BufferedReader(io.BytesIO(content)), "given", most=3_000_000)
        assert isinstance(broken, Broken)
        assert "more than 3 MB" in broken.why
