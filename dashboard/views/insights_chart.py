"""Rows of Logs Insights over time: a line for each number, and for each of the busiest groups, by `bin()`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from collectors.logs.insights import InsightsQuery
from collectors.logs.runs import Rows
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.wording import plain

MOST_LINES: Final = 8
"""Lines of one chart: more cannot be told apart."""
MOST_POINTS: Final = 2_000
"""Times of one chart; a longer answer is a table only."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_STATS: Final = re.compile(r"\bstats\b", re.IGNORECASE)


def over_time(rows: Rows, query: InsightsQuery) -> ChartView | None:
    """Give the chart of an answer that has a time in each row and numbers beside it; None for others."""
    place = _time_place(rows)
    if place is None or not _STATS.search(query.text):
        return None
    names, numbers = _split(rows, place)
    points = _points(rows, place, names, numbers)
    times = sorted({time for series in points.values() for time in series})
    if not points or not times or len(times) > MOST_POINTS:
        return None
    largest = sorted(points, key=lambda name: -sum(abs(value) for value in points[name].values()))[:MOST_LINES]
    left_out = len(points) - len(largest)
    note = f"The largest {MOST_LINES} of {len(points)} lines are drawn." if left_out else ""
    lines = tuple(_line(name, points[name], times, alone=len(largest) == 1) for name in sorted(largest))
    return ChartView("insights-chart", "Over time", None, lines, query.span, subtitle=note)


def _time_place(rows: Rows) -> int | None:
    """Give the column that holds a time in every row."""
    if not rows.rows:
        return None
    for place in range(len(rows.fields)):
        if all(row[place] is not None and _TIME.fullmatch(str(row[place])) for row in rows.rows):
            return place
    return None


def _split(rows: Rows, time: int) -> tuple[list[int], list[int]]:
    """Give the columns that name a line, and those that hold its numbers."""
    places = [place for place in range(len(rows.fields)) if place != time]
    numbers = [place for place in places if all(_number(row[place]) is not None for row in rows.rows if row[place])]
    numbers = [place for place in numbers if any(row[place] for row in rows.rows)]
    return [place for place in places if place not in numbers], numbers


def _points(rows: Rows, time: int, names: Sequence[int], numbers: Sequence[int]) -> Mapping[str, Mapping[int, float]]:
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows.rows:
        at = int(datetime.fromisoformat(str(row[time])).replace(tzinfo=UTC).timestamp())
        label = " · ".join(plain(row[place] or "none") for place in names)
        for place in numbers:
            value = _number(row[place])
            if value is not None:
                own = plain(rows.fields[place])
                found[f"{label} · {own}" if label and len(numbers) > 1 else label or own][at] = value
    return found


def _line(name: str, points: Mapping[int, float], times: Sequence[int], *, alone: bool) -> Line:
    values = np.array([points.get(time, np.nan) for time in times], dtype=np.float64)
    kind = LineKind.BAR if alone else LineKind.LINE
    return Line(name, np.array(times, dtype=np.int64), values, kind=kind)


def _number(value: str | None) -> float | None:
    try:
        found = float(value) if value else None
    except ValueError:
        return None
    return found if found is not None and np.isfinite(found) else None
