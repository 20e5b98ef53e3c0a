"""What alarms can act on: topics with who is subscribed, and the scaling policies of groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cloud.clients import Clients
from collectors.paging import pages
from core.reading import Fault, Reading, Scope

PENDING: Final = "PendingConfirmation"
"""What AWS says in place of the ARN of a subscription that is not confirmed. Source: API reference of Subscription."""
DELETED: Final = "Deleted"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told by a topic."""

    arn: str
    """Empty while it is not confirmed."""
    protocol: str
    endpoint: str
    """An address, URL or ARN; foreign text."""

    @property
    def confirmed(self) -> bool:
        return bool(self.arn)


def read_topics(clients: Clients, scope: Scope, *, now: datetime) -> Reading[tuple[str, ...]]:
    """Give the ARN of each topic, by name."""
    faults: list[Fault] = []
    found = [
        str(topic["TopicArn"])
        for page in pages(clients, scope, "sns", "ListTopics", faults)
        for topic in page.get("Topics", ())
    ]
    return Reading(tuple(sorted(found)), now, tuple(faults))


def read_subscriptions(
    clients: Clients, scope: Scope, topic: str, *, now: datetime
) -> Reading[tuple[Subscription, ...]]:
    """Give who is told by a topic, and who has not confirmed yet."""
    faults: list[Fault] = []
    found = [
        Subscription(
            "" if one["SubscriptionArn"] == PENDING else one["SubscriptionArn"], one["Protocol"], one["Endpoint"]
        )
        for page in pages(clients, scope, "sns", "ListSubscriptionsByTopic", faults, TopicArn=topic)
        for one in page.get("Subscriptions", ())
        if one["SubscriptionArn"] != DELETED
    ]
    return Reading(tuple(sorted(found, key=lambda one: (one.protocol, one.endpoint))), now, tuple(faults))


def read_policies(
    clients: Clients, scope: Scope, *, now: datetime, group: str | None = None
) -> Reading[tuple[Mapping[str, Any], ...]]:
    """Give each scaling policy (of `group`, or all) as DescribePolicies does; `alarms.policies` reads them."""
    faults: list[Fault] = []
    asked = {} if group is None else {"AutoScalingGroupName": group}
    found = [
        policy
        for page in pages(clients, scope, "autoscaling", "DescribePolicies", faults, **asked)
        for policy in page.get("ScalingPolicies", ())
    ]
    return Reading(tuple(found), now, tuple(faults))
