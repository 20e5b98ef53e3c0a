"""When a budget would have notified, in words: its replay over the days that are known of what it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import pandas as pd

from budgets.definition import BudgetDefinition
from budgets.replay import FORECAST_WEEKS, Firing, Replay, replay
from budgets.words import alert_words, told_words
from dashboard.views.budget_days import Counted
from dashboard.wording import NO_DATA, OK, WARNING, Look, count, listed, plain

FIRINGS: Final = ("Day", "Notification", "Amount", "Who would have been told")
MOST_DAYS: Final = 6
_LIMITS: Final = (
    "AWS's figures are 8 to 12 hours old when it looks, so a notification comes up to half a day after its day here.",
    f"Forecasts are ours; AWS has its own, and none in the first {FORECAST_WEEKS} weeks of usage.",
)


@dataclass(frozen=True, slots=True, eq=False)
class PreviewView:
    """What the budget would have done; `look` is calm where it would have notified nobody."""

    look: Look
    sentence: str
    """The days on which it would have notified, or why nobody knows."""
    known: str
    """Which days were replayed, and of what; empty where none were."""
    firings: pd.DataFrame
    """One row a notification, newest first; foreign text."""
    limits: tuple[str, ...]
    """What a replay cannot know."""


def build(budget: BudgetDefinition, counted: Counted) -> PreviewView:
    """Replay `budget` over the days that it counts, which are filtered already."""
    if not counted.days:
        return _nothing(counted.why)
    told = budget.alerts
    if counted.monthly:  # a month without its days has no pace
        told = tuple(alert for alert in told if alert.of == "ACTUAL")
    found = replay(replace(budget, alerts=told), counted.days)
    if found.problem:
        return _nothing(found.problem)
    length = count(len(counted.days), "month" if counted.monthly else "day")
    first, last = counted.days[0].day, counted.days[-1].day
    known = f"Replayed over {length} of {counted.source}, {_day(first)} to {_day(last)}."
    limits = (*_LIMITS[: 1 if counted.monthly else 2], *counted.limits)
    return PreviewView(_look(found), _sentence(found, counted), known, _table(found, budget), limits)


def _nothing(why: str) -> PreviewView:
    return PreviewView(NO_DATA, why, "", pd.DataFrame(columns=list(FIRINGS), dtype="str"), ())


def _look(found: Replay) -> Look:
    return WARNING if found.firings else OK


def _sentence(found: Replay, counted: Counted) -> str:
    days = list(dict.fromkeys(each.day for each in found.firings))
    if not days:
        return "It would have notified nobody."
    if counted.monthly:
        return f"It would have notified by {listed([_day(day) for day in days], most=MOST_DAYS)}."
    newest = [_day(day) for day in days[-MOST_DAYS:]]
    earlier = f", and on {count(len(days) - MOST_DAYS, 'day')} before" if len(days) > MOST_DAYS else ""
    return f"It would have notified on {listed(newest, most=MOST_DAYS)}{earlier}."


def _table(found: Replay, budget: BudgetDefinition) -> pd.DataFrame:
    rows = [dict(zip(FIRINGS, _row(each, budget), strict=True)) for each in reversed(found.firings)]
    return pd.DataFrame(rows, columns=list(FIRINGS), dtype="str")


def _row(firing: Firing, budget: BudgetDefinition) -> tuple[str, ...]:
    likely = "likely " if firing.alert.of == "FORECASTED" else ""
    return (
        f"{firing.day:%Y-%m-%d}",
        alert_words(firing.alert, budget),
        f"{likely}{firing.amount}",
        plain(told_words(firing.alert.subscribers)),
    )


def _day(day: date | datetime) -> str:
    return f"{day.day} {day:%b}"
