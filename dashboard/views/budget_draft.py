"""A draft of a budget: every field as it was typed, right or wrong, and its way into a link and back.

A draft is what a form holds, not what a budget is: a limit may be `1o`. What a link holds is not trusted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from dashboard.views.alarm_draft import LONGEST_DOCUMENT, MOST_ENTRIES, DraftError

T = TypeVar("T")

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


_NOTHING: Final = BudgetDraft()
_NO_ALERT: Final = AlertDraft()


def document(draft: BudgetDraft) -> str:
    """Write a draft as JSON; what is as in an empty form is left out."""
    return json.dumps(_changed(draft, _NOTHING), ensure_ascii=False, separators=(",", ":"))


def _changed(value: Any, default: Any) -> dict[str, Any]:
    held = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: _plain(each) for name, each in held.items() if each != getattr(default, name)}


def _plain(held: Any) -> Any:
    if isinstance(held, AlertDraft):
        return _changed(held, _NO_ALERT)
    return [_plain(each) for each in held] if isinstance(held, tuple) else held


def read_document(text: str) -> BudgetDraft:
    """Read what `document` wrote; raises DraftError for what no form could have written."""
    if len(text) > LONGEST_DOCUMENT:
        raise DraftError(f"the draft has {len(text):,} characters; {LONGEST_DOCUMENT:,} are read at most")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DraftError("the draft is no JSON; open a new form, or the link as it was sent") from None
    return _read(BudgetDraft, found)


def _read(kind: type[T], found: object) -> T:
    if not isinstance(found, Mapping):
        raise DraftError("the draft is no JSON object; open a new form, or the link as it was sent")
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    unknown = [str(name)[:40] for name in found if name not in known]
    if unknown:
        raise DraftError(f"the draft has a field {unknown[0]!r} that this form does not have")
    return kind(**{name: _READERS.get(name, _text)(held) for name, held in found.items()})


def _text(held: object) -> str:
    if not isinstance(held, str):
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a text")
    return held


def _listed(held: object) -> list[Any]:
    if not isinstance(held, list) or len(held) > MOST_ENTRIES:
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a list of at most {MOST_ENTRIES}")
    return held


def _texts(held: object) -> tuple[str, ...]:
    return tuple(_text(each) for each in _listed(held))


def _pairs(held: object) -> tuple[tuple[str, str], ...]:
    found = [_texts(each) for each in _listed(held)]
    if any(len(pair) != 2 for pair in found):
        raise DraftError("a pair of the draft has not two texts; open a new form, or the link as it was sent")
    return tuple((pair[0], pair[1]) for pair in found)


def _alerts(held: object) -> tuple[AlertDraft, ...]:
    return tuple(_read(AlertDraft, each) for each in _listed(held))


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "planned": _pairs,
    "filters": _pairs,
    "without": _texts,
    "alerts": _alerts,
}
