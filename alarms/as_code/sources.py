"""Files that somebody else wrote: read within limits, with the line of every object and key.

JSON and YAML become the same `Table`s. CloudFormation's short tags become their long form: `!Ref x` is `{"Ref": "x"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES: Final[Mapping[str, int]] = {"JSON": 16_000_000, "YAML": 1_000_000, "HCL": 500_000}
"""Bytes that are read of one file. CloudFormation takes templates of 1 MB at most, so YAML needs no more
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html); plans are larger; no
person writes half a megabyte of HCL by hand, and reading that much takes seconds."""
MAX_DEPTH: Final = 80
"""Objects and lists within each other."""
MAX_NODES: Final = 400_000
"""Values of one YAML file, with every alias counted as often as it is used."""


class SourceError(ValueError):
    """A file, or a place in it, that cannot be read."""

    def __init__(self, reason: str, *, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Table(dict[str, Any]):
    """An object of a file, which knows where it stands."""

    def __init__(self, members: Mapping[str, Any], *, line: int, lines: Mapping[str, int]) -> None:
        super().__init__(members)
        self.line = line
        self.lines = lines
        """The line of each key."""


def read_text(path: Path, *, kind: str) -> str:
    """Give the text of a file; raises SourceError for one that is missing, too large or no UTF-8."""
    limit = MAX_BYTES[kind]
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError("this is no UTF-8 text; save the file as UTF-8", line=line) from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a null character in the path
        raise SourceError(f"cannot be read: {error}") from None
    if len(content) > limit:
        raise SourceError(f"larger than {limit:,} bytes, the most that is read of a {kind} file")
    return text


def read_document(path: Path) -> Any:
    """Read a JSON or YAML file, told apart by what is in it."""
    text = read_text(path, kind="JSON")
    if text.lstrip()[:1] in {"{", "["} and path.suffix not in {".yaml", ".yml"}:
        return parse_json(text)
    return parse_yaml(read_text(path, kind="YAML"))


# JSON: the standard parser has the values, one look at the brackets has the lines.

_TOKEN: Final = re.compile(r'(?P<text>"(?:[^"\\\n]|\\.)*")(?P<key>\s*:)?|(?P<open>[{\[])|(?P<close>[}\]])|(?P<line>\n)')


def parse_json(text: str) -> Any:
    """Read JSON; a key that stands twice in one object is an error, because one of the two would be lost."""
    places = iter(_places(text))

    def table(pairs: list[tuple[str, Any]]) -> Table:
        line, lines = next(places, (1, {}))
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SourceError(f"{twice!r} stands twice in one object", line=lines.get(twice, line))
        return Table(members, line=line, lines=lines)

    try:
        return json.loads(text, object_pairs_hook=table, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SourceError(f"not JSON: {error.msg}, column {error.colno}", line=error.lineno) from None
    except ValueError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"not JSON: {error}") from None


def _places(text: str) -> list[tuple[int, dict[str, int]]]:
    """The line of every object and of its keys, in the order in which the objects end, as the parser meets them."""
    line, ended = 1, []
    within: list[tuple[int, dict[str, int]]] = []
    for token in _TOKEN.finditer(text):
        kind, found = token.lastgroup, token.group()
        if kind == "key" and within:
            within[-1][1].setdefault(_unquoted(token["text"]), line)
        elif kind == "open":
            within.append((line, {}))
            if len(within) > MAX_DEPTH:
                raise SourceError(f"more than {MAX_DEPTH} objects and lists within each other", line=line)
        elif kind == "close" and within:
            place = within.pop()
            if found == "}":
                ended.append(place)
        line += found.count("\n")
    return ended


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal.strip('"')


def _no_constant(name: str) -> NoReturn:
    raise SourceError(f"not JSON: {name} is no JSON number")


# YAML: safe scalars only, aliases counted, no Python objects.

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML: Final = "tag:yaml.org,2002:"
_SCALARS: Final = {
    f"{_YAML}null": SafeConstructor.construct_yaml_null,
    f"{_YAML}bool": SafeConstructor.construct_yaml_bool,
    f"{_YAML}int": SafeConstructor.construct_yaml_int,
    f"{_YAML}float": SafeConstructor.construct_yaml_float,
}
_MERGE: Final = f"{_YAML}merge"
_KNOWN: Final = frozenset(f"{_YAML}{name}" for name in ("str", "seq", "map", "timestamp", "merge", "value")) | set(
    _SCALARS
)


def parse_yaml(text: str) -> Any:
    """Read one YAML document of plain values and CloudFormation's tags; dates stay text."""
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        sentence = error.problem or error.context or "something is wrong"
        raise SourceError(f"not YAML: {sentence}", line=mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise SourceError(f"not YAML: {' '.join(str(error).split())}") from None
    return None if node is None else _Nodes().value(node, depth=0)


def _check_depth(text: str) -> None:
    """Refuse deep nesting before anything recurses into it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise SourceError(f"more than {MAX_DEPTH} objects and lists within each other", line=_line(event))


class _Nodes:
    """Turns nodes into values, and counts them: ten aliases of ten aliases of ten are a thousand."""

    def __init__(self) -> None:
        self._count = 0
        self._scalars = SafeConstructor()

    def value(self, node: Node, *, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            raise SourceError(f"more than {MAX_NODES:,} values, its aliases written out", line=_line(node))
        if depth > 2 * MAX_DEPTH:
            raise SourceError("an alias that holds itself, or nesting too deep", line=_line(node))
        plain = self._plain(node, depth=depth)
        if node.tag == "!" or node.tag in _KNOWN:
            return plain
        return _tagged(node, plain)

    def _plain(self, node: Node, *, depth: int) -> Any:
        if isinstance(node, MappingNode):
            return self._table(node, depth=depth)
        if isinstance(node, SequenceNode):
            return [self.value(child, depth=depth + 1) for child in node.value]
        return self._scalar(node)

    def _scalar(self, node: Node) -> Any:
        construct = _SCALARS.get(node.tag)
        if construct is None or not isinstance(node, ScalarNode):
            return node.value
        try:
            return construct(self._scalars, node)
        except (ValueError, ConstructorError, KeyError, IndexError):
            return node.value

    def _table(self, node: MappingNode, *, depth: int) -> Table:
        members: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            value = self.value(value_node, depth=depth + 1)
            if key_node.tag == _MERGE:
                for part in value if isinstance(value, list) else [value]:
                    merged = {**(part if isinstance(part, dict) else {}), **merged}
                continue
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else None
            if key is None or key in members:
                said = "a key that is no text" if key is None else f"{key!r} stands twice in one object"
                raise SourceError(said, line=_line(key_node))
            members[key], lines[key] = value, _line(key_node)
        return Table({**merged, **members}, line=_line(node), lines=lines)


def _tagged(node: Node, value: Any) -> Any:
    """`!GetAtt a.b` and its like in their long form."""
    name = node.tag.removeprefix("!")
    if name in {"Ref", "Condition"}:
        long = name
    elif re.fullmatch(r"[A-Za-z]+", name):
        long = f"Fn::{name}"
    else:
        raise SourceError(f"the tag {node.tag} is no CloudFormation function", line=_line(node))
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return Table({long: value}, line=_line(node), lines={long: _line(node)})


def _line(place: Any) -> int:
    mark = place.start_mark
    return 1 if mark is None else int(mark.line) + 1


def tables(value: Any) -> Iterator[Table]:
    """Give the objects of a list, or the one object."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Table):
            yield entry
