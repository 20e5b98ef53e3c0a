"""Series for tests as time lines: `1 2 _ 4` is one value a minute from START on, `_` a gap."""

import numpy as np

from core.series import Series

START = 1_795_428_000
"""2026-11-23T10:00:00Z, a Monday."""


def series(line: str, *, period: int = 60, start: int = START) -> Series:
    words = line.split()
    pairs = [(start + place * period, float(word)) for place, word in enumerate(words) if word != "_"]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    return Series(times, np.array([value for _, value in pairs], dtype=np.float64), period)


def line(found: Series, *, minutes: int = 5) -> str:
    """Write a series the same way, rounded to three places."""
    values = dict(zip(found.times.tolist(), found.values.tolist(), strict=True))
    cells = [values.get(START + place * found.period) for place in range(minutes * 60 // found.period)]
    return " ".join("_" if value is None else f"{round(value, 3):g}" for value in cells)
