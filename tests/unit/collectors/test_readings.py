"""AWS's documents → house words: recorded answers, documented examples, and botocore's Stubber for faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from cloud.clients import Clients
from collectors import alarm_states, directory, inventory, scaling, targets
from collectors.alarm_states import AlarmKind
from collectors.sources import CloudSources
from collectors.store import Store
from collectors.targets import Target
from core.reading import FaultKind, Scope
from core.series import MetricId

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[4] / "shared" / "data"
ARN = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/web/0123456789abcdef"


def scope(clients: Clients) -> Scope:
    return clients.scopes()[0]


def stub(clients: Clients, service: str) -> Stubber:
    stubber = Stubber(clients.client(scope(clients), service))
    stubber.activate()
    return stubber


def group(name: str = "web", arn: str = ARN) -> dict[str, Any]:
    return {"TargetGroupArn": arn, "TargetGroupName": name, "Protocol": "HTTP", "Port": 80, "LoadBalancerArns": ["lb"]}


def health(*states: tuple[str, str, str | None]) -> dict[str, Any]:
    return {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": name, "Port": 80},
                "TargetHealth": {"State": state, **({"Reason": reason, "Description": "why"} if reason else {})},
            }
            for name, state, reason in states
        ]
    }


def placed(*names: str) -> dict[str, Any]:
    instances = [{"InstanceId": name, "Placement": {"AvailabilityZone": "us-east-1a"}} for name in names]
    return {"Reservations": [{"Instances": instances}]}


def look(clients: Clients, store: Store, at: datetime, *states: tuple[str, str, str | None]) -> dict[str, Target]:
    """One look of the collector at one target group."""
    balancing = stub(clients, "elbv2")
    balancing.add_response("describe_target_groups", {"TargetGroups": [group()]})
    balancing.add_response("describe_target_health", health(*states))
    machines = stub(clients, "ec2")
    machines.add_response("describe_instances", placed(*(name for name, _, _ in states)))
    reading = targets.read(clients, scope(clients), now=at, store=store)
    targets.snapshots(store).put(scope(clients), reading)
    balancing.deactivate()
    machines.deactivate()
    assert reading.complete, reading.faults
    return {target.id: target for target in reading.value[0].targets}


def test_since_comes_from_the_transitions_we_saw(clients: Clients, store: Store) -> None:
    at = [NOW + timedelta(seconds=15 * n) for n in range(4)]
    one = look(clients, store, at[0], ("i-1", "initial", "Elb.RegistrationInProgress"))["i-1"]
    assert (one.since, one.since_at_least, one.zone) == (at[0], True, "us-east-1a")
    one = look(clients, store, at[1], ("i-1", "healthy", None))["i-1"]
    assert (one.state, one.since, one.since_at_least) == ("healthy", at[1], False)
    one = look(clients, store, at[2], ("i-1", "healthy", None))["i-1"]
    assert one.since == at[1]
    one = look(clients, store, at[3], ("i-1", "unhealthy", "Target.Timeout"))["i-1"]
    assert (one.reason, one.description, one.since) == ("Target.Timeout", "why", at[3])


def test_another_reason_is_another_state(clients: Clients, store: Store) -> None:
    look(clients, store, NOW, ("i-1", "unhealthy", "Target.Timeout"))
    later = NOW + timedelta(seconds=15)
    assert look(clients, store, later, ("i-1", "unhealthy", "Target.FailedHealthChecks"))["i-1"].since == later


@pytest.mark.parametrize(("pause", "known"), [(90, "since"), (91, "since at least")])
def test_a_change_during_a_pause_was_not_witnessed(clients: Clients, store: Store, pause: int, known: str) -> None:
    look(clients, store, NOW, ("i-1", "healthy", None))
    one = look(clients, store, NOW + timedelta(seconds=pause), ("i-1", "unhealthy", "Target.Timeout"))["i-1"]
    assert ("since at least" if one.since_at_least else "since") == known


def test_one_group_that_may_not_be_read_leaves_the_other(clients: Clients) -> None:
    balancing = stub(clients, "elbv2")
    balancing.add_response("describe_target_groups", {"TargetGroups": [group(), group("api", f"{ARN}1")]})
    balancing.add_client_error("describe_target_health", "AccessDenied", "no", 403)
    balancing.add_response("describe_target_health", health(("10.0.0.1", "healthy", None)))
    reading = targets.read(clients, scope(clients), now=NOW)
    assert [(each.name, each.healthy) for each in reading.value] == [("web", 0), ("api", 1)]
    [fault] = reading.faults
    assert (fault.kind, fault.what) == (FaultKind.ACCESS_DENIED, "elasticloadbalancing:DescribeTargetHealth")
    assert fault.message == (
        "The role in use may not elasticloadbalancing:DescribeTargetHealth in 111111111111/us-east-1;"
        " allow that action in its IAM policy"
    )


# -- scaling ----------------------------------------------------------------------------------------------------------


def activity(number: int, started: datetime, **more: Any) -> dict[str, Any]:
    return {
        "ActivityId": f"a{number}",
        "AutoScalingGroupName": "web",
        "Description": "Launching a new EC2 instance: i-0123456789abcdef0",
        "Cause": "At 2026-11-23T09:00:00Z a monitor alarm cpu-high in state ALARM triggered policy scale out changing"
        " the desired capacity from 2 to 4.  At 2026-11-23T09:00:10Z an instance was started.",
        "StartTime": started,
        "StatusCode": "Successful",
        "Details": '{"Availability Zone":"us-east-1b","InvokingAlarms":[{"AlarmName":"cpu-high"}]}',
        **more,
    }


def test_an_activity_names_its_alarm_policy_and_capacity() -> None:
    read = scaling.from_response(activity(1, NOW, EndTime=NOW))
    assert (read.alarm, read.policy, read.capacity) == ("cpu-high", "scale out", (2, 4))
    assert (read.instance_id, read.zone, read.failed, read.running) == (
        "i-0123456789abcdef0",
        "us-east-1b",
        False,
        False,
    )


@pytest.mark.parametrize("details", ["no JSON", "[]", '{"InvokingAlarms":[]}', '{"InvokingAlarms":["x"]}', None])
def test_details_of_another_shape_leave_the_cause_to_name_the_alarm(details: str | None) -> None:
    assert scaling.from_response(activity(1, NOW, Details=details)).alarm == "cpu-high"


def test_activities_that_awss_guide_prints() -> None:
    path = SHARED / "asg_activity_examples" / "examples.json"
    if not path.exists():
        pytest.skip("the sample activities are not at hand")
    found = [
        scaling.from_response({**each, "StartTime": NOW, "EndTime": None})
        for example in json.loads(path.read_text(encoding="utf-8"))
        for each in example["json"].get("Activities", ())
    ]
    assert found
    alarms = {each.alarm for each in found if each.alarm}
    assert "TargetTracking-my-asg-AlarmLow-b9376cab-18a7-4385-920c-dfa3f7783f82" in alarms
    assert [each.message[:23] for each in found if each.failed and each.message][:1] == ["Your Spot request price"]


def test_finished_activities_are_read_from_aws_once(clients: Clients, store: Store) -> None:
    auto = stub(clients, "autoscaling")
    old, new = NOW - timedelta(days=3), NOW - timedelta(minutes=1)
    auto.add_response("describe_scaling_activities", {"Activities": [activity(1, old, EndTime=old)], "NextToken": "2"})
    auto.add_response("describe_scaling_activities", {"Activities": []})
    assert len(scaling.read_through(clients, scope(clients), now=NOW, store=store).value) == 1
    auto.add_response(
        "describe_scaling_activities",
        {
            "Activities": [activity(2, new), activity(1, old, EndTime=old), activity(0, old - timedelta(days=1))],
            "NextToken": "2",
        },
    )
    reading = scaling.read_through(clients, scope(clients), now=NOW, store=store)
    assert [(each.id, each.running) for each in reading.value] == [("a2", True), ("a1", False)]
    auto.assert_no_pending_responses()


# -- alarms -----------------------------------------------------------------------------------------------------------


def alarm(name: str, state: str = "OK", since: datetime = NOW, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{name}",
        "StateValue": state,
        "StateUpdatedTimestamp": NOW,
        "StateTransitionedTimestamp": since,
        **more,
    }


def test_alarms_firing_come_first_and_name_their_kind(clients: Clients) -> None:
    watch = stub(clients, "cloudwatch")
    plain: dict[str, Any] = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [],
        "ExtendedStatistic": "p99",
    }
    math: dict[str, Any] = {"Metrics": [{"Id": "e", "Expression": "1"}]}
    watch.add_response(
        "describe_alarms",
        {
            "MetricAlarms": [
                alarm("a", **plain, EvaluationPeriods=3, AlarmActions=["arn:x"]),
                alarm("b", **math),
                alarm("c", **math, ThresholdMetricId="ad"),
            ],
            "CompositeAlarms": [alarm("z", "ALARM", AlarmRule='ALARM("a")')],
        },
    )
    found = alarm_states.read(clients, scope(clients), now=NOW).value
    assert [(each.name, each.kind) for each in found] == [
        ("z", AlarmKind.COMPOSITE),
        ("a", AlarmKind.METRIC),
        ("b", AlarmKind.MATH),
        ("c", AlarmKind.ANOMALY),
    ]
    watched = found[1]
    assert (watched.metric, watched.statistic) == (MetricId("AWS/EC2", "CPUUtilization"), "p99")
    assert (watched.datapoints_to_alarm, watched.action_count, watched.missing_data) == (3, 1, "missing")


def test_history_is_asked_only_when_a_state_is_new(clients: Clients, store: Store) -> None:
    watch = stub(clients, "cloudwatch")
    data = {"oldState": {"stateValue": "OK"}, "newState": {"stateValue": "ALARM", "stateReason": "hot"}}
    item = {"AlarmName": "a", "Timestamp": NOW, "HistoryItemType": "StateUpdate", "HistoryData": json.dumps(data)}
    odd = {**item, "AlarmName": "b", "HistoryData": "no JSON"}
    watch.add_response("describe_alarms", {"MetricAlarms": [alarm("a", "ALARM"), alarm("b")]})
    watch.add_response("describe_alarm_history", {"AlarmHistoryItems": [item, odd]})
    alarm_states.read_through(clients, scope(clients), now=NOW, store=store)
    watch.add_response("describe_alarms", {"MetricAlarms": [alarm("a", "ALARM"), alarm("b")]})
    alarm_states.read_through(clients, scope(clients), now=NOW, store=store)
    watch.assert_no_pending_responses()
    sources = CloudSources(clients, store)
    span_end = NOW + timedelta(minutes=1)
    watch.add_response("describe_alarms", {"MetricAlarms": [alarm("a", "ALARM"), alarm("b")]})
    [change] = sources.alarm_transitions(scope(clients), now=span_end).value
    assert (change.alarm, change.old, change.new, change.reason) == ("a", "OK", "ALARM", "hot")


def test_recorded_alarms_are_understood() -> None:
    folder = SHARED / "recorded_aws" / "cloudwatch" / "DescribeAlarms"
    if not folder.exists():
        pytest.skip("the recorded answers are not at hand")
    count = 0
    for path in folder.iterdir():
        document = json.loads(path.read_text(encoding="utf-8"), object_hook=revived)
        for each in document["data"].get("MetricAlarms", ()):
            assert alarm_states._metric_alarm(each).state in {"OK", "ALARM", "INSUFFICIENT_DATA"}
            count += 1
    assert count > 0


def revived(document: dict[str, Any]) -> Any:
    """Turn the recorder's datetimes into ours; some it wrote as text."""
    if isinstance(created := document.get("CreatedTime"), str):
        return {**document, "CreatedTime": datetime.fromisoformat(created)}
    if document.get("__class__") != "datetime":
        return document
    parts = {key: value for key, value in document.items() if key != "__class__"}
    return datetime(**parts, tzinfo=UTC)


