"""A metric filter held against real lines before it exists: which match, by us and by AWS, and which metrics they make.

Pure. AWS is asked by `collectors.logs.metric_filters.judge`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from collectors.logs.metric_filters import LONGEST_MESSAGE, MOST_MESSAGES, Judged, MetricFilter
from collectors.logs.question import LogBucket
from core.filter_pattern import FilterPattern
from core.filter_pattern.values import number_in
from core.log_lines import LogLine
from core.series import MetricId, Series
from core.timespan import Timespan

MINUTE: Final = 60
"""Seconds of a datapoint: metric filters report by the minute."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One line, as we see it."""

    line: LogLine
    matches: bool
    value: str | None
    """What would be the datapoint's value; None where the line has none, or does not match."""
    dimensions: tuple[tuple[str, str], ...] | None
    """Name and value of each; None where one is missing in the line."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics that the matching lines make."""

    found: tuple[MetricId, ...]
    """Each once, in the order in which the lines come."""
    late: int
    """How many of them came first in the second half of the lines: many of them means that more will come."""
    lines: int
    """Matching lines that were counted."""


def tried(definition: MetricFilter, pattern: FilterPattern, lines: Sequence[LogLine]) -> tuple[Tried, ...]:
    """Hold a filter against lines."""
    return tuple(_tried(definition, pattern, line) for line in lines)


def _tried(definition: MetricFilter, pattern: FilterPattern, line: LogLine) -> Tried:
    if not pattern.matches(line.message):
        return Tried(line, matches=False, value=None, dimensions=None)
    number = number_in(definition.value)
    value = definition.value if number is not None else pattern.value(line.message, definition.value)
    if value is not None and number_in(value) is None:
        value = None  # CloudWatch publishes numbers only
    found = [(name, pattern.value(line.message, selector)) for name, selector in definition.dimensions]
    dimensions = tuple((name, text) for name, text in found if text is not None)
    whole = len(dimensions) == len(found)
    return Tried(line, matches=True, value=value, dimensions=dimensions if whole else None)


def metrics(definition: MetricFilter, lines: Sequence[Tried]) -> Metrics:
    """Count the metrics that lines make, oldest first; a filter without dimensions makes one, whatever comes.

    A line that lacks a dimension counts as one of a metric without dimensions: the price is then never too low.
    """
    matching = [each for each in lines if each.matches]
    plain = MetricId(definition.namespace, definition.metric)
    if not definition.dimensions:
        return Metrics((plain,), 0, len(matching))
    made = [
        MetricId(definition.namespace, definition.metric, tuple(sorted(each.dimensions or ()))) for each in matching
    ]
    early = dict.fromkeys(made[: len(made) // 2])
    found = dict.fromkeys(made)
    return Metrics(tuple(found), len(found) - len(early), len(matching))


def minutes(definition: MetricFilter, lines: Sequence[Tried], span: Timespan) -> Series:
    """Give what the filter's metric would have been, minute by minute: how many matched, or how large values were.

    A minute without a match has the default value, or is a gap: whether any line came then is not known here.
    Values of all dimensions are taken together.
    """
    counts = number_in(definition.value) is not None
    whole = span.aligned(MINUTE)
    first, last = int(whole.start.timestamp()), int(whole.end.timestamp())
    found: dict[int, list[float]] = {}
    for each in lines:
        number = None if each.value is None else number_in(each.value)
        at = each.line.milliseconds // 1_000 // MINUTE * MINUTE
        if number is not None and first <= at < last:
            found.setdefault(at, []).append(float(number))
    nothing = math.nan if definition.default is None else definition.default
    values = [_datapoint(found.get(at), nothing, counts=counts) for at in range(first, last, MINUTE)]
    statistic = "Sum" if counts else "Average"
    return _series(range(first, last, MINUTE), values, MINUTE, definition.unit, statistic, whole.end)


def _datapoint(values: Sequence[float] | None, nothing: float, *, counts: bool) -> float:
    if not values:
        return nothing
    return sum(values) if counts else sum(values) / len(values)


def counted(definition: MetricFilter, buckets: Sequence[LogBucket]) -> Series:
    """Give the same for a filter that counts, from counts of more lines than are held; a bar may be several minutes.

    Parts of the span that were not read whole are gaps.
    """
    whole = [bucket for bucket in buckets if bucket.whole]
    width = max(MINUTE, max((bucket.span.seconds for bucket in whole), default=MINUTE))
    each = number_in(definition.value) or 0
    sums: dict[int, float] = {}
    for bucket in whole:
        at = int(bucket.span.start.timestamp()) // width * width
        sums[at] = sums.get(at, 0.0) + bucket.lines * each
    times = sorted(sums)
    end = whole[-1].span.end if whole else None
    return _series(times, [sums[at] for at in times], width, definition.unit, "Sum", end)


def _series(
    times: Iterable[int], values: Sequence[float], period: int, unit: str, label: str, end: datetime | None
) -> Series:
    at, found = np.array(list(times), dtype=np.int64), np.array(values, dtype=np.float64)
    known = np.isfinite(found)
    return Series(at[known], found[known], period, unit or None, label, end)


def asked(pattern: FilterPattern, lines: Sequence[LogLine]) -> tuple[str, ...]:
    """Choose the messages that AWS is asked about: of those that match and those that do not, newest first."""
    fit = (line for line in lines if 0 < len(line.message) <= LONGEST_MESSAGE)
    newest = dict.fromkeys(line.message for line in sorted(fit, key=lambda line: -line.milliseconds))
    matching = [message for message in newest if pattern.matches(message)]
    others = [message for message in newest if not pattern.matches(message)]
    some = matching[: max(MOST_MESSAGES // 2, MOST_MESSAGES - len(others))]
    return (*some, *others[: MOST_MESSAGES - len(some)])


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A line on which AWS and we differ."""

    message: str
    ours: bool
    aws: bool
    values: tuple[tuple[str, str, str], ...] = ()
    """Name, ours and AWS's of each value that was taken differently, where both find the line."""


def disagreements(pattern: FilterPattern, messages: Sequence[str], judged: Judged) -> tuple[Disagreement, ...]:
    """Compare our verdict on lines with AWS's."""
    found = []
    for message in messages:
        ours, theirs = pattern.matches(message), message in judged.matches
        values = _differing(pattern.extract(message), judged.matches[message]) if ours and theirs else ()
        if ours is not theirs or values:
            found.append(Disagreement(message, ours, theirs, values))
    return tuple(found)


def _differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Name what was taken differently; AWS leaves out what it does not take, and that is no difference."""
    return tuple(
        (name, ours[name], theirs[name]) for name in ours if name in theirs and not _same(ours[name], theirs[name])
    )


def _same(one: str, other: str) -> bool:
    return one == other or (number_in(one) is not None and number_in(one) == number_in(other))
