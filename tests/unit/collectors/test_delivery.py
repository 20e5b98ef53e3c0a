"""Topics, keys, subscriptions and failed actions, as AWS answers: what was not read is unknown, with a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from cloud.clients import Clients
from collectors.delivery import ActionFailure, read_failures, read_topics
from core.delivery import Key, Subscription, Topic
from core.reading import FaultKind, Reading, Scope, Unknown
from tests.unit.collectors.test_readings import NOW, scope, stub

REGION = "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:111111111111:ops"
KEY = f"arn:aws:kms:{REGION}:111111111111:key/1"
DENIED = "AccessDeniedException"


def attributes(sns: Stubber, **more: str) -> None:
    sns.add_response(
        "get_topic_attributes", {"Attributes": {"TopicArn": TOPIC, "Policy": "{}"} | more}, {"TopicArn": TOPIC}
    )


def subscribed(sns: Stubber, *pairs: tuple[str, str]) -> None:
    found = [
        {"SubscriptionArn": arn, "Owner": "1", "Protocol": "email", "Endpoint": endpoint, "TopicArn": TOPIC}
        for arn, endpoint in pairs
    ]
    sns.add_response("list_subscriptions_by_topic", {"Subscriptions": found}, {"TopicArn": TOPIC})


def topic(clients: Clients) -> Reading[Any]:
    return read_topics(clients, scope(clients), [TOPIC], now=NOW)[TOPIC]


def test_a_topic_with_one_who_confirmed_and_two_who_do_not_count(clients: Clients) -> None:
    with stub(clients, "sns") as sns:
        attributes(sns)
        subscribed(sns, (f"{TOPIC}:1", "a@x.test"), ("PendingConfirmation", "b@x.test"), ("Deleted", "c@x.test"))
        found = topic(clients)
    expected = [("a@x.test", True), ("b@x.test", False), ("c@x.test", False)]
    assert found.value == Topic(TOPIC, "{}", None, None, tuple(Subscription("email", *each) for each in expected))
    assert found.complete


def test_a_topic_that_is_not_there_is_none(clients: Clients) -> None:
    with stub(clients, "sns") as sns:
        sns.add_client_error("get_topic_attributes", "NotFound", http_status_code=404)
        assert topic(clients) == Reading(None, NOW)


def test_a_topic_that_may_not_be_read_is_unknown_not_gone(clients: Clients) -> None:
    with stub(clients, "sns") as sns:
        sns.add_client_error("get_topic_attributes", "AuthorizationError", http_status_code=403)
        found = topic(clients)
    assert isinstance(found.value, Unknown)
    assert [(fault.what, fault.kind) for fault in found.faults] == [("sns:GetTopicAttributes", FaultKind.ACCESS_DENIED)]


def test_subscriptions_that_may_not_be_read_leave_the_rest(clients: Clients) -> None:
    with stub(clients, "sns") as sns:
        attributes(sns)
        sns.add_client_error("list_subscriptions_by_topic", "Throttled", http_status_code=429)
        found = topic(clients)
    assert isinstance(found.value.subscriptions, Unknown)
    assert found.value.policy == "{}"


def test_topics_of_other_regions_are_not_asked_for(clients: Clients) -> None:
    with stub(clients, "sns"):
        assert read_topics(clients, scope(clients), [TOPIC.replace(REGION, "eu-west-1")], now=NOW) == {}


def key_of(clients: Clients, key_id: str, kms: Stubber) -> Any:
    with stub(clients, "sns") as sns, kms:
        attributes(sns, KmsMasterKeyId=key_id)
        subscribed(sns)
        found = topic(clients).value
        assert found.key_id == key_id
        return found.key


def test_a_key_by_its_alias_is_described_and_its_policy_read_by_arn(clients: Clients) -> None:
    kms = stub(clients, "kms")
    described = {"KeyId": "1", "Arn": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
    kms.add_response("describe_key", {"KeyMetadata": described}, {"KeyId": "alias/topics"})
    kms.add_response("get_key_policy", {"Policy": "{}"}, {"KeyId": KEY, "PolicyName": "default"})
    assert key_of(clients, "alias/topics", kms) == Key(KEY, aws_managed=False, state="Enabled", policy="{}")


def test_awss_own_key_is_known_by_its_name_and_not_asked_for(clients: Clients) -> None:
    key = key_of(clients, "alias/aws/sns", stub(clients, "kms"))
    assert (key.aws_managed, isinstance(key.policy, Unknown)) == (True, True)


@pytest.mark.parametrize(("code", "expected"), [("NotFoundException", "missing"), (DENIED, None)])
def test_a_key_that_is_gone_and_one_that_may_not_be_read(clients: Clients, code: str, expected: str | None) -> None:
    kms = stub(clients, "kms")
    kms.add_client_error("describe_key", code, http_status_code=400)
    key = key_of(clients, "1", kms)
    assert isinstance(key, Unknown) if expected is None else key.state == expected


def test_a_key_policy_that_may_not_be_read_is_unknown(clients: Clients) -> None:
    kms = stub(clients, "kms")
    kms.add_response("describe_key", {"KeyMetadata": {"KeyId": "1", "Arn": KEY, "KeyState": "Disabled"}})
    kms.add_client_error("get_key_policy", DENIED, http_status_code=400)
    key = key_of(clients, KEY, kms)
    assert (key.state, isinstance(key.policy, Unknown)) == ("Disabled", True)


def item(summary: str, data: object) -> dict[str, Any]:
    text = data if isinstance(data, str) else json.dumps(data)
    return {
        "AlarmName": "a",
        "Timestamp": NOW,
        "HistoryItemType": "Action",
        "HistorySummary": summary,
        "HistoryData": text,
    }


def test_only_failed_actions_are_given_whatever_their_data_hold(clients: Clients) -> None:
    failed = {"actionState": "Failed", "notificationResource": TOPIC, "error": "not authorized"}
    items = [
        item("Successfully executed action", {"actionState": "Succeeded"}),
        item("Failed to execute action", failed),
        item("Failed to execute action x", "cut short {"),
        item("Failed to execute action y", []),
    ]
    with stub(clients, "cloudwatch") as cloudwatch:
        cloudwatch.add_response("describe_alarm_history", {"AlarmHistoryItems": items})
        found = read_failures(clients, scope(clients), now=NOW, since=NOW)
    assert found.value == (
        ActionFailure("a", NOW, TOPIC, "not authorized"),
        ActionFailure("a", NOW, "", "Failed to execute action x"),
        ActionFailure("a", NOW, "", "Failed to execute action y"),
    )
    assert found.complete


def test_a_history_without_end_is_cut_and_said_to_be(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.delivery.MOST_ITEMS", 1)
    with stub(clients, "cloudwatch") as cloudwatch:
        answer = {"AlarmHistoryItems": [item("Failed to execute action", "{}")], "NextToken": "more"}
        cloudwatch.add_response("describe_alarm_history", answer)
        found = read_failures(clients, scope(clients), now=NOW, since=NOW)
    assert len(found.value) == 1
    assert [fault.kind for fault in found.faults] == [FaultKind.PARTIAL_DATA]


def test_where_it_is(clients: Clients) -> None:
    assert scope(clients) == Scope("111111111111", REGION)
