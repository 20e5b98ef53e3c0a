"""The engineer's journeys: from a chart to an alarm that fires, tells a queue and scales the group, and others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Viewer, choose
from tests.browser.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
GROUP = "directory-web"
CPU = f"AWS/EC2~CPUUtilization~Average~AutoScalingGroupName~{GROUP}"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SEES = ".st-key-wb-says"
TOLD_AT = 48
COURSE = timedelta(minutes=6)


def client(product: Product, service: str) -> Any:
    """A boto3 client of the demo cloud, as any script has one."""
    session: Any = boto3.session.Session("a", "b", region_name="us-east-1")
    return session.client(service, endpoint_url=product.demo_url)


def bench(person: Viewer, start: str = f"metric={quote(CPU)}") -> Page:
    """Open the workbench and wait for its preview."""
    person.open(f"/workbench?{start}")
    person.page.locator(".st-key-facts").first.wait_for(timeout=90_000)
    return person.page


def fill(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Tab")


def review(page: Page) -> Any:
    """Open the review by its shortcut."""
    expect(page.get_by_role("button", name="Review and", exact=False)).to_be_enabled(timeout=20_000)
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for(timeout=20_000)
    return dialog


def new_topic(page: Page, name: str, queue_arn: str) -> None:
    """Make a topic with a queue that is told, and let the alarm notify it."""
    page.get_by_text("New topic or subscriber").click()
    fill(page, "Name of the new topic", name)
    choose(page.get_by_label("Told by"), "SQS queue")
    fill(page, "At", queue_arn)
    done(page, "Review the topic", f"Create the topic {name}")
    expect(page.get_by_text(f"Notifies the topic {name}").first).to_be_visible(timeout=20_000)


def new_policy(page: Page, name: str) -> None:
    """Make a scaling policy, and let the alarm run it."""
    page.get_by_text("New scaling policy").click()
    choose(page.get_by_label("Auto Scaling group"), GROUP)
    fill(page, "Name of the policy", name)
    done(page, "Review the policy", name)
    expect(page.get_by_text(f"Runs the scaling policy {name}").first).to_be_visible(timeout=20_000)


def done(page: Page, button: str, title: str) -> None:
    """Review a plan, do it, and close what became of it."""
    page.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(title, timeout=20_000)
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_contain_text("Done.", timeout=30_000)
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(dialog).to_have_count(0, timeout=20_000)


def from_a_chart(page: Page) -> None:
    """Begin on the explorer's chart, and say what should fire."""
    page.get_by_role("link", name="Alarm", exact=True).first.click()
    page.locator(".st-key-facts").first.wait_for(timeout=90_000)
    assert "metric=" not in page.url
    fill(page, "Name", "engineers-cpu")
    fill(page, "Threshold in percent", "69")
    page.get_by_role("spinbutton", name="of the newest").fill("1")
    page.get_by_role("spinbutton", name="of the newest").press("Enter")
    choose(page.get_by_role("combobox", name="Period"), "1 min")
    expect(page.locator(SEES)).to_contain_text("in one datapoint of 1 min", timeout=20_000)


def test_from_a_chart_to_an_alarm_that_fires_tells_a_queue_and_scales(
    product: Product, viewer: Callable[..., Viewer]
) -> None:
    product.catch_up(behind=COURSE, second=TOLD_AT)
    sqs, cloudwatch = client(product, "sqs"), client(product, "cloudwatch")
    queue = sqs.create_queue(QueueName="engineers")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    person = viewer()
    person.open(f"/explorer?metric={quote(CPU)}")
    from_a_chart(person.page)
    new_topic(person.page, "engineers", queue_arn)
    new_policy(person.page, "engineers-out")
    dialog = review(person.page)
    expect(dialog).to_contain_text("Create the alarm engineers-cpu", timeout=20_000)
    dialog.get_by_role("button", name="Create the alarm").click()
    expect(dialog).to_contain_text("Done.", timeout=20_000)
    (made,) = cloudwatch.describe_alarms(AlarmNames=["engineers-cpu"])["MetricAlarms"]
    assert (made["Threshold"], len(made["AlarmActions"])) == (69.0, 2)

    before = capacity(product)
    product.post("tell", {"story": "traffic-spike"})
    product.advance(240)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    told = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    assert any(each["AlarmName"] == "engineers-cpu" and each["NewStateValue"] == "ALARM" for each in told)
    assert capacity(product) > before
    product.post("calm", {})
    cloudwatch.delete_alarms(AlarmNames=["engineers-cpu"])
    assert not person.complaints
    assert not person.outside


