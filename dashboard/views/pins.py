"""Pins beside the explorer's chart: which series are read for everybody, what another would cost, and who may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from access.audit import Audit
from access.identity import Actor
from access.policy import Action, decide
from cloud.database import DatabaseDownError
from cloud.pricing import PriceBook
from collectors.pins import MOST_PINS, Pin, PinPlan, plan
from core.money import ZERO
from core.reading import Scope, Verdict
from dashboard.views.explorer import Question, duration_label
from dashboard.wording import moment, plain


class PinBoard(Protocol):
    """Where pins are kept."""

    def every(self, scopes: Iterable[Scope]) -> tuple[Pin, ...]:
        """Give the pins of `scopes`, oldest first."""

    def add(self, pin: Pin) -> None:
        """Keep a pin."""

    def remove(self, pin: Pin, *, at: datetime) -> None:
        """Forget a pin."""


@dataclass(frozen=True, slots=True)
class PinDesk:
    """What pinning takes: where pins are kept, how often they are read, and what a call costs."""

    board: PinBoard
    """Where pins are kept."""
    refresh: timedelta
    """How long to wait between two reads of a pin."""
    prices: PriceBook
    """What a call costs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One press of a button: a series to pin, or a pin to take off."""

    pin: Pin
    """What the button is for."""
    may: Verdict
    """Whether the button works, and why not."""
    take_off: bool
    """True takes the pin off, False pins the series."""


@dataclass(frozen=True, slots=True)
class PinRow:
    """One series with its button."""

    name: str
    """The series; foreign text."""
    note: str
    """What it would cost a month, or who pinned it and since when; a sentence, may hold foreign text."""
    wish: Wish
    """What its button does."""


@dataclass(frozen=True, slots=True)
class PinsView:
    """What is drawn of pins."""

    title: str
    """How many there are of how many."""
    offered: tuple[PinRow, ...]
    """Series on the chart that are not pinned."""
    pinned: tuple[PinRow, ...]
    """Every pin of the account and region, oldest first."""


def build(desk: PinDesk, asked: Question, actor: Actor, *, scopes: Sequence[Scope], now: datetime) -> PinsView:
    """Give the pins of the account and region on screen, and the price of each series on the chart that is none."""
    scope = asked.on.scope
    try:
        among = desk.board.every(each for each in scopes if each.account == scope.account)
    except DatabaseDownError:
        return PinsView("Pinned series: unknown while the store does not answer", (), ())
    here = tuple(pin for pin in among if pin.scope == scope)
    held = {pin.key for pin in here}
    wanted = (Pin(scope, line.metric, line.statistic, asked.on.period, actor.name, now) for line in asked.panel.lines)
    plans = [plan(pin, among, refresh=desk.refresh, prices=desk.prices) for pin in wanted if pin.key not in held]
    return PinsView(
        f"Pinned series: {len(among)} of {MOST_PINS} in this account",
        tuple(
            PinRow(_name(each.pin), f"Pinning takes {each.text}.", Wish(each.pin, _may(each, actor), take_off=False))
            for each in plans
        ),
        tuple(
            PinRow(_name(pin), _since(pin, now), Wish(pin, decide(actor, Action.PIN_METRIC), take_off=True))
            for pin in here
        ),
    )


def _may(planned: PinPlan, actor: Actor) -> Verdict:
    """Say whether the actor may pin it: who may not spend may not pin what costs money."""
    verdicts = [decide(actor, Action.PIN_METRIC)]
    verdicts += [decide(actor, Action.SPEND)] if planned.cost != ZERO else []
    return next((each for each in (*verdicts, planned.room) if not each.allowed), planned.room)


def _name(pin: Pin) -> str:
    return f"{plain(str(pin.metric))} {plain(pin.statistic)}, {duration_label(pin.period)}"


def _since(pin: Pin, now: datetime) -> str:
    return f"Pinned by {plain(pin.by)} since {moment(pin.at, now=now)}."


def act(desk: PinDesk, wish: Wish, actor: Actor, audit: Audit | None, *, scopes: Sequence[Scope], now: datetime) -> str:
    """Pin or take off, if that is still allowed, write it into the audit record, and say what was done."""
    try:
        return _act(desk, wish, actor, audit, scopes=scopes, now=now)
    except DatabaseDownError:
        return "Nothing was changed: the store does not answer now. Try again in a moment."


def _act(
    desk: PinDesk, wish: Wish, actor: Actor, audit: Audit | None, *, scopes: Sequence[Scope], now: datetime
) -> str:
    may = _still(desk, wish, actor, scopes)
    if audit is not None:
        pin = wish.pin
        detail = {"what": "unpin" if wish.take_off else "pin", "statistic": pin.statistic, "period": str(pin.period)}
        audit.record(
            actor, Action.PIN_METRIC, str(pin.metric), at=now, allowed=may.allowed, scope=pin.scope, detail=detail
        )
    if not may.allowed:
        return may.reason
    if wish.take_off:
        desk.board.remove(wish.pin, at=now)
        return "Unpinned. What was read stays in the history."
    desk.board.add(wish.pin)
    return "Pinned. The collector reads it from now on, whether or not anybody looks."


def _still(desk: PinDesk, wish: Wish, actor: Actor, scopes: Sequence[Scope]) -> Verdict:
    """Decide again at the press: another may have taken the last place meanwhile."""
    if wish.take_off:
        return decide(actor, Action.PIN_METRIC)
    among = desk.board.every(each for each in scopes if each.account == wish.pin.scope.account)
    return _may(plan(wish.pin, among, refresh=desk.refresh, prices=desk.prices), actor)
