"""Can the alarm fire at all: its metric, its threshold, its window, and what it makes of missing data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.definition import DefinitionErrors, parse, to_request
from alarms.doctor.changing import with_metric, with_period
from alarms.doctor.evidence import Evidence, lost_dimensions
from alarms.doctor.findings import Code, Finding, Severity
from alarms.kinds import Alarm, Comparison, MetricAlarm, MetricMath, MissingData, SingleMetric
from alarms.pricing import price_of
from alarms.requirements import DAY, WEEK
from core.reading import Unknown
from core.series import MetricId, Series
from core.timespan import from_epoch

SILENCE: Final = timedelta(hours=3)
"""So long without data, and a metric that used to report has stopped; ours."""
ENOUGH: Final = 100
"""Datapoints from which on the observed range says something; ours."""
FAR: Final = 50.0
"""A threshold is out of reach when it lies so many times the observed size beyond what was observed; ours. It finds
seconds taken for milliseconds and shares for percents, and lets a threshold stand that was simply never needed."""
HEADROOM: Final = 0.25
"""A threshold proposed from history lies this share of the spread beyond what was observed; ours."""
REGULAR: Final = 0.8
"""Share of equal distances from which on a metric reports regularly; ours."""
SLOW_WINDOW: Final = 300
"""Seconds. With a window of so much and more, a period under a minute hardly pages sooner; ours."""

_EVENTS: Final = re.compile(r"HTTPCode_|Errors?(Count)?$|Throttl|Rejected|Fail(ed|ure)|Rejections|DeadLetter|Dropped")
_NO_EVENTS: Final = re.compile(r"^StatusCheckFailed")
_LOWEST: Final = {"Percent": 0.0, "Count": 0.0, "Bytes": 0.0, "Seconds": 0.0, "Milliseconds": 0.0}
_HIGHEST: Final = {"Percent": 100.0}
_UP: Final = {Comparison.GREATER, Comparison.GREATER_OR_EQUAL}
_DOWN: Final = {Comparison.LESS, Comparison.LESS_OR_EQUAL}


def findings(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    """Find why the alarm could not fire, or would mislead."""
    yield from _refused(alarm)
    if not isinstance(alarm, MetricAlarm):
        return
    yield from _unseen(alarm, evidence)
    history = evidence.history(alarm)
    if isinstance(history, Unknown):
        return
    yield from _unit(alarm, history)
    yield from _reach(alarm, history)
    yield from _hiding(alarm, history, evidence)
    yield from _resolution(alarm, history, evidence)


def reports_on_events(metric: MetricId) -> bool:
    """Tell whether a metric has datapoints only when something happens, so that silence is good news.

    >>> reports_on_events(MetricId("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"))
    True
    """
    return bool(_EVENTS.search(metric.name)) and not _NO_EVENTS.search(metric.name)


def missing_metrics(alarm: MetricAlarm, evidence: Evidence) -> tuple[MetricId, ...]:
    """Give the alarm's metrics that did not report in the last two weeks though they should; none where not known."""
    history = evidence.history(alarm)
    reported = isinstance(history, Series) and bool(len(history))
    directory = evidence.metrics
    if isinstance(directory, Unknown) or (reported and isinstance(alarm.source, SingleMetric)):
        return ()
    silent = (metric for metric in _own_metrics(alarm, evidence) if metric not in directory.metrics)
    return tuple(metric for metric in silent if not reports_on_events(metric) or gone(metric, evidence))


def _own_metrics(alarm: MetricAlarm, evidence: Evidence) -> tuple[MetricId, ...]:
    """The metrics that this account should have; of another account's the evidence says nothing."""
    if not isinstance(alarm.source, MetricMath):
        return alarm.metrics
    ours = (query for query in alarm.source.queries if query.account_id in {None, evidence.scope.account})
    return tuple(query.metric for query in ours if query.metric is not None)


def gone(metric: MetricId, evidence: Evidence) -> tuple[str, ...]:
    """Give the dimensions, as `name=value`, whose thing is not in the inventory any more; none where not known."""
    return () if isinstance(evidence.resources, Unknown) else lost_dimensions(metric, evidence.resources)


# -- what AWS refuses ---------------------------------------------------------------------------------------------


def _refused(alarm: Alarm) -> Iterator[Finding]:
    try:
        parse(to_request(alarm))
    except DefinitionErrors as error:
        sentence = "; ".join(f"{field or 'the alarm'}: {text}" for field, text in error.fields.items())
        yield Finding(
            alarm.name,
            Code.REFUSED,
            Severity.BROKEN,
            f"AWS would refuse it: {sentence}.",
            "It cannot be created or changed like this.",
            "Change what the sentence says.",
            _shortened(alarm) if set(error.fields) == {"EvaluationPeriods"} else None,
        )


