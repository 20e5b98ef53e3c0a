"""Every read of the product in one place, each made once for everybody.

The collector polls and leaves its readings in the store; whoever else asks gets those while they are fresh, and reads
AWS only when nobody did. `CloudSources` never raises for what AWS, the network or the store does: faults
say what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from cloud.clients import Clients
from cloud.database import DatabaseDownError
from collectors import (
    alarm_documents,
    alarm_runs,
    alarm_states,
    alarm_tags,
    budget_readings,
    cost_breakdown,
    cost_outlook,
    delivery,
    directory,
    free_tier,
    inventory,
    live_alarms,
    paid,
    scaling,
    spend,
    targets,
)
from collectors.alarm_documents import Document
from collectors.alarm_runs import AlarmRun
from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.budget_readings import BudgetReading
from collectors.cost_breakdown import Question, Quote
from collectors.cost_outlook import Outlook
from collectors.delivery import ActionFailure, Seen
from collectors.free_tier import FreeTier
from collectors.history import History
from collectors.inventory import Inventory
from collectors.logs.insights_desk import Insights
from collectors.logs.sources import LogSources
from collectors.pace import Pace
from collectors.pins import PinReader, Pins
from collectors.planning import Plan
from collectors.query import MetricQuery
from collectors.revisions import Revision
from collectors.scaling import Activity
from collectors.spend_lines import SpendLine
from collectors.store import Store
from collectors.targets import TargetGroupHealth
from core.money import ZERO, Money
from core.reading import Fault, FaultKind, Reading, Scope, joined_faults
from core.series import MetricId, Series
from core.timespan import Timespan

if TYPE_CHECKING:
    from collectors.exports.book import Book

T = TypeVar("T")

MONEY_PATIENCE: Final = timedelta(minutes=10)
"""The same for what money does: many roles may not see it, and it changes slowly."""
TRANSITIONS_SHOWN: Final = timedelta(days=15)
"""How far back changes of alarm states are given: as far as one-minute metrics reach."""


class CloudSources(LogSources):
    """Reads of every kind. Safe to share between threads; several processes share the store."""

    def __init__(self, clients: Clients, store: Store) -> None:
        super().__init__(clients, store)
        self.history = History(store, clients)
        self.pins = Pins(store)
        refresh = timedelta(seconds=clients.settings.refresh_seconds)
        self._pin_reader = PinReader(self.pins, self.history, refresh=refresh)
        self._inventory = inventory.snapshots(store)
        self._targets = targets.snapshots(store)
        self._budgets = budget_readings.snapshots(store)
        self._free_tier = free_tier.snapshots(store)
        self._activities = scaling.snapshots(store)
        self._alarms = alarm_states.snapshots(store)
        self._directory = directory.snapshots(store)
        self._documents = alarm_documents.snapshots(store)
        self._topics = delivery.topic_snapshots(store)
        self._failures = delivery.failure_snapshots(store)
        self._tags = alarm_tags.snapshots(store)
        self._mutes = live_alarms.mute_snapshots(store)

        self.insights = Insights(clients, store, self.log_store, self)
        self.export = _export(clients)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every account and region that is watched. Raises `cloud.faults` words' causes where AWS must be asked."""
        return self.clients.scopes()

    def metrics(self, queries: Sequence[MetricQuery], *, now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
        """Give the series of each query, from the store where it is settled."""
        return self.history.read(queries, now)

    def plan(self, queries: Sequence[MetricQuery], *, now: datetime) -> Plan:
        """Give the calls that would answer the queries now, and their price, without making them."""
        return self.history.plan(queries, now)

    def revisions(self, queries: Sequence[MetricQuery]) -> Mapping[MetricQuery, tuple[Revision, ...]]:
        """Give the datapoints of the queries that changed after they were read first; asks AWS for nothing."""
        found = {query: self.history.revisions(query, query.span) for query in queries}
        return {query: changed for query, changed in found.items() if changed}

    def pace(self, queries: Sequence[MetricQuery], *, now: datetime) -> Pace:
        """Say how long `metrics` waits between two reads of the newest datapoints of the queries, and why."""
        return self.history.pace(queries, now)

    def inventory(self, scope: Scope, *, now: datetime) -> Reading[Inventory]:
        """Give load balancers, target groups, Auto Scaling groups and instances."""
        return self._shared("the inventory", self._inventory, scope, now, self._read_inventory, Inventory())

    def targets(self, scope: Scope, *, now: datetime) -> Reading[tuple[TargetGroupHealth, ...]]:
        """Give each target group's targets with state, reason and since when."""
        return self._shared("target health", self._targets, scope, now, self._read_targets, ())

    def activities(self, scope: Scope, *, now: datetime) -> Reading[tuple[Activity, ...]]:
        """Give scaling activities, newest first."""
        return self._shared("scaling activities", self._activities, scope, now, self._read_activities, ())

    def alarms(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmState, ...]]:
        """Give every alarm with its state, firing ones first."""
        return self._shared("alarms", self._alarms, scope, now, self._read_alarms, ())

    def alarm_transitions(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmTransition, ...]]:
        """Give the last 15 days' changes of alarm states, newest first."""
        alarms = self.alarms(scope, now=now)
        span = Timespan(now - TRANSITIONS_SHOWN, now + timedelta(seconds=1))

        def stored() -> Reading[tuple[AlarmTransition, ...]]:
            return Reading(alarm_states.transitions_within(self.store, scope, span), alarms.at, alarms.faults)

        return self._calmly("alarm history", scope, stored, (), now=now)

    def known_metrics(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricId, ...]]:
        """Give the metrics that reported in the last two weeks."""
        return self._shared(
            "the list of metrics", self._directory, scope, now, self._read_directory, (), fresh=directory.KEPT_FOR
        )

    def alarm_documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give the definition of every alarm, as AWS's documents."""
        return self._shared(
            "alarm documents", self._documents, scope, now, self._read_documents, (), fresh=alarm_documents.KEPT_FOR
        )

    def topics(self, scope: Scope, arns: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        """Give what alarms' topics are like: policy, key and subscriptions; None for one that does not exist."""
        return self._calmly("topics", scope, lambda: self._topics_of(scope, arns, now), {}, now=now)

    def _topics_of(self, scope: Scope, arns: Collection[str], now: datetime) -> Reading[Mapping[str, Seen]]:
        with self._lock("topics", scope):
            kept = {
                arn: self._current("topics", scope, self._topics.younger(scope, delivery.KEPT_FOR, now=now, key=arn))
                for arn in arns
            }
            missing = [arn for arn, reading in kept.items() if reading is None]
            read = delivery.read_topics(self.clients, scope, missing, now=now) if missing else {}
            self._topics.put_all(scope, {arn: reading for arn, reading in read.items() if reading.complete})
        found = {arn: reading for arn, reading in (kept | dict(read)).items() if reading is not None}
        oldest = min((reading.at for reading in found.values()), default=now)
        values = {arn: reading.value for arn, reading in found.items()}
        return Reading(values, oldest, joined_faults(found.values()))

    def action_failures(self, scope: Scope, *, now: datetime) -> Reading[tuple[ActionFailure, ...]]:
        """Give the actions of alarms that could not run in the last 15 days, newest first."""
        return self._shared(
            "failed alarm actions", self._failures, scope, now, self._read_failures, (), fresh=delivery.KEPT_FOR
        )

    def alarm_tags(
        self, scope: Scope, arns: Collection[str], *, now: datetime
    ) -> Reading[Mapping[str, Mapping[str, str]]]:
        """Give the tags of alarms by ARN; an alarm whose tags could not be read is not in it."""
        return self._calmly("tags of alarms", scope, lambda: self._tags_of(scope, arns, now), {}, now=now)

    def _tags_of(self, scope: Scope, arns: Collection[str], now: datetime) -> Reading[Mapping[str, Mapping[str, str]]]:
        with self._lock("alarm tags", scope):
            kept = {arn: self._tags.younger(scope, alarm_tags.KEPT_FOR, now=now, key=arn) for arn in arns}
            read = self._renewed_tags(scope, [arn for arn, reading in kept.items() if reading is None], now)
        found = {arn: reading for arn, reading in (kept | dict(read)).items() if reading is not None}
        values = {arn: reading.value for arn, reading in found.items() if reading.complete}
        return Reading(values, min((each.at for each in found.values()), default=now), joined_faults(found.values()))

    def mute_rules(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give each mute rule as AWS describes it, with its status."""
        return self._shared("mute rules", self._mutes, scope, now, self._read_mutes, (), fresh=alarm_documents.KEPT_FOR)

    def alarm_runs(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[AlarmRun, ...]]:
        """Give what AWS remembers of one alarm's actions and of its definitions, newest first."""
        return alarm_runs.read(self.clients, scope, name, now=now)

    def alarm_story(
        self, scope: Scope, name: str, *, now: datetime, since: datetime
    ) -> Reading[tuple[AlarmTransition, ...]]:
        """Give one alarm's changes of state from `since` on, newest first, as far back as we keep them."""

        def stored() -> Reading[tuple[AlarmTransition, ...]]:
            span = Timespan(since, now + timedelta(seconds=1))
            return Reading(alarm_states.transitions_of(self.store, scope, name, span), now)

        return self._calmly(f"history of {name}", scope, stored, (), now=now)

    def poll(self, scope: Scope, *, now: datetime) -> Reading[None]:
        """Look at everything that AWS forgets or that many viewers want; give only the faults.

        While the store is down AWS is not asked: nobody could keep what it says.
        """
        return self._calmly("what AWS forgets", scope, lambda: self._polled(scope, now), None, now=now)

    def _polled(self, scope: Scope, now: datetime) -> Reading[None]:
        with self.store.reading():
            pass  # raises where it is down
        faults = (
            *self._renewed(self._targets, scope, self._read_targets(scope, now)).faults,
            *self._renewed(self._activities, scope, self._read_activities(scope, now)).faults,
            *self._renewed(self._alarms, scope, self._read_alarms(scope, now)).faults,
            *self._renewed(self._inventory, scope, self._read_inventory(scope, now)).faults,
        )
        return Reading(None, now, tuple(dict.fromkeys(faults)))

    def spend(self, account: str, *, start: date, now: datetime) -> Reading[tuple[SpendLine, ...]]:
        """Give the account's costs by day from `start` on, as the collector read them last; never asks AWS."""
        known = partial(
            spend.known, self.clients, account, store=self.store, start=start, now=now, kept_back=self._kept_back(now)
        )
        return self._calmly(f"costs since {start}", spend.billing(account), known, (), now=now)

    def budgets(self, account: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        """Give the account's budgets with AWS's own figures; asking is free."""
        scope = spend.billing(account)
        return self._shared(
            "budgets",
            self._budgets,
            scope,
            now,
            self._read_budgets,
            (),
            fresh=budget_readings.KEPT_FOR,
            patience=MONEY_PATIENCE,
        )

    def free_tier(self, account: str, *, now: datetime) -> Reading[FreeTier]:
        """Give the account's allowances, plan and credits; asking is free."""
        scope = spend.billing(account)
        return self._shared(
            "free tier",
            self._free_tier,
            scope,
            now,
            self._read_free_tier,
            FreeTier(),
            fresh=free_tier.KEPT_FOR,
            patience=MONEY_PATIENCE,
        )

    def free_tier_before(self, account: str, *, now: datetime) -> Reading[tuple[Reading[FreeTier], ...]]:
        """Give the allowances of the last days, newest first; asks nobody."""
        scope = spend.billing(account)

        def stored() -> Reading[tuple[Reading[FreeTier], ...]]:
            return Reading(tuple(free_tier.earlier(self.store, scope)), now)

        return self._calmly("allowances of the last days", scope, stored, (), now=now)

    def poll_spend(self, account: str, *, now: datetime) -> Reading[None]:
        """Read what the account's money does, where that is due: costs only if the cap allows it, which is no fault."""
        free = (*self.budgets(account, now=now).faults, *self.free_tier(account, now=now).faults)
        kept_back = self._kept_back(now)
        due = partial(spend.read_when_due, self.clients, account, store=self.store, now=now, kept_back=kept_back)
        outlook = partial(
            cost_outlook.read_when_due, self.clients, account, store=self.store, now=now, kept_back=kept_back
        )
        scope = spend.billing(account)
        bought = (
            *self._calmly("costs", scope, due, None, now=now).faults,
            *self._calmly("AWS's forecast", scope, outlook, None, now=now).faults,
        )
        return Reading(None, now, (*free, *(fault for fault in bought if not paid.is_refusal(fault))))

    def outlook(self, account: str, *, now: datetime) -> Reading[Outlook]:
        """Give AWS's own forecast and anomalies as the collector read them last; never asks AWS."""
        stored = partial(cost_outlook.known, account, store=self.store, now=now)
        return self._calmly("AWS's outlook", spend.billing(account), stored, Outlook(), now=now)

    def bought(self, question: Question[T], account: str, *, now: datetime) -> Reading[T | None]:
        """Give the last answer that somebody bought, None before the first; never asks AWS."""
        stored = partial(cost_breakdown.known, question, account, store=self.store, now=now)
        return self._calmly(f"costs {question.key}", spend.billing(account), stored, None, now=now)

    def quote(self, question: Question[T], account: str, *, now: datetime) -> Quote | None:
        """Say what an answer costs and whether it can be bought now; None while the store is down."""
        try:
            return cost_breakdown.quote(self.clients, question, account, store=self.store, now=now)
        except DatabaseDownError:
            return None

    def buy(self, question: Question[T], account: str, *, now: datetime) -> Reading[None]:
        """Ask AWS within the cap, because a person wants it; `bought` gives the answer."""
        asked = partial(cost_breakdown.buy, self.clients, question, account, store=self.store, now=now)
        return self._calmly(f"buying {question.key}", spend.billing(account), asked, None, now=now)

    def _kept_back(self, now: datetime) -> Money:
        """Give what the cap has to leave for a billing export in S3: it says more than Cost Explorer, for far less."""
        return self.export.price_ahead(now=now) if self.export is not None else ZERO

    def poll_export(self, *, now: datetime) -> tuple[Fault, ...]:
        """Fetch what is new of a billing export in S3, if that is due and the cap allows it, which is no fault."""
        if self.export is None:
            return ()
        problem = self.export.fetch_when_due(now=now)
        return (Fault(self.scopes[0], "s3:GetObject", FaultKind.PARTIAL_DATA, problem),) if problem else ()

    def read_pins(self, scopes: Sequence[Scope], *, now: datetime) -> tuple[Fault, ...]:
        """Read the pinned series of `scopes` that are due; give what is missing. For the collector's own thread."""
        try:
            return self._pin_reader.read(scopes, now=now)
        except DatabaseDownError as error:
            return tuple(error.to_fault(scope, "reading pinned series") for scope in scopes)

    def changed(self, scope: Scope, *, at: datetime, alarms: Collection[str] = ()) -> None:
        """Say that something was changed: what was read of alarms and topics before is not given any more.

        Of `alarms`, ARNs, the tags are read again at once; those of the others stay.
        """
        self._changed[scope] = at
        self.insights.changed(scope, at=at)

        def renewed() -> Reading[None]:
            self._renewed_tags(scope, alarms, at)
            return Reading(None, at)

        self._calmly("tags of what was changed", scope, renewed, None, now=at)

    def _read_inventory(self, scope: Scope, now: datetime) -> Reading[Inventory]:
        return inventory.read(self.clients, scope, now=now)

    def _read_budgets(self, scope: Scope, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        return budget_readings.read(self.clients, scope, now=now)

    def _read_free_tier(self, scope: Scope, now: datetime) -> Reading[FreeTier]:
        return free_tier.read_and_remember(self.clients, scope, now=now, store=self.store)

    def _read_targets(self, scope: Scope, now: datetime) -> Reading[tuple[TargetGroupHealth, ...]]:
        return targets.read(self.clients, scope, now=now, store=self.store)

    def _read_activities(self, scope: Scope, now: datetime) -> Reading[tuple[Activity, ...]]:
        return scaling.read_through(self.clients, scope, now=now, store=self.store)

    def _read_alarms(self, scope: Scope, now: datetime) -> Reading[tuple[AlarmState, ...]]:
        return alarm_states.read_through(self.clients, scope, now=now, store=self.store)

    def _read_directory(self, scope: Scope, now: datetime) -> Reading[tuple[MetricId, ...]]:
        return directory.read(self.clients, scope, now=now)

    def _read_documents(self, scope: Scope, now: datetime) -> Reading[tuple[Document, ...]]:
        return alarm_documents.read(self.clients, scope, now=now)

    def _renewed_tags(
        self, scope: Scope, arns: Collection[str], now: datetime
    ) -> Mapping[str, Reading[Mapping[str, str]]]:
        read = alarm_tags.read(self.clients, scope, arns, now=now) if arns else {}
        self._tags.put_all(scope, {arn: reading for arn, reading in read.items() if reading.complete})
        return read

    def _read_mutes(self, scope: Scope, now: datetime) -> Reading[tuple[Document, ...]]:
        return live_alarms.read_mute_rules(self.clients, scope, now=now)

    def _read_failures(self, scope: Scope, now: datetime) -> Reading[tuple[ActionFailure, ...]]:
        return delivery.read_failures(self.clients, scope, now=now, since=now - TRANSITIONS_SHOWN)


def _export(clients: Clients) -> Book | None:
    """Give the billing export that settings name; DuckDB is loaded only where they name one."""
    place = clients.settings.billing_export
    if place is None:
        return None
    from collectors.exports.book import Book

    return Book(place, clients.settings.data_dir / "exports", clients)
