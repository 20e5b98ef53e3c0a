"""Scaling activities, in AWS's words.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html and "Verify a scaling activity",
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from demo.noise import key


class Kind(StrEnum):
    LAUNCH = "launch"
    TERMINATE = "terminate"


class Owner(Protocol):
    """What an activity needs of its group."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def activities(self) -> list[Activity]: ...


class Leaver(Protocol):
    """What an activity needs of the instance that leaves."""

    id: str
    zone: str
    subnet: str
    terminated: datetime


def stamp(at: datetime) -> str:
    """Give an instant as causes write it.

    >>> stamp(datetime.fromisoformat("2026-11-23T10:00:00+00:00"))
    '2026-11-23T10:00:00Z'
    """
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def at_words(at: datetime, words: str) -> str:
    return f"At {stamp(at)} {words}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a capacity changes: sentences, and the alarm that asked for it."""

    words: str = ""
    alarm: Mapping[str, Any] | None = None
    """The entry of `InvokingAlarms`."""

    @classmethod
    def request(cls, what: str, *, at: datetime) -> Cause:
        """Give the cause of something a user asked for, such as `explicitly set group desired capacity`."""
        return cls(at_words(at, f"a user request {what}"))

    @classmethod
    def of_alarm(cls, alarm: Mapping[str, Any], policy: str, *, at: datetime) -> Cause:
        """Give the cause of a policy that an alarm ran."""
        name, state = alarm["AlarmName"], alarm["NewStateValue"]
        return cls(at_words(at, f"a monitor alarm {name} in state {state} triggered policy {policy}"), alarm)

    def followed_by(self, words: str) -> Cause:
        return replace(self, words=f"{self.words} {words}." if self.words else "")

    def growing(self, old: int, new: int, at: datetime) -> Cause:
        """Add the sentence of an instance that is started."""
        if "was launched in response to an unhealthy" in self.words:
            return self
        return self.and_then(
            at,
            "an instance was started in response to a difference between desired and actual capacity, "
            f"increasing the capacity from {old} to {new}.",
        )

    def shrinking(self, old: int, new: int, instance: str, at: datetime) -> Cause:
        """Add the sentences of an instance that is taken out of service."""
        out = self.and_then(
            at,
            "an instance was taken out of service in response to a difference between desired and actual capacity, "
            f"shrinking the capacity from {old} to {new}.",
        )
        return out.and_then(at, f"instance {instance} was selected for termination.")

    def and_then(self, at: datetime, words: str) -> Cause:
        sentence = at_words(at, words)
        return replace(self, words=f"{self.words}  {sentence}" if self.words else sentence)


@dataclass(frozen=True, slots=True)
class Activity:
    """One launch or termination."""

    id: str
    group: str
    group_arn: str
    kind: Kind
    instance: str
    """Empty where none could be launched."""
    cause: str
    started: datetime
    drained: datetime
    """Of a termination, when its target has drained."""
    ended: datetime
    details: Mapping[str, Any]
    failure: str = ""

    @property
    def description(self) -> str:
        if self.kind is Kind.TERMINATE:
            return f"Terminating EC2 instance: {self.instance}"
        if self.failure:
            return f"Launching a new EC2 instance.  Status Reason: {self.failure}"
        return f"Launching a new EC2 instance: {self.instance}"

    def status(self, at: datetime) -> str:
        """Give AWS's status code at an instant."""
        if at >= self.ended:
            return "Failed" if self.failure else "Successful"
        if self.kind is Kind.TERMINATE and at < self.drained:
            return "WaitingForELBConnectionDraining"
        return "InProgress"

    def document(self, *, at: datetime, deleted: bool = False) -> dict[str, Any]:
        """Give the activity as DescribeScalingActivities does, as it stands at `at`."""
        status = self.status(at)
        over = status in {"Failed", "Successful"}
        return {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.started,
            "StatusCode": status,
            "Progress": 100 if over else 50,
            "Details": json.dumps(self.details, separators=(",", ":")),
            "AutoScalingGroupARN": self.group_arn,
            **({"EndTime": self.ended.replace(microsecond=0)} if over else {}),
            **({"StatusMessage": self.failure} if over and self.failure else {}),
            **({"AutoScalingGroupState": "Deleted"} if deleted else {}),
        }

    def renamed(self, old: str, new: str) -> Activity:
        if old not in self.cause and old != self.instance:
            return self
        return replace(
            self, instance=new if self.instance == old else self.instance, cause=self.cause.replace(old, new)
        )


def launching(
    group: Owner,
    instance: str,
    place: tuple[str, str],
    cause: Cause,
    *,
    started: datetime,
    ended: datetime,
    failure: str = "",
) -> Activity:
    """Give the activity of a launch in (zone, subnet), or of one that failed."""
    return Activity(
        id=_id(group, started),
        group=group.name,
        group_arn=group.arn,
        kind=Kind.LAUNCH,
        instance=instance,
        cause=cause.words,
        started=started,
        drained=started,
        ended=ended,
        details=_details(place, cause),
        failure=failure,
    )


def terminating(group: Owner, member: Leaver, cause: Cause, *, started: datetime, drained: datetime) -> Activity:
    """Give the activity of an instance that leaves."""
    return Activity(
        id=_id(group, started),
        group=group.name,
        group_arn=group.arn,
        kind=Kind.TERMINATE,
        instance=member.id,
        cause=cause.words,
        started=started,
        drained=drained,
        ended=member.terminated,
        details=_details((member.zone, member.subnet), cause),
    )


def _details(place: tuple[str, str], cause: Cause) -> dict[str, Any]:
    zone, subnet = place
    where = ({"Subnet ID": subnet} if subnet else {}) | {"Availability Zone": zone}
    return where | ({"InvokingAlarms": [dict(cause.alarm)]} if cause.alarm else {})


def _id(group: Owner, started: datetime) -> str:
    """A UUID's form; the same for the same activity of the same seed."""
    digits = "".join(f"{key(group.arn, started, len(group.activities), part):016x}" for part in range(2))
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
