"""What a chart view accepts, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.series import Series
from core.timespan import Timespan, from_epoch
from dashboard.charts.targets import Target, TargetGrid, Zone, document, duration, since_text
from dashboard.charts.view import Axis, Band, ChartView, Line, LineKind, Revised, Threshold, Tone, breaches

START = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp())
SPAN = Timespan(from_epoch(START), from_epoch(START + 300))


def line(text: str, name: str = "cpu") -> Line:
    values = np.array([float("nan") if word == "_" else float(word) for word in text.split()])
    return Line(name, START + 60 * np.arange(values.size, dtype=np.int64), values)


def test_a_line_wants_one_value_a_time() -> None:
    with pytest.raises(ValueError, match=r"line 'cpu': \(2,\) times do not fit \(1,\) values"):
        Line("cpu", np.array([0, 60], np.int64), np.array([1.0]))


@pytest.mark.parametrize("times", [[0, 0], [60, 0]])
def test_doubled_or_falling_times_are_refused(times: list[int]) -> None:
    with pytest.raises(ValueError, match="times must ascend without doubles"):
        Line("cpu", np.array(times, np.int64), np.array([1.0, 2.0]))


def test_a_sparse_series_becomes_a_line_with_gaps() -> None:
    settled = from_epoch(START + 120)
    series = Series(
        np.array([START, START + 180], np.int64), np.array([1.0, 4.0]), 60, "Percent", "cpu", settled_until=settled
    )
    drawn = Line.of(series, span=SPAN)
    assert drawn.times.tolist() == [START + 60 * minute for minute in range(5)]
    np.testing.assert_array_equal(drawn.values, [1, np.nan, np.nan, 4, np.nan])
    assert (drawn.name, drawn.settled_until) == ("cpu", settled)


def test_a_chart_of_gaps_is_empty_and_a_chart_with_a_zero_is_not() -> None:
    assert ChartView("a", "A", None, (line("_ _"),), SPAN).empty
    assert ChartView("a", "A", None, (), SPAN).empty
    assert not ChartView("a", "A", None, (line("_ 0"),), SPAN).empty


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime"])
def test_a_clock_that_does_not_exist_is_refused_before_a_browser_meets_it(zone: str) -> None:
    with pytest.raises(ValueError, match="is no time zone; give an IANA name"):
        ChartView("a", "A", None, (), SPAN, zone=zone)


def revised(*earlier: float, later: float | None, minute: int = 0) -> Revised:
    """The datapoint of a minute after 10:00 that was read as each of `earlier` until 5, 6, … minutes later."""
    at = from_epoch(START + 60 * minute)
    return Revised(at, tuple((at + timedelta(minutes=5 + n), value) for n, value in enumerate(earlier)), later)


@pytest.mark.parametrize(
    ("what", "zone", "text"),
    [
        (revised(91.2, later=88.4), "UTC", "seen as 91.2% until 10:05, later 88.4%"),
        (revised(91.2, 90, later=88.4), "UTC", "seen as 91.2% until 10:05, then 90% until 10:06, later 88.4%"),
        (revised(91.2, later=None), "UTC", "seen as 91.2% until 10:05, later none"),
        (revised(0, later=88.4), "Europe/Paris", "seen as 0% until 11:05, later 88.4%"),
    ],
)
def test_a_value_that_changed_is_said_with_when(what: Revised, zone: str, text: str) -> None:
    assert what.text("Percent", zone) == text


@pytest.mark.parametrize(("kind", "values"), [(LineKind.LINE, [1, 2, 91.2]), (LineKind.BAR, [1, 2])])
def test_what_was_seen_first_fits_on_the_axis(kind: LineKind, values: list[float]) -> None:
    drawn = replace(line("1 2"), kind=kind, revised=(revised(91.2, later=1),))
    assert ChartView("a", "A", "Percent", (drawn,), SPAN).values_on(Axis.LEFT).tolist() == values


def test_an_axis_knows_its_values_and_thresholds() -> None:
    chart = ChartView("a", "A", "Percent", (line("1 2"),), SPAN, thresholds=(Threshold(70),), right_unit="Count")
    assert chart.values_on(Axis.LEFT).tolist() == [1, 2, 70]
    assert chart.values_on(Axis.RIGHT).tolist() == []
    assert chart.unit_of(Axis.RIGHT) == "Count"


def spans(bands: tuple[Band, ...]) -> list[tuple[int, int]]:
    def minute(instant: datetime) -> int:
        return int((instant.timestamp() - START) // 60)

    return [(minute(band.span.start), minute(band.span.end)) for band in bands]


@pytest.mark.parametrize(
    ("values", "below", "expected"),
    [
        ("1 2 3", False, []),
        ("3 3 3", False, []),
        ("3 4 3", False, [(1, 2)]),
        ("4 4 1 5", False, [(0, 2), (3, 4)]),
        ("4 _ 4", False, [(0, 1), (2, 3)]),
        ("_ _", False, []),
        ("2 3 4", True, [(0, 1)]),
    ],
)
def test_a_breach_lasts_while_points_are_beyond_and_a_gap_ends_it(
    values: str, *, below: bool, expected: list[tuple[int, int]]
) -> None:
    assert spans(breaches(line(values), Threshold(3), period=60, below=below)) == expected


NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=40), "since 11:29, 40 s"),
        (timedelta(minutes=9), "since 11:21, 9 min"),
        (timedelta(hours=3), "since 08:30, 3 h"),
        (timedelta(hours=3, minutes=5), "since 08:25, 3 h 5 min"),
        (timedelta(days=2, hours=4), "since 21 Nov 07:30, 2 d 4 h"),
        (timedelta(seconds=-3), "since 11:30, 0 s"),
    ],
)
def test_since_when_says_the_time_and_how_long(ago: timedelta, text: str) -> None:
    assert since_text(NOW - ago, now=NOW) == text


def test_since_when_follows_the_clock_of_its_zone() -> None:
    assert since_text(NOW - timedelta(minutes=9), now=NOW, clock="Europe/Paris") == "since 12:21, 9 min"
    assert since_text(None, now=NOW) == ""
    assert duration(timedelta(seconds=59)) == "59 s"


def test_a_target_says_all_of_itself_in_its_label() -> None:
    grid = TargetGrid(
        (
            Zone(
                "us-east-1a",
                (Target("i-0a", "unhealthy", Tone.ALARM, "Request timed out", NOW - timedelta(minutes=9), 80, "web"),),
            ),
        ),
        NOW,
    )
    assert document(grid) == {
        "note": "",
        "zones": [
            {
                "name": "us-east-1a",
                "targets": [
                    {
                        "id": "i-0a:80",
                        "name": "web",
                        "state": "unhealthy",
                        "tone": "alarm",
                        "reason": "Request timed out",
                        "since": "since 11:21, 9 min",
                        "label": "i-0a:80, web, in us-east-1a, unhealthy, Request timed out, since 11:21, 9 min",
                    }
                ],
            }
        ],
    }
