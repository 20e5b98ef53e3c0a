"""What the doctor looks at: values that others read. A value that was not read is `Unknown`, never empty."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alarms.agreement import Recorded
from alarms.composite import RuleError, child_name, parse_rule
from alarms.kinds import Actions, Alarm, CompositeAlarm, LogAlarm, MetricAlarm, MetricMath, SingleMetric
from alarms.state import StateValue
from core.delivery import Topic
from core.reading import Scope, Unknown
from core.series import MetricId, Series
from core.timespan import Timespan

LONGEST: Final = timedelta(days=14)
"""How far back the doctor looks; ours."""
MOST_POINTS: Final = 4_320
"""Datapoints of one metric that the doctor wants: three days of minutes, or two weeks of five minutes. Three or four
free requests, asked once and then kept. Ours."""
FINE_REACH: Final = timedelta(hours=3)
"""So long CloudWatch keeps datapoints under a minute: `core.timespan.RETENTION`."""

Watched = tuple[MetricId, str] | MetricMath
"""What has a history: a metric and its statistic, whatever the period, or the whole of a metric-math source."""


def watched_of(alarm: Alarm) -> Watched | None:
    """Give the key of an alarm's history; None for what has no datapoints that could be read."""
    source = alarm.source if isinstance(alarm, MetricAlarm) else None
    if isinstance(source, SingleMetric):
        return source.metric, str(source.statistic)
    return source if isinstance(source, MetricMath) else None


def history_span(alarm: MetricAlarm, *, at: datetime) -> Timespan:
    """Give the span whose datapoints the doctor wants of an alarm's metrics, in the alarm's own period."""
    wanted = min(LONGEST, MOST_POINTS * timedelta(seconds=alarm.period))
    return Timespan.last(min(wanted, FINE_REACH) if alarm.high_resolution else wanted, now=at)


@dataclass(frozen=True, slots=True)
class Directory:
    """The metrics that reported in the last two weeks, as ListMetrics has them."""

    metrics: frozenset[MetricId]
    by_name: Mapping[tuple[str, str], tuple[MetricId, ...]]

    @classmethod
    def of(cls, metrics: Iterable[MetricId]) -> Directory:
        found = sorted(set(metrics))
        by_name = defaultdict(list)
        for metric in found:
            by_name[metric.namespace, metric.name].append(metric)
        return cls(frozenset(found), {name: tuple(each) for name, each in by_name.items()})

    def named_as(self, metric: MetricId) -> tuple[MetricId, ...]:
        """Give the metrics of the same namespace and name, whatever their dimensions."""
        return self.by_name.get((metric.namespace, metric.name), ())


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The alarms of the account and region, and what one needs to know of the others."""

    alarms: tuple[Alarm, ...]
    names: frozenset[str]
    children: frozenset[str]
    """Names in the rules of composite alarms, and of suppressors: such an alarm is heard through another."""
    twins: Mapping[Alarm, tuple[str, ...]]
    """Names, sorted, of the alarms that are alike but for name, description and tags; by what they share."""
    topic: str | None
    """The SNS topic that most alarms notify."""

    @classmethod
    def of(cls, alarms: Iterable[Alarm]) -> Neighbours:
        found = tuple(alarms)
        twins = defaultdict(list)
        topics = Counter[str]()
        for alarm in found:
            if not isinstance(alarm, LogAlarm):
                twins[without_name(alarm)].append(alarm.name)
                topics.update(arn for arn in alarm.actions.alarm if is_topic(arn))
        return cls(
            found,
            frozenset(alarm.name for alarm in found),
            frozenset(name for alarm in found for name in children_of(alarm)),
            {shared: tuple(sorted(names)) for shared, names in twins.items() if len(names) > 1},
            min(topics, key=lambda arn: (-topics[arn], arn), default=None),
        )


@dataclass(frozen=True, slots=True)
class FailedAction:
    """An action that CloudWatch could not run, as DescribeAlarmHistory has it."""

    at: datetime
    action: str
    """ARN; empty where the item does not say."""
    error: str
    """AWS's sentence."""


@dataclass(frozen=True, slots=True)
class Live:
    """What AWS knows of an alarm that exists."""

    state: StateValue
    since: datetime
    changed_at: datetime
    """When its definition last changed: what was before says nothing of the alarm as it is."""
    changes: tuple[Recorded, ...] | Unknown
    """Its changes of state within `Evidence.span`, oldest first."""
    failures: tuple[FailedAction, ...] | Unknown


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known when alarms of one account and region are examined."""

    scope: Scope
    at: datetime
    span: Timespan
    """What the recorded changes of state cover."""
    metrics: Directory | Unknown
    histories: Mapping[Watched, Series | Unknown]
    """Datapoints in the alarm's own period, over its `history_span`; what is not in it was not read."""
    resources: Mapping[str, frozenset[str]] | Unknown
    """Dimension name → its values that are there, for dimensions whose things are in the inventory."""
    topics: Mapping[str, Topic | Unknown | None]
    """By ARN; None is a topic that does not exist."""
    neighbours: Neighbours | Unknown
    live: Mapping[str, Live]
    """By alarm name; an alarm that is not in it is a draft."""

    def history(self, alarm: Alarm) -> Series | Unknown:
        """Give what the alarm watches, over its `history_span`."""
        watched = watched_of(alarm)
        if watched is None:
            return Unknown("only AWS can evaluate what it watches")
        return self.histories.get(watched, Unknown("its datapoints were not read"))


def lost_dimensions(metric: MetricId, there: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Give the dimensions, as `name=value`, whose thing is not among those that are `there`."""
    return tuple(
        f"{name}={value}"
        for name, value in metric.dimensions
        # Other services have instances too, under the same name.
        if name in there and value not in there[name] and (name != "InstanceId" or value.startswith("i-"))
    )


def without_name(alarm: Alarm) -> Alarm:
    """Give what two alarms share that do the same: all but name, description and tags."""
    if isinstance(alarm, LogAlarm):
        return replace(alarm, name="")
    return replace(alarm, name="", description=None, tags=())


def children_of(alarm: Alarm) -> tuple[str, ...]:
    """Give the names of the alarms that a composite alarm depends on; none of one whose rule cannot be read."""
    if not isinstance(alarm, CompositeAlarm):
        return ()
    try:
        named = parse_rule(alarm.rule).children
    except RuleError:
        named = ()
    suppressor = () if alarm.suppressor is None else (alarm.suppressor,)
    return tuple(child_name(reference) for reference in (*named, *suppressor))


def actions_of(alarm: Alarm) -> Actions | None:
    """Give an alarm's actions; None for a log alarm, whose request is carried whole."""
    return None if isinstance(alarm, LogAlarm) else alarm.actions


def is_topic(arn: str) -> bool:
    return arn.split(":")[2:3] == ["sns"]


def is_scaling(arn: str) -> bool:
    return arn.split(":")[2:3] in (["autoscaling"], ["application-autoscaling"])
