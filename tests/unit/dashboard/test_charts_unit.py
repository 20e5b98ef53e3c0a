"""Numbers as people read them; the browser writes the same (tests/browser/test_charts.py holds it to this table)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from dashboard.charts.ticks import fitted, round_axis
from dashboard.charts.unit import scale_for, written

EXAMPLES = json.loads((Path(__file__).with_name("charts_examples.json")).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("value", "unit", "text"), EXAMPLES["written"])
def test_a_value_is_written(value: float, unit: str | None, text: str) -> None:
    assert written(value, unit) == text


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_there_is_a_dash_and_never_a_zero(missing: float | None) -> None:
    assert written(missing, "Percent") == "–"


@pytest.mark.parametrize(("low", "high", "unit", "texts"), EXAMPLES["axes"])
def test_an_axis_is_ruled_at_round_values(low: float, high: float, unit: str | None, texts: list[str]) -> None:
    axis = round_axis(low, high, unit)
    assert [axis.text(tick) for tick in axis.ticks] == texts
    assert axis.low <= low
    assert axis.high >= high


def test_an_unknown_unit_is_written_plain() -> None:
    assert written(12.5, "Furlongs") == "12.5"
    assert scale_for(1.0, None).suffix == ""


@pytest.mark.parametrize(
    ("low", "high", "at_least", "ends"),
    [
        (20, 60, None, (0, 80)),
        (20, 60, 100, (0, 100)),
        (20, 130, 100, (0, 150)),
        (0, 0, None, (0, 1)),
        (-5, 10, None, (-5, 15)),
    ],
)
def test_an_axis_leaves_room_above_the_data(
    low: float, high: float, at_least: float | None, ends: tuple[float, float]
) -> None:
    axis = fitted(low, high, "Percent", from_zero=True, at_least=at_least)
    assert (axis.low, axis.high) == pytest.approx(ends)


def test_an_axis_that_need_not_begin_at_zero_fits_the_data() -> None:
    axis = fitted(96.2, 99.9, "Percent", from_zero=False, at_least=None)
    assert (axis.low, axis.high) == (96.0, 101.0)
