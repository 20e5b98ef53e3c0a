"""What the workbench says: the condition in words, what would have happened, what missing data would have done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.backtest import Replay, replay
from alarms.kinds import Comparison, MetricAlarm, MetricMath, MissingData, SingleMetric
from alarms.state import StateValue
from core.series import Series
from core.timespan import Timespan
from dashboard.charts.targets import duration
from dashboard.views.workbench import Trial, Watched, compared
from dashboard.wording import count, quantity

COMPARISONS: Final[Mapping[str, str]] = {
    "GreaterThanThreshold": "is above",
    "GreaterThanOrEqualToThreshold": "is at or above",
    "LessThanThreshold": "is below",
    "LessThanOrEqualToThreshold": "is at or below",
    "LessThanLowerOrGreaterThanUpperThreshold": "leaves the band",
    "LessThanLowerThreshold": "falls below the band",
    "GreaterThanUpperThreshold": "rises above the band",
}
MISSING_WORDS: Final[Mapping[str, str]] = {
    "missing": "Missing: without enough data it goes to No data",
    "ignore": "Ignore: it keeps the state that it has",
    "breaching": "Breaching: a gap counts as beyond the threshold",
    "notBreaching": "Not breaching: a gap counts as good",
}


def period_text(seconds: int) -> str:
    return duration(timedelta(seconds=seconds))


def condition(alarm: MetricAlarm, unit: str | None) -> str:
    """Say in one sentence when the alarm goes off."""
    words = COMPARISONS.get(str(alarm.comparison), "crosses")
    limit = "" if alarm.threshold is None else f" {quantity(alarm.threshold, unit)}"
    return f"Goes into alarm when {subject(alarm)} {words}{limit} {window_text(alarm)}."


def subject(alarm: MetricAlarm) -> str:
    """Name what is watched; foreign text."""
    if isinstance(alarm.source, SingleMetric):
        return f"{alarm.source.metric.name} ({alarm.source.statistic})"
    watched = alarm.watched if isinstance(alarm.source, MetricMath) else None
    return (watched.label or watched.id) if watched is not None else "the query"


def window_text(alarm: MetricAlarm) -> str:
    """Say how many datapoints decide.

    M of N as people say it: `in 3 datapoints in a row of 5 min each`.
    """
    each = f"of {period_text(alarm.period)}"
    if alarm.n == 1:
        return f"in one datapoint {each}"
    if alarm.m == alarm.n:
        return f"in {alarm.n} datapoints in a row, {each} each"
    return f"in {alarm.m} of the newest {alarm.n} datapoints, {each} each"


def length(span: Timespan) -> str:
    """Say how long a replayed span is.

    Whole days are said as days, what is shorter in its greatest units.
    """
    days = round(span.duration / timedelta(days=1), 1)
    if days >= 2:
        return f"{days:g} days"
    return "24 hours" if days == 1 else duration(span.duration)


@dataclass(frozen=True, slots=True)
class Firing:
    """One time in ALARM."""

    start: datetime
    """When ALARM was entered, or the start of the replay."""
    end: datetime
    """Of one that still lasts, the end of the replay."""
    lasts: bool
    """Still in ALARM at the end."""
    reason: str
    """In AWS's words; empty for older ones than those that are explained."""


def firings(done: Replay) -> tuple[Firing, ...]:
    """Give every time in ALARM, newest first."""
    found: list[Firing] = []
    start, reason = (done.span.start, "") if done.timeline.initial is StateValue.ALARM else (None, "")
    for change in done.transitions:
        if change.new is StateValue.ALARM:
            start, reason = change.at, change.reason
        elif start is not None:
            found.append(Firing(start, change.at, lasts=False, reason=reason))
            start = None
    if start is not None:
        found.append(Firing(start, done.span.end, lasts=True, reason=reason))
    return tuple(reversed(found))


def headline(tried: Trial, unit: str | None) -> str:
    """Say what the alarm would have done, in one sentence."""
    return tried.why_not if tried.replay is None else happened(tried.replay, otherwise=nearest(tried, unit))


