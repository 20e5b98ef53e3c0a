"""Real server logs (loghub): our templates beside theirs."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

import pytest

from collectors.patterns.finding import pattern_of
from collectors.patterns.templates import Mined, mine
from collectors.patterns.variables import Reader
from core.filter_pattern import parse
from core.log_lines import LogLine

LOGHUB = Path(__file__).parents[5] / "shared" / "data" / "loghub"
pytestmark = pytest.mark.skipif(
    not LOGHUB.is_dir(), reason="the sample data (../shared/data/loghub) are not on this machine"
)


def told(name: str) -> list[dict[str, str]]:
    with (LOGHUB / name / f"{name}_2k.log_structured.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def raw(name: str) -> list[str]:
    return (LOGHUB / name / f"{name}_2k.log").read_text(encoding="utf-8", errors="replace").splitlines()


def mined(messages: Sequence[str]) -> tuple[Mined, list[str]]:
    found = mine(LogLine(at * 1_000, "", "", message) for at, message in enumerate(messages))
    reader = Reader()
    return found, [found.template_of(message, reader) for message in messages]


def grouping_accuracy(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> float:
    """Give the share of lines whose template holds just the lines that theirs holds (Zhu and others, 2019)."""
    groups: tuple[dict[Hashable, set[int]], dict[Hashable, set[int]]] = (defaultdict(set), defaultdict(set))
    for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        groups[0][one].add(at)
        groups[1][other].add(at)
    known = {frozenset(group) for group in groups[1].values()}
    return sum(len(group) for group in groups[0].values() if group in known) / len(ours)


@pytest.mark.parametrize(("name", "number"), [("Apache", 6), ("OpenSSH", 27)])
def test_lines_are_grouped_as_people_did(name: str, number: int) -> None:
    rows = told(name)
    for messages in ([row["Content"] for row in rows], raw(name)):
        assert len(messages) == len(rows) == 2_000
        found, ids = mined(messages)
        assert len(found.templates) == number
        assert grouping_accuracy(ids, [row["EventId"] for row in rows]) == 1.0


@pytest.mark.parametrize(("name", "same"), [("Apache", 6), ("OpenSSH", 20)])
def test_templates_read_as_theirs(name: str, same: int) -> None:
    """A word that varies is theirs too; where we say `<ip>:<num>:` they say `<*>: <*>:`."""
    rows = told(name)
    _found, ids = mined([row["Content"] for row in rows])
    theirs = {row["EventTemplate"] for row in rows}
    texts = {each.id: _starred(each.words) for each in _found.templates}
    assert len({texts[name] for name in ids} & {_starred(text.split()) for text in theirs}) >= same


def _starred(words: Sequence[str]) -> str:
    return " ".join("<*>" if "<" in word else word for word in words)


@pytest.mark.parametrize("name", ["Apache", "OpenSSH"])
def test_the_pattern_of_each_template_finds_all_its_lines(name: str) -> None:
    messages = raw(name)
    found, ids = mined(messages)
    for template in found.templates:
        pattern = parse(pattern_of(template) or "")
        missed = [
            each for each, its in zip(messages, ids, strict=True) if its == template.id and not pattern.matches(each)
        ]
        assert not missed
