"""A stand-in for CloudWatch Logs: FilterLogEvents over the lines of a file, pages of 1 MB or 10,000 lines, both ways.

    python -m benchmarks.logs_stub FILE LINES    # prints its port

It filters nothing: what is measured is reading. The shape of its answers is the model's of botocore.
"""

from __future__ import annotations

import itertools
import json
import sys
from bisect import bisect_left, bisect_right
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

START = 1_764_150_000_000
"""When the first line happened, in milliseconds; one follows each ten milliseconds."""
STEP = 10
GROUP = "/bench"
PAGE_BYTES = 1 << 20
PAGE_LINES = 10_000
ARN = f"arn:aws:logs:us-east-1:111111111111:log-group:{GROUP}"


class Lines:
    """The lines as they go over the wire, made once."""

    def __init__(self, path: Path, number: int) -> None:
        self.times: list[int] = []
        self.events: list[bytes] = []
        with path.open(encoding="utf-8") as stream:
            for place, line in enumerate(itertools.islice(stream, number)):
                at = START + place * STEP
                event = {
                    "logStreamName": f"web-{place % 4}", "timestamp": at, "message": line.rstrip("\n"),
                    "ingestionTime": at + 900, "eventId": f"{place:056d}",
                }  # fmt: skip
                self.times.append(at)
                self.events.append(json.dumps(event, separators=(",", ":")).encode())

    def page(self, asked: dict[str, Any]) -> bytes:
        """Give one page, newest first where that was asked for."""
        first = bisect_left(self.times, asked.get("startTime", 0))
        last = bisect_right(self.times, asked.get("endTime", 1 << 60))
        backward = not asked.get("startFromHead", True)
        token = asked.get("nextToken")
        begin = int(token) if token else last - 1 if backward else first
        step = -1 if backward else 1
        found: list[bytes] = []
        size, place = 0, begin
        most = min(PAGE_LINES, asked.get("limit", PAGE_LINES))
        while first <= place < last and len(found) < most and size < PAGE_BYTES:
            found.append(self.events[place])
            size += len(self.events[place])
            place += step
        more = f',"nextToken":"{place}"' if first <= place < last else ""
        return b'{"events":[' + b",".join(found) + b'],"searchedLogStreams":[]' + more.encode() + b"}"


def handler(lines: Lines) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            body = lines.page(asked) if operation == "FilterLogEvents" else self.other(operation)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def other(self, operation: str) -> bytes:
            if operation == "DescribeLogGroups":
                return json.dumps({"logGroups": [{"logGroupName": GROUP, "arn": f"{ARN}:*"}]}).encode()
            return b'{"logStreams":[]}'

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Lines(Path(sys.argv[1]), int(sys.argv[2]))))
    print(server.server_port, flush=True)
    server.serve_forever()
