"""What other settings would have done, minute by minute, and which one is suggested."""

from datetime import timedelta
from typing import Any

import pytest

from alarms.binning import bins
from alarms.notation import series
from alarms.tuning import Incident, Outcome, Setting, Suggestion, Sweep, candidates, suggest, sweep
from core.series import Series, Values
from core.timespan import Timespan, from_epoch
from tests.unit.alarms.lines import START, alarm

GREATER = "GreaterThanThreshold"
AT_LEAST = {"ComparisonOperator": "GreaterThanOrEqualToThreshold"}


def at(first: int, last: int) -> Timespan:
    """From minute `first` after START up to minute `last`."""
    return Timespan(from_epoch(START + 60 * first), from_epoch(START + 60 * last))


def swept(line: str, *, marked: str = "", members: dict[str, Any] | None = None, **tried: Any) -> Sweep:
    """Sweep over a line of minutes, evaluated as each ends; `marked` has a letter under each minute of an incident."""
    kept = series(line, period=60, start=START)
    length = sum(int(word.partition("x")[2] or 1) for word in line.split())
    words = marked.split()
    incidents = [
        Incident(at(words.index(name) + 1, len(words) - words[::-1].index(name) + 1), name)
        for name in dict.fromkeys(words)
        if name != "."
    ]
    made = alarm(**({"EvaluationPeriods": 1} | (members or {})))
    return sweep(made, kept, span=at(1, length + 1), incidents=incidents, **tried)


def words(values: Values) -> str:
    return " ".join("_" if value != value else f"{value:g}" for value in values.tolist())


def pages(found: Sweep, window: tuple[int, int] = (1, 1)) -> dict[float, int]:
    return {t: found.outcome(Setting(t, *window, 60)).pages for t in found.thresholds}


@pytest.mark.parametrize(
    ("why", "line", "members", "expected"),
    [
        ("each rise above the threshold pages", "1 9 1 9 9 1", {}, {4: 2, 5: 2, 8: 2, 9: 0}),
        ("equal is enough where AWS says so", "1 9 1", AT_LEAST, {9: 1, 9.5: 0}),
        ("below", "9 4 9 3 9", {"ComparisonOperator": "LessThanThreshold"}, {3: 0, 3.5: 1, 4: 1, 4.5: 2}),
        ("below or equal", "9 4 9 3 9", {"ComparisonOperator": "LessThanOrEqualToThreshold"}, {2: 0, 3: 1, 4: 2}),
        ("a gap is filled", "1 _ _ _ 1", {"TreatMissingData": "breaching"}, {0: 1, 4: 1}),
        ("a gap keeps the state", "9 _ _ _ _ 9", {"TreatMissingData": "ignore"}, {4: 1}),
        ("without data the alarm is left", "9 _ _ _ _ 9", {"TreatMissingData": "missing"}, {4: 2}),
        ("DynamoDB ignores whatever it is told", "9 _ _ _ _ 9", {"Namespace": "AWS/DynamoDB"}, {4: 1}),
    ],
)  # fmt: skip
def test_pages(why: str, line: str, members: dict[str, Any], expected: dict[float, int]) -> None:
    found = pages(swept(line, members=members, thresholds=expected))
    assert {threshold: found[threshold] for threshold in expected} == expected, why


def test_an_outcome_is_whole() -> None:
    found = swept(
        "1 9 9 1 1 9 9 9 9 1",
        marked=". . . . . a a a a .",
        windows=[(3, 3)],
    )
    week = timedelta(weeks=1) / timedelta(minutes=10)
    assert found.current == Outcome(Setting(5.0, 1, 1, 60), 2, 2 * week, timedelta(minutes=6), 1, (timedelta(0),))
    assert found.outcome(Setting(5.0, 3, 3, 60)) == Outcome(
        Setting(5.0, 3, 3, 60), 1, week, timedelta(minutes=2), 0, (timedelta(minutes=2),)
    )  # fmt: skip


def test_an_alarm_that_was_on_before_pages_nobody() -> None:
    found = swept("9 9 9 9 1 9 1", marked=". . a a . b .")
    assert found.current.delays == (None, timedelta(0))
    assert (found.current.hits, found.current.false_alarms) == (1, 1)


def test_the_past_before_the_span_is_remembered() -> None:
    kept = series("9 9 9 1", period=60, start=START)
    made = alarm(EvaluationPeriods=1)
    assert sweep(made, kept, span=at(2, 5)).current.pages == 0
    assert sweep(made, kept, span=at(1, 5)).current.pages == 1


