"""Alarms as they are in AWS: read for a plan, and read again to see whether they are still so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from access.changes import Document, Look
from alarms.definition import from_response, to_request
from alarms.kinds import Alarm, LogAlarm, MetricAlarm, MetricMath, MissingData

ALARM_TYPES: Final = ("CompositeAlarm", "MetricAlarm", "LogAlarm")
_DESCRIBE: Final = ("cloudwatch", "DescribeAlarms")


@dataclass(frozen=True, slots=True)
class Live:
    """An alarm as it is in AWS."""

    alarm: Alarm
    """With its tags."""
    arn: str
    state: str = ""
    """OK, ALARM or INSUFFICIENT_DATA."""

    @property
    def enabled(self) -> bool:
        return bool(to_request(self.alarm).get("ActionsEnabled", True))

    @property
    def tags(self) -> Mapping[str, str]:
        return {tag["Key"]: tag["Value"] for tag in to_request(self.alarm).get("Tags", ())}


def live_of(document: Mapping[str, Any]) -> Live:
    """Read one alarm of a DescribeAlarms answer, with its tags, if known, as `Tags`."""
    return Live(from_response(document), str(document["AlarmArn"]), str(document.get("StateValue", "")))


def untagged(request: Document) -> Document:
    """Give a request without its tags."""
    return {name: value for name, value in request.items() if name != "Tags"}


def version_of(alarm: Alarm) -> Document:
    """Give what two versions of an alarm are compared by: everything but the tags, without what AWS says by default.

    AWS may write a default out that nobody gave, or leave one out that somebody did; neither is a change.
    """
    return untagged(to_request(_without_defaults(alarm)))


def _without_defaults(alarm: Alarm) -> Alarm:
    if isinstance(alarm, LogAlarm):
        return alarm
    described = replace(alarm, description=alarm.description or None)
    if not isinstance(described, MetricAlarm):
        return described
    source, missing = described.source, described.treat_missing_data
    if isinstance(source, MetricMath):
        source = MetricMath(tuple(sorted(source.queries, key=lambda query: query.id)))
    return replace(
        described,
        source=source,
        datapoints_to_alarm=None if described.m == described.n else described.m,
        treat_missing_data=None if missing is MissingData.MISSING else missing,
        low_samples=None if described.low_samples == "evaluate" else described.low_samples,
        window=None if described.sliding else described.window,
    )


@dataclass(frozen=True, slots=True)
class AlarmVersion:
    """Reads one alarm out of a DescribeAlarms answer."""

    name: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = (one for one in _described(answer) if one["AlarmName"] == self.name)
        return next((version_of(from_response(one)) for one in found), None)


@dataclass(frozen=True, slots=True)
class ActionsVersion:
    """Reads out of a DescribeAlarms answer whether the actions of alarms run."""

    names: tuple[str, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document:
        found = {one["AlarmName"]: bool(one.get("ActionsEnabled", True)) for one in _described(answer)}
        return {name: found.get(name) for name in self.names}


@dataclass(frozen=True, slots=True)
class TagsVersion:
    """Reads some tags out of a ListTagsForResource answer."""

    keys: tuple[str, ...]

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ()) if tag["Key"] in self.keys}
        return found or None


def _described(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for kind in ALARM_TYPES for one in answer.get(f"{kind}s", ())]


def look(names: Sequence[str], version: Callable[[Mapping[str, Any]], Document | None]) -> Look:
    return Look(*_DESCRIBE, {"AlarmNames": list(names), "AlarmTypes": list(ALARM_TYPES)}, version)
