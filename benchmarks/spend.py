"""A billing export of many rows, added up by day, service and account: ours, beside other ways to do it.

    python -m benchmarks.spend                       # 10 million rows
    python -m benchmarks.spend --rows 50000000
    python -m benchmarks.spend --once "ours, rows"   # one way in this process, as JSON

The rows are made once and kept in the temporary directory. Every way runs in processes of its own, in turn. Costs are
doubles with 11 digits after the point, as AWS writes them to Parquet; sums of ways that add doubles are compared with
ours to a millionth, ours with each other to the last digit. Polars' row appears where polars is installed; the product
does not use it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb

from collectors.exports import files
from collectors.exports.cube import Cube
from collectors.exports.questions import Condition, Question
from collectors.exports.reading import reading

MONTHS = 6
TIMES = 5
BYTES_A_ROW = 40
MOST_FOR_PANDAS = 20_000_000
QUESTION = Question(("Day", "ServiceName", "SubAccountId"))
DRILL = Question(
    (),
    (Condition("ServiceName", "Service 7"), Condition("SubAccountId", "100000000003")),
    since=date(2026, 3, 10),
    until=date(2026, 3, 11),
)
ROW_SQL = """
SELECT (CAST(hash(i) % 2000000 AS DOUBLE) * CASE WHEN hash(i) % 50 = 0 THEN -1 ELSE 1 END) / 1e11 AS BilledCost,
    CAST(hash(i) % 2000000 AS DOUBLE) / 1e11 AS EffectiveCost,
    'USD' AS BillingCurrency,
    TIMESTAMP '2026-01-01' + INTERVAL (m) MONTH AS BillingPeriodStart,
    TIMESTAMP '2026-01-01' + INTERVAL (m) MONTH + INTERVAL (CAST(hash(i, 1) % 672 AS INTEGER)) HOUR
        AS ChargePeriodStart,
    CASE WHEN hash(i) % 50 = 0 THEN 'Credit' ELSE 'Usage' END AS ChargeCategory,
    'Service ' || CAST(floor(sqrt(hash(i, 2) % 400)) AS INTEGER) AS ServiceName,
    CAST(100000000000 + hash(i, 3) % 10 AS VARCHAR) AS SubAccountId,
    ['us-east-1', 'eu-west-1', 'ap-south-1'][CAST(1 + hash(i, 4) % 3 AS INTEGER)] AS RegionId,
    'i-' || printf('%017x', hash(i, 5) % 100000) AS ResourceId
