"""The guard, as people read it: how far up the ladder, by whose figure, what would happen next, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd

from access.approvals import Proposal, Standing
from access.audit import Record
from access.changes import ChangePlan
from access.identity import Actor
from budgets.estimate import Official, PastError
from budgets.freezing import Prior, Rehearsal
from budgets.guard import ORDER, GuardState, Mode, Rules, Rung, Status
from core.reading import Fault, Reading, Verdict, joined_faults
from core.timespan import Timespan
from dashboard.charts.view import ChartView, Line, LineKind, Threshold, Tone
from dashboard.guardroom import Guards, tag_text
from dashboard.views import guard_tables
from dashboard.views.estimating import BUDGETS, Spending
from dashboard.views.frame import Badge
from dashboard.views.guard_tables import cents
from dashboard.views.tiles import Tile
from dashboard.wording import ALARM, INFO, NO_DATA, NO_VALUE, OK, WARNING, Look, age, capital, listed, moment, plain

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
class Offer:
    """A rung as the page offers it."""

    rung: Rung
    """Which one."""
    plan: ChangePlan
    """Exactly what it would do now."""
    sentence: str
    """What an hour of it saves, and what it leaves alone; foreign text."""
    may: Verdict
    """Whether this viewer may do it now, and why not."""
    may_propose: Verdict
    """Whether this viewer may ask a second person; not allowed where none is needed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal as the page offers it."""

    proposal: Proposal
    """The proposal."""
    text: str
    """What, by whom, until when; foreign text."""
    may: Verdict
    """Whether this viewer may approve it, and why not."""


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
        chart=_chart(found, now),
        chart_note=_chart_note(found, now),
        ladder=_ladder(found.rules, state, now),
        offers=tuple(_offer(rung, each.value, guards, actor, now) for rung, each in found.rehearsals.items()),
        asked=tuple(_asked(each, guards, actor, now) for each in found.pending),
        priors=guard_tables.priors(found.priors, now),
        back=found.back.value,
        may_restore=_may_restore(found, guards, actor, now),
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
              _aged(official, now) if official else "AWS's figure was not read"),
        _tile("hour", "An hour costs now", cents(made.per_hour) if made else NO_VALUE,
              "by our estimate of the last 15 min"),
        _tile("error", "Past estimates were off by", NO_VALUE if error.typical is None else _percent(error.typical),
              _error_words(error)),
        _tile("next", "Next threshold", cents(following[1]) if following else NO_VALUE,
              str(following[0]) if following else "none is ahead"),
        _tile("uncounted", "Not in our estimate", f"{len(made.uncounted)} things" if made else NO_VALUE,
              "listed below with their reasons"),
    )  # fmt: skip


def _aged(official: Official, now: datetime) -> str:
    """Name a figure with its age; Budgets do not say when theirs is from."""
    if official.source == BUDGETS:
        return f"{official.source}, asked {age(official.at, now=now)} ago"
    return f"{official.source}, {age(official.at, now=now)} old"


def _tile(key: str, label: str, value: str, yardstick: str, *, alarming: bool = False) -> Tile:
    return Tile(key, label, value, "", None, plain(yardstick), (), alarming=alarming)


def _error_words(error: PastError) -> str:
    if error.typical is None or error.bias is None:
        return f"{len(error.compared)} of 3 stretches compared"
    lean = "mostly too low" if error.bias < 0 else "mostly too high"
    return f"{lean}, over {len(error.compared)} stretches"


def _percent(part: Decimal) -> str:
    return f"{100 * part:.1f}%" if abs(part) < 1 else f"{100 * part:.0f}%"


# -- picture ----------------------------------------------------------------------------------------------------------

_TONES: Final = {Rung.NOTIFY: Tone.INFO, Rung.FREEZE: Tone.WARNING, Rung.ZERO: Tone.ALARM, Rung.STOP: Tone.ALARM}


def _chart(found: GuardReadings, now: datetime) -> ChartView:
    """Draw the estimates of the month, which are ours, and AWS's newest figures as points of their own."""
    points = {int(each.at.timestamp()): float(each.total.amount) for each in found.spending.kept}
    made = found.spending.estimate
    if made is not None:
        points[int(made.at.timestamp())] = float(made.total.amount)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if len(points) == 1:
        points[int(now.timestamp())] = next(iter(points.values()))  # one point alone would not be seen
    lines = [_points("Our estimate", points, LineKind.LINE, emphasis=True)] if points else []
    for each in found.spending.officials:
        at, value = int(each.at.timestamp()), float(each.total.amount)
        lines.append(_points(each.source, {at: value, int(now.timestamp()): value}, LineKind.STEP))
    thresholds = tuple(
        Threshold(float(money.amount), str(rung), tone=_TONES[rung]) for rung, money in (found.rules.at or {}).items()
    )
    first = min(points, default=int(start.timestamp()))
    begin = max(start.timestamp(), min(first, now.timestamp() - 86_400))
    span = Timespan(datetime.fromtimestamp(begin, tz=now.tzinfo), now + timedelta(hours=1))
    note = "" if lines else "Nothing was counted yet"
    return ChartView(
        "guard", "Spend and thresholds", "USD", tuple(lines), span, "month so far", thresholds=thresholds, note=note
    )


