"""AWS's own word on what a request may hold: values checked against botocore's service models.

botocore itself checks types, required members and minima only, when a call is made; a form wants every error beside
its field, lengths, enumerations and patterns included.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

Problem = tuple[str, str]
"""(field path such as `Metrics[0].MetricStat.Period`, one sentence that says what is accepted)"""

MAX_INTEGER: Final = 2**31 - 1
"""AWS's integers have 32 bits. https://smithy.io/2.0/spec/simple-types.html#integer"""


def problems(value: Any, shape: Shape, path: str = "") -> Iterator[Problem]:
    """Find what in `value` the model does not accept. Absent members are judged by `required` only."""
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(value, shape, path)


def _structure(value: Any, shape: StructureShape, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield path, f"give an object with {', '.join(shape.members)}"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _below(path, name), f"{name} is required"
    for name, member in value.items():
        if name not in shape.members:
            yield _below(path, name), f"{name} is not known here; known are {', '.join(shape.members)}"
        elif member is not None:
            yield from problems(member, shape.members[name], _below(path, name))
    given = [name for name in value if name in shape.members and value[name] is not None]
    if shape.is_tagged_union and len(given) != 1:
        yield path, f"give exactly one of {' or '.join(shape.members)}"


def _list(value: Any, shape: ListShape, path: str) -> Iterator[Problem]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        yield path, "give a list"
        return
    yield from _length(len(value), "entries", shape, path)
    for place, member in enumerate(value):
        yield from problems(member, shape.member, f"{path}[{place}]")


def _map(value: Any, shape: MapShape, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield path, "give names with their values"
        return
    for name, member in value.items():
        yield from problems(member, shape.value, _below(path, str(name)))


def _timestamp(value: Any, _shape: Shape, path: str) -> Iterator[Problem]:
    if not isinstance(value, date):
        yield path, f"{value!r} is not a date"


def _string(value: Any, shape: Shape, path: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield path, f"{value!r} is not text"
        return
    accepted = shape.metadata.get("enum")
    if accepted and value not in accepted:
        yield path, f"{value!r} is not accepted; use {', '.join(accepted)}"
        return
    yield from _length(len(value), "characters", shape, path)
    pattern = shape.metadata.get("pattern")
    accepts = _compiled(pattern) if pattern else None
    if accepts and not accepts.match(value):
        yield path, f"{value!r} does not fit AWS's pattern {pattern}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Read a model's pattern, which is Java's; one that Python cannot read is not checked."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _integer(value: Any, shape: Shape, path: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield path, f"{value!r} is not a whole number"
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield path, f"{value} is outside {_bounds(low, high)}"
    elif not -MAX_INTEGER <= value <= MAX_INTEGER:
        yield path, f"{value} is outside {-MAX_INTEGER} to {MAX_INTEGER}"


def _double(value: Any, shape: Shape, path: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield path, f"{value!r} is not a finite number"
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield path, f"{value:g} is outside {_bounds(low, high)}"


def _boolean(value: Any, _shape: Shape, path: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield path, f"{value!r} is neither true nor false"


def _length(length: int, what: str, shape: Shape, path: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and length < low) or (high is not None and length > high):
        yield path, f"{length} {what} given; {_bounds(low, high)} are accepted"


def _bounds(low: int | None, high: int | None) -> str:
    if high is None:
        return f"{low} and more"
    return f"{low or 0} to {high}"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_CHECKS: Final[Mapping[str, Callable[[Any, Any, str], Iterator[Problem]]]] = {
    "structure": _structure,
    "list": _list,
    "string": _string,
    "integer": _integer,
    "double": _double,
    "boolean": _boolean,
    "map": _map,
    "timestamp": _timestamp,
}