FROM range(?, ?) AS t(i)
"""


def made(rows: int) -> Path:
    """Give the folder with the export, made where it is not there yet."""
    folder = Path(tempfile.gettempdir()) / f"watchkeeper-spend-{rows}"
    if (folder / "done").exists():
        return folder
    if shutil.disk_usage(tempfile.gettempdir()).free < 4 * rows * BYTES_A_ROW:
        sys.exit(f"skipped: {rows:,} rows need some {4 * rows * BYTES_A_ROW / 1e9:.0f} GB of disk for the run")
    (folder / "export").mkdir(parents=True, exist_ok=True)
    each = rows // MONTHS
    with duckdb.connect() as engine:
        for month in range(MONTHS):
            query = ROW_SQL.replace("(m)", f"({month})").replace("?, ?", f"{month * each}, {(month + 1) * each}")
            target = folder / "export" / f"focus-{month + 1:02d}.parquet"
            engine.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    (folder / "done").touch()
    return folder


# -- the ways ---------------------------------------------------------------------------------------------------------

Way = Callable[[Path], Callable[[], Any]]
"""Gets ready and gives what is timed, which gives the whole sum and the number of groups."""


def whole(amounts: list[Decimal | None]) -> str:
    with localcontext(prec=60):
        return f"{sum((each for each in amounts if each is not None), Decimal(0)):f}"


def our_rows(folder: Path) -> Callable[[], Any]:
    found = files.find(folder / "export").files

    def run() -> Any:
        with reading(found, folder / "work") as reader:
            totals = reader.totals(reader.describe(), QUESTION)
        return whole([each.billed for each in totals]), len(totals)

    return run


def our_build(folder: Path) -> Callable[[], Any]:
    found = files.find(folder / "export").files

    def run() -> Any:
        shutil.rmtree(folder / "cube", ignore_errors=True)
        cube = Cube(folder / "cube")
        note = cube.refresh(found, (), now=datetime.now(UTC))
        return whole([each.billed for each in cube.totals(QUESTION)]), note.rows

    return run


def our_cube(folder: Path) -> Callable[[], Any]:
    cube = Cube(folder / "cube")
    cube.refresh(files.find(folder / "export").files, (), now=datetime.now(UTC))

    def run() -> Any:
        totals = cube.totals(QUESTION)
        return whole([each.billed for each in totals]), len(totals)

    return run


def our_page(folder: Path) -> Callable[[], Any]:
    """What the page asks: a month by day and service."""
    cube = Cube(folder / "cube")
    cube.refresh(files.find(folder / "export").files, (), now=datetime.now(UTC))
    asked = Question(("Day", "ServiceName"), since=date(2026, 3, 1), until=date(2026, 4, 1))
    return lambda: ("", len(cube.totals(asked)))


def our_drill(folder: Path) -> Callable[[], Any]:
    found = files.find(folder / "export").files

    def run() -> Any:
        with reading(found, folder / "work") as reader:
            return "", len(reader.rows(reader.describe(), DRILL))

    return run


def plain_duckdb(folder: Path) -> Callable[[], Any]:
    engine = duckdb.connect(config={"threads": "2"})
    query = (
        "SELECT CAST(ChargePeriodStart AS DATE) AS d, ServiceName, SubAccountId, SUM(BilledCost) "  # noqa: S608
        f"FROM read_parquet('{folder}/export/*.parquet') GROUP BY ALL"
    )

    def run() -> Any:
        found = engine.execute(query).fetchall()
        return f"{sum(row[3] for row in found):.6f}", len(found)

    return run


def polars_lazy(folder: Path) -> Callable[[], Any]:
    import polars as pl

    def run() -> Any:
        scanned = pl.scan_parquet(folder / "export" / "*.parquet")
        day = pl.col("ChargePeriodStart").dt.date().alias("d")
        found = scanned.group_by(day, "ServiceName", "SubAccountId").agg(pl.col("BilledCost").sum()).collect()
        return f"{found['BilledCost'].sum():.6f}", found.height

    return run


def pandas_read(folder: Path) -> Callable[[], Any]:
    import pandas as pd

    def run() -> Any:
        names = ["ChargePeriodStart", "ServiceName", "SubAccountId", "BilledCost"]
        frame = pd.read_parquet(folder / "export", columns=names)
        days = frame["ChargePeriodStart"].dt.floor("D")
        found = frame.groupby([days, "ServiceName", "SubAccountId"], observed=True)["BilledCost"].sum()
        return f"{found.sum():.6f}", len(found)

    return run


WAYS: dict[str, Way] = {
    "ours, building the cube": our_build,
    "ours, cube": our_cube,
    "ours, cube, one month by day and service": our_page,
    "ours, rows (exact)": our_rows,
    "ours, rows behind one figure": our_drill,
    "plain DuckDB (doubles)": plain_duckdb,
    "polars, lazy (doubles)": polars_lazy,
    "pandas (doubles)": pandas_read,
}


def once(name: str, folder: Path) -> None:
    """Run one way some times in this process and print what it took."""
    run = WAYS[name](folder)
    times, answer = [], None
    for _ in range(1 if "building" in name else TIMES):
        begun = time.perf_counter()
        answer = run()
        times.append((time.perf_counter() - begun) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"first": times[0], "median": statistics.median(times[1:] or times), "peak": peak, "answer": answer})
    )


def compare(rows: int) -> None:
    """Run every way in turn and print the table."""
    folder = made(rows)
    size = sum(path.stat().st_size for path in (folder / "export").iterdir())
    print(f"{rows:,} rows, {size / 1e6:,.0f} MB of Parquet, {MONTHS} files; day x service x account")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},")
    print(f"DuckDB {duckdb.__version__}, load at the start {os.getloadavg()[0]:.1f}\n")
    print("| way | first, ms | then, ms | peak MB | groups |\n|---|---:|---:|---:|---:|")
    sums: dict[str, str] = {}
    for name in WAYS:
        library = name.split(",")[0].split(" ")[0]
        if library in {"polars", "pandas"} and importlib.util.find_spec(library) is None:
            continue
        if library == "pandas" and rows > MOST_FOR_PANDAS:
            continue
        command = [sys.executable, "-m", "benchmarks.spend", "--rows", str(rows), "--once", name]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        total, groups = found["answer"]
        if total:
            sums[name] = total
        print(
            f"| {name} | {found['first']:,.1f} | {found['median']:,.1f} | {found['peak']:,.0f} | {groups:,} |",
            flush=True,
        )
    exact = {total for name, total in sums.items() if name.startswith("ours")}
    assert len(exact) == 1, exact
    (true,) = exact
    for name, total in sums.items():
        assert abs(Decimal(total) - Decimal(true)) < Decimal("0.001"), (name, total, true)
    print(f"\nThe whole, exact: {true}; load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--once", choices=list(WAYS), metavar="WAY")
    options = parser.parse_args()
    if options.once:
        once(options.once, made(options.rows))
    else:
        compare(options.rows)
