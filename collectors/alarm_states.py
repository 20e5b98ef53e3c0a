"""Alarms as they stand, and how they changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from collectors.transitions import Kind, Transition, Transitions
from core.reading import Fault, Reading, Scope
from core.series import MetricId
from core.timespan import Timespan, utc

HISTORY_REACH: Final = timedelta(days=30)
"""How far back DescribeAlarmHistory remembers. Source: CloudWatch, "alarm history is available for 30 days"."""


_TYPES: Final = ("MetricAlarm", "CompositeAlarm", "LogAlarm")


class AlarmKind(StrEnum):
    """What an alarm watches."""

    METRIC = "metric"
    MATH = "metric math"
    ANOMALY = "anomaly detection"
    COMPOSITE = "composite"
    PROMQL = "PromQL"
    LOG = "log query"


@dataclass(frozen=True, slots=True)
class AlarmState:
    """One alarm as AWS describes it now. Names, reasons and descriptions are foreign text."""

    name: str
    arn: str
    kind: AlarmKind
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""
    since: datetime
    """When it came into this state."""
    reason: str
    description: str
    actions_enabled: bool
    actions: tuple[str, ...]
    """ARNs that run when it goes to ALARM."""
    updated_at: datetime
    """When its definition last changed."""
    metric: MetricId | None = None
    """What a plain metric alarm watches; None for the other kinds."""
    statistic: str | None = None
    period: int | None = None
    """Seconds."""
    threshold: float | None = None
    comparison: str | None = None
    """AWS's operator, such as `GreaterThanThreshold`."""
    evaluation_periods: int | None = None
    datapoints_to_alarm: int | None = None
    missing_data: str | None = None
    unit: str | None = None
    rule: str | None = None
    """A composite alarm's rule."""

    @property
    def action_count(self) -> int:
        return len(self.actions)


@dataclass(frozen=True, slots=True)
class AlarmTransition:
    """An alarm changed its state."""

    alarm: str
    at: datetime
    old: str
    new: str
    reason: str


Alarms = Reading[tuple[AlarmState, ...]]


def snapshots(store: Store) -> Snapshots[tuple[AlarmState, ...]]:
    """Give the shared readings of alarm states."""
    return Snapshots(store, "alarms", Alarms)


def read(clients: Clients, scope: Scope, *, now: datetime) -> Alarms:
    """Give every alarm, firing ones first, then by name."""
    faults: list[Fault] = []
    found: list[AlarmState] = []
    for page in pages(clients, scope, "cloudwatch", "DescribeAlarms", faults, AlarmTypes=list(_TYPES)):
        found += [_metric_alarm(document) for document in page.get("MetricAlarms", ())]
        found += [_composite(document) for document in page.get("CompositeAlarms", ())]
        found += [AlarmState(**_common(document, AlarmKind.LOG)) for document in page.get("LogAlarms", ())]
    found.sort(key=lambda alarm: (alarm.state != "ALARM", alarm.name))
    return Reading(tuple(found), now, tuple(faults))


def read_history(
    clients: Clients, scope: Scope, *, now: datetime, since: datetime
) -> Reading[tuple[AlarmTransition, ...]]:
    """Give the changes of state after `since`, newest first."""
    faults: list[Fault] = []
    begin = max(since, now - HISTORY_REACH)
    found = [
        transition
        for page in pages(
            clients,
            scope,
            "cloudwatch",
            "DescribeAlarmHistory",
            faults,
            HistoryItemType="StateUpdate",
            AlarmTypes=list(_TYPES),
            StartDate=begin,
            EndDate=now,
            ScanBy="TimestampDescending",
        )
        for item in page["AlarmHistoryItems"]
        if (transition := _from_history(item)) is not None
    ]
    return Reading(tuple(sorted(found, key=lambda each: each.at, reverse=True)), now, tuple(faults))


def read_through(clients: Clients, scope: Scope, *, now: datetime, store: Store) -> Alarms:
    """Give every alarm, and keep what changed since the last look.

    History costs a call, so it is asked for only when an alarm is in another state than the store knows, or never was.
    """
    reading = read(clients, scope, now=now)
    transitions = Transitions(store, Kind.ALARM)
    current = transitions.current(scope)
    new = [alarm for alarm in reading.value if _unknown(alarm, current.get(alarm.name))]
    if not new:
        return reading
    known = [each.at for each in current.values()]
    history = read_history(
        clients, scope, now=now, since=max(known, default=now - HISTORY_REACH) - timedelta(minutes=1)
    )
    transitions.add(scope, [_kept(each) for each in history.value])
    transitions.add(scope, [_seen(alarm) for alarm in new])
    return Reading(reading.value, now, (*reading.faults, *history.faults))


