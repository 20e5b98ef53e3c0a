"""SNS topics that alarms notify: plans to make one, to subscribe to it, and to send it a marked test message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from access.changes import Answer, ChangePlan, Document, Expected, FieldChange, Look, Step, joined
from access.policy import Action
from alarms.actions import topic_arn
from alarms.definition import DefinitionErrors
from alarms.shapes import Problem
from cloud.permissions import MADE_BY
from core.reading import Scope

_CREATE: Final = ("sns", "CreateTopic")
_DELETE: Final = ("sns", "DeleteTopic")
_SUBSCRIBE: Final = ("sns", "Subscribe")
_UNSUBSCRIBE: Final = ("sns", "Unsubscribe")
_PUBLISH: Final = ("sns", "Publish")
_MARK: Final = ("sns", "TagResource")
_TOPIC: Final = ("sns", "GetTopicAttributes")
_SUBSCRIPTIONS: Final = ("sns", "ListSubscriptionsByTopic")

TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html; names that end in .fifo are no topics for alarms."""
MOST_SUBJECT: Final = 100
"""ASCII characters of a subject. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
TEST_MARK: Final = "watchkeeper-test"
"""The message attribute by which a program tells a test from an alarm."""


class Protocol(StrEnum):
    """How a subscriber is told."""

    EMAIL = "email"
    HTTPS = "https"
    SQS = "sqs"
    LAMBDA = "lambda"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is to be told."""

    protocol: Protocol
    endpoint: str
    """An address, a URL, or the ARN of a queue or function."""


