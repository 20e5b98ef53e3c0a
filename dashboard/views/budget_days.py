"""The days that a budget counts, out of whichever source can tell: stored costs, a billing export, a bought breakdown.

They are never mixed. What none of them can tell says why, and what would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from budgets.definition import BudgetDefinition, Kind, TimeUnit
from budgets.tracking import DaySpend, Sums, nothing
from collectors import cost_breakdown
from collectors.cost_breakdown import Question as Bought
from collectors.cost_breakdown import Share
from collectors.exports.book import Book
from collectors.exports.columns import DAY
from collectors.exports.files import ExportError
from collectors.exports.questions import Condition, Question, Total
from collectors.spend_lines import SpendLine
from core.money import Money
from core.reading import FaultKind, Reading
from dashboard.views.budget_questions import UnansweredError, Where, conditions, is_amortized
from dashboard.views.spend import days_of
from dashboard.views.spend_chart import months_before
from dashboard.wording import listed, plain

MONTHS_OF_AN_EXPORT: Final = 13
"""Calendar months that are replayed of an export: a year before the running month."""
_WHATEVER: Final = "{} count whatever the form says: {} does not tell them apart."
_NO_USAGE: Final = "Only costs are replayed: the history of usage and coverage is known to AWS's own budgets only."


@dataclass(frozen=True, slots=True)
class Counted:
    """Days, and where they come from; or why there are none."""

    days: tuple[DaySpend, ...] = ()
    """Whole ones, the oldest first."""
    source: str = ""
    """In words, such as `the billing export`."""
    monthly: bool = False
    """Whether each stands for a whole month up to its day: on which day a threshold was passed is not known."""
    why: str = ""
    """A sentence where there are none; may hold foreign text."""
    limits: tuple[str, ...] = ()
    """What this source cannot tell; sentences."""


NO_EXPORT: Final = Counted(why="A billing export tells it: name one in WATCHKEEPER_BILLING_EXPORT.")


def first_that_tells(found: Sequence[Callable[[], Counted]]) -> Counted:
    """Give the first source that has days, asking the others only then; else every reason, the first one first."""
    reasons: list[str] = []
    for look in found:
        each = look()
        if each.days:
            return each
        reasons += [each.why] if each.why and each.why not in reasons else []
    return Counted(why=" ".join(reasons))


# -- stored costs -----------------------------------------------------------------------------------------------------


def of_lines(budget: BudgetDefinition, lines: Reading[tuple[SpendLine, ...]], *, today: date) -> Counted:
    """Give the whole days of the costs by day, service and usage type that the collector read."""
    if budget.kind is not Kind.COST:
        return Counted(why=_NO_USAGE)
    why = _untold(budget)
    if why:
        return Counted(why=why)
    wanted = {key: set(values) for key, values in budget.filters}
    usable = [
        line
        for line in lines.value
        if line.cost.currency == "USD"
        and ("Service" not in wanted or line.service in wanted["Service"])
        and ("UsageType" not in wanted or line.usage_type in wanted["UsageType"])
        and not (line.given_back and "UsageType" in wanted)
    ]
    days = tuple(day for day in days_of(usable) if day.day < today)
    if not days:
        return Counted(why=_no_costs(lines))
    limits = (_WHATEVER.format("Tax, support and subscriptions", "what is stored"),)
    return Counted(days, "stored costs", limits=limits)


def _untold(budget: BudgetDefinition) -> str:
    """Say why stored costs cannot tell what the budget counts; empty where they can."""
    other = [key for key, _ in budget.filters if key not in {"Service", "UsageType"}]
    if other or budget.expression or budget.view:
        what = plain(listed(other)) if other else "an expression" if budget.expression else "a billing view"
        return f"Costs by day are stored by service and usage type only, and this filters by {what}."
    if "UsageType" in dict(budget.filters) and (budget.counts_credits or budget.counts_refunds):
        return "Credits are stored by service, not by usage type: leave credits and refunds out to replay this."
    types = budget.cost_types
    if types is not None and (types.blended or types.amortized):
        return "Costs by day are stored as they are charged, and this counts blended or amortized ones."
    return ""


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


# -- a billing export -------------------------------------------------------------------------------------------------


def read_export(budget: BudgetDefinition, book: Book, account: str, *, clock: Callable[[], datetime]) -> Counted:
    """Ask a billing export for the whole days that the budget counts."""
    now = clock()
    try:
        book.read(now=now)
        return _of_export(budget, book, account, now.date())
    except UnansweredError as error:
        return Counted(why=plain(f"A billing export cannot tell {error} apart."))
    except ExportError as error:
        return Counted(why=plain(f"The billing export cannot be read: {error}."))


def _of_export(budget: BudgetDefinition, book: Book, account: str, today: date) -> Counted:
    ways, currency = conditions(budget), budget.limit.unit if budget.limit else "USD"
    every = Question((DAY,), _whose(book, account), months_before(today, MONTHS_OF_AN_EXPORT - 1), today)
    covered = {date.fromisoformat(total.key[0]) for total in book.totals(every) if total.key[0]}
    if not covered:
        return Counted(why="The billing export has no costs of this account in the last year.")
    found = next((totals for where in ways if (totals := _days(book, every, where, currency))), ())
    if not found:
        return Counted(why=_nothing_passes(budget))
    amortized = is_amortized(budget)
    sums = {date.fromisoformat(total.key[0] or ""): _sums(total, currency, amortized=amortized) for total in found}
    # A day of the export without such a row cost nothing there; a day that is not in the export is not known.
    days = tuple(DaySpend(day, sums.get(day, nothing(currency))) for day in sorted(covered))
    limits = (_WHATEVER.format("Support and subscriptions", "the billing export"),)
    return Counted(days, "the billing export", limits=limits)


def _whose(book: Book, account: str) -> Where:
    """Give which rows are the account's: all where it pays the bill, as its budgets count those of all it pays for."""
    payers = {total.key[0] for total in book.totals(Question(("BillingAccountId",)))}
    return () if account in payers else (Condition("SubAccountId", account),)


