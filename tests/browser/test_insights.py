"""Logs Insights in a real Chromium: priced, accepted, run, shared by its link, and a mistake at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.browser.conftest import Viewer
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WEB = "/directory/web"
COUNTED = "filter level = 'INFO' | stats count(*) as lines by bin(5m)"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own that may spend a dollar."""
    with running(tmp_path_factory.mktemp("insights"), monthly_cap_usd="1") as started:
        yield started


def page_of(query: str, *, span: str = "1h") -> str:
    return f"/insights?group={quote(WEB)}&range={span}&q={quote(query)}"


def run(person: Viewer) -> None:
    person.page.locator(".st-key-insights-run button:enabled").click(timeout=60_000)


def test_a_query_is_priced_accepted_run_and_shared_by_its_link(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open(page_of(COUNTED))
    person.until(lambda p: p.shows("It will scan about"))
    run(person)
    person.until(lambda p: "run=" in p.page.url)
    person.until(lambda p: p.page.locator(".st-key-insights-csv").count() > 0)
    assert person.page.locator(".st-key-card-insights-results").get_by_text("complete").count()
    person.page.locator(".st-key-insights-chart").first.wait_for()
    other = viewer().open(person.page.url.removeprefix(person.url))
    other.until(lambda p: p.page.locator(".st-key-insights-csv").count() > 0)
    assert person.complaints == other.complaints == []
    assert person.outside == other.outside == []


def test_a_mistake_is_shown_at_its_place(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open(page_of("fields @timestamp | sorrt @timestamp"))
    run(person)
    person.until(lambda p: p.shows("^^^^^"))
    assert person.complaints == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_whole_in_every_size_and_theme(
    viewer: Callable[..., Viewer], scheme: str, size: tuple[int, int]
) -> None:
    person = viewer(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme).open(page_of(COUNTED))
    person.until(lambda p: p.shows("It will scan about"))
    person.until(lambda p: p.shows("request_id"))
    person.until(lambda p: p.page.locator("[data-stale=true]").count() == 0)
    assert person.barriers(impacts={"serious", "critical"}) == []
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert person.complaints == []
