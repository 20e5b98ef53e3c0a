"""State reasons and `StateReasonData` in AWS's wording.

Wording as AWS's answers in public show it, for one the AWS CLI's examples of describe-alarms and
describe-alarm-history, and the sample events of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from alarms.kinds import Comparison, MetricAlarm, MissingData, SingleMetric
from alarms.state import StateValue
from core.timespan import from_epoch

LISTED: Final = 5
"""From so many datapoints on the reason names the newest of them in a sentence of its own."""

_WORDS: Final[Mapping[Comparison, str]] = {
    Comparison.GREATER: "greater than",
    Comparison.GREATER_OR_EQUAL: "greater than or equal to",
    Comparison.LESS: "less than",
    Comparison.LESS_OR_EQUAL: "less than or equal to",
}
_FILLS: Final = {MissingData.BREACHING: "Breaching", MissingData.NOT_BREACHING: "NonBreaching"}


class Point(NamedTuple):
    """One datapoint that an evaluation looked at."""

    time: int
    """Start of its period, epoch seconds."""
    age: int
    """Periods back from the end of the window; 1 is the newest."""
    value: float
    breaching: bool
    lower: float | None = None
    """The band there, for comparisons with a band."""
    upper: float | None = None
    sample_count: float | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What an evaluation decided, and on what."""

    state: StateValue
    points: Sequence[Point]
    """The datapoints considered, newest first."""
    filled: int = 0
    """Missing periods that were treated as breaching or not breaching."""
    unknown: int = 0
    """Missing periods that nothing was put in for."""
    kept: str = ""
    """Why the state was kept, where the data did not decide."""


def reason(alarm: MetricAlarm, findings: Findings) -> str:
    """Give the sentence that AWS would write for this state."""
    if findings.kept:
        return f"State kept: {findings.kept}."
    if findings.state is StateValue.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_were(findings.unknown, 'datapoint')} unknown."
    if findings.filled:
        received = _were(len(findings.points), "datapoint") if findings.points else "no datapoints were"
        treated = f"{_were(findings.filled, 'missing datapoint')} treated as [{_FILLS[alarm.missing_data]}]"
        return f"Threshold Crossed: {received} received for {_plural(alarm.n, 'period')} and {treated}."
    return _crossed(alarm, findings)


def reason_data(alarm: MetricAlarm, findings: Findings, *, at: datetime, gaps: Sequence[int]) -> dict[str, Any]:
    """Give the document that AWS keeps as JSON in `StateReasonData`.

    `gaps` are the starts of the empty periods that were evaluated, epoch seconds.
    """
    data: dict[str, Any] = {"version": "1.0", "queryDate": timestamp(at)}
    oldest_first = findings.points[::-1]
    if oldest_first:
        data["startDate"] = timestamp(from_epoch(oldest_first[0].time))
    if isinstance(alarm.source, SingleMetric):
        if alarm.source.unit is not None:
            data["unit"] = alarm.source.unit
        data["statistic"] = str(alarm.source.statistic)
    data["period"] = alarm.period
    data["recentDatapoints"] = [point.value for point in oldest_first]
    if alarm.comparison is not None and alarm.comparison.takes_band:
        data["recentLowerThresholds"] = [point.lower for point in oldest_first]
        data["recentUpperThresholds"] = [point.upper for point in oldest_first]
    else:
        data["threshold"] = alarm.threshold
    data["evaluatedDatapoints"] = _evaluated(findings, gaps)
    return data


def timestamp(at: datetime) -> str:
    """Write an instant as AWS does inside its JSON documents.

    >>> from datetime import UTC
    >>> timestamp(datetime(2026, 11, 23, 10, 5, tzinfo=UTC))
    '2026-11-23T10:05:00.000+0000'
    """
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def number(value: float) -> str:
    """Write a number as AWS does in its sentences, which is Java's way.

    >>> number(21), number(1.5e7), number(0.0001)
    ('21.0', '1.5E7', '1.0E-4')
    """
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = repr(value)
        return text if "e" not in text else f"{value:f}"
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    for digits in range(17):
        candidate = f"{value:.{digits}e}"
        if float(candidate) == value:
            mantissa = candidate.partition("e")[0]
            break
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _crossed(alarm: MetricAlarm, findings: Findings) -> str:
    """The sentence about datapoints that crossed the threshold, or did not."""
    breached = findings.state is StateValue.ALARM
    listed = [point for point in findings.points if point.breaching is breached]
    in_short = len(listed) < LISTED
    many = alarm.datapoints_to_alarm is not None
    count = f"{len(listed)} out of the last {alarm.n} datapoints" if many else _plural(len(listed), "datapoint")
    values = f"[{', '.join(_described(point) for point in listed[:LISTED])}]"
    verb = "was" if len(listed) == 1 else "were"
    band = alarm.comparison is not None and alarm.comparison.takes_band
    sentence = f"Threshold{'s' if band else ''} Crossed: {count} {f'{values} ' if in_short else ''}{verb} "
    sentence += _compared(alarm, listed[:LISTED], breached=breached)
    if not in_short:
        sentence += f". The most recent datapoints{' which crossed the threshold' if breached else ''}: {values}"
    if many:
        needed = alarm.m if breached else alarm.n - alarm.m + 1
        change = "OK -> ALARM" if breached else "ALARM -> OK"
        sentence += f" (minimum {_plural(needed, 'datapoint')} for {change} transition)"
    return sentence + "."


def _compared(alarm: MetricAlarm, listed: Sequence[Point], *, breached: bool) -> str:
    negation = "" if breached else "not "
    if alarm.comparison is not None and alarm.comparison in _WORDS:
        return f"{negation}{_WORDS[alarm.comparison]} the threshold ({number(alarm.threshold or 0.0)})"
    lower = f"{negation}less than the lower thresholds [{_numbers(point.lower for point in listed)}]"
    upper = f"{negation}greater than the upper thresholds [{_numbers(point.upper for point in listed)}]"
    if alarm.comparison is Comparison.BELOW_BAND:
        return lower
    return upper if alarm.comparison is Comparison.ABOVE_BAND else f"{lower} or {upper}"


def _numbers(values: Any) -> str:
    return ", ".join(number(value) for value in values if value is not None)


def _described(point: Point) -> str:
    return f"{number(point.value)} ({from_epoch(point.time):%d/%m/%y %H:%M:%S})"


def _evaluated(findings: Findings, gaps: Sequence[int]) -> list[dict[str, Any]]:
    entries: list[tuple[int, dict[str, Any]]] = [(time, {}) for time in gaps]
    for point in findings.points:
        entry: dict[str, Any] = {} if point.sample_count is None else {"sampleCount": point.sample_count}
        entries.append((point.time, entry | {"value": point.value}))
    entries.sort(key=lambda pair: pair[0], reverse=True)
    return [{"timestamp": timestamp(from_epoch(time))} | entry for time, entry in entries]


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _were(count: int, what: str) -> str:
    return f"{_plural(count, what)} {'was' if count == 1 else 'were'}"
