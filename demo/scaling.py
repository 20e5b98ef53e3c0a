"""Scaling policies as moto stores them, read for `alarms.scaling`, whose arithmetic they follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from alarms.scaling import Adjustment, Policy, PolicyKind, Step


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
