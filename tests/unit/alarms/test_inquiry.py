"""The question that `python -m alarms evaluate` reads: which points a window sees, whenever it is asked."""

from collections.abc import Sequence
from typing import Any

import pytest

from alarms.inquiry import answer
from tests.unit.alarms.lines import DEFAULTS


def ask(points: Sequence[tuple[str, float | None]], at: str, **question: Any) -> str:
    members = question.pop("members", {})
    rows = [[f"2026-11-23T{time}Z", value] for time, value in points]
    found = answer({"alarm": DEFAULTS | members, "points": rows, "at": f"2026-11-23T{at}Z"} | question)
    assert found["reason_data"]["queryDate"] == f"2026-11-23T{at}.000+0000"
    return str(found["state"])


@pytest.mark.parametrize(
    ("at", "state"),
    [("10:00:59", "INSUFFICIENT_DATA"), ("10:01:00", "ALARM"), ("10:01:59", "ALARM"), ("10:02:59", "ALARM")],
)
def test_a_minute_counts_once_it_is_over(at: str, state: str) -> None:
    assert ask([("10:00:00", 9.0)], at, members={"EvaluationPeriods": 1}) == state


@pytest.mark.parametrize(
    ("at", "state"), [("10:09:59", "OK"), ("10:10:00", "ALARM"), ("10:12:30", "ALARM"), ("10:14:59", "ALARM")]
)
def test_points_five_minutes_apart_are_seen_at_any_minute(at: str, state: str) -> None:
    """A window that ends between two points tells what the one before told; an unfinished period is not looked at."""
    points = [("10:00:00", 0.0), ("10:05:00", 9.0)]
    assert ask(points, at, members={"EvaluationPeriods": 1, "Period": 300}) == state


def test_seconds_of_a_point_do_not_matter() -> None:
    assert ask([("10:00:07", 9.0)], "10:01:00", members={"EvaluationPeriods": 1}) == "ALARM"


@pytest.mark.parametrize(("periods", "state"), [(3, "INSUFFICIENT_DATA"), (4, "ALARM"), (None, "ALARM"), (6, "ALARM")])
def test_the_evaluation_range_may_be_given(periods: int | None, state: str) -> None:
    """A lone breach four minutes back is M periods old, if the range reaches it."""
    question = {} if periods is None else {"evaluation_range": periods}
    assert ask([("10:00:00", 9.0), ("10:01:00", None)], "10:04:00", **question) == state


def test_null_is_a_gap_and_previous_state_is_kept_where_missing_data_are_ignored() -> None:
    members = {"TreatMissingData": "ignore"}
    states = [ask([("10:00:00", None)], "10:01:00", previous_state=state, members=members) for state in ("OK", "ALARM")]
    assert states == ["OK", "ALARM"]
