"""`python -m collectors patterns` and `access-log`: what they print, and their exit codes."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.__main__ import main
from collectors.patterns.times import time_of
from tests.unit.collectors.access_logs.alb import line

TRACE = "1-69268f81-36d228ad5d99923122bbe354"


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("message", "at"),
    [
        ("2026-11-27T06:00:01.250Z up", 1795759201250),
        ("2026-11-27 08:00:01,250+02:00 up", 1795759201250),
        ("[2026-11-27 06:00:01] up", 1795759201000),
        ("[Fri Nov 27 06:00:01 2026] [error] up", 1795759201000),
        ('10.0.0.1 - - [27/Nov/2026:07:00:01 +0100] "GET / HTTP/1.1" 200 1', 1795759201000),
        ('{"level": "INFO", "timestamp": "2026-11-27T06:00:01Z"}', 1795759201000),
        ('{"time": 1795759201}', 1795759201000),
        ('{"time": 1795759201250}', 1795759201250),
        ("[INFO]\t2026-11-27T06:00:01.000Z\t663fbc8b up", 1795759201000),
        ("2026-02-31 06:00:01 no such day", None),
        ("no time at all", None),
        ('{"time": true', None),
    ],
)
def test_the_time_of_a_line(message: str, at: int | None) -> None:
    assert time_of(message) == at


def test_patterns_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = write(
        tmp_path / "a.log", *(f"2026-11-27T06:00:{at:02}Z ERROR no answer in {at}ms" for at in range(60)), "ok"
    )
    assert main(["patterns", name]) == 0
    said = capsys.readouterr().out
    assert "61 lines, 2 templates, 2026-11-27 06:00:00 UTC to 2026-11-27 06:00:59 UTC" in said
    assert "error" in said
    assert "ERROR no answer in <duration>" in said


def test_patterns_as_json_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = gzip.compress(b'{"level": "WARN", "msg": "slow query 17 ms", "ts": 1795759201}\n' * 3)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))
    assert main(["patterns", "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (only,) = found["templates"]
    assert (only["template"], only["lines"], only["level"]) == ("slow query <num> ms", 3, "WARN")
    assert only["filter_pattern"] == '{ $.level = "WARN" && $.msg = "*slow query*" && $.msg = "*ms*" }'
    assert only["counts"] == {"2026-11-27 06:00:01 UTC": 3}


def test_patterns_since_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = [f"2026-11-27T05:{at:02}:00Z served" for at in range(60)]
    new = [f"2026-11-27T06:{at:02}:00Z served" for at in range(60)]
    name = write(tmp_path / "a.log", *old, *new, "2026-11-27T06:10:00Z KeyError: 'sku'")
    assert main(["patterns", name, "--since", "2026-11-27T06:00Z"]) == 0
    said = capsys.readouterr().out
    assert "new           0         1" in said
    assert "KeyError: '<str>'" in said
    assert "1 templates did not change" in said


def test_patterns_before_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write(tmp_path / "a.log", *["served"] * 100, *["retrying"] * 40)
    after = write(tmp_path / "b.log", *["served"] * 100)
    assert main(["patterns", after, "--before", before, "--json"]) == 0
    kinds = {each["template"]: each["change"]["kind"] for each in json.loads(capsys.readouterr().out)["templates"]}
    assert kinds == {"served": "same", "retrying": "gone"}


def test_patterns_hide_secrets_and_signs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = write(tmp_path / "a.log", "\x1b[31mred password=hunter2hunter2 \u202eevil")
    assert main(["patterns", name]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize("command", ["patterns", "access-log"])
def test_a_file_that_is_not_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "nowhere.log"]) == 2
    assert "nowhere.log is not there; give a file" in capsys.readouterr().err


def test_a_file_that_breaks_off_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = gzip.compress("\n".join(f"row {hash(str(at))}" for at in range(90_000)).encode())
    (tmp_path / "a.gz").write_bytes(content[: len(content) // 2])
    assert main(["patterns", str(tmp_path / "a.gz")]) == 1
    assert "a.gz: broke off" in capsys.readouterr().err


def test_access_logs_with_the_application_s_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = write(tmp_path / "alb.log", line(), line(elb_status_code="502", target_status_code="-"), "cut off")
    app = write(tmp_path / "app.log", f"ERROR cannot reach stock trace={TRACE}", "INFO other")
    assert main(["access-log", logs, "--join", app]) == 1
    printed = capsys.readouterr()
    assert "2 requests" in printed.out
    assert "GET /orders/{id}" in printed.out
    assert f"ERROR cannot reach stock trace={TRACE}" in printed.out
    assert "row 3 has 2 of at least 13 fields" in printed.err


def test_access_logs_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = write(tmp_path / "alb.log", line(), line(elb_status_code="502", error_reason="LambdaTimeout"))
    assert main(["access-log", logs, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["whole"]["statuses"] == {"2xx": 1, "3xx": 0, "4xx": 0, "5xx": 1, "other": 0}
    assert found["paths"][0]["path"] == "/orders/{id}"
    assert found["failing"][0]["reason"] == "LambdaTimeout"
    assert found["reasons"] == {"LambdaTimeout": 1}


def test_access_logs_without_an_entry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access-log", write(tmp_path / "a.log", "hello")]) == 2
    assert "No entry was found" in capsys.readouterr().err