def _shortened(alarm: Alarm) -> Alarm | None:
    """The alarm with the longest window that AWS takes, where its window was too long."""
    if not isinstance(alarm, MetricAlarm):
        return None
    most = (WEEK if alarm.period >= 3600 else DAY) // alarm.period
    if not 1 <= most < alarm.n:
        return None
    m = alarm.datapoints_to_alarm
    return replace(alarm, evaluation_periods=most, datapoints_to_alarm=None if m is None else min(m, most))


# -- is there a metric --------------------------------------------------------------------------------------------


def _unseen(alarm: MetricAlarm, evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.metrics, Unknown):
        return
    for metric in missing_metrics(alarm, evidence):
        alike = evidence.metrics.named_as(metric)
        yield _dimension_gone(alarm, metric, alike, evidence) if alike else _never_seen(alarm, metric, evidence)


def _never_seen(alarm: MetricAlarm, metric: MetricId, evidence: Evidence) -> Finding:
    lost = gone(metric, evidence)
    told = f" {lost[0]} is not in the inventory." if lost else ""
    return Finding(
        alarm.name,
        Code.NEVER_SEEN,
        Severity.BROKEN,
        f"No metric {metric.namespace} {metric.name} reported in {evidence.scope} in the last two weeks.{told}",
        "An alarm on a metric that does not exist never has data, so it never fires.",
        "Check the spelling (case counts), the region and whether the metric is switched on.",
    )


def _dimension_gone(alarm: MetricAlarm, metric: MetricId, alike: tuple[MetricId, ...], evidence: Evidence) -> Finding:
    names = [name for name, _ in metric.dimensions]
    same_names = [other for other in alike if [name for name, _ in other.dimensions] == names]
    lost = gone(metric, evidence)
    where = ", ".join(f"{name}={value}" for name, value in metric.dimensions) or "no dimension"
    told = f"{lost[0]} is not in the inventory any more" if lost else "the name is known with other dimensions"
    only = same_names[0] if len(same_names) == 1 else None
    fixed = None if only is None else with_metric(alarm, {metric: only})
    sentence = (
        f"Watch {only} instead, the only one of its kind that reports, or delete the alarm."
        if only is not None
        else f"Choose one of the {len(alike)} metrics of this name that report, or delete the alarm."
    )
    return Finding(
        alarm.name,
        Code.DIMENSION_GONE,
        Severity.BROKEN,
        f"{metric.namespace} {metric.name} with {where} did not report in the last two weeks; {told}.",
        "Without data the alarm never fires.",
        sentence,
        fixed,
    )


# -- what its values say ------------------------------------------------------------------------------------------


def _unit(alarm: MetricAlarm, history: Series) -> Iterator[Finding]:
    source = alarm.source
    if not isinstance(source, SingleMetric) or source.unit is None or history.unit is None or not len(history):
        return
    if source.unit != history.unit:
        yield Finding(
            alarm.name,
            Code.UNIT_MISMATCH,
            Severity.BROKEN,
            f"It asks for the unit {source.unit}, but the metric reports in {history.unit}.",
            "CloudWatch finds no datapoint of another unit, so the alarm never has data.",
            "Leave the unit out.",
            replace(alarm, source=replace(source, unit=None)),
        )


def _reach(alarm: MetricAlarm, history: Series) -> Iterator[Finding]:
    """A threshold beyond what the metric can be, or far beyond what it ever was."""
    values = history.values[np.isfinite(history.values)]
    if alarm.threshold is None or alarm.comparison not in (*_UP, *_DOWN) or values.size < ENOUGH:
        return
    low, high = float(values.min()), float(values.max())
    up = alarm.comparison in _UP
    impossible = _impossible(alarm, history.unit)
    spread = high - low
    beyond = alarm.threshold - high if up else low - alarm.threshold
    # A metric that never moved says nothing of how far it can go.
    if not impossible and (not spread or beyond <= FAR * max(spread, abs(low), abs(high))):
        return
    proposed = _rounded(high + HEADROOM * spread, up=True) if up else _rounded(low - HEADROOM * spread, up=False)
    bound = _HIGHEST.get(history.unit or "") if up else _LOWEST.get(history.unit or "")
    inside = bound is None or (proposed < bound if up else proposed > bound)
    ranged = f"from {low:.4g} to {high:.4g}" if low < high else f"always {low:.4g}"
    yield Finding(
        alarm.name,
        Code.UNREACHABLE,
        Severity.BROKEN if impossible else Severity.WEAK,
        f"The threshold is {alarm.threshold:g}, {impossible or 'far out of reach'}; observed were {values.size:,} "
        f"datapoints, {ranged}.",
        "It cannot fire on anything that the metric has ever done.",
        f"Take a threshold near what was observed, such as {proposed:g}." if inside else "Take one inside that range.",
        replace(alarm, threshold=proposed) if inside else None,
    )


