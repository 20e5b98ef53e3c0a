"""Beacons of real users: what is kept of one, and that garbage and floods do no harm."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.page_load.beacons import FIELDS, Beacons, Dropped, Limiter, Rate, family, parse
from collectors.page_load.paths import OTHER
from collectors.page_load.putting import UNITS

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHOP = "https://shop.example"
UNBOUND = Rate(1e6, 1)


def body(path: str = "/employees/4711?token=secret", **measures: Any) -> bytes:
    return json.dumps({"p": path, "m": measures or {"load": 1234.5}}).encode()


def beacons(
    *,
    each: Rate = UNBOUND,
    origins: tuple[str, ...] = (SHOP,),
    pages: tuple[str, ...] = (),
    regions: tuple[str, ...] = (),
) -> Beacons:
    salts = itertools.count()
    limiter = Limiter(lambda: next(salts).to_bytes(16, "little"), each=each, everybody=Rate(1e6, 1))
    return Beacons(origins=origins, pages=pages, metrics=FIELDS.values(), limiter=limiter, regions=regions)


def test_what_is_kept_is_a_template_a_family_and_values() -> None:
    desk = beacons()
    found = desk.points(body(load=1234.5, cls=0), origin=SHOP, agent="X Chrome/1 Y ana@example.com", at=AT)
    assert [(point.name, point.value, dict(point.dimensions)) for point in found] == [
        ("PageLoadTime", 1.2345, {"Page": "/employees/:id", "Source": "users"}),
        ("PageLoadTime", 1.2345, {"Browser": "Chrome", "Source": "users"}),
        ("CumulativeLayoutShift", 0.0, {"Page": "/employees/:id", "Source": "users"}),
        ("CumulativeLayoutShift", 0.0, {"Browser": "Chrome", "Source": "users"}),
    ]
    assert desk.counts == {"kept": 1}
    assert set(FIELDS.values()) <= set(UNITS)


@pytest.mark.parametrize(("said", "kept"), [("DE", "DE"), ("FR", "other"), ("", "other"), ("x" * 9_000, "other")])
def test_a_country_is_kept_where_it_is_one_of_those_that_are_told_apart(said: str, kept: str) -> None:
    found = beacons(regions=("DE", "US")).points(body(load=1), origin=SHOP, agent="", at=AT, region=said)
    assert [dict(point.dimensions) for point in found][2:] == [{"Region": kept, "Source": "users"}]
    assert len(beacons().points(body(load=1), origin=SHOP, agent="", at=AT, region=said)) == 2, "none is kept unasked"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"[]", b"{}", b'{"p": "/"}', b'{"p": "/", "m": {}}', b'{"p": "x", "m": {"load": 1}}',
        b'{"p": 1, "m": {"load": 1}}', b'{"p": "/", "m": {"load": 1}, "user": "ana"}',
        b'{"p": "/", "m": {"load": 1, "mail": 2}}', b'{"p": "/", "m": [1]}', b"[" * 2_000, b"\xff" * 50,
        body(load=-1), body(load=0), body(load=600_001), body(load="1"), body(load=True), body(load=None),
        body(load=[1]), body(cls=-0.1), body(cls=101), body("/" + "x" * 1_001), body("/" + "x" * 2_048),
        b'{"p": "/", "m": {"load": 1e999}}', b'{"p": "/", "m": {"load": NaN}}',
    ],
)  # fmt: skip
def test_whatever_is_not_exactly_a_beacon_is_dropped_whole(content: bytes) -> None:
    desk = beacons()
    assert desk.points(content, origin=SHOP, agent="", at=AT) == ()
    assert desk.counts == {Dropped.CONTENT: 1}


@given(st.binary(max_size=3_000) | st.text(max_size=500).map(str.encode), st.text(max_size=100))
def test_garbage_never_raises(content: bytes, agent: str) -> None:
    beacons().points(content, origin=SHOP, agent=agent, at=AT)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=60))
def test_paths_of_strangers_never_make_more_than_five_pages(paths: list[str]) -> None:
    desk = beacons()
    found = [
        point.dimensions["Page"]
        for path in paths
        for point in desk.points(body("/" + path), origin=SHOP, agent="", at=AT)
        if "Page" in point.dimensions
    ]
    assert len(set(found)) <= 5
    assert all(page.isascii() and page.isprintable() and len(page) <= 255 for page in found)


def test_named_pages_are_told_apart_and_all_others_are_one() -> None:
    desk = beacons(pages=("/", "/employees/:id"))
    pages = [desk.points(body(path), origin=SHOP, agent="", at=AT)[0].dimensions["Page"] for path in ("/x", "/", "/employees/9")]  # fmt: skip  # noqa: E501
    assert pages == [OTHER, "/", "/employees/:id"]


def test_two_sites_are_told_apart() -> None:
    desk = beacons(origins=(SHOP, "https://docs.example"))
    (point, _) = desk.points(body("/"), origin="https://docs.example", agent="", at=AT)
    assert point.dimensions["Page"] == "docs.example/"


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", SHOP + ".evil.example", SHOP.upper(), "http://shop.example"])  # fmt: skip  # noqa: E501
def test_only_named_origins_are_heard(origin: str) -> None:
    desk = beacons()
    assert not desk.admits(origin, "192.0.2.1", now=0)
    assert desk.admits(SHOP, "192.0.2.1", now=0)
    assert desk.counts == {Dropped.ORIGIN: 1}


def test_a_flood_of_one_address_is_held_back_and_others_are_not() -> None:
    desk = beacons(each=Rate(3, 1))
    assert [desk.admits(SHOP, "192.0.2.1", now=0) for _ in range(5)] == [True, True, True, False, False]
    assert desk.admits(SHOP, "192.0.2.2", now=0)
    assert not desk.admits(SHOP, "::ffff:192.0.2.1", now=0.9)
    assert desk.admits(SHOP, "192.0.2.1", now=2)
    assert desk.counts[Dropped.RATE] == 3


def test_an_ipv6_customer_is_one_sender() -> None:
    limiter = Limiter(lambda: b"salt", each=Rate(1, 0.01))
    assert limiter.lets("2001:db8:1:2::1", now=0)
    assert not limiter.lets("2001:db8:1:2:ffff::9", now=0)
    assert limiter.lets("2001:db8:1:3::1", now=0)


def test_all_together_are_bounded_and_no_address_is_kept() -> None:
    limiter = Limiter(lambda: b"salt", each=Rate(5, 1), everybody=Rate(10, 1))
    let = [limiter.lets(f"198.51.100.{host}", now=0) for host in range(50)]
    assert sum(let) == 10
    held = json.dumps([repr(getattr(limiter, name)) for name in vars(limiter)])
    assert "198.51" not in held


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200))
def test_no_more_than_the_rate_comes_through(waits: list[float]) -> None:
    limiter = Limiter(lambda: b"salt", each=Rate(5, 2), everybody=Rate(1e9, 1))
    now, let = 0.0, 0
    for wait in waits:
        now += wait
        let += limiter.lets("192.0.2.1", now=now)
    assert let <= 5 + 2 * now + 5 * (now // Limiter.SALT_SECONDS) + 1


def test_a_browser_is_known_by_its_family_only() -> None:
    agents = {
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0": "Edge",  # noqa: E501
        "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15": "Safari",
        "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0": "Firefox",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1 (KHTML, like Gecko) CriOS/156.0 Mobile Safari/604.1": "Chrome",
        "curl/8": "other",
        "": "other",
    }
    assert {agent: family(agent) for agent in agents} == agents


def test_a_time_is_in_seconds() -> None:
    sample = parse(body(load=1500, ttfb=80.5, fcp=1, lcp=2, inp=48, cls=0.05))
    assert sample is not None
    assert sample.values == {
        "PageLoadTime": 1.5, "FirstByteTime": 0.0805, "FirstContentfulPaint": 0.001,
        "LargestContentfulPaint": 0.002, "InteractionToNextPaint": 0.048, "CumulativeLayoutShift": 0.05,
    }  # fmt: skip
