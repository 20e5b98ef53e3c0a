"""Living with alarms in a real browser: several at once, one alone, and what the undo brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from playwright.sync_api import Locator, Page, expect

from demo.world import HOSTILE_BIDI
from tests.browser.conftest import Viewer
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PATHS = {
    "list": "/alarms",
    "metric": "/alarm?name=directory-cpu-high",
    "composite": "/alarm?name=directory-degraded",
    "hostile": f"/alarm?name={quote(HOSTILE_BIDI)}",
    "gone": "/alarm?name=nobody",
}
ROW, HEADER, FIRST = 34, 34, 12
"""Pixels of a table's row and header, and where the column of checkboxes has its middle."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own: these tests change its alarms."""
    with running(tmp_path_factory.mktemp("living")) as started:
        yield started


def client(product: Product, service: str) -> Any:
    session: Any = boto3.session.Session("a", "b", region_name="us-east-1")
    return session.client(service, endpoint_url=product.demo_url)


def described(product: Product, name: str) -> dict[str, Any] | None:
    found = client(product, "cloudwatch").describe_alarms(AlarmNames=[name])
    return next(iter([*found["MetricAlarms"], *found["CompositeAlarms"]]), None)


def listed(person: Viewer, search: str) -> Page:
    """Open the list narrowed to a search, and wait for its table."""
    person.open(f"/alarms?q={quote(search)}")
    person.page.locator("[data-testid=stDataFrame] canvas").first.wait_for(timeout=60_000)
    return person.page


def choose(page: Page, *rows: int) -> None:
    """Choose rows of the table."""
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box is not None
    for row in rows:
        page.mouse.click(box["x"] + FIRST, box["y"] + HEADER + ROW * row + ROW / 2)
    expect(page.locator(".st-key-alarm-deeds")).to_contain_text(f"{len(rows)} alarm", timeout=20_000)


