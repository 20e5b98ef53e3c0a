"""Scaling policies: how many instances each kind asks for. Pure arithmetic, as AWS documents it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf
from typing import Any, Final

DEFAULT_COOLDOWN: Final = 300
"""Seconds. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html"""


class PolicyKind(StrEnum):
    """AWS's policy types."""

    SIMPLE = "SimpleScaling"
    STEP = "StepScaling"
    TARGET_TRACKING = "TargetTrackingScaling"
    PREDICTIVE = "PredictiveScaling"


class Adjustment(StrEnum):
    """AWS's adjustment types."""

    CHANGE = "ChangeInCapacity"
    EXACT = "ExactCapacity"
    PERCENT = "PercentChangeInCapacity"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do while the breach lies in [lower, upper); bounds count from the alarm's threshold."""

    adjustment: int
    lower: float = -inf
    upper: float = inf


@dataclass(frozen=True, slots=True)
class Policy:
    """One scaling policy of one group."""

    name: str
    arn: str
    group: str
    kind: PolicyKind = PolicyKind.SIMPLE
    adjustment_type: Adjustment = Adjustment.CHANGE
    adjustment: int = 0
    magnitude: int = 0
    """Least number of instances that a percentage changes."""
    cooldown: int | None = None
    """Seconds; None is the group's own."""
    steps: tuple[Step, ...] = ()
    warm_up: int | None = None
    """Seconds until a new instance counts; None is the group's own."""
    target: float | None = None
    never_in: bool = False
    """Target tracking that only adds."""


def step_for(policy: Policy, breach: float) -> Step | None:
    """Give the step whose bounds hold `breach`, metric value minus threshold; AWS includes the bound nearer to zero."""
    for step in policy.steps:
        inside = step.lower <= breach < step.upper if step.upper > 0 else step.lower < breach <= step.upper
        if inside:
            return step
    return None


def adjusted(policy: Policy, capacity: int, adjustment: int) -> int:
    """Give the capacity that `adjustment` makes of `capacity`.

    Percentages round towards zero, but to one whole instance at least.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-adjustment
    """
    if policy.adjustment_type is Adjustment.EXACT:
        return adjustment
    if policy.adjustment_type is Adjustment.CHANGE:
        return capacity + adjustment
    change = capacity * adjustment / 100.0
    whole = int(change) if abs(change) >= 1 else (0 if change == 0 else int(change / abs(change)))
    sign = -1 if adjustment < 0 else 1
    return capacity + sign * max(abs(whole), policy.magnitude)


def tracked(policy: Policy, capacity: int, value: float) -> int:
    """Give the capacity at which a metric that is shared out evenly comes down to the target."""
    return max(0, ceil(capacity * value / policy.target - 1e-9)) if policy.target else capacity


def policy_of(stored: Any, *, group: str) -> Policy:
    """Read moto's stored policy; its members are what PutScalingPolicy took."""
    tracking = stored.target_tracking_configuration
    return Policy(
        name=stored.name,
        arn=stored.arn,
        group=group,
        kind=PolicyKind(stored.policy_type or PolicyKind.SIMPLE),
        adjustment_type=Adjustment(stored.adjustment_type or Adjustment.CHANGE),
        adjustment=int(stored.scaling_adjustment or 0),
        magnitude=int(stored.min_adjustment_magnitude or 0),
        cooldown=None if stored.cooldown is None else int(stored.cooldown),
        steps=_steps(stored.step_adjustments or ()),
        warm_up=None if stored.estimated_instance_warmup is None else int(stored.estimated_instance_warmup),
        target=None if tracking is None else float(tracking.TargetValue),
        never_in=bool(getattr(tracking, "DisableScaleIn", False)),
    )


def _steps(stored: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(
        Step(
            int(step["ScalingAdjustment"]),
            -inf if step.get("MetricIntervalLowerBound") is None else float(step["MetricIntervalLowerBound"]),
            inf if step.get("MetricIntervalUpperBound") is None else float(step["MetricIntervalUpperBound"]),
        )
        for step in stored
    )
