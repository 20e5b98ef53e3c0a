"""The directory made in moto: every resource of `demo.world`, in the order in which they need one another.

moto's backend objects are called directly: in one process this takes a quarter of a second, where a boto3 client for
each service would take several.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

from moto.autoscaling.models import autoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from alarms.scaling import Policy, PolicyKind
from core.reading import Scope
from demo.world import HOSTILE, HOSTILE_MARKS, IMAGE_NAME, WATCHER_ROLE, Site

MAIN_ACCOUNT: Final = "111111111111"


@dataclass(frozen=True, slots=True)
class Built:
    """What moto named the site's resources."""

    site: Site
    zones: tuple[tuple[str, str], ...]
    """(availability zone, subnet id)."""
    load_balancer: str
    """As the CloudWatch dimension has it: `app/name/id`."""
    target_group_arn: str
    group_arn: str
    topic_arn: str
    policies: Mapping[str, str]
    """Name -> ARN."""

    @property
    def scope(self) -> Scope:
        return self.site.scope

    @property
    def target_group(self) -> str:
        """As the CloudWatch dimension has it: `targetgroup/name/id`."""
        return self.target_group_arn.rsplit(":", 1)[-1]


class Backends:
    """moto's backends of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.ec2: Any = ec2_backends[scope.account][scope.region]
        self.elbv2: Any = elbv2_backends[scope.account][scope.region]
        self.autoscaling: Any = autoscaling_backends[scope.account][scope.region]
        self.dynamodb: Any = dynamodb_backends[scope.account][scope.region]
        self.awslambda: Any = lambda_backends[scope.account][scope.region]
        self.sns: Any = sns_backends[scope.account][scope.region]
        self.sqs: Any = sqs_backends[scope.account][scope.region]
        self.logs: Any = logs_backends[scope.account][scope.region]
        self.s3: Any = s3_backends[scope.account]["aws"]
        self.iam: Any = iam_backends[scope.account]["aws"]


def sow(seed: int, scopes: Iterable[Scope]) -> None:
    """Empty moto, and make its ids follow from `seed`: with anything left in it the same ids would come twice.

    Backends of `scopes` are made before, because moto draws ids for each that a process uses for the first time.
    moto's 1,300 ready-made images a region stay away: they would cost the start a third of a second.
    """
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    BackendDict.reset()
    reset_model_data()
    for scope in scopes:
        Backends(scope)
    mock_random.seed(seed)


def build(site: Site, *, at: datetime) -> Built:
    """Create the site's resources in moto; its group has no instances yet."""
    moto = Backends(site.scope)
    role = _role(moto, site)
    image = moto.ec2.register_image(IMAGE_NAME, "The directory's web server").id
    zones, security_group = _network(moto, site)
    load_balancer, target_group = _balancing(moto, site, [subnet for _, subnet in zones], security_group)
    group = _group(moto, site, zones, security_group, target_group.arn, image)
    _data(moto, site, role)
    topic = _topic(moto, site)
    _logs(moto, site, at)
    _outsider(moto, site, zones[0][1], security_group, image)
    for resource in (load_balancer, group, *moto.ec2.launch_templates.values()):
        _dated(resource, at)
    return Built(
        site=site,
        zones=tuple(zones),
        load_balancer=load_balancer.arn.split(":loadbalancer/")[1],
        target_group_arn=target_group.arn,
        group_arn=group.arn,
        topic_arn=topic.arn,
        policies={policy.name: _put_policy(moto, policy).arn for policy in site.group.policies},
    )


