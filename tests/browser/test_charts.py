"""The charts in a real Chromium, on a throwaway page: deltas, zoom, gaps, themes, keyboard, hostile names."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Locator, Page, Request, expect, sync_playwright

from dashboard.charts import live
from dashboard.charts.unit import written
from tests.browser import charts_stage_data as stage

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "unit" / "dashboard" / "charts_examples.json"
HOST = "document.querySelector('.st-key-wall [data-testid=stBidiComponentIsolated]')"
WALL = f"{HOST}.shadowRoot.querySelector('.wall').wall"


def chromium() -> str | None:
    """The Chromium to drive; None lets Playwright use the one that it downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("WATCHKEEPER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The stage, served as the product is: `st.App` with our static files and security headers."""
    if os.environ.get("WATCHKEEPER_SKIP_BROWSER") == "1":
        pytest.skip("WATCHKEEPER_SKIP_BROWSER=1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("charts_server.py")), str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield answering(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(10)


def answering(address: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(150):
        assert server.poll() is None, "the stage's server ended"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the stage did not answer at {address}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


class Stage:
    """One viewer of the stage, who writes down every complaint and every request of the browser."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self.note)

    def note(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:", self.address.replace("http", "ws"))):
            self.outside.append(request.url)

    def open(self, query: str = "?more=no") -> Stage:
        self.page.goto(f"{self.address}/{query}")
        self.page.locator(".st-key-wall canvas").first.wait_for()
        self.until(f"charts.size === {len(stage.charts(0))}")
        return self

    def until(self, what: str) -> None:
        """Wait for the wall; Playwright's own waiting evaluates strings, which our policy forbids."""
        for _ in range(200):
            if self.wall(what):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the wall never came to {what}")

    def tick(self) -> None:
        number = self.wall("stream.number")
        self.page.get_by_role("button", name="Tick").click()
        self.until(f"stream.number === {number + 1}")

    def wall(self, what: str) -> Any:
        return self.page.evaluate(f"{WALL}.{what}")

    def frame(self, key: str) -> Locator:
        return self.page.locator(".st-key-wall .frame").nth([chart.key for chart in stage.charts(0)].index(key))

    def pixels(self, key: str) -> np.ndarray:
        """The canvas of a chart, as rows of columns of RGBA."""
        width, data = self.page.evaluate(
            f"""(() => {{ const canvas = {WALL}.charts.get({key!r}).plot.chart.ctx.canvas;
            const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, Array.from(all.data)]; }})()"""
        )
        return np.array(data, np.uint8).reshape(-1, width, 4)


@pytest.fixture
def viewer(browser: Browser, address: str) -> Iterator[Stage]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    viewer = Stage(context.new_page(), address)
    yield viewer
    context.close()
    assert viewer.complaints == []
    assert viewer.outside == []


def drawn(viewer: Stage) -> dict[str, Any]:
    """What the browser holds: per chart its meta, times and rows; a gap is None, no point is `nothing`."""
    held = viewer.page.evaluate(
        f"""JSON.stringify([...{WALL}.stream.panels].map(([key, panel]) => [key, panel.meta, panel.times,
        panel.rows.map((row) => row.map((value) => value === undefined ? 'nothing' : value))]))"""
    )
    return {key: (meta, times, rows) for key, meta, times, rows in json.loads(held)}


def due(tick: int) -> dict[str, Any]:
    """What it should hold after `tick` ticks."""

    def value(number: float) -> float | str | None:
        return None if np.isnan(number) else "nothing" if number == live.NOTHING_HERE else number

    return {
        key: (
            {name: json.loads(text) for name, text in panel.meta.items()},
            panel.times.tolist(),
            [[value(v) for v in row] for row in panel.rows],
        )
        for key, panel in live.picture(stage.charts(tick)).items()
    }


def test_the_browser_holds_what_python_drew_after_every_delta(viewer: Stage) -> None:
    viewer.open()
    assert drawn(viewer) == due(0)
    for tick in (1, 2, 3):
        viewer.tick()
        assert drawn(viewer) == due(tick)
    times = viewer.wall("stream.panels.get('latency').times")
    assert len(times) == 60
    assert times[-1] == times[0] + 59 * 60


def test_a_message_that_got_lost_brings_everything_again(viewer: Stage) -> None:
    viewer.open()
    viewer.tick()
    before = viewer.wall("stream.name")
    viewer.wall("stream.number -= 1")  # as if the last message never came
    viewer.page.get_by_role("button", name="Tick").click()
    viewer.until(f"stream.name !== {before!r}")
    assert drawn(viewer) == due(2)


def test_a_reload_draws_everything_again(viewer: Stage) -> None:
    viewer.open()
    viewer.tick()
    viewer.open()
    assert drawn(viewer) == due(0)


def test_a_refresh_keeps_the_canvas_the_scroll_and_the_focus(viewer: Stage) -> None:
    viewer.page.set_viewport_size({"width": 1440, "height": 400})
    viewer.open()
    viewer.page.evaluate(f"window.kept = {WALL}.charts.get('cpu').plot.chart.ctx.canvas")
    main = viewer.page.get_by_test_id("stMain")
    main.evaluate("element => element.scrollTo(0, 200)")
    viewer.frame("cpu").focus()
    scrolled = main.evaluate("element => element.scrollTop")
    viewer.page.evaluate("document.querySelector('.st-key-ticker button').click()")
    viewer.until("stream.number === 1")
    assert viewer.page.evaluate(f"window.kept === {WALL}.charts.get('cpu').plot.chart.ctx.canvas")
    assert main.evaluate("element => element.scrollTop") == scrolled
    expect(viewer.frame("cpu")).to_be_focused()


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def drag(viewer: Stage, key: str, start: float, end: float) -> None:
    box = box_of(viewer.frame(key))
    viewer.page.mouse.move(box["x"] + box["width"] * start, box["y"] + 60)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] * end, box["y"] + 70, steps=4)
    viewer.page.mouse.up()


def test_a_drag_zooms_every_chart_tells_python_and_survives_ticks(viewer: Stage) -> None:
    viewer.open()
    drag(viewer, "latency", 0.4, 0.7)
    expect(viewer.page.get_by_text("event WallEvent(range=Timespan(")).to_be_visible()
    zoom = viewer.wall("zoom")
    assert 900 < zoom[1] - zoom[0] < 1500
    for _ in range(3):
        viewer.tick()
    assert viewer.wall("zoom") == zoom
    shown = viewer.page.evaluate(
        f"[...{WALL}.charts.values()].map((each) => [each.plot.chart.scales.x.min, each.plot.chart.scales.x.max])"
    )
    assert shown == [zoom] * len(stage.charts(0))
    viewer.frame("cpu").dblclick()
    expect(viewer.page.get_by_text("event WallEvent(range=None)")).to_be_visible()
    assert viewer.wall("zoom") is None
    assert viewer.page.evaluate(f"{WALL}.charts.get('cpu').plot.chart.scales.x.max") == due(3)["cpu"][0]["span"][1]


def test_two_walls_of_a_page_zoom_together_and_python_hears_of_it_once(viewer: Stage) -> None:
    viewer.open("")
    drag(viewer, "latency", 0.4, 0.7)
    expect(viewer.page.get_by_text("event WallEvent(range=Timespan(")).to_be_visible()
    beside = viewer.page.evaluate(WALL.replace("st-key-wall", "st-key-beside") + ".zoom")
    assert beside == viewer.wall("zoom")
    expect(viewer.page.get_by_text("beside: None")).to_be_visible()


def test_a_chart_that_cannot_be_drawn_says_so_and_the_others_stay(viewer: Stage) -> None:
    viewer.open()
    viewer.page.evaluate(f"void ({WALL}.charts.get('latency').plot.update = () => {{ throw new Error('broken'); }})")
    viewer.tick()
    expect(viewer.page.get_by_text("This chart could not be drawn.")).to_be_visible()
    assert drawn(viewer) == due(1)
    assert [text for text in viewer.complaints if "Chart latency could not be drawn" in text]
    viewer.complaints.clear()


def test_a_button_resets_the_zoom_too(viewer: Stage) -> None:
    viewer.open()
    drag(viewer, "cpu", 0.3, 0.6)
    viewer.page.get_by_role("button", name="Reset zoom").first.click()
    expect(viewer.page.get_by_text("event WallEvent(range=None)")).to_be_visible()


def test_a_gap_is_drawn_as_a_gap(viewer: Stage) -> None:
    viewer.open()
    pixels = viewer.pixels("cpu")
    places = viewer.page.evaluate(
        f"""(() => {{ const {{ plot, panel }} = {WALL}.charts.get('cpu');
        const row = panel.rows[0];
        const at = row.findIndex((value, index) => value === null && row[index + 1] === null && index > 22);
        const place = (time) => Math.round(plot.chart.valToPos(time, 'x', true));
        return [place(panel.times[at] + 30), place(panel.times[5])]; }})()"""
    )
    blue = np.array([0x23, 0x60, 0xD8])
    near = np.abs(pixels[:, :, :3].astype(int) - blue).sum(axis=2) < 40
    in_gap, on_line = (near[:, place].any() for place in places)
    assert on_line
    assert not in_gap


def test_another_theme_recolours_at_once_without_python(viewer: Stage) -> None:
    viewer.open()
    light = viewer.pixels("latency")
    number = viewer.wall("stream.number")
    viewer.page.emulate_media(color_scheme="dark")
    viewer.until("theme.card === '#121921'")
    viewer.page.wait_for_timeout(100)
    assert (viewer.pixels("latency") != light).any()
    card = viewer.page.locator(".st-key-wall .card").first.evaluate("card => getComputedStyle(card).backgroundColor")
    assert card == "rgb(18, 25, 33)"
    assert viewer.wall("stream.number") == number


def test_the_crosshair_reads_values_with_their_units(viewer: Stage) -> None:
    viewer.open()
    viewer.frame("latency").hover(position={"x": 200, "y": 80})
    tip = viewer.page.locator(".st-key-wall .tip:visible")
    expect(tip).to_have_count(1)
    expect(tip).to_contain_text("UTC")
    expect(tip.locator(".row")).to_contain_text([" ms"] * 3)


def test_the_tooltip_and_a_hollow_point_say_what_was_seen_first(viewer: Stage) -> None:
    viewer.open()
    sentence = f"seen as 222 ms until {stage.BEGIN + timedelta(minutes=26):%H:%M}, later 111 ms"
    frame = viewer.frame("latency")
    frame.focus()
    for _ in range(21):
        frame.press("ArrowRight")
    expect(frame.locator(".tip .event")).to_contain_text([f"p50 {sentence}"])
    frame.press("ArrowRight")
    expect(frame.locator(".tip")).not_to_contain_text("seen as")
    frame.press("Escape")
    x, y = (
        viewer.wall(f"charts.get('latency').plot.chart.valToPos({stage.charts(0)[0].lines[0].times[20]}, 'x', true)"),
        viewer.wall("charts.get('latency').plot.chart.valToPos(0.222, 'left', true)"),
    )
    pixels = viewer.pixels("latency")
    middle, rim = pixels[round(y), round(x)], pixels[round(y), round(x) - 4 : round(x) - 1]
    assert middle[:3].min() > 240, "the point is hollow"
    assert (rim[:, 0].astype(int) < rim[:, 2].astype(int) - 60).any(), "its rim has the line's colour"


def test_plotly_says_what_was_seen_first_too(viewer: Stage) -> None:
    viewer.open("")
    chart = viewer.page.locator(".st-key-plotly_latency .chart")
    hollow = chart.locator(".scatterlayer .point").first
    hollow.wait_for()
    hollow.scroll_into_view_if_needed()
    box = hollow.bounding_box()
    assert box is not None
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 34)
    tip = viewer.page.locator(".st-key-plotly_latency .tip:visible")
    expect(tip.locator(".event")).to_contain_text(["p50 seen as 222 ms until"])
    expect(tip.locator(".row")).to_contain_text([" ms"] * 3)


