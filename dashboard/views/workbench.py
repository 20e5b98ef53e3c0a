"""The workbench's preview: what is read for a draft, once, and what the alarm would have done with it.

`question` says which series a draft needs; they are kept by that question, so that a moved threshold or another M of N
reads nothing. `preview` replays the draft over them with the engine's own evaluator, sweeps its neighbours, and says
what cannot be known. Pure but for `read`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.backtest import Replay, replay
from alarms.binning import FOLDS, bins
from alarms.decision import COMPARES
from alarms.kinds import MetricAlarm, MetricMath, SingleMetric
from alarms.state import StateValue
from alarms.tuning import Incident, Suggestion, Sweep, candidates, suggest, sweep
from collectors.query import MetricQuery
from core import metric_math
from core.metric_math import MathError
from core.reading import Fault, Scope
from core.series import Series, Times, Values
from core.statistics import Measure
from core.timespan import Timespan, finest_period, from_epoch, parse_instant
from dashboard.views.alarm_draft import Draft, MarkedIncident
from dashboard.views.alarm_form import Checked, check
from dashboard.views.explorer import PriceTag, tag_of
from dashboard.views.panels import grid
from dashboard.views.sources import Sources

DAYS: Final = (1, 3, 7, 14)
DEFAULT_DAYS: Final = 14
LEAD: Final = timedelta(days=1)
"""Read before the replayed span: an alarm looks back, at most a day for periods below an hour."""
BAND_DAYS: Final = 7
"""A band is replayed over at most this, so that at least as much is left to learn from."""
FINE_REACH: Final = timedelta(hours=3)
"""How far back CloudWatch keeps periods below a minute."""
WINDOWS: Final = ((1, 1), (2, 2), (3, 3), (2, 3), (5, 5), (3, 5), (4, 5), (5, 10), (10, 10), (10, 15), (15, 15))
"""(M, N) that are tried beside the alarm's own."""
PERIODS: Final = (60, 300, 900)
THRESHOLDS: Final = 40
EXPLAINED: Final = 50
"""Transitions that get their reason, the newest; the list shows no more."""
ON_ITS_WAY: Final = timedelta(minutes=10)
"""Datapoints may come so late: what is missing at the end for no longer is no gap yet, and is not replayed."""
_END: Final = timedelta(milliseconds=500)
"""Spans are open at their end: with this the evaluation at the last datapoint's end is among them."""
_STAND_INS: Final = ("name", "threshold", "m", "n", "window", "warm_up", "low_samples", "missing", "description",
                     "alarm_actions", "ok_actions", "insufficient_actions", "tags")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What must be read to preview an alarm. Equal questions have equal answers, so readings are kept by it."""

    scope: Scope
    """The account and region."""
    needs: tuple[tuple[str, MetricQuery], ...]
    """Id in the alarm (empty for a single metric) and its query, over everything that is read."""
    days: int
    """Days that are replayed; 0: as far back as CloudWatch keeps high-resolution data."""

    @property
    def queries(self) -> tuple[MetricQuery, ...]:
        return tuple(dict.fromkeys(query for _, query in self.needs))

    def at(self, now: datetime) -> Question:
        """Give the same question, asked at another moment."""
        return replace(self, needs=tuple((name, _up_to(query, now)) for name, query in self.needs))

    @property
    def key(self) -> tuple[object, ...]:
        """What the readings are kept by: all but the moment."""
        named = tuple((name, q.metric, q.statistic, q.period) for name, q in self.needs)
        return ("workbench", self.scope, named, self.days)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What was read for a question."""

    series: Mapping[str, Series]
    """By id in the alarm; an id without datapoints has an empty series."""
    span: Timespan
    """What is replayed."""
    at: datetime
    """When it was read."""
    faults: tuple[Fault, ...] = ()
    """Why part of it is missing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The alarm that a draft is previewed as."""

    alarm: MetricAlarm
    """The draft, with something in place of what is wrong with it."""
    stand_ins: frozenset[str]
    """Fields that are empty or wrong, in whose place something was put to have a preview at all."""


