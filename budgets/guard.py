"""The guard ladder: what happens at which spend, decided one look at a time. Pure.

Four rungs: tell people, freeze (nothing scales out), scale to zero, stop. By itself the guard tells and, where it is
switched on, freezes; the rungs above wait for people. It never does a rung twice in a month unless spend fell below its
threshold in between, and it never climbs down by itself: only a restore does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

from budgets.estimate import month_start
from core.money import Money
from core.reading import Verdict


class Rung(StrEnum):
    """What the guard can do, mildest first."""

    NOTIFY = "notify"
    FREEZE = "freeze"
    ZERO = "scale to zero"
    STOP = "stop"


ORDER: Final = tuple(Rung)
BY_ITSELF: Final = frozenset({Rung.NOTIFY, Rung.FREEZE})
"""What the guard may do without a person; the freeze only where it is switched on."""
REARM: Final = Decimal("0.9")
"""A rung is armed again once spend is below this part of its threshold: figures are corrected, and estimates wobble."""
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=1)
"""Between two tries of what failed: a minute, then twice as long each time, an hour at most."""


NO_ROLE: Final = Verdict(allowed=False, reason="No role that may write is set.")


class Mode(StrEnum):
    """Whether the guard acts."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Rules:
    """What settings say of the guard of one account."""

    mode: Mode = Mode.OFF
    at: Mapping[Rung, Money] | None = None
    """The month's spend at which each rung is reached; a rung that is not named is never reached."""
    may_write: Verdict = NO_ROLE
    """Whether the guard could change anything there, and why not."""

    def reached(self, spend: Money) -> Iterator[Rung]:
        """Give the rungs whose threshold `spend` has come to, mildest first."""
        return (rung for rung in ORDER if rung in (self.at or {}) and spend.amount >= (self.at or {})[rung].amount)


def ladder_problems(at: Mapping[Rung, Money]) -> list[str]:
    """Say what is wrong with thresholds: they must be more than nothing, and rise from rung to rung."""
    known = [(rung, at[rung]) for rung in ORDER if rung in at]
    found = [f"{rung} at {money} would always be reached" for rung, money in known if money.amount <= 0]
    for (low, less), (high, more) in pairwise(known):
        if more.amount <= less.amount:
            found.append(f"{high} at {more} must be above {low} at {less}")
    return found


class Status(StrEnum):
    """What became of a rung that was reached."""

    DUE = "due"
    DONE = "done"
    REHEARSED = "dry run"
    WAITS = "waits for people"
    FAILED = "failed, tried again"
    REFUSED = "not possible"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A rung that was reached."""

    rung: Rung
    at: datetime
    spend: Money
    whose: str
    """Whose figure that was, such as `our estimate`."""
    status: Status
    said: str = ""
    """What became of it, for people; may hold foreign text."""
    attempts: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the guard of one account remembers. It survives restarts in the store."""

    month: datetime
    """When the month began whose crossings these are."""
    crossings: tuple[Crossing, ...] = ()
    standing: Rung | None = None
    """The highest rung whose effect is in place; only a restore takes it away, not even a new month."""
    since: datetime | None = None
    """Since when it is in place."""

    def of(self, rung: Rung) -> Crossing | None:
        return next((each for each in self.crossings if each.rung is rung), None)

    @property
    def reached(self) -> Rung | None:
        """The highest rung that was reached this month."""
        return max((each.rung for each in self.crossings), key=ORDER.index, default=None)


