"""Which resources have the alarms that are worth having, which lack them, and what would fill each gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from alarms.backtest import Replay, replay
from alarms.doctor.data import reports_on_events
from alarms.doctor.evidence import Directory, Neighbours, actions_of, children_of, history_span, is_scaling
from alarms.kinds import Actions, Alarm, Comparison, CompositeAlarm, MetricAlarm, SingleMetric
from alarms.pricing import AlarmPrice, price_of
from alarms.recommendations import Recommendation, recommendations
from alarms.tuning import candidates, sweep
from core.reading import Unknown
from core.series import MetricId, Series
from core.statistics import Statistic
from core.timespan import Timespan

ENOUGH: Final = 100
"""Datapoints from which on a threshold can be taken from history; ours."""
HEADROOM: Final = 0.1
"""A threshold from history lies this share of the observed spread beyond the tightest quiet one; ours."""
LONGEST_NAME: Final = 255
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, AlarmName"""
_ALIKE: Final = frozenset({"AWS/ApplicationELB", "AWS/DynamoDB", "AWS/Lambda", "AWS/SNS"})
"""Namespaces in which things of the same dimensions have the same metrics, reported or not yet."""
_ABOVE: Final = {Comparison.GREATER, Comparison.GREATER_OR_EQUAL, Comparison.ABOVE_BAND, Comparison.OUTSIDE_BAND}
_BELOW: Final = {Comparison.LESS, Comparison.LESS_OR_EQUAL, Comparison.BELOW_BAND, Comparison.OUTSIDE_BAND}


class State(StrEnum):
    """How a resource stands with a recommended alarm."""

    COVERED = "covered"
    SILENT = "silent"
    """There is an alarm, but it calls nobody."""
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Cover:
    """An alarm that watches what is recommended."""

    alarm: str
    heard_through: tuple[str, ...]
    """Names of the alarms whose actions call people: its own, or composites that look at it."""
    in_expression: bool = False
    """It watches the metric inside metric math, whatever its condition."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One recommended alarm on one resource."""

    recommendation: Recommendation
    metric: MetricId
    """What the alarm would watch."""
    covers: tuple[Cover, ...]

    @property
    def state(self) -> State:
        if not self.covers:
            return State.GAP
        return State.COVERED if any(cover.heard_through for cover in self.covers) else State.SILENT

    @property
    def resource(self) -> str:
        """The values of the dimensions; foreign text."""
        return ", ".join(value for _, value in self.metric.dimensions)

    @property
    def key(self) -> str:
        """A name for the cell that stays the same."""
        return f"{self.recommendation.statistic} {self.metric}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would fill a gap."""

    cell: Cell
    alarm: MetricAlarm | None
    """None where no threshold can be proposed."""
    threshold_from: str
    """How the threshold was found, or why there is none; a sentence."""
    would_have: str
    """What the alarm would have done lately; a sentence."""
    price: AlarmPrice | None


def cells(
    directory: Directory, neighbours: Neighbours, *, leave_out: Collection[tuple[str, str]] = ()
) -> tuple[Cell, ...]:
    """Give every recommended alarm on every resource that reports, in the table's order.

    `leave_out` are dimensions, (name, value), of things that come and go, or are gone: instances of a group, for one.
    """
    covers = _covers(neighbours)
    things = _things(directory)
    return tuple(
        Cell(each, metric, tuple(_fitting(covers.get(metric, ()), each)))
        for each in recommendations()
        for metric in _targets(each, directory, things)
        if not any(pair in leave_out for pair in metric.dimensions)
    )


def propose(
    cell: Cell, history: Series | Unknown, *, topic: str | None, others: Sequence[Alarm], at: datetime
) -> Proposal:
    """Give the alarm that would fill a gap, replayed over `history` and priced beside the `others`.

    `topic` is what it would notify. `history` has the recommended statistic in the recommended period.
    """
    threshold, sentence = _threshold(cell, history, at)
    if threshold is None:
        return Proposal(cell, None, sentence, "", None)
    alarm = alarm_for(cell, threshold, topic=topic, taken=[other.name for other in others])
    return Proposal(cell, alarm, sentence, _would_have(alarm, history, at), price_of(alarm, others=others))


