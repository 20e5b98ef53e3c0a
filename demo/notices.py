"""The JSON message that CloudWatch publishes to SNS when an alarm changes state.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader

from demo.alarm_book import Entry, Transition, described


@lru_cache(maxsize=1)
def _region_names() -> dict[str, str]:
    document = Loader().load_data("endpoints")
    return {
        code: region["description"]
        for partition in document["partitions"]
        for code, region in partition["regions"].items()
    }


def region_name(code: str) -> str:
    """Give a region's long name.

    >>> region_name("us-east-1")
    'US East (N. Virginia)'
    """
    return _region_names().get(code, code)


def subject(transition: Transition) -> str:
    """Give the message's subject, at most 100 characters as SNS takes."""
    return f'{transition.new}: "{transition.alarm.name}" in {region_name(transition.scope.region)}'[:100]


def message(transition: Transition, entry: Entry, children: Sequence[Entry] = ()) -> dict[str, Any]:
    """Give the message; `children` are those of a composite alarm that are in ALARM."""
    document = described(entry)
    common = {
        "AlarmName": entry.name,
        "AlarmDescription": document.get("AlarmDescription"),
        "AWSAccountId": transition.scope.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(entry.configured),
        "NewStateValue": str(transition.new),
        "NewStateReason": transition.reason,
        "StateChangeTime": stamp(transition.at),
        "Region": region_name(transition.scope.region),
        "AlarmArn": entry.arn,
        "OldStateValue": str(transition.old),
        "OKActions": document["OKActions"],
        "AlarmActions": document["AlarmActions"],
        "InsufficientDataActions": document["InsufficientDataActions"],
    }
    if entry.rule is None:
        return common | {"Trigger": trigger(document)}
    triggering = [
        {"Arn": child.arn, "State": {"Value": str(child.state), "Timestamp": stamp(child.updated)}}
        for child in children
    ]
    return common | {"AlarmRule": document["AlarmRule"], "TriggeringChildren": triggering}


def trigger(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the alarm watches, as messages spell it."""
    rule = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm"),
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile") or "",
    }
    if alarm.get("Metrics"):
        return {k: v for k, v in rule.items() if k != "Period"} | {"Metrics": [_query(q) for q in alarm["Metrics"]]}
    return _statistic(alarm) | rule


def stamp(at: datetime) -> str:
    """Give an instant as messages write it: milliseconds and a zone without a colon."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def _statistic(alarm: Mapping[str, Any]) -> dict[str, Any]:
    extended = alarm.get("ExtendedStatistic")
    kind = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    plain = {"StatisticType": "Statistic", "Statistic": _shouted(alarm.get("Statistic"))}
    return {
        "MetricName": alarm.get("MetricName"),
        "Namespace": alarm.get("Namespace"),
        **(kind if extended else plain),
        "Unit": alarm.get("Unit"),
        "Dimensions": _dimensions(alarm.get("Dimensions")),
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: query[name] for name in ("Id", "Expression", "Label", "Period") if query.get(name) is not None}
    kept["ReturnData"] = query.get("ReturnData", True)
    stat = query.get("MetricStat")
    if stat:
        metric = stat["Metric"]
        kept["MetricStat"] = {
            "Metric": {
                "Dimensions": _dimensions(metric.get("Dimensions")),
                "MetricName": metric.get("MetricName"),
                "Namespace": metric.get("Namespace"),
            },
            "Period": stat.get("Period"),
            "Stat": stat.get("Stat"),
        }
    return kept


def _dimensions(given: Sequence[Mapping[str, str]] | None) -> list[dict[str, str]]:
    return [{"value": dimension["Value"], "name": dimension["Name"]} for dimension in given or ()]


def _shouted(statistic: str | None) -> str | None:
    """Messages write AVERAGE and SAMPLE_COUNT for Average and SampleCount."""
    return {"SampleCount": "SAMPLE_COUNT"}.get(statistic or "", (statistic or "").upper() or None)
