"""Metric filters and retention, planned, applied to a cloud, read back and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access.audit import Audit
from access.changes import ChangePlan, Ending, Outcome, carry_out
from access.identity import Actor, Role
from access.policy import Action
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.setting_fields import DEMO_ACCOUNTS
from cloud.settings import Settings
from collectors.logs import publishing
from collectors.logs.groups import LogGroup
from collectors.logs.metric_filters import MetricFilter
from collectors.logs.trial import Disagreement, disagreements
from collectors.sources import CloudSources
from collectors.store import Store
from core.filter_pattern import parse
from core.reading import FaultKind, Scope
from tests.unit.core.filter_pattern.documented import EXAMPLES
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

HERE = Scope("111111111111", "us-east-1")
ANA = Actor("ana", Role.ENGINEER)
SLOW = MetricFilter(
    "/app/web", "slow", "{ $.ms > 500 && $.path = * }", "Directory", "Slow", "$.ms", None, "Milliseconds",
    (("path", "$.path"),),
)  # fmt: skip


@dataclass
class Desk:
    """An engineer at work on two log groups."""

    cloud: Cloud
    clients: Clients
    audit: Audit
    sources: CloudSources

    @property
    def logs(self) -> Any:
        return self.cloud.client("logs")

    def apply(self, plan: ChangePlan | None, actor: Actor = ANA) -> Outcome:
        assert plan is not None
        outcome = carry_out(plan, actor, self.clients, self.audit, now=AT)
        self.sources.changed(HERE, at=AT)
        return outcome

    def done(self, plan: ChangePlan | None) -> Outcome:
        outcome = self.apply(plan)
        assert outcome.done, (outcome.sentence, [each.sentence for each in outcome.steps])
        return outcome

    def filters(self) -> tuple[MetricFilter, ...]:
        found = self.sources.metric_filters(HERE, now=AT)
        assert found.complete
        return found.value

    def groups(self) -> dict[str, LogGroup]:
        found = self.sources.log_groups(HERE, now=AT)
        assert found.complete
        return {group.name: group for group in found.value}


@pytest.fixture
def desk(bare: Cloud, tmp_path: Path) -> Iterator[Desk]:
    own = tuple(account.model_copy(update={"write_role_arn": None}) for account in DEMO_ACCOUNTS)
    port = int(bare.url.rsplit(":", 1)[1])
    settings = Settings(cloud="demo", demo_port=port, data_dir=tmp_path, accounts=own)
    clients = Clients(settings, Meter(tmp_path, clock=lambda: AT))
    store = Store(tmp_path)
    for name in ("/app/web", "/app/web-2"):
        bare.client("logs").create_log_group(logGroupName=name)
    yield Desk(bare, clients, Audit(tmp_path), CloudSources(clients, store))
    clients.close()
    store.close()


def test_a_metric_filter_from_plan_to_cloud_and_back(desk: Desk) -> None:
    done = desk.done(publishing.put_filter(SLOW, live=None, scope=HERE))
    assert desk.filters() == (SLOW,)
    changed = replace(SLOW, dimensions=(), default=0.0)
    back = desk.done(publishing.put_filter(changed, live=SLOW, scope=HERE)).undo
    assert desk.filters() == (changed,)
    desk.done(back)
    assert desk.filters() == (SLOW,)
    desk.done(done.undo)
    assert desk.filters() == ()
    kinds = {(record.action, record.detail["outcome"]) for record in desk.audit.newest(8)}
    assert kinds == {(Action.EDIT_LOGS, "begun"), (Action.EDIT_LOGS, "done")}


def test_a_filter_that_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.done(publishing.put_filter(SLOW, live=None, scope=HERE))
    where = {"logGroupName": "/app/web", "filterName": "slow"}
    desk.logs.delete_metric_filter(**where)
    desk.logs.put_metric_filter(
        **where,
        filterPattern="ERROR",
        metricTransformations=[{"metricName": "Slow", "metricNamespace": "Directory", "metricValue": "1"}],
    )
    outcome = desk.apply(publishing.delete_filter(SLOW, scope=HERE))
    assert outcome.ending is Ending.CONFLICT
    assert [each.pattern for each in desk.filters()] == ["ERROR"]


def test_retention_of_several_groups_and_back(desk: Desk) -> None:
    desk.logs.put_retention_policy(logGroupName="/app/web-2", retentionInDays=365)
    groups = desk.groups()
    assert [group.retention_days for group in groups.values()] == [None, 365]
    done = desk.done(publishing.set_retention(list(groups.values()), 30))
    assert [group.retention_days for group in desk.groups().values()] == [30, 30]
    desk.done(done.undo)
    assert [group.retention_days for group in desk.groups().values()] == [None, 365]


def test_a_viewer_changes_nothing(desk: Desk) -> None:
    plan = publishing.set_retention(list(desk.groups().values()), 1)
    outcome = desk.apply(plan, Actor("vera", Role.VIEWER))
    assert outcome.ending is Ending.REFUSED
    assert [group.retention_days for group in desk.groups().values()] == [None, None]


def test_the_cloud_finds_what_we_find(cloud: Cloud, tmp_path: Path) -> None:
    differing: list[Disagreement] = []
    with reading(cloud, tmp_path) as sources:
        for example in EXAMPLES:
            lines = tuple(line for line in (*example.finds, *example.leaves) if line)
            judged = sources.filter_verdict(HERE, example.pattern, lines, now=AT)
            assert judged.complete, example.pattern
            differing += disagreements(parse(example.pattern), lines, judged.value)
    assert not differing


def test_a_pattern_that_the_cloud_refuses_is_a_fault(cloud: Cloud, tmp_path: Path) -> None:
    with reading(cloud, tmp_path) as sources:
        judged = sources.filter_verdict(HERE, "a:b", ("a:b",), now=AT)
    assert [fault.kind for fault in judged.faults] == [FaultKind.INVALID_REQUEST]


def test_lines_of_the_story_become_datapoints_of_the_filters_metric(desk: Desk) -> None:
    counted = replace(SLOW, dimensions=(), value="1", unit="", default=0.0, pattern="ERROR", metric="Errors")
    desk.done(publishing.put_filter(counted, live=None, scope=HERE))
    desk.logs.create_log_stream(logGroupName="/app/web", logStreamName="i-1")
    at = int(AT.timestamp() * 1000)
    events = [{"timestamp": at + place, "message": text} for place, text in enumerate(("ERROR a", "fine", "ERROR b"))]
    desk.logs.put_log_events(logGroupName="/app/web", logStreamName="i-1", logEvents=events)
    desk.cloud.advance(120)
    answer = desk.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Directory", MetricName="Errors", StartTime=AT - timedelta(minutes=5),
        EndTime=AT + timedelta(minutes=5), Period=60, Statistics=["Sum"],
    )  # fmt: skip
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 2.0


@contextmanager
def reading(cloud: Cloud, folder: Path) -> Iterator[CloudSources]:
    settings = Settings(cloud="demo", demo_port=int(cloud.url.rsplit(":", 1)[1]), data_dir=folder)
    clients, store = Clients(settings, Meter(folder, clock=lambda: AT)), Store(folder)
    yield CloudSources(clients, store)
    clients.close()
    store.close()
