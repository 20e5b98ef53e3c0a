"""What views read from: one protocol, filled by the collectors in the product and by a hand-written fake in tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from collectors.alarm_documents import Document
from collectors.alarm_runs import AlarmRun
from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.budget_readings import BudgetReading
from collectors.cost_breakdown import Question, Quote
from collectors.cost_outlook import Outlook
from collectors.delivery import ActionFailure, Seen
from collectors.free_tier import FreeTier
from collectors.inventory import Inventory
from collectors.pace import Pace
from collectors.planning import Plan
from collectors.query import MetricQuery
from collectors.scaling import Activity
from collectors.spend_lines import SpendLine
from collectors.targets import TargetGroupHealth
from core.reading import Reading, Scope
from core.series import MetricId
from dashboard.views.log_sources import LogReads
from dashboard.views.panels import Readings, Revisions

T = TypeVar("T")


class Sources(LogReads, Protocol):
    """Every read of the dashboard. All may take seconds; none raises for what AWS or the network does."""

    def inventory(self, scope: Scope, *, now: datetime) -> Reading[Inventory]:
        """Give load balancers, target groups, Auto Scaling groups and instances."""

    def metrics(self, queries: Sequence[MetricQuery], *, now: datetime) -> Reading[Readings]:
        """Give the series of each query, from the store where it has them."""

    def revisions(self, queries: Sequence[MetricQuery]) -> Revisions:
        """Give the datapoints of the queries that changed after they were read first; asks AWS for nothing."""

    def known_metrics(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricId, ...]]:
        """Give the metrics that were active lately."""

    def targets(self, scope: Scope, *, now: datetime) -> Reading[tuple[TargetGroupHealth, ...]]:
        """Give each target group's targets with state, reason and since when."""

    def activities(self, scope: Scope, *, now: datetime) -> Reading[tuple[Activity, ...]]:
        """Give scaling activities, newest first."""

    def alarms(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmState, ...]]:
        """Give every alarm with its state."""

    def alarm_transitions(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmTransition, ...]]:
        """Give recent changes of alarm states, newest first."""

    def budgets(self, account: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        """Give the account's budgets with AWS's own figures; asking is free."""

    def free_tier(self, account: str, *, now: datetime) -> Reading[FreeTier]:
        """Give the account's free allowances, plan and credits; asking is free."""

    def free_tier_before(self, account: str, *, now: datetime) -> Reading[tuple[Reading[FreeTier], ...]]:
        """Give the same of the last days, newest first."""

    def spend(self, account: str, *, start: date, now: datetime) -> Reading[tuple[SpendLine, ...]]:
        """Give the account's costs by day as they were read last; never asks AWS."""

    def outlook(self, account: str, *, now: datetime) -> Reading[Outlook]:
        """Give AWS's own forecast and anomalies as they were read last; never asks AWS."""

    def bought(self, question: Question[T], account: str, *, now: datetime) -> Reading[T | None]:
        """Give the last answer that somebody bought, None before the first; never asks AWS."""

    def quote(self, question: Question[T], account: str, *, now: datetime) -> Quote | None:
        """Say what an answer costs and whether it can be bought now; None where that cannot be told."""

    def buy(self, question: Question[T], account: str, *, now: datetime) -> Reading[None]:
        """Ask AWS within the cap, because a person wants it; `bought` gives the answer."""

    def plan(self, queries: Sequence[MetricQuery], *, now: datetime) -> Plan:
        """Give the calls that would answer the queries, and their price, without making them."""

    def pace(self, queries: Sequence[MetricQuery], *, now: datetime) -> Pace:
        """Say how long `metrics` waits between two reads of the newest datapoints of the queries, and why."""

    def alarm_documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give the definition of every alarm, as AWS's documents."""

    def topics(self, scope: Scope, arns: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        """Give what alarms' topics are like: policy, key and subscriptions; None for one that does not exist."""

    def action_failures(self, scope: Scope, *, now: datetime) -> Reading[tuple[ActionFailure, ...]]:
        """Give the actions of alarms that could not run lately."""

    def mute_rules(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        """Give each mute rule of alarms as AWS describes it, with its status."""

    def alarm_tags(
        self, scope: Scope, arns: Collection[str], *, now: datetime
    ) -> Reading[Mapping[str, Mapping[str, str]]]:
        """Give the tags of alarms by ARN; an alarm whose tags could not be read is not in it."""

    def alarm_runs(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[AlarmRun, ...]]:
        """Give what AWS remembers of one alarm's actions and of its definitions, newest first."""

    def alarm_story(
        self, scope: Scope, name: str, *, now: datetime, since: datetime
    ) -> Reading[tuple[AlarmTransition, ...]]:
        """Give one alarm's changes of state from `since` on, newest first, as far back as we keep them."""
