"""Lines as they are listed and opened: safe, with their secrets hidden, and what matched in its right place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.log_lines import LogLine
from core.log_recognition import Severity
from dashboard.views.log_rows import SHOWN, detail, find, key_of, request_of, rows

KEY = "AKIA" + "IOSFODNN7EXAMPLE"


def line(message: str, *, at: int = 1_764_150_000_123, stream: str = "web/i-1") -> LogLine:
    return LogLine(at, "/app", stream, message, "e1", at + 1_500)


def test_a_row_says_when_how_bad_which_request_and_what() -> None:
    message = '{"level":"ERROR","requestId":"r-1","message":"it failed"}'
    (row,) = rows([line(message)], "failed", bare=False)
    assert (row.severity, row.request, row.milliseconds) == (Severity.ERROR, "r-1", 1_764_150_000_123)
    assert row.text == '{… "requestId":"r-1","message":"it failed"}'
    assert [row.text[start:end] for start, end in row.spans] == ["failed"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('{"level":"INFO","logger":"web","message":"GET / 200","status":200}', 'GET / 200  "status":200}'),
        ('{"msg":"GET <b>/</b>"}', "GET <b>/</b>"),
        ('{"status":200,"message":"GET / 200"}', '{"status":200,"message":"GET / 200"}'),
        ('{"level":"INFO","message":""}', '{… "message":""}'),
        ('{"level":"INFO"}', '{"level":"INFO"}'),
        ("{}", "{}"),
    ],
)
def test_a_line_of_json_is_listed_by_what_it_says(message: str, text: str) -> None:
    (row,) = rows([line(message)], "200", bare=False)
    assert row.text == text
    assert all(row.text[start:end] == "200" for start, end in row.spans)


def test_what_matched_is_found_behind_signs_that_were_made_visible_and_secrets_that_were_hidden() -> None:
    message = f"\x1b[31mERROR\x1b[0m \u202e{KEY} password=hunter2 then boom\nboom"
    (row,) = rows([line(message)], "boom", bare=False)
    assert row.text == "ERROR ‹RLO›[hidden: AWS access key] password=[hidden: password] then boom⏎boom"
    assert [row.text[start:end] for start, end in row.spans] == ["boom", "boom"]


def test_a_request_that_is_a_secret_is_hidden_too() -> None:
    named = line(f"request_id={KEY} done")
    assert rows([named], "", bare=False)[0].request == ""
    assert request_of(named, bare=False) == ""
    assert request_of(named, bare=True) == KEY


def test_secrets_are_shown_where_the_setting_says_so() -> None:
    (row,) = rows([line("password=hunter2")], "", bare=True)
    assert row.text == "password=hunter2"
    assert detail(line('{"password":"hunter2"}'), "", bare=True).fields[0].value == "hunter2"


def test_an_open_line_shows_its_fields_with_what_can_be_asked_for() -> None:
    shown = detail(line('{"level":"INFO","password":"hunter2","none":null,"list":[],"a":{"b":[1]}}'), "", bare=False)
    assert [(each.name, each.value, each.only, each.without) for each in shown.fields] == [
        ("level", "INFO", True, True),
        ("password", "[hidden: password]", False, False),
        ("none", "null", True, False),
        ("list", "[]", False, False),
        ("a.b[0]", "1", True, True),
    ]
    assert "hunter2" not in shown.text
    assert shown.note == "1 secret is hidden."
    assert ("Taken in", "1.5 s after it happened") in shown.facts


def test_a_line_that_is_no_json_shows_the_fields_that_the_pattern_names() -> None:
    shown = detail(line('1.2.3.4 ann "GET /a" 502'), "[ip, user, request, status=5*]", bare=False)
    assert [(each.name, each.value) for each in shown.fields] == [
        ("ip", "1.2.3.4"), ("user", "ann"), ("request", "GET /a"), ("status", "502"),
    ]  # fmt: skip
    assert not any(each.only or each.without for each in shown.fields)


def test_a_line_of_a_megabyte_is_cut_and_says_so() -> None:
    long = line("x" * 1_000_000)
    (row,) = rows([long], "", bare=False)
    assert len(row.text) < SHOWN + 40
    assert "1,000,000 characters" in row.text
    assert "of 1,000,000 characters" in detail(long, "", bare=False).note


def test_a_line_is_found_by_its_key() -> None:
    lines = [line("a"), line("b", stream="other")]
    assert find(lines, key_of(lines[1]).text()) is lines[1]
    assert find(lines, "0~x~y") is None


HOSTILE = st.text(st.characters(codec=None), max_size=80) | st.text('a{"}:,\x00\x1b[m\u202e\n😀', max_size=60)


@given(HOSTILE, st.sampled_from(["", "a", "%a+%", "{ $.a = * }", "[x, y]", "{ wrong"]))
def test_no_line_breaks_the_list(message: str, pattern: str) -> None:
    (row,) = rows([line(message)], pattern, bare=False)
    shown = detail(line(message), pattern, bare=False)
    for text, spans in ((row.text, row.spans), (shown.text, shown.spans)):
        text.encode()
        assert all(0 <= start < end <= len(text) for start, end in spans)
        json.dumps(text)
    assert "\n" not in row.text


@pytest.mark.parametrize("message", ["", "\n\n", "\u202e"])
def test_a_line_of_nothing_is_a_line(message: str) -> None:
    assert len(rows([line(message)], "", bare=False)) == 1
