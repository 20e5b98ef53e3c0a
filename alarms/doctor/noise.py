"""Alarms that tire people or cost for nothing: flappers, duplicates, orphans; and composites with lost children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from alarms.agreement import Recorded
from alarms.backtest import FLAP_WITHIN
from alarms.doctor.calming import calmer, replayed
from alarms.doctor.data import gone, missing_metrics
from alarms.doctor.evidence import Evidence, Live, children_of, history_span, is_scaling, without_name
from alarms.doctor.findings import Call, Code, Finding, Severity
from alarms.kinds import Alarm, CompositeAlarm, MetricAlarm
from alarms.pricing import price_of
from alarms.state import StateValue
from core.reading import Unknown
from core.timespan import Timespan

FLAPS_A_WEEK: Final = 3.0
"""So many flaps a week, and an alarm is one that people learn to ignore; ours."""
ABANDONED: Final = timedelta(days=7)
"""So long without data, and nobody is going to miss the alarm; ours."""


def findings(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    """Find what makes the alarm a burden."""
    yield from _lost_children(alarm, evidence)
    yield from _twin(alarm, evidence)
    if isinstance(alarm, MetricAlarm):
        if is_orphan(alarm, evidence):
            yield _orphan(alarm, evidence)
        yield from _flapping(alarm, evidence)


def is_orphan(alarm: MetricAlarm, evidence: Evidence) -> bool:
    """Tell whether what an alarm watches is gone, and has been for long."""
    live = evidence.live.get(alarm.name)
    if live is None or live.state is not StateValue.INSUFFICIENT_DATA or evidence.at - live.since < ABANDONED:
        return False
    lost = [metric for metric in missing_metrics(alarm, evidence) if gone(metric, evidence)]
    return bool(lost)


def bearable_flaps(span: Timespan) -> float:
    """Give how many flaps in `span` are too many."""
    return FLAPS_A_WEEK * max(1.0, span.duration / timedelta(weeks=1))


def flaps_of(changes: Sequence[Recorded]) -> int:
    """Count how often ALARM was entered within `FLAP_WITHIN` of having left it, as a replay counts."""
    flaps, left = 0, None
    for change in changes:
        if change.new is StateValue.ALARM:
            flaps += left is not None and change.at - left <= FLAP_WITHIN
        elif change.old is StateValue.ALARM:
            left = change.at
    return flaps


def _lost_children(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    if not isinstance(alarm, CompositeAlarm) or isinstance(evidence.neighbours, Unknown):
        return
    lost = [name for name in children_of(alarm) if name not in evidence.neighbours.names]
    if lost:
        yield Finding(
            alarm.name,
            Code.CHILD_GONE,
            Severity.BROKEN,
            f"Its rule names alarms that do not exist: {', '.join(lost)}.",
            "CloudWatch cannot evaluate the rule as it was meant.",
            "Take them out of the rule, or create them again.",
        )


def _twin(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    """All but the first of alarms that do the same."""
    if isinstance(evidence.neighbours, Unknown):
        return
    names = evidence.neighbours.twins.get(without_name(alarm), ())
    first = next((name for name in names if name != alarm.name), None)
    if first is None or (names and names[0] == alarm.name) or alarm.name in evidence.neighbours.children:
        return
    price = price_of(alarm, others=evidence.neighbours.alarms)
    yield Finding(
        alarm.name,
        Code.DUPLICATE,
        Severity.WASTE,
        f"It does the same as {first}: only name, description or tags differ.",
        f"Everybody is called twice. {price.sentence}",
        f"Delete it and keep {first}.",
        call=_removal(alarm),
    )


def _orphan(alarm: MetricAlarm, evidence: Evidence) -> Finding:
    live = evidence.live[alarm.name]
    lost = next(each for metric in missing_metrics(alarm, evidence) for each in gone(metric, evidence))
    others = () if isinstance(evidence.neighbours, Unknown) else evidence.neighbours.alarms
    price = price_of(alarm, others=others)
    return Finding(
        alarm.name,
        Code.ORPHAN,
        Severity.WASTE,
        f"It has had no data since {live.since:%d %b %Y}, and {lost} is not in the inventory any more.",
        f"It watches nothing. {price.sentence}",
        "Delete it.",
        call=_removal(alarm),
    )


def _removal(alarm: Alarm) -> Call:
    return Call("cloudwatch", "DeleteAlarms", {"AlarmNames": [alarm.name]})


def _flapping(alarm: MetricAlarm, evidence: Evidence) -> Iterator[Finding]:
    if alarm.actions.alarm and all(is_scaling(arn) for arn in alarm.actions.alarm):
        return  # it steers capacity and calls nobody
    live = evidence.live.get(alarm.name)
    counted = _recorded(live, evidence) if live is not None else _replayed(alarm, evidence)
    if counted is None:
        return
    flaps, span = counted
    if flaps < bearable_flaps(span):
        return
    history = evidence.history(alarm)
    looked_at = history_span(alarm, at=evidence.at)
    calm = (
        None
        if isinstance(history, Unknown)
        else calmer(alarm, history, span=looked_at, bearable=bearable_flaps(looked_at))
    )
    told = "came" if live is not None else "would have come"
    days = max(1, round(span.duration / timedelta(days=1)))
    yield Finding(
        alarm.name,
        Code.FLAPPING,
        Severity.WEAK,
        f"It {told} back to ALARM {flaps} times within {FLAP_WITHIN.seconds // 60} minutes of having left it, in "
        f"{days} day{'' if days == 1 else 's'}.",
        "People learn to ignore an alarm that comes and goes.",
        "Ask for more datapoints, or move the threshold; the tuning page shows what each would do."
        if calm is None
        else calm.sentence,
        None if calm is None else calm.alarm,
    )


def _recorded(live: Live, evidence: Evidence) -> tuple[int, Timespan] | None:
    """Flaps that AWS recorded since the alarm is as it is; None where that was not read, or is no time at all."""
    start = max(evidence.span.start, live.changed_at)
    if isinstance(live.changes, Unknown) or start >= evidence.at:
        return None
    return flaps_of([change for change in live.changes if change.at >= start]), Timespan(start, evidence.at)


def _replayed(alarm: MetricAlarm, evidence: Evidence) -> tuple[int, Timespan] | None:
    history = evidence.history(alarm)
    span = history_span(alarm, at=evidence.at)
    found = None if isinstance(history, Unknown) else replayed(alarm, history, span=span)
    return None if found is None else (found.flaps, span)