def alarm_for(cell: Cell, threshold: float, *, topic: str | None = None, taken: Collection[str] = ()) -> MetricAlarm:
    """Give the recommended alarm on a resource, under a name that none of `taken` has."""
    each = cell.recommendation
    return MetricAlarm(
        name=_name(cell, taken),
        source=SingleMetric(cell.metric, Statistic.parse(each.statistic), each.period),
        evaluation_periods=each.n,
        datapoints_to_alarm=None if each.m == each.n else each.m,
        threshold=threshold,
        comparison=each.comparison,
        treat_missing_data=each.missing_data,
        description=f"Tells that {each.why}. Recommended by {'AWS' if each.by_aws else 'Watchkeeper'}.",
        actions=Actions(alarm=() if topic is None else (topic,)),
    )


# -- what there is ------------------------------------------------------------------------------------------------

_Things = Mapping[tuple[str, tuple[str, ...]], tuple[tuple[tuple[str, str], ...], ...]]
"""(namespace, dimension names) → the dimensions that report anything there."""


def _things(directory: Directory) -> _Things:
    found: defaultdict[tuple[str, tuple[str, ...]], dict[tuple[tuple[str, str], ...], None]] = defaultdict(dict)
    for metric in sorted(directory.metrics):
        if metric.namespace in _ALIKE:
            found[metric.namespace, _names(metric)][metric.dimensions] = None
    return {key: tuple(each) for key, each in found.items()}


def _targets(each: Recommendation, directory: Directory, things: _Things) -> Iterator[MetricId]:
    """The metrics on which the alarm is recommended: those that report, and of alike things those that may."""
    wanted = MetricId(each.namespace, each.metric)
    if each.namespace in _ALIKE and reports_on_events(wanted):
        metrics: Iterable[MetricId] = (
            MetricId(each.namespace, each.metric, thing) for thing in things.get((each.namespace, each.names), ())
        )
    else:
        metrics = directory.named_as(wanted)
    fixed = {(name, value) for name, value in each.dimensions if value is not None}
    return (metric for metric in metrics if _names(metric) == each.names and fixed <= set(metric.dimensions))


def _names(metric: MetricId) -> tuple[str, ...]:
    return tuple(name for name, _ in metric.dimensions)


# -- who watches it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Watch:
    alarm: MetricAlarm
    cover: Cover


def _covers(neighbours: Neighbours) -> Mapping[MetricId, Sequence[_Watch]]:
    heard = _heard(neighbours)
    found: defaultdict[MetricId, list[_Watch]] = defaultdict(list)
    for alarm in neighbours.alarms:
        if isinstance(alarm, MetricAlarm):
            cover = Cover(alarm.name, heard[alarm.name], in_expression=not isinstance(alarm.source, SingleMetric))
            for metric in dict.fromkeys(alarm.metrics):
                found[metric].append(_Watch(alarm, cover))
    return found


def _fitting(watches: Iterable[_Watch], each: Recommendation) -> Iterator[Cover]:
    """Of an expression nobody can say what it compares; a plain alarm looks the same way as the recommended one."""
    wanted = _ABOVE if each.upwards else _BELOW
    return (watch.cover for watch in watches if watch.cover.in_expression or watch.alarm.comparison in wanted)


def _heard(neighbours: Neighbours) -> Mapping[str, tuple[str, ...]]:
    """By alarm, the alarms whose actions call people when it fires: itself, or composites above it."""
    parents: defaultdict[str, list[str]] = defaultdict(list)
    for alarm in neighbours.alarms:
        if isinstance(alarm, CompositeAlarm):
            for child in children_of(alarm):
                parents[child].append(alarm.name)
    calling = {alarm.name for alarm in neighbours.alarms if _calls(alarm)}
    return {name: tuple(sorted(_above(name, parents) & calling)) for name in neighbours.names}


