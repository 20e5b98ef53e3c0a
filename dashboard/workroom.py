"""What the alarm workbench reads and writes beyond what is on screen anyway: alarms as they are, topics, policies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from access.audit import Audit
from access.changes import ChangePlan, Outcome, carry_out
from access.identity import Actor
from cloud.clients import Clients
from cloud.metering import feature
from collectors import budget_readings, live_alarms, notifying
from collectors.budget_readings import BudgetReading
from collectors.delivery import Seen
from collectors.sources import CloudSources
from core.reading import Reading, Scope

Document = Mapping[str, Any]
BUDGETS = "budgets"
FEATURE = "workbench"
"""What these reads are booked to in the ledger."""


class Workroom(Protocol):
    """What can be read for a change, and how one is made. Reads never raise for what AWS or the network does."""

    def documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give the definition of every alarm, without tags."""

    def live(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give one alarm as it is at this moment, with its tags; nothing where it is not there."""

    def lives(self, scope: Scope, names: Sequence[str], *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give several alarms as they are at this moment, with their tags; those that are gone are left out."""

    def topics(self, scope: Scope, *, now: datetime) -> Reading[tuple[str, ...]]:
        """Give the ARN of every topic."""

    def ways(self, scope: Scope, topics: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        """Give what topics are like: policy, key, and who is told; None for one that does not exist."""

    def policies(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give every scaling policy."""

    def budget(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        """Give one budget as it is at this moment; nothing where it is not there."""

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome:
        """Authorize and apply a plan; it is in the audit record, whatever becomes of it."""


class CloudWorkroom:
    """The workroom of a cloud."""

    def __init__(self, clients: Clients, sources: CloudSources, audit: Audit) -> None:
        self._clients = clients
        self._sources = sources
        self._audit = audit

    def documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        with feature(FEATURE):
            return self._sources.alarm_documents(scope, now=now)

    def live(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[Document, ...]]:
        with feature(FEATURE):
            return live_alarms.read(self._clients, scope, [name], now=now)

    def lives(self, scope: Scope, names: Sequence[str], *, now: datetime) -> Reading[tuple[Document, ...]]:
        with feature(FEATURE):
            return live_alarms.read(self._clients, scope, names, now=now)

    def topics(self, scope: Scope, *, now: datetime) -> Reading[tuple[str, ...]]:
        with feature(FEATURE):
            return notifying.read_topics(self._clients, scope, now=now)

    def ways(self, scope: Scope, topics: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        with feature(FEATURE):
            return self._sources.topics(scope, topics, now=now)

    def policies(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        with feature(FEATURE):
            return notifying.read_policies(self._clients, scope, now=now)

    def budget(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        with feature(BUDGETS):
            return budget_readings.read_one(self._clients, scope, name, now=now)

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome:
        outcome = carry_out(plan, actor, self._clients, self._audit, now=now)
        with feature(FEATURE):
            for scope in plan.scopes:
                self._sources.changed(scope, at=now, alarms=_alarms(plan))
        return outcome


def _alarms(plan: ChangePlan) -> set[str]:
    """The ARNs of alarms that a plan's steps name."""
    named = (str(value) for step in plan.steps for value in step.params.values())
    return {text for text in named if text.startswith("arn:") and ":alarm:" in text}