def test_the_keyboard_reads_zooms_and_resets(viewer: Stage) -> None:
    viewer.open()
    frame = viewer.frame("latency")
    frame.focus()
    viewer.page.keyboard.press("End")
    expect(viewer.page.locator(".st-key-wall [aria-live]").first).to_contain_text(
        "23 Nov, 11:29 UTC, p50 125 ms · may change"
    )
    viewer.page.keyboard.press("+")
    assert viewer.wall("zoom") is not None
    viewer.page.keyboard.press("Escape")
    viewer.page.keyboard.press("Escape")
    assert viewer.wall("zoom") is None


def test_a_chart_has_words_and_a_table_for_those_who_do_not_see_it(viewer: Stage) -> None:
    viewer.open()
    said = viewer.frame("latency").get_attribute("aria-label") or ""
    assert said.startswith(
        "Latency TargetResponseTime. p95 above SLO for 9 min. p50: 125 ms at 23 Nov, 11:29. p95: 412 ms"
    )
    assert "SLO 300 ms" in said
    silent = viewer.frame("empty").get_attribute("aria-label") or ""
    assert silent.startswith("Page load. No datapoints 10:30 to 11:30. p75: no data. goal 2.5 s")
    values = stage.charts(0)[0].lines[0].values
    extremes = [written(float(value), "Seconds") for value in (values.min(), values.max())]
    rows = viewer.page.locator(".st-key-wall table").first.locator("tbody tr")
    assert rows.first.inner_text().split("\t") == ["p50", "125 ms", "23 Nov, 11:29", *extremes]


