"""What `python -m alarms backtest` does: an alarm out of a file, replayed over a CSV of `timestamp,value`."""

from __future__ import annotations

import csv
import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from alarms.as_code import SourceError, load
from alarms.backtest import Replay, replay
from alarms.kinds import MetricAlarm
from core.series import Series
from core.timespan import Timespan, from_epoch, parse_instant

MAX_ROWS: Final = 2_000_000
"""Datapoints of one CSV; four years of minutes."""


class ReplayError(ValueError):
    """An alarm or a series that cannot be replayed; says where and what is accepted."""


def backtest(alarm_file: Path, series_file: Path) -> Replay:
    """Replay the alarm of one file over the series of another; raises ReplayError."""
    alarm, series = read_alarm(alarm_file), read_series(series_file)
    first, last = int(series.times[0]), int(series.times[-1])
    period = timedelta(seconds=series.period)
    # From the first whole period to the last; half a second more, because spans are open at their end.
    span = Timespan(from_epoch(first) + period, from_epoch(last) + period + timedelta(milliseconds=500))
    try:
        return replay(alarm, series, span=span)
    except ValueError as error:
        raise ReplayError(str(error)) from error


def read_alarm(path: Path) -> MetricAlarm:
    """Read the one metric alarm of a file (AWS CLI JSON, CloudFormation, Terraform); raises ReplayError."""
    try:
        found = load(path)
    except SourceError as error:
        raise ReplayError(f"{path}, line {error.line}: {error.reason}") from None
    refused = [f"{one.file}, line {one.line}: {one.name}: {one.refusal}" for one in found if one.definition is None]
    alarms = [one.definition for one in found if isinstance(one.definition, MetricAlarm)]
    if len(alarms) != 1:
        raise ReplayError("; ".join(refused) or f"{path} holds {len(alarms)} metric alarms; give a file with one")
    return alarms[0]


def read_series(path: Path) -> Series:
    """Read `timestamp,value` rows, ascending or not; an empty value is a gap. Raises ReplayError with the line."""
    rows: list[tuple[int, float]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if row and not (line == 1 and _is_heading(row)):
                    rows.append(_row(row, f"{path}, line {line}"))
                if len(rows) > MAX_ROWS:
                    raise ReplayError(f"{path} has more than {MAX_ROWS:,} rows, the most that are read")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReplayError(f"{path} cannot be read: {error}") from None
    if len(rows) < 2:
        raise ReplayError(f"{path} has {len(rows)} datapoints; two are needed to see how far apart they are")
    rows.sort(key=lambda row: row[0])
    times = np.array([time for time, _ in rows], dtype=np.int64)
    return Series(times, np.array([value for _, value in rows], dtype=np.float64), _spacing(times, path))


def text(found: Replay) -> str:
    """Write a line for each transition, then the sum and what the replay could not know."""
    lines = [f"{_written(c.at)}  {c.old} -> {c.new}  {c.reason}" for c in found.transitions]
    counts = {"transition": len(found.transitions), "notification": len(found.notifications), "flap": found.flaps}
    said = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    return "\n".join([*lines, "", f"{found.name}: {said}, {found.in_alarm} in ALARM", *found.limits])


def document(found: Replay) -> dict[str, Any]:
    """Give the same as a JSON document."""
    return {
        "alarm": found.name,
        "start": _written(found.span.start),
        "end": _written(found.span.end),
        "transitions": [
            {
                "at": _written(change.at),
                "old_state": str(change.old),
                "new_state": str(change.new),
                "reason": change.reason,
                "reason_data": change.reason_data,
            }
            for change in found.transitions
        ],
        "seconds_in_alarm": int(found.in_alarm.total_seconds()),
        "notifications": [
            {"at": _written(sent.at), "state": str(sent.state), "actions": list(sent.actions)}
            for sent in found.notifications
        ],
        "flaps": found.flaps,
        "limits": list(found.limits),
    }


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _is_heading(row: list[str]) -> bool:
    return not any(character.isdigit() for character in row[0])


def _row(row: list[str], where: str) -> tuple[int, float]:
    if len(row) != 2:
        raise ReplayError(f"{where}: {len(row)} columns; give timestamp,value")
    try:
        time = int(parse_instant(row[0].strip()).timestamp())
        value = float(row[1]) if row[1].strip() else math.nan
    except ValueError as error:
        raise ReplayError(f"{where}: {error}") from None
    if math.isinf(value):
        raise ReplayError(f"{where}: {row[1]!r} is not finite; leave the value empty for no data")
    return time, value


def _spacing(times: Any, path: Path) -> int:
    """The seconds that most datapoints are apart: the period they were kept with."""
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if not gaps.size:
        raise ReplayError(f"{path} has datapoints of one time only; two are needed to see how far apart they are")
    lengths, counts = np.unique(gaps, return_counts=True)
    return int(lengths[np.argmax(counts)])
