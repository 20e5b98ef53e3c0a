"""The route of beacons: one answer for all, and what reaches the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from cloud.settings import Settings
from collectors.custom import Metrics
from collectors.page_load.beacons import MOST_BYTES, Dropped
from dashboard.beacon import BeaconDesk

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHOP = "https://shop.example"
GOOD = b'{"p": "/employees/7", "m": {"load": 1200, "lcp": 900}}'
SNIPPET = Path(__file__).parents[3] / "static" / "beacon.js"


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BeaconDesk]:
    """Takes beacons of one site; a test may name the countries that it tells apart."""
    regions = getattr(request, "param", ())
    settings = Settings(cloud="demo", data_dir=tmp_path, demo_port=9, beacon_origins=(SHOP,), beacon_regions=regions)

    def make(settings: Settings) -> Metrics:
        clock = int(AT.timestamp() * 1000)
        return Metrics("PageLoad", settings=settings, on_many="allow", on_refused="log", exit_seconds=0, clock=lambda: clock)  # fmt: skip  # noqa: E501

    made = BeaconDesk(settings, clock=lambda: AT, stopwatch=lambda: 0.0, make=make)
    yield made
    made.close()


def send(
    desk: BeaconDesk,
    *parts: bytes,
    origin: str = SHOP,
    method: str = "POST",
    client: str = "198.51.100.9",
    country: str = "",
) -> tuple[int, dict[str, str]]:
    """Send one request without a socket; give the status and the headers."""
    app = Starlette(routes=[desk.route()])
    answer: list[Message] = []
    waiting = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1} for place, part in enumerate(parts)
    ]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def deliver(message: Message) -> None:
        answer.append(message)

    headers = [(b"origin", origin.encode()), (b"user-agent", b"Chrome/156.0")] if origin else []
    headers += [(b"cloudfront-viewer-country", country.encode())] if country else []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": "/beacon",
        "raw_path": b"/beacon", "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
        "client": (client, 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, deliver))
    return answer[0]["status"], {name.decode(): value.decode() for name, value in answer[0]["headers"]}


def put(desk: BeaconDesk) -> set[tuple[str, str]]:
    """Give each metric that was accepted, with what is told apart by."""
    metrics = desk._metrics
    assert metrics is not None
    return {(each.name, " ".join(value for _, value in each.dimensions)) for each in metrics.status().metrics}


def test_a_beacon_becomes_a_metric_of_its_page_and_of_its_browser(desk: BeaconDesk) -> None:
    status, headers = send(desk, GOOD[:10], GOOD[10:])
    assert status == 204
    assert headers["access-control-allow-origin"] == SHOP
    assert put(desk) == {("PageLoadTime", "/employees/:id users"), ("PageLoadTime", "Chrome users")}


@pytest.mark.parametrize("desk", [("DE", "FR")], indirect=True)
def test_the_proxys_word_for_the_country_is_taken_where_countries_are_told_apart(desk: BeaconDesk) -> None:
    for country in ("DE", "US", ""):
        send(desk, GOOD, country=country)
    assert {where for _, where in put(desk)} == {"/employees/:id users", "Chrome users", "DE users", "other users"}


@pytest.mark.parametrize("origin", ["", "https://evil.example"])
def test_a_stranger_gets_the_same_answer_and_nothing_is_opened(desk: BeaconDesk, tmp_path: Path, origin: str) -> None:
    status, headers = send(desk, GOOD, origin=origin)
    assert status == 204
    assert "access-control-allow-origin" not in headers
    assert desk._metrics is None
    assert not (tmp_path / "demo" / "custom").exists()


@pytest.mark.parametrize("body", [b"", b"garbage", b"[]", b'{"p": "/", "m": {"load": -5}}'])
def test_garbage_gets_the_same_answer(desk: BeaconDesk, body: bytes) -> None:
    assert send(desk, body)[0] == 204
    assert desk._metrics is None
    assert desk.beacons.counts == {Dropped.CONTENT: 1}


def test_a_large_body_is_not_read_to_its_end(desk: BeaconDesk) -> None:
    assert send(desk, *[b"x" * 1_000] * 1_000)[0] == 204
    assert desk.beacons.counts == {Dropped.SIZE: 1}
    assert MOST_BYTES < 3_000


def test_a_flood_is_answered_and_not_kept(desk: BeaconDesk) -> None:
    assert {send(desk, GOOD)[0] for _ in range(50)} == {204}
    assert desk.beacons.counts["kept"] == 20
    assert desk.beacons.counts[Dropped.RATE] == 30


def test_a_body_that_breaks_off_is_dropped(desk: BeaconDesk) -> None:
    assert send(desk)[0] == 204
    assert desk.beacons.counts == {Dropped.SIZE: 1}


def test_a_preflight_is_answered_for_allowed_origins_only(desk: BeaconDesk) -> None:
    status, headers = send(desk, b"", method="OPTIONS")
    assert (status, headers["access-control-allow-methods"]) == (204, "POST")
    assert "access-control-allow-methods" not in send(desk, b"", method="OPTIONS", origin="https://evil.example")[1]


def test_the_quota_bounds_what_strangers_can_add_to_the_bill(desk: BeaconDesk) -> None:
    for place in range(40):
        send(desk, b'{"p": "/page-%s", "m": {"load": 1}}' % bytes([97 + place % 26]), client=f"192.0.2.{place}")
    assert len(put(desk)) <= 10


def test_without_an_origin_in_the_settings_nothing_is_taken(tmp_path: Path) -> None:
    off = BeaconDesk(Settings(cloud="demo", data_dir=tmp_path), clock=lambda: AT, stopwatch=lambda: 0.0)
    assert send(off, GOOD)[0] == 204
    assert off.beacons.counts == {Dropped.ORIGIN: 1}


def test_the_snippet_is_small_and_knows_no_person() -> None:
    code = SNIPPET.read_text(encoding="ascii")
    assert len(code) < 2_000
    for word in ("cookie", "localStorage", "location.href", "location.search", "referrer", "userAgent"):
        assert word not in code.partition("\n")[2]
