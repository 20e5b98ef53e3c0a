"""A stub of CloudWatch's PutMetricData on loopback, which counts what arrives. It prints its port.

    python -m benchmarks.push_stub [PORT]

GET /count gives {"values", "sum", "requests", "bytes"} since the last time it was asked.
"""

from __future__ import annotations

import gzip
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import orjson


class Arrived:
    lock = threading.Lock()
    counts: ClassVar[dict[str, float]] = {"values": 0, "sum": 0.0, "requests": 0, "bytes": 0}


def note(body: bytes, encoding: str | None) -> None:
    values, total = 0.0, 0.0
    for datum in orjson.loads(gzip.decompress(body) if encoding == "gzip" else body)["MetricData"]:
        if "StatisticValues" in datum:
            values += datum["StatisticValues"]["SampleCount"]
            total += datum["StatisticValues"]["Sum"]
            continue
        given = datum.get("Values") or [datum["Value"]]
        counts = datum.get("Counts") or [1] * len(given)
        values += sum(counts)
        total += sum(value * count for value, count in zip(given, counts, strict=True))
    with Arrived.lock:
        more = {"values": values, "sum": total, "requests": 1, "bytes": len(body)}
        Arrived.counts = {name: Arrived.counts[name] + amount for name, amount in more.items()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"{}")
        note(body, self.headers["Content-Encoding"])

    def do_GET(self) -> None:
        with Arrived.lock:
            counts, Arrived.counts = Arrived.counts, dict.fromkeys(Arrived.counts, 0)
        self._answer(orjson.dumps(counts))

    def _answer(self, answer: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
