"""Alarms as the AWS CLI writes and takes them: describe-alarms output, put-metric-alarm input, or a list of either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from alarms.as_code.drafts import Draft
from alarms.as_code.sources import Table, tables
from alarms.shapes import input_shape
from alarms.wire import operation_of

LISTS: Final = ("MetricAlarms", "CompositeAlarms", "LogAlarms")
"""The members of describe-alarms' output that hold alarms."""
_DESCRIBED: Final = {"AlarmArn", "StateValue", "StateUpdatedTimestamp", "AlarmConfigurationUpdatedTimestamp"}
"""Members that only AWS's answers have: of such an alarm, what no request takes is left aside."""


def is_cli(document: Any) -> bool:
    """Tell whether a document holds alarms in AWS's own members."""
    if isinstance(document, list):
        return any(is_cli(entry) for entry in document)
    return isinstance(document, dict) and any(name in document for name in (*LISTS, "AlarmName"))


def drafts(document: Any) -> Iterator[Draft]:
    """Give the alarms of a document."""
    for entry in tables(document):
        lists = [name for name in LISTS if name in entry]
        if not lists:
            yield draft(entry)
        for name in lists:
            for alarm in tables(entry[name]):
                yield draft(alarm)


def draft(alarm: Table) -> Draft:
    """Give one alarm in AWS's members."""
    params: dict[str, Any] = dict(alarm)
    if _DESCRIBED & params.keys():
        known = input_shape(operation_of(params)).members
        params = {name: value for name, value in params.items() if name in known}
    name = params.get("AlarmName")
    address = name if isinstance(name, str) and name else f"the alarm in line {alarm.line}"
    refusal = "" if name else "AlarmName is required"
    return Draft(address, alarm.line, params, refusal, lines=alarm.lines)
