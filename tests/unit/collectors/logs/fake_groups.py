"""Log groups with retention and metric filters that really change, behind the interface that applying needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collectors.logs.groups import LogGroup
from collectors.logs.metric_filters import MetricFilter
from core.log_lines import LogLine
from core.reading import Scope

HERE = Scope("111111111111", "us-east-1")
GIGABYTE = 10**9


def group(
    name: str = "app", stored: int = 100 * GIGABYTE, retention: int | None = None, log_class: str = "STANDARD"
) -> LogGroup:
    arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{name}"
    return LogGroup(HERE, name, arn, stored, retention, datetime(2026, 1, 1, tzinfo=UTC), log_class)


def errors(**changed: Any) -> MetricFilter:
    """Counts errors; `changed` are other fields."""
    fields = {"group": "app", "name": "errors", "pattern": "ERROR", "namespace": "Directory", "metric": "Errors"}
    return MetricFilter(**(fields | changed))


def line(message: str, at: int = 0) -> LogLine:
    return LogLine(at, "app", "web", message)


@dataclass
class FakeGroups:
    """An account's log groups."""

    retention: dict[str, int | None] = field(default_factory=lambda: {"app": None, "app-2": 30})
    filters: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    written: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation == "DescribeMetricFilters":
            found = [
                document
                for (place, name), document in sorted(self.filters.items())
                if place == params["logGroupName"] and name.startswith(params["filterNamePrefix"])
            ]
            return {"metricFilters": found}
        prefix = params["logGroupNamePrefix"]
        kept = {name: days for name, days in sorted(self.retention.items()) if name.startswith(prefix)}
        return {
            "logGroups": [
                {"logGroupName": name, **({"retentionInDays": days} if days else {})} for name, days in kept.items()
            ]
        }

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[FakeGroups]:
        yield self

    def write(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.written.append((operation, params))
        name = params["logGroupName"]
        match operation:
            case "PutMetricFilter":
                (transformation,) = params["metricTransformations"]
                kept = {**params, "metricTransformations": [{"unit": "None", **transformation}], "creationTime": 1_000}
                self.filters[name, params["filterName"]] = kept
            case "DeleteMetricFilter":
                del self.filters[name, params["filterName"]]
            case "PutRetentionPolicy":
                self.retention[name] = params["retentionInDays"]
            case "DeleteRetentionPolicy":
                self.retention[name] = None
        return {}
