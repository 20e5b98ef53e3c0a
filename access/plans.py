"""What a person is about to change, as a value: the steps, what each expects to find, and how it is taken back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from access.approvals import Approval, missing
from access.identity import Actor
from access.policy import Action, decide
from core.money import Money
from core.reading import Scope, Verdict

Document = Mapping[str, Any]
"""A thing as it is in AWS, in the members that a person can change."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One line of the difference between what is live and what is planned."""

    field: str
    before: object
    """None where it is not set."""
    after: object
    thing: str = ""
    """What it is a field of, such as an alarm's name; foreign text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Stands in a later step for what an earlier step's answer will hold."""

    step: str
    """The earlier step's key."""
    member: str


@dataclass(frozen=True, slots=True)
class Look:
    """How to see a thing as it is now: one read, and what of its answer matters."""

    service: str
    operation: str
    params: Mapping[str, Any]
    version: Callable[[Mapping[str, Any]], Document | None]
    """Reads the thing out of the answer; None where it is not there."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a step finds, and what it leaves; None is nothing."""

    look: Look
    before: Document | None
    after: Document | None


@dataclass(frozen=True, slots=True)
class Step:
    """One call that changes something."""

    service: str
    operation: str
    """As AWS spells it."""
    params: Mapping[str, Any]
    """The request; an `Answer` in it is filled in once the step that it names is done."""
    scope: Scope
    sentence: str
    """What it does, for people; may hold foreign text."""
    action: Action
    targets: tuple[str, ...]
    """What is changed, such as alarms' names; foreign text."""
    undo: Step | None = None
    expected: Expected | None = None
    """Without it the step is never repeated after a call that brought no answer."""
    key: str = ""
    """Names the step for the `Answer`s of later ones. One without `once` can be repeated without harm."""
    once: bool = False
    """Done again it would make a second thing: its key serves its own undo only."""
    lasting: str = ""
    """What no undo brings back, in a sentence."""


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A change that a person can read before anything is done."""

    title: str
    steps: tuple[Step, ...]
    changes: tuple[FieldChange, ...] = ()
    price_before: Money | None = None
    """A month's price of what is live; None where it is not known."""
    price_after: Money | None = None
    warnings: tuple[str, ...] = ()
    """Sentences to read before saying yes."""

    @property
    def actions(self) -> tuple[Action, ...]:
        """Everything that the person must be allowed to do."""
        return tuple(dict.fromkeys(step.action for step in self.steps))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return tuple(dict.fromkeys(step.scope for step in self.steps))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(target for step in self.steps for target in step.targets))

    @property
    def price_difference(self) -> Money | None:
        """What a month costs more afterwards; negative where it costs less."""
        if self.price_before is None or self.price_after is None:
            return None
        return self.price_after - self.price_before

    @property
    def fingerprint(self) -> str:
        """Names the plan: another step, request or expectation is another plan."""
        steps = [
            [step.service, step.operation, step.params, step.scope, step.expected and step.expected.before]
            for step in self.steps
        ]
        return hashlib.sha256(canonical(steps).encode()).hexdigest()


_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission to apply one plan; only `authorize` gives it."""

    actor: Actor
    fingerprint: str
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("a grant is given by authorize(plan, actor), never made")


def authorize(plan: ChangePlan, actor: Actor, *, approval: Approval | None = None) -> Grant | Verdict:
    """Give the grant to apply `plan`, or the verdict whose reason belongs on the disabled button.

    What stops things takes a second person's `approval` beside the actor's own role.
    """
    if not plan.steps:
        return Verdict(allowed=False, reason="Nothing would change.")
    verdicts = [decide(actor, action) for action in plan.actions]
    refused = next((verdict for verdict in verdicts if not verdict.allowed), None)
    return refused or missing(plan, approval) or Grant(actor, plan.fingerprint, _SEAL)


def joined(title: str, plans: Iterable[ChangePlan]) -> ChangePlan:
    """Make one plan of several, in their order; prices are those of the plans that know theirs."""
    parts = tuple(plans)
    return ChangePlan(
        title,
        tuple(step for plan in parts for step in plan.steps),
        tuple(change for plan in parts for change in plan.changes),
        _sum(plan.price_before for plan in parts),
        _sum(plan.price_after for plan in parts),
        tuple(dict.fromkeys(warning for plan in parts for warning in plan.warnings)),
    )


def differences(before: Document | None, after: Document | None, *, thing: str = "") -> tuple[FieldChange, ...]:
    """Name every field that differs, in the order in which they stand in `after`, then in `before`."""
    old, new = before or {}, after or {}
    fields = dict.fromkeys([*new, *old])
    return tuple(
        FieldChange(field, old.get(field), new.get(field), thing)
        for field in fields
        if canonical(old.get(field)) != canonical(new.get(field))
    )


def canonical(value: object) -> str:
    """Write a value so that two of the same content are the same text, whatever the text in them is."""
    return json.dumps(value, sort_keys=True, default=str)


def resolved(value: Any, answers: Mapping[str, Document]) -> Any:
    """Fill in every `Answer` of which the step is done; others stay."""
    if isinstance(value, Answer):
        return answers[value.step].get(value.member, value) if value.step in answers else value
    if isinstance(value, Mapping):
        return {name: resolved(member, answers) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(member, answers) for member in value]
    return value


def resolved_step(step: Step, answers: Mapping[str, Document]) -> Step:
    """Fill in what is known of a step, of what it expects, and of its undo."""
    expected = step.expected and replace(
        step.expected,
        look=replace(step.expected.look, params=resolved(step.expected.look.params, answers)),
        before=resolved(step.expected.before, answers),
        after=resolved(step.expected.after, answers),
    )
    undo = step.undo and resolved_step(step.undo, answers)
    return replace(step, params=resolved(step.params, answers), expected=expected, undo=undo)


def is_open(value: Any) -> bool:
    """Tell whether something waits for an earlier step."""
    if isinstance(value, Answer):
        return True
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(is_open(member) for member in members)


def _sum(prices: Iterable[Money | None]) -> Money | None:
    known = [price for price in prices if price is not None]
    return sum(known[1:], known[0]) if known else None
