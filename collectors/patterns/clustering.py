"""Shapes of lines that say the same, found by comparing them: the words that vary become `<*>`.

The way of Drain (He and others, 2017): shapes of one length and one first word are held against each other, and join
where most words agree. Two things differ. The shapes are taken in the order of their text, so the same lines give the
same templates in whatever order they came. And a word only counts as varying where at least three different ones were
seen, or one that varies by its look: "opened" and "closed" stay two templates. Words that tell how bad it is or how it
went (`error`, `failed`, `GET`) never vary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collectors.patterns.variables import ANY

Shape = tuple[str, ...]
"""A line's words, those that vary by their look replaced."""

DIFFERENT: Final = 0.4
"""The share of words in which two shapes of one template may differ."""
VARIES: Final = 3
"""Different words in one place before the place counts as varying."""
FIRST_VARIES: Final = 5
"""The same for a line's first word, which mostly says what the line is about."""
MOST_OF_A_KIND: Final = 500
"""Groups of one length and first word that are told apart; lines beyond are one template."""
_KEY: Final = re.compile(r"[\w.\[-]+[=:]")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_TELLING: Final = re.compile(
    r"(?i)\W*(?:level=|severity=)?(trace|debug|info|notice|warn|warning|err|error|crit|critical|alert|emerg|fatal|panic|severe"
    r"|get|head|post|put|patch|delete|options|ok|true|false|success|succeeded|fail|failed|failure|denied|refused|rejected"
    r"|accepted|timeout|aborted|killed|[1-5]xx)\W*"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One template and the shapes that it stands for."""

    words: Shape
    shapes: tuple[Shape, ...]


def clusters(shapes: Iterable[Shape]) -> tuple[Cluster, ...]:
    """Group shapes into templates; the same set of shapes gives the same templates."""
    found = [
        Cluster(_words(members), tuple(members))
        for kind in _kinds(sorted(shapes))
        for group in _alike(kind)
        for members in _apart(group)
    ]
    return tuple(_same_but_first(found))


def _kinds(shapes: Sequence[Shape]) -> Iterator[list[Shape]]:
    by_kind = sorted(shapes, key=_kind)
    for _key, group in groupby(by_kind, key=_kind):
        yield list(group)


def _kind(shape: Shape) -> tuple[int, str]:
    return len(shape), shape[0] if shape else ""


def _alike(shapes: Sequence[Shape]) -> list[list[Shape]]:
    """Group shapes of one length in which most words agree."""
    if len(shapes) == 1:
        return [list(shapes)]
    codes = _codes(shapes)
    width = codes.shape[1]
    enough = width - max(1, int(DIFFERENT * width))
    heads = np.full((min(len(shapes), MOST_OF_A_KIND), width), -1, np.int32)
    groups: list[list[Shape]] = []
    for shape, code in zip(shapes, codes, strict=True):
        agree = np.count_nonzero(heads[: len(groups)] == code, axis=1)
        best = int(agree.argmax()) if groups else -1
        if best >= 0 and (agree[best] >= enough or len(groups) == MOST_OF_A_KIND):
            groups[best].append(shape)
        else:
            heads[len(groups)] = code
            groups.append([shape])
    return groups


def _codes(shapes: Sequence[Shape]) -> NDArray[np.int32]:
    numbers: dict[str, int] = {}
    return np.array([[numbers.setdefault(word, len(numbers)) for word in shape] for shape in shapes], np.int32)


def _apart(shapes: list[Shape]) -> Iterator[list[Shape]]:
    """Split a group where a place has telling words, or few different ones of which none varies by its look."""
    if len(shapes) == 1:
        yield shapes
        return
    for place, words in enumerate(map(set, zip(*shapes, strict=True))):
        sides = _sides(words)
        if len(set(sides.values())) > 1:
            for side in sorted(set(sides.values())):
                yield from _apart([shape for shape in shapes if sides[shape[place]] == side])
            return
    yield shapes


def _sides(words: set[str]) -> dict[str, str]:
    """Say for each word of one place to which template its shape goes; one name for all where the place varies."""
    if len(words) < VARIES and not _vary(words):
        return {word: word for word in words}
    return {word: telling(word) for word in words}


def telling(word: str) -> str:
    """Give the word in small letters where it tells how bad it is or how it went, else nothing.

    >>> telling("[ERROR]"), telling("alice")
    ('error', '')
    """
    found = _TELLING.fullmatch(word)
    return found[1].lower() if found else ""


def _vary(words: Iterable[str]) -> bool:
    return any("<" in word for word in words)


def _words(shapes: Sequence[Shape]) -> Shape:
    if len(shapes) == 1:
        return shapes[0]
    return tuple(_word(set(words)) for words in zip(*shapes, strict=True))


def _word(words: set[str]) -> str:
    """Give the word itself, or the placeholder with the key before it where all have one: `user=<*>`."""
    if len(words) == 1:
        return next(iter(words))
    if words == {"/", "<path>"}:
        return "<path>"
    keys = {found[0] if (found := _KEY.match(word)) else "" for word in words}
    return f"{keys.pop()}{ANY}" if len(keys) == 1 else ANY


def _same_but_first(found: Sequence[Cluster]) -> Iterator[Cluster]:
    """Join templates that differ only in their first word, where many do."""
    by_rest: dict[Shape, list[Cluster]] = {}
    for each in found:
        by_rest.setdefault(each.words[1:], []).append(each)
    for rest, group in by_rest.items():
        said = sum(bool(_WORD.search(word.replace(ANY, ""))) for word in rest)
        if len(group) >= FIRST_VARIES and said >= 2 and not any(telling(each.words[0]) for each in group):
            first = _word({each.words[0] for each in group})
            yield Cluster((first, *rest), tuple(shape for each in group for shape in each.shapes))
        else:
            yield from group


def covers(template: Shape, shape: Shape) -> bool:
    """Say whether a shape is one of a template's."""
    return len(template) == len(shape) and all(
        one == other or (ANY in one and other.startswith(one.removesuffix(ANY)))
        for one, other in zip(template, shape, strict=True)
    )
