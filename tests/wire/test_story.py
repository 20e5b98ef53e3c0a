"""Stories over the wire: what `python -m demo tell` asks for, seen with an AWS client."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.wire.clouds import ROOT, Cloud

pytestmark = pytest.mark.wire


def target_group(cloud: Cloud) -> str:
    groups = cloud.client("elbv2").describe_target_groups(Names=["directory-web"])["TargetGroups"]
    return str(groups[0]["TargetGroupArn"])


def states(cloud: Cloud) -> list[str]:
    found = cloud.client("elbv2").describe_target_health(TargetGroupArn=target_group(cloud))
    return sorted(target["TargetHealth"]["State"] for target in found["TargetHealthDescriptions"])


def alarm_state(cloud: Cloud, name: str) -> str:
    return str(cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def desired(cloud: Cloud) -> int:
    groups = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["directory-web"])
    return int(groups["AutoScalingGroups"][0]["DesiredCapacity"])


def cpu(cloud: Cloud, now: Any) -> list[float]:
    answer = cloud.client("cloudwatch").get_metric_data(
        StartTime=now.timestamp() - 600,
        EndTime=now.timestamp() + 600,
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            {
                "Id": "cpu",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/EC2",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "directory-web"}],
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
            }
        ],
    )
    return list(answer["MetricDataResults"][0]["Values"])


def test_an_operator_sees_a_spike_met(fresh_cloud: Cloud) -> None:
    from tests.wire.clouds import AT

    before = desired(fresh_cloud)
    told = fresh_cloud.post("/_demo/tell", story="traffic-spike")["telling"]
    assert [telling["story"] for telling in told] == ["traffic-spike"]
    seen = []
    for _ in range(30):
        fresh_cloud.advance(10)
        seen.append((alarm_state(fresh_cloud, "directory-cpu-high"), desired(fresh_cloud), states(fresh_cloud)))
    assert "ALARM" in [state for state, _, _ in seen]
    assert any("initial" in targets for _, _, targets in seen)
    assert seen[-1][0] == "OK"
    assert seen[-1][1] > before
    assert seen[-1][2] == ["healthy"] * seen[-1][1]
    values = cpu(fresh_cloud, AT)
    assert max(values[-5:]) > 85
    assert values[-1] < 70
    activity = fresh_cloud.client("autoscaling").describe_scaling_activities(MaxRecords=1)["Activities"][0]
    assert "a monitor alarm directory-cpu-high in state ALARM triggered policy directory-scale-out" in activity["Cause"]


def test_a_broken_instance_is_seen_unhealthy_with_its_reason(fresh_cloud: Cloud) -> None:
    fresh_cloud.post("/_demo/tell", story="instance-failure")
    fresh_cloud.advance(12)
    found = fresh_cloud.client("elbv2").describe_target_health(TargetGroupArn=target_group(fresh_cloud))
    ill = [t["TargetHealth"] for t in found["TargetHealthDescriptions"] if t["TargetHealth"]["State"] == "unhealthy"]
    assert ill == [
        {
            "State": "unhealthy",
            "Reason": "Target.ResponseCodeMismatch",
            "Description": "Health checks failed with these codes: [502]",
        }
    ]


def test_stories_are_listed_told_and_calmed(fresh_cloud: Cloud) -> None:
    state = fresh_cloud.get("/_demo/story")
    assert len(state["stories"]) == 6
    assert state["telling"] == []
    assert state["now"] == "2026-11-23T10:00:00+00:00"
    told = fresh_cloud.post("/_demo/tell", story="bad-deploy", site="directory-dr")["telling"]
    assert [(t["story"], t["site"], t["calmed"]) for t in told] == [("bad-deploy", "directory-dr", False)]
    calmed = fresh_cloud.post("/_demo/calm")["telling"]
    assert [t["calmed"] for t in calmed] == [True]
    fresh_cloud.advance(61)
    assert fresh_cloud.get("/_demo/story")["telling"] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"story": "earthquake"}, "traffic-spike"),
        ({}, "traffic-spike"),
        ({"story": "bad-deploy", "site": "x"}, "directory-prod"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_can(cloud: Cloud, body: dict[str, str], words: str) -> None:
    connection = HTTPConnection(cloud.url.removeprefix("http://"), timeout=20)
    connection.request("POST", "/_demo/tell", json.dumps(body))
    answer = connection.getresponse()
    document = json.load(answer)
    connection.close()
    assert answer.status == 400
    assert words in document["error"]


def test_the_command_line_tells_a_running_cloud(fresh_cloud: Cloud) -> None:
    command = [sys.executable, "-m", "demo", "tell", "metric-outage", "--endpoint", fresh_cloud.url]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("metric-outage on directory-prod until ")


def test_the_second_account_is_reached_by_its_role(cloud: Cloud) -> None:
    keys = cloud.assumed("222222222222")
    groups = cloud.client("autoscaling", region="eu-west-1", keys=keys).describe_auto_scaling_groups()
    assert [group["AutoScalingGroupName"] for group in groups["AutoScalingGroups"]] == ["directory-dr-web"]
    policies = cloud.client("autoscaling", region="eu-west-1", keys=keys).describe_policies()["ScalingPolicies"]
    assert [len(policy["Alarms"]) for policy in policies] == [2]


def test_the_world_answers_to_every_inventory_question(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    assert len(ec2.describe_instances()["Reservations"]) >= 3
    assert cloud.client("dynamodb").describe_table(TableName="Employees")["Table"]["TableStatus"] == "ACTIVE"
    assert cloud.client("lambda").list_functions()["Functions"][0]["FunctionName"] == "employee-photo-thumbnails"
    assert cloud.client("s3").list_buckets()["Buckets"][0]["Name"] == "employee-directory-photos-111111111111"
    protocols = {s["Protocol"] for s in cloud.client("sns").list_subscriptions()["Subscriptions"]}
    assert protocols == {"sqs", "email"}
    assert len(cloud.client("logs").describe_log_groups()["logGroups"]) == 6
    balancer = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"][0]
    assert {zone["ZoneName"] for zone in balancer["AvailabilityZones"]} == {"us-east-1a", "us-east-1b"}
