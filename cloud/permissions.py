"""What Watchkeeper must be allowed in an account, action by action: the least-privilege policy that README hands out.

`tests/meta/test_docs.py` fails when a collector calls an operation that is not here, or this lists one nobody calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM action and what people lose without it."""

    action: str
    """As IAM spells it."""
    gives: str
    """What the action is for, in the user's words."""


READ: Final = (
    Permission("cloudwatch:GetMetricStatistics", "charts and tiles, inside the free million requests"),
    Permission("cloudwatch:GetMetricData", "charts when the free million is used up and the cap allows it; never free"),
    Permission("cloudwatch:ListMetrics", "search in the metrics explorer"),
    Permission("cloudwatch:DescribeAlarms", "alarms firing now"),
    Permission("cloudwatch:DescribeAlarmHistory", "when alarms changed state, and why"),
    Permission("elasticloadbalancing:DescribeLoadBalancers", "load balancers"),
    Permission("elasticloadbalancing:DescribeTargetGroups", "target groups"),
    Permission("elasticloadbalancing:DescribeTargetHealth", "target health by zone, with its reason"),
    Permission("elasticloadbalancing:DescribeTags", "tags of load balancers and target groups"),
    Permission("autoscaling:DescribeAutoScalingGroups", "capacity, and the instances of a group"),
    Permission("autoscaling:DescribeScalingActivities", "the scaling timeline: what happened, and what caused it"),
    Permission("ec2:DescribeInstances", "instances, their zones and tags"),
    Permission("sns:GetTopicAttributes", "whether a topic is there, and who may publish to it"),
    Permission("sns:ListSubscriptionsByTopic", "who is notified, and who has not confirmed yet"),
    Permission("kms:DescribeKey", "whether an encrypted topic's key is in order"),
    Permission("kms:GetKeyPolicy", "whether CloudWatch may use an encrypted topic's key"),
)
"""Everything that is called; each can be left out, and the panel that needs it says so."""


def policy() -> Mapping[str, Any]:
    """Give the IAM policy document for an account that is watched. Describe and list actions take no resource."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WatchkeeperReads",
                "Effect": "Allow",
                "Action": sorted(permission.action for permission in READ),
                "Resource": "*",
            }
        ],
    }
