"""A manager in a real Chromium: zero spend in one click and its undo; refused for a viewer; whole in every size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Viewer
from tests.browser.product import Product, running

pytestmark = pytest.mark.browser

GROSS = "Zero spend before credits"
THERE = f"There is one:\u2060 {GROSS}"


def press(person: Viewer, label: str) -> None:
    person.page.get_by_role("button", name=label).first.click()


def serious(person: Viewer) -> list[str]:
    return person.barriers(impacts={"serious", "critical"})


def calm(person: Viewer) -> None:
    """Wait until nothing runs: what is drawn anew is faded."""
    person.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    person.until(lambda p: p.page.locator("[data-stale=true]").count() == 0)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_whole_in_every_size_and_theme(
    viewer: Callable[..., Viewer], scheme: str, size: tuple[int, int]
) -> None:
    person = viewer(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    person.open("/budgets?budget=directory-month-before-credits")
    person.until(lambda p: p.shows("Zero spend in one click"))
    calm(person)
    assert serious(person) == []
    press(person, "Edit")
    person.until(lambda p: p.shows("Review and save"))
    calm(person)
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(person) == []
    assert person.complaints == []
    assert person.outside == []


def undo(person: Viewer) -> None:
    """Take a plan back; on a busy machine a whole run may fold the expander again between two clicks."""
    button = person.page.get_by_role("button", name="Undo it")
    undone = person.page.get_by_text(re.compile("^Undo.{1,3}Create the budget"))
    for _ in range(6):
        if not button.count():
            person.page.get_by_text("Undo", exact=True).first.click()
            continue
        button.first.click()
        for _ in range(40):
            if undone.count():
                return
            person.page.wait_for_timeout(250)
    raise AssertionError("the budget was not taken back")


def test_a_manager_creates_the_zero_spend_budget_in_one_click_and_takes_it_back(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/spend")
    person.page.get_by_role("link", name="Budgets").last.click()
    person.until(lambda p: p.shows("Zero spend in one click"))
    press(person, "Create it")
    person.until(lambda p: p.shows(f"Create the budget {GROSS}"))
    assert serious(person) == []
    press(person, "Do it")
    person.until(lambda p: p.page.get_by_text("Done.").count() > 0)
    person.until(lambda p: p.shows(THERE))
    undo(person)
    press(person, "Close")
    person.until(lambda p: not p.shows(THERE))
    assert person.complaints == []


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as a viewer has it."""
    with running(tmp_path_factory.mktemp("viewer"), role="viewer") as started:
        yield started


def test_a_viewer_reads_it_all_and_is_refused_with_the_reason(chromium: Browser, watched: Product) -> None:
    person = Viewer(chromium.new_page(), watched.url)
    person.listen()
    person.open("/budgets").until(lambda p: p.shows("Zero spend in one click"))
    person.until(lambda p: p.shows("is a viewer here; to change budgets takes an engineer."))
    press(person, "Create it")
    person.until(lambda p: p.shows(f"Create the budget {GROSS}"))
    assert person.page.get_by_role("button", name="Do it").first.is_disabled()
    assert person.complaints == []
