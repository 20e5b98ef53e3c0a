"""The spend gauge: half a ring from nothing to beyond the limit, in dollars. A percentage of zero says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Final

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
    """Up to where the ring is calm, 0 to 1; beyond it is the breach."""
    tone: Tone
    """Of the figure."""
    ends: tuple[str, str]
    """What the ring's two ends stand for."""


def svg(gauge: Gauge) -> str:
    """Draw the gauge; colours are the page's own, by class. All its words are ours, and escaped all the same."""
    low, high = (escape(end) for end in gauge.ends)
    x, y = _at(min(1.0, max(0.0, gauge.share)), RADIUS - 14)
    label = escape(f"{gauge.value} {gauge.caption}", quote=True)
    parts = [
        f'<svg class="gauge" viewBox="0 0 220 146" role="img" aria-label="{label}">',
        _arc(0.0, gauge.good, "calm"),
        _arc(gauge.good, 1.0, "breach"),
        f'<line class="needle" x1="{CENTRE[0]}" y1="{CENTRE[1]}" x2="{x:.1f}" y2="{y:.1f}"/>',
        f'<circle class="hub" cx="{CENTRE[0]}" cy="{CENTRE[1]}" r="4"/>',
        f'<text class="end" x="{CENTRE[0] - RADIUS}" y="116">{low}</text>',
        f'<text class="end" x="{CENTRE[0] + RADIUS}" y="116">{high}</text>',
        f'<text class="value {escape(gauge.tone.value)}" x="{CENTRE[0]}" y="128">{escape(gauge.value)}</text>',
        f'<text class="caption" x="{CENTRE[0]}" y="143">{escape(gauge.caption)}</text>',
        "</svg>",
    ]
    return "".join(parts)


def _arc(start: float, end: float, name: str) -> str:
    if end - start <= 0.001:
        return ""
    (x1, y1), (x2, y2) = _at(start, RADIUS), _at(end, RADIUS)
    return f'<path class="{name}" d="M {x1:.1f} {y1:.1f} A {RADIUS} {RADIUS} 0 0 1 {x2:.1f} {y2:.1f}"/>'


def _at(share: float, radius: float) -> tuple[float, float]:
    angle = math.pi * (1.0 - share)
    return CENTRE[0] + radius * math.cos(angle), CENTRE[1] - radius * math.sin(angle)
