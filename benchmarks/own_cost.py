"""What a wall costs to watch, counted at the endpoint: ours, a call a chart and viewer, and polling everything.

    python -m benchmarks.own_cost [--minutes 60] [--viewers 1,10,50]

A demo cloud in a process of its own stands still and is moved on minute by minute with POST /_demo/advance; calls are
those that its GET /_demo/calls counted. Ours: every viewer reads the wall's 20 charts twice a minute through
`collectors.history`, half of them in another History over the same store, as in another process. It fails where our
ledger says anything else than the endpoint.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from cloud.caps import month_of
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.pricing import PriceBook
from cloud.settings import Settings
from collectors.query import MetricQuery
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import Money
from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan

ROOT: Final = Path(__file__).parents[1]
PROD: Final = Scope("111111111111", "us-east-1")
AT: Final = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CHARTS: Final = 20
LOOKS: Final = 2
"""Times a minute that a viewer looks; AWS may be asked once a minute, as the settings' default says."""
HOURS_A_MONTH: Final = 30 * 24
MOST_CALLS: Final = 12_000
"""Calls made of one way at most; a longer hour is counted in part and scaled, and the table says so."""


@dataclass(frozen=True)
class Row:
    """One way over one hour, as the endpoint counted it."""

    way: str
    viewers: str
    operation: str
    calls: int
    """In the whole hour, scaled where only a part was made."""
    metrics: int
    """Metrics in each call."""
    part: float = 1.0
    """Of the hour that was really made."""

    def text(self) -> str:
        billed = self.calls * self.metrics
        hour = price(self.operation, billed)
        month = price(self.operation, billed * HOURS_A_MONTH)
        scaled = "" if self.part == 1.0 else f" (made: {self.part:.0%})"
        return f"| {self.way} | {self.viewers} | {self.calls:,}{scaled} | {billed:,} | {hour} | {month} |"


def price(operation: str, units: int) -> Money:
    cost = PriceBook().cost("cloudwatch", operation, units, used=0) or Money(Decimal(0))
    return Money(cost.amount.quantize(Decimal("0.001"))) if cost.amount else cost


