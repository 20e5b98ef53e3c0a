"""Alarms in CloudFormation and AWS SAM templates, JSON or YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alarms.as_code.drafts import Draft
from alarms.as_code.intrinsics import ALARM_TYPES, Intrinsics
from alarms.as_code.sources import Table
from alarms.as_code.values import Open, text_of


def is_template(document: Any) -> bool:
    """Tell whether a document is a template."""
    return isinstance(document, dict) and isinstance(document.get("Resources"), dict)


def drafts(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator[Draft]:
    """Give the alarms among a template's resources, with `parameters` before their defaults."""
    intrinsics = Intrinsics(template, parameters)
    resources: Mapping[str, Any] = template["Resources"]
    for logical_id, resource in resources.items():
        if logical_id.startswith("Fn::ForEach::") and _makes_alarms(resource):
            line = getattr(resources, "lines", {}).get(logical_id, 1)
            yield Draft(logical_id, line, {}, "Fn::ForEach is written out only when the stack is deployed")
        elif isinstance(resource, dict) and resource.get("Type") in ALARM_TYPES:
            yield _draft(logical_id, resource, intrinsics)


def _draft(logical_id: str, resource: Mapping[str, Any], intrinsics: Intrinsics) -> Draft:
    line = resource.line if isinstance(resource, Table) else 1
    properties = resource.get("Properties")
    lines = properties.lines if isinstance(properties, Table) else None
    params: dict[str, Any] = {"AlarmName": logical_id}
    try:
        left_out, notes = _made(resource, intrinsics)
        resolved = intrinsics.resolve(properties)
    except ValueError as error:
        return Draft(logical_id, line, params, str(error), lines=lines)
    except RecursionError:
        return Draft(logical_id, line, params, "its functions refer to each other too deeply", lines=lines)
    if not isinstance(resolved, dict):
        return Draft(logical_id, line, params, "Properties is required, with the alarm's members", notes=notes)
    params |= {name: value for name, value in resolved.items() if value not in (None, "")}
    if resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
        params.setdefault("AlarmRule", None)
    return Draft(logical_id, line, params, left_out=left_out, notes=notes, lines=lines)


def _made(resource: Mapping[str, Any], intrinsics: Intrinsics) -> tuple[str, tuple[str, ...]]:
    """Why the stack does not make the resource, or a note where the file does not say."""
    if resource.get("Condition") is None:
        return "", ()
    name = text_of(resource["Condition"])
    holds = intrinsics.holds(name)
    if isinstance(holds, Open):
        return "", (f"made only where condition {name} holds: {holds.why}",)
    return ("" if holds else f"condition {name} is false with the parameters' values"), ()


def _makes_alarms(loop: Any) -> bool:
    """Whether a Fn::ForEach over resources holds an alarm."""
    body = loop[-1] if isinstance(loop, list) and loop else None
    bodies = body.values() if isinstance(body, dict) else ()
    return any(isinstance(entry, dict) and entry.get("Type") in ALARM_TYPES for entry in bodies)
