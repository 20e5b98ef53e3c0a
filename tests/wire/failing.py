"""A proxy before a demo cloud that fails as AWS does under load: throttled, broken, or gone in mid-answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Failure = Literal["throttle", "break", "hang up"]

_THROTTLED = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'


class FailingProxy:
    """Passes requests on, except those that `plan` fails; counts every request that arrived."""

    def __init__(self) -> None:
        self.plan: list[Failure | None] = []
        """What happens to the next requests, in their order; whatever comes after passes."""
        self.arrived: Counter[str] = Counter()
        self.failed = 0
        self.port = 0
        self._lock = threading.Lock()

    def next_fate(self, operation: str) -> Failure | None:
        with self._lock:
            self.arrived[operation] += 1
            fate = self.plan.pop(0) if self.plan else None
            self.failed += fate is not None
            return fate


def operation_of(headers: Any, body: bytes) -> str:
    """Read the operation's name from a request in any protocol that AWS's services for us speak."""
    target = str(headers.get("X-Amz-Target") or "")
    if target:
        return target.rpartition(".")[2]
    fields = dict(pair.partition("=")[::2] for pair in body.decode().split("&"))
    return fields["Action"]


@contextmanager
def failing_proxy(url: str) -> Iterator[FailingProxy]:
    """Run a proxy before the endpoint at `url`."""
    proxy = FailingProxy()
    host = url.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fate = proxy.next_fate(operation_of(self.headers, body))
            if fate == "hang up":
                self.close_connection = True
            elif fate is not None:
                self.reply(400 if fate == "throttle" else 500, _THROTTLED if fate == "throttle" else b"{}", {})
            else:
                self.reply(*self.passed_on(body))

        def passed_on(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
            with closing(HTTPConnection(host, timeout=30)) as connection:
                connection.request("POST", self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                kept = {"Content-Type": answer.headers.get("Content-Type", "")}
                return answer.status, answer.read(), kept

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
