"""The way of a notification: alarm → topic → topic policy → key → subscription, each hop open, blocked or not known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from alarms.doctor.evidence import Evidence, actions_of, is_topic
from alarms.doctor.findings import Call, Code, Finding, Severity
from alarms.doctor.policies import SERVICE, Caller, Ruling, rule, with_statement
from alarms.kinds import Alarm, LogAlarm
from core.delivery import Key, Subscription, Topic
from core.reading import Unknown

KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""What CloudWatch needs of the key of an encrypted topic.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html, "Enable compatibility between event sources from AWS
services and encrypted topics\""""

_KEY_STATEMENT: Final = {
    "Sid": "CloudWatchAlarms",
    "Effect": "Allow",
    "Principal": {"Service": SERVICE},
    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
    "Resource": "*",
}
"""As AWS documents it, without a condition: a key policy's resource is the key itself. Ibid."""


class Light(StrEnum):
    """Whether a notification passes a hop."""

    OPEN = "open"
    BLOCKED = "blocked"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Hop:
    """One place that a notification passes."""

    name: str
    """`Topic`, `Topic policy`, `Key`, `Subscription`."""
    light: Light
    says: str
    """What was seen there; may hold foreign text."""
    code: Code | None = None
    """What the doctor calls it, where it is blocked."""
    fix: str = ""
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """The way from an alarm to the subscribers of one action."""

    action: str
    """ARN."""
    hops: tuple[Hop, ...]

    @property
    def light(self) -> Light:
        """Blocked where one hop is, open where all are."""
        lights = {hop.light for hop in self.hops}
        return Light.BLOCKED if Light.BLOCKED in lights else Light.UNKNOWN if Light.UNKNOWN in lights else Light.OPEN


def paths(alarm: Alarm, evidence: Evidence) -> tuple[Path, ...]:
    """Walk every action that runs on ALARM, as far as it is known."""
    actions = actions_of(alarm)
    return tuple(Path(arn, _hops(alarm, arn, evidence)) for arn in (actions.alarm if actions else ()))


