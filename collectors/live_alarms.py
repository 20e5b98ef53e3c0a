"""Alarms as their definitions stand in AWS, with their tags, and the mute rules: what a change is compared with.

They are plain documents in the members that a put takes, because `alarms` reads them and is no import of this room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import CloudError
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Fault, Reading, Scope

TYPES: Final = ("CompositeAlarm", "MetricAlarm", "LogAlarm")
MOST_NAMES: Final = 100
"""Names in one DescribeAlarms. Source: its API reference."""
THREADS: Final = 4
"""ListTagsForResource takes one alarm; few at a time, because AWS allows few calls a second."""

Documents = Reading[tuple[Mapping[str, Any], ...]]


def mute_snapshots(store: Store) -> Snapshots[tuple[Mapping[str, Any], ...]]:
    """Give the shared readings of mute rules."""
    return Snapshots(store, "mute rules", Documents)


def read(clients: Clients, scope: Scope, names: Sequence[str], *, now: datetime) -> Documents:
    """Give each alarm of `names` that is there, as DescribeAlarms does, by name, with its `Tags`.

    Tags are a call an alarm, so this is for those that are about to be changed; `alarm_documents` gives all alarms
    without. An alarm whose tags could not be read has no `Tags`, and a fault says so.
    """
    faults: list[Fault] = []
    found = [alarm for asked in _asked(names) for alarm in _described(clients, scope, asked, faults)]
    found.sort(key=lambda alarm: str(alarm["AlarmName"]))
    with ThreadPoolExecutor(THREADS) as pool:
        tagged = tuple(pool.map(lambda alarm: _with_tags(clients, scope, alarm, faults), found))
    return Reading(tagged, now, tuple(faults))


def read_mute_rules(clients: Clients, scope: Scope, *, now: datetime) -> Documents:
    """Give each mute rule as GetAlarmMuteRule does, with its status."""
    faults: list[Fault] = []
    found = [
        _rule(clients, scope, summary, faults)
        for page in pages(clients, scope, "cloudwatch", "ListAlarmMuteRules", faults)
        for summary in page.get("AlarmMuteRuleSummaries", ())
    ]
    return Reading(tuple(rule for rule in found if rule is not None), now, tuple(faults))


def _asked(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(names), MOST_NAMES):
        yield {"AlarmNames": list(names[start : start + MOST_NAMES])}


def _described(
    clients: Clients, scope: Scope, asked: Mapping[str, Any], faults: list[Fault]
) -> Iterator[dict[str, Any]]:
    for page in pages(clients, scope, "cloudwatch", "DescribeAlarms", faults, AlarmTypes=list(TYPES), **asked):
        for kind in TYPES:
            yield from page.get(f"{kind}s", ())


def _with_tags(clients: Clients, scope: Scope, alarm: Mapping[str, Any], faults: list[Fault]) -> Mapping[str, Any]:
    try:
        answer = clients.read(scope, "cloudwatch", "ListTagsForResource", {"ResourceARN": alarm["AlarmArn"]})
    except CloudError as error:
        faults.append(error.to_fault(scope, "cloudwatch:ListTagsForResource"))
        return alarm
    return {**alarm, "Tags": sorted(answer.get("Tags", ()), key=lambda tag: str(tag["Key"]))}


def _rule(clients: Clients, scope: Scope, summary: Mapping[str, Any], faults: list[Fault]) -> Mapping[str, Any] | None:
    name = str(summary["AlarmMuteRuleArn"]).split(":alarm-mute-rule:", 1)[-1]
    try:
        answer = clients.read(scope, "cloudwatch", "GetAlarmMuteRule", {"AlarmMuteRuleName": name})
    except CloudError as error:
        faults.append(error.to_fault(scope, "cloudwatch:GetAlarmMuteRule"))
        return None
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
