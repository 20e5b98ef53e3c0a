"""The guard's picture: the month's estimates climbing towards the thresholds, and AWS's figures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from budgets.estimate import Official
from budgets.guard import Rules, Rung
from core.timespan import Timespan
from dashboard.charts.view import ChartView, Line, LineKind, Threshold, Tone
from dashboard.views.estimating import BUDGETS, Spending
from dashboard.views.guard_tables import cents
from dashboard.wording import age, plain

_TONES: Final = {Rung.NOTIFY: Tone.INFO, Rung.FREEZE: Tone.WARNING, Rung.ZERO: Tone.ALARM, Rung.STOP: Tone.ALARM}


def chart(spending: Spending, rules: Rules, *, now: datetime) -> ChartView:
    """Draw the estimates of the month, which are ours, and AWS's newest figures as points of their own."""
    points = {int(each.at.timestamp()): float(each.total.amount) for each in spending.kept}
    made = spending.estimate
    if made is not None:
        points[int(made.at.timestamp())] = float(made.total.amount)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if len(points) == 1:
        points[int(now.timestamp())] = next(iter(points.values()))  # one point alone would not be seen
    lines = [_points("Our estimate", points, LineKind.LINE, emphasis=True)] if points else []
    for each in spending.officials:
        at, value = int(each.at.timestamp()), float(each.total.amount)
        lines.append(_points(each.source, {at: value, int(now.timestamp()): value}, LineKind.STEP))
    thresholds = tuple(
        Threshold(float(money.amount), str(rung), tone=_TONES[rung]) for rung, money in (rules.at or {}).items()
    )
    first = min(points, default=int(start.timestamp()))
    begin = max(start.timestamp(), min(first, now.timestamp() - 86_400))
    span = Timespan(datetime.fromtimestamp(begin, tz=now.tzinfo), now + timedelta(hours=1))
    note = "" if lines else "Nothing was counted yet"
    return ChartView(
        "guard", "Spend and thresholds", "USD", tuple(lines), span, "month so far", thresholds=thresholds, note=note
    )


def _points(name: str, points: Mapping[int, float], kind: LineKind, *, emphasis: bool = False) -> Line:
    times = sorted(points)
    values = np.array([points[time] for time in times])
    return Line(name, np.array(times, np.int64), values, kind=kind, emphasis=emphasis, dash=kind is LineKind.STEP)


def chart_note(spending: Spending, *, now: datetime) -> str:
    """Say whose figures these are, how old, and that they are never added."""
    made = spending.estimate
    ours = (
        f"Ours was counted {age(made.at, now=now)} ago; {len(made.uncounted)} things are not in it."
        if made
        else "Nothing could be counted."
    )
    theirs = "; ".join(f"{cents(each.total)} by {aged(each, now=now)}" for each in spending.officials)
    return plain(f"{ours} {f'AWS says: {theirs}.' if theirs else 'AWS has said nothing yet.'} The two are never added.")


def aged(official: Official, *, now: datetime) -> str:
    """Name a figure with its age; Budgets do not say when theirs is from."""
    if official.source == BUDGETS:
        return f"{official.source}, asked {age(official.at, now=now)} ago"
    return f"{official.source}, {age(official.at, now=now)} old"