def _points(name: str, points: Mapping[int, float], kind: LineKind, *, emphasis: bool = False) -> Line:
    times = sorted(points)
    values = np.array([points[time] for time in times])
    return Line(name, np.array(times, np.int64), values, kind=kind, emphasis=emphasis, dash=kind is LineKind.STEP)


def _chart_note(found: GuardReadings, now: datetime) -> str:
    made = found.spending.estimate
    ours = (
        f"Ours was counted {age(made.at, now=now)} ago; {len(made.uncounted)} things are not in it."
        if made
        else "Nothing could be counted."
    )
    theirs = "; ".join(f"{cents(each.total)} by {_aged(each, now)}" for each in found.spending.officials)
    return plain(f"{ours} {f'AWS says: {theirs}.' if theirs else 'AWS has said nothing yet.'} The two are never added.")


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


# -- offers -----------------------------------------------------------------------------------------------------------


def _offer(rung: Rung, found: Rehearsal, guards: Guards, actor: Actor, now: datetime) -> Offer:
    may = guards.may(found.plan, actor, now=now)
    return Offer(rung, found.plan, _saving(found), may, _may_propose(found.plan, may))


def _may_propose(plan: ChangePlan, may: Verdict) -> Verdict:
    """A person who lacks nothing but a second one may ask for that."""
    if may.allowed or not plan.steps or may.reason != "A second person has to approve this first.":
        return Verdict(allowed=False, reason=may.reason)
    return Verdict(allowed=True, reason="Ask a second person to approve exactly this.")


def _saving(found: Rehearsal) -> str:
    if not found.plan.steps:
        nothing = "Nothing would change: it is so already, or nothing has the tag."
        return plain(f"{nothing} {_left_out(found)}")
    said = [f"Saves {cents(found.saves)} an hour."] if found.saves.amount else []
    if found.avoids.amount:
        said.append(f"Keeps up to {cents(found.avoids)} an hour from being added.")
    if found.unknown:
        said.append(f"The price of {listed(found.unknown)} is not known, so it may be more.")
    return plain(" ".join((*said, _left_out(found))))


def _left_out(found: Rehearsal) -> str:
    return f"Left alone without the tag {tag_text()}: {listed(found.left_out)}." if found.left_out else ""


def _asked(proposal: Proposal, guards: Guards, actor: Actor, now: datetime) -> Asked:
    standing = proposal.standing(now)
    by = f"proposed by {proposal.proposer} ({proposal.proposer_person})"
    if standing is Standing.APPROVED:
        by += f", approved by {proposal.approver} ({proposal.approver_person})"
    text = f"{proposal.title}: {listed(proposal.targets)}; {by}, {standing} until {moment(proposal.until, now=now)}"
    return Asked(proposal, plain(text), guards.may_approve(proposal, actor, now=now))


def _may_restore(found: GuardReadings, guards: Guards, actor: Actor, now: datetime) -> Verdict:
    if not found.priors:
        return Verdict(allowed=False, reason="Nothing is held back, so there is nothing to restore.")
    if found.back.faults:
        return Verdict(allowed=False, reason="What there is now could not be read, so nothing is put back blindly.")
    return guards.may_restore(found.back.value, actor, now=now)