# -- inventory, directory ---------------------------------------------------------------------------------------------


def test_recorded_inventory_is_understood() -> None:
    folder = SHARED / "recorded_aws" / "autoscaling" / "DescribeAutoScalingGroups"
    if not folder.exists():
        pytest.skip("the recorded answers are not at hand")
    groups = [
        inventory._scaling_group(each)
        for path in folder.iterdir()
        for each in json.loads(path.read_text(encoding="utf-8"), object_hook=revived)["data"]["AutoScalingGroups"]
    ]
    assert groups
    assert all(each.minimum <= each.desired <= each.maximum for each in groups)


def test_one_service_that_fails_leaves_the_others(clients: Clients) -> None:
    stub(clients, "elbv2").add_client_error("describe_load_balancers", "Throttling", "slow down", 400)
    stub(clients, "autoscaling").add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
    machine = {"InstanceId": "i-1", "Tags": [{"Key": "Name", "Value": "<b>web</b>"}], "State": {"Name": "running"}}
    stub(clients, "ec2").add_response("describe_instances", {"Reservations": [{"Instances": [machine]}]})
    reading = inventory.read(clients, scope(clients), now=NOW)
    assert [each.name for each in reading.value.instances] == ["<b>web</b>"]
    assert {fault.what for fault in reading.faults} >= {"elasticloadbalancing:DescribeLoadBalancers"}


