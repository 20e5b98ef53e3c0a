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


def budgets(topic: str, email: str) -> list[dict[str, Any]]:
    """Give the payer's budgets: zero-spend as AWS's template has it, a month's and a day's that leave credits out."""
    mail, told = ("EMAIL", email), ("SNS", topic)
    return [
        {
            "Budget": {
                "BudgetName": "My Zero-Spend Budget",
                "BudgetLimit": {"Amount": "1", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
            "NotificationsWithSubscribers": [_told("ACTUAL", 0.01, "ABSOLUTE_VALUE", mail)],
        },
        {
            "Budget": {
                "BudgetName": "directory-month-before-credits",
                "BudgetLimit": {"Amount": "180", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
                "CostTypes": GROSS,
            },
            "NotificationsWithSubscribers": [
                _told("ACTUAL", 80, "PERCENTAGE", mail, told),
                _told("FORECASTED", 100, "PERCENTAGE", mail),
            ],
        },
        {
            "Budget": {
                "BudgetName": "directory-day-before-credits",
                "BudgetLimit": {"Amount": "6.5", "Unit": "USD"},
                "TimeUnit": "DAILY",
                "BudgetType": "COST",
                "CostTypes": GROSS,
            },
            "NotificationsWithSubscribers": [_told("ACTUAL", 100, "PERCENTAGE", told)],
        },
        {
            "Budget": {
                "BudgetName": "dr **region** ![x](y) $a$",
                "BudgetLimit": {"Amount": "60", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
                "CostFilters": {"Region": ["eu-west-1"]},
                "CostTypes": GROSS,
            },
        },
    ]
