"""The workbench's preview: what travels, and what a browser may answer."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.timespan import Timespan
from dashboard.charts import live
from dashboard.charts.bench import (
    STATES,
    BenchEvent,
    BenchView,
    Choice,
    HeatMap,
    Notice,
    Sent,
    StateBand,
    Stretch,
    event_of,
    message,
)
from dashboard.charts.view import ChartView, Line

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = Timespan(TEN, TEN + timedelta(hours=1))
INCIDENT = Timespan(TEN + timedelta(minutes=10), TEN + timedelta(minutes=20))
STAGE = Path(__file__).parents[2] / "browser" / "bench_stage.py"


def at(minute: float) -> datetime:
    return TEN + timedelta(minutes=minute)


SENT = Notice(at(30), "to ops")


def heat(**members: Any) -> HeatMap:
    pages = np.arange(12).reshape(1, 2, 6)
    given_members = {"current": Choice(80.0, 3, 5, 60), "pages": pages, **members}
    return HeatMap((60,), ((1, 1), (3, 5)), (60.0, 70.0, 80.0, 90.0, 95.0, 99.0), **given_members)


def bench(**members: Any) -> BenchView:
    times = np.arange(int(TEN.timestamp()), int(HOUR.end.timestamp()), 60, dtype=np.int64)
    values = np.where(times % 600 == 0, np.nan, 50.0)
    chart = ChartView("cpu", "CPU", "Percent", (Line("cpu", times, values),), HOUR)
    states = StateBand.of(
        [(at(5), "OK", "why"), (at(30), "ALARM", "over")], span=HOUR, notices=[Notice(at(30), "to ops")]
    )
    return replace(
        BenchView(chart, threshold=80.0, states=states, heat=heat(), incidents=(INCIDENT,), markable=True), **members
    )


def sent(view: BenchView, held: Sent) -> tuple[Sent, dict[str, Any], np.ndarray]:
    now, text = message(view, held)
    head, numbers = live.opened(text)
    return now, head, numbers


# what travels


def test_the_first_message_carries_everything() -> None:
    _, head, numbers = sent(bench(), Sent())
    assert set(head["parts"]) == {"rows", "chart", "states", "heat"}
    assert set(head["new"]) == set(head["parts"].values())
    assert head["new"][head["parts"]["rows"]] == {"points": 60, "rows": 1}
    assert numbers.size == 120
    assert np.isnan(numbers[60:]).sum() == 6
    assert head["now"]["threshold"] == 80
    assert head["now"]["incidents"] == [[INCIDENT.start.timestamp(), INCIDENT.end.timestamp()]]


def test_nothing_new_travels_when_nothing_changed() -> None:
    held, _, _ = sent(bench(), Sent())
    again, head, numbers = sent(bench(), held)
    assert (again, head["new"], numbers.size) == (held, {}, 0)


def test_another_threshold_sends_neither_series_nor_chart() -> None:
    held, before, _ = sent(bench(), Sent())
    band = StateBand.of([(at(5), "OK", "why")], span=HOUR)
    _, head, numbers = sent(bench(threshold=90.0, states=band), held)
    assert numbers.size == 0
    assert set(head["new"]) == {head["parts"]["states"]}
    assert {kind for kind in head["parts"] if head["parts"][kind] == before["parts"][kind]} == {"rows", "chart", "heat"}


def test_going_back_to_a_threshold_sends_nothing() -> None:
    band = StateBand.of([], span=HOUR)
    held, _, _ = sent(bench(), Sent())
    held, _, _ = sent(bench(states=band), held)
    _, head, _ = sent(bench(), held)
    assert head["new"] == {}


def test_parts_that_were_not_used_for_long_are_forgotten_first() -> None:
    held = Sent()
    for minute in range(1, 40):
        held, _, _ = sent(bench(states=StateBand.of([(at(minute), "OK", "")], span=HOUR)), held)
        assert len(held.parts) <= 16
    _, head, numbers = sent(bench(states=StateBand.of([(at(1), "OK", "")], span=HOUR)), held)
    assert len(head["new"]) == 1
    assert numbers.size == 0


def test_one_changed_value_is_another_series() -> None:
    view = bench()
    held, _, _ = sent(view, Sent())
    line = view.chart.lines[0]
    values = line.values.copy()
    values[3] = 51
    _, _, numbers = sent(replace(view, chart=replace(view.chart, lines=(replace(line, values=values),))), held)
    assert numbers.size == 120


def test_a_view_without_replay_or_sweep_says_so_in_its_notes() -> None:
    view = bench(states=None, heat=None, states_note="No datapoints yet.", heat_note="Nothing to sweep.")
    _, head, _ = sent(view, Sent())
    assert [head["new"][head["parts"][kind]] for kind in ("states", "heat")] == [None, None]
    assert (head["now"]["states_note"], head["now"]["heat_note"]) == ("No datapoints yet.", "Nothing to sweep.")


def test_reasons_that_repeat_travel_once() -> None:
    band = StateBand(tuple(Stretch(Timespan(at(n), at(n + 1)), "OK", "the same") for n in range(50)))
    _, head, _ = sent(bench(states=band), Sent())
    part = head["new"][head["parts"]["states"]]
    assert part["reasons"] == ["the same"]
    assert part["stretches"][1] == [at(1).timestamp(), at(2).timestamp(), 0, 0, "1 min"]


# the state band


def drawn(band: StateBand) -> list[tuple[float, float, str]]:
    return [
        ((each.span.start - TEN) / timedelta(minutes=1), (each.span.end - TEN) / timedelta(minutes=1), each.state)
        for each in band.stretches
    ]


@pytest.mark.parametrize(
    ("changes", "stretches"),
    [
        ([], [(0, 60, "INSUFFICIENT_DATA")]),
        ([(0, "OK")], [(0, 60, "OK")]),
        ([(-5, "ALARM"), (10, "OK")], [(0, 10, "ALARM"), (10, 60, "OK")]),
        ([(10, "OK"), (20, "ALARM")], [(0, 10, "INSUFFICIENT_DATA"), (10, 20, "OK"), (20, 60, "ALARM")]),
        ([(10, "OK"), (60, "ALARM"), (70, "OK")], [(0, 10, "INSUFFICIENT_DATA"), (10, 60, "OK")]),
    ],
)
def test_changes_become_stretches_that_fill_the_span(
    changes: list[tuple[float, str]], stretches: list[tuple[float, float, str]]
) -> None:
    assert drawn(StateBand.of([(at(minute), state, "") for minute, state in changes], span=HOUR)) == stretches


@given(st.lists(st.tuples(st.integers(-90, 90), st.sampled_from(STATES)), max_size=20))
def test_stretches_leave_no_hole_and_do_not_overlap(changes: list[tuple[int, str]]) -> None:
    band = StateBand.of([(at(minute), state, "") for minute, state in sorted(changes)], span=HOUR)
    edges = [(each.span.start, each.span.end) for each in band.stretches]
    assert edges[0][0] == HOUR.start
    assert edges[-1][1] == HOUR.end
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(edges))


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(ValueError, match=r"'BROKEN' is no state of an alarm; give one of OK, ALARM, INSUFFICIENT_DATA"):
        Stretch(HOUR, "BROKEN")
    with pytest.raises(ValueError, match=r"missed has the shape \(2,\); give one count for each of 1 periods"):
        heat(missed=np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="a band needs three lines"):
        bench(band=True)


# what a browser may answer


def seconds(span: Timespan) -> dict[str, float]:
    return {"from": span.start.timestamp(), "to": span.end.timestamp()}


CELL = {"threshold": 90, "m": 3, "n": 5, "period": 60}
NEW = Timespan(at(30), at(40))


@pytest.mark.parametrize(
    ("picked", "event"),
    [
        ({"threshold": 71.5}, BenchEvent(threshold=71.5)),
        ({"threshold": -3}, BenchEvent(threshold=-3.0)),
        ({"choice": CELL}, BenchEvent(choice=Choice(90.0, 3, 5, 60))),
        ({"incident": seconds(NEW)}, BenchEvent(incident=NEW)),
        ({"incident": {"from": 1, "to": at(5).timestamp()}}, BenchEvent(incident=Timespan(TEN, at(5)))),
        ({"unmarked": seconds(INCIDENT)}, BenchEvent(unmarked=INCIDENT)),
        # what only a hostile, broken or outdated browser sends
        (None, None),
        ("threshold", None),
        ({}, None),
        ({"threshold": "71"}, None),
        ({"threshold": True}, None),
        ({"threshold": float("nan")}, None),
        ({"threshold": float("inf")}, None),
        ({"threshold": 10**400}, None),
        ({"threshold": None}, None),
        ({"choice": {**CELL, "threshold": 91}}, None),
        ({"choice": {**CELL, "m": 2}}, None),
        ({"choice": {**CELL, "m": 3.0}}, None),
        ({"choice": {**CELL, "period": True}}, None),
        ({"choice": [90, 3, 5, 60]}, None),
        ({"incident": {"from": 1, "to": 2}}, None),
        ({"incident": {"from": 5, "to": 2}}, None),
        ({"incident": "all"}, None),
        ({"unmarked": seconds(NEW)}, None),
        ({"unmarked": 0}, None),
    ],
)
def test_what_a_browser_says_is_read_with_care(picked: object, event: BenchEvent | None) -> None:
    assert event_of(picked, bench()) == event


def test_who_may_not_change_anything_changes_nothing() -> None:
    view = bench(movable=False, markable=False)
    asked = ({"threshold": 3}, {"choice": CELL}, {"incident": seconds(NEW)}, {"unmarked": seconds(INCIDENT)})
    assert [event_of(picked, view) for picked in asked] == [None] * 4
    assert event_of({"threshold": 3}, bench(threshold=None)) is None
    assert event_of({"choice": CELL}, bench(heat=None)) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["from", "to", "threshold", "m", "n", "period"]), inner, max_size=6)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["threshold", "choice", "incident", "unmarked"]), ANYTHING, max_size=2) | ANYTHING
)
def test_no_answer_of_a_browser_breaks_anything_or_leaves_the_view(picked: object) -> None:
    view = bench()
    event = event_of(picked, view)
    if event is None:
        return
    assert sum(part is not None for part in (event.threshold, event.choice, event.incident, event.unmarked)) == 1
    if event.threshold is not None:
        assert np.isfinite(event.threshold)
    if event.choice is not None:
        assert view.heat is not None
        assert view.heat.holds(event.choice)
    if event.incident is not None:
        assert HOUR.start <= event.incident.start < event.incident.end <= HOUR.end
    if event.unmarked is not None:
        assert event.unmarked in view.incidents


# drawn by Streamlit


def bench_message(app: AppTest) -> dict[str, Any]:
    element = next(each for each in app.get("bidi_component") if each.proto.component_name == "watchkeeper_bench")
    return live.opened(element.proto.bytes)[0]


def test_a_second_run_sends_a_few_hundred_bytes() -> None:
    app = AppTest.from_file(str(STAGE), default_timeout=20).run()
    assert not app.exception
    assert len(bench_message(app)["new"]) == 4
    app.button("refresh").click().run()
    head = bench_message(app)
    assert head["new"] == {}
    assert len(json.dumps(head)) < 1000
