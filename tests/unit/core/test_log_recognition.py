"""What lines of many kinds say of themselves."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.log_recognition import Number, Severity, fields, json_of, recognise

LOGS = Path(__file__).parents[4] / "shared" / "data" / "loghub"
real_logs = pytest.mark.skipif(
    not LOGS.is_dir(), reason="the sample data (../shared/data/loghub) are not on this machine"
)

UUID = "8f5a6b2c-1111-2222-3333-444455556666"
REQUEST = '1.2.3.4 - - [27/Nov/2026:06:00:00 +0000] "GET /a HTTP/1.1"'
BALANCER = "h2 2026-11-26T10:00:00Z app/web/50dc 1.2.3.4:5 10.0.0.1:80 0.0 0.0 0.0"


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ("2026-11-27T06:00:00Z ERROR app.views: it failed", Severity.ERROR),
        ("2026-11-27 06:00:00,123 - app - WARNING - slow", Severity.WARNING),
        ("WARNING:root:careful", Severity.WARNING),
        ("error: cannot open file", Severity.ERROR),
        ("app[12]: fatal: repository not found", Severity.FATAL),
        ("[Sun Dec 04 04:47:44 2005] [error] mod_jk child", Severity.ERROR),
        ("[Sun Dec 04 04:47:44 2005] [core:warn] mod_jk child", Severity.WARNING),
        ("E0102 10:00:00.000 x.go:1] oops", Severity.ERROR),
        ('level=info msg="started"', Severity.INFO),
        (f"2026-01-01T00:00:00.000Z\t{UUID}\tERROR\tInvoke Error", Severity.ERROR),
        ("Traceback (most recent call last):\n  File", Severity.ERROR),
        ("java.lang.NullPointerException: x", Severity.ERROR),
        ("2026-01-01 x Task timed out after 3.00 seconds", Severity.ERROR),
        (f"{REQUEST} 502 12", Severity.ERROR),
        (f"{REQUEST} 404 12", Severity.WARNING),
        (f"{REQUEST} 200 12", Severity.INFO),
        (f"{BALANCER} 504 - 1 2", Severity.ERROR),
        ('{"level":"warn"}', Severity.WARNING),
        ('{"level":50,"msg":"info"}', Severity.ERROR),
        ('{"severity":"CRITICAL"}', Severity.FATAL),
        ('{"status":503}', Severity.ERROR),
        ('{"errorType":"KeyError","errorMessage":"x"}', Severity.ERROR),
        ("no error here, 0 errors", Severity.UNKNOWN),
        ("error_count=0 and Errors were none", Severity.UNKNOWN),
        (f"START RequestId: {UUID} Version: $LATEST", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)
def test_severity(message: str, severity: Severity) -> None:
    assert recognise(message).severity is severity


@pytest.mark.parametrize(
    ("message", "request_id"),
    [
        (f"END RequestId: {UUID}", UUID),
        (f"2026-01-01T00:00:00.000Z\t{UUID}\tINFO\tx", UUID),
        ('{"requestId":"abc-1","traceId":"t"}', "abc-1"),
        ('{"X-Amzn-Trace-Id":"Root=1-5"}', "Root=1-5"),
        ("msg trace_id=4bf92f3577b34da6a3ce929d0e0e4736, done", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ('x "Root=1-58337262-36d228ad5d99923122bbe354" y', "Root=1-58337262-36d228ad5d99923122bbe354"),
        (f"[{UUID}] Started GET", UUID),
        ("the request id is missing", ""),
    ],
)
def test_request_id(message: str, request_id: str) -> None:
    assert recognise(message).request == request_id


def test_json_after_a_prefix_is_found_and_numbers_are_kept_as_written() -> None:
    document = json_of('06:00 INFO {"a":{"b":[1.10,{"c":null}],"d":true,"e":{}},"big":12345678901234567890.5}\n')
    assert document is not None
    assert [(field.name, field.text) for field in fields(document)] == [
        ("a.b[0]", "1.10"),
        ("a.b[1].c", "null"),
        ("a.d", "true"),
        ("a.e", "{}"),
        ("big", "12345678901234567890.5"),
    ]
    assert isinstance(document["big"], Number)


@pytest.mark.parametrize(
    "message", ["{", "{}}", '{"a":', "[1]", "set {1,2}", "{" * 99_999 + "}" * 99_999, "x" * 2_000_000]
)
def test_what_is_no_json_is_none(message: str) -> None:
    assert json_of(message) is None


@real_logs
def test_severities_of_a_real_log_are_those_it_names() -> None:
    lines = (LOGS / "Apache/Apache_2k.log").read_text().splitlines()
    assert Counter(recognise(line).severity for line in lines) == {Severity.INFO: 1_405, Severity.ERROR: 595}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_every_leaf_is_a_field(document: dict[str, object]) -> None:
    read = json_of(json.dumps(document))
    assert read is not None
    found = fields(read)
    assert len({field.path for field in found}) == len(found)
    for field in found[:20]:
        value: object = document
        for part in field.path:
            value = value[part]  # type: ignore[index]
        assert field.text == (value if isinstance(value, str) else json.dumps(value))


@given(st.text(max_size=200))
def test_no_line_raises(message: str) -> None:
    recognise(message)