def test_longer_periods_slide_by_the_minute() -> None:
    kept = series("0 0 9 9 0 0 0 0 0 0", period=60, start=START)
    seen = bins(alarm(Statistic="Maximum"), kept, period=300, until=from_epoch(START + 660))
    assert words(seen.values) == "0 0 9 9 9 9 9 9 0 0"
    assert (seen.step, seen.stride, int(seen.ends[0])) == (60, 5, START + 60)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Average", "2 3 4 4 _ 5"), ("Sum", "2 6 8 4 _ 5"), ("Minimum", "2 2 4 4 _ 5"), ("Maximum", "2 4 4 4 _ 5")],
)
def test_a_longer_period_is_made_of_the_minutes_that_have_data(statistic: str, expected: str) -> None:
    kept = series("2 4 4 _ _ 5", period=60, start=START)
    found = bins(alarm(Statistic=statistic), kept, period=120, until=from_epoch(START + 420))
    assert words(found.values) == expected


def test_points_further_apart_than_a_minute_are_judged_as_each_is_complete() -> None:
    kept = series("1 9 _ 1", period=300, start=START + 120)
    seen = bins(alarm(Period=300), kept, period=300, until=from_epoch(START + 1440))
    assert seen.ends.tolist() == [START + 420, START + 720, START + 1020, START + 1320]
    assert words(seen.values) == "1 9 _ 1"


def test_a_wall_clock_window_is_evaluated_once_a_period() -> None:
    kept = series("1x4 9x5 1x7", period=60, start=START + 60)
    made = alarm(Statistic="Maximum", EvaluationWindow={"WallClockWindow": {}}, Period=300)
    seen = bins(made, kept, period=300, until=from_epoch(START + 1200))
    assert seen.ends.tolist() == [START + 300, START + 600, START + 900]
    assert words(seen.values) == "1 9 1"


@pytest.mark.parametrize(
    ("members", "period", "message"),
    [
        ({}, 90, "use multiples of 60"),
        ({"Statistic": None, "ExtendedStatistic": "p99"}, 300, "p99 over 300 s does not follow"),
    ],
)
def test_what_a_series_cannot_tell_is_refused(members: dict[str, Any], period: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bins(alarm(**members), series("1", period=60, start=START), period=period, until=from_epoch(START + 60))


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ({"windows": [(3, 2)]}, "3 of 2 datapoints is no window"),
        ({"windows": [(1, 1440)]}, None),
        ({"windows": [(1, 1441)]}, "exceed the 86400 s"),
        ({"windows": [(1, 7)], "periods": [86_400]}, None),
        ({"windows": [(1, 8)], "periods": [86_400]}, "exceed the 604800 s"),
        ({"thresholds": [float("nan")]}, "finite"),
        ({"incidents": [Incident(at(9, 10))]}, "outside the swept span"),
    ],
)
def test_what_aws_would_refuse_is_refused(tried: dict[str, Any], message: str | None) -> None:
    kept = series("1 9 1", period=60, start=START)
    if message is None:
        assert sweep(alarm(), kept, span=at(1, 4), **tried).current.pages == 0
    else:
        with pytest.raises(ValueError, match=message):
            sweep(alarm(), kept, span=at(1, 4), **tried)


NO_METRIC = dict.fromkeys(
    ("MetricName", "Namespace", "Statistic", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods")
)
CPU = {"Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"}, "Period": 60, "Stat": "Average"}
BAND = {
    "Metrics": [{"Id": "m1", "MetricStat": CPU}, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"}],
    "ThresholdMetricId": "ad1",
    "ComparisonOperator": "GreaterThanUpperThreshold",
    "EvaluationPeriods": 1,
}
PROMQL = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}


@pytest.mark.parametrize(("members", "message"), [(BAND, "compared with a band"), (PROMQL, "evaluated by AWS only")])
def test_alarms_without_a_threshold_are_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(alarm(**(NO_METRIC | members)), series("1", period=60, start=START), span=at(1, 2))


def test_an_expression_is_swept_at_its_own_period_only() -> None:
    metrics = [{"Id": "m1", "MetricStat": CPU, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}]
    made = alarm(
        **(NO_METRIC | {"Metrics": metrics, "Threshold": 5, "EvaluationPeriods": 1, "ComparisonOperator": GREATER})
    )
    kept = series("1 9 1", period=60, start=START)
    assert pages(sweep(made, kept, span=at(1, 4), thresholds=[9])) == {5.0: 1, 9: 0}
    with pytest.raises(ValueError, match="an expression over 300 s does not follow"):
        sweep(made, kept, span=at(1, 4), periods=[300])


