"""Coverage: resources × recommended alarms, and what would fill the gaps that somebody chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from alarms.coverage import Cell, Proposal, State, alarm_for, cells, propose
from alarms.definition import Alarm, from_response
from alarms.doctor import Directory, Neighbours, history_span
from alarms.doctor.evidence import lost_dimensions
from collectors.inventory import Inventory
from collectors.query import MetricQuery
from core.reading import Fault, Reading, Scope, Unknown, joined_faults
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.views.evidence import LATE, resources_of
from dashboard.views.sources import Sources


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the resources of one account and region stand with the recommended alarms."""

    scope: Scope
    """The account and region."""
    at: datetime
    """When it was read."""
    cells: tuple[Cell, ...]
    """Every recommended alarm on every resource that reports."""
    alarms: tuple[Alarm, ...]
    """The alarms that exist."""
    topic: str | None
    """What a proposed alarm notifies: the topic that most alarms do."""
    faults: tuple[Fault, ...]
    """What could not be read; then gaps may be none, and things may be missing."""

    @property
    def counts(self) -> Counter[State]:
        return Counter(cell.state for cell in self.cells)

    @property
    def gaps(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.state is State.GAP)


def survey(sources: Sources, scope: Scope, *, now: datetime) -> Coverage:
    """Give the coverage of one place. Reads what other screens read too, and no datapoints."""
    documents = sources.alarm_documents(scope, now=now)
    known = sources.known_metrics(scope, now=now)
    inventory = sources.inventory(scope, now=now)
    alarms = tuple(from_response(document) for document in documents.value)
    directory, neighbours = Directory.of(known.value), Neighbours.of(alarms)
    leave_out = frozenset(_passing(inventory, known.value))
    # Without the alarms that exist everything would look like a gap.
    found = () if documents.faults else cells(directory, neighbours, leave_out=leave_out)
    readings: tuple[Reading[object], ...] = (documents, known, inventory)
    return Coverage(scope, documents.at, found, alarms, neighbours.topic, joined_faults(readings))


def proposals(sources: Sources, found: Coverage, keys: Collection[str], *, now: datetime) -> tuple[Proposal, ...]:
    """Give what would fill the gaps of these keys, each replayed, and priced beside those before it."""
    wanted = [cell for cell in found.gaps if cell.key in keys]
    queries = {cell.key: _query(cell, found.scope, now) for cell in wanted}
    reading = sources.metrics(list(queries.values()), now=now)
    made: list[Proposal] = []
    others = list(found.alarms)
    for cell in wanted:
        history = _history(reading.value[queries[cell.key]], reading.faults, now)
        made.append(propose(cell, history, topic=found.topic, others=others, at=now))
        if made[-1].alarm is not None:
            others.append(made[-1].alarm)
    return tuple(made)


def _passing(inventory: Reading[Inventory], metrics: Collection[MetricId]) -> Iterator[tuple[str, str]]:
    """Dimensions of things that come and go, or are gone: instances of groups, and what reports its last days."""
    yield from (("InstanceId", each.id) for each in inventory.value.instances if each.group is not None)
    there = resources_of(inventory)
    if isinstance(there, Unknown):
        return
    for metric in metrics:
        for lost in lost_dimensions(metric, there):
            name, _, value = lost.partition("=")
            yield name, value


def _query(cell: Cell, scope: Scope, now: datetime) -> MetricQuery:
    draft = alarm_for(cell, 0.0)
    span: Timespan = history_span(draft, at=now).aligned(draft.period)
    return MetricQuery(scope, cell.metric, cell.recommendation.statistic, draft.period, span)


def _history(series: Series, faults: tuple[Fault, ...], now: datetime) -> Series | Unknown:
    """The series, unless something failed and it does not reach to now."""
    if faults and (series.last is None or now - series.last[0] > LATE):
        return Unknown(faults[0].message)
    return series
