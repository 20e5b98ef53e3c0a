"""Costs in a real Chromium: answers that are bought, the way to the export, down to its rows; whole in every size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Viewer, choose
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EXPORT = "s3://directory-billing-exports-111111111111/exports/focus"
CUT = """() => [...document.querySelectorAll('[data-testid=stMetric] .stMarkdownEllipsis')]
  .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"""
COVERED = """() => [...document.querySelectorAll('.stElementToolbar')].flatMap(tool => {
  const a = tool.getBoundingClientRect();
  return [...document.querySelectorAll('[data-testid=stMarkdownBadge], .stMarkdownBadge')]
    .filter(each => { const b = each.getBoundingClientRect();
      return b.left < a.right && a.left < b.right && b.top < a.bottom && a.top < b.bottom; })
    .map(each => each.innerText); })"""


@pytest.fixture(scope="module")
def paying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with a cap that allows Cost Explorer, and a billing export in S3."""
    data = tmp_path_factory.mktemp("paying")
    with running(data, monthly_cap_usd="2", billing_export=EXPORT, role="administrator") as product:
        yield product


Enter = Callable[..., Viewer]


@pytest.fixture
def enter(paying: Product, chromium: Browser) -> Iterator[Enter]:
    """Give a person who waited until costs by day and the export are there."""
    contexts = []

    def enter(path: str, **options: object) -> Viewer:
        contexts.append(chromium.new_context(reduced_motion="reduce", **options))  # type: ignore[arg-type]
        person = Viewer(contexts[-1].new_page(), paying.url)
        person.listen()
        for _ in range(12):
            person.open(path)
            if there(person.page):
                return person
        raise AssertionError(f"no costs after all these looks; the page says:\n{person.text()[:2000]}")

    yield enter
    for each in contexts:
        each.close()


def there(page: Page) -> bool:
    """Say whether the collector has read what both pages show; nothing here is read by the page itself."""
    page.locator("[data-testid=stMetricValue]").first.or_(page.get_by_text("No costs here")).wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    return page.get_by_text(re.compile("read .* ago|Click a row to narrow")).count() > 0


def calm(person: Viewer) -> None:
    person.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    person.until(lambda p: p.page.locator("[data-stale=true]").count() == 0)


@pytest.mark.parametrize("path", ["/spend", "/costs"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_pages_are_whole_in_every_size_and_theme(
    enter: Enter, scheme: str, size: tuple[int, int], path: str
) -> None:
    phone = size[0] < 500
    person = enter(
        path,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        has_touch=phone,
        is_mobile=phone,
    )
    calm(person)
    assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert person.page.evaluate(CUT) == [], "no tile is cut"
    if phone:
        person.page.get_by_test_id("stDataFrame").first.tap()
        assert person.page.evaluate(COVERED) == [], "a table's tools cover no badge"
    assert person.barriers(impacts={"serious", "critical"}) == []
    assert person.complaints == []
    assert person.outside == []


def test_costs_by_region_are_bought_by_a_person_who_saw_the_price(enter: Enter) -> None:
    person = enter("/spend", viewport={"width": 1440, "height": 2400})
    page = person.page
    page.get_by_role("radio", name="By region").click()
    person.until(lambda p: p.shows("Nobody has read this yet."))
    card = page.locator(".st-key-card-services")
    card.get_by_role("button", name=re.compile(r"^Read for \$0\.0\d$")).click()
    expect(card.get_by_test_id("stDataFrame")).to_be_visible(timeout=60_000)
    expect(card).to_contain_text("ago")
    expect(card.get_by_role("button", name=re.compile("Read"))).to_be_disabled()
    changed = page.locator(".st-key-card-drivers")
    changed.get_by_role("button", name=re.compile("^Read for")).click()
    expect(changed.get_by_test_id("stDataFrame")).to_be_visible(timeout=60_000)
    assert person.complaints == []


def test_from_spend_to_the_rows_behind_one_resource(enter: Enter) -> None:
    person = enter("/spend", viewport={"width": 1440, "height": 2400})
    page = person.page
    page.get_by_role("radio", name="By resource").click()
    page.get_by_role("link", name="Costs by resource, from the billing export").click()
    page.wait_for_url(re.compile("by=ResourceId"))
    person.until(lambda p: p.shows("Day by day, by resource"))
    calm(person)
    table = page.locator(".st-key-card-costs").get_by_test_id("stDataFrame")
    table.click(position={"x": 14, "y": 50})  # the tick of the first row
    page.get_by_role("button", name="Only this").click()
    page.wait_for_url(re.compile("where=ResourceId"))
    calm(person)
    assert person.tile("Rows") != "0"
    choose(page.get_by_role("combobox", name=re.compile("Group by")), "Usage type")
    page.wait_for_url(re.compile("by=UsageType"))
    calm(person)
    page.locator("label").filter(has_text="Rows").first.click()
    page.wait_for_url(re.compile("rows=1"))
    expect(page.locator(".st-key-card-cost-rows-card")).to_contain_text("the largest first", timeout=60_000)
    page.get_by_role("button", name=re.compile("^close|ResourceId=")).first.click()
    page.wait_for_url(re.compile("^(?!.*where=)"))
    assert person.complaints == []