def test_more_thresholds_than_a_byte_counts() -> None:
    tried = [step / 100 for step in range(1000)]
    found = pages(swept("1 9 1 5 1", thresholds=tried))
    assert [found[t] for t in (0.5, 1.0, 4.99, 5.0, 8.99, 9.0)] == [1, 2, 2, 1, 1, 0]


def test_no_datapoints_at_all() -> None:
    found = sweep(alarm(), Series.empty(60), span=at(0, 10), thresholds=[1, 2])
    assert found.current.pages == 0
    assert candidates(Series.empty(60)) == ()


def test_a_span_between_two_evaluations() -> None:
    span = Timespan(from_epoch(START + 61), from_epoch(START + 62))
    found = sweep(alarm(), series("9 9", period=60, start=START), span=span, incidents=[Incident(span)])
    assert (found.current.pages, found.current.delays) == (0, (None,))
    assert suggest(found).changes is False


def test_a_setting_that_was_not_swept_is_refused() -> None:
    with pytest.raises(ValueError, match="sweep again"):
        swept("1").outcome(Setting(6.0, 1, 1, 60))


def test_candidates_span_what_was_measured() -> None:
    found = candidates(series("1 2 3 4 5x50 6 7 8 99.987", period=60, start=START), count=20)
    assert (found[0], found[-1]) == (1.0, 100.0)
    assert len(found) <= 20
    assert list(found) == sorted(set(found))


class TestSuggestion:
    NOISY = "1 7 1 1 9 9 9 1 1 7 1 1"
    MARKED = ". . . . a a a . . . . ."

    def of(self, line: str, *, marked: str = "", members: dict[str, Any] | None = None, **tried: Any) -> Suggestion:
        return suggest(swept(line, marked=marked, members=members, **tried), bearable=0)

    def test_moves_the_threshold_no_further_than_it_must(self) -> None:
        found = self.of(self.NOISY, marked=self.MARKED, thresholds=range(12))
        assert found.proposed.setting == Setting(7.0, 1, 1, 60)
        assert found.holds == (7.0, 8.0)
        assert found.sentence == (
            "Raise the threshold from 5 to 7: it would have paged for the marked incident, typically at once, "
            "with no false alarm instead of 2 in 12 min. Any threshold from 7 to 8 does the same."
        )

    def test_asks_for_more_datapoints_where_no_threshold_helps(self) -> None:
        found = self.of("1 9 1 1 7 7 7 1 1 9 1 1", marked=self.MARKED, thresholds=range(12), windows=[(2, 2), (3, 3)])
        assert found.proposed.setting == Setting(5.0, 2, 2, 60)
        assert found.proposed.delays == (timedelta(minutes=1),)

    def test_changes_one_member_rather_than_two(self) -> None:
        found = self.of(self.NOISY, marked=self.MARKED, thresholds=[8], windows=[(2, 3)])
        assert found.proposed.setting == Setting(8.0, 1, 1, 60)

    def test_never_loses_an_incident_that_the_alarm_catches(self) -> None:
        found = self.of("1 7 1 9 1 7 1 7 1", marked=". a . b . . . . .", thresholds=range(12))
        assert not found.changes
        assert found.sentence == (
            "Leave it: it pages for both marked incidents with 2 false alarms in 9 min, "
            "and no swept setting does better without losing one."
        )

    def test_catches_more_where_that_costs_no_more_false_alarms(self) -> None:
        found = self.of("1 4 1 9 1 2 1", marked=". a . b . . .", thresholds=range(12))
        assert (found.current.hits, found.proposed.hits) == (1, 2)
        assert found.proposed.setting.threshold == 3.0
        assert "paged for both marked incidents instead of 1" in found.sentence

    def test_false_alarms_that_are_bearable_buy_a_catch(self) -> None:
        line, marked = "1 4 1 1 4 1", ". a . . . ."
        assert not self.of(line, marked=marked, thresholds=range(12)).changes
        found = suggest(swept(line, marked=marked, thresholds=range(12)), bearable=10_080 / 6)
        assert (found.proposed.hits, found.proposed.false_alarms) == (1, 1)

    def test_without_marked_incidents_it_changes_nothing(self) -> None:
        found = self.of(self.NOISY, thresholds=range(12))
        assert not found.changes
        assert found.sentence.startswith("Mark the incidents")

    def test_a_setting_goes_onto_the_alarm_it_is_for(self) -> None:
        changed = Setting(8.0, 2, 3, 120).on(alarm())
        assert Setting.of(changed) == Setting(8.0, 2, 3, 120)
        assert changed.name == "high-cpu"
