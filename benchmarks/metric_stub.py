"""A stub of CloudWatch's metric reads on loopback, in the wire protocol that boto3 speaks (JSON 1.0).

The body's shape follows botocore's model; no captured AWS answer was at hand. Answers are made once and then only sent,
so that the time measured is the reader's. `python -m benchmarks.metric_stub` prints its port.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE_DATAPOINTS = 100_800
TARGET = "GraniteServiceVersion20100801"


@cache
def column(place: int, start: int, points: int, period: int) -> tuple[str, str]:
    """Give the times and values of one metric as JSON numbers, written as AWS's examples write them."""
    times = ",".join(f"{(start + period * n) / 1e9!r}E9" for n in range(points))
    values = ",".join(repr(round(((place * 7919 + n * 104_729) % 100_000) / 997, 6)) for n in range(points))
    return times, values


@cache
def data_page(first: int, places: tuple[int, ...], start: int, points: int, period: int, token: str | None) -> bytes:
    results = []
    for number, place in enumerate(places, start=first):
        times, values = column(place, start, points, period)
        results.append(
            f'{{"Id":"q{number}","Label":"CPUUtilization","StatusCode":"Complete",'
            f'"Timestamps":[{times}],"Values":[{values}]}}'
        )
    after = f',"NextToken":{json.dumps(token)}' if token else ""
    return f'{{"Messages":[],"MetricDataResults":[{",".join(results)}]{after}}}'.encode()


def get_metric_data(request: Mapping[str, Any]) -> bytes:
    queries = request["MetricDataQueries"]
    period = queries[0]["MetricStat"]["Period"]
    start, end = int(request["StartTime"]), int(request["EndTime"])
    points = (end - start) // period
    first = int(request.get("NextToken") or 0)
    last = min(len(queries), first + max(1, PAGE_DATAPOINTS // points))
    places = tuple(place_of(query) for query in queries[first:last])
    return data_page(first, places, start, points, period, str(last) if last < len(queries) else None)


def place_of(query: Mapping[str, Any]) -> int:
    """Give the metric's number, which its instance id holds."""
    return int(query["MetricStat"]["Metric"]["Dimensions"][0]["Value"].removeprefix("i-"), 16)


@cache
def statistics_body(start: int, points: int, period: int, statistics: tuple[str, ...]) -> bytes:
    datapoints = []
    for n in range(points):
        values = ",".join(f'"{name}":{((n * 104_729 + k) % 100_000) / 997!r}' for k, name in enumerate(statistics))
        datapoints.append(f'{{"Timestamp":{(start + period * n) / 1e9!r}E9,{values},"Unit":"Percent"}}')
    datapoints = datapoints[1::2] + datapoints[::2]  # "data points are not returned in chronological order"
    return f'{{"Datapoints":[{",".join(datapoints)}],"Label":"CPUUtilization"}}'.encode()


def get_metric_statistics(request: Mapping[str, Any]) -> bytes:
    start, end, period = int(request["StartTime"]), int(request["EndTime"]), request["Period"]
    return statistics_body(start, (end - start) // period, period, tuple(request["Statistics"]))


ANSWERS = {f"{TARGET}.GetMetricData": get_metric_data, f"{TARGET}.GetMetricStatistics": get_metric_statistics}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = ANSWERS[self.headers["X-Amz-Target"]](json.loads(body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
