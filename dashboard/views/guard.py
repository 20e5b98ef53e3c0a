"""The guard, as people read it: how far up the ladder, by whose figure, what would happen next, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import pandas as pd

from access.approvals import Proposal
from access.audit import Record
from access.changes import ChangePlan
from access.identity import Actor
from budgets.estimate import PastError
from budgets.freezing import Prior, Rehearsal
from budgets.guard import ORDER, GuardState, Mode, Rules, Rung, Status
from core.reading import Fault, Reading, Verdict, joined_faults
from dashboard.charts.view import ChartView
from dashboard.guardroom import Guards
from dashboard.views import guard_chart, guard_tables
from dashboard.views.estimating import Spending
from dashboard.views.frame import Badge
from dashboard.views.guard_offers import Asked, Offer, asked, may_restore, offer
from dashboard.views.guard_tables import cents
from dashboard.views.tiles import Tile
from dashboard.wording import ALARM, INFO, NO_DATA, NO_VALUE, OK, WARNING, Look, age, capital, moment, plain

OLD: Final = timedelta(minutes=30)
"""Estimates this old are stale: they are made every ten minutes."""

_DOES: Final[Mapping[Rung, str]] = {
    Rung.NOTIFY: "tell people",
    Rung.FREEZE: "hold scaling back",
    Rung.ZERO: "set groups to zero",
    Rung.STOP: "stop instances outside groups too",
}
_LOOKS: Final[Mapping[Status, Look]] = {
    Status.DUE: WARNING,
    Status.DONE: OK,
    Status.REHEARSED: INFO,
    Status.WAITS: WARNING,
    Status.FAILED: ALARM,
    Status.REFUSED: ALARM,
}


@dataclass(frozen=True, slots=True)
class GuardReadings:
    """Everything that the page shows, as read; nothing of it cost anything."""

    at: datetime
    """When the page looked."""
    account: str
    """Which account."""
    name: str
    """What people call it."""
    spending: Spending
    """What it costs, by AWS and by our count."""
    rules: Rules
    """What settings say."""
    state: Reading[GuardState | None]
    """What the guard remembers."""
    rehearsals: Mapping[Rung, Reading[Rehearsal]]
    """What each rung would do now."""
    back: Reading[ChangePlan]
    """The plan that puts everything back."""
    priors: tuple[Prior, ...]
    """How things were before the guard touched them."""
    pending: tuple[Proposal, ...]
    """What waits for a second person, or was approved and not done yet."""
    history: tuple[Record, ...]
    """What the audit record has of the guard, newest first."""


@dataclass(frozen=True, slots=True)
class GuardView:
    """What the page draws."""

    mode: Badge
    """Off, dry run or on."""
    state: Badge
    """What is in place now."""
    sentence: str
    """How it stands, in one sentence."""
    tiles: tuple[Tile, ...]
    """Six numbers: our estimate, AWS's figure, an hour now, past error, the next threshold, what is not counted."""
    chart: ChartView
    """The month's estimates climbing towards the thresholds, AWS's figures beside them."""
    chart_note: str
    """Whose figures these are, their ages, and that they are never added."""
    ladder: pd.DataFrame
    """A rung a row, highest first: threshold, what it does, who does it, when it was reached, what became of it."""
    offers: tuple[Offer, ...]
    """Freeze, scale to zero, stop."""
    asked: tuple[Asked, ...]
    """What waits for a second person."""
    priors: pd.DataFrame
    """How things were before they were touched."""
    back: ChangePlan
    """The plan that puts everything back."""
    may_restore: Verdict
    """Whether this viewer may do that, and why not."""
    lines: pd.DataFrame
    """The estimate by usage type, dearest first."""
    prices_note: str
    """When prices were read, and which of them to compare first; empty where nothing is priced."""
    uncounted: pd.DataFrame
    """What is not in the estimate, and why."""
    compared: pd.DataFrame
    """Past estimates beside AWS's final figures, newest first."""
    history: pd.DataFrame
    """What was done, by whom, newest first."""
    faults: tuple[Fault, ...]
    """What could not be read."""


def read(guards: Guards, account: str, name: str, *, now: datetime) -> GuardReadings:
    """Read everything for the page."""
    return GuardReadings(
        now,
        account,
        name,
        guards.spending(account, now=now),
        guards.rules(account),
        guards.state(account),
        {rung: guards.rehearse(rung, account, now=now) for rung in ORDER if rung is not Rung.NOTIFY},
        guards.restore_plan(account, now=now),
        guards.priors(account),
        guards.pending(now=now),
        guards.history(),
    )


def build(found: GuardReadings, guards: Guards, actor: Actor, *, now: datetime) -> GuardView:
    """Give the page for what was read, as `actor` sees it."""
    state = found.state.value
    return GuardView(
        mode=_mode(found.rules),
        state=_standing(state, found),
        sentence=_sentence(found, state),
        tiles=_tiles(found, state, now),
        chart=guard_chart.chart(found.spending, found.rules, now=now),
        chart_note=guard_chart.chart_note(found.spending, now=now),
        ladder=_ladder(found.rules, state, now),
        offers=tuple(offer(rung, each.value, guards, actor, now=now) for rung, each in found.rehearsals.items()),
        asked=tuple(asked(each, guards, actor, now=now) for each in found.pending),
        priors=guard_tables.priors(found.priors, now),
        back=found.back.value,
        may_restore=may_restore(found.priors, found.back, guards, actor, now=now),
        lines=guard_tables.lines(found.spending),
        prices_note=guard_tables.prices_note(found.spending),
        uncounted=guard_tables.uncounted(found.spending),
        compared=guard_tables.compared(found.spending.error, now),
        history=guard_tables.history(found.history, now),
        faults=tuple(
            dict.fromkeys((*found.spending.faults, *found.state.faults, *joined_faults(found.rehearsals.values())))
        ),
    )


