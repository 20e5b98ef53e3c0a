"""A composite alarm's rule as a tree that can be built up piece by piece, and as text again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lark import Token, Tree

from alarms.composite import parse_tree
from alarms.state import StateValue


class Joint(StrEnum):
    """How the parts of a group are joined."""

    ALL = "AND"
    ANY = "OR"


@dataclass(frozen=True, slots=True)
class StateIs:
    """An alarm is in a state."""

    alarm: str
    """Name or ARN."""
    state: StateValue = StateValue.ALARM
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that must all hold, or of which one must."""

    joint: Joint = Joint.ANY
    parts: tuple[Node, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many of several alarms are, or are not, in a state."""

    share: str
    """A number or a percentage, as the rule writes it."""
    alarms: tuple[str, ...]
    state: StateValue = StateValue.ALARM
    other: bool = False
    """Counts the alarms that are in another state."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """Always, or never."""

    holds: bool
    negated: bool = False


Node = StateIs | Group | AtLeast | Constant


def tree_of(text: str) -> Node:
    """Read a rule into its tree; raises RuleError with the position and what was expected there."""
    return _node(parse_tree(text))


def text_of(node: Node) -> str:
    """Write a tree as AWS takes it: `tree_of(text_of(node))` is the same rule.

    >>> text_of(Group(Joint.ALL, (StateIs("cpu"), StateIs("deploying", negated=True))))
    'ALARM("cpu") AND NOT ALARM("deploying")'
    """
    return _written(node, inside=False)


def _written(node: Node, *, inside: bool) -> str:
    match node:
        case StateIs(alarm, state, negated):
            return f"{'NOT ' if negated else ''}{state}({_name(alarm)})"
        case Constant(holds, negated):
            return f"{'NOT ' if negated else ''}{'TRUE' if holds else 'FALSE'}"
        case AtLeast(share, alarms, state, other, negated):
            names = ", ".join(_name(alarm) for alarm in alarms)
            return f"{'NOT ' if negated else ''}AT_LEAST({share}, {'NOT ' if other else ''}{state}, ({names}))"
        case Group(joint, parts, negated):
            if len(parts) == 1 and not negated:
                return _written(parts[0], inside=inside)
            text = f" {joint} ".join(_written(part, inside=True) for part in parts) or "FALSE"
            return f"{'NOT ' if negated else ''}({text})" if negated or (inside and len(parts) > 1) else text
    raise TypeError(f"{node!r} is no part of a rule")


def _name(alarm: str) -> str:
    """Names are always quoted; one with a quotation mark cannot be, and stands bare."""
    return alarm if '"' in alarm else f'"{alarm}"'


def _node(tree: Tree[Token]) -> Node:
    parts = [child for child in tree.children if isinstance(child, Tree)]
    match str(tree.data):
        case "always" | "never":
            return Constant(tree.data == "always")
        case "inverse":
            inner = _node(parts[0])
            return replace(inner, negated=not inner.negated)
        case "state_is":
            return StateIs(_text(parts[0]), StateValue(str(tree.children[0])))
        case "at_least":
            share, state, *names = parts
            return AtLeast(
                _text(share), tuple(_text(name) for name in names), StateValue(_text(state)), state.data != "state"
            )
    joint = Joint.ALL if tree.data == "both" else Joint.ANY
    return Group(joint, tuple(_node(part) for part in parts))


def _text(tree: Tree[Token]) -> str:
    return str(tree.children[0]).strip('"')


def grouped(node: Node) -> Group:
    """Give a tree whose root is a group, so that parts can be added to it."""
    return node if isinstance(node, Group) and not node.negated else Group(Joint.ANY, (node,))


def at(root: Group, path: Sequence[int]) -> Node:
    """Give the part that a path of places leads to."""
    node: Node = root
    for place in path:
        if not isinstance(node, Group):
            raise IndexError(f"the path {list(path)} goes on after a part that has none")
        node = node.parts[place]
    return node


def put(root: Group, path: Sequence[int], node: Node | None) -> Group:
    """Give the tree with another part at a path; None takes the part out."""
    if not path:
        return grouped(node) if node is not None else Group()
    place, *rest = path
    inner: Node | None = node
    if rest:
        group = root.parts[place]
        if not isinstance(group, Group):
            raise IndexError(f"the path {list(path)} goes on after a part that has none")
        inner = put(group, rest, node)
    kept = () if inner is None else (inner,)
    return replace(root, parts=(*root.parts[:place], *kept, *root.parts[place + 1 :]))


def added(root: Group, path: Sequence[int], node: Node) -> Group:
    """Give the tree with one more part in the group at a path."""
    group = at(root, path)
    if not isinstance(group, Group):
        raise IndexError(f"the path {list(path)} leads to a part that takes none")
    return _replaced(root, path, replace(group, parts=(*group.parts, node)))


def _replaced(root: Group, path: Sequence[int], group: Group) -> Group:
    return group if not path else put(root, path, group)
