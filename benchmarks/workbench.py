"""The workbench's preview after a change: ours, and the same engine drawn by `st.plotly_chart`, in one run.

    python -m benchmarks.workbench [--changes 15]

Timed in the page, from the click that changes the threshold to the last canvas draw, DOM change or long task before
400 ms of quiet; and apart from it what the engine takes: replay, sweep and view over 20,160 minutes.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import streamlit as st
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.wall import ROOT, WATCH, free_port
from dashboard import serving, warmup
from dashboard.charts.assets import static_route

PAGE: Final = Path(__file__).with_name("workbench_page.py")
GOAL_MS: Final = 300
"""What issue 5 asks for after a change."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the page in a process of its own, with the product's middleware."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.workbench", "--serve", str(port)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def serve(port: int) -> None:
    # Streamlit looks beside the script first, and there is a `benchmarks/alarms.py`: ours has to be known before.
    importlib.import_module("alarms.definition")
    warmup.settle()
    app = st.App(PAGE, routes=[static_route()], middleware=serving.build_middleware())
    app.run(config={"server.port": port, "server.headless": True, **warmup.SERVER_OPTIONS})


def quiet(page: Page, step: int) -> float:
    """Wait until `step` is shown and nothing was drawn for 400 ms; give the milliseconds from the click until then."""
    for _ in range(1_200):
        page.wait_for_timeout(50)
        passed, silent, shown = page.evaluate(
            "[__bench.last - (__bench.clicked ?? 0), performance.now() - __bench.last,"
            "[...document.querySelectorAll('[data-testid=stText]')].at(-1)?.textContent]"
        )
        if silent > 400 and shown == f"step {step}":
            return float(passed)
    raise TimeoutError("the page never came to rest")


def measured(browser: Browser, address: str, way: str, changes: int) -> tuple[list[float], list[int]]:
    """Give the milliseconds and the received bytes of each change."""
    page = browser.new_context(viewport={"width": 1440, "height": 1_000}, color_scheme="light").new_page()
    page.add_init_script(WATCH)
    received = [0]
    page.on(
        "websocket", lambda ws: ws.on("framereceived", lambda data: received.__setitem__(0, received[0] + len(data)))
    )
    page.goto(f"{address}/?way={way}")
    quiet(page, 0)
    times, sizes = [], []
    for step in range(1, changes + 1):
        received[0] = 0
        page.locator(".st-key-next button").evaluate("button => button.click()")
        times.append(quiet(page, step))
        sizes.append(received[0])
    page.context.close()
    return times, sizes


def engine(changes: int) -> list[float]:
    """Give the milliseconds of replay, sweep and view, without Streamlit and browser."""
    from benchmarks.workbench_page import THRESHOLDS, preview

    preview(60.0)
    times = []
    for step in range(changes):
        start = time.perf_counter()
        preview(float(THRESHOLDS[step % len(THRESHOLDS)]))
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--changes", type=int, default=15)
    arguments.add_argument("--serve", type=int)
    given = arguments.parse_args()
    if given.serve:
        serve(given.serve)
        return
    alone = engine(given.changes)
    print(f"load {os.getloadavg()[0]:.1f}; engine alone: median {statistics.median(alone):.0f} ms\n")
    print("| way | change, ms: median (range) | kB received a change |\n| --- | --- | --- |")
    with served() as address, sync_playwright() as playwright:
        path = os.environ.get("WATCHKEEPER_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for way, name in (("ours", "our preview"), ("plotly", "the same by st.plotly_chart")):
            times, sizes = measured(browser, address, way, given.changes)
            middle = statistics.median(times)
            kilobytes = statistics.median(sizes) / 1000
            print(f"| {name} | **{middle:,.0f}** ({min(times):,.0f} to {max(times):,.0f}) | {kilobytes:,.1f} |")
            if way == "ours":
                verdict = "met" if middle <= GOAL_MS else "missed"
        browser.close()
    print(f"\nGoal, {GOAL_MS} ms median after a change: {verdict}. Load at the end {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
