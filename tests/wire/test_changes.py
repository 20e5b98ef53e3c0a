"""Plans applied to the demo cloud: from nothing to an alarm that fires, tells a queue and scales a group; and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access.audit import Audit
from access.changes import ChangePlan, Ending, Outcome, carry_out, joined
from access.identity import Actor, Role
from alarms.actions import planned_policy_arn, topic_arn
from alarms.definition import DefinitionErrors, parse, to_request
from alarms.kinds import Alarm, MetricAlarm
from alarms.muting import MuteRule, end_mute, mute, once
from alarms.policies import delete_policy, put_policy
from alarms.publishing import RETURNS, Live, delete, live_of, put, set_actions, set_state, tag
from alarms.scaling import Policy, PolicyKind, Step
from alarms.state import StateValue
from alarms.topics import PENDING_STAYS, Protocol, Subscriber, create_topic, send_test, subscribe
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.setting_fields import DEMO_ACCOUNTS
from cloud.settings import Settings
from collectors.live_alarms import read, read_mute_rules
from collectors.notifying import read_policies, read_subscriptions, read_topics
from core.reading import Scope
from tests.wire.clouds import AT, Cloud, bare_cloud
from tests.wire.failing import failing_proxy
from tests.wire.test_scaling import Web, make

pytestmark = pytest.mark.wire

HERE = Scope("111111111111", "us-east-1")
ANA, BO = Actor("ana", Role.ENGINEER), Actor("bo", Role.OPERATOR)
QUEUE_ALARM = {
    "AlarmName": "web-queue",
    "Namespace": "Jobs",
    "MetricName": "Waiting",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@dataclass
class Desk:
    """An engineer at work: clients of a cloud, the record, and what is live."""

    cloud: Cloud
    clients: Clients
    audit: Audit

    def apply(self, plan: ChangePlan, actor: Actor = ANA) -> Outcome:
        return carry_out(plan, actor, self.clients, self.audit, now=AT)

    def done(self, plan: ChangePlan | None, actor: Actor = ANA) -> Outcome:
        assert plan is not None
        outcome = self.apply(plan, actor)
        assert outcome.done, outcome.sentence
        return outcome

    def live(self, name: str) -> Live | None:
        reading = read(self.clients, HERE, [name], now=AT)
        assert reading.complete
        return live_of(reading.value[0]) if reading.value else None

    def found(self, name: str) -> Live:
        live = self.live(name)
        assert live is not None
        return live

    def metric(self, name: str) -> tuple[Live, MetricAlarm]:
        live = self.found(name)
        assert isinstance(live.alarm, MetricAlarm)
        return live, live.alarm

    def put(self, **members: Any) -> Alarm:
        alarm = parse({**QUEUE_ALARM, **members})
        self.done(put(alarm, live=self.live(alarm.name), scope=HERE))
        return alarm


def desk_at(url: str, cloud: Cloud, folder: Path) -> Desk:
    port = int(url.rsplit(":", 1)[1])
    own = tuple(account.model_copy(update={"write_role_arn": None}) for account in DEMO_ACCOUNTS)
    settings = Settings(cloud="demo", demo_port=port, data_dir=folder, accounts=own)
    return Desk(cloud, Clients(settings, Meter(folder, clock=lambda: AT)), Audit(folder))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with bare_cloud() as cloud:
        desk = desk_at(cloud.url, cloud, tmp_path)
        yield desk
        desk.clients.close()


def test_from_nothing_to_an_alarm_that_fires_tells_a_queue_and_scales_and_back(desk: Desk) -> None:
    web = make(desk.cloud, "web", "web")
    desk.cloud.advance(200)
    sqs = desk.cloud.client("sqs")
    queue = sqs.create_queue(QueueName="pages")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = Policy("up", "", web.name, kind=PolicyKind.STEP, steps=(Step(1, 0.0, 50.0), Step(2, 50.0)))
    actions = [topic_arn("ops", HERE), planned_policy_arn(web.name, "up", HERE)]
    alarm = parse({**QUEUE_ALARM, "AlarmActions": actions, "Tags": [{"Key": "owner", "Value": "ops"}]})
    plan = joined(
        "Create web-queue with all that it needs",
        [
            create_topic("ops", scope=HERE, subscribers=(Subscriber(Protocol.SQS, queue_arn),)),
            put_policy(policy, live=None, scope=HERE),
            put(alarm, live=None, scope=HERE),
        ],
    )
    outcome = desk.done(plan)

    live = desk.found("web-queue")
    (described,) = read_policies(desk.clients, HERE, now=AT, group=web.name).value
    assert isinstance(live.alarm, MetricAlarm)
    assert live.alarm.actions.alarm == (actions[0], described["PolicyARN"])
    assert live.tags == {"owner": "ops"}
    assert read_topics(desk.clients, HERE, now=AT).value == (actions[0],)

    for minute in (4, 5):
        desk.cloud.client("cloudwatch").put_metric_data(
            Namespace="Jobs",
            MetricData=[{"MetricName": "Waiting", "Value": 99.0, "Timestamp": AT + timedelta(minutes=minute)}],
        )
    desk.cloud.advance(120)
    assert desk.found("web-queue").state == "ALARM"
    told = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(json.loads(told[0]["Body"])["Message"])["AlarmName"] == "web-queue"
    assert web.desired() == 4

    desk.done(outcome.undo)
    assert desk.live("web-queue") is None
    assert read_topics(desk.clients, HERE, now=AT).value == ()
    assert read_policies(desk.clients, HERE, now=AT, group=web.name).value == ()
    assert [record.detail["outcome"] for record in desk.audit.newest(4)] == ["done", "begun", "done", "begun"]


def test_two_people_edit_the_same_alarm(desk: Desk) -> None:
    desk.put()
    seen, alarm = desk.metric("web-queue")
    first = put(replace(alarm, threshold=20.0), live=seen, scope=HERE)
    second = put(replace(alarm, threshold=30.0), live=seen, scope=HERE)
    assert [(change.field, change.before, change.after) for change in second.changes] == [("Threshold", 10.0, 30.0)]
    desk.done(first)
    outcome = desk.apply(second)
    assert outcome.ending is Ending.CONFLICT
    (conflict,) = outcome.conflicts
    assert conflict.step.expected is not None
    assert conflict.step.expected.before is not None
    assert conflict.live is not None
    assert (conflict.step.expected.before["Threshold"], conflict.live["Threshold"]) == (10.0, 20.0)
    assert to_request(desk.found("web-queue").alarm)["Threshold"] == 20.0


def test_a_role_that_may_not_write_sees_the_plan_and_is_refused(desk: Desk) -> None:
    plan = put(parse(QUEUE_ALARM), live=None, scope=HERE)
    assert {change.field for change in plan.changes} >= {"Threshold", "Period", "MetricName"}
    outcome = desk.apply(plan, BO)
    assert (outcome.ending, outcome.sentence) == (
        Ending.REFUSED,
        "bo is an operator here; to change alarms takes an engineer.",
    )
    assert desk.live("web-queue") is None


def test_change_with_tags_and_undo(desk: Desk) -> None:
    desk.put(Tags=[{"Key": "owner", "Value": "ops"}, {"Key": "old", "Value": "1"}])
    live = desk.found("web-queue")
    wanted = parse(
        {**QUEUE_ALARM, "Threshold": 40, "Tags": [{"Key": "owner", "Value": "ana"}, {"Key": "new", "Value": "2"}]}
    )
    outcome = desk.done(put(wanted, live=live, scope=HERE))
    assert [one.step.operation for one in outcome.steps] == [
        "PutMetricAlarm",
        "TagResource",
        "TagResource",
        "UntagResource",
    ]
    after = desk.found("web-queue")
    assert (after.tags, to_request(after.alarm)["Threshold"]) == ({"owner": "ana", "new": "2"}, 40.0)
    desk.done(outcome.undo)
    assert desk.found("web-queue").alarm == live.alarm


def test_bulk_delete_with_a_composite_and_undo(desk: Desk) -> None:
    desk.put()
    desk.put(AlarmName="disk", Threshold=1)
    composite = parse({"AlarmName": "all", "AlarmRule": 'ALARM("web-queue") OR ALARM("disk")'})
    desk.done(put(composite, live=None, scope=HERE))
    lives = [desk.found(name) for name in ("disk", "web-queue", "all")]
    plan = delete(lives, scope=HERE)
    assert plan.targets[0] == "all"
    looks = [step.expected.look.params for step in plan.steps if step.expected]
    assert looks[0] == looks[1] == looks[2], "one call looks at all of them"
    outcome = desk.done(plan)
    assert all(desk.live(name) is None for name in ("disk", "web-queue", "all"))
    assert outcome.undo is not None
    assert "INSUFFICIENT_DATA" in outcome.undo.warnings[0]
    desk.done(outcome.undo)
    assert [desk.found(live.alarm.name).alarm for live in lives] == [live.alarm for live in lives]


def test_bulk_disable_leaves_those_alone_that_are_so_already(desk: Desk) -> None:
    desk.put()
    desk.put(AlarmName="disk", ActionsEnabled=False)
    lives = [desk.found("web-queue"), desk.found("disk")]
    outcome = desk.done(set_actions(lives, enabled=False, scope=HERE), BO)
    assert not desk.found("web-queue").enabled
    assert outcome.undo is not None
    desk.done(outcome.undo, BO)
    assert (desk.found("web-queue").enabled, desk.found("disk").enabled) == (True, False)
    assert not set_actions([desk.found("web-queue")], enabled=True, scope=HERE).steps


def test_bulk_tag_and_undo(desk: Desk) -> None:
    desk.put()
    desk.put(AlarmName="disk", Tags=[{"Key": "owner", "Value": "ops"}])
    lives = [desk.found("web-queue"), desk.found("disk")]
    outcome = desk.done(tag(lives, {"owner": "ana"}, scope=HERE))
    assert {desk.found(name).tags["owner"] for name in ("web-queue", "disk")} == {"ana"}
    desk.done(outcome.undo)
    assert [dict(desk.found(name).tags) for name in ("web-queue", "disk")] == [{}, {"owner": "ops"}]


def test_mute_change_end_and_undo(desk: Desk) -> None:
    desk.put()
    rule = MuteRule("night", ("web-queue",), once(AT + timedelta(hours=1)), timedelta(hours=2))
    outcome = desk.done(mute(rule, live=None, scope=HERE), BO)
    (live,) = read_mute_rules(desk.clients, HERE, now=AT).value
    assert live["Rule"]["Schedule"]["Duration"] == "PT2H"
    longer = desk.done(mute(replace(rule, duration=timedelta(hours=4)), live=live, scope=HERE))
    desk.done(longer.undo)
    (live,) = read_mute_rules(desk.clients, HERE, now=AT).value
    assert live["Rule"]["Schedule"]["Duration"] == "PT2H"
    ended = desk.done(end_mute(live, scope=HERE))
    assert read_mute_rules(desk.clients, HERE, now=AT).value == ()
    desk.done(ended.undo)
    desk.done(outcome.undo)
    assert read_mute_rules(desk.clients, HERE, now=AT).value == ()


def test_forcing_a_state_says_what_it_does_and_does_it(desk: Desk) -> None:
    desk.put(AlarmActions=[topic_arn("ops", HERE)])
    plan = set_state(desk.found("web-queue"), StateValue.ALARM, "A drill", scope=HERE)
    assert plan.warnings == (
        "This is no test for those who are told. The alarm really notifies the topic ops.",
        RETURNS.format(until="its next evaluation"),
    )
    outcome = desk.done(plan, BO)
    assert desk.found("web-queue").state == "ALARM"
    assert outcome.undo is None


def test_a_test_message_says_that_it_is_one_whatever_the_alarm_is_called(desk: Desk) -> None:
    sns, sqs = desk.cloud.client("sns"), desk.cloud.client("sqs")
    topic = sns.create_topic(Name="ops")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    desk.done(subscribe(topic, Subscriber(Protocol.SQS, queue_arn), scope=HERE))
    hostile = "<script>\n\x07ü](http://evil)"
    outcome = desk.done(send_test([topic], scope=HERE, alarm=hostile, sender="bo", now=AT), BO)
    body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert body["Subject"].startswith("TEST by Watchkeeper, no alarm: <script>???](")
    assert json.loads(body["Message"])["ForAlarm"] == hostile
    assert "NewStateValue" not in body["Message"]
    assert body["MessageAttributes"]["watchkeeper-test"]["Value"] == "true"
    assert outcome.undo is None


def test_policies_of_all_kinds_are_made_changed_deleted_and_undone(desk: Desk) -> None:
    web: Web = make(desk.cloud, "web", "web")
    step = Policy("p", "", web.name, kind=PolicyKind.STEP, steps=(Step(1, 0.0),), warm_up=60)
    track = Policy("p", "", web.name, kind=PolicyKind.TARGET_TRACKING, target=50.0, metric="ASGAverageCPUUtilization")
    simple = Policy("p", "", web.name, adjustment=-1, cooldown=60)

    def now() -> Any:
        found = read_policies(desk.clients, HERE, now=AT, group=web.name).value
        return found[0] if found else None

    made = desk.done(put_policy(step, live=None, scope=HERE))
    changed = desk.done(put_policy(track, live=now(), scope=HERE))
    assert now()["PolicyType"] == "TargetTrackingScaling"
    desk.done(changed.undo)
    assert now()["StepAdjustments"] == [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
    assert not put_policy(step, live=now(), scope=HERE).steps
    desk.done(put_policy(simple, live=now(), scope=HERE))
    assert (now()["PolicyType"], now()["ScalingAdjustment"]) == ("SimpleScaling", -1)
    gone = desk.done(delete_policy(now(), scope=HERE))
    assert now() is None
    desk.done(gone.undo)
    assert now()["ScalingAdjustment"] == -1
    assert made.undo is not None
    assert desk.apply(made.undo).ending is Ending.CONFLICT


def test_a_throttled_apply_goes_on_and_one_without_an_answer_looks_first(desk: Desk, tmp_path: Path) -> None:
    with failing_proxy(desk.cloud.url) as proxy:
        behind = desk_at(f"http://127.0.0.1:{proxy.port}", desk.cloud, tmp_path / "proxied")
        plan = put(parse(QUEUE_ALARM), live=None, scope=HERE)
        proxy.plan = [None, "throttle"]
        behind.done(plan)
        assert (proxy.arrived["DescribeAlarms"], proxy.arrived["PutMetricAlarm"]) == (1, 2)
        proxy.arrived.clear()
        proxy.plan = [None, "hang up"]
        live, alarm = desk.metric("web-queue")
        behind.done(put(replace(alarm, threshold=12.0), live=live, scope=HERE))
        assert (proxy.arrived["DescribeAlarms"], proxy.arrived["PutMetricAlarm"]) == (2, 2)
        behind.clients.close()


def test_actions_that_aws_would_refuse_are_said_before(desk: Desk) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        put(parse({**QUEUE_ALARM, "AlarmActions": ["arn:aws:sns:eu-west-1:1:ops"]}), live=None, scope=HERE)
    assert list(refused.value.fields) == ["AlarmActions[0]"]


def test_an_email_is_told_nothing_before_it_is_confirmed(desk: Desk) -> None:
    plan = create_topic("ops", scope=HERE, subscribers=(Subscriber(Protocol.EMAIL, "ops@example.com"),))
    assert any("Nobody at ops@example.com is told before" in warning for warning in plan.warnings)
    desk.done(plan)
    (subscription,) = read_subscriptions(desk.clients, HERE, topic_arn("ops", HERE), now=AT).value
    assert not subscription.confirmed
    sns = desk.cloud.client("sns")
    attributes = sns.get_topic_attributes(TopicArn=topic_arn("ops", HERE))["Attributes"]
    assert (attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]) == ("1", "0")
    (waiting,) = desk.cloud.get("/_demo/mail")["confirmations"]
    assert waiting["to"] == "ops@example.com"
    with pytest.raises(ClientError, match="Token"):
        sns.confirm_subscription(TopicArn=waiting["topic"], Token="guessed")
    sns.confirm_subscription(TopicArn=waiting["topic"], Token=waiting["token"])
    (subscription,) = read_subscriptions(desk.clients, HERE, topic_arn("ops", HERE), now=AT).value
    assert subscription.confirmed


def test_a_subscription_is_undone_once_it_is_confirmed_and_not_before(desk: Desk) -> None:
    topic = desk.cloud.client("sns").create_topic(Name="ops")["TopicArn"]
    web_hook = Subscriber(Protocol.HTTPS, "https://hooks.example.com/alarms")
    outcome = desk.done(subscribe(topic, web_hook, scope=HERE))
    undo = outcome.undo
    assert undo is not None
    assert undo.warnings == (PENDING_STAYS,)
    assert desk.apply(undo).ending is Ending.FAILED
    (waiting,) = desk.cloud.get("/_demo/mail")["confirmations"]
    desk.cloud.client("sns").confirm_subscription(TopicArn=topic, Token=waiting["token"])
    again = desk.done(undo)
    assert read_subscriptions(desk.clients, HERE, topic, now=AT).value == ()
    assert again.undo is not None
