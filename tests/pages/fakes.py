"""A small account written by hand, and sources that answer from it in any of the five states."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from access.identity import Actor, Role
from cloud.faults import AccessDenied
from collectors import catalog
from collectors.access_logs.book import Book as AccessBook
from collectors.alarm_documents import Document
from collectors.alarm_runs import AlarmRun
from collectors.alarm_states import AlarmKind, AlarmState, AlarmTransition
from collectors.budget_readings import BudgetReading
from collectors.cost_breakdown import Question, Quote
from collectors.cost_outlook import Outlook
from collectors.delivery import ActionFailure, Seen
from collectors.exports.book import Book
from collectors.free_tier import FreeTier
from collectors.inventory import Instance, Inventory, LoadBalancer, Member, ScalingGroup, TargetGroup
from collectors.pace import Pace
from collectors.planning import Allowance, Plan, plan
from collectors.query import MetricQuery
from collectors.revisions import Revision
from collectors.scaling import Activity
from collectors.spend_lines import SpendLine
from collectors.targets import Target, TargetGroupHealth
from core.money import ZERO, Money
from core.reading import Fault, Reading, Scope
from core.series import MetricId, Series
from core.timespan import from_epoch
from dashboard.cached import Context
from dashboard.feed import Feed
from dashboard.guardroom import Guards
from dashboard.stage import Playbill, StageError, StoryCard, Telling
from dashboard.views.own_bill import Books
from dashboard.views.pins import PinDesk
from dashboard.workroom import Workroom
from tests.pages import bills, purses
from tests.pages.log_fakes import FakeLogs
from tests.pages.purses import Purse, purse

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 11, 31, 30, tzinfo=UTC)
PROD = Scope("111111111111", "us-east-1")
DR = Scope("222222222222", "eu-west-1")
HOSTILE = "![x](https://attacker.example/p.png) <img src=x onerror=alert(1)> $a$ :red[ok]\u202e"

BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web-alb/50dc6c495c0c9188"
TOPIC_ARN = "arn:aws:sns:us-east-1:111111111111:ops"
GROUP_ARN = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/web-tg/73e2d6bc24d8a067"
INSTANCES = ("i-0a81f3c0000000001", "i-0b29c0d0000000002", "i-0c77130000000003a")


def inventory() -> Inventory:
    """A load balancer over a group of three in two zones, with a hostile tag."""
    balancer = LoadBalancer(
        BALANCER_ARN, "web-alb", "application", "internet-facing", "web-alb.example", "active",
        ("us-east-1a", "us-east-1b"), NOW - timedelta(days=40), (("team", HOSTILE),),
    )  # fmt: skip
    target_group = TargetGroup(
        GROUP_ARN, "web-tg", "HTTP", 80, "instance", (BALANCER_ARN,), "HTTP:80/health every 15 s"
    )
    members = tuple(
        Member(name, f"us-east-1{'ab'[place % 2]}", "InService", "Healthy") for place, name in enumerate(INSTANCES)
    )
    group = ScalingGroup(
        "web-asg", "arn:aws:autoscaling:us-east-1:111111111111:group/web-asg", 2, 6, 3, members,
        ("us-east-1a", "us-east-1b"), (GROUP_ARN,), 60, "ELB", NOW - timedelta(days=40),
    )  # fmt: skip
    instances = tuple(
        Instance(
            member.instance_id, HOSTILE if place == 0 else f"web-{place}", "t2.micro", "running", member.zone,
            NOW - timedelta(hours=5), "10.0.0.7", "web-asg", (("Name", HOSTILE),),
        )
        for place, member in enumerate(members)
    )  # fmt: skip
    return Inventory((balancer,), (target_group,), (group,), instances)


def targets() -> tuple[TargetGroupHealth, ...]:
    """Two healthy targets and one that answers 502."""
    states = ("healthy", "healthy", "unhealthy")
    return (
        TargetGroupHealth(
            GROUP_ARN,
            "web-tg",
            "HTTP",
            80,
            (BALANCER_ARN,),
            tuple(
                Target(
                    name, 80, f"us-east-1{'ab'[place % 2]}", state,
                    None if state == "healthy" else "Target.ResponseCodeMismatch",
                    None if state == "healthy" else "Health checks failed with these codes: [502]",
                    NOW - timedelta(minutes=9),
                )
                for place, (name, state) in enumerate(zip(INSTANCES, states, strict=True))
            ),
        ),
    )  # fmt: skip


def activities() -> tuple[Activity, ...]:
    """A scale-out that an alarm asked for, and a launch that failed."""
    cause = (
        "At 2026-11-23T11:20:00Z a monitor alarm web-cpu-high in state ALARM triggered policy web-out changing the "
        "desired capacity from 2 to 3."
    )
    done = Activity(
        "a-1", "web-asg", NOW - timedelta(minutes=11), NOW - timedelta(minutes=10), "Successful",
        f"Launching a new EC2 instance: {INSTANCES[2]}", cause, "web-cpu-high", "web-out", INSTANCES[2],
        "us-east-1a", (2, 3), None, 100,
    )  # fmt: skip
    failed = replace(
        done,
        id="a-2",
        started_at=NOW - timedelta(minutes=30),
        status="Failed",
        message=f"We currently do not have sufficient t2.micro capacity. {HOSTILE}",
    )
    return (done, failed)


def alarms() -> tuple[AlarmState, ...]:
    """One that fires, one that is calm, one without data and with a hostile name."""
    group = MetricId("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "web-asg"),))
    firing = AlarmState(
        "web-cpu-high", "arn:aws:cloudwatch:us-east-1:111111111111:alarm:web-cpu-high", AlarmKind.METRIC, "ALARM",
        NOW - timedelta(minutes=4), "Threshold Crossed: 3 datapoints were greater than the threshold (70.0).", "",
        actions_enabled=True, actions=(), updated_at=NOW - timedelta(days=3), metric=group,
        statistic="Average", period=60, threshold=70.0, comparison="GreaterThanThreshold", evaluation_periods=3,
        datapoints_to_alarm=3, missing_data="missing",
    )  # fmt: skip
    calm = replace(firing, name="web-cpu-low", state="OK", threshold=30.0, comparison="LessThanThreshold", metric=None)
    silent = replace(firing, name=HOSTILE, state="INSUFFICIENT_DATA", metric=None)
    return (firing, calm, silent)


def documents() -> tuple[Document, ...]:
    """The same alarms as AWS defines them: none has an action, and one watches what nobody reports."""
    group = [{"Name": "AutoScalingGroupName", "Value": "web-asg"}]
    common: Document = {
        "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": group, "Statistic": "Average",
        "Period": 60, "EvaluationPeriods": 3, "Threshold": 70.0, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    calm = {"AlarmName": "web-cpu-low", "Threshold": 30.0, "ComparisonOperator": "LessThanThreshold"}
    return (
        {**common, "AlarmName": "web-cpu-high", "AlarmActions": [TOPIC_ARN]},
        {**common, **calm},
        {**common, "AlarmName": HOSTILE, "MetricName": "NobodyReports", "AlarmActions": [TOPIC_ARN]},
    )


def transitions() -> tuple[AlarmTransition, ...]:
    return (
        AlarmTransition("web-cpu-high", NOW - timedelta(minutes=4), "OK", "ALARM", "Threshold Crossed"),
        AlarmTransition(HOSTILE, NOW - timedelta(hours=2), "OK", "INSUFFICIENT_DATA", HOSTILE),
    )


def runs() -> tuple[AlarmRun, ...]:
    """A notification that was sent and one that was not, and the definition's last change."""
    return (
        AlarmRun(NOW - timedelta(minutes=4), "Action", f"Successfully executed action {TOPIC_ARN}", action=TOPIC_ARN),
        AlarmRun(
            NOW - timedelta(hours=3),
            "Action",
            f"Failed to execute action {HOSTILE}",
            failed=True,
            action=TOPIC_ARN,
            error=HOSTILE,
        ),
        AlarmRun(NOW - timedelta(days=3), "ConfigurationUpdate", 'Alarm "web-cpu-high" updated'),
    )


