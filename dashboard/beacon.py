"""The route to which browsers of real users send how long their pages took.

It stands in the dashboard's process, which has a web server anyway; the collector has none, and one more port would be
one more thing to open. Every beacon is answered alike and at once, whether it is kept or not.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cloud.settings import Settings
from collectors.custom import Metrics
from collectors.page_load.beacons import MOST_BYTES, Beacons, Dropped, Limiter
from collectors.page_load.putting import Point, put_all

BODY_SECONDS: Final = 5.0
"""A body that takes longer is not waited for."""
PREFLIGHT_SECONDS: Final = 86_400


class BeaconDesk:
    """Takes beacons and puts what they say. Nothing is opened before the first that is kept."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        stopwatch: Callable[[], float],
        make: Callable[[Settings], Metrics] | None = None,
    ) -> None:
        self.beacons = Beacons(
            origins=settings.beacon_origins,
            pages=settings.beacon_pages,
            metrics=settings.beacon_metrics,
            limiter=Limiter(lambda: secrets.token_bytes(16)),
            regions=settings.beacon_regions,
        )
        self._settings, self._clock, self._stopwatch = settings, clock, stopwatch
        self._make = make or _metrics
        self._metrics: Metrics | None = None
        self._lock = threading.Lock()

    def route(self) -> Route:
        """Give the route of `/beacon`."""
        return Route("/beacon", self._answer, methods=["POST", "OPTIONS"])

    async def _answer(self, request: Request) -> Response:
        origin = request.headers.get("origin", "")
        headers = self._headers(origin)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        address = request.client.host if request.client else ""
        if not self.beacons.admits(origin, address, now=self._stopwatch()):
            return Response(status_code=204, headers=headers | {"Connection": "close"})
        body = await _body(request)
        if body is None:
            self.beacons.drop(Dropped.SIZE)
            return Response(status_code=204, headers=headers | {"Connection": "close"})
        agent = request.headers.get("user-agent", "")
        region = request.headers.get(self._settings.beacon_region_header, "").upper()
        points = self.beacons.points(body, origin=origin, agent=agent, at=self._clock(), region=region)
        # The browser does not wait for the disk.
        return Response(status_code=204, headers=headers, background=BackgroundTask(self._put, points))

    def _headers(self, origin: str) -> dict[str, str]:
        """Let pages of an allowed origin send other kinds of requests than `sendBeacon` too."""
        if origin not in self.beacons.origins:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "content-type",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }

    def _put(self, points: tuple[Point, ...]) -> None:
        if points:
            put_all(points, self._opened())

    def _opened(self) -> Metrics:
        with self._lock:
            if self._metrics is None:
                self._metrics = self._make(self._settings)
            return self._metrics

    def close(self) -> None:
        """Deliver what was put, for a moment; the rest waits on the disk."""
        with self._lock:
            if self._metrics is not None:
                self._metrics.close()
                self._metrics = None


def _metrics(settings: Settings) -> Metrics:
    # Pages are templates and their number is bounded here, so a number in one is let through; a full quota is logged.
    return Metrics(settings.page_load_namespace, settings=settings, on_many="allow", on_refused="log")


async def _body(request: Request) -> bytes | None:
    """Read a body that may be a beacon; None where it is too large, too slow or breaks off."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return body