def findings(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    """Find why nobody would hear the alarm."""
    actions = actions_of(alarm)
    if actions is None:
        return
    heard_through = not isinstance(evidence.neighbours, Unknown) and alarm.name in evidence.neighbours.children
    if not heard_through and not isinstance(evidence.neighbours, Unknown):
        yield from _without_action(alarm, evidence)
    if actions.alarm and not actions.enabled and not heard_through:
        yield _disabled(alarm)
    for path in paths(alarm, evidence):
        for hop in path.hops:
            if hop.light is Light.BLOCKED and hop.code is not None:
                yield _blocked(alarm, path, hop)
    yield from _failed(alarm, evidence)


# -- hops ---------------------------------------------------------------------------------------------------------


def _hops(alarm: Alarm, arn: str, evidence: Evidence) -> tuple[Hop, ...]:
    if not is_topic(arn):
        return (
            Hop("Action", Light.UNKNOWN, "Only SNS topics are followed; whether this action can run is not known."),
        )
    region = arn.split(":")[3:4]
    if region != [evidence.scope.region]:
        return (_other_region(evidence),)
    topic = evidence.topics.get(arn, Unknown("the topic was not read"))
    if isinstance(topic, Unknown):
        return (Hop("Topic", Light.UNKNOWN, f"Not known: {topic.why}."),)
    if topic is None:
        return (_gone(arn),)
    return (
        Hop("Topic", Light.OPEN, "The topic exists."),
        _policy_hop(alarm, topic, evidence),
        _key_hop(topic, evidence),
        _subscription_hop(topic),
    )


def _other_region(evidence: Evidence) -> Hop:
    return Hop(
        "Topic",
        Light.BLOCKED,
        f"The topic is not in {evidence.scope.region}, where the alarm is; AWS runs topics of the same region only.",
        Code.WRONG_REGION,
        f"Choose a topic in {evidence.scope.region}.",
    )


def _gone(arn: str) -> Hop:
    name = arn.rsplit(":", 1)[-1]
    return Hop(
        "Topic",
        Light.BLOCKED,
        "The topic does not exist.",
        Code.TOPIC_GONE,
        f"Create the topic {name} again and subscribe to it, or choose another.",
        Call("sns", "CreateTopic", {"Name": name}),
    )


def _policy_hop(alarm: Alarm, topic: Topic, evidence: Evidence) -> Hop:
    """Whether the topic's policy lets the alarm publish."""
    account = evidence.scope.account
    source = f"arn:{_partition(topic.arn)}:cloudwatch:{evidence.scope.region}:{account}:alarm:{alarm.name}"
    context = {
        "aws:sourceaccount": account,
        "aws:sourceowner": account,
        "aws:sourcearn": source,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": SERVICE,
    }
    found = rule(topic.policy, Caller("sns:Publish", topic.arn, account, context, as_account=None))
    if found.allowed is None:
        return Hop("Topic policy", Light.UNKNOWN, f"Cannot tell: {found.reason}.")
    if found.allowed:
        return Hop("Topic policy", Light.OPEN, f"CloudWatch may publish: {found.reason}.")
    says = f"CloudWatch may not publish to the topic: {found.reason}."
    if found.statement is not None:
        return Hop("Topic policy", Light.BLOCKED, says, Code.POLICY_BLOCKS, _except_cloudwatch(found, "sns:Publish"))
    statement = _topic_statement(topic.arn, evidence)
    attribute = {"AttributeName": "Policy", "AttributeValue": with_statement(topic.policy, statement)}
    return Hop(
        "Topic policy",
        Light.BLOCKED,
        says,
        Code.POLICY_BLOCKS,
        f"Add this statement to the topic's policy: {json.dumps(statement)}",
        Call("sns", "SetTopicAttributes", {"TopicArn": topic.arn} | attribute),
    )


def _key_hop(topic: Topic, evidence: Evidence) -> Hop:
    """Whether CloudWatch may use the key that the topic is encrypted with."""
    if topic.key_id is None:
        return Hop("Key", Light.OPEN, "The topic is not encrypted with a KMS key, so none stands in the way.")
    key = topic.key
    if key is None or isinstance(key, Unknown):
        why = "the key was not read" if key is None else key.why
        return Hop("Key", Light.UNKNOWN, f"Not known: {why}.")
    if key.aws_managed:
        return Hop(
            "Key",
            Light.BLOCKED,
            "The topic is encrypted with AWS's own key, whose policy lets no alarm in and cannot be changed.",
            Code.KEY_BLOCKS,
            f"Encrypt the topic with a key of your own whose policy has this statement: {json.dumps(_KEY_STATEMENT)}",
        )
    if key.state != "Enabled":
        return Hop(
            "Key",
            Light.BLOCKED,
            f"The topic's key is in state {key.state}, so nothing can be published.",
            Code.KEY_BLOCKS,
            "Enable the key, or encrypt the topic with another.",
            Call("kms", "EnableKey", {"KeyId": key.arn}) if key.state == "Disabled" else None,
        )
    return _key_policy_hop(key, evidence.scope.account)


def _key_policy_hop(key: Key, account: str) -> Hop:
    if isinstance(key.policy, Unknown):
        return Hop("Key", Light.UNKNOWN, f"Not known: {key.policy.why}.")
    policy = key.policy
    # Which condition keys SNS hands on for a service is not documented, so none is taken as known.
    rulings = [rule(policy, Caller(each, key.arn, account, {}, as_account=False)) for each in KEY_ACTIONS]
    refused = next((found for found in rulings if found.allowed is False), None)
    if refused is not None:
        return _key_refused(key, policy, refused)
    doubtful = next((found for found in rulings if found.allowed is None), None)
    if doubtful is not None:
        return Hop("Key", Light.UNKNOWN, f"Cannot tell: {doubtful.reason}.")
    return Hop("Key", Light.OPEN, "CloudWatch may use the topic's key.")


def _key_refused(key: Key, policy: str, refused: Ruling) -> Hop:
    says = f"CloudWatch may not use the topic's key: {refused.reason}."
    if refused.statement is not None:
        return Hop("Key", Light.BLOCKED, says, Code.KEY_BLOCKS, _except_cloudwatch(refused, " and ".join(KEY_ACTIONS)))
    params = {"KeyId": key.arn, "PolicyName": "default", "Policy": with_statement(policy, _KEY_STATEMENT)}
    return Hop(
        "Key",
        Light.BLOCKED,
        says,
        Code.KEY_BLOCKS,
        f"Add this statement to the key's policy: {json.dumps(_KEY_STATEMENT)}",
        Call("kms", "PutKeyPolicy", params),
    )


def _subscription_hop(topic: Topic) -> Hop:
    found = topic.subscriptions
    if isinstance(found, Unknown):
        return Hop("Subscription", Light.UNKNOWN, f"Not known: {found.why}.")
    confirmed = [each for each in found if each.confirmed]
    pending = [each for each in found if not each.confirmed]
    if confirmed:
        waits = f"; {len(pending)} more wait for a confirmation" if pending else ""
        return Hop("Subscription", Light.OPEN, f"{len(confirmed)} confirmed: {_listed(confirmed)}{waits}.")
    if pending:
        return Hop(
            "Subscription",
            Light.BLOCKED,
            f"Nobody has confirmed: {_listed(pending)}.",
            Code.NO_SUBSCRIBER,
            "Follow the link in the confirmation that AWS sent there; subscribe again where it is lost.",
        )
    return Hop(
        "Subscription",
        Light.BLOCKED,
        "Nobody is subscribed to the topic.",
        Code.NO_SUBSCRIBER,
        "Subscribe an address, a queue or a function to the topic, and confirm it.",
    )


def _topic_statement(arn: str, evidence: Evidence) -> dict[str, Any]:
    account, region = evidence.scope.account, evidence.scope.region
    return {
        "Sid": "CloudWatchAlarms",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:{_partition(arn)}:cloudwatch:{region}:{account}:alarm:*"},
        },
    }


