"""What an alarm does when it changes state: tell a topic, run a scaling policy; written down, also where it fails."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import numpy as np
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from werkzeug.exceptions import HTTPException

from alarms.kinds import MetricAlarm
from alarms.state import StateValue
from core.reading import Scope
from core.series import MetricId
from demo.alarm_book import AlarmBook, Entry, Transition
from demo.alarm_data import evaluated
from demo.alarm_words import LONGEST_DATA, LONGEST_SUMMARY, ItemType
from demo.autoscaler import InProgressError, run_for_alarm
from demo.aws.sns import is_pending
from demo.fleets import Fleet
from demo.ground import Ground
from demo.history import invoking_alarm
from demo.notices import message, subject


class ActionFailed(RuntimeError):  # noqa: N818 - AWS's word
    """An action that could not be carried out; the message is what its history says."""


def run(transition: Transition, ground: Ground) -> None:
    """Carry out every action of the transition, each with its line in the alarm's history."""
    book = ground.books.of(transition.scope)
    entry = book.get(transition.alarm.name)
    if entry is None:
        return
    for arn in transition.actions:
        published, error = None, None
        try:
            published = _carry_out(arn, transition, entry, ground)
        except ActionFailed as failed:
            error = str(failed)
        record(book, entry.name, arn, at=transition.at, published=published, error=error)


def record(
    book: AlarmBook, name: str, arn: str, *, at: datetime, published: str | None = None, error: str | None = None
) -> None:
    """Write an action into the alarm's history, in AWS's words."""
    data: dict[str, Any] = {
        "actionState": "Failed" if error else "Succeeded",
        "stateUpdateTimestamp": int(at.timestamp() * 1000),
        "notificationResource": arn,
        "publishedMessage": published,
        "error": error,
    }
    if published is None or len(json.dumps(data)) > LONGEST_DATA:
        del data["publishedMessage"]
    summary = f"Successfully executed action {arn}"
    if error:
        summary = f'Failed to execute action {arn}. Received error: "{error}"'
    book.add_history(name, at=at, kind=ItemType.ACTION, summary=summary[:LONGEST_SUMMARY], data=json.dumps(data))


def repeat_scaling(entry: Entry, ground: Ground, fleet: Fleet, *, at: datetime) -> None:
    """Run the scaling policies of an alarm that stays in its state, as AWS does each minute.

    "For Amazon EC2 Auto Scaling actions, the alarm continues to invoke the action for every period that the alarm
    remains in the new state." https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
    """
    alarm = entry.definition
    if not isinstance(alarm, MetricAlarm) or not alarm.actions.enabled:
        return
    by_state = {StateValue.ALARM: alarm.actions.alarm, StateValue.OK: alarm.actions.ok}
    for arn in by_state.get(entry.state, alarm.actions.insufficient_data):
        if ":scalingPolicy:" in arn:
            with suppress(ActionFailed):  # history has said so when the state changed
                _scale(arn, alarm, entry, entry.state, ground, fleet, at=at)


def _carry_out(arn: str, transition: Transition, entry: Entry, ground: Ground) -> str | None:
    """Do what the ARN says; give the message where one was published."""
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service == "sns":
        return _publish(arn, transition, entry, ground)
    if service == "autoscaling" and ":scalingPolicy:" in arn:
        if not isinstance(transition.alarm, MetricAlarm):
            raise ActionFailed("Composite alarms cannot perform Auto Scaling actions")
        fleet = ground.fleets.of(transition.scope)
        waiting = _scale(arn, transition.alarm, entry, transition.new, ground, fleet, at=transition.at)
        if waiting is not None:
            raise ActionFailed(waiting)
        return None
    raise ActionFailed(f"The demo cloud does not carry out actions of {service or arn}")


def _publish(arn: str, transition: Transition, entry: Entry, ground: Ground) -> str:
    book = ground.books.of(transition.scope)
    children = [child for name in entry.children if (child := book.get(name)) and child.state is StateValue.ALARM]
    text = json.dumps(message(transition, entry, children))
    _, _, _, region, account, _ = arn.split(":", 5)
    try:
        topics: Any = sns_backends[account][region]
        topics.publish(text, arn, subject=subject(transition))
    except (ServiceException, HTTPException, KeyError) as error:
        raise ActionFailed(getattr(error, "message", None) or str(error)) from error
    _count_message(ground, Scope(account, region), arn, text, at=transition.at)
    return text


def _count_message(ground: Ground, scope: Scope, arn: str, text: str, *, at: datetime) -> None:
    """Put what SNS reports of a message and its deliveries."""
    topics: Any = sns_backends[scope.account][scope.region]
    told = [kept for kept in topics.subscriptions.values() if kept.topic.arn == arn and not is_pending(kept)]
    delivered = float(len(told))
    store, when = ground.stores.of(scope), np.array([int(at.timestamp())])
    for name, value, unit in (
        ("NumberOfMessagesPublished", 1.0, "Count"),
        ("NumberOfNotificationsDelivered", delivered, "Count"),
        ("PublishSize", float(len(text.encode())), "Bytes"),
    ):
        metric = MetricId("AWS/SNS", name, (("TopicName", arn.rsplit(":", 1)[-1]),))
        store.put(metric, when, np.array([value]), unit=unit)


def _scale(
    arn: str, alarm: MetricAlarm, entry: Entry, state: StateValue, ground: Ground, fleet: Fleet, *, at: datetime
) -> str | None:
    """Run a policy; give why it has to wait, or None."""
    policy = fleet.policy(arn)
    group = fleet.groups.get(policy.group) if policy else None
    if policy is None or group is None:
        raise ActionFailed("Policy not found" if policy is None else f"Group {policy.group} not found")
    found = evaluated(alarm, ground.stores.of(fleet.scope), at=at, previous=state, configured_at=entry.configured)
    points = found.findings.points if found else ()
    invoking = invoking_alarm(alarm.name, entry.arn, state, at=at)
    try:
        value = points[0].value if points else None
        run_for_alarm(policy, group, invoking, at=at, value=value, threshold=alarm.threshold)
    except InProgressError as wait:
        return str(wait)
    return None
