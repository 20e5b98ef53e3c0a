"""One question to the evaluator as a JSON document, and its answer as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from alarms.definition import DefinitionErrors, MetricAlarm, parse
from alarms.evaluation import Band, evaluate
from alarms.state import StateValue
from alarms.window import EXTRA_PERIODS, evaluation_step
from core.series import Series
from core.timespan import from_epoch, parse_instant

MEMBERS: Final = ("alarm", "points", "at", "previous_state", "evaluation_range", "band")
MAX_RANGE: Final = 10_000
"""Periods; far more than the 1,440 that any alarm evaluates."""


class InquiryError(ValueError):
    """A question that cannot be answered; says what was given and what is accepted."""


def answer(question: Any) -> dict[str, Any]:
    """Answer `{"alarm": {PutMetricAlarm parameters}, "points": [[time, value or null], …], "at": time, …}`.

    `points` are the alarm's datapoints, each with the start of its period. `previous_state` is INSUFFICIENT_DATA
    where it is not given; `evaluation_range` is how many periods are searched, in place of what
    `alarms.window.evaluation_range` says; `band` has `[time, lower, upper]` for comparisons with a band.
    Raises InquiryError.
    """
    if not isinstance(question, Mapping):
        raise InquiryError(f"give one JSON object with {', '.join(MEMBERS)}")
    for name in question:
        if name not in MEMBERS:
            raise InquiryError(f"{name!r} is not known; known are {', '.join(MEMBERS)}")
    alarm = _alarm(question.get("alarm"))
    points = _series(_rows(question, "points", width=2), 1, alarm)
    at = _instant(question.get("at"), "at")
    found = evaluate(
        alarm,
        points,
        at=_last_whole(alarm, points, at),
        previous=_state(question.get("previous_state")),
        band=_band(question, alarm),
        extra=_extra(question.get("evaluation_range"), alarm.n),
    )
    return {"state": str(found.state), "reason": found.reason, "reason_data": replace(found, at=at).reason_data}


def _last_whole(alarm: MetricAlarm, points: Series, at: datetime) -> datetime:
    """Give the last instant up to `at` that ends a whole period of the points.

    A sliding window ends at any minute, but points that lie whole periods apart tell only of windows that end as one
    of them does.
    """
    phases = np.unique(points.times % alarm.period)
    if not alarm.sliding or phases.size != 1:
        return at
    step = evaluation_step(alarm)
    end = int(at.timestamp()) // step * step
    return from_epoch(end - (end - int(phases[0])) % alarm.period)


def _alarm(params: Any) -> MetricAlarm:
    if not isinstance(params, Mapping):
        raise InquiryError("alarm holds the parameters of PutMetricAlarm")
    try:
        alarm = parse(params)
    except DefinitionErrors as error:
        raise InquiryError(f"alarm: {error}") from None
    if not isinstance(alarm, MetricAlarm):
        raise InquiryError(f"alarm: {alarm.name} is evaluated on no datapoints; give a metric alarm")
    return alarm


def _rows(question: Mapping[str, Any], name: str, *, width: int) -> list[tuple[int, list[float]]]:
    """Rows of a time and numbers, ascending; NaN where null stands."""
    given = question.get(name)
    if not isinstance(given, list):
        raise InquiryError(f"{name} is a list of rows of a time and {width - 1} value{'s' if width > 2 else ''}")
    rows = []
    for place, row in enumerate(given):
        if not isinstance(row, list) or len(row) != width:
            raise InquiryError(f"{name}[{place}] is no list of {width} entries")
        at = _instant(row[0], f"{name}[{place}]")
        rows.append((int(at.timestamp()), [_number(value, f"{name}[{place}]") for value in row[1:]]))
    return sorted(rows, key=lambda row: row[0])


def _series(rows: Sequence[tuple[int, list[float]]], column: int, alarm: MetricAlarm) -> Series:
    """One column of the rows; as CloudWatch does, times are cut to the minute, or in high resolution to ten seconds."""
    step = evaluation_step(alarm)
    times = np.array([time // step * step for time, _ in rows], dtype=np.int64)
    values = np.array([values[column - 1] for _, values in rows], dtype=np.float64)
    return Series(times, values, alarm.period)


def _band(question: Mapping[str, Any], alarm: MetricAlarm) -> Band | None:
    if question.get("band") is None:
        return None
    rows = _rows(question, "band", width=3)
    return _series(rows, 1, alarm), _series(rows, 2, alarm)


def _instant(text: Any, where: str) -> datetime:
    try:
        return parse_instant(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        raise InquiryError(f"{where}: {error}") from None


def _number(value: Any, where: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**360:
        raise InquiryError(f"{where}: {value!r} is neither a number that CloudWatch takes nor null")
    return float(value)


def _state(text: Any) -> StateValue:
    if text is None:
        return StateValue.INSUFFICIENT_DATA
    try:
        return StateValue(text)
    except ValueError:
        accepted = ", ".join(StateValue)
        raise InquiryError(f"previous_state: {text!r} is not accepted; use {accepted}") from None


def _extra(given: Any, n: int) -> int:
    if given is None:
        return EXTRA_PERIODS
    if isinstance(given, bool) or not isinstance(given, int) or not n <= given <= MAX_RANGE:
        raise InquiryError(f"evaluation_range: {given!r} is no number of periods from {n} (EvaluationPeriods) on")
    return given - n
