"""SEARCH: which metrics a search text finds.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.metric_math import MathError
from core.series import MetricId

MOST_FOUND: Final = 500
"""Series that one search gives.
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_cloudwatch.SearchExpression.html"""

PIECE: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""What a name is made of when it is searched: words in any case, and numbers."""

Condition = Callable[[MetricId], bool]


def found(text: str, metrics: Iterable[MetricId]) -> list[MetricId]:
    """Give the metrics that `text` finds, sorted; raises MathError where it cannot be read."""
    condition = _condition_of(text)
    return sorted(metric for metric in metrics if condition(metric))[:MOST_FOUND]


def _condition_of(text: str) -> Condition:
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        place = text[_place(error) :] or "its end"
        raise MathError(f"the search {text!r} cannot be read from {place!r} on") from None
    parts = [_condition(_tree(part)) for part in tree.children]
    if not parts:
        raise MathError("a search needs a schema such as {AWS/EC2,InstanceId}, or a term")
    return lambda metric: all(part(metric) for part in parts)


def _place(error: UnexpectedInput) -> int:
    place: int | None = getattr(error, "pos_in_stream", None)
    return max(place or 0, 0)


@cache
def _grammar() -> Lark:
    return Lark(Path(__file__).with_name("metric_search.lark").read_text(encoding="utf-8"), parser="lalr")


def _condition(tree: Tree[Token]) -> Condition:
    match str(tree.data):
        case "schema":
            return _schema([_text(token) for token in tree.children])
        case "term":
            return _term(str(tree.children[0]), _everything)
        case "keyed":
            return _keyed(tree)
        case "inverse":
            inner = _condition(_tree(tree.children[0]))
            return lambda metric: not inner(metric)
    parts = [_condition(_tree(child)) for child in tree.children]
    if tree.data == "both":
        return lambda metric: all(part(metric) for part in parts)
    return lambda metric: any(part(metric) for part in parts)


def _schema(names: Sequence[str]) -> Condition:
    """The namespace, and the exact names of the dimensions; a namespace alone finds any dimensions."""
    namespace, dimensions = names[0], sorted(names[1:])

    def holds(metric: MetricId) -> bool:
        has = sorted(name for name, _ in metric.dimensions)
        return metric.namespace == namespace and (not dimensions or has == dimensions)

    return holds


def _keyed(tree: Tree[Token]) -> Condition:
    key, operand = str(tree.children[0]), _tree(tree.children[1])
    terms = [operand] if operand.data == "term" else [_tree(child) for child in operand.children]
    conditions = [_term(str(term.children[0]), lambda metric: _values_of(metric, key)) for term in terms]
    return lambda metric: any(condition(metric) for condition in conditions)


def _term(text: str, fields: Callable[[MetricId], Iterable[str]]) -> Condition:
    """A term in quotes is a whole value; another is found where its words stand in a row."""
    if text.startswith('"'):
        exact = text.strip('"')
        return lambda metric: exact in fields(metric)
    wanted = _pieces(text)
    return lambda metric: any(_within(wanted, _pieces(field)) for field in fields(metric))


def _everything(metric: MetricId) -> list[str]:
    return [metric.namespace, metric.name, *(part for pair in metric.dimensions for part in pair)]


def _values_of(metric: MetricId, key: str) -> list[str]:
    fields = {**metric.dimension_map, "Namespace": metric.namespace, "MetricName": metric.name}
    return [fields[key]] if key in fields else []


def _pieces(text: str) -> list[str]:
    return [piece.lower() for piece in PIECE.findall(text)]


def _within(wanted: Sequence[str], pieces: Sequence[str]) -> bool:
    size = len(wanted)
    return bool(size) and any(list(pieces[at : at + size]) == list(wanted) for at in range(len(pieces) - size + 1))


def _text(token: Token | Tree[Token]) -> str:
    return str(token).strip('"')


def _tree(child: Tree[Token] | Token) -> Tree[Token]:
    if not isinstance(child, Tree):
        raise TypeError(f"{child!r} stands where the grammar has a rule")
    return child
