"""Cases run with the production evaluator and a simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alarms.as_code import Loaded
from alarms.composite import Rule, parse_rule, state_of
from alarms.evaluation import evaluate
from alarms.kinds import Actions, CompositeAlarm, LogAlarm, MetricAlarm
from alarms.state import StateValue
from alarms.suites.cases import Case, Notification, States
from alarms.suites.feeding import Feed, FeedError, feed, instants
from alarms.suppression import Change, Suppression, actions


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
    clock = instants(case)
    for place, at in enumerate(clock):
        for player in cast.players.values():
            player.step(place, at)
    return Outcome(
        {name: tuple(player.states) for name, player in cast.players.items()},
        {name: tuple(player.reasons) for name, player in cast.players.items()},
        tuple(sorted(note for player in cast.players.values() for note in _sent(player, cast, clock))),
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
    state: StateValue
    actions: Actions
    judge: Judge
    suppressed: CompositeAlarm | None = None
    """The alarm itself where a suppressor may hold its actions."""
    states: list[StateValue] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    initial: StateValue = field(init=False)

    def __post_init__(self) -> None:
        self.initial = self.state

    def step(self, place: int, at: datetime) -> None:
        """Go on by one word."""
        new, reason = self.judge(place, at, self.state)
        if new is not self.state:
            self.changes.append(Change(at, new))
        self.state = new
        self.states.append(new)
        self.reasons.append(reason)

    def speaks(self, state: StateValue) -> bool:
        """Tell whether anything is sent when the state is entered; an alarm without any action is taken to have all."""
        by_state = actions_by_state(self.actions)
        return self.actions.enabled and (bool(by_state[state]) or not any(by_state.values()))


def _sent(player: _Player, cast: _Cast, clock: Sequence[datetime]) -> Iterator[Notification]:
    """What a player sent; an instant is told by the start of the word that ends with it."""
    for at, state in _acted(player, cast):
        if player.speaks(state) and at <= clock[-1]:
            yield Notification(int((at - clock[0]).total_seconds()), player.name, state)


def _acted(player: _Player, cast: _Cast) -> Iterable[tuple[datetime, StateValue]]:
    """When actions ran, and of which state."""
    if player.suppressed is None:
        return [(change.at, change.state) for change in player.changes]
    suppressor = cast.players[cast.name_of(str(player.suppressed.suppressor))]
    held = [Change(change.at, change.state, of_suppressor=True) for change in suppressor.changes]
    try:
        begin = Suppression.of(player.suppressed, state=player.initial, suppressor=suppressor.initial)
    except OverflowError:
        raise FeedError(f"{player.name}: the suppressor's periods are longer than any clock goes") from None
    return actions(begin, sorted([*held, *player.changes], key=lambda change: change.at))


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
        said = ", ".join(f"{word} is {state}" for word, state in states.items())
        return state_of(rule, states), f"{rule.text}: {said}"

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
            return _Player(name, state, Actions(enabled=False), _giving(case.states[name]))
        alarm = self._definition(name)
        if isinstance(alarm, MetricAlarm):
            source = feed(alarm, case)
            self._used.update(source.keys)
            return _Player(name, state, alarm.actions, _measuring(source, case))
        rule = parse_rule(alarm.rule)
        children = {word: self.name_of(word) for word in rule.children}
        for child in children.values():
            self.add(child)
        judge = _composing(rule, children, self.players)
        if alarm.suppressor is None:
            return _Player(name, state, alarm.actions, judge)
        self.add(self.name_of(alarm.suppressor))
        return _Player(name, state, alarm.actions, judge, suppressed=alarm)

    def name_of(self, word: str) -> str:
        """Give the name of an alarm that another one calls by name or ARN."""
        is_arn = word.startswith("arn:") and ":alarm:" in word and word not in self._case.states
        return word.split(":alarm:", 1)[1] if is_arn else word

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
