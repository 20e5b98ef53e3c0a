"""What a composite alarm would have done: its rule over what its alarms really did, as their history says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from alarms.backtest import Replay, replay_composite
from alarms.composite import RuleError, child_name, parse_rule
from alarms.decision import STATES
from alarms.kinds import CompositeAlarm
from alarms.state import StateValue
from alarms.timeline import Timeline
from collectors.alarm_states import AlarmState, AlarmTransition
from core.timespan import Timespan
from dashboard.charts.bench import BenchView, Notice, StateBand
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.views import workbench_words as words
from dashboard.views.workbench_view import firings_frame
from dashboard.wording import INFO, NO_DATA, OK, Look, count, listed

FROM_HISTORY = "Its alarms are taken as they really were, as their recorded history says; older history is not kept."


@dataclass(frozen=True, slots=True, eq=False)
class CompositeView:
    """The preview of a composite alarm."""

    headline: str
    """What it would have done; foreign text where alarms of the rule are not there."""
    look: Look
    """Sign and colour of that."""
    condition: str
    """How it stands with its alarms now."""
    bench: BenchView | None
    """How many of its alarms fired when, and the state band; None where there is nothing to replay."""
    firings: pd.DataFrame
    """One row a time in ALARM, newest first."""
    limits: tuple[str, ...]
    """What the replay could not know."""
    replay: Replay | None = None
    """The replay itself; None where nothing was replayed."""


def build(
    alarm: CompositeAlarm, states: Sequence[AlarmState], changes: Iterable[AlarmTransition], *, span: Timespan
) -> CompositeView:
    """Give what the alarm would have done over `span`, over the recorded history of the alarms in its rule."""
    try:
        names = tuple(dict.fromkeys(map(child_name, _children(alarm))))
    except RuleError as error:
        return _nothing(str(error))
    known = {state.name: state for state in states}
    missing = [name for name in names if name not in known]
    if missing:
        return _nothing(f"There is no alarm of the name {listed(missing)}; the rule cannot be replayed.")
    if not names:
        return _nothing("The rule names no alarm, so it never changes.")
    lines = timelines(names, known, changes, span=span)
    done = replay_composite(alarm, lines, span=span, initial=StateValue.OK)
    firing = [name for name in names if known[name].state == "ALARM"]
    entered = sum(change.new is StateValue.ALARM for change in done.transitions)
    return CompositeView(
        headline=words.happened(done),
        look=INFO if entered else OK,
        condition=_now(firing, of=len(names)),
        bench=_bench(lines, done, span),
        firings=firings_frame(done),
        limits=(FROM_HISTORY, *done.limits),
        replay=done,
    )


def _now(firing: Sequence[str], *, of: int) -> str:
    named = f": {listed(firing)}" if firing else ""
    return f"Now {len(firing)} of {count(of, 'alarm')} in alarm{named}."


def _children(alarm: CompositeAlarm) -> tuple[str, ...]:
    suppressor = () if alarm.suppressor is None else (alarm.suppressor,)
    return (*parse_rule(alarm.rule).children, *suppressor)


def _nothing(why: str) -> CompositeView:
    return CompositeView(why, NO_DATA, "", None, pd.DataFrame(), ())


def timelines(
    names: Iterable[str], known: Mapping[str, AlarmState], changes: Iterable[AlarmTransition], *, span: Timespan
) -> dict[str, Timeline]:
    """Give the recorded states of alarms as time lines; each has an instant at the start of `span`."""
    by_name: dict[str, list[AlarmTransition]] = {name: [] for name in names}
    for change in sorted(changes, key=lambda change: change.at):
        if change.alarm in by_name and change.at < span.end:
            by_name[change.alarm].append(change)
    return {name: _line(found, known[name], span.start) for name, found in by_name.items()}


def _line(changes: Sequence[AlarmTransition], now: AlarmState, start: datetime) -> Timeline:
    earlier = [change for change in changes if change.at <= start]
    later = [change for change in changes if change.at > start]
    before = earlier[-1].new if earlier else later[0].old if later else now.state
    states = [StateValue(before), *(StateValue(change.new) for change in later)]
    instants = [int(start.timestamp()), *(int(change.at.timestamp()) for change in later)]
    codes = np.array([STATES.index(state) for state in states], np.int8)
    return Timeline(np.array(instants, np.int64), codes, states[0])


def _bench(lines: Mapping[str, Timeline], done: Replay, span: Timespan) -> BenchView:
    grid = np.arange(int(span.start.timestamp()), int(span.end.timestamp()), 60, dtype=np.int64)
    firing = np.zeros(grid.size)
    for line in lines.values():
        place = np.searchsorted(line.instants, grid, side="right") - 1
        firing += line.codes[np.maximum(place, 0)] == STATES.index(StateValue.ALARM)
    chart = ChartView(
        "workbench", "Preview", "Count", (Line("alarms of the rule in alarm", grid, firing, kind=LineKind.STEP),), span,
        subtitle=count(len(lines), "alarm"),
    )  # fmt: skip
    notices = [Notice(note.at, f"{note.state}: {count(len(note.actions), 'action')}") for note in done.notifications]
    band = StateBand.of(
        words.list_stretches(done), span=span, before=str(done.timeline.initial), notices=notices,
        summary=words.happened(done),
    )  # fmt: skip
    return BenchView(chart, states=band, heat_note="A rule has no threshold that other settings could be tried with.")


def span_of(days: int, *, now: datetime) -> Timespan:
    """Give the span that is replayed, in whole minutes."""
    return Timespan.last(timedelta(days=days), now=now.replace(second=0, microsecond=0))
