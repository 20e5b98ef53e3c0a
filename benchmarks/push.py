"""Putting metrics: ours beside a call a datapoint, a buffered boto3 client and Powertools' log lines, in one run.

    python -m benchmarks.push [--powertools FOLDER] [--rounds 3]

FOLDER is one in which `pip install --target FOLDER aws-lambda-powertools` was run; without it that row is left out.
Each way runs in processes of its own, in turn; medians. What arrives at the stub is counted: ways that deliver must
have delivered all, or it fails. Then ten minutes in which nobody answers.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

DATAPOINTS = {"one by one": 1_000, "buffered": 20_000, "powertools": 50_000, "ours, log": 100_000, "ours": 200_000}
DELIVERS = ("one by one", "buffered", "ours")
LABELS = {
    "one by one": "boto3, a `put_metric_data` a datapoint",
    "nothing": "an empty put, the machine itself",
    "buffered": "boto3, a thousand a call, waits for the answer",
    "powertools": "Powertools, embedded metric format to a file (delivers nothing itself)",
    "ours, log": "**ours**, embedded metric format to a file (delivers nothing itself)",
    "ours": "**ours**, spool on disk, a thread delivers",
}
A_SECOND = 1000
OUTAGE_SECONDS = {"nothing": 600, "buffered": 3, "ours": 600}
"""Of the ten minutes, how many are put: each batch of a client that waits is minutes of trying."""


@contextmanager
def stub(port: int = 0) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.push_stub", str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def arrived(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/count") as answer:
        counts: dict[str, float] = json.load(answer)
        return counts


def measured(way: str, port: int, amount: int, folder: str, extra: str, *flags: str) -> dict[str, float]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHKEEPER_"))}
    environ |= {"PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), extra])), "POWERTOOLS_SERVICE_NAME": "b"}
    environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    command = [sys.executable, "-m", "benchmarks.push_ways", way, str(port), str(amount), folder, *flags]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def throughput(rounds: int, extra: str) -> None:
    ways = [way for way in DATAPOINTS if way != "powertools" or extra]
    rows: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    with stub() as port:
        for _ in range(rounds):
            for way in ways:
                with tempfile.TemporaryDirectory() as folder:
                    arrived(port)
                    row = measured(way, port, DATAPOINTS[way], folder, extra)
                there = arrived(port)
                if way in DELIVERS:
                    assert there["values"] == DATAPOINTS[way] + 1, (way, there)
                    assert abs(there["sum"] - row["sum"]) < 1e-6 * row["sum"], (way, there, row)
                rows[way].append({**row, "requests": there["requests"], "kb": there["bytes"] / 1e3})
    print("\n| way | accepted a second | delivered a second | x | CPU µs | x | longest, ms | requests | kB sent | MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    base, busy = (statistics.median(row[name] for row in rows["one by one"]) for name in ("delivered", "cpu_us"))
    for way, each in rows.items():
        middle = {name: statistics.median(row[name] for row in each) for name in each[0]}
        sent = f"{middle['delivered']:,.0f}" if way in DELIVERS else "–"
        ratio = f"{middle['delivered'] / base:,.0f}" if way in DELIVERS else "–"
        per = DATAPOINTS[way] / 100_000
        print(
            f"| {LABELS[way]} | {middle['accepted']:,.0f} | {sent} | {ratio} | {middle['cpu_us']:,.1f}"
            f" | {busy / middle['cpu_us']:,.0f} | {middle['longest_ms']:,.1f}"
            f" | {middle['requests'] / per:,.0f} | {middle['kb'] / per:,.0f} | {middle['peak_mb']:,.0f} |"
        )
    print("\nCPU is the process's own, all threads, a datapoint; MB is its peak. Requests and kB are for 100,000.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def outages() -> None:
    print(f"\nTen minutes without AWS, {A_SECOND:,} datapoints of every second, put as fast as they go\n")
    print("| way | AWS | put | longest put, ms | over 10 ms | memory MB, before → peak | lost |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for way, seconds in OUTAGE_SECONDS.items():
        for hangs in (False, True) if way == "ours" else (False,):
            outage(way, seconds, hangs=hangs)


def outage(way: str, seconds: int, *, hangs: bool) -> None:
    port, silent = free_port(), None
    if hangs:
        silent = socket.create_server(("127.0.0.1", port), backlog=128)  # takes connections and says nothing
    with tempfile.TemporaryDirectory() as folder:
        row = measured(way, port, seconds, folder, "", "--outage")
        if silent is not None:
            silent.close()
        lost = "" if way == "nothing" else f"{row['raised'] * A_SECOND:,.0f} of {seconds * A_SECOND:,}"
        if way == "ours":
            lost = delivered_afterwards(port, folder, seconds * A_SECOND + 1, row)
    how = "hangs" if hangs else "nobody listens"
    print(
        f"| {LABELS[way]} | {how} | {seconds * A_SECOND:,} | {row['longest_ms']:,.1f} | {row['over_10_ms']:,.0f}"
        f" | {row['before_mb']:.0f} → {row['peak_mb']:.0f} | {lost} |"
    )


def delivered_afterwards(port: int, folder: str, expected: int, row: dict[str, float]) -> str:
    """Deliver in another process what the one that is gone has put; say what arrived."""
    with stub(port):
        after = measured("ours", port, 0, folder, "")
        there = arrived(port)
    assert there["values"] >= expected + 1, (there, expected, row, after)
    twice = there["values"] - expected - 1
    return f"0; {twice:,.0f} arrived twice; delivered in {there['requests']:,.0f} calls when AWS was back"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--powertools", default="", help="a folder that has aws-lambda-powertools")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    throughput(options.rounds, options.powertools)
    outages()
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
