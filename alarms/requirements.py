"""What PutMetricAlarm asks of its members together, beyond what botocore's shapes say; one sentence a field.

Sources: the API reference of PutMetricAlarm and PutCompositeAlarm, "CloudWatch service quotas", and `WallClockWindow`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alarms.shapes import Problem
from core.metric_math import MathError, parse_expression, references
from core.statistics import Statistic

HIGH_RESOLUTION_PERIODS: Final = (10, 20, 30)
"""Seconds. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, Period"""
DAY: Final = 86_400
WEEK: Final = 604_800
"""Seconds; the longest period × evaluation periods: a day, or a week for periods of an hour and more. Ibid."""
MAX_METRICS: Final = 10
"""Metrics in one metric-math alarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
MAX_TAGS: Final = 50
WALL_CLOCK_PERIODS: Final = (60, 300, 3600, DAY, WEEK)
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_WallClockWindow.html"""
MISSING_DATA: Final = ("missing", "ignore", "breaching", "notBreaching")
LOW_SAMPLES: Final = ("evaluate", "ignore")
BAND_COMPARISONS: Final = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
"""The comparisons that take a band instead of a threshold."""

SINGLE_METRIC_MEMBERS: Final = ("Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
CRITERIA_EXCLUDE: Final = (
    "MetricName",
    *SINGLE_METRIC_MEMBERS,
    "Metrics",
    "Threshold",
    "ComparisonOperator",
    "ThresholdMetricId",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "EvaluationWindow",
)
_QUERY_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")
_SCALING_ACTION: Final = re.compile(r"arn:[^:]*:autoscaling:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def metric_alarm_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what PutMetricAlarm would refuse in members that each have a shape it accepts."""
    sources = [name for name in ("MetricName", "Metrics", "EvaluationCriteria") if given.get(name)]
    yield from common_problems(given)
    if len(sources) != 1:
        yield "MetricName", "give exactly one of MetricName, Metrics or EvaluationCriteria"
        return
    if sources[0] == "EvaluationCriteria":
        yield from _criteria_problems(given)
        return
    if given.get("EvaluationInterval") is not None:
        yield "EvaluationInterval", "EvaluationInterval belongs to alarms with EvaluationCriteria only"
    yield from _single_problems(given) if sources[0] == "MetricName" else _math_problems(given)
    yield from _threshold_problems(given)
    yield from _evaluation_problems(given)


