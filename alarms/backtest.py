"""What an alarm would have done over stored datapoints: a replay at its evaluation instants by the one evaluator.

A replay is not what a live alarm did: `Replay.limits` says in sentences what it could not know, and `alarms.agreement`
compares it with the recorded history where there is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from alarms.binning import FOLDS, Bins, bins
from alarms.composite import Rule, child_name, parse_rule, state_of
from alarms.decision import ALARM, STATES
from alarms.evaluation import evaluate
from alarms.kinds import Actions, CompositeAlarm, MetricAlarm, SingleMetric
from alarms.state import StateValue
from alarms.suppression import Change, Suppression, actions
from alarms.timeline import Timeline, evaluate_span
from alarms.window import EXTRA_PERIODS, evaluation_step
from core.series import Series
from core.timespan import Timespan

FLAP_WITHIN: Final = timedelta(minutes=15)
"""An ALARM this soon after the last one ended is a flap; ours."""
LATE_DATA: Final = (
    "A live alarm sees the data of its instant: datapoints that came late may have made it decide otherwise."
)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state, with AWS's sentence and document for it."""

    at: datetime
    old: StateValue
    new: StateValue
    reason: str
    reason_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """The actions that would have run on entering a state."""

    at: datetime
    state: StateValue
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What an alarm would have done over a span."""

    name: str
    span: Timespan
    timeline: Timeline
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    in_alarm: timedelta
    flaps: int
    """How often ALARM was entered within `FLAP_WITHIN` of having left it."""
    limits: tuple[str, ...]
    """What the replay could not know, one sentence each."""


def replay(
    alarm: MetricAlarm,
    series: Series,
    *,
    span: Timespan,
    initial: StateValue = StateValue.INSUFFICIENT_DATA,
    band: tuple[Series, Series] | None = None,
    extra: int = EXTRA_PERIODS,
    explained: int | None = None,
) -> Replay:
    """Replay a metric alarm over `span`.

    `series` holds the alarm's statistic in periods that do not overlap, the alarm's own or shorter ones that a sliding
    window is put together from; it may begin before the span. `initial` is the state before. Only the newest
    `explained` transitions get a reason, where that is given: reasons take most of the time of a replay that flaps.
    Raises ValueError for alarms that only AWS can evaluate, and for series that cannot tell (`alarms.binning.bins`).
    """
    if not alarm.evaluable.allowed:
        raise ValueError(f"{alarm.name} cannot be replayed: {alarm.evaluable.reason}")
    seen = bins(alarm, series, period=alarm.period, until=span.end + timedelta(seconds=1))
    known = ~np.isnan(seen.values)
    watched = Series((seen.ends - seen.period)[known], seen.values[known], seen.period)
    timeline = evaluate_span(
        alarm,
        watched.times,
        watched.values,
        span=span,
        initial=initial,
        step=seen.step,
        phase=int(seen.ends[0]) % seen.step if seen.ends.size else 0,
        band=None if band is None else (_at(band[0], watched), _at(band[1], watched)),
        extra=extra,
    )
    transitions = tuple(_transitions(alarm, watched, timeline, band, extra, explained))
    return _replay(alarm.name, alarm.actions, span, timeline, transitions, limits=_limits(alarm, series, seen, span))


def replay_composite(
    alarm: CompositeAlarm,
    children: Mapping[str, Timeline],
    *,
    span: Timespan,
    initial: StateValue = StateValue.INSUFFICIENT_DATA,
) -> Replay:
    """Replay a composite alarm over the time lines of the alarms in its rule, and of its suppressor, by name.

    It is evaluated whenever one of them is. Raises KeyError for a child that is not among them.
    """
    rule = parse_rule(alarm.rule)
    lines = {name: children[child_name(name)] for name in rule.children}
    instants = np.unique(np.concatenate([line.instants for line in lines.values()] or [np.empty(0, np.int64)]))
    low, high = np.searchsorted(instants, [span.start.timestamp(), span.end.timestamp()])
    instants = instants[low:high]
    codes = np.array([STATES.index(state) for state in _composite_states(rule, lines, instants)], np.int8)
    timeline = Timeline(instants, codes, initial)
    transitions = tuple(
        Transition(at, old, new, _composite_reason(lines, at), {}) for at, old, new in timeline.changes()
    )
    suppressor = None if alarm.suppressor is None else children[child_name(alarm.suppressor)]
    ran = _suppressed(alarm, suppressor, transitions, initial) if suppressor is not None else None
    return _replay(alarm.name, alarm.actions, span, timeline, transitions, ran=ran, limits=(LATE_DATA,))


def _replay(
    name: str,
    given: Actions,
    span: Timespan,
    timeline: Timeline,
    transitions: tuple[Transition, ...],
    *,
    limits: tuple[str, ...],
    ran: Sequence[tuple[datetime, StateValue]] | None = None,
) -> Replay:
    entered = [(change.at, change.new) for change in transitions] if ran is None else ran
    arns = {
        StateValue.OK: given.ok,
        StateValue.ALARM: given.alarm,
        StateValue.INSUFFICIENT_DATA: given.insufficient_data,
    }
    notifications = tuple(
        Notification(at, state, arns[state]) for at, state in entered if given.enabled and arns[state] and at in span
    )
    return Replay(
        name, span, timeline, transitions, notifications, _in_alarm(timeline, span), _flaps(transitions), limits
    )


def _transitions(
    alarm: MetricAlarm,
    watched: Series,
    timeline: Timeline,
    band: tuple[Series, Series] | None,
    extra: int,
    explained: int | None,
) -> Iterator[Transition]:
    changes = list(timeline.changes())
    silent = 0 if explained is None else max(0, len(changes) - explained)
    for at, old, new in changes[:silent]:
        yield Transition(at, old, new, "", {})
    for at, old, new in changes[silent:]:
        found = evaluate(alarm, watched, at=at, previous=old, band=band, extra=extra)
        yield Transition(at, old, new, found.reason, found.reason_data)


def _at(series: Series, like: Series) -> Any:
    """The values of `series` at the times of another, NaN where it has none."""
    place = np.searchsorted(series.times, like.times)
    found = np.full(like.times.size, np.nan)
    inside = place < len(series)
    same = np.zeros(like.times.size, np.bool_)
    same[inside] = series.times[place[inside]] == like.times[inside]
    found[same] = series.values[place[same]]
    return found


def _in_alarm(timeline: Timeline, span: Timespan) -> timedelta:
    """How long the state was ALARM: each state lasts until the next evaluation, the last one to the end of the span."""
    ends = np.append(timeline.instants[1:], int(span.end.timestamp()))
    return timedelta(seconds=int((ends - timeline.instants)[timeline.codes == ALARM].sum()))


def _flaps(transitions: Sequence[Transition]) -> int:
    entered = [change.at for change in transitions if change.new is StateValue.ALARM]
    left = [change.at for change in transitions if change.old is StateValue.ALARM]
    # Both ascend, so the last one that ended before is the nearest.
    ended = (bisect_right(left, at) for at in entered)
    return sum(1 for at, place in zip(entered, ended, strict=True) if place and at - left[place - 1] <= FLAP_WITHIN)


def _limits(alarm: MetricAlarm, series: Series, seen: Bins, span: Timespan) -> tuple[str, ...]:
    limits = []
    if seen.step > evaluation_step(alarm):
        limits.append(
            f"Datapoints are kept every {series.period} s; what the alarm saw in its evaluations between them, every "
            f"{evaluation_step(alarm)} s, is not known."
        )
    statistic = alarm.source.statistic if isinstance(alarm.source, SingleMetric) else None
    if seen.period != series.period and statistic is not None and statistic.measure not in FOLDS:
        limits.append(
            f"Averages over {seen.period} s are means of averages over {series.period} s: exact where each of these "
            "had equally many samples."
        )
    if alarm.low_samples == "ignore":
        limits.append("How many samples a period had is not kept, so periods with few samples were evaluated too.")
    if alarm.warm_up is not None:
        limits.append("The warm-up after a change of the alarm is not replayed.")
    if series.settled_until is not None and series.settled_until < span.end:
        limits.append(f"Datapoints from {series.settled_until:%Y-%m-%d %H:%M} UTC on may still change.")
    return (*limits, LATE_DATA)


def _composite_states(rule: Rule, lines: Mapping[str, Timeline], instants: Any) -> Iterator[StateValue]:
    """The state at each instant; asked again only when a child changed."""
    columns = {name: _codes_at(line, instants) for name, line in lines.items()}
    table = np.vstack(list(columns.values())) if columns else np.zeros((0, instants.size), np.int8)
    last, state = None, StateValue.OK
    for place in range(instants.size):
        codes = tuple(table[:, place].tolist())
        if codes != last:
            last = codes
            state = state_of(rule, {name: STATES[code] for name, code in zip(columns, codes, strict=True)})
        yield state


def _codes_at(line: Timeline, instants: Any) -> Any:
    """The code of a time line at other instants: of its last evaluation then."""
    codes = np.concatenate(([STATES.index(line.initial)], line.codes)).astype(np.int8)
    return codes[np.searchsorted(line.instants, instants, side="right")]


def _composite_reason(lines: Mapping[str, Timeline], at: datetime) -> str:
    """Which child moved at this instant, in AWS's words."""
    for name, line in lines.items():
        for changed_at, _, new in line.changes():
            if changed_at == at:
                return f"{name} transitioned to {new} at {at:%A %d %B, %Y %H:%M:%S} UTC"
    return "The alarm rule was evaluated for the first time"


def _suppressed(
    alarm: CompositeAlarm, suppressor: Timeline, transitions: Sequence[Transition], initial: StateValue
) -> list[tuple[datetime, StateValue]]:
    own = [Change(change.at, change.new) for change in transitions]
    held = [Change(at, new, of_suppressor=True) for at, _, new in suppressor.changes()]
    start = Suppression.of(alarm, state=initial, suppressor=suppressor.initial)
    return list(actions(start, sorted([*held, *own], key=lambda change: change.at)))
