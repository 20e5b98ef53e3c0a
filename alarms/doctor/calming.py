"""The change that would calm a flapping alarm, found on its own history and tried there before it is proposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from alarms.backtest import FLAP_WITHIN, Replay, replay
from alarms.kinds import MetricAlarm
from alarms.outcome import Incident, Outcome, Setting
from alarms.requirements import DAY, WEEK
from alarms.state import StateValue
from alarms.tuning import sweep
from core.series import Series
from core.timespan import Timespan

LONGER: Final = (1, 2, 3, 4, 6, 8, 12)
"""Windows that are tried, as multiples of the alarm's own."""
LATER: Final = (0, 1, 2, 3)
"""Breaching datapoints more than now that are tried."""


@dataclass(frozen=True, slots=True)
class Calm:
    """A definition that would have been calmer."""

    alarm: MetricAlarm
    sentence: str


def replayed(alarm: MetricAlarm, history: Series, *, span: Timespan) -> Replay | None:
    """Replay the alarm over its history; None where that history cannot tell."""
    try:
        return replay(alarm, history, span=span)
    except ValueError:
        return None


def calmer(alarm: MetricAlarm, history: Series, *, span: Timespan, bearable: float) -> Calm | None:
    """Give the smallest change of M of N that leaves fewer than `bearable` flaps; None where none does.

    An episode is a time in which ALARM was never left for longer than `FLAP_WITHIN`. Each one that lasted longer, or
    came back, is still called for. The threshold stays, because it says what people care about.
    """
    before = replayed(alarm, history, span=span)
    if before is None or alarm.threshold is None:
        return None
    kept = tuple(
        Incident(episode) for episode, entries in _episodes(before) if entries > 1 or episode.duration > FLAP_WITHIN
    )
    chosen = _chosen(alarm, history, span, kept)
    if chosen is None:
        return None
    after = replayed(chosen.on(alarm), history, span=span)
    if after is None or after.flaps >= bearable:
        return None
    return Calm(chosen.on(alarm), _sentence(Setting.of(alarm), chosen, before, after, episodes=len(kept)))


def _sentence(old: Setting, new: Setting, before: Replay, after: Replay, *, episodes: int) -> str:
    return (
        f"Ask for {new.m} of {new.n} datapoints instead of {old.m} of {old.n}: it would have fired {_pages(after)} "
        f"times instead of {_pages(before)}, come back {after.flaps} times instead of {before.flaps}, and missed none "
        f"of the {episodes} episodes that lasted or came back."
    )


def _chosen(alarm: MetricAlarm, history: Series, span: Timespan, kept: tuple[Incident, ...]) -> Setting | None:
    """The setting that pages least and misses no episode; of equals the one that pages soonest, then the smallest."""
    swept = sweep(alarm, history, windows=_windows(alarm), span=span, incidents=kept)
    outcomes = [swept.outcome(setting) for setting in swept.settings()]
    wanted = swept.current.hits
    able = [outcome for outcome in outcomes if outcome.hits >= wanted]
    best = min(able, key=_rank, default=None)
    return None if best is None or best.setting == swept.current.setting else best.setting


def _rank(outcome: Outcome) -> tuple[int, timedelta, int, int]:
    return outcome.pages, outcome.typical_delay or timedelta(), outcome.setting.n, outcome.setting.m


def _windows(alarm: MetricAlarm) -> Iterator[tuple[int, int]]:
    longest = (WEEK if alarm.period >= 3600 else DAY) // alarm.period
    for factor in LONGER:
        n = max(alarm.n, 2) * factor
        for more in LATER:
            if alarm.m + more <= n <= longest:
                yield alarm.m + more, n


def _episodes(found: Replay) -> Iterator[tuple[Timespan, int]]:
    """Times in ALARM, joined where it was left for no longer than a flap takes, and how often each was entered."""
    start = left = None
    entries = 0
    for change in found.transitions:
        if change.new is StateValue.ALARM:
            if start is not None and left is not None and change.at - left > FLAP_WITHIN:
                yield Timespan(start, left), entries
                start, entries = None, 0
            start, left, entries = start or change.at, None, entries + 1
        elif change.old is StateValue.ALARM:
            left = change.at
    end = left or found.span.end
    if start is not None and end > start:
        yield Timespan(start, end), entries


def _pages(found: Replay) -> int:
    return sum(change.new is StateValue.ALARM for change in found.transitions)
