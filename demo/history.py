"""Fifteen days that lead up to now: the same rules as live, from one change of capacity to the next.

Between two changes everything is computed at once; the one evaluator says when an alarm next asks for a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from alarms.decision import STATES
from alarms.evaluation import evaluate
from alarms.kinds import CompositeAlarm, MetricAlarm, MetricMath, SingleMetric
from alarms.scaling import Policy
from alarms.state import StateValue
from alarms.timeline import Timeline, evaluate_span
from core.series import Series, Times, Values
from core.statistics import Statistic
from core.timespan import Timespan, from_epoch
from demo.alarm_book import MINUTE_OFFSET, AlarmBook, Entry, Transition
from demo.autoscaler import InProgressError, pointless, run_for_alarm
from demo.fleet import Group, LaunchFailed
from demo.metric_queries import Reader
from demo.metric_store import MetricStore
from demo.noise import key
from demo.signals import Source, conditions, group_cpu
from demo.story import Story, Telling, effects

LENGTH: Final = timedelta(days=15)
"""What CloudWatch keeps of one-minute data."""
HORIZON: Final = timedelta(hours=6)
"""Computed at once when nothing changes."""
LOOKBACK: Final = 20 * 60
"""Seconds of data before a horizon that its first evaluations look at."""
OFFSET: Final = timedelta(seconds=MINUTE_OFFSET)


SAMPLE_COUNT: Final = Statistic.parse("SampleCount")


@dataclass(frozen=True, slots=True)
class Scaler:
    """One alarm that runs one policy, both of the same group, on the group's average CPU."""

    alarm: MetricAlarm
    arn: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Past:
    """An incident that happened: how long ago, and how strong."""

    story: Story
    ago: timedelta
    strength: float = 1.0


PASTS: Final = (
    Past(Story.TRAFFIC_SPIKE, timedelta(days=12, hours=3), 3.4),
    Past(Story.BAD_DEPLOY, timedelta(days=9, hours=14)),
    Past(Story.METRIC_OUTAGE, timedelta(days=7, hours=5)),
    Past(Story.TRAFFIC_SPIKE, timedelta(days=6, hours=1), 3.7),
    Past(Story.SLOW_LEAK, timedelta(days=5, hours=10)),
    Past(Story.INSTANCE_FAILURE, timedelta(days=3, hours=13)),
    Past(Story.COST_SURGE, timedelta(days=2, hours=3)),
    Past(Story.TRAFFIC_SPIKE, timedelta(days=1, hours=5), 3.2),
    Past(Story.INSTANCE_FAILURE, timedelta(hours=9)),
    Past(Story.TRAFFIC_SPIKE, timedelta(minutes=78), 3.3),
)
"""What the main site has been through; the last within the wall's first three hours."""

SHORTAGE: Final = (timedelta(days=6, hours=1, minutes=10), timedelta(days=6, minutes=40))
"""From how long ago until how long ago one zone had no instances to give, during a spike."""


def pasts(site: str, *, now: datetime) -> list[Telling]:
    return [Telling(past.story, now - past.ago, site, past.strength) for past in PASTS]


def paper_launch(seed: int, *, now: datetime) -> Any:
    """Give a launch that starts nothing: instances that are long gone need only an id."""

    def launch(group: Group, zone: str, subnet: str, at: datetime) -> str:  # noqa: ARG001 - the port's signature
        if zone == group.zones[-1][0] and now - SHORTAGE[0] <= at < now - SHORTAGE[1]:
            raise LaunchFailed(
                "We currently do not have sufficient t2.micro capacity in the Availability Zone you requested "
                f"({zone}). Our system will be working on provisioning additional capacity. "
                "Launching EC2 instance failed."
            )
        digits = f"{key(seed, group.arn, len(group.members)):016x}"
        return f"i-0{digits}"

    return launch


