"""What the web server says beside the page."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from cloud.settings import Settings
from dashboard import serving


@dataclass
class Answer:
    """What an ASGI application answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def get(path: str, *, ready: bool = True, encoding: str = "identity") -> Answer:
    """Ask a small application with our routes and middleware in front, without a socket."""

    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("x" * 5_000)

    routes = [Route("/", page), *serving.build_routes(lambda: ready)]
    app = Starlette(routes=routes, middleware=serving.build_middleware())
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 80), "headers": [(b"accept-encoding", encoding.encode())],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return answer


def test_every_answer_carries_the_security_headers() -> None:
    for path in ("/", "/healthz", "/no/such/page"):
        headers = get(path).headers
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
    assert expected in get("/").headers["content-security-policy"]


def test_large_answers_are_compressed() -> None:
    assert get("/", encoding="gzip").headers["content-encoding"] == "gzip"


def test_health_says_whether_the_product_is_ready() -> None:
    assert json.loads(get("/healthz").body) == {"status": "ok"}
    assert get("/healthz", ready=False).status == 503


def test_modules_are_served_as_javascript() -> None:
    answer = get("/app/static/charts/live.js")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert get("/app/static/../pyproject.toml").status == 404


def test_the_server_takes_port_address_and_hosts_from_settings() -> None:
    options = serving.server_options(Settings(port=9000, allowed_hosts=("watch.example",)))
    assert options["server.port"] == 9000
    assert options["server.address"] == "127.0.0.1"
    assert options["server.allowedHosts"] == ["localhost", "127.0.0.1", "watch.example"]
