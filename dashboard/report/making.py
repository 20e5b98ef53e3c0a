"""Gathers a month for the report, for the page and the command alike; asks for nothing that costs money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from collectors.exports.book import Book
from core.reading import Scope
from dashboard.feed import ForeseenError
from dashboard.views import cost_reading, monthly, spend
from dashboard.views.monthly import MonthlyReport
from dashboard.views.sources import Sources
from dashboard.wording import listed

MONTHS_BACK = 12
"""Months that a report is offered for where there is no billing export."""


def gather(
    sources: Sources, scope: Scope, month: str, *, export: Book | None, name: str, now: datetime
) -> MonthlyReport:
    """Give the report of a month, from the billing export where there is one, else from the costs by day.

    Raises ForeseenError where the export cannot be read or lacks the month.
    """
    money = spend.build(spend.read(sources, scope, now=now), now=now)
    if export is None:
        start = date.fromisoformat(f"{cost_reading.month_before(month)}-01")
        answers = monthly.from_lines(sources.spend(scope.account, start=start, now=now), month, now=now)
        place = f"{name} {scope.account}" if name != scope.account else scope.account
        return monthly.build(answers, money, place=place, now=now)
    answers = cost_reading.read(export, replace(monthly.BY_SERVICE, month=month), clock=lambda: now)
    if answers.month != month:
        has = listed(answers.contents.months, most=24) or "no month"
        raise ForeseenError(f"The billing export has nothing of {month}; it has {has}.")
    return monthly.build(answers, money, place="All accounts of the billing export", now=now)


def offered(export: Book | None, *, now: datetime) -> tuple[str, ...]:
    """Give the months that a report can be made of, the newest first."""
    if export is not None:
        return tuple(reversed(export.months()))
    first = now.date().replace(day=1)
    found = [first]
    for _ in range(MONTHS_BACK - 1):
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return tuple(f"{each:%Y-%m}" for each in found)
