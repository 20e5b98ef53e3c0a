"""The guard over the demo cloud: a surge, a freeze that really holds, approval by a second person, and back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from access.approvals import Approvals, Proposal
from access.audit import Audit
from access.changes import Ending
from access.identity import Actor, Role
from budgets.freezing import HELD
from budgets.guard import GuardState, Rung, Status
from budgets.prices import UsagePrices
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import Verdict
from dashboard.guardroom import Guardroom
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire

PROD = "111111111111"
ANA = Actor("ana", Role.ADMINISTRATOR, "ana#1000")
BO = Actor("bo", Role.ADMINISTRATOR, "bo#1001")
VIEWER = Actor("vic", Role.VIEWER, "vic#1002")


class Desk:
    """A guard over a cloud whose clock it follows; `again()` is a new process on the same data."""

    def __init__(self, cloud: Cloud, folder: Path, **settings: Any) -> None:
        self.cloud, self.folder, self.now = cloud, folder, AT
        self.given = {
            "guard": "on",
            "guard_at": {"notify": "0.01", "freeze": "1", "zero": "2", "stop": "3"},
            **settings,
        }
        self._open()

    def _open(self) -> None:
        port = int(self.cloud.url.rsplit(":", 1)[1])
        settings = Settings(cloud="demo", demo_port=port, data_dir=self.folder, **self.given)
        self.clients = Clients(settings, Meter(settings.data_dir, clock=lambda: self.now))
        self.store = Store(settings.data_dir)
        self.audit = Audit(settings.data_dir)
        self.approvals = Approvals(settings.place, self.audit)
        sources = CloudSources(self.clients, self.store)
        self.room = Guardroom(self.clients, sources, self.audit, self.approvals, UsagePrices())

    def again(self, **settings: Any) -> None:
        self.close()
        self.given |= settings
        self._open()

    def close(self) -> None:
        self.clients.close()
        self.approvals.close()
        self.store.close()

    def later(self, seconds: int) -> None:
        """Let the cloud's time run on, and everything read before be old."""
        self.cloud.advance(seconds)
        self.now += timedelta(seconds=seconds)

    def look(self) -> None:
        assert self.room.look(PROD, now=self.now) == ()

    @property
    def state(self) -> GuardState:
        found = self.room.state(PROD).value
        assert found is not None
        return found

    def status(self, rung: Rung) -> Status:
        crossing = self.state.of(rung)
        assert crossing is not None
        return crossing.status

    def group(self) -> Mapping[str, Any]:
        answer = self.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["directory-web"])
        found: Mapping[str, Any] = answer["AutoScalingGroups"][0]
        return found

    def sizes(self) -> tuple[int, int, int]:
        found = self.group()
        return found["MinSize"], found["DesiredCapacity"], found["MaxSize"]

    def suspended(self) -> set[str]:
        return {each["ProcessName"] for each in self.group()["SuspendedProcesses"]}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with billed_cloud() as running:
        yield running


