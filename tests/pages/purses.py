"""Money written by hand for the spend page: budgets, allowances, and costs by day in a line of dollars."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from collectors.budget_readings import BudgetReading, Notified, PastPeriod
from collectors.cost_breakdown import Quote
from collectors.cost_outlook import Outlook
from collectors.free_tier import AllowanceReading, FreeTier, PlanReading
from collectors.spend_lines import CHARGE, SpendLine
from core.money import Money
from core.reading import Fault, FaultKind, Scope

AT = datetime(2026, 11, 23, 8, 31, 30, tzinfo=UTC)
HOSTILE = "![x](https://attacker.example/p.png) <img src=x onerror=alert(1)> $a$ :red[ok]\u202e"
REFUSED = Fault(Scope("111111111111", "us-east-1"), "ce:GetCostAndUsage", FaultKind.NOT_FREE, "was not called")


@dataclass(frozen=True)
class Purse:
    """What there is to know of an account's money."""

    budgets: tuple[BudgetReading, ...]
    free_tier: FreeTier
    lines: tuple[SpendLine, ...] = ()
    refused: tuple[Fault, ...] = (REFUSED,)
    outlook: Outlook = field(default_factory=Outlook)


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def quote(left: str, *, affordable: bool = False) -> Quote:
    """A cent a request."""
    return Quote(dollars("0.01"), left, affordable, None)


def budget(
    name: str = "My Zero-Spend Budget",
    *,
    actual: str = "0",
    forecast: str | None = None,
    limit: str = "1",
    gross: bool = False,
    zero: bool = True,
) -> BudgetReading:
    """A monthly cost budget as AWS describes it."""
    document = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": limit, "Unit": "USD"},
        "CostTypes": {"IncludeCredit": not gross, "IncludeRefund": not gross},
        "TimePeriod": {"Start": "2026-06-01T00:00:00+00:00", "End": "2087-06-15T00:00:00+00:00"},
    }
    threshold = {"Threshold": 0.01, "ThresholdType": "ABSOLUTE_VALUE"} if zero else {"Threshold": 80.0}
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", **threshold}
    told = [{"SubscriptionType": "EMAIL", "Address": "finance@example.test"}]
    history = tuple(
        PastPeriod(date(2026, month, 1), date(2026, month + 1, 1), dollars(limit), dollars(actual))
        for month in range(10, 5, -1)
    )
    return BudgetReading(
        name,
        document,
        dollars(actual),
        dollars(forecast) if forecast else None,
        AT,
        "",
        (Notified({"Notification": notification, "Subscribers": told}, Decimal(actual) > 0),),
        (),
        history,
    )


def allowance(name: str, used: float, limit: float, *, service: str = "Amazon S3") -> AllowanceReading:
    return AllowanceReading(service, name, "Put", "global", HOSTILE, used, limit, "Requests", None, "Always Free")


def lines(gross: str, credit: str = "", *, service: str = "Amazon EC2") -> tuple[SpendLine, ...]:
    """Costs of November's days, a day a word."""
    found = []
    for place, word in enumerate(gross.split()):
        day, cost = date(2026, 11, 1) + timedelta(days=place), dollars(word)
        found.append(_line(day, service, "BoxUsage", CHARGE, cost, word))
    for place, word in enumerate(credit.split()):
        found.append(_line(date(2026, 11, 1) + timedelta(days=place), service, "", "Credit", dollars(f"-{word}"), "0"))
    return tuple(found)


def _line(day: date, service: str, usage_type: str, record: str, cost: Money, quantity: str) -> SpendLine:
    units = Decimal(quantity) * 10
    return SpendLine(
        day, service, usage_type, record, cost, units, "Hrs", final=False, read_at=AT, first=cost, first_at=AT
    )


def purse(*, budgets: tuple[BudgetReading, ...] | None = None, costs: tuple[SpendLine, ...] = ()) -> Purse:
    """A calm month at the default cap: nothing spent, one allowance used up, one that runs out, one that lasts."""
    free = FreeTier(
        (
            allowance("Requests-Tier1", 1700, 2000),
            allowance("Global-Request", 200_000, 1_000_000, service="AWS Lambda"),
            allowance("DataProcessing-Bytes", 5.5, 5, service="AmazonCloudWatch"),
        ),
        PlanReading("PAID", "ACTIVE", dollars("200"), None),
    )
    kept = (budget(),) if budgets is None else budgets
    return Purse(kept, free, costs, () if costs else (REFUSED,))
