"""Auto Scaling: groups that live, activities that say why, policies that run. What is not here is moto's."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any, Final

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from alarms.scaling import Policy, PolicyKind
from demo.activities import Activity, Cause
from demo.autoscaler import InProgressError, run
from demo.aws.errors import AwsError
from demo.aws.over_moto import OverMoto, refused
from demo.aws.wire import instant
from demo.fleet import Group, Member
from demo.scaling import policy_of
from demo.watch import tracking_alarms

ACTIVITIES_KEPT: Final = timedelta(weeks=6)
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html"""
ACTIVITIES_PAGE: Final = 100


class AutoScalingService(OverMoto, AutoScalingResponse):
    """autoscaling on the fleet's time lines."""

    SERVICE = "autoscaling"

    # --- groups -----------------------------------------------------------------------------------------------------

    def create_auto_scaling_group(self) -> ActionResult:
        """Create the group; its instances are launched one by one, each with an activity."""
        name = self.params["AutoScalingGroupName"]
        if name in self._stored:
            raise refused(
                f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
                code="AlreadyExists",
            )
        self._check_sizes(
            self.params["MinSize"], self.params["MaxSize"], self.params.get("DesiredCapacity", self.params["MinSize"])
        )
        result = super().create_auto_scaling_group()
        self._stored[name].created_time = self.now.isoformat()
        self._stored[name].default_instance_warmup = self.params.get("DefaultInstanceWarmup")
        self._lived()
        return result

    def update_auto_scaling_group(self) -> ActionResult:
        """Change the group; a desired capacity outside new bounds is moved to the bound."""
        group, stored = self._group(self.params["AutoScalingGroupName"])
        least = self.params.get("MinSize", stored.min_size)
        most = self.params.get("MaxSize", stored.max_size)
        desired = self.params.get("DesiredCapacity", min(max(group.desired, least), max(least, most)))
        self._check_sizes(least, most, desired)
        result = super().update_auto_scaling_group()
        stored.desired_capacity = desired
        stored.default_cooldown = self.params.get("DefaultCooldown", stored.default_cooldown)
        warm_up = getattr(stored, "default_instance_warmup", None)
        stored.default_instance_warmup = self.params.get("DefaultInstanceWarmup", warm_up)
        what = f"update of AutoScalingGroup constraints to min: {least}, max: {most}, desired: {desired}"
        self.fleet.wish(group, what, at=self.now)
        return result

    def delete_auto_scaling_group(self) -> ActionResult:
        """Delete the group; without force only an empty one."""
        group, _ = self._group(self.params["AutoScalingGroupName"])
        if group.present(self.now) and not self.params.get("ForceDelete"):
            raise refused(
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                "still in the group.",
                code="ResourceInUse",
            )
        self._stored.pop(group.name)
        policies = self.fleet.moto.autoscaling.policies
        for key in [key for key, policy in policies.items() if policy.auto_scaling_group_name == group.name]:
            del policies[key]
        self._lived()
        return ActionResult({})

    def describe_auto_scaling_groups(self) -> ActionResult:
        """Describe as moto does, as the fleet stands now."""
        self._lived()
        return super().describe_auto_scaling_groups()

    def describe_auto_scaling_instances(self) -> ActionResult:
        """Describe as moto does, as the fleet stands now."""
        self._lived()
        return super().describe_auto_scaling_instances()

    def set_desired_capacity(self) -> ActionResult:
        """Want another capacity, within the group's bounds."""
        group, stored = self._group(self.params["AutoScalingGroupName"])
        wanted = self.params["DesiredCapacity"]
        for bad, side, bound in (
            (wanted > group.maximum, "above max", group.maximum),
            (wanted < group.minimum, "below min", group.minimum),
        ):
            if bad:
                raise refused(
                    f"New SetDesiredCapacity value {wanted} is {side} value {bound} for the AutoScalingGroup."
                )
        if self.params.get("HonorCooldown") and self.now < group.cooling_until:
            raise _in_progress(group)
        stored.desired_capacity = wanted
        self.fleet.wish(group, "explicitly set group desired capacity", at=self.now)
        return ActionResult({})

    def set_instance_health(self) -> ActionResult:
        """Say that an instance is unhealthy; it is replaced."""
        self._member(self.params["InstanceId"])
        result = super().set_instance_health()
        self._lived()
        return result

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """Terminate a member, with or without a replacement."""
        group, member = self._member(self.params["InstanceId"])
        at, shrinks = self.now, bool(self.params.get("ShouldDecrementDesiredCapacity"))
        if shrinks and group.desired - 1 < group.minimum:
            raise refused(
                f"Currently, desiredSize equals minSize ({group.minimum}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or "
                "lower group's min size."
            )
        cause = Cause.request(f"took instance {member.id} out of service", at=at)
        if shrinks:
            group.desired -= 1
            group.resized.append((at, group.desired))
            cause = cause.followed_by(f"shrinking the capacity from {group.desired + 1} to {group.desired}")
        activity = group.send_away(member, cause, at=at)
        group.balance(Cause(), at=at)
        self.fleet.show(at=at)
        return ActionResult({"Activity": activity.document(at=activity.started)})

    # --- activities -------------------------------------------------------------------------------------------------

    def describe_scaling_activities(self) -> ActionResult:
        """Give activities of six weeks, newest first, in pages."""
        self._lived()
        now = self.now
        found = [(g, a) for g in self._asked_groups() for a in reversed(g.activities) if a.started <= now]
        wanted = set(self.params.get("ActivityIds") or ())
        kept = [(g, a) for g, a in found if a.started > now - ACTIVITIES_KEPT and (not wanted or a.id in wanted)]
        kept = [pair for pair in kept if all(_passes(pair[1], f, now) for f in self.params.get("Filters") or ())]
        kept.sort(key=lambda pair: pair[1].started, reverse=True)
        start = _place(self.params.get("NextToken"))
        size = min(int(self.params.get("MaxRecords") or ACTIVITIES_PAGE), ACTIVITIES_PAGE)
        page = kept[start : start + size]
        more = {"NextToken": _token(start + size)} if len(kept) > start + size else {}
        return ActionResult({"Activities": [a.document(at=now, deleted=group.deleted) for group, a in page]} | more)

    def _asked_groups(self) -> list[Group]:
        name = self.params.get("AutoScalingGroupName")
        deleted = self.fleet.retired if self.params.get("IncludeDeletedGroups") else []
        groups = [*self.fleet.groups.values(), *deleted]
        found = [group for group in groups if name in {None, group.name, group.arn}]
        if name is not None and not found:
            raise _no_group(name)
        return found

    # --- policies ---------------------------------------------------------------------------------------------------

    def put_scaling_policy(self) -> ActionResult:
        """Keep the policy; target tracking makes its alarms."""
        group, _ = self._group(self.params["AutoScalingGroupName"])
        _check_policy(self.params)
        super().put_scaling_policy()
        policies = self.fleet.moto.autoscaling.policies
        stored = policies.pop(self.params["PolicyName"])  # moto's key would mix up groups
        policies[stored.arn] = stored
        policy = policy_of(stored, group=group.name)
        if policy.kind is PolicyKind.TARGET_TRACKING:
            book = self._ground.books.of(self.scope)
            self._forget_tracking(stored.arn)
            for request in tracking_alarms(stored.arn, policy, self.params["TargetTrackingConfiguration"]):
                book.put(request, at=self.now)
        return ActionResult({"PolicyARN": stored.arn, "Alarms": self._alarms_of(stored.arn)})

    def describe_policies(self) -> ActionResult:
        """Describe as moto does, with the alarms that run each policy."""
        for stored in self.fleet.moto.autoscaling.policies.values():
            stored.alarms = self._alarms_of(stored.arn)
        return super().describe_policies()

    def delete_policy(self) -> ActionResult:
        """Forget the policy, and the alarms that it made."""
        stored = self._policy(self.params["PolicyName"], self.params.get("AutoScalingGroupName"))
        policies = self.fleet.moto.autoscaling.policies
        for key in [key for key, kept in policies.items() if kept is stored]:
            del policies[key]
        self._forget_tracking(stored.arn)
        return ActionResult({})

    def execute_policy(self) -> ActionResult:
        """Run a policy now, by name or ARN."""
        stored = self._policy(self.params["PolicyName"], self.params.get("AutoScalingGroupName"))
        policy = policy_of(stored, group=stored.auto_scaling_group_name)
        group, _ = self._group(policy.group)
        value, breach = self.params.get("MetricValue"), self.params.get("BreachThreshold")
        _check_values(policy, value, breach)
        try:
            run(
                policy,
                group,
                Cause.request(f"executed policy {policy.name}", at=self.now),
                at=self.now,
                value=value,
                breach=None if value is None or breach is None else value - breach,
                honor_cooldown=bool(self.params.get("HonorCooldown")),
            )
        except InProgressError as wait:
            raise _in_progress(group) from wait
        self.fleet.show(at=self.now)
        return ActionResult({})

    # --- shared -----------------------------------------------------------------------------------------------------

    @property
    def _stored(self) -> dict[str, Any]:
        groups: dict[str, Any] = self.fleet.moto.autoscaling.autoscaling_groups
        return groups

    def _lived(self) -> None:
        """Let the fleet see what moto was told, and moto what the fleet has come to."""
        self.fleet.advance(at=self.now)

    def _group(self, name: str) -> tuple[Group, Any]:
        self._lived()
        group = self.fleet.groups.get(name)
        if group is None:
            raise _no_group(name)
        return group, self._stored[name]

    def _member(self, instance: str) -> tuple[Group, Member]:
        self._lived()
        for group in self.fleet.groups.values():
            for member in group.alive(self.now):
                if member.id == instance:
                    return group, member
        raise refused(f"Instance Id not found - No managed instance found for instance ID: {instance}")

    def _policy(self, name: str, group: str | None) -> Any:
        found = [
            kept
            for kept in self.fleet.moto.autoscaling.policies.values()
            if name in {kept.name, kept.arn} and group in {None, kept.auto_scaling_group_name}
        ]
        if not found:
            raise refused("Policy name not found" if group else "PolicyARN or AutoScalingGroupName is required")
        return found[0]

    def _alarms_of(self, arn: str) -> list[dict[str, str]]:
        entries = self._ground.books.of(self.scope).entries()
        return [
            {"AlarmName": entry.name, "AlarmARN": entry.arn}
            for entry in entries
            if arn in (entry.params.get("AlarmActions") or ()) or arn in (entry.params.get("OKActions") or ())
        ]

    def _forget_tracking(self, arn: str) -> None:
        book = self._ground.books.of(self.scope)
        made = [
            alarm["AlarmName"] for alarm in self._alarms_of(arn) if alarm["AlarmName"].startswith("TargetTracking-")
        ]
        book.delete(made, at=self.now)

    def _check_sizes(self, least: int, most: int, desired: int) -> None:
        if least > most:
            raise refused("Max bound must be greater than or equal to min bound")  # AWS's words, without a full stop
        if not least <= desired <= most:
            raise refused(
                f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
            )


