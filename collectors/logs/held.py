"""Answers out of what is kept: one evaluator of patterns for every line, whoever asked AWS for it, and with what.

What a pattern matched in settled spans is remembered for a while, so that a page that looks again every few seconds
evaluates only what is new.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.database import Connection
from collectors.logs import spans, store
from collectors.logs.counting import counts, tallied, width_of
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.store import Row
from core.filter_pattern import FilterPattern
from core.log_lines import LogLine

Times = npt.NDArray[np.int64]

SEARCHES_AT_HAND: Final = 16
"""Searches whose matches are remembered."""
TIMES_AT_HAND: Final = 1_000_000
"""Matches of one search whose times are remembered: eight megabytes. With more, none are."""
ROWS_AT_HAND: Final = 5_000
BYTES_AT_HAND: Final = 8_000_000
"""The newest matching lines of one search that are remembered."""
_NONE: Final[Times] = np.array([], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Matches:
    """What a pattern matched in some spans."""

    spans: tuple[spans.Span, ...] = ()
    times: Times = field(default_factory=lambda: _NONE)
    rows: tuple[Row, ...] = ()
    """The newest of them, newest first."""
    whole: bool = True
    """The rows are all of them."""

    def reaches(self, row_count: int, rows: Sequence[Row]) -> bool:
        """Whether the newest `row_count` of `rows`, ours among them, lack none of ours that was left out."""
        if self.whole:
            return True
        return len(rows) >= row_count and bool(self.rows) and _place(rows[row_count - 1]) >= _place(self.rows[-1])


@dataclass(frozen=True, slots=True)
class Search:
    """What an answer is made of."""

    question: LogQuestion
    pattern: FilterPattern
    group: int | None
    """The group's number in the store; None where nothing is kept of it."""
    bounds: spans.Span
    """What the reading is about: the question's span, or less where its end is not due."""
    known: Sequence[spans.Span]
    shown: Sequence[spans.Span]
    """What lines are given of: the same, and the end as it was read before, where that is due again."""
    settled: Sequence[spans.Span]
    """Those of the known spans that will not change."""


class Held:
    """Answers from a store. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_hand: OrderedDict[tuple[int, str], _Matches] = OrderedDict()

    def answer(self, connection: Connection, search: Search) -> LogAnswer:
        """Give the matching lines of the spans that are known."""
        numbers, rows = self._found(connection, search)
        missing = spans.missing(search.bounds, search.known) if search.bounds[0] < search.bounds[1] else []
        whole = spans.of(search.question.span)
        return LogAnswer(
            _lines(connection, search.question.group, rows),
            tuple(spans.timespan(each) for each in reversed(search.known)),
            tuple(spans.timespan(each) for each in reversed(missing)),
            cut=sum(numbers.values()) > len(rows),
            counts=counts(whole, numbers, search.known),
        )

    def _found(self, connection: Connection, search: Search) -> tuple[dict[int, int], Sequence[Row]]:
        """Give how many lines match by the number of their bar, and the newest ones."""
        group, width = search.group, width_of(spans.of(search.question.span))
        streams = _streams(connection, group, search.question)
        if group is None or streams == []:
            return {}, ()
        if search.pattern.text:
            times, rows = self._matched(connection, search, group, streams)
            return tallied(times, width), rows
        numbers: dict[int, int] = {}
        for span in search.shown:
            for number, lines in store.counted(connection, group, span, streams, width=width):
                numbers[number] = numbers.get(number, 0) + lines
        return numbers, _newest(_rows(connection, search, group, streams, search.shown), search.question.most)

    def _matched(
        self, connection: Connection, search: Search, group: int, streams: Sequence[int] | None
    ) -> tuple[Times, Sequence[Row]]:
        key, most = (group, store.digest(search.question)), search.question.most
        with self._lock:
            at_hand = self._at_hand.get(key, _Matches())
        new = [part for span in search.shown for part in spans.missing(span, at_hand.spans)]
        times, rows = _evaluated(_rows(connection, search, group, streams, new), most)
        again = _cut(at_hand, search.shown)
        self._remember(
            key, at_hand, _cut(_Matches(tuple(new), times, tuple(rows), len(rows) == times.size), search.settled)
        )
        both = sorted((*again.rows, *rows), key=_place, reverse=True)
        if not again.reaches(most, both):
            both = list(_newest(_rows(connection, search, group, streams, search.shown), most))
        return np.concatenate([again.times, times]), both[:most]

    def _remember(self, key: tuple[int, str], before: _Matches, more: _Matches) -> None:
        """Add what was evaluated of settled spans to what is remembered; another thread's may be lost by it."""
        times = np.concatenate([before.times, more.times])
        if not more.spans or times.size > TIMES_AT_HAND:
            return
        rows = _few(sorted((*before.rows, *more.rows), key=_place, reverse=True))
        for part in (before, more):
            if not part.whole:  # rows older than its last may be among those that were left out
                rows = [row for row in rows if part.rows and _place(row) >= _place(part.rows[-1])]
        joined = tuple(spans.joined((*before.spans, *more.spans)))
        with self._lock:
            self._at_hand[key] = _Matches(joined, times, tuple(rows), len(rows) == times.size)
            self._at_hand.move_to_end(key)
            while len(self._at_hand) > SEARCHES_AT_HAND:
                self._at_hand.popitem(last=False)


