"""The budgets that the directory's people have: CreateBudget requests, as data."""

from __future__ import annotations

from typing import Any, Final

GROSS: Final = {"IncludeCredit": False, "IncludeRefund": False}


def _told(kind: str, threshold: float, unit: str, *addresses: tuple[str, str]) -> dict[str, Any]:
    return {
        "Notification": {
            "NotificationType": kind,
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": threshold,
            "ThresholdType": unit,
        },
        "Subscribers": [{"SubscriptionType": how, "Address": address} for how, address in addresses],
    }


def _budget(name: str, amount: str, *told: dict[str, Any], unit: str = "MONTHLY", **more: Any) -> dict[str, Any]:
    limit = {"Amount": amount, "Unit": "USD"}
    budget = {"BudgetName": name, "BudgetLimit": limit, "TimeUnit": unit, "BudgetType": "COST", **more}
    return {"Budget": budget, **({"NotificationsWithSubscribers": list(told)} if told else {})}


def budgets(topic: str, email: str) -> list[dict[str, Any]]:
    """Give the payer's budgets: zero-spend as AWS's template has it, a month's and a day's that leave credits out."""
    mail, told = ("EMAIL", email), ("SNS", topic)
    return [
        _budget("My Zero-Spend Budget", "1", _told("ACTUAL", 0.01, "ABSOLUTE_VALUE", mail)),
        _budget(
            "directory-month-before-credits",
            "180",
            _told("ACTUAL", 80, "PERCENTAGE", mail, told),
            _told("FORECASTED", 100, "PERCENTAGE", mail),
            CostTypes=GROSS,
        ),
        _budget(
            "directory-day-before-credits",
            "6.5",
            _told("ACTUAL", 100, "PERCENTAGE", told),
            unit="DAILY",
            CostTypes=GROSS,
        ),
        _budget("dr **region** ![x](y) $a$", "60", CostFilters={"Region": ["eu-west-1"]}, CostTypes=GROSS),
    ]
