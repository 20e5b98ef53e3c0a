"""Values that a file leaves open, and how the rest takes the types that AWS wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from botocore.model import ListShape, Shape, StructureShape

MAX_TEXT: Final = 20_000
"""Characters of one text after its references are filled in; AWS takes no member of an alarm that is longer."""


class Open(str):  # noqa: SLOT000 - a subclass of str cannot have slots with content
    """A text of which a part is not known from the file: `${name}` stands in its place."""

    why: str
    """What would have to be known, as a sentence's end: "parameter Topic has no default"."""

    def __new__(cls, text: str, why: str) -> Self:
        made = super().__new__(cls, text)
        made.why = why
        return made


def unknown(name: str, why: str) -> Open:
    """Give the placeholder of something that only `name` says."""
    return Open(f"${{{name}}}", why)


def joined(parts: list[Any], *, between: str = "") -> str:
    """Put texts together; what is open in one of them is open in the whole. Raises ValueError past MAX_TEXT."""
    reasons = [part.why for part in parts if isinstance(part, Open)]
    text = between.join(text_of(part) for part in parts)
    if len(text) > MAX_TEXT:
        raise ValueError(f"a text grows longer than {MAX_TEXT:,} characters as its references are filled in")
    return Open(text, "; ".join(dict.fromkeys("; ".join(reasons).split("; ")))) if reasons else text


def text_of(value: Any) -> str:
    """Write a value as CloudFormation and Terraform write it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


CLOSED: Final = frozenset(
    {"TreatMissingData", "EvaluateLowSampleCountPercentile", "ExtendedStatistic", "Stat", "Id", "Expression"}
)
"""Text members of which nothing can be said while a part of them is open; enumerations are closed too."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Request parameters with AWS's types, and what stood in the way."""

    value: Any
    open: Mapping[str, Open]
    """What nothing can be said of, by field; left out of `value`."""
    placeholders: tuple[str, ...]
    """One sentence for each text that is still open, by field."""


def settle(params: Any, shape: Shape) -> Settled:
    """Give `params` the types of a botocore shape: "60" is 60 where a number belongs.

    What is open may stay so in a name, a dimension or an action; nothing can be said of an open number or enumeration.
    """
    found = _Settling()
    return Settled(found.value(params, shape, ""), found.open, tuple(found.placeholders))


class _Settling:
    def __init__(self) -> None:
        self.placeholders: list[str] = []
        self.open: dict[str, Open] = {}

    def value(self, value: Any, shape: Shape, path: str) -> Any:
        settle = _BY_TYPE.get(shape.type_name)
        return value if settle is None or value is None else settle(self, value, shape, path)

    def structure(self, value: Any, shape: StructureShape, path: str) -> Any:
        if not isinstance(value, Mapping):
            return self._refused(value, path)
        members = shape.members
        return {
            name: self.value(member, members[name], f"{path}.{name}" if path else name) if name in members else member
            for name, member in value.items()
            if member is not None
        }

    def list(self, value: Any, shape: ListShape, path: str) -> Any:
        if isinstance(value, str) and not isinstance(value, Open) and shape.member.type_name == "string":
            value = [value]  # CloudFormation takes one entry for a list of one
        if isinstance(value, Open) and path.endswith("Actions"):
            value = [value]
        if not isinstance(value, list):
            return self._refused(value, path)
        return [self.value(entry, shape.member, f"{path}[{place}]") for place, entry in enumerate(value)]

    def text(self, value: Any, shape: Shape, path: str) -> Any:
        if isinstance(value, Open):
            if shape.metadata.get("enum") or path.rsplit(".", 1)[-1] in CLOSED:
                return self._refused(value, path)
            self.placeholders.append(f"{path} is {value}: {value.why}")
            is_action = path.split("[", maxsplit=1)[0].endswith("Actions")
            return f"arn:{value}" if is_action and not value.startswith("arn:") else str(value)
        return value if isinstance(value, list | dict) else text_of(value)

    def number(self, value: Any, shape: Shape, path: str) -> Any:
        if isinstance(value, Open):
            return self._refused(value, path)
        whole = shape.type_name in {"integer", "long"}
        try:
            number = float(value) if isinstance(value, str) else value
        except ValueError:
            return value
        if isinstance(number, float) and math.isfinite(number) and (whole and number.is_integer()):
            return int(number)
        return number

    def boolean(self, value: Any, _shape: Shape, path: str) -> Any:
        if isinstance(value, Open):
            return self._refused(value, path)
        return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value

    def _refused(self, value: Any, path: str) -> Any:
        if isinstance(value, Open):
            self.open[path] = value
            return None
        return value


_BY_TYPE: Final[Mapping[str, Callable[[_Settling, Any, Any, str], Any]]] = {
    "structure": _Settling.structure,
    "list": _Settling.list,
    "string": _Settling.text,
    "integer": _Settling.number,
    "long": _Settling.number,
    "double": _Settling.number,
    "float": _Settling.number,
    "boolean": _Settling.boolean,
}
