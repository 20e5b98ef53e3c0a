"""A draft of a budget: every field as it was typed, right or wrong, and its way into a link and back.

A draft is what a form holds, not what a budget is: a limit may be `1o`. What a link holds is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard.views import draft_text
from dashboard.views.draft_text import Reader, many, pairs, texts

FIXED: Final = "FIXED"
PLANNED: Final = "PLANNED"


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """One notification of the form: `of`, `comparison`, `threshold` and `unit` are those of AWS's Notification."""

    of: str = "ACTUAL"
    comparison: str = "GREATER_THAN"
    threshold: str = ""
    unit: str = "PERCENTAGE"
    emails: str = ""
    """Addresses, separated by commas, blanks or lines."""
    topic: str = ""
    """ARN."""


@dataclass(frozen=True, slots=True)
class BudgetDraft:
    """The form. Numbers and days are as typed; an empty text was not given.

    `name`, `kind`, `time_unit`, `amount`, `periods`, `start`, `end` and `alerts` are what AWS's budget has.
    """

    name: str = ""
    kind: str = "COST"
    time_unit: str = "MONTHLY"
    limit_how: str = FIXED
    """`FIXED`, `PLANNED`, `HISTORICAL` or `FORECAST`."""
    amount: str = ""
    unit: str = ""
    """Of a usage budget."""
    planned: tuple[tuple[str, str], ...] = ()
    """First day and amount."""
    periods: str = ""
    start: str = ""
    end: str = ""
    costs: str = "unblended"
    """`unblended`, `blended` or `amortized`."""
    without: tuple[str, ...] = ()
    """Which costs are left out, by the names of `budgets.definition.CostTypes`."""
    filters: tuple[tuple[str, str], ...] = ()
    """AWS's filter and its values, separated by commas."""
    kept: str = ""
    """Members that the form does not show and gives back as they were, as JSON: FilterExpression, Metrics, …"""
    alerts: tuple[AlertDraft, ...] = ()
    live: str = ""
    """What was live when the form was opened, as JSON of its request; empty for a new budget."""


def document(draft: BudgetDraft) -> str:
    """Write a draft as JSON; what is as in an empty form is left out."""
    return draft_text.written(draft)


def read_document(found: str) -> BudgetDraft:
    """Read what `document` wrote; raises DraftError for what no form could have written."""
    return draft_text.read(BudgetDraft, found, _READERS)


_READERS: Final[Mapping[str, Reader]] = {
    "planned": pairs,
    "filters": pairs,
    "without": texts,
    "alerts": lambda held: tuple(draft_text.part(AlertDraft, each, {}) for each in many(held)),
}
