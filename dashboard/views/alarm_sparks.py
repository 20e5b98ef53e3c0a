"""The newest values of the metrics that listed alarms watch: one short read an alarm, through what everybody shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.definition import Alarm, MetricAlarm
from alarms.watching import watched
from collectors.query import MetricQuery
from core.metric_math import MathError
from core.reading import Fault, Scope
from core.series import Series
from core.timespan import Timespan
from dashboard.views.evidence import queries_of
from dashboard.views.explorer import tag_of
from dashboard.views.panels import grid
from dashboard.views.sources import Sources

RECENT: Final = timedelta(hours=3)
"""How much a row shows; ours."""
MOST: Final = 40
"""Rows that get their line: what a viewer sees without scrolling far; ours."""
POINTS: Final = 36


@dataclass(frozen=True, slots=True)
class Sparks:
    """The newest values by the alarm's name, oldest first; an alarm without datapoints is not in it."""

    lines: Mapping[str, tuple[float, ...]]
    """Values, without gaps."""
    faults: tuple[Fault, ...] = ()
    """Why some are missing."""


def needs(alarms: Sequence[Alarm], scope: Scope, *, now: datetime) -> dict[str, dict[str, MetricQuery]]:
    """Give what must be read for each alarm, by name and by the id in its expression; none where AWS only can read."""
    found = {}
    for alarm in alarms[:MOST]:
        if isinstance(alarm, MetricAlarm) and alarm.evaluable.allowed:
            span = grid(scope, Timespan.last(RECENT, now=now), now=now, period=max(alarm.period, 60)).span
            found[alarm.name] = dict(queries_of(alarm, scope, span))
    return found


def read(sources: Sources, alarms: Sequence[Alarm], scope: Scope, *, now: datetime) -> Sparks:
    """Read the newest values; where that would cost money nothing is read."""
    wanted = needs(alarms, scope, now=now)
    queries = tuple(dict.fromkeys(query for each in wanted.values() for query in each.values()))
    if not queries or not tag_of(sources.plan(queries, now=now)).free:
        return Sparks({})
    reading = sources.metrics(queries, now=now)
    lines = {}
    for alarm in alarms:
        if alarm.name in wanted and isinstance(alarm, MetricAlarm):
            values = _values(alarm, wanted[alarm.name], reading.value, now=now)
            if values:
                lines[alarm.name] = values
    return Sparks(lines, reading.faults)


def _values(
    alarm: MetricAlarm, wanted: Mapping[str, MetricQuery], found: Mapping[MetricQuery, Series], *, now: datetime
) -> tuple[float, ...]:
    inputs = {name: found[query] for name, query in wanted.items() if query in found}
    if len(inputs) < len(wanted):
        return ()
    try:
        series = watched(alarm, inputs, span=Timespan.last(RECENT, now=now)).series
    except (MathError, ValueError):
        return ()
    values = series.values[np.isfinite(series.values)]
    step = -(-values.size // POINTS) or 1
    return tuple(float(np.mean(values[start : start + step])) for start in range(0, values.size, step))
