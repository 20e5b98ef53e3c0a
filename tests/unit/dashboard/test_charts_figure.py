"""Chart view → plotly figure: whole figures, and what must never be in one."""

from __future__ import annotations

import base64
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.timespan import Timespan, from_epoch
from dashboard.charts import figure
from dashboard.charts.view import Axis, Band, ChartView, Line, LineKind, Mark, Revised, Status, Threshold, Tone

START = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp())
SPAN = Timespan(from_epoch(START), from_epoch(START + 300))
GAP = float("nan")


def line(*values: float, name: str = "p95", **more: Any) -> Line:
    return Line(name, START + 60 * np.arange(len(values), dtype=np.int64), np.array(values), **more)


def numbers(packed: dict[str, str]) -> list[float]:
    assert packed["dtype"] == "f8"
    return list(np.frombuffer(base64.b64decode(packed["bdata"]), "<f8"))


def chart(*lines: Line, **more: Any) -> ChartView:
    return ChartView("latency", "Latency", "Seconds", lines, SPAN, **more)


def test_a_line_is_scaled_to_read_in_few_digits() -> None:
    (trace,) = figure.build(chart(line(0.1, 0.2, 0.3)))["data"]
    x, y = trace.pop("x"), trace.pop("y")
    assert numbers(x) == [1000 * (START + 60 * minute) for minute in range(3)]
    assert numbers(y) == pytest.approx([100, 200, 300])
    assert trace == {
        "name": "p95",
        "yaxis": "y",
        "legendgroup": "0",
        "showlegend": True,
        "meta": 0,
        "hovertemplate": "%{y:,.3~f} ms",
        "type": "scatter",
        "mode": "lines",
        "line": {"color": "@series0", "shape": "linear", "width": 1.6},
        "connectgaps": False,
    }
    assert figure.divisors(chart(line(0.1))) == [0.001]


def test_a_gap_stays_a_gap() -> None:
    (trace,) = figure.build(chart(line(1, GAP, 3)))["data"]
    np.testing.assert_array_equal(numbers(trace["y"]), [1, GAP, 3])
    assert trace["connectgaps"] is False


def test_a_point_without_neighbours_is_a_dot() -> None:
    (trace,) = figure.build(chart(line(1, GAP, 3, GAP, 5, 6)))["data"]
    assert trace["mode"] == "lines+markers"
    assert trace["marker"]["size"] == [5, 0, 5, 0, 0, 0]
    assert figure.build(chart(line(1, 2, GAP)))["data"][0]["mode"] == "lines"
    settled, tail = figure.build(chart(line(1, 2, GAP, 4, settled_until=from_epoch(START + 180))))["data"]
    assert ("marker" in settled, tail["marker"]["size"]) == (False, [0, 5])


@pytest.mark.parametrize(
    ("settled", "parts"),
    [
        (None, [(3, "solid")]),
        (-1, [(0, "solid"), (3, "dashed")]),
        (2, [(2, "solid"), (2, "dashed")]),
        (3, [(3, "solid")]),
    ],
)
def test_what_may_still_change_is_dashed_and_joined_to_what_is_settled(
    settled: int | None, parts: list[tuple[int, str]]
) -> None:
    until = None if settled is None else from_epoch(START + 60 * settled)
    traces = figure.build(chart(line(1, 2, 3, settled_until=until)))["data"]
    drawn = [(len(numbers(trace["y"])), "dashed" if "dash" in trace["line"] else "solid") for trace in traces]
    assert drawn == parts
    assert [trace["showlegend"] for trace in traces] == [True, False][: len(traces)]


def test_bars_that_may_still_change_are_pale_and_not_drawn_twice() -> None:
    settled = from_epoch(START + 60)
    traces = figure.build(chart(line(1, 2, 3, kind=LineKind.BAR, settled_until=settled)))["data"]
    assert [(numbers(trace["y"]), trace["marker"]["color"]) for trace in traces] == [
        ([1], "@series0/0.9"),
        ([2, 3], "@series0/0.4"),
    ]


def test_the_first_line_is_drawn_last_so_that_it_is_in_front_and_bars_come_first() -> None:
    traces = figure.build(chart(line(1, name="a"), line(2, name="b"), line(3, name="c", kind=LineKind.BAR)))["data"]
    assert [trace["name"] for trace in traces] == ["c", "b", "a"]


def test_the_axis_holds_bars_that_stand_on_each_other() -> None:
    bars = [line(60, 20, name=name, kind=LineKind.BAR) for name in "ab"]
    view = ChartView("errors", "Errors", "Count", tuple(bars), SPAN)
    assert figure.build(view)["layout"]["yaxis"]["range"] == [0, 125]


def test_a_threshold_is_a_dashed_red_line_with_its_value_written_out() -> None:
    layout = figure.build(chart(line(0.1), thresholds=(Threshold(0.3, "SLO"),)))["layout"]
    assert layout["shapes"] == [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": 300,
            "y1": 300,
            "yref": "y",
            "line": {"color": "@alarm", "width": 1.2, "dash": "5px,3px"},
        }
    ]
    assert layout["annotations"][0]["text"] == "SLO 300 ms"
    assert layout["yaxis"]["range"] == [0, 400]


def test_names_of_thresholds_that_lie_close_stand_side_by_side() -> None:
    close = (Threshold(0.01, "notify"), Threshold(0.02, "freeze"), Threshold(0.03, "zero"), Threshold(0.25, "SLO"))
    notes = figure.build(chart(line(0.3), thresholds=close), height=236)["layout"]["annotations"]
    ends = [-note["xshift"] for note in notes]
    assert ends[0] == ends[3] == 0, "where nothing is near it stands at the end"
    assert ends[1] > 7 * len("notify 10 ms")
    assert ends[2] > ends[1] + 7 * len("freeze 20 ms")