@dataclass(frozen=True, slots=True)
class Spend:
    """The figure that thresholds are held against."""

    amount: Money
    whose: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one look."""

    state: GuardState
    acts: tuple[Rung, ...]
    """To be done now, in this order; say with `settled` what became of each."""
    sentence: str


def decide(state: GuardState | None, spend: Spend | None, rules: Rules, *, now: datetime) -> Decision:
    """Say what is to be done at `now`."""
    state = _in_month(state, now)
    if rules.mode is Mode.OFF:
        return Decision(state, (), "The guard is off.")
    if not rules.at:
        return Decision(state, (), "No threshold is set, so nothing is guarded.")
    if spend is None:
        return Decision(state, (), "What is spent is not known, so nothing is decided.")
    kept = tuple(_as_switched(each, rules) for each in state.crossings if not _armed_again(each, state, spend, rules))
    known = {each.rung for each in kept}
    new = tuple(
        _as_switched(Crossing(rung, now, spend.amount, spend.whose, _first_status(rung, state)), rules)
        for rung in rules.reached(spend.amount)
        if rung not in known
    )
    crossings = tuple(sorted((*kept, *new), key=lambda each: ORDER.index(each.rung)))
    acts = tuple(each.rung for each in crossings if _is_due(each, now))
    return Decision(replace(state, crossings=crossings), acts, _sentence(crossings, spend))


def settled(state: GuardState, rung: Rung, became: Verdict, *, now: datetime) -> GuardState:
    """Note what became of an act: done, or failed and tried again later."""
    crossing = state.of(rung)
    if crossing is None:
        return state
    if became.allowed:
        done = replace(crossing, status=Status.DONE, said=became.reason, retry_at=None)
        return standing(_with(state, done), rung, now=now) if rung is not Rung.NOTIFY else _with(state, done)
    attempts = crossing.attempts + 1
    wait = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), LONGEST_RETRY)
    failed = replace(crossing, status=Status.FAILED, said=became.reason, attempts=attempts, retry_at=now + wait)
    return _with(state, failed)


def standing(state: GuardState, rung: Rung, *, now: datetime) -> GuardState:
    """Note that a rung's effect is in place, whoever brought it about; a lower rung never replaces a higher one."""
    crossings = tuple(
        replace(each, status=Status.DONE, retry_at=None)
        if each.status is not Status.DONE and each.rung is not Rung.NOTIFY and _at_most(each.rung, rung)
        else each
        for each in state.crossings
    )
    if state.standing is not None and _at_most(rung, state.standing):
        return replace(state, crossings=crossings)
    return replace(state, crossings=crossings, standing=rung, since=now)


def restored(state: GuardState) -> GuardState:
    """Note that everything is as before. What was reached stays reached: it is not done again at once."""
    return replace(state, standing=None, since=None)


def _in_month(state: GuardState | None, now: datetime) -> GuardState:
    month = month_start(now)
    if state is None:
        return GuardState(month)
    return state if state.month == month else replace(state, month=month, crossings=())


def _armed_again(each: Crossing, state: GuardState, spend: Spend, rules: Rules) -> bool:
    """Whether a rung that was reached is as if it never was: spend fell, and its effect is not in place."""
    if state.standing is not None and each.rung is not Rung.NOTIFY and _at_most(each.rung, state.standing):
        return False
    threshold = (rules.at or {}).get(each.rung)
    return threshold is None or spend.amount.amount < threshold.amount * REARM


def _first_status(rung: Rung, state: GuardState) -> Status:
    if rung is Rung.NOTIFY:
        return Status.DUE
    if state.standing is not None and _at_most(rung, state.standing):
        return Status.DONE
    return Status.DUE if rung in BY_ITSELF else Status.WAITS


_OPEN: Final = frozenset({Status.DUE, Status.FAILED, Status.REHEARSED, Status.REFUSED})


def _as_switched(each: Crossing, rules: Rules) -> Crossing:
    """Follow the switch and the role: what was rehearsed or impossible is due as soon as it can be done."""
    if each.rung is not Rung.FREEZE or each.status not in _OPEN:
        return each
    if rules.mode is not Mode.ON:
        return replace(each, status=Status.REHEARSED, said="", retry_at=None)
    if not rules.may_write.allowed:
        return replace(each, status=Status.REFUSED, said=rules.may_write.reason, retry_at=None)
    return each if each.status is Status.FAILED else replace(each, status=Status.DUE, said="")


def _is_due(each: Crossing, now: datetime) -> bool:
    if each.status is Status.DUE:
        return True
    return each.status is Status.FAILED and each.retry_at is not None and each.retry_at <= now


def _at_most(rung: Rung, other: Rung) -> bool:
    return ORDER.index(rung) <= ORDER.index(other)


def _with(state: GuardState, changed: Crossing) -> GuardState:
    return replace(state, crossings=tuple(changed if c.rung is changed.rung else c for c in state.crossings))


def _sentence(crossings: Iterable[Crossing], spend: Spend) -> str:
    highest = list(crossings)[-1:]
    if not highest:
        return f"{spend.amount} by {spend.whose}: no threshold is reached."
    return f"{spend.amount} by {spend.whose}: {highest[0].rung} is reached, {highest[0].status}."
