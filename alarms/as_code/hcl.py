"""Terraform's language as blocks and syntax trees. python-hcl2 has the grammar; `hcl_expressions` gives the meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from alarms.as_code.sources import SourceError

MAX_DEPTH: Final = 40
"""Brackets within each other in one file."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `resource "type" "name" { … }`."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Expressions: syntax trees in HCL, plain values in Terraform's JSON."""
    lines: Mapping[str, int] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


def parse_hcl(text: str) -> Block:
    """Read a file, as a block without a name; raises SourceError with the line."""
    import hcl2

    check_depth(text)
    try:
        tree = hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        line = max(int(getattr(error, "line", 1) or 1), 1)
        near = text.splitlines()[line - 1 : line]
        shown = f", near {near[0].strip()[:60]!r}" if near else ""
        raise SourceError(f"not Terraform's language{shown}", line=line) from None
    except RecursionError:
        raise SourceError("expressions nested too deeply") from None
    return _body(only(tree, "body"))


def check_depth(text: str) -> None:
    depth = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[{\[(]|[}\])]', text):
        found = match.group()
        depth += (found in "{[(") - (found in "}])")
        if depth > MAX_DEPTH:
            line = text[: match.start()].count("\n") + 1
            raise SourceError(f"more than {MAX_DEPTH} brackets within each other", line=line)


def _body(body: Tree[Token]) -> Block:
    """A block's content, as a block without a name."""
    attributes: dict[str, Any] = {}
    lines: dict[str, int] = {}
    blocks: list[Block] = []
    for child in trees(body):
        if child.data == "attribute":
            name, value = trees(child)
            attributes[_word(name)] = value
            lines[_word(name)] = child.meta.line
        elif child.data == "block":
            *words, inner = (tree for tree in trees(child) if tree.data != "new_line_or_comment")
            content = _body(inner)
            kind, *labels = (_word(word) for word in words)
            blocks.append(
                Block(kind, tuple(labels), child.meta.line, content.attributes, content.lines, content.blocks)
            )
    return Block("", (), 1, attributes, lines, tuple(blocks))


def _word(tree: Tree[Token]) -> str:
    if tree.data == "string":
        return "".join(str(part.children[0]) for part in trees(tree) if part.data == "string_part")
    return str(tree.children[0])


def expression(text: str) -> Tree[Token]:
    """Read one expression; raises ValueError where it is none."""
    import hcl2

    check_depth(text)
    try:
        tree = hcl2.parses_to_tree(f"x = ({text.strip()})")
    except UnexpectedInput:
        raise ValueError(f"{text.strip()[:80]!r} is no expression") from None
    attributes = [child for child in trees(only(tree, "body")) if child.data == "attribute"]
    if len(attributes) != 1:
        raise ValueError(f"{text.strip()[:80]!r} is no expression")
    return trees(attributes[0])[1]


_SPACED: Final = frozenset(
    {"DOUBLE_EQ", "NEQ", "LT", "GT", "LEQ", "GEQ", "MINUS", "ASTERISK", "SLASH", "PERCENT", "DOUBLE_AMP"}
    | {"DOUBLE_PIPE", "PLUS", "QMARK", "COLON", "FOR_OBJECT_ARROW", "IN", "IF", "FOR"}
)


def source(tree: Tree[Token]) -> str:
    """Write a tree as it stood, on one line of 120 characters at most."""
    text = "".join(_spaced(token) for token in tree.scan_values(lambda value: isinstance(value, Token)))
    return text if len(text) <= 120 else text[:119] + "…"


def _spaced(token: Any) -> str:
    if token.type == "NL_OR_COMMENT":
        return ""
    if token.type in _SPACED:
        return f" {token.strip()} "
    return ", " if token.type == "COMMA" else str(token)


def trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def operands(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in trees(tree) if child.data != "new_line_or_comment"]


def only(tree: Tree[Token], kind: str) -> Tree[Token]:
    return next(child for child in trees(tree) if child.data == kind)
