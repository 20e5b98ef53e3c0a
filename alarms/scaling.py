"""Scaling policies: how many instances each kind asks for. Pure arithmetic, as AWS documents it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf
from typing import Final

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
    """Empty for one that is not there yet."""
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
    metric: str | None = None
    """AWS's name of the metric that target tracking keeps, such as ASGAverageCPUUtilization; None for one's own."""
    label: str | None = None
    """The load balancer and target group that ALBRequestCountPerTarget is of."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How few and how many instances a group may have."""

    minimum: int
    maximum: int

    def within(self, capacity: int) -> int:
        """Move a capacity to the nearer bound where it is outside."""
        return min(max(capacity, self.minimum), self.maximum)


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


def wanted(
    policy: Policy,
    bounds: Bounds,
    *,
    capacity: int,
    warming: int = 0,
    value: float | None = None,
    breach: float | None = None,
) -> int:
    """Give the capacity that a policy asks for when it runs; `capacity` itself where it changes nothing.

    `value` is the metric's newest datapoint, `breach` how far it is from the alarm's threshold. Of steps and target
    tracking, the `warming` instances that do not count yet are left out when adding, so that one breach adds no more
    than its step, and nothing is taken away while something is still coming.
    """
    if policy.kind is PolicyKind.SIMPLE:
        return bounds.within(adjusted(policy, capacity, policy.adjustment))
    asked = _asked(policy, capacity - warming, value, breach)
    if asked is None:
        return capacity
    found = bounds.within(asked)
    kept = found < capacity and (warming > 0 or policy.never_in)
    return capacity if kept else found


def _asked(policy: Policy, counted: int, value: float | None, breach: float | None) -> int | None:
    if policy.kind is PolicyKind.STEP:
        step = step_for(policy, breach or 0.0)
        return None if step is None else adjusted(policy, counted, step.adjustment)
    if policy.kind is PolicyKind.TARGET_TRACKING and value is not None:
        return tracked(policy, max(1, counted), value)
    return None
