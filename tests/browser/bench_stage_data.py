"""What the workbench's throwaway page shows: a fortnight of a processor's load, judged by the one evaluator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from alarms.backtest import LATE_DATA, Replay, replay
from alarms.kinds import Actions, Comparison, MetricAlarm, SingleMetric
from alarms.outcome import Incident, Sweep
from alarms.tuning import candidates, sweep
from core.series import MetricId, Series
from core.statistics import Statistic
from core.timespan import Timespan
from dashboard.charts.bench import BenchEvent, BenchView, Choice, HeatMap, Notice, StateBand
from dashboard.charts.pictures import Adjustment, Point, ScalingStep, StepsPicture, WindowPicture
from dashboard.charts.view import ChartView, Line, Mark, Status, Tone
from tests.browser.charts_stage_data import HOSTILE, noise

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
SPAN = Timespan(NOW - timedelta(days=14), NOW)
LADDER = tuple(float(value) for value in range(60, 98, 2))
WINDOWS = ((1, 1), (2, 2), (2, 3), (3, 3), (3, 5), (5, 5), (4, 6), (10, 10))
PERIODS = (60, 300)
START = Choice(78.0, 3, 5, 60)
INCIDENT = Timespan(datetime(2026, 11, 18, 16, tzinfo=UTC), datetime(2026, 11, 18, 16, 45, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Form:
    """What the workbench's form holds, as far as the preview goes."""

    setting: Choice = START
    incidents: tuple[Timespan, ...] = ()

    def after(self, event: BenchEvent) -> Form:
        """Give the form after what a viewer did in the preview."""
        if event.choice:
            return replace(self, setting=event.choice)
        if event.threshold is not None:
            return replace(self, setting=replace(self.setting, threshold=event.threshold))
        kept = tuple(span for span in self.incidents if span != event.unmarked)
        return replace(self, incidents=(*kept, event.incident) if event.incident else kept)


