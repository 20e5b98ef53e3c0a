"""`Fn::ForEach` in a template's Resources, written out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from alarms.as_code.sources import Table
from alarms.as_code.values import Open, text_of

PREFIX: Final = "Fn::ForEach::"
MAX_RESOURCES: Final = 500
"""Resources that loops may make; CloudFormation takes 500 in one template.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


class LoopError(ValueError):
    """A loop that the file alone does not write out."""


def written_out(loop: Any, resolve: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    """Give the resources of one loop, loops within it included; raises LoopError."""
    rounds = iter(range(MAX_RESOURCES))
    yield from _rounds(loop, resolve, rounds)


def _rounds(loop: Any, resolve: Callable[[Any], Any], rounds: Iterator[int]) -> Iterator[tuple[str, Any]]:
    if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[2], dict):
        raise LoopError("Fn::ForEach takes a name, a list and an object")
    name, body = text_of(loop[0]), loop[2]
    entries = resolve(loop[1])
    opened = [part for part in (entries if isinstance(entries, list) else [entries]) if isinstance(part, Open)]
    if opened:
        raise LoopError(f"Fn::ForEach goes over {opened[0]}: {opened[0].why}")
    for entry in entries if isinstance(entries, list) else [entries]:
        for key, resource in _with(body, name, text_of(entry)).items():
            if next(rounds, None) is None:
                raise LoopError(f"Fn::ForEach makes more than {MAX_RESOURCES} resources")
            if key.startswith(PREFIX):
                yield from _rounds(resource, resolve, rounds)
            else:
                yield key, resource


def _with(value: Any, name: str, entry: str) -> Any:
    """Put an entry in for the loop's name: `${Name}`, `&{Name}` (letters and digits only) and `Ref: Name`."""
    if isinstance(value, str):
        return value.replace(f"${{{name}}}", entry).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", entry))
    if isinstance(value, list):
        return [_with(part, name, entry) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and value.get("Ref") == name:
        return entry
    members: Mapping[str, Any] = {_with(key, name, entry): _with(part, name, entry) for key, part in value.items()}
    if not isinstance(value, Table):
        return dict(members)
    return Table(members, line=value.line, lines={_with(key, name, entry): at for key, at in value.lines.items()})
