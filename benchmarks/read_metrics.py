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
from pathlib import Path
from typing import Any

from benchmarks.metric_readers import (
    FREE_METRICS,
    METRICS,
    STATISTICS,
    boto3_client,
    our_clients,
    read_ours,
    read_plain,
    requests,
    span,
    statistics_ours,
    statistics_plain,
    statistics_requests,
    statistics_transfer,
    transfer,
)

ROUNDS = 3
CLI_METRICS = 5
"""How many metrics of the free call the AWS CLI reads, a process each; its time is scaled."""
AWS = os.environ.get("WATCHKEEPER_AWS_CLI") or shutil.which("aws")
JS_SDK = os.environ.get("WATCHKEEPER_JS_SDK")
"""A folder in which `npm install @aws-sdk/client-cloudwatch` was run."""


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
PLAIN_PROCESS, JS = "boto3", "AWS SDK for JavaScript"


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


def statistics_rows(port: int) -> None:
    name, paid = "boto3 `get_metric_statistics`", "ours, the same by GetMetricData (250 series, paid)"
    with tempfile.TemporaryDirectory() as data_dir:
        clients, client = our_clients(port, data_dir), boto3_client(port)
        taken, got = timed(
            {
                name: lambda: statistics_plain(client, FREE_METRICS),
                OURS: lambda: statistics_ours(clients, FREE_METRICS),
                paid: lambda: statistics_ours(clients, FREE_METRICS, free=False),
                BARE: lambda: statistics_transfer(port, FREE_METRICS),
            },
            9,
        )
        clients.close()
    (count, total), (expected, plain_total) = got[OURS], got[name]
    assert count == expected == got[paid][0] == FREE_METRICS * 1440 * len(STATISTICS), got
    assert abs(total - plain_total) < 1e-6 * abs(plain_total), got
    print(f"\nThe free call: {FREE_METRICS} metrics x 1,440 points x 5 statistics ({count:,} values), in one process\n")
    table(taken, name)


def written_queries(points: int, folder: str) -> Path:
    path = Path(folder) / f"queries-{points}.json"
    path.write_text(json.dumps(requests(points)["MetricDataQueries"]))
    return path


def js_command(port: int, points: int, queries: Path) -> list[str]:
    script = Path(__file__).with_suffix(".mjs")
    over = (instant.isoformat() for instant in span(points))
    return ["node", str(script), str(port), str(queries), *over]


def cli_command(port: int, points: int, folder: str) -> list[str]:
    path = written_queries(points, folder)
    start, end = (instant.isoformat() for instant in span(points))
    return [
        str(AWS), "cloudwatch", "get-metric-data",
        "--endpoint-url", f"http://127.0.0.1:{port}", "--region", "us-east-1",
        "--metric-data-queries", f"file://{path}", "--start-time", start, "--end-time", end,
        "--scan-by", "TimestampAscending", "--output", "json",
    ]  # fmt: skip


def cli_statistics(port: int, metric: str) -> list[str]:
    start, end = (instant.isoformat() for instant in span(1440))
    return [
        str(AWS), "cloudwatch", "get-metric-statistics",
        "--endpoint-url", f"http://127.0.0.1:{port}", "--region", "us-east-1",
        "--namespace", "AWS/EC2", "--metric-name", "CPUUtilization", "--dimensions", f"Name=InstanceId,Value={metric}",
        "--period", "60", "--statistics", *STATISTICS, "--start-time", start, "--end-time", end, "--output", "json",
    ]  # fmt: skip


def run(*commands: list[str]) -> Callable[[], Any]:
    """Give what runs commands one after another, with nothing of this machine's AWS settings."""
    environ = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return lambda: [subprocess.run(each, check=True, capture_output=True, env=environ) for each in commands]


def free_processes(port: int) -> None:
    me = [sys.executable, "-m", "benchmarks.read_metrics", "--once"]
    with tempfile.TemporaryDirectory() as folder:
        queries = Path(folder) / "statistics.json"
        queries.write_text(json.dumps({"statistics": statistics_requests(FREE_METRICS)}))
        cli = f"AWS CLI, a process a metric ({CLI_METRICS} of {FREE_METRICS}, scaled)"
        rows = {
            PLAIN_PROCESS: run([*me, "plain-statistics", "1440", str(port)]),
            JS: run(js_command(port, 1440, queries)) if has_js() else None,
            cli: run(*(cli_statistics(port, f"i-{n:08x}") for n in range(CLI_METRICS))) if AWS else None,
            OURS: run([*me, "our-statistics", "1440", str(port)]),
        }
        taken, _ = timed({name: way for name, way in rows.items() if way})
    if cli in taken:
        scale = FREE_METRICS / CLI_METRICS
        taken[cli] = Taken(taken[cli].wall * scale, taken[cli].cpu * scale)
    process_table(f"The free call: {FREE_METRICS} x 1,440 points x 5 statistics", taken)


def whole_processes(port: int, points: int) -> None:
    me = [sys.executable, "-m", "benchmarks.read_metrics", "--once"]
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            PLAIN_PROCESS: run([*me, "plain", str(points), str(port)]),
            JS: run(js_command(port, points, written_queries(points, folder))) if has_js() else None,
            "AWS CLI (prints JSON)": run(cli_command(port, points, folder)) if AWS else None,
            OURS: run([*me, "ours", str(points), str(port)]),
        }
        taken, _ = timed({name: way for name, way in rows.items() if way})
    process_table(f"{METRICS} metrics x {points} points", taken)


def process_table(what: str, taken: Mapping[str, Taken]) -> None:
    print(f"\n{what}, whole processes, start-up included\n")
    print("| way | s | x plain boto3 |\n| --- | ---: | ---: |")
    for name, way in taken.items():
        print(f"| {name} | {way.wall:.2f} | {taken[PLAIN_PROCESS].wall / way.wall:.1f} |")


def has_js() -> bool:
    return bool(JS_SDK and shutil.which("node"))


def once(way: str, points: int, port: int) -> None:
    plain = {"plain": lambda c: read_plain(c, points), "plain-statistics": lambda c: statistics_plain(c, FREE_METRICS)}
    our = {"ours": lambda c: read_ours(c, points), "our-statistics": lambda c: statistics_ours(c, FREE_METRICS)}
    if way in plain:
        plain[way](boto3_client(port))
        return
    with tempfile.TemporaryDirectory() as data_dir:
        clients = our_clients(port, data_dir)
        our[way](clients)
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
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with stub() as port:
        for points in (200, 1440):
            in_process(port, points)
        statistics_rows(port)
        for points in (200, 1440):
            whole_processes(port, points)
        free_processes(port)
    if not AWS:
        print("\nNo AWS CLI: name one with WATCHKEEPER_AWS_CLI.")
    if not JS_SDK:
        print("\nNo AWS SDK for JavaScript: name a folder that has it with WATCHKEEPER_JS_SDK.")
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
