"""Templates of log lines with their counts over time, in memory that does not grow with the lines."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collectors.patterns.clustering import Shape, clusters, covers
from collectors.patterns.lines import Origin, read
from collectors.patterns.variables import Reader
from core.log_lines import LogLine

MOST_SHAPES: Final = 20_000
"""Distinct shapes that are kept apart before they are folded into the templates they have so far."""
MOST_BUCKETS: Final = 1_500
"""Parts of time that are counted apart; beyond, two become one."""
MOST_EXAMPLES: Final = 20
MINUTE: Final = 60_000

Key = tuple[Origin, Shape]


@dataclass(frozen=True, slots=True)
class Template:
    """What lines that say the same have in common. The words are foreign text."""

    id: str
    """Follows from the words alone, so it is the same in every process and on every day."""
    origin: Origin
    words: Shape
    lines: int
    before: int
    """Of these, lines before the edge that was asked for."""
    counts: Mapping[int, int]
    """Lines by the beginning of their part of time, in milliseconds."""
    first: int
    """Milliseconds of the oldest line; `last` of the newest."""
    last: int
    examples: tuple[str, ...]
    """Lines as they were written, the newest first; one of each of its shapes, a few at most."""

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Mined:
    """All templates of some lines."""

    templates: tuple[Template, ...]
    """Most lines first."""
    lines: int
    rest: int
    """Lines of none of them, because there were too many kinds to keep apart."""
    width: int
    """Milliseconds of a part of time."""
    names: Mapping[Key, str] = field(default_factory=dict, repr=False)
    """Shape to id, for `template_of`."""

    def template_of(self, message: str, reader: Reader) -> str:
        """Give the id of the template that a line is of; nothing where it is of none."""
        origin, text = read(message)
        return self.named((origin, reader.words(text)))

    def named(self, key: Key) -> str:
        """Give the id of a shape's template; nothing where it is of none."""
        found = self.names.get(key)
        if found is not None:
            return found
        origin, shape = key
        return next((each.id for each in self.templates if each.origin == origin and covers(each.words, shape)), "")


def template_id(origin: Origin, words: Shape) -> str:
    """Give the name of a template in links."""
    said = "\x1f".join((origin.level, origin.logger, *words))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:10]


@dataclass(slots=True)
class _Tally:
    """What is counted of one shape."""

    counts: dict[int, int]
    first: int
    last: int
    example: str
    lines: int = 0
    before: int = 0

    def take(self, other: _Tally) -> None:
        for start, lines in other.counts.items():
            self.counts[start] = self.counts.get(start, 0) + lines
        if other.last > self.last:
            self.last, self.example = other.last, other.example
        self.first = min(self.first, other.first)
        self.lines += other.lines
        self.before += other.before

    def widen(self, width: int) -> None:
        found: Counter[int] = Counter()
        for start, lines in self.counts.items():
            found[start - start % width] += lines
        self.counts = dict(found)


