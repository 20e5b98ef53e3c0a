"""Which log group explains a chart, a resource or an alarm: found by rules, each suggestion with its reason.

A suggestion is never more than that: where several groups fit alike, all of them are offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alarms.composite import RuleError, parse_rule
from alarms.definition import Alarm, CompositeAlarm, MetricAlarm
from collectors.alarm_states import AlarmState
from collectors.inventory import Inventory, ScalingGroup, TargetGroup
from collectors.logs.groups import LogGroup
from core.series import MetricId
from core.timespan import Timespan
from dashboard.views import resources
from dashboard.views.alarm_roll import Roll
from dashboard.wording import plain

MOST: Final = 5
"""Groups that are offered."""
BEFORE: Final = timedelta(minutes=10)
AFTER: Final = timedelta(minutes=10)
"""How much of the time around an alarm's firing is shown beside what it evaluated."""
LONGEST_LEAD: Final = timedelta(hours=3)

_CONVENTIONS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "FunctionName": (("/aws/lambda/{}", "Lambda writes the lines of the function {} here"),),
    "DBInstanceIdentifier": (("/aws/rds/instance/{}/", "RDS writes the logs of the instance {} here"),),
    "DBClusterIdentifier": (("/aws/rds/cluster/{}/", "RDS writes the logs of the cluster {} here"),),
    "ApiId": (("API-Gateway-Execution-Logs_{}/", "API Gateway writes the logs of the API {} here"),),
    "ProjectName": (("/aws/codebuild/{}", "CodeBuild writes the lines of the project {} here"),),
    "ClusterName": (
        ("/aws/eks/{}/", "EKS writes the logs of the cluster {} here"),
        ("/aws/ecs/containerinsights/{}/", "ECS writes the figures of the cluster {} here"),
    ),
}
"""Where AWS's own services write, by dimension; `{}` is its value, and a `/` at the end means that more follows."""
_COMMON: Final = frozenset({
    "aws", "log", "logs", "group", "app", "apps", "application", "prod", "production", "dev", "test", "staging",
    "lambda", "alb", "elb", "nlb", "asg", "the", "service", "services", "api", "instance", "targets",
    "targetgroup", "table", "function", "high", "low", "rate", "age", "main", "default",
})  # fmt: skip
"""Words that say nothing of what a thing belongs to."""
_BROAD_TAGS: Final = frozenset({"name", "environment", "env", "stage", "costcenter", "owner", "team", "note", "region"})
"""Tags that many unrelated things share."""


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that what is on screen is known by."""

    what: str
    """What it is, such as `load balancer`; empty for a dimension that no rule knows."""
    name: str
    """Its name; foreign text."""
    dimension: str = ""
    """The metric's dimension that names it."""
    tags: tuple[tuple[str, str], ...] = ()
    """Its tags; foreign text."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A log group that may explain what is on screen."""

    group: str
    """Its name; foreign text."""
    reason: str
    """The rule that found it, a sentence; holds foreign text."""
    score: int
    """The higher the better; equal ones fit alike."""


def suggested(groups: Iterable[LogGroup], clues: Sequence[Clue]) -> tuple[Suggestion, ...]:
    """Give the groups that fit best first; empty where no rule finds one."""
    found = (_best(group, clues) for group in groups if group.can_be_searched)
    kept = sorted((each for each in found if each is not None), key=lambda each: (-each.score, each.group))
    return tuple(kept[:MOST])


def clear(found: Sequence[Suggestion]) -> Suggestion | None:
    """Give the one that fits better than all others; None where several fit alike."""
    if not found or (len(found) > 1 and found[0].score == found[1].score):
        return None
    return found[0]


def _best(group: LogGroup, clues: Sequence[Clue]) -> Suggestion | None:
    fits = [fit for clue in clues for fit in (_by_convention(group, clue), _by_name(group, clue), _by_tag(group, clue))]
    return max((fit for fit in fits if fit is not None), key=lambda fit: fit.score, default=None)


def _by_convention(group: LogGroup, clue: Clue) -> Suggestion | None:
    for place, reason in _CONVENTIONS.get(clue.dimension, ()):
        wanted = place.format(clue.name)
        if group.name == wanted or (wanted.endswith("/") and group.name.startswith(wanted)):
            return Suggestion(group.name, f"{reason.format(clue.name)}.", 1_000)
    return None


def _by_name(group: LogGroup, clue: Clue) -> Suggestion | None:
    shared = [word for word in words(clue.name) if word in words(group.name)]
    if not shared:
        return None
    said = " and ".join(f"“{word}”" for word in shared)
    return Suggestion(group.name, f"Its name shares {said} with the {clue.what} {plain(clue.name)}.", 10 * len(shared))


def _by_tag(group: LogGroup, clue: Clue) -> Suggestion | None:
    tags = group.tags or {}
    shared = [
        f"{key}={value}" for key, value in clue.tags if tags.get(key) == value and key.casefold() not in _BROAD_TAGS
    ]
    if not shared:
        return None
    return Suggestion(group.name, f"It and the {clue.what} {plain(clue.name)} are tagged {plain(shared[0])}.", 5)


def words(name: str) -> tuple[str, ...]:
    """Give the words of a name that say what it belongs to.

    >>> words("app/directory-alb/50dc6c495c0c9188"), words("/directory/web")
    (('directory',), ('directory', 'web'))
    """
    split = re.findall(r"[a-z]+|\d+", re.sub(r"\b[0-9a-f]{8,}\b", " ", name.casefold()))
    return tuple(dict.fromkeys(word for word in split if len(word) > 2 and word.isalpha() and word not in _COMMON))


