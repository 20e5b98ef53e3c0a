"""Logs in a real browser: from an alarm to the line that explains it, hostile lines, thousands of them, keys alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Viewer
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
HOSTILE = (
    '![x](https://attacker.example/p.png) <img src="https://attacker.example/q.png" onerror="window.pwned=1"> $a$',
    "<script>window.pwned=1</script><style>*{display:none}</style><a href=javascript:window.pwned=1>click</a>",
    "\x1b[31mred\x1b[0m user\u202etxt.exe nul\x00 zero\u200bwidth \x1b]8;;https://attacker.example\x07link",
    '{"level":"WARN","note":"<b>bold</b>","url":"https://attacker.example/r.png","password":"hunter2"}',
    '=HYPERLINK("https://attacker.example")',
    "x" * 200_000,
)
MANY = 3_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own with hostile lines, many lines, and a bad deploy that was told and fired its alarm."""
    with running(tmp_path_factory.mktemp("logs")) as started:
        started.post("tell", {"story": "bad-deploy"})
        started.advance(240)
        put(started, "/hostile", HOSTILE)
        put(started, "/many", [f'{{"level":"INFO","number":{number}}}' for number in range(MANY)])
        yield started


def put(product: Product, group: str, messages: Any) -> None:
    """Write lines, a millisecond apart, two minutes ago."""
    session: Any = boto3.session.Session("a", "b", region_name="us-east-1")
    logs = session.client("logs", endpoint_url=product.demo_url)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    first = int((product.clock - timedelta(minutes=2)).timestamp() * 1000)
    events = [{"timestamp": first + place, "message": message} for place, message in enumerate(messages)]
    for start in range(0, len(events), 1_000):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events[start : start + 1_000])


