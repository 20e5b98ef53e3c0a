"""The embedded metric format: lines that say themselves which metrics they hold.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from core.series import MetricId

MOST_DIMENSIONS: Final = 30
MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Observation:
    """Values of one metric that one line holds."""

    metric: MetricId
    milliseconds: int
    values: list[float]
    counts: list[float] | None
    unit: str | None
    resolution: int


def observations(message: str, *, milliseconds: int) -> Iterator[Observation]:
    """Give the metrics of a line; nothing for a line that is not of the format."""
    if '"_aws"' not in message:
        return
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError:
        return
    if not isinstance(document, dict) or not isinstance(document.get("_aws"), dict):
        return
    meta = document["_aws"]
    when = meta.get("Timestamp", milliseconds)
    for directive in meta.get("CloudWatchMetrics") or ():
        yield from _directed(document, directive, when if isinstance(when, int) else milliseconds)


def _directed(document: Mapping[str, Any], directive: Mapping[str, Any], ms: int) -> Iterator[Observation]:
    namespace = directive.get("Namespace")
    sets = [_dimensions(document, names) for names in directive.get("Dimensions") or [[]]]
    for described in directive.get("Metrics") or ():
        name = described.get("Name")
        values, counts = _values(document.get(name))
        if not isinstance(namespace, str) or not isinstance(name, str) or not values:
            continue
        unit, resolution = described.get("Unit"), int(described.get("StorageResolution", 60))
        for where in sets:
            if where is not None:
                yield Observation(MetricId(namespace, name, where), ms, values, counts, unit, resolution)


def _dimensions(document: Mapping[str, Any], names: list[str]) -> tuple[tuple[str, str], ...] | None:
    """Give a dimension set; None where the line lacks one of its values."""
    if len(names) > MOST_DIMENSIONS or any(not isinstance(document.get(name), str) for name in names):
        return None
    return tuple((name, document[name]) for name in names)


def _values(given: Any) -> tuple[list[float], list[float] | None]:
    """Read a number, a list of numbers, or values with their counts."""
    if isinstance(given, Mapping):
        values, _ = _values(given.get("Values"))
        counts, _ = _values(given.get("Counts"))
        return (values, counts) if len(values) == len(counts) else ([], None)
    many = given if isinstance(given, list) else [given]
    numbers = [
        float(each) for each in many[:MOST_VALUES] if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    return (numbers if len(numbers) == len(many) else []), None
