"""What names, operators and functions mean in Terraform's language.

Functions: those of https://developer.hashicorp.com/terraform/language/functions that alarms are written with.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from alarms.as_code.values import Open, joined, text_of, unknown

MAX_ENTRIES: Final = 2_000
"""Entries of a list that a function makes."""
MAX_STEPS: Final = 300_000
"""Steps that the expressions of one module may take together; loops within loops end here."""


class HclError(ValueError):
    """An expression that Terraform would not take."""


class Budget:
    """Counts the steps of a module's expressions."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def spend(self) -> None:
        """Take one step; raises HclError when there is none left."""
        self._left -= 1
        if self._left < 0:
            raise HclError(f"the expressions take more than {MAX_STEPS:,} steps")


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in an expression mean."""

    resolve: Callable[[tuple[str, ...], str], Any]
    """Asked for `("var", "x")` and the like, with the expression's text; gives an Open where nobody knows."""
    loops: Mapping[str, Any] = field(default_factory=dict)
    """Names bound here: `each`, `count`, and the names of `for` expressions and dynamic blocks."""
    budget: Budget = field(default_factory=Budget)

    def look_up(self, path: tuple[str, ...], text: str) -> Any:
        """Give the value of a path of names."""
        if path[0] not in self.loops:
            return self.resolve(path, text)
        value = self.loops[path[0]]
        for name in path[1:]:
            if isinstance(value, Open):
                return unknown(text, value.why)
            value = index(value, name, text)
        return value

    def with_loop(self, bound: Mapping[str, Any]) -> Names:
        """Give these names with more of them bound."""
        return replace(self, loops={**self.loops, **bound})


def index(owner: Any, key: Any, text: str) -> Any:
    """Give an entry of a list or an object."""
    if isinstance(owner, dict) and text_of(key) in owner:
        return owner[text_of(key)]
    if isinstance(owner, list) and re.fullmatch(r"\d+", text_of(key)) and int(text_of(key)) < len(owner):
        return owner[int(text_of(key))]
    raise HclError(f"{text} has no entry {text_of(key)!r}")


def same(left: Any, right: Any) -> bool:
    """Compare as `==` does: values of different types are not equal, true is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def number(value: Any) -> int | float:
    """Give the number that a value is or reads as."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise HclError(f"{text_of(value)!r} is no number")
    if not isinstance(value, str):
        return value
    try:
        read = float(value)
    except ValueError:
        raise HclError(f"{value!r} is no number") from None
    return int(read) if read.is_integer() and abs(read) < 1e15 else read


_SIGNS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    """Give `left sign right`; a whole result is a whole number, as Terraform has one kind of number only."""
    first, second = number(left), number(right)
    try:
        result = _SIGNS[sign](first, second)
        if isinstance(result, float) and result.is_integer():
            return int(result)
    except (ArithmeticError, ValueError):
        raise HclError(f"{text_of(left)} {sign} {text_of(right)} has no value") from None
    if abs(result) > 1e300:
        raise HclError(f"{sign} gives a number too large")
    return result


def _contains(values: Any, wanted: Any) -> bool:
    return any(same(value, wanted) for value in _list(values))


def _lookup(table: Any, key: Any, *default: Any) -> Any:
    if isinstance(table, dict) and text_of(key) in table:
        return table[text_of(key)]
    if not default:
        raise HclError(f"lookup finds no {text_of(key)!r}")
    return default[0]


def _merge(*parts: Any) -> Any:
    merged: dict[str, Any] = {}
    for part in parts:
        if part is not None and not isinstance(part, dict):
            raise HclError("merge takes objects")
        merged |= part or {}
    return merged


def _concat(*parts: Any) -> list[Any]:
    return _bounded([entry for part in parts for entry in _list(part)])


