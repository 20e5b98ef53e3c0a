"""The spend gauge: half a ring from nothing to beyond the limit, in dollars. A percentage of zero says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from dashboard.charts.view import Tone

RADIUS: Final = 80.0
CENTRE: Final = (110.0, 100.0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """What the gauge shows."""

    value: str
    """The figure in the middle, such as `$0.42`."""
    caption: str
    """Under it: `of $0.00, nothing spent`."""
    share: float
    """Where the needle stands, 0 to 1."""
    good: float
    """Up to where the ring is calm, 0 to 1."""
    bad: float
    """From where it is the breach, 0 to 1; between the two it warns."""
    tone: Tone
    """Of the figure."""
    ends: tuple[str, str]
    """What the ring's two ends stand for."""


def document(gauge: Gauge) -> dict[str, Any]:
    """Give the gauge as the browser is told to draw it: arcs, needle and texts in a box of 220 × 150."""
    low, high = gauge.ends
    middle, floor = CENTRE
    return {
        "label": f"{gauge.value} {gauge.caption}",
        "arcs": [
            *_arc(0.0, gauge.good, "calm"),
            *_arc(gauge.good, gauge.bad, "close"),
            *_arc(gauge.bad, 1.0, "breach"),
        ],
        "needle": [middle, floor, *_at(min(1.0, max(0.0, gauge.share)), RADIUS - 14)],
        "texts": [
            [middle - RADIUS, floor + 15, "end", low],
            [middle + RADIUS, floor + 15, "end", high],
            [middle, floor + 28, f"value {gauge.tone.value}", gauge.value],
            [middle, floor + 43, "caption", gauge.caption],
        ],
    }


def _arc(start: float, end: float, name: str) -> list[list[str]]:
    if end - start <= 0.001:
        return []
    (x1, y1), (x2, y2) = _at(start, RADIUS), _at(end, RADIUS)
    return [[f"M {x1:.1f} {y1:.1f} A {RADIUS} {RADIUS} 0 0 1 {x2:.1f} {y2:.1f}", name]]


def _at(share: float, radius: float) -> tuple[float, float]:
    angle = math.pi * (1.0 - share)
    return CENTRE[0] + radius * math.cos(angle), CENTRE[1] - radius * math.sin(angle)
