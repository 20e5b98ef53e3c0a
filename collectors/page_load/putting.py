"""What a measurement becomes: values with a page's name, for whoever puts metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

LOAD: Final = "PageLoadTime"
UNITS: Final[Mapping[str, str]] = {
    LOAD: "Seconds",
    "FirstByteTime": "Seconds",
    "FirstContentfulPaint": "Seconds",
    "LargestContentfulPaint": "Seconds",
    "InteractionToNextPaint": "Seconds",
    "CumulativeLayoutShift": "None",
    "TotalBlockingTime": "Seconds",
    "PageFailed": "Count",
    "FailedRequests": "Count",
    "ConsoleErrors": "Count",
    "CertificateDaysLeft": "Count",
    "RedirectPhase": "Seconds",
    "DnsPhase": "Seconds",
    "ConnectPhase": "Seconds",
    "TlsPhase": "Seconds",
    "FirstBytePhase": "Seconds",
    "ContentPhase": "Seconds",
}
"""Every metric that is put of a page load, with its unit."""
PHASES: Final = ("Redirect", "Dns", "Connect", "Tls", "FirstByte", "Content")
"""Of one load, in their order; a metric of each is named with `Phase` behind it."""


class Putting(Protocol):
    """Whoever puts metrics, such as `collectors.custom.Metrics`. May raise ValueError for what it does not accept."""

    def put(
        self,
        name: str,
        value: float,
        *,
        unit: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Accept a value; says whether it is kept."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one page."""

    name: str
    value: float
    """In the metric's unit in `UNITS`."""
    dimensions: Mapping[str, str]
    at: datetime

    def of(self, region: str | None) -> Point:
        """Give the same as it is seen from a region; from none that is known it stays as it is."""
        return self if region is None else replace(self, dimensions={**self.dimensions, "Region": region})


def put_all(points: Iterable[Point], metrics: Putting) -> tuple[int, tuple[str, ...]]:
    """Put every point; give how many are kept, and each reason once why others are not."""
    kept, reasons = 0, dict[str, None]()
    for point in points:
        try:
            kept += metrics.put(
                point.name, point.value, unit=UNITS[point.name], dimensions=point.dimensions, at=point.at
            )
        except ValueError as error:
            reasons[str(error)] = None
    return kept, tuple(reasons)
