"""Small servers on this machine, and a resolver that says what a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

from collectors.page_load.connecting import Gate
from collectors.page_load.http_probe import HttpProbe, Limits

LOOPBACK = (ip_network("127.0.0.0/8"),)
METADATA = "169.254.169.254"
Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FakeResolver:
    """Answers by name; a list gives its answers one after the other, the last again and again."""

    answers: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, port: int) -> Sequence[str]:
        given = self.answers.get(name)
        if given is None:
            raise OSError(-2, "Name or service not known")
        place = self.asked.count(name)
        self.asked.append(name)
        return given[min(place, len(given) - 1)]


@contextmanager
def serving(**replies: Reply) -> Iterator[int]:
    """Serve `/name` by each reply; give the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            replies.get(self.path.partition("?")[0].strip("/") or "home", missing)(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def page(body: bytes = b"<h1>Hello</h1>", status: int = 200) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def moved(to: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


missing = page(b"no", 404)


def probe(resolver: FakeResolver, *, allowed: bool = True, limits: Limits = Limits()) -> HttpProbe:  # noqa: B008
    return HttpProbe(Gate(LOOPBACK if allowed else (), resolver), time.perf_counter, limits)
