"""The live wall against `st.plotly_chart`, in one run: first paint and refresh in Chromium, and many sessions at once.

    python -m benchmarks.wall [--rounds 2] [--refreshes 7] [--seconds 20]

Paint: 20 charts × 5 series × 1,440 points. A refresh is timed in the page from the click to the last canvas draw, DOM
change of the charts or long task before 400 ms of quiet. Sessions: websocket clients of a server process of its own,
each due to refresh every 5 seconds; a refresh is served when its charts arrived and its run finished before the next.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import streamlit as st
import websockets
from playwright.sync_api import Browser, Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol

from dashboard import serving, warmup
from dashboard.charts import live
from dashboard.charts.assets import static_route

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = Path(__file__).with_name("wall_page.py")
HEIGHT: Final = 2_200
"""Pixels: all twenty charts are on screen. Our wall draws what is out of sight later, and that would flatter it."""
EVERY: Final = 5.0
"""Seconds between a session's refreshes."""
GOAL_REFRESH_MS: Final = 200
GOAL_P95_MS: Final = 500

WATCH: Final = """
(() => {
  const state = window.__bench = { last: 0 };
  const note = () => { state.last = performance.now(); };
  for (const name of ["stroke", "fill", "fillRect", "clearRect", "drawImage"]) {
    const plain = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...all) { note(); return plain.apply(this, all); };
  }
  const watch = (root) => new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      if (root !== document || (element && element.closest(".st-key-bench"))) { note(); return; }
    }
  }).observe(root, { childList: true, subtree: true, attributes: true, characterData: true });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) { const root = attach.call(this, how); watch(root); return root; };
  watch(document);
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) state.last = Math.max(state.last, task.startTime + task.duration);
  }).observe({ entryTypes: ["longtask"] });
  addEventListener("click", () => { state.clicked = performance.now(); state.last = state.clicked; }, true);
})();
"""


@dataclass
class Paint:
    """What was measured of one way to draw, over all rounds; milliseconds and bytes."""

    first: list[float] = field(default_factory=list)
    refresh: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)

    def row(self, name: str) -> str:
        middle = statistics.median(self.refresh)
        return (
            f"| {name} | {statistics.median(self.first):,.0f} | **{middle:,.0f}** ({min(self.refresh):,.0f} to "
            f"{max(self.refresh):,.0f}) | {statistics.median(self.received) / 1000:,.1f} |"
        )


@dataclass
class Load:
    """What was measured of some sessions at once."""

    due: int = 0
    times: list[float] = field(default_factory=list)
    """Seconds from asking to the end of the run, of every refresh that was served in time."""
    cpu: float = 0.0
    """Seconds of processor time that the server took."""
    memory: int = 0
    """Bytes resident in the server."""

    def row(self, way: str, sessions: int, seconds: float) -> str:
        p50, p95 = (f"{1000 * quantile(self.times, share):,.0f}" if self.times else "–" for share in (0.5, 0.95))
        return (
            f"| {way} | {sessions} | {len(self.times)} of {self.due} | {p50} | {p95} | {self.cpu / seconds:.0%} | "
            f"{self.memory / 1e6:,.0f} |"
        )


def quantile(values: list[float], share: float) -> float:
    """Give the value that `share` of `values` do not exceed, by nearest rank."""
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the page in a process of its own, with the product's middleware."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.wall", "--serve", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait(10)


def serve(port: int) -> None:
    warmup.settle()
    app = st.App(PAGE, routes=[static_route()], middleware=serving.build_middleware())
    app.run(config={"server.port": port, "server.headless": True, **warmup.SERVER_OPTIONS})


# ---- paint