def happened(done: Replay, *, otherwise: str = "") -> str:
    """Say what a replay says, in one sentence; `otherwise` follows where it was never in alarm."""
    entered = sum(change.new is StateValue.ALARM for change in done.transitions)
    period = f"in the last {length(done.span)}"
    found = firings(done)
    if not found:
        return f"Would not have gone into alarm {period}. {otherwise}".strip()
    longest = max(each.end - each.start for each in found)
    if not entered:
        whole = "all of it" if found[0].lasts else f"{duration(longest)} from its start, and not again"
        return f"Would have been in alarm {period} for {whole}."
    flaps = f", {count(done.flaps, 'flap')}" if done.flaps else ""
    told = any(note.state is StateValue.ALARM for note in done.notifications)
    verb = "notified" if told else "gone into alarm"
    return f"Would have {verb} {times(entered)} {period}, longest {duration(longest)}{flaps}."


def times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def nearest(tried: Trial, unit: str | None) -> str:
    """Say how near the metric came to a threshold that it never crossed long enough."""
    done, alarm = tried.replay, tried.alarm
    if done is None or alarm.threshold is None:
        return ""
    _, values = compared(alarm, tried.watched, done.span)
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    rising = alarm.comparison in {Comparison.GREATER, Comparison.GREATER_OR_EQUAL}
    extreme = float(values.max() if rising else values.min())
    return f"The {'highest' if rising else 'lowest'} value was {quantity(extreme, unit)}."


@dataclass(frozen=True, slots=True)
class GapOutcome:
    """What one treatment of missing data would have done."""

    treatment: str
    """In AWS's word, such as `notBreaching`."""
    chosen: bool
    """It is the one in the form."""
    text: str
    """A few words, for the line under the choice."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of a metric, and what each treatment would have made of them."""

    sentence: str
    """How many and how long."""
    outcomes: tuple[GapOutcome, ...] = ()
    """None where there is no gap: all treatments would have done the same."""


def gaps(alarm: MetricAlarm, seen: Watched, span: Timespan) -> Gaps:
    """Say what gaps the metric had in `span`, and what each treatment of missing data would have done with them."""
    runs = _runs(alarm, seen.series.within(span), span)
    if not runs:
        return Gaps(f"No gap in {length(span)}: all four would have done the same.")
    if alarm.missing_data is MissingData.IGNORE and alarm.treat_missing_data is not MissingData.IGNORE:
        return Gaps(f"{_said(runs, span)} AWS ignores them for DynamoDB, whatever is chosen here.")
    outcomes = tuple(
        GapOutcome(str(each), each is alarm.missing_data, _outcome(alarm, each, seen, span)) for each in MissingData
    )
    return Gaps(_said(runs, span), outcomes)


def _runs(alarm: MetricAlarm, series: Series, span: Timespan) -> list[timedelta]:
    """The lengths of the gaps, in whole periods of the alarm; one that lasts at the end is among them."""
    period = alarm.period
    first, last = int(span.start.timestamp()) // period + 1, int(span.end.timestamp()) // period - 1
    known = np.unique(series.times // period)
    places = np.concatenate(([first - 1], known[(known >= first) & (known <= last)], [last + 1]))
    missing = np.diff(places) - 1
    return [timedelta(seconds=int(size) * period) for size in missing[missing > 0]]


def _said(runs: list[timedelta], span: Timespan) -> str:
    longest = f", the longest {duration(max(runs))}" if len(runs) > 1 else f" of {duration(runs[0])}"
    return f"{count(len(runs), 'gap')} in {length(span)}{longest}."


def _outcome(alarm: MetricAlarm, treatment: MissingData, seen: Watched, span: Timespan) -> str:
    done = replay(replace(alarm, treat_missing_data=treatment), seen.series, span=span, band=seen.band, explained=0)
    entered = sum(change.new is StateValue.ALARM for change in done.transitions)
    blind = sum(
        change.new is StateValue.INSUFFICIENT_DATA and change.old is not StateValue.INSUFFICIENT_DATA
        for change in done.transitions
    )
    lost = f", no data {times(blind)}" if blind else ""
    return f"in alarm {times(entered)}{lost}, {duration(done.in_alarm)} in all" if entered else f"never in alarm{lost}"


def list_stretches(done: Replay) -> Iterator[tuple[datetime, str, str]]:
    """Give each change of state as the state band takes it: when, the new state, why."""
    for change in done.transitions:
        yield change.at, str(change.new), change.reason