def shown(checked: Checked) -> Shown | None:
    """Give the metric alarm that can be previewed of a draft, or None where its metric is not known yet."""
    if isinstance(checked.alarm, MetricAlarm):
        return Shown(checked.alarm, frozenset())
    wrong = {place.partition(".")[0] for place in (*checked.errors, *checked.missing)}
    if not wrong or not wrong <= set(_STAND_INS):
        return None
    blank = Draft(name="this alarm", threshold="0")
    alarm = check(replace(checked.draft, **{name: getattr(blank, name) for name in wrong})).alarm
    return Shown(alarm, frozenset(wrong)) if isinstance(alarm, MetricAlarm) else None


def question(alarm: MetricAlarm, scope: Scope, *, days: int, now: datetime) -> Question:
    """Give what must be read to replay an alarm over the last `days`."""
    days = min(days, BAND_DAYS) if alarm.threshold_metric_id else days
    if isinstance(alarm.source, SingleMetric):
        period = kept_period(alarm.source, days=days)
        needs = [("", alarm.source.metric, str(alarm.source.statistic), period)]
    elif isinstance(alarm.source, MetricMath):
        needs = [
            (query.id, query.metric, query.statistic or "", query.period or alarm.period)
            for query in alarm.source.metrics
            if query.metric is not None
        ]
    else:
        needs = []
    finest = min((period for *_, period in needs), default=60)
    reach = FINE_REACH if finest < 60 else LEAD + timedelta(days=days)
    found = []
    for name, metric, statistic, period in needs:
        query = MetricQuery(scope, metric, statistic, period, Timespan.last(reach, now=now))
        found.append((name, _up_to(query, now)))
    return Question(scope, tuple(found), 0 if finest < 60 else days)


def _up_to(query: MetricQuery, now: datetime) -> MetricQuery:
    """The query over as long a span that ends now, in whole periods that are over."""
    span = Timespan.last(query.span.duration, now=now)
    return query.over(grid(query.scope, span, now=now, period=query.period).span)


def kept_period(source: SingleMetric, *, days: int) -> int:
    """Give the period to read a metric in: minutes where longer periods follow from them, so that changing the period
    reads nothing and a sliding window is replayed minute by minute."""
    folds = source.statistic.measure in {Measure.AVERAGE, *FOLDS}
    reach = LEAD + timedelta(days=days)
    minute = max(60, finest_period(_ANY_INSTANT - reach, now=_ANY_INSTANT))
    return minute if folds and source.period % minute == 0 else source.period


_ANY_INSTANT: Final = parse_instant("2026-01-01T00:00:00Z")
"""Only differences of instants matter there."""


def price(sources: Sources, asked: Question, *, now: datetime) -> PriceTag:
    """Say what reading would cost now; makes no call."""
    return tag_of(sources.plan(asked.queries, now=now))


def read(sources: Sources, asked: Question, *, clock: Callable[[], datetime]) -> Read:
    """Read every series of a question, up to this moment."""
    now = clock()
    asked = asked.at(now)
    found = sources.metrics(asked.queries, now=now)
    series = {name: found.value.get(query) or Series.empty(query.period) for name, query in asked.needs}
    ends = [query.span.end for _, query in asked.needs] or [now]
    return Read(series, _replayed(series, asked, end=min(ends)), found.at, found.faults)


