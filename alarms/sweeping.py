"""Many thresholds over a series at once: the kernel under `alarms.tuning`.

Sort the thresholds from the easiest to breach to the hardest. Then a datapoint breaches the first few of them and
no others; how many is its *level*. The same holds for the alarm: at any instant it is in ALARM for the first few
thresholds and no others, because a datapoint that breaches a threshold breaches every easier one. So one number an
instant, the *alarm level*, carries the state at every threshold, and with all periods full it is the M-th largest
of the newest N levels. Levels are bytes, so numpy selects them with vector instructions: fifty thresholds cost what
one costs.

What missing data do (`alarms.decision`) keeps to this:

* Enough datapoints in the evaluation range: the M-th largest of the newest N, found in the series without its gaps.
* Too few, `notBreaching`: gaps have level 0; `breaching`: gaps have the highest level. The M-th largest of N again,
  taken over the whole range in such a way that the gaps beyond N do not count.
* Too few, `missing` and `ignore`: with M datapoints or more, the M-th largest. With fewer, the rule asks whether
  *all* breach, which they do up to the smallest level. `missing`: ALARM up to it once the oldest is M periods old.
  `ignore`: the state is kept up to it and OK above, so the smaller of it and the alarm level before.

That this equals `alarms.evaluation.evaluate` instant by instant is shown in tests/unit/alarms/test_tuning_equality.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt

from alarms.decision import COMPARES
from alarms.kinds import Comparison, MissingData

Levels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_LEVELS: Final = 254
"""Thresholds that one pass serves: a level is a byte, and the highest byte stands for a gap."""
_GAP: Final = np.uint8(255)
BLOCK: Final = 65_536
"""Positions worked on at a time, so that a dozen arrays of bytes stay in the processor's cache."""
_LISTS_PAY: Final = 14
"""Selecting costs about rank², counting the number of thresholds times this: the 30th of 60 costs what counting fifty
thresholds costs."""


def breach_levels(values: Floats, thresholds: Sequence[float], comparison: Comparison) -> Levels:
    """Give how many of `thresholds` (at most MAX_LEVELS) each value breaches; a gap (NaN) breaches none."""
    breaches = COMPARES[comparison]
    levels = np.zeros(values.size, np.uint8)
    for start in range(0, values.size, BLOCK):
        block, counted = values[start : start + BLOCK], levels[start : start + BLOCK]
        for threshold in thresholds:
            counted += breaches(block, threshold)
    return levels


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Levels of one series, laid out so that an alarm's window is always a run of neighbours.

    A window that slides by `stride` steps a period looks at every `stride`-th bin: those bins are a lane. Lanes lie one
    after the other, each behind `pad` gaps, which is also what the time before the series is.
    """

    low: Levels
    """Level of each bin; a gap has 0."""
    high: Levels
    """Level of each bin; a gap has 255."""
    real: Levels
    """Levels of the datapoints alone, behind `pad` zeros."""
    before: Counts
    """Datapoints before each bin, and before the end."""
    stride: int
    pad: int
    size: int
    """Bins of the series."""
    top: int
    """The highest level: the number of thresholds."""

    @classmethod
    def of(cls, levels: Levels, missing: Mask, *, stride: int, pad: int, top: int) -> Lanes:
        """Lay out a series; `pad` is the longest evaluation range that will be asked for."""
        length = -(-levels.size // stride)
        high = np.full(length * stride, _GAP)
        high[: levels.size] = np.where(missing, _GAP, levels)
        padded = np.full((stride, pad + length), _GAP)
        padded[:, pad:] = high.reshape(length, stride).T
        flat = padded.reshape(-1)
        present = flat != _GAP
        before = np.zeros(flat.size + 1, np.int64)
        np.cumsum(present, out=before[1:])
        real = np.concatenate((np.zeros(pad, np.uint8), flat[present]))
        return cls(np.where(present, flat, np.uint8(0)), flat, real, before, stride, pad, levels.size, top)

    def in_time_order(self, laid: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Take the padding out, and put what belongs to each bin in the order of time."""
        rows = laid.reshape(self.stride, -1)[:, self.pad :]
        return np.ascontiguousarray(rows.T).reshape(-1)[: self.size]


def alarm_levels(lanes: Lanes, *, m: int, n: int, reach: int, missing: MissingData, block_size: int = BLOCK) -> Levels:
    """Give for each bin how many thresholds, the easiest first, are in ALARM when the bin is the newest.

    `reach` is the evaluation range in periods, `n` at least and `lanes.pad` at most. Before the first bin nothing is in
    ALARM.
    """
    out = np.zeros(lanes.low.size, np.uint8)
    held = np.zeros(lanes.low.size, np.bool_) if missing is MissingData.IGNORE else None
    for start in range(lanes.pad, out.size, block_size):
        stop = min(start + block_size, out.size)
        block = _Block(lanes, start, stop, m, n, reach)
        out[start:stop] = block.decided(missing)
        if held is not None:
            held[start:stop] = block.count < m
    ordered = lanes.in_time_order(out).view(np.uint8)
    if held is None or not (kept := lanes.in_time_order(held).view(np.bool_)).any():
        return ordered
    return _carried(ordered, kept)