def common_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what any kind of alarm would be refused for."""
    if _CONTROL.search(str(given.get("AlarmName", ""))):
        yield "AlarmName", "control characters are not accepted in a name"
    for name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for place, action in enumerate(given.get(name) or ()):
            if not action.startswith("arn:"):
                yield (
                    f"{name}[{place}]",
                    f"{action!r} is not an ARN; give one such as arn:aws:sns:us-east-1:111111111111:ops",
                )
    keys = [tag["Key"] for tag in given.get("Tags") or ()]
    if len(keys) > MAX_TAGS or len(set(keys)) < len(keys):
        yield "Tags", f"give at most {MAX_TAGS} tags, each key once"
    propagation = (given.get("ActionConfiguration") or {}).get("AlarmTagsPropagation") or {}
    if propagation.get("IncludedTagKeys") and propagation.get("ExcludedTagKeys"):
        yield "ActionConfiguration", "give IncludedTagKeys or ExcludedTagKeys, not both"


def period_of(given: Mapping[str, Any]) -> int | None:
    """Give the seconds of one datapoint of the alarm, or None where the request does not say."""
    if given.get("MetricName"):
        return given.get("Period")
    queries = given.get("Metrics") or ()
    threshold = given.get("ThresholdMetricId")
    own = [q.get("Period") for q in queries if q.get("ReturnData", True) and q.get("Id") != threshold]
    inner = [(q.get("MetricStat") or {}).get("Period") for q in queries]
    known = [p for p in own if p] or [p for p in (*inner, *(q.get("Period") for q in queries)) if p]
    return max(known, default=None)


def time_zone(name: str) -> tzinfo:
    """Give the zone of a wall-clock window; raises ValueError with the accepted forms."""
    match = _OFFSET.fullmatch(name)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes % 5 or minutes > 18 * 60:
            raise ValueError(f"{name!r} is not aligned to five minutes within 18 hours")
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; use a name such as Europe/Vienna or an offset such as +05:30"
        ) from error


def _single_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("Namespace", "Period"):
        if given.get(name) is None:
            yield name, f"{name} is required with MetricName"
    plain, extended = given.get("Statistic"), given.get("ExtendedStatistic")
    if (plain is None) == (extended is None):
        yield "Statistic", "give either Statistic or ExtendedStatistic"
    elif extended is not None:
        yield from _extended_problems(extended)
    if given.get("EvaluateLowSampleCountPercentile") and not str(extended).startswith("p"):
        yield "EvaluateLowSampleCountPercentile", "only alarms on a percentile such as p99 can treat few samples apart"
    yield from _period_problems("Period", given.get("Period"))


def _extended_problems(text: str) -> Iterator[Problem]:
    try:
        statistic = Statistic.parse(text)
    except ValueError as error:
        yield "ExtendedStatistic", str(error)
        return
    if not statistic.is_extended:
        yield "ExtendedStatistic", f"{text} is a plain statistic; give it as Statistic"


def _period_problems(field: str, period: int | None) -> Iterator[Problem]:
    if period is not None and period not in HIGH_RESOLUTION_PERIODS and period % 60:
        yield field, f"{period} s is not accepted; use 10, 20, 30 or a multiple of 60"


def _math_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    queries: Sequence[Mapping[str, Any]] = given["Metrics"]
    for name in SINGLE_METRIC_MEMBERS:
        if given.get(name):
            yield name, f"{name} belongs inside Metrics here"
    for field, place in (("Id", query_place) for query_place in _doubled_ids(queries)):
        yield f"Metrics[{place}].{field}", f"{queries[place]['Id']!r} is used twice; ids are unique"
    ids = {query["Id"] for query in queries}
    for place, query in enumerate(queries):
        yield from _query_problems(query, f"Metrics[{place}]", ids)
    if sum(1 for query in queries if query.get("MetricStat")) > MAX_METRICS:
        yield "Metrics", f"at most {MAX_METRICS} metrics fit into one alarm"
    watched = [q for q in queries if q.get("ReturnData", True) and q["Id"] != given.get("ThresholdMetricId")]
    if len(watched) != 1:
        yield "Metrics", f"exactly one entry is watched (ReturnData true); here {len(watched)} are"
    if period_of(given) is None:
        yield "Metrics", "no entry says its Period; give it in MetricStat or beside the expression"


def _doubled_ids(queries: Sequence[Mapping[str, Any]]) -> list[int]:
    seen = Counter[str]()
    doubled = []
    for place, query in enumerate(queries):
        seen[query["Id"]] += 1
        if seen[query["Id"]] > 1:
            doubled.append(place)
    return doubled


def _query_problems(query: Mapping[str, Any], path: str, ids: AbstractSet[str]) -> Iterator[Problem]:
    stat, expression = query.get("MetricStat"), query.get("Expression")
    if not _QUERY_ID.fullmatch(query["Id"]):
        yield (
            f"{path}.Id",
            f"{query['Id']!r} must start with a lower-case letter and hold letters, digits and underscores",
        )
    if (stat is None) == (expression is None):
        yield path, "give either MetricStat or Expression"
    elif stat is not None:
        yield from _stat_problems(stat, query.get("Period"), f"{path}.MetricStat")
    elif expression is not None and not is_insights(expression):
        yield from _expression_problems(expression, f"{path}.Expression", ids)
    yield from _period_problems(f"{path}.Period", query.get("Period"))


def _expression_problems(expression: str, path: str, ids: AbstractSet[str]) -> Iterator[Problem]:
    try:
        used = references(parse_expression(expression))
    except MathError as error:
        yield path, str(error)
        return
    if re.search(r"\bSEARCH\s*\(", expression):
        yield path, "an alarm watches one series, so it cannot SEARCH; name the metric"
    for name, position in used.items():
        if name not in ids:
            yield path, f"at character {position + 1}: {name} is no id in Metrics; known are {', '.join(sorted(ids))}"


def _stat_problems(stat: Mapping[str, Any], outer_period: int | None, path: str) -> Iterator[Problem]:
    yield from _period_problems(f"{path}.Period", stat["Period"])
    if outer_period is not None and outer_period != stat["Period"]:
        yield f"{path}.Period", f"{stat['Period']} s here but {outer_period} s beside it; give one period"
    for name in ("Namespace", "MetricName"):
        if not stat["Metric"].get(name):
            yield f"{path}.Metric.{name}", f"{name} is required"
    try:
        Statistic.parse(stat["Stat"])
    except ValueError as error:
        yield f"{path}.Stat", str(error)


def is_insights(expression: str) -> bool:
    """Tell whether an expression is a Metrics Insights query (SQL), which only AWS's servers can answer."""
    return expression.lstrip().upper().startswith("SELECT")


