"""Values that a browser sent, read with care: they may hold anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from core.timespan import Timespan, from_epoch

LATEST: Final = 1e11
"""Epoch seconds; what a browser sends beyond is no time of ours."""


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether `value` is a finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether `value` is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def span_of(picked: Mapping[str, Any]) -> Timespan | None:
    """Give the span of `from` and `to`, in whole seconds; None where they make none."""
    start, end = picked.get("from"), picked.get("to")
    if not is_number(start) or not is_number(end) or not 0 <= start < end < LATEST:
        return None
    return Timespan(from_epoch(int(start)), from_epoch(max(int(start) + 1, round(end))))
