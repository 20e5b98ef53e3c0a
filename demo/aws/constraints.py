"""What botocore's model says a request must be, held against one, with refusals in AWS's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape, StructureShape

from demo.aws.errors import AwsError

JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
"""How a Java pattern writes all characters beyond the first 65,536."""

MOST_REPORTED = 10
"""AWS stops listing after this many faults of a request."""


def check(params: Mapping[str, Any], shape: StructureShape | None, *, code: str = "ValidationError") -> None:
    """Refuse `params` that break the model's constraints: required, length, range, enumeration, pattern."""
    if shape is None:
        return
    faults = list(_structure(params, shape, ""))
    if faults:
        errors = "error" if len(faults) == 1 else "errors"
        listed = "; ".join(faults[:MOST_REPORTED])
        raise AwsError(code, f"{len(faults)} validation {errors} detected: {listed}")


def _structure(value: Mapping[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        place = f"{path}.{_camel(name)}" if path else _camel(name)
        given = value.get(name)
        if given is not None:
            yield from _value(given, member, place)
        elif name in shape.required_members:
            yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"


def _value(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(value, shape, path)  # type: ignore[arg-type]
    elif shape.type_name == "list":
        yield from _length(value, shape, path)
        for number, item in enumerate(value, start=1):
            yield from _value(item, shape.member, f"{path}.{number}.member")  # type: ignore[attr-defined]
    elif shape.type_name == "string":
        yield from _length(value, shape, path)
        yield from _text(value, shape, path)
    elif shape.type_name in {"integer", "long"}:
        yield from _range(value, shape, path)


def _length(value: Any, shape: Shape, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _fault(value, path, f"have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _fault(value, path, f"have length less than or equal to {most}")


def _range(value: int, shape: Shape, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _fault(value, path, f"have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _fault(value, path, f"have value less than or equal to {most}")


def _text(value: str, shape: Shape, path: str) -> Iterator[str]:
    accepted = shape.metadata.get("enum")
    if accepted and value not in accepted:
        yield _fault(value, path, f"satisfy enum value set: [{', '.join(accepted)}]")
    pattern = shape.metadata.get("pattern")
    accepts = _compiled(pattern) if pattern else None
    if accepts and not accepts.fullmatch(value):
        yield _fault(value, path, f"satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Read a model's pattern, which is Java's; one with what Python does not know (`\\p{L}`) is not checked."""
    try:
        return re.compile(pattern.replace(JAVA_ASTRAL, "\U00010000-\U0010ffff"), re.DOTALL)
    except re.error:
        return None


def _fault(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
