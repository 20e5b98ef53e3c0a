"""One alarm: how it stands and why, what it is in words and as code, and what its rule is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alarms.actions import describe
from alarms.composite import RuleError, child_name, parse_rule
from alarms.definition import Alarm, CompositeAlarm, LogAlarm, MetricAlarm, to_request
from alarms.rule_tree import AtLeast, Constant, Group, Joint, Node, StateIs, tree_of
from collectors.alarm_states import AlarmState
from dashboard.views.alarm_list import Only
from dashboard.views.alarm_roll import Roll
from dashboard.views.frame import Badge
from dashboard.views.things import Group as Things
from dashboard.views.things import Item
from dashboard.views.workbench_words import MISSING_WORDS, condition, period_text
from dashboard.wording import INFO, NO_DATA, STALE, WARNING, age, look, moment, plain, state_word

LISTS: Final = {
    "AlarmActions": "When it goes off",
    "OKActions": "When it is OK again",
    "InsufficientDataActions": "Without data",
}


@dataclass(frozen=True, slots=True)
class AlarmHead:
    """How an alarm stands. Texts are foreign."""

    state: Badge
    """Its state."""
    since: str
    """Since when, in a sentence."""
    why: str
    """AWS's reason."""
    badges: tuple[Badge, ...]
    """What else must be known: muted, switched off, without an action, flapping."""
    price: str
    """What it costs a month."""
    description: str
    """What somebody wrote about it."""
    parents: tuple[str, ...]
    """Composite alarms that name it."""


def head(roll: Roll, state: AlarmState, *, now: datetime) -> AlarmHead:
    """Give how an alarm stands."""
    price = roll.prices.get(state.name)
    return AlarmHead(
        Badge(state_word(state.state), look(state.state)),
        f"since {moment(state.since, now=now)} UTC, {age(state.since, now=now)}",
        plain(state.reason),
        tuple(_badges(roll, state)),
        "The price is not known yet." if price is None else price.sentence,
        plain(state.description),
        tuple(name for name, alarm in sorted(roll.alarms.items()) if state.name in _children(alarm)),
    )


def _badges(roll: Roll, state: AlarmState) -> Iterator[Badge]:
    muted = roll.muted(state.name)
    if muted is not None:
        yield Badge(f"Muted: {muted.when}", STALE)
    elif roll.mutes.get(state.name):
        yield Badge(f"Mute to come: {roll.mutes[state.name][0].when}", INFO)
    if not state.actions:
        yield Badge("No action", WARNING)
    elif not state.actions_enabled:
        yield Badge("Actions off", WARNING)
    if roll.flapping(state.name):
        yield Badge(Only.FLAPPING.capitalize(), WARNING)


def _children(alarm: Alarm) -> frozenset[str]:
    if not isinstance(alarm, CompositeAlarm):
        return frozenset()
    try:
        return frozenset(map(child_name, parse_rule(alarm.rule).children))
    except RuleError:
        return frozenset()


def sentences(alarm: Alarm, unit: str | None) -> tuple[str, ...]:
    """Say what an alarm is, in words; foreign text."""
    return tuple(plain(sentence) for sentence in _sentences(alarm, unit))


def _sentences(alarm: Alarm, unit: str | None) -> Iterator[str]:
    if isinstance(alarm, MetricAlarm):
        yield condition(alarm, unit)
        yield f"{MISSING_WORDS[str(alarm.missing_data)]}."
        if not alarm.evaluable.allowed:
            yield f"AWS evaluates it: {alarm.evaluable.reason}."
        if not alarm.sliding:
            yield "It looks at whole periods of the clock."
        if alarm.warm_up is not None:
            yield f"It warms up for {period_text(alarm.warm_up.minutes * 60)} first."
    elif isinstance(alarm, CompositeAlarm):
        yield f"Goes into alarm when its rule holds: {alarm.rule}"
        if alarm.suppressor is not None:
            wait = period_text(alarm.suppressor_wait or 0)
            yield f"While {child_name(alarm.suppressor)} is in alarm its actions are held back, after a wait of {wait}."
    elif isinstance(alarm, LogAlarm):
        yield f"AWS evaluates it: {alarm.evaluable.reason}."


def does(alarm: Alarm) -> tuple[tuple[str, str], ...]:
    """Give, for each state that an alarm can go into, what happens then; foreign text."""
    request = to_request(alarm)
    return tuple(
        (label, ", ".join(plain(describe(arn).words) for arn in request.get(name, ())) or "nothing")
        for name, label in LISTS.items()
    )


def tree(alarm: CompositeAlarm, states: Mapping[str, AlarmState], *, now: datetime) -> tuple[Things, ...]:
    """Give the alarms of a rule, each with its state, in the order and depth of the rule; one group."""
    try:
        root = tree_of(alarm.rule)
    except RuleError as error:
        return (Things("", (Item("rule", plain(str(error)), NO_DATA, "not understood"),)),)
    items = [_item(place, depth, node, states, now) for place, (depth, node) in enumerate(_walk(root, 0))]
    return (Things("", tuple(items)),)


def _walk(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    if isinstance(node, Group):
        for part in node.parts:
            yield from _walk(part, depth + 1)
    elif isinstance(node, AtLeast):
        for name in node.alarms:
            yield depth + 1, StateIs(name, node.state)


def _item(place: int, depth: int, node: Node, states: Mapping[str, AlarmState], now: datetime) -> Item:
    indent = "\u2003" * depth
    if not isinstance(node, StateIs):
        return Item(f"{place}", f"{indent}{_joint(node)}", INFO, "rule")
    name = child_name(node.alarm)
    state = states.get(name)
    wanted = f"{'not ' if node.negated else ''}{state_word(str(node.state))}"
    if state is None:
        return Item(
            f"{place}", f"{indent}{name}", WARNING, "not there", f"{indent}the rule asks whether it is {wanted}"
        )
    holds = (state.state == str(node.state)) is not node.negated
    said = f"{indent}the rule asks whether it is {wanted}: {'yes' if holds else 'no'}"
    since = age(state.since, now=now)
    return Item(f"{place}", f"{indent}{name}", look(state.state), state_word(state.state), said, since, pick=name)


def _joint(node: Node) -> str:
    if isinstance(node, Group):
        words = "all of" if node.joint is Joint.ALL else "any of"
        return f"{'not ' if node.negated else ''}{words}"
    if isinstance(node, AtLeast):
        return f"{'not ' if node.negated else ''}at least {node.share} of"
    return "always" if isinstance(node, Constant) and node.holds is not node.negated else "never"
