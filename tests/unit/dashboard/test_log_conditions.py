"""A pattern narrowed by a click finds the line it was clicked on, or no longer finds it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.filter_pattern import parse
from core.log_recognition import Field, Number, fields, json_of
from dashboard.views import log_conditions
from dashboard.views.log_conditions import STARTS, narrowed, with_text


@pytest.mark.parametrize(
    ("pattern", "field", "only", "without"),
    [
        ("", Field(("level",), "ERROR"), '{ $.level = "ERROR" }', '{ $.level != "ERROR" }'),
        ("", Field(("ms",), Number("12.5")), "{ $.ms = 12.5 }", "{ $.ms != 12.5 }"),
        ("", Field(("ok",), value=True), "{ $.ok IS TRUE }", "{ $.ok IS FALSE }"),
        ("", Field(("ok",), value=False), "{ $.ok IS FALSE }", "{ $.ok IS TRUE }"),
        ("", Field(("user",), None), "{ $.user IS NULL }", None),
        ("", Field(("tags", 0, "a b"), "x"), '{ $.tags[0].["a b"] = "x" }', '{ $.tags[0].["a b"] != "x" }'),
        ("", Field(("empty",), []), None, None),
        ("{ $.a = 1 }", Field(("b",), "x"), '{ $.a = 1 && $.b = "x" }', '{ $.a = 1 && $.b != "x" }'),
        ("{ $.a = 1 || $.a = 2 }", Field(("b",), "x"), '{ ($.a = 1 || $.a = 2) && $.b = "x" }', ...),
        ("ERROR", Field(("user",), 'a "b"'), 'ERROR "a \\"b\\""', 'ERROR -"a \\"b\\""'),
        ("?ERROR ?WARN", Field(("a",), "x"), '{ $.a = "x" }', '{ $.a != "x" }'),
        ("%ab+%", Field(("a",), "x"), '{ $.a = "x" }', '{ $.a != "x" }'),
    ],
)
def test_a_field_becomes_a_condition(pattern: str, field: Field, only: str | None, without: object) -> None:
    assert narrowed(pattern, field, keep=True) == only
    if without is not ...:
        assert narrowed(pattern, field, keep=False) == without


PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="*"), min_size=1, max_size=12)


@given(st.dictionaries(PLAIN, PLAIN | st.integers(-99, 99) | st.booleans(), min_size=1, max_size=4))
def test_only_this_finds_the_line_and_without_it_does_not(document: dict[str, object]) -> None:
    message = json.dumps(document)
    read = json_of(message)
    assert read is not None
    for field in fields(read):
        only, without = narrowed("", field, keep=True), narrowed("", field, keep=False)
        assert only is None or parse(only).matches(message)
        assert without is None or not parse(without).matches(message)


def test_a_request_is_asked_for_beside_terms_and_instead_of_anything_else() -> None:
    assert with_text("ERROR", "Root=1-5") == 'ERROR "Root=1-5"'
    assert with_text("{ $.a = 1 }", "r-1") == '"r-1"'
    assert with_text("", "x" * 2_000) is None


def test_what_patterns_begin_with_are_patterns() -> None:
    for _, pattern in STARTS:
        assert log_conditions.usable(pattern).text == pattern
    errors = log_conditions.usable(STARTS[0][1])
    assert errors.matches('{"level":"ERROR"}')
    assert not errors.matches('{"level":"INFO","message":"GET / 200"}')