def _place(row: Row) -> tuple[int, str]:
    return row[0], row[1]


def _few(rows: Sequence[Row]) -> list[Row]:
    """Give as many of the first rows as may be kept in memory."""
    found, size = [], 0
    for row in rows[:ROWS_AT_HAND]:
        size += len(row[4])
        if size > BYTES_AT_HAND:
            break
        found.append(row)
    return found


def _cut(matches: _Matches, to: Sequence[spans.Span]) -> _Matches:
    """Give what lies in spans of `to`."""
    kept = tuple(part for span in spans.joined(matches.spans) for part in spans.within(spans.joined(to), span))
    inside = np.zeros(matches.times.size, dtype=bool)
    for low, high in kept:
        inside |= (matches.times >= low) & (matches.times < high)
    rows = tuple(row for row in matches.rows if any(low <= row[0] < high for low, high in kept))
    times = matches.times[inside]
    return _Matches(kept, times, rows, matches.whole or len(rows) == times.size)


def _streams(connection: Connection, group: int | None, question: LogQuestion) -> list[int] | None:
    """Give the numbers of the streams that are asked for; None for all."""
    if group is None or not question.streams:
        return None
    return sorted(store.stream_ids(connection, group, question.streams).values())


def _rows(
    connection: Connection,
    search: Search,
    group: int,
    streams: Sequence[int] | None,
    within: Sequence[spans.Span],
) -> Iterator[Row]:
    """Give the matching rows of some spans, newest first."""
    matches = search.pattern.matches if search.pattern.text else None
    for span in reversed(spans.joined(within)):
        for row in store.rows(connection, group, span, streams):
            if matches is None or matches(store.decoded(row[4])):
                yield row


def _newest(rows: Iterator[Row], most: int) -> list[Row]:
    found: list[Row] = []
    while len(found) < most and (row := next(rows, None)) is not None:
        found.append(row)
    return found


def _evaluated(rows: Iterator[Row], most: int) -> tuple[Times, list[Row]]:
    """Give the times of all rows, and the first ones: `most`, and more where memory allows it."""
    times: list[int] = []
    found: list[Row] = []
    size = 0
    for row in rows:
        times.append(row[0])
        if len(found) < most or (len(found) < ROWS_AT_HAND and size < BYTES_AT_HAND):
            found.append(row)
            size += len(row[4])
    return np.array(times, dtype=np.int64), found


def _lines(connection: Connection, group: str, rows: Sequence[Row]) -> tuple[LogLine, ...]:
    names = store.stream_names(connection, sorted({row[2] for row in rows}))
    return tuple(store.line(row, group, names) for row in rows)
