"""How a number with a CloudWatch unit is written: on axes, in tooltips, beside thresholds.

`static/charts/unit.js` does the same in the browser; one table of examples tests both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MISSING: Final = "–"
"""Written where there is no value."""

DOLLARS: Final = "USD"
"""The one unit that is not CloudWatch's."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One way to write numbers of a unit: divide, then put `suffix` behind and `prefix` before."""

    divisor: float
    suffix: str
    prefix: str = ""


_SECONDS: Final = (
    Scale(1e-6, " µs"),
    Scale(1e-3, " ms"),
    Scale(1.0, " s"),
    Scale(60.0, " min"),
    Scale(3600.0, " h"),
    Scale(86_400.0, " d"),
)
_BYTES: Final = tuple(
    Scale(float(1024**power), f" {prefix}B") for power, prefix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi"))
)
_COUNTS: Final = (Scale(1.0, ""), Scale(1e3, "k"), Scale(1e6, "M"), Scale(1e9, "G"))
_THOUSANDS_FROM: Final = 10_000.0
"""Counts below are written whole, with a thousands separator."""
_MINUTES_FROM: Final = 120.0
"""Durations below are written in seconds: 90 s says more than 1.5 min."""

_FACTORS: Final = {
    "Microseconds": ("Seconds", 1e-6),
    "Milliseconds": ("Seconds", 1e-3),
    "Bits": ("Bytes", 0.125),
    "Kilobytes": ("Bytes", 1e3),
    "Megabytes": ("Bytes", 1e6),
    "Gigabytes": ("Bytes", 1e9),
    "Terabytes": ("Bytes", 1e12),
    "Kilobits": ("Bytes", 125.0),
    "Megabits": ("Bytes", 125e3),
    "Gigabits": ("Bytes", 125e6),
    "Terabits": ("Bytes", 125e9),
}
"""CloudWatch units that are written in the words of another: (that unit, how many of it one is)."""


def _family(unit: str | None) -> tuple[str, float, str]:
    """Give the unit that decides the words, what to multiply by, and what stands behind (`/s` for a rate)."""
    name, rate = (unit[:-7], "/s") if unit and unit.endswith("/Second") else (unit or "None", "")
    family, factor = _FACTORS.get(name, (name, 1.0))
    return family, factor, rate


def scale_for(largest: float, unit: str | None) -> Scale:
    """Choose the scale in which `largest`, the greatest magnitude to be written, has few digits.

    >>> scale_for(0.412, "Seconds").suffix, scale_for(5e9, "Bytes/Second").suffix
    (' ms', ' GiB/s')
    """
    family, factor, rate = _family(unit)
    size = abs(largest) * factor if math.isfinite(largest) else 0.0
    chosen = _chosen(family, size)
    return Scale(chosen.divisor / factor, chosen.suffix + rate, chosen.prefix)


def _chosen(family: str, size: float) -> Scale:
    if family == "Percent":
        return Scale(1.0, "%")
    if family == "Seconds":
        if size == 0 or 1 <= size < _MINUTES_FROM:
            return _SECONDS[2]
        return _largest_below(_SECONDS, size)
    if family == "Bytes":
        return _largest_below(_BYTES, size)
    counts = _COUNTS[0] if size < _THOUSANDS_FROM else _largest_below(_COUNTS, size)
    return Scale(counts.divisor, counts.suffix, "$") if family == DOLLARS else counts


def _largest_below(scales: tuple[Scale, ...], size: float) -> Scale:
    fitting = [scale for scale in scales if size >= scale.divisor]
    return fitting[-1] if fitting else scales[0]


def written(value: float | None, unit: str | None) -> str:
    """Write `value` in three significant digits with its unit; a missing one as a dash.

    >>> [written(0.412, "Seconds"), written(58.24, "Percent"), written(1536, "Bytes"), written(1221, "Count/Second")]
    ['412 ms', '58.2%', '1.5 KiB', '1,221/s']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    scale = scale_for(value, unit)
    number = value / scale.divisor
    digits = digits_of(number, cents=scale.prefix == "$")
    sign = "−" if number < 0 and float(digits.replace(",", "")) != 0 else ""
    return f"{sign}{scale.prefix}{digits}{scale.suffix}"


def digits_of(number: float, *, cents: bool = False) -> str:
    """Write the magnitude of `number` in three significant digits, or as cents; whole above a hundred."""
    size = abs(number)
    if cents and (size == 0 or size >= 0.01):
        return f"{size:,.2f}" if size < 1000 else f"{size:,.0f}"
    if size >= 100 or size == 0:
        return f"{size:,.0f}"
    places = min(12, 2 - math.floor(math.log10(size)))
    text = f"{size:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def largest_of(values: Iterable[float]) -> float:
    """Give the greatest finite magnitude of `values`, zero where there is none."""
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)
