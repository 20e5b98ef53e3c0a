"""When a budget would have notified, in words: its replay over the costs that are stored here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import pandas as pd

from budgets.definition import BudgetDefinition, Kind
from budgets.replay import FORECAST_WEEKS, Firing, Replay, replay
from budgets.words import alert_words, told_words
from collectors.spend_lines import SpendLine
from core.reading import FaultKind, Reading
from dashboard.views.spend import days_of
from dashboard.wording import NO_DATA, OK, WARNING, Look, count, listed, plain

FIRINGS: Final = ("Day", "Notification", "Amount", "Who would have been told")
MOST_DAYS: Final = 6
_LIMITS: Final = (
    "AWS's figures are 8 to 12 hours old when it looks, so a notification comes up to half a day after its day here.",
    f"Forecasts are ours; AWS has its own, and none in the first {FORECAST_WEEKS} weeks of usage.",
    "Tax, support and subscriptions count whatever the form says: stored costs do not tell them apart.",
)


@dataclass(frozen=True, slots=True, eq=False)
class PreviewView:
    """What the budget would have done; `look` is calm where it would have notified nobody."""

    look: Look
    sentence: str
    """The days on which it would have notified, or why nobody knows."""
    known: str
    """Of which days costs are stored."""
    firings: pd.DataFrame
    """One row a notification, newest first; foreign text."""
    limits: tuple[str, ...]
    """What a replay cannot know."""


def build(budget: BudgetDefinition, lines: Reading[tuple[SpendLine, ...]], *, today: date) -> PreviewView:
    """Replay `budget` over the stored costs."""
    usable, why = _counted(budget, lines)
    days = [day for day in days_of(usable) if day.day < today]
    if why or not days:
        return _nothing(why or _no_costs(lines))
    found = replay(replace(budget, filters=(), expression=None), days)
    known = f"Replayed over {count(len(days), 'day')} of costs, {_day(days[0].day)} to {_day(days[-1].day)}."
    if found.problem:
        return _nothing(found.problem)
    return PreviewView(_look(found), _sentence(found), known, _table(found, budget), _LIMITS)


def _counted(budget: BudgetDefinition, lines: Reading[tuple[SpendLine, ...]]) -> tuple[list[SpendLine], str]:
    """Give the lines that the budget counts, or say why stored costs cannot tell them apart."""
    dollars = [line for line in lines.value if line.cost.currency == "USD"]
    if budget.kind is not Kind.COST:
        return [], "Only costs are replayed: the history of usage and coverage is known to AWS's own budgets only."
    other = [key for key, _ in budget.filters if key not in {"Service", "UsageType"}]
    if other or budget.expression or budget.view:
        what = listed(other) or "an expression"
        return [], f"The filter by {what} cannot be replayed: stored costs are by day, service and usage type only."
    wanted = {key: set(values) for key, values in budget.filters}
    if "UsageType" in wanted and budget.counts_credits:
        return [], "Credits are stored by service, not by usage type: leave credits and refunds out to replay this."
    return [
        line
        for line in dollars
        if ("Service" not in wanted or line.service in wanted["Service"])
        and ("UsageType" not in wanted or line.usage_type in wanted["UsageType"])
    ], ""


def _no_costs(lines: Reading[tuple[SpendLine, ...]]) -> str:
    if lines.value:
        return "No stored cost passes this filter, so there is nothing to replay."
    if any(fault.kind is FaultKind.NOT_FREE for fault in lines.faults):
        return (
            "There is no cost history to replay, because it is not free: Cost Explorer charges $0.01 a request, and "
            "the cap on our own calls is below that. A reading a day takes two requests or more, about $0.60 a month "
            "and account, once WATCHKEEPER_MONTHLY_CAP_USD allows it. The budget itself is free, with or without it."
        )
    if lines.faults:
        return plain(lines.faults[0].message)
    return "Costs have not been read yet; the collector reads them once a day where the cap allows it."


def _nothing(why: str) -> PreviewView:
    return PreviewView(NO_DATA, why, "", pd.DataFrame(columns=list(FIRINGS), dtype="str"), ())


def _look(found: Replay) -> Look:
    return WARNING if found.firings else OK


def _sentence(found: Replay) -> str:
    days = list(dict.fromkeys(each.day for each in found.firings))
    if not days:
        return "It would have notified nobody."
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
