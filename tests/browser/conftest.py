"""A real Chromium, and viewers who write down every complaint and every request of theirs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.product import Product, running

IMPACTS = ("minor", "moderate", "serious", "critical")
"""How bad axe-core's findings may be, all of them."""
KNOWN_404 = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit's own page asks for these two under the sub-path of a page before it finds them at the root."""


def chromium_path() -> str | None:
    """The Chromium to drive; None lets Playwright use the one that it downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("WATCHKEEPER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def choose(box: Locator, option: str) -> None:
    """Open a select box and take an option; again where a run of the page that lands in between closed the list."""
    offered = box.page.get_by_role("option", name=option, exact=True)
    for _ in range(6):
        box.click()
        with suppress(PlaywrightTimeoutError):
            offered.click(timeout=5_000)
            return
    raise AssertionError(f"{option!r} was not offered, but {box.page.get_by_role('option').all_inner_texts()}")


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product; the demo cloud's clock stands still unless a test moves it."""
    if os.environ.get("WATCHKEEPER_SKIP_BROWSER") == "1":
        pytest.skip("WATCHKEEPER_SKIP_BROWSER=1")
    with running(tmp_path_factory.mktemp("product")) as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@dataclass
class Viewer:
    """One person at one browser."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._see)
        self.page.on("response", self._check)

    def _hear(self, message: ConsoleMessage) -> None:
        # A failed load is judged by its response, which knows the address.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _see(self, request: Request) -> None:
        own = (self.url, self.url.replace("http", "ws"), "data:", "blob:")
        if not request.url.startswith(own):
            self.outside.append(request.url)

    def _check(self, response: Response) -> None:
        if response.status >= 400 and not (response.status == 404 and response.url.endswith(KNOWN_404)):
            self.complaints.append(f"{response.status} {response.url}")

    def open(self, path: str = "/") -> Viewer:
        """Open a page and wait until its first run is over."""
        self.page.goto(self.url + path)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
        return self

    def wall(self, path: str = "/") -> Viewer:
        """Open the wall and wait for its first number and chart."""
        self.open(path)
        self.page.locator("[data-testid=stMetricValue]").first.wait_for(timeout=60_000)
        self.page.locator("canvas").first.wait_for(timeout=60_000)
        return self

    def tile(self, label: str) -> str:
        """Read a tile's number."""
        named = self.page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
        tile = self.page.get_by_test_id("stMetric").filter(has=named)
        return tile.locator("[data-testid=stMetricValue]").inner_text()

    def until(self, holds: Callable[[Viewer], Any], *, seconds: float = 45) -> None:
        """Wait until something holds on the page; live fragments never leave the network idle."""
        for _ in range(int(seconds * 4)):
            if holds(self):
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"after {seconds} s it still did not hold; the page says:\n{self.text()[:2000]}")

    def shows(self, text: str | re.Pattern[str]) -> bool:
        """Say whether a text is on the page, our components' shadow trees included."""
        return self.page.get_by_text(text).count() > 0

    def barriers(self, *, but: Collection[str] = (), impacts: Collection[str] = IMPACTS) -> list[str]:
        """Give what axe-core has against the page, and still has a moment later: what is drawn anew is faded."""
        kept: dict[tuple[str, str], str] | None = None
        for _ in range(4):
            found = self._axe(but=but, impacts=impacts)
            kept = found if kept is None else {key: text for key, text in kept.items() if key in found}
            if not kept:
                return []
            self.page.wait_for_timeout(700)
        return list((kept or {}).values())

    def _axe(self, *, but: Collection[str], impacts: Collection[str]) -> dict[tuple[str, str], str]:
        """Run axe-core once: rule and place of each finding, with the element's beginning."""
        violations = Axe().run(self.page).response["violations"]
        return {
            (rule["id"], str(node["target"])): f"{rule['id']}: {node['html'][:160]}"
            for rule in violations
            if rule["impact"] in impacts and rule["id"] not in but
            for node in rule["nodes"]
        }

    def text(self) -> str:
        """Give the page's text for messages, without our components."""
        return self.page.locator("[data-testid=stMain]").inner_text()


@pytest.fixture
def viewer(product: Product, chromium: Browser) -> Iterator[Callable[..., Viewer]]:
    """Give `viewer(**options)`: a new person with a browser of their own."""
    contexts = []

    def come(**options: Any) -> Viewer:
        settings = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "reduced_motion": "reduce"}
        context = chromium.new_context(**{**settings, **options})
        contexts.append(context)
        person = Viewer(context.new_page(), product.url)
        person.listen()
        return person

    yield come
    for context in contexts:
        context.close()
