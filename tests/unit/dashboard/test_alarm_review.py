"""The review of a change, and the forms of topics and scaling policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.changes import Ending, Outcome, StepEnding, StepOutcome
from access.identity import Actor, Role
from alarms.kinds import Alarm, CompositeAlarm, MetricAlarm
from alarms.live import Live
from alarms.notation import series
from alarms.scaling import Policy, PolicyKind, Step
from collectors.alarm_states import AlarmKind, AlarmState, AlarmTransition
from collectors.inventory import ScalingGroup
from core.reading import Scope
from core.timespan import Timespan, from_epoch
from dashboard.views import action_forms as forms
from dashboard.views import review, workbench_composite
from dashboard.views.alarm_draft import Draft
from dashboard.views.alarm_form import check
from dashboard.views.workbench import Read

PROD = Scope("111111111111", "us-east-1")
ANA, BO = Actor("ana", Role.ENGINEER), Actor("bo", Role.VIEWER)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = Draft(name="cpu", namespace="AWS/EC2", metric="CPUUtilization", threshold="70", n="3", tags=(("team", "web"),))


def alarm(draft: Draft = GOOD) -> Alarm:
    found = check(draft).alarm
    assert found is not None
    return found


def live(found: Alarm) -> Live:
    return Live(found, "arn:aws:cloudwatch:us-east-1:111111111111:alarm:cpu", "OK")


class TestReview:
    def test_a_new_alarm_has_every_field_and_its_price(self) -> None:
        found = review.build(alarm(), base=None, now=None, others=(), scope=PROD, actor=ANA)
        assert found.problem == ""
        assert found.may.allowed
        assert "AlarmName" in list(found.fields["Field"])
        assert found.price.startswith("Free")

    def test_only_what_changes_is_listed_and_tags_are_a_step_of_their_own(self) -> None:
        changed = alarm(replace(GOOD, threshold="80", tags=(("team", "ops"),)))
        found = review.build(changed, base=alarm(), now=live(alarm()), others=(alarm(),), scope=PROD, actor=ANA)
        assert sorted(found.fields["Field"]) == ["Tags.team", "Threshold"]
        assert found.plan is not None
        assert [step.operation for step in found.plan.steps] == ["PutMetricAlarm", "TagResource"]
        assert review.price_change(found.plan) == "The month's bill stays the same."

    def test_who_may_not_reads_why(self) -> None:
        found = review.build(alarm(), base=None, now=None, others=(), scope=PROD, actor=BO)
        assert not found.may.allowed
        assert "takes an engineer" in found.may.reason

    def test_unknown_neighbours_mean_an_unknown_price(self) -> None:
        found = review.build(alarm(), base=None, now=None, others=None, scope=PROD, actor=ANA)
        assert "not known" in found.price
        assert found.plan is not None
        assert review.price_change(found.plan) == ""

    def test_what_changed_meanwhile_stands_beside_both(self) -> None:
        theirs = alarm(replace(GOOD, threshold="60"))
        mine = alarm(replace(GOOD, threshold="80"))
        found = review.build(mine, base=alarm(), now=live(theirs), others=(), scope=PROD, actor=ANA)
        assert found.plan is None
        assert found.clash.values.tolist() == [["Threshold", "70.0", "60.0", "80.0"]]
        rebased = review.build(mine, base=theirs, now=live(theirs), others=(), scope=PROD, actor=ANA)
        assert rebased.problem == ""
        assert rebased.fields.values.tolist() == [["Threshold", "60.0", "80.0"]]

    def test_a_default_that_aws_wrote_out_is_nobodys_change(self) -> None:
        written = alarm(replace(GOOD, missing="missing", m="3"))
        found = review.build(alarm(), base=alarm(), now=live(written), others=(), scope=PROD, actor=ANA)
        assert found.problem == ""

    def test_a_name_that_is_taken_and_an_alarm_that_is_gone(self) -> None:
        taken = review.build(alarm(), base=None, now=live(alarm()), others=(), scope=PROD, actor=ANA)
        assert "already" in taken.problem
        gone = review.build(alarm(), base=alarm(), now=None, others=(), scope=PROD, actor=ANA)
        assert "was deleted since" in gone.problem

    def test_what_aws_would_refuse_of_the_actions_is_said_here(self) -> None:
        far = alarm(replace(GOOD, alarm_actions=("arn:aws:sns:eu-west-1:111111111111:ops",)))
        found = review.build(far, base=None, now=None, others=(), scope=PROD, actor=ANA)
        assert "own region only" in found.problem

    def test_a_conflict_shows_what_was_expected_and_what_is_live(self) -> None:
        changed = alarm(replace(GOOD, threshold="80"))
        found = review.build(changed, base=alarm(), now=live(alarm()), others=(), scope=PROD, actor=ANA)
        assert found.plan is not None
        step = StepOutcome(found.plan.steps[0], StepEnding.CONFLICT, "Changed.", live={"Threshold": 1.0})
        outcome = Outcome(found.plan, Ending.CONFLICT, "Changed.", (step,))
        assert ["Threshold", "70.0", "1.0"] in review.both_versions(outcome).values.tolist()
        assert review.steps(outcome) == ("Change the alarm cpu: changed by someone else. Changed.",)
        assert '"call": "cloudwatch:PutMetricAlarm"' in review.calls(found.plan)


class TestForms:
    def test_a_topic_with_its_first_subscriber(self) -> None:
        draft = Draft(topic_name="ops", topic_protocol="sqs", topic_endpoint="arn:aws:sqs:us-east-1:111111111111:q")
        plan = forms.topic_plan(draft, PROD).plan
        assert plan is not None
        assert [step.operation for step in plan.steps] == ["CreateTopic", "TagResource", "Subscribe"]
        assert any("its policy lets" in warning for warning in plan.warnings)

    @pytest.mark.parametrize(
        ("draft", "field"),
        [
            (Draft(topic_name="no spaces"), "topic_name"),
            (Draft(topic_name="ops", topic_protocol="email", topic_endpoint="nobody"), "topic_endpoint"),
            (Draft(topic_name="ops", topic_protocol="https", topic_endpoint="ftp://x"), "topic_endpoint"),
        ],
    )
    def test_what_aws_would_refuse_stands_beside_its_field(self, draft: Draft, field: str) -> None:
        planned = forms.topic_plan(draft, PROD)
        assert planned.plan is None
        assert list(planned.errors) == [field]

    def test_a_subscriber_more(self) -> None:
        topic = "arn:aws:sns:us-east-1:111111111111:ops"
        good = Draft(topic_protocol="email", topic_endpoint="ana@example.com")
        assert forms.subscribe_plan(topic, good, PROD).plan is not None
        assert list(forms.subscribe_plan(topic, Draft(), PROD).errors) == ["topic_endpoint"]
        assert list(forms.subscribe_plan(topic, Draft(topic_protocol="pigeon"), PROD).errors) == ["topic_protocol"]

    def test_steps_are_read_as_they_are_written(self) -> None:
        text = "0 to 10: +1\n10 and more: +2\nbelow -5: -1"
        policy, errors = forms.policy_of(Draft(policy_group="web", policy_name="out", policy_steps=text))
        assert errors == {}
        assert policy is not None
        assert policy.steps[:2] == (Step(1, 0.0, 10.0), Step(2, 10.0))
        assert policy.steps[2].adjustment == -1

    @pytest.mark.parametrize("text", ["ten", "0 to 10", "0 to 10: one", "+1"])
    def test_a_step_that_is_none_is_named(self, text: str) -> None:
        policy, errors = forms.policy_of(Draft(policy_group="web", policy_steps=text))
        assert policy is None
        assert "is no step" in errors["policy_steps"]

    def test_a_policy_is_planned_or_its_fields_named(self) -> None:
        draft = Draft(policy_group="web", policy_name="out")
        plan = forms.policy_plan(draft, live=(), scope=PROD).plan
        assert plan is not None
        assert [step.operation for step in plan.steps] == ["PutScalingPolicy"]
        assert "policy_name" in forms.policy_plan(replace(draft, policy_name="a:b"), live=(), scope=PROD).errors
        assert "policy_group" in forms.policy_plan(Draft(policy_name="x"), live=(), scope=PROD).errors
        zero = replace(draft, policy_kind="SimpleScaling", policy_change="0")
        assert "policy_change" in forms.policy_plan(zero, live=(), scope=PROD).errors
        tracked = replace(draft, policy_kind="TargetTrackingScaling", policy_target="x")
        assert "policy_target" in forms.policy_plan(tracked, live=(), scope=PROD).errors

    def test_only_steps_have_a_picture(self) -> None:
        found = alarm()
        steps = Policy("out", "", "web", PolicyKind.STEP, steps=(Step(1, 0.0, 10.0), Step(2, 10.0)))
        picture = forms.steps_picture(steps, found, "Percent", 85.0)  # type: ignore[arg-type]
        assert picture is not None
        assert [(step.lower, step.upper) for step in picture.steps] == [(0.0, 10.0), (10.0, None)]
        assert forms.steps_picture(Policy("in", "", "web"), found, None, None) is None  # type: ignore[arg-type]


class TestTargetTracking:
    KEEPS = Policy("keep", "", "web", PolicyKind.TARGET_TRACKING, target=50.0, metric="ASGAverageCPUUtilization")
    GROUP = ScalingGroup("web", "", 1, 8, 2, (), (), (), 60, "EC2", None)

    def replayed(self, line: str, policy: Policy = KEEPS) -> list[int]:
        points = series(line, period=60, start=int(NOW.timestamp()))
        span = Timespan(from_epoch(int(points.times[0])), from_epoch(int(points.times[-1]) + 60))
        read = Read({"": points}, span, NOW)
        done = forms.tracked_capacity(policy, forms.tracking_alarms(policy), read, group=self.GROUP)
        return [size for _, size in done.capacity]

    def test_twice_the_target_doubles_and_half_of_it_takes_them_away(self) -> None:
        assert self.replayed("50x5 100x6 25x30") == [2, 4, 1]
        assert self.replayed("50x5 100x2 50x30") == [2], "two minutes are too short for AWS's alarm"
        assert self.replayed("50x5 25x30", replace(self.KEEPS, never_in=True)) == [2]

    def test_both_alarms_watch_one_metric(self) -> None:
        high, low = forms.tracking_alarms(self.KEEPS)
        assert high.source == low.source
        assert (high.threshold, low.threshold) == (50.0, 45.0)

    def test_a_metric_of_ones_own_is_taken_from_the_policy(self) -> None:
        own = {"CustomizedMetricSpecification": {"Namespace": "Shop", "MetricName": "Queue", "Statistic": "Sum"}}
        (metric,) = {m for each in self.made(own) for m in each.metrics}
        assert (metric.namespace, metric.name) == ("Shop", "Queue")

    def test_a_metric_of_ones_own_may_be_an_expression(self) -> None:
        queue = {"Namespace": "Shop", "MetricName": "Queue"}
        queries = [
            {"Id": "m1", "MetricStat": {"Metric": queue, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 / 2", "ReturnData": True},
        ]
        made = self.made({"CustomizedMetricSpecification": {"Metrics": queries}})
        assert [(each.threshold, each.period) for each in made] == [(50.0, 60), (45.0, 60)]

    def test_what_is_not_known_is_said(self) -> None:
        for metric, said in (("Predicted", "use ASGAverageCPUUtilization"), ("ALBRequestCountPerTarget", "needs")):
            with pytest.raises(forms.NotReplayedError, match=said):
                forms.tracking_alarms(replace(self.KEEPS, metric=metric))

    def made(self, configuration: dict[str, Any]) -> tuple[MetricAlarm, ...]:
        described = {"TargetTrackingConfiguration": configuration}
        return forms.tracking_alarms(replace(self.KEEPS, metric=None), described)


def state(name: str, now: str = "OK") -> AlarmState:
    return AlarmState(
        name, f"arn:{name}", AlarmKind.METRIC, now, NOW, "", "", actions_enabled=True, actions=(), updated_at=NOW
    )


def change(name: str, minutes: int, old: str, new: str) -> AlarmTransition:
    return AlarmTransition(name, NOW - timedelta(minutes=minutes), old, new, "")


class TestComposite:
    SPAN = Timespan(NOW - timedelta(days=1), NOW)

    def build(self, rule: str, *changes: AlarmTransition, **states: str) -> workbench_composite.CompositeView:
        found = CompositeAlarm("both", rule)
        known = [state(name, now) for name, now in states.items()]
        return workbench_composite.build(found, known, changes, span=self.SPAN)

    def test_the_rule_is_replayed_over_what_its_alarms_did(self) -> None:
        moved = (
            change("a", 120, "OK", "ALARM"), change("b", 100, "OK", "ALARM"), change("a", 60, "ALARM", "OK"),
            change("b", 50, "ALARM", "OK"),
        )  # fmt: skip
        found = self.build('ALARM("a") AND ALARM("b")', *moved, a="OK", b="OK")
        assert found.headline == "Would have gone into alarm once in the last 24 hours, longest 40 min."
        assert found.condition == "Now 0 of 2 alarms in alarm."
        assert found.bench is not None
        assert found.bench.chart.lines[0].values.max() == 2

    def test_states_from_before_the_span_hold(self) -> None:
        found = self.build('ALARM("a")', change("a", 3000, "OK", "ALARM"), a="ALARM")
        assert "all of it" in found.headline or "once" in found.headline

    @pytest.mark.parametrize(
        ("rule", "said"),
        [("ALARM(x)", "no alarm of the name x"), ("TRUE", "never changes"), ("ALARM(", "at character")],
    )
    def test_what_cannot_be_replayed_says_why(self, rule: str, said: str) -> None:
        found = self.build(rule, a="OK")
        assert said in found.headline
        assert found.bench is None
