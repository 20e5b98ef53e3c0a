"""What a query's values are: text, numbers, or nothing, and how they compare and are written."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any, Final

import orjson

Value = str | float | int | None
"""Nothing is what a line does not have."""

NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": math.pow,
}
PLACES: Final = 4
"""Digits behind the point in results."""


def value_of(given: Any) -> Value:
    """Give a JSON value as queries see it: truth is 1 or 0, what is nested is its own text."""
    if isinstance(given, bool):
        return int(given)
    if given is None or isinstance(given, str | int | float):
        return given
    return orjson.dumps(given).decode()


def number(value: Value) -> float | int | None:
    """Read a number, also from text; None where there is none."""
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            return None
        read = float(value)
        return int(read) if read.is_integer() and abs(read) < 2**53 else read
    return value


def text(value: Value) -> str | None:
    """Write a value as results have it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return None
    rounded = round(value, PLACES)
    return str(int(rounded)) if rounded.is_integer() else str(rounded)


def truth(value: Value) -> bool:
    return value not in {None, 0, "", "0", "false"}


def order(value: Value) -> tuple[int, float, str]:
    """Give a key that sorts numbers before text, and nothing last."""
    read = number(value)
    if read is not None:
        return 0, float(read), ""
    return (1, 0.0, value) if isinstance(value, str) else (2, 0.0, "")


def compared(left: Value, sign: str, right: Value) -> bool:
    """Compare as numbers where both are, else as text; with nothing no comparison holds."""
    if left is None or right is None:
        return False
    a, b = number(left), number(right)
    if a is None or b is None:
        return _holds(str(text(left)), sign, str(text(right)))
    return _holds(a, sign, b)


def _holds(a: Any, sign: str, b: Any) -> bool:
    outcomes = {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
    return bool(outcomes[sign])


def calculated(left: Value, sign: str, right: Value) -> Value:
    """Calculate; None where a side is no number, or there is no result."""
    a, b = number(left), number(right)
    if a is None or b is None:
        return None
    try:
        found = ARITHMETIC[sign](a, b)
    except (ArithmeticError, ValueError):
        return None
    return found if isinstance(found, int | float) else None
