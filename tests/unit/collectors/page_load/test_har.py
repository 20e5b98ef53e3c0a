"""Recordings of page loads: what was not measured, odd and hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.page_load import har, showing
from collectors.page_load.har import HarError, read_har
from collectors.page_load.paths import MOST_SEGMENTS, OTHER, Pages, template
from collectors.page_load.putting import put_all


def entry(url: str = "https://shop.example/employees/4711?x=1", **changes: Any) -> dict[str, Any]:
    return {
        "pageref": "page_1",
        "startedDateTime": "2026-11-23T10:00:00.250Z",
        "request": {"url": url},
        "response": {"status": 200, "bodySize": 1_000},
        "timings": {"blocked": -1, "dns": 2, "connect": 30, "ssl": 20, "send": 0, "wait": 100, "receive": 8},
        **changes,
    }


def archive(*entries: object, load: object = 803.3, pages: bool = True) -> bytes:
    page = {"id": "page_1", "startedDateTime": "2026-11-23T10:00:00Z", "title": "Shop",
            "pageTimings": {"onLoad": load, "onContentLoad": -1}}  # fmt: skip
    return json.dumps({"log": {"pages": [page] if pages else [], "entries": list(entries)}}).encode()


def test_a_page_has_its_load_time_its_requests_and_a_name_without_ids() -> None:
    (page,) = read_har(archive(entry(), entry(status=500))).pages
    assert page.load == pytest.approx(0.8033)
    assert page.content_loaded is None
    assert page.page == "shop.example/employees/:id"
    (first, _) = page.entries
    assert first.after == 0.25
    measured = {"dns": 0.002, "connect": 0.010, "ssl": 0.020, "send": 0, "wait": 0.1, "receive": 0.008}
    assert first.phases == pytest.approx(measured)
    assert page.size == 2_000
    (point,) = page.points()
    assert (point.value, dict(point.dimensions)) == (page.load, {"Page": page.page, "Source": "har"})


def test_minus_one_is_not_zero() -> None:
    (page,) = read_har(archive(entry(response={"status": 0, "bodySize": -1}), load=-1)).pages
    assert page.load is None
    assert page.points() == ()
    assert page.size is None
    assert "blocked" not in page.entries[0].phases
    assert page.entries[0].failed
    assert showing.har_rows(read_har(archive(entry(), load=-1)))[0][1] == "–"


def test_a_file_without_pages_keeps_its_requests() -> None:
    (page,) = read_har(archive(entry(pageref=None), pages=False)).pages
    assert (page.title, page.load, len(page.entries)) == ("requests of no page", None, 1)
    assert page.points() == ()


def test_what_comes_before_the_page_is_a_redirect_and_does_not_name_it() -> None:
    moved = entry("https://old.example/", response={"status": 301, "bodySize": 0})
    assert read_har(archive(moved, entry("https://shop.example/cart"))).pages[0].page == "shop.example/cart"
    assert read_har(archive(entry("http://127.1/x"))).pages[0].page == ""


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"[]", b"{}", b'{"log": 3}', b'{"log": {}}', b"[" * 100_000, b"\xff\xfe", b"NaN"]
)
def test_what_is_no_recording_is_said_so(content: bytes) -> None:
    with pytest.raises(HarError, match=r"HAR|JSON"):
        read_har(content)


def test_large_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MOST_BYTES", 100)
    with pytest.raises(HarError, match="at most 100 are read"):
        read_har(b" " * 101)
    monkeypatch.undo()
    monkeypatch.setattr(har, "MOST_ENTRIES", 2)
    found = read_har(archive(entry(), entry(), entry(), "odd"))
    assert (len(found.pages[0].entries), found.left_out) == (2, 1)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("pageref", "startedDateTime", "request", "response", "timings")


@given(st.dictionaries(st.sampled_from(NAMES), json_values), json_values)
def test_odd_members_are_left_out_and_never_raise(changes: dict[str, Any], load: object) -> None:
    found = read_har(archive({**entry(), **changes}, load=load))
    showing.har_rows(found)
    for page in found.pages:
        assert page.load is None or page.load >= 0
        showing.as_json(page)


def test_signs_that_move_a_terminals_cursor_are_not_printed() -> None:
    text = showing.table(("page", ""), [["\x1b[2J\u202ex", "y"]])
    assert "\x1b" not in text
    assert "\u202e" not in text


@given(st.text(max_size=300))
def test_a_template_is_stable_bounded_and_has_no_long_number(path: str) -> None:
    found = template(path)
    assert template(found) == found
    assert found.startswith("/")
    assert found.count("/") <= MOST_SEGMENTS + 1
    assert found.isascii()
    assert "@" not in found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/employees/17/edit", "/employees/:id/edit"),
        ("/u/ana@example.com", "/u/:id"),
        ("/u/ana%40example.com", "/u/:id"),
        ("/o/8f14e45f-ceea-467f-a7f4-1a2b3c4d5e6f", "/o/:id"),
        ("/o/deadbeef1", "/o/:id"),
        ("/t/eyJhbGciOiJIUzI1NiJ9", "/t/:id"),
        ("/order-20261123", "/:id"),
        ("/v2/list", "/v2/list"),
        ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/*"),
        ("/x;jsessionid=9", "/x"),
    ],
)
def test_ids_become_one(path: str, expected: str) -> None:
    assert template(path) == expected


def test_pages_beyond_the_limit_are_other() -> None:
    seen = Pages(most=2)
    assert [seen.of(path) for path in ("/a", "/b", "/c", "/a")] == ["/a", "/b", OTHER, "/a"]
    named = Pages(["/employees/:id"])
    assert [named.of(path) for path in ("/employees/7", "/a", "/employees/:id")] == [
        "/employees/:id",
        OTHER,
        "/employees/:id",
    ]


def test_what_is_not_kept_says_why_once() -> None:
    class Refusing:
        def put(self, name: str, value: float, **_: object) -> bool:
            raise ValueError("the quota is reached")

    points = read_har(archive(entry())).pages[0].points()
    assert put_all([*points, *points], Refusing()) == (0, ("the quota is reached",))


REAL = Path(__file__).parents[5] / "shared" / "data" / "page_load_har"


@pytest.mark.skipif(not REAL.is_dir(), reason="the sample data (../shared/data/page_load_har) are not on this machine")
def test_real_recordings_are_read_whole() -> None:
    found = {path.name: read_har(path.read_bytes()) for path in REAL.glob("*.har")}
    loads = {name: [page.load for page in each.pages] for name, each in found.items()}
    assert loads == {
        "browsertime_h2_filamentgroup.com.har": [3.152, 1.903, 1.859],
        "browsertime_sitespeed.io.har": [1.825, 0.814, 0.837],
        "capture-har_redirect-loop.har": [None],
        "chrome_h2_www.nghttp2.org.har": [pytest.approx(0.80332, abs=1e-5)],
        "firefox_www.nghttp2.org.har": [None],
    }
    assert all(each.left_out == 0 for each in found.values())
    assert sum(len(page.entries) for each in found.values() for page in each.pages) == 44 + 27 + 11 + 11 + 10
