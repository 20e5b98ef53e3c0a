"""Filters and groups as Cost Explorer and Budgets have them: which lines of the bill an expression lets through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from demo.aws.errors import AwsError
from demo.bills import Line

DIMENSIONS: Final[Mapping[str, Callable[[Line], str]]] = {
    "SERVICE": lambda line: line.tariff.service,
    "SERVICE_CODE": lambda line: line.tariff.code,
    "USAGE_TYPE": lambda line: line.usage_type,
    "OPERATION": lambda line: line.tariff.operation,
    "REGION": lambda line: line.region,
    "LINKED_ACCOUNT": lambda line: line.account,
    "RECORD_TYPE": lambda line: line.record,
}
"""What the demo cloud's costs can be told apart by."""

_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "EQUALS": lambda found, wanted: found == wanted,
    "STARTS_WITH": lambda found, wanted: found.startswith(wanted),
    "ENDS_WITH": lambda found, wanted: found.endswith(wanted),
    "CONTAINS": lambda found, wanted: wanted in found,
}


def selected(lines: Iterable[Line], expression: Mapping[str, Any] | None) -> list[Line]:
    """Give the lines that a filter expression lets through; all where there is none."""
    return [line for line in lines if not expression or lets_through(expression, line)]


def lets_through(expression: Mapping[str, Any], line: Line) -> bool:
    """Say whether one line passes; And, Or, Not, Dimensions or Tags, one of them a level as AWS wants it."""
    given = [name for name, value in expression.items() if value is not None]
    if len(given) != 1:
        raise invalid("Expression must have exactly one of And, Or, Not, Dimensions, Tags or CostCategories at a level")
    value = expression[given[0]]
    if given[0] == "And":
        return all(lets_through(part, line) for part in value)
    if given[0] == "Or":
        return any(lets_through(part, line) for part in value)
    if given[0] == "Not":
        return not lets_through(value, line)
    if given[0] in {"Dimensions", "Tags"}:
        return _matches(value, key_of(given[0].upper().rstrip("S"), value.get("Key", ""))(line))
    raise invalid(f"The demo cloud has no {given[0]}")


def _matches(value: Mapping[str, Any], found: str) -> bool:
    options = set(value.get("MatchOptions") or ())
    wanted = value.get("Values") or ()
    if "ABSENT" in options:
        return not found
    if "CASE_INSENSITIVE" in options:
        found, wanted = found.lower(), [each.lower() for each in wanted]
    test = next((_TESTS[name] for name in _TESTS if name in options), _TESTS["EQUALS"])
    return any(test(found, each) for each in wanted)


def key_of(kind: str, key: str) -> Callable[[Line], str]:
    """Give what reads a dimension, or a tag's value, off a line."""
    if kind == "TAG":
        return lambda line: line.tags.get(key, "")
    if kind != "DIMENSION" or key not in DIMENSIONS:
        raise invalid(f"{kind} {key} is not supported; the demo cloud's costs have {', '.join(DIMENSIONS)} and tags")
    return DIMENSIONS[key]


def grouped(lines: Iterable[Line], by: Sequence[Mapping[str, str]]) -> dict[tuple[str, ...], list[Line]]:
    """Give the lines by the keys that GroupBy names, as Cost Explorer writes them (`Tag$value`), in their order."""
    readers = [(each, key_of(each["Type"], each["Key"])) for each in by]
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        keys = tuple(f"{each['Key']}${read(line)}" if each["Type"] == "TAG" else read(line) for each, read in readers)
        found.setdefault(keys, []).append(line)
    return dict(sorted(found.items()))


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
