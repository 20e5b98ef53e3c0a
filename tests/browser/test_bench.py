"""The workbench's preview in a real Chromium: hands, keys, the way to Python and back, themes, a phone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Locator, expect

from dashboard.charts.bench import BenchEvent, Choice
from tests.browser import bench_stage_data as stage
from tests.browser.conftest import Viewer
from tests.browser.product import free_port
from tests.browser.test_charts import answering

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
HOST = "document.querySelector('.st-key-bench [data-testid=stBidiComponentIsolated]')"
BENCH = f"{HOST}.shadowRoot.querySelector('.bench').bench"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if os.environ.get("WATCHKEEPER_SKIP_BROWSER") == "1":
        pytest.skip("WATCHKEEPER_SKIP_BROWSER=1")
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("charts_server.py")), str(port), "bench_stage.py"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield answering(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(10)


class Engineer(Viewer):
    """One who tunes an alarm."""

    def come(self, query: str = "?more=no") -> Engineer:
        self.page.goto(f"{self.url}/{query}")
        self.page.locator(".st-key-bench canvas").first.wait_for()
        self.until(lambda _: self.bench("plot?.chart.status === 1"))
        return self

    def bench(self, what: str) -> Any:
        return self.page.evaluate(f"{BENCH}.{what}")

    def part(self, selector: str) -> Locator:
        return self.page.locator(f".st-key-bench {selector}")

    @property
    def slider(self) -> Locator:
        return self.page.get_by_role("slider", name="Threshold")

    def box(self, selector: str = ".u-over") -> FloatRect:
        box = self.part(selector).bounding_box()
        assert box is not None
        return box

    def threshold(self) -> float:
        """As it is drawn."""
        value: float = self.bench("view.threshold")
        return value

    def y_of(self, value: float) -> float:
        top: float = self.bench(f"plot.chart.valToPos({value}, 'left')")
        return self.box()["y"] + top

    def x_of(self, time: float) -> float:
        left: float = self.bench(f"plot.chart.valToPos({time}, 'x')")
        return self.box()["x"] + left

    def grab(self) -> None:
        """Take hold of the line, off the knob."""
        self.page.mouse.move(self.box()["x"] + 300, self.y_of(self.threshold()))
        self.page.mouse.down()

    def heard(self, **members: Any) -> None:
        """Wait until Python has this event as its last."""
        if "threshold" in members:
            members["threshold"] = float(members["threshold"])
        event = repr(BenchEvent(**members))
        self.until(lambda _: self.log("events").rstrip(",)").endswith(event.rstrip(")")), seconds=10)

    def log(self, word: str) -> str:
        return self.page.locator(".st-key-log").get_by_text(re.compile(f"^{word} ")).inner_text()

    def runs(self) -> int:
        return int(self.log("runs").split()[1])

    def settle(self) -> None:
        """Wait until what is drawn belongs to the threshold again."""
        self.until(lambda _: not self.bench("root.classList.contains('moved')"), seconds=10)

    def refresh(self) -> None:
        """Another run of the fragment, without touching the mouse or the focus."""
        before = self.runs()
        self.page.evaluate("document.querySelector('.st-key-refresh button').click()")
        self.until(lambda _: self.runs() > before, seconds=10)


@pytest.fixture
def engineers(chromium: Browser, address: str) -> Iterator[Callable[..., Engineer]]:
    contexts, people = [], []

    def come(**options: Any) -> Engineer:
        settings = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light", "reduced_motion": "reduce"}
        context = chromium.new_context(**{**settings, **options})
        contexts.append(context)
        person = Engineer(context.new_page(), address)
        person.listen()
        people.append(person)
        return person

    yield come
    for context in contexts:
        context.close()
    assert [person.complaints + person.outside for person in people] == [[]] * len(people)


@pytest.fixture
def engineer(engineers: Callable[..., Engineer]) -> Engineer:
    return engineers()


def expected(threshold: float, **members: Any) -> stage.Form:
    choice = {"m": stage.START.m, "n": stage.START.n, "period": stage.START.period, **members}
    return stage.Form(Choice(threshold, **choice))


def stretches(engineer: Engineer) -> list[tuple[float, float, int]]:
    found = json.loads(engineer.page.evaluate(f"JSON.stringify({BENCH}.parts.states.stretches)"))
    return [(start, end, state) for start, end, state, *_ in found]


def due(form: stage.Form) -> list[tuple[float, float, int]]:
    order = ["OK", "ALARM", "INSUFFICIENT_DATA"]
    return [
        (each.span.start.timestamp(), each.span.end.timestamp(), order.index(each.state))
        for each in stage.states(form).stretches
    ]


def test_the_browser_holds_the_whole_fortnight(engineer: Engineer) -> None:
    engineer.come()
    rows = json.loads(engineer.page.evaluate(f"JSON.stringify([{BENCH}.panel.times, ...{BENCH}.panel.rows])"))
    line = stage.chart(stage.Form()).lines[0]
    assert rows[0] == line.times.tolist()
    assert rows[1] == [None if value != value else value for value in line.values.tolist()]
    assert stretches(engineer) == due(stage.Form())


def test_the_line_follows_the_hand_and_python_hears_of_where_it_is_left(engineer: Engineer) -> None:
    engineer.come()
    engineer.grab()
    box = engineer.box()
    for value in (70, 60, 66):
        engineer.page.mouse.move(box["x"] + 320, engineer.y_of(value), steps=4)
        assert abs(engineer.threshold() - value) < 1
    assert engineer.log("events") == "events ()"
    expect(engineer.slider).to_have_attribute("aria-valuetext", f"{engineer.threshold():.3g}%")
    assert engineer.bench("root.classList.contains('moved')")
    left_at = engineer.threshold()
    series = engineer.bench("names.rows")
    engineer.page.mouse.up()
    engineer.heard(threshold=left_at)
    engineer.settle()
    assert engineer.threshold() == left_at
    assert engineer.runs() == 2
    assert engineer.bench("names.rows") == series
    assert int(engineer.bench("root.dataset.bytes")) < 100_000
    assert stretches(engineer) == due(expected(left_at))
    milliseconds, size = (engineer.bench(f"root.dataset.{name}") for name in ("milliseconds", "bytes"))
    print(f"\nthe new state band and heat map stood after {milliseconds} ms, {size} bytes")  # read, never asserted


def test_a_click_in_the_plot_or_on_its_axis_sets_the_threshold(engineer: Engineer) -> None:
    engineer.come()
    box = engineer.box()
    engineer.page.mouse.click(box["x"] + 200, engineer.y_of(90))
    engineer.until(lambda _: abs(engineer.threshold() - 90) < 1 and engineer.runs() == 2)
    engineer.settle()
    engineer.page.mouse.click(box["x"] - 20, engineer.y_of(50))
    engineer.until(lambda _: abs(engineer.threshold() - 50) < 1 and engineer.runs() == 3)
    engineer.settle()
    assert stretches(engineer) == due(expected(engineer.threshold()))


def test_a_drag_zooms_and_a_double_click_does_not_move_the_threshold(engineer: Engineer) -> None:
    engineer.come()
    box = engineer.box()
    engineer.page.mouse.move(box["x"] + 200, box["y"] + 150)
    engineer.page.mouse.down()
    engineer.page.mouse.move(box["x"] + 500, box["y"] + 150, steps=4)
    engineer.page.mouse.up()
    zoom = engineer.bench("zoom")
    assert engineer.bench("strip.geometry.from") == engineer.bench("plot.chart.scales.x.min") == zoom[0]
    engineer.refresh()
    assert engineer.bench("zoom") == zoom
    engineer.page.mouse.dblclick(box["x"] + 300, box["y"] + 190)
    assert engineer.bench("zoom") is None
    engineer.refresh()
    assert engineer.log("events") == "events ()"
    assert engineer.threshold() == stage.START.threshold


def test_a_refresh_takes_neither_the_line_from_the_hand_nor_the_word_from_the_mouse(engineer: Engineer) -> None:
    engineer.come()
    engineer.grab()
    engineer.page.mouse.move(engineer.box()["x"] + 320, engineer.y_of(65), steps=3)
    held = engineer.threshold()
    engineer.refresh()
    assert engineer.threshold() == held
    engineer.page.mouse.up()
    engineer.heard(threshold=held)
    engineer.settle()
    engineer.page.mouse.move(engineer.box()["x"] + 400, engineer.box()["y"] + 100)
    said = engineer.part(".tip").inner_text()
    assert "CPUUtilization" in said
    engineer.refresh()
    assert engineer.part(".tip").inner_text() == said
    expect(engineer.slider).to_be_focused()


def test_the_slider_moves_by_keys_and_python_hears_once(engineer: Engineer) -> None:
    engineer.come()
    engineer.slider.focus()
    for key in ("ArrowUp", "ArrowUp", "PageDown", "ArrowDown"):
        engineer.page.keyboard.press(key)
    assert engineer.threshold() == stage.START.threshold - 9
    expect(engineer.slider).to_have_attribute("aria-valuetext", "69%")
    expect(engineer.slider).to_have_attribute("aria-orientation", "vertical")
    engineer.heard(threshold=69.0)
    engineer.settle()
    assert engineer.runs() == 2
    expect(engineer.slider).to_be_focused()
    engineer.slider.evaluate(  # both at once: a value that was sent is not taken back
        "grip => ['ArrowUp', 'Escape'].forEach((key) => grip.dispatchEvent(new KeyboardEvent('keydown', { key })))"
    )
    assert engineer.threshold() == 69
    engineer.refresh()
    assert engineer.log("events").count("BenchEvent") == 1


def test_a_click_on_a_cell_takes_its_setting(engineer: Engineer) -> None:
    engineer.come("?more=no&marked=1")
    cell = engineer.page.get_by_role("gridcell", name=re.compile(r"^86%, 2 of 3, 1 min: 2 pages"))
    cell.hover()
    assert engineer.bench("view.ghost") == 86
    expect(engineer.part(".said")).to_contain_text("86%, 2 of 3, 1 min: 2 pages, 1 false alarm, 0 incidents missed")
    cell.click()
    engineer.heard(choice=Choice(86.0, 2, 3, 60))
    engineer.settle()
    expect(cell).to_have_attribute("aria-selected", "true")
    assert engineer.threshold() == 86
    assert engineer.part("[aria-selected=true]").count() == 1
    assert stretches(engineer) == due(expected(86.0, m=2, n=3))


def test_the_grid_is_walked_and_chosen_by_keys(engineer: Engineer) -> None:
    engineer.come()
    engineer.page.get_by_role("button", name="5 min").click()
    engineer.part("td[tabindex='0']").focus()
    for key in ("End", "ArrowLeft", "ArrowDown", "Home", "ArrowRight"):
        engineer.page.keyboard.press(key)
    focused = engineer.part("td:focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^62%, 2 of 2, 5 min: \d+ pages"))
    engineer.page.keyboard.press("Enter")
    engineer.heard(choice=Choice(62.0, 2, 2, 300))
    engineer.settle()
    expect(focused).to_have_attribute("aria-selected", "true")
    assert engineer.part("td[tabindex='0']").count() == 1


def test_the_heat_map_counts_what_the_sweep_counted(engineer: Engineer) -> None:
    engineer.come("?more=no&marked=1")
    found = stage.heat(stage.Form(incidents=(stage.INCIDENT,)))
    rows = engineer.part("[role=row]:has(td)")
    shown = [[int(text) for text in rows.nth(place).locator("td").all_inner_texts()] for place in range(rows.count())]
    assert shown == found.pages[0].tolist()
    engineer.page.get_by_role("button", name="False alarms").click()
    assert found.false_alarms is not None
    expect(rows.first.locator("td").first).to_have_text(str(found.false_alarms[0][0][0]))


def test_an_incident_is_marked_and_taken_away(engineer: Engineer) -> None:
    engineer.come()
    box = engineer.box()
    day = int(stage.SPAN.start.timestamp()) + 3 * 86_400

    def drag() -> None:
        engineer.page.mouse.move(engineer.x_of(day), box["y"] + 100)
        engineer.page.mouse.down()
        engineer.page.mouse.move(engineer.x_of(day + 86_400), box["y"] + 110, steps=4)
        engineer.page.mouse.up()

    engineer.page.keyboard.down("Shift")
    drag()
    engineer.page.keyboard.up("Shift")
    remove = engineer.page.get_by_role("button", name="Remove the incident")
    expect(remove).to_have_count(1)
    assert abs(engineer.bench("view.incidents[0][0]") - day) < 3600
    assert engineer.bench("zoom") is None
    assert engineer.threshold() == stage.START.threshold
    expect(engineer.page.get_by_role("button", name="Missed")).to_be_visible()
    remove.click()
    expect(remove).to_have_count(0)
    mark = engineer.page.get_by_role("button", name="Mark an incident")
    mark.click()
    expect(mark).to_have_attribute("aria-pressed", "true")
    drag()
    expect(remove).to_have_count(1)
    expect(mark).to_have_attribute("aria-pressed", "false")


def test_an_incident_is_marked_by_keys(engineer: Engineer) -> None:
    engineer.come()
    frame = engineer.part(".frame")
    frame.focus()
    for key in ("End", "m", "Shift+ArrowLeft", "m"):
        engineer.page.keyboard.press(key)
    expect(engineer.page.get_by_role("button", name="Remove the incident 23 Nov, 11:19 – 11:29")).to_be_visible()


def test_the_band_says_state_since_when_and_why(engineer: Engineer) -> None:
    engineer.come()
    alarm = next(each for each in stage.states(stage.Form()).stretches if each.state == "ALARM")
    middle = (alarm.span.start.timestamp() + alarm.span.end.timestamp()) / 2
    engineer.page.mouse.move(engineer.x_of(middle), engineer.box(".strip:not([hidden])")["y"] + 10)
    tip = engineer.part(".tip")
    expect(tip).to_contain_text(re.compile(r"✕ ALARM since \d+ Nov, \d\d:\d\d, \d+ min\. Threshold Crossed: 3 out of"))
    expect(tip).to_contain_text("Notification")
    strip = engineer.part(".strip:not([hidden])")
    assert "3 notifications in 14 days" in (strip.get_attribute("aria-label") or "")
    strip.focus()
    engineer.page.keyboard.press("Home")
    engineer.page.keyboard.press("ArrowRight")
    expect(engineer.part("[aria-live]").filter(has_text="OK since 9 Nov")).to_have_count(1)


def test_a_reload_draws_everything_again(engineer: Engineer) -> None:
    engineer.come()
    engineer.come()
    assert stretches(engineer) == due(stage.Form())
    assert engineer.threshold() == stage.START.threshold


def test_a_part_that_got_lost_is_asked_for(engineer: Engineer) -> None:
    engineer.come()
    lose = "import('/app/static/charts/parts.js').then((parts) => parts.forgotten())"
    engineer.page.evaluate(lose)
    engineer.refresh()
    engineer.until(lambda _: int(engineer.bench("root.dataset.bytes")) > 300_000, seconds=10)
    engineer.page.evaluate(lose)
    engineer.slider.focus()
    engineer.page.keyboard.press("ArrowUp")
    engineer.heard(threshold=79.0)
    engineer.settle()
    assert stretches(engineer) == due(expected(79.0))


def test_another_theme_recolours_without_python(engineer: Engineer) -> None:
    engineer.come()
    runs = engineer.runs()
    engineer.page.emulate_media(color_scheme="dark")
    engineer.until(lambda _: engineer.bench("theme.card") == "#121921", seconds=10)
    card = engineer.part(".card").first.evaluate("card => getComputedStyle(card).backgroundColor")
    assert card == "rgb(18, 25, 33)"
    assert engineer.runs() == runs


def test_who_may_not_move_it_sees_it_all_and_moves_nothing(engineer: Engineer) -> None:
    engineer.come("")
    other = engineer.page.locator(".st-key-anomaly")
    other.locator("canvas").first.wait_for()
    assert other.get_by_role("slider").count() == 0
    expect(other.get_by_text("judged by CloudWatch alone")).to_be_visible()
    expect(other.locator(".heat")).to_be_hidden()
    assert engineer.page.locator("img[src='x']").count() == 0


def test_a_finger_moves_the_knob_on_a_phone(engineers: Callable[..., Engineer]) -> None:
    phone = engineers(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).come()
    knob = phone.part(".grip i").bounding_box()
    assert knob is not None
    x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
    touch = phone.page.context.new_cdp_session(phone.page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x, "y": y + 20}]),
        ("touchMove", [{"x": x, "y": y + 40}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.until(lambda _: phone.runs() == 2, seconds=10)
    phone.settle()
    assert phone.threshold() < stage.START.threshold - 5
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    thresholds = phone.page.get_by_role("rowheader").all_inner_texts()
    assert thresholds[0] == "96%"
    assert phone.page.get_by_role("columnheader").all_inner_texts()[:2] == ["Threshold", "1/1"]


def test_a_metric_that_nobody_reports_has_axes_and_a_threshold(engineer: Engineer) -> None:
    engineer.come("")
    silent = engineer.page.locator(".st-key-silent")
    expect(silent.get_by_text("No datapoints 05:30 to 11:30")).to_be_visible()
    expect(silent.get_by_text("Without datapoints there is nothing to compare.")).to_be_visible()
    expect(silent.locator(".strip:not([hidden])")).to_have_count(0)
    silent.get_by_role("slider").focus()
    engineer.page.keyboard.press("ArrowUp")
    expect(engineer.page.get_by_text("silent BenchEvent(threshold=5.1,")).to_be_visible()


def test_fifty_thresholds_have_no_room_for_numbers_and_keep_their_words(engineer: Engineer) -> None:
    engineer.page.set_viewport_size({"width": 900, "height": 900})
    engineer.come("?more=no&fine=yes")
    cells = engineer.part("td")
    assert cells.count() > 8 * 40
    expect(cells.first.locator("span")).to_be_hidden()
    expect(cells.first).to_have_attribute("aria-label", re.compile(r"^\d+(\.\d+)?%, 1 of 1, 1 min: \d+ pages?"))
    assert engineer.page.evaluate("document.documentElement.scrollWidth") <= 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_here_shuts_anybody_out(engineers: Callable[..., Engineer], scheme: str) -> None:
    engineer = engineers(color_scheme=scheme).come("?marked=1")
    engineer.page.locator(".st-key-steps2 svg").wait_for()
    engineer.page.locator(".st-key-anomaly canvas").first.wait_for()
    parts = [
        ".st-key-bench",
        ".st-key-anomaly",
        ".st-key-silent",
        ".st-key-window1",
        ".st-key-window3",
        ".st-key-steps0",
    ]
    found = [Axe().run(engineer.page, context=part).response["violations"] for part in parts]
    assert [(rule["id"], node["html"][:160]) for rules in found for rule in rules for node in rule["nodes"]] == []
