"""Pages in a real browser: links, kiosk, themes, phone, headers, nothing from outside, accessibility."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Viewer
from tests.browser.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
CPU = "AWS/EC2~CPUUtilization~Average~AutoScalingGroupName~directory-web"
PATHS = {
    "wall": "/",
    "explorer": f"/explorer?metric={CPU}",
    "resources": "/resources",
    "group": "/resources?resource=group~directory-web",
    "spend": "/spend",
    "own-bill": "/own-bill",
    "stories": "/stories",
}
READY = {
    "wall": "canvas",
    "explorer": ".js-plotly-plot, .plot-container",
    "resources": "[data-testid=stDataFrame] canvas",
    "group": "canvas",
    "spend": ".gauge svg",
    "own-bill": ".js-plotly-plot, .plot-container",
    "stories": ".st-key-card-story-traffic-spike",
}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STREAMLITS_OWN = {"svg-img-alt"}
"""Six nodes inside the sparklines of `st.metric`."""


def opened(person: Viewer, name: str) -> Viewer:
    person.open(PATHS[name])
    person.page.locator(READY[name]).first.wait_for(timeout=60_000)
    return person


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PATHS)
def test_a_page_is_accessible_quiet_and_asks_nobody_else(viewer: Callable[..., Viewer], name: str, theme: str) -> None:
    person = opened(viewer(color_scheme=theme), name)
    person.page.wait_for_timeout(500)
    assert person.barriers(but=STREAMLITS_OWN) == []
    assert person.complaints == []
    assert person.outside == []


@pytest.mark.parametrize("name", PATHS)
def test_a_phone_never_scrolls_sideways(viewer: Callable[..., Viewer], name: str) -> None:
    page = opened(viewer(**PHONE), name).page
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_every_answer_carries_the_security_headers(product: Product) -> None:
    for path in ("/", "/healthz", "/_stcore/health", "/app/static/charts/live.js", "/explorer"):
        with urllib.request.urlopen(product.url + path, timeout=10) as answer:  # noqa: S310 - loopback
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert answer.headers["X-Frame-Options"] == "DENY", path
            assert answer.headers["Referrer-Policy"] == "same-origin", path


def test_health_is_ours_and_not_the_page(product: Product) -> None:
    with urllib.request.urlopen(f"{product.url}/healthz", timeout=10) as answer:  # noqa: S310 - loopback
        assert json.load(answer) == {"status": "ok"}


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", "101"), ("localhost", "101"), ("attacker.example", "403")])
def test_only_our_own_names_get_a_session(product: Product, host: str, status: str) -> None:
    """A page elsewhere that rebinds its name to this machine gets none."""
    port = int(product.url.rpartition(":")[2])
    lines = (
        "GET /_stcore/stream HTTP/1.1", f"Host: {host}:{port}", f"Origin: http://{host}:{port}", "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert connection.recv(200).decode().split()[1] == status


def test_a_link_shows_another_person_the_same(viewer: Callable[..., Viewer]) -> None:
    sender = viewer().wall()
    sender.page.get_by_role("radio", name="3h").click()
    expect(sender.page).to_have_url(f"{sender.url}/?range=3h")
    receiver = viewer(color_scheme="light").wall(sender.page.url.removeprefix(sender.url))
    expect(receiver.page.get_by_role("radio", name="3h")).to_be_checked()


def test_a_drag_pins_the_span_for_everybody_and_back_to_live_lets_go(viewer: Callable[..., Viewer]) -> None:
    person = viewer().wall()
    plot = person.page.locator(".u-over").first
    box = plot.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    person.page.mouse.move(box["x"] + box["width"] * 0.3, y)
    person.page.mouse.down()
    person.page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=8)
    person.page.mouse.up()
    person.until(lambda seen: "from=" in seen.page.url and "to=" in seen.page.url)
    expect(person.page.get_by_role("button", name="Back to live")).to_be_visible()
    expect(person.page.locator(".st-key-fresh")).to_contain_text("Paused on")

    other = viewer().wall(person.page.url.removeprefix(person.url))
    expect(other.page.locator(".st-key-fresh")).to_contain_text("Paused on")
    other.page.get_by_role("button", name="Back to live").click()
    other.until(lambda seen: "from=" not in seen.page.url)
    expect(other.page.locator(".st-key-fresh")).to_contain_text("Updated")


def test_kiosk_shows_the_wall_and_nothing_to_click(viewer: Callable[..., Viewer]) -> None:
    person = viewer().wall("/?kiosk=1")
    expect(person.page.get_by_test_id("stHeader")).to_be_hidden()
    expect(person.page.locator(".st-key-bar-controls")).to_be_hidden()
    expect(person.page.get_by_text("directory-prod 111111111111 · us-east-1")).to_be_visible()
    assert person.complaints == []


def test_a_tick_moves_nothing(viewer: Callable[..., Viewer]) -> None:
    """Scroll place and height stay while fragments refresh."""
    person = viewer().wall()
    main = person.page.get_by_test_id("stMain")
    person.page.wait_for_timeout(3_000)
    main.evaluate("element => element.scrollTo(0, 600)")
    before = main.evaluate("element => [element.scrollTop, element.scrollHeight]")
    for _ in range(24):
        person.page.wait_for_timeout(500)
        assert main.evaluate("element => [element.scrollTop, element.scrollHeight]") == before


def test_hostile_names_are_only_text(viewer: Callable[..., Viewer]) -> None:
    person = opened(viewer(), "resources")
    assert person.page.evaluate("typeof window.pwned") == "undefined"
    assert person.page.locator("img[src*='attacker']").count() == 0
    assert person.outside == []


def test_a_resource_is_one_click_away(viewer: Callable[..., Viewer]) -> None:
    person = opened(viewer(), "resources")
    grid = person.page.locator(".st-key-card-table-group [data-testid=stDataFrame]")
    box = grid.bounding_box()
    assert box is not None
    person.page.mouse.click(box["x"] + 200, box["y"] + 50)
    person.until(lambda seen: "resource=group" in seen.page.url)
    person.until(lambda seen: seen.page.get_by_role("button", name="All resources").count() == 1)


def test_the_other_account_is_reached_through_its_role(viewer: Callable[..., Viewer]) -> None:
    person = viewer().wall("/?scope=222222222222/eu-west-1")
    person.until(lambda seen: seen.page.locator("[data-testid=stMetricValue]").count() == 6)
    assert person.tile("Requests").endswith("/s")


def test_a_metric_is_found_by_search_and_drawn_by_a_click(viewer: Callable[..., Viewer]) -> None:
    person = viewer().open("/explorer")
    search = person.page.get_by_label("Search metrics")
    search.fill("ec2 cpuutilization autoscalinggroupname")
    search.press("Enter")
    person.until(lambda seen: "search=" in seen.page.url)
    expect(person.page.get_by_text("1 metric of")).to_be_visible(timeout=20_000)
    box = person.page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    person.page.mouse.click(box["x"] + 60, box["y"] + 50)
    person.until(lambda seen: "metric=AWS" in seen.page.url)
    person.page.locator(READY["explorer"]).first.wait_for(timeout=30_000)
    expect(person.page.get_by_text("expected price $0.00")).to_be_visible()
    person.page.mouse.click(box["x"] + 60, box["y"] + 50)
    expect(person.page.get_by_text("This one is on the chart already")).to_be_visible(timeout=20_000)
    assert person.complaints == []


def test_a_click_on_a_target_opens_its_instance(viewer: Callable[..., Viewer]) -> None:
    person = viewer().wall()
    person.page.locator(".st-key-card-targets button").first.click()
    person.until(lambda seen: "/resources?resource=instance" in seen.page.url)
    expect(person.page.get_by_role("heading", name="Instance", exact=False)).to_be_visible(timeout=20_000)


def test_the_explorer_gives_its_datapoints(viewer: Callable[..., Viewer]) -> None:
    person = opened(viewer(accept_downloads=True), "explorer")
    with person.page.expect_download() as waiting:
        person.page.get_by_role("button", name="CSV", exact=True).click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "time,value,unit,account,region,namespace,metric,dimensions,statistic,period"
    assert len(lines) > 30


def test_a_series_is_pinned_in_the_explorer_and_the_collector_reads_it(viewer: Callable[..., Viewer]) -> None:
    page = opened(viewer(), "explorer").page
    page.get_by_text("Pinned series: 0 of 20").click()
    expect(page.get_by_text("Pinning takes 43,200 calls a month")).to_be_visible()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("Pinned series: 1 of 20")).to_be_visible()
    page.goto(page.url.split("/explorer")[0] + "/own-bill")
    for _ in range(20):  # the collector looks each few seconds; what it called is in the ledger a second later
        if "Pinned series, in the background" in page.content():
            break
        page.wait_for_timeout(1000)
        page.reload()
        page.locator(READY["own-bill"]).first.wait_for(timeout=60_000)
    else:
        raise AssertionError("the collector did not read what was pinned")
    page.go_back()
    page.get_by_text("Pinned series: 1 of 20").click()
    page.get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("Pinned series: 0 of 20")).to_be_visible()