def _check_policy(params: dict[str, Any]) -> None:
    kind = PolicyKind(params.get("PolicyType") or PolicyKind.SIMPLE)
    needed = {
        PolicyKind.SIMPLE: ("AdjustmentType", "ScalingAdjustment"),
        PolicyKind.STEP: ("AdjustmentType", "StepAdjustments"),
        PolicyKind.TARGET_TRACKING: ("TargetTrackingConfiguration",),
        PolicyKind.PREDICTIVE: ("PredictiveScalingConfiguration",),
    }
    missing = [name for name in needed[kind] if params.get(name) is None]
    if missing:
        raise refused(f"{missing[0]} is required for policy type {kind}")


def _check_values(policy: Policy, value: float | None, breach: float | None) -> None:
    if policy.kind is PolicyKind.STEP and (value is None or breach is None):
        raise refused("MetricValue and BreachThreshold are required to execute a step scaling policy")
    if policy.kind is PolicyKind.TARGET_TRACKING and value is None:
        raise refused("MetricValue is required to execute a target tracking scaling policy")


def _passes(activity: Activity, wanted: dict[str, Any], now: Any) -> bool:
    name, values = wanted["Name"], wanted.get("Values") or []
    if name == "Status":
        return activity.status(now) in values
    if name == "StartTimeLowerBound":
        return all(activity.started >= instant(value) for value in values)
    if name == "StartTimeUpperBound":
        return all(activity.started <= instant(value) for value in values)
    raise refused(f"Filter {name} is not known; use StartTimeLowerBound, StartTimeUpperBound or Status")


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"activity:{place}".encode()).decode()


def _place(token: str | None) -> int:
    if not token:
        return 0
    try:
        name, _, place = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name == "activity":
            return int(place)
    except ValueError:
        pass
    raise refused("The NextToken value is not valid.", code="InvalidNextToken")


def _no_group(name: str) -> AwsError:
    return refused(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")


def _in_progress(group: Group) -> AwsError:
    return refused(
        f"Scaling activity is in progress or the cooldown of group {group.name} is not over",
        code="ScalingActivityInProgress",
    )