def capacity(product: Product) -> int:
    groups = client(product, "autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    wanted: int = groups["AutoScalingGroups"][0]["DesiredCapacity"]
    return wanted


def test_a_reload_in_the_middle_of_a_form_keeps_what_was_typed(viewer: Callable[..., Viewer]) -> None:
    person = viewer()
    page = bench(person)
    fill(page, "Name", "half done")
    # No Tab and no Enter: the page is left with the cursor in the field.
    page.get_by_label("Threshold in percent").press_sequentially("7o", delay=30)
    expect(page.get_by_text("is no number", exact=False)).to_be_visible(timeout=20_000)
    page.reload()
    expect(page.get_by_label("Threshold in percent")).to_have_value("7o", timeout=60_000)
    expect(page.get_by_label("Name", exact=True)).to_have_value("half done")
    other = viewer()
    other.open(person.page.url.removeprefix(person.url))
    expect(other.page.get_by_label("Name", exact=True)).to_have_value("half done", timeout=60_000)


def test_two_people_change_the_same_alarm(product: Product, viewer: Callable[..., Viewer]) -> None:
    cloudwatch = client(product, "cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="shared", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": GROUP}], EvaluationPeriods=3, Threshold=80.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    ana, bo = viewer(), viewer(color_scheme="light")
    first, second = bench(ana, "alarm=shared"), bench(bo, "alarm=shared")
    fill(first, "Threshold in percent", "85")
    dialog = review(first)
    dialog.get_by_role("button", name="Save the change").click()
    expect(dialog).to_contain_text("Done.", timeout=20_000)

    fill(second, "Threshold in percent", "75")
    dialog = review(second)
    expect(dialog).to_contain_text("Somebody else changed this alarm since you looked", timeout=20_000)
    assert threshold(product) == 85.0
    dialog.get_by_role("button", name="Keep my values over theirs").click()
    dialog.get_by_role("button", name="Save the change").click(timeout=20_000)
    expect(dialog).to_contain_text("Done.", timeout=20_000)
    assert threshold(product) == 75.0

    dialog.get_by_text("Undo", exact=True).click()
    dialog.get_by_role("button", name="Undo it").click()
    expect(dialog).to_contain_text(re.compile("Undo:.? Change the alarm shared"), timeout=20_000)
    assert threshold(product) == 85.0
    cloudwatch.delete_alarms(AlarmNames=["shared"])
    assert not ana.complaints + bo.complaints


def threshold(product: Product) -> float:
    (found,) = client(product, "cloudwatch").describe_alarms(AlarmNames=["shared"])["MetricAlarms"]
    value: float = found["Threshold"]
    return value


def test_a_drag_of_the_threshold_and_a_cell_of_the_heat_map_fill_the_form(viewer: Callable[..., Viewer]) -> None:
    page = bench(viewer())
    handle = page.get_by_role("slider").first
    handle.focus()
    handle.press("ArrowUp")
    expect(page.get_by_label("Threshold in percent")).not_to_have_value("", timeout=20_000)


def test_an_alarm_is_made_with_the_keyboard_alone(product: Product, viewer: Callable[..., Viewer]) -> None:
    page = bench(viewer())
    field = page.get_by_label("Name", exact=True)
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("by-keyboard")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Threshold in percent":
            break
    page.keyboard.type("90")
    page.keyboard.press("Tab")
    dialog = review(page)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip().endswith("Create the alarm"):
            break
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Done.", timeout=20_000)
    (made,) = client(product, "cloudwatch").describe_alarms(AlarmNames=["by-keyboard"])["MetricAlarms"]
    assert made["Threshold"] == 90.0
    client(product, "cloudwatch").delete_alarms(AlarmNames=["by-keyboard"])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "start", ["", f"metric={quote(CPU)}", "alarm=directory-degraded", "alarm=directory-error-rate"]
)
def test_the_workbench_is_accessible_and_quiet(viewer: Callable[..., Viewer], start: str, theme: str) -> None:
    person = viewer(color_scheme=theme)
    person.open(f"/workbench?{start}")
    person.page.locator(".st-key-wb-says").first.wait_for(timeout=60_000)
    person.page.wait_for_timeout(2_000)
    assert person.barriers() == []
    assert person.complaints == []
    assert person.outside == []


@pytest.mark.parametrize("start", ["", f"metric={quote(CPU)}"])
def test_a_phone_shows_what_would_have_happened_first(viewer: Callable[..., Viewer], start: str) -> None:
    page = viewer(**PHONE).open(f"/workbench?{start}").page
    page.locator(".st-key-wb-says").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    says, form = page.locator(".st-key-wb-says").bounding_box(), page.locator(".st-key-wb-fields").bounding_box()
    assert says is not None
    assert form is not None
    assert says["y"] < form["y"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as a viewer has it."""
    with running(tmp_path_factory.mktemp("viewer"), role="viewer") as started:
        yield started


def test_a_viewer_tries_everything_and_reads_why_it_cannot_be_saved(
    watched: Product, viewer: Callable[..., Viewer]
) -> None:
    person = viewer()
    person.url = watched.url
    page = bench(person)
    fill(page, "Threshold in percent", "90")
    dialog = review(page)
    expect(dialog).to_contain_text("to change alarms takes an engineer", timeout=20_000)
    expect(dialog.get_by_role("button", name="Create the alarm")).to_be_disabled()
