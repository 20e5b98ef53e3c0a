"""Auto Scaling over the wire, on a group that a user makes: bounds, activities, policies, health."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.wire.clouds import AT, Cloud, bare_cloud

pytestmark = pytest.mark.wire

IMAGE = "ami-03cf127a"


@dataclass
class Web:
    """A group `web` of two instances in two zones, behind a target group."""

    cloud: Cloud
    name: str
    subnets: list[str]
    target_group: str
    scaling: Any

    def advance(self, seconds: float) -> None:
        self.cloud.advance(seconds)

    def group(self) -> Any:
        return self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][0]

    def lifecycles(self) -> list[str]:
        return sorted(instance["LifecycleState"] for instance in self.group()["Instances"])

    def activities(self, **more: Any) -> list[Any]:
        return list(self.scaling.describe_scaling_activities(AutoScalingGroupName=self.name, **more)["Activities"])

    def health(self) -> list[str]:
        found = self.cloud.client("elbv2").describe_target_health(TargetGroupArn=self.target_group)
        return sorted(t["TargetHealth"]["State"] for t in found["TargetHealthDescriptions"])

    def desired(self) -> int:
        return int(self.group()["DesiredCapacity"])

    def policy(self, name: str, **more: Any) -> str:
        answer = self.scaling.put_scaling_policy(AutoScalingGroupName=self.name, PolicyName=name, **more)
        return str(answer["PolicyARN"])


@pytest.fixture
def web() -> Iterator[Web]:
    with bare_cloud() as cloud:
        yield make(cloud, "web", "web")


def make(cloud: Cloud, short: str, name: str) -> Web:
    ec2, elb, scaling = (cloud.client(service) for service in ("ec2", "elbv2", "autoscaling"))
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(("us-east-1a", "us-east-1b"))
    ]
    balancer = elb.create_load_balancer(Name=short, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    target_group = elb.create_target_group(
        Name=short,
        Protocol="HTTP",
        Port=80,
        VpcId=vpc,
        HealthCheckIntervalSeconds=10,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t2.micro"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        DefaultCooldown=120,
        LaunchTemplate={"LaunchTemplateName": name},
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[target_group],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=30,
    )
    return Web(cloud, name, subnets, target_group, scaling)


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**given)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


class TestGroups:
    def test_instances_come_one_by_one_in_both_zones(self, web: Web) -> None:
        assert web.lifecycles() == ["Pending", "Pending"]
        web.advance(20)
        assert web.lifecycles() == ["InService", "InService"]
        assert {i["AvailabilityZone"] for i in web.group()["Instances"]} == {"us-east-1a", "us-east-1b"}
        machines = web.cloud.client("ec2").describe_instances(
            Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": [web.name]}]
        )
        found = [i for r in machines["Reservations"] for i in r["Instances"]]
        assert {i["SubnetId"] for i in found} == set(web.subnets)
        assert {i["State"]["Name"] for i in found} == {"running"}
        assert {i["LaunchTime"] for i in found} == {AT}

    def test_targets_are_checked_before_they_are_healthy(self, web: Web) -> None:
        seen = []
        for _ in range(5):
            seen.append(web.health())
            web.advance(10)
        assert seen == [[], [], ["initial", "initial"], ["initial", "initial"], ["healthy", "healthy"]]

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            (5, "New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup."),
            (0, "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."),
        ],
    )
    def test_bounds_are_kept(self, web: Web, wanted: int, message: str) -> None:
        said = refusal(web.scaling.set_desired_capacity, AutoScalingGroupName=web.name, DesiredCapacity=wanted)
        assert said == ("ValidationError", message)
        assert web.desired() == 2

    def test_scaling_in_drains_first(self, web: Web) -> None:
        web.advance(60)
        web.scaling.set_desired_capacity(AutoScalingGroupName=web.name, DesiredCapacity=1)
        assert web.lifecycles() == ["InService", "Terminating"]
        assert web.health() == ["draining", "healthy"]

        web.advance(3)
        assert web.activities()[0]["StatusCode"] == "WaitingForELBConnectionDraining"
        web.advance(320)
        assert (web.lifecycles(), web.health()) == (["InService"], ["healthy"])
        assert web.activities()[0]["StatusCode"] == "Successful"

    def test_new_bounds_move_the_capacity(self, web: Web) -> None:
        web.scaling.update_auto_scaling_group(AutoScalingGroupName=web.name, MinSize=3, MaxSize=6)
        web.advance(5)
        assert web.desired() == 3
        cause = web.activities()[0]["Cause"]
        assert "a user request update of AutoScalingGroup constraints to min: 3, max: 6, desired: 3 changing" in cause
        said = refusal(web.scaling.update_auto_scaling_group, AutoScalingGroupName=web.name, DesiredCapacity=7)
        assert said[0] == "ValidationError"

    def test_a_machine_taken_away_is_replaced_with_a_reason(self, web: Web) -> None:
        web.advance(60)
        gone = web.group()["Instances"][0]["InstanceId"]
        web.cloud.client("ec2").terminate_instances(InstanceIds=[gone])
        web.advance(5)
        assert gone not in {i["InstanceId"] for i in web.group()["Instances"]}
        assert web.lifecycles() == ["InService", "Pending"]
        causes = [activity["Cause"] for activity in web.activities()]
        assert any("EC2 health check indicating it has been terminated or stopped" in cause for cause in causes)

    def test_an_instance_told_to_be_unhealthy_is_replaced(self, web: Web) -> None:
        web.advance(60)
        ill = web.group()["Instances"][0]["InstanceId"]
        web.scaling.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy")
        web.advance(30)
        assert any("a user health-check" in activity["Cause"] for activity in web.activities())

    def test_terminating_a_member_with_and_without_replacement(self, web: Web) -> None:
        web.advance(60)
        first, second = (i["InstanceId"] for i in web.group()["Instances"])
        activity = web.scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=first, ShouldDecrementDesiredCapacity=False
        )["Activity"]
        assert activity["Description"] == f"Terminating EC2 instance: {first}"
        assert web.desired() == 2
        web.scaling.terminate_instance_in_auto_scaling_group(InstanceId=second, ShouldDecrementDesiredCapacity=True)
        assert web.desired() == 1
        left = next(i["InstanceId"] for i in web.group()["Instances"] if i["LifecycleState"] != "Terminating")
        said = refusal(
            web.scaling.terminate_instance_in_auto_scaling_group, InstanceId=left, ShouldDecrementDesiredCapacity=True
        )
        assert said[0] == "ValidationError"

    def test_suspended_processes_do_nothing_until_they_are_resumed(self, web: Web) -> None:
        web.advance(60)
        web.scaling.suspend_processes(AutoScalingGroupName=web.name, ScalingProcesses=["Launch"])
        web.scaling.set_desired_capacity(AutoScalingGroupName=web.name, DesiredCapacity=3)
        web.advance(120)
        assert (web.desired(), web.lifecycles()) == (3, ["InService", "InService"])
        web.scaling.resume_processes(AutoScalingGroupName=web.name, ScalingProcesses=["Launch"])
        web.advance(120)
        assert web.lifecycles() == ["InService"] * 3

    def test_a_detached_instance_lives_on_alone(self, web: Web) -> None:
        web.advance(60)
        free = web.group()["Instances"][0]["InstanceId"]
        web.scaling.detach_instances(
            AutoScalingGroupName=web.name, InstanceIds=[free], ShouldDecrementDesiredCapacity=True
        )
        web.advance(60)
        assert free not in {i["InstanceId"] for i in web.group()["Instances"]}
        assert web.desired() == 1
        state = web.cloud.client("ec2").describe_instances(InstanceIds=[free])["Reservations"][0]["Instances"][0]
        assert state["State"]["Name"] == "running"

    def test_an_attached_instance_becomes_a_member(self, web: Web) -> None:
        web.advance(60)
        started = web.cloud.client("ec2").run_instances(
            ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=web.subnets[0], InstanceType="t2.micro"
        )
        alone = started["Instances"][0]["InstanceId"]
        web.scaling.attach_instances(AutoScalingGroupName=web.name, InstanceIds=[alone])
        web.advance(60)
        assert web.desired() == 3
        assert alone in {i["InstanceId"] for i in web.group()["Instances"]}
        assert web.health() == ["healthy"] * 3

    def test_its_capacity_cpu_and_health_are_metrics(self, web: Web) -> None:
        web.advance(305)
        found = web.cloud.client("cloudwatch").list_metrics()["Metrics"]
        named = {(m["Namespace"], m["MetricName"], *(d["Name"] for d in m["Dimensions"])) for m in found}
        assert ("AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName") in named
        assert ("AWS/EC2", "CPUUtilization", "AutoScalingGroupName") in named
        assert ("AWS/EC2", "CPUUtilization", "InstanceId") in named
        statistics = web.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName="HealthyHostCount",
            Dimensions=next(m["Dimensions"] for m in found if m["MetricName"] == "HealthyHostCount"),
            StartTime=AT,
            EndTime=AT + timedelta(minutes=5),
            Period=60,
            Statistics=["Minimum"],
        )
        healthy = {d["Timestamp"]: d["Minimum"] for d in statistics["Datapoints"]}
        assert [healthy[AT + timedelta(minutes=n)] for n in range(3)] == [2.0, 2.0, 2.0]

    def test_a_group_with_instances_is_deleted_by_force_only(self, web: Web) -> None:
        said = refusal(web.scaling.delete_auto_scaling_group, AutoScalingGroupName=web.name)
        assert said[0] == "ResourceInUse"

    def test_a_name_is_taken_once(self, web: Web) -> None:
        said = refusal(
            web.scaling.create_auto_scaling_group,
            AutoScalingGroupName=web.name,
            MinSize=1,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateName": web.name},
            VPCZoneIdentifier=web.subnets[0],
        )
        assert said[0] in {"AlreadyExists", "AlreadyExistsFault"}


class TestActivities:
    def test_say_who_asked(self, web: Web) -> None:
        web.advance(3)
        newest = web.activities()[0]
        assert newest["Cause"] == (
            "At 2026-11-23T10:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 "
            "to 2.  At 2026-11-23T10:00:00Z an instance was started in response to a difference between desired and "
            "actual capacity, increasing the capacity from 0 to 2."
        )
        assert newest["StatusCode"] == "InProgress"
        assert json.loads(newest["Details"])["Subnet ID"] in web.subnets

    def test_come_in_pages_newest_first(self, web: Web) -> None:
        for size in (3, 4, 3, 2):
            web.advance(400)
            web.scaling.set_desired_capacity(AutoScalingGroupName=web.name, DesiredCapacity=size)
        web.advance(5)
        whole = web.activities()
        pages = web.scaling.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName=web.name, PaginationConfig={"PageSize": 2}
        )
        paged = [activity for page in pages for activity in page["Activities"]]
        assert [a["ActivityId"] for a in paged] == [a["ActivityId"] for a in whole]
        starts = [activity["StartTime"] for activity in whole]
        assert starts == sorted(starts, reverse=True)
        assert len(whole) == 6

    def test_of_an_unknown_group_are_refused(self, web: Web) -> None:
        said = refusal(web.scaling.describe_scaling_activities, AutoScalingGroupName="nobody")
        assert said == ("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup 'nobody' not found")

    def test_a_made_up_token_is_refused(self, web: Web) -> None:
        said = refusal(web.scaling.describe_scaling_activities, NextToken="nonsense")
        assert said[0] in {"InvalidNextToken", "InvalidNextTokenException"}

    def test_a_launch_that_cannot_be_done_fails_in_red(self, web: Web) -> None:
        web.advance(60)
        web.cloud.client("ec2").delete_subnet(SubnetId=web.subnets[0])
        web.scaling.set_desired_capacity(AutoScalingGroupName=web.name, DesiredCapacity=4)
        web.advance(5)
        failed = [activity for activity in web.activities() if activity["StatusCode"] == "Failed"]
        assert failed
        assert "Launching EC2 instance failed" in failed[0]["StatusMessage"]


class TestPolicies:
    def test_simple_by_name_and_by_arn_with_cooldown(self, web: Web) -> None:
        web.advance(60)
        arn = web.policy("in", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1, Cooldown=120)
        assert arn.endswith(f":autoScalingGroupName/{web.name}:policyName/in")
        web.scaling.execute_policy(PolicyName=arn)
        assert web.desired() == 3
        said = refusal(web.scaling.execute_policy, PolicyName="in", AutoScalingGroupName=web.name, HonorCooldown=True)
        assert said[0] in {"ScalingActivityInProgress", "ScalingActivityInProgressFault"}
        web.advance(200)
        web.scaling.execute_policy(PolicyName="in", AutoScalingGroupName=web.name, HonorCooldown=True)
        assert web.desired() == 4

    def test_step_by_metric_value(self, web: Web) -> None:
        web.advance(200)
        web.policy(
            "out",
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=[
                {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 2},
            ],
        )
        asked = {"PolicyName": "out", "AutoScalingGroupName": web.name}
        assert refusal(web.scaling.execute_policy, **asked)[0] == "ValidationError"
        web.scaling.execute_policy(**asked, MetricValue=95.0, BreachThreshold=70.0)
        assert web.desired() == 4

    def test_target_tracking_makes_its_alarms_and_takes_them_along(self, web: Web) -> None:
        answer = web.scaling.put_scaling_policy(
            AutoScalingGroupName=web.name,
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 50.0,
            },
        )
        names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
        assert [name.split("-Alarm")[1][:4] for name in names] == ["High", "Low-"]
        alarms = web.cloud.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        assert sorted(alarm["Threshold"] for alarm in alarms) == [45.0, 50.0]
        described = web.scaling.describe_policies(AutoScalingGroupName=web.name)["ScalingPolicies"][0]
        assert [alarm["AlarmName"] for alarm in described["Alarms"]] == names
        assert described["TargetTrackingConfiguration"]["TargetValue"] == 50.0
        web.scaling.delete_policy(PolicyName="track", AutoScalingGroupName=web.name)
        assert web.cloud.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] == []

    def test_a_policy_that_says_too_little_is_refused(self, web: Web) -> None:
        said = refusal(
            web.scaling.put_scaling_policy,
            AutoScalingGroupName=web.name,
            PolicyName="p",
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
        )
        assert said == ("ValidationError", "StepAdjustments is required for policy type StepScaling")

    def test_an_alarm_on_a_users_own_metric_scales_a_users_own_group(self, web: Web) -> None:
        web.advance(60)
        arn = web.policy("up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1, Cooldown=30)
        cloudwatch = web.cloud.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=f"{web.name}-queue",
            Namespace="Jobs",
            MetricName="Waiting",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=10.0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[arn],
        )
        for minute in (1, 2):
            cloudwatch.put_metric_data(
                Namespace="Jobs",
                MetricData=[{"MetricName": "Waiting", "Value": 99.0, "Timestamp": AT + timedelta(minutes=minute)}],
            )
        web.advance(75)
        assert web.desired() == 3
        newest = web.activities()[0]
        assert f"a monitor alarm {web.name}-queue in state ALARM triggered policy up changing" in newest["Cause"]
        assert json.loads(newest["Details"])["InvokingAlarms"][0]["AlarmName"] == f"{web.name}-queue"
        history = cloudwatch.describe_alarm_history(AlarmName=f"{web.name}-queue", HistoryItemType="Action")
        assert history["AlarmHistoryItems"][0]["HistorySummary"] == f"Successfully executed action {arn}"
