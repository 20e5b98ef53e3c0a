"""Alarms in Terraform modules: every .tf file of a folder together, as Terraform itself reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from alarms.as_code.drafts import Draft
from alarms.as_code.hcl import Block, expression, parse_hcl
from alarms.as_code.hcl_expressions import Evaluator
from alarms.as_code.hcl_values import HclError, Names, index
from alarms.as_code.sources import SourceError, parse_json, read_text
from alarms.as_code.terraform_members import ALARM_TYPES, SPELLING, params_of
from alarms.as_code.values import Open, joined, text_of, unknown

MAX_INSTANCES: Final = 1_000
"""Alarms that one resource makes by count or for_each."""
_ONLY_APPLIED: Final = "AWS gives it when it is made; a plan or the state may know it"


def read_blocks(path: Path) -> Block:
    """Read a .tf or .tf.json file, as a block without a name."""
    if path.name.endswith(".json"):
        document = parse_json(read_text(path, kind="JSON"))
        return Block("", (), 1, blocks=tuple(_json_blocks(document)))
    return parse_hcl(read_text(path, kind="HCL"))


def drafts(path: Path, parameters: Mapping[str, str]) -> Iterator[Draft]:
    """Give the alarms of one file; variables and locals come from its whole folder."""
    own = read_blocks(path)
    module = Module([own, *_neighbours(path)], parameters, _given_variables(path.parent))
    for block in own.blocks:
        if block.kind == "resource" and len(block.labels) == 2 and block.labels[0] in ALARM_TYPES:
            yield from module.alarms(block)


def _neighbours(path: Path) -> Iterator[Block]:
    """The folder's other files. One that cannot be read says nothing here; it is told of when it is asked for."""
    for other in sorted([*path.parent.glob("*.tf"), *path.parent.glob("*.tf.json")]):
        if other != path and other.is_file():
            try:
                yield read_blocks(other)
            except SourceError:
                continue


def _given_variables(folder: Path) -> dict[str, Any]:
    """What terraform.tfvars and *.auto.tfvars say, the later before the earlier."""
    given: dict[str, Any] = {}
    for path in [folder / "terraform.tfvars", *sorted(folder.glob("*.auto.tfvars"))]:
        if path.is_file():
            try:
                given |= parse_hcl(read_text(path, kind="HCL")).attributes
            except SourceError:
                continue
    return given


def _json_blocks(document: Any) -> Iterator[Block]:
    """https://developer.hashicorp.com/terraform/language/syntax/json"""
    root = document if isinstance(document, dict) else {}
    for kind, depth in (("variable", 1), ("locals", 0), ("resource", 2)):
        for part in _as_list(root.get(kind)):
            yield from _labelled(kind, part, depth, ())