@pytest.fixture
def desk(cloud: Cloud, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(cloud, tmp_path)
    yield desk
    desk.close()


def test_a_surge_is_seen_frozen_and_really_held_and_a_restore_gives_back_what_was(cloud: Cloud, tmp_path: Path) -> None:
    desk = Desk(cloud, tmp_path, guard_spend="estimated")
    frozen_at = _surge_that_freezes(desk)
    _held_against_a_spike(desk)
    cloud.post("/_demo/calm")
    desk.later(900)
    desk.again()
    plan = desk.room.restore_plan(PROD, now=desk.now).value
    assert desk.room.restore(plan, PROD, ANA, now=desk.now).done
    assert (desk.sizes(), desk.suspended()) == (frozen_at, set())
    assert desk.room.priors(PROD) == ()
    desk.later(60)
    desk.look()
    assert desk.suspended() == set(), "what a person restored is not frozen again at once"
    assert [record.detail["outcome"] for record in desk.room.history()] == ["done", "begun", "done", "begun"]
    frozen = desk.room.history()[-1]
    assert (frozen.actor, "AlarmNotification" in frozen.detail["changes"]) == ("Watchkeeper's guard", True)
    desk.close()


def _surge_that_freezes(desk: Desk) -> tuple[int, int, int]:
    """Let a function run away until the estimate passes the threshold; give the group's sizes when it is frozen."""
    made = desk.room.spending(PROD, now=desk.now)
    assert made.estimate is not None
    desk.again(guard_at={"freeze": f"{made.estimate.total.amount + Decimal('0.15'):.2f}"})
    desk.look()
    assert desk.state.crossings == ()
    desk.cloud.post("/_demo/tell", story="cost-surge", site="directory-prod")
    desk.later(1500)
    desk.look()
    assert desk.room.spending(PROD, now=desk.now).official == made.official, "AWS has not said a word yet"
    assert desk.status(Rung.FREEZE) is Status.DONE
    assert desk.suspended() == set(HELD)
    return desk.sizes()


def _held_against_a_spike(desk: Desk) -> None:
    before = desk.sizes()
    desk.cloud.post("/_demo/tell", story="traffic-spike", site="directory-prod")
    for _ in range(6):
        desk.later(60)
        desk.look()
    assert desk.sizes() == before, "the alarm fires, and the group does not grow"
    alarms = desk.cloud.client("cloudwatch").describe_alarms(AlarmNames=["directory-cpu-high"])["MetricAlarms"]
    assert alarms[0]["StateValue"] == "ALARM"


def test_scaling_to_zero_takes_two_people_and_comes_back(desk: Desk) -> None:
    before = desk.sizes()
    desk.look()
    assert desk.status(Rung.ZERO) is Status.WAITS
    assert desk.suspended() == set(HELD), "the freeze is done by itself"
    desk.later(60)
    plan = desk.room.rehearse(Rung.ZERO, PROD, now=desk.now).value.plan
    assert [step.operation for step in plan.steps] == ["UpdateAutoScalingGroup"]
    alone = desk.room.act(Rung.ZERO, plan, PROD, ANA, now=desk.now)
    assert (alone.ending, alone.sentence) == (Ending.REFUSED, "A second person has to approve this first.")

    proposal = desk.room.propose(plan, ANA, now=desk.now)
    assert isinstance(proposal, Proposal)
    refused = desk.room.approve(proposal.id, ANA, now=desk.now)
    assert isinstance(refused, Verdict)
    assert "You proposed it as ana#1000" in refused.reason
    assert isinstance(desk.room.approve(proposal.id, BO, now=desk.now), Proposal)
    assert desk.room.act(Rung.ZERO, plan, PROD, ANA, now=desk.now).done
    assert desk.sizes() == (0, 0, before[2])
    desk.later(300)
    assert desk.group()["Instances"] == []
    assert desk.room.act(Rung.ZERO, plan, PROD, ANA, now=desk.now).ending is Ending.REFUSED, "used once"

    desk.again()
    assert desk.state.standing is Rung.ZERO
    (prior,) = desk.room.priors(PROD)
    assert (prior.minimum, prior.desired, prior.suspended) == (before[0], before[1], frozenset())
    back = desk.room.restore_plan(PROD, now=desk.now).value
    assert desk.room.restore(back, PROD, ANA, now=desk.now).done
    assert (desk.sizes(), desk.suspended()) == (before, set())
    assert desk.room.state(PROD).value == replace(desk.state, standing=None)
    desk.later(60)
    assert len(desk.group()["Instances"]) == before[1]


def test_instances_outside_groups_are_stopped_and_started(desk: Desk) -> None:
    ec2 = desk.cloud.client("ec2")
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "watchkeeper-guard", "Value": "allow"}]}]
    ours = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t2.micro", TagSpecifications=tags)
    others = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t2.micro")
    mine, theirs = (answer["Instances"][0]["InstanceId"] for answer in (ours, others))
    desk.later(120)
    found = desk.room.rehearse(Rung.STOP, PROD, now=desk.now).value
    assert theirs in found.left_out
    assert found.saves.amount == Decimal("0.0116") * (1 + desk.sizes()[1])
    proposal = desk.room.propose(found.plan, ANA, now=desk.now)
    assert isinstance(proposal, Proposal)
    desk.room.approve(proposal.id, BO, now=desk.now)
    assert desk.room.act(Rung.STOP, found.plan, PROD, BO, now=desk.now).done

    def states() -> list[str]:
        answer = ec2.describe_instances(InstanceIds=[mine, theirs])
        return sorted(i["State"]["Name"] for r in answer["Reservations"] for i in r["Instances"])

    assert states() == ["running", "stopped"]
    desk.later(120)
    back = desk.room.restore_plan(PROD, now=desk.now).value
    assert desk.room.restore(back, PROD, ANA, now=desk.now).done
    assert states() == ["running", "running"]


