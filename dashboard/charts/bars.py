"""Bars that lie on a common scale of time: the phases of a load one after the other, or how loads are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.charts.unit import written


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar."""

    start: float
    """Seconds."""
    end: float
    name: str
    """For the tooltip, and for the legend."""
    shade: int = 0
    """Which of the series colours; −1 is muted."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row."""

    label: str
    """Foreign text; drawn as text only."""
    parts: tuple[Part, ...]
    value: str
    """Written at the end of the row."""
    bad: bool = False
    """The request failed: marked by a sign and a word."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows on one scale, which begins at zero."""

    title: str
    rows: tuple[Bar, ...]
    limit: float | None = None
    """A value that is marked on every row, such as a budget."""


def document(shown: Bars) -> Mapping[str, Any]:
    """Give what the browser draws: places in percent of the scale, and every text."""
    ends = [part.end for row in shown.rows for part in row.parts]
    longest = max([*ends, *([shown.limit] if shown.limit else [])], default=0.0) or 1.0
    longest_row = max(shown.rows, key=lambda row: len(row.parts), default=None)
    ordered = [*(longest_row.parts if longest_row else ()), *(part for row in shown.rows for part in row.parts)]
    legend = {part.name: part.shade for part in ordered}
    return {
        "title": shown.title,
        "scale": written(longest, "Seconds"),
        "limit": None if not shown.limit else {"at": _percent(shown.limit, longest), "text": _limit(shown.limit)},
        "legend": [{"shade": shade, "name": name} for name, shade in legend.items()],
        "rows": [
            {
                "label": row.label,
                "value": row.value,
                "bad": row.bad,
                "parts": [_drawn(part, longest) for part in row.parts],
                "said": _said(row.parts),
            }
            for row in shown.rows
        ],
    }


def _drawn(part: Part, longest: float) -> Mapping[str, Any]:
    left, right = _percent(part.start, longest), _percent(part.end, longest)
    return {"left": left, "width": round(right - left, 3), "shade": part.shade}


def _percent(value: float, longest: float) -> float:
    return round(100 * min(1.0, max(0.0, value / longest)), 3)


def _limit(seconds: float) -> str:
    return f"budget {written(seconds, 'Seconds')}"


def _said(parts: Sequence[Part]) -> str:
    """Say a row for a tooltip and for people who do not see it."""
    return ", ".join(f"{part.name} {written(part.end - part.start, 'Seconds')}" for part in parts)
