"""What happens in a fleet, in words: alarms with their reasons, targets with theirs, scaling with its causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.inventory import Instance
from collectors.scaling import Activity
from collectors.targets import Target, TargetGroupHealth
from core.reading import Reading
from dashboard.charts import targets as grids
from dashboard.charts.view import Mark, Tone
from dashboard.views.frame import Badge
from dashboard.views.panels import Limit
from dashboard.views.things import Group, Item
from dashboard.wording import ALARM, INFO, NO_DATA, OK, WARNING, age, count, look, moment, plain, state_word

MOST_TRANSITIONS: Final = 12
"""Changes of alarm states that the wall lists; the history has the rest."""
MOST_ACTIVITIES: Final = 25

_BELOW: Final = frozenset({"LessThanThreshold", "LessThanOrEqualToThreshold"})
_ABOVE: Final = frozenset({"GreaterThanThreshold", "GreaterThanOrEqualToThreshold"})
_TARGET_REASONS: Final[Mapping[str, str]] = {
    "Elb.RegistrationInProgress": "being registered",
    "Elb.InitialHealthChecking": "first health checks are running",
    "Elb.InternalError": "the load balancer could not check it",
    "Target.ResponseCodeMismatch": "health check answered with another status than expected",
    "Target.Timeout": "health check timed out",
    "Target.FailedHealthChecks": "health checks failed",
    "Target.NotRegistered": "not registered",
    "Target.NotInUse": "its group or zone is not in use",
    "Target.DeregistrationInProgress": "leaving; open connections are finished first",
    "Target.InvalidState": "the instance is stopped or terminated",
    "Target.IpUnusable": "its address cannot be used",
    "Target.HealthCheckDisabled": "health checks are switched off",
}
"""Reason codes in words. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
_TONES: Final = {"ok": Tone.OK, "warning": Tone.WARNING, "alarm": Tone.ALARM, "info": Tone.INFO, "none": Tone.MUTED}


def limits(alarms: Sequence[AlarmState]) -> tuple[Limit, ...]:
    """Give the thresholds that alarms hold against plain metrics."""
    return tuple(
        Limit(
            alarm.metric,
            alarm.statistic,
            alarm.threshold,
            "scaling" if only_scales(alarm) else "alarm",
            below=alarm.comparison in _BELOW,
            scaling=only_scales(alarm),
        )
        for alarm in alarms
        if alarm.metric is not None
        and alarm.statistic is not None
        and alarm.threshold is not None
        and alarm.comparison in _BELOW | _ABOVE
        and alarm.actions_enabled
    )


def only_scales(alarm: AlarmState) -> bool:
    """Say whether an alarm tells nobody and only runs scaling policies: firing is its daily work, not an incident."""
    return bool(alarm.actions) and all(":scalingPolicy:" in action for action in alarm.actions)


def badges(read: Reading[tuple[AlarmState, ...]]) -> tuple[Badge, ...]:
    """Count alarms by state, the worst first; what nobody is in is left out, but OK is always said."""
    alarms = read.value
    if not alarms:
        return (Badge("no alarm is set" if read.complete else "alarms are not known", NO_DATA),)
    states = [alarm.state for alarm in alarms]
    scaling = sum(alarm.state == "ALARM" and only_scales(alarm) for alarm in alarms)
    firing, silent, calm = (states.count(state) for state in ("ALARM", "INSUFFICIENT_DATA", "OK"))
    found = [Badge(f"{firing - scaling} in alarm", ALARM)] if firing > scaling else []
    found += [Badge(f"{scaling} asking for capacity", INFO)] if scaling else []
    found += [Badge(f"{silent} without data", NO_DATA)] if silent else []
    return (*found, Badge(f"{calm} OK", OK))


def alarm_groups(
    alarms: Sequence[AlarmState], transitions: Sequence[AlarmTransition], *, now: datetime
) -> tuple[Group, ...]:
    """Give the alarms that fire now, and under them the newest changes of any alarm."""
    firing = sorted((alarm for alarm in alarms if alarm.state == "ALARM"), key=only_scales)
    scaling = {alarm.name for alarm in alarms if only_scales(alarm)}
    lately = [_changed(each, scales=each.alarm in scaling, now=now) for each in transitions[:MOST_TRANSITIONS]]
    return (
        Group("Firing now" if firing else "Nothing fires now", tuple(_firing(alarm, now=now) for alarm in firing)),
        Group("Lately", tuple(lately)),
    )


def _firing(alarm: AlarmState, *, now: datetime) -> Item:
    return Item(
        key=alarm.name,
        title=alarm.name,
        look=INFO if only_scales(alarm) else ALARM,
        state="Scaling" if only_scales(alarm) else state_word(alarm.state),
        detail=alarm.reason,
        since=f"{moment(alarm.since, now=now)} · {age(alarm.since, now=now)}",
        pick=alarm.name,
    )


def _changed(each: AlarmTransition, *, scales: bool, now: datetime) -> Item:
    asked = scales and each.new == "ALARM"
    return Item(
        key=f"{each.alarm} {each.at.isoformat()}",
        title=each.alarm,
        look=INFO if asked else look(each.new),
        state="Scaling" if asked else state_word(each.new),
        detail=f"was {state_word(each.old)}" if each.old else "",
        since=f"{moment(each.at, now=now)} · {age(each.at, now=now)} ago",
        pick=each.alarm,
    )


