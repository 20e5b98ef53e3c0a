"""The operator's journey: tell a traffic spike, see the alarm fire, capacity grow and CPU fall."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Viewer
from tests.browser.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
CPU = "CPU, group average"
CAPACITY = "Healthy targets"
TOLD_AT = 48
"""Second of the minute: what shows when depends on where in the minute a spike begins, so it always begins here."""


COURSE = timedelta(minutes=6)
"""So much time is told in this test, and a little more."""


def percent(text: str) -> float:
    return float(text.removesuffix("%"))


def capacity(text: str) -> tuple[int, int]:
    healthy, _, desired = text.partition(" / ")
    return int(healthy), int(desired)


def badges(viewer: Viewer) -> str:
    return viewer.page.locator(".st-key-fresh").inner_text()


def test_a_spike_is_told_fires_scales_out_and_calms(product: Product, viewer: Callable[..., Viewer]) -> None:
    product.catch_up(behind=COURSE, second=TOLD_AT)
    person = viewer().wall()
    page = person.page
    assert "in alarm" not in badges(person)
    calm, size = percent(person.tile(CPU)), capacity(person.tile(CAPACITY))[1]

    page.get_by_role("link", name="Stories").click()
    card = page.locator(".st-key-card-story-traffic-spike")
    card.get_by_role("button", name="Tell").click()
    expect(card).to_contain_text("happening", timeout=20_000)
    page.get_by_role("link", name="Live wall").click()
    page.locator("[data-testid=stMetricValue]").first.wait_for()

    product.advance(90)
    person.until(lambda seen: percent(seen.tile(CPU)) > max(70, calm))
    person.until(lambda seen: "in alarm" in badges(seen))
    person.until(lambda seen: capacity(seen.tile(CAPACITY))[1] > size)
    person.until(lambda seen: seen.shows("Alarm directory-cpu-high, policy directory-scale-out"))

    product.advance(80)
    person.until(lambda seen: capacity(seen.tile(CAPACITY))[0] > size)
    product.advance(120)
    person.until(lambda seen: percent(seen.tile(CPU)) < 70)
    assert not person.complaints
    assert not person.outside