def pairs(tags: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Give tags as AWS's list of Key and Value."""
    return [{"Key": key, "Value": value} for key, value in dict(tags).items()]


def _dated(resource: Any, at: datetime) -> None:
    for name in ("created_time", "create_time"):
        if hasattr(resource, name):
            old = getattr(resource, name)
            setattr(resource, name, at.isoformat() if isinstance(old, str) else at.replace(tzinfo=None))


def _role(moto: Backends, site: Site) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{MAIN_ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = moto.iam.create_role(
        role_name=WATCHER_ROLE,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="Reads metrics, alarms and inventory for Watchkeeper",
        tags=pairs(site.tags),
        max_session_duration="3600",
    )
    return str(role.arn)


def _network(moto: Backends, site: Site) -> tuple[list[tuple[str, str]], str]:
    vpc = moto.ec2.create_vpc(site.cidr, tags=pairs({**site.tags, "Name": site.name}))
    gateway = moto.ec2.create_internet_gateway(tags=pairs(site.tags))
    moto.ec2.attach_internet_gateway(gateway.id, vpc.id)
    zones = []
    for zone in site.zones:
        subnet = moto.ec2.create_subnet(vpc.id, zone.cidr, availability_zone=zone.name)
        subnet.add_tags({**site.tags, "Name": f"{site.name}-{zone.name}"})
        zones.append((zone.name, subnet.id))
    group = moto.ec2.create_security_group(
        "directory-web", "HTTP from the load balancer", vpc_id=vpc.id, tags=dict(site.tags)
    )
    return zones, str(group.id)


def _balancing(moto: Backends, site: Site, subnets: list[str], security_group: str) -> tuple[Any, Any]:
    plan = site.targets
    balancer = moto.elbv2.create_load_balancer(
        name=site.load_balancer, security_groups=[security_group], subnet_ids=subnets, tags=pairs(site.tags)
    )
    balancer.attrs |= {
        "access_logs.s3.enabled": "true" if site.access_bucket else "false",
        "access_logs.s3.bucket": site.access_bucket,
    }
    target_group = moto.elbv2.create_target_group(
        plan.name,
        vpc_id=balancer.vpc_id,
        protocol="HTTP",
        protocol_version="HTTP1",
        port="80",
        healthcheck_path=plan.path,
        healthcheck_interval_seconds=plan.interval,
        healthcheck_timeout_seconds=2,
        healthy_threshold_count=str(plan.healthy),
        unhealthy_threshold_count=str(plan.unhealthy),
        matcher={"HttpCode": "200"},
        target_type="instance",
        tags=pairs(site.tags),
    )
    target_group.attributes["deregistration_delay.timeout_seconds"] = str(plan.drain)
    moto.elbv2.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": target_group.arn}],
        tags=pairs(site.tags),
    )
    return balancer, target_group


def _group(
    moto: Backends, site: Site, zones: list[tuple[str, str]], security_group: str, target_group: str, image: str
) -> Any:
    plan = site.group
    template = moto.ec2.create_launch_template(
        f"{plan.name}-template",
        "First",
        {
            "ImageId": image,
            "InstanceType": plan.instance_type,
            "SecurityGroupIds": [security_group],
            "Monitoring": {"Enabled": True},
            "CreditSpecification": {"CpuCredits": "unlimited"},
        },
        {"launch-template": dict(site.tags)},
    )
    group = moto.autoscaling.create_auto_scaling_group(
        name=plan.name,
        availability_zones=[],
        desired_capacity=0,
        max_size=plan.maximum,
        min_size=plan.minimum,
        launch_config_name="",
        launch_template={"LaunchTemplateId": template.id, "Version": "$Latest"},
        vpc_zone_identifier=",".join(subnet for _, subnet in zones),
        default_cooldown=plan.cooldown,
        health_check_period=plan.grace,
        health_check_type="ELB",
        load_balancers=[],
        target_group_arns=[target_group],
        placement_group="",
        termination_policies=["Default"],
        tags=[{**tag, "PropagateAtLaunch": True} for tag in pairs(plan.tags)],
    )
    group.default_instance_warmup = plan.warm_up
    return group


def _put_policy(moto: Backends, policy: Policy) -> Any:
    bounds = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")
    steps = [
        {"ScalingAdjustment": step.adjustment}
        | {
            name: bound
            for name, bound in zip(bounds, (step.lower, step.upper), strict=True)
            if bound not in {float("inf"), float("-inf")}
        }
        for step in policy.steps
    ]
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": policy.target,
        "DisableScaleIn": policy.never_in,
    }
    simple = policy.kind is PolicyKind.SIMPLE
    stored = moto.autoscaling.put_scaling_policy(
        name=policy.name,
        policy_type=str(policy.kind),
        metric_aggregation_type="Average" if policy.kind is PolicyKind.STEP else None,
        adjustment_type=None if policy.target else str(policy.adjustment_type),
        as_name=policy.group,
        min_adjustment_magnitude=None,
        scaling_adjustment=policy.adjustment if simple else None,
        cooldown=policy.cooldown,
        target_tracking_config=tracking if policy.target else {},
        step_adjustments=steps,
        estimated_instance_warmup=policy.warm_up,
        predictive_scaling_configuration=None,
    )
    moto.autoscaling.policies[stored.arn] = moto.autoscaling.policies.pop(policy.name)  # as the service keeps them
    return stored


