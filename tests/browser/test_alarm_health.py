"""Alarm health in a real Chromium: a finding mended by its plan, gaps filled in bulk, and nothing that axe dislikes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest

from tests.browser.conftest import Viewer

pytestmark = pytest.mark.browser

DR = "scope=222222222222/eu-west-1"
FINDING = f"/alarm-health?{DR}&finding=orphan~directory-dr-old-web-cpu"


def press(person: Viewer, label: str) -> None:
    person.page.get_by_role("button", name=label).first.click()


def serious(person: Viewer) -> list[str]:
    return person.barriers(impacts={"serious", "critical"})


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("part", [f"{DR}&finding=key-blocks~directory-dr-flood", "part=coverage"])
def test_the_page_is_whole_in_every_size_and_theme(
    viewer: Callable[..., Viewer], part: str, scheme: str, size: tuple[int, int]
) -> None:
    person = viewer(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    person.open(f"/alarm-health?{part}")
    person.until(lambda p: p.shows("examined") or p.shows("covered"))
    person.page.locator("[data-testid=stDataFrame] canvas").first.wait_for(timeout=60_000)
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(person) == []
    assert person.complaints == []
    assert person.outside == []


def open_undo(person: Viewer) -> None:
    """Unfold how the plan that is done would be taken back."""
    undo = person.page.get_by_text("Undo", exact=True).first
    undo.wait_for(timeout=45_000)
    undo.click()
    person.until(lambda p: p.page.get_by_role("button", name="Undo it").count() > 0)


def test_a_finding_is_mended_by_its_plan_and_the_plan_undone(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open(FINDING)
    person.until(lambda p: p.shows("It watches nothing."))
    press(person, "Review the fix")
    person.until(lambda p: p.shows("Delete the alarm directory-dr-old-web-cpu"))
    assert serious(person) == []
    press(person, "Do it")
    open_undo(person)
    assert serious(person) == []
    press(person, "Close")
    person.until(lambda p: p.shows("This finding is not there any more"))
    assert person.complaints == []


def test_a_click_on_the_finding_that_is_open_changes_nothing(viewer: Callable[..., Viewer]) -> None:
    """It once ran the page again without end."""
    person = viewer().open(f"/alarm-health?{DR}")
    table = person.page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for(timeout=60_000)
    box = table.bounding_box()
    assert box is not None
    for _ in range(2):
        person.page.mouse.click(box["x"] + 60, box["y"] + 17 + 34)
        person.until(lambda p: "finding=" in p.page.url and p.shows("What is wrong"))
        person.page.wait_for_timeout(1_000)
    running = "document.querySelector('[data-testid=stApp]').dataset.testScriptState"
    states = []
    for _ in range(10):
        states.append(person.page.evaluate(running))
        person.page.wait_for_timeout(100)
    assert states.count("notRunning") >= 8, states


def test_chosen_gaps_become_alarms_in_one_review(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/alarm-health?part=coverage")
    person.until(lambda p: p.shows("gaps"))
    table = person.page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for(timeout=60_000)
    box = table.bounding_box()
    assert box is not None
    for row in (1, 2):
        person.page.mouse.click(box["x"] + 16, box["y"] + 17 + 34 * row)
        person.until(partial(Viewer.shows, text=f"of {row} can be made"))
    person.until(lambda p: p.shows("2 alarms of 2 can be made"))
    press(person, "Review and create 2 alarms")
    person.until(lambda p: p.shows("Create 2 recommended alarms"))
    press(person, "Do it")
    open_undo(person)
    press(person, "Undo it")
    person.until(lambda p: p.page.get_by_text(re.compile("^Undo.{1,3}Create 2 recommended alarms")).count() > 0)
    assert person.complaints == []
