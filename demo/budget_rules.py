"""What AWS Budgets refuses, in its codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from demo.aws.errors import AwsError

MOST_NOTICES: Final = 10
MOST_EMAILS: Final = 10
MOST_TOPICS: Final = 1
"""Of one budget, and of one notification. https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html"""


def check(given: Mapping[str, Any]) -> None:
    """Refuse a budget that AWS would."""
    if given.get("AutoAdjustData"):
        if given.get("BudgetLimit") or given.get("PlannedBudgetLimits"):
            raise invalid("An auto-adjusting budget takes no limit.")
    elif bool(given.get("BudgetLimit")) == bool(given.get("PlannedBudgetLimits")):
        raise invalid("Unable to create/update budget: give either BudgetLimit or PlannedBudgetLimits.")
    if given.get("CostFilters") and given.get("FilterExpression"):
        raise invalid("CostFilters and FilterExpression can't be given together.")
    if bool(given.get("FilterExpression")) != bool(given.get("Metrics")):
        raise invalid("FilterExpression and Metrics are given together.")
    period = given.get("TimePeriod") or {}
    if period.get("Start") and period.get("End") and period["Start"] >= period["End"]:
        raise invalid("The start of the time period must be before its end.")
    if given["TimeUnit"] == "CUSTOM" and not (period.get("Start") and period.get("End")):
        raise invalid("A custom budget needs a start and an end.")


def notice_key(document: Mapping[str, Any]) -> tuple[object, ...]:
    """Give what tells a notification from the others of its budget."""
    return (
        document["NotificationType"],
        document["ComparisonOperator"],
        float(document["Threshold"]),
        document.get("ThresholdType") or "PERCENTAGE",
    )


def check_subscribers(subscribers: Sequence[Mapping[str, Any]]) -> None:
    kinds = [each["SubscriptionType"] for each in subscribers]
    if kinds.count("EMAIL") > MOST_EMAILS or kinds.count("SNS") > MOST_TOPICS:
        raise AwsError(
            "CreationLimitExceededException", "A notification can have 10 e-mail subscribers and one topic at most."
        )
    addresses = [(each["SubscriptionType"], each["Address"]) for each in subscribers]
    if len(set(addresses)) < len(addresses):
        raise AwsError("DuplicateRecordException", "The subscriber already exists.")
    for kind, address in addresses:
        if kind == "EMAIL" and "@" not in address:
            raise invalid(f"{address} is not an e-mail address.")
        if kind == "SNS" and not address.startswith("arn:"):
            raise invalid(f"{address} is not the ARN of a topic.")


def plain_notice(document: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: document[name] for name in ("NotificationType", "ComparisonOperator", "Threshold")}
    return {**kept, "ThresholdType": document.get("ThresholdType") or "PERCENTAGE"}


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def not_found(message: str) -> AwsError:
    return AwsError("NotFoundException", message)
