"""The ways to put metrics that `benchmarks.push` compares; each is run in a process of its own.

    python -m benchmarks.push_ways WAY PORT DATAPOINTS FOLDER      # prints what it measured as JSON

Every way puts the same datapoints: ten metrics in turn, seconds rounded to milliseconds, two dimensions.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from botocore.config import Config

METRICS = 10
DIMENSIONS = {"Page": "/employees", "Stage": "prod"}
PAIRS = [{"Name": name, "Value": value} for name, value in DIMENSIONS.items()]
Put = Callable[[str, float], object]


def values(count: int) -> list[tuple[str, float]]:
    drawn = np.random.default_rng(7).gamma(2.0, 0.4, count).round(3).tolist()
    return [(f"Load{n % METRICS}", value) for n, value in enumerate(drawn)]


def client(port: int) -> Any:
    return boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        config=Config(proxies={}),
    )


def datum(name: str, value: float) -> dict[str, Any]:
    return {"MetricName": name, "Value": value, "Unit": "Seconds", "Dimensions": PAIRS, "Timestamp": time.time()}


class Nothing:
    """Puts nothing: what a loop meets on this machine, beside others' work."""

    def __init__(self, _port: int, _folder: Path) -> None:
        """Need nothing."""

    def put(self, name: str, value: float) -> None:
        """Do as long as ours does, without doing it."""
        json.dumps([name, value])

    def finish(self) -> None:
        """Nothing waits."""


class OneByOne:
    """One call a datapoint."""

    def __init__(self, port: int, _folder: Path) -> None:
        self._client = client(port)

    def put(self, name: str, value: float) -> None:
        self._client.put_metric_data(Namespace="Bench", MetricData=[datum(name, value)])

    def finish(self) -> None:
        """All is there."""


class Buffered:
    """A list that is sent when it holds a thousand, as simple clients do; it waits for the answer."""

    def __init__(self, port: int, _folder: Path) -> None:
        self._client = client(port)
        self._waiting: list[dict[str, Any]] = []

    def put(self, name: str, value: float) -> None:
        self._waiting.append(datum(name, value))
        if len(self._waiting) >= 1000:
            self.finish()

    def finish(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            self._client.put_metric_data(Namespace="Bench", MetricData=batch)


class Powertools:
    """aws-lambda-powertools writes the embedded metric format to a file that stands for the log."""

    def __init__(self, _port: int, folder: Path) -> None:
        from aws_lambda_powertools import Metrics  # type: ignore[import-not-found]

        self._metrics = Metrics(namespace="Bench", service="bench")
        self._log = (folder / "powertools.log").open("w")
        self._metrics.set_default_dimensions(**DIMENSIONS)

    def put(self, name: str, value: float) -> None:
        with redirect_stdout(self._log):
            self._metrics.add_metric(name=name, unit="Seconds", value=value)

    def finish(self) -> None:
        with redirect_stdout(self._log):
            self._metrics.flush_metrics()
        self._log.close()


class OursToTheLog:
    """`collectors.embedded`, into a file."""

    def __init__(self, port: int, folder: Path) -> None:
        from cloud.settings import Settings
        from collectors.embedded import EmbeddedMetrics

        settings = Settings(cloud="demo", demo_port=port, data_dir=folder)
        self._log = (folder / "ours.log").open("w")
        self._metrics = EmbeddedMetrics("Bench", stream=self._log, settings=settings)

    def put(self, name: str, value: float) -> None:
        self._metrics.put(name, value, unit="Seconds", dimensions=DIMENSIONS)

    def finish(self) -> None:
        self._metrics.close()
        self._log.close()


class Ours:
    """`collectors.custom`: each put is on disk, a thread delivers."""

    def __init__(self, port: int, folder: Path) -> None:
        from cloud.settings import Settings
        from collectors.custom import Metrics

        settings = Settings(cloud="demo", demo_port=port, data_dir=folder)
        self.metrics = Metrics("Bench", settings=settings, flush_seconds=0.5, exit_seconds=600)

    def put(self, name: str, value: float) -> None:
        self.metrics.put(name, value, unit="Seconds", dimensions=DIMENSIONS)

    def finish(self) -> None:
        self.metrics.close()


WAYS: dict[str, Any] = {
    "nothing": Nothing,
    "one by one": OneByOne,
    "buffered": Buffered,
    "powertools": Powertools,
    "ours, log": OursToTheLog,
    "ours": Ours,
}


def megabytes() -> float:
    """Give the memory that is held now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(way: str, port: int, count: int, folder: Path) -> dict[str, float]:
    given = values(count)
    made = WAYS[way](port, folder)
    made.put("Load0", 0.0)  # connections, imports, the first sight of a metric
    before = megabytes()
    longest, put = 0.0, made.put
    busy = time.process_time()
    began = last = time.perf_counter()
    for name, value in given:
        put(name, value)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    accepted = time.perf_counter() - began
    made.finish()
    return {
        "cpu_us": (time.process_time() - busy) / max(count, 1) * 1e6,
        "accepted": count / max(accepted, 1e-9),
        "delivered": count / (time.perf_counter() - began),
        "longest_ms": longest * 1e3,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "before_mb": before,
        "sum": sum(value for _, value in given),
    }


def outage(way: str, port: int, seconds: int, a_second: int, folder: Path) -> dict[str, float]:
    """Put `a_second` datapoints of each of `seconds` as fast as it goes, while nobody answers on `port`."""
    made = WAYS[way](port, folder)
    if way == "ours":
        made.put("Load0", 0.0)
    before, longest, lost, slow = megabytes(), 0.0, 0, 0
    given = values(a_second)
    began = last = time.perf_counter()
    for _ in range(seconds):
        for name, value in given:
            try:
                made.put(name, value)
            except Exception:  # noqa: BLE001 - whatever a way raises at its caller: the datapoint's batch is gone
                lost += 1
            now = time.perf_counter()
            slow += now - last > 0.01
            longest, last = max(longest, now - last), now
    return {
        "seconds": time.perf_counter() - began,
        "longest_ms": longest * 1e3,
        "over_10_ms": slow,
        "before_mb": before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "raised": lost,
    }


if __name__ == "__main__":
    name, where, amount, place = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    measured = outage(name, where, amount, 1000, place) if "--outage" in sys.argv else run(name, where, amount, place)
    print(json.dumps(measured))
    sys.stdout.flush()
    os._exit(0)  # what waits, waits on disk: an exit that is no crash would deliver it first