def _labelled(kind: str, value: Any, depth: int, labels: tuple[str, ...]) -> Iterator[Block]:
    if depth == 0:
        for body in _as_list(value):
            if isinstance(body, dict):
                yield Block(kind, labels, getattr(body, "line", 1), body, getattr(body, "lines", {}))
    elif isinstance(value, dict):
        for label, inner in value.items():
            yield from _labelled(kind, inner, depth - 1, (*labels, label))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class Module:
    """The files of one folder: what their names mean, and which alarms their resources make."""

    def __init__(self, files: list[Block], parameters: Mapping[str, str], given: Mapping[str, Any]) -> None:
        blocks = [block for file in files for block in file.blocks]
        self._variables = {block.labels[0]: block for block in blocks if block.kind == "variable" and block.labels}
        self._locals = {
            name: text for block in blocks if block.kind == "locals" for name, text in block.attributes.items()
        }
        self._resources = {block.labels: block for block in blocks if block.kind == "resource"}
        self._parameters = parameters
        self._given = given
        self._known: dict[tuple[str, ...], Any] = {}
        self._asking: list[tuple[str, ...]] = []
        self._names = Names(self._resolve)

    def alarms(self, block: Block) -> Iterator[Draft]:
        """Give every instance of an alarm resource."""
        address = ".".join(block.labels)
        try:
            instances = list(self._instances(block))
        except (ValueError, RecursionError) as error:
            yield Draft(address, block.line, {}, f"count or for_each: {_said(error)}")
            return
        for suffix, bound, left_out, note in instances:
            yield self._draft(block, f"{address}{suffix}", Evaluator(self._names.with_loop(bound)), (left_out, note))

    def _instances(self, block: Block) -> Iterator[tuple[str, dict[str, Any], str, str]]:
        """For each instance: suffix of the address, names bound, why it is left out, and a note."""
        evaluator = Evaluator(self._names)
        if "count" in block.attributes:
            yield from _counted(evaluator.value(block.attributes["count"]))
        elif "for_each" in block.attributes:
            yield from _each(evaluator.value(block.attributes["for_each"]))
        else:
            yield "", {}, "", ""

    def _draft(self, block: Block, address: str, evaluator: Evaluator, made: tuple[str, str]) -> Draft:
        left_out, note = made
        lines = dict(block.lines)
        values: dict[str, Any] = {}
        errors: list[str] = []
        for name, given in block.attributes.items():
            try:
                values[name] = evaluator.value(given)
            except (ValueError, RecursionError) as error:
                errors.append(f"{name}: {_said(error)}")
        try:
            for nested in block.blocks:
                lines.setdefault(nested.kind, nested.line)
            values |= blocks_of(block, evaluator)
        except (ValueError, RecursionError) as error:
            errors.append(_said(error))
        params = params_of(block.labels[0], values)
        notes = (note,) if note else ()
        line = next((lines[error.split(":")[0]] for error in errors if error.split(":")[0] in lines), block.line)
        return Draft(
            address,
            line if errors else block.line,
            params,
            refusal="; ".join(errors),
            left_out=left_out,
            notes=notes,
            spelling=SPELLING,
            lines=lines,
        )

    def _resolve(self, path: tuple[str, ...], text: str) -> Any:
        """Give what a path of names means in this module."""
        owner, used = self._owner(path, text)
        for name in path[used:]:
            if isinstance(owner, Open):
                return unknown(text, owner.why)
            owner = index(owner, name, text)
        return owner

    def _owner(self, path: tuple[str, ...], text: str) -> tuple[Any, int]:
        """The value that the first names of a path lead to, and how many names they are."""
        kind = path[0]
        if kind in {"var", "local"} and len(path) > 1:
            return self._remembered(path[:2]), 2
        if len(path) > 2 and path[:2] in self._resources:
            return self._remembered(path[:3]), 3
        if kind in _ELSEWHERE:
            return unknown(text, _ELSEWHERE[kind]), len(path)
        return unknown(text, f"{'.'.join(path[:2])} is not in these files"), len(path)

    def _remembered(self, path: tuple[str, ...]) -> Any:
        if path in self._known:
            return self._known[path]
        if path in self._asking:
            raise HclError(f"{'.'.join(path)} asks for itself")
        self._asking.append(path)
        try:
            value = self._fresh(path)
        finally:
            self._asking.pop()
        _check_weight(value, ".".join(path))
        self._known[path] = value
        return value

    def _fresh(self, path: tuple[str, ...]) -> Any:
        if path[0] == "var":
            return self._variable(path[1])
        if path[0] == "local":
            name = path[1]
            if name not in self._locals:
                return unknown(f"local.{name}", f"local {name} is not in these files")
            return Evaluator(self._names).value(self._locals[name])
        return self._attribute(self._resources[path[:2]], path[2])

    def _variable(self, name: str) -> Any:
        evaluator = Evaluator(self._names)
        if name in self._parameters:
            text = self._parameters[name]
            return evaluator.value(expression(text)) if text[:1] in {"[", "{"} else text
        if name in self._given:
            return evaluator.value(self._given[name])
        block = self._variables.get(name)
        if block is None:
            return unknown(f"var.{name}", f"variable {name} is not in these files; give it with --set {name}=…")
        if "default" not in block.attributes:
            return unknown(f"var.{name}", f"variable {name} has no default; give it with --set {name}=…")
        return evaluator.value(block.attributes["default"])

    def _attribute(self, block: Block, name: str) -> Any:
        address = ".".join((*block.labels, name))
        if block.attributes.keys() & {"count", "for_each"}:
            return unknown(address, f"{'.'.join(block.labels)} has count or for_each")
        alarm = block.labels[0] in ALARM_TYPES
        if alarm and name in {"id", "arn"}:
            own_name = self._attribute(block, "alarm_name")
            place = "arn:${partition}:cloudwatch:${region}:${account}:alarm:"
            return own_name if name == "id" else joined([Open(place, _ONLY_APPLIED), own_name])
        if name not in block.attributes:
            return unknown(address, _ONLY_APPLIED)
        return Evaluator(self._names).value(block.attributes[name])