def _calls(alarm: Alarm) -> bool:
    actions = actions_of(alarm)
    return actions is not None and actions.enabled and any(not is_scaling(arn) for arn in actions.alarm)


def _above(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The alarm and every composite above it; rules that go in a circle end it too."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += parents.get(current, ())
    return found


# -- what would fill a gap ----------------------------------------------------------------------------------------


def _threshold(cell: Cell, history: Series | Unknown, at: datetime) -> tuple[float | None, str]:
    each = cell.recommendation
    if each.threshold is not None:
        return each.threshold, f"{each.threshold:g} is recommended by {'AWS' if each.by_aws else 'Watchkeeper'}."
    if isinstance(history, Unknown):
        return None, f"The threshold would come from history, which is not known: {history.why}."
    known = history.values[np.isfinite(history.values)]
    if not known.size and reports_on_events(cell.metric):
        return 0.0, f"In {_days(history_span(alarm_for(cell, 0.0), at=at))} it never happened, so once is news."
    if known.size < ENOUGH and not reports_on_events(cell.metric):
        return None, f"The threshold would come from history, which has {known.size} datapoints; {ENOUGH} are needed."
    return _from_history(cell, history, at)


def _from_history(cell: Cell, history: Series, at: datetime) -> tuple[float | None, str]:
    """The tightest threshold that would not have fired, and a little room."""
    each = cell.recommendation
    known = history.values[np.isfinite(history.values)]
    low, high = float(known.min()), float(known.max())
    draft = alarm_for(cell, high if each.upwards else low)
    span = history_span(draft, at=at)
    swept = sweep(draft, history, thresholds=candidates(history), span=span)
    quiet = [setting.threshold for setting in swept.settings() if swept.outcome(setting).pages == 0]
    tightest = (min if each.upwards else max)(quiet, default=high if each.upwards else low)
    room = HEADROOM * (high - low)
    threshold = _rounded(tightest + room if each.upwards else tightest - room, up=each.upwards)
    if not each.upwards and low >= 0 and threshold <= 0:
        return None, f"No threshold follows from history: in {_days(span)} it went down to {low:g} for long."
    ranged = f"between {low:.4g} and {high:.4g}" if low < high else f"always {low:.4g}"
    return threshold, (
        f"In {_days(span)} it was {ranged}; the tightest threshold that would not have fired "
        f"is {tightest:.4g}, and a tenth of the spread is left as room. It should express {each.choose}."
    )


def _rounded(value: float, *, up: bool) -> float:
    """To two digits, to the quiet side."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(f"{(np.ceil if up else np.floor)(value / step) * step:.6g}")


def _would_have(alarm: MetricAlarm, history: Series | Unknown, at: datetime) -> str:
    if isinstance(history, Unknown):
        return f"What it would have done is not known: {history.why}."
    span = history_span(alarm, at=at)
    try:
        found = replay(alarm, history, span=span)
    except ValueError as error:
        return f"What it would have done is not known: {error}."
    pages = _pages(found)
    if not pages:
        return f"It would not have fired in {_days(span)}."
    minutes = found.in_alarm // timedelta(minutes=1)
    return f"It would have fired {pages} time{'s' if pages > 1 else ''} in {_days(span)}, {minutes} minutes in all."


def _pages(found: Replay) -> int:
    return sum(change.new == "ALARM" for change in found.transitions)


def _days(span: Timespan) -> str:
    days = round(span.duration / timedelta(days=1))
    return f"the last {days} days" if days > 1 else f"the last {round(span.duration / timedelta(hours=1))} hours"


def _name(cell: Cell, taken: Collection[str]) -> str:
    """A name that says what is watched, without control characters, and no other alarm has."""
    service = cell.metric.namespace.rpartition("/")[2]
    text = f"{service} {cell.metric.name} {cell.resource}"
    stem = "".join(letter for letter in text if letter.isprintable())[: LONGEST_NAME - 4]
    names = (stem if number == 1 else f"{stem} {number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