def test_search_wants_every_word() -> None:
    known = (
        MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)),
        MetricId("AWS/EC2", "NetworkIn", (("InstanceId", "i-1"),)),
        MetricId("Directory", "PageLoadTime"),
    )
    assert directory.search(known, "ec2 cpu") == known[:1]
    assert directory.search(known, "I-1") == known[:2]
    assert directory.search(known, "") == known
    assert directory.search(known, "", most=1) == known[:1]


# -- one fetch for everybody ------------------------------------------------------------------------------------------


def test_a_fresh_reading_serves_everybody_and_a_failure_shows_the_last_good_one(clients: Clients, store: Store) -> None:
    watch = stub(clients, "cloudwatch")
    sources, other = CloudSources(clients, store), CloudSources(clients, store)
    watch.add_response("list_metrics", {"Metrics": [{"Namespace": "N", "MetricName": "m"}]})
    first = sources.known_metrics(scope(clients), now=NOW)
    assert other.known_metrics(scope(clients), now=NOW + timedelta(minutes=4)) == first
    watch.add_client_error("list_metrics", "AccessDenied", "no", 403)
    later = sources.known_metrics(scope(clients), now=NOW + timedelta(minutes=6))
    assert (later.value, later.at, [fault.kind for fault in later.faults]) == (
        first.value,
        first.at,
        [FaultKind.ACCESS_DENIED],
    )
