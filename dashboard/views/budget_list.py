"""Every budget of the account: how it stands in words, AWS's own figures and their age, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from budgets.actions import dry_run, from_response
from budgets.live import LiveBudget, live_of
from budgets.tracking import State, Tracked
from budgets.words import alert_words, described, limit_words, told_words
from collectors.budget_readings import BudgetReading
from collectors.spend_lines import SpendLine
from core.money import Money
from core.reading import Fault, FaultKind, Reading, joined_faults
from dashboard.views.frame import Badge
from dashboard.views.spend import days_of, tracked_of
from dashboard.wording import ALARM, NO_DATA, NO_VALUE, OK, STALE, WARNING, Look, age, count, plain

COLUMNS: Final = (
    "Standing", "Budget", "Limit", "Spent, by AWS", "Forecast, by AWS", "Notifications", "Actions", "Why",
)  # fmt: skip
LOOKS: Final = {State.OVER: ALARM, State.HEADING_OVER: WARNING, State.UNKNOWN: NO_DATA, State.OK: OK}
_ORDER: Final = tuple(LOOKS)
_PERIODS: Final = {
    "DAILY": "a day", "MONTHLY": "a month", "QUARTERLY": "a quarter", "ANNUALLY": "a year", "CUSTOM": "in its days",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BudgetReadings:
    """What the page shows, as read; nothing of it costs anything."""

    budgets: Reading[tuple[BudgetReading, ...]]
    """AWS Budgets."""
    lines: Reading[tuple[SpendLine, ...]]
    """Costs by day in the store; empty at the default cap."""


@dataclass(frozen=True, slots=True, eq=False)
class ListView:
    """The list; `faults` is what could not be read."""

    table: pd.DataFrame
    """One row a budget, worst first; foreign text."""
    names: tuple[str, ...]
    """The budget of each row."""
    badges: tuple[Badge, ...]
    """How many stand how."""
    note: str
    """Whose figures, how old, and how late they are anyway."""
    stale: Badge | None
    """That the newest question brought nothing, and how old what is shown is."""
    faults: tuple[Fault, ...]
    zero_spend: tuple[str, ...]
    """Budgets that tell of the first cent."""
    acting: int
    """How many budgets have actions."""


@dataclass(frozen=True, slots=True, eq=False)
class BudgetView:
    """One budget in full, as it is `live`; `badge` is how it stands, and `why` says so in a sentence."""

    name: str
    """Foreign text."""
    badge: Badge
    why: str
    facts: tuple[tuple[str, str], ...]
    """Field and value in words; foreign text."""
    notifications: pd.DataFrame
    """State, When, Who is told."""
    history: pd.DataFrame
    """Period, Budgeted, Spent; newest first, AWS's own."""
    actions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Id, state, and what it would do, a sentence each."""
    live: LiveBudget


def build(found: BudgetReadings, *, now: datetime) -> ListView:
    """Give the list."""
    tracked = sorted(_tracked(found, now=now), key=lambda pair: (_ORDER.index(pair[1].state), pair[0].name))
    states = [each.state for _, each in tracked]
    words = {State.OVER: "over", State.HEADING_OVER: "heading over", State.UNKNOWN: "not known", State.OK: "within"}
    badges = tuple(Badge(f"{states.count(s)} {words[s]}", LOOKS[s]) for s in _ORDER if s in states)
    faults = tuple(f for f in joined_faults((found.budgets,)) if f.kind is not FaultKind.NOT_FREE)
    asked = age(found.budgets.at, now=now)
    stale = Badge(f"AWS did not answer; these figures are {asked} old", STALE) if faults and tracked else None
    return ListView(
        pd.DataFrame([_row(*pair) for pair in tracked], columns=list(COLUMNS), dtype="str"),
        tuple(reading.name for reading, _ in tracked),
        badges,
        f"AWS's own figures, asked {asked} ago. AWS works them out up to three times a day, 8 to 12 hours apart.",
        stale,
        faults,
        tuple(reading.name for reading, each in tracked if each.definition.is_zero_spend),
        sum(bool(each.actions) for each in found.budgets.value),
    )


def one(found: BudgetReadings, name: str, *, now: datetime) -> BudgetView | None:
    """Give one budget in full; None where there is none of that name."""
    pair = next((pair for pair in _tracked(found, now=now) if pair[0].name == name), None)
    if pair is None:
        return None
    reading, tracked = pair
    live = live_of(
        reading.document, [each.document for each in reading.notifications], reading.actions, tags=reading.tags
    )
    words = described(live.definition)
    return BudgetView(
        reading.name,
        Badge(str(tracked.state), LOOKS[tracked.state]),
        plain(reading.unhealthy or tracked.reason),
        tuple((label, plain(value)) for label, value in words.items() if not label.startswith("Notification")),
        _notifications(reading, live),
        _history(reading),
        tuple(
            (each["ActionId"], str(each.get("Status", "")), dry_run(from_response(each), live.definition))
            for each in reading.actions
        ),
        live,
    )


def emails(found: Reading[tuple[BudgetReading, ...]]) -> str:
    """Give whom the account's budgets tell most, so that a new one can begin with them; empty where nobody is told."""
    seen = [
        str(told["Address"])
        for reading in found.value
        for each in reading.notifications
        for told in each.document.get("Subscribers", ())
        if told["SubscriptionType"] == "EMAIL"
    ]
    return max(dict.fromkeys(seen), key=seen.count, default="")


