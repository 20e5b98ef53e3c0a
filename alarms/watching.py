"""The series that an alarm watches, out of the series of its metrics: math done, band learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from alarms.evaluation import Band
from alarms.kinds import MetricAlarm, MetricMath
from core.metric_math import MathError, evaluate
from core.series import Series
from core.timespan import Timespan

LEARNT_FROM: Final = timedelta(days=15)
"""How much history a band wants: what CloudWatch keeps in minutes, and two weeks of hours of the week."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What `alarms.evaluation.evaluate` takes."""

    series: Series
    band: Band | None = None


def watched(
    alarm: MetricAlarm,
    inputs: Mapping[str, Series],
    *,
    span: Timespan,
    history: Mapping[str, Series] | None = None,
) -> Watched:
    """Give what an alarm compares, over `span`; and, for comparisons with a band, the band there.

    `inputs` are the series of the alarm's metrics by query id (of a single metric, by any name), `history` longer ones
    of the same, ideally `LEARNT_FROM`, from which the band is learnt. Raises MathError, and ValueError for an alarm
    that only AWS can evaluate.
    """
    if not alarm.evaluable.allowed:
        raise ValueError(f"{alarm.name} is not evaluated here: {alarm.evaluable.reason}")
    if not isinstance(alarm.source, MetricMath):
        return Watched(next(iter(inputs.values()), Series.empty(alarm.period)))
    found = evaluate(alarm.source.queries, inputs, span=span, history=history)
    series = _only(found, None if alarm.watched is None else alarm.watched.id, alarm.period)
    bounds = found.get(alarm.threshold_metric_id or "", ())
    if len(bounds) != 2:
        return Watched(series)
    upper, lower = bounds
    return Watched(series, (lower, upper))


def _only(found: Mapping[str, tuple[Series, ...]], name: str | None, period: int) -> Series:
    """The one series of the watched entry."""
    several = found.get(name or "", ())
    if len(several) > 1:
        raise MathError(f"the expression gives {len(several)} series; an alarm watches one", query=name)
    return several[0] if several else Series.empty(period)
