"""AWS's documents of a budget: `parse` reads request parameters, a form's as well as stored ones, and judges them.

`to_request` gives them back without loss; `from_response` reads what DescribeBudget answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from budgets.definition import Alert, AutoAdjust, BudgetDefinition, CostTypes, Kind, Limit, Subscriber, TimeUnit
from budgets.refusals import DefinitionErrors, refusals
from core.timespan import parse_instant

_COST_TYPES: Final[Mapping[str, str]] = {
    "tax": "IncludeTax",
    "subscription": "IncludeSubscription",
    "blended": "UseBlended",
    "refund": "IncludeRefund",
    "credit": "IncludeCredit",
    "upfront": "IncludeUpfront",
    "recurring": "IncludeRecurring",
    "other_subscription": "IncludeOtherSubscription",
    "support": "IncludeSupport",
    "discount": "IncludeDiscount",
    "amortized": "UseAmortized",
}


def parse(params: Mapping[str, Any]) -> BudgetDefinition:
    """Read CreateBudget's parameters, without AccountId; raises DefinitionErrors with every field AWS would refuse."""
    if found := refusals(params):
        raise DefinitionErrors(found)
    return from_response(params["Budget"], params.get("NotificationsWithSubscribers") or ())


def from_response(budget: Mapping[str, Any], alerts: Iterable[Mapping[str, Any]] = ()) -> BudgetDefinition:
    """Read one budget of a DescribeBudget answer, and its notifications with subscribers. Nothing is judged again."""
    limit, types = budget.get("BudgetLimit"), budget.get("CostTypes")
    period = budget.get("TimePeriod") or {}
    metrics = budget.get("Metrics") or ()
    planned = [
        (datetime.fromtimestamp(int(at), UTC), _limit(each))
        for at, each in (budget.get("PlannedBudgetLimits") or {}).items()
    ]
    return BudgetDefinition(
        name=budget["BudgetName"],
        kind=Kind(budget["BudgetType"]),
        time_unit=TimeUnit(budget["TimeUnit"]),
        limit=_limit(limit) if limit else None,
        planned=tuple(sorted(planned)),
        cost_types=CostTypes(**{ours: types[name] for ours, name in _COST_TYPES.items() if name in types})
        if types
        else None,
        filters=tuple(sorted((key, tuple(values)) for key, values in (budget.get("CostFilters") or {}).items())),
        expression=budget.get("FilterExpression") or None,
        metric=metrics[0] if metrics else None,
        start=_instant(period.get("Start")),
        end=_instant(period.get("End")),
        auto_adjust=_auto_adjust(budget.get("AutoAdjustData")),
        view=budget.get("BillingViewArn"),
        alerts=tuple(_alert(each["Notification"], each.get("Subscribers") or ()) for each in alerts),
    )


def to_request(budget: BudgetDefinition) -> dict[str, Any]:
    """Give CreateBudget's parameters without AccountId; `parse(to_request(budget)) == budget`."""
    period = {name: at for name, at in (("Start", budget.start), ("End", budget.end)) if at is not None}
    document = {
        "BudgetName": budget.name,
        "BudgetType": budget.kind.value,
        "TimeUnit": budget.time_unit.value,
        "BudgetLimit": _limit_document(budget.limit) if budget.limit else None,
        "PlannedBudgetLimits": {str(int(at.timestamp())): _limit_document(limit) for at, limit in budget.planned},
        "CostTypes": {name: getattr(budget.cost_types, ours) for ours, name in _COST_TYPES.items()}
        if budget.cost_types
        else None,
        "CostFilters": {key: list(values) for key, values in budget.filters},
        "FilterExpression": budget.expression,
        "Metrics": [budget.metric] if budget.metric else None,
        "TimePeriod": period,
        "AutoAdjustData": _auto_adjust_document(budget.auto_adjust),
        "BillingViewArn": budget.view,
    }
    request: dict[str, Any] = {"Budget": {name: value for name, value in document.items() if value}}
    if budget.alerts:
        request["NotificationsWithSubscribers"] = [_alert_document(alert) for alert in budget.alerts]
    return request


def _limit(document: Mapping[str, Any]) -> Limit:
    return Limit(Decimal(document["Amount"]), document["Unit"])


def _limit_document(limit: Limit) -> dict[str, str]:
    return {"Amount": f"{limit.amount:f}", "Unit": limit.unit}


def _alert(notification: Mapping[str, Any], subscribers: Iterable[Mapping[str, Any]]) -> Alert:
    return Alert(
        notification["NotificationType"],
        Decimal(str(notification["Threshold"])),
        notification.get("ThresholdType") or "PERCENTAGE",
        notification["ComparisonOperator"],
        tuple(Subscriber(each["SubscriptionType"], each["Address"]) for each in subscribers),
    )


def _alert_document(alert: Alert) -> dict[str, Any]:
    told = [{"SubscriptionType": each.kind, "Address": each.address} for each in alert.subscribers]
    notification = {
        "NotificationType": alert.of,
        "ComparisonOperator": alert.comparison,
        "Threshold": float(alert.threshold),
        "ThresholdType": alert.unit,
    }
    return {"Notification": notification, "Subscribers": told}


def _auto_adjust(document: Mapping[str, Any] | None) -> AutoAdjust | None:
    if not document:
        return None
    return AutoAdjust(
        document["AutoAdjustType"], (document.get("HistoricalOptions") or {}).get("BudgetAdjustmentPeriod")
    )


def _auto_adjust_document(adjust: AutoAdjust | None) -> dict[str, Any] | None:
    if adjust is None:
        return None
    options = {"HistoricalOptions": {"BudgetAdjustmentPeriod": adjust.periods}} if adjust.periods else {}
    return {"AutoAdjustType": adjust.kind, **options}


def _instant(value: datetime | date | str | None) -> datetime | None:
    if isinstance(value, str):
        return parse_instant(value)
    if value is None or isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)
