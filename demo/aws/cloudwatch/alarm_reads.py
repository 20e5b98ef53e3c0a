"""What reads alarms: DescribeAlarms with all its filters together, history, and the alarms of a metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from moto.core.responses import ActionResult

from alarms.definition import LogAlarm, MetricAlarm, SingleMetric
from core.series import MetricId
from demo.alarm_entry import Entry, described
from demo.alarm_words import HistoryItem
from demo.aws.cloudwatch.base import CloudWatchBase, malformed, metric_id, page
from demo.aws.encoding import Prepared

DEFAULT_RECORDS: Final = 50
"""Alarms a page. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
HISTORY_RECORDS: Final = 100
LISTS: Final = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
CHILD_MEMBERS: Final = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp")
PARENT_MEMBERS: Final = ("AlarmName", "AlarmArn")


class AlarmReads(CloudWatchBase):
    def describe_alarms(self) -> ActionResult:
        given = self.params
        if given.get("AlarmNames") and given.get("AlarmNamePrefix"):
            malformed("AlarmNames and AlarmNamePrefix cannot be specified together.")
        relative = [name for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if given.get(name)]
        if relative:
            return self._relatives(relative[0])
        types = given.get("AlarmTypes") or ["MetricAlarm"]
        found = [entry for entry in self.book.entries() if entry.kind in types and self._wanted(entry)]
        return self._paged(found)

    def describe_alarms_for_metric(self) -> ActionResult:
        wanted = metric_id(self.params)
        found = [entry for entry in self.book.entries() if self._on_metric(entry, wanted)]
        return Prepared({"MetricAlarms": [described(entry) for entry in found]})

    def describe_alarm_history(self) -> ActionResult:
        given = self.params
        items = list(self.book.history(now=self.now, chosen=self._chosen))
        if given.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            items.reverse()
        shown, token = page(items, given.get("NextToken"), int(given.get("MaxRecords") or HISTORY_RECORDS))
        return Prepared({"AlarmHistoryItems": [_history_document(item) for item in shown], "NextToken": token})

    def describe_alarm_contributors(self) -> ActionResult:
        """Only PromQL and log alarms have contributors, and those AWS alone evaluates."""
        if self.book.get(self.params["AlarmName"]) is None:
            malformed(f"Alarm {self.params['AlarmName']} does not exist.")
        return Prepared({"AlarmContributors": []})

    def _relatives(self, member: str) -> ActionResult:
        others = set(self.params) - {member, "MaxRecords", "NextToken"}
        if others:
            malformed(f"{member} cannot be specified together with {', '.join(sorted(others))}.")
        name = self.params[member]
        if member == "ParentsOfAlarmName":
            return self._paged(self.book.parents(name), members=PARENT_MEMBERS)
        parent = self.book.get(name)
        names = () if parent is None else parent.children
        children = [child for name in sorted(names) if (child := self.book.get(name)) is not None]
        return self._paged(children, members=CHILD_MEMBERS)

    def _wanted(self, entry: Entry) -> bool:
        given = self.params
        actions = _actions(entry)
        return (
            (not given.get("AlarmNames") or entry.name in given["AlarmNames"])
            and entry.name.startswith(given.get("AlarmNamePrefix", ""))
            and given.get("StateValue") in {None, str(entry.state)}
            and (not given.get("ActionPrefix") or any(a.startswith(given["ActionPrefix"]) for a in actions))
        )

    def _paged(self, found: Sequence[Entry], *, members: Iterable[str] | None = None) -> ActionResult:
        size = int(self.params.get("MaxRecords") or DEFAULT_RECORDS)
        shown, token = page(found, self.params.get("NextToken"), size)
        document: dict[str, Any] = {name: [] for name in LISTS.values()}
        for entry in shown:
            alarm = described(entry) | self._suppression(entry)
            document[LISTS[entry.kind]].append(alarm if members is None else {name: alarm[name] for name in members})
        return Prepared({**document, "NextToken": token})

    def _suppression(self, entry: Entry) -> dict[str, str]:
        held = self.book.held(entry.name)
        return {"ActionsSuppressedBy": str(held.by), "ActionsSuppressedReason": held.reason} if held else {}

    def _on_metric(self, entry: Entry, wanted: MetricId) -> bool:
        if not isinstance(entry.definition, MetricAlarm) or not isinstance(entry.definition.source, SingleMetric):
            return False
        source, given = entry.definition.source, self.params
        statistic = given.get("Statistic") or given.get("ExtendedStatistic")
        return (
            source.metric == wanted
            and statistic in {None, str(source.statistic)}
            and given.get("Period") in {None, source.period}
            and given.get("Unit") in {None, source.unit}
        )

    def _chosen(self, item: HistoryItem) -> bool:
        given = self.params
        types = given.get("AlarmTypes") or ["MetricAlarm"]
        return (
            given.get("AlarmName") in {None, item.alarm}
            and (item.alarm_type in types or (given.get("AlarmName") == item.alarm and not given.get("AlarmTypes")))
            and given.get("HistoryItemType") in {None, str(item.kind)}
            and (given.get("StartDate") is None or item.at >= given["StartDate"])
            and (given.get("EndDate") is None or item.at <= given["EndDate"])
        )


def _actions(entry: Entry) -> tuple[str, ...]:
    definition = entry.definition
    if isinstance(definition, LogAlarm):
        return ()
    return (*definition.actions.ok, *definition.actions.alarm, *definition.actions.insufficient_data)


def _history_document(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm,
        "AlarmType": item.alarm_type,
        "Timestamp": item.at,
        "HistoryItemType": str(item.kind),
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