def done(page: Page) -> Locator:
    """Say yes in the review, and wait for its end."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_contain_text("Done.", timeout=30_000)
    return dialog


def undone(dialog: Locator) -> None:
    dialog.get_by_text("Undo", exact=True).first.click()
    dialog.get_by_role("button", name="Undo it").click()
    expect(dialog).to_contain_text("Undo:", timeout=30_000)
    expect(dialog).to_contain_text("Done.", timeout=30_000)


def one(person: Viewer, name: str) -> Page:
    person.open(f"/alarm?name={quote(name)}")
    person.page.locator(".st-key-alarm-do button").first.wait_for(timeout=60_000)
    return person.page


def press(page: Page, label: str) -> Locator:
    page.locator(".st-key-alarm-do").get_by_role("button", name=label).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Do it")).to_be_visible(timeout=30_000)
    return dialog


def test_several_alarms_are_switched_off_at_once_and_back_on(product: Product, viewer: Callable[..., Viewer]) -> None:
    names = ("directory-cpu-high", "directory-cpu-low")
    page = listed(viewer(), "cpu")
    choose(page, 0, 1)
    page.get_by_role("button", name="Disable actions").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Disable the actions of 2 alarms", timeout=20_000)
    page.wait_for_timeout(12_000)  # a tick of the page leaves the review open
    done(page)
    assert [(described(product, name) or {})["ActionsEnabled"] for name in names] == [False, False]
    undone(dialog)
    assert [(described(product, name) or {})["ActionsEnabled"] for name in names] == [True, True]


def test_a_delete_offers_a_copy_and_its_undo_makes_the_alarm_again(
    product: Product, viewer: Callable[..., Viewer]
) -> None:
    name = "directory-table-throttled"
    before = described(product, name) or {}
    page = listed(viewer(), name)
    choose(page, 0)
    page.get_by_role("button", name="Delete").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="CloudFormation").click(timeout=30_000)
    assert name in Path(download.value.path()).read_text(encoding="utf-8")
    dialog = done(page)
    assert described(product, name) is None
    undone(dialog)
    after = described(product, name) or {}
    kept = ("MetricName", "Threshold", "AlarmActions", "EvaluationPeriods", "TreatMissingData")
    assert {key: after.get(key) for key in kept} == {key: before.get(key) for key in kept}
    assert sorted(each["Value"] for each in after["Dimensions"]) == ["Employees", "GetItem"]


def test_a_muted_alarm_says_so_until_the_mute_is_ended(product: Product, viewer: Callable[..., Viewer]) -> None:
    page = one(viewer(), "directory-page-load")
    dialog = press(page, "Mute")
    dialog.get_by_role("radio", name="4 h").click()
    expect(dialog).to_contain_text("PT4H", timeout=20_000)
    done(page)
    rules = client(product, "cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"]
    assert len(rules) == 1
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(page.locator(".st-key-alarm-stands")).to_contain_text("PT4H", timeout=30_000)
    press(page, "End the mute")
    done(page)
    assert client(product, "cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []


def test_a_test_message_arrives_and_no_state_changes(product: Product, viewer: Callable[..., Viewer]) -> None:
    name = "directory-5xx"
    sqs, sns = client(product, "sqs"), client(product, "sns")
    queue = sqs.create_queue(QueueName="pagers")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    before = described(product, name) or {}
    sns.subscribe(TopicArn=before["AlarmActions"][0], Protocol="sqs", Endpoint=arn)
    page = one(viewer(), name)
    press(page, "Test delivery")
    done(page)
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert f"TEST by Watchkeeper, no alarm: {name}" in message["Body"]
    assert (described(product, name) or {})["StateValue"] == before["StateValue"]


def test_a_finding_is_mended_by_its_plan(product: Product, viewer: Callable[..., Viewer]) -> None:
    page = one(viewer(), HOSTILE_BIDI)
    assert (described(product, HOSTILE_BIDI) or {})["AlarmActions"] == []
    page.get_by_role("button", name="Review the fix").first.click(timeout=60_000)
    expect(page.get_by_role("dialog").get_by_role("button", name="Do it")).to_be_visible(timeout=30_000)
    done(page)
    assert len((described(product, HOSTILE_BIDI) or {})["AlarmActions"]) == 1


def test_an_alarm_is_switched_off_with_the_keyboard_alone(product: Product, viewer: Callable[..., Viewer]) -> None:
    name = "directory-error-rate"
    page = one(viewer(), name)
    page.get_by_role("button", name="Disable actions").focus()
    page.keyboard.press("Enter")
    yes = page.get_by_role("dialog").get_by_role("button", name="Do it")
    expect(yes).to_be_visible(timeout=30_000)
    for _ in range(20):
        page.keyboard.press("Tab")
        if yes.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Done.", timeout=30_000)
    assert (described(product, name) or {})["ActionsEnabled"] is False
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=20_000)
    expect(page.locator(".st-key-alarm-stands")).to_contain_text("Actions off", timeout=30_000)


def test_a_click_on_a_name_opens_the_alarm_and_one_of_its_rule(viewer: Callable[..., Viewer]) -> None:
    page = listed(viewer(), "directory-degraded")
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 175, box["y"] + HEADER + ROW / 2)
    page.locator(".st-key-alarm-tree").wait_for(timeout=60_000)
    assert "/alarm?name=directory-degraded" in page.url
    page.locator(".st-key-alarm-tree").get_by_role("button", name="directory-unhealthy-hosts").click()
    expect(page.get_by_role("heading", name="directory-unhealthy-hosts")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PATHS)
def test_a_page_is_accessible_quiet_and_asks_nobody_else(viewer: Callable[..., Viewer], name: str, theme: str) -> None:
    person = viewer(color_scheme=theme)
    person.open(PATHS[name])
    person.page.locator("[data-testid=stDataFrame] canvas, .st-key-card-empty").first.wait_for(timeout=60_000)
    person.page.wait_for_timeout(1_500)
    assert person.barriers(impacts={"serious", "critical"}) == []
    assert person.complaints == []
    assert person.outside == []


@pytest.mark.parametrize("name", PATHS)
def test_a_phone_never_scrolls_sideways(viewer: Callable[..., Viewer], name: str) -> None:
    person = viewer(**PHONE)
    person.open(PATHS[name])
    person.page.locator("[data-testid=stDataFrame] canvas, .st-key-card-empty").first.wait_for(timeout=60_000)
    person.page.wait_for_timeout(800)
    assert person.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
