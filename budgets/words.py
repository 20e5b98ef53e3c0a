"""A budget in people's words, field by field: what the form is called back as, and how two versions are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from budgets.definition import NEVER, Alert, BudgetDefinition, CostTypes, Kind, Limit, Subscriber, TimeUnit

KINDS: Final[Mapping[Kind, str]] = {
    Kind.COST: "Cost",
    Kind.USAGE: "Usage",
    Kind.RI_UTILIZATION: "Use of reserved instances",
    Kind.RI_COVERAGE: "Coverage by reserved instances",
    Kind.SAVINGS_PLANS_UTILIZATION: "Use of Savings Plans",
    Kind.SAVINGS_PLANS_COVERAGE: "Coverage by Savings Plans",
}
UNITS: Final[Mapping[TimeUnit, str]] = {
    TimeUnit.DAILY: "each day",
    TimeUnit.MONTHLY: "each month",
    TimeUnit.QUARTERLY: "each quarter",
    TimeUnit.ANNUALLY: "each year",
    TimeUnit.CUSTOM: "from the first to the last day",
}
COMPARISONS: Final[Mapping[str, str]] = {
    "GREATER_THAN": "more than",
    "LESS_THAN": "less than",
    "EQUAL_TO": "exactly",
}
_LEFT_OUT: Final[Mapping[str, str]] = {
    "credit": "credits",
    "refund": "refunds",
    "tax": "tax",
    "support": "support",
    "subscription": "subscriptions",
    "other_subscription": "other subscriptions",
    "upfront": "payments in advance",
    "recurring": "recurring payments",
    "discount": "discounts",
}


def described(budget: BudgetDefinition) -> dict[str, str]:
    """Give every field that is set, by its name on the form; foreign text. Notifications stand each by what it tells.

    >>> described(BudgetDefinition("b", limit=Limit(Decimal(5))))["Limit"]
    '$5.00'
    """
    found = {
        "Name": budget.name,
        "What is watched": KINDS[budget.kind],
        "Period": UNITS[budget.time_unit],
        "Limit": limit_words(budget),
        "What counts": counted(budget),
        "Filter": _filtered(budget),
        "First day": day_words(budget.start),
        "Last day": "" if budget.end is None or budget.end >= NEVER else day_words(budget.end),
        "Billing view": budget.view or "",
    }
    told = {f"Notification: {alert_words(alert, budget)}": told_words(alert.subscribers) for alert in budget.alerts}
    return {name: value for name, value in found.items() if value} | told


def counting(budget: BudgetDefinition) -> str:
    """Say whether what is given back lowers what a cost budget counts.

    >>> counting(BudgetDefinition("b")), counting(BudgetDefinition("b", cost_types=CostTypes(credit=False)))
    ('after credits', 'before credits, after refunds')
    """
    if budget.counts_credits:
        return "after credits" if budget.counts_refunds else "after credits, before refunds"
    return "before credits, after refunds" if budget.counts_refunds else "before credits"


def limit_words(budget: BudgetDefinition) -> str:
    """Say the limit, or how AWS comes to it."""
    if budget.auto_adjust is not None:
        if budget.auto_adjust.kind == "FORECAST":
            return "set by AWS from its forecast"
        return f"set by AWS from the average of {budget.auto_adjust.periods or 'the last'} periods"
    if budget.planned:
        return ", ".join(f"{amount(limit)} from {day_words(at)}" for at, limit in budget.planned)
    return "" if budget.limit is None else amount(budget.limit)


def amount(limit: Limit) -> str:
    """Say an amount with its unit.

    >>> amount(Limit(Decimal(80), "PERCENTAGE")), amount(Limit(Decimal("2.5"), "GB")), amount(Limit(Decimal("2.5")))
    ('80 %', '2.5 GB', '$2.50')
    """
    if limit.unit == "USD":
        return str(limit.money)
    return f"{number(limit.amount)} {'%' if limit.unit in {'PERCENTAGE', 'PERCENT', '%'} else limit.unit}"


def number(value: Decimal) -> str:
    """Write a number without digits that say nothing.

    >>> number(Decimal("10.00")), number(Decimal(100))
    ('10', '100')
    """
    return f"{value.normalize():f}"


def counted(budget: BudgetDefinition) -> str:
    """Say which costs count; empty for what is no cost."""
    if budget.kind is not Kind.COST:
        return ""
    if budget.metric:
        return budget.metric
    types = budget.cost_types or CostTypes()
    base = "blended costs" if types.blended else "amortized costs" if types.amortized else "all costs"
    without = [words for name, words in _LEFT_OUT.items() if not getattr(types, name)]
    return f"{base} without {', '.join(without)}" if without else base


def alert_words(alert: Alert, budget: BudgetDefinition) -> str:
    """Say when a notification is due.

    >>> alert_words(Alert("FORECASTED", Decimal(100)), BudgetDefinition("b"))
    'forecast more than 100 % of the limit'
    """
    of = "forecast" if alert.of == "FORECASTED" else "actual"
    unit = budget.limit.unit if budget.limit else "PERCENTAGE" if budget.kind.is_percentage else "USD"
    beyond = (
        f"{number(alert.threshold)} % of the limit"
        if alert.unit == "PERCENTAGE"
        else amount(Limit(alert.threshold, unit))
    )
    return f"{of} {COMPARISONS.get(alert.comparison, alert.comparison)} {beyond}"


def told_words(subscribers: Iterable[Subscriber]) -> str:
    """Say who is told; foreign text."""
    return ", ".join(subscriber_words(each) for each in subscribers) or "nobody"


def subscriber_words(subscriber: Subscriber) -> str:
    """Say one who is told; a topic by its name."""
    return f"topic {subscriber.address.rpartition(':')[2]}" if subscriber.kind == "SNS" else subscriber.address


def day_words(at: datetime | None) -> str:
    """Write a day.

    >>> from datetime import UTC
    >>> day_words(datetime(2026, 11, 3, tzinfo=UTC))
    '2026-11-03'
    """
    return "" if at is None else f"{at:%Y-%m-%d}"


def _filtered(budget: BudgetDefinition) -> str:
    parts = [f"{key}: {', '.join(values)}" for key, values in budget.filters]
    if budget.expression:
        parts.append(_expression(budget.expression))
    return "; ".join(parts)


def _expression(part: Mapping[str, Any]) -> str:
    """Say a filter expression of AWS in words; the words in it are foreign."""
    for joint, word in (("And", " and "), ("Or", " or ")):
        if joint in part:
            return word.join(f"({_expression(each)})" for each in part[joint])
    if "Not" in part:
        return f"not ({_expression(part['Not'])})"
    for each in part.values():
        options = "" if not each.get("MatchOptions") else f" ({', '.join(each['MatchOptions'])})"
        return f"{each.get('Key', '')}: {', '.join(each.get('Values') or ('without a value',))}{options}"
    return ""