class Miner:
    """Takes lines one by one and gives their templates.

    Lines before `edge`, milliseconds since 1970, are also counted apart.
    """

    def __init__(self, *, width: int = MINUTE, edge: int | None = None, most_shapes: int = MOST_SHAPES) -> None:
        self._reader = Reader()
        self._edge = -(1 << 62) if edge is None else edge
        self._width = width
        self._most = most_shapes
        self._tallies: dict[Key, _Tally] = {}
        self._folded: dict[tuple[Origin, int], list[Key]] = {}
        self._also: dict[Key, Key] = {}
        self._starts: set[int] = set()
        self._full = False
        self._lines = self._rest = 0

    def add_all(self, lines: Iterable[LogLine]) -> Miner:
        """Take many lines."""
        for line in lines:
            self.add(line.milliseconds, line.message)
        return self

    def add(self, at: int, message: str) -> Key:
        """Take one line and its time in milliseconds since 1970; give what `Mined.names` knows it by."""
        self._lines += 1
        origin, text = read(message)
        key = origin, self._reader.words(text)
        tally = self._tally(key, at, message)
        if tally is None:
            self._rest += 1
            return key
        tally.lines += 1
        if at < self._edge:
            tally.before += 1
        if at >= tally.last:
            tally.last, tally.example = at, message
        elif at < tally.first:
            tally.first = at
        start = at - at % self._width
        counts = tally.counts
        if start in counts:
            counts[start] += 1
        else:
            counts[start] = 1
            self._begin(start)
        return key

    def _tally(self, key: Key, at: int, message: str) -> _Tally | None:
        found = self._tallies.get(key)
        if found is not None:
            return found
        if self._folded:
            known = self._known(key)
            if known is not None:
                return self._tallies[known]
        if len(self._tallies) >= self._most:
            if self._full:
                return None
            self._fold()
            self._full = len(self._tallies) >= self._most * 3 // 4
            return self._tally(key, at, message)
        found = self._tallies[key] = _Tally({}, at, at, message)
        return found

    def _known(self, key: Key) -> Key | None:
        """Give the folded template that a new shape is of."""
        if key in self._also:
            return self._also[key]
        origin, shape = key
        for known in self._folded.get((origin, len(shape)), ()):
            if covers(known[1], shape):
                if len(self._also) >= self._most:
                    self._also.clear()
                self._also[key] = known
                return known
        return None

    def _begin(self, start: int) -> None:
        self._starts.add(start)
        while len(self._starts) > MOST_BUCKETS:
            self._width *= 2
            self._starts = {each - each % self._width for each in self._starts}
            for tally in self._tallies.values():
                tally.widen(self._width)

    def _fold(self) -> None:
        """Put the tallies of each template's shapes together."""
        folded: dict[Key, _Tally] = {}
        for (origin, words), shapes in self._clustered().items():
            tally = self._tallies[origin, shapes[0]]
            for shape in shapes[1:]:
                tally.take(self._tallies[origin, shape])
            folded[origin, words] = tally
            if len(shapes) > 1:
                self._folded.setdefault((origin, len(words)), []).append((origin, words))
        self._tallies = folded
        self._also.clear()
        for kind, keys in self._folded.items():
            self._folded[kind] = [key for key in dict.fromkeys(keys) if key in folded]

    def _clustered(self) -> dict[Key, tuple[Shape, ...]]:
        by_origin: dict[Origin, list[Shape]] = {}
        for origin, shape in self._tallies:
            by_origin.setdefault(origin, []).append(shape)
        found: dict[Key, tuple[Shape, ...]] = {}
        for origin, shapes in by_origin.items():
            for each in clusters(shapes):
                found[origin, each.words] = (*found.get((origin, each.words), ()), *each.shapes)
        return found

    def mined(self) -> Mined:
        """Give the templates of the lines so far."""
        names: dict[Key, str] = {}
        found = []
        for (origin, words), shapes in self._clustered().items():
            keys = [(origin, shape) for shape in shapes]
            template = _template(origin, words, [self._tallies[key] for key in keys])
            names |= dict.fromkeys(keys, template.id)
            found.append(template)
        found.sort(key=lambda each: (-each.lines, each.text, each.id))
        return Mined(tuple(found), self._lines, self._rest, self._width, names)


def _template(origin: Origin, words: Shape, tallies: list[_Tally]) -> Template:
    whole = _Tally({}, 1 << 62, -(1 << 62), "")
    for tally in tallies:
        whole.take(tally)
    newest = heapq.nlargest(MOST_EXAMPLES, tallies, key=lambda each: (each.last, each.example))
    return Template(
        id=template_id(origin, words),
        origin=origin,
        words=words,
        lines=whole.lines,
        before=whole.before,
        counts=dict(sorted(whole.counts.items())),
        first=whole.first,
        last=whole.last,
        examples=tuple(each.example for each in newest),
    )


def mine(lines: Iterable[LogLine], *, width: int = MINUTE, edge: int | None = None) -> Mined:
    """Give the templates of `lines`; the order of the lines makes no difference."""
    return Miner(width=width, edge=edge).add_all(lines).mined()