def target_grid(
    groups: Sequence[TargetGroupHealth], instances: Sequence[Instance], *, now: datetime
) -> grids.TargetGrid:
    """Give the targets zone by zone, the sick ones of each zone first."""
    names = {instance.id: instance.name for instance in instances}
    zones: dict[str, list[grids.Target]] = {}
    for group in groups:
        for target in group.targets:
            zones.setdefault(target.zone or "no zone", []).append(_target(target, names, now=now))
    shown = tuple(
        grids.Zone(name, tuple(sorted(targets, key=lambda each: (each.tone is Tone.OK, each.id))))
        for name, targets in sorted(zones.items())
    )
    return grids.TargetGrid(shown, now=now, note="" if shown else "No targets are registered.")


def _target(target: Target, names: Mapping[str, str], *, now: datetime) -> grids.Target:
    name = plain(names.get(target.id, ""))
    return grids.Target(
        id=target.id,
        state=target.state,
        tone=_TONES[look(target.state).tone],
        reason=target_reason(target) or _unwitnessed(target, now=now),
        since=None if target.since_at_least else target.since,
        port=target.port,
        name="" if name == target.id else name,
    )


def _unwitnessed(target: Target, *, now: datetime) -> str:
    """Say since when at least, where nobody watched it come into its state."""
    if target.since is None or not target.since_at_least:
        return ""
    return f"since {moment(target.since, now=now)} or longer"


def target_reason(target: Target) -> str:
    """Say why a target is not healthy: in AWS's own sentence, which names codes, else in words for its reason code."""
    if target.state == "healthy":
        return ""
    return plain(target.description or _TARGET_REASONS.get(target.reason or "", target.reason or ""))


def target_summary(groups: Sequence[TargetGroupHealth]) -> Badge:
    """Count the healthy targets."""
    total = sum(len(group.targets) for group in groups)
    healthy = sum(group.healthy for group in groups)
    if not total:
        return Badge("no targets", NO_DATA)
    states = {target.state for group in groups for target in group.targets} - {"healthy"}
    if states <= {"unused"}:
        return Badge(f"{healthy} of {total} healthy", OK if healthy else NO_DATA)
    worst = ALARM if any(state.startswith("unhealthy") for state in states) else WARNING
    return Badge(f"{healthy} of {total} healthy", worst)


def activity_groups(activities: Sequence[Activity], *, now: datetime) -> tuple[Group, ...]:
    """Give scaling activities as a list, newest first."""
    return (Group("", tuple(_activity(each, now=now) for each in activities[:MOST_ACTIVITIES])),)


def _activity(each: Activity, *, now: datetime) -> Item:
    state = "failed" if each.failed else "running" if each.running else state_word(each.status).lower()
    shown = ALARM if each.failed else INFO if each.running else OK
    return Item(
        key=each.id,
        title=activity_title(each),
        look=shown,
        state=state,
        detail=activity_reason(each),
        since=f"{moment(each.started_at, now=now)} · {age(each.started_at, now=now)} ago",
    )


def activity_title(each: Activity) -> str:
    """Say what an activity did in a few words: `+1, 2 → 3 instances, i-0abc` or AWS's own description."""
    if each.capacity is None:
        return plain(each.description)
    before, after = each.capacity
    step = f"{after - before:+d}".replace("-", "−")
    instance = f", {each.instance_id}" if each.instance_id else ""
    return f"{step}: {before} → {after} instances{instance}"


def activity_reason(each: Activity) -> str:
    """Say why: the failure first, then the alarm and policy that asked for it, else AWS's own words."""
    failure = f"{plain(each.message)} " if each.failed and each.message else ""
    if each.alarm:
        policy = f", policy {plain(each.policy)}" if each.policy else ""
        return f"{failure}Alarm {plain(each.alarm)}{policy}"
    return f"{failure}{plain(each.cause)}"


def mark(each: Activity) -> Mark:
    """Give an activity as a mark on the capacity chart; failures are red."""
    label = "failed" if each.failed else _step(each)
    return Mark(
        each.started_at,
        label,
        detail=f"{activity_title(each)}. {activity_reason(each)}",
        tone=Tone.ALARM if each.failed else Tone.INFO,
    )


def _step(each: Activity) -> str:
    if each.capacity is None:
        return ""
    before, after = each.capacity
    return f"{'▲' if after > before else '▼'} {after - before:+d}".replace("-", "−")


def alarm_summary(read: Reading[tuple[AlarmState, ...]]) -> Badge:
    """Say in two words whether anything fires; what was not read is not called quiet."""
    alarms = read.value
    firing = sum(alarm.state == "ALARM" and not only_scales(alarm) for alarm in alarms)
    if firing:
        return Badge(f"{firing} firing", ALARM)
    if not read.complete:
        return Badge("not all known", NO_DATA)
    return Badge("all quiet", OK) if alarms else Badge(count(0, "alarm"), NO_DATA)
