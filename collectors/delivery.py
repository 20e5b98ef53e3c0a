"""What stands between alarms and people: topics with their policy, key and subscriptions, and actions that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from collectors.alarm_runs import run_of
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.delivery import Key, Subscription, Topic
from core.reading import Fault, FaultKind, Reading, Scope, Unknown

KEPT_FOR: Final = timedelta(minutes=5)
"""Topics change when people change them; ours."""
MOST_ITEMS: Final = 5_000
"""Actions of the history that are looked through; fifty requests. Ours."""
AWS_KEY: Final = "alias/aws/sns"
"""The key that AWS makes for SNS.
https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html"""
MISSING: Final = "missing"
"""What we say where KMS knows no such key."""
_PENDING: Final = frozenset({"PendingConfirmation", "Deleted"})
"""What stands in place of the ARN of a subscription that delivers nothing.
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html, ReturnSubscriptionArn"""
_GONE: Final = frozenset({"NotFound", "NotFoundException"})
_THREADS: Final = 8

Seen = Topic | Unknown | None
"""A topic, or that it was not read, or that it does not exist."""


@dataclass(frozen=True, slots=True)
class ActionFailure:
    """An action of an alarm that CloudWatch could not run."""

    alarm: str
    at: datetime
    action: str
    """ARN; empty where history does not say."""
    error: str
    """AWS's sentence; foreign text."""


Failures = Reading[tuple[ActionFailure, ...]]


def topic_snapshots(store: Store) -> Snapshots[Seen]:
    """Give the shared readings of topics, by ARN."""
    return Snapshots(store, "topics", Reading[Seen])


def failure_snapshots(store: Store) -> Snapshots[tuple[ActionFailure, ...]]:
    """Give the shared readings of failed actions."""
    return Snapshots(store, "action failures", Failures)


def read_topics(clients: Clients, scope: Scope, arns: Iterable[str], *, now: datetime) -> Mapping[str, Reading[Seen]]:
    """Give each topic of `scope`'s region by its ARN. What may not be read is `Unknown`, with a fault."""
    wanted = sorted({arn for arn in arns if arn.split(":")[3:4] == [scope.region]})
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="topics") as pool:
        # Each thread books its calls to the feature that asked, so it needs the caller's context.
        runs = [(copy_context(), arn) for arn in wanted]
        found = pool.map(lambda pair: pair[0].run(_topic, clients, scope, pair[1], now), runs)
        return dict(zip(wanted, found, strict=True))


def read_failures(clients: Clients, scope: Scope, *, now: datetime, since: datetime) -> Failures:
    """Give the actions that failed after `since`, newest first, among the newest `MOST_ITEMS` that ran."""
    faults: list[Fault] = []
    found: list[ActionFailure] = []
    looked_through = 0
    for page in pages(
        clients,
        scope,
        "cloudwatch",
        "DescribeAlarmHistory",
        faults,
        HistoryItemType="Action",
        AlarmTypes=["MetricAlarm", "CompositeAlarm", "LogAlarm"],
        StartDate=since,
        EndDate=now,
        ScanBy="TimestampDescending",
    ):
        found += [failure for item in page["AlarmHistoryItems"] if (failure := _failure(item)) is not None]
        looked_through += len(page["AlarmHistoryItems"])
        if looked_through >= MOST_ITEMS:
            faults.append(_cut_short(scope, looked_through))
            break
    return Reading(tuple(found), now, tuple(faults))


def _cut_short(scope: Scope, count: int) -> Fault:
    return Fault(
        scope,
        "cloudwatch:DescribeAlarmHistory",
        FaultKind.PARTIAL_DATA,
        f"Alarms ran more than {count:,} actions in {scope}; only the newest were looked through",
    )


def _failure(item: Mapping[str, Any]) -> ActionFailure | None:
    run = run_of(item)
    return ActionFailure(item["AlarmName"], run.at, run.action, run.error) if run.failed else None


# -- one topic ----------------------------------------------------------------------------------------------------


def _topic(clients: Clients, scope: Scope, arn: str, now: datetime) -> Reading[Seen]:
    faults: list[Fault] = []
    try:
        attributes = clients.client(scope, "sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    except EXPECTED as error:
        if _is_gone(error):
            return Reading(None, now)
        fault = fault_of(error, scope, "sns:GetTopicAttributes")
        return Reading(Unknown(fault.message), now, (fault,))
    key_id = attributes.get("KmsMasterKeyId") or None
    topic = Topic(
        arn,
        attributes.get("Policy", ""),
        key_id,
        None if key_id is None else _key(clients, scope, key_id, faults),
        _subscriptions(clients, scope, arn, faults),
    )
    return Reading(topic, now, tuple(faults))


def _subscriptions(clients: Clients, scope: Scope, arn: str, faults: list[Fault]) -> tuple[Subscription, ...] | Unknown:
    failed: list[Fault] = []
    found = [
        Subscription(each.get("Protocol", ""), each.get("Endpoint", ""), each["SubscriptionArn"] not in _PENDING)
        for page in pages(clients, scope, "sns", "ListSubscriptionsByTopic", failed, TopicArn=arn)
        for each in page["Subscriptions"]
    ]
    faults += failed
    return Unknown(failed[0].message) if failed else tuple(found)


def _key(clients: Clients, scope: Scope, key_id: str, faults: list[Fault]) -> Key | Unknown:
    if key_id.endswith(AWS_KEY):
        return Key(key_id, aws_managed=True, state="Enabled", policy=Unknown("AWS keeps it"))
    client: Any = clients.client(scope, "kms")
    try:
        described = client.describe_key(KeyId=key_id)["KeyMetadata"]
    except EXPECTED as error:
        if _is_gone(error):
            return Key(key_id, aws_managed=False, state=MISSING, policy=Unknown("there is no such key"))
        faults.append(fault_of(error, scope, "kms:DescribeKey"))
        return Unknown(faults[-1].message)
    managed = described.get("KeyManager") == "AWS"
    return Key(described["Arn"], managed, described["KeyState"], _key_policy(client, scope, described["Arn"], faults))


def _key_policy(client: Any, scope: Scope, arn: str, faults: list[Fault]) -> str | Unknown:
    try:
        return str(client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    except EXPECTED as error:
        faults.append(fault_of(error, scope, "kms:GetKeyPolicy"))
        return Unknown(faults[-1].message)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _GONE
