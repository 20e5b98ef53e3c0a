"""Terraform's names for the members of an alarm, and AWS's.

Source: hashicorp/terraform-provider-aws, website/docs/r/cloudwatch_metric_alarm and cloudwatch_composite_alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alarms.as_code.hcl_writing import Nested
from alarms.as_code.values import Open, text_of

METRIC_ALARM: Final = "aws_cloudwatch_metric_alarm"
COMPOSITE_ALARM: Final = "aws_cloudwatch_composite_alarm"
ALARM_TYPES: Final = (METRIC_ALARM, COMPOSITE_ALARM)

_COMMON: Final = {
    "alarm_name": "AlarmName",
    "alarm_description": "AlarmDescription",
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}
_METRIC: Final = _COMMON | {
    "comparison_operator": "ComparisonOperator",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "evaluation_interval": "EvaluationInterval",
    "metric_name": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "extended_statistic": "ExtendedStatistic",
    "threshold": "Threshold",
    "threshold_metric_id": "ThresholdMetricId",
    "treat_missing_data": "TreatMissingData",
    "evaluate_low_sample_count_percentiles": "EvaluateLowSampleCountPercentile",
    "unit": "Unit",
}
_COMPOSITE: Final = _COMMON | {"alarm_rule": "AlarmRule"}
_SUPPRESSOR: Final = {
    "alarm": "ActionsSuppressor",
    "wait_period": "ActionsSuppressorWaitPeriod",
    "extension_period": "ActionsSuppressorExtensionPeriod",
}
_QUERY: Final = {
    "id": "Id",
    "expression": "Expression",
    "label": "Label",
    "period": "Period",
    "account_id": "AccountId",
}

SPELLING: Final[Mapping[str, str]] = {aws: own for own, aws in (_METRIC | _COMPOSITE).items()} | {
    "Metrics": "metric_query",
    "Dimensions": "dimensions",
    "Tags": "tags",
    "ActionsSuppressor": "actions_suppressor",
    "EvaluationCriteria": "evaluation_criteria",
}
"""AWS's top members to Terraform's."""


def params_of(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give AWS's members of a resource's values; blocks are lists of values."""
    if kind == COMPOSITE_ALARM:
        params = _renamed(values, _COMPOSITE)
        params.setdefault("AlarmRule", None)
        for suppressor in _rows(values.get("actions_suppressor")):
            params |= _renamed(suppressor, _SUPPRESSOR)
    else:
        params = _renamed(values, _METRIC)
        params |= _sources(values)
        _drop_zeros(params)
    tags = values.get("tags_all") or values.get("tags")
    if isinstance(tags, dict):
        params["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return params


def _sources(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    queries = _rows(values.get("metric_query"))
    if queries:
        found["Metrics"] = [_query(query) for query in queries]
    if values.get("dimensions"):
        found["Dimensions"] = _dimensions(values["dimensions"])
    for criteria in _rows(values.get("evaluation_criteria")):
        for promql in _rows(criteria.get("promql_criteria")):
            names = {"query": "Query", "pending_period": "PendingPeriod", "recovery_period": "RecoveryPeriod"}
            found["EvaluationCriteria"] = {"PromQLCriteria": _renamed(promql, names)}
    return found


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    """A metric_query block; Terraform's default for return_data is false, AWS's is true."""
    made = _renamed(query, _QUERY)
    if text_of(made.get("Period")) == "0":
        del made["Period"]
    made["ReturnData"] = False if query.get("return_data") is None else query["return_data"]
    for metric in _rows(query.get("metric")):
        named = _renamed(metric, {"namespace": "Namespace", "metric_name": "MetricName"})
        if metric.get("dimensions"):
            named["Dimensions"] = _dimensions(metric["dimensions"])
        made["MetricStat"] = {"Metric": named} | _renamed(metric, {"period": "Period", "stat": "Stat", "unit": "Unit"})
    return made


def _dimensions(dimensions: Any) -> Any:
    if isinstance(dimensions, dict):
        return [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return dimensions if isinstance(dimensions, Open) else None


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The members that are given; Terraform writes "" and null for those that are not."""
    return {aws: values[own] for own, aws in names.items() if values.get(own) not in (None, "")}


def _drop_zeros(params: dict[str, Any]) -> None:
    """A state writes 0 for numbers that were never given."""
    for name in ("DatapointsToAlarm", "EvaluationInterval"):
        if params.get(name) == 0:
            del params[name]
    if "Metrics" in params and params.get("Period") == 0:
        del params["Period"]
    if "ThresholdMetricId" in params and params.get("Threshold") == 0:
        del params["Threshold"]


def _rows(blocks: Any) -> list[Mapping[str, Any]]:
    rows = blocks if isinstance(blocks, list) else [blocks]
    return [row for row in rows if isinstance(row, dict)]


# -- the way back -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """An alarm in Terraform's members."""

    kind: str
    members: Mapping[str, Any]
    unnamed: tuple[str, ...]
    """AWS's members that the provider has no name for."""


def resource_of(request: Mapping[str, Any], *, composite: bool) -> Resource:
    """Give the Terraform resource of a PutMetricAlarm or PutCompositeAlarm request; `params_of` reads it back."""
    left = dict(request)
    members = _taken(left, _COMPOSITE if composite else _METRIC)
    for aws, own, write in _WRITERS:
        if aws in left:
            members[own] = write(left.pop(aws))
    suppressor = _taken(left, _SUPPRESSOR)
    if suppressor:
        members["actions_suppressor"] = Nested((suppressor,))
    return Resource(COMPOSITE_ALARM if composite else METRIC_ALARM, members, tuple(left))


def _taken(left: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Take the members that have a name out of `left`, under their own names."""
    return {own: left.pop(aws) for own, aws in names.items() if aws in left}


def _query_block(query: Mapping[str, Any]) -> dict[str, Any]:
    left = dict(query)
    found = _taken(left, _QUERY) | {"return_data": left.get("ReturnData", True)}
    if "MetricStat" in left:
        stat = left["MetricStat"]
        metric = _taken(dict(stat["Metric"]), {"namespace": "Namespace", "metric_name": "MetricName"})
        metric |= _taken(dict(stat), {"period": "Period", "stat": "Stat", "unit": "Unit"})
        if stat["Metric"].get("Dimensions"):
            metric["dimensions"] = _by_name(stat["Metric"]["Dimensions"])
        found["metric"] = Nested((metric,))
    return found


def _by_name(dimensions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in dimensions}


def _promql_block(criteria: Mapping[str, Any]) -> Nested:
    names = {"query": "Query", "pending_period": "PendingPeriod", "recovery_period": "RecoveryPeriod"}
    return Nested(({"promql_criteria": Nested((_taken(dict(criteria["PromQLCriteria"]), names),))},))


_WRITERS: Final[tuple[tuple[str, str, Callable[[Any], Any]], ...]] = (
    ("Dimensions", "dimensions", _by_name),
    ("Metrics", "metric_query", lambda queries: Nested(tuple(map(_query_block, queries)))),
    ("EvaluationCriteria", "evaluation_criteria", _promql_block),
    ("Tags", "tags", lambda tags: {tag["Key"]: tag["Value"] for tag in tags}),
)
"""(AWS's member, Terraform's, how its value is written)."""