def _data(moto: Backends, site: Site, role: str) -> None:
    moto.dynamodb.create_table(
        site.table,
        schema=[{"AttributeName": "EmployeeId", "KeyType": "HASH"}],
        throughput={"ReadCapacityUnits": site.read_capacity, "WriteCapacityUnits": site.write_capacity},
        attr=[{"AttributeName": "EmployeeId", "AttributeType": "S"}],
        global_indexes=[],
        indexes=[],
        streams=None,
        billing_mode="PROVISIONED",
        sse_specification=None,
        tags=pairs(site.tags),
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    moto.s3.create_bucket(site.bucket, site.scope.region)
    moto.s3.put_bucket_tagging(site.bucket, {**site.tags, "Owner": HOSTILE})
    moto.awslambda.create_function(
        {
            "FunctionName": site.function,
            "Runtime": "python3.13",
            "Role": role,
            "Handler": "thumbnails.handler",
            "Description": "Makes thumbnails of uploaded photos",
            "Code": {"ZipFile": ""},
            "MemorySize": 1024,
            "Timeout": 30,
            "PackageType": "Zip",
            "Tags": dict(site.tags),
            "Publish": False,
        }
    )


def _topic(moto: Backends, site: Site) -> Any:
    topic = moto.sns.create_topic(site.topic, attributes={"DisplayName": "Directory alerts"}, tags=pairs(site.tags))
    queue = moto.sqs.create_queue(f"{site.topic}-inbox", tags=dict(site.tags))
    moto.sns.subscribe(topic.arn, queue.queue_arn, "sqs")
    moto.sns.subscribe(topic.arn, site.email, "email")
    return topic


def _logs(moto: Backends, site: Site, at: datetime) -> None:
    for plan in site.log_groups:
        group = moto.logs.create_log_group(plan.name, {**site.tags, "Note": HOSTILE_MARKS})
        group.set_retention_policy(plan.retention)
        group.creation_time = (at - timedelta(days=plan.began)).replace(tzinfo=None)
        group.log_group_class = plan.log_class


def _outsider(moto: Backends, site: Site, subnet: str, security_group: str, image: str) -> None:
    """An instance outside the group with a hostile name, and a target group without a load balancer that has it."""
    reservation = moto.ec2.run_instances(
        image,
        1,
        None,
        [],
        instance_type="t2.micro",
        is_instance_type_default=False,
        region_name=site.scope.region,
        subnet_id=subnet,
        security_group_ids=[security_group],
        tags={"instance": {**site.tags, "Name": HOSTILE}},
    )
    instance: Any = reservation.instances[0] if reservation.instances else SimpleNamespace(id="")
    target_group = moto.elbv2.create_target_group(
        "directory-admin",
        vpc_id=instance.vpc_id,
        protocol="HTTP",
        protocol_version="HTTP1",
        port="8080",
        healthcheck_path="/",
        target_type="instance",
        tags=pairs({**site.tags, "Note": HOSTILE_MARKS}),
    )
    moto.elbv2.register_targets(target_group.arn, [{"Id": instance.id, "Port": "8080"}])
