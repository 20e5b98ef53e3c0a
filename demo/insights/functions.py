"""The functions of queries that take values and give one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from demo.insights.record import stamp
from demo.insights.values import Value, number, order, text, truth


@dataclass(frozen=True, slots=True)
class Function:
    """How many values a function takes, and what it makes of them."""

    run: Callable[..., Value]
    least: int
    most: int


def _numeric(run: Callable[[float], float]) -> Function:
    def calculate(value: Value) -> Value:
        read = number(value)
        with suppress(ValueError, OverflowError):
            return None if read is None else run(read)
        return None

    return Function(calculate, 1, 1)


def _textual(run: Callable[[str], Value]) -> Function:
    def change(value: Value) -> Value:
        written = text(value)
        return None if written is None else run(written)

    return Function(change, 1, 1)


def _extreme(pick: Callable[..., Any]) -> Function:
    def choose(*values: Value) -> Value:
        there = [value for value in values if value is not None]
        return pick(there, key=order) if there else None

    return Function(choose, 1, 100)


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _concat(*values: Value) -> Value:
    return "".join(text(value) or "" for value in values)


def _trimmed(strip: Callable[..., str]) -> Function:
    def trim(value: Value, signs: Value = None) -> Value:
        written = text(value)
        return None if written is None else strip(written, text(signs))

    return Function(trim, 1, 2)


def _substr(value: Value, start: Value, length: Value = None) -> Value:
    written, begin, size = text(value), number(start), number(length)
    if written is None or begin is None:
        return None
    return written[int(begin) :] if size is None else written[int(begin) : int(begin) + int(size)]


def _replace(value: Value, old: Value, new: Value) -> Value:
    written, before, after = text(value), text(old), text(new)
    return None if written is None or before is None or after is None else written.replace(before, after)


def _contains(value: Value, part: Value) -> Value:
    written, searched = text(value), text(part)
    return 0 if written is None or searched is None else int(searched in written)


def _choose(condition: Value, then: Value, otherwise: Value = None) -> Value:
    return then if truth(condition) else otherwise


def _stamped(value: Value) -> Value:
    milliseconds = number(value)
    return None if milliseconds is None else stamp(milliseconds)


def _address(*versions: int) -> Callable[[str], Value]:
    def check(written: str) -> Value:
        with suppress(ValueError):
            return int(ipaddress.ip_address(written).version in versions)
        return 0

    return check


def _subnet(*versions: int) -> Function:
    def check(value: Value, subnet: Value) -> Value:
        with suppress(ValueError):
            network = ipaddress.ip_network(text(subnet) or "", strict=False)
            return int(network.version in versions and ipaddress.ip_address(text(value) or "") in network)
        return 0

    return Function(check, 2, 2)


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "sqrt": _numeric(math.sqrt),
    "log": _numeric(math.log),
    "greatest": _extreme(max),
    "least": _extreme(min),
    "ispresent": Function(lambda value: int(value is not None), 1, 1),
    "isempty": Function(lambda value: int(value in {None, ""}), 1, 1),
    "isblank": Function(lambda value: int(not (text(value) or "").strip()), 1, 1),
    "coalesce": Function(_coalesce, 1, 100),
    "concat": Function(_concat, 1, 100),
    "if": Function(_choose, 2, 3),
    "strlen": _textual(len),
    "toupper": _textual(str.upper),
    "tolower": _textual(str.lower),
    "trim": _trimmed(str.strip),
    "ltrim": _trimmed(str.lstrip),
    "rtrim": _trimmed(str.rstrip),
    "substr": Function(_substr, 2, 3),
    "replace": Function(_replace, 3, 3),
    "strcontains": Function(_contains, 2, 2),
    "frommillis": Function(_stamped, 1, 1),
    "isvalidip": _textual(_address(4, 6)),
    "isvalidipv4": _textual(_address(4)),
    "isvalidipv6": _textual(_address(6)),
    "isipinsubnet": _subnet(4, 6),
    "isipv4insubnet": _subnet(4),
    "isipv6insubnet": _subnet(6),
}
"""By lower-case name. What works on times is with the expressions, and what counts lines with the aggregations."""
