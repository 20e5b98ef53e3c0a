"""One alarm over time: what it watches, what AWS recorded, what the replay says, and how far the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alarms.backtest import Replay
from alarms.kinds import MetricAlarm
from collectors.alarm_states import AlarmState
from collectors.revisions import Revision
from core.timespan import Timespan
from dashboard.charts.bench import BenchView
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.views import workbench
from dashboard.views.alarm_record import Record, agreement, band, told
from dashboard.views.panels import revised_points
from dashboard.views.workbench import Read, Shown
from dashboard.views.workbench_composite import CompositeView
from dashboard.views.workbench_view import build


@dataclass(frozen=True, slots=True, eq=False)
class AlarmChart:
    """One alarm over time."""

    bench: BenchView
    """Chart with threshold, what AWS recorded, and what the replay says."""
    sentence: str
    """What AWS recorded, and how far the replay agrees with it; foreign text where there is no replay."""
    unit: str | None
    """CloudWatch's unit of what is compared."""
    limits: tuple[str, ...]
    """What the replay could not know."""


def of_metric(
    alarm: MetricAlarm, found: Read, record: Record, state: AlarmState, revisions: Sequence[Revision]
) -> AlarmChart:
    """Give an alarm on a metric or an expression, replayed over what was read."""
    this = Shown(alarm, frozenset())
    tried = workbench.trial(this, found, swept=False)
    view = build(this, found, tried, incidents=(), movable=False)
    chart = view.bench.chart
    main = chart.lines[0]
    if revisions and len(chart.lines) == 1 and found.series.get("") is not None:
        inside = [each for each in revisions if each.time in chart.span]
        main = replace(main, revised=revised_points(inside))
    chart = replace(chart, title="What it watches", lines=(main, *chart.lines[1:]))
    bench = replace(
        view.bench, chart=chart, recorded=band(record, state, chart.span), heat=None, heat_note="", markable=False
    )
    return AlarmChart(bench, _sentence(view.replay, record, chart.span, tried.why_not), view.unit, view.limits)


def of_composite(view: CompositeView, record: Record, state: AlarmState, span: Timespan) -> AlarmChart:
    """Give a composite alarm, replayed over what its alarms did."""
    bench = view.bench
    if bench is None:
        return aws_only(view.headline, record, state, span)
    chart = replace(bench.chart, title="Alarms of its rule")
    shown = replace(bench, chart=chart, recorded=band(record, state, chart.span), heat_note="")
    return AlarmChart(shown, _sentence(view.replay, record, chart.span, ""), None, view.limits)


def aws_only(why: str, record: Record, state: AlarmState, span: Timespan) -> AlarmChart:
    """Give an alarm that cannot be replayed here: what AWS recorded, as a band and as steps."""
    recorded = band(record, state, span)
    grid = np.arange(int(span.start.timestamp()), int(span.end.timestamp()), 60, dtype=np.int64)
    firing = np.zeros(grid.size)
    for stretch in recorded.stretches:
        if stretch.state == "ALARM":
            inside = (grid >= stretch.span.start.timestamp()) & (grid < stretch.span.end.timestamp())
            firing[inside] = 1.0
    line = Line("in alarm", grid, firing, kind=LineKind.STEP)
    chart = ChartView("alarm", "In alarm", "Count", (line,), span, subtitle="as AWS recorded it")
    return AlarmChart(BenchView(chart, states=recorded), f"{told(record, span)} {why}", None, ())


def _sentence(replay: Replay | None, record: Record, span: Timespan, why_not: str) -> str:
    agreed = agreement(replay, record)
    return f"{told(record, span)} {why_not if agreed is None else agreed.sentence}"
