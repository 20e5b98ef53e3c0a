"""Alarm definitions as AWS writes them: request and response members in, definitions out, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alarms.kinds import (
    Actions,
    Alarm,
    Comparison,
    CompositeAlarm,
    EvaluationWindow,
    LogAlarm,
    MetricAlarm,
    MetricMath,
    MissingData,
    PromQL,
    SingleMetric,
    TagsPropagation,
    WarmUp,
)
from core.metric_math import DataQuery
from core.series import MetricId
from core.statistics import Statistic


def operation_of(params: Mapping[str, Any]) -> str:
    """Tell which operation puts an alarm with these members."""
    if "AlarmRule" in params:
        return "PutCompositeAlarm"
    return "PutLogAlarm" if "ScheduledQueryConfiguration" in params else "PutMetricAlarm"


def build(operation: str, params: Mapping[str, Any]) -> Alarm:
    """Make the definition of members that AWS accepts."""
    if operation == "PutCompositeAlarm":
        return _composite(params)
    if operation == "PutLogAlarm":
        rest = {name: value for name, value in params.items() if name != "AlarmName"}
        return LogAlarm(params["AlarmName"], json.dumps(rest, sort_keys=True))
    return _metric_alarm(params)


def request_of(alarm: Alarm) -> dict[str, Any]:
    """Give the request members of a definition; what it does not say is left out."""
    if isinstance(alarm, LogAlarm):
        return {"AlarmName": alarm.name, **json.loads(alarm.document)}
    request: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "ActionsEnabled": alarm.actions.enabled,
        "OKActions": list(alarm.actions.ok),
        "AlarmActions": list(alarm.actions.alarm),
        "InsufficientDataActions": list(alarm.actions.insufficient_data),
        "Tags": [{"Key": key, "Value": value} for key, value in alarm.tags],
        "ActionConfiguration": _propagation_request(alarm.tags_propagation),
    }
    if isinstance(alarm, CompositeAlarm):
        request |= {
            "AlarmRule": alarm.rule,
            "ActionsSuppressor": alarm.suppressor,
            "ActionsSuppressorWaitPeriod": alarm.suppressor_wait,
            "ActionsSuppressorExtensionPeriod": alarm.suppressor_extension,
        }
    else:
        request |= _source_request(alarm) | _evaluation_request(alarm)
    return _without_blanks(request)


def _metric_alarm(params: Mapping[str, Any]) -> MetricAlarm:
    comparison, missing = params.get("ComparisonOperator"), params.get("TreatMissingData")
    window, warm_up = params.get("EvaluationWindow"), params.get("WarmUpConfiguration")
    return MetricAlarm(
        name=params["AlarmName"],
        source=_source(params),
        evaluation_periods=params.get("EvaluationPeriods"),
        datapoints_to_alarm=params.get("DatapointsToAlarm"),
        threshold=None if params.get("Threshold") is None else float(params["Threshold"]),
        comparison=None if comparison is None else Comparison(comparison),
        threshold_metric_id=params.get("ThresholdMetricId"),
        treat_missing_data=None if missing is None else MissingData(missing),
        low_samples=params.get("EvaluateLowSampleCountPercentile"),
        window=None if window is None else _window(window),
        warm_up=None if warm_up is None else _warm_up(warm_up),
        description=params.get("AlarmDescription"),
        actions=_actions(params),
        tags_propagation=_propagation(params),
        tags=_tags(params),
    )


def _composite(params: Mapping[str, Any]) -> CompositeAlarm:
    return CompositeAlarm(
        name=params["AlarmName"],
        rule=params["AlarmRule"],
        description=params.get("AlarmDescription"),
        actions=_actions(params),
        suppressor=params.get("ActionsSuppressor"),
        suppressor_wait=params.get("ActionsSuppressorWaitPeriod"),
        suppressor_extension=params.get("ActionsSuppressorExtensionPeriod"),
        tags_propagation=_propagation(params),
        tags=_tags(params),
    )


def _source(params: Mapping[str, Any]) -> SingleMetric | MetricMath | PromQL:
    criteria = params.get("EvaluationCriteria")
    if criteria:
        promql = criteria["PromQLCriteria"]
        interval = params["EvaluationInterval"]
        return PromQL(promql["Query"], interval, promql.get("PendingPeriod"), promql.get("RecoveryPeriod"))
    if params.get("Metrics"):
        return MetricMath(tuple(data_query(query) for query in params["Metrics"]))
    statistic = Statistic.parse(params.get("Statistic") or params["ExtendedStatistic"])
    return SingleMetric(metric_id(params), statistic, params["Period"], params.get("Unit"))


def metric_id(params: Mapping[str, Any]) -> MetricId:
    """Read Namespace, MetricName and Dimensions, as requests and answers spell them."""
    dimensions = tuple((pair["Name"], pair["Value"]) for pair in params.get("Dimensions") or ())
    return MetricId(params["Namespace"], params["MetricName"], dimensions)


def metric_request(metric: MetricId) -> dict[str, Any]:
    """Give Namespace, MetricName and Dimensions of a metric."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return _without_blanks({"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions})