def test_off_and_in_a_dry_run_nothing_is_changed(cloud: Cloud, tmp_path: Path) -> None:
    desk = Desk(cloud, tmp_path, guard="off")
    desk.look()
    assert desk.room.state(PROD).value is None
    desk.again(guard="dry-run")
    desk.later(60)
    desk.look()
    assert [(each.rung, each.status) for each in desk.state.crossings] == [
        (Rung.NOTIFY, Status.DONE),
        (Rung.FREEZE, Status.REHEARSED),
        (Rung.ZERO, Status.WAITS),
        (Rung.STOP, Status.WAITS),
    ]
    plan = desk.room.rehearse(Rung.FREEZE, PROD, now=desk.now).value.plan
    assert (
        desk.room.may(plan, ANA, now=desk.now).reason == "This is a dry run; to act, start with WATCHKEEPER_GUARD=on."
    )
    assert desk.suspended() == set()
    assert desk.room.priors(PROD) == ()
    desk.close()


def test_a_viewer_sees_everything_and_may_do_nothing(desk: Desk) -> None:
    found = desk.room.rehearse(Rung.FREEZE, PROD, now=desk.now).value
    assert found.plan.steps
    may = desk.room.may(found.plan, VIEWER, now=desk.now)
    assert may.reason == "vic is a viewer here; to run the spending guard takes an administrator."
    assert desk.room.act(Rung.FREEZE, found.plan, PROD, VIEWER, now=desk.now).ending is Ending.REFUSED
    assert desk.room.priors(PROD) == ()
    assert not desk.room.history()[0].allowed


def test_as_a_viewer_s_collector_it_only_tells(cloud: Cloud, tmp_path: Path) -> None:
    desk = Desk(cloud, tmp_path, role="viewer")
    desk.look()
    assert desk.status(Rung.FREEZE) is Status.REFUSED
    assert desk.suspended() == set()
    desk.close()


def test_a_threshold_is_told_to_the_topic(cloud: Cloud, tmp_path: Path) -> None:
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name="spending")["TopicArn"]
    queue = sqs.create_queue(QueueName="spending")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    desk = Desk(cloud, tmp_path, guard_topic_arn=topic, guard_at={"notify": "0.01"})
    desk.look()
    desk.later(60)
    desk.look()
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    assert len(messages) == 1
    assert "directory-prod: " in messages[0]["Body"]
    assert "notify is reached" in messages[0]["Body"]
    desk.close()


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_a_freeze_that_fails_is_a_state_and_tried_again_calmly(
    desk: Desk, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers are made for one change each; here each is answered with AWS's refusal."""
    made = Clients._make

    def refusing(self: Clients, core: Any, service: str, *more: Any, **options: Any) -> Any:
        client = made(self, core, service, *more, **options)
        if service == "autoscaling" and failing and options.get("config"):
            stubber = Stubber(client)
            for _ in range(8):
                stubber.add_client_error("suspend_processes", code, "Not now.")
            stubber.activate()
        return client

    failing = True
    monkeypatch.setattr(Clients, "_make", refusing)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    desk.look()
    crossing = desk.state.of(Rung.FREEZE)
    assert crossing is not None
    assert (crossing.status, crossing.attempts) == (Status.FAILED, 1)
    assert crossing.retry_at == desk.now + timedelta(minutes=1)
    assert "SuspendProcesses" in crossing.said
    desk.look()
    assert desk.state.of(Rung.FREEZE) == crossing, "not before its time"
    failing = False
    desk.later(61)
    desk.look()
    assert desk.status(Rung.FREEZE) is Status.DONE
    assert desk.suspended() == set(HELD)


def test_what_was_begun_is_taken_up_by_the_next_process(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends between deciding and doing leaves a rung that is due."""

    def killed(*_: Any) -> Verdict:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(desk.room, "_frozen", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.room.look(PROD, now=desk.now)
    assert desk.status(Rung.FREEZE) is Status.DUE
    desk.again()
    desk.later(60)
    desk.look()
    assert desk.status(Rung.FREEZE) is Status.DONE
    told = [record for record in desk.room.history() if record.detail["outcome"] == "told"]
    assert len(told) == 1, "told once, not by each process"


def test_a_group_without_the_tag_is_left_alone(desk: Desk) -> None:
    tag = {"ResourceId": "directory-web", "ResourceType": "auto-scaling-group", "Key": "watchkeeper-guard"}
    desk.cloud.client("autoscaling").delete_tags(Tags=[tag])
    desk.look()
    crossing = desk.state.of(Rung.FREEZE)
    assert crossing is not None
    assert crossing.said == "No group has the tag watchkeeper-guard=allow, so there is nothing to freeze."
    assert desk.suspended() == set()
