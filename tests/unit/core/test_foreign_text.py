"""Foreign text becomes safe to look at, and every place of it can still be found."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.foreign_text import Edit, cut, one_line, rewrite, visible

ANY = st.text(st.characters(codec=None), max_size=60) | st.text(
    "ab\x00\x1b[31m\u202e\u200b\r\n\t\u0301\ud800é", max_size=40
)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("", ""),
        ("nul\x00 bell\x07 del\x7f", "nul␀ bell␇ del␡"),
        ("\x1b[1;31mERROR\x1b[0m", "ERROR"),
        ("\x1b]8;;https://attacker.example\x07click", "␛]8;;https://attacker.example␇click"),
        ("\x1b[2J\x1b[1;1Hroot#", "␛[2J␛[1;1Hroot#"),
        ("ok\rforged", "ok␍forged"),
        ("two\r\nlines\n\tand a tab", "two\nlines\n\tand a tab"),
        ("user\u202etxt.exe", "user‹RLO›txt.exe"),
        ("a\u200bb\ufeffc\u00add", "a‹ZWSP›b‹BOM›c‹SHY›d"),
        ("half \ud83d", "half ‹U+D83D›"),
        ("c1 \x85 \x9b31m", "c1 ‹U+0085› ‹U+009B›31m"),
        ("private \ue000 tag \U000e0041", "private ‹U+E000› tag ‹U+E0041›"),
        ("می\u200cخواهم 👨\u200d👩", "می\u200cخواهم 👨\u200d👩"),
        ("a\u200db", "a‹ZWJ›b"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * 3 + "‹37 more marks›"),
        ("blank \u3164\u2800", "blank ‹U+3164›‹U+2800›"),
    ],
)
def test_what_hides_becomes_visible(text: str, seen: str) -> None:
    assert visible(text).text == seen


@given(ANY)
def test_nothing_unseen_is_left(text: str) -> None:
    left = {unicodedata.category(char) for char in visible(text).text if char not in "\n\t\u200c\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(ANY)
def test_a_second_look_changes_nothing(text: str) -> None:
    once = visible(text).text
    assert visible(once).text == once


@given(ANY, st.data())
def test_every_place_is_found_again(text: str, data: st.DataObject) -> None:
    shown = visible(text)
    places = [shown.place(offset) for offset in range(len(text) + 1)]
    assert places == sorted(places)
    assert places[0] == 0 or not text
    assert places[-1] == len(shown.text)
    for offset, char in enumerate(text):
        if not any(edit.start <= offset < edit.end for edit in shown.edits):
            assert shown.text[places[offset]] == char


def test_spans_go_along_and_those_that_vanish_are_left_out() -> None:
    shown = rewrite("key=secret tail", [Edit(4, 10, "[hidden]")])
    assert shown.text == "key=[hidden] tail"
    assert [shown.text[a:b] for a, b in shown.spans([(0, 3), (5, 7), (9, 15), (11, 15)])] == [
        "key",
        "[hidden]",
        "[hidden] tail",
        "tail",
    ]
    assert rewrite("abc", [Edit(0, 1, "")]).spans([(0, 1)]) == ()


def test_one_line_keeps_places_and_a_cut_says_how_much_there_was() -> None:
    assert len(one_line("a\nb\tc")) == 5
    assert cut("x" * 2_000_000, 4) == "xxxx … 2,000,000 characters"
