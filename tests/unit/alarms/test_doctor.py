"""The alarm doctor: nothing on a healthy alarm, the right finding on a sick one, and a fix that removes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alarms.definition import Alarm, MetricAlarm, parse
from alarms.doctor import Code, Directory, Evidence, FailedAction, Finding, Light, examine, paths, unexamined
from alarms.doctor.noise import flaps_of
from core.reading import Unknown
from core.series import MetricId
from tests.unit.alarms import strategies
from tests.unit.alarms.doctors import (
    ACCOUNT,
    ALLOWS,
    CPU,
    KEY,
    MAIL,
    NOW,
    SCOPE,
    TOPIC_ARN,
    changes,
    evidence,
    lately,
    live,
    topics,
    watching,
)

DEFAULT_KEY_POLICY = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}}
)
NOT_READ = Unknown("the role in use may not ask")
OTHER = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-2"),))
THIRD = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-3"),))


def codes(alarm: Alarm, known: Evidence) -> list[str]:
    return [str(finding.code) for finding in examine(alarm, known)]


def only(alarm: Alarm, known: Evidence) -> Finding:
    (finding,) = examine(alarm, known)
    return finding


def fixed(finding: Finding) -> MetricAlarm:
    assert isinstance(finding.fix, MetricAlarm)
    return finding.fix


# -- health -------------------------------------------------------------------------------------------------------

thresholds = st.floats(41, 90, allow_nan=False)
healthy = st.builds(
    lambda threshold, m, more, missing, live: (
        watching(Threshold=threshold, EvaluationPeriods=m + more, DatapointsToAlarm=m, TreatMissingData=missing),
        live,
    ),
    thresholds,
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from([None, "missing", "ignore", "breaching", "notBreaching"]),
    st.booleans(),
)


@settings(deadline=None)
@given(healthy)
def test_a_healthy_alarm_has_no_findings_and_nothing_is_left_unexamined(case: tuple[MetricAlarm, bool]) -> None:
    alarm, exists = case
    known = evidence(alarm) if exists else evidence(alarm, live={})
    assert examine(alarm, known) == ()
    assert unexamined(alarm, known) == ()


PARTS = ("metrics", "resources", "neighbours")


@settings(deadline=None)
@given(healthy, st.sets(st.sampled_from([*PARTS, "topics", "histories"])))
def test_what_was_not_read_is_no_finding_but_is_said(case: tuple[MetricAlarm, bool], unread: set[str]) -> None:
    alarm, exists = case
    parts: dict[str, Any] = {name: NOT_READ for name in PARTS if name in unread}
    parts |= {"topics": {TOPIC_ARN: NOT_READ}} if "topics" in unread else {}
    parts |= {"histories": {}} if "histories" in unread else {}
    known = evidence(alarm, **parts) if exists else evidence(alarm, live={}, **parts)
    assert examine(alarm, known) == ()
    assert len(unexamined(alarm, known)) == len(unread)


# -- can it fire --------------------------------------------------------------------------------------------------


def test_a_metric_of_a_name_that_nobody_reports() -> None:
    alarm = watching(MetricName="CpuUtilization")
    finding = only(alarm, evidence(alarm, history=lately("_")))
    assert (finding.code, finding.what) == (
        Code.NEVER_SEEN,
        "No metric AWS/EC2 CpuUtilization reported in 111111111111/us-east-1 in the last two weeks.",
    )


def test_a_metric_that_has_data_was_seen_whatever_the_list_says() -> None:
    alarm = watching()
    assert codes(alarm, evidence(alarm, metrics=Directory.of([]))) == []


@pytest.mark.parametrize(("there", "chosen"), [([OTHER], OTHER), ([OTHER, THIRD], None)])
def test_a_dimension_that_is_gone_offers_the_only_other_one(there: list[MetricId], chosen: MetricId | None) -> None:
    alarm = watching()
    known = evidence(
        alarm,
        history=lately("_"),
        metrics=Directory.of(there),
        resources={"InstanceId": frozenset(each.dimension_map["InstanceId"] for each in there)},
    )
    finding = only(alarm, known)
    assert finding.code is Code.DIMENSION_GONE
    assert finding.what.endswith("; InstanceId=i-1 is not in the inventory any more.")
    if chosen is None:
        assert finding.fix is None
    else:
        assert fixed(finding).metrics == (chosen,)
        assert codes(fixed(finding), known) == []


@pytest.mark.parametrize(
    ("name", "found"), [("HTTPCode_ELB_5XX_Count", []), ("StatusCheckFailed", ["metric-never-seen"])]
)
def test_silence_of_a_metric_that_reports_on_events_only_is_good_news(name: str, found: list[str]) -> None:
    alarm = watching(MetricName=name, TreatMissingData="notBreaching", Threshold=1)
    known = evidence(alarm, history=lately("_"))
    assert [code for code in codes(alarm, known) if code != "hides-dead-metric"] == found


def test_a_unit_that_the_metric_does_not_have() -> None:
    alarm = watching(Unit="Count")
    known = evidence(alarm)
    assert codes(fixed(only(alarm, known)), known) == []


@pytest.mark.parametrize(
    ("why", "threshold", "comparison", "statistic", "found"),
    [
        ("the percent that can be", 100, "GreaterThanOrEqualToThreshold", "Average", []),
        ("more than that", 100, "GreaterThanThreshold", "Average", [Code.UNREACHABLE]),
        ("less than nothing", 0, "LessThanThreshold", "Average", [Code.UNREACHABLE]),
        ("nothing", 0, "LessThanOrEqualToThreshold", "Average", []),
        ("a sum may be more", 100, "GreaterThanThreshold", "Sum", []),
        ("fifty times what was seen beyond it", 3060, "GreaterThanThreshold", "Sum", []),
        ("a little more", 3061, "GreaterThanThreshold", "Sum", [Code.UNREACHABLE]),
    ],
)
def test_reach(why: str, threshold: float, comparison: str, statistic: str, found: list[Code]) -> None:
    alarm = watching(Threshold=threshold, ComparisonOperator=comparison, Statistic=statistic)
    known = evidence(alarm, live={})
    findings = examine(alarm, known)
    assert [finding.code for finding in findings] == found, why
    for finding in findings:
        assert "observed were 203 datapoints, from 20 to 60." in finding.what
        assert codes(fixed(finding), known) == []


def test_the_proposed_threshold_lies_a_little_beyond_what_was_observed() -> None:
    alarm = watching(Threshold=100)
    assert fixed(only(alarm, evidence(alarm))).threshold == 70.0


@pytest.mark.parametrize("line", ["0x500", "0x400 3 0x99"])
def test_a_threshold_that_was_never_needed_stands(line: str) -> None:
    alarm = watching(MetricName="UnHealthyHostCount", Threshold=20, TreatMissingData="breaching")
    assert codes(alarm, evidence(alarm, history=lately(line, unit="Count"))) == []


def test_too_little_history_says_nothing_of_reach() -> None:
    alarm = watching(Threshold=100)
    assert codes(alarm, evidence(alarm, history=lately("20 60x98"))) == []


def test_a_window_over_the_limit_gets_the_longest_that_is_accepted() -> None:
    alarm = replace(watching(), evaluation_periods=289, datapoints_to_alarm=289)
    known = evidence(alarm, live={})
    finding = only(alarm, known)
    assert (finding.code, fixed(finding).n, fixed(finding).m) == (Code.REFUSED, 288, 288)
    assert codes(fixed(finding), known) == []


@pytest.mark.parametrize(
    ("why", "line", "treatment", "found"),
    [
        ("it reports", "40x200", "notBreaching", []),
        ("it was silent for three hours", "40x200 _x36", "notBreaching", []),
        ("and for one period more", "40x200 _x37", "notBreaching", [Code.HIDES_DEAD_METRIC]),
        ("it never spoke", "_x100", "notBreaching", [Code.HIDES_DEAD_METRIC]),
        ("silence shows", "40x200 _x90", "missing", []),
    ],
)  # fmt: skip
def test_hiding_a_dead_metric(why: str, line: str, treatment: str, found: list[Code]) -> None:
    alarm = watching(TreatMissingData=treatment)
    known = evidence(alarm, history=lately(line))
    findings = examine(alarm, known)
    assert [finding.code for finding in findings] == found, why
    for finding in findings:
        assert codes(fixed(finding), known) == []


def test_a_period_finer_than_the_data_takes_that_of_the_data() -> None:
    alarm = watching(Period=60, EvaluationPeriods=15, DatapointsToAlarm=10)
    known = evidence(alarm, history=lately(" ".join(["40 _x4"] * 120), period=60))
    finding = only(alarm, known)
    assert (finding.code, finding.what) == (
        Code.PERIOD_TOO_FINE,
        "Its period is 60 s, but the metric reports every 300 s.",
    )
    assert (fixed(finding).period, fixed(finding).m, fixed(finding).n) == (300, 2, 3)
    assert codes(fixed(finding), known) == []


def test_datapoints_in_coarse_periods_do_not_say_how_often_a_metric_reports() -> None:
    alarm = watching(Period=60)
    assert codes(alarm, evidence(alarm, live={}, history=lately("40x200", period=300))) == []


@pytest.mark.parametrize(("n", "found"), [(29, []), (30, [Code.NEEDLESS_RESOLUTION])])
def test_high_resolution_with_a_long_window_is_needless(n: int, found: list[Code]) -> None:
    alarm = watching(Period=10, EvaluationPeriods=n)
    known = evidence(alarm, history=lately("40x500", period=10))
    findings = examine(alarm, known)
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.why.endswith(" It costs $0.30 a month.")
        assert (fixed(finding).period, fixed(finding).n) == (60, 5)
        assert codes(fixed(finding), known) == []


# -- would anybody hear -------------------------------------------------------------------------------------------

NO_ORG = ALLOWS.replace('"Action"', '"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "Action"')
ROOT_KEY = replace(KEY, policy=DEFAULT_KEY_POLICY)
SICK_TOPICS: list[tuple[str, Mapping[str, Any], Code, str | None]] = [
    ("the topic is gone", {TOPIC_ARN: None}, Code.TOPIC_GONE, "CreateTopic"),
    ("its policy forgot CloudWatch", topics(policy='{"Statement": []}'), Code.POLICY_BLOCKS, "SetTopicAttributes"),
    (
        "its policy denies",
        topics(policy=ALLOWS.replace("Allow", "Deny")),
        Code.POLICY_BLOCKS,
        None,
    ),
    ("AWS's own key", topics(key_id="alias/aws/sns", key=replace(KEY, aws_managed=True)), Code.KEY_BLOCKS, None),
    ("a key as KMS makes it", topics(key_id="1", key=ROOT_KEY), Code.KEY_BLOCKS, "PutKeyPolicy"),
    ("a disabled key", topics(key_id="1", key=replace(KEY, state="Disabled")), Code.KEY_BLOCKS, "EnableKey"),
    ("a dying key", topics(key_id="1", key=replace(KEY, state="PendingDeletion")), Code.KEY_BLOCKS, None),
    ("nobody is subscribed", topics(subscriptions=()), Code.NO_SUBSCRIBER, None),
    ("nobody confirmed", topics(subscriptions=(replace(MAIL, confirmed=False),)), Code.NO_SUBSCRIBER, None),
]  # fmt: skip


@pytest.mark.parametrize(("why", "sick", "code", "operation"), SICK_TOPICS)
def test_a_notification_that_stops_on_its_way(
    why: str, sick: Mapping[str, Any], code: Code, operation: str | None
) -> None:
    alarm = watching()
    known = evidence(alarm, topics=sick)
    finding = only(alarm, known)
    assert (finding.code, None if finding.call is None else finding.call.operation) == (code, operation), why
    assert [path.light for path in paths(alarm, known)] == [Light.BLOCKED]


@pytest.mark.parametrize(
    "spoilt",
    [{"policy": '{"Statement": []}'}, {"key_id": "1", "key": replace(KEY, policy=DEFAULT_KEY_POLICY)}],
)
def test_the_policy_that_is_proposed_opens_the_way(spoilt: dict[str, Any]) -> None:
    alarm = watching()
    call = only(alarm, evidence(alarm, topics=topics(**spoilt))).call
    assert call is not None
    policy = call.params.get("Policy") or call.params["AttributeValue"]
    mended = {"key": replace(KEY, policy=policy)} if "key" in spoilt else {"policy": policy}
    known = evidence(alarm, topics=topics(**spoilt | mended))
    assert [path.light for path in paths(alarm, known)] == [Light.OPEN]
    assert examine(alarm, known) == ()


@pytest.mark.parametrize(
    ("why", "topic"),
    [
        ("the key was not read", topics(key_id="1", key=NOT_READ)),
        ("its policy was not", topics(key_id="1", key=replace(KEY, policy=NOT_READ))),
        ("the subscriptions were not", topics(subscriptions=NOT_READ)),
        ("the policy depends on what we do not know", topics(policy=NO_ORG)),
    ],
)  # fmt: skip
def test_a_hop_that_cannot_be_told_is_said_and_is_no_finding(why: str, topic: Mapping[str, Any]) -> None:
    alarm = watching()
    known = evidence(alarm, topics=topic)
    assert examine(alarm, known) == (), why
    assert [path.light for path in paths(alarm, known)] == [Light.UNKNOWN]
    assert len(unexamined(alarm, known)) == 1


def test_a_topic_of_another_region_is_never_notified() -> None:
    alarm = watching(AlarmActions=[TOPIC_ARN.replace("us-east-1", "us-west-2")])
    assert codes(alarm, evidence(alarm)) == ["topic-in-other-region"]


def test_an_action_that_is_no_topic_is_not_followed() -> None:
    alarm = watching(AlarmActions=["arn:aws:lambda:us-east-1:111111111111:function:page"])
    known = evidence(alarm)
    assert examine(alarm, known) == ()
    assert unexamined(alarm, known) == (
        "Action: Only SNS topics are followed; whether this action can run is not known.",
    )


def test_an_alarm_without_action_gets_the_topic_of_the_others() -> None:
    alarm = watching(AlarmActions=None)
    known = evidence(alarm, watching(AlarmName="other", Threshold=80))
    finding = only(alarm, known)
    assert (finding.code, fixed(finding).actions.alarm) == (Code.NO_ACTION, (TOPIC_ARN,))
    assert codes(fixed(finding), known) == []


def test_actions_that_are_switched_off() -> None:
    alarm = watching(ActionsEnabled=False)
    known = evidence(alarm)
    finding = only(alarm, known)
    assert finding.code is Code.ACTIONS_DISABLED
    assert codes(fixed(finding), known) == []


@pytest.mark.parametrize("members", [{"AlarmActions": None}, {"ActionsEnabled": False}])
def test_an_alarm_that_is_heard_through_a_composite_needs_no_action(members: dict[str, Any]) -> None:
    alarm = watching(**members)
    whole = parse({"AlarmName": "whole", "AlarmRule": 'ALARM("high-cpu")', "AlarmActions": [TOPIC_ARN]})
    known = evidence(alarm, whole)
    assert codes(alarm, known) == []
    assert codes(whole, known) == []


def test_a_composite_whose_child_is_gone() -> None:
    whole = parse({"AlarmName": "whole", "AlarmRule": "ALARM(a) OR ALARM(b)", "AlarmActions": [TOPIC_ARN]})
    finding = only(whole, evidence(whole, watching(AlarmName="a")))
    assert finding.what == "Its rule names alarms that do not exist: b."


def test_actions_that_failed_since_the_last_change() -> None:
    alarm = watching()
    failure = FailedAction(NOW - timedelta(days=1), TOPIC_ARN, "not authorized")
    earlier = replace(failure, at=NOW - timedelta(days=40))
    known = evidence(alarm, live={alarm.name: live(failures=(earlier, failure))})
    assert only(alarm, known).what == (
        "An action failed once since the alarm was changed, last at 22 Nov 10:00 UTC: not authorized"
    )
    assert codes(alarm, evidence(alarm, live={alarm.name: live(failures=(earlier,))})) == []


# -- noise and waste ----------------------------------------------------------------------------------------------


def test_of_twins_the_first_by_name_stays() -> None:
    first, second = watching(AlarmName="a", AlarmDescription="mine"), watching(AlarmName="b")
    known = evidence(first, second)
    assert codes(first, known) == []
    finding = only(second, known)
    assert finding.code is Code.DUPLICATE
    assert finding.what.startswith("It does the same as a: ")
    assert finding.call is not None
    assert finding.call.params == {"AlarmNames": ["b"]}


@pytest.mark.parametrize(
    ("days", "state", "found"),
    [
        (6.9, "INSUFFICIENT_DATA", [Code.DIMENSION_GONE]),
        (7, "INSUFFICIENT_DATA", [Code.ORPHAN]),
        (7, "ALARM", [Code.DIMENSION_GONE]),
    ],
)
def test_an_alarm_on_what_is_long_gone_is_an_orphan(days: float, state: str, found: list[Code]) -> None:
    alarm = watching()
    known = evidence(
        alarm,
        history=lately("_"),
        metrics=Directory.of([OTHER]),
        resources={"InstanceId": frozenset({"i-2"})},
        live={alarm.name: live(state, days=days)},
    )
    assert codes(alarm, known) == found


@pytest.mark.parametrize(
    ("line", "flaps"),
    [
        ("ok ALARM ok", 0),
        ("ok ALARM ok ALARM ok", 1),
        ("ALARM okx3 ALARM", 1),
        ("ALARM okx4 ALARM", 0),
        ("ALARM ? ALARM ok ALARM", 2),
    ],
)  # fmt: skip
def test_flaps_are_counted_as_a_replay_counts_them(line: str, flaps: int) -> None:
    assert flaps_of(changes(line)) == flaps


@pytest.mark.parametrize(("times", "found"), [(6, []), (7, [Code.FLAPPING])])
def test_a_flapper_by_its_recorded_history(times: int, found: list[Code]) -> None:
    alarm = watching()
    recorded = changes("ok " + "ALARM ok " * times)
    assert codes(alarm, evidence(alarm, live={alarm.name: live(changes=recorded)})) == found


def test_an_alarm_that_only_scales_may_come_and_go() -> None:
    alarm = watching(AlarmActions=["arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:1:x"])
    recorded = changes("ok " + "ALARM ok " * 20)
    assert codes(alarm, evidence(alarm, live={alarm.name: live(changes=recorded)})) == []


def test_what_was_before_the_last_change_says_nothing_of_the_alarm_as_it_is() -> None:
    alarm = watching()
    before = live(changes=changes("ok " + "ALARM ok " * 9), changed_at=NOW - timedelta(minutes=20))
    assert codes(alarm, evidence(alarm, live={alarm.name: before})) == []


def test_a_draft_that_would_flap_gets_the_window_that_calms_it() -> None:
    alarm = watching(EvaluationPeriods=1, Threshold=50)
    known = evidence(alarm, history=lately(f"40x100 {'60 40 ' * 10} 40x500 60x9 40x50"), live={})
    finding = only(alarm, known)
    assert finding.code is Code.FLAPPING
    assert finding.what.startswith("It would have come back to ALARM 9 times within 15 minutes")
    calm = fixed(finding)
    assert calm.threshold == alarm.threshold
    assert codes(calm, known) == []
    assert f"Ask for {calm.m} of {calm.n} datapoints instead of 1 of 1" in finding.fix_sentence


@settings(deadline=None)
@given(st.lists(st.sampled_from(["40x3", "60", "60x2", "60x9", "40x30", "_x3"]), min_size=30, max_size=60))
def test_whatever_its_history_a_calming_fix_removes_the_flapping(words: list[str]) -> None:
    alarm = watching(EvaluationPeriods=1, Threshold=50)
    known = evidence(alarm, history=lately(" ".join(words)), live={})
    for finding in examine(alarm, known):
        if finding.code is Code.FLAPPING and finding.fix is not None:
            assert "flapping" not in codes(finding.fix, known)


def test_a_metric_math_alarm_is_examined_metric_by_metric() -> None:
    def entry(query: str, instance: str) -> dict[str, Any]:
        metric = {
            "Namespace": CPU.namespace,
            "MetricName": CPU.name,
            "Dimensions": [{"Name": "InstanceId", "Value": instance}],
        }
        return {"Id": query, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}, "ReturnData": False}

    made = parse(
        {
            "AlarmName": "both",
            "Metrics": [entry("a", "i-1"), entry("b", "i-9"), {"Id": "c", "Expression": "a + b"}],
            "EvaluationPeriods": 1,
            "Threshold": 150,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [TOPIC_ARN],
        }
    )
    finding = only(made, evidence(made, history=lately("_", unit=None)))
    assert (finding.code, SCOPE.region in finding.what) == (Code.DIMENSION_GONE, False)
    assert fixed(finding).metrics == (CPU, CPU)


histories = st.lists(st.sampled_from(["40x30", "90x2", "0x9", "_x5", "1e6"]), min_size=1, max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(params=strategies.requests, words=histories, exists=st.booleans())
def test_whatever_the_alarm_it_is_examined_and_its_fixes_hold(
    *, params: dict[str, Any], words: list[str], exists: bool
) -> None:
    alarm = parse(params)
    known = evidence(alarm, history=lately(" ".join(words), period=60), **({} if exists else {"live": {}}))
    for finding in examine(alarm, known):
        if finding.fix is not None:
            assert finding.code not in {other.code for other in examine(finding.fix, known)}
    assert len(set(unexamined(alarm, known))) == len(unexamined(alarm, known))
