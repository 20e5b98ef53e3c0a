"""Panels: queries out of data, charts out of what was read; gaps, rates, thresholds, lag."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from collectors.revisions import Revision
from core.reading import Scope
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.charts.view import Axis, Line, LineKind, Revised, Tone
from dashboard.views import panels
from dashboard.views.panels import Grid, Limit, Panel, PanelLine

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HERE = Scope("111111111111", "us-east-1")
CPU = MetricId("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "web"),))
ASKED = MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/web/1"),))
FAILED = MetricId("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", (("LoadBalancer", "app/web/1"),))


def on(minutes: int = 6, *, period: int = 60) -> Grid:
    return Grid(HERE, Timespan(NOON, NOON + timedelta(minutes=minutes)), period)


def series(text: str, *, period: int = 60, step: int | None = None) -> Series:
    """Read `1 _ 3`: one value a period from noon on, `_` for a period that nobody reported."""
    marks = text.split()
    places = [place for place, mark in enumerate(marks) if mark != "_"]
    times = np.array([int(NOON.timestamp()) + place * (step or period) for place in places], np.int64)
    return Series(times, np.array([float(marks[place]) for place in places]), period)


def panel(*lines: PanelLine) -> Panel:
    return Panel("p", "P", "Percent", lines)


def values(line: Line) -> str:
    return " ".join("_" if np.isnan(value) else f"{value:g}" for value in line.values)


def test_a_value_that_changed_is_told_in_the_unit_of_its_line() -> None:
    rate = PanelLine(ASKED, "Sum", "requests", per_second=True)
    plain = PanelLine(CPU, "Average", "cpu")
    ended = NOON + timedelta(minutes=1)
    readings = {on().query(each): series("60 120 180") for each in (rate, plain)}
    revisions = {on().query(each): (Revision(NOON, ((ended, 90.0),), 60.0),) for each in (rate, plain)}
    drawn = panels.chart(panel(rate, plain), readings, on(), revisions=revisions)
    assert [line.revised for line in drawn.lines] == [
        (Revised(NOON, ((ended, 1.5),), 1.0),),
        (Revised(NOON, ((ended, 90.0),), 60.0),),
    ]


@pytest.mark.parametrize("seconds", [10, 59, 69])
def test_a_grid_ends_before_the_period_that_still_runs_or_is_still_on_its_way(seconds: int) -> None:
    now = NOON + timedelta(seconds=seconds)
    found = panels.grid(HERE, Timespan.last(timedelta(hours=1), now=now), now=now)
    assert found.period == 60
    assert found.span.end == NOON
    assert found.span.start == NOON - timedelta(hours=1)


def test_a_pinned_span_keeps_its_end() -> None:
    past = Timespan(NOON - timedelta(hours=3), NOON - timedelta(hours=2))
    assert panels.grid(HERE, past, now=NOON).span == past


def test_what_cloudwatch_no_longer_keeps_by_the_minute_is_read_coarser() -> None:
    old = Timespan(NOON - timedelta(days=20), NOON - timedelta(days=20) + timedelta(hours=2))
    assert panels.grid(HERE, old, now=NOON).period == 300


def test_each_query_is_asked_once() -> None:
    line = PanelLine(CPU, "Average", "a")
    assert len(panels.queries([panel(line, line), panel(line)], on())) == 1


def test_a_gap_stays_a_gap() -> None:
    line = PanelLine(CPU, "Average", "cpu")
    view = panels.chart(panel(line), {on().query(line): series("1 2 _ 4 5 6")}, on())
    assert values(view.lines[0]) == "1 2 _ 4 5 6"


def test_errors_are_zero_while_requests_come_and_unknown_while_none_do() -> None:
    line = PanelLine(FAILED, "Sum", "5xx", LineKind.BAR, zero_beside=ASKED)
    beside = PanelLine(ASKED, "Sum", "requests")
    read = {on().query(line): series("_ _ 3 _ _ _"), on().query(beside): series("60 60 60 60 _ 60")}
    assert values(panels.chart(panel(line), read, on()).lines[0]) == "0 0 3 0 _ 0"


def test_errors_that_never_came_are_zero_too() -> None:
    line = PanelLine(FAILED, "Sum", "5xx", zero_beside=ASKED)
    beside = PanelLine(ASKED, "Sum", "requests")
    view = panels.chart(panel(line), {on().query(beside): series("60 60 _ 60 60 60")}, on())
    assert values(view.lines[0]) == "0 0 _ 0 0 0"


def test_a_few_errors_do_not_tower_over_the_traffic() -> None:
    traffic = PanelLine(ASKED, "Sum", "requests/s", LineKind.AREA, per_second=True)
    few = PanelLine(FAILED, "Sum", "5xx/s", LineKind.BAR, Axis.RIGHT, per_second=True)
    both = replace(panel(traffic, few), unit="Count/Second", right_unit="Count/Second", right_share=0.1)
    read = {on().query(traffic): series("1680 1680 _ 1680 1680 1680"), on().query(few): series("0 6 0 0 0 0")}
    assert panels.chart(both, read, on()).right_max == pytest.approx(3.0)
    assert panels.chart(both, {}, on()).right_max is None


def test_a_sum_is_shown_as_a_rate() -> None:
    line = PanelLine(ASKED, "Sum", "requests/s", per_second=True)
    assert (
        values(panels.chart(panel(line), {on().query(line): series("60 120 _ 0 60 60")}, on()).lines[0])
        == "1 2 _ 0 1 1"
    )


def test_a_metric_published_every_five_minutes_is_no_row_of_gaps() -> None:
    line = PanelLine(CPU, "Average", "cpu")
    wide = on(20)
    view = panels.chart(panel(line), {wide.query(line): series("10 20 30 40", step=300)}, wide)
    assert values(view.lines[0]) == "10 20 30 40"


def test_a_metric_that_nobody_reports_says_so_and_keeps_its_axes() -> None:
    line = PanelLine(CPU, "Average", "cpu")
    view = panels.chart(panel(line), {}, on())
    assert view.note == "No datapoints 12:00 to 12:06"
    assert view.span == on().span


LIMIT = Limit(CPU, "Average", 70.0, "alarm")


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ("60 60 60 60 60 60", "OK"),
        ("60 70 70 70 70 70", "OK"),
        ("60 60 60 71 71 71", "cpu beyond its threshold for 3 min"),
        ("71 71 60 60 60 60", "OK"),
        ("60 60 60 60 71 60", "OK"),
        ("60 60 71 71 _ _", "cpu beyond its threshold for 2 min"),
        ("_ _ _ _ _ _", "No data"),
    ],
)
def test_a_chart_says_whether_its_threshold_is_crossed_now(points: str, text: str) -> None:
    line = PanelLine(CPU, "Average", "cpu")
    view = panels.chart(panel(line), {on().query(line): series(points)}, on(), limits=[LIMIT])
    assert view.status is not None
    assert view.status.text == text


def test_a_scaling_threshold_is_neither_red_nor_shaded() -> None:
    line = PanelLine(CPU, "Average", "cpu")
    low = Limit(CPU, "Average", 40.0, "scaling", below=True, scaling=True)
    view = panels.chart(panel(line), {on().query(line): series("1 1 1 1 1 1")}, on(), limits=[low])
    assert view.bands == ()
    assert view.status is None
    assert [threshold.tone for threshold in view.thresholds] == [Tone.MUTED]


def test_a_threshold_of_another_statistic_is_not_drawn() -> None:
    line = PanelLine(CPU, "Maximum", "cpu")
    assert panels.chart(panel(line), {}, on(), limits=[LIMIT]).thresholds == ()


def line_of(text: str) -> Line:
    marks = text.split()
    times = np.array([int(NOON.timestamp()) + 60 * place for place in range(len(marks))], np.int64)
    return Line("l", times, np.array([np.nan if mark == "_" else float(mark) for mark in marks]))


def test_the_newest_value_is_the_last_that_came() -> None:
    newest = panels.latest(line_of("10 20 30 _ _"))
    assert newest.value == 30
    assert newest.at == NOON + timedelta(minutes=2)
    assert newest.change == 20


def test_nothing_that_came_is_none_and_not_zero() -> None:
    assert panels.latest(line_of("_ _ _")).value is None


def test_a_sparkline_is_short() -> None:
    assert len(panels.latest(line_of(" ".join(["1"] * 500))).recent) == panels.SPARK_POINTS
