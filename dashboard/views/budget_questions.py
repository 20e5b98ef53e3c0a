"""A budget's filters as conditions that a billing export can hold rows against; what it cannot says why. Pure.

Exports name most things as budgets do. Some services they name otherwise (`Amazon Elastic Compute Cloud`, without
`- Compute`), and a tag's key stands in them with or without AWS's `user:` in front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from budgets.definition import BudgetDefinition, CostTypes
from collectors.exports.columns import ADJUSTMENT, CREDIT
from collectors.exports.questions import TAG, Condition, QuestionError, check_column

Where = tuple[Condition, ...]

_CATEGORY: Final = "ChargeCategory"
_COLUMNS: Final[Mapping[str, str]] = {
    "Service": "ServiceName",
    "Region": "RegionId",
    "LinkedAccount": "SubAccountId",
    "UsageType": "UsageType",
    "Operation": "Operation",
    "AZ": "AvailabilityZone",
}
"""A key of a budget's filters → the column of an export. AWS keeps purchase options, instance types, groups of usage
types and cost categories in no column that every export has."""
_DIMENSIONS: Final[Mapping[str, str]] = {
    "SERVICE": "Service",
    "REGION": "Region",
    "LINKED_ACCOUNT": "LinkedAccount",
    "USAGE_TYPE": "UsageType",
    "OPERATION": "Operation",
    "AZ": "AZ",
}
"""A dimension of a filter expression → the same key."""
_RECORDS: Final[Mapping[str, str]] = {"Credit": CREDIT, "Refund": ADJUSTMENT, "Tax": "Tax", "Usage": "Usage"}
"""AWS's record type → the charge category of an export."""
_METRICS: Final = {None, "UnblendedCost", "AmortizedCost"}
_PEOPLE_S: Final = "user:"
"""What AWS writes before the key of a tag that people made."""


class UnansweredError(ValueError):
    """A filter that no export can answer; the message names it, such as `PurchaseType`."""


def conditions(budget: BudgetDefinition) -> tuple[Where, ...]:
    """Give what rows must be, in each way that an export may write it; raises UnansweredError."""
    if budget.view:
        raise UnansweredError("a billing view")
    if budget.metric not in _METRICS:
        raise UnansweredError(f"the metric {budget.metric}")
    types = budget.cost_types or CostTypes()
    if types.blended:
        raise UnansweredError("blended costs")
    untaxed = () if types.tax else (Condition(_CATEGORY, "Tax", negated=True),)
    found = [*untaxed, *_filters(budget.filters), *(_expression(budget.expression) if budget.expression else ())]
    spelt = tuple(_respelt(each) for each in found)
    return (tuple(found),) if spelt == tuple(found) else (tuple(found), spelt)


def is_amortized(budget: BudgetDefinition) -> bool:
    """Whether it counts what commitments cost over time, and not when they are paid."""
    return budget.metric == "AmortizedCost" or (budget.cost_types or CostTypes()).amortized


def _filters(filters: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[Condition]:
    for key, values in filters:
        if key == "TagKeyValue":
            yield from _tags(values)
        else:
            yield from (_condition(_column(key), value) for value in values)


def _column(key: str) -> str:
    if key not in _COLUMNS:
        raise UnansweredError(key)
    return _COLUMNS[key]


def _tags(values: Sequence[str]) -> Iterator[Condition]:
    """Read `user:team$search`; of several keys nobody says whether all or any must hold."""
    pairs = [value.partition("$")[::2] for value in values]
    if len({key for key, _ in pairs}) > 1:
        raise UnansweredError("tags of several keys")
    yield from (_condition(TAG + key, value) for key, value in pairs)


def _condition(column: str, value: str, *, negated: bool = False) -> Condition:
    try:
        check_column(column)
    except QuestionError:
        raise UnansweredError(f"the tag {column.removeprefix(TAG)!r}") from None
    return Condition(column, value or None, negated)


def _respelt(condition: Condition) -> Condition:
    """Give a condition on a tag with its key as FOCUS may write it, without AWS's prefix."""
    if not condition.column.startswith(TAG + _PEOPLE_S):
        return condition
    return Condition(TAG + condition.column.removeprefix(TAG + _PEOPLE_S), condition.value, condition.negated)


# -- the newer filters ------------------------------------------------------------------------------------------------


def _expression(document: Mapping[str, Any], *, negated: bool = False) -> Iterator[Condition]:
    """Read `And` of dimensions, tags and their `Not`: what the console writes."""
    for name, body in document.items():
        if name == "And" and not negated:
            for part in body:
                yield from _expression(part)
        elif name == "Not" and not negated:
            yield from _expression(body, negated=True)
        elif name in {"Dimensions", "Tags"}:
            yield from _leaf(name, body, negated=negated)
        else:
            raise UnansweredError(f"an expression with {name}")


def _leaf(name: str, body: Mapping[str, Any], *, negated: bool) -> Iterator[Condition]:
    options = set(body.get("MatchOptions") or ("EQUALS",))
    if not options <= {"EQUALS", "ABSENT"}:
        raise UnansweredError(f"an expression that matches by {', '.join(sorted(options))}")
    values = list(body.get("Values") or ()) if "ABSENT" not in options else [""]
    key = str(body.get("Key", ""))
    if name == "Tags":
        yield from (_condition(TAG + key, value, negated=negated) for value in values)
    elif key == "RECORD_TYPE":
        yield from (_condition(_CATEGORY, _record(value), negated=negated) for value in values)
    else:
        column = _column(_DIMENSIONS.get(key, key))
        yield from (_condition(column, value, negated=negated) for value in values)


def _record(value: str) -> str:
    if value not in _RECORDS:
        raise UnansweredError(f"the record type {value}")
    return _RECORDS[value]
