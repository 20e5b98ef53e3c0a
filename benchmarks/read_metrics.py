"""Reading metrics: ours beside plain boto3 and the AWS CLI, from one stub, in one run, as ratios.

    python -m benchmarks.read_metrics            # the tables of benchmarks/README.md
    python -m benchmarks.read_metrics --once ours 1440 PORT    # one whole process, as it measures itself

The stub answers in the wire protocol that boto3 speaks (JSON 1.0). Each row reads every datapoint: boto3 into lists,
ours into arrays. Sums are compared, so that nobody is fast by reading less.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

METRICS = 500
END = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ROUNDS = 3
STATISTICS = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
AWS = os.environ.get("WATCHKEEPER_AWS_CLI") or shutil.which("aws")
JS_SDK = os.environ.get("WATCHKEEPER_JS_SDK")
"""A folder in which `npm install @aws-sdk/client-cloudwatch` was run."""


def span(points: int) -> tuple[datetime, datetime]:
    return END - timedelta(minutes=points), END


# -- the ways to read -------------------------------------------------------------------------------------------------


def boto3_client(port: int) -> Any:
    import boto3

    return boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
    )


def requests(points: int) -> dict[str, Any]:
    start, end = span(points)
    return {
        "MetricDataQueries": [
            {
                "Id": f"q{place}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/EC2",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": f"i-{place:08x}"}],
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
            }
            for place in range(METRICS)
        ],
        "StartTime": start,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }


def read_plain(client: Any, points: int) -> tuple[int, float]:
    count, total = 0, 0.0
    for page in client.get_paginator("get_metric_data").paginate(**requests(points)):
        for result in page["MetricDataResults"]:
            count += len(result["Timestamps"])
            total += sum(result["Values"])
    return count, total


def our_clients(port: int, data_dir: str) -> Any:
    from cloud.caps import Caps
    from cloud.clients import Clients
    from cloud.metering import Meter
    from cloud.settings import Settings
    from core.money import Money

    settings = Settings(cloud="demo", demo_port=port, data_dir=Path(data_dir))
    return Clients(settings, Meter(Path(data_dir), clock=lambda: END, caps=Caps(Money(Decimal(1000)))))


def our_queries(clients: Any, points: int) -> Any:
    from collectors.query import MetricQuery
    from core.series import MetricId
    from core.timespan import Timespan

    scope = clients.scopes()[0]
    over = Timespan(*span(points))
    return [
        MetricQuery(scope, MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", f"i-{n:08x}"),)), "Average", 60, over)
        for n in range(METRICS)
    ]


def read_ours(clients: Any, points: int) -> tuple[int, float]:
    from collectors import metrics
    from collectors.planning import Allowance, plan

    planned = plan(our_queries(clients, points), allowance=Allowance({}, clients.meter.money_left().amount))
    reading = metrics.fetch(planned, clients, now=END)
    assert reading.complete, reading.faults
    return sum(len(s) for s in reading.value.values()), sum(float(s.values.sum()) for s in reading.value.values())


def transfer(port: int, points: int) -> Callable[[], tuple[int, float]]:
    """Give a reader of the same bodies, sized as ours, that looks at nothing."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=8)
    batch = max(1, min(METRICS, 100_800 // points))
    start, end = span(points)
    bodies = [
        json.dumps(
            {
                **requests(points),
                "MetricDataQueries": requests(points)["MetricDataQueries"][first : first + batch],
                "StartTime": start.timestamp(),
                "EndTime": end.timestamp(),
            }
        ).encode()
        for first in range(0, METRICS, batch)
    ]
    headers = {"X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData"}

    def read() -> tuple[int, float]:
        return sum(len(pool.request("POST", "/", body=body, headers=headers).data) for body in bodies), 0.0

    return read


def statistics_plain(client: Any, metrics: int) -> int:
    start, end = span(1440)
    count = 0
    for n in range(metrics):
        answer = client.get_metric_statistics(
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            Dimensions=[{"Name": "InstanceId", "Value": f"i-{n:08x}"}],
            StartTime=start,
            EndTime=end,
            Period=60,
            Statistics=STATISTICS,
        )
        count += len(answer["Datapoints"])
    return count


def statistics_ours(clients: Any, metrics: int) -> int:
    from collectors import metrics as reader
    from collectors.planning import Allowance, plan
    from collectors.query import MetricQuery

    queries = [
        MetricQuery(q.scope, q.metric, name, q.period, q.span)
        for q in our_queries(clients, 1440)[:metrics]
        for name in STATISTICS
    ]
    planned = plan(queries, allowance=Allowance({queries[0].scope.account: 10**6}))
    reading = reader.fetch(planned, clients, now=END)
    assert reading.complete, reading.faults
    return sum(len(s) for s in reading.value.values()) // len(STATISTICS)


# -- measuring --------------------------------------------------------------------------------------------------------


@contextmanager
def stub() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.metric_stub"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Taken:
    """Medians of one way, in seconds."""

    wall: float
    cpu: float
    """Of this process and all its threads: steadier than the wall clock on a machine that others use."""


def timed(ways: Mapping[str, Callable[[], Any]], rounds: int = ROUNDS) -> tuple[dict[str, Taken], dict[str, Any]]:
    """Give what each way took, and what it gave. Ways take turns, after one round to warm up."""
    results = {name: way() for name, way in ways.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter(), time.process_time()
            results[name] = way()
            taken[name].append((time.perf_counter() - began[0], time.process_time() - began[1]))
    medians = {name: Taken(*map(statistics.median, zip(*each, strict=True))) for name, each in taken.items()}
    return medians, results


PLAIN, OURS, BARE = "boto3 `get_metric_data` paginator", "**ours**", "transfer only"


def table(taken: Mapping[str, Taken], base: str) -> None:
    """Print a row for each way, and how many times faster than `base` it is."""
    print("| way | ms | x plain boto3 | CPU ms | x plain boto3 |\n| --- | ---: | ---: | ---: | ---: |")
    plain = taken[base]
    for name, way in taken.items():
        ratios = plain.wall / way.wall, plain.cpu / way.cpu
        print(f"| {name} | {way.wall * 1e3:,.1f} | {ratios[0]:,.1f} | {way.cpu * 1e3:,.1f} | {ratios[1]:,.1f} |")


def in_process(port: int, points: int) -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        clients, client = our_clients(port, data_dir), boto3_client(port)
        taken, got = timed(
            {
                PLAIN: lambda: read_plain(client, points),
                OURS: lambda: read_ours(clients, points),
                BARE: transfer(port, points),
            },
            5,
        )
        clients.close()
    (count, total), (expected, plain_total) = got[OURS], got[PLAIN]
    assert count == expected == METRICS * points, got
    assert abs(total - plain_total) < 1e-6 * abs(plain_total), got
    print(
        f"\n{METRICS} metrics x {points} points ({count:,} datapoints, {got[BARE][0] / 1e6:.1f} MB), in one process\n"
    )
    table(taken, PLAIN)
    print(f"\nOurs: {count / taken[OURS].wall / 1e6:.1f} M datapoints a second.", end=" ")
    print(f"Share spent in transfer: {taken[BARE].wall / taken[OURS].wall:.0%}")


def statistics_rows(port: int, metrics: int = 50) -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        clients, client = our_clients(port, data_dir), boto3_client(port)
        name = "boto3 `get_metric_statistics`"
        taken, got = timed(
            {name: lambda: statistics_plain(client, metrics), OURS: lambda: statistics_ours(clients, metrics)}, 5
        )
        clients.close()
    assert set(got.values()) == {metrics * 1440}, got
    print(f"\nThe free call: {metrics} GetMetricStatistics calls of 1,440 points x 5 statistics, in one process\n")
    table(taken, name)


def written_queries(points: int, folder: str) -> Path:
    path = Path(folder) / f"queries-{points}.json"
    path.write_text(json.dumps(requests(points)["MetricDataQueries"]))
    return path


def js_command(port: int, points: int, folder: str) -> list[str]:
    script = Path(__file__).with_suffix(".mjs")
    over = (instant.isoformat() for instant in span(points))
    return ["node", str(script), str(port), str(written_queries(points, folder)), *over]


def cli_command(port: int, points: int, folder: str) -> list[str]:
    path = written_queries(points, folder)
    start, end = (instant.isoformat() for instant in span(points))
    return [
        str(AWS), "cloudwatch", "get-metric-data",
        "--endpoint-url", f"http://127.0.0.1:{port}", "--region", "us-east-1",
        "--metric-data-queries", f"file://{path}", "--start-time", start, "--end-time", end,
        "--scan-by", "TimestampAscending", "--output", "json",
    ]  # fmt: skip


def whole_processes(port: int, points: int) -> None:
    environ = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def run(command: list[str]) -> Callable[[], Any]:
        return lambda: subprocess.run(command, check=True, capture_output=True, env=environ)

    me = [sys.executable, "-m", "benchmarks.read_metrics", "--once"]
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            "boto3 paginator": run([*me, "plain", str(points), str(port)]),
            "AWS SDK for JavaScript": run(js_command(port, points, folder))
            if JS_SDK and shutil.which("node")
            else None,
            "AWS CLI (prints JSON)": run(cli_command(port, points, folder)) if AWS else None,
            "**ours**": run([*me, "ours", str(points), str(port)]),
        }
        taken, _ = timed({name: way for name, way in rows.items() if way})
    print(f"\n{METRICS} metrics x {points} points, whole processes, start-up included\n")
    print("| way | s | x plain boto3 |\n| --- | ---: | ---: |")
    for name, way in taken.items():
        print(f"| {name} | {way.wall:.2f} | {taken['boto3 paginator'].wall / way.wall:.1f} |")
    if not AWS:
        print("\nNo AWS CLI: name one with WATCHKEEPER_AWS_CLI.")
    if not JS_SDK:
        print("\nNo AWS SDK for JavaScript: name a folder that has it with WATCHKEEPER_JS_SDK.")


def once(way: str, points: int, port: int) -> None:
    if way == "plain":
        read_plain(boto3_client(port), points)
        return
    with tempfile.TemporaryDirectory() as data_dir:
        clients = our_clients(port, data_dir)
        read_ours(clients, points)
        clients.close()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", nargs=3, metavar=("WAY", "POINTS", "PORT"), help="read once in a process of its own")
    options = parser.parse_args()
    if options.once:
        way, points, port = options.once
        once(way, int(points), int(port))
        return
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with stub() as port:
        for points in (200, 1440):
            in_process(port, points)
        statistics_rows(port)
        for points in (200, 1440):
            whole_processes(port, points)


if __name__ == "__main__":
    main()
