"""Values written in Terraform's own language.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md: texts know `\\n \\r \\t \\" \\\\ \\uNNNN \\UNNNNNNNN`;
`${` and `%{` begin a template, and doubled, `$${` and `%%{`, they stand for themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_TEMPLATE: Final = re.compile(r"([$%])(?=\{)")


@dataclass(frozen=True, slots=True)
class Nested:
    """Blocks of one kind within a block, in order."""

    bodies: tuple[Mapping[str, Any], ...]


def text(value: str, *, template: bool = True) -> str:
    """Give a quoted text that means `value` and nothing else; without `template` it is one of Python's too."""
    escaped = _TEMPLATE.sub(r"\1\1", value) if template else value
    return '"' + "".join(map(_written, escaped)) + '"'


def block(kind: str, labels: Sequence[str], members: Mapping[str, Any]) -> str:
    """Give a block; members that are `Nested` become blocks within it, everything else an attribute."""
    head = " ".join((kind, *map(text, labels)))
    return "\n".join((f"{head} {{", *_indented(_body(members)), "}", ""))


def _body(members: Mapping[str, Any]) -> Iterator[str]:
    plain = {name: value for name, value in members.items() if not isinstance(value, Nested)}
    width = max(map(len, plain), default=0)
    for name, value in plain.items():
        first, *rest = _value(value).split("\n")
        yield f"{name:<{width}} = {first}"
        yield from rest
    for name, value in members.items():
        for body in value.bodies if isinstance(value, Nested) else ():
            yield from ("", f"{name} {{", *_indented(_body(body)), "}")


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return "\n".join(("{", *(f"  {text(name)} = {_value(member)}" for name, member in value.items()), "}"))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def _written(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isascii() and character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
