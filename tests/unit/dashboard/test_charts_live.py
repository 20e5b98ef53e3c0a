"""Deltas of the live wall: applied to what a client had, they give what it should have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.timespan import Timespan, from_epoch
from dashboard.charts import live
from dashboard.charts.view import Axis, Band, ChartView, Line, LineKind, Mark, Revised, Status, Threshold, Tone

START = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp())
GAP = float("nan")


def line(
    text: str, *, name: str = "cpu", start: int = 0, settled: int | None = None, kind: LineKind = LineKind.LINE
) -> Line:
    """A line a minute apart from `1 2 _ 4`: `_` is a gap; `start` and `settled` are minutes after 10:00."""
    values = np.array([GAP if word == "_" else float(word) for word in text.split()])
    times = START + 60 * (start + np.arange(values.size, dtype=np.int64))
    return Line(name, times, values, None if settled is None else from_epoch(START + 60 * settled), kind)


def chart(*lines: Line, key: str = "cpu", start: int = 0, minutes: int = 5, title: str = "CPU") -> ChartView:
    span = Timespan(from_epoch(START + 60 * start), from_epoch(START + 60 * (start + minutes)))
    return ChartView(key, title, "Percent", lines, span)


def sent(*walls: list[ChartView]) -> tuple[live.Stream, list[bytes]]:
    """What the server keeps and the messages after drawing each of `walls` in turn."""
    stream, messages = None, []
    for wall in walls:
        stream, message = live.next_message(stream, wall, name="s")
        messages.append(message)
    assert stream is not None
    return stream, messages


def received(messages: list[bytes]) -> live.Stream:
    held = None
    for message in messages:
        held = live.applied(message, held)
    assert held is not None
    return held


def test_the_first_message_carries_everything() -> None:
    head, numbers = live.opened(sent([chart(line("1 _ 3", settled=2))])[1][0])
    assert head == {
        "stream": "s",
        "number": 0,
        "whole": True,
        "look": {"height": 200, "columns": 3},
        "order": ["cpu"],
        "charts": {
            "cpu": {
                "meta": {
                    "title": "CPU",
                    "subtitle": "",
                    "unit": "Percent",
                    "right_unit": None,
                    "y_from_zero": True,
                    "y_max": None,
                    "right_max": None,
                    "zone": "UTC",
                    "note": "",
                    "status": None,
                    "span": [START, START + 300],
                    "lines": [
                        {"name": "cpu", "kind": "line", "axis": "left", "dash": False, "emphasis": False, "tone": None}
                    ],
                    "settled": [START + 120],
                    "revised": [[]],
                    "thresholds": [],
                    "bands": [],
                    "marks": [],
                },
                "drop": 0,
                "keep": 0,
                "add": 3,
                "rows": 1,
                "at": 0,
            }
        },
    }
    np.testing.assert_array_equal(numbers, [START, START + 60, START + 120, 1, GAP, 3])


def test_a_minute_later_only_the_new_point_and_the_window_travel() -> None:
    before = chart(line("1 2 3 4 5", settled=3))
    after = chart(line("2 3 4 5 6", start=1, settled=4), start=1)
    head, numbers = live.opened(sent([before], [after])[1][1])
    change = head["charts"]["cpu"]
    assert change == {
        "meta": {"span": [START + 60, START + 360], "settled": [START + 240]},
        "drop": 1,
        "keep": 4,
        "add": 1,
        "rows": 1,
        "at": 0,
    }
    np.testing.assert_array_equal(numbers, [START + 300, 6])


def test_an_unsettled_point_that_changed_is_sent_again_with_what_follows() -> None:
    head, numbers = live.opened(sent([chart(line("1 2 3 4"))], [chart(line("1 2 9 4 5"))])[1][1])
    change = head["charts"]["cpu"]
    assert (change["drop"], change["keep"], change["add"]) == (0, 2, 3)
    np.testing.assert_array_equal(numbers[3:], [9, 4, 5])


def test_a_value_that_changed_travels_with_what_it_was() -> None:
    before, after = line("1 91 3"), line("1 88 3")
    at = from_epoch(START + 60)
    revised = Revised(at, ((at + timedelta(minutes=5), 91.0),), 88.0)
    _, messages = sent([chart(before)], [chart(replace(after, revised=(revised,)))])
    head, _ = live.opened(messages[1])
    text = "seen as 91% until 10:06, later 88%"
    assert head["charts"]["cpu"]["meta"] == {"revised": [[{"at": START + 60, "seen": 91.0, "text": text}]]}


def test_a_gap_that_is_filled_later_is_a_change_and_a_gap_that_stays_is_none() -> None:
    stays = live.opened(sent([chart(line("1 _ 3"))], [chart(line("1 _ 3"))])[1][1])[0]
    assert stays["charts"] == {}
    filled = live.opened(sent([chart(line("1 _ 3"))], [chart(line("1 2 3"))])[1][1])[0]
    assert filled["charts"]["cpu"]["keep"] == 1


def test_nothing_travels_for_a_chart_that_did_not_change() -> None:
    quiet, moving = chart(line("1 2"), key="quiet"), chart(line("1 2"), key="moving")
    head, numbers = live.opened(sent([quiet, moving], [quiet, chart(line("1 2 3"), key="moving")])[1][1])
    assert list(head["charts"]) == ["moving"]
    assert head["order"] == ["quiet", "moving"]
    assert numbers.size == 2


def test_a_new_title_is_sent_without_numbers() -> None:
    head, numbers = live.opened(sent([chart(line("1 2"))], [chart(line("1 2"), title="Load")])[1][1])
    assert head["charts"]["cpu"]["meta"] == {"title": "Load"}
    assert numbers.size == 0


def test_lines_with_times_of_their_own_share_one_axis_and_run_through_each_others_times() -> None:
    slow = Line("slow", np.array([START, START + 300], np.int64), np.array([1.0, 2.0]))
    panel = live.panel(chart(line("1 2 3"), slow))
    assert panel.times.tolist() == [START, START + 60, START + 120, START + 300]
    assert panel.rows[0].tolist() == [1, 2, 3, live.NOTHING_HERE]
    assert panel.rows[1].tolist() == [1, live.NOTHING_HERE, live.NOTHING_HERE, 2]


def test_an_infinite_value_is_drawn_as_a_gap() -> None:
    panel = live.panel(chart(line("1 inf -inf")))
    np.testing.assert_array_equal(panel.rows[0], [1, GAP, GAP])


def test_two_charts_under_one_key_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="several charts have the key cpu"):
        live.picture([chart(line("1")), chart(line("2"))])


def test_a_message_that_came_before_changes_nothing() -> None:
    _, messages = sent([chart(line("1 2"))], [chart(line("1 2 3"))])
    held = received(messages)
    assert live.applied(messages[1], held) is held
    assert live.applied(messages[1], live.applied(messages[1], held)) is held


def test_a_lost_message_is_noticed() -> None:
    _, messages = sent([chart(line("1"))], [chart(line("1 2"))], [chart(line("1 2 3"))])
    first = live.applied(messages[0], None)
    with pytest.raises(live.OutOfStepError, match="message 2 of s came, but the client has s up to 0"):
        live.applied(messages[2], first)


def test_a_browser_that_was_loaded_anew_asks_for_everything() -> None:
    _, messages = sent([chart(line("1"))], [chart(line("1 2"))])
    with pytest.raises(live.OutOfStepError, match="the client has nothing"):
        live.applied(messages[1], None)


def test_a_new_stream_replaces_whatever_the_client_held() -> None:
    held = received(sent([chart(line("1 2 3"))], [chart(line("1 2 3 4"))])[1])
    _, message = live.next_message(None, [chart(line("7"), key="other")], name="t")
    assert live.applied(message, held).picture == live.picture([chart(line("7"), key="other")])


def test_numbers_are_aligned_to_eight_bytes_whatever_the_header_holds() -> None:
    for title in ("a", "ab", "abc", "abcd", "ÄÖ", "汉字"):
        message = sent([chart(line("1 2"), title=title)])[1][0]
        length = int.from_bytes(message[:4], "little")
        assert (len(message) - 4 * 8) % 8 == 0
        assert message[4 : 4 + length].decode().startswith('{"stream"')


def test_twenty_charts_of_a_day_travel_in_a_few_kilobytes_a_minute() -> None:
    def wall(minute: int) -> list[ChartView]:
        points = np.arange(minute, minute + 1440)
        lines = [
            Line(
                f"i-{each}",
                START + 60 * points.astype(np.int64),
                np.sin(points * (each + 1)),
                from_epoch(START + 60 * (minute + 1430)),
            )
            for each in range(5)
        ]
        return [chart(*lines, key=f"chart{each}", start=minute, minutes=1440) for each in range(20)]

    _, (whole, delta) = sent(wall(0), wall(1))
    assert len(whole) > 1_000_000
    assert len(delta) < 6_000


# What a page may hand over in turn: lines come and go, windows move on or jump, points settle, gaps fill.
words = st.sampled_from(["1", "2", "3.5", "_", "0", "-4"])
lines = st.builds(
    line,
    st.lists(words, max_size=12).map(" ".join),
    name=st.sampled_from(["p50", "p99", "<b>"]),
    start=st.integers(0, 10),
    settled=st.none() | st.integers(0, 20),
    kind=st.sampled_from(LineKind),
)
charts = st.builds(
    lambda lines, key, start, extras: ChartView(
        key,
        "t",
        "Percent",
        tuple(lines),
        Timespan(from_epoch(START + start * 60), from_epoch(START + start * 60 + 600)),
        **extras,
    ),
    st.lists(lines, max_size=3),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 10),
    st.fixed_dictionaries(
        {},
        optional={
            "note": st.sampled_from(["", "No datapoints"]),
            "thresholds": st.just((Threshold(3, "SLO", Axis.LEFT),)),
            "marks": st.just((Mark(from_epoch(START), "+2", "launched"),)),
            "bands": st.just((Band(Timespan(from_epoch(START), from_epoch(START + 60)), "breach"),)),
            "status": st.just(Status(Tone.ALARM, "p99 above SLO")),
        },
    ),
)
walls = st.lists(charts, max_size=3, unique_by=lambda each: each.key)


@given(st.lists(walls, min_size=1, max_size=5))
def test_what_a_client_holds_is_always_what_was_drawn_last(sequence: list[list[ChartView]]) -> None:
    stream, messages = sent(*sequence)
    held = received(messages)
    assert held.picture == stream.picture == live.picture(sequence[-1])
    assert list(held.picture) == [chart.key for chart in sequence[-1]]
    assert held.number == len(sequence) - 1


@given(st.lists(walls, min_size=3, max_size=5), st.data())
def test_a_client_that_missed_any_message_never_draws_a_mixture(
    sequence: list[list[ChartView]], data: st.DataObject
) -> None:
    _, messages = sent(*sequence)
    lost = data.draw(st.integers(1, len(messages) - 2))
    held = received(messages[:lost])
    with pytest.raises(live.OutOfStepError):
        live.applied(messages[lost + 1], held)


@given(st.integers(0, 30), st.lists(words, min_size=30, max_size=30), st.integers(0, 12))
def test_a_window_that_moves_on_costs_what_is_new(shift: int, values: list[str], settling: int) -> None:
    text = values + values
    before = chart(line(" ".join(text[:30])))
    changed = text[shift : 30 - settling] + ["99"] * (settling + shift) if shift < 30 - settling else ["99"] * 30
    after = chart(line(" ".join(changed), start=shift), start=shift)
    stream, messages = sent([before], [after])
    assert received(messages).picture == stream.picture
    head, _ = live.opened(messages[1])
    kept = max(0, 30 - settling - shift)
    assert head["charts"].get("cpu", {"add": 0})["add"] <= 30 - kept


def test_time_moves_the_window_by_the_clock_of_the_page() -> None:
    moved = Timespan(from_epoch(START), from_epoch(START + 300)).shifted(timedelta(seconds=5))
    one, other = chart(line("1 2")), ChartView("cpu", "CPU", "Percent", (line("1 2"),), moved)
    head, numbers = live.opened(sent([one], [other])[1][1])
    assert head["charts"]["cpu"]["meta"] == {"span": [START + 5, START + 305]}
    assert numbers.size == 0