@dataclass(frozen=True)
class Endpoint:
    """The demo cloud, from outside."""

    url: str

    def control(self, method: str, path: str, body: str = "{}") -> Any:
        import json

        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=120)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            document = json.load(answer)
        assert answer.status == 200, document
        return document

    def advance(self, seconds: int) -> None:
        self.control("POST", "/_demo/advance", f'{{"seconds": {seconds}}}')

    def reset(self) -> None:
        self.control("POST", "/_demo/calls")

    def calls(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for operations in self.control("GET", "/_demo/calls").values():
            for name, calls in operations.items():
                counted[name] = counted.get(name, 0) + calls
        return counted


@contextmanager
def demo() -> Iterator[Endpoint]:
    """Run a demo cloud that stands still."""
    command = [sys.executable, "-m", "demo", "--port", "0", "--at", AT.isoformat(), "--seed", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the demo cloud did not start"
        yield Endpoint(found[0])
    finally:
        process.terminate()
        process.wait(20)


class Clock:
    """The instant that our own processes and the endpoint are at."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def advance(self, endpoint: Endpoint, seconds: int) -> None:
        endpoint.advance(seconds)
        self.now += timedelta(seconds=seconds)


@contextmanager
def watching(endpoint: Endpoint, data_dir: Path, clock: Clock) -> Iterator[CloudSources]:
    """Read as one of our processes does."""
    settings = Settings(cloud="demo", demo_port=urlsplit(endpoint.url).port or 0, data_dir=data_dir)
    clients = Clients(settings, Meter(settings.data_dir, clock=clock))
    store = Store(settings.data_dir)
    try:
        yield CloudSources(clients, store)
    finally:
        clients.close()
        store.close()


def ours(endpoint: Endpoint, clock: Clock, metrics: Sequence[MetricId], *, viewers: int, minutes: int) -> Row:
    """Let `viewers` look at the wall for `minutes`, sharing two processes' histories over one store."""
    with tempfile.TemporaryDirectory() as folder, watching(endpoint, Path(folder), clock) as first:
        with watching(endpoint, Path(folder), clock) as second:
            endpoint.reset()
            for _ in range(minutes * LOOKS):
                clock.advance(endpoint, 60 // LOOKS)
                span = Timespan.last(timedelta(hours=1), now=clock.now)
                wall = [MetricQuery(PROD, metric, "Average", 60, span) for metric in metrics]
                for viewer in range(viewers):
                    reading = (first, second)[viewer % 2].metrics(wall, now=clock.now)
                    assert reading.complete, reading.faults
        counted = endpoint.calls()
        ledger: dict[str, int] = {}
        for total in first.clients.meter.totals(month_of(AT)):
            ledger[total.operation] = ledger.get(total.operation, 0) + total.calls
        assert ledger == counted, f"the ledger says {ledger}, the endpoint {counted}"
        assert not first.clients.meter.spent_this_month().amount
    calls = counted.pop("GetMetricStatistics")
    assert not counted, f"other calls were made too: {counted}"
    return Row("**ours**", f"{viewers}", "GetMetricStatistics", calls, 1)


def usual(endpoint: Endpoint, clock: Clock, metrics: Sequence[MetricId], *, viewers: int, minutes: int) -> Row:
    """Ask for each chart of each viewer each minute, as a dashboard that reads through nothing does."""
    client = plain_client(endpoint)
    made = max(1, min(minutes, MOST_CALLS // (viewers * len(metrics))))
    endpoint.reset()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(made):
            clock.advance(endpoint, 60)
            chunks = [metric for _ in range(viewers) for metric in metrics]
            list(pool.map(lambda metric: get_data(client, [metric], clock.now), chunks))
    calls = endpoint.calls()["GetMetricData"]
    return Row(
        "GetMetricData, a call a chart and viewer",
        f"{viewers}",
        "GetMetricData",
        calls * minutes // made,
        1,
        made / minutes,
    )


def exporter(endpoint: Endpoint, clock: Clock, known: Sequence[MetricId], *, minutes: int) -> Row:
    """Ask for every metric of the account and region each minute, in calls of up to 500, as exporters do."""
    client = plain_client(endpoint)
    endpoint.reset()
    for _ in range(minutes):
        clock.advance(endpoint, 60)
        for first in range(0, len(known), 500):
            get_data(client, known[first : first + 500], clock.now)
    calls = endpoint.calls()["GetMetricData"]
    assert len(known) <= 500, "the row's metrics a call would be wrong"
    return Row(f"polling all {len(known)} metrics, watched or not", "any", "GetMetricData", calls, len(known))


def plain_client(endpoint: Endpoint) -> Any:
    return boto3.client(
        "cloudwatch",
        region_name=PROD.region,
        endpoint_url=endpoint.url,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        config=Config(max_pool_connections=8, retries={"total_max_attempts": 1}, proxies={}),
    )


def get_data(client: Any, metrics: Sequence[MetricId], now: datetime) -> None:
    queries = [
        {
            "Id": f"q{place}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
                },
                "Period": 60,
                "Stat": "Average",
            },
        }
        for place, metric in enumerate(metrics)
    ]
    client.get_metric_data(MetricDataQueries=queries, StartTime=now - timedelta(hours=1), EndTime=now)


def known_metrics(endpoint: Endpoint) -> list[MetricId]:
    pages = plain_client(endpoint).get_paginator("list_metrics").paginate()
    return [
        MetricId(
            each["Namespace"], each["MetricName"], tuple(sorted((d["Name"], d["Value"]) for d in each["Dimensions"]))
        )
        for page in pages
        for each in page["Metrics"]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--viewers", default="1,10,50")
    options = parser.parse_args()
    clock, began = Clock(), time.perf_counter()
    with demo() as endpoint:
        known = known_metrics(endpoint)
        wall = known[:CHARTS]
        print("| way | viewers | calls in the hour | billed units | this hour | a month of such hours |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for make in (ours, usual):
            for viewers in (int(number) for number in options.viewers.split(",")):
                print(make(endpoint, clock, wall, viewers=viewers, minutes=options.minutes).text(), flush=True)
        print(exporter(endpoint, clock, known, minutes=options.minutes).text())
    print(f"\n{len(wall)} charts, {options.minutes} minutes; took {time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
