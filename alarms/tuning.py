"""What other settings of an alarm would have done: how often it pages, what it catches, the smallest better change.

`sweep` tries every threshold with every M of N and period on stored datapoints; `suggest` picks from it. Both look
back: they say what would have happened with the datapoints that are kept, at the evaluation instants those allow, not
what a live alarm saw, whose data may have come late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from alarms.binning import Bins, bins
from alarms.kinds import Comparison, MetricAlarm
from alarms.outcome import Counts, Incident, Outcome, Seconds, Setting, Sweep
from alarms.requirements import DAY, WEEK
from alarms.sweeping import MAX_LEVELS, Lanes, Levels, alarm_levels, breach_levels, first_entries, tally
from alarms.window import EXTRA_PERIODS
from core.series import Series
from core.timespan import Timespan

__all__ = ["Incident", "Outcome", "Setting", "Suggestion", "Sweep", "candidates", "suggest", "sweep"]

BEARABLE: Final = 1.0
"""False alarms a week that a suggestion may cost where it catches more; ours, `suggest` takes another."""
NOTHING_MARKED: Final = (
    "Mark the incidents that should have paged: without one, the quietest setting is an alarm that never fires."
)


def sweep(
    alarm: MetricAlarm,
    series: Series,
    *,
    thresholds: Iterable[float] = (),
    windows: Iterable[tuple[int, int]] = (),
    periods: Iterable[int] = (),
    span: Timespan,
    incidents: Iterable[Incident] = (),
    extra: int = EXTRA_PERIODS,
) -> Sweep:
    """Give what each threshold with each (M, N) and period would have done in `span`; the alarm's own are added.

    `series` holds the alarm's statistic, before `span` too where it is known, because an alarm remembers: before the
    series its state is INSUFFICIENT_DATA. `alarms.binning.bins` says which periods can be judged from which series.
    `extra` is how many periods are searched beyond N. Raises ValueError for settings that AWS would refuse, alarms that
    only AWS can evaluate, and incidents outside the span.
    """
    if not alarm.evaluable.allowed:
        raise ValueError(f"{alarm.name} cannot be swept: {alarm.evaluable.reason}")
    own = Setting.of(alarm)
    ladder = tuple(sorted({*thresholds, own.threshold}))
    pairs = tuple(sorted({*windows, (own.m, own.n)}, key=lambda pair: pair[::-1]))
    lengths = tuple(sorted({*periods, own.period}))
    marked = tuple(incidents)
    _check(ladder, pairs, lengths)
    _check_incidents(marked, span)
    results = [
        _PeriodSweep.of(alarm, bins(alarm, series, period=period, until=span.end), span, marked).over(
            ladder, pairs, extra=extra
        )
        for period in lengths
    ]
    pages, seconds, false_alarms, delays = (np.stack(parts) for parts in zip(*results, strict=True))
    return Sweep(alarm, span, marked, lengths, pairs, ladder, pages, seconds, false_alarms, delays)


def _check(thresholds: Sequence[float], windows: Sequence[tuple[int, int]], periods: Sequence[int]) -> None:
    if not np.isfinite(thresholds).all():
        raise ValueError(f"thresholds are finite numbers; {thresholds} holds another")
    for m, n in windows:
        if not 1 <= m <= n:
            raise ValueError(f"{m} of {n} datapoints is no window; give (M, N) with 1 ≤ M ≤ N")
        for period in periods:
            limit = WEEK if period >= 3600 else DAY
            if n * period > limit:
                raise ValueError(f"{n} periods of {period} s exceed the {limit} s that AWS looks back; take fewer")


def _check_incidents(incidents: Sequence[Incident], span: Timespan) -> None:
    for incident in incidents:
        if incident.span.end <= span.start or span.end <= incident.span.start:
            raise ValueError(
                f"the incident from {incident.span.start.isoformat()} to {incident.span.end.isoformat()} lies outside "
                "the swept span; widen the span or leave the incident out"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _PeriodSweep:
    """What all thresholds and windows of one period share."""

    alarm: MetricAlarm
    seen: Bins
    stretch: tuple[int, int]
    """The evaluations in the span, as positions."""
    marked: tuple[tuple[int, int], ...]
    """The evaluations in each incident."""
    starts: tuple[float, ...]
    """When each incident began, epoch seconds."""

    @classmethod
    def of(cls, alarm: MetricAlarm, seen: Bins, span: Timespan, incidents: Sequence[Incident]) -> _PeriodSweep:
        low, high = seen.within(span)
        marked = tuple((max(a, low), max(low, min(b, high))) for a, b in (seen.within(i.span) for i in incidents))
        return cls(alarm, seen, (low, high), marked, tuple(i.span.start.timestamp() for i in incidents))

    def over(
        self, thresholds: Sequence[float], windows: Sequence[tuple[int, int]], *, extra: int
    ) -> tuple[Counts, Counts, Counts, Seconds]:
        """Pages, seconds in ALARM and false alarms by (window, threshold), and delays, which have incidents too."""
        reach = max(n for _, n in windows) + extra
        columns = [
            self._columns(thresholds[start : start + MAX_LEVELS], windows, reach=reach, extra=extra)
            for start in range(0, len(thresholds), MAX_LEVELS)
        ]
        pages, seconds, false_alarms, delays = (np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True))
        return pages, seconds, false_alarms, delays

    def _columns(
        self, thresholds: Sequence[float], windows: Sequence[tuple[int, int]], *, reach: int, extra: int
    ) -> list[Counts | Seconds]:
        lanes = self._lanes(thresholds, reach=reach)
        rows = [self._row(lanes, m, n, extra) for m, n in windows]
        # The kernel's order is the easiest to breach first.
        falling = self.alarm.comparison in {Comparison.LESS, Comparison.LESS_OR_EQUAL}
        arrays = [np.stack(parts) for parts in zip(*rows, strict=True)]
        return [array[:, ::-1] if falling else array for array in arrays]

    def _lanes(self, thresholds: Sequence[float], *, reach: int) -> Lanes:
        comparison = self.alarm.comparison or Comparison.GREATER
        levels = breach_levels(self.seen.values, thresholds, comparison)
        missing = np.isnan(self.seen.values)
        return Lanes.of(levels, missing, stride=self.seen.stride, pad=reach, top=len(thresholds))

    def _row(self, lanes: Lanes, m: int, n: int, extra: int) -> tuple[Counts, Counts, Counts, Seconds]:
        levels = alarm_levels(lanes, m=m, n=n, reach=n + extra, missing=self.alarm.missing_data)
        whole = tally(levels, [self.stretch], top=lanes.top)
        caught = tally(levels, _joined(self.marked), top=lanes.top)
        delays = np.full((lanes.top, len(self.marked)), np.nan)
        for column, (low, high) in enumerate(self.marked):
            delays[:, column] = self._pages_at(levels, low, high, top=lanes.top) - self.starts[column]
        return whole.entries, whole.instants * self.seen.step, whole.entries - caught.entries, delays

    def _pages_at(self, levels: Levels, low: int, high: int, *, top: int) -> Seconds:
        first = first_entries(levels, low, high, top=top)
        paged = first >= 0
        instants = np.full(top, np.nan)
        instants[paged] = self.seen.ends[first[paged]]
        return instants


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same positions, each once."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(stretches):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        elif high > low:
            joined.append((low, high))
    return joined


def candidates(series: Series, *, count: int = 50) -> tuple[float, ...]:
    """Give up to `count` thresholds worth sweeping, to three digits: half are quantiles of what was measured, denser
    towards both ends, half are even steps between the extremes."""
    values = series.values[np.isfinite(series.values)]
    if not values.size:
        return ()
    half = max(count // 2, 2)
    shares = np.sin(np.linspace(-np.pi / 2, np.pi / 2, half)) / 2 + 0.5
    found = np.concatenate((np.quantile(values, shares), np.linspace(values.min(), values.max(), half)))
    return tuple(sorted({float(f"{value:.3g}") for value in found}))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The setting to change to, and why."""

    current: Outcome
    proposed: Outcome
    """Equal to `current` where no swept setting is better."""
    holds: tuple[float, float]
    """The swept thresholds around the proposed one, lowest and highest, that do the same with its window and period."""
    sentence: str
    """For people; in terms of what would have happened in the swept span."""

    @property
    def changes(self) -> bool:
        return self.proposed.setting != self.current.setting


