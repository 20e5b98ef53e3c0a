"""Cases run with the production evaluator and a simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alarms.as_code import Loaded
from alarms.composite import Rule, parse_rule
from alarms.evaluation import evaluate
from alarms.kinds import Actions, CompositeAlarm, LogAlarm, MetricAlarm
from alarms.state import StateValue
from alarms.suites.cases import Case, Notification, States
from alarms.suites.feeding import Feed, FeedError, feed, instants


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the alarms of a case did."""

    states: Mapping[str, States]
    """A state for each word, by the case's name for the alarm."""
    reasons: Mapping[str, tuple[str, ...]]
    sent: tuple[Notification, ...]
    """What was sent, by alarms that have actions."""
    silent: frozenset[str]
    """Alarms without any action; for these, `sent` holds every change of state."""


def run_case(case: Case, alarms: Iterable[Loaded]) -> Outcome:
    """Evaluate the alarms of a case word by word; raises FeedError where it cannot be run."""
    cast = _Cast(case, tuple(alarms))
    wanted = [*case.expect, *(note.alarm for note in case.notifications or ())]
    for name in dict.fromkeys(wanted):
        cast.add(name)
    cast.check_all_used()
    for place, at in enumerate(instants(case)):
        for player in cast.players.values():
            player.step(place, at)
    return Outcome(
        {name: tuple(player.states) for name, player in cast.players.items()},
        {name: tuple(player.reasons) for name, player in cast.players.items()},
        tuple(sorted(note for player in cast.players.values() for note in player.sent)),
        frozenset(
            name
            for name, player in cast.players.items()
            if player.actions.enabled and not any(actions_by_state(player.actions).values())
        ),
    )


Judge = Callable[[int, datetime, StateValue], tuple[StateValue, str]]
"""Takes the word's place, the instant and the state before; gives the state and why."""


@dataclass(slots=True)
class _Player:
    """An alarm on its way through a case."""

    name: str
    period: int
    state: StateValue
    actions: Actions
    judge: Judge
    states: list[StateValue] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    sent: list[Notification] = field(default_factory=list)

    def step(self, place: int, at: datetime) -> None:
        """Go on by one word."""
        new, reason = self.judge(place, at, self.state)
        if new is not self.state and self._speaks(new):
            self.sent.append(Notification(place * self.period, self.name, new))
        self.state = new
        self.states.append(new)
        self.reasons.append(reason)

    def _speaks(self, state: StateValue) -> bool:
        by_state = actions_by_state(self.actions)
        return self.actions.enabled and (bool(by_state[state]) or not any(by_state.values()))


def actions_by_state(actions: Actions) -> Mapping[StateValue, tuple[str, ...]]:
    """Give the actions that run when each state is entered."""
    return {
        StateValue.OK: actions.ok,
        StateValue.ALARM: actions.alarm,
        StateValue.INSUFFICIENT_DATA: actions.insufficient_data,
    }


def _measuring(source: Feed, case: Case) -> Judge:
    def judge(_place: int, at: datetime, previous: StateValue) -> tuple[StateValue, str]:
        points, band, counts = source.at(at)
        found = evaluate(
            source.alarm,
            points,
            at=at,
            previous=previous,
            band=band,
            sample_counts=counts,
            configured_at=case.start,
        )
        return found.state, found.reason

    return judge


def _composing(rule: Rule, children: Mapping[str, str], players: Mapping[str, _Player]) -> Judge:
    def judge(_place: int, _at: datetime, _previous: StateValue) -> tuple[StateValue, str]:
        states = {word: players[name].state for word, name in children.items()}
        holds = rule.holds(states)
        said = ", ".join(f"{word} is {state}" for word, state in states.items())
        return (StateValue.ALARM if holds else StateValue.OK), f"{rule.text} is {str(holds).lower()}: {said}"

    return judge


def _giving(states: States) -> Judge:
    return lambda place, _at, _previous: (states[place], "given by the case")


class _Cast:
    """The alarms of a case, children before the composites that look at them."""

    def __init__(self, case: Case, alarms: tuple[Loaded, ...]) -> None:
        self._case, self._alarms = case, alarms
        self._adding: list[str] = []
        self._used: set[str] = set()
        self.players: dict[str, _Player] = {}

    def add(self, name: str) -> None:
        if name in self.players:
            return
        if name in self._adding:
            raise FeedError(f"composite alarms look at each other: {' → '.join([*self._adding, name])}")
        self._adding.append(name)
        self.players[name] = self._player(name)
        self._adding.pop()

    def check_all_used(self) -> None:
        """A line that feeds no alarm is a slip of the pen."""
        idle = [key for key in (*self._case.series, *self._case.bands) if key not in self._used]
        idle += [name for name in self._case.states if name not in self.players]
        if idle:
            raise FeedError(f"{', '.join(idle)} feeds no alarm of this case")

    def _player(self, name: str) -> _Player:
        case = self._case
        state = case.initial.get(name, case.initial[""])
        if name in case.states:
            return _Player(name, case.period, state, Actions(enabled=False), _giving(case.states[name]))
        alarm = self._definition(name)
        if isinstance(alarm, MetricAlarm):
            source = feed(alarm, case)
            self._used.update(source.keys)
            return _Player(name, case.period, state, alarm.actions, _measuring(source, case))
        rule = parse_rule(alarm.rule)
        children = {word: self._child(word) for word in rule.children}
        for child in children.values():
            self.add(child)
        return _Player(name, case.period, state, alarm.actions, _composing(rule, children, self.players))

    def _child(self, word: str) -> str:
        """The name of a child that a rule calls by name or ARN."""
        name = word.rsplit(":alarm:", 1)[-1] if word.startswith("arn:") else word
        return word if word in self._case.states else name

    def _definition(self, name: str) -> MetricAlarm | CompositeAlarm:
        found = [alarm for alarm in self._alarms if name in (alarm.name, alarm.address)]
        if not found:
            known = ", ".join(alarm.name for alarm in self._alarms) or "none"
            raise FeedError(f"there is no alarm {name!r}; known are {known}")
        loaded = found[0]
        if loaded.definition is None:
            raise FeedError(f"{name} was refused ({loaded.file}, line {loaded.line}): {loaded.refusal}")
        if isinstance(loaded.definition, LogAlarm):
            raise FeedError(f"{name}: {loaded.definition.evaluable.reason}; give its states under states")
        return loaded.definition