_WHATS: Final = {
    "LoadBalancer": "load balancer", "TargetGroup": "target group", "AutoScalingGroupName": "Auto Scaling group",
    "InstanceId": "instance", "FunctionName": "function", "TableName": "table", "DBInstanceIdentifier": "database",
    "QueueName": "queue", "ClusterName": "cluster", "Page": "page",
}  # fmt: skip


def clues(metrics: Iterable[MetricId], inventory: Inventory) -> tuple[Clue, ...]:
    """Give what metrics are known by: their dimensions, and what stands behind a load balancer or in a group."""
    found: dict[Clue, None] = {}
    for metric in metrics:
        for dimension, value in metric.dimensions:
            for clue in _of_dimension(dimension, value, inventory):
                found[clue] = None
        if not metric.namespace.startswith("AWS/"):
            found[Clue("metric's namespace", _spaced(metric.namespace))] = None
    return tuple(found)


def _spaced(name: str) -> str:
    """Write `EmployeeDirectory` as two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _of_dimension(dimension: str, value: str, inventory: Inventory) -> Iterable[Clue]:
    if dimension == "LoadBalancer":
        return of_balancer(
            next((each.arn for each in inventory.load_balancers if each.arn.endswith(value)), value), inventory
        )
    if dimension == "TargetGroup":
        return of_targets(
            next((each.arn for each in inventory.target_groups if each.arn.endswith(value)), value), inventory
        )
    if dimension == "AutoScalingGroupName":
        return of_group(value, inventory)
    if dimension == "InstanceId":
        return of_instance(value, inventory)
    return (Clue(_WHATS.get(dimension, dimension), value, dimension),) if dimension in _WHATS else ()


def of_balancer(arn: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what a load balancer is known by, and what answers behind it."""
    own = [Clue("load balancer", each.name, tags=each.tags) for each in inventory.load_balancers if each.arn == arn]
    behind = [each for each in inventory.target_groups if arn in each.load_balancer_arns]
    return (
        *(own or [Clue("load balancer", _named(arn))]),
        *(clue for each in behind for clue in _targets(each, inventory)),
    )


def of_targets(arn: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what a target group is known by, and the groups whose instances are in it."""
    found = [each for each in inventory.target_groups if each.arn == arn]
    return _targets(found[0], inventory) if found else (Clue("target group", _named(arn)),)


def _targets(group: TargetGroup, inventory: Inventory) -> tuple[Clue, ...]:
    scaling = [each for each in inventory.scaling_groups if group.arn in each.target_group_arns]
    return (Clue("target group", group.name, tags=group.tags), *(_scaling(each) for each in scaling))


def of_group(name: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what an Auto Scaling group is known by."""
    found = next((each for each in inventory.scaling_groups if each.name == name), None)
    return (_scaling(found) if found else Clue("Auto Scaling group", name),)


def _scaling(group: ScalingGroup) -> Clue:
    return Clue("Auto Scaling group", group.name, tags=group.tags)


def of_instance(name: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what an instance is known by, and its Auto Scaling group."""
    found = next((each for each in inventory.instances if each.id == name), None)
    if found is None:
        return ()
    own = Clue("instance", found.name, tags=found.tags)
    return (own, *of_group(found.group, inventory)) if found.group else (own,)


def of_fleet(key: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what a fleet of the wall is known by."""
    return of_balancer(key, inventory) if key.startswith("arn:") else of_group(key, inventory)


def of_resource(key: str, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what a resource of the Resources page is known by."""
    kind, _, name = key.partition("~")
    if kind == resources.BALANCER:
        arns = [each.arn for each in inventory.load_balancers if each.name == name]
        return of_balancer(arns[0], inventory) if arns else ()
    if kind == resources.TARGETS:
        arns = [each.arn for each in inventory.target_groups if each.name == name]
        return of_targets(arns[0], inventory) if arns else ()
    return of_group(name, inventory) if kind == resources.GROUP else of_instance(name, inventory)


def _named(arn: str) -> str:
    return re.sub(r"/[0-9a-f]{16}$", "", arn).rpartition("/")[2]


def of_alarm(alarm: Alarm | None, state: AlarmState, roll: Roll, inventory: Inventory) -> tuple[Clue, ...]:
    """Give what an alarm is known by: its metrics; its own name where they say nothing."""
    found = clues(_metrics(alarm, state, roll), inventory)
    return (*found, Clue("alarm", state.name))


def _metrics(alarm: Alarm | None, state: AlarmState, roll: Roll) -> tuple[MetricId, ...]:
    if isinstance(alarm, MetricAlarm):
        return alarm.metrics
    if isinstance(alarm, CompositeAlarm):
        children = (roll.alarms.get(name.rpartition(":alarm:")[2]) for name in _children(alarm.rule))
        return tuple(metric for child in children if isinstance(child, MetricAlarm) for metric in child.metrics)
    return () if state.metric is None else (state.metric,)


def _children(rule: str) -> tuple[str, ...]:
    try:
        return parse_rule(rule).children
    except RuleError:
        return ()


def fired(state: AlarmState, roll: Roll) -> datetime | None:
    """Give when an alarm fired last; None where nobody knows."""
    if state.state == "ALARM":
        return state.since
    changes = roll.changes.get(state.name, ())
    return next((change.at for change in reversed(changes) if str(change.new) == "ALARM"), None)


def around(at: datetime, state: AlarmState, *, now: datetime) -> Timespan:
    """Give the time in which the cause of a firing lies: what the alarm evaluated, and some time around it."""
    evaluated = timedelta(seconds=(state.period or 60) * (state.evaluation_periods or 1))
    end = min(at + AFTER, max(now, at + timedelta(minutes=1)))
    return Timespan(at - BEFORE - min(evaluated, LONGEST_LEAD), end)
