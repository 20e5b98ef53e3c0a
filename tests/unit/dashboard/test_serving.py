"""What the web server says beside the page."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cloud.settings import Settings
from dashboard import serving

STATIC = Path(__file__).parents[3] / "static"


def client(*, ready: bool = True) -> TestClient:
    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("x" * 5_000)

    routes = [Route("/", page), *serving.build_routes(lambda: ready, static=STATIC)]
    return TestClient(Starlette(routes=routes, middleware=serving.build_middleware()))


def test_every_answer_carries_the_security_headers() -> None:
    for path in ("/", "/healthz", "/no/such/page"):
        headers = client().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = serving.content_policy(())
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' blob:;" in policy
    assert "img-src 'self' data: blob:" in policy


def test_the_installed_streamlits_own_script_is_allowed_by_its_hash() -> None:
    page = serving.streamlit_page()
    script = page.partition("<script>")[2].partition("</script>")[0]
    expected = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert serving.inline_script_hashes(page) == (f"'sha256-{expected}'",)
    assert expected in client().get("/").headers["content-security-policy"]


def test_large_answers_are_compressed() -> None:
    assert client().get("/", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_health_says_whether_the_product_is_ready() -> None:
    assert client().get("/healthz").json() == {"status": "ok"}
    assert client(ready=False).get("/healthz").status_code == 503


def test_the_server_takes_port_address_and_hosts_from_settings() -> None:
    options = serving.server_options(Settings(port=9000, allowed_hosts=("watch.example",)))
    assert options["server.port"] == 9000
    assert options["server.address"] == "127.0.0.1"
    assert options["server.allowedHosts"] == ["localhost", "127.0.0.1", "watch.example"]
