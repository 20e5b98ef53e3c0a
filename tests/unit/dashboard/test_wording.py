"""Foreign text and numbers, as people meet them."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from dashboard import wording

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

HOSTILE = (
    "![x](https://attacker.example/p.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "$math$ and $more$",
    ":material/error: :red[ALARM] :smile:",
    "https://attacker.example",
    "www.attacker.example",
    "someone@attacker.example",
    "`code` **bold** # heading | table",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_every_sign_that_markdown_knows_is_escaped(text: str) -> None:
    escaped = wording.md(text)
    for place, sign in enumerate(escaped):
        if sign in string.punctuation and sign != "\\":
            assert escaped[place - 1] == "\\", f"{sign!r} stands bare in {escaped!r}"


@pytest.mark.parametrize("text", ["https://a.example", "a@b.example", "www.b.example"])
def test_no_bare_address_is_left_to_become_a_link(text: str) -> None:
    assert text not in wording.md(text).replace("\\", "")


def test_a_label_is_one_line_of_bounded_length() -> None:
    assert wording.md("a\nb\r\nc\td") == "a b  c d"
    assert len(wording.md("x" * 5_000)) == wording.LABEL_LENGTH


def test_text_that_would_turn_the_line_around_is_taken_out() -> None:
    assert wording.plain("cpu\u202egpj.exe\u200b\x07") == "cpugpj.exe"


@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    once = wording.plain(text)
    assert wording.plain(once) == once
    assert "\n" not in once


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.412, "Seconds", "412 ms"),
        (57.9, "Percent", "57.9%"),
        (0.0, "Percent", "0%"),
        (1221.0, "Count/Second", "1,221/s"),
        (None, "Percent", "–"),
        (float("nan"), "Seconds", "–"),
    ],
)
def test_a_number_has_its_unit_and_a_missing_one_is_a_dash(value: float | None, unit: str, text: str) -> None:
    assert wording.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.138, "Seconds", "+138 ms"), (-0.06, "Percent", "-0.06 pp"), (0.0, "Percent", "±0"), (2.0, "Count", "+2")],
)
def test_a_difference_has_a_sign(value: float, unit: str, text: str) -> None:
    assert wording.difference(value, unit) == text


def test_ages_never_run_backwards() -> None:
    assert wording.age(NOON - timedelta(minutes=9), now=NOON) == "9 min"
    assert wording.age(NOON + timedelta(seconds=3), now=NOON) == "0 s"


def test_a_moment_of_another_day_says_which() -> None:
    assert wording.moment(NOON, now=NOON) == "12:00"
    assert wording.moment(NOON - timedelta(days=1), now=NOON) == "22 Nov 12:00"


def test_dollars_make_no_formula() -> None:
    assert wording.money(Money(Decimal("0.42"))) == "\\$0.42"


def test_names_in_a_row_say_how_many_are_left_out() -> None:
    assert wording.listed([]) == ""
    assert wording.listed(["a", "b", "c", "d", "e", "f"]) == "a, b, c, d and 2 more"


@pytest.mark.parametrize(
    "state", ["OK", "ALARM", "INSUFFICIENT_DATA", "healthy", "InService", "Pending:Wait", "never-seen"]
)
def test_a_state_always_has_sign_word_and_colour(state: str) -> None:
    look = wording.look(state)
    assert look.glyph
    assert look.color
    assert wording.state_word(state)
    assert wording.state_cell(state).startswith(look.glyph)


def test_red_means_breach_only() -> None:
    red = {state for state, look in wording.LOOKS.items() if look.color == "red"}
    assert red == {"ALARM", "unhealthy", "failed", "Failed"}
