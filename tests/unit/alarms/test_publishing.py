"""What plans say: which calls, on what they stand, and what people read before they say yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.changes import Answer
from alarms.actions import (
    ActionKind,
    Ec2Action,
    action_problems,
    can_act_on_instance,
    can_scale,
    describe,
    ec2_arn,
    function_arn,
    incident_arn,
    ops_item_arn,
    planned_policy_arn,
    topic_arn,
)
from alarms.definition import DefinitionErrors, parse, to_request
from alarms.kinds import MetricAlarm
from alarms.muting import LONGEST, MuteRule, from_response, mute, once, read_duration, written
from alarms.muting import to_request as rule_request
from alarms.policies import PREDEFINED, policy_problems, put_policy
from alarms.policies import from_response as policy_from
from alarms.policies import to_request as policy_to
from alarms.publishing import OVERWRITES, Live, delete, live_of, put, set_actions, set_state, tag
from alarms.scaling import Adjustment, Policy, PolicyKind, Step
from alarms.state import StateValue
from alarms.topics import MOST_SUBJECT, Protocol, Subscriber, create_topic, marked_subject, subscribe
from core.reading import Scope
from tests.unit.alarms.lines import alarm

HERE = Scope("111111111111", "us-east-1")
WHERE = f"{HERE.region}:{HERE.account}"
ARN = f"arn:aws:cloudwatch:{WHERE}:alarm:high-cpu"
POLICY = f"arn:aws:autoscaling:{WHERE}:scalingPolicy:1a2b:autoScalingGroupName/web:policyName/up"
COMPOSITE = parse({"AlarmName": "all", "AlarmRule": 'ALARM("a")'})
BAND = parse(
    {
        "AlarmName": "odd",
        "Metrics": [
            {
                "Id": "m",
                "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Average"},
            },
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
        ],
        "ThresholdMetricId": "band",
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "EvaluationPeriods": 3,
    }
)
INSTANCE = [{"Name": "InstanceId", "Value": "i-1"}]


def live(made: Any = None, **more: Any) -> Live:
    return Live(made or alarm(**more), ARN, "OK")


class TestActions:
    @pytest.mark.parametrize(
        ("arn", "kind", "words"),
        [
            (topic_arn("ops", HERE), ActionKind.TOPIC, "notifies the topic ops"),
            (POLICY, ActionKind.SCALING, "runs the scaling policy up of the group web"),
            (planned_policy_arn("web", "up", HERE), ActionKind.SCALING, "runs the scaling policy up of the group web"),
            (ec2_arn(Ec2Action.STOP, "us-east-1"), ActionKind.EC2, "stops the instance"),
            (
                f"arn:aws:swf:{WHERE}:action/actions/AWS_EC2.InstanceId.Terminate/1.0",
                ActionKind.EC2,
                "terminates the instance, which is then gone",
            ),
            (function_arn("fix", HERE, qualifier="live"), ActionKind.FUNCTION, "runs the function fix:live"),
            (ops_item_arn(2, HERE, category="Cost"), ActionKind.OPS_ITEM, "opens an OpsItem of severity 2"),
            (incident_arn("page", HERE), ActionKind.INCIDENT, "starts an incident by the response plan page"),
            (f"arn:aws:ssm-incidents::{HERE.account}:responseplan/page", ActionKind.INCIDENT, None),
            (f"arn:aws:aiops:{WHERE}:investigation-group:1a2b", ActionKind.INVESTIGATION, "starts an investigation"),
            ("arn:aws:unheard:of", ActionKind.OTHER, "does what arn:aws:unheard:of says, which is not known here"),
        ],
    )
    def test_an_arn_is_said_in_words(self, arn: str, kind: ActionKind, words: str | None) -> None:
        found = describe(arn)
        assert found.kind is kind
        assert words in {None, found.words}

    @given(st.text())
    def test_any_text_is_said_somehow(self, text: str) -> None:
        assert describe(text).words
        assert describe(f"arn:aws:sns:us-east-1:111111111111:{text}").arn.endswith(text)

    def test_china_and_government_have_partitions_of_their_own(self) -> None:
        assert topic_arn("ops", Scope("1", "cn-north-1")).startswith("arn:aws-cn:")
        assert ec2_arn(Ec2Action.STOP, "us-gov-east-1").startswith("arn:aws-us-gov:")

    @pytest.mark.parametrize(("severity", "category"), [(5, ""), (0, ""), (1, "Weather")])
    def test_an_ops_item_that_there_is_not(self, severity: int, category: str) -> None:
        with pytest.raises(ValueError, match="is not accepted; use"):
            ops_item_arn(severity, HERE, category=category)

    def test_who_may_scale(self) -> None:
        assert can_scale(alarm()).allowed
        assert not can_scale(COMPOSITE).allowed
        assert can_scale(BAND).reason == "An anomaly-detection alarm cannot scale; compare with a threshold to scale."

    def test_who_may_act_on_an_instance(self) -> None:
        assert not can_act_on_instance(alarm(), Ec2Action.STOP).allowed
        of_one = alarm(Dimensions=INSTANCE)
        assert can_act_on_instance(of_one, Ec2Action.STOP).allowed
        assert not can_act_on_instance(of_one, Ec2Action.RECOVER).allowed
        failed = alarm(Dimensions=INSTANCE, MetricName="StatusCheckFailed_System")
        assert can_act_on_instance(failed, Ec2Action.RECOVER).allowed
        assert not can_act_on_instance(BAND, Ec2Action.REBOOT).allowed

    @pytest.mark.parametrize(
        ("made", "arn", "said"),
        [
            (alarm(), "arn:aws:sns:eu-west-1:111111111111:ops", "an alarm acts in its own region only"),
            (alarm(), topic_arn("ops.fifo", HERE), "FIFO"),
            (alarm(), POLICY.replace("111111111111", "222222222222"), "of its own account only"),
            (alarm(), ec2_arn(Ec2Action.STOP, "us-east-1"), "InstanceId"),
            (COMPOSITE, POLICY, "A composite alarm cannot scale"),
            (COMPOSITE, ec2_arn(Ec2Action.STOP, "us-east-1"), "alarm on one metric"),
        ],
    )
    def test_what_aws_would_refuse_is_said_beside_its_field(self, made: Any, arn: str, said: str) -> None:
        with_action = replace(made, actions=replace(made.actions, ok=(arn,)))
        ((field, sentence),) = action_problems(with_action, HERE)
        assert field == "OKActions[0]"
        assert said in sentence
        with pytest.raises(DefinitionErrors):
            put(with_action, live=None, scope=HERE)

    def test_twice_the_same(self) -> None:
        topic = topic_arn("ops", HERE)
        assert list(action_problems(alarm(AlarmActions=[topic, topic]), HERE)) == [
            ("AlarmActions[1]", "this action stands in the list twice")
        ]


class TestPut:
    def test_a_new_alarm_takes_its_tags_along_but_none_of_awss_own(self) -> None:
        made = alarm(Tags=[{"Key": "a", "Value": "1"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}])
        (step,) = put(made, live=None, scope=HERE).steps
        assert step.params["Tags"] == [{"Key": "a", "Value": "1"}]
        assert step.undo is not None
        assert (step.undo.operation, step.undo.params) == ("DeleteAlarms", {"AlarmNames": ["high-cpu"]})

    def test_nothing_to_change_is_no_step(self) -> None:
        plan = put(alarm(), live=live(), scope=HERE)
        assert (plan.steps, plan.changes) == ((), ())

    @pytest.mark.parametrize(
        "written_out",
        [
            {"TreatMissingData": "missing"},
            {"DatapointsToAlarm": 3},
            {"EvaluationWindow": {"SlidingWindow": {}}},
            {"AlarmDescription": ""},
            {"ActionsEnabled": True, "OKActions": []},
        ],
    )
    def test_a_default_that_aws_writes_out_is_no_change_by_someone_else(self, written_out: dict[str, Any]) -> None:
        described = {**to_request(alarm()), **written_out, "AlarmArn": ARN}
        assert put(alarm(), live=live_of(described), scope=HERE).steps == ()
        (step,) = put(alarm(), live=None, scope=HERE).steps
        assert step.expected is not None
        assert step.expected.look.version({"MetricAlarms": [described]}) == step.expected.after

    def test_tags_differ_by_key(self) -> None:
        tagged = live(Tags=[{"Key": "aws:x", "Value": "s"}, {"Key": "own", "Value": "1"}])
        plan = put(alarm(Tags=[{"Key": "own", "Value": "2"}]), live=tagged, scope=HERE)
        assert [(change.field, change.before, change.after) for change in plan.changes] == [("Tags.own", "1", "2")]

    def test_tags_that_aws_keeps_are_not_taken_off(self) -> None:
        kept = live(Tags=[{"Key": "aws:cloudformation:stack-name", "Value": "s"}, {"Key": "own", "Value": "1"}])
        (step,) = put(alarm(), live=kept, scope=HERE).steps
        assert (step.operation, step.params["TagKeys"]) == ("UntagResource", ["own"])

    def test_a_change_warns_that_all_is_replaced(self) -> None:
        plan = put(alarm(Threshold=9), live=live(), scope=HERE)
        assert OVERWRITES in plan.warnings
        assert [(change.field, change.before, change.after) for change in plan.changes] == [("Threshold", 5.0, 9.0)]

    def test_a_name_of_another_kind_is_refused(self) -> None:
        with pytest.raises(DefinitionErrors) as refused:
            put(replace(COMPOSITE, name="high-cpu"), live=live(), scope=HERE)
        assert "another kind" in refused.value.fields["AlarmName"]

    def test_a_planned_policy_is_filled_in_by_the_step_that_makes_it(self) -> None:
        arn = planned_policy_arn("web", "up", HERE)
        (step,) = put(alarm(AlarmActions=[arn]), live=None, scope=HERE).steps
        assert step.params["AlarmActions"] == [Answer(arn, "PolicyARN")]
        (made,) = put_policy(Policy("up", "", "web", adjustment=1), live=None, scope=HERE).steps
        assert made.key == arn

    def test_an_alarm_on_instances_names_the_role_that_aws_makes(self) -> None:
        made = alarm(Dimensions=INSTANCE, AlarmActions=[ec2_arn(Ec2Action.STOP, "us-east-1")])
        assert any("iam:CreateServiceLinkedRole" in warning for warning in put(made, live=None, scope=HERE).warnings)

    def test_an_alarm_that_tells_nobody_says_so(self) -> None:
        assert any("nobody is told" in warning for warning in put(alarm(), live=None, scope=HERE).warnings)

    def test_a_described_alarm_is_what_its_plan_expects(self) -> None:
        document = {**to_request(alarm()), "AlarmArn": ARN, "StateValue": "ALARM", "StateReason": "…"}
        seen = live_of(document)
        (step,) = put(alarm(Threshold=9), live=seen, scope=HERE).steps
        assert step.expected is not None
        assert step.expected.look.version({"MetricAlarms": [document]}) == step.expected.before
        assert step.expected.look.version({"MetricAlarms": []}) is None


def test_composites_are_deleted_before_their_children() -> None:
    plan = delete([live(), live(COMPOSITE)], scope=HERE)
    assert plan.title == "Delete 2 alarms"
    assert plan.targets == ("all", "high-cpu")


def test_actions_are_switched_a_hundred_at_a_time() -> None:
    lives = [live(AlarmName=f"a{number}") for number in range(250)]
    assert [len(step.params["AlarmNames"]) for step in set_actions(lives, enabled=False, scope=HERE).steps] == [
        100,
        100,
        50,
    ]


@given(
    now=st.dictionaries(st.text(min_size=1, max_size=3), st.text(max_size=2), max_size=4),
    changes=st.dictionaries(st.text(min_size=1, max_size=3), st.none() | st.text(max_size=2), max_size=4),
)
def test_tag_steps_lead_from_what_is_to_what_is_wanted_and_back(
    now: dict[str, str], changes: dict[str, str | None]
) -> None:
    tagged = live(replace(alarm(), tags=tuple(now.items())))
    plan = tag([tagged], changes, scope=HERE)

    def after(tags: dict[str, str], step: Any) -> dict[str, str]:
        assert step.expected.look.version({"Tags": _pairs(tags)}) == step.expected.before
        gone = set(step.params.get("TagKeys", ()))
        kept = {key: value for key, value in tags.items() if key not in gone}
        return kept | {pair["Key"]: pair["Value"] for pair in step.params.get("Tags", ())}

    tags = dict(now)
    for step in plan.steps:
        tags = after(tags, step)
    assert tags == {key: value for key, value in {**now, **changes}.items() if value is not None}
    for step in reversed(plan.steps):
        tags = after(tags, step.undo)
    assert tags == now


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.mark.parametrize(
    ("members", "state", "said"),
    [
        ({"AlarmActions": [POLICY]}, StateValue.ALARM, "really runs the scaling policy up of the group web"),
        ({"AlarmActions": [POLICY], "ActionsEnabled": False}, StateValue.ALARM, "Its actions are disabled"),
        ({}, StateValue.ALARM, "no action for ALARM"),
        ({"OKActions": [POLICY]}, StateValue.OK, "It is in OK already, so no action runs"),
    ],
)
def test_forcing_a_state_says_what_happens(members: dict[str, Any], state: StateValue, said: str) -> None:
    plan = set_state(live(**members), state, "drill", scope=HERE)
    assert said in plan.warnings[0]
    assert "next evaluation" in plan.warnings[1]
    assert len(set_state(live(), state, "r" * 5000, scope=HERE).steps[0].params["StateReason"]) == 1023


class TestPolicies:
    POLICIES = (
        Policy("a", "", "web", adjustment=-2, cooldown=60),
        Policy("b", "", "web", adjustment_type=Adjustment.PERCENT, adjustment=50, magnitude=2),
        Policy("c", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0.0, 10.0), Step(2, 10.0)), warm_up=60),
        Policy("d", "", "web", kind=PolicyKind.TARGET_TRACKING, target=50.0, metric=PREDEFINED[0], never_in=True),
    )

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
    def test_round_trip_in_a_request_that_botocore_takes(self, policy: Policy) -> None:
        request = policy_to(policy)
        model = botocore.session.get_session().get_service_model("autoscaling")
        shape = model.operation_model("PutScalingPolicy").input_shape
        assert shape is not None
        from botocore.validate import ParamValidator

        assert not ParamValidator().validate(request, shape).has_errors()
        assert policy_from(request) == policy
        assert list(policy_problems(policy)) == []

    @pytest.mark.parametrize(
        ("policy", "field"),
        [
            (Policy("a:b", "", "web", adjustment=1), "PolicyName"),
            (Policy("a", "", "web"), "ScalingAdjustment"),
            (Policy("a", "", "web", adjustment_type=Adjustment.EXACT, adjustment=-1), "ScalingAdjustment"),
            (Policy("a", "", "web", kind=PolicyKind.STEP), "StepAdjustments"),
            (Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0, 5), Step(2, 6))), "StepAdjustments"),
            (Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0, 5), Step(2, 4))), "StepAdjustments"),
            (Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0, -1),)), "StepAdjustments[0]"),
            (Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0, 5),)), "StepAdjustments"),
            (Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(-1, -5, 0),)), "StepAdjustments"),
            (Policy("a", "", "web", adjustment=1, cooldown=-1), "Cooldown"),
            (
                Policy("a", "", "web", kind=PolicyKind.TARGET_TRACKING, target=0.0, metric=PREDEFINED[0]),
                "TargetTrackingConfiguration.TargetValue",
            ),
            (
                Policy("a", "", "web", kind=PolicyKind.TARGET_TRACKING, target=1.0, metric=PREDEFINED[-1]),
                "TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel",
            ),
        ],
    )
    def test_what_aws_would_refuse_is_said_by_its_field(self, policy: Policy, field: str) -> None:
        with pytest.raises(DefinitionErrors) as refused:
            put_policy(policy, live=None, scope=HERE)
        assert list(refused.value.fields) == [field]

    def test_open_ends_are_accepted(self) -> None:
        policy = Policy("a", "", "web", kind=PolicyKind.STEP, steps=(Step(-1, -inf, -5), Step(0, -5, 5), Step(1, 5)))
        assert list(policy_problems(policy)) == []

    def test_the_metrics_are_those_of_the_service_model(self) -> None:
        model = botocore.session.get_session().get_service_model("autoscaling")
        assert sorted(PREDEFINED) == sorted(model.shape_for("MetricType").metadata["enum"])

    def test_what_aws_adds_of_its_own_is_no_change(self) -> None:
        described = {
            **policy_to(self.POLICIES[2]),
            "MetricAggregationType": "Average",
            "PolicyARN": POLICY,
            "Alarms": [],
        }
        assert not put_policy(self.POLICIES[2], live=described, scope=HERE).steps


class TestMuting:
    RULE = MuteRule("night", ("high-cpu",), "cron(0 2 * * SUN)", timedelta(hours=2), "Europe/Vienna", "Backups")

    def test_round_trip(self) -> None:
        assert from_response(rule_request(self.RULE)) == self.RULE
        assert once(datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == "at(2026-11-23T10:00)"

    def test_what_aws_adds_of_its_own_is_no_change(self) -> None:
        (step,) = mute(self.RULE, live=None, scope=HERE).steps
        assert step.expected is not None
        answered = {**rule_request(self.RULE), "StartDate": datetime(2026, 11, 23, tzinfo=UTC), "Status": "ACTIVE"}
        assert step.expected.look.version(answered) == step.expected.after
        in_utc = replace(self.RULE, timezone="UTC")
        assert mute(in_utc, live=rule_request(replace(self.RULE, timezone=None)), scope=HERE).steps == ()

    @given(st.integers(1, LONGEST // timedelta(minutes=1)))
    def test_durations_are_written_and_read(self, minutes: int) -> None:
        assert read_duration(written(timedelta(minutes=minutes))) == timedelta(minutes=minutes)

    @pytest.mark.parametrize(
        ("more", "field"),
        [
            ({"alarms": ()}, "MuteTargets.AlarmNames"),
            ({"expression": "every night"}, "Rule.Schedule.Expression"),
            ({"duration": LONGEST + timedelta(minutes=1)}, "Rule.Schedule.Duration"),
            ({"timezone": "Mars/Base"}, "Rule.Schedule.Timezone"),
            ({"name": ""}, "Name"),
        ],
    )
    def test_what_aws_would_refuse_is_said_by_its_field(self, more: dict[str, Any], field: str) -> None:
        with pytest.raises(DefinitionErrors) as refused:
            mute(replace(self.RULE, **more), live=None, scope=HERE)
        assert list(refused.value.fields) == [field]


class TestTopics:
    @pytest.mark.parametrize(
        ("protocol", "endpoint"),
        [
            (Protocol.EMAIL, "nobody"),
            (Protocol.HTTPS, "http://plain.example.com"),
            (Protocol.SQS, "https://sqs.us-east-1.amazonaws.com/1/q"),
            (Protocol.LAMBDA, "fix"),
        ],
    )
    def test_an_endpoint_of_another_kind_is_refused(self, protocol: Protocol, endpoint: str) -> None:
        with pytest.raises(DefinitionErrors, match="is not accepted; give"):
            subscribe(topic_arn("ops", HERE), Subscriber(protocol, endpoint), scope=HERE)

    @pytest.mark.parametrize("name", ["", "a b", "ops.fifo", "x" * 257])
    def test_a_name_that_is_none(self, name: str) -> None:
        with pytest.raises(DefinitionErrors):
            create_topic(name, scope=HERE)

    @given(st.text())
    def test_any_name_makes_a_subject_that_sns_takes(self, name: str) -> None:
        subject = marked_subject(name)
        assert subject.startswith("TEST by Watchkeeper")
        assert len(subject) <= MOST_SUBJECT
        assert subject.isascii()
        assert subject.isprintable()


def test_alarms_of_all_kinds_have_an_operation() -> None:
    logs = parse(
        {
            "AlarmName": "errors",
            "ScheduledQueryConfiguration": {
                "QueryString": "fields @message",
                "LogGroupIdentifiers": ["g"],
                "AggregationExpression": "count(*)",
                "ScheduledQueryRoleARN": "arn:aws:iam::111111111111:role/q",
                "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
            },
            "QueryResultsToEvaluate": 1,
            "QueryResultsToAlarm": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    )
    assert isinstance(BAND, MetricAlarm)
    wanted = ["PutMetricAlarm", "PutMetricAlarm", "PutCompositeAlarm", "PutLogAlarm"]
    made = (alarm(), BAND, COMPOSITE, logs)
    assert [put(each, live=None, scope=HERE).steps[0].operation for each in made] == wanted
