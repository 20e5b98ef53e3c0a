"""A proxy on this machine that lets a browser through to checked addresses only.

A browser resolves names by itself, so looking at its requests does not help against a name that changes its address.
Behind a proxy it resolves nothing: this one does, through the same gate as every probe.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Final

from collectors.page_load.connecting import Gate, Stopwatch, UnreachedError, connect
from collectors.page_load.sites import RefusedError, Site, check_host, check_port, read

MOST_HEAD: Final = 65_536
CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 30.0
_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+):(\d{1,5})", re.IGNORECASE)
_CHUNK: Final = 65_536


class Gateway(socketserver.ThreadingTCPServer):
    """Listens on loopback while a page is loaded; remembers what it refused, and stops at a number of bytes."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, gate: Gate, stopwatch: Stopwatch, *, most_bytes: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gate, self.stopwatch = gate, stopwatch
        self.refused: list[str] = []
        self._left = most_bytes
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, size: int) -> bool:
        """Count bytes that came in; says whether more may come."""
        with self._lock:
            self._left -= size
            if self._left <= 0 and "too much" not in "".join(self.refused[-1:]):
                self.refused.append("the page and what it loads are too much; the rest was not let through")
            return self._left > 0

    def reached(self, site: Site) -> socket.socket:
        """Connect to a checked address of a site; raises `RefusedError` and `UnreachedError`."""
        until = self.stopwatch() + CONNECT_SECONDS
        addresses = self.gate.addresses(site, seconds=CONNECT_SECONDS)
        return connect(addresses, site.port, until=until, stopwatch=self.stopwatch)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser closes connections as it likes."""


@contextlib.contextmanager
def open_gateway(gate: Gate, stopwatch: Stopwatch, *, most_bytes: int) -> Iterator[Gateway]:
    """Run a gateway for as long as the block does."""
    with Gateway(gate, stopwatch, most_bytes=most_bytes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(socketserver.BaseRequestHandler):
    """One connection of the browser: a tunnel, or one request in the clear."""

    request: socket.socket
    server: Gateway

    def handle(self) -> None:
        self.request.settimeout(IDLE_SECONDS)
        head, rest = self._head()
        method, _, remains = head.partition(" ")
        target = remains.partition(" ")[0]
        try:
            tunnel = method == "CONNECT"
            site = _tunnelled(target) if tunnel else read(target)
            upstream = self.server.reached(site)
        except RefusedError as error:
            self.server.refused.append(str(error))
            self.request.sendall(b"HTTP/1.1 403 Refused by the probe\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        except UnreachedError:
            self.request.sendall(b"HTTP/1.1 502 Not reached\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with upstream:
            if tunnel:
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            upstream.sendall(rest if tunnel else _rewritten(head, site) + rest)
            self._pipe(upstream)

    def _head(self) -> tuple[str, bytes]:
        """Read up to the end of the request's head; give it, and what came behind it."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.request.recv(_CHUNK)
            if not part or len(data) > MOST_HEAD:
                raise ConnectionError("no request came")
            data += part
        head, _, rest = data.partition(b"\r\n\r\n")
        return head.decode("latin-1"), rest

    def _pipe(self, upstream: socket.socket) -> None:
        ends = {self.request: upstream, upstream: self.request}
        while True:
            ready, _, _ = select.select(list(ends), [], [], IDLE_SECONDS)
            if not ready:
                return
            for end in ready:
                part = end.recv(_CHUNK)
                if not part or (end is upstream and not self.server.take(len(part))):
                    return
                ends[end].sendall(part)


def _tunnelled(target: str) -> Site:
    match = _AUTHORITY.fullmatch(target)
    if match is None:
        raise RefusedError(f"{target[:80]!r} is no host and port")
    host = check_host(match[1].strip("[]").lower())
    return Site(f"https://{target}", "https", host, check_port(int(match[2])), "/")


def _rewritten(head: str, site: Site) -> bytes:
    """Give the head as the server wants it: its own path, one request a connection, nothing about proxies."""
    first, *lines = head.split("\r\n")
    method, version = first.split(" ")[0], first.rsplit(" ", 1)[-1]
    left_out = ("connection:", "proxy-", "host:", "keep-alive:", "upgrade:")
    kept = [line for line in lines if not line.lower().startswith(left_out)]
    fresh = (f"{method} {site.target} {version}", f"Host: {site.authority}", "Connection: close", *kept)
    return ("\r\n".join(fresh) + "\r\n\r\n").encode("latin-1")