def _threshold_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    comparison, threshold, band = (given.get(n) for n in ("ComparisonOperator", "Threshold", "ThresholdMetricId"))
    if comparison is None:
        yield "ComparisonOperator", "ComparisonOperator is required"
        return
    if comparison not in BAND_COMPARISONS:
        if band is not None:
            yield (
                "ThresholdMetricId",
                f"{comparison} compares with Threshold; give ThresholdMetricId with {BAND_COMPARISONS[0]}",
            )
        if threshold is None:
            yield "Threshold", "Threshold is required"
        return
    if threshold is not None:
        yield "Threshold", f"{comparison} compares with a band; leave Threshold out"
    expressions = {query["Id"]: query.get("Expression") or "" for query in given.get("Metrics") or ()}
    if "ANOMALY_DETECTION_BAND" not in expressions.get(str(band), ""):
        yield "ThresholdMetricId", f"{comparison} needs the id of an ANOMALY_DETECTION_BAND expression in Metrics"
    for name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        if any(_SCALING_ACTION.match(action) for action in given.get(name) or ()):
            yield name, "an anomaly-detection alarm cannot run Auto Scaling actions"


def _evaluation_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    periods, datapoints = given.get("EvaluationPeriods"), given.get("DatapointsToAlarm")
    if periods is None:
        yield "EvaluationPeriods", "EvaluationPeriods is required"
        return
    if datapoints is not None and datapoints > periods:
        yield (
            "DatapointsToAlarm",
            f"{datapoints} datapoints of {periods} periods can never breach; give at most {periods}",
        )
    for name, accepted in (("TreatMissingData", MISSING_DATA), ("EvaluateLowSampleCountPercentile", LOW_SAMPLES)):
        if given.get(name) not in {None, *accepted}:
            yield name, f"{given[name]!r} is not accepted; use {', '.join(accepted)}"
    period = period_of(given)
    if period is not None:
        longest = WEEK if period >= 3600 else DAY
        if period * periods > longest:
            yield (
                "EvaluationPeriods",
                (f"{periods} × {period} s is longer than {longest} s; give at most {longest // period} periods"),
            )
        yield from _window_problems(given, period)


def _window_problems(given: Mapping[str, Any], period: int) -> Iterator[Problem]:
    clock = (given.get("EvaluationWindow") or {}).get("WallClockWindow")
    if clock is None:
        return
    if period not in WALL_CLOCK_PERIODS:
        accepted = ", ".join(str(seconds) for seconds in WALL_CLOCK_PERIODS)
        yield "EvaluationWindow", f"a wall-clock window cannot have a period of {period} s; use {accepted}"
    if clock.get("Timezone") is not None:
        try:
            time_zone(clock["Timezone"])
        except ValueError as error:
            yield "EvaluationWindow.WallClockWindow.Timezone", str(error)


def _criteria_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in CRITERIA_EXCLUDE:
        if given.get(name) not in (None, [], ()):
            yield name, f"{name} cannot stand beside EvaluationCriteria, which says it all"
    interval = given.get("EvaluationInterval")
    if interval is None:
        yield "EvaluationInterval", "EvaluationInterval is required with EvaluationCriteria"
    yield from _period_problems("EvaluationInterval", interval)