class _Block:
    """The positions `start` to `stop` of the lanes, for one M of N."""

    def __init__(self, lanes: Lanes, start: int, stop: int, m: int, n: int, reach: int) -> None:
        self.lanes, self.start, self.stop = lanes, start, stop
        self.m, self.n, self.reach = m, n, reach
        self.count = self._before(0) - self._before(reach)
        """Datapoints in each evaluation range."""

    def _before(self, age: int) -> Counts:
        """Datapoints before the bin that is `age` periods old, the newest being 1, at each position."""
        return self.lanes.before[self.start - age + 1 : self.stop - age + 1]

    def decided(self, missing: MissingData) -> Levels:
        """The level at each position; of `ignore`, before the state is carried over."""
        levels = self._newest_decide()
        short = self.count < self.n
        if short.any():
            levels[short] = self._filled(missing, short)
        return levels

    def _newest_decide(self) -> Levels:
        """The M-th largest level of the newest N datapoints, wherever they are."""
        first, last = int(self.lanes.before[self.start]), int(self.lanes.before[self.stop])
        window = self.lanes.real[self.lanes.pad + first - self.n : self.lanes.pad + last]
        ranked = largest(window, self.m, width=self.n, top=self.lanes.top)
        if last - first == self.stop - self.start:
            return ranked[1:]
        return ranked.take(self._before(0) - first)

    def _filled(self, missing: MissingData, short: Mask) -> Levels:
        """The level where the range holds fewer than N datapoints, at those positions only."""
        if missing is MissingData.BREACHING:
            rank = self.reach - self.n + self.m
            return np.minimum(self._ranked(self.lanes.high, rank, short), np.uint8(self.lanes.top))
        enough = self._ranked(self.lanes.low, self.m, short)
        if missing is MissingData.NOT_BREACHING:
            return enough
        few = self.count[short] < self.m
        if missing is MissingData.MISSING:
            # Only where the oldest is M periods old. No datapoint at all is INSUFFICIENT_DATA, which is no ALARM.
            few &= (self._before(self.m - 1) > self._before(self.reach))[short]
        if not few.any():
            return enough
        return np.where(few, self._ranked(self.lanes.high, self.reach, short), enough)

    def _ranked(self, laid: Levels, rank: int, wanted: Mask) -> Levels:
        """The rank over the whole range at the `wanted` positions, looking only at bins that lie in their ranges.

        Those bins are put side by side; each wanted position keeps its whole range before it.
        """
        margin = np.zeros(self.reach - 1, np.bool_)
        ahead = np.concatenate((margin, wanted, margin)).view(np.uint8)
        looked_at = largest(ahead, 1, width=self.reach, top=MAX_LEVELS).view(np.bool_)
        side_by_side = laid[self.start - self.reach + 1 : self.stop][looked_at]
        places = np.flatnonzero(np.concatenate((margin, wanted))[looked_at])
        return largest(side_by_side, rank, width=self.reach, top=self.lanes.top)[places - self.reach + 1]


def _carried(levels: Levels, kept: Mask) -> Levels:
    """Where the state is kept, the level is the smaller of its own and the one before: a running minimum from the last
    decided one on. Only the runs of kept positions, each behind its decided one, are looked at.
    """
    extended = np.concatenate((np.zeros(1, np.uint8), levels))
    keep = np.concatenate((np.zeros(1, np.bool_), kept))
    leads = ~keep
    leads[:-1] &= keep[1:]
    leads[-1] = False
    places = np.flatnonzero(keep | leads)
    # Each run starts below all that came before it, so that one running minimum serves all runs.
    floor = np.cumsum(leads[places], dtype=np.int64) * 256
    extended[places] = np.minimum.accumulate(extended[places] - floor) + floor
    return extended[1:]


def largest(levels: Levels, rank: int, *, width: int, top: int) -> Levels:
    """Give the `rank`-th largest (1 is the largest) of each `width` neighbours; `width` - 1 shorter than `levels`."""
    from_above = min(rank, width - rank + 1)
    if from_above * from_above > _LISTS_PAY * top:
        return _counted(levels, rank, width, top)
    if from_above < rank:
        return ~_selected(~levels, from_above, width)
    return _selected(levels, rank, width)