def test_a_line_can_be_hidden_and_comes_back(viewer: Stage) -> None:
    viewer.open()
    entry = viewer.page.locator(".st-key-wall .legend button").first
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    viewer.tick()
    assert (
        viewer.page.evaluate(f"{WALL}.charts.get('latency').plot.chart.series.filter((each) => !each.show).length") == 2
    )
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("width", "columns"), [(1440, 3), (1000, 2), (390, 1)])
def test_the_wall_fits_its_screen(viewer: Stage, width: int, columns: int) -> None:
    viewer.page.set_viewport_size({"width": width, "height": 844})
    viewer.open()
    lefts = viewer.page.locator(".st-key-wall .card").evaluate_all(
        "cards => cards.map((card) => card.getBoundingClientRect().left)"
    )
    assert len({round(left) for left in lefts}) == columns
    assert viewer.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    widths = viewer.page.evaluate(
        f"[...{WALL}.charts.values()].map((each) => each.plot.chart.width - each.frame.clientWidth)"
    )
    assert all(abs(difference) <= 1 for difference in widths)


def test_numbers_are_written_as_python_writes_them(viewer: Stage) -> None:
    viewer.open()
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    answer = viewer.page.evaluate(
        """async ([values, axes]) => { const unit = await import('/app/static/charts/unit.js');
        return [values.map(([value, name]) => unit.written(value, name)),
          axes.map(([low, high, name]) => { const axis = unit.roundAxis(low, high, name, 5);
            return axis.splits.map((tick) => unit.tickText(tick, axis)); })]; }""",
        [examples["written"], examples["axes"]],
    )
    assert answer == [[text for *_, text in examples["written"]], [texts for *_, texts in examples["axes"]]]