_ENDPOINTS: Final[Mapping[Protocol, tuple[re.Pattern[str], str]]] = {
    Protocol.EMAIL: (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an address such as ops@example.com"),
    Protocol.HTTPS: (re.compile(r"https://[^\s/]+(/\S*)?"), "a URL that begins with https://"),
    Protocol.SQS: (re.compile(r"arn:[^:]*:sqs:[^:]+:\d{12}:[^:]+"), "the ARN of a queue"),
    Protocol.LAMBDA: (re.compile(r"arn:[^:]*:lambda:[^:]+:\d{12}:function:.+"), "the ARN of a function"),
}
_CONFIRMS: Final[Mapping[Protocol, str]] = {
    Protocol.EMAIL: "Nobody at {endpoint} is told before the link in AWS's e-mail is followed; it holds for two days.",
    Protocol.HTTPS: "{endpoint} is told nothing before it has answered AWS's SubscriptionConfirmation.",
}
_ALLOWS: Final[Mapping[Protocol, str]] = {
    Protocol.SQS: "The queue {endpoint} gets messages only where its policy lets sns.amazonaws.com send from {topic}.",
    Protocol.LAMBDA: "The function {endpoint} runs only where its policy lets sns.amazonaws.com invoke it for {topic}.",
}
PENDING_STAYS: Final = "A subscription that nobody has confirmed cannot be deleted; AWS forgets it after two days."


def create_topic(name: str, *, scope: Scope, subscribers: Sequence[Subscriber] = ()) -> ChangePlan:
    """Plan to make a topic and to subscribe to it; an alarm of the joined plan names it by `alarms.actions.topic_arn`.

    Raises DefinitionErrors with what AWS would refuse.
    """
    if not TOPIC_NAME.fullmatch(name):
        raise DefinitionErrors({"Name": "give 1 to 256 letters, digits, hyphens and underscores"})
    arn = topic_arn(name, scope)
    steps = (_create_step(name, arn, scope), _mark_step(arn, scope))
    made = ChangePlan("", steps, (FieldChange("Topic", None, name, arn),))
    plans = [made, *(subscribe(arn, subscriber, scope=scope, is_new=True) for subscriber in subscribers)]
    return joined(f"Create the topic {name}", plans)


def subscribe(topic: str, subscriber: Subscriber, *, scope: Scope, is_new: bool = False) -> ChangePlan:
    """Plan to tell someone of what is published to `topic`, an ARN; `is_new` where the joined plan makes the topic.

    Raises DefinitionErrors with what AWS would refuse.
    """
    fields = dict(_problems(subscriber))
    if fields:
        raise DefinitionErrors(fields)
    said = [words[subscriber.protocol] for words in (_CONFIRMS, _ALLOWS) if subscriber.protocol in words]
    return ChangePlan(
        f"Subscribe {subscriber.endpoint} to {_name(topic)}",
        (_subscribe_step(topic, subscriber, scope, is_new=is_new),),
        (FieldChange("Subscription", None, f"{subscriber.protocol}: {subscriber.endpoint}", topic),),
        warnings=tuple(sentence.format(endpoint=subscriber.endpoint, topic=topic) for sentence in said),
    )


def send_test(topics: Sequence[str], *, scope: Scope, alarm: str, sender: str, now: datetime) -> ChangePlan:
    """Plan to publish a message that says that it is a test to each topic; no alarm changes its state."""
    steps = tuple(
        Step(
            *_PUBLISH,
            {
                "TopicArn": topic,
                "Subject": marked_subject(alarm),
                "Message": _test_text(topic, alarm, sender, now),
                "MessageAttributes": {TEST_MARK: {"DataType": "String", "StringValue": "true"}},
            },
            scope,
            f"Publish a marked test message to {_name(topic)}",
            Action.SEND_TEST,
            (topic,),
        )
        for topic in topics
    )
    return ChangePlan(
        f"Send a test message to {', '.join(_name(topic) for topic in topics)}",
        steps,
        warnings=(
            "Everybody who is subscribed gets it. It says that it is a test, in a form that no alarm's message has.",
            "A message that was sent cannot be taken back.",
        ),
    )


def marked_subject(alarm: str) -> str:
    """Give the subject of a test message as SNS takes it, whatever the alarm's name holds.

    >>> marked_subject("CPU hoch für Ana")
    'TEST by Watchkeeper, no alarm: CPU hoch f?r Ana'
    """
    plain = re.sub(r"[^\x20-\x7e]", "?", alarm)
    return f"TEST by Watchkeeper, no alarm: {plain}"[:MOST_SUBJECT].rstrip()


def _test_text(topic: str, alarm: str, sender: str, now: datetime) -> str:
    """The text is JSON, as an alarm's message is, without any member that programs look for in an alarm's."""
    words = f"This is a test. No alarm changed its state. {sender} sent it to see whether messages arrive."
    document = {
        "WatchkeeperTest": words,
        "SentBy": sender,
        "SentAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "ForAlarm": alarm,
        "Topic": topic,
    }
    return json.dumps(document, indent=2)


# -- steps ------------------------------------------------------------------------------------------------------------


def _create_step(name: str, arn: str, scope: Scope) -> Step:
    expected = Expected(Look(*_TOPIC, {"TopicArn": arn}, topic_version), None, {"TopicArn": arn})
    undo = Step(
        *_DELETE,
        {"TopicArn": arn},
        scope,
        f"Delete the topic {name} and its subscriptions",
        Action.EDIT_TOPIC,
        (arn,),
        expected=replace(expected, before=expected.after, after=None),
    )
    return Step(
        *_CREATE,
        {"Name": name},
        scope,
        f"Create the topic {name}",
        Action.EDIT_TOPIC,
        (arn,),
        undo=undo,
        expected=expected,
    )


def _mark_step(arn: str, scope: Scope) -> Step:
    """The mark by which the writing role may delete this topic, and no other."""
    tags = [{"Key": key, "Value": value} for key, value in MADE_BY.items()]
    params = {"ResourceArn": arn, "Tags": tags}
    return Step(
        *_MARK, params, scope, f"Mark {_name(arn)} as made by Watchkeeper", Action.EDIT_TOPIC, (arn,), key=f"mark {arn}"
    )


def _subscribe_step(topic: str, subscriber: Subscriber, scope: Scope, *, is_new: bool) -> Step:
    key = f"{topic} {subscriber.protocol} {subscriber.endpoint}"
    told = {"Protocol": str(subscriber.protocol), "Endpoint": subscriber.endpoint}
    look = Look(
        *_SUBSCRIPTIONS, {"TopicArn": topic}, SubscriptionVersion(str(subscriber.protocol), subscriber.endpoint)
    )
    undo = Step(
        *_UNSUBSCRIBE,
        {"SubscriptionArn": Answer(key, "SubscriptionArn")},
        scope,
        f"Unsubscribe {subscriber.endpoint} from {_name(topic)}",
        Action.EDIT_TOPIC,
        (topic,),
        expected=Expected(look, told, None),
    )
    return Step(
        *_SUBSCRIBE,
        {"TopicArn": topic, **told, "ReturnSubscriptionArn": True},
        scope,
        f"Subscribe {subscriber.endpoint} to {_name(topic)}",
        Action.EDIT_TOPIC,
        (topic,),
        undo=None if is_new else undo,
        expected=Expected(look, None, told),
        key=key,
        lasting=PENDING_STAYS if subscriber.protocol in _CONFIRMS and not is_new else "",
    )


def topic_version(answer: Mapping[str, Any]) -> Document | None:
    """Read out of a GetTopicAttributes answer that the topic is there."""
    arn = answer.get("Attributes", {}).get("TopicArn")
    return None if arn is None else {"TopicArn": arn}


@dataclass(frozen=True, slots=True)
class SubscriptionVersion:
    """Reads out of a ListSubscriptionsByTopic answer that someone is subscribed."""

    protocol: str
    endpoint: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        told = {"Protocol": self.protocol, "Endpoint": self.endpoint}
        found = any(
            all(one.get(name) == value for name, value in told.items()) for one in answer.get("Subscriptions", ())
        )
        return told if found else None


def _problems(subscriber: Subscriber) -> Iterator[Problem]:
    pattern, accepted = _ENDPOINTS[subscriber.protocol]
    if not pattern.fullmatch(subscriber.endpoint):
        yield "Endpoint", f"{subscriber.endpoint!r} is not accepted; give {accepted}"


def _name(topic: str) -> str:
    return topic.rsplit(":", 1)[-1]
