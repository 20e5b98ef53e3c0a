"""Loads a page in a real headless browser: what a person would have waited for.

Playwright and a browser are not needed to run Watchkeeper, so they are asked for here and nowhere else. Every request
of the page goes through our own proxy (`gateway`): the browser has no other way out.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from collectors.page_load.connecting import Gate, Stopwatch
from collectors.page_load.gateway import Gateway, open_gateway
from collectors.page_load.http_probe import Limits, page_name
from collectors.page_load.putting import LOAD, Point
from collectors.page_load.sites import read

MOST_BYTES: Final = 100_000_000
MOST_NOTED: Final = 20
"""Failed requests and console errors that are written down; the rest are counted."""
SETTLE_MILLISECONDS: Final = 500
"""After the load event, for the last paint to be reported."""
ABSENT: Final = (
    "A browser probe needs Playwright, which is not installed; run `pip install playwright`, and have Chromium "
    "installed or run `playwright install chromium`. Without --browser pages are probed over HTTP."
)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_VITALS: Final = (Path(__file__).parent / "vitals.js").read_text(encoding="utf-8")
_READ: Final = """() => {
  const n = performance.getEntriesByType("navigation")[0] || {};
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { ...window.__watchkeeper, ttfb: n.responseStart, interactive: n.domInteractive,
    content: n.domContentLoadedEventEnd, load: n.loadEventEnd, fcp: paint ? paint.startTime : null };
}"""
_CLOSED: Final = (
    "--disable-quic",
    "--disable-background-networking",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-gpu",
)
"""No way beside the proxy: no UDP, no updates, and no look-up of a name by the browser itself."""


class NoBrowserError(Exception):
    """A browser cannot be driven here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class BrowserMeasured:
    """One load of one page in a browser. Times are seconds from the start of the navigation; None was not seen."""

    url: str
    page: str
    at: datetime
    load: float | None = None
    first_byte: float | None = None
    content_loaded: float | None = None
    first_paint: float | None = None
    largest_paint: float | None = None
    layout_shift: float | None = None
    """No unit; 0.1 is where people begin to notice."""
    blocking: float | None = None
    """Beyond 50 ms of each long task."""
    status: int | None = None
    failed: tuple[str, ...] = ()
    """Requests that failed or were answered with an error; foreign text."""
    errors: tuple[str, ...] = ()
    """What the page wrote as errors; foreign text."""
    refused: tuple[str, ...] = ()
    """Where the page wanted to go and was not let."""
    screenshot: str = ""
    """The file that shows the failure."""
    problem: str = ""

    def points(self) -> tuple[Point, ...]:
        """Give what is worth a metric."""
        where = {"Page": self.page, "Source": "browser"}
        found = {
            LOAD: self.load, "FirstByteTime": self.first_byte, "FirstContentfulPaint": self.first_paint,
            "LargestContentfulPaint": self.largest_paint, "CumulativeLayoutShift": self.layout_shift,
            "TotalBlockingTime": self.blocking,
        }  # fmt: skip
        counted = {
            "PageFailed": float(bool(self.problem)),
            "FailedRequests": float(len(self.failed)),
            "ConsoleErrors": float(len(self.errors)),
        }
        measured = {name: value for name, value in found.items() if value is not None and not self.problem}
        return tuple(Point(name, value, where, self.at) for name, value in (measured | counted).items())


