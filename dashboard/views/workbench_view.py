"""What the workbench's right half shows of a trial: chart, state band, heat map, pictures, tables and sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from alarms.backtest import Replay
from alarms.decision import COMPARES
from alarms.kinds import Comparison, MetricAlarm, SingleMetric
from alarms.state import StateValue
from alarms.tuning import Sweep
from collectors import catalog
from core.series import Series
from core.timespan import Timespan
from dashboard.charts.bench import BenchView, Choice, HeatMap, Notice, StateBand
from dashboard.charts.pictures import Point, WindowPicture
from dashboard.charts.targets import duration
from dashboard.charts.view import ChartView, Line
from dashboard.views import workbench_words as words
from dashboard.views.workbench import Read, Shown, Trial, Watched, compared, newest_values
from dashboard.views.workbench_words import Gaps
from dashboard.wording import ALARM, INFO, NO_DATA, OK, WARNING, Look, moment, plain

NOISY_PER_WEEK = 7.0
"""Notifications a week from which the headline warns: more than one a day is not read. Ours."""
MOST_FIRINGS = 50


@dataclass(frozen=True, slots=True, eq=False)
class WorkbenchView:
    """The preview of a metric alarm."""

    headline: str
    """What it would have done, in one sentence; foreign text where an expression failed."""
    look: Look
    """Sign and colour of that."""
    condition: str
    """When it goes off, in words; foreign text."""
    bench: BenchView
    """Chart, state band and heat map."""
    window: WindowPicture | None
    """M of N over the newest datapoints."""
    gaps: Gaps | None
    """The metric's gaps and what each treatment would have made of them."""
    firings: pd.DataFrame
    """One row a time in ALARM, newest first: Began, Lasted, Why."""
    limits: tuple[str, ...]
    """What the replay could not know."""
    suggestion: str
    """The smallest better change, in a sentence; empty where no incident is marked."""
    better: Choice | None
    """That change, where there is one."""
    proposed_threshold: float | None
    """A threshold to begin with, where none is given yet."""
    breaching: str
    """How many datapoints are beyond the threshold, as a share."""
    in_alarm: str
    """How long it would have been in ALARM, in all; empty where nothing was replayed."""
    unit: str | None
    """CloudWatch's unit of what is compared."""
    alarm: MetricAlarm
    """What was replayed: the draft, or the draft with a proposed threshold."""
    replay: Replay | None
    """The replay itself, for what follows from it; None where nothing was replayed."""
    newest: float | None
    """The newest value that was compared."""
    history: Series
    """The datapoints behind it."""
    examinable: bool
    """The draft says all that the doctor looks at."""


def build(this: Shown, found: Read, tried: Trial, *, incidents: tuple[Timespan, ...], movable: bool) -> WorkbenchView:
    """Give everything that the preview draws."""
    alarm, seen, unit = tried.alarm, tried.watched, unit_of(this.alarm, tried.watched)
    done = tried.replay
    span = Timespan(found.span.start, found.span.end)
    notes = done.limits if done is not None else ()
    return WorkbenchView(
        headline=words.headline(tried, unit),
        look=_look(tried),
        condition=words.condition(alarm, unit),
        bench=_bench(tried, span, unit, incidents=incidents, movable=movable),
        window=_picture(alarm, seen, span),
        gaps=words.gaps(alarm, seen, span) if done is not None else None,
        firings=firings_frame(done),
        limits=(*notes, *_band_note(alarm, found)),
        suggestion="" if tried.suggestion is None else tried.suggestion.sentence,
        better=_better(tried),
        proposed_threshold=tried.proposed_threshold,
        breaching="" if done is None else _breaching(alarm, seen, span),
        in_alarm="" if done is None else duration(done.in_alarm),
        unit=unit,
        alarm=alarm,
        replay=done,
        newest=None if seen.series.last is None else seen.series.last[1],
        history=seen.series,
        examinable=this.stand_ins <= {"name", "threshold"},
    )


def unit_of(alarm: MetricAlarm, seen: Watched) -> str | None:
    """Give the unit of what is compared: AWS's own word where it said one."""
    if seen.series.unit:
        return seen.series.unit
    if isinstance(alarm.source, SingleMetric):
        return catalog.unit_of(alarm.source.metric, str(alarm.source.statistic))
    return None


def _look(tried: Trial) -> Look:
    done = tried.replay
    if done is None:
        return NO_DATA
    weeks = done.span.duration / timedelta(weeks=1)
    entered = sum(change.new is StateValue.ALARM for change in done.transitions)
    if entered / weeks > NOISY_PER_WEEK or (done.flaps and done.flaps * 2 >= entered):
        return WARNING
    if done.timeline.codes.size and done.timeline.states[-1] is StateValue.ALARM:
        return ALARM
    return INFO if entered else OK