def _tracked(found: BudgetReadings, *, now: datetime) -> list[tuple[BudgetReading, Tracked]]:
    days = days_of([line for line in found.lines.value if line.cost.currency == "USD"])
    return [(each, tracked_of(each, days, now.date())) for each in found.budgets.value]


def _row(reading: BudgetReading, tracked: Tracked) -> dict[str, str]:
    definition = tracked.definition
    alarming = sum(each.alarming for each in reading.notifications)
    told = f"{len(definition.alerts)}" + (f", {ALARM.glyph} {alarming} crossed" if alarming else "")
    period = _PERIODS[definition.time_unit.value]
    cells = (
        f"{LOOKS[tracked.state].glyph} {tracked.state}",
        plain(reading.name),
        f"{plain('nothing' if definition.is_zero_spend else limit_words(definition))} {period}",
        _figure(reading.actual, definition.kind.is_percentage),
        _figure(reading.forecast, definition.kind.is_percentage),
        told if definition.alerts else "none",
        f"{len(reading.actions)}" if reading.actions else NO_VALUE,
        plain(reading.unhealthy or tracked.reason),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _figure(amount: Money | None, is_percentage: bool) -> str:  # noqa: FBT001 - inner
    if amount is None:
        return NO_VALUE
    return f"{amount.amount:.1f} %" if is_percentage else plain(str(amount))


def _notifications(reading: BudgetReading, live: LiveBudget) -> pd.DataFrame:
    def state(alarming: bool) -> str:  # noqa: FBT001 - inner
        look: Look = ALARM if alarming else OK
        return f"{look.glyph} {'crossed' if alarming else 'not crossed'}"

    rows = [
        {
            "State": state(each.alarming),
            "When": plain(alert_words(alert, live.definition)),
            "Who is told": plain(told_words(alert.subscribers)),
        }
        for each, alert in zip(reading.notifications, live.definition.alerts, strict=True)
    ]
    return pd.DataFrame(rows, columns=["State", "When", "Who is told"], dtype="str")


def _history(reading: BudgetReading) -> pd.DataFrame:
    rows = [
        {"From": f"{each.start:%Y-%m-%d}", "Budgeted": str(each.budgeted), "Spent": str(each.actual)}
        for each in reading.history
    ]
    return pd.DataFrame(rows, columns=["From", "Budgeted", "Spent"], dtype="str")


def headline(view: ListView) -> str:
    """Say in one sentence what there is."""
    if not view.names:
        return "There is no budget yet. The first one takes a minute and costs nothing."
    watch = f"{count(len(view.zero_spend), 'budget')} {'tells' if len(view.zero_spend) == 1 else 'tell'}"
    first = f"{watch} of the first cent." if view.zero_spend else "None tells of the first cent."
    return f"{count(len(view.names), 'budget')}. {first}"


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Give a name that no budget has.

    >>> free_name("a", ["a", "a 2"])
    'a 3'
    """
    if wanted not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted} {number}") not in taken)
