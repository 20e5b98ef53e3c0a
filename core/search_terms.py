"""The search terms of SEARCH: which of the known metrics they mean.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-examples.html

A schema `{Namespace, Dimension…}` wants exactly these dimensions. A bare term is a partial match: its tokens stand next
to one another, whatever their case, in the namespace, the metric's name, or a dimension's name or value; tokens end at
everything that is no letter or digit and where a word begins inside a name (`NetworkPacketsIn`). A term in double
quotes is the whole of one of these. `MetricName=`, `Namespace=` and `SomeDimension=` say where to look. Terms side by
side are joined by AND; OR, NOT and parentheses as usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.math_functions import MAX_FOUND
from core.math_values import MathError
from core.series import MetricId
from core.syntax import explain, grammar

Condition = Callable[[MetricId], bool]

_TOKEN: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORDS: Final = {
    "DESIGNATOR": "a place to look such as MetricName=",
    "NAME": "a namespace or dimension name",
    "WORD": "a term",
    "QUOTED": 'a term in "quotes"',
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "EQUAL": "=",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "$END": "the end",
}


def select(text: str, metrics: Iterable[MetricId]) -> tuple[MetricId, ...]:
    """Give the metrics that the search `text` means, at most as many as one SEARCH returns, in their order.

    Raises MathError with the position within `text` and what was expected there.
    """
    wanted = parse_search(text)
    found = [metric for metric in metrics if wanted(metric)]
    return tuple(found[:MAX_FOUND])


def parse_search(text: str) -> Condition:
    """Read search terms into the question whether they mean a metric; raises MathError."""
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        position, sentence = explain(error, text, _WORDS)
        raise MathError(f"in the search, {sentence}", position=position) from None
    schema, terms = tree.children
    parts = [_schema(schema)] if isinstance(schema, Tree) else []
    if isinstance(terms, Tree):
        parts.append(_condition(terms, _anywhere))
    if not parts:
        raise MathError("a search needs a schema such as {AWS/EC2,InstanceId}, a term, or both")
    return lambda metric: all(part(metric) for part in parts)


@cache
def _grammar() -> Lark:
    return grammar(Path(__file__).with_name("search_terms.lark"))


def _schema(tree: Tree[Token]) -> Condition:
    namespace, *dimensions = (str(token).strip().strip('"') for token in tree.children)
    names = sorted(dimensions)
    return lambda metric: metric.namespace == namespace and sorted(name for name, _ in metric.dimensions) == names


Place = Callable[[MetricId], Iterable[str]]
"""Where a term is looked for: the texts of a metric."""


def _anywhere(metric: MetricId) -> list[str]:
    return [metric.namespace, metric.name, *(text for pair in metric.dimensions for text in pair)]


def _place(designator: str) -> Place:
    name = designator.strip().strip('"')
    if name == "MetricName":
        return lambda metric: [metric.name]
    if name == "Namespace":
        return lambda metric: [metric.namespace]
    return lambda metric: [value for dimension, value in metric.dimensions if dimension == name]


def _condition(tree: Tree[Token], place: Place) -> Condition:
    match str(tree.data):
        case "exact":
            whole = str(tree.children[0])[1:-1]
            return lambda metric: whole in place(metric)
        case "partial":
            tokens = _tokens(str(tree.children[0]))
            return lambda metric: any(_contains(_tokens(text), tokens) for text in place(metric))
        case "designated":
            return _condition(_tree(tree.children[1]), _place(str(tree.children[0])))
        case "inverse":
            inner = _condition(_tree(tree.children[0]), place)
            return lambda metric: not inner(metric)
    parts = [_condition(_tree(child), place) for child in tree.children]
    if tree.data == "both":
        return lambda metric: all(part(metric) for part in parts)
    return lambda metric: any(part(metric) for part in parts)


@lru_cache(maxsize=65_536)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(token.lower() for token in _TOKEN.findall(text))


def _contains(tokens: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the wanted tokens stand next to one another; written in lower case they may also be run together."""
    length = len(wanted)
    runs = any(tokens[place : place + length] == wanted for place in range(len(tokens) - length + 1))
    return runs or (length == 1 and wanted[0] == "".join(tokens))


def _tree(child: Tree[Token] | Token | None) -> Tree[Token]:
    if not isinstance(child, Tree):
        raise TypeError(f"{child!r} stands where the grammar has a rule")
    return child
