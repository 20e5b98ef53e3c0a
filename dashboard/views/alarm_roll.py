"""Everything that is known of the alarms of one account and region, joined by name: one read serves every viewer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alarms.agreement import Recorded
from alarms.definition import Alarm, from_response
from alarms.doctor.noise import bearable_flaps, flaps_of
from alarms.pricing import AlarmBill, AlarmPrice, bill_of, price_of
from alarms.state import StateValue
from collectors.alarm_documents import Document
from collectors.alarm_states import AlarmState, AlarmTransition
from core.reading import Fault, Reading, Scope, joined_faults
from core.timespan import Timespan
from dashboard.views.sources import Sources

LOOKED_BACK = timedelta(days=7)
"""How far back flaps are counted; ours."""
ACTIVE = "ACTIVE"
EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute rule that an alarm is named in."""

    rule: str
    """The rule's name; foreign text."""
    active: bool
    """It holds now; otherwise it is still to come, or comes again."""
    when: str
    """Its schedule, as AWS writes it; foreign text."""
    document: Document
    """The rule as AWS describes it."""


@dataclass(frozen=True, slots=True)
class Roll:
    """The alarms of one account and region."""

    scope: Scope
    """The account and region."""
    at: datetime
    """When their states were read."""
    states: tuple[AlarmState, ...]
    """Every alarm as it stands, firing ones first."""
    alarms: Mapping[str, Alarm]
    """Definitions by name; an alarm made a moment ago may still be missing."""
    documents: Mapping[str, Document]
    """The same as AWS writes them, without tags."""
    changes: Mapping[str, tuple[Recorded, ...]]
    """Changes of state by name, oldest first."""
    mutes: Mapping[str, tuple[Mute, ...]]
    """Mute rules that hold or will, by the alarm's name."""
    bill: AlarmBill
    """What all the alarms cost together, as far as their definitions were read."""
    prices: Mapping[str, AlarmPrice]
    """What each alarm adds to that, by name."""
    faults: tuple[Fault, ...]
    """What could not be read."""

    def flapping(self, name: str) -> bool:
        """Tell whether an alarm came back so often in the last week that people learn to ignore it."""
        span = Timespan.last(LOOKED_BACK, now=self.at)
        lately = [change for change in self.changes.get(name, ()) if change.at >= span.start]
        return flaps_of(lately) >= bearable_flaps(span)

    def muted(self, name: str) -> Mute | None:
        """Give the mute rule that holds an alarm's actions back now."""
        return next((mute for mute in self.mutes.get(name, ()) if mute.active), None)


def call(sources: Sources, scope: Scope, *, now: datetime) -> Roll:
    """Read the roll; most of it is what other screens read too, so that it asks AWS for little."""
    states = sources.alarms(scope, now=now)
    documents = sources.alarm_documents(scope, now=now)
    transitions = sources.alarm_transitions(scope, now=now)
    rules = sources.mute_rules(scope, now=now)
    readings: tuple[Reading[object], ...] = (states, documents, transitions, rules)
    alarms = {alarm.name: alarm for alarm in map(from_response, documents.value)}
    return Roll(
        scope,
        states.at,
        states.value,
        alarms,
        {str(document["AlarmName"]): document for document in documents.value},
        recorded(transitions.value),
        _mutes(rules.value),
        bill_of(alarms.values()),
        {name: price_of(alarm, others=alarms.values()) for name, alarm in alarms.items()},
        joined_faults(readings),
    )


def recorded(transitions: Iterable[AlarmTransition]) -> Mapping[str, tuple[Recorded, ...]]:
    """Give changes of state by alarm, oldest first; `transitions` come newest first."""
    found: dict[str, list[Recorded]] = defaultdict(list)
    for each in transitions:
        if each.old:
            found[each.alarm].append(Recorded(each.at, StateValue(each.old), StateValue(each.new)))
    return {name: tuple(reversed(changes)) for name, changes in found.items()}


def _mutes(documents: Iterable[Document]) -> Mapping[str, tuple[Mute, ...]]:
    found: dict[str, list[Mute]] = defaultdict(list)
    for document in documents:
        if document.get("Status") == EXPIRED:
            continue
        schedule = document["Rule"]["Schedule"]
        when = f"{schedule['Expression']} for {schedule['Duration']}"
        mute = Mute(str(document["Name"]), document.get("Status") == ACTIVE, when, document)
        for name in (document.get("MuteTargets") or {}).get("AlarmNames") or ():
            found[name].append(mute)
    return {name: tuple(mutes) for name, mutes in found.items()}