def transitions_within(store: Store, scope: Scope, span: Timespan) -> tuple[AlarmTransition, ...]:
    """Give the stored changes of state in `span`, newest first."""
    return _changes(Transitions(store, Kind.ALARM).within(scope, span))


def transitions_of(store: Store, scope: Scope, name: str, span: Timespan) -> tuple[AlarmTransition, ...]:
    """Give the stored changes of one alarm's state in `span`, newest first: as far back as we keep them, not AWS."""
    return _changes(Transitions(store, Kind.ALARM).of(scope, name, span))


def _changes(kept: Iterable[Transition]) -> tuple[AlarmTransition, ...]:
    return tuple(
        AlarmTransition(each.thing, each.at, each.detail.get("old", ""), each.state, each.detail.get("reason", ""))
        for each in kept
        if each.witnessed
    )


def _unknown(alarm: AlarmState, known: Transition | None) -> bool:
    return known is None or known.state != alarm.state or int(alarm.since.timestamp()) > int(known.at.timestamp())


def _kept(each: AlarmTransition) -> Transition:
    return Transition(each.alarm, each.new, each.at, detail={"old": each.old, "reason": each.reason})


def _seen(alarm: AlarmState) -> Transition:
    """What we know where history says nothing: it is in this state since then, but what was before is unknown."""
    return Transition(alarm.name, alarm.state, alarm.since, witnessed=False, detail={"reason": alarm.reason})


# -- AWS's documents --------------------------------------------------------------------------------------------------


def _common(document: Mapping[str, Any], kind: AlarmKind) -> dict[str, Any]:
    since = document.get("StateTransitionedTimestamp") or document["StateUpdatedTimestamp"]
    return {
        "name": document["AlarmName"],
        "arn": document["AlarmArn"],
        "kind": kind,
        "state": document["StateValue"],
        "since": utc(since),
        "reason": document.get("StateReason", ""),
        "description": document.get("AlarmDescription") or "",
        "actions_enabled": document.get("ActionsEnabled", True),
        "actions": tuple(document.get("AlarmActions", ())),
        "updated_at": utc(document.get("AlarmConfigurationUpdatedTimestamp") or since),
    }


def _composite(document: Mapping[str, Any]) -> AlarmState:
    return AlarmState(**_common(document, AlarmKind.COMPOSITE), rule=document.get("AlarmRule"))


def _metric_alarm(document: Mapping[str, Any]) -> AlarmState:
    kind = AlarmKind.METRIC
    if document.get("ThresholdMetricId"):
        kind = AlarmKind.ANOMALY
    elif document.get("Metrics"):
        kind = AlarmKind.MATH
    elif document.get("EvaluationCriteria"):
        kind = AlarmKind.PROMQL
    return AlarmState(
        **_common(document, kind),
        metric=_metric(document) if kind is AlarmKind.METRIC else None,
        statistic=document.get("Statistic") or document.get("ExtendedStatistic"),
        period=document.get("Period"),
        threshold=document.get("Threshold"),
        comparison=document.get("ComparisonOperator"),
        evaluation_periods=document.get("EvaluationPeriods"),
        datapoints_to_alarm=document.get("DatapointsToAlarm") or document.get("EvaluationPeriods"),
        missing_data=document.get("TreatMissingData") or "missing",
        unit=document.get("Unit"),
    )


def _metric(document: Mapping[str, Any]) -> MetricId:
    dimensions = tuple((pair["Name"], pair["Value"]) for pair in document.get("Dimensions", ()))
    return MetricId(document.get("Namespace", ""), document.get("MetricName", ""), dimensions)


def _from_history(item: Mapping[str, Any]) -> AlarmTransition | None:
    """Read a StateUpdate item; its data is JSON text. One of another shape tells nothing of states."""
    try:
        data = json.loads(item.get("HistoryData") or "{}")
        old, new = data["oldState"], data["newState"]
        return AlarmTransition(
            item["AlarmName"], utc(item["Timestamp"]), old["stateValue"], new["stateValue"], new.get("stateReason", "")
        )
    except (ValueError, KeyError, TypeError):
        return None
