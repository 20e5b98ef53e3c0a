"""Metric filters: what matches a pattern becomes a metric, minute by minute, from when the filter was made.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from core.filter_pattern import FilterPattern
from core.reading import Scope
from core.series import MetricId
from demo import observed
from demo.ground import Ground
from demo.logs.block import Row
from demo.signals import MINUTE

MOST: Final = 100
"""Filters of one group. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
MOST_DIMENSIONS: Final = 3
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """One filter of one group."""

    name: str
    pattern: FilterPattern
    namespace: str
    metric: str
    value: str
    """A number, or where one is taken from: `$.ms`, `$size`."""
    created: datetime
    default: float | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict, hash=False)
    unit: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The request's further members, as they are described."""

    def observations(self, messages: Iterable[str]) -> dict[Dimensions, list[float]]:
        """Give the values of the lines that match, by their dimensions."""
        found: dict[Dimensions, list[float]] = {}
        for message in self.pattern.selecting(messages):
            number = self._number(message)
            where = {name: self.pattern.value(message, way) for name, way in self.dimensions.items()}
            if number is not None and None not in where.values():
                found.setdefault(tuple(where.items()), []).append(number)  # type: ignore[arg-type]
        return found

    def _number(self, message: str) -> float | None:
        """Read the value; what is no number is not counted."""
        text = self.pattern.value(message, self.value) if self.value.startswith("$") else self.value
        try:
            return None if text is None else float(text)
        except ValueError:
            return None


def count(
    ground: Ground, scope: Scope, filters: Iterable[MetricFilter], rows: Iterable[Row], *, minute: int, at: datetime
) -> None:
    """Put what the filters of a group make of the lines of one minute, which came in at `at`."""
    messages = [row[3] for row in rows]
    for each in filters if messages else ():
        found = each.observations(messages)
        if not found and each.default is not None:
            found = {(): [each.default]}
        for where, values in found.items():
            metric = MetricId(each.namespace, each.metric, where)
            observed.put(ground, scope, metric, values, second=minute, at=at, unit=each.unit)


def publish(ground: Ground, *, start: int, end: int, at: datetime) -> None:
    """Put what every filter makes of the lines that sites wrote in the minutes from `start` to `end`."""
    for scope, book in ground.logs.all():
        for name, filters in book.filtered().items():
            journal, plan = book.writer(name)
            if journal is None or plan is None or name not in ground.fleets.of(scope).moto.logs.groups:
                continue
            for minute in range(start, end, MINUTE):
                rows = journal.block(plan, minute, now=at.timestamp()).rows
                made = (each for each in filters if each.created.timestamp() < minute + MINUTE)
                count(ground, scope, made, rows, minute=minute, at=at)
