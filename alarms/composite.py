"""Composite alarms: their rules, the state that follows from their children's, and the hold of a suppressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from alarms.state import StateValue
from core.syntax import explain, grammar

MAX_CHILDREN: Final = 100
MAX_ELEMENTS: Final = 500
"""Alarms under one rule, and child alarms, TRUE, FALSE and parentheses in it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html, AlarmRule"""

_WORDS: Final = {
    "STATE": "ALARM(, OK( or INSUFFICIENT_DATA(",
    "_AT_LEAST": "AT_LEAST(",
    "_NOT": "NOT",
    "_AND": "AND",
    "_OR": "OR",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "SHARE": "a number or percentage of alarms",
    "QUOTED": 'an alarm name in "quotes"',
    "BARE": "an alarm name or ARN",
    "$END": "the end",
}


class RuleError(ValueError):
    """A rule that cannot be read or followed."""

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(f"at character {position + 1}: {message}")
        self.position = position
        """Characters before the place that is wrong."""
        self.message = message


States = Mapping[str, StateValue]
"""State by alarm, by name or ARN as the rule writes it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that has been read."""

    text: str
    children: tuple[str, ...]
    """The alarms it looks at, by name or ARN as written, each once, in their order."""
    holds: Callable[[States], bool]
    """Whether it is true of these states, which name every child."""


def parse_rule(text: str) -> Rule:
    """Read a rule; raises RuleError with the position and what was expected there."""
    tree = parse_tree(text)
    tokens = [token for part in tree.find_data("name") for token in part.children if isinstance(token, Token)]
    names = [token.strip('"') for token in sorted(tokens, key=lambda token: token.start_pos or 0)]
    found = tuple(dict.fromkeys(names))
    if len(found) > MAX_CHILDREN:
        raise RuleError(f"{len(found)} alarms are too many; a rule looks at {MAX_CHILDREN} at most")
    elements = (
        len(names) + text.count("(") + sum(1 for part in tree.iter_subtrees() if part.data in {"always", "never"})
    )
    if elements > MAX_ELEMENTS:
        raise RuleError(f"{elements} elements are too many; a rule has {MAX_ELEMENTS} at most")
    return Rule(text, found, _condition(tree))


def parse_tree(text: str) -> Tree[Token]:
    """Read a rule into the tree of its grammar, `rule.lark`; raises RuleError."""
    try:
        return _grammar().parse(text)
    except UnexpectedInput as error:
        position, sentence = explain(error, text, _WORDS)
        raise RuleError(sentence, position=position) from None


def state_of(rule: Rule, states: States) -> StateValue:
    """Give the state of a composite alarm whose children are in `states`, by name or ARN as the rule writes them.

    A composite alarm knows ALARM and OK only; INSUFFICIENT_DATA it has until it is evaluated first.
    """
    return StateValue.ALARM if rule.holds(states) else StateValue.OK


def child_name(reference: str) -> str:
    """Give the alarm's name of a child that a rule references by name or ARN.

    >>> child_name("arn:aws:cloudwatch:us-east-1:111111111111:alarm:high cpu: web")
    'high cpu: web'
    """
    return reference.split(":", 6)[6] if reference.startswith("arn:") and reference.count(":") >= 6 else reference


def in_order(rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Give the composite alarms in `rules`, by name, so that each comes after those it depends on.

    Raises RuleError for a cycle: CloudWatch stops evaluating there, and none of its alarms can be deleted.
    """
    done: dict[str, None] = {}
    for name in rules:
        _visit(name, rules, done, ())
    return tuple(done)


def _visit(name: str, rules: Mapping[str, Rule], done: dict[str, None], path: tuple[str, ...]) -> None:
    if name in path:
        circle = " → ".join([*path[path.index(name) :], name])
        raise RuleError(f"the rules go in a circle, {circle}; take one of these alarms out of a rule")
    if name in done or name not in rules:
        return
    for child in rules[name].children:
        _visit(child_name(child), rules, done, (*path, name))
    done[name] = None


@cache
def _grammar() -> Lark:
    return grammar(Path(__file__).with_name("rule.lark"))


def _condition(tree: Tree[Token]) -> Callable[[States], bool]:
    """Turn a rule's tree into the question it asks."""
    match str(tree.data):
        case "always" | "never":
            fixed = tree.data == "always"
            return lambda _states: fixed
        case "inverse":
            inner = _condition(_tree(tree.children[0]))
            return lambda states: not inner(states)
        case "state_is":
            wanted, name = StateValue(str(tree.children[0])), _name(_tree(tree.children[1]))
            return lambda states: states[name] is wanted
        case "at_least":
            return _at_least(tree)
    parts = [_condition(_tree(child)) for child in tree.children]
    if tree.data == "both":
        return lambda states: all(part(states) for part in parts)
    return lambda states: any(part(states) for part in parts)


def _at_least(tree: Tree[Token]) -> Callable[[States], bool]:
    share, state, *rest = (_tree(child) for child in tree.children)
    names = [_name(part) for part in rest]
    wanted, inverted = StateValue(str(state.children[0])), state.data == "other_state"
    number = str(share.children[0]).strip('"')
    needed = float(number[:-1]) * len(names) / 100 if number.endswith("%") else float(number)
    return lambda states: sum((states[name] is wanted) is not inverted for name in names) >= needed


def _tree(child: Tree[Token] | Token) -> Tree[Token]:
    if isinstance(child, Token):
        raise TypeError(f"{child!r} is a token where the grammar has a rule")
    return child


def _name(tree: Tree[Token]) -> str:
    return str(tree.children[0]).strip('"')
