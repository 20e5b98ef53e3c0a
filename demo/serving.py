"""The HTTP server under the demo cloud: threads, connections that stay open, a port that says so when it is taken.

werkzeug's own server closes the connection after every answer; AWS clients keep theirs for the next call.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self, TypeAlias

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

WsgiApp: TypeAlias = Any
"""A WSGI application: `app(environ, start_response) -> Iterable[bytes]`."""

BACKLOG = 128
"""Connections that may wait to be accepted; fifty clients may start at once."""

EVENT_STREAM = "application/vnd.amazon.eventstream"
"""An answer of this type goes on: it is sent as it is made."""

IDLE_SECONDS = 75
"""Seconds after which a connection that asks nothing is closed, so that its thread ends."""


class PortTakenError(OSError):
    """The port cannot be listened on; the message names it and the setting."""


class KeepAliveHandler(MotoRequestHandler):
    """Answers one request after the other on a connection; the application has read each body to its end."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request, in one write."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answered.append((status, headers))

        chunks: Iterable[bytes] = self.server.app(self.make_environ(), start_response)
        try:
            if any(header == ("Content-Type", EVENT_STREAM) for header in answered[-1][1]):
                self._stream(*answered[-1], chunks)
            else:
                self._write(*answered[-1], b"".join(chunks))
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def handle_expect_100(self) -> bool:
        """`run_wsgi` says when to go on; saying it twice confuses clients."""
        return True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of each request; `GET /_demo/calls` counts them."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of a connection that was closed because it idled; that is no error."""
        if not (args and isinstance(args[0], TimeoutError)):
            super().log_error(format, *args)

    def _stream(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]) -> None:
        """Send an answer as it is made, until it ends or nobody listens any more."""
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in (*headers, ("Transfer-Encoding", "chunked")):
            self.send_header(name, value)
        self.end_headers()
        try:
            for chunk in chunks:
                self.wfile.write(b"%X\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names and int(code) not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        if self.command != "HEAD":
            # `end_headers` flushes what is buffered: with the body behind the blank line all goes in one packet.
            self._headers_buffer.extend((b"\r\n", body))
            self.flush_headers()
        else:
            self.end_headers()


class DemoServer:
    """Serves an application on `host`:`port` from a thread of its own; port 0 takes a free one."""

    def __init__(
        self, app: WsgiApp, *, host: str = "127.0.0.1", port: int = 0, bound: socket.socket | None = None
    ) -> None:
        """Take `bound`, a socket of `reserved`, or reserve `host`:`port`; raises PortTakenError."""
        self._socket = bound or reserved(host, port)
        self._server: BaseWSGIServer = make_server(
            host, port, app, threaded=True, request_handler=KeepAliveHandler, fd=self._socket.fileno()
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="demo-server", daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{self._socket.getsockname()[0]}:{self.port}"

    def start(self) -> None:
        """Answer from now on; until here a client was refused."""
        self._socket.listen(BACKLOG)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; answers under way are finished by their threads."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._socket.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()


def reserved(host: str, port: int) -> socket.socket:
    """Give a socket bound to the port, which nobody can connect to yet; raises PortTakenError with what to do."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        why = "is in use by another program" if error.errno == errno.EADDRINUSE else "may not be used by this user"
        raise PortTakenError(
            error.errno,
            f"port {port} on {host} {why}; choose another with --port or WATCHKEEPER_DEMO_PORT",
        ) from error
    return listening
