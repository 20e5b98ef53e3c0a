"""Plans that create, change and delete budgets; nothing here calls AWS.

Each gives an `access.changes.ChangePlan`, which `access.changes.apply` carries out. UpdateBudget replaces the whole
budget but not its notifications: those, and who is told, are calls of their own. Budget actions have their plans in
`budgets.actions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from access.changes import ChangePlan, Document, Expected, FieldChange, Look, Step, canonical, differences
from access.policy import Action
from budgets.actions import delete_steps, month_of_actions
from budgets.definition import Alert, BudgetDefinition, Subscriber
from budgets.live import (
    AlertVersion,
    LiveBudget,
    look_alert,
    look_budget,
    look_subscribers,
    notification_of,
    settable,
    subscriber_of,
    told,
    version_of,
)
from budgets.refusals import DefinitionErrors
from budgets.requests import parse, to_request
from budgets.words import alert_words, described, subscriber_words, told_words
from core.money import ZERO, Money
from core.reading import Scope

T = TypeVar("T")

_CREATE: Final = ("budgets", "CreateBudget")
_UPDATE: Final = ("budgets", "UpdateBudget")
_DELETE: Final = ("budgets", "DeleteBudget")
_ALERT: Final = ("budgets", "CreateNotification")
_MOVE_ALERT: Final = ("budgets", "UpdateNotification")
_DROP_ALERT: Final = ("budgets", "DeleteNotification")
_TELL: Final = ("budgets", "CreateSubscriber")
_MOVE: Final = ("budgets", "UpdateSubscriber")
_DROP: Final = ("budgets", "DeleteSubscriber")

LATE: Final = (
    "AWS works budgets out up to three times a day, 8 to 12 hours apart: a notification comes that much later than the "
    "cost."
)
RESETS: Final = "AWS shows $0.00 spent for a changed budget until it has worked it out again."
SILENT: Final = "It has no notification: it is only seen by those who look."
ANEW: Final = "The actions of a budget that is made again have no history."
UNTAGGED: Final = "Its tags could not be read: a budget that is made again has none."
_AWS_S: Final = "aws:"
"""How the keys of tags begin that only AWS sets."""


def create(budget: BudgetDefinition, *, scope: Scope, warnings: Sequence[str] = ()) -> ChangePlan:
    """Plan to make a budget with all its notifications in one call; the undo deletes it.

    Raises DefinitionErrors with every field that AWS would refuse.
    """
    _check(budget)
    said = (*warnings, LATE if budget.alerts else SILENT)
    return ChangePlan(
        f"Create the budget {budget.name}",
        (_create_step(budget, scope),),
        _changes(None, budget),
        ZERO,
        ZERO,
        said,
    )


def update(budget: BudgetDefinition, *, live: LiveBudget, scope: Scope, warnings: Sequence[str] = ()) -> ChangePlan:
    """Plan to make `budget` of what is live under its name: the budget, then its notifications, then who is told.

    Raises DefinitionErrors with what AWS would refuse.
    """
    _check(budget)
    before = live.definition
    if before.name != budget.name:
        raise DefinitionErrors({"Budget.BudgetName": f"a budget keeps its name; this one is {before.name}"})
    steps = tuple(_update_steps(before, budget, scope))
    changed = any(step.operation == _UPDATE[1] for step in steps)
    said = (*warnings, *((RESETS,) if changed else ()), *(() if budget.alerts else (SILENT,)))
    return ChangePlan(f"Change the budget {budget.name}", steps, _changes(before, budget), ZERO, ZERO, said)


def delete(live: LiveBudget, *, scope: Scope, acting: int | None = None) -> ChangePlan:
    """Plan to delete a budget, its actions first; the undo makes them again.

    `acting` is how many budgets of the account have actions, for the price; None where that is not known.
    """
    before = live.definition
    said = (*((ANEW,) if live.actions else ()), *((UNTAGGED,) if live.tags is None else ()))
    gone = replace(_turned(_create_step(before, scope, tags=live.tags or {})), lasting=" ".join(said))
    return ChangePlan(
        f"Delete the budget {before.name}",
        (*delete_steps(before.name, live.actions, scope), gone),
        _changes(before, None),
        *_prices(acting, bool(live.actions)),
        said,
    )


def _prices(acting: int | None, acts: bool) -> tuple[Money | None, Money | None]:  # noqa: FBT001 - inner
    if not acts:
        return ZERO, ZERO
    return (None, None) if acting is None else (month_of_actions(acting), month_of_actions(acting - 1))


def _check(budget: BudgetDefinition) -> None:
    parse(to_request(settable(budget)))


def _changes(before: BudgetDefinition | None, after: BudgetDefinition | None) -> tuple[FieldChange, ...]:
    """Say field by field what becomes another; a first day that AWS chose is none."""
    old, new = (described(settable(each)) if each is not None else None for each in (before, after))
    if old is not None and new is not None and "First day" not in new:
        old.pop("First day", None)
    return differences(old, new, thing=(after or before or BudgetDefinition("")).name)


# -- the budget itself ------------------------------------------------------------------------------------------------


def _create_step(budget: BudgetDefinition, scope: Scope, *, tags: Mapping[str, str] | None = None) -> Step:
    plain = settable(budget)
    timed = plain.start is not None
    expected = Expected(look_budget(plain.name, scope, timed=timed), None, version_of(plain, timed=timed))
    where = {"AccountId": scope.account}
    back = _step(
        _DELETE,
        {**where, "BudgetName": plain.name},
        scope,
        plain.name,
        f"Delete the budget {plain.name}",
        replace(expected, before=expected.after, after=None),
    )
    own = [{"Key": key, "Value": value} for key, value in (tags or {}).items() if not key.startswith(_AWS_S)]
    request = {**where, **to_request(plain), **({"ResourceTags": own} if own else {})}
    made = _step(_CREATE, request, scope, plain.name, f"Create the budget {plain.name}", expected)
    return replace(made, undo=back)


def _turned(step: Step) -> Step:
    if step.undo is None:
        raise ValueError(f"{step.operation} has no undo")
    return replace(step.undo, undo=replace(step, undo=None))


def _update_steps(before: BudgetDefinition, after: BudgetDefinition, scope: Scope) -> Iterator[Step]:
    timed = after.start is not None
    if canonical(version_of(before, timed=timed)) != canonical(version_of(after, timed=timed)):
        yield _two_ways(
            lambda old, new: _step(
                _UPDATE,
                {"AccountId": scope.account, "NewBudget": to_request(replace(settable(new), alerts=()))["Budget"]},
                scope,
                new.name,
                f"Change the budget {new.name}",
                Expected(
                    look_budget(new.name, scope, timed=timed),
                    version_of(old, timed=timed),
                    version_of(new, timed=timed),
                ),
            ),
            before,
            after,
        )
    yield from _alert_steps(before, after, scope)


# -- notifications ----------------------------------------------------------------------------------------------------


def _alert_steps(before: BudgetDefinition, after: BudgetDefinition, scope: Scope) -> Iterator[Step]:
    """Move, delete and create notifications, so that there are never more than AWS takes.

    One whose threshold moves keeps its state and subscribers; where both change it is made anew, because each step
    looks for what was there before the first of them.
    """
    old, new = _by_key(before.alerts), _by_key(after.alerts)
    gone, fresh = [old[key] for key in old if key not in new], [new[key] for key in new if key not in old]
    moved = _moved(gone, fresh)
    for was, becomes in moved:
        yield _two_ways(lambda a, b: _move_step(after, a, b, scope), was, becomes)
    kept = {id(alert) for pair in moved for alert in pair}
    yield from (_turned(_alert_step(after, alert, scope)) for alert in gone if id(alert) not in kept)
    yield from (_alert_step(after, alert, scope) for alert in fresh if id(alert) not in kept)
    for key, alert in new.items():
        if key in old:
            yield from _told_steps(after, old[key], alert, scope)


def _by_key(alerts: Sequence[Alert]) -> dict[str, Alert]:
    return {canonical(notification_of(alert)): alert for alert in alerts}


def _moved(gone: Sequence[Alert], fresh: Sequence[Alert]) -> list[tuple[Alert, Alert]]:
    """Pair each notification that goes with one that comes and tells the same people."""
    left, pairs = list(fresh), []
    for alert in gone:
        same = next((each for each in left if set(each.subscribers) == set(alert.subscribers)), None)
        if same is not None:
            left.remove(same)
            pairs.append((alert, same))
    return pairs


def _alert_step(budget: BudgetDefinition, alert: Alert, scope: Scope) -> Step:
    words = alert_words(alert, budget)
    expected = Expected(look_alert(budget.name, alert, scope), None, notification_of(alert))
    where = {"AccountId": scope.account, "BudgetName": budget.name, "Notification": notification_of(alert)}
    back = _step(
        _DROP_ALERT,
        where,
        scope,
        budget.name,
        f"Take away the notification of {words}",
        replace(expected, before=expected.after, after=None),
    )
    people = [subscriber_of(each) for each in alert.subscribers]
    sentence = f"Notify of {words}: {told_words(alert.subscribers)}"
    return replace(_step(_ALERT, {**where, "Subscribers": people}, scope, budget.name, sentence, expected), undo=back)


def _move_step(budget: BudgetDefinition, was: Alert, becomes: Alert, scope: Scope) -> Step:
    """Change when people are told; what is looked at is both, so that the change and its undo see the same."""
    sentence = f"Notify of {alert_words(becomes, budget)} instead of {alert_words(was, budget)}"
    return _step(
        _MOVE_ALERT,
        {
            "AccountId": scope.account,
            "BudgetName": budget.name,
            "OldNotification": notification_of(was),
            "NewNotification": notification_of(becomes),
        },
        scope,
        budget.name,
        sentence,
        Expected(_either(budget.name, was, becomes, scope), _is(was), _is(becomes)),
    )


def _either(name: str, one: Alert, other: Alert, scope: Scope) -> Look:
    first, second = sorted((one, other), key=lambda alert: canonical(notification_of(alert)))
    return replace(look_alert(name, first, scope), version=_Both(AlertVersion(first), AlertVersion(second)))


def _is(alert: Alert) -> Document:
    return {"Notifications": [notification_of(alert)]}


# -- who is told ------------------------------------------------------------------------------------------------------


def _told_steps(budget: BudgetDefinition, old: Alert, new: Alert, scope: Scope) -> Iterator[Step]:
    """Change, add and take off subscribers, in this order: the last one who goes would take the notification along."""
    gone = [each for each in old.subscribers if each not in new.subscribers]
    fresh = [each for each in new.subscribers if each not in old.subscribers]
    pairs = [
        pair
        for kind in ("EMAIL", "SNS")
        for pair in zip(*([each for each in some if each.kind == kind] for some in (gone, fresh)), strict=False)
    ]
    paired = {each for pair in pairs for each in pair}
    ways: list[tuple[tuple[Subscriber, ...], tuple[Subscriber, ...]]] = [((was,), (becomes,)) for was, becomes in pairs]
    ways += [((), (each,)) for each in fresh if each not in paired]
    ways += [((each,), ()) for each in gone if each not in paired]
    for was, becomes in ways:
        yield _two_ways(lambda a, b: _told_step(budget, new, a, b, scope), was, becomes)


def _told_step(
    budget: BudgetDefinition,
    alert: Alert,
    old: tuple[Subscriber, ...],
    new: tuple[Subscriber, ...],
    scope: Scope,
) -> Step:
    """Go from one subscriber to another, or from and to none."""
    words = alert_words(alert, budget)
    where = {"AccountId": scope.account, "BudgetName": budget.name, "Notification": notification_of(alert)}
    if old and new:
        call, sentence = _MOVE, f"Tell {subscriber_words(new[0])} instead of {subscriber_words(old[0])} of {words}"
        who: dict[str, Any] = {"OldSubscriber": subscriber_of(old[0]), "NewSubscriber": subscriber_of(new[0])}
    else:
        call = _TELL if new else _DROP
        (one,) = new or old
        sentence = f"{'Tell' if new else 'No longer tell'} {subscriber_words(one)} of {words}"
        who = {"Subscriber": subscriber_of(one)}
    look = look_subscribers(budget.name, alert, (*old, *new), scope)
    return _step(call, {**where, **who}, scope, budget.name, sentence, Expected(look, told(old), told(new)))


# -- shared -----------------------------------------------------------------------------------------------------------


def _step(
    call: tuple[str, str],
    params: Mapping[str, Any],
    scope: Scope,
    name: str,
    sentence: str,
    expected: Expected,
) -> Step:
    return Step(*call, params, scope, sentence, Action.EDIT_BUDGET, (name,), expected=expected)


def _two_ways(make: Callable[[T, T], Step], before: T, after: T) -> Step:
    """Give the step from one to the other, with the way back as its undo."""
    return replace(make(before, after), undo=make(after, before))


@dataclass(frozen=True, slots=True)
class _Both:
    """Sees which of two notifications are there."""

    first: AlertVersion
    second: AlertVersion

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        there = [found for found in (self.first(answer), self.second(answer)) if found is not None]
        return {"Notifications": there} if there else None