def _flatten(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in _list(values):
        flat = _bounded(flat + (_flatten(value) if isinstance(value, list) else [value]))
    return flat


def _bounded(values: list[Any]) -> list[Any]:
    if len(values) > MAX_ENTRIES:
        raise HclError(f"a list grows longer than {MAX_ENTRIES:,} entries")
    return values


def _list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if not isinstance(value, list):
        raise HclError(f"{text_of(value)[:60]!r} is no list")
    return value


def _set(value: Any) -> list[Any]:
    made: list[Any] = []
    for entry in _list(value):
        if not _contains(made, entry):
            made.append(entry)
    return sorted(made, key=text_of)


def _distinct(value: Any) -> list[Any]:
    made: list[Any] = []
    for entry in _list(value):
        if not _contains(made, entry):
            made.append(entry)
    return made


_VERB: Final = re.compile(r"%(?:(%)|(-?\d*)(?:\.(\d+))?([sdvqf]))")


def _format(pattern: Any, *values: Any) -> Any:
    """`format` with the verbs s, d, v, q and f, widths up to 3 digits."""
    left = list(values)
    parts: list[Any] = []
    end = 0
    for match in _VERB.finditer(text_of(pattern)):
        parts.append(text_of(pattern)[end : match.start()])
        end = match.end()
        if match[1]:
            parts.append("%")
        elif not left:
            raise HclError("format has more verbs than values")
        else:
            parts.append(_formatted(match, left.pop(0)))
    return joined([*parts, text_of(pattern)[end:]])


def _formatted(match: re.Match[str], value: Any) -> Any:
    _, width, places, verb = match.groups()
    if verb == "f":
        return f"{number(value):.{min(int(places or 6), 20)}f}"
    text = f'"{text_of(value)}"' if verb == "q" else text_of(value)
    wide = min(abs(int(width or 0)), 999) if width not in {"", "-"} else 0
    fill = "0" if width.startswith("0") else " "
    return text.ljust(wide) if width.startswith("-") else text.rjust(wide, fill)


def _replace(text: Any, old: Any, new: Any) -> Any:
    if text_of(old).startswith("/") and text_of(old).endswith("/") and len(text_of(old)) > 1:
        raise HclError("replace with a pattern is not followed here")
    return joined([text_of(text).replace(text_of(old), text_of(new))])


def _substring(text: Any, start: Any, length: Any) -> str:
    begin, count = int(number(start)), int(number(length))
    return text_of(text)[begin:] if count < 0 else text_of(text)[begin : begin + count]


def _element(values: Any, place: Any) -> Any:
    entries = _list(values)
    if not entries:
        raise HclError("element finds nothing in an empty list")
    return entries[int(number(place)) % len(entries)]


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise HclError(f"{text_of(value)!r} has no length")
    return len(value)


def _coalesce(*values: Any) -> Any:
    for value in values:
        if value not in (None, ""):
            return value
    raise HclError("coalesce finds no value")


def _range(*bounds: Any) -> list[Any]:
    numbers = [int(number(bound)) for bound in bounds]
    try:
        steps = range(*numbers)
    except (TypeError, ValueError):
        raise HclError("range takes one to three numbers") from None
    return _bounded(list(steps[: MAX_ENTRIES + 1]))


def _json(value: Any) -> Any:
    return joined([json.dumps(value, separators=(",", ":"))])


def _tobool(value: Any) -> Any:
    if value in ("true", "false") or isinstance(value, bool):
        return value in ("true", True)
    raise HclError(f"{text_of(value)!r} is neither true nor false")


def _keys(table: Any) -> list[str]:
    return sorted(_merge(table))


def _values(table: Any) -> list[Any]:
    entries = _merge(table)
    return [entries[key] for key in sorted(entries)]


def _zipmap(keys: Any, values: Any) -> dict[str, Any]:
    return {text_of(key): value for key, value in zip(_list(keys), _list(values), strict=False)}


def _title(text: Any) -> str:
    return re.sub(r"(^|\s)(\S)", lambda found: found[1] + found[2].upper(), text_of(text))


_ANSWERS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": lambda value: abs(number(value)),
    "ceil": lambda value: math.ceil(number(value)),
    "coalesce": _coalesce,
    "compact": lambda values: [value for value in _list(values) if value not in (None, "")],
    "concat": _concat,
    "contains": _contains,
    "distinct": _distinct,
    "element": _element,
    "endswith": lambda text, end: text_of(text).endswith(text_of(end)),
    "flatten": _flatten,
    "floor": lambda value: math.floor(number(value)),
    "format": _format,
    "join": lambda between, values: joined(_list(values), between=text_of(between)),
    "jsonencode": _json,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "lower": lambda text: text_of(text).lower(),
    "max": lambda *values: max(number(value) for value in values),
    "merge": _merge,
    "min": lambda *values: min(number(value) for value in values),
    "one": lambda values: (_list(values) or [None])[0],
    "range": _range,
    "replace": _replace,
    "reverse": lambda values: _list(values)[::-1],
    "setunion": lambda *values: _set(_concat(*values)),
    "sort": lambda values: sorted(_list(values), key=text_of),
    "split": lambda between, text: text_of(text).split(text_of(between)) if between else list(text_of(text)),
    "startswith": lambda text, start: text_of(text).startswith(text_of(start)),
    "substr": _substring,
    "title": _title,
    "tobool": _tobool,
    "tolist": _list,
    "tomap": _merge,
    "tonumber": number,
    "toset": _set,
    "tostring": text_of,
    "trimprefix": lambda text, part: text_of(text).removeprefix(text_of(part)),
    "trimspace": lambda text: text_of(text).strip(),
    "trimsuffix": lambda text, part: text_of(text).removesuffix(text_of(part)),
    "upper": lambda text: text_of(text).upper(),
    "values": _values,
    "zipmap": _zipmap,
}


def _checked(name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    """A function that says so when it is given what it does not take."""

    def call(*values: Any) -> Any:
        try:
            result = answer(*values)
        except (TypeError, OverflowError):
            raise HclError(f"{name} is given what it does not take") from None
        opened = next((value for value in values if isinstance(value, Open)), None)
        return Open(result, opened.why) if opened is not None and type(result) is str and "${" in result else result

    return call


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {name: _checked(name, answer) for name, answer in _ANSWERS.items()}
"""Terraform's functions that are followed here, by name."""
