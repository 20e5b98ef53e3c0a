"""Alarms in a list of single resources, `{"type", "properties", …}` each, as inventories take them out of templates.

The template around a resource is gone: what its functions and references stood for is open. In CloudFormation's
properties `${X}` stands where a function or a reference to X stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from alarms.as_code import cloudformation, terraform
from alarms.as_code.drafts import Draft
from alarms.as_code.hcl import Block
from alarms.as_code.intrinsics import ALARM_TYPES as CLOUDFORMATION_TYPES
from alarms.as_code.sources import Table
from alarms.as_code.terraform_members import ALARM_TYPES as TERRAFORM_TYPES
from alarms.as_code.values import text_of

_IMPORTED: Final = "${Fn::ImportValue}"


def are_records(document: Any) -> bool:
    """Tell whether a document is a list of resources of which one is an alarm."""
    return isinstance(document, list) and any(_kind(entry) in _TYPES for entry in document)


def drafts(document: list[Any], parameters: Mapping[str, str]) -> Iterator[Draft]:
    """Give the alarms of the list; records of other types are passed over."""
    for place, record in enumerate(document):
        kind = _kind(record)
        if kind in CLOUDFORMATION_TYPES:
            yield from _from_cloudformation(record, place, parameters)
        elif kind in TERRAFORM_TYPES:
            yield from _from_terraform(record, place, parameters)


_TYPES: Final = (*CLOUDFORMATION_TYPES, *TERRAFORM_TYPES)


def _kind(record: Any) -> str:
    kind = record.get("type") if isinstance(record, dict) and isinstance(record.get("properties"), dict) else ""
    return kind if isinstance(kind, str) else ""


def _name(record: Mapping[str, Any], place: int) -> str:
    return text_of(record.get("logical_id") or record.get("name")) or f"record{place}"


def _from_cloudformation(record: Mapping[str, Any], place: int, parameters: Mapping[str, str]) -> Iterator[Draft]:
    properties = record["properties"]
    resource = _like(record, {"Type": record["type"], "Properties": _with_functions(properties)})
    yield from cloudformation.drafts({"Resources": {_name(record, place): resource}}, parameters)


def _with_functions(value: Any) -> Any:
    """Give the functions back that `${…}` stands for."""
    if isinstance(value, str) and "${" in value:
        return {"Fn::ImportValue": "an export"} if value == _IMPORTED else {"Fn::Sub": value}
    if isinstance(value, list):
        return [_with_functions(entry) for entry in value]
    if isinstance(value, dict):
        return _like(value, {name: _with_functions(member) for name, member in value.items()})
    return value


def _like(original: Mapping[str, Any], members: Mapping[str, Any]) -> Any:
    """Keep the lines of what was read."""
    if not isinstance(original, Table):
        return dict(members)
    return Table(members, line=original.line, lines=original.lines)


def _from_terraform(record: Mapping[str, Any], place: int, parameters: Mapping[str, str]) -> Iterator[Draft]:
    properties = record["properties"]
    attributes = {name: value for name, value in properties.items() if not name.startswith("__")}  # an HCL tree's own
    labels = (record["type"], _name(record, place).split(".")[-1])
    block = Block("resource", labels, getattr(record, "line", 1), attributes, getattr(properties, "lines", {}))
    yield from terraform.Module([Block("", (), 1, blocks=(block,))], parameters, {}).alarms(block)
