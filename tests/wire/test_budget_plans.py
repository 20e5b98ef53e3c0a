"""Plans of budgets applied to the demo cloud: created, changed, notifying of a surge, undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from access.audit import Audit
from access.changes import ChangePlan, Ending, Outcome, carry_out
from access.identity import Actor, Role
from budgets.actions import ActionKind, BudgetAction, execute
from budgets.actions import create as create_action
from budgets.definition import GROSS, Alert, BudgetDefinition, Limit, Subscriber, TimeUnit, zero_spend
from budgets.live import LiveBudget, live_of
from budgets.publishing import create, delete, update
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors import budget_readings
from collectors.budget_readings import BudgetReading
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import Scope
from demo.clock import StandingClock
from tests.wire.clouds import AT, Cloud, billed_cloud
from tests.wire.test_budgets import surges

pytestmark = pytest.mark.wire

HERE = Scope("111111111111", "us-east-1")
ANA = Actor("ana", Role.ADMINISTRATOR)
MAIL = Subscriber("EMAIL", "finance@directory.test")


@dataclass
class Desk:
    """A manager at work."""

    cloud: Cloud
    clients: Clients
    audit: Audit
    sources: CloudSources

    def apply(self, plan: ChangePlan | None) -> Outcome:
        assert plan is not None
        return carry_out(plan, ANA, self.clients, self.audit, now=AT)

    def done(self, plan: ChangePlan | None) -> Outcome:
        outcome = self.apply(plan)
        assert outcome.done, (outcome.sentence, [each.sentence for each in outcome.steps])
        return outcome

    def reading(self, name: str) -> BudgetReading | None:
        found = budget_readings.read_one(self.clients, HERE, name, now=AT)
        assert found.complete
        return found.value[0] if found.value else None

    def live(self, name: str) -> LiveBudget:
        found = self.reading(name)
        assert found is not None
        return live_of(found.document, [each.document for each in found.notifications], found.actions, tags=found.tags)

    def alarming(self, name: str) -> list[bool]:
        found = self.reading(name)
        assert found is not None
        return [each.alarming for each in found.notifications]

    def move_to(self, at: datetime) -> None:
        assert self.cloud.ground is not None
        clock = self.cloud.ground.clock
        assert isinstance(clock, StandingClock)
        clock.move_to(at)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with billed_cloud() as cloud:
        port = int(cloud.url.rsplit(":", 1)[1])
        clients = Clients(Settings(cloud="demo", demo_port=port, data_dir=tmp_path), Meter(tmp_path, clock=lambda: AT))
        store = Store(tmp_path)
        yield Desk(cloud, clients, Audit(tmp_path), CloudSources(clients, store))
        clients.close()
        store.close()


def test_zero_spend_in_one_call_sees_credits_being_burnt_only_before_credits(desk: Desk) -> None:
    net = desk.done(create(zero_spend("no spend", emails=[MAIL.address]), scope=HERE))
    gross = desk.done(create(zero_spend("no spend before credits", emails=[MAIL.address], gross=True), scope=HERE))
    assert (desk.alarming("no spend"), desk.alarming("no spend before credits")) == ([False], [True])
    for outcome in (gross, net):
        desk.done(outcome.undo)
    assert desk.reading("no spend") is None
    assert [record.detail["outcome"] for record in desk.audit.newest(4)] == ["done", "begun", "done", "begun"]


def test_a_surge_reaches_the_notification_when_aws_figures_are_refreshed(desk: Desk) -> None:
    day = BudgetDefinition(
        "day",
        time_unit=TimeUnit.DAILY,
        limit=Limit(Decimal("6.5")),
        cost_types=GROSS,
        alerts=(Alert("ACTUAL", Decimal(100), subscribers=(MAIL,)),),
    )
    desk.done(create(day, scope=HERE))
    assert desk.cloud.ground is not None
    for place in desk.cloud.ground.bills._premises:
        place.tellings = partial(tuple, surges(place.site.name))
    desk.move_to(AT + timedelta(hours=5))
    assert desk.alarming("day") == [False]
    desk.move_to(datetime(2026, 11, 23, 19, 0, 1, tzinfo=UTC))
    assert desk.alarming("day") == [True]


def test_a_budget_is_changed_with_its_notifications_and_people_and_back(desk: Desk) -> None:
    name = "directory-month-before-credits"
    before = desk.live(name)
    first, second = before.definition.alerts
    after = replace(
        before.definition,
        limit=Limit(Decimal(200)),
        alerts=(
            replace(first, subscribers=(MAIL, Subscriber("EMAIL", "cfo@directory.test"))),
            replace(second, threshold=Decimal(90)),
            Alert("ACTUAL", Decimal(50), subscribers=(MAIL,)),
        ),
    )
    plan = update(after, live=before, scope=HERE)
    assert [step.operation for step in plan.steps] == [
        "UpdateBudget", "UpdateNotification", "CreateNotification", "UpdateSubscriber", "CreateSubscriber",
        "DeleteSubscriber",
    ]  # fmt: skip
    outcome = desk.done(plan)
    assert update(after, live=desk.live(name), scope=HERE).steps == ()
    desk.done(outcome.undo)
    assert update(before.definition, live=desk.live(name), scope=HERE).steps == ()


def test_every_budget_of_the_account_is_deleted_and_comes_back(desk: Desk) -> None:
    for reading in desk.sources.budgets(HERE.account, now=AT).value:
        desk.cloud.client("budgets").tag_resource(
            ResourceARN=f"arn:aws:budgets::{HERE.account}:budget/{reading.name}",
            ResourceTags=[{"Key": "team", "Value": reading.name}],
        )
        before = desk.live(reading.name)
        outcome = desk.done(delete(before, scope=HERE))
        assert desk.reading(reading.name) is None
        desk.done(outcome.undo)
        assert desk.live(reading.name).tags == before.tags == {"team": reading.name}
        assert update(before.definition, live=desk.live(reading.name), scope=HERE).steps == ()


def test_what_somebody_else_changed_is_not_written_over(desk: Desk) -> None:
    seen = desk.live("My Zero-Spend Budget")
    mine = update(replace(seen.definition, limit=Limit(Decimal(3))), live=seen, scope=HERE)
    desk.done(update(replace(seen.definition, limit=Limit(Decimal(2))), live=seen, scope=HERE))
    outcome = desk.apply(mine)
    assert outcome.ending is Ending.CONFLICT
    assert desk.live("My Zero-Spend Budget").definition.limit == Limit(Decimal(2))


def test_the_list_is_read_anew_after_a_change(desk: Desk) -> None:
    def names() -> list[str]:
        return [each.name for each in desk.sources.budgets(HERE.account, now=AT).value]

    assert "no spend" not in names()
    desk.done(create(zero_spend("no spend", emails=[MAIL.address]), scope=HERE))
    desk.sources.changed(HERE, at=AT)
    assert "no spend" in names()


def test_an_action_waits_stops_an_instance_and_is_taken_back(desk: Desk) -> None:
    ec2 = desk.cloud.client("ec2")
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    budget = zero_spend("stop", emails=[MAIL.address], gross=True)
    desk.done(create(budget, scope=HERE))
    stop = BudgetAction(
        "stop",
        ActionKind.SSM,
        "ACTUAL",
        Decimal("0.01"),
        {"ActionSubType": "STOP_EC2_INSTANCES", "Region": "us-east-1", "InstanceIds": [instance]},
        "arn:aws:iam::111111111111:role/budget-actions",
        unit="ABSOLUTE_VALUE",
        subscribers=(MAIL,),
    )
    made = desk.done(create_action(stop, budget, scope=HERE, existing=(), acting=0))
    desk.move_to(AT + timedelta(hours=9))
    (waiting,) = desk.live("stop").actions
    assert waiting["Status"] == "PENDING"

    def state() -> str:
        [found] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
        return str(found["State"]["Name"])

    desk.done(execute(waiting, "APPROVE_BUDGET_ACTION", scope=HERE))
    assert state() == "stopped"
    desk.done(execute(waiting, "REVERSE_BUDGET_ACTION", scope=HERE))
    assert state() in {"pending", "running"}
    desk.done(made.undo)
    assert desk.live("stop").actions == ()