def _bench(
    tried: Trial, span: Timespan, unit: str | None, *, incidents: tuple[Timespan, ...], movable: bool
) -> BenchView:
    alarm, done = tried.alarm, tried.replay
    lines = _lines(tried, span)
    chart = ChartView(
        "workbench", "Preview", unit, lines, span, subtitle=plain(words.subject(alarm)),
        note=tried.why_not if done is None else "", y_from_zero=False,
    )  # fmt: skip
    return BenchView(
        chart=chart,
        threshold=alarm.threshold if alarm.comparison in COMPARES else None,
        below=alarm.comparison in {Comparison.LESS, Comparison.LESS_OR_EQUAL},
        movable=movable,
        band=len(lines) == 3,
        states=None if done is None else _states(tried, span, unit),
        states_note=tried.why_not,
        heat=None if tried.sweep is None else _heat(tried.sweep),
        heat_note=_heat_note(tried),
        incidents=incidents,
        markable=done is not None and tried.sweep is not None,
    )


def _lines(tried: Trial, span: Timespan) -> tuple[Line, ...]:
    """The values that are compared, as the alarm sees them, and the band beside them."""
    alarm, seen = tried.alarm, tried.watched
    name = plain(words.subject(alarm))
    if not len(seen.series):
        return (Line(name, *Series.empty(60).on_grid(span), emphasis=True),)
    if seen.band is None and seen.series.period != alarm.period:
        return (_folded(alarm, seen, span, name),)
    main = Line.of(seen.series, span=span, name=name, emphasis=True)
    if seen.band is None:
        return (main,)
    lower, upper = (
        Line.of(bound, span=span, name=label, dash=True)
        for bound, label in zip(seen.band, ("usual, from", "usual, to"), strict=True)
    )
    return (main, lower, upper)


def _folded(alarm: MetricAlarm, seen: Watched, span: Timespan, name: str) -> Line:
    try:
        times, values = compared(alarm, seen, span)
    except ValueError:
        return Line.of(seen.series, span=span, name=name, emphasis=True)
    return Line(name, times, values, seen.series.settled_until, emphasis=True)


def _states(tried: Trial, span: Timespan, unit: str | None) -> StateBand | None:
    done = tried.replay
    if done is None:
        return None
    notices = [
        Notice(note.at, f"{note.state}: {len(note.actions)} action{'' if len(note.actions) == 1 else 's'}")
        for note in done.notifications
    ]
    return StateBand.of(
        words.list_stretches(done),
        span=span,
        before=str(done.timeline.initial),
        notices=notices,
        summary=words.headline(tried, unit),
    )


def _heat(swept: Sweep) -> HeatMap:
    own = swept.current.setting
    marked = bool(swept.incidents)
    return HeatMap(
        periods=swept.periods,
        windows=swept.windows,
        thresholds=swept.thresholds,
        pages=swept.pages,
        current=Choice(own.threshold, own.m, own.n, own.period),
        false_alarms=swept.false_alarms if marked else None,
        missed=np.isnan(swept.delays).sum(axis=-1) if marked else None,
    )


def _heat_note(tried: Trial) -> str:
    if tried.sweep is None:
        return "A band has no threshold that other settings could be tried with." if tried.replay is not None else ""
    return f"Alarms in {words.length(tried.sweep.span)} with other settings; pick a cell to take it"


def _picture(alarm: MetricAlarm, seen: Watched, span: Timespan) -> WindowPicture | None:
    if alarm.m > alarm.n:
        return None
    plain_picture = WindowPicture(alarm.m, alarm.n, alarm.period)
    limit, compare = alarm.threshold, COMPARES.get(alarm.comparison) if alarm.comparison is not None else None
    if limit is None or compare is None:
        return plain_picture
    try:
        values = newest_values(alarm, seen, at=span.end)
    except ValueError:
        return plain_picture
    if len(values) != alarm.n:
        return plain_picture
    beyond = [None if value is None else bool(compare(value, limit)) for value in values]
    names = {None: Point.MISSING, True: Point.BREACHING, False: Point.WITHIN}
    return replace(plain_picture, points=tuple(names[each] for each in beyond))


def firings_frame(done: Replay | None) -> pd.DataFrame:
    """Give one row a time in ALARM, newest first: Began, Lasted, Why."""
    columns = ["Began (UTC)", "Lasted", "Why"]
    if done is None:
        return pd.DataFrame(columns=columns, dtype="str")
    end = done.span.end
    rows = [
        {
            columns[0]: moment(each.start, now=end),
            columns[1]: duration(each.end - each.start) + (", still on" if each.lasts else ""),
            columns[2]: plain(each.reason),
        }
        for each in words.firings(done)[:MOST_FIRINGS]
    ]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def _better(tried: Trial) -> Choice | None:
    if tried.suggestion is None or not tried.suggestion.changes:
        return None
    new = tried.suggestion.proposed.setting
    return Choice(new.threshold, new.m, new.n, new.period)


def _breaching(alarm: MetricAlarm, seen: Watched, span: Timespan) -> str:
    compare = COMPARES.get(alarm.comparison) if alarm.comparison is not None else None
    if compare is None or alarm.threshold is None:
        return ""
    _, values = compared(alarm, seen, span)
    values = values[np.isfinite(values)]
    return f"{100 * float(np.mean(compare(values, alarm.threshold))):.3g}%" if values.size else ""


def _band_note(alarm: MetricAlarm, found: Read) -> tuple[str, ...]:
    if not alarm.threshold_metric_id:
        return ()
    since = moment(found.span.start, now=found.span.end)
    said = f"The band is Watchkeeper's own model of what is usual, learnt from what was read before {since} UTC;"
    return (f"{said} AWS's model is not public and keeps learning.",)