def data_query(query: Mapping[str, Any]) -> DataQuery:
    """Read one MetricDataQuery."""
    stat = query.get("MetricStat")
    return DataQuery(
        id=query["Id"],
        metric=None if stat is None else metric_id(stat["Metric"]),
        statistic=None if stat is None else stat["Stat"],
        period=query.get("Period") if stat is None else stat["Period"],
        expression=query.get("Expression"),
        label=query.get("Label"),
        return_data=query.get("ReturnData", True),
        unit=None if stat is None else stat.get("Unit"),
        account_id=query.get("AccountId"),
    )


def query_request(query: DataQuery) -> dict[str, Any]:
    """Give one MetricDataQuery."""
    request: dict[str, Any] = {"Id": query.id, "Expression": query.expression, "Label": query.label}
    if query.metric is None:
        request["Period"] = query.period
    else:
        request["MetricStat"] = {
            "Metric": metric_request(query.metric),
            "Period": query.period,
            "Stat": query.statistic,
        } | ({} if query.unit is None else {"Unit": query.unit})
    return _without_blanks(request | {"ReturnData": query.return_data, "AccountId": query.account_id})


def _window(window: Mapping[str, Any]) -> EvaluationWindow:
    clock = window.get("WallClockWindow")
    return EvaluationWindow() if clock is None else EvaluationWindow(wall_clock=True, timezone=clock.get("Timezone"))


def _warm_up(configuration: Mapping[str, Any]) -> WarmUp:
    only_after = configuration.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds")
    return WarmUp(configuration["WarmUpPeriodDurationInMinutes"], only_after)


def _actions(params: Mapping[str, Any]) -> Actions:
    enabled = params.get("ActionsEnabled")
    return Actions(
        ok=tuple(params.get("OKActions") or ()),
        alarm=tuple(params.get("AlarmActions") or ()),
        insufficient_data=tuple(params.get("InsufficientDataActions") or ()),
        enabled=True if enabled is None else enabled,
    )


def _propagation(params: Mapping[str, Any]) -> TagsPropagation | None:
    propagation = (params.get("ActionConfiguration") or {}).get("AlarmTagsPropagation")
    if propagation is None:
        return None
    included, excluded = propagation.get("IncludedTagKeys") or (), propagation.get("ExcludedTagKeys") or ()
    return TagsPropagation(propagation["Enabled"], tuple(included), tuple(excluded))


def _propagation_request(propagation: TagsPropagation | None) -> dict[str, Any] | None:
    if propagation is None:
        return None
    keys = {"IncludedTagKeys": list(propagation.included), "ExcludedTagKeys": list(propagation.excluded)}
    return {"AlarmTagsPropagation": {"Enabled": propagation.enabled} | _without_blanks(keys)}


def _tags(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((tag["Key"], tag["Value"]) for tag in params.get("Tags") or ())


def _source_request(alarm: MetricAlarm) -> dict[str, Any]:
    source = alarm.source
    if isinstance(source, MetricMath):
        return {"Metrics": [query_request(query) for query in source.queries]}
    if isinstance(source, PromQL):
        criteria = {
            "Query": source.query,
            "PendingPeriod": source.pending_period,
            "RecoveryPeriod": source.recovery_period,
        }
        return {
            "EvaluationCriteria": {"PromQLCriteria": _without_blanks(criteria)},
            "EvaluationInterval": source.interval,
        }
    name = "ExtendedStatistic" if source.statistic.is_extended else "Statistic"
    return metric_request(source.metric) | {name: str(source.statistic), "Period": source.period, "Unit": source.unit}


def _evaluation_request(alarm: MetricAlarm) -> dict[str, Any]:
    window: dict[str, Any] | None = None
    if alarm.window is not None:
        clock = _without_blanks({"Timezone": alarm.window.timezone})
        window = {"WallClockWindow": clock} if alarm.window.wall_clock else {"SlidingWindow": {}}
    warm_up: dict[str, Any] | None = None
    if alarm.warm_up is not None:
        warm_up = _without_blanks(
            {
                "WarmUpPeriodDurationInMinutes": alarm.warm_up.minutes,
                "OnlyStartEvaluatingAfterWarmUpPeriodEnds": alarm.warm_up.only_after,
            }
        )
    return {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Threshold": alarm.threshold,
        "ComparisonOperator": None if alarm.comparison is None else str(alarm.comparison),
        "ThresholdMetricId": alarm.threshold_metric_id,
        "TreatMissingData": None if alarm.treat_missing_data is None else str(alarm.treat_missing_data),
        "EvaluateLowSampleCountPercentile": alarm.low_samples,
        "EvaluationWindow": window,
        "WarmUpConfiguration": warm_up,
    }


def _without_blanks(request: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was never given: None and empty lists."""
    return {name: value for name, value in request.items() if value is not None and value != []}
