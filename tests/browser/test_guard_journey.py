"""The manager's journey: see a surge before AWS says a word, look at the dry run, freeze, and restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Viewer
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HOUR = "An hour costs now"
OFFICIAL = "AWS, month so far"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Product]:
    """The product with a guard that is on, and a threshold that only tells."""
    with running(tmp_path, guard="on", guard_at='{"notify": "0.01"}') as product:
        yield product


def dollars(text: str) -> float:
    return float(text.removeprefix("$").replace(",", ""))


def test_a_surge_is_seen_frozen_by_a_person_and_restored(guarded: Product, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 1800}, reduced_motion="reduce")
    person = Viewer(context.new_page(), guarded.url)
    person.listen()
    page = person.open("/spend").page
    page.get_by_role("link", name="Estimate and guard").click()
    page.get_by_text("What was done").wait_for(timeout=60_000)
    person.until(lambda seen: seen.tile(HOUR).startswith("$"))
    calm, official = dollars(person.tile(HOUR)), person.tile(OFFICIAL)

    guarded.post("tell", {"story": "cost-surge", "site": "directory-prod"})
    guarded.advance(460)
    person.until(lambda seen: dollars(seen.tile(HOUR)) > 2 * calm, seconds=120)
    assert person.tile(OFFICIAL) == official

    freeze = page.locator(".st-key-offer-freeze")
    expect(freeze).to_contain_text("Hold back AlarmNotification and ScheduledActions of directory-web")
    expect(page.locator(".st-key-offer-zero")).to_contain_text("A second person has to approve this first.")
    freeze.get_by_role("button", name="Review").click()
    _done(page)
    expect(page.locator(".st-key-fresh")).to_contain_text("Frozen", timeout=45_000)

    expect(page.locator(".st-key-restore").get_by_role("button")).to_be_enabled(timeout=45_000)
    page.locator(".st-key-restore").get_by_role("button").click()
    _done(page)
    expect(page.locator(".st-key-fresh")).to_contain_text("Nothing held back", timeout=45_000)
    assert not person.complaints
    assert not person.outside
    context.close()


def _done(page: Page) -> None:
    """Say yes to the plan under review, and see that it is done."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_contain_text("Done.", timeout=30_000)
    dialog.get_by_role("button", name="Close").first.click()
