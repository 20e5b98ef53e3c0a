"""How long requests took: percentiles in bounded memory, true to one in a hundred."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

STEP: Final = 1.02
"""Each class of times is two in a hundred wider than the one before, so its middle is off by one at most."""
FINEST: Final = 0.0005
"""Seconds below which times are one class: access logs are written in milliseconds."""
_LOG: Final = math.log(STEP)


@dataclass(slots=True)
class Latencies:
    """Times in seconds, counted by class; can be added to others'."""

    classes: dict[int, int] = field(default_factory=dict)
    number: int = 0
    whole: float = 0.0
    longest: float = 0.0

    def add(self, seconds: float, place: int) -> None:
        """Take one time, and its class as `class_of` gives it."""
        self.classes[place] = self.classes.get(place, 0) + 1
        self.number += 1
        self.whole += seconds
        if seconds > self.longest:
            self.longest = seconds

    def take(self, other: Latencies) -> None:
        for place, number in other.classes.items():
            self.classes[place] = self.classes.get(place, 0) + number
        self.number += other.number
        self.whole += other.whole
        self.longest = max(self.longest, other.longest)

    def percentile(self, share: float) -> float | None:
        """Give the time that `share` of a hundred requests did not exceed; None where none was measured."""
        if not self.number:
            return None
        left = max(1, math.ceil(self.number * share / 100))
        if left >= self.number:
            return self.longest
        for place in sorted(self.classes):
            left -= self.classes[place]
            if left <= 0:
                return min(round(_middle(place), 6), self.longest)
        return self.longest

    def summary(self) -> Mapping[str, float | None]:
        """Give what is mostly asked."""
        named = {f"p{share:g}": self.percentile(share) for share in (50, 90, 99)}
        return {**named, "longest": self.longest if self.number else None}


def class_of(seconds: float) -> int:
    """Give the class of a time."""
    return 0 if seconds <= FINEST else 1 + int(math.log(seconds / FINEST) / _LOG)


def _middle(place: int) -> float:
    return 0.0 if place == 0 else FINEST * STEP ** (place - 0.5)
