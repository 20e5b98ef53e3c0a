"""Running a scaling policy on a group: bounds, cooldown and warm-up as AWS keeps them.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alarms.scaling import Bounds, Policy, PolicyKind, wanted
from demo.activities import Cause
from demo.fleet import Group


class InProgressError(RuntimeError):
    """The policy has to wait: an activity is under way, or the cooldown is not over. The message is AWS's."""


def run(
    policy: Policy,
    group: Group,
    cause: Cause,
    *,
    at: datetime,
    value: float | None = None,
    breach: float | None = None,
    honor_cooldown: bool = True,
) -> bool:
    """Run the policy and tell whether the desired capacity changed; raises InProgressError where it has to wait.

    `value` is the metric's newest datapoint, `breach` how far it is from the alarm's threshold.
    """
    if policy.kind is PolicyKind.SIMPLE:
        return _simple(policy, group, cause, at=at, honor_cooldown=honor_cooldown)
    warming = group.warming(at, _warm_up(policy, group))
    found = wanted(policy, _bounds(group), capacity=group.desired, warming=warming, value=value, breach=breach)
    if found == group.desired:
        return False
    group.resize(found, cause, at=at)
    return True


def pointless(policy: Policy, group: Group, value: float) -> bool:
    """Whether the policy cannot change anything, whatever is under way: the group is at the bound it pulls towards."""
    if policy.kind is PolicyKind.SIMPLE:
        return wanted(policy, _bounds(group), capacity=group.desired) == group.desired
    if policy.kind is PolicyKind.TARGET_TRACKING and policy.target is not None:
        bound = group.minimum if value < policy.target else group.maximum
        return group.desired == bound
    return False


def run_for_alarm(
    policy: Policy,
    group: Group,
    alarm: Mapping[str, Any],
    *,
    at: datetime,
    value: float | None,
    threshold: float | None,
) -> bool:
    """Run the policy because an alarm asks for it; `alarm` is the entry of `InvokingAlarms`."""
    if "AlarmNotification" in group.suspended:
        return False
    cause = Cause.of_alarm(alarm, policy.name, at=at)
    breach = None if value is None or threshold is None else value - threshold
    return run(policy, group, cause, at=at, value=value, breach=breach)


def _simple(policy: Policy, group: Group, cause: Cause, *, at: datetime, honor_cooldown: bool) -> bool:
    found = wanted(policy, _bounds(group), capacity=group.desired)
    if found == group.desired:
        return False
    if honor_cooldown and group.busy(at):
        raise InProgressError("A scaling activity is in progress for the Auto Scaling group")
    if honor_cooldown and at < group.cooling_until:
        raise InProgressError("The Auto Scaling group is in its cooldown period")
    group.resize(found, cause, at=at)
    ended = max((activity.ended for activity in group.activities[-12:]), default=at)
    cooldown = group.cooldown if policy.cooldown is None else policy.cooldown
    group.cooling_until = ended + timedelta(seconds=cooldown)
    return True


def _bounds(group: Group) -> Bounds:
    return Bounds(group.minimum, group.maximum)


def _warm_up(policy: Policy, group: Group) -> int:
    return next(seconds for seconds in (policy.warm_up, group.warm_up, group.cooldown) if seconds is not None)
