"""What stands for AWS when metrics are pushed: it counts what arrives, and fails as a test tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from cloud.faults import ServiceFailure, Throttled


class KilledError(BaseException):
    """The process ends here."""


class Arrivals:
    """Values by how often they arrived."""

    def __init__(self) -> None:
        self.values: Counter[tuple[str, float]] = Counter()
        self.requests = 0

    def take(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Count a request, and give AWS's answer."""
        self.requests += 1
        for datum in request["MetricData"]:
            if "StatisticValues" in datum:
                self.values[datum["MetricName"], datum["StatisticValues"]["Sum"]] += 1
                continue
            values = datum.get("Values", [datum.get("Value")])
            for value, count in zip(values, datum.get("Counts", [1]), strict=True):
                self.values[datum["MetricName"], value] += int(count)
        return {}


class ScriptedPush:
    """Does with each call what the script says next; afterwards all is well."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals
        self.script: list[str] = []

    def put(self, _namespace: str, body: bytes, /) -> None:
        what = self.script.pop(0) if self.script else "ok"
        if what in {"ok", "answer lost", "killed after"}:
            self.arrivals.take(orjson.loads(body))
        if what == "throttled":
            raise Throttled("Rate exceeded")
        if what in {"answer lost", "failed halfway"}:
            raise ServiceFailure("InternalFailure")
        if what.startswith("killed"):
            raise KilledError
