"""Expressions of a query, made into functions of a line.

A comparison with a field that a line does not have does not hold, whichever way it is asked; `not` turns what holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import re2
from lark import Token, Tree

from core.timespan import from_epoch
from demo.insights.aggregations import AGGREGATIONS, PERCENTILES, Aggregation, Percentile
from demo.insights.aggregations import NAMES as AGGREGATING
from demo.insights.errors import QueryError
from demo.insights.functions import FUNCTIONS
from demo.insights.record import Record, stamp
from demo.insights.values import Value, calculated, compared, number, text, truth

Node = Tree[Token] | Token
Evaluate = Callable[[Record], Value]
UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
"""Milliseconds; months, quarters and years go by the calendar."""
MONTHS: Final = {"mo": 1, "q": 3, "y": 12}
ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(slots=True)
class Scope:
    """What an expression may use where it stands."""

    query: str
    now_ms: int
    aggregations: list[tuple[Callable[[], Aggregation], Evaluate]] | None = None
    """Collects what is to be counted; None where nothing may be."""
    binned: list[str] = field(default_factory=list)

    def source(self, node: Node) -> str:
        """Give the text of an expression, which is the name of its column."""
        start, end = place_of(node)
        return self.query[start:end].strip().strip("`")


def place_of(node: Node) -> tuple[int, int]:
    """Give where in the query a part of it stands."""
    if isinstance(node, Token):
        return int(node.start_pos or 0), int(node.end_pos or 0)
    return int(getattr(node.meta, "start_pos", 0)), int(getattr(node.meta, "end_pos", 0))


def compiled(node: Node, scope: Scope) -> Evaluate:
    """Give the function of a line that an expression is."""
    if isinstance(node, Token):
        raise QueryError(f"unexpected symbol found {node}", *place_of(node))
    return _COMPILERS[node.data](node, scope)


def name_of(node: Tree[Token]) -> str:
    """Give a field's name, without the backticks around all of it."""
    written = str(node.children[0])
    return written[1:-1] if written.startswith("`") and written.count("`") == 2 and written.endswith("`") else written


def unquoted(token: Token) -> str:
    """Give what stands in a quoted text."""
    out, inner, place = [], str(token)[1:-1], 0
    while place < len(inner):
        sign = inner[place]
        if sign == "\\" and place + 1 < len(inner):
            place += 1
            sign = ESCAPES.get(inner[place], inner[place])
        out.append(sign)
        place += 1
    return "".join(out)


def regex(token: Token, *, written: str | None = None) -> Any:
    """Compile a regular expression between slashes; it runs in linear time."""
    options = re2.Options()
    options.log_errors = False
    source = written if written is not None else str(token)[1:-1].replace("\\/", "/")
    try:
        return re2.compile(source.replace("(?<", "(?P<") if "(?<" in source else source, options)
    except re2.error as error:
        raise QueryError(f"Invalid regular expression: {token}", *place_of(token)) from error


# --- parts ---------------------------------------------------------------------------------------------------------


def _number(node: Tree[Token], _: Scope) -> Evaluate:
    value = number(str(node.children[0]))
    return lambda _: value


def _string(node: Tree[Token], _: Scope) -> Evaluate:
    value = unquoted(token_of(node.children[0]))
    return lambda _: value


def _name(node: Tree[Token], _: Scope) -> Evaluate:
    name = name_of(node)
    return lambda record: record.get(name)


def _either(node: Tree[Token], scope: Scope) -> Evaluate:
    sides = [compiled(child, scope) for child in node.children]
    return lambda record: int(any(truth(side(record)) for side in sides))


def _both(node: Tree[Token], scope: Scope) -> Evaluate:
    sides = [compiled(child, scope) for child in node.children]
    return lambda record: int(all(truth(side(record)) for side in sides))


def _inverse(node: Tree[Token], scope: Scope) -> Evaluate:
    inner = compiled(node.children[0], scope)
    return lambda record: int(not truth(inner(record)))


def _compare(node: Tree[Token], scope: Scope) -> Evaluate:
    left, sign, right = node.children
    a, b, how = compiled(left, scope), compiled(right, scope), str(sign)
    return lambda record: int(compared(a(record), how, b(record)))


def _like(node: Tree[Token], scope: Scope) -> Evaluate:
    value, wanted = compiled(node.children[0], scope), token_of(node.children[1])
    if wanted.type == "STRING":
        part = unquoted(wanted)
        return lambda record: int(part in (text(value(record)) or "")) if value(record) is not None else 0
    search = regex(wanted).search

    def matches(record: Record) -> Value:
        written = text(value(record))
        return 0 if written is None else int(search(_encodable(written)) is not None)

    return matches


def _not_like(node: Tree[Token], scope: Scope) -> Evaluate:
    value, like = compiled(node.children[0], scope), _like(node, scope)
    return lambda record: int(value(record) is not None and not like(record))


def _within(node: Tree[Token], scope: Scope) -> Evaluate:
    value, wanted = compiled(node.children[0], scope), [_literal(child) for child in tree_of(node.children[1]).children]

    def found(record: Record) -> Value:
        given = value(record)
        return int(any(compared(given, "=", each) for each in wanted))

    return found


def _not_within(node: Tree[Token], scope: Scope) -> Evaluate:
    value, within = compiled(node.children[0], scope), _within(node, scope)
    return lambda record: int(value(record) is not None and not within(record))


def _arithmetic(node: Tree[Token], scope: Scope) -> Evaluate:
    left, sign, right = node.children
    a, b, how = compiled(left, scope), compiled(right, scope), str(sign)
    return lambda record: calculated(a(record), how, b(record))


