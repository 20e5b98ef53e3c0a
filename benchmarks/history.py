"""How large the history store gets, and how fast it reads: `python -m benchmarks.history`.

500 metrics × 15 days of minutes through the product's own writing and reading, a third each of averages of five
samples with two decimals, of counts, and of a random walk in full float64 (nothing to compress), once with rows
compressed as settled ones are, once plain. Reads are of 20 series × 24 h: rows not read before, and rows read again.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from collectors import chunks
from collectors.chunks import SETTLING
from collectors.metrics import Part
from collectors.planning import StatisticsCall
from collectors.query import MetricQuery
from collectors.store import Store
from core.reading import Scope
from core.series import MetricId, Values
from core.timespan import Timespan

METRICS: Final = 500
DAYS: Final = 15
SERIES: Final = 20
DAY: Final = timedelta(days=1)
END: Final = datetime(2026, 11, 23, tzinfo=UTC)
SCOPE: Final = Scope("111111111111", "us-east-1")


def metric(number: int) -> MetricId:
    return MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", f"i-{number}"),))


def values(number: int, random: np.random.Generator) -> Values:
    """Give the day's minutes of one metric, of one of three kinds."""
    if number % 3 == 0:
        return np.asarray(np.round(random.gamma(3, 10, size=(1440, 5)), 2).mean(1), np.float64)
    if number % 3 == 1:
        return random.poisson(900, size=1440).astype(np.float64)
    walk: Values = 50 + np.cumsum(random.normal(size=1440))
    return walk


def load(store: Store, *, settled: bool) -> float:
    """Write everything, day by day; give the seconds it took."""
    random = np.random.default_rng(7)
    began = time.perf_counter()
    for day in range(DAYS, 0, -1):
        span = Timespan(END - day * DAY, END - (day - 1) * DAY)
        times = np.arange(int(span.start.timestamp()), int(span.end.timestamp()), 60)
        now = span.end + SETTLING if settled else span.start
        with store.writing() as connection:
            for number in range(METRICS):
                call = StatisticsCall(SCOPE, metric(number), 60, span, ("Average",), span)
                chunks.lay(connection, call.keys[0], call, Part(times, values(number, random)), now)
    return time.perf_counter() - began


def read(store: Store, queries: Sequence[MetricQuery]) -> float:
    """Give the CPU milliseconds of one read."""
    began = time.process_time()
    with store.reading() as connection:
        loaded = chunks.load_all(connection, queries)
    for query, held in loaded.items():
        if np.isnan(held.values).any():
            raise AssertionError(f"{query.metric} has gaps; every minute was written")
    return (time.process_time() - began) * 1000


def measure(folder: Path, *, settled: bool) -> str:
    store = Store(folder)
    seconds = load(store, settled=settled)
    with store.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    span = Timespan(END - DAY, END)
    walls = [
        [MetricQuery(SCOPE, metric(number), "Average", 60, span) for number in range(first, first + SERIES)]
        for first in range(0, METRICS, SERIES)
    ]
    first = statistics.median(read(store, wall) for wall in walls)
    again = statistics.median(read(store, walls[0]) for _ in range(25))
    store.close()
    return f"| {pages * size / 1e6:.1f} | {seconds:.1f} | {first:.2f} | {again:.2f} |"


def main() -> int:
    print("| rows | MB | load s | read first, CPU ms | read again, CPU ms |\n| --- | ---: | ---: | ---: | ---: |")
    for name, settled in (("plain", False), ("compressed", True)):
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {name} {measure(Path(folder), settled=settled)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