_ELSEWHERE: Final[Mapping[str, str]] = {
    "data": "a data source is read when Terraform plans",
    "module": "another module says it",
    "each": "each has a value only where for_each stands beside it",
    "count": "count.index has a value only where count stands beside it",
    "self": "it is known only where it stands",
    "terraform": "Terraform says it when it plans",
    "path": "Terraform says it when it plans",
    "var": "variables have a name",
    "local": "locals have a name",
}


def blocks_of(block: Block, evaluator: Evaluator) -> dict[str, list[dict[str, Any]]]:
    """Give the blocks within a block, dynamic ones written out, as lists of values by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for inner in block.blocks:
        if inner.kind == "dynamic" and inner.labels:
            found.setdefault(inner.labels[0], []).extend(_written_out(inner, evaluator))
        elif inner.kind not in {"lifecycle", "timeouts", "provisioner"}:
            found.setdefault(inner.kind, []).append(_values(inner, evaluator))
    return found


def _values(block: Block, evaluator: Evaluator) -> dict[str, Any]:
    own = {name: evaluator.value(given) for name, given in block.attributes.items()}
    return own | blocks_of(block, evaluator)


def _written_out(block: Block, evaluator: Evaluator) -> Iterator[dict[str, Any]]:
    rows = evaluator.value(block.attributes.get("for_each", []))
    content = next((inner for inner in block.blocks if inner.kind == "content"), None)
    if isinstance(rows, Open) or content is None:
        why = rows.why if isinstance(rows, Open) else "it has no content"
        raise HclError(f"dynamic {block.labels[0]} is not written out: {why}")
    pairs = rows.items() if isinstance(rows, dict) else enumerate(rows if isinstance(rows, list) else [])
    for key, value in pairs:
        bound = {block.labels[0]: {"key": key, "value": value}}
        yield _values(content, Evaluator(evaluator.names.with_loop(bound)))


def _counted(count: Any) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    if isinstance(count, Open):
        bound = {"count": {"index": unknown("count.index", "count gives it")}}
        yield "", bound, "", f"read once, because count is {count}: {count.why}"
        return
    number = int(text_of(count)) if text_of(count).isdecimal() and len(text_of(count)) < 10 else -1
    if not 0 <= number <= MAX_INSTANCES:
        raise HclError(f"{text_of(count)[:40]!r} is no count from 0 to {MAX_INSTANCES}")
    if number == 0:
        yield "", {"count": {"index": 0}}, "count is 0", ""
    for place in range(number):
        yield f"[{place}]", {"count": {"index": place}}, "", ""


def _each(rows: Any) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    opened = {part: unknown(f"each.{part}", "for_each gives it") for part in ("key", "value")}
    if isinstance(rows, Open):
        yield "", {"each": opened}, "", f"read once, because for_each is {rows}: {rows.why}"
        return
    if not isinstance(rows, list | dict) or len(rows) > MAX_INSTANCES:
        raise HclError(f"for_each takes an object or a set of at most {MAX_INSTANCES} entries")
    if not rows:
        yield "", {"each": opened}, "for_each is empty", ""
    for key, value in rows.items() if isinstance(rows, dict) else ((text_of(row), row) for row in rows):
        yield f"[{json.dumps(key)}]", {"each": {"key": key, "value": value}}, "", ""


def _check_weight(value: Any, name: str, *, most: int = 20_000) -> None:
    """Refuse a value that holds too much, before it is doubled again by the next name that uses it."""
    waiting, seen = [value], 0
    while waiting:
        entry = waiting.pop()
        seen += 1
        if seen > most:
            raise HclError(f"{name} holds more than {most:,} values")
        if isinstance(entry, list | dict):
            waiting += entry.values() if isinstance(entry, dict) else entry


def _said(error: ValueError | RecursionError) -> str:
    return "its expressions refer to each other too deeply" if isinstance(error, RecursionError) else str(error)