def suggest(swept: Sweep, *, bearable: float = BEARABLE) -> Suggestion:
    """Give the smallest change that keeps what the alarm catches and removes the rest.

    Considered is every swept setting that pages for each marked incident for which the alarm pages now, with no more
    false alarms than now, or than `bearable` a week where that is more. Of these it takes the one that catches most,
    then the one with the fewest false alarms, then the smallest change, then the earliest page.
    The smallest change has the fewest members (threshold, window, period) changed, then moves them least, as shares of
    what was swept. Without marked incidents it proposes no change: the quietest alarm is one that never fires.

    It fits the incidents that were marked, and the fewer they are the less it says of those to come:
    benchmarks/README.md has its record on real series, for incidents it was shown and for others.
    """
    current = swept.current
    if not swept.incidents:
        return Suggestion(current, current, (current.setting.threshold,) * 2, NOTHING_MARKED)
    best = _best_place(swept, current, bearable)
    proposed = swept.outcome(_setting_at(swept, best))
    holds = _holds(swept, best)
    return Suggestion(current, proposed, holds, _sentence(swept, current, proposed, holds))


_Place = tuple[int, int, int]
"""Index of period, window and threshold."""


def _best_place(swept: Sweep, current: Outcome, bearable: float) -> _Place:
    caught = ~np.isnan(swept.delays)
    wanted = np.array([delay is not None for delay in current.delays])
    most = max(current.false_alarms, int(bearable * swept.weeks))
    places = np.argwhere((caught | ~wanted).all(axis=-1) & (swept.false_alarms <= most))
    index = tuple(places.T)
    hits, false_alarms = caught.sum(axis=-1)[index], swept.false_alarms[index]
    late = np.nansum(swept.delays, axis=-1)[index]
    members, moved = _change_size(swept, current.setting, places)
    period, window, threshold = places[np.lexsort((late, moved, members, false_alarms, -hits))[0]].tolist()
    return period, window, threshold


