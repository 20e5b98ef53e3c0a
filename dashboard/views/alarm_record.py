"""What one alarm really did: its recorded states as a band, beside the replay, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from alarms.actions import describe
from alarms.agreement import Agreement, Recorded, compare
from alarms.backtest import Replay
from alarms.state import StateValue
from collectors.alarm_runs import AlarmRun
from collectors.alarm_states import AlarmState, AlarmTransition
from core.reading import Fault, Scope
from core.timespan import Timespan
from dashboard.charts.bench import STATES, Notice, StateBand
from dashboard.views.sources import Sources
from dashboard.wording import ALARM, INFO, NO_DATA, OK, Look, count, moment, plain, state_cell, state_word

KEPT: Final = timedelta(days=400)
"""How far back our own record is looked through; the setting `history_days` decides what is there."""
MOST_LINES: Final = 300
"""Lines of the history that are shown, the newest; ours."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept and remembered of one alarm."""

    changes: tuple[AlarmTransition, ...]
    """Changes of state, newest first: AWS's memory and our own, which is longer."""
    runs: tuple[AlarmRun, ...]
    """Actions and changes of the definition that AWS remembers, newest first."""
    at: datetime
    """When it was read."""
    faults: tuple[Fault, ...]
    """What could not be read."""

    @property
    def recorded(self) -> tuple[Recorded, ...]:
        """The changes of state, oldest first, as a replay is compared with them."""
        return tuple(
            Recorded(each.at, StateValue(each.old), StateValue(each.new))
            for each in reversed(self.changes)
            if each.old in STATES and each.new in STATES
        )


def read(sources: Sources, scope: Scope, name: str, *, now: datetime) -> Record:
    """Read what happened to one alarm."""
    kept = sources.alarm_story(scope, name, now=now, since=now - KEPT)
    runs = sources.alarm_runs(scope, name, now=now)
    return Record(kept.value, runs.value, runs.at, (*kept.faults, *runs.faults))


def band(record: Record, state: AlarmState | None, span: Timespan) -> StateBand:
    """Give the recorded states over `span`, with the notifications that were sent."""
    changes = [each for each in reversed(record.changes) if each.new in STATES]
    first = next((each for each in changes if each.old in STATES), None)
    now = state.state if state is not None and state.state in STATES else "INSUFFICIENT_DATA"
    notices = [Notice(run.at, _ran(run)) for run in reversed(record.runs) if run.kind == "Action" and run.at in span]
    return StateBand.of(
        [(each.at, each.new, each.reason) for each in changes],
        span=span,
        before=first.old if first is not None else now,
        notices=notices,
        summary=told(record, span),
    )


def _ran(run: AlarmRun) -> str:
    what = describe(run.action).words if run.action else plain(run.summary)
    return f"failed: {what}" if run.failed else what


def told(record: Record, span: Timespan) -> str:
    """Say in a sentence what AWS recorded in `span`."""
    entered = sum(each.new == "ALARM" and each.at in span for each in record.changes)
    runs = [run for run in record.runs if run.kind == "Action" and run.at in span]
    failed = sum(run.failed for run in runs)
    sent = f"{count(len(runs), 'action')} ran" + (f", {failed} of them failed" if failed else "")
    return f"AWS recorded {count(entered, 'alarm')}; {sent}."


def agreement(replay: Replay | None, record: Record) -> Agreement | None:
    """Compare a replay with what was recorded; None where nothing was replayed."""
    return None if replay is None else compare(replay, record.recorded)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an alarm. Texts are foreign."""

    at: datetime
    """When."""
    look: Look
    """Its sign."""
    what: str
    """What kind of thing, in a few words."""
    words: str
    """In AWS's words."""


def events(record: Record) -> tuple[Event, ...]:
    """Give everything that happened, newest first."""
    found = [*_changes(record.changes), *map(_run, record.runs)]
    return tuple(sorted(found, key=lambda event: event.at, reverse=True))


def _changes(changes: Sequence[AlarmTransition]) -> Iterator[Event]:
    for each in changes:
        before = f", was {state_word(each.old)}" if each.old else ""
        yield Event(each.at, _LOOKS.get(each.new, NO_DATA), f"{state_cell(each.new)}{before}", plain(each.reason))


_LOOKS: Final = {"OK": OK, "ALARM": ALARM, "INSUFFICIENT_DATA": NO_DATA}


def _run(run: AlarmRun) -> Event:
    if run.kind != "Action":
        return Event(run.at, INFO, "◔ definition", plain(run.summary))
    if run.failed:
        return Event(run.at, ALARM, "✕ action failed", plain(run.error))
    ran = run.summary.startswith("Successfully")
    return Event(run.at, OK if ran else NO_DATA, "✓ action ran" if ran else "– action", plain(run.summary))


def timeline(record: Record, *, now: datetime, only_actions: bool = False) -> pd.DataFrame:
    """Give the history as a table: When, What, In AWS's words."""
    shown = [each for each in events(record) if not only_actions or "action" in each.what][:MOST_LINES]
    return pd.DataFrame(
        {
            "When (UTC)": [moment(each.at, now=now) for each in shown],
            "What": [each.what for each in shown],
            "In AWS's words": [each.words for each in shown],
        },
        dtype="str",
    )