# -- words ------------------------------------------------------------------------------------------------------------


def _mode(rules: Rules) -> Badge:
    if rules.mode is Mode.OFF:
        return Badge("Guard off", NO_DATA)
    if not rules.at:
        return Badge("No threshold set", NO_DATA)
    return Badge("Guard on", OK) if rules.mode is Mode.ON else Badge("Dry run", INFO)


def _standing(state: GuardState | None, found: GuardReadings) -> Badge:
    failed = [each for each in state.crossings if each.status in {Status.FAILED, Status.REFUSED}] if state else []
    if failed:
        return Badge(f"{capital(str(failed[-1].rung))}: {failed[-1].status}", ALARM)
    if state is not None and state.standing is not None:
        words = {Rung.FREEZE: "Frozen", Rung.ZERO: "Scaled to zero", Rung.STOP: "Stopped"}
        return Badge(words.get(state.standing, "Told"), WARNING)
    if found.priors:
        return Badge("Partly in place", ALARM)
    return Badge("Nothing held back", OK)


def _sentence(found: GuardReadings, state: GuardState | None) -> str:
    if found.rules.mode is Mode.OFF:
        return (
            "The guard is off. WATCHKEEPER_GUARD=dry-run shows and tells what it would do; on lets it freeze by itself."
        )
    if not found.rules.at:
        return "No threshold is set, so nothing is guarded: give WATCHKEEPER_GUARD_AT."
    if state is None:
        return "The guard has not looked yet: the collector, python -m collectors, looks on each poll."
    reached = max(state.crossings, default=None, key=lambda each: ORDER.index(each.rung))
    if reached is None:
        return "No threshold is reached this month."
    said = f" {reached.said}" if reached.said not in {"", "Done."} else ""
    return plain(
        f"{capital(str(reached.rung))} was reached at {reached.spend} by {reached.whose}: {reached.status}.{said}"
    )


def _tiles(found: GuardReadings, state: GuardState | None, now: datetime) -> tuple[Tile, ...]:
    made, official, error = found.spending.estimate, found.spending.official, found.spending.error
    ahead = [(rung, money) for rung, money in (found.rules.at or {}).items() if state is None or state.of(rung) is None]
    following = min(ahead, default=None, key=lambda pair: pair[1].amount)
    return (
        _tile("estimate", "Our estimate, month so far", cents(made.total) if made else NO_VALUE,
              f"counted {age(made.at, now=now)} ago" if made else "nothing could be counted", alarming=False),
        _tile("official", "AWS, month so far", cents(official.total) if official else NO_VALUE,
              guard_chart.aged(official, now=now) if official else "AWS's figure was not read"),
        _tile("hour", "An hour costs now", cents(made.per_hour) if made else NO_VALUE,
              "by our estimate of the last 15 min"),
        _tile("error", "Past estimates were off by", NO_VALUE if error.typical is None else _percent(error.typical),
              _error_words(error)),
        _tile("next", "Next threshold", cents(following[1]) if following else NO_VALUE,
              str(following[0]) if following else "none is ahead"),
        _tile("uncounted", "Not in our estimate", f"{len(made.uncounted)} things" if made else NO_VALUE,
              "listed below with their reasons"),
    )  # fmt: skip


def _tile(key: str, label: str, value: str, yardstick: str, *, alarming: bool = False) -> Tile:
    return Tile(key, label, value, "", None, plain(yardstick), (), alarming=alarming)


def _error_words(error: PastError) -> str:
    if error.typical is None or error.bias is None:
        return f"{len(error.compared)} of 3 stretches compared"
    lean = "mostly too low" if error.bias < 0 else "mostly too high"
    return f"{lean}, over {len(error.compared)} stretches"


def _percent(part: Decimal) -> str:
    return f"{100 * part:.1f}%" if abs(part) < 1 else f"{100 * part:.0f}%"


# -- the ladder -------------------------------------------------------------------------------------------------------


def _ladder(rules: Rules, state: GuardState | None, now: datetime) -> pd.DataFrame:
    rows = []
    for rung in reversed(ORDER):
        crossing = state.of(rung) if state else None
        limit = (rules.at or {}).get(rung)
        rows.append(
            {
                "Rung": capital(str(rung)),
                "At": str(limit) if limit else "not set",
                "What it does": _DOES[rung],
                "Who does it": _who(rung, rules.mode),
                "Reached": f"{moment(crossing.at, now=now)}, {cents(crossing.spend)}" if crossing else NO_VALUE,
                "State": _status(rung, crossing.status if crossing else None, state),
                "What became of it": plain(crossing.said) if crossing and crossing.said else NO_VALUE,
            }
        )
    return pd.DataFrame(rows, dtype="str")


def _who(rung: Rung, mode: Mode) -> str:
    if rung is Rung.NOTIFY:
        return "the guard"
    if rung is Rung.FREEZE:
        return "the guard" if mode is Mode.ON else "one person"
    return "two people"


def _status(rung: Rung, status: Status | None, state: GuardState | None) -> str:
    in_place = state is not None and state.standing is not None and ORDER.index(rung) <= ORDER.index(state.standing)
    if in_place and rung is not Rung.NOTIFY:
        return f"{WARNING.glyph} in place"
    if status is Status.DONE and rung is not Rung.NOTIFY:
        return f"{OK.glyph} restored"
    return NO_VALUE if status is None else f"{_LOOKS[status].glyph} {status}"
