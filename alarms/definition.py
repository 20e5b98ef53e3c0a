"""What an alarm is: every kind that PutMetricAlarm, PutCompositeAlarm and PutLogAlarm of today's botocore can express.

`parse` reads request parameters, a form's draft as well as a stored request; `to_request` gives them back without loss;
`from_response` reads what DescribeAlarms answers. What Watchkeeper cannot evaluate itself is a definition all the same,
and its `evaluable` says why it is not evaluated here. The kinds themselves are in `alarms.kinds`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from alarms.composite import RuleError, parse_rule
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
from alarms.requirements import common_problems, metric_alarm_problems
from alarms.shapes import Problem, input_shape, problems
from alarms.wire import build, operation_of, request_of

__all__ = [
    "Actions",
    "Alarm",
    "Comparison",
    "CompositeAlarm",
    "DefinitionErrors",
    "EvaluationWindow",
    "LogAlarm",
    "MetricAlarm",
    "MetricMath",
    "MissingData",
    "PromQL",
    "SingleMetric",
    "TagsPropagation",
    "WarmUp",
    "from_response",
    "parse",
    "to_request",
]


class DefinitionErrors(ValueError):  # noqa: N818 - one exception, many errors
    """A draft that is no alarm: one sentence a field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field or 'alarm'}: {sentence}" for field, sentence in fields.items()))
        self.fields = dict(fields)
        """AWS's field path (`Metrics[0].MetricStat.Period`; empty for the whole) to what is wrong and accepted."""


_NEEDED_TO_GO_ON: Final = {"", "MetricName", "Metrics", "EvaluationCriteria", "AlarmRule"}
"""Members without which nothing useful can be said of the others."""


def parse(params: Mapping[str, Any]) -> Alarm:
    """Read request parameters into a definition; raises DefinitionErrors with every field that AWS would refuse."""
    operation = operation_of(params)
    found = list(problems(params, input_shape(operation)))
    misshapen = {re.split(r"[.\[]", field)[0] for field, _ in found}
    if not misshapen & _NEEDED_TO_GO_ON:
        sound = {name: value for name, value in params.items() if name not in misshapen and value is not None}
        found += [problem for problem in _problems_together(operation, sound) if problem[0] not in misshapen]
    if found:
        raise DefinitionErrors(_first_by_field(found))
    return build(operation, params)


def from_response(described: Mapping[str, Any]) -> Alarm:
    """Read one alarm of a DescribeAlarms answer. What AWS already accepted is not judged again."""
    operation = operation_of(described)
    known = input_shape(operation).members
    return build(operation, {name: value for name, value in described.items() if name in known})


def to_request(alarm: Alarm) -> dict[str, Any]:
    """Give the request parameters of an alarm; `parse(to_request(alarm)) == alarm`."""
    return request_of(alarm)


def _problems_together(operation: str, params: Mapping[str, Any]) -> Iterable[Problem]:
    if operation == "PutMetricAlarm":
        return metric_alarm_problems(params)
    if operation == "PutCompositeAlarm":
        return _composite_problems(params)
    return common_problems(params)


def _composite_problems(params: Mapping[str, Any]) -> Iterable[Problem]:
    yield from common_problems(params)
    try:
        parse_rule(params["AlarmRule"])
    except RuleError as error:
        yield "AlarmRule", str(error)
    for name in ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
        if (params.get("ActionsSuppressor") is None) != (params.get(name) is None):
            yield name, f"ActionsSuppressor and {name} are given together or not at all"
        elif (params.get(name) or 0) < 0:
            yield name, f"{params[name]} s is negative; give 0 or more"


def _first_by_field(found: Iterable[Problem]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for field, sentence in found:
        fields.setdefault(field, sentence)
    return fields