@dataclass(frozen=True, slots=True)
class BrowserProbe:
    """Loads pages in Chromium, through a gate."""

    gate: Gate
    stopwatch: Stopwatch
    limits: Limits = field(default_factory=lambda: Limits(size=MOST_BYTES))
    shots: Path = field(default=Path("screenshots"))
    """Where pictures of failures are put."""
    executable: str | None = None

    def load(self, url: str, *, at: datetime) -> BrowserMeasured:
        """Load a page. Raises `NoBrowserError`, and `RefusedError` for a URL that is not asked for."""
        site = read(url)
        self.gate.addresses(site, seconds=self.limits.seconds)
        done = BrowserMeasured(url, page_name(site), at)
        with open_gateway(self.gate, self.stopwatch, most_bytes=self.limits.size) as gateway, _driver() as driver:
            browser = self._launched(driver, gateway)
            try:
                return self._visit(browser, gateway, done)
            finally:
                browser.close()

    def _launched(self, driver: Any, gateway: Gateway) -> Any:
        from playwright.sync_api import Error

        found = self.executable or next(filter(None, map(shutil.which, _NAMES)), None)
        # Chromium's sandbox does not start as root, as in many containers.
        arguments = [*_CLOSED, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # Without this, addresses of this machine would be asked for without the proxy.
        proxy = {"server": gateway.url, "bypass": "<-loopback>"}
        try:
            return driver.chromium.launch(executable_path=found, args=arguments, proxy=proxy)
        except Error as error:
            raise NoBrowserError(f"No browser could be started: {str(error).splitlines()[0][:200]}") from None

    def _visit(self, browser: Any, gateway: Gateway, done: BrowserMeasured) -> BrowserMeasured:
        from playwright.sync_api import Error

        context = browser.new_context(service_workers="block", accept_downloads=False, permissions=[])
        page = context.new_page()
        context.on("page", lambda opened: opened.close())
        failed, errors = _listen(page)
        milliseconds = self.limits.seconds * 1000
        page.add_init_script(_VITALS)
        try:
            answer = page.goto(done.url, wait_until="load", timeout=milliseconds)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            done = _read(done, page.evaluate(_READ), answer.status if answer else None)
        except Error as error:
            done = replace(done, problem=str(error).splitlines()[0].removeprefix("Page.goto: ")[:300])
        if done.status is not None and done.status >= 400:
            done = replace(done, problem=f"the server answered {done.status}")
        if done.problem:
            done = replace(done, screenshot=self._shot(page, done))
        return replace(done, failed=tuple(failed), errors=tuple(errors), refused=tuple(dict.fromkeys(gateway.refused)))

    def _shot(self, page: Any, done: BrowserMeasured) -> str:
        """Keep a picture of what a person would have seen; empty where there is none."""
        from playwright.sync_api import Error

        name = "".join(sign if sign.isalnum() else "-" for sign in done.page)[:80]
        path = self.shots / f"{done.at:%Y%m%dT%H%M%SZ}-{name}.png"
        try:
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=path, timeout=5_000)
        except (Error, OSError):
            return ""
        return str(path)


def _listen(page: Any) -> tuple[list[str], list[str]]:
    """Write down what fails and what is complained of."""
    failed: list[str] = []
    errors: list[str] = []

    def note(where: list[str], text: str) -> None:
        if len(where) < MOST_NOTED:
            where.append(text[:300])

    def answered(response: Any) -> None:
        if response.status >= 400:
            note(failed, f"{response.status} {response.url}")

    page.on("requestfailed", lambda request: note(failed, f"{request.failure} {request.url}"))
    page.on("response", answered)
    page.on("console", lambda message: note(errors, message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(errors, str(error)))
    page.on("dialog", lambda dialog: dialog.dismiss())
    return failed, errors


def _read(done: BrowserMeasured, seen: dict[str, Any], status: int | None) -> BrowserMeasured:
    def seconds(name: str) -> float | None:
        value = seen.get(name)
        return value / 1000 if isinstance(value, int | float) and value > 0 else None

    blocking, shift = seen.get("blocking"), seen.get("cls")
    return replace(
        done,
        status=status,
        load=seconds("load"),
        first_byte=seconds("ttfb"),
        content_loaded=seconds("content"),
        first_paint=seconds("fcp"),
        largest_paint=seconds("lcp"),
        layout_shift=float(shift) if isinstance(shift, int | float) else None,
        blocking=blocking / 1000 if isinstance(blocking, int | float) else None,
    )


@contextlib.contextmanager
def _driver() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowserError(ABSENT) from None
    with sync_playwright() as driver:
        yield driver
