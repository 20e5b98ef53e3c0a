"""What the web server adds to Streamlit: security headers on every answer, a health route, compression."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.settings import Settings
from dashboard import warmup
from dashboard.charts.assets import static_route

SMALLEST_COMPRESSED: Final = 1_024
"""Bytes; below it the header costs more than compression saves."""
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_script_hashes(page: str) -> tuple[str, ...]:
    """Give the policy's word for each script that stands in the page itself.

    >>> inline_script_hashes("<script>1</script>")
    ("'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='",)
    """
    return tuple(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    )


def streamlit_page() -> str:
    """Give the page that the installed Streamlit serves."""
    import streamlit

    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")


def content_policy(script_hashes: Sequence[str]) -> str:
    """Give the content security policy: everything from here, nothing from elsewhere.

    `blob:` scripts are what Streamlit's v2 components need; `data:` and `blob:` images are sparklines and downloads.
    """
    scripts = " ".join(["'self'", "blob:", *script_hashes])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


class SecurityHeaders:
    """Puts the security headers on every HTTP answer, Streamlit's own included."""

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self.app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def build_middleware() -> list[Middleware]:
    """Give what stands in front of Streamlit, outermost first."""
    policy = content_policy(inline_script_hashes(streamlit_page()))
    return [
        Middleware(SecurityHeaders, policy=policy),
        Middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED),
    ]


def build_routes(is_ready: Callable[[], bool], *others: BaseRoute) -> list[BaseRoute]:
    """Give our own routes: `static/`, `/healthz`, which answers 503 until the context can be made, and the others."""

    async def healthz(_: Request) -> JSONResponse:
        ready = is_ready()
        return JSONResponse({"status": "ok" if ready else "starting"}, status_code=200 if ready else 503)

    return [Route("/healthz", healthz), static_route(), *others]


def server_options(settings: Settings) -> dict[str, Any]:
    """Give Streamlit's server settings that come from ours; the rest stand in `.streamlit/config.toml`.

    With `allowedHosts` a page of a foreign site cannot reach the websocket by rebinding its name to this machine.
    """
    return {
        "server.port": settings.port,
        "server.address": settings.address,
        "server.allowedHosts": ["localhost", "127.0.0.1", *settings.allowed_hosts],
        "browser.serverAddress": settings.address,
        "browser.serverPort": settings.port,
        "server.enableStaticServing": False,
        "logger.hideWelcomeMessage": True,
        **warmup.SERVER_OPTIONS,
    }