class Hand:
    """A person's hand that counts its clicks."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1


def lines(page: Page) -> Locator:
    return page.locator(".st-key-logs-lines .line")


def opened(person: Viewer, link: str) -> Page:
    person.open(link)
    lines(person.page).first.wait_for(timeout=60_000)
    return person.page


def test_from_an_alarm_that_fired_to_the_line_that_explains_it(product: Product, viewer: Callable[..., Viewer]) -> None:
    """Under six clicks, from the wall."""
    person, hand = viewer().wall(), Hand()
    page = person.page
    row = page.locator(".st-key-alarm-rows").get_by_role("button", name="directory-5xx").first
    row.wait_for(timeout=90_000)
    hand.click(row)
    link = page.get_by_role("link").filter(has_text="when it fired")
    link.wait_for(timeout=60_000)
    hand.click(link)
    hand.click(page.get_by_role("button", name="Errors"))
    page.locator(".st-key-logs-lines [data-severity=error]").first.wait_for(timeout=60_000)
    hand.click(lines(page).first)
    detail = page.locator(".st-key-logs-lines .detail").first
    expect(detail).to_contain_text("Traceback", timeout=20_000)
    expect(detail).to_contain_text("release")
    assert hand.clicks < 6
    assert "from=" in page.url
    assert "group=%2Fdirectory%2Fweb" in page.url
    assert person.complaints == []
    assert person.outside == []


def test_a_hostile_line_is_only_text(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/hostile&range=1h")
    expect(lines(page)).to_have_count(len(HOSTILE))
    for place in range(len(HOSTILE)):
        lines(page).nth(place).click()
        expect(page.locator(".st-key-logs-lines .detail")).to_have_count(place + 1)
    page.wait_for_timeout(1_500)
    assert page.locator(".st-key-logs-lines").locator("img, script, style, a, b, iframe, svg").count() == 0
    assert page.evaluate("typeof window.pwned") == "undefined"
    text = page.locator(".st-key-logs-lines .space").inner_text()
    assert "![x](https://attacker.example/p.png) <img src=" in text
    assert "red user‹RLO›txt.exe nul␀ zero‹ZWSP›width ␛]8;;https://attacker.example␇link" in text
    assert "hunter2" not in text
    assert "[hidden: password]" in text
    assert "200,000 characters" in text
    assert person.outside == []
    assert person.complaints == []


def test_thousands_of_lines_are_few_elements(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/many&range=1h")
    page.get_by_role("button", name="Show more lines").click()
    count = page.locator(".st-key-logs-lines .count")
    expect(count).to_contain_text("2,000 lines", timeout=30_000)
    page.get_by_role("button", name="Show more lines").click()
    expect(count).to_contain_text("3,000 lines", timeout=30_000)
    assert lines(page).count() < 100
    expect(lines(page).first).to_contain_text(f'"number":{MANY - 1}')
    lines(page).first.focus()
    page.keyboard.press("End")
    expect(lines(page).last).to_contain_text('"number":0}')
    assert lines(page).count() < 100


def test_the_list_is_worked_by_keys(product: Product, viewer: Callable[..., Viewer]) -> None:
    page = opened(viewer(), "/logs?group=/many&range=1h")
    lines(page).first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    focused = page.locator(".st-key-logs-lines .line:focus")
    expect(focused).to_contain_text(f'"number":{MANY - 4}')
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".st-key-logs-lines .detail table")).to_contain_text(str(MANY - 4), timeout=20_000)
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-logs-lines .detail")).to_have_count(0)
    expect(focused).to_contain_text(f'"number":{MANY - 4}')


def test_a_field_narrows_the_search(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/many&range=1h")
    lines(page).first.click()
    page.get_by_role("button", name=f"Only this: number {MANY - 1}").click()
    person.until(lambda seen: "pattern=" in seen.page.url)
    expect(page.get_by_role("textbox", name="Filter pattern")).to_have_value(f"{{ $.number = {MANY - 1} }}")
    expect(lines(page)).to_have_count(1)


def test_a_pattern_is_explained_as_it_is_typed(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/many&range=1h")
    box, says = page.get_by_role("textbox", name="Filter pattern"), page.locator(".st-key-logs-pattern .words")
    box.type("{ $.number >")
    expect(says).to_contain_text("✕", timeout=10_000)
    expect(box).to_have_attribute("aria-invalid", "true")
    box.type("= 2998 }")
    expect(box).to_have_attribute("aria-invalid", "false", timeout=10_000)
    expect(says).to_contain_text("2998")
    assert "pattern=" not in page.url
    box.press("Enter")
    expect(lines(page)).to_have_count(2, timeout=30_000)
    person.until(lambda seen: "pattern=" in seen.page.url)


def test_a_drag_over_the_bars_pins_seconds(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/directory/web&range=15m")
    plot = page.locator(".st-key-logs-histogram .nsewdrag, .nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, y, steps=6)
    page.mouse.up()
    person.until(lambda seen: "from=" in seen.page.url)


def test_a_line_is_shown_with_its_neighbours(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = opened(person, "/logs?group=/many&range=1h")
    lines(page).nth(10).click()
    page.get_by_role("button", name="Lines around it").click()
    anchor = page.locator(".st-key-logs-around .item.anchor")
    expect(anchor).to_contain_text(f'"number":{MANY - 11}', timeout=30_000)
    other = viewer(color_scheme="light")
    other.open(page.url.removeprefix(person.url))
    expect(other.page.locator(".st-key-logs-around .item.anchor")).to_contain_text(f"{MANY - 11}", timeout=30_000)
    page.get_by_role("button", name="Back to the search").click()
    lines(page).first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("link", ["/logs", "/logs?group=/hostile&range=1h", "/logs?group=/many&pattern={ $.x ="])
def test_the_page_is_accessible(product: Product, viewer: Callable[..., Viewer], link: str, theme: str) -> None:
    person = viewer(color_scheme=theme)
    person.open(link)
    person.page.wait_for_timeout(2_500)
    if lines(person.page).count():
        lines(person.page).nth(2).click()
        person.page.wait_for_timeout(1_000)
    assert person.barriers() == []
    assert person.complaints == []
    assert person.outside == []


def test_a_phone_never_scrolls_sideways(product: Product, viewer: Callable[..., Viewer]) -> None:
    page = opened(viewer(**PHONE), "/logs?group=/hostile&range=1h")
    lines(page).first.click()
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_a_tail_is_held_without_losing_a_line(product: Product, viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    session: Any = boto3.session.Session("a", "b", region_name="us-east-1")
    logs = session.client("logs", endpoint_url=product.demo_url)
    logs.create_log_group(logGroupName="/tail")
    logs.create_log_stream(logGroupName="/tail", logStreamName="s")

    def write(text: str) -> None:
        at = int((product.clock - timedelta(seconds=1)).timestamp() * 1000)
        logs.put_log_events(logGroupName="/tail", logStreamName="s", logEvents=[{"timestamp": at, "message": text}])

    product.catch_up(behind=timedelta(seconds=90), second=30)
    write("first")
    person.open("/logs?group=/tail&mode=tail")
    page = person.page
    shown, count = page.locator(".st-key-logs-tail .line"), page.locator(".st-key-logs-tail .count")
    expect(shown).to_have_count(1, timeout=30_000)
    page.get_by_role("button", name="Pause").click()
    write("second")
    write("third")
    expect(count).to_contain_text("2 new while paused", timeout=30_000)
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(shown).to_have_count(3)
    write("fourth")
    expect(shown).to_have_count(4, timeout=30_000)
    page.get_by_role("searchbox").fill("ir")
    expect(count).to_contain_text("2 highlighted")
    assert page.locator(".st-key-logs-tail mark").all_inner_texts() == ["ir", "ir"]
    assert person.complaints == []