def _replayed(series: Mapping[str, Series], asked: Question, *, end: datetime) -> Timespan:
    """What is replayed: the days that were asked for, or what there is of them."""
    wanted = end - (timedelta(days=asked.days) if asked.days else FINE_REACH)
    first = [int(each.times[0]) for each in series.values() if len(each)]
    known = from_epoch(min(first)) if first else wanted
    newest = max((int(each.times[-1]) + each.period for each in series.values() if len(each)), default=0)
    if timedelta() < end - from_epoch(newest) <= ON_ITS_WAY:
        end = from_epoch(newest)
    start = min(max(wanted, known), end - timedelta(minutes=1))
    return Timespan(start, end)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The one series that an alarm compares, and its band."""

    series: Series
    """Its datapoints, in the periods in which they were read."""
    band: tuple[Series, Series] | None = None
    """Lower and upper bound."""
    problem: str = ""
    """Why there is no series: an error of the expression, with its position. Foreign text."""


def watched(alarm: MetricAlarm, found: Read) -> Watched:
    """Give the series that the alarm compares, evaluating its expressions on what was read."""
    nothing = Series.empty(alarm.period)
    if not alarm.evaluable.allowed:
        return Watched(nothing, problem=alarm.evaluable.reason)
    if not isinstance(alarm.source, MetricMath):
        return Watched(found.series.get("", nothing))
    span = Timespan(found.span.start - LEAD, found.span.end) if alarm.period >= 60 else found.span
    learnt = {name: each.within(Timespan(_ANY_INSTANT, found.span.start)) for name, each in found.series.items()}
    try:
        answers = metric_math.evaluate(alarm.source.queries, found.series, span=span, history=learnt)
    except MathError as error:
        return Watched(nothing, problem=str(error))
    query = alarm.watched
    main = answers.get(query.id, ()) if query is not None else ()
    bounds = answers.get(alarm.threshold_metric_id or "", ())
    if len(main) > 1:
        return Watched(nothing, problem=f"the expression gives {len(main)} series; an alarm watches exactly one")
    band = (bounds[1], bounds[0]) if len(bounds) > 1 else None
    return Watched(main[0] if main else nothing, band)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What an alarm would have done, and what its neighbours would have."""

    alarm: MetricAlarm
    """What was tried: the draft, or the draft with a proposed threshold."""
    watched: Watched
    """What it compares."""
    replay: Replay | None
    """None where there is nothing to replay; `why_not` says why."""
    why_not: str = ""
    """Foreign text."""
    sweep: Sweep | None = None
    """What other settings would have done; None where there are none, as for a band."""
    suggestion: Suggestion | None = None
    """The smallest better change; None where no incident is marked."""
    proposed_threshold: float | None = None
    """Where none is given: the nearest to what is measured that would have paged at most once a week."""


def trial(this: Shown, found: Read, *, incidents: tuple[Incident, ...] = (), swept: bool = True) -> Trial:
    """Replay an alarm over what was read, and where `swept` the settings around it too."""
    alarm, seen = this.alarm, watched(this.alarm, found)
    if seen.problem:
        return Trial(alarm, seen, None, seen.problem)
    if not len(seen.series):
        return Trial(alarm, seen, None, NO_DATA)
    span = Timespan(found.span.start, found.span.end + _END)
    proposed = None
    try:
        if "threshold" in this.stand_ins:
            proposed = _proposed(_swept(alarm, seen, span, ()))
            alarm = replace(alarm, threshold=proposed)
        done = _replay(alarm, seen, span)
        found_beside = _swept(alarm, seen, span, incidents) if swept and alarm.comparison in COMPARES else None
    except ValueError as error:
        return Trial(alarm, seen, None, str(error))
    suggestion = suggest(found_beside) if found_beside is not None and incidents else None
    return Trial(alarm, seen, done, "", found_beside, suggestion, proposed)


NO_DATA: Final = "No datapoints yet"


def _replay(alarm: MetricAlarm, seen: Watched, span: Timespan) -> Replay:
    """Replay with the state that the alarm would have had at the start of the span, where that is known."""
    before = Timespan(span.start - LEAD, span.start)
    earlier = seen.series.within(before)
    initial = StateValue.INSUFFICIENT_DATA
    if len(earlier):
        led = replay(alarm, earlier, span=before, band=_within(seen.band, before), explained=0)
        initial = led.timeline.states[-1] if led.timeline.codes.size else initial
    return replay(alarm, seen.series, span=span, initial=initial, band=seen.band, explained=EXPLAINED)


