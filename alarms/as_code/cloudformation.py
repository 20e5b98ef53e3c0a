"""Alarms in CloudFormation and AWS SAM templates, JSON or YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alarms.as_code.drafts import Draft
from alarms.as_code.intrinsics import ALARM_TYPES, Intrinsics
from alarms.as_code.loops import PREFIX, written_out
from alarms.as_code.sources import Table
from alarms.as_code.values import Open, text_of


def is_template(document: Any) -> bool:
    """Tell whether a document is a template."""
    return isinstance(document, dict) and isinstance(document.get("Resources"), dict)


def drafts(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator[Draft]:
    """Give the alarms among a template's resources, with `parameters` before their defaults."""
    resources: dict[str, Any] = {}
    loops: list[Draft] = []
    before = Intrinsics(template, parameters)
    for name, resource in template["Resources"].items():
        if not name.startswith(PREFIX):
            resources[name] = resource
            continue
        try:
            resources |= dict(written_out(resource, before.resolve))
        except (ValueError, RecursionError) as error:
            if _makes_alarms(resource):
                loops.append(Draft(name, getattr(template["Resources"], "lines", {}).get(name, 1), {}, str(error)))
    intrinsics = Intrinsics({**template, "Resources": resources}, parameters)
    for logical_id, resource in resources.items():
        if isinstance(resource, dict) and resource.get("Type") in ALARM_TYPES:
            yield _draft(logical_id, resource, intrinsics)
    yield from loops


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
    """Whether a loop over resources, or one within it, holds an alarm."""
    body = loop[-1] if isinstance(loop, list) and loop else None
    for name, entry in body.items() if isinstance(body, dict) else ():
        if name.startswith(PREFIX) and _makes_alarms(entry):
            return True
        if isinstance(entry, dict) and entry.get("Type") in ALARM_TYPES:
            return True
    return False
