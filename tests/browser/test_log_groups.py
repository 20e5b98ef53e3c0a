"""An engineer in a real Chromium: from a pattern to a metric filter to an alarm, and a retention set and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.browser.conftest import Viewer, choose
from tests.browser.product import Product
from tests.wire.clouds import Cloud

pytestmark = pytest.mark.browser

WEB = "/directory/web"
PATTERN = "{ $.level = INFO }"


def press(person: Viewer, label: str) -> None:
    person.page.get_by_role("button", name=label).first.click()


def calm(person: Viewer) -> None:
    """Wait until nothing runs: what is drawn anew is faded."""
    person.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    person.until(lambda p: p.page.locator("[data-stale=true]").count() == 0)


def serious(person: Viewer) -> list[str]:
    return person.barriers(impacts={"serious", "critical"})


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_whole_in_every_size_and_theme(
    viewer: Callable[..., Viewer], scheme: str, size: tuple[int, int]
) -> None:
    person = viewer(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    person.open(f"/log-groups?group={quote(WEB)}").until(lambda p: p.shows("New metric filter"))
    person.until(lambda p: p.shows("keep their lines for ever"))
    calm(person)
    assert serious(person) == []
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    person.open(f"/log-groups?group={quote(WEB)}&pattern={quote(PATTERN)}")
    person.until(lambda p: p.shows("AWS finds the same in 50 lines"))
    calm(person)
    assert serious(person) == []
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert person.complaints == []
    assert person.outside == []


@pytest.fixture
def tidy(product: Product) -> Iterator[None]:
    """Take the filter off again: other tests see the same cloud."""
    yield
    Cloud(product.demo_url).client("logs").delete_metric_filter(logGroupName=WEB, filterName="web-info")


@pytest.mark.usefixtures("tidy")
def test_from_a_pattern_to_a_metric_filter_to_an_alarm(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open(f"/log-groups?group={quote(WEB)}")
    person.until(lambda p: p.shows("New metric filter"))
    press(person, "New metric filter")
    field = person.page.get_by_label("Pattern")
    field.fill("{ $.level = ")
    field.blur()
    person.until(lambda p: p.shows(re.compile("a pattern that begins with . ends with")))
    field.fill(PATTERN)
    field.blur()
    person.until(lambda p: p.shows("AWS finds the same in 50 lines"))
    person.until(lambda p: p.shows("What the metric would have been"))
    person.until(lambda p: p.shows("This adds 1 metric"))
    name = person.page.get_by_label("Filter", exact=True)
    name.fill("web-info")
    name.blur()
    person.until(lambda p: "name=web-info" in p.page.url)
    calm(person)
    press(person, "Review and create")
    person.until(lambda p: p.shows(f"Create the metric filter web-info of {WEB}"))
    press(person, "Do it")
    person.until(lambda p: p.page.get_by_text("Done.").count() > 0)
    person.page.get_by_role("link", name="Alarm on its metric").first.click()
    person.until(lambda p: p.shows("Goes into alarm when web-matches (Sum) is above"))
    assert person.complaints == []

    person.open(f"/log-groups?group={quote(WEB)}").until(lambda p: p.shows("Choose a filter to change or delete it"))


FIRST, HEADER, ROW = 17, 34, 34
"""Pixels of the table: the middle of its first column, its header and a row."""


def pick(person: Viewer, *rows: int) -> None:
    """Choose rows of the table; it is a canvas."""
    canvas = person.page.locator("[data-testid=stDataFrame] canvas").first
    canvas.wait_for(timeout=60_000)
    calm(person)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for row in rows:
        person.page.mouse.click(box["x"] + FIRST, box["y"] + HEADER + ROW * row + ROW / 2)
        person.page.wait_for_timeout(300)


def test_a_retention_is_set_for_two_groups_at_once_and_taken_back(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/log-groups")
    person.until(lambda p: p.shows("3 keep their lines for ever"))
    pick(person, 0, 1)
    person.until(lambda p: p.shows("2 groups chosen"))
    choose(person.page.get_by_label("Keep for").first, "90 days")
    person.until(lambda p: p.shows("less a month in a year"))
    press(person, "Review retention")
    person.until(lambda p: p.shows("Keep the lines of 2 log groups for 90 days"))
    person.until(lambda p: p.shows("They do not come back"))
    assert serious(person) == []
    press(person, "Do it")
    person.until(lambda p: p.page.get_by_text("Done.").count() > 0)
    person.until(lambda p: p.shows("1 keeps its lines for ever"))
    person.page.get_by_text("Undo", exact=True).first.click()
    person.until(lambda p: p.page.get_by_role("button", name="Undo it").count() > 0)
    press(person, "Undo it")
    person.until(lambda p: p.shows("3 keep their lines for ever"))
    assert person.complaints == []
