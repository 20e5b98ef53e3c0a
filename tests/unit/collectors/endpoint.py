"""A CloudWatch endpoint on loopback whose answers a test writes, and which remembers what it was asked."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cloud.caps import Caps
from cloud.clients import Clients
from cloud.database import Place
from cloud.metering import Meter
from cloud.permissions import READS
from cloud.setting_fields import DEMO_ACCOUNTS
from cloud.settings import Settings
from core.money import ZERO, Money

METERED_ONLY = frozenset(
    {
        ("ce", "GetCostAndUsage"),
        ("ce", "GetCostForecast"),
        ("logs", "GetQueryResults"),
        ("logs", "StartQuery"),
        ("s3", "ListBuckets"),
    }
)
"""Calls that tests of the meter make, and no collector does."""

Answer = Callable[[Mapping[str, Any]], bytes | Mapping[str, Any] | tuple[int, Mapping[str, Any]] | None]
"""None hangs up without a word."""


ACCOUNTS = tuple(account.model_copy(update={"write_role_arn": None}) for account in DEMO_ACCOUNTS)
"""Those of the demo, written to with the credentials that read: this endpoint hands out no roles."""


class Endpoint:
    """Answers each operation by a function of the request, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()
        self.port = 0

    def requests(self, operation: str) -> list[dict[str, Any]]:
        with self.lock:
            return [request for name, request in self.asked if name == operation]

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, bytes] | None:
        with self.lock:
            self.asked.append((operation, request))
        given = self.answers[operation](request)
        if given is None:
            return None
        status, body = given if isinstance(given, tuple) else (200, given)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def serving() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            answered = endpoint.answer(operation, json.loads(body))
            if answered is None:
                self.close_connection = True
                return
            status, answer = answered
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Ticking:
    """A clock that a test sets."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def clients_of(
    endpoint: Endpoint,
    data_dir: Path,
    *,
    cap: Money = ZERO,
    a_day: Money | None = None,
    clock: Ticking | None = None,
    place: Place | None = None,
) -> Clients:
    """Give clients of the demo kind that speak with the endpoint."""
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=data_dir, accounts=ACCOUNTS)
    meter = Meter(place or settings.data_dir, clock=clock or Ticking(), caps=Caps(cap, a_day))
    return Clients(settings, meter, reads=READS | METERED_ONLY)