def test_the_right_axis_is_there_only_when_a_line_uses_it() -> None:
    assert "yaxis2" not in figure.build(chart(line(1)))["layout"]
    layout = figure.build(chart(line(1), line(5, axis=Axis.RIGHT), right_unit="Count"))["layout"]
    assert (layout["yaxis2"]["side"], layout["yaxis2"]["showgrid"]) == ("right", False)


def test_an_empty_chart_keeps_its_axes_and_says_why() -> None:
    layout = figure.build(chart(line(GAP, GAP), note="No datapoints 10:00 to 10:05"))["layout"]
    assert layout["xaxis"]["range"] == [START * 1000, (START + 300) * 1000]
    assert layout["yaxis"]["ticktext"] == ["0.0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]
    assert layout["annotations"][-1]["text"] == "No datapoints 10:00 to 10:05"


def test_bands_and_marks_stand_at_their_times() -> None:
    view = chart(
        line(1),
        bands=(Band(Timespan(from_epoch(START + 60), from_epoch(START + 120))),),
        marks=(Mark(from_epoch(START + 180), "+2", "alarm cpu-high"),),
    )
    band, mark = figure.build(view)["layout"]["shapes"]
    assert (band["x0"], band["x1"], band["fillcolor"]) == ((START + 60) * 1000, (START + 120) * 1000, "@alarm/0.12")
    assert (mark["x0"], mark["line"]["color"]) == ((START + 180) * 1000, "@info/0.7")


def seen_first(at: int = 60, *, seen: float = 0.5, later: float = 0.25) -> Revised:
    return Revised(from_epoch(START + at), ((from_epoch(START + at + 300), seen),), later)


def test_what_was_seen_first_is_a_hollow_point_in_the_lines_colour_with_its_sentence() -> None:
    built = figure.build(chart(line(0.25, 0.25, name="p50"), line(0.25, 0.25, revised=(seen_first(),))))
    (hollow,) = [trace for trace in built["data"] if trace.get("mode") == "markers"]
    assert numbers(hollow["x"]) == [(START + 60) * 1000]
    assert numbers(hollow["y"]) == [500]
    assert hollow["marker"] == {"size": 7, "color": "@card", "line": {"color": "@series1", "width": 1.5}}
    assert hollow["text"] == ["seen as 500 ms until 10:06, later 250 ms"]
    assert hollow["meta"] == 1
    assert built["layout"]["yaxis"]["range"][1] >= 500


def test_bars_stand_on_each_other_and_have_no_hollow_points() -> None:
    built = figure.build(chart(line(1, 2, kind=LineKind.BAR, revised=(seen_first(),))))
    assert [trace["type"] for trace in built["data"]] == ["bar"]


def test_hostile_text_is_never_markup() -> None:
    hostile = "<a href='x'>click</a> <b>bold</b>"
    view = chart(
        line(1, name=hostile), thresholds=(Threshold(1, hostile),), marks=(Mark(SPAN.start, hostile, hostile),)
    )
    assert "<" not in json.dumps(figure.build(view))


@pytest.mark.parametrize("theme", [figure.LIGHT, figure.DARK])
def test_a_painted_figure_names_no_colour_any_more_and_plotly_accepts_it(theme: figure.Theme) -> None:
    view = chart(
        line(1, 2, kind=LineKind.AREA, emphasis=True),
        line(3, 4, kind=LineKind.BAR, tone=Tone.ALARM, axis=Axis.RIGHT),
        line(5, 6, kind=LineKind.STEP, dash=True),
        thresholds=(Threshold(0.3),),
        bands=(Band(SPAN),),
        marks=(Mark(SPAN.start, "x"),),
        note="partly missing",
    )
    painted = figure.painted(figure.build(view), theme)
    assert "@" not in json.dumps(painted)
    go.Figure(painted)  # refuses what plotly does not know


@pytest.mark.parametrize(("name", "theme"), [("light", figure.LIGHT), ("dark", figure.DARK)])
def test_the_colours_are_those_of_the_pages(name: str, theme: figure.Theme) -> None:
    config = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    page = config["theme"][name]
    assert theme == figure.Theme(
        tuple(page["chartCategoricalColors"]),
        text=page["textColor"],
        muted=page["grayColor"],
        card=page["backgroundColor"],
        line=page["borderColor"],
        ok=page["greenColor"],
        warning=page["orangeColor"],
        alarm=page["redColor"],
        info=page["blueColor"],
    )


def test_times_are_shown_on_the_clock_of_the_chart_and_read_back() -> None:
    paris = figure.on_clock(np.array([START], np.int64), "Europe/Paris")
    assert paris.tolist() == [(START + 3600) * 1000]
    assert figure.off_clock(START + 3600, "Europe/Paris") == from_epoch(START)
    assert figure.off_clock(START, "UTC") == from_epoch(START)


def test_the_label_says_what_a_sighted_person_sees() -> None:
    view = chart(
        line(0.1, 0.42, GAP),
        line(GAP, name="p99"),
        thresholds=(Threshold(0.3, "SLO"),),
        status=Status(Tone.ALARM, "p95 above SLO for 9 min"),
        subtitle="TargetResponseTime",
    )
    assert figure.label(view) == (
        "Latency TargetResponseTime. p95 above SLO for 9 min. p95: latest 420 ms, between 100 ms and 420 ms. "
        "p99: no data. SLO 300 ms."
    )
    assert figure.latest(view) == ["420 ms", "–"]
