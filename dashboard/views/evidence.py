"""What the alarm doctor looks at, out of what the collectors read: the values that the two rooms share.

Reads are those that other screens make too, and history is bought once through the store: per metric three or four
requests of the free million, and none while it is fresh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alarms.agreement import Recorded
from alarms.definition import Alarm, MetricAlarm, SingleMetric, from_response
from alarms.doctor import Directory, Evidence, FailedAction, Live, Neighbours, history_span, watched_of
from alarms.doctor.evidence import LONGEST, Watched, actions_of, is_topic
from alarms.state import StateValue
from alarms.watching import watched
from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.delivery import ActionFailure
from collectors.inventory import Inventory
from collectors.query import MetricQuery
from core.metric_math import MathError
from core.reading import Fault, Reading, Scope, Unknown, joined_faults
from core.series import Series
from core.timespan import Timespan
from dashboard.views.sources import Sources

LATE: Final = timedelta(minutes=20)
"""A series whose newest datapoint is younger is complete, whatever else failed in the same read; ours."""
_SERVICES: Final = {
    "InstanceId": "ec2",
    "AutoScalingGroupName": "autoscaling",
    "LoadBalancer": "elasticloadbalancing",
    "TargetGroup": "elasticloadbalancing",
}
"""Whose answer says which things a dimension can name; as IAM's actions begin."""
_ENDED: Final = frozenset({"terminated", "shutting-down"})


@dataclass(frozen=True, slots=True)
class Gathered:
    """The alarms of one scope, and what is known of them."""

    alarms: tuple[Alarm, ...]
    """Those that were asked for, of those that exist."""
    evidence: Evidence
    """What is known of them and of the drafts."""
    faults: tuple[Fault, ...]
    """What could not be read, with its address."""


def gather(
    sources: Sources, scope: Scope, *, now: datetime, names: Collection[str] = (), drafts: Iterable[Alarm] = ()
) -> Gathered:
    """Give the alarms with these names (all where none is named) and everything known of them and of the drafts."""
    documents = sources.alarm_documents(scope, now=now)
    existing = tuple(from_response(document) for document in documents.value)
    drawn = tuple(drafts)
    wanted = tuple(alarm for alarm in existing if not names or alarm.name in names)
    states = sources.alarms(scope, now=now)
    transitions = sources.alarm_transitions(scope, now=now)
    failures = sources.action_failures(scope, now=now)
    known = sources.known_metrics(scope, now=now)
    inventory = sources.inventory(scope, now=now)
    topics = sources.topics(scope, sorted(_topics_of((*wanted, *drawn))), now=now)
    histories = _histories(sources, scope, (*wanted, *drawn), now)
    readings: tuple[Reading[object], ...] = (
        documents,
        states,
        transitions,
        failures,
        known,
        inventory,
        topics,
        histories,
    )
    draft_names = {alarm.name for alarm in drawn}
    evidence = Evidence(
        scope=scope,
        at=now,
        span=Timespan.last(LONGEST, now=now),
        metrics=_unknown(known) or Directory.of(known.value),
        histories=histories.value,
        resources=resources_of(inventory),
        topics=topics.value,
        neighbours=_unknown(documents) or Neighbours.of((*(a for a in existing if a.name not in draft_names), *drawn)),
        live={
            state.name: live for state, live in _live(states, transitions, failures) if state.name not in draft_names
        },
    )
    return Gathered(wanted, evidence, joined_faults(readings))


def _unknown(reading: Reading[object]) -> Unknown | None:
    """Why a reading does not tell everything; None where it does."""
    return Unknown(reading.faults[0].message) if reading.faults else None


def _topics_of(alarms: Iterable[Alarm]) -> set[str]:
    every = (actions for alarm in alarms if (actions := actions_of(alarm)) is not None)
    return {arn for actions in every for arn in actions.alarm if is_topic(arn)}


# -- states -------------------------------------------------------------------------------------------------------


