"""A rule as a tree: text → tree → text says the same, and the builder's steps do what they say."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.composite import RuleError, parse_rule
from alarms.rule_tree import AtLeast, Constant, Group, Joint, Node, StateIs, added, at, grouped, put, text_of, tree_of
from alarms.state import StateValue

NAMES = ("a", "b c", "arn:aws:cloudwatch:us-east-1:111111111111:alarm:x")
names = st.sampled_from(NAMES)
states = st.sampled_from(StateValue)
leaves = st.one_of(
    st.builds(StateIs, names, states, st.booleans()),
    st.builds(Constant, st.booleans(), st.booleans()),
    st.builds(
        AtLeast,
        st.sampled_from(["1", "50%", "2"]),
        st.lists(names, min_size=1, max_size=3).map(tuple),
        states,
        st.booleans(),
        st.booleans(),
    ),
)
nodes: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: st.builds(
        Group, st.sampled_from(Joint), st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=6,
)


def holds(node: Node, states: dict[str, StateValue]) -> bool:
    """What a tree means, said once more and apart from the engine."""
    match node:
        case StateIs(alarm, state, negated):
            return (states[alarm] is state) is not negated
        case Constant(always, negated):
            return always is not negated
        case AtLeast(share, alarms, state, other, negated):
            needed = float(share[:-1]) * len(alarms) / 100 if share.endswith("%") else float(share)
            found = sum((states[alarm] is state) is not other for alarm in alarms)
            return (found >= needed) is not negated
        case Group(joint, parts, negated):
            both = all if joint is Joint.ALL else any
            return both(holds(part, states) for part in parts) is not negated
    raise TypeError(node)


def verdicts(text: str) -> list[bool]:
    """What a rule says for every combination of its alarms' states."""
    rule = parse_rule(text)
    return [rule.holds(dict(zip(NAMES, states, strict=True))) for states in product(StateValue, repeat=len(NAMES))]


@settings(deadline=None)
@given(nodes)
def test_a_tree_written_and_read_says_the_same(node: Node) -> None:
    text = text_of(node)
    every = [dict(zip(NAMES, states, strict=True)) for states in product(StateValue, repeat=len(NAMES))]
    assert verdicts(text) == [holds(node, states) for states in every]
    again = text_of(tree_of(text))
    assert verdicts(again) == verdicts(text)
    assert text_of(tree_of(again)) == again


@pytest.mark.parametrize(
    "text",
    [
        'ALARM("a")',
        'ALARM("a") AND NOT OK("b c")',
        'ALARM("a") OR (ALARM("b c") AND INSUFFICIENT_DATA("a"))',
        'NOT (ALARM("a") OR ALARM("b c"))',
        'AT_LEAST(50%, NOT OK, ("a", "b c"))',
        "TRUE",
    ],
)
def test_a_rule_comes_back_as_it_was_written(text: str) -> None:
    assert text_of(tree_of(text)) == text


def test_a_rule_that_cannot_be_read_says_where() -> None:
    with pytest.raises(RuleError, match="at character 9"):
        tree_of("ALARM(a ")


def test_the_builder_adds_replaces_and_takes_out() -> None:
    root = grouped(tree_of('ALARM("a")'))
    root = added(root, (), Group(Joint.ALL, (StateIs("b"), StateIs("c"))))
    assert text_of(root) == 'ALARM("a") OR (ALARM("b") AND ALARM("c"))'
    root = put(root, (1, 0), StateIs("b", StateValue.OK, negated=True))
    assert text_of(root) == 'ALARM("a") OR (NOT OK("b") AND ALARM("c"))'
    root = added(root, (1,), StateIs("d"))
    assert at(root, (1, 2)) == StateIs("d")
    assert text_of(put(root, (0,), None)) == 'NOT OK("b") AND ALARM("c") AND ALARM("d")'
    assert put(root, (), None) == Group()


def test_a_path_that_leads_nowhere_is_an_index_error() -> None:
    root = grouped(tree_of('ALARM("a")'))
    with pytest.raises(IndexError):
        at(root, (0, 0))
    with pytest.raises(IndexError):
        put(root, (0, 0), None)
    with pytest.raises(IndexError):
        added(root, (0,), StateIs("x"))
