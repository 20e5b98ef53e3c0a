"""The explorer: search, statistics, periods, two axes, price, and the data behind the chart."""

from __future__ import annotations

import io
from datetime import timedelta

import pandas as pd
import pytest

from collectors.inventory import Inventory
from core.series import MetricId
from core.timespan import Timespan
from dashboard.state import MOST_CHOICES, ExplorerState, MetricChoice, PageState
from dashboard.views import explorer, explorer_starts
from tests.pages import fakes
from tests.pages.fakes import HOSTILE, NOW, PROD, FakeSources

HOUR = Timespan.last(timedelta(hours=1), now=NOW)
CPU = MetricChoice(MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", fakes.INSTANCES[0]),)), "Average")
LATENCY = MetricChoice(
    MetricId("AWS/ApplicationELB", "TargetResponseTime", (("LoadBalancer", "app/web-alb/1"),)), "p99"
)
ASKED = MetricChoice(MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/web-alb/1"),)), "Sum")


@pytest.mark.parametrize(
    ("words", "found"), [("", 9), ("ec2", 3), ("CPU i-0b29", 1), ("elb latency", 0), ("applicationelb response", 1)]
)
def test_every_word_must_be_somewhere(words: str, found: int) -> None:
    assert len(explorer.search(fakes.known_metrics(), words).metrics) == found


def test_a_long_list_is_cut_and_says_so() -> None:
    many = [MetricId("N", f"m{place}") for place in range(500)]
    found = explorer.search(many, "")
    assert len(found.table) == explorer.MOST_FOUND
    assert "narrow the search" in found.summary


def test_a_new_series_begins_with_the_statistic_that_means_most() -> None:
    assert explorer.default_choice(ASKED.metric).statistic == "Sum"
    state = explorer.with_metric(ExplorerState(), ASKED.metric)
    assert explorer.with_metric(state, ASKED.metric) == state


def test_a_pick_that_changes_nothing_says_why() -> None:
    assert explorer.left_out(ExplorerState(), ASKED.metric) == ""
    assert "on the chart already" in explorer.left_out(ExplorerState((ASKED,)), ASKED.metric)
    full = tuple(MetricChoice(MetricId("N", f"m{place}"), "Sum") for place in range(MOST_CHOICES))
    assert "at most 12 series" in explorer.left_out(ExplorerState(full), ASKED.metric)


def test_starts_are_the_fleets_charts_as_far_as_they_report() -> None:
    starts = explorer_starts.offered(fakes.inventory(), fakes.known_metrics())
    assert [start.label for start in starts] == [
        "Latency · TargetResponseTime", "Requests and errors", "CPU · web-asg", "Page load · Directory PageLoadTime",
        "DynamoDB · employees", "Lambda · thumbnails",
    ]  # fmt: skip
    assert {choice.metric for start in starts for choice in start.choices} <= set(fakes.known_metrics())


def test_without_a_fleet_tables_and_functions_are_a_start() -> None:
    starts = explorer_starts.offered(Inventory(), fakes.known_metrics())
    assert [start.label for start in starts] == ["DynamoDB · employees", "Lambda · thumbnails"]
    assert explorer_starts.offered(Inventory(), ()) == ()


def test_a_series_changes_its_statistic_or_goes() -> None:
    state = ExplorerState((CPU, LATENCY))
    assert explorer.with_change(state, 1, "p50").choices[1].statistic == "p50"
    assert explorer.with_change(state, 0, None).choices == (LATENCY,)


@pytest.mark.parametrize("statistic", ["Average", "p99.9", "tm90", "TM(10%:90%)", "IQM", "PR(:300)"])
def test_statistics_that_cloudwatch_knows(statistic: str) -> None:
    assert explorer.statistic_problem(statistic) == ""


@pytest.mark.parametrize("statistic", ["", "average", "p101", "p-1", HOSTILE])
def test_any_other_is_explained(statistic: str) -> None:
    assert "is not a CloudWatch statistic" in explorer.statistic_problem(statistic)


def test_two_units_take_two_axes_and_a_third_is_left_out() -> None:
    asked = explorer.question(ExplorerState((CPU, LATENCY, ASKED)), PROD, HOUR, now=NOW)
    assert (asked.panel.unit, asked.panel.right_unit) == ("Percent", "Seconds")
    assert len(asked.panel.lines) == 2
    assert "the two axes are taken" in asked.problems[0]


@pytest.mark.parametrize(
    ("age", "length", "offered"),
    [
        (timedelta(0), timedelta(hours=1), [None, 60, 300, 900, 3600, 21_600, 86_400]),
        (timedelta(0), timedelta(hours=24), [None, 60, 300, 900, 3600, 21_600, 86_400]),
        (timedelta(0), timedelta(days=7), [None, 900, 3600, 21_600, 86_400]),
        (timedelta(days=20), timedelta(hours=1), [None, 300, 900, 3600, 21_600, 86_400]),
        (timedelta(days=100), timedelta(hours=1), [None, 3600, 21_600, 86_400]),
    ],
)
def test_periods_are_those_that_cloudwatch_still_keeps(
    age: timedelta, length: timedelta, offered: list[int | None]
) -> None:
    span = Timespan(NOW - age - length, NOW - age)
    assert [option.seconds for option in explorer.period_options(span, now=NOW)] == offered


def test_a_period_that_does_not_fit_is_named_and_the_span_decides() -> None:
    old = Timespan(NOW - timedelta(days=100), NOW - timedelta(days=99))
    asked = explorer.question(ExplorerState((CPU,), period=60), PROD, old, now=NOW)
    assert asked.on.period == 3600
    assert "A period of 1 min does not fit this span" in asked.problems[0]


def test_the_price_is_said_before_anything_is_read() -> None:
    sources = FakeSources()
    asked = explorer.question(ExplorerState((CPU, LATENCY)), PROD, HOUR, now=NOW)
    tag = explorer.price(sources, asked, now=NOW)
    assert tag.text.startswith("2 calls, expected price \\$0.00.")
    assert tag.free
    assert sources.reads == []


def answered(*choices: MetricChoice) -> explorer.ExplorerView:
    answer = explorer.read(FakeSources(), ExplorerState(choices), PageState(PROD), clock=lambda: NOW)
    return explorer.build(*answer)


def test_figures_are_written_as_people_read_them() -> None:
    row = answered(LATENCY).figures.iloc[0]
    assert row["Series"] == "TargetResponseTime p99"
    assert row["Newest"].endswith(" ms")
    assert row["Datapoints"] == "57"


def test_how_many_values_were_others_at_first_is_said() -> None:
    answer = explorer.read(FakeSources(changing=True), ExplorerState((CPU,)), PageState(PROD), clock=lambda: NOW)
    view = explorer.build(*answer)
    assert view.changed.startswith("3 values changed after they were first read.")
    assert len(view.chart.lines[0].revised) == 3
    assert answered(CPU).changed == ""


def test_the_download_holds_what_cloudwatch_gave() -> None:
    view = answered(CPU, LATENCY)
    text = explorer.csv(view.data).decode()
    assert text.splitlines()[0] == "time,value,unit,account,region,namespace,metric,dimensions,statistic,period"
    assert "2026-11-23T10:31:00Z," in text.splitlines()[1]
    back = pd.read_parquet(io.BytesIO(explorer.parquet(view.data)))
    assert len(back) == 114
    assert str(back["time"].dtype).startswith("datetime64")
    assert set(back["metric"]) == {"CPUUtilization", "TargetResponseTime"}


def test_a_name_that_a_spreadsheet_would_run_is_disarmed() -> None:
    evil = MetricChoice(MetricId("=cmd|' /C calc'!A0", "+1", (("@a", "-b"),)), "Average")
    row = explorer.csv(answered(evil).data).decode().splitlines()[1]
    assert ",'=cmd|" in row
    assert ",'+1," in row
    assert ",'@a=-b," in row
