"""What the drawing hands to the browser and reads back, without a browser."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.timespan import Timespan
from dashboard.charts import components, live
from dashboard.charts.assets import loader
from dashboard.charts.components import ChartEvent, WallEvent
from dashboard.charts.view import ChartView, Line

STAGE = Path(__file__).parents[2] / "browser" / "charts_stage.py"
TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
HALF_PAST = TEN + timedelta(minutes=30)


def wall_message(app: AppTest) -> dict[str, Any]:
    element = next(each for each in app.get("bidi_component") if each.proto.component_name == "watchkeeper_wall")
    head, _ = live.opened(element.proto.bytes)
    return head


def test_the_page_draws_and_the_second_run_sends_only_what_changed() -> None:
    app = AppTest.from_file(str(STAGE), default_timeout=20).run()
    assert not app.exception
    first = wall_message(app)
    assert (first["whole"], first["number"], len(first["charts"])) == (True, 0, 6)
    app.button("ticker").click().run()
    second = wall_message(app)
    assert (second["whole"], second["number"], second["stream"]) == (False, 1, first["stream"])
    assert (second["charts"]["latency"]["drop"], second["charts"]["latency"]["add"]) == (1, 1)


def test_a_refresh_carries_data_and_only_a_few_lines_of_code() -> None:
    app = AppTest.from_file(str(STAGE), default_timeout=20).run()
    app.button("ticker").click().run()
    for element in app.get("bidi_component"):
        assert len(element.proto.js_content) < 500
        assert element.proto.css_content == ""


def chart(zone: str = "UTC") -> ChartView:
    line = Line("cpu", np.array([int(TEN.timestamp())], np.int64), np.array([1.0]))
    return ChartView("cpu", "CPU", "Percent", (line,), Timespan(TEN, TEN + timedelta(hours=1)), zone=zone)


@pytest.mark.parametrize(
    ("picked", "event"),
    [
        ({"from": TEN.timestamp(), "to": HALF_PAST.timestamp()}, WallEvent(Timespan(TEN, HALF_PAST))),
        ({"from": TEN.timestamp() + 0.4, "to": HALF_PAST.timestamp() + 0.4}, WallEvent(Timespan(TEN, HALF_PAST))),
        ({"reset": True}, WallEvent(None)),
        (None, None),
        # what only a hostile or broken browser sends
        ({}, None),
        ({"from": "now", "to": 5}, None),
        ({"from": 5, "to": 5}, None),
        ({"from": 9, "to": 5}, None),
        ({"from": -1, "to": 5}, None),
        ({"from": 0, "to": 1e300}, None),
        ({"from": float("nan"), "to": float("nan")}, None),
        ({"from": True, "to": 5}, None),
        ("text", None),
        ([1, 2], None),
    ],
)
def test_what_a_browser_says_about_the_wall_is_read_with_care(picked: object, event: WallEvent | None) -> None:
    assert components._wall_event(picked) == event


@pytest.mark.parametrize(
    ("picked", "event"),
    [
        ({"line": 0, "at": TEN.timestamp()}, ChartEvent(point=("cpu", TEN))),
        ({"from": TEN.timestamp(), "to": HALF_PAST.timestamp()}, ChartEvent(range=Timespan(TEN, HALF_PAST))),
        ({"reset": True}, ChartEvent(reset=True)),
        ({"line": 7, "at": 0}, None),
        ({"line": -1, "at": 0}, None),
        ({"line": True, "at": 0}, None),
        ({"line": 0, "at": "x"}, None),
        (None, None),
    ],
)
def test_what_a_browser_says_about_a_chart_is_read_with_care(picked: object, event: ChartEvent | None) -> None:
    assert components._chart_event(picked, chart()) == event


def test_a_span_picked_on_another_clock_comes_back_in_utc() -> None:
    shown = {"from": TEN.timestamp() + 3600, "to": HALF_PAST.timestamp() + 3600}
    assert components._chart_event(shown, chart("Europe/Paris")) == ChartEvent(range=Timespan(TEN, HALF_PAST))


def test_the_loader_names_a_module_that_exists_under_the_base_path() -> None:
    assert '"app/static/charts/live.js"' in loader("live.js")
    assert "new URL('/', document.baseURI)" in loader("live.js")
    assert "new URL('/watch/', document.baseURI)" in loader("live.js", base_path="/watch/")
    with pytest.raises(FileNotFoundError, match=r"static/charts/missing\.js does not exist"):
        loader("missing.js")


def test_licences_stand_beside_what_is_not_ours() -> None:
    static = Path(__file__).parents[3] / "static"
    licences = (static / "licenses" / "README.md").read_text(encoding="utf-8")
    foreign = {path.name for pattern in ("*.js", "*.woff2") for path in static.glob(pattern)} - {"beacon.js"}
    assert foreign == {name for name in foreign if f"`{name}`" in licences}


def test_no_script_of_ours_evaluates_text_or_writes_markup() -> None:
    scripts = Path(__file__).parents[3] / "static" / "charts"
    for path in sorted(scripts.glob("*.js")):
        text = path.read_text(encoding="utf-8")
        assert not [
            word for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(") if word in text
        ], path
        assert "http://" not in text
        assert "https://" not in text


def test_the_documents_are_json_without_nan() -> None:
    app = AppTest.from_file(str(STAGE), default_timeout=20).run()
    for element in app.get("bidi_component"):
        if element.proto.component_name == "watchkeeper_chart":
            assert json.loads(element.proto.bytes, parse_constant=pytest.fail)["meta"]["title"]
