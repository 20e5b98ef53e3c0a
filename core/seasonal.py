"""Watchkeeper's own seasonal model of a metric: what is usual at this hour, and how far values usually stray.

This is not AWS's anomaly detection, whose model is not public. The expected value is the median of what was seen at
the same hour of the week, of the day, or ever, whichever of these has enough history; the spread is the median distance
from it, scaled so that it equals a standard deviation for normally distributed noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from core.series import Series, Times, Values

HOUR: Final = 3600
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
MONDAY: Final = 4 * DAY
"""1970-01-05 was a Monday."""
ENOUGH: Final = 2
"""So many whole days or weeks must lie behind a daily or weekly pattern."""
TO_DEVIATION: Final = 1.4826
"""Median absolute deviation to standard deviation of normal noise."""


def band(history: Series, times: Times, *, width: float) -> tuple[Values, Values]:
    """Give lower and upper bound at `times`: expected value ∓ `width` standard deviations, learnt from `history`."""
    if not len(history):
        nothing = np.full(times.size, np.nan)
        return nothing, nothing
    season = _season(history)
    learnt, asked = _slots(history.times, season), _slots(times, season)
    expected, spread = _medians(learnt, history.values)
    middle = expected[np.minimum(asked, expected.size - 1)]
    around = spread[np.minimum(asked, spread.size - 1)]
    return middle - width * around, middle + width * around


def _season(history: Series) -> int:
    """How long the pattern is that the history supports, in seconds; 0 for none."""
    length = int(history.times[-1] - history.times[0]) + history.period
    for season in (WEEK, DAY):
        if length >= ENOUGH * season:
            return season
    return 0


def _slots(times: Times, season: int) -> Times:
    """The hour of the season in which each time lies."""
    return (times - MONDAY) % season // HOUR if season else np.zeros_like(times)


def _medians(slots: Times, values: Values) -> tuple[Values, Values]:
    """Median and spread a slot; a slot without history gets those of all slots together."""
    count = int(slots.max()) + 1
    middle = float(np.median(values))
    expected = np.full(count, middle)
    spread = np.full(count, _spread(values, middle))
    order = np.argsort(slots, kind="stable")
    bounds = np.searchsorted(slots[order], np.arange(count + 1))
    for slot in range(count):
        seen = values[order[bounds[slot] : bounds[slot + 1]]]
        if seen.size:
            expected[slot] = np.median(seen)
            spread[slot] = _spread(seen, expected[slot])
    return expected, spread


def _spread(values: Values, middle: float) -> float:
    """How far values stray; where most of them are the same, the standard deviation, so that the band is not a line."""
    robust = TO_DEVIATION * float(np.median(np.abs(values - middle)))
    return robust or float(np.std(values))
