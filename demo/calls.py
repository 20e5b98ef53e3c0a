"""How often each operation was called, counted at the endpoint: what the product's own metering is checked against."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

WATCHKEEPER: Final = "watchkeeper"
"""The word in the user agent of the product's clients, and of nobody else's."""


class Calls:
    """Counts by service and operation, such as `("cloudwatch", "GetMetricData")`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._of_watchkeeper: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, service: str, operation: str, *, agent: str = "") -> None:
        """Count one request; `agent` is how its client names itself."""
        with self._lock:
            self._counts[service, operation] += 1
            if WATCHKEEPER in agent:
                self._of_watchkeeper[f"{service}:{operation}"] += 1

    def of_watchkeeper(self) -> dict[str, int]:
        """Give the requests of Watchkeeper's own clients since the start, by operation; a reset leaves them."""
        with self._lock:
            return dict(sorted(self._of_watchkeeper.items()))

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
