"""What AWS would refuse of a budget before it is asked: shapes by botocore's model, and what fields say together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import StructureShape

from budgets.definition import ANY_ACCOUNT, MOST_EMAILS, MOST_TOPICS, Kind
from core.shapes import Problem, problems


class DefinitionErrors(ValueError):  # noqa: N818 - one exception, many errors
    """A draft that is no budget: one sentence a field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name or 'budget'}: {sentence}" for name, sentence in fields.items()))
        self.fields = dict(fields)
        """AWS's field path (`Budget.BudgetLimit.Amount`; empty for the whole) to what is wrong and accepted."""


def refusals(params: Mapping[str, Any]) -> dict[str, str]:
    """Give what AWS would refuse of CreateBudget's parameters without AccountId, by field; nothing where it takes all.

    A field of which the shape is wrong is judged by its shape alone.
    """
    found = list(problems({"AccountId": ANY_ACCOUNT, **params}, _input_shape()))
    misshapen = {name for name, _ in found}
    if isinstance(params.get("Budget"), Mapping):
        found += [each for each in _together(params) if not any(each[0].startswith(name) for name in misshapen if name)]
    return _first_by_field(found)


@cache
def _input_shape() -> StructureShape:
    model = botocore.session.Session().get_service_model("budgets")
    shape = model.operation_model("CreateBudget").input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError("CreateBudget takes no structure")
    return shape


def _together(params: Mapping[str, Any]) -> Iterable[Problem]:
    budget = params["Budget"]
    yield from _name_problems(budget.get("BudgetName"))
    yield from _limit_problems(budget)
    yield from _filter_problems(budget)
    yield from _period_problems(budget)
    yield from _alert_problems(params.get("NotificationsWithSubscribers") or ())


_MARKUP: Final = re.compile(r"/action/|<script>.*</script>", re.IGNORECASE | re.DOTALL)


def _name_problems(name: object) -> Iterable[Problem]:
    if isinstance(name, str) and (":" in name or "\\" in name or _MARKUP.search(name)):
        yield "Budget.BudgetName", f"{name!r} is not accepted; leave out colons, backslashes and /action/"


def _limit_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    limit, planned, adjust = (budget.get(name) for name in ("BudgetLimit", "PlannedBudgetLimits", "AutoAdjustData"))
    if sum(bool(each) for each in (limit, planned, adjust)) != 1:
        yield "Budget.BudgetLimit", "give one of a limit, planned limits or automatic adjustment"
        return
    for name, each in (
        ("BudgetLimit", limit),
        *((f"PlannedBudgetLimits.{at}", it) for at, it in (planned or {}).items()),
    ):
        if isinstance(each, Mapping):
            yield from _amount_problems(f"Budget.{name}.Amount", each, budget.get("BudgetType"))
    if adjust and adjust.get("AutoAdjustType") == "HISTORICAL" and not adjust.get("HistoricalOptions"):
        yield "Budget.AutoAdjustData.HistoricalOptions", "say over how many periods the limit is averaged"


def _amount_problems(path: str, limit: Mapping[str, Any], kind: object) -> Iterable[Problem]:
    try:
        amount = Decimal(str(limit.get("Amount")))
    except InvalidOperation:
        yield path, f"{limit.get('Amount')!r} is not a number; give one such as 12.50"
        return
    if not amount.is_finite() or amount <= 0:
        yield (
            path,
            f"{amount} is not accepted; give more than 0, also for zero spend: a limit of 1 that tells of 0.01",
        )
    elif kind in set(Kind) - {Kind.COST, Kind.USAGE} and amount > 100:
        yield path, f"{amount} is not a percentage; give at most 100"


def _filter_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    if budget.get("CostFilters") and budget.get("FilterExpression"):
        yield "Budget.FilterExpression", "give CostFilters or FilterExpression, not both"
    if bool(budget.get("FilterExpression")) != bool(budget.get("Metrics")):
        yield "Budget.Metrics", "FilterExpression and Metrics are given together"
    if budget.get("CostTypes") and budget.get("BudgetType") != "COST":
        yield "Budget.CostTypes", "only a cost budget has cost types"


def _period_problems(budget: Mapping[str, Any]) -> Iterable[Problem]:
    period = budget.get("TimePeriod") or {}
    start, end = period.get("Start"), period.get("End")
    if budget.get("TimeUnit") == "CUSTOM" and not (start and end):
        yield "Budget.TimePeriod", "a custom budget needs a start and an end"
    elif start and end and start >= end:
        yield "Budget.TimePeriod.End", "the end is not after the start"


def _alert_problems(alerts: Sequence[Mapping[str, Any]]) -> Iterable[Problem]:
    seen: set[object] = set()
    for place, each in enumerate(alerts):
        path = f"NotificationsWithSubscribers[{place}]"
        notification, told = each.get("Notification") or {}, each.get("Subscribers") or ()
        key = tuple(
            str(notification.get(name))
            for name in ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
        )
        if key in seen:
            yield f"{path}.Notification", "is there twice; change its threshold or leave it out"
        seen.add(key)
        yield from _subscriber_problems(f"{path}.Subscribers", told)


def _subscriber_problems(path: str, told: Sequence[Mapping[str, Any]]) -> Iterable[Problem]:
    kinds = [each.get("SubscriptionType") for each in told]
    if kinds.count("EMAIL") > MOST_EMAILS or kinds.count("SNS") > MOST_TOPICS:
        yield path, f"a notification tells at most {MOST_EMAILS} e-mail addresses and {MOST_TOPICS} topic"
    for place, each in enumerate(told):
        address = str(each.get("Address", ""))
        if each.get("SubscriptionType") == "EMAIL" and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            yield f"{path}[{place}].Address", f"{address!r} is not an e-mail address"
        if each.get("SubscriptionType") == "SNS" and not address.startswith("arn:"):
            yield f"{path}[{place}].Address", f"{address!r} is not the ARN of a topic"


def _first_by_field(found: Iterable[Problem]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, sentence in found:
        fields.setdefault(name, sentence)
    return fields
