"""The rule itself: what counts of datapoints decide, for one instant and for a million at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alarms.kinds import Comparison, MetricAlarm, MissingData, SingleMetric
from alarms.state import StateValue

COMPARES: Final[Mapping[Comparison, Callable[[Any, Any], Any]]] = {
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}
"""How a value, or an array of values, breaches a threshold."""

FILLED: Final = {MissingData.BREACHING: True, MissingData.NOT_BREACHING: False}
"""The treatments that put something into the place of missing datapoints, and whether it breaches."""

Codes = npt.NDArray[np.int8]
OK: Final = 0
ALARM: Final = 1
INSUFFICIENT_DATA: Final = 2
KEEP: Final = -1
"""Codes of states in arrays; KEEP leaves the state as it is."""
STATES: Final = (StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA)
"""State by code."""

Counts = npt.NDArray[np.int64]


def decide(*, n: int, m: int, missing: MissingData, real: int, breaching: int, oldest_breach: int) -> StateValue | None:
    """Give the state that the datapoints decide, or None where they leave it as it is.

    `real` datapoints were considered, at most `n`; `breaching` of them breach, and the oldest one that does is
    `oldest_breach` periods old (the newest period is 1).
    """
    if real >= n:
        return StateValue.ALARM if breaching >= m else StateValue.OK
    if missing in FILLED:
        filled = n - real if FILLED[missing] else 0
        return StateValue.ALARM if breaching + filled >= m else StateValue.OK
    if real == 0:
        return None if missing is MissingData.IGNORE else StateValue.INSUFFICIENT_DATA
    if breaching >= m:
        return StateValue.ALARM
    if real > breaching:
        return StateValue.OK
    if missing is MissingData.IGNORE:
        return None
    # Only breaching datapoints, fewer than M: an alarm now would be premature until the oldest is M periods old.
    return StateValue.ALARM if oldest_breach >= m else StateValue.INSUFFICIENT_DATA


def decide_many(
    *, n: int, m: int, missing: MissingData, real: Counts, breaching: Counts, oldest_breach: Counts
) -> Codes:
    """`decide` for arrays of counts; gives codes."""
    decided = np.where(breaching >= m, ALARM, OK).astype(np.int8)
    scarce = real < n
    if not scarce.any():
        return decided
    if missing in FILLED:
        filled = (n - real) * FILLED[missing]
        return np.where(breaching + filled >= m, ALARM, OK).astype(np.int8)
    undecided = scarce & (breaching < m) & (real == breaching)
    if missing is MissingData.IGNORE:
        decided[undecided] = KEEP
        return decided
    overdue = (breaching > 0) & (oldest_breach >= m)
    decided[undecided] = np.where(overdue[undecided], ALARM, INSUFFICIENT_DATA)
    return decided


def few_samples_below(alarm: MetricAlarm) -> float | None:
    """Give the sample count under which a percentile is not trusted, or None where the alarm trusts any.

    Ten over the share of samples beyond the percentile: "Percentile-based alarms and low data samples",
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    if alarm.low_samples != "ignore" or not isinstance(alarm.source, SingleMetric):
        return None
    rank = alarm.source.statistic.high
    if not alarm.source.statistic.is_percentile or rank is None or rank in {0, 100}:
        return None
    return 1000 / (100 - rank if rank >= 50 else rank)