def _live(
    states: Reading[tuple[AlarmState, ...]],
    transitions: Reading[tuple[AlarmTransition, ...]],
    failures: Reading[tuple[ActionFailure, ...]],
) -> Iterator[tuple[AlarmState, Live]]:
    changed: dict[str, list[Recorded]] = defaultdict(list)
    for each in reversed(transitions.value):
        if each.old:
            changed[each.alarm].append(Recorded(each.at, StateValue(each.old), StateValue(each.new)))
    failed: dict[str, list[FailedAction]] = defaultdict(list)
    for failure in failures.value:
        failed[failure.alarm].append(FailedAction(failure.at, failure.action, failure.error))
    for state in states.value:
        yield (
            state,
            Live(
                StateValue(state.state),
                state.since,
                state.updated_at,
                _unknown(transitions) or tuple(changed[state.name]),
                # What failed is known, whatever else could not be read.
                tuple(failed[state.name]) or _unknown(failures) or (),
            ),
        )


# -- things -------------------------------------------------------------------------------------------------------


def resources_of(reading: Reading[Inventory]) -> Mapping[str, frozenset[str]] | Unknown:
    """The values of dimensions by their name, of the services that answered."""
    silent = {fault.what.partition(":")[0] for fault in reading.faults}
    answered = {name: values for name, values in things(reading.value).items() if _SERVICES[name] not in silent}
    return answered or _unknown(reading) or {}


def things(found: Inventory) -> Mapping[str, frozenset[str]]:
    """Give the values that dimensions can have, for the things that the inventory holds."""
    return {
        "InstanceId": frozenset(each.id for each in found.instances if each.state not in _ENDED),
        "AutoScalingGroupName": frozenset(each.name for each in found.scaling_groups),
        "LoadBalancer": frozenset(each.arn.partition(":loadbalancer/")[2] for each in found.load_balancers),
        "TargetGroup": frozenset(each.arn.rpartition(":")[2] for each in found.target_groups),
    }


# -- datapoints ---------------------------------------------------------------------------------------------------


def _histories(
    sources: Sources, scope: Scope, alarms: Iterable[Alarm], now: datetime
) -> Reading[Mapping[Watched, Series | Unknown]]:
    able = [alarm for alarm in alarms if isinstance(alarm, MetricAlarm) and alarm.evaluable.allowed]
    asked = {alarm.name: dict(queries_of(alarm, scope, _looked_at(alarm, now))) for alarm in able}
    reading = sources.metrics([query for queries in asked.values() for query in queries.values()], now=now)
    found: dict[Watched, Series | Unknown] = {}
    for alarm in able:
        key = watched_of(alarm)
        if key is not None:
            inputs = {name: reading.value[query] for name, query in asked[alarm.name].items()}
            found[key] = _finest(found.get(key), _watched(alarm, inputs, now=now, faults=reading.faults))
    return Reading(found, reading.at, reading.faults)


def _finest(one: Series | Unknown | None, other: Series | Unknown) -> Series | Unknown:
    """Of two alarms on the same metric the series that tells more: the finer one."""
    if one is None or isinstance(one, Unknown):
        return other
    return one if isinstance(other, Unknown) or one.period <= other.period else other


def _looked_at(alarm: MetricAlarm, now: datetime) -> Timespan:
    return history_span(alarm, at=now).aligned(alarm.period)


def queries_of(alarm: MetricAlarm, scope: Scope, span: Timespan) -> Iterator[tuple[str, MetricQuery]]:
    """Give what an alarm's metrics are read with over `span`, by the id that metric math has for them."""
    if isinstance(alarm.source, SingleMetric):
        yield "", MetricQuery(scope, alarm.source.metric, str(alarm.source.statistic), alarm.period, span)
        return
    for query in getattr(alarm.source, "queries", ()):
        ours = query.account_id in {None, scope.account}
        if query.metric is not None and query.statistic is not None and query.period is not None and ours:
            yield query.id, MetricQuery(scope, query.metric, query.statistic, query.period, span)


def _watched(
    alarm: MetricAlarm, inputs: Mapping[str, Series], *, now: datetime, faults: tuple[Fault, ...]
) -> Series | Unknown:
    incomplete = faults and any(series.last is None or now - series.last[0] > LATE for series in inputs.values())
    if incomplete:
        return Unknown(faults[0].message)
    try:
        return watched(alarm, inputs, span=history_span(alarm, at=now)).series
    except (MathError, ValueError) as error:
        return Unknown(str(error))
