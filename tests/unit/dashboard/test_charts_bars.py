"""Bars on one scale: places in percent, every text, and the budget's mark."""

from __future__ import annotations

from dashboard.charts.bars import Bar, Bars, Part, document

ROWS = (
    Bar("/cart", (Part(0, 0.5, "connect", 1), Part(0.5, 2, "first byte", 0)), "2 s"),
    Bar("/", (), "–", bad=True),
)


def test_places_are_percent_of_the_longest() -> None:
    found = document(Bars("Phases", ROWS))
    assert [(part["left"], part["width"]) for part in found["rows"][0]["parts"]] == [(0, 25), (25, 75)]
    assert found["scale"] == "2 s"
    assert found["limit"] is None
    assert [entry["name"] for entry in found["legend"]] == ["connect", "first byte"]
    assert found["rows"][0]["said"] == "connect 500 ms, first byte 1.5 s"


def test_a_budget_beyond_every_bar_widens_the_scale() -> None:
    found = document(Bars("Spread", ROWS, limit=4))
    assert found["limit"] == {"at": 100, "text": "budget 4 s"}
    assert found["rows"][0]["parts"][1]["width"] == 37.5


def test_nothing_measured_is_no_division_by_zero() -> None:
    assert document(Bars("Spread", ()))["rows"] == []
    assert document(Bars("Spread", (Bar("/", (Part(0, 0, "x"),), "0 s"),)))["rows"][0]["parts"][0]["width"] == 0
