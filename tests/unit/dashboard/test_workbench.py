"""What the workbench says an alarm would have done: said by the engine, read once, never made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.kinds import MetricAlarm
from alarms.state import StateValue
from core.reading import Reading, Scope
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.charts.bench import Choice
from dashboard.charts.pictures import Point
from dashboard.views import workbench_words as words
from dashboard.views.alarm_draft import Draft, Kind, MarkedIncident, QueryDraft
from dashboard.views.alarm_form import check
from dashboard.views.alarm_starts import with_kind
from dashboard.views.workbench import Question, Read, Shown, Trial, incidents_of, question, shown, trial, watched
from dashboard.views.workbench import read as read_series
from dashboard.views.workbench_view import build

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROD = Scope("111111111111", "us-east-1")
GOOD = Draft(name="cpu", namespace="AWS/EC2", metric="CPUUtilization", threshold="70", n="3", period="60")
TOPIC = "arn:aws:sns:us-east-1:111111111111:ops"


def calm(minutes: int = 2 * 1440, *, bursts: tuple[tuple[int, int], ...] = (), gaps: tuple[tuple[int, int], ...] = (),
         level: float = 50.0, high: float = 90.0, period: int = 60) -> Series:  # fmt: skip
    """A level line until now, with bursts and gaps at (minutes before now, how many)."""
    times = np.arange(int(NOW.timestamp()) - minutes * 60, int(NOW.timestamp()), period, dtype=np.int64)
    values, kept = np.full(times.size, level), np.ones(times.size, bool)
    for before, length in bursts:
        start = int(NOW.timestamp()) - before * 60
        values[(times >= start) & (times < start + length * 60)] = high
    for before, length in gaps:
        start = int(NOW.timestamp()) - before * 60
        kept[(times >= start) & (times < start + length * 60)] = False
    return Series(times[kept], values[kept], period, "Percent")


def read(series: Series, *, days: float = 1, name: str = "") -> Read:
    return Read({name: series}, Timespan(NOW - timedelta(days=days), NOW), NOW)


def this(draft: Draft = GOOD) -> Shown:
    found = shown(check(draft))
    assert found is not None
    return found


def tried(draft: Draft, series: Series, **more: Any) -> Trial:
    return trial(this(draft), read(series), **more)


def asked(draft: Draft, days: int = 14) -> Question:
    return question(this(draft).alarm, PROD, days=days, now=NOW)


# -- what is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"threshold": "10"}, {"n": "5", "m": "2"}, {"missing": "breaching"}, {"name": "x"}, {"period": "300"}]
)
def test_a_change_that_needs_no_other_data_reads_none(change: dict[str, str]) -> None:
    assert asked(replace(GOOD, **change)).key == asked(GOOD).key  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"metric": "NetworkIn"}, {"statistic": "p99"}, {"dimensions": "InstanceId=i-1"}])
def test_another_metric_or_statistic_is_another_question(change: dict[str, str]) -> None:
    assert asked(replace(GOOD, **change)).key != asked(GOOD).key  # type: ignore[arg-type]


def test_a_percentile_is_read_in_the_alarms_own_period_and_an_average_by_the_minute() -> None:
    assert [q.period for q in asked(replace(GOOD, period="300")).queries] == [60]
    assert [q.period for q in asked(replace(GOOD, period="300", statistic="p99")).queries] == [300]


def test_two_weeks_and_a_day_before_them_are_read() -> None:
    (query,) = asked(GOOD).queries
    assert query.span.duration == timedelta(days=15)
    assert NOW - timedelta(minutes=2) <= query.span.end <= NOW


def test_high_resolution_is_read_as_far_back_as_it_is_kept() -> None:
    (query,) = asked(replace(GOOD, period="10")).queries
    assert query.span.duration == timedelta(hours=3)


def test_metric_math_reads_each_of_its_metrics() -> None:
    draft = with_kind(GOOD, Kind.MATH)
    second = replace(draft.queries[0], id="m2", metric="NetworkIn")
    expression = replace(draft.queries[1], expression="m1 / m2")
    found = asked(replace(draft, queries=(draft.queries[0], second, expression)))
    assert [name for name, _ in found.needs] == ["m1", "m2"]


def test_datapoints_that_are_still_on_their_way_are_no_gap() -> None:
    class Late:
        def metrics(self, queries: Any, *, now: datetime) -> Reading[Any]:
            return Reading({query: calm(gaps=((4, 4),)) for query in queries}, now)

    found = read_series(Late(), asked(GOOD), clock=lambda: NOW)  # type: ignore[arg-type]
    assert found.span.end == NOW - timedelta(minutes=4)
    gone = replace(found, series={"": calm(gaps=((60, 60),))})
    assert watched(this().alarm, gone).series.times[-1] == (NOW - timedelta(minutes=61)).timestamp()


# -- what would have happened -------------------------------------------------------------------------------------

bursts = st.lists(st.tuples(st.integers(20, 1400), st.integers(1, 30)), max_size=5).map(tuple)


@settings(deadline=None)
@given(bursts, bursts, st.integers(1, 4), st.integers(0, 2), st.sampled_from(["", "breaching", "notBreaching"]))
def test_the_replay_and_the_outlined_cell_of_the_heat_map_agree(
    high: Any, gaps: Any, m: int, more: int, missing: str
) -> None:
    draft = replace(GOOD, m=str(m), n=str(m + more), missing=missing)
    found = tried(draft, calm(bursts=high, gaps=gaps))
    assert found.replay is not None
    assert found.sweep is not None
    entered = sum(change.new is StateValue.ALARM for change in found.replay.transitions)
    assert entered == found.sweep.current.pages


def test_the_headline_counts_lengths_and_flaps() -> None:
    series = calm(bursts=((600, 20), (575, 10), (100, 37)))
    told = replace(GOOD, alarm_actions=(TOPIC,))
    assert words.headline(tried(told, series), "Percent") == (
        "Would have notified 3 times in the last 24 hours, longest 35 min, 1 flap."
    )
    assert "gone into alarm 3 times" in words.headline(tried(GOOD, series), "Percent")
    silent = words.headline(tried(replace(told, actions_enabled=False), series), "Percent")
    assert "gone into alarm" in silent


def test_an_alarm_that_never_fires_says_how_near_it_came() -> None:
    assert words.headline(tried(GOOD, calm(bursts=((90, 1),), high=69.5)), "Percent") == (
        "Would not have gone into alarm in the last 24 hours. The highest value was 69.5%."
    )


def test_a_replay_begins_in_the_state_that_was() -> None:
    series = calm(bursts=((1500, 90),))
    found = tried(GOOD, series)
    assert found.replay is not None
    assert found.replay.timeline.initial is StateValue.ALARM
    (firing,) = words.firings(found.replay)
    assert firing.start == NOW - timedelta(days=1)
    assert words.headline(found, "Percent") == (
        "Would have been in alarm in the last 24 hours for 31 min from its start, and not again."
    )
    always = tried(replace(GOOD, threshold="1"), series)
    assert words.headline(always, "Percent") == "Would have been in alarm in the last 24 hours for all of it."


def test_without_data_nothing_is_made_up() -> None:
    found = tried(GOOD, Series.empty(60))
    assert found.replay is None
    view = build(this(), read(Series.empty(60)), found, incidents=(), movable=True)
    assert view.headline == "No datapoints yet"
    assert view.bench.chart.note == "No datapoints yet"
    assert view.bench.states is None
    assert view.gaps is None


def test_a_threshold_that_is_not_given_yet_is_proposed() -> None:
    series = calm(bursts=tuple((60 * hour, 5) for hour in range(2, 20)))
    found = trial(this(replace(GOOD, threshold="")), read(series))
    assert found.proposed_threshold is not None
    assert found.proposed_threshold >= 50
    assert found.replay is not None
    assert sum(change.new is StateValue.ALARM for change in found.replay.transitions) <= 1


@pytest.mark.parametrize("broken", [{"name": ""}, {"threshold": "7o"}, {"n": "x"}, {"alarm_actions": ("ops",)}])
def test_a_form_with_one_field_to_correct_is_previewed_all_the_same(broken: dict[str, Any]) -> None:
    checked = check(replace(GOOD, **broken))
    assert not checked.ready
    assert shown(checked) is not None


def test_without_a_metric_there_is_nothing_to_preview() -> None:
    assert shown(check(replace(GOOD, metric=""))) is None
    assert shown(check(replace(GOOD, period="7"))) is None
    assert shown(check(Draft(kind=Kind.COMPOSITE, name="c", rule="ALARM(a)"))) is None


# -- gaps ---------------------------------------------------------------------------------------------------------


def test_missing_data_is_explained_by_the_metrics_own_gaps() -> None:
    series = calm(gaps=((300, 25), (100, 40)))
    found = words.gaps(this().alarm, watched(this().alarm, read(series)), read(series).span)
    assert found.sentence == "2 gaps in 24 hours, the longest 40 min."
    said = {each.treatment: each.text for each in found.outcomes}
    assert said["breaching"].startswith("in alarm twice")
    assert said["notBreaching"] == "never in alarm"
    assert said["missing"] == "never in alarm, no data twice"
    assert [each.treatment for each in found.outcomes if each.chosen] == ["missing"]


def test_without_gaps_all_treatments_are_the_same() -> None:
    found = words.gaps(this().alarm, watched(this().alarm, read(calm())), read(calm()).span)
    assert found.sentence == "No gap in 24 hours: all four would have done the same."
    assert found.outcomes == ()


def test_dynamodb_ignores_gaps_whatever_is_chosen() -> None:
    draft = replace(GOOD, namespace="AWS/DynamoDB", missing="breaching")
    series = calm(gaps=((300, 25),))
    found = words.gaps(this(draft).alarm, watched(this(draft).alarm, read(series)), read(series).span)
    assert "AWS ignores them for DynamoDB" in found.sentence


# -- metric math, band, window, incidents -------------------------------------------------------------------------


def test_metric_math_is_evaluated_on_what_was_read() -> None:
    draft = with_kind(GOOD, Kind.MATH)
    draft = replace(draft, queries=(draft.queries[0], replace(draft.queries[1], expression="m1 / 2")), threshold="40")
    found = trial(this(draft), read(calm(bursts=((100, 10),)), name="m1"))
    assert "gone into alarm once" in words.headline(found, None)


def test_an_expression_that_fails_on_the_data_says_so() -> None:
    draft = with_kind(GOOD, Kind.MATH)
    listed = replace(draft.queries[1], expression="SUM([m1, 2])")
    found = trial(this(replace(draft, queries=(draft.queries[0], listed))), read(calm(), name="m1"))
    assert found.replay is None or not found.why_not
    text = QueryDraft("e1", statistic="", period="", expression="5", watched=True)
    number = trial(this(replace(draft, queries=(draft.queries[0], text))), read(calm(), name="m1"))
    assert "gives a number" in number.why_not


def test_a_band_is_learnt_from_before_the_replay_only() -> None:
    draft = replace(GOOD, kind=Kind.BAND, band_comparison="GreaterThanUpperThreshold")
    wave = calm(8 * 1440)
    noisy = replace(wave, values=50 + np.random.default_rng(1).normal(0, 2, len(wave)))
    shifted = replace(noisy, values=np.where(noisy.times >= NOW.timestamp() - 7200, 90.0, noisy.values))
    found = trial(this(draft), read(shifted, name="m1"))
    view = build(this(draft), read(shifted, name="m1"), found, incidents=(), movable=True)
    assert view.bench.band
    assert view.bench.heat is None
    assert "gone into alarm" in view.headline
    assert any("model of what is usual" in limit for limit in view.limits)


def test_m_of_n_is_drawn_with_the_newest_datapoints() -> None:
    series = calm(bursts=((2, 2),), gaps=((4, 1),))
    draft = replace(GOOD, m="3", n="5")
    view = build(this(draft), read(series), trial(this(draft), read(series)), incidents=(), movable=True)
    assert view.window is not None
    assert view.window.points == (Point.WITHIN, Point.MISSING, Point.WITHIN, Point.BREACHING, Point.BREACHING)


def test_marked_incidents_bring_the_smallest_better_change() -> None:
    start, end = NOW - timedelta(minutes=100), NOW - timedelta(minutes=90)
    mark = MarkedIncident(f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}")
    draft = replace(
        GOOD, threshold="95", incidents=(mark, MarkedIncident("x", "y"), MarkedIncident(mark.end, mark.start))
    )
    found = read(calm(bursts=((100, 10),)))
    incidents = incidents_of(draft, found.span)
    assert len(incidents) == 1
    view = build(this(draft), found, trial(this(draft), found, incidents=incidents), incidents=(), movable=True)
    assert view.suggestion.startswith("Lower the threshold from 95")
    assert isinstance(view.better, Choice)
    assert view.better.threshold < 95


def test_the_condition_in_words() -> None:
    alarm = this(replace(GOOD, m="3", n="5", period="300")).alarm
    assert words.condition(alarm, "Percent") == (
        "Goes into alarm when CPUUtilization (Average) is above 70% in 3 of the newest 5 datapoints, of 5 min each."
    )
    assert "in one datapoint of 1 min" in words.condition(this(replace(GOOD, n="1")).alarm, "Percent")


def test_a_noisy_alarm_is_quick_because_only_what_is_listed_is_explained() -> None:
    rng = np.random.default_rng(7)
    series = calm(14 * 1440)
    noisy = replace(series, values=rng.normal(70, 5, len(series)))
    found = trial(this(replace(GOOD, n="1")), Read({"": noisy}, Timespan(NOW - timedelta(days=13), NOW), NOW))
    assert found.replay is not None
    assert len(found.replay.transitions) > 4_000
    assert sum(bool(change.reason) for change in found.replay.transitions) == 50


def test_a_metric_alarm_that_only_aws_evaluates_is_not_replayed() -> None:
    draft = with_kind(GOOD, Kind.MATH)
    query = QueryDraft("q1", statistic="", period="60", expression='SELECT AVG(x) FROM "N"', watched=True)
    found = trial(this(replace(draft, queries=(query,))), Read({}, Timespan(NOW - timedelta(days=1), NOW), NOW))
    assert "AWS's servers only" in found.why_not


def test_names_of_metrics_are_only_text() -> None:
    alarm = this(replace(GOOD, metric="![x](https://a.example/p.png)")).alarm
    assert isinstance(alarm, MetricAlarm)
    assert MetricId("AWS/EC2", "![x](https://a.example/p.png)") in alarm.metrics
