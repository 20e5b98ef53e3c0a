"""Patterns and access logs in a real browser: from a bad deployment to what it brought, and a file of one's own."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.browser.conftest import Viewer, choose
from tests.browser.product import Product, running
from tests.unit.collectors.access_logs.alb import line

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
LINK = "/logs?group=%2Fdirectory%2Fweb&mode=patterns"
HOSTILE = "GET https://a:443/<img/src=x/onerror=window.pwned=1> HTTP/1.1"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own in which a bad deployment was told."""
    with running(tmp_path_factory.mktemp("patterns")) as started:
        started.post("tell", {"story": "bad-deploy"})
        started.advance(240)
        yield started


def pick(person: Viewer, table: int, holds: Callable[[Viewer], bool], *, row: int = 0) -> None:
    """Tick a row until it counts: the grid is a canvas, so by its place, and a run of the page may replace it."""
    for _ in range(4):
        with suppress(PlaywrightError, AssertionError):
            grid = person.page.locator("[data-testid=stDataFrame]").nth(table)
            grid.scroll_into_view_if_needed(timeout=10_000)
            box = grid.bounding_box()
            assert box is not None
            person.page.mouse.click(box["x"] + 18, box["y"] + 45 + 30 * row)
            person.until(holds, seconds=20)
            return
    raise AssertionError(f"row {row} could not be ticked; the page is {person.page.url}")


def test_from_a_bad_deployment_to_what_it_brought(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer().open(LINK)
    page = person.page
    expect(page.get_by_text("templates in")).to_be_visible(timeout=90_000)
    choose(page.get_by_role("combobox", name="Compare with"), "Before the deployment")
    expect(page.get_by_role("radio", name="New", exact=True)).to_be_visible(timeout=90_000)
    person.until(lambda _: "against=deploy" in page.url)
    page.get_by_role("radio", name="New", exact=True).click()
    person.until(lambda _: "changed=new" in page.url)
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible(timeout=30_000)
    pick(person, 0, lambda _: "template=" in page.url)
    page.locator(".st-key-pattern-list .line").first.wait_for(timeout=60_000)
    page.get_by_role("button", name="Search for its lines").click()
    person.until(lambda _: "mode=patterns" not in page.url and "pattern=" in page.url)
    page.locator(".st-key-logs-lines .line").first.wait_for(timeout=60_000)
    assert person.complaints == []
    assert person.outside == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_anybody_can_use_the_patterns(product: Product, viewer: Callable[..., Viewer], theme: str) -> None:
    person = viewer(color_scheme=theme).open(LINK)
    expect(person.page.get_by_text("templates in")).to_be_visible(timeout=90_000)
    assert person.barriers() == []


def test_access_logs_of_one_s_own(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/access-logs")
    page = person.page
    at = f"{product.clock - timedelta(minutes=3):%Y-%m-%dT%H:%M:%S.%fZ}"
    rows = [line(time=at), line(time=at, request=HOSTILE), line(time=at, elb_status_code="502", target_status_code="-")]
    page.get_by_text("A file of your own").click()
    content = gzip.compress("\n".join(rows).encode())
    page.locator("input[type=file]").set_input_files(
        {"name": "a.log.gz", "mimeType": "application/gzip", "buffer": content}
    )
    expect(page.get_by_text("3 requests of")).to_be_visible(timeout=60_000)
    pick(person, 2, lambda _: "request=1-69268f81-36d228ad5d99923122bbe354" in page.url)
    assert person.barriers(impacts=("serious", "critical")) == []
    assert page.evaluate("window.pwned") is None
    assert person.complaints == []
    assert person.outside == []