@cache
def load() -> Series:
    """A day's rhythm with a slow night job, a few spikes, an hour of trouble and two gaps."""
    times = np.arange(int(SPAN.start.timestamp()), int(SPAN.end.timestamp()), 60, dtype=np.int64)
    day = np.sin((times % 86_400) / 86_400 * 2 * np.pi - 2)
    values = 52 + 18 * day + 5 * noise(times // 900, 3) + 3 * noise(times, 5)
    for start, minutes, lift in ((6, 70, 34), (3.4, 6, 38), (9.2, 12, 26), (11.6, 25, 30), (12.35, 8, 40)):
        first = SPAN.start.timestamp() + start * 86_400
        values += np.where((times >= first) & (times < first + minutes * 60), lift, 0)
    known = (times % 86_400 < 40_000) | (times // 86_400 % 5 != 2) | (times % 86_400 > 52_000)
    return Series(times[known], np.clip(values, 1, 99.5)[known], 60, "Percent", "i-0a81f3c", NOW - timedelta(minutes=5))


def alarm(setting: Choice) -> MetricAlarm:
    return MetricAlarm(
        name="web-cpu-high",
        source=SingleMetric(MetricId("AWS/EC2", "CPUUtilization"), Statistic.parse("Average"), setting.period),
        evaluation_periods=setting.n,
        datapoints_to_alarm=setting.m,
        threshold=setting.threshold,
        comparison=Comparison.GREATER,
        actions=Actions(alarm=("arn:aws:sns:us-east-1:123456789012:ops",)),
    )


@cache
def replayed(setting: Choice) -> Replay:
    return replay(alarm(setting), load(), span=SPAN)


@cache
def swept(setting: Choice, incidents: tuple[Timespan, ...], *, fine: bool = False) -> Sweep:
    marked = [Incident(span) for span in incidents]
    own, ladder = alarm(setting), candidates(load()) if fine else LADDER
    return sweep(own, load(), thresholds=ladder, windows=WINDOWS, periods=PERIODS, span=SPAN, incidents=marked)


def states(form: Form) -> StateBand:
    found = replayed(form.setting)
    return StateBand.of(
        ((change.at, change.new, change.reason) for change in found.transitions),
        span=SPAN,
        notices=(Notice(sent.at, f"{sent.state} to ops") for sent in found.notifications),
        summary=f"{len(found.notifications)} notifications in 14 days, {found.flaps} flaps",
    )


def heat(form: Form, *, fine: bool = False) -> HeatMap:
    found = swept(form.setting, form.incidents, fine=fine)
    missed = np.isnan(found.delays).sum(axis=-1) if form.incidents else None
    false_alarms = found.false_alarms if form.incidents else None
    return HeatMap(found.periods, found.windows, found.thresholds, found.pages, form.setting, false_alarms, missed)


def chart(form: Form) -> ChartView:
    series = load()
    pages = len(replayed(form.setting).notifications)
    return ChartView(
        "cpu",
        "CPU of i-0a81f3c",
        "Percent",
        (Line.of(series, span=SPAN, name="CPUUtilization"),),
        SPAN,
        subtitle="AWS/EC2 CPUUtilization, Average, 1 min",
        y_max=100,
        marks=(Mark(datetime(2026, 11, 19, 9, tzinfo=UTC), "deploy", HOSTILE),),
        status=Status(Tone.INFO, f"would have notified {pages} times"),
    )


def bench(form: Form, *, fine: bool = False) -> BenchView:
    return BenchView(
        chart(form),
        threshold=form.setting.threshold,
        states=states(form),
        states_note=LATE_DATA,
        heat=heat(form, fine=fine),
        heat_note="Pages in the last 14 days, for each threshold and M of N.",
        incidents=form.incidents,
        markable=True,
    )


def anomaly() -> BenchView:
    """An alarm on a band: no threshold to move, nothing to replay, nobody who may write."""
    times = np.arange(int((NOW - timedelta(hours=6)).timestamp()), int(NOW.timestamp()), 60, dtype=np.int64)
    extra = np.where(times % 7200 < 600, 140, 0)
    middle = 420 + 90 * np.sin((times % 86_400) / 9000)
    lines = (
        Line(
            "Requests",
            times,
            middle + 45 * noise(times, 4) + extra,
            NOW - timedelta(minutes=5),
        ),
        Line("Expected, from", times, middle - 60, dash=True, tone=Tone.MUTED),
        Line("Expected, to", times, middle + 80, dash=True, tone=Tone.MUTED),
    )
    span = Timespan(NOW - timedelta(hours=6), NOW)
    view = ChartView("requests", "Requests", "Count", lines, span, zone="Europe/Paris")
    note = "An alarm on a band of expected values is judged by CloudWatch alone, so it cannot be replayed here."
    return BenchView(view, band=True, movable=False, states_note=note)


def silent() -> BenchView:
    """An alarm on a metric that nobody reports."""
    line = Line.of(Series.empty(60), span=Timespan(NOW - timedelta(hours=6), NOW), name="Orders")
    span = Timespan(NOW - timedelta(hours=6), NOW)
    view = ChartView("orders", "Orders", "Count", (line,), span, note="No datapoints 05:30 to 11:30")
    return BenchView(view, threshold=5.0, below=True, heat_note="Without datapoints there is nothing to compare.")


def windows() -> tuple[WindowPicture, ...]:
    breach, fine, gap = Point.BREACHING, Point.WITHIN, Point.MISSING
    return (
        WindowPicture(3, 5, 60),
        WindowPicture(3, 5, 300, (fine, breach, gap, breach, fine), "2 of 5 breach: OK"),
        WindowPicture(12, 40, 60),
        WindowPicture(30, 288, 300),
    )


def steps() -> tuple[StepsPicture, ...]:
    out = (ScalingStep(0, 10, 1), ScalingStep(10, 20, 2), ScalingStep(20, None, 4))
    both = (
        ScalingStep(None, -0.2, -30),
        ScalingStep(-0.2, 0, -10),
        ScalingStep(0, 0.15, 10),
        ScalingStep(0.15, None, 30),
    )
    return (
        StepsPicture(70, "Percent", out, value=84),
        StepsPicture(0.3, "Seconds", both, Adjustment.PERCENT),
        StepsPicture(20, "Percent", (ScalingStep(None, 0, -1),)),
    )