def quiet(page: Page, *, since: str, minute: int) -> float:
    """Wait until `minute` is shown and nothing was drawn for 400 ms; give the milliseconds from `since` until then."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page.wait_for_timeout(50)
        passed, silent, shown = page.evaluate(
            f"[__bench.last - {since}, performance.now() - __bench.last,"
            "[...document.querySelectorAll('[data-testid=stText]')].at(-1)?.textContent]"
        )
        if silent > 400 and passed > 0 and shown == f"minute {minute}":
            return float(passed)
    raise TimeoutError("the page never came to rest")


DRAWN: Final = {
    "live": "document.querySelector('.st-key-wall [data-testid=stBidiComponentIsolated]')?.shadowRoot"
    ".querySelector('.wall')?.wall.charts.size ?? 0",
    "plotly": "document.querySelectorAll('.st-key-bench .js-plotly-plot .scatterlayer .trace').length / 5",
    "empty": "document.querySelectorAll('.st-key-bench [data-testid=stText]').length * 20",
}


def paint(browser: Browser, address: str, way: str, refreshes: int, into: Paint) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": HEIGHT}, color_scheme="light")
    page = context.new_page()
    page.add_init_script(WATCH)
    received = [0]
    page.on(
        "websocket", lambda ws: ws.on("framereceived", lambda data: received.__setitem__(0, received[0] + len(data)))
    )
    page.goto(f"http://{address}/?way={way}")
    while page.evaluate(DRAWN[way]) != 20:
        page.wait_for_timeout(50)
    into.first.append(quiet(page, since="0", minute=0))
    for minute in range(1, refreshes + 1):
        received[0] = 0
        page.locator(".st-key-refresh button").evaluate("button => button.click()")
        into.refresh.append(quiet(page, since="__bench.clicked", minute=minute))
        into.received.append(received[0])
        assert page.evaluate(DRAWN[way]) == 20
    if way == "live":
        assert page.evaluate(LAST_TIME) == [1_440, refreshes * 60], "the deltas were not all applied"
    context.close()


LAST_TIME: Final = """(() => {
  const host = document.querySelector('.st-key-wall [data-testid=stBidiComponentIsolated]');
  const { times } = host.shadowRoot.querySelector('.wall').wall.stream.panels.get('chart19');
  return [times.length, times.at(-1) - Date.UTC(2026, 10, 22) / 1000 - 1439 * 60]; })()"""


def measure_paint(rounds: int, refreshes: int) -> dict[str, Paint]:
    paints = {"live": Paint(), "plotly": Paint(), "empty": Paint()}
    with served() as (address, _), sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome")
        path = os.environ.get("WATCHKEEPER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(rounds):
            for way, into in paints.items():
                paint(browser, address, way, refreshes, into)
        print(f"Chromium {browser.version}")
        browser.close()
    return paints


# ---- sessions


def rerun(query: str, fragment: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = query
    if fragment:
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
    return bytes(message.SerializeToString())


async def one_run(stream: Any, way: str) -> tuple[str, int]:
    """Read until the script finished; give the fragment that wants to be run again, and how many charts came."""
    fragment, charts = "", 0
    while True:
        message = ForwardMsg.FromString(await stream.recv())
        if message.HasField("auto_rerun"):
            fragment = message.auto_rerun.fragment_id
        element = message.delta.new_element
        if way == "live" and element.HasField("bidi_component"):
            head, _ = live.opened(element.bidi_component.bytes)
            charts += len(head["charts"])
        elif way == "plotly" and element.HasField("plotly_chart"):
            charts += 1
        if message.HasField("script_finished"):
            return fragment, charts


async def session(address: str, way: str, place: float, until: float, into: Load) -> None:
    """One viewer: opens the page, then refreshes every five seconds, beginning at `place` of the period."""
    query = f"way={way}&every={EVERY:g}s"
    protocol = [Subprotocol("streamlit")]
    async with websockets.connect(f"ws://{address}/_stcore/stream", subprotocols=protocol, max_size=None) as stream:
        await stream.send(rerun(query))
        fragment, charts = await one_run(stream, way)
        assert fragment, "the page asked for no refresh"
        assert charts == 20
        await asyncio.sleep(max(0.0, place - time.monotonic()))
        due = place
        while due + EVERY <= until:
            into.due += 1
            await stream.send(rerun(query, fragment))
            asked = time.monotonic()
            _, charts = await one_run(stream, way)
            taken = time.monotonic() - asked
            if charts == 20 and taken <= EVERY:
                into.times.append(taken)
            due += EVERY
            while due <= time.monotonic():  # a viewer asks no second time while the first answer is awaited
                into.due += due + EVERY <= until
                due += EVERY
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def crowd(address: str, way: str, sessions: int, seconds: float, process: int) -> Load:
    load = Load()
    begin = time.monotonic() + 3 + sessions * (0.15 if way == "live" else 1.0)
    places = [begin + EVERY * index / sessions for index in range(sessions)]
    viewers = [session(address, way, place, place + seconds, load) for place in places]
    watcher = asyncio.create_task(watch(process, begin, begin + seconds, load))
    await asyncio.gather(*viewers)
    await watcher
    return load


async def watch(process: int, begin: float, end: float, into: Load) -> None:
    await asyncio.sleep(max(0.0, begin - time.monotonic()))
    before = processor_seconds(process)
    await asyncio.sleep(max(0.0, end - time.monotonic()))
    into.cpu = processor_seconds(process) - before
    into.memory = resident(process)


def resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_sessions(way: str, sessions: int, seconds: float) -> Load:
    with served() as (address, server):
        return asyncio.run(crowd(address, way, sessions, seconds, server.pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--refreshes", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    paints = measure_paint(options.rounds, options.refreshes)
    print(
        "\n| way | first paint, ms | refresh, ms: median (range) | kB received a refresh |\n| --- | --- | --- | --- |"
    )
    print(paints["live"].row("our wall"))
    print(paints["plotly"].row("st.plotly_chart, binary arrays"))
    print(paints["empty"].row("no charts: Streamlit itself"), flush=True)
    print("\n| way | sessions | refreshes served of due | p50 ms | p95 ms | server, of a core | server, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    crowded = Load()
    for sessions in options.sessions:
        for way in ("live", "plotly"):
            load = measure_sessions(way, sessions, options.seconds)
            name = "our wall" if way == "live" else "st.plotly_chart"
            print(load.row(name, sessions, options.seconds), flush=True)
            crowded = load if way == "live" else crowded
    middle = statistics.median(paints["live"].refresh)
    print(f"\nrefresh {middle:.0f} ms, goal {GOAL_REFRESH_MS}: {'met' if middle <= GOAL_REFRESH_MS else 'missed'}")
    if crowded.times:
        p95 = 1000 * quantile(crowded.times, 0.95)
        served_all = len(crowded.times) == crowded.due
        met = served_all and p95 < GOAL_P95_MS
        verdict = "met" if met else "missed"
        print(f"most sessions: all served: {served_all}, p95 {p95:.0f} ms, goal {GOAL_P95_MS}: {verdict}")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
