"""Round ticks for a value axis, as `static/charts/unit.js` makes them on the live wall."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dashboard.charts.unit import Scale, scale_for

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK_STEPS: Final = {" min": (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0), " h": (1.0, 2.0, 3.0, 6.0, 12.0, 24.0)}
_LEAST_CLOCK_STEP: Final = 0.5
_HEADROOM: Final = 0.04
"""Share of the height kept free above the data."""


@dataclass(frozen=True, slots=True)
class RoundAxis:
    """A value axis that begins, ends and is ruled at round values, all in the axis' own unit."""

    low: float
    high: float
    ticks: tuple[float, ...]
    step: float
    """Between ticks, in units of `scale`."""
    scale: Scale

    def text(self, tick: float) -> str:
        """Write `tick` with as many decimals as the step needs."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if abs(self.step * 10**decimals - round(self.step * 10**decimals)) > 1e-6:
            decimals += 1
        number = tick / self.scale.divisor
        sign = "−" if number < -self.step / 1e6 else ""
        return f"{sign}{self.scale.prefix}{abs(number):,.{decimals}f}{self.scale.suffix}"


def round_axis(low: float, high: float, unit: str | None, *, count: int = 5, keep_top: bool = False) -> RoundAxis:
    """Rule [low, high] in about `count` round steps; with `keep_top` the axis ends at `high` whatever the step."""
    scale = scale_for(max(abs(low), abs(high)), unit)
    start = low / scale.divisor
    end = high / scale.divisor if high > low else start + 1
    step = _nice_step((end - start) / count, scale.suffix, whole=unit == "Count" and scale.divisor == 1)
    first, last = math.floor(start / step + 1e-9), math.ceil(end / step - 1e-9)
    ticks = tuple(index * step * scale.divisor for index in range(first, last + 1))
    return RoundAxis(ticks[0], high if keep_top else ticks[-1], ticks, step, scale)


def _nice_step(rough: float, suffix: str, *, whole: bool) -> float:
    if rough > _LEAST_CLOCK_STEP:
        for step in _CLOCK_STEPS.get(suffix, ()):
            if step >= rough:
                return step
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each for each in _STEPS if each * power >= rough * 0.999999) * power
    return max(1.0, math.ceil(step)) if whole else step


def fitted(
    low: float, high: float, unit: str | None, *, from_zero: bool, at_least: float | None, extra: float = 0.0
) -> RoundAxis:
    """Rule an axis for data in [low, high]: from zero if asked, reaching `at_least`, with `extra` share of headroom."""
    bottom, top = (min(0.0, low), max(0.0, high)) if from_zero else (low, high)
    if at_least is not None:
        top = max(top, at_least)
    elif top > bottom:
        top += (top - bottom) * _HEADROOM
    keeps_top = at_least is not None and top == at_least and not extra
    top += (top - bottom) * extra
    if top == bottom:
        top = bottom + (abs(bottom) or 1.0)
    return round_axis(bottom, top, unit, keep_top=keeps_top)