def known_metrics() -> tuple[MetricId, ...]:
    lb = (("LoadBalancer", "app/web-alb/50dc6c495c0c9188"),)
    found = [MetricId("AWS/ApplicationELB", name, lb) for name in ("RequestCount", "TargetResponseTime")]
    found += [MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", name),)) for name in INSTANCES]
    found += [MetricId("Directory", "PageLoadTime"), MetricId(HOSTILE, HOSTILE, ((HOSTILE[:40], HOSTILE),))]
    found += [MetricId("AWS/DynamoDB", "ConsumedReadCapacityUnits", (("TableName", "employees"),))]
    found += [MetricId("AWS/Lambda", "Invocations", (("FunctionName", "thumbnails"),))]
    return tuple(sorted(found))


_LEVELS = {"Percent": 58.0, "Seconds": 0.2, "Milliseconds": 900.0, "Count": 600.0, "Bytes": 4e6}


def series(query: MetricQuery) -> Series:
    """A calm wave on the query's grid, with a gap of three periods; deterministic for the query."""
    whole = query.span.aligned(query.period)
    times = np.arange(int(whole.start.timestamp()), int(whole.end.timestamp()), query.period, dtype=np.int64)
    unit = catalog.unit_of(query.metric, query.statistic) or "Milliseconds"
    level = _LEVELS.get(unit, 3.0) * (1 + len(query.statistic) / 10)
    if "Group" in query.metric.name or query.metric.name.startswith("HTTPCode"):
        level = 3.0
    noise = np.random.default_rng(len(str(query.metric))).normal(0, 0.04, times.size)
    values = level * (1 + 0.1 * np.sin(times / 900) + noise)
    kept = np.ones(times.size, bool)
    kept[times.size // 2 : times.size // 2 + 3] = False
    settled = NOW - timedelta(minutes=10)
    return Series(times[kept], values[kept], query.period, unit, query.statistic, settled)


def changed(query: MetricQuery) -> tuple[Revision, ...]:
    """Three datapoints of `series` that were read as a tenth more, a minute after they had ended."""
    whole = series(query)
    ends = [from_epoch(int(time) + query.period) for time in whole.times[-8:-2:2]]
    values = [float(value) for value in whole.values[-8:-2:2]]
    return tuple(
        Revision(end - timedelta(seconds=query.period), ((end + timedelta(minutes=1), value * 1.1),), value)
        for end, value in zip(ends, values, strict=True)
    )


@dataclass
class FakeSources(FakeLogs):
    """Answers from the account above. Change a field to change the state."""

    found: Inventory = field(default_factory=inventory)
    documents: tuple[Document, ...] = field(default_factory=documents)
    lag: timedelta = timedelta(0)
    """How old every answer is."""
    denied: bool = False
    """Every answer is empty, and says that AWS denied it."""
    deny: frozenset[str] = frozenset()
    """IAM actions that alone are denied."""
    broken: bool = False
    """Every read fails as nobody foresaw."""
    gate: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    """AWS has no datapoints."""
    paid: bool = False
    """The free requests are used up, and the cap leaves a dollar."""
    changing: bool = False
    """Three values of each series were others when they were read first."""
    mutes: tuple[Document, ...] = ()
    """Mute rules, as AWS describes them."""
    paced: Pace = field(default_factory=lambda: Pace(60, {}))
    """How often the newest datapoints are read."""
    money: Purse = field(default_factory=purse)
    """Budgets, allowances and costs."""
    price: Quote = field(default_factory=lambda: purses.quote("the monthly cap on our own calls is $0.00"))
    """What an answer of Cost Explorer costs, and whether it can be bought."""
    sold: Mapping[str, object] = field(default_factory=dict)
    """Answers that can be bought, by the question's key."""
    held: dict[str, object] = field(default_factory=dict)
    """Answers that somebody bought."""
    reads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def _answer(self, what: str, scope: Scope, now: datetime, *, full: Callable[[], T], empty: T) -> Reading[T]:
        self.gate.wait(20)
        self.reads.append(what)
        if self.broken:
            raise ZeroDivisionError("nobody foresaw this, and the message holds a secret")
        if self.denied or what in self.deny:
            return Reading(empty, now, (self.fault(scope, what),))
        return Reading(full(), now - self.lag)

    def fault(self, scope: Scope, what: str) -> Fault:
        return AccessDenied().to_fault(scope, what)

    def inventory(self, scope: Scope, *, now: datetime) -> Reading[Inventory]:
        return self._answer(
            "elasticloadbalancing:DescribeLoadBalancers", scope, now, full=lambda: self.found, empty=Inventory()
        )

    def metrics(self, queries: Sequence[MetricQuery], *, now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
        empty: Mapping[MetricQuery, Series] = {}
        read = (lambda: empty) if self.silent else lambda: {query: series(query) for query in queries}
        scope = queries[0].scope if queries else PROD
        return self._answer("cloudwatch:GetMetricStatistics", scope, now, full=read, empty=empty)

    def revisions(self, queries: Sequence[MetricQuery]) -> Mapping[MetricQuery, tuple[Revision, ...]]:
        """Three of the newest values of each series were another at first, where `changing`."""
        return {query: changed(query) for query in queries} if self.changing else {}

    def known_metrics(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricId, ...]]:
        found = () if self.found == Inventory() else known_metrics()
        return self._answer("cloudwatch:ListMetrics", scope, now, full=lambda: found, empty=())

    def targets(self, scope: Scope, *, now: datetime) -> Reading[tuple[TargetGroupHealth, ...]]:
        return self._answer("elasticloadbalancing:DescribeTargetHealth", scope, now, full=targets, empty=())

    def activities(self, scope: Scope, *, now: datetime) -> Reading[tuple[Activity, ...]]:
        return self._answer("autoscaling:DescribeScalingActivities", scope, now, full=activities, empty=())

    def alarms(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmState, ...]]:
        return self._answer("cloudwatch:DescribeAlarms", scope, now, full=alarms, empty=())

    def alarm_transitions(self, scope: Scope, *, now: datetime) -> Reading[tuple[AlarmTransition, ...]]:
        return self._answer("cloudwatch:DescribeAlarmHistory", scope, now, full=transitions, empty=())

    def alarm_documents(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        return self._answer("cloudwatch:DescribeAlarms", scope, now, full=lambda: self.documents, empty=())

    def topics(self, scope: Scope, arns: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        empty: Mapping[str, Seen] = {}
        found: Mapping[str, Seen] = dict.fromkeys(arns)
        return self._answer("sns:GetTopicAttributes", scope, now, full=lambda: found, empty=empty)

    def action_failures(self, scope: Scope, *, now: datetime) -> Reading[tuple[ActionFailure, ...]]:
        return self._answer("cloudwatch:DescribeAlarmHistory", scope, now, full=tuple, empty=())

    def mute_rules(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        return self._answer("cloudwatch:ListAlarmMuteRules", scope, now, full=lambda: self.mutes, empty=())

    def alarm_tags(
        self, scope: Scope, arns: Collection[str], *, now: datetime
    ) -> Reading[Mapping[str, Mapping[str, str]]]:
        empty: Mapping[str, Mapping[str, str]] = {}
        found = {arn: {"Owner": HOSTILE if "img" in arn else "web"} for arn in arns}
        return self._answer("cloudwatch:ListTagsForResource", scope, now, full=lambda: found, empty=empty)

    def alarm_runs(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[AlarmRun, ...]]:
        return self._answer("cloudwatch:DescribeAlarmHistory", scope, now, full=runs, empty=())

    def alarm_story(
        self, scope: Scope, name: str, *, now: datetime, since: datetime
    ) -> Reading[tuple[AlarmTransition, ...]]:
        kept = tuple(each for each in transitions() if each.alarm == name)
        return self._answer("reading the history", scope, now, full=lambda: kept, empty=())

    def pace(self, queries: Sequence[MetricQuery], *, now: datetime) -> Pace:
        return self.paced

    def budgets(self, account: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        return self._answer(
            "budgets:DescribeBudgets", Scope(account, "us-east-1"), now, full=lambda: self.money.budgets, empty=()
        )

    def free_tier(self, account: str, *, now: datetime) -> Reading[FreeTier]:
        where = Scope(account, "us-east-1")
        return self._answer(
            "freetier:GetFreeTierUsage", where, now, full=lambda: self.money.free_tier, empty=FreeTier()
        )

    def free_tier_before(self, account: str, *, now: datetime) -> Reading[tuple[Reading[FreeTier], ...]]:
        return Reading((), now)

    def spend(self, account: str, *, start: date, now: datetime) -> Reading[tuple[SpendLine, ...]]:
        return Reading(self.money.lines, now - timedelta(hours=3), self.money.refused)

    def outlook(self, account: str, *, now: datetime) -> Reading[Outlook]:
        return Reading(self.money.outlook, now - timedelta(hours=3))

    def bought(self, question: Question[T], account: str, *, now: datetime) -> Reading[T | None]:
        value: Any = self.held.get(question.key)
        denied = f"ce:{question.operation}" in self.reads and question.key not in self.held
        faults = (self.fault(Scope(account, "us-east-1"), f"ce:{question.operation}"),) if denied else ()
        return Reading(value, now - timedelta(hours=2) if value is not None else now, faults)

    def quote(self, question: Question[T], account: str, *, now: datetime) -> Quote | None:
        asked = f"ce:{question.operation}" in self.reads and question.key in self.held
        return replace(self.price, wait_until=now + timedelta(hours=22)) if asked else self.price

    def buy(self, question: Question[T], account: str, *, now: datetime) -> Reading[None]:
        self.reads.append(f"ce:{question.operation}")
        if question.key in self.sold:
            self.held[question.key] = self.sold[question.key]
        return Reading(None, now)

    def plan(self, queries: Sequence[MetricQuery], *, now: datetime) -> Plan:
        if self.paid:
            return plan(queries, allowance=Allowance({}, Money(Decimal(1))))
        return plan(queries, allowance=Allowance({PROD.account: 1_000, DR.account: 1_000}, ZERO))


@dataclass
class FakeStage:
    """A stage that remembers what was asked of it."""

    told: list[str] = field(default_factory=list)
    silent: bool = False

    def read(self) -> Playbill:
        if self.silent:
            raise StageError("The demo cloud's control did not answer: connection refused")
        cards = (
            StoryCard("traffic-spike", "Everybody looks somebody up at once.", 10.0),
            StoryCard("bad-deploy", "A release breaks one page in eight.", 8.0),
        )
        telling = tuple(Telling(name, NOW, NOW + timedelta(minutes=10), "us-east-1") for name in self.told)
        return Playbill(cards, telling, NOW)

    def tell(self, story: str) -> None:
        self.told.append(story)

    def calm(self) -> None:
        self.told.clear()


def context(
    sources: FakeSources | None = None,
    *,
    stage: FakeStage | None = None,
    role: Role = Role.ADMINISTRATOR,
    patience: float = 10.0,
    books: Books | None = None,
    pins: PinDesk | None = None,
    workroom: Workroom | None = None,
    export: Book | None = None,
    guards: Guards | None = None,
    access_logs: AccessBook | None = None,
) -> Context:
    """A context over fakes; the clock stands still."""
    feed = Feed()
    return Context(
        scopes=(PROD, DR),
        names={PROD.account: "directory-prod", DR.account: "directory-dr"},
        sources=sources or FakeSources(),
        feed=feed,
        actor=Actor("alice", role),
        now=lambda: NOW,
        cloud="Demo cloud" if stage else "AWS",
        stories=stage,
        books=books or Books(lambda: bills.bill(at=NOW)),
        pins=pins,
        workroom=workroom,
        export=export,
        guards=guards,
        access_logs=access_logs,
        patience=patience,
        close=feed.close,
    )