def _selected(levels: Levels, rank: int, width: int) -> Levels:
    """Keep sorted lists of the `rank` largest of 1, 2, 4, … neighbours, and join those that make up `width`."""
    joined: list[Levels] = []
    joined_width, block, block_width = 0, [levels], 1
    while True:
        if width & block_width:
            joined_width += block_width
            needed = 1 if joined_width < width else rank
            joined = _joined(joined, block, shift=joined_width - block_width, ranks=range(needed, rank + 1))
        if joined_width == width:
            return joined[-1]
        block = _joined(block, block, shift=block_width, ranks=range(1, rank + 1))
        block_width *= 2


def _joined(older: list[Levels], newer: list[Levels], *, shift: int, ranks: range) -> list[Levels]:
    """The largest of two lists of sorted arrays, the second `shift` positions on; ranks that there are, ascending."""
    if not older:
        return newer[ranks[0] - 1 :]
    size = newer[0].size - shift
    first, second = [array[:size] for array in older], [array[shift:] for array in newer]
    return [_ranked_of_both(first, second, rank) for rank in ranks if rank <= len(first) + len(second)]


def _ranked_of_both(first: list[Levels], second: list[Levels], rank: int) -> Levels:
    """The r-th largest of two lists is the best, over the ways to split r between them, of the worse part's last."""
    splits = range(max(0, rank - len(second)), min(rank, len(first)) + 1)
    return reduce(np.maximum, [_worse(first[:taken], second[: rank - taken]) for taken in splits])


def _worse(first: list[Levels], second: list[Levels]) -> Levels:
    return np.minimum(first[-1], second[-1]) if first and second else (first or second)[-1]


def _counted(levels: Levels, rank: int, width: int, top: int) -> Levels:
    """The same for long windows and middling ranks: count the breaching ones threshold by threshold."""
    small = np.uint8 if width <= np.iinfo(np.uint8).max else np.uint16
    out = np.zeros(levels.size - width + 1, np.uint8)
    for level in range(top):
        out += _sums((levels > level).astype(small), width) >= rank
    return out


def _sums(block: npt.NDArray[np.uint8 | np.uint16], width: int) -> npt.NDArray[np.uint8 | np.uint16]:
    """Sums of `width` neighbours, put together of sums of 1, 2, 4, …"""
    joined, joined_width, block_width = block[:0], 0, 1
    while True:
        if width & block_width:
            size = block.size - joined_width
            joined = joined[:size] + block[joined_width:] if joined_width else block
            joined_width += block_width
        if joined_width == width:
            return joined
        block = block[:-block_width] + block[block_width:]
        block_width *= 2


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What happened at each threshold, the easiest to breach first."""

    entries: Counts
    """How often ALARM was entered."""
    instants: Counts
    """After how many evaluations the state was ALARM."""


def tally(levels: Levels, stretches: Iterable[tuple[int, int]], *, top: int) -> Tally:
    """Count what happened at the positions of `stretches`, each half-open; before position 0 nothing was in ALARM."""
    moves = np.zeros((top + 1) ** 2, np.int64)
    for start, stop in stretches:
        for low in range(start, stop, BLOCK):
            moves += _moves(levels, low, min(low + BLOCK, stop), top)
    square = moves.reshape(top + 1, top + 1)
    now = square.sum(axis=0)
    # Entered at threshold k: the level was at most k and is above it.
    upward = np.triu(square, 1)
    entries = np.cumsum(upward.sum(axis=1) - upward.sum(axis=0))[:-1]
    return Tally(entries, np.cumsum(now[::-1])[::-1][1:])


def _moves(levels: Levels, start: int, stop: int, top: int) -> Counts:
    """How often each level followed each: a flat square of (before, after)."""
    after = levels[start:stop]
    before = levels[start - 1 : stop - 1] if start else np.concatenate((np.zeros(1, np.uint8), levels[: stop - 1]))
    pairs = before.astype(np.uint16) * np.uint16(top + 1) + after
    return np.bincount(pairs, minlength=(top + 1) ** 2)


def first_entries(levels: Levels, start: int, stop: int, *, top: int) -> Counts:
    """Give the first position in [start, stop) at which each threshold entered ALARM; -1 where none did."""
    found = np.full(top, -1, np.int64)
    for low in reversed(range(start, stop, BLOCK)):
        after = levels[low : min(low + BLOCK, stop)].astype(np.int64)
        before = np.concatenate(([int(levels[low - 1]) if low else 0], after[:-1]))
        rises = np.flatnonzero(after > before)
        # Each rise enters ALARM at every threshold between its two levels.
        heights = (after - before)[rises]
        entered = np.repeat(before[rises] - np.cumsum(heights) + heights, heights) + np.arange(heights.sum())
        # Written from the last to the first, so that the first is what stays.
        found[entered[::-1]] = low + np.repeat(rises, heights)[::-1]
    return found
