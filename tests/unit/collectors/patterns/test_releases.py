"""A new release tells itself by its first line."""

from __future__ import annotations

from collectors.patterns.releases import MOST_RELEASES, Release, releases
from core.log_lines import LogLine


def said(*names: str) -> list[LogLine]:
    return [
        LogLine(at, "", "", f'{{"message":"served","release":"{name}"}}' if name else "x")
        for at, name in enumerate(names)
    ]


def test_the_first_line_of_another_release() -> None:
    assert releases(said("v1", "v1", "v2", "v1", "v2")) == (Release("v2", 2),)
    assert releases(reversed(said("v1", "v1", "v2", "v1", "v2"))) == (Release("v2", 2),)


def test_one_release_is_no_deployment() -> None:
    assert releases(said("v1", "", "v1")) == ()
    assert releases(said("", "")) == ()


def test_going_back_is_none_either() -> None:
    assert releases(said("v1", "v2", "v1")) == (Release("v2", 1),)


def test_what_differs_with_every_line_is_no_release() -> None:
    assert releases(said(*(f"v{number}" for number in range(MOST_RELEASES + 1)))) == ()


def test_the_words_of_plain_text_are_none() -> None:
    assert releases([LogLine(0, "", "", 'INFO "release": "v1"'), LogLine(1, "", "", 'INFO "release": "v2"')]) == ()
