"""The list of alarms: narrowed by what was asked for, firing ones first, with what each does, costs and belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import pandas as pd

from alarms.actions import describe
from alarms.pricing import FREE_ALARM_METRICS
from collectors.alarm_states import AlarmState
from core.money import Money
from dashboard.views.alarm_roll import Roll
from dashboard.wording import WORD_JOINER, age, count, listed, plain, quantity, state_cell, state_word

STATES: Final = {"ALARM": "Alarm", "INSUFFICIENT_DATA": "No data", "OK": "OK"}
"""AWS's word for a state → ours, in the order of the list."""
OWNER_KEYS: Final = ("owner", "team", "service")
"""Tags that say whose an alarm is, whichever is there first; their case does not matter. Ours."""
UNREAD: Final = "not read"
NOBODY: Final = "nobody"
_SIGNS: Final = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}

Tags = Mapping[str, Mapping[str, str]]
"""Tags by the alarm's ARN; an alarm whose tags are not read yet is not in it."""


class Only(StrEnum):
    """What an alarm may be picked out for."""

    NO_ACTION = "no action"
    OFF = "actions off"
    MUTED = "muted"
    FLAPPING = "flapping"
    DRIFTED = "not as written"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the viewer asked for."""

    words: str = ""
    """Every word must be somewhere in the alarm."""
    states: tuple[str, ...] = ()
    """AWS's words; none is all."""
    kind: str | None = None
    """One of `AlarmKind`."""
    owner: str | None = None
    """As in the list; `NOBODY` for alarms without an owner's tag."""
    only: tuple[str, ...] = ()
    """Of `Only`: the alarm is each of these."""


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm of the list. Texts are foreign."""

    state: AlarmState
    """The alarm as it stands."""
    watches: str
    """What it looks at, in a few words."""
    does: str
    """What happens when it goes off."""
    owner: str | None
    """Whose it is; empty where no tag says so, None while its tags are not read."""
    price: Money | None
    """What it adds to a month's bill; None where that is not known."""
    marks: frozenset[Only]
    """What it may be picked out for."""

    @property
    def name(self) -> str:
        return self.state.name


@dataclass(frozen=True, slots=True, eq=False)
class AlarmList:
    """Alarms as a table."""

    rows: tuple[AlarmRow, ...]
    """In the order of the table."""
    table: pd.DataFrame
    """One row an alarm: foreign text, drawn in text cells; `Last 3 h` holds numbers."""
    summary: str
    """How many are listed, of how many, and how many fire."""
    bill: str
    """What all alarms of the account and region cost, and what of the free allowance is left."""
    owners: tuple[str, ...]
    """Every owner that is known, by name."""
    kinds: tuple[str, ...]
    """Every kind that there is."""
    unread_tags: tuple[str, ...] = field(default=())
    """ARNs of listed alarms whose tags are not read."""


def build(
    roll: Roll,
    wanted: Wanted,
    *,
    now: datetime,
    tags: Tags,
    sparks: Mapping[str, Sequence[float]] | None = None,
    drifted: Mapping[str, str] | None = None,
) -> AlarmList:
    """Give the alarms that were asked for. `drifted` has, by name, how an alarm stands to the folder of alarms."""
    rows = [_row(state, roll, tags, drifted or {}) for state in roll.states]
    shown = sorted((row for row in rows if _matches(row, wanted)), key=_order)
    return AlarmList(
        tuple(shown),
        _table(shown, now=now, sparks=sparks or {}, drifted=drifted),
        _summary(rows, len(shown)),
        bill_text(roll),
        tuple(sorted({row.owner for row in rows if row.owner}, key=str.casefold)),
        tuple(sorted({str(row.state.kind) for row in rows})),
        tuple(row.state.arn for row in shown if row.owner is None),
    )


def _row(state: AlarmState, roll: Roll, tags: Tags, drifted: Mapping[str, str]) -> AlarmRow:
    price = roll.prices.get(state.name)
    held = {
        Only.NO_ACTION: not state.actions,
        Only.OFF: bool(state.actions) and not state.actions_enabled,
        Only.MUTED: roll.muted(state.name) is not None,
        Only.FLAPPING: roll.flapping(state.name),
        Only.DRIFTED: drifted.get(state.name, AS_WRITTEN) != AS_WRITTEN,
    }
    return AlarmRow(
        state,
        watched(state),
        does(state),
        owner_of(tags[state.arn]) if state.arn in tags else None,
        None if price is None else price.month,
        frozenset(only for only, holds in held.items() if holds),
    )


