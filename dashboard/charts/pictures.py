"""Small pictures for the alarm form, described: M of N as boxes, and the steps of a scaling policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dashboard.charts.targets import seconds_text
from dashboard.charts.unit import written


class Point(StrEnum):
    """What a datapoint of the evaluation window is."""

    BREACHING = "breaching"
    WITHIN = "within"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class WindowPicture:
    """M of N: one box a datapoint, the newest on the right."""

    m: int
    n: int
    period: int
    """Seconds that each box stands for."""
    points: tuple[Point, ...] = ()
    """The newest N as they are now, oldest first; empty: an example in which the newest M breach."""
    verdict: str = ""
    """What follows, a few words: `3 of 5 breach: ALARM`. Empty: the rule in words."""

    def __post_init__(self) -> None:
        if not 1 <= self.m <= self.n:
            raise ValueError(f"{self.m} of {self.n} is no window; give M and N with 1 ≤ M ≤ N")
        if self.points and len(self.points) != self.n:
            raise ValueError(f"{len(self.points)} points do not fill a window of {self.n}; give {self.n} or none")


class Adjustment(StrEnum):
    """AWS's words for what a step's number means."""

    CHANGE = "ChangeInCapacity"
    EXACT = "ExactCapacity"
    PERCENT = "PercentChangeInCapacity"


@dataclass(frozen=True, slots=True)
class ScalingStep:
    """One step of a step scaling policy."""

    lower: float | None
    """Distance from the threshold at which it begins; None: no end on this side."""
    upper: float | None
    """Distance at which it ends, not itself included; None: no end on this side."""
    adjustment: int


@dataclass(frozen=True, slots=True)
class StepsPicture:
    """Step scaling as stairs: how far the metric is beyond the threshold, and what that does to capacity."""

    threshold: float
    unit: str | None
    """Of the metric, in CloudWatch's word."""
    steps: tuple[ScalingStep, ...]
    adjustment: Adjustment = Adjustment.CHANGE
    value: float | None = None
    """Where the metric stands now; its step is marked."""


_MOST_BOXES: Final = 60
"""A window of more is drawn as one bar, in which M is filled."""


def window_document(picture: WindowPicture) -> dict[str, Any]:
    """Give `picture` as the browser draws it; every text is drawn as text."""
    rule = f"{picture.m} of the newest {picture.n} datapoints breach: ALARM"
    if picture.n == 1:
        rule = "The newest datapoint breaches: ALARM"
    example = (Point.WITHIN,) * (picture.n - picture.m) + (Point.BREACHING,) * picture.m
    points = picture.points or example
    counts = {kind: sum(point is kind for point in points) for kind in Point}
    now = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) if picture.points else ""
    caption = picture.verdict or rule
    return {
        "picture": "window",
        "points": list(points) if picture.n <= _MOST_BOXES else [],
        "filled": counts[Point.BREACHING] / picture.n,
        "example": not picture.points,
        "before": seconds_text(picture.n * picture.period),
        "caption": caption,
        "label": ". ".join(
            part for part in (caption, now, f"Each datapoint is {seconds_text(picture.period)}") if part
        ),
    }


def steps_document(picture: StepsPicture) -> dict[str, Any]:
    """Give `picture` as the browser draws it, its steps from the lowest value to the highest."""
    steps = sorted(picture.steps, key=lambda step: float("-inf") if step.lower is None else step.lower)
    drawn = [_step(step, picture) for step in steps]
    here = "" if picture.value is None else f". Now {written(picture.value, picture.unit)}"
    spoken = ", ".join(f"{step['range']}: {step['text']}" for step in drawn)
    return {
        "picture": "steps",
        "steps": drawn,
        "threshold": written(picture.threshold, picture.unit),
        "threshold_at": _threshold_at(steps),
        "now": None if picture.value is None else written(picture.value, picture.unit),
        "label": f"Steps from the threshold {written(picture.threshold, picture.unit)}. {spoken or 'None'}{here}",
    }


def _step(step: ScalingStep, picture: StepsPicture) -> Mapping[str, Any]:
    low, high = (None if bound is None else picture.threshold + bound for bound in (step.lower, step.upper))
    value = picture.value
    return {
        "low": "" if low is None else written(low, picture.unit),
        "high": "" if high is None else written(high, picture.unit),
        "range": _range(low, high, picture.unit),
        "size": step.adjustment,
        "text": _adjustment(step.adjustment, picture.adjustment),
        "here": value is not None and (low is None or value >= low) and (high is None or value < high),
    }


def _range(low: float | None, high: float | None, unit: str | None) -> str:
    if low is None and high is None:
        return "everywhere"
    if low is None:
        return f"below {written(high, unit)}"
    return f"from {written(low, unit)}" + ("" if high is None else f" to {written(high, unit)}")


def _adjustment(number: int, kind: Adjustment) -> str:
    if kind is Adjustment.EXACT:
        return f"= {number}"
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return f"{sign}{abs(number)}" + ("%" if kind is Adjustment.PERCENT else "")


def _threshold_at(steps: list[ScalingStep]) -> int | None:
    """Give before which step the threshold stands; None where no step begins or ends there."""
    if steps and steps[-1].upper == 0:
        return len(steps)
    return next((place for place, step in enumerate(steps) if step.lower == 0), None)
