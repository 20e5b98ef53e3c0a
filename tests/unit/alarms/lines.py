"""Alarms and time lines for tests: one period is a minute, and the first one starts at START."""

from typing import Any

from alarms.definition import MetricAlarm, parse
from alarms.evaluation import Evaluation, evaluate
from alarms.notation import series
from alarms.state import StateValue
from core.timespan import from_epoch

START = 1_795_428_000
"""2026-11-23T10:00:00Z."""

DEFAULTS: dict[str, Any] = {
    "AlarmName": "high-cpu",
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarm(**members: Any) -> MetricAlarm:
    """An alarm that breaches above 5 in three of three minutes, but for `members`; None leaves one out."""
    request = {name: value for name, value in (DEFAULTS | members).items() if value is not None}
    made = parse(request)
    assert isinstance(made, MetricAlarm)
    return made


def after(line: str, previous: str = "OK", **members: Any) -> Evaluation:
    """Evaluate when the last period of `line` has just ended."""
    made = alarm(**members)
    datapoints = series(line, period=made.period, start=START)
    at = from_epoch(START + made.period * sum(_length(word) for word in line.split()))
    return evaluate(made, datapoints, at=at, previous=StateValue(previous))


def _length(word: str) -> int:
    return int(word.partition("x")[2] or 1)