def _except_cloudwatch(found: Ruling, actions: str) -> str:
    return (
        f"Change statement {(found.statement or 0) + 1} of the policy so that it does not deny {actions} to {SERVICE}."
    )


def _partition(arn: str) -> str:
    return arn.split(":")[1]


def _listed(subscriptions: list[Subscription], *, most: int = 3) -> str:
    named = ", ".join(f"{each.protocol} {each.endpoint}" for each in subscriptions[:most])
    return named if len(subscriptions) <= most else f"{named} and {len(subscriptions) - most} more"


# -- findings -----------------------------------------------------------------------------------------------------

_WHY: Final = "When the alarm fires, nobody is told."


def _without_action(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    actions = actions_of(alarm)
    if isinstance(alarm, LogAlarm) or actions is None or isinstance(evidence.neighbours, Unknown) or actions.alarm:
        return
    topic = evidence.neighbours.topic
    fixed = None if topic is None else replace(alarm, actions=replace(actions, alarm=(topic,)))
    yield Finding(
        alarm.name,
        Code.NO_ACTION,
        Severity.BROKEN,
        "It has no action for ALARM, and no composite alarm looks at it.",
        _WHY,
        "Give it a topic to notify." if topic is None else f"Notify {topic}, as most alarms here do.",
        fixed,
    )


def _disabled(alarm: Alarm) -> Finding:
    fixed = None if isinstance(alarm, LogAlarm) else replace(alarm, actions=replace(alarm.actions, enabled=True))
    return Finding(
        alarm.name,
        Code.ACTIONS_DISABLED,
        Severity.BROKEN,
        "Its actions are switched off.",
        _WHY,
        "Switch its actions on again.",
        fixed,
        Call("cloudwatch", "EnableAlarmActions", {"AlarmNames": [alarm.name]}),
    )


def _blocked(alarm: Alarm, path: Path, hop: Hop) -> Finding:
    code = hop.code or Code.TOPIC_GONE
    return Finding(alarm.name, code, Severity.BROKEN, f"{hop.says} ({path.action})", _WHY, hop.fix, call=hop.call)


def _failed(alarm: Alarm, evidence: Evidence) -> Iterator[Finding]:
    live = evidence.live.get(alarm.name)
    if live is None or isinstance(live.failures, Unknown):
        return
    failures = [failure for failure in live.failures if failure.at >= live.changed_at]
    if not failures:
        return
    newest = max(failures, key=lambda failure: failure.at)
    times = "once" if len(failures) == 1 else f"{len(failures)} times"
    yield Finding(
        alarm.name,
        Code.ACTIONS_FAILED,
        Severity.BROKEN,
        f"An action failed {times} since the alarm was changed, last at {newest.at:%d %b %H:%M} UTC: {newest.error}",
        "It fired, and what should have followed did not.",
        "Follow the action's hops to the one that is blocked; where all are open, AWS's sentence says what to change.",
    )
