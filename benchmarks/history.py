"""How large the history store gets, and how fast it reads: `python -m benchmarks.history`.

500 metrics × 15 days of minutes through the product's own writing and reading, a third each of averages of five
samples with two decimals, of counts, and of a random walk in full float64 (nothing to compress), once with rows
compressed as settled ones are, once plain. Reads are of 20 series × 24 h: rows not read before, and rows read again.
The same in PostgreSQL, where this machine has a server to start: of a read also the time that passes, the server's part
in it.
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

from cloud.database import Connection, Place, forget
from collectors import chunks
from collectors.chunks import SETTLING
from collectors.metrics import Part
from collectors.planning import StatisticsCall
from collectors.query import MetricQuery
from collectors.store import STORE, Store
from core.reading import Scope
from core.series import MetricId, Values
from core.timespan import Timespan
from tests import postgres

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


def read(store: Store, queries: Sequence[MetricQuery]) -> tuple[float, float]:
    """Give the milliseconds of one read: of our CPU, and as they pass."""
    began, started = time.process_time(), time.perf_counter()
    with store.reading() as connection:
        loaded = chunks.load_all(connection, queries)
    for query, held in loaded.items():
        if np.isnan(held.values).any():
            raise AssertionError(f"{query.metric} has gaps; every minute was written")
    return (time.process_time() - began) * 1000, (time.perf_counter() - started) * 1000


def size(connection: Connection, place: Place) -> int:
    """Give the bytes of the store."""
    if place.url:
        (octets,) = connection.execute(
            "SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relname='chunks'"
        ).fetchone()
        return int(octets)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return int(pages * connection.execute("PRAGMA page_size").fetchone()[0])


def measure(place: Place, *, settled: bool) -> str:
    store = Store(place)
    seconds = load(store, settled=settled)
    with store.writing() as connection:
        octets = size(connection, place)
    span = Timespan(END - DAY, END)
    walls = [
        [MetricQuery(SCOPE, metric(number), "Average", 60, span) for number in range(first, first + SERIES)]
        for first in range(0, METRICS, SERIES)
    ]
    first = [read(store, wall) for wall in walls]
    again = [read(store, walls[0]) for _ in range(25)]
    store.close()
    forget(place, STORE)
    figures = [statistics.median(times) for reads in (first, again) for times in zip(*reads, strict=True)]
    return f"| {octets / 1e6:.1f} | {seconds:.1f} | {' | '.join(f'{figure:.2f}' for figure in figures)} |"


def main() -> int:
    print("| store | rows | MB | load s | read first, CPU ms | as it passes | read again, CPU ms | as it passes |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        table("SQLite", Place(Path(folder)))
    if postgres.find_binaries():
        with postgres.serving() as server:
            table("PostgreSQL", Place(Path(), server.url))
    return 0


def table(store: str, place: Place) -> None:
    for rows, settled in (("plain", False), ("compressed", True)):
        print(f"| {store} | {rows} {measure(place, settled=settled)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
