"""The demo cloud's alarms: definitions, states, history, tags and mute rules of one account and region."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, Final

from alarms.composite import Rule, parse_rule
from alarms.definition import Alarm, CompositeAlarm, LogAlarm, MetricAlarm, parse
from alarms.state import StateValue
from core.reading import Scope
from core.timespan import from_epoch
from demo import alarm_words as words
from demo.alarm_data import evaluated
from demo.alarm_entry import Entry, Transition, alarm_name, composite_reason, described, in_state
from demo.alarm_words import HistoryItem, ItemType
from demo.metric_store import MetricStore, Stores
from demo.mute_rules import MuteRule
from demo.suppression import Held, Suppressions

MINUTE: Final = 60
HIGH_RESOLUTION: Final = 10
"""Seconds between evaluations: every minute, and every ten seconds for periods below one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"""

MINUTE_OFFSET: Final = 10
"""Seconds past the minute at which alarms are evaluated: by then the last minute's data have been published."""

CATCH_UP: Final = timedelta(hours=6)
"""How far back evaluations are made up for, where time has jumped; what is older is left out."""

HISTORY_KEPT: Final = timedelta(days=30)
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html"""

__all__ = ["AlarmBook", "AlarmBooks", "Entry", "HistoryItem", "ItemType", "Transition", "described"]


class AlarmBook:
    """One scope's alarms. Every method may be called from any thread."""

    def __init__(self, scope: Scope, store: MetricStore) -> None:
        self.scope = scope
        self._store = store
        self._alarms: dict[str, Entry] = {}
        self._history: list[HistoryItem] = []
        self._rules: dict[str, MuteRule] = {}
        self._pending: list[Transition] = []
        self._evaluated: datetime | None = None
        self._suppressions = Suppressions()
        self._lock = RLock()

    # --- alarms -----------------------------------------------------------------------------------------------------

    def put(self, wire_params: Mapping[str, Any], *, at: datetime) -> Entry:
        """Create the alarm, or change it and keep its state; raises alarms.definition.DefinitionErrors."""
        definition = parse(wire_params)
        params = {name: value for name, value in wire_params.items() if name != "Tags"}
        tags = {tag["Key"]: tag["Value"] for tag in wire_params.get("Tags") or ()}
        rule = parse_rule(definition.rule) if isinstance(definition, CompositeAlarm) else None
        with self._lock:
            old = self._alarms.get(definition.name)
            if old is None:
                entry = self._created(definition, params, tags, rule, at)
            else:
                entry = replace(old, definition=definition, params=params, configured=at, rule=rule)
                self._suppressions.forget(entry.name)
            self._alarms[definition.name] = entry
            self._evaluated = self._evaluated or at
            self._configuration(entry, "created" if old is None else "updated", at=at)
            return entry

    def delete(self, names: Iterable[str], *, at: datetime) -> None:
        """Remove alarms; their history stays."""
        with self._lock:
            for name in names:
                entry = self._alarms.pop(name, None)
                self._suppressions.forget(name)
                if entry is not None:
                    self._configuration(entry, "deleted", at=at)

    def get(self, name: str) -> Entry | None:
        """Give the alarm of this name or ARN, or None."""
        with self._lock:
            return self._alarms.get(alarm_name(name))

    def entries(self) -> tuple[Entry, ...]:
        """Give every alarm, by name."""
        with self._lock:
            return tuple(self._alarms[name] for name in sorted(self._alarms))

    def describe(self, name: str) -> dict[str, Any]:
        """Give one alarm as DescribeAlarms does; raises KeyError where there is none of this name."""
        entry = self.get(name)
        if entry is None:
            raise KeyError(name)
        return described(entry)

    def parents(self, name: str) -> tuple[Entry, ...]:
        """Give the composite alarms whose rule names this alarm."""
        return tuple(entry for entry in self.entries() if name in entry.children)

    def enable(self, names: Iterable[str], *, enabled: bool, at: datetime) -> None:
        """Let the alarms' actions run, or not."""
        with self._lock:
            for name in names:
                entry = self._alarms.get(name)
                if entry is not None and not isinstance(entry.definition, LogAlarm):
                    actions = replace(entry.definition.actions, enabled=enabled)
                    changed = replace(
                        entry,
                        definition=replace(entry.definition, actions=actions),
                        params={**entry.params, "ActionsEnabled": enabled},
                        configured=at,
                    )
                    self._alarms[name] = changed
                    self._configuration(changed, "updated", at=at)

    def tag(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Set tags, or remove those whose new value is None."""
        with self._lock:
            entry = self._alarms[name]
            tags = {key: value for key, value in {**entry.tags, **changes}.items() if value is not None}
            self._alarms[name] = replace(entry, tags=tags)

    # --- states -----------------------------------------------------------------------------------------------------

    def set_state(
        self,
        name: str,
        state: StateValue,
        reason: str,
        *,
        at: datetime,
        reason_data: Mapping[str, Any] | None = None,
    ) -> Transition | None:
        """Write a state by hand; what follows from it runs at the next evaluation, which may take it back."""
        with self._lock:
            entry = self._alarms[name]
            transition = self._moved(entry, state, reason, reason_data or {}, at=at)
            if transition is not None:
                self._pending.append(self._hold(transition))
            return transition

    def evaluate_due(self, *, at: datetime) -> list[Transition]:
        """Evaluate every alarm at each of its instants up to `at` that has not been yet; give what changed, in order.

        Actions are not run here: `Transition.actions` says which to run.
        """
        with self._lock:
            found, self._pending = self._pending, []
            for instant in self._instants(at):
                found.extend(self._evaluate(instant))
            self._evaluated = at
            return found

    def evaluated_until(self, at: datetime) -> None:
        """Say that what lies before `at` was evaluated elsewhere, and recorded."""
        with self._lock:
            self._evaluated = at

    def record(self, transition: Transition) -> None:
        """Write down a transition that happened earlier: its history, and the state where it is the newest."""
        with self._lock:
            entry = self._alarms[transition.alarm.name]
            if transition.at >= entry.transitioned or entry.reason == words.NEW_ALARM:
                self._alarms[entry.name] = in_state(
                    entry, transition.new, transition.reason, transition.reason_data, at=transition.at, moved=True
                )
            self._state_item(entry, transition)

    def _created(
        self, definition: Alarm, params: Mapping[str, Any], tags: Mapping[str, str], rule: Rule | None, at: datetime
    ) -> Entry:
        arn = f"arn:aws:cloudwatch:{self.scope.region}:{self.scope.account}:alarm:{definition.name}"
        state, reason = StateValue.INSUFFICIENT_DATA, words.NEW_ALARM
        return Entry(definition, params, arn, at, state, reason, {}, at, at, tags=tags, rule=rule)

    def _instants(self, at: datetime) -> Iterable[datetime]:
        """Give the instants, in ten-second steps, after the last evaluation and up to `at`."""
        done = at if self._evaluated is None else max(self._evaluated, at - CATCH_UP)
        since = int(done.timestamp())
        first = (since // HIGH_RESOLUTION + 1) * HIGH_RESOLUTION
        return (from_epoch(t) for t in range(first, int(at.timestamp()) + 1, HIGH_RESOLUTION))

    def _evaluate(self, at: datetime) -> list[Transition]:
        whole_minute = int(at.timestamp()) % MINUTE == MINUTE_OFFSET
        found: list[Transition] = []
        for entry in tuple(self._alarms.values()):
            definition = entry.definition
            if not isinstance(definition, MetricAlarm) or not definition.evaluable.allowed:
                continue
            if whole_minute or definition.high_resolution:
                found.extend(self._evaluate_metric(entry, definition, at))
        found.extend(self._hold(transition) for transition in self._evaluate_composites(at))
        return [*found, *self._release(at)]

    def _evaluate_metric(self, entry: Entry, alarm: MetricAlarm, at: datetime) -> list[Transition]:
        found = evaluated(alarm, self._store, at=at, previous=entry.state, configured_at=entry.configured)
        if found is None or (found.state is entry.state and entry.reason != words.NEW_ALARM):
            return []
        moved = self._moved(entry, found.state, found.reason, found.reason_data, at=at)
        return [] if moved is None else [moved]

    def _evaluate_composites(self, at: datetime) -> list[Transition]:
        """Evaluate rules until none changes: one composite alarm may look at another."""
        found: list[Transition] = []
        composites = [name for name, entry in self._alarms.items() if entry.rule is not None]
        for _ in composites:
            moved = [m for name in composites if (m := self._evaluate_composite(self._alarms[name], at)) is not None]
            if not moved:
                break
            found.extend(moved)
        return found

    def _evaluate_composite(self, entry: Entry, at: datetime) -> Transition | None:
        if entry.rule is None:
            return None
        children = {child: self.get(child) for child in entry.rule.children}
        if any(child is None for child in children.values()):
            state, reason = StateValue.INSUFFICIENT_DATA, "A child alarm of the rule does not exist"
        else:
            states = {name: child.state for name, child in children.items() if child is not None}
            state = StateValue.ALARM if entry.rule.holds(states) else StateValue.OK
            reason = composite_reason(entry, [child for child in children.values() if child is not None], state, at)
        return self._moved(entry, state, reason, {}, at=at)

    def _moved(
        self, entry: Entry, state: StateValue, reason: str, reason_data: Mapping[str, Any], *, at: datetime
    ) -> Transition | None:
        """Write the state; give a transition where it is another."""
        changed = state is not entry.state
        if not changed and entry.reason != words.NEW_ALARM:
            return None
        self._alarms[entry.name] = in_state(entry, state, reason, reason_data, at=at, moved=changed)
        if not changed:
            return None
        transition = Transition(
            scope=self.scope,
            alarm=entry.definition,
            at=at,
            old=entry.state,
            new=state,
            reason=reason,
            reason_data=reason_data,
            actions=self._actions(entry, state, at),
            old_reason=entry.reason,
            old_reason_data=entry.reason_data,
        )
        self._state_item(entry, transition)
        return transition

    def _actions(self, entry: Entry, state: StateValue, at: datetime) -> tuple[str, ...]:
        definition = entry.definition
        if isinstance(definition, LogAlarm) or not definition.actions.enabled:
            return ()
        by_state = {
            StateValue.OK: definition.actions.ok,
            StateValue.ALARM: definition.actions.alarm,
            StateValue.INSUFFICIENT_DATA: definition.actions.insufficient_data,
        }
        wanted = by_state[state]
        muting = [rule.name for rule in self._rules.values() if rule.mutes(entry.name, at)]
        if wanted and muting:
            self.add_history(entry.name, at=at, kind=ItemType.ACTION, summary=words.muted(muting[0]), data="{}")
        return () if muting else wanted

    # --- suppression ------------------------------------------------------------------------------------------------

    def held(self, name: str) -> Held | None:
        """Give what a suppressor holds back of a composite alarm's actions, if anything."""
        with self._lock:
            entry = self._alarms.get(name)
            suppressor = self._suppressor(entry.definition) if entry else None
            return self._suppressions.held(name, suppressor) if suppressor else None

    def _hold(self, transition: Transition) -> Transition:
        """Take the actions out of a composite alarm's transition where its suppressor holds them."""
        alarm, suppressor = transition.alarm, self._suppressor(transition.alarm)
        if suppressor is None or not isinstance(alarm, CompositeAlarm):
            return transition
        return (
            transition if self._suppressions.enter(transition, alarm, suppressor) else replace(transition, actions=())
        )

    def _release(self, at: datetime) -> list[Transition]:
        """Give the transitions whose actions are no longer held, with them."""
        found = []
        for entry in self._alarms.values():
            if not isinstance(entry.definition, CompositeAlarm):
                continue
            suppressor = self._suppressor(entry.definition)
            if suppressor is None:
                released = self._suppressions.forget(entry.name)
            else:
                released = self._suppressions.follow(entry.definition, entry.state, suppressor, at=at)
            if released is not None:
                found.append(replace(released, at=at, actions=self._actions(entry, released.new, at)))
        return found

    def _suppressor(self, alarm: Alarm) -> Entry | None:
        name = alarm.suppressor if isinstance(alarm, CompositeAlarm) else None
        return None if name is None else self._alarms.get(alarm_name(name))

    # --- history ----------------------------------------------------------------------------------------------------

    def add_history(self, name: str, *, at: datetime, kind: ItemType, summary: str, data: str) -> None:
        """Write a line into an alarm's history, in its place in time."""
        with self._lock:
            entry = self._alarms.get(name)
            item = HistoryItem(name, entry.kind if entry else "MetricAlarm", at, kind, summary, data)
            insort(self._history, item, key=lambda kept: kept.at)

    def history(self, *, now: datetime, chosen: Callable[[HistoryItem], bool] | None = None) -> Sequence[HistoryItem]:
        """Give the history of the last thirty days, oldest first."""
        with self._lock:
            self._history = [item for item in self._history if item.at > now - HISTORY_KEPT]
            return [item for item in self._history if chosen is None or chosen(item)]

    def _state_item(self, entry: Entry, transition: Transition) -> None:
        old = words.state_document(
            transition.old, transition.old_reason or entry.reason, transition.old_reason_data or entry.reason_data
        )
        new = words.state_document(transition.new, transition.reason, transition.reason_data)
        self.add_history(
            entry.name,
            at=transition.at,
            kind=ItemType.STATE,
            summary=words.state_update(transition.old, transition.new),
            data=words.state_data(old, new),
        )

    def _configuration(self, entry: Entry, change: str, *, at: datetime) -> None:
        self.add_history(
            entry.name,
            at=at,
            kind=ItemType.CONFIGURATION,
            summary=words.configuration_update(entry.name, change),
            data=words.configuration_data(change, described(entry)),
        )

    # --- mute rules -------------------------------------------------------------------------------------------------

    def put_rule(self, rule: MuteRule) -> None:
        with self._lock:
            self._rules[rule.name] = rule

    def delete_rule(self, name: str) -> None:
        with self._lock:
            self._rules.pop(name, None)

    def rules(self) -> tuple[MuteRule, ...]:
        """Give every mute rule, by name."""
        with self._lock:
            return tuple(self._rules[name] for name in sorted(self._rules))


class AlarmBooks:
    """Every scope's book, made when first asked for."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._books: dict[Scope, AlarmBook] = {}
        self._lock = RLock()

    def of(self, scope: Scope) -> AlarmBook:
        with self._lock:
            if scope not in self._books:
                self._books[scope] = AlarmBook(scope, self._stores.of(scope))
            return self._books[scope]

    def evaluated_until(self, at: datetime) -> None:
        """Say that in every scope what lies before `at` was evaluated elsewhere, and recorded."""
        with self._lock:
            for book in self._books.values():
                book.evaluated_until(at)

    def evaluate_due(self, *, at: datetime) -> list[Transition]:
        """Evaluate what is due in every scope; give what changed, in order of time."""
        with self._lock:
            books = tuple(self._books.values())
        return sorted((t for book in books for t in book.evaluate_due(at=at)), key=lambda t: t.at)