def _negative(node: Tree[Token], scope: Scope) -> Evaluate:
    inner = compiled(node.children[-1], scope)
    return lambda record: calculated(0, "-", inner(record))


def _call(node: Tree[Token], scope: Scope) -> Evaluate:
    given: list[Node | None] = list(node.children[1:])
    called, arguments = token_of(node.children[0]), [child for child in given if child is not None]
    name = called.lower()
    if name in AGGREGATING:
        return _aggregated(called, arguments, scope)
    if name in {"bin", "datefloor", "dateceil"}:
        return _floored(called, arguments, scope)
    if name == "tomillis" and len(arguments) == 1:
        return compiled(arguments[0], scope)  # times are milliseconds until they are written
    if name == "now" and not arguments:
        return lambda _: scope.now_ms // 1000
    function = FUNCTIONS.get(name)
    if function is None:
        raise QueryError(f"unexpected symbol found {called}", *place_of(called))
    if not function.least <= len(arguments) <= function.most:
        raise QueryError(f"Invalid number of arguments for function {called}: {len(arguments)}", *place_of(called))
    inner, run = [compiled(argument, scope) for argument in arguments], function.run
    return lambda record: run(*(each(record) for each in inner))


def _call_all(node: Tree[Token], scope: Scope) -> Evaluate:
    called = token_of(node.children[0])
    if called.lower() != "count":
        raise QueryError("unexpected symbol found *", *place_of(node.children[1]))
    return _slot(called, AGGREGATIONS["count"], lambda _: 1, scope)


def _aggregated(called: Token, arguments: Sequence[Node], scope: Scope) -> Evaluate:
    name = called.lower()
    if name in PERCENTILES:
        percent = number(str(tree_of(arguments[1]).children[0])) if len(arguments) == 2 else None
        if percent is None or not 0 <= percent <= 100:
            raise QueryError(
                f"Invalid arguments for function {called}: give a field and a percentage", *place_of(called)
            )
        share = float(percent)
        return _slot(called, lambda: Percentile(share), compiled(arguments[0], scope), scope)
    if not arguments and name == "count":
        return _slot(called, AGGREGATIONS[name], lambda _: 1, scope)
    if len(arguments) != 1:
        raise QueryError(f"Invalid number of arguments for function {called}: {len(arguments)}", *place_of(called))
    inner = compiled(arguments[0], Scope(scope.query, scope.now_ms))
    return _slot(called, AGGREGATIONS[name], inner, scope)


def _slot(called: Token, make: Callable[[], Aggregation], value: Evaluate, scope: Scope) -> Evaluate:
    """Count in a slot of the group, and read from it when the group's row is made."""
    if scope.aggregations is None:
        raise QueryError(f"unexpected symbol found {called}", *place_of(called))
    number_of_slot = len(scope.aggregations)
    scope.aggregations.append((make, value))
    return lambda record: record.slots[number_of_slot]


def _floored(called: Token, arguments: Sequence[Node], scope: Scope) -> Evaluate:
    """Round a time to a period; bin rounds the line's own."""
    given, period = list(arguments[:-1]), arguments[-1] if arguments else None
    if not isinstance(period, Token) or period.type != "DURATION" or len(given) != (called.lower() != "bin"):
        raise QueryError(f"Invalid arguments for function {called}: give a period such as 5m", *place_of(called))
    value = compiled(given[0], scope) if given else (lambda record: record.get("@timestamp"))
    size, unit = int("".join(filter(str.isdigit, period))), "".join(filter(str.isalpha, period))
    if size < 1:
        raise QueryError(f"Invalid period {period}", *place_of(period))
    up = called.lower() == "dateceil"

    def rounded(record: Record) -> Value:
        ms = number(value(record))
        if ms is None:
            return None
        low = floor_of(int(ms), size, unit)
        return stamp(floor_of(low + _longest(size, unit), size, unit) if up and low < ms else low)

    return rounded


def floor_of(ms: int, size: int, unit: str) -> int:
    """Give the start of the period that an instant lies in, in milliseconds."""
    if unit in UNITS:
        length = size * UNITS[unit]
        return ms // length * length
    at = from_epoch(ms / 1000)
    months = (at.year * 12 + at.month - 1) // (size * MONTHS[unit]) * size * MONTHS[unit]
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=at.tzinfo).timestamp() * 1000)


def _longest(size: int, unit: str) -> int:
    return size * UNITS[unit] if unit in UNITS else size * MONTHS[unit] * 31 * UNITS["d"]


def _literal(node: Node) -> Value:
    tokens = [str(token) for token in tree_of(node).children]
    last = token_of(tree_of(node).children[-1])
    return unquoted(last) if last.type == "STRING" else number("".join(tokens))


def tree_of(node: Node) -> Tree[Token]:
    if isinstance(node, Token):
        raise QueryError(f"unexpected symbol found {node}", *place_of(node))
    return node


def token_of(node: Node) -> Token:
    if not isinstance(node, Token):
        raise QueryError("unexpected symbol found", *place_of(node))
    return node


def _encodable(written: str) -> str:
    return written if written.isascii() else written.encode("utf-8", "replace").decode()


_COMPILERS: Final[dict[str, Callable[[Tree[Token], Scope], Evaluate]]] = {
    "number": _number,
    "string": _string,
    "name": _name,
    "either": _either,
    "both": _both,
    "inverse": _inverse,
    "compare": _compare,
    "like": _like,
    "not_like": _not_like,
    "within": _within,
    "not_within": _not_within,
    "arithmetic": _arithmetic,
    "negative": _negative,
    "call": _call,
    "call_all": _call_all,
}
