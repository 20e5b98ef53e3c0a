"""What the workbench looks at: the account's metrics and alarms, and the series behind the preview, each read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar

import streamlit as st

from access.policy import Action, decide
from alarms.actions import ActionKind, describe
from alarms.definition import from_response
from alarms.doctor import Directory, Evidence, Finding, Neighbours, Path, examine, paths
from alarms.kinds import Alarm, CompositeAlarm, MetricAlarm
from collectors.delivery import Seen
from core.reading import Fault, Reading, Scope, Unknown
from dashboard import choices, parts
from dashboard.alarm_fields import Known
from dashboard.cached import Context
from dashboard.state import PageState
from dashboard.views import checkup, workbench, workbench_composite, workbench_view
from dashboard.views.alarm_choices import action_label
from dashboard.views.alarm_form import Checked
from dashboard.views.draft_text import DraftError
from dashboard.views.sources import Sources
from dashboard.views.workbench import Question, Read, Shown
from dashboard.views.workbench_composite import CompositeView
from dashboard.views.workbench_view import WorkbenchView
from dashboard.workroom import FEATURE, Document, Workroom

T = TypeVar("T")
Ask = Callable[..., Reading[T]]

DIRECTORY_SECONDS = 60.0
READ_SECONDS = 60.0
_PAID = "workbench-paid"


def known(context: Context, scope: Scope) -> Reading[Known]:
    """Give what the form offers, as far as it could be read."""
    metrics = parts.looked(
        context, ("known", scope), partial(parts.at_clock, context, context.sources.known_metrics, scope),
        every=DIRECTORY_SECONDS, height=40,
    )  # fmt: skip
    alarms = parts.looked(
        context, ("alarms", scope), partial(parts.at_clock, context, context.sources.alarms, scope),
        every=context.refresh * 2, height=40,
    )  # fmt: skip
    states = () if alarms is None else alarms.value
    used = (arn for state in states for arn in state.actions)
    faults = [fault for each in (metrics, alarms) if each is not None for fault in each.faults]
    room = context.workroom
    topics = None if room is None else _glance(context, "topics", scope, room.topics, faults)
    policies = (None if room is None else _glance(context, "policies", scope, room.policies, faults)) or ()
    inventory = _glance(context, "inventory", scope, context.sources.inventory, faults)
    offered = Known(
        () if metrics is None else metrics.value,
        tuple(sorted(state.name for state in states)),
        _offered(used, topics or (), policies),
        others(context, scope),
        policies,
        () if inventory is None else inventory.scaling_groups,
    )
    return Reading(offered, context.now(), tuple(dict.fromkeys(faults)))


def _glance(
    context: Context,
    key: str,
    scope: Scope,
    ask: Callable[..., Reading[T]],
    faults: list[Fault],
    *,
    seconds: float = 0.5,
) -> T | None:
    """Give what was read, without waiting long for it; what is not there yet is there at the next change."""
    load = partial(parts.booked, FEATURE, partial(parts.at_clock, context, ask, scope))
    seen = context.feed.look((key, scope), load, every=DIRECTORY_SECONDS, patience=seconds)
    if seen is None:
        return None
    faults.extend(seen.value.faults)
    return seen.value.value


def _offered(used: Iterable[str], topics: Iterable[str], policies: Iterable[Document]) -> dict[str, str]:
    """Give what alarms use already, every topic, and the policies that an alarm can run."""
    scaling = [
        str(policy["PolicyARN"])
        for policy in policies
        if policy.get("PolicyType", "SimpleScaling") in {"SimpleScaling", "StepScaling"}
    ]
    return {arn: action_label(arn) for arn in dict.fromkeys((*used, *topics, *scaling))}


def ways(context: Context, scope: Scope, view: WorkbenchView | None) -> tuple[Path, ...]:
    """Give the way of each notification of the draft."""
    return () if view is None else paths(view.alarm, _evidence(context, scope, view))


def others(context: Context, scope: Scope) -> tuple[Alarm, ...] | None:
    """Give every alarm of the account and region, without tags; None where they could not be read, or not yet."""
    found = _neighbours(context, scope)
    return None if found is None else found.alarms


def _neighbours(context: Context, scope: Scope) -> Neighbours | None:
    """Give the other alarms; they are read out of their documents once, in the background."""
    room = context.workroom
    if room is None:
        return None
    faults: list[Fault] = []
    found = _glance(context, "alarm-documents", scope, partial(_read_neighbours, room), faults)
    return None if faults else found


def _read_neighbours(room: Workroom, scope: Scope, *, now: datetime) -> Reading[Neighbours]:
    return room.documents(scope, now=now).map(lambda documents: Neighbours.of(map(from_response, documents)))


def names(context: Context, scope: Scope) -> frozenset[str]:
    """Give the names that alarms have already, as far as is known."""
    return frozenset(alarm.name for alarm in others(context, scope) or ())


def found(context: Context, scope: Scope, name: str) -> Alarm:
    """Give an alarm as it is at this moment, with its tags; raises DraftError with what keeps it from being read."""
    if context.workroom is None:
        raise DraftError("nothing can be changed here")
    reading = context.workroom.live(scope, name, now=context.now())
    if reading.faults:
        raise DraftError(f"{name} could not be read: {reading.faults[0].message}")
    if not reading.value:
        raise DraftError(f"there is no alarm of the name {name} in this account and region")
    return from_response(reading.value[0])


def asked_for(context: Context, state: PageState, checked: Checked, this: Shown) -> Question:
    """Give what must be read to preview a draft."""
    return workbench.question(this.alarm, state.scope, days=workbench.days_of(checked.draft), now=context.now())


def reading(context: Context, asked: Question, *, height: int, key: str = "wb-pay") -> Read | None:
    """Give the series, from what everybody shares; a price is asked for first, and None is given until it is agreed to.

    Draws a price and a button of the key `key`, or a skeleton of `height` while the first read is on its way.
    """
    paid = st.session_state.setdefault(_PAID, set())
    if not context.feed.holds(asked.key):
        tag = workbench.price(context.sources, asked, now=context.now())
        spend = decide(context.actor, Action.SPEND)
        if not tag.free and asked.key not in paid and not choices.draw_price(tag, spend, key=key):
            return None
        paid.update(() if tag.free else (asked.key,))
    load = partial(workbench.read, context.sources, asked, clock=context.now)
    # What was paid for is read once.
    every = None if asked.key in paid else READ_SECONDS
    return parts.looked(context, asked.key, load, every=every, height=height)


def composite(context: Context, scope: Scope, alarm: CompositeAlarm, *, days: int, height: int) -> CompositeView | None:
    """Give what a composite alarm would have done, over the recorded history of its alarms; None while it is read."""
    load = partial(parts.booked, FEATURE, partial(parts.at_clock, context, context.sources.alarms, scope))
    states = context.feed.look(("alarms", scope), load, every=context.refresh * 2, patience=1.0)
    changes = parts.looked(
        context, ("alarm-history", scope), partial(parts.at_clock, context, context.sources.alarm_transitions, scope),
        every=READ_SECONDS, height=height,
    )  # fmt: skip
    if states is None or changes is None:
        return None
    span = workbench_composite.span_of(days, now=context.now())
    return workbench_composite.build(alarm, states.value.value, changes.value, span=span)


def preview(this: Shown, checked: Checked, found: Read, *, movable: bool) -> WorkbenchView:
    """Give what the preview shows of what was read."""
    incidents = workbench.incidents_of(checked.draft, found.span)
    tried = workbench.trial(this, found, incidents=incidents)
    spans = tuple(incident.span for incident in incidents)
    return workbench_view.build(this, found, tried, incidents=spans, movable=movable)


def findings(context: Context, scope: Scope, view: WorkbenchView) -> tuple[Finding, ...]:
    """Give what the doctor says of a draft. It looks at what is read already, and waits for nothing."""
    return examine(view.alarm, _evidence(context, scope, view))


def _evidence(context: Context, scope: Scope, view: WorkbenchView) -> Evidence:
    faults: list[Fault] = []
    inventory = _glance(context, "inventory", scope, context.sources.inventory, faults, seconds=0.0)
    directory = _glance(context, "metric-directory", scope, partial(_read_directory, context.sources), faults)
    return checkup.evidence(
        scope,
        at=context.now(),
        span=view.bench.chart.span,
        alarm=view.alarm,
        series=view.history,
        metrics=directory or Unknown("the list of metrics could not be read"),
        neighbours=_neighbours(context, scope) or Unknown("the other alarms were not read"),
        inventory=Unknown("it was not read as a whole") if inventory is None or faults else inventory,
        topics=_ways(context, scope, view.alarm),
    )


def _read_directory(sources: Sources, scope: Scope, *, now: datetime) -> Reading[Directory | None]:
    """Give the index of the known metrics, made in the background; None where there are none to index."""
    return sources.known_metrics(scope, now=now).map(lambda metrics: Directory.of(metrics) if metrics else None)


def _ways(context: Context, scope: Scope, alarm: MetricAlarm) -> Mapping[str, Seen]:
    room = context.workroom
    arns = tuple(sorted(arn for arn in alarm.actions.alarm if describe(arn).kind is ActionKind.TOPIC))
    if room is None or not arns:
        return {}
    load = partial(_read_ways, context, room, scope, arns)
    seen = context.feed.look(("ways", scope, arns), load, every=DIRECTORY_SECONDS, patience=1.0)
    return {} if seen is None else seen.value.value


def _read_ways(context: Context, room: Workroom, scope: Scope, arns: tuple[str, ...]) -> Reading[Mapping[str, Seen]]:
    return room.ways(scope, arns, now=context.now())