AS_WRITTEN: Final = "as written"


def owner_of(tags: Mapping[str, str]) -> str:
    """Give whose an alarm is by its tags; empty where none says so.

    >>> owner_of({"Team": "web", "Service": "shop"}), owner_of({})
    ('web', '')
    """
    lower = {key.casefold(): value for key, value in tags.items()}
    return next((plain(lower[key]) for key in OWNER_KEYS if lower.get(key)), "")


def _matches(row: AlarmRow, wanted: Wanted) -> bool:
    hay = " ".join((row.name, row.watches, row.does, str(row.state.metric or ""), row.state.kind, row.owner or "",
                    row.state.description, state_word(row.state.state))).casefold()  # fmt: skip
    return (
        all(word in hay for word in wanted.words.casefold().split())
        and (not wanted.states or row.state.state in wanted.states)
        and (wanted.kind is None or row.state.kind == wanted.kind)
        and (wanted.owner is None or row.owner == ("" if wanted.owner == NOBODY else wanted.owner))
        and all(only in row.marks for only in wanted.only)
    )


def _order(row: AlarmRow) -> tuple[int, str]:
    order = list(STATES)
    state = row.state.state
    return (order.index(state) if state in order else len(order), row.name)


def _table(
    rows: Sequence[AlarmRow],
    *,
    now: datetime,
    sparks: Mapping[str, Sequence[float]],
    drifted: Mapping[str, str] | None,
) -> pd.DataFrame:
    columns = {
        "State": [state_cell(row.state.state) for row in rows],
        "Alarm": [button_text(row.name) for row in rows],
        "Since": [age(row.state.since, now=now) for row in rows],
        "Watches": [row.watches for row in rows],
        "Does": [_marked(row) for row in rows],
        "Owner": [UNREAD if row.owner is None else row.owner or NOBODY for row in rows],
        "A month": ["?" if row.price is None else str(row.price) for row in rows],
        "Changed": [f"{age(row.state.updated_at, now=now)} ago" for row in rows],
    }
    if drifted is not None:
        columns["Code"] = [drifted.get(row.name, "not in the folder") for row in rows]
    table = pd.DataFrame(columns, dtype="str")
    table.insert(3, "Last 3 h", pd.Series([list(sparks.get(row.name, ())) or None for row in rows], dtype=object))
    return table


def button_text(name: str) -> str:
    """Give a name for a table's button, which reads an icon out of `:material/…:` and no other markup.

    >>> button_text(":material/home: web") == ":\u2060material/home: web"
    True
    """
    return plain(name).replace(":material/", f":{WORD_JOINER}material/")


def _marked(row: AlarmRow) -> str:
    signs = [mark for mark in (Only.MUTED, Only.FLAPPING) if mark in row.marks]
    return " · ".join((row.does, *signs))


def watched(alarm: AlarmState) -> str:
    """Say in a few words what an alarm looks at; foreign text."""
    if alarm.rule is not None:
        return plain(alarm.rule)
    if alarm.metric is None or alarm.comparison is None:
        return str(alarm.kind)
    limit = quantity(alarm.threshold, alarm.unit)
    return plain(f"{alarm.metric.name} {alarm.statistic or ''} {_SIGNS.get(alarm.comparison, '')} {limit}")


def does(alarm: AlarmState) -> str:
    """Say in a few words what happens when an alarm goes off; foreign text."""
    if not alarm.actions:
        return "nothing"
    told = listed([describe(arn).words for arn in alarm.actions], most=2)
    return told if alarm.actions_enabled else f"switched off: {told}"


def _summary(rows: Sequence[AlarmRow], shown: int) -> str:
    firing = sum(row.state.state == "ALARM" for row in rows)
    idle = sum(Only.NO_ACTION in row.marks for row in rows)
    told = f"{count(shown, 'alarm')} of {len(rows):,}; {firing:,} in alarm"
    return f"{told}, {idle:,} without an action" if idle else told


def bill_text(roll: Roll) -> str:
    """Say what the alarms cost, and what is left of the free ones."""
    bill = roll.bill
    unknown = f", without {count(len(bill.unknown), 'alarm')} of unknown price" if bill.unknown else ""
    left = f"{bill.free_left} of {FREE_ALARM_METRICS} free alarm metrics left, if no other region uses them"
    return f"{bill.month} a month for all{unknown}; {left}"
