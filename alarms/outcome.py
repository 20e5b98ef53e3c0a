"""Settings of an alarm and what each would have done: the values of `alarms.tuning`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from statistics import median

import numpy as np
import numpy.typing as npt

from alarms.decision import COMPARES
from alarms.kinds import MetricAlarm, SingleMetric
from core.timespan import Timespan

Counts = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """The members of an alarm that tuning changes."""

    threshold: float
    m: int
    """Datapoints that must breach …"""
    n: int
    """… of the newest so many."""
    period: int
    """Seconds."""

    @classmethod
    def of(cls, alarm: MetricAlarm) -> Setting:
        """Read the setting of an alarm; raises ValueError for one that is not compared with a number."""
        if alarm.threshold is None or alarm.comparison not in COMPARES:
            raise ValueError(f"{alarm.name} is compared with a band, not with a threshold that could be moved")
        return cls(alarm.threshold, alarm.m, alarm.n, alarm.period)

    def on(self, alarm: MetricAlarm) -> MetricAlarm:
        """Give `alarm` with this setting; all else stays."""
        source = replace(alarm.source, period=self.period) if isinstance(alarm.source, SingleMetric) else alarm.source
        return replace(
            alarm, source=source, threshold=self.threshold, evaluation_periods=self.n, datapoints_to_alarm=self.m
        )


@dataclass(frozen=True, slots=True)
class Incident:
    """A span in which the alarm should page; widen it where a page shortly before would have been welcome."""

    span: Timespan
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one setting would have done over the span."""

    setting: Setting
    pages: int
    """How often ALARM was entered."""
    pages_per_week: float
    in_alarm: timedelta
    false_alarms: int
    """Pages outside every marked incident."""
    delays: tuple[timedelta | None, ...]
    """For each marked incident, from its start to the first page within it; None is a miss. An alarm that was on
    before and stays on pages nobody, so it misses."""

    @property
    def hits(self) -> int:
        return sum(delay is not None for delay in self.delays)

    @property
    def typical_delay(self) -> timedelta | None:
        """The median delay of the hits, None without any."""
        known = [delay for delay in self.delays if delay is not None]
        return timedelta(seconds=median(delay.total_seconds() for delay in known)) if known else None


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What every setting would have done. Arrays have the axes (period, window, threshold), in the order given here."""

    alarm: MetricAlarm
    span: Timespan
    incidents: tuple[Incident, ...]
    periods: tuple[int, ...]
    """Seconds, ascending; the alarm's own is among them, as are its own window and threshold among the next two."""
    windows: tuple[tuple[int, int], ...]
    """(M, N), ascending by N."""
    thresholds: tuple[float, ...]
    """Ascending."""
    pages: Counts
    alarm_seconds: Counts
    false_alarms: Counts
    delays: Seconds
    """A further axis of incidents; NaN is a miss."""

    @property
    def weeks(self) -> float:
        return self.span.duration / timedelta(weeks=1)

    @property
    def current(self) -> Outcome:
        """What the alarm as it is would have done."""
        return self.outcome(Setting.of(self.alarm))

    def settings(self) -> Iterator[Setting]:
        """Give every setting, in the order of the arrays."""
        for period, (m, n), threshold in product(self.periods, self.windows, self.thresholds):
            yield Setting(threshold, m, n, period)

    def outcome(self, setting: Setting) -> Outcome:
        """Give what one swept setting would have done; raises ValueError for one that was not swept."""
        try:
            place = (
                self.periods.index(setting.period),
                self.windows.index((setting.m, setting.n)),
                self.thresholds.index(setting.threshold),
            )
        except ValueError:
            raise ValueError(f"{setting} was not swept; sweep again with its threshold, window and period") from None
        delays = self.delays[place].tolist()
        pages = int(self.pages[place])
        return Outcome(
            setting,
            pages,
            pages / self.weeks,
            timedelta(seconds=int(self.alarm_seconds[place])),
            int(self.false_alarms[place]),
            tuple(None if delay != delay else timedelta(seconds=delay) for delay in delays),
        )
