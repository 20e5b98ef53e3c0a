"""Alarms in the JSON that `terraform show -json` prints of a plan or a state.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alarms.as_code.drafts import Draft
from alarms.as_code.sources import tables
from alarms.as_code.terraform_members import ALARM_TYPES, SPELLING, params_of
from alarms.as_code.values import text_of, unknown


def is_plan(document: Any) -> bool:
    """Tell whether a document is a plan or a state."""
    return isinstance(document, dict) and isinstance(document.get("planned_values", document.get("values")), dict)


def drafts(document: Mapping[str, Any]) -> Iterator[Draft]:
    """Give the alarms of the root module and of every module below it."""
    values: Mapping[str, Any] = document.get("planned_values", document.get("values", {}))
    changes = document.get("resource_changes")
    unknowns = {
        text_of(change.get("address")): (change.get("change") or {}).get("after_unknown")
        for change in (changes if isinstance(changes, list) else [])
        if isinstance(change, dict) and isinstance(change.get("change"), dict)
    }
    for resource in _resources(values.get("root_module")):
        yield _draft(resource, unknowns.get(text_of(resource.get("address"))))


def _resources(module: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(module, dict):
        return
    for resource in tables(module.get("resources")):
        if resource.get("type") in ALARM_TYPES:
            yield resource
    for inner in tables(module.get("child_modules")):
        yield from _resources(inner)


def _draft(resource: Mapping[str, Any], after: Any) -> Draft:
    values = resource.get("values")
    address, line = text_of(resource.get("address")) or text_of(resource.get("name")), getattr(resource, "line", 1)
    if not isinstance(values, dict):
        return Draft(address, line, {}, "the plan gives it no values")
    known = _with_unknowns(values, after, "")
    if not isinstance(known, dict):
        return Draft(address, line, {}, "all of it is known only after apply")
    params = params_of(resource["type"], known)
    return Draft(address, line, params, spelling=SPELLING, lines=getattr(values, "lines", {}))


def _with_unknowns(values: Any, after: Any, path: str) -> Any:
    """Put a placeholder in for each value that is known only after apply."""
    if after is True:
        return unknown(f"{path} after apply", "it is known only after apply")
    if isinstance(after, dict) and isinstance(values, dict | None):
        known = values or {}
        below = {name: f"{path}.{name}" if path else name for name in after}
        opened = {name: _with_unknowns(known.get(name), after[name], below[name]) for name in after if after[name]}
        return {**known, **opened}
    if isinstance(after, list) and isinstance(values, list):
        rest = after + [None] * (len(values) - len(after))
        return [_with_unknowns(value, rest[place], f"{path}[{place}]") for place, value in enumerate(values)]
    return values
