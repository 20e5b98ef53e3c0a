"""What the Costs page asks a billing export for one state of the page: totals, days, the month before, and rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from budgets.comparing import Change, Key, changes
from collectors.exports.book import Book, Contents
from collectors.exports.columns import MONTH
from collectors.exports.files import ExportError
from collectors.exports.questions import Condition, Question, Total
from dashboard.cost_state import ALL, CostState
from dashboard.feed import ForeseenError

PICKS: Final[Mapping[str, Callable[[Total], Decimal | None]]] = {
    "net": lambda total: total.billed,
    "charges": lambda total: None if total.billed is None else total.charges,
    "credits": lambda total: None if total.billed is None else total.credits,
    "effective": lambda total: total.effective,
    "list": lambda total: total.list_cost,
}
"""How each measure is found."""
MOST_BARS: Final = 6
"""Groups that the chart tells apart; the rest is one bar."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was read for one state of the page."""

    contents: Contents
    """What the export holds."""
    month: str
    """The billing month on screen, `2026-10`, or `all`."""
    currencies: tuple[str, ...]
    """Every currency of the month; empty text for rows that name none."""
    currency: str
    """The one on screen."""
    measure: str
    """What is drawn, ordered and compared."""
    groups: tuple[Total, ...]
    """By the columns that were asked for, the largest first."""
    before: tuple[Total, ...]
    """The same of the month before, up to the same day; empty where there is none."""
    compared: str
    """The month before, as it is compared; empty where there is none."""
    days: tuple[Total, ...]
    """By day and the first column, of the groups that the chart tells apart."""
    every_day: tuple[Total, ...]
    """By day alone."""
    reasons: tuple[Change, ...]
    """What changed by the first column and usage type; empty where that is not known."""
    rows: tuple[Mapping[str, object], ...] | None
    """The rows behind the figures, the largest first; None where they were not asked for."""

    def pick(self, total: Total) -> Decimal | None:
        """Give what is compared of a total."""
        return PICKS[self.measure](total)


def read(book: Book, state: CostState, *, clock: Callable[[], datetime]) -> Answers:
    """Read what the page shows; raises ForeseenError where the export cannot be read."""
    try:
        return _read(book, state, book.read(now=clock()))
    except ExportError as error:
        raise ForeseenError(f"The billing export cannot be read: {error}.") from error


def _read(book: Book, state: CostState, contents: Contents) -> Answers:
    month = state.month if state.month == ALL or state.month in contents.months else (contents.months or (ALL,))[-1]
    asked = Question(state.by, _conditions(state, month))
    found = book.totals(asked)
    currencies = tuple(dict.fromkeys(each.currency or "" for each in found))
    currency = state.currency if state.currency in currencies else (currencies or ("",))[0]
    chosen = of(found, currency)
    measure = state.measure or _telling(chosen)
    pick = PICKS[measure]
    groups = tuple(sorted(chosen, key=lambda each: (-abs(pick(each) or Decimal(0)), str(each.key))))
    top = tuple(Condition(state.by[0], value) for value in tuple(dict.fromkeys(g.key[0] for g in groups))[:MOST_BARS])
    asked_days = replace(asked, by=("Day", state.by[0]), where=(*asked.where, *top))
    every_day = of(book.totals(replace(asked, by=("Day",))), currency)
    days = of(book.totals(asked_days), currency) if top else ()
    earlier, compared = _earlier(asked, month, every_day, contents)
    before = of(book.totals(earlier), currency) if earlier else ()
    reasons = _reasons(book, asked, earlier, partial(_of_currency, currency, pick)) if earlier else ()
    in_currency = (*asked.where, Condition("BillingCurrency", currency or None))
    rows = book.rows(replace(asked, by=(), where=in_currency)) if state.rows and groups else None
    return Answers(
        contents, month, currencies, currency, measure, groups, before, compared, days, every_day, reasons, rows
    )


def _telling(groups: Sequence[Total]) -> str:
    """Net; charges where credits take all of them away, so that what they are eaten by is seen."""
    return "charges" if groups and not any(each.billed for each in groups) else "net"


def _conditions(state: CostState, month: str) -> tuple[Condition, ...]:
    return state.where if month in {ALL, ""} else (*state.where, Condition(MONTH, month))


def of(totals: Sequence[Total], currency: str) -> tuple[Total, ...]:
    """Give the totals of one currency."""
    return tuple(each for each in totals if (each.currency or "") == currency)


def _earlier(asked: Question, month: str, days: Sequence[Total], contents: Contents) -> tuple[Question | None, str]:
    """Ask about the month before up to the same day, so that a month that still runs is held against its like."""
    if month in {ALL, ""} or (previous := month_before(month)) not in contents.months:
        return None, ""
    where = tuple(Condition(MONTH, previous) if each.column == MONTH else each for each in asked.where)
    start = date.fromisoformat(f"{previous}-01")
    last = max((date.fromisoformat(each.key[0]) for each in days if each.key[0]), default=None)
    following = date.fromisoformat(f"{month}-01") + timedelta(days=32)
    if last is None or month != contents.months[-1] or last >= following.replace(day=1) - timedelta(days=1):
        return replace(asked, where=where), f"{start:%B}"
    until = min(start + timedelta(days=last.day), date.fromisoformat(f"{month}-01"))
    return replace(asked, where=where, until=until), f"{start:%B} up to its day {last.day}"


Amounts = Mapping[Key, Decimal | None]


def _of_currency(currency: str, pick: Callable[[Total], Decimal | None], totals: Sequence[Total]) -> Amounts:
    return {each.key: pick(each) for each in of(totals, currency)}


def _reasons(
    book: Book, asked: Question, earlier: Question, amounts: Callable[[Sequence[Total]], Amounts]
) -> tuple[Change, ...]:
    """Compare the usage types below the first column, where the cube has both."""
    by = (asked.by[0], "UsageType")
    if asked.by[0] == "UsageType" or not replace(asked, by=by).fits_the_cube:
        return ()
    now, then = (amounts(book.totals(replace(each, by=by))) for each in (asked, earlier))
    return changes(then, now)


def month_words(month: str) -> str:
    """Give a billing month as people say it.

    >>> month_words("2026-10"), month_words("all")
    ('October 2026', 'all months')
    """
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}" if month not in {ALL, ""} else "all months"


def month_before(month: str) -> str:
    """Give the month before.

    >>> month_before("2026-01")
    '2025-12'
    """
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
