"""How often each operation was called, counted at the endpoint: what the product's own metering is checked against."""

from __future__ import annotations

from collections import Counter
from threading import Lock


class Calls:
    """Counts by service and operation, such as `("cloudwatch", "GetMetricData")`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def count(self, service: str, operation: str) -> None:
        with self._lock:
            self._counts[service, operation] += 1

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()

    def document(self) -> dict[str, dict[str, int]]:
        """Give {service: {operation: calls}}, sorted."""
        with self._lock:
            counted = sorted(self._counts.items())
        found: dict[str, dict[str, int]] = {}
        for (service, operation), calls in counted:
            found.setdefault(service, {})[operation] = calls
        return found
