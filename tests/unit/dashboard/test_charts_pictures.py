"""The small pictures of the alarm form, as the browser is told to draw them."""

from __future__ import annotations

import pytest

from dashboard.charts.pictures import (
    Adjustment,
    Point,
    ScalingStep,
    StepsPicture,
    WindowPicture,
    steps_document,
    window_document,
)

BREACH, FINE, GAP = Point.BREACHING, Point.WITHIN, Point.MISSING


def test_without_datapoints_a_window_shows_its_rule() -> None:
    drawn = window_document(WindowPicture(2, 3, 300))
    assert drawn["points"] == ["within", "breaching", "breaching"]
    assert drawn["example"]
    assert drawn["label"] == "2 of the newest 3 datapoints breach: ALARM. Each datapoint is 5 min"
    assert window_document(WindowPicture(1, 1, 60))["caption"] == "The newest datapoint breaches: ALARM"


def test_a_window_shows_its_datapoints_and_says_how_many_of_each() -> None:
    drawn = window_document(WindowPicture(2, 4, 60, (FINE, BREACH, GAP, FINE), "1 of 4 breaches: OK"))
    assert drawn["points"] == ["within", "breaching", "missing", "within"]
    assert drawn["label"] == "1 of 4 breaches: OK. 1 breaching, 2 within, 1 missing. Each datapoint is 1 min"
    assert drawn["before"] == "4 min"


@pytest.mark.parametrize(("n", "boxes"), [(60, 60), (61, 0)])
def test_a_long_window_is_one_bar(n: int, boxes: int) -> None:
    drawn = window_document(WindowPicture(15, n, 60))
    assert len(drawn["points"]) == boxes
    assert drawn["filled"] == 15 / n


def test_a_window_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="4 of 3 is no window; give M and N with 1 ≤ M ≤ N"):
        WindowPicture(4, 3, 60)
    with pytest.raises(ValueError, match="1 points do not fill a window of 3; give 3 or none"):
        WindowPicture(2, 3, 60, (FINE,))


OUT = (ScalingStep(20, None, 4), ScalingStep(0, 10, 1), ScalingStep(10, 20, 2))


def test_steps_are_stairs_from_the_threshold_on() -> None:
    drawn = steps_document(StepsPicture(70, "Percent", OUT))
    assert [(step["low"], step["high"], step["text"]) for step in drawn["steps"]] == [
        ("70%", "80%", "+1"),
        ("80%", "90%", "+2"),
        ("90%", "", "+4"),
    ]
    assert (drawn["threshold"], drawn["threshold_at"], drawn["now"]) == ("70%", 0, None)
    assert drawn["label"] == "Steps from the threshold 70%. from 70% to 80%: +1, from 80% to 90%: +2, from 90%: +4"


@pytest.mark.parametrize(("value", "here"), [(69.9, None), (70, 0), (79.9, 0), (80, 1), (90, 2), (1000, 2)])
def test_the_step_that_the_metric_is_in_is_marked(value: float, here: int | None) -> None:
    steps = steps_document(StepsPicture(70, "Percent", OUT, value=value))["steps"]
    assert [place for place, step in enumerate(steps) if step["here"]] == ([] if here is None else [here])


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        (Adjustment.CHANGE, -2, "−2"),
        (Adjustment.CHANGE, 0, "0"),
        (Adjustment.PERCENT, 30, "+30%"),
        (Adjustment.EXACT, 4, "= 4"),
    ],
)
def test_an_adjustment_is_written_as_what_it_does(kind: Adjustment, number: int, text: str) -> None:
    drawn = steps_document(StepsPicture(1, None, (ScalingStep(None, 0, number),), kind))
    assert drawn["steps"][0]["text"] == text
    assert drawn["threshold_at"] == 1
    assert drawn["steps"][0]["range"] == "below 1"


def test_a_policy_without_steps_says_so() -> None:
    drawn = steps_document(StepsPicture(5, "Count", ()))
    assert (drawn["steps"], drawn["threshold_at"]) == ([], None)
    assert drawn["label"] == "Steps from the threshold 5. None"
