"""Values that a person gives by hand or in a file: read, checked and priced as a whole before the first is put."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from collectors.custom import Metrics
from collectors.custom_prices import AccountMetrics, CustomPrice
from collectors.custom_rules import MetricRefusedError

COLUMNS: Final = ("name", "value", "unit", "timestamp", "count", "resolution")
"""Of a file; each other column is a dimension, left out where its cell is empty."""
MOST_PROBLEMS: Final = 20
"""Lines that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Put:
    """One value to put."""

    name: str
    value: float
    unit: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    count: float = 1
    resolution: int = 60
    where: str = "the value"
    """Where it stands, such as `line 3`."""


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What would be put, its price, and what stands in the way."""

    puts: tuple[Put, ...]
    price: CustomPrice
    problems: tuple[str, ...]
    """Sentences; where there is one, nothing is put."""


class NotReadableError(ValueError):
    """A file that is no table of values."""


AskAccount = Callable[[], AccountMetrics | None]
"""Gives what others of the account push; None where that is not known. May ask AWS, which is free."""


def nobody() -> None:
    """Know nothing of others."""


def read_csv(text: str) -> tuple[tuple[Put, ...], tuple[str, ...]]:
    """Give the values of a CSV file, and a sentence for each line that cannot be read. Raises `NotReadableError`."""
    table = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    columns = [column.strip() for column in table.fieldnames or ()]
    if not {"name", "value"} <= set(columns) or len(set(columns)) < len(columns):
        raise NotReadableError(
            f"the first line names the columns {', '.join(columns) or 'none'}; name and value are needed, each"
            f" column once; {', '.join(COLUMNS[2:])} may be there, and every other column is a dimension"
        )
    table.fieldnames = columns
    puts: list[Put] = []
    problems: list[str] = []
    try:
        for row in table:
            try:
                puts.append(_row(row, where=f"line {table.line_num}"))
            except ValueError as error:
                problems.append(f"line {table.line_num}: {error}")
    except csv.Error as error:
        problems.append(f"line {table.line_num}: {error}")
    return tuple(puts), tuple(problems)


def plan(
    metrics: Metrics,
    puts: Iterable[Put],
    problems: Iterable[str] = (),
    *,
    account: AskAccount = nobody,
) -> PushPlan:
    """Check and price values without putting any; `account` is asked only where something is new."""
    puts, found = tuple(puts), list(problems)
    new: dict[tuple[str, tuple[tuple[str, str], ...]], None] = {}
    for put in puts:
        try:
            metrics.check(put.name, put.value, **_options(put))
            new[put.name, tuple(put.dimensions.items())] = None
        except MetricRefusedError as error:
            found.append(f"{put.where}: {error}")
    price = metrics.price(wanted := [(name, dict(dimensions)) for name, dimensions in new])
    if price.adding and (others := account()) is not None:
        price = metrics.price(wanted, account=others)
    if not price.within_quota:
        found.append(
            f"{price}; with the {price.known} of this month that is more than the quota of {price.quota}: raise"
            " WATCHKEEPER_CUSTOM_METRICS_QUOTA, or leave a dimension out"
        )
    return PushPlan(puts, price, tuple(found))


def apply(metrics: Metrics, plan: PushPlan) -> None:
    """Put what a plan without problems holds. Raises `MetricRefusedError` where something changed since."""
    if plan.problems:
        raise MetricRefusedError(plan.problems[0])
    for put in plan.puts:
        metrics.put(put.name, put.value, **_options(put))


def _options(put: Put) -> dict[str, Any]:
    return {
        "unit": put.unit,
        "dimensions": put.dimensions,
        "at": put.at,
        "count": put.count,
        "resolution": put.resolution,
    }


def _row(row: Mapping[str, str | None], *, where: str) -> Put:
    if "" in row:
        raise ValueError("has more cells than columns; put text with commas in quotes")
    if None in row.values():
        raise ValueError("has fewer cells than columns")
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    return Put(
        cells["name"],
        number(cells["value"], "value"),
        cells.get("unit") or None,
        {name: cell for name, cell in cells.items() if name not in COLUMNS and cell},
        instant(cells["timestamp"]) if cells.get("timestamp") else None,
        number(cells.get("count") or "1", "count"),
        int(number(cells.get("resolution") or "60", "resolution")),
        where,
    )


def number(text: str, what: str) -> float:
    """Read a number; raises ValueError with a sentence."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} {text!r} is no number; write it like 1.23") from None


def instant(text: str) -> datetime:
    """Read a time, ISO 8601 with its zone or seconds since 1970; raises ValueError with a sentence."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time {text!r} is not read; write it like 2026-11-27T10:00:00Z, or as seconds") from None
    if found.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone; write it like 2026-11-27T10:00:00Z")
    return found