def test_time_axes_are_round_on_the_clock_of_their_zone(viewer: Stage) -> None:
    viewer.open()
    hours = viewer.page.evaluate(
        """async () => { const clock = await import('/app/static/charts/clock.js');
        const from = Date.UTC(2026, 9, 24, 20) / 1000, to = from + 16 * 3600, zone = 'Europe/Paris';
        const shown = clock.timeSplits(from, to, 6, zone); // the clocks there are set back on the 25th
        return [shown.map((time) => clock.tickTime(time, 10800, zone)), clock.clockName(from, to, zone)]; }"""
    )
    assert hours == [["25 Oct", "03:00", "06:00", "09:00", "12:00"], "24 Oct – 25 Oct 2026, Europe/Paris (UTC+1)"]


def test_targets_are_real_buttons_that_keep_focus_and_say_everything(viewer: Stage) -> None:
    viewer.open("")
    target = viewer.page.get_by_role("button", name="i-0d01b22aa1f0, in us-east-1a, unhealthy, Health checks failed")
    expect(target).to_contain_text("✕ unhealthy")
    expect(target).to_contain_text("since 11:21, 9 min")
    target.click()
    expect(viewer.page.get_by_text("pressed i-0d01b22aa1f0")).to_be_visible()
    expect(target).to_be_focused()
    assert viewer.page.locator("img[src='x']").count() == 0


def test_a_plotly_chart_zooms_tells_python_and_keeps_its_zoom(viewer: Stage) -> None:
    viewer.page.set_viewport_size({"width": 1440, "height": 2600})
    viewer.open("")
    chart = viewer.page.locator(".st-key-plotly_latency .chart")
    chart.locator(".main-svg").first.wait_for()
    box = box_of(chart)
    viewer.page.mouse.move(box["x"] + 400, box["y"] + 80)
    expect(viewer.page.locator(".st-key-plotly_latency .tip:visible .row")).to_contain_text([" ms"] * 3)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + 700, box["y"] + 90, steps=4)
    viewer.page.mouse.up()
    expect(viewer.page.get_by_text("latency: ChartEvent(range=Timespan(")).to_be_visible()
    zoomed = chart.evaluate("chart => chart.layout.xaxis.range")
    viewer.page.get_by_role("button", name="us-east-1a").first.click()  # another run of the whole page
    expect(viewer.page.get_by_text("pressed i-")).to_be_visible()
    assert chart.evaluate("chart => chart.layout.xaxis.range") == zoomed
    viewer.page.locator(".st-key-plotly_latency").get_by_role("button", name="Reset zoom").click()
    expect(viewer.page.get_by_text("latency: ChartEvent(range=None, reset=True")).to_be_visible()


def test_a_click_on_a_bar_names_its_line_and_time(viewer: Stage) -> None:
    viewer.page.set_viewport_size({"width": 1440, "height": 2600})
    viewer.open("")
    chart = viewer.page.locator(".st-key-plotly_requests .chart")
    chart.locator(".main-svg").first.wait_for()
    chart.click(position={"x": 500, "y": 150})
    expect(viewer.page.get_by_text("requests: ChartEvent(range=None, reset=False, point=('")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_here_shuts_anybody_out(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1400}, color_scheme=scheme)  # type: ignore[arg-type]
    viewer = Stage(context.new_page(), address).open("")
    viewer.page.locator(".st-key-plotly_empty .main-svg").first.wait_for()
    parts = [".st-key-wall", ".st-key-targets", ".st-key-plotly_latency", ".st-key-plotly_empty"]
    found = [Axe().run(viewer.page, context=part).response["violations"] for part in parts]
    context.close()
    assert [(rule["id"], node["html"][:120]) for rules in found for rule in rules for node in rule["nodes"]] == []
