"""Page load in a real Chromium: a visitor's page says how long it took, and the chart shows it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Viewer
from tests.browser.product import Product, running
from tests.unit.collectors.page_load.sites import page, serving

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STREAMLITS_OWN = {"presentation-role-conflict"}
"""The file uploader names its drop zone, and says that it means nothing."""
FAMILY = "PageLoad~PageLoadTime~Page~Source"


SHOP = b"<h1>Shop</h1><button onclick=\"this.textContent = 'x'\">Buy</button><script src=%s></script>"


class Site:
    """A small site whose pages load a snippet, and what was sent to it as a beacon."""

    def __init__(self) -> None:
        self.snippet = b"/app/static/beacon.js"
        self.sent: list[bytes] = []

    def show(self, handler: BaseHTTPRequestHandler) -> None:
        page(SHOP % self.snippet)(handler)

    def script(self, handler: BaseHTTPRequestHandler) -> None:
        page((ROOT / "static" / "beacon.js").read_bytes())(handler)

    def visit(self, page: Page, port: int) -> None:
        """Open a page as a visitor does, do something there, and leave."""
        page.goto(f"http://127.0.0.1:{port}/employees?id=4711&mail=ana@example.com")
        page.get_by_role("button").click()
        page.wait_for_timeout(100)
        page.goto("about:blank")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, Site, int]]:
    """The product, which takes beacons of a small site."""
    site = Site()
    with (
        serving(employees=site.show) as port,
        running(tmp_path_factory.mktemp("beacons"), beacon_origins=f"http://127.0.0.1:{port}") as product,
    ):
        site.snippet = f"{product.url}/app/static/beacon.js".encode()
        yield product, site, port


def test_a_visitors_page_load_appears_on_the_chart(watched: tuple[Product, Site, int], chromium: Browser) -> None:
    product, site, port = watched
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    visitor = context.new_page()
    site.visit(visitor, port)
    product.advance(600)  # the demo cloud stands eight minutes behind, and the beacon is of now
    person = Viewer(visitor, product.url).open(f"/page-load?metric={FAMILY}&range=15m")
    expect(visitor.get_by_text("1 page load taken")).to_be_visible(timeout=60_000)
    series = visitor.locator(".st-key-card-series")
    expect(series.get_by_text("/employees").first).to_be_visible(timeout=60_000)
    # The minute has to be over; then each percentile of the one load is that load, and a point without neighbours.
    person.until(lambda _: series.locator("path.point").count() > 0, seconds=110)
    assert "ana@" not in visitor.content()
    context.close()


def test_what_the_snippet_sends_when_a_page_is_left(chromium: Browser) -> None:
    """Asked of a stranger's server: the product keeps no body."""
    sent: list[dict[str, Any]] = []

    class Strangers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.script(self)

        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    site, server = Site(), ThreadingHTTPServer(("127.0.0.1", 0), Strangers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.snippet = b"http://127.0.0.1:%d/app/static/beacon.js" % server.server_port
    context = chromium.new_context()
    person = Viewer(context.new_page(), "")
    with serving(employees=site.show) as port:
        site.visit(person.page, port)
        for _ in range(40):
            person.page.wait_for_timeout(0 if sent else 250)
    server.shutdown()
    context.close()
    (beacon,) = sent
    assert beacon["p"] == "/employees"
    assert set(beacon["m"]) == {"load", "ttfb", "fcp", "lcp", "cls", "inp"}
    assert 0 < beacon["m"]["ttfb"] < beacon["m"]["load"]
    assert beacon["m"]["cls"] == 0


@pytest.mark.parametrize("body", [b"", b"x" * 1_000_000, b'{"p": "/", "m": {"load": "x"}}', b"[[[[", b"\xff"])
def test_hostile_beacons_are_answered_and_the_dashboard_goes_on(
    watched: tuple[Product, Site, int], body: bytes
) -> None:
    product, _, port = watched
    for origin in (f"http://127.0.0.1:{port}", "https://evil.example"):
        asked = urllib.request.Request(  # noqa: S310 - loopback
            f"{product.url}/beacon", data=body, headers={"Origin": origin, "Content-Type": "text/plain"}
        )
        # Whoever sends more than is read may see the connection end before the answer.
        cut_off = (ConnectionError, urllib.error.URLError) if len(body) > 2_048 else ()
        with suppress(*cut_off), urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.status == 204
    with urllib.request.urlopen(f"{product.url}/healthz", timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def opened(person: Viewer) -> Viewer:
    person.open("/page-load")
    person.page.locator(".js-plotly-plot, .plot-container").first.wait_for(timeout=60_000)
    return person


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible_and_asks_nobody_else(viewer: Callable[..., Viewer], theme: str) -> None:
    person = opened(viewer(color_scheme=theme))
    person.page.wait_for_timeout(500)
    assert person.barriers(but=STREAMLITS_OWN) == []
    assert person.complaints == []
    assert person.outside == []


def test_a_phone_never_scrolls_sideways(viewer: Callable[..., Viewer]) -> None:
    phone = opened(viewer(**PHONE)).page
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_the_page_is_reached_from_the_explorer_and_leads_to_an_alarm(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/explorer")
    person.page.get_by_text("Page load and custom metrics").click()
    person.until(lambda seen: "/page-load" in seen.page.url)
    person.page.get_by_text("Alarm on this").first.click(timeout=60_000)
    person.until(lambda seen: "/workbench" in seen.page.url)
