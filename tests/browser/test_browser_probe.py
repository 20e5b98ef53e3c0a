"""The probe's own browser: what it measures, and that it has no way out but the gate."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.page_load.addresses import Address
from collectors.page_load.browser_probe import BrowserProbe, NoBrowserError
from collectors.page_load.connecting import Gate
from collectors.page_load.http_probe import Limits
from collectors.page_load.sites import RefusedError, Site
from tests.browser.conftest import chromium_path
from tests.unit.collectors.page_load.sites import LOOPBACK, METADATA, FakeResolver, moved, page, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMES = {"shop.example": [["127.0.0.1"]], "evil.example": [[METADATA]]}


def browser(folder: Path, resolver: FakeResolver | None = None) -> BrowserProbe:
    gate = Gate(LOOPBACK, resolver or FakeResolver(NAMES))
    return BrowserProbe(gate, time.perf_counter, shots=folder, executable=chromium_path())


SHIFTING = b"""<h1>Shop</h1><div id=a></div><p>below</p><script>
setTimeout(() => { a.style.height = '200px';
const end = performance.now() + 150; while (performance.now() < end); }, 50);
console.error('something odd'); fetch('/gone');
</script><img src=/nothing.png>"""


def test_what_a_person_waits_for_is_measured(tmp_path: Path) -> None:
    with serving(home=page(SHIFTING)) as port:
        found = browser(tmp_path).load(f"http://shop.example:{port}/", at=AT)
    assert (found.problem, found.status, found.screenshot) == ("", 200, "")
    assert found.load is not None
    assert found.first_paint is not None
    assert found.largest_paint is not None
    assert found.first_byte is not None
    assert 0 < found.first_byte <= found.load
    assert found.blocking is not None
    assert found.blocking > 0.05
    assert found.layout_shift is not None
    assert found.layout_shift > 0
    assert sorted(line.rpartition("/")[2] for line in found.failed) == ["gone", "nothing.png"]
    assert "something odd" in found.errors
    assert {point.name for point in found.points()} >= {"PageLoadTime", "LargestContentfulPaint", "TotalBlockingTime"}


def test_a_failure_leaves_a_picture(tmp_path: Path) -> None:
    with serving(home=page(b"<h1>Broken</h1>", 503)) as port:
        found = browser(tmp_path).load(f"http://shop.example:{port}/", at=AT)
    assert found.problem == "the server answered 503"
    assert Path(found.screenshot).read_bytes().startswith(b"\x89PNG")
    assert [point.value for point in found.points() if point.name == "PageFailed"] == [1.0]


@pytest.mark.parametrize(
    "to",
    [f"http://{METADATA}/latest/meta-data/", "http://evil.example/", "http://evil.example:8000/", "https://evil.example/"],
)  # fmt: skip
def test_a_redirect_to_credentials_is_refused_in_the_browser_too(tmp_path: Path, to: str) -> None:
    with serving(home=moved(to)) as port:
        found = browser(tmp_path).load(f"http://shop.example:{port}/", at=AT)
    assert found.problem or found.status == 403
    assert any("link-local" in line for line in found.refused)


def test_nothing_that_a_page_asks_for_goes_round_the_gate(tmp_path: Path) -> None:
    """Frames, pictures, fetches, sockets and preconnects to this machine and to credentials: none arrives."""
    with serving(home=page(b"<p>secret</p>")) as inside:
        asks = f"""<link rel=preconnect href=http://127.0.0.1:{inside}><iframe src=http://127.0.0.1:{inside}/></iframe>
            <img src=http://localhost:{inside}/><img src=http://{METADATA}/a><img src=http://[::ffff:{METADATA}]/b>
            <script>fetch('http://2130706433:{inside}/', {{mode: 'no-cors'}}); new WebSocket('ws://evil.example:8000/');
            window.open('http://{METADATA}/c');</script>"""
        with serving(home=page(asks.encode())) as port:
            # Only the page's own name leads to this machine; everything else is refused.
            strict = _Only((), FakeResolver(NAMES))
            found = BrowserProbe(strict, time.perf_counter, shots=tmp_path, executable=chromium_path()).load(
                f"http://shop.example:{port}/", at=AT
            )
    assert found.status == 200
    said = "\n".join(found.refused)
    assert "loopback" in said
    assert "link-local" in said
    assert strict.let == {"shop.example"}


@dataclass(frozen=True, slots=True)
class _Only(Gate):
    """A gate that lets one name through to this machine, and remembers whom it let through."""

    let: set[str] = field(default_factory=set)

    def addresses(self, site: Site, *, seconds: float) -> tuple[Address, ...]:
        gate = Gate(LOOPBACK if site.host == "shop.example" else (), self.resolve)
        found = gate.addresses(site, seconds=seconds)
        self.let.add(site.host)
        return found


def test_a_name_that_changes_its_address_is_checked_at_every_connection(tmp_path: Path) -> None:
    rebinding = FakeResolver({"shop.example": [["127.0.0.1"], ["127.0.0.1"], [METADATA]]})
    with serving(home=page(b"<h1>x</h1><script>location = '/again'</script>"), again=page()) as port:
        found = browser(tmp_path, rebinding).load(f"http://shop.example:{port}/", at=AT)
    assert any("link-local" in line for line in found.refused)


def test_a_page_that_loads_without_end_is_cut_off(tmp_path: Path) -> None:
    with serving(home=page(b"x" * 3_000_000)) as port:
        probe = BrowserProbe(
            Gate(LOOPBACK, FakeResolver(NAMES)), time.perf_counter,
            Limits(seconds=20, size=500_000), tmp_path, chromium_path(),
        )  # fmt: skip
        found = probe.load(f"http://shop.example:{port}/", at=AT)
    assert any("too much" in line for line in found.refused)


def test_without_playwright_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(NoBrowserError, match="pip install playwright"):
        browser(tmp_path).load("http://shop.example:8000/", at=AT)
    with pytest.raises(RefusedError):
        browser(tmp_path).load("file:///etc/passwd", at=AT)