def _change_size(swept: Sweep, own: Setting, places: Counts) -> tuple[Counts, Seconds]:
    """How many members differ from the alarm's own, and how far: the sum of each one's share of what was swept."""
    period = np.array(swept.periods)[places[:, 0]]
    m, n = np.array(swept.windows)[places[:, 1]].T
    threshold = np.array(swept.thresholds)[places[:, 2]]
    members = (threshold != own.threshold) * 1 + ((m != own.m) | (n != own.n)) + (period != own.period)
    longest = max(swept.periods) * max(n for _, n in swept.windows)
    moved = np.abs(threshold - own.threshold) / (np.ptp(swept.thresholds) or 1.0)
    moved += (np.abs(m * period - own.m * own.period) + np.abs(n * period - own.n * own.period)) / longest
    return members, moved


def _setting_at(swept: Sweep, place: _Place) -> Setting:
    (m, n), period = swept.windows[place[1]], swept.periods[place[0]]
    return Setting(swept.thresholds[place[2]], m, n, period)


def _holds(swept: Sweep, place: _Place) -> tuple[float, float]:
    period, window, threshold = place
    caught = ~np.isnan(swept.delays[period, window])
    same = (caught == caught[threshold]).all(axis=-1)
    same &= swept.false_alarms[period, window] == swept.false_alarms[place]
    different = np.flatnonzero(~same)
    low = int(different[different < threshold].max(initial=-1)) + 1
    high = int(different[different > threshold].min(initial=same.size)) - 1
    return swept.thresholds[low], swept.thresholds[high]


def _sentence(swept: Sweep, current: Outcome, proposed: Outcome, holds: tuple[float, float]) -> str:
    marked = len(swept.incidents)
    if proposed.setting == current.setting:
        return (
            f"Leave it: it pages for {_of(current.hits, marked)} with {_false_alarms(current.false_alarms)} in "
            f"{_length(swept.span)}, and no swept setting does better without losing one."
        )
    sentence = (
        f"{_change(current.setting, proposed.setting)}: it would have paged for {_of(proposed.hits, marked)}"
        f"{_in_place_of(current.hits, proposed.hits)}{_after(proposed)}, with {_false_alarms(proposed.false_alarms)} "
        f"instead of {current.false_alarms} in {_length(swept.span)}."
    )
    low, high = holds
    return (
        sentence if low == high else f"{sentence} Any threshold from {_number(low)} to {_number(high)} does the same."
    )


def _change(old: Setting, new: Setting) -> str:
    parts = []
    if new.threshold != old.threshold:
        verb = "raise" if new.threshold > old.threshold else "lower"
        parts.append(f"{verb} the threshold from {_number(old.threshold)} to {_number(new.threshold)}")
    if (new.m, new.n) != (old.m, old.n):
        parts.append(f"ask for {new.m} of {new.n} datapoints instead of {old.m} of {old.n}")
    if new.period != old.period:
        parts.append(f"take periods of {_duration(new.period)} instead of {_duration(old.period)}")
    joined = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return joined[0].upper() + joined[1:]


def _of(hits: int, marked: int) -> str:
    if marked == 1:
        return "the marked incident" if hits else "no marked incident"
    if hits < marked:
        return f"{hits} of {marked} marked incidents"
    return "both marked incidents" if marked == 2 else f"all {marked} marked incidents"


def _in_place_of(before: int, now: int) -> str:
    return f" instead of {before or 'none'}" if now != before else ""


def _after(outcome: Outcome) -> str:
    if outcome.typical_delay is None:
        return ""
    seconds = int(outcome.typical_delay.total_seconds())
    return f", typically {_duration(seconds)} into it" if seconds else ", typically at once"


def _false_alarms(count: int) -> str:
    return "no false alarm" if count == 0 else f"{count} false alarm{'s' if count > 1 else ''}"


def _length(span: Timespan) -> str:
    days = span.seconds / DAY
    return f"{days:.3g} days" if days >= 2 else _duration(span.seconds)


def _duration(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and (seconds % size == 0 or seconds >= 2 * size):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"


def _number(value: float) -> str:
    return f"{value:,.10g}"