def _within(band: tuple[Series, Series] | None, span: Timespan) -> tuple[Series, Series] | None:
    return None if band is None else (band[0].within(span), band[1].within(span))


def _swept(alarm: MetricAlarm, seen: Watched, span: Timespan, incidents: tuple[Incident, ...]) -> Sweep:
    return sweep(
        alarm,
        seen.series,
        thresholds=candidates(seen.series.within(span), count=THRESHOLDS),
        windows=[(m, n) for m, n in WINDOWS if n * alarm.period <= 86_400],
        periods=_periods(alarm, seen.series),
        span=span,
        incidents=incidents,
    )


def _periods(alarm: MetricAlarm, series: Series) -> tuple[int, ...]:
    """The periods to try: those that can be judged from the series, and that AWS takes."""
    source = alarm.source
    if not isinstance(source, SingleMetric) or source.statistic.measure not in {Measure.AVERAGE, *FOLDS}:
        return ()
    if not alarm.sliding or series.period < 60:
        return ()
    most = max(n for _, n in (*WINDOWS, (alarm.m, alarm.n)))
    return tuple(period for period in PERIODS if period % series.period == 0 and most * period <= 86_400)


def _proposed(swept: Sweep) -> float:
    """The threshold nearest to the data that pages at most once a week with the alarm's own window and period."""
    own = swept.current.setting
    pages = swept.pages[swept.periods.index(own.period), swept.windows.index((own.m, own.n))]
    rising = swept.alarm.comparison is not None and swept.alarm.comparison.value.startswith("Greater")
    order = range(len(swept.thresholds)) if rising else range(len(swept.thresholds) - 1, -1, -1)
    measured = [place for place in order if swept.thresholds[place] != own.threshold] or list(order)
    # From the busy end outwards: the last place that is too busy, then the one after it.
    busy = [index for index, place in enumerate(measured) if pages[place] > max(1.0, swept.weeks)]
    place = measured[min(busy[-1] + 1, len(measured) - 1)] if busy else measured[len(measured) // 2]
    return swept.thresholds[place]


def incidents_of(draft: Draft, span: Timespan) -> tuple[Incident, ...]:
    """Give the marked incidents that lie in `span`; those of another span wait until it is shown again."""
    found = []
    for mark in draft.incidents:
        marked = incident_span(mark)
        if marked is not None and marked.start < span.end and span.start < marked.end:
            found.append(Incident(marked))
    return tuple(found)


def incident_span(mark: MarkedIncident) -> Timespan | None:
    try:
        return Timespan(parse_instant(mark.start), parse_instant(mark.end))
    except (ValueError, OverflowError):
        return None


def days_of(draft: Draft) -> int:
    """Give how many days are replayed."""
    return int(draft.days) if draft.days in {str(days) for days in DAYS} else DEFAULT_DAYS


def compared(alarm: MetricAlarm, seen: Watched, span: Timespan) -> tuple[Times, Values]:
    """Give what the alarm compares at its evaluations in `span`, folded into its own period; NaN is a gap.

    A value's time is the start of its period, as in every series. Raises ValueError for a series that cannot tell.
    """
    found = bins(alarm, seen.series, period=alarm.period, until=span.end + timedelta(seconds=1))
    low, high = found.within(Timespan(span.start, span.end + timedelta(seconds=1)))
    times, values = found.ends[low:high] - found.period, found.values[low:high]
    inside = times >= int(span.start.timestamp())
    return times[inside], values[inside]


def newest_values(alarm: MetricAlarm, seen: Watched, *, at: datetime) -> list[float | None]:
    """Give the newest N values that the alarm would look at, oldest first; None is a gap."""
    if not len(seen.series):
        return []
    found = bins(alarm, seen.series, period=alarm.period, until=at + timedelta(seconds=1))
    places = np.arange(found.values.size - 1 - (alarm.n - 1) * found.stride, found.values.size, found.stride)
    values = [float(found.values[place]) if place >= 0 else float("nan") for place in places.tolist()]
    return [None if value != value else value for value in values]
