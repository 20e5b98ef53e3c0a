"""Target health over the wire, of targets that a user registers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.wire.clouds import Cloud, bare_cloud

pytestmark = pytest.mark.wire


class Targets:
    """One target group with a listener, and one instance."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud = cloud
        self.elb, self.ec2 = cloud.client("elbv2"), cloud.client("ec2")
        vpc = self.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
        started = self.ec2.run_instances(ImageId="ami-03cf127a", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"]
        self.instance = started[0]["InstanceId"]
        self.arn = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc, HealthCheckIntervalSeconds=5, HealthyThresholdCount=2
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=self.arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]
        )
        self.name, self.vpc, self.subnet = name, vpc, subnet

    def listen(self) -> None:
        balancer = self.elb.create_load_balancer(Name=self.name, Subnets=[self.subnet])["LoadBalancers"][0]
        self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.arn}],
        )

    def register(self) -> None:
        self.elb.register_targets(TargetGroupArn=self.arn, Targets=[{"Id": self.instance}])

    def health(self, *asked: str) -> list[dict[str, Any]]:
        targets = {"Targets": [{"Id": identity} for identity in asked]} if asked else {}
        found = self.elb.describe_target_health(TargetGroupArn=self.arn, **targets)["TargetHealthDescriptions"]
        return [target["TargetHealth"] for target in found]


@pytest.fixture
def targets() -> Iterator[Targets]:
    with bare_cloud() as cloud:
        yield Targets(cloud, "web")


def test_a_registered_target_is_checked_then_healthy(targets: Targets) -> None:
    targets.listen()
    targets.register()
    assert targets.health() == [
        {
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        }
    ]
    targets.cloud.advance(5)
    assert targets.health()[0]["Reason"] == "Elb.InitialHealthChecking"
    targets.cloud.advance(5)
    assert targets.health() == [{"State": "healthy"}]


def test_a_deregistered_target_drains_then_is_gone(targets: Targets) -> None:
    targets.listen()
    targets.register()
    targets.cloud.advance(60)
    targets.elb.deregister_targets(TargetGroupArn=targets.arn, Targets=[{"Id": targets.instance}])
    assert targets.health()[0] == {
        "State": "draining",
        "Reason": "Target.DeregistrationInProgress",
        "Description": "Target deregistration is in progress",
    }
    targets.cloud.advance(20)
    assert targets.health() == []
    assert targets.health(targets.instance)[0]["Reason"] == "Target.NotRegistered"


def test_a_target_group_without_a_load_balancer_is_not_in_use(targets: Targets) -> None:
    targets.register()
    targets.cloud.advance(60)
    assert targets.health()[0]["Reason"] == "Target.NotInUse"


def test_a_stopped_instance_is_unused(targets: Targets) -> None:
    targets.listen()
    targets.register()
    targets.cloud.advance(60)
    targets.ec2.stop_instances(InstanceIds=[targets.instance])
    assert targets.health()[0] == {
        "State": "unused",
        "Reason": "Target.InvalidState",
        "Description": "Target is in the stopped state",
    }


def test_registering_again_begins_again(targets: Targets) -> None:
    targets.listen()
    targets.register()
    targets.cloud.advance(60)
    targets.elb.deregister_targets(TargetGroupArn=targets.arn, Targets=[{"Id": targets.instance}])
    targets.cloud.advance(60)
    targets.register()
    assert targets.health()[0]["State"] == "initial"


def test_target_groups_come_in_pages(targets: Targets) -> None:
    for number in range(4):
        targets.elb.create_target_group(Name=f"more-{number}", Protocol="HTTP", Port=80, VpcId=targets.vpc)
    pages = list(targets.elb.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["TargetGroups"]) for page in pages] == [2, 2, 1]
    assert len({g["TargetGroupArn"] for page in pages for g in page["TargetGroups"]}) == 5


def test_an_unknown_target_group_is_refused(targets: Targets) -> None:
    with pytest.raises(ClientError) as refused:
        targets.elb.describe_target_health(TargetGroupArn=targets.arn[:-1] + "0")
    assert refused.value.response["Error"]["Code"] == "TargetGroupNotFound"
