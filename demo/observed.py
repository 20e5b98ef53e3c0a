"""A user's own metrics, whichever way they came: listed after a while, billed by the hour in which they report."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from core.reading import Scope
from core.series import MetricId
from demo.ground import Ground
from demo.usage import hours_in_month

METRIC_MONTHS: Final = ("AmazonCloudWatch", "CW:MetricMonitorUsage")


def note(ground: Ground, scope: Scope, metric: MetricId, *, at: datetime) -> None:
    """Note that a metric reports at an instant."""
    if ground.stores.of(scope).note_put(metric, at=int(at.timestamp())):
        ground.bills.taps.add(scope, METRIC_MONTHS, 1 / hours_in_month(at), at=at)


def put(
    ground: Ground,
    scope: Scope,
    metric: MetricId,
    values: list[float],
    *,
    second: int,
    at: datetime,
    unit: str | None = None,
    counts: list[float] | None = None,
    resolution: int = 60,
) -> None:
    """Put values that were seen at `second` and came in at `at`."""
    note(ground, scope, metric, at=at)
    weights = None if counts is None else np.array([counts], dtype=np.float64)
    times, samples = np.array([second]), np.array([values], dtype=np.float64)
    ground.stores.of(scope).put(metric, times, samples, weights, unit=unit, resolution=resolution)