def _impossible(alarm: MetricAlarm, unit: str | None) -> str:
    """Why no value could ever breach, or nothing."""
    statistic = str(alarm.source.statistic) if isinstance(alarm.source, SingleMetric) else ""
    if alarm.threshold is None or statistic in {"", "SampleCount"}:
        return ""
    top, bottom = _HIGHEST.get(unit or ""), _LOWEST.get(unit or "")
    if top is not None and statistic != "Sum" and alarm.comparison in _UP:
        over = alarm.threshold > top or (alarm.threshold == top and alarm.comparison is Comparison.GREATER)
        return f"more than {unit} can be" if over else ""
    if bottom is not None and alarm.comparison in _DOWN:
        under = alarm.threshold < bottom or (alarm.threshold == bottom and alarm.comparison is Comparison.LESS)
        return f"less than {unit} can be" if under else ""
    return ""


def _rounded(value: float, *, up: bool) -> float:
    """To two digits, away from what was observed."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(f"{(np.ceil if up else np.floor)(value / step) * step:.6g}")


def _hiding(alarm: MetricAlarm, history: Series, evidence: Evidence) -> Iterator[Finding]:
    """Missing data that count as good, on a metric that has stopped."""
    if alarm.missing_data is not MissingData.NOT_BREACHING or all(map(reports_on_events, alarm.metrics)):
        return
    newest = _newest(history)
    wait = max(SILENCE, timedelta(seconds=2 * history.period), timedelta(seconds=alarm.n * alarm.period))
    if newest is not None and evidence.at - newest <= wait:
        return
    since = "in all the time that was looked at" if newest is None else f"since {newest:%d %b %H:%M} UTC"
    yield Finding(
        alarm.name,
        Code.HIDES_DEAD_METRIC,
        Severity.BROKEN,
        f"There is no data {since}, and missing data count as not breaching.",
        "It stays OK while nothing is measured: whatever it watches may be down.",
        "Treat missing data as missing: silence shows as INSUFFICIENT_DATA. Or as breaching, to be called for it.",
        replace(alarm, treat_missing_data=MissingData.MISSING),
    )


def _newest(history: Series) -> datetime | None:
    """When the newest datapoint's period ended."""
    times = history.times[np.isfinite(history.values)]
    return from_epoch(int(times[-1]) + history.period) if times.size else None


def _resolution(alarm: MetricAlarm, history: Series, evidence: Evidence) -> Iterator[Finding]:
    """A period that is finer than the data, or finer than it is worth."""
    spacing = _spacing(history)
    if spacing is not None and spacing > alarm.period and history.period < spacing:
        period = -(-spacing // 60) * 60
        yield Finding(
            alarm.name,
            Code.PERIOD_TOO_FINE,
            Severity.WEAK,
            f"Its period is {alarm.period} s, but the metric reports every {spacing} s.",
            "Most periods are empty, so what missing data mean decides, not the metric." + _costs(alarm, evidence),
            f"Take a period of {period} s.",
            with_period(alarm, period),
        )
    elif alarm.high_resolution and alarm.n * alarm.period >= SLOW_WINDOW:
        yield Finding(
            alarm.name,
            Code.NEEDLESS_RESOLUTION,
            Severity.WASTE,
            f"It looks at {alarm.n} periods of {alarm.period} s, which is {alarm.n * alarm.period // 60} minutes.",
            "With so long a window a period under a minute hardly calls sooner, but costs three times as much."
            + _costs(alarm, evidence),
            "Take a period of 60 s.",
            with_period(alarm, 60),
        )


def _spacing(history: Series) -> int | None:
    """How many seconds apart a metric reports regularly, or None where it does not."""
    times = history.times[np.isfinite(history.values)]
    if times.size < ENOUGH:
        return None
    lengths, counts = np.unique(np.diff(times), return_counts=True)
    usual = int(np.argmax(counts))
    return int(lengths[usual]) if counts[usual] >= REGULAR * (times.size - 1) else None


def _costs(alarm: MetricAlarm, evidence: Evidence) -> str:
    if not alarm.high_resolution:
        return ""
    others = () if isinstance(evidence.neighbours, Unknown) else evidence.neighbours.alarms
    return f" It costs {price_of(alarm, others=others).month} a month."