def _days(book: Book, every: Question, where: Where, currency: str) -> tuple[Total, ...]:
    totals = book.totals(replace(every, where=(*every.where, *where)))
    return tuple(total for total in totals if total.currency == currency and total.key[0])


def _sums(total: Total, currency: str, *, amortized: bool) -> Sums:
    gross = total.charges
    if amortized and total.effective is not None:
        gross = total.effective - total.credits - total.adjustments
    return Sums(*(Money(each, currency) for each in (gross, total.credits, total.adjustments)))


def _nothing_passes(budget: BudgetDefinition) -> str:
    said = "No cost in the billing export passes this filter."
    if any(key == "Service" for key, _ in budget.filters):
        said += " Exports name some services otherwise than budgets do: the Costs page lists their names."
    return said


# -- a breakdown that was bought --------------------------------------------------------------------------------------


def breakdown_for(budget: BudgetDefinition) -> Bought[tuple[Share, ...]] | None:
    """Give the question whose answer tells what a monthly budget with one filter counts; None where none does."""
    if budget.kind is not Kind.COST or budget.time_unit is not TimeUnit.MONTHLY or len(budget.filters) != 1:
        return None
    ((key, values),) = budget.filters
    keys = {value.partition("$")[0] for value in values}
    if key == "TagKeyValue" and len(keys) == 1:
        return cost_breakdown.by("TAG", keys.pop().removeprefix("user:"))
    return {"Region": cost_breakdown.REGION, "LinkedAccount": cost_breakdown.ACCOUNT}.get(key)


def of_breakdown(budget: BudgetDefinition, found: Reading[tuple[Share, ...] | None], *, today: date) -> Counted:
    """Give last month and the running one, each as one day: its last, or yesterday."""
    if found.value is None:
        return Counted(why="A breakdown that tells this can be read on the Spend page, for $0.01.")
    if budget.counts_credits is not budget.counts_refunds:
        return Counted(
            why="The breakdown that was read has credits and refunds in one sum, and this counts one of them."
        )
    wanted = {value.rpartition("$")[2] for _, values in budget.filters for value in values}
    shares = [share for share in found.value if share.value in wanted and share.cost.currency == "USD"]
    months = sorted({share.month for share in found.value})
    read = min(found.at.date(), today)
    days = [
        DaySpend(day, _of_month(share for share in shares if share.month == month))
        for month in months
        if (day := min(months_before(month, -1), read) - timedelta(days=1)) >= month
    ]
    limits = ("It is known what a month cost, not its days: a notification is said by the end of the month.",)
    return Counted(tuple(days), "the breakdown that was read", monthly=True, limits=limits)


def _of_month(shares: Iterable[Share]) -> Sums:
    amounts = [Decimal(0), Decimal(0)]
    for share in shares:
        amounts[share.given_back] += share.cost.amount
    return Sums(Money(amounts[0]), Money(amounts[1]), Money(Decimal(0)))
