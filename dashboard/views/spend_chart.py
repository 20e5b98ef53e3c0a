"""The spend page's one picture: the month day by day with its forecast, or AWS's own history of the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from budgets import forecast as forecasting
from budgets.forecast import Forecast, Usage
from budgets.tracking import DaySpend, Sums, first_cost, running
from budgets.words import counting
from collectors.cost_outlook import Anomaly, Outlook
from core.money import Money
from core.reading import Reading
from core.timespan import Timespan
from dashboard.charts.view import ChartView, Line, LineKind, Mark, Threshold, Tone
from dashboard.views.spend_tables import cents
from dashboard.views.spend_words import Shown
from dashboard.wording import age, plain, shortened

HISTORY_SHOWN: Final = 12
"""Periods of AWS's own history in the picture that stands where costs by day are not read."""
MONTHS_BACK: Final = 3
"""Calendar months of costs that the page looks at, the running one included."""


def chart(
    shown: Shown | None,
    every: Sequence[Shown],
    days: Sequence[DaySpend],
    ahead: Forecast | None,
    anomalies: Sequence[Anomaly],
    today: date,
) -> ChartView:
    """Draw the month day by day; where costs by day are not there, the history of a budget."""
    if not any(day.day >= today.replace(day=1) for day in days):
        return _history_chart(_telling(shown, every), today)
    start, end = today.replace(day=1), months_before(today, -1)
    sums = running(days, start, end)
    gross, net = ({day: float(pick(each).amount) for day, each in sums.items()} for pick in (_gross, _net))
    lines = [
        _line("Before credits", gross, kind=LineKind.AREA),
        _line("After credits", net, emphasis=True),
        *(_ahead_lines(ahead, gross) if ahead else ()),
    ]
    limit = shown[1].limit if shown else None
    thresholds = (Threshold(float(limit.amount), "Budget"),) if limit is not None else ()
    first = first_cost(day for day in days if day.day >= start)
    marks = [Mark(_noon(today), "today", tone=Tone.MUTED)]
    marks += [
        Mark(
            _noon(each.start),
            "unusual",
            plain(f"AWS: {each.service} {each.usage_type} cost {cents(each.impact)} more than usual"),
            Tone.WARNING,
        )
        for each in anomalies
        if start <= each.start < end
    ]
    if first is not None and first > start:
        marks.insert(0, Mark(_noon(first), "first cost", tone=Tone.WARNING))
    span = Timespan(_midnight(start), _midnight(end))
    return ChartView(
        "spend-month", f"{today:%B}, day by day", "USD", tuple(lines), span, "running total",
        thresholds=thresholds, marks=tuple(marks),
    )  # fmt: skip


def _ahead_lines(ahead: Forecast, gross: Mapping[date, float]) -> list[Line]:
    """The forecast begins where the last whole day ends, so that the lines meet."""
    before = ahead.known_until - timedelta(days=1)
    join = {before: gross[before]} if before in gross else {}
    middle = join | {day: float(likely.amount) for day, likely, _, _ in ahead.path}
    low = join | {day: float(least.amount) for day, _, least, _ in ahead.path}
    high = join | {day: float(most.amount) for day, _, _, most in ahead.path}
    return [
        _line("Forecast before credits", middle, dash=True),
        _line("80% range, low", low, dash=True, tone=Tone.MUTED),
        _line("80% range, high", high, dash=True, tone=Tone.MUTED),
    ]


def _telling(shown: Shown | None, every: Sequence[Shown]) -> Shown | None:
    """Give the budget whose history is drawn: a row of zeros says less than what credits paid for."""
    whole = [each for each in every if each[1].definition.is_whole]
    telling = (each for each in (*([shown] if shown else ()), *whole) if any(p.actual.amount for p in each[0].history))
    return next(telling, shown)


def _history_chart(shown: Shown | None, today: date) -> ChartView:
    """What AWS says each period of the budget cost: free to ask, where costs by day are not."""
    past = sorted(shown[0].history[:HISTORY_SHOWN], key=lambda each: each.start) if shown else []
    start = past[0].start if past else months_before(today, MONTHS_BACK)
    end = past[-1].end if past else months_before(today, -1)
    half = (past[0].end - start) / 2 if past else timedelta(0)  # bars stand around the first day of their period
    span = Timespan(_midnight(start) - half, _midnight(max(end, start + timedelta(days=1))) - half)
    values = {each.start: float(each.actual.amount) for each in past}
    lines = (_line("By AWS's count", values, kind=LineKind.BAR),) if past else ()
    note = "" if past else "AWS has no history of this budget yet"
    title = f"AWS's own history of {shortened(shown[0].name, 40)}" if shown else "AWS's own history"
    counts = counting(shown[1].definition) if shown else ""
    return ChartView("spend-month", title, "USD", lines, span, counts, note=note)


def _line(
    name: str,
    values: Mapping[date, float],
    *,
    kind: LineKind = LineKind.LINE,
    dash: bool = False,
    emphasis: bool = False,
    tone: Tone | None = None,
) -> Line:
    days = sorted(values)
    # Bars stand on the first day of their period, points at the end of their day.
    shift = timedelta(0) if kind is LineKind.BAR else timedelta(days=1)
    times = np.array([int((_midnight(day) + shift).timestamp()) for day in days], np.int64)
    amounts = np.array([values[day] for day in days], np.float64)
    return Line(name, times, amounts, kind=kind, dash=dash, emphasis=emphasis, tone=tone)


def chart_note(usage: Sequence[Usage], ahead: Forecast | None, *, costs_at: datetime, now: datetime) -> str:
    if ahead is None:
        return "AWS's own history of the budget. Costs day by day are not read: see below."
    newest = max(each.day for each in usage)
    said = (
        f"AWS's costs by day up to {newest.day} {newest:%B}, read {age(costs_at, now=now)} ago. The forecast is ours: "
        f"{cents(ahead.likely)} before credits by month end, 80% between {cents(ahead.low)} and {cents(ahead.high)}"
    )
    errors = forecasting.past_error(usage, on=ahead.known_until)
    if not errors:
        return f"{said}. How far it is usually off is known after a month."
    listed = ", ".join(f"{_off(100 * error)} in {first:%B}" for first, error in errors)
    return f"{said}. On this day of earlier months it was off by {listed}."


def aws_note(outlook: Reading[Outlook], *, now: datetime) -> str:
    """Say AWS's own forecast beside ours, where it was read; the two are never mixed."""
    found = outlook.value.forecast
    if found is None:
        return ""
    return (
        f"AWS's own forecast, read {age(outlook.at, now=now)} ago: {cents(found.amount)} more from {found.start.day} "
        f"{found.start:%B} on, 80% between {cents(found.low)} and {cents(found.high)}."
    )


def _off(percent: Decimal) -> str:
    return "less than 1%" if abs(percent) < 1 else f"{percent:+.0f}%"


def months_before(day: date, months: int) -> date:
    """Give the first day of the month so many months before that of `day`; negative: after it."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _gross(sums: Sums) -> Money:
    return sums.gross


def _net(sums: Sums) -> Money:
    return sums.net


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