def rehearse(
    group: Group,
    source: Source,
    scalers: Sequence[Scaler],
    tellings: Sequence[Telling],
    *,
    start: datetime,
    end: datetime,
) -> None:
    """Let the group live from `start` to `end`."""
    failures = sorted(t.at for t in tellings if t.story is Story.INSTANCE_FAILURE)
    states = dict.fromkeys((scaler.alarm.name for scaler in scalers), StateValue.INSUFFICIENT_DATA)
    clock = start
    while clock < end:
        for failed in [at for at in failures if at <= clock]:
            failures.remove(failed)
            group.fail(min(group.alive(clock), key=lambda member: member.launched), at=clock)
        due = group.due()
        if due is not None and due <= clock:
            group.step(at=clock)
            continue
        until = min(filter(None, (clock + HORIZON, end, due, failures[0] if failures else None)))
        clock = _until_changed(group, source, scalers, tellings, states, Timespan(clock, until))


def _until_changed(
    group: Group,
    source: Source,
    scalers: Sequence[Scaler],
    tellings: Sequence[Telling],
    states: dict[str, StateValue],
    span: Timespan,
) -> datetime:
    """Run the policies that alarms ask for within `span`; give the instant of the first change, or its end."""
    first = -int(-(span.start - OFFSET).timestamp() // 60) * 60
    last = int((span.end - OFFSET).timestamp() // 60) * 60
    evaluated = Timespan(from_epoch(first), from_epoch(max(last, first) + 1))
    if last < first:
        return span.end
    times, values = _average_cpu(group, source, tellings, first - LOOKBACK, last)
    timelines = [
        evaluate_span(scaler.alarm, times, values, span=evaluated, initial=states[scaler.alarm.name])
        for scaler in scalers
    ]
    changed = _first_change(group, list(zip(scalers, timelines, strict=True)), times, values)
    for scaler, timeline in zip(scalers, timelines, strict=True):
        place = int(np.searchsorted(timeline.instants, last if changed is None else changed))
        states[scaler.alarm.name] = STATES[int(timeline.codes[place])]
    return span.end if changed is None else from_epoch(changed) + OFFSET + timedelta(seconds=1)


def _first_change(group: Group, found: Sequence[tuple[Scaler, Timeline]], times: Times, values: Values) -> int | None:
    """Run policies while their alarms are in ALARM, minute by minute, until one changes the capacity; give when."""
    alarming = sorted(
        (int(instant), number)
        for number, (_, timeline) in enumerate(found)
        for instant in timeline.instants[timeline.codes == STATES.index(StateValue.ALARM)]
    )
    for instant, number in alarming:
        scaler, value = found[number][0], float(values[int(np.searchsorted(times, instant - 60))])
        at = from_epoch(instant) + OFFSET
        if not pointless(scaler.policy, group, value) and _invoked(scaler, group, value, at=at):
            return instant
    return None


def _average_cpu(
    group: Group, source: Source, tellings: Sequence[Telling], start: int, end: int
) -> tuple[Times, Values]:
    times = np.arange(start, end, 60, dtype=np.int64)
    presences = group.presences(float(start), float(end))
    now = conditions(source, times, presences, effects(tellings, times))
    samples, counts = group_cpu(now, presences)
    there = counts.sum(axis=1)
    return times, np.where(there > 0, samples.sum(axis=1) / np.maximum(there, 1.0), np.nan)


def _invoked(scaler: Scaler, group: Group, value: float, *, at: datetime) -> bool:
    alarm = invoking_alarm(scaler.alarm.name, scaler.arn, StateValue.ALARM, at=at)
    try:
        return run_for_alarm(scaler.policy, group, alarm, at=at, value=value, threshold=scaler.alarm.threshold)
    except InProgressError:
        return False


def invoking_alarm(name: str, arn: str, state: StateValue, *, at: datetime) -> dict[str, Any]:
    """Give an alarm as activities name it in `InvokingAlarms`."""
    return {
        "AlarmArn": arn,
        "AlarmName": name,
        "NewStateValue": str(state),
        "Region": arn.split(":")[3],
        "StateChangeTime": int(at.timestamp() * 1000),
    }


def transitions(book: AlarmBook, store: MetricStore, *, start: datetime, end: datetime) -> Iterator[Transition]:
    """Give what the alarms of a book went through between two instants: metric alarms first, then composites."""
    changes: dict[str, list[tuple[datetime, StateValue]]] = {}
    for entry in book.entries():
        if isinstance(entry.definition, MetricAlarm) and entry.definition.evaluable.allowed:
            gone_through = list(_metric_transitions(entry, entry.definition, book, store, start=start, end=end))
            changes[entry.name] = [(transition.at, transition.new) for transition in gone_through]
            yield from gone_through
    for entry in book.entries():
        if isinstance(entry.definition, CompositeAlarm):
            yield from _composite_transitions(entry, book, changes)


def _metric_transitions(
    entry: Entry, alarm: MetricAlarm, book: AlarmBook, store: MetricStore, *, start: datetime, end: datetime
) -> Iterator[Transition]:
    series = _whole_series(alarm, store, start=start, end=end)
    counts = _sample_counts(alarm, store, series, end=end) if alarm.low_samples == "ignore" else None
    span = Timespan(start, end - OFFSET + timedelta(seconds=1))
    step = alarm.period if alarm.period > 60 else None
    timeline = evaluate_span(
        alarm,
        series.times,
        series.values,
        span=span,
        initial=StateValue.INSUFFICIENT_DATA,
        step=step,
        sample_counts=counts.values if counts else None,
    )
    before = None
    for instant, old, new in timeline.changes():
        at = instant + OFFSET
        found = evaluate(alarm, series, at=at, previous=old, sample_counts=counts)
        data = found.reason_data
        yield Transition(
            scope=book.scope,
            alarm=alarm,
            at=at,
            old=old,
            new=new,
            reason=found.reason,
            reason_data=data,
            actions=_actions(alarm, new),
            old_reason=before.reason if before else entry.reason,
            old_reason_data=before.reason_data if before else {},
        )
        before = found


def _sample_counts(alarm: MetricAlarm, store: MetricStore, series: Series, *, end: datetime) -> Series | None:
    """Give how many samples each datapoint of the series stands for, on the same times."""
    if not isinstance(alarm.source, SingleMetric) or not len(series):
        return None
    first, last = int(series.times[0]), int(end.timestamp()) // alarm.period * alarm.period
    return store.read(alarm.source.metric, SAMPLE_COUNT, start=first, end=last, period=alarm.period)


def _whole_series(alarm: MetricAlarm, store: MetricStore, *, start: datetime, end: datetime) -> Series:
    period = alarm.period
    first, last = int(start.timestamp()) // period * period, int(end.timestamp()) // period * period
    source = alarm.source
    if isinstance(source, SingleMetric):
        return store.read(source.metric, source.statistic, start=first, end=last, period=period, unit=source.unit)
    if isinstance(source, MetricMath) and alarm.watched is not None:
        found = Reader(store, start=first, end=last, now=last).answer(source.queries)
        return next(iter(found.get(alarm.watched.id, ())), Series.empty(period))
    return Series.empty(period)


def _composite_transitions(
    entry: Entry, book: AlarmBook, changes: Mapping[str, Sequence[tuple[datetime, StateValue]]]
) -> Iterator[Transition]:
    if entry.rule is None or not isinstance(entry.definition, CompositeAlarm):
        return
    states = dict.fromkeys(entry.children, StateValue.INSUFFICIENT_DATA)
    events = sorted((at, child, new) for child in entry.children for at, new in changes.get(child, ()))
    state = StateValue.INSUFFICIENT_DATA
    reason = entry.reason
    for at, child, new in events:
        states[child] = new
        now = StateValue.ALARM if entry.rule.holds(states) else StateValue.OK
        if now is state:
            continue
        arn = entry.arn.replace(entry.name, child)
        before, reason = reason, f"{arn} transitioned to {new} at {at:%A %d %B, %Y %H:%M:%S} UTC"
        transition = Transition(book.scope, entry.definition, at, state, now, reason, old_reason=before)
        yield replace(transition, actions=_actions(entry.definition, now))
        state = now


def _actions(alarm: MetricAlarm | CompositeAlarm, state: StateValue) -> tuple[str, ...]:
    by_state = {
        StateValue.OK: alarm.actions.ok,
        StateValue.ALARM: alarm.actions.alarm,
        StateValue.INSUFFICIENT_DATA: alarm.actions.insufficient_data,
    }
    return by_state[state] if alarm.actions.enabled else ()
