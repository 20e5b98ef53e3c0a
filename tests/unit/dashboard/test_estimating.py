"""AWS's figures out of what was read, and our own calls and alarms as counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from budgets.estimate import Estimate, Kept, Official, PastError, compare
from budgets.prices import UsagePrices
from cloud.ledger import HourTotal, Total
from collectors import spend
from collectors.budget_readings import BudgetReading
from collectors.counting import Charge
from collectors.counts import Counted, spans
from collectors.snapshots import Snapshots
from collectors.spend_lines import SpendLine
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import Reading
from dashboard.views import estimating
from dashboard.views.estimating import Spending, figure

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
PROD = "111111111111"


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def line(day: date, cost: str, *, record: str = "Charge", final: bool = True) -> SpendLine:
    return SpendLine(
        day, "AmazonEC2", "BoxUsage", record, dollars(cost), Decimal(1), "Hrs", final, NOW, dollars(cost), NOW
    )


def test_costs_by_day_become_month_to_date_figures() -> None:
    lines = (
        line(date(2026, 10, 31), "5"),
        line(date(2026, 11, 1), "2"),
        line(date(2026, 11, 2), "3"),
        line(date(2026, 11, 2), "-3", record="Credit"),
        line(date(2026, 11, 3), "4", final=False),
        line(date(2026, 11, 4), "1"),
    )
    found = list(estimating.from_lines(Reading(lines, NOW)))
    assert [(each.at.day, each.total, each.final) for each in found] == [
        (1, dollars("5"), False),  # the month was not read from its begin
        (2, dollars("2"), True),
        (3, dollars("5"), True),  # what is given back is no part of it
        (4, dollars("9"), False),
        (5, dollars("10"), False),  # a later day stands on one that may still change
    ]


def test_estimated_charges_of_a_day_ago_are_not_added_to_any_more() -> None:
    charges = [Charge(NOW - timedelta(hours=hours), dollars("1")) for hours in (25, 24, 23)]
    assert [each.final for each in estimating.from_charges(charges, now=NOW)] == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True),
        ({"CostTypes": {"IncludeCredit": True}}, False),
        ({"CostTypes": {}}, False),
        ({"TimeUnit": "DAILY"}, False),
        ({"BudgetType": "USAGE"}, False),
        ({"CostFilters": {"Service": ["Amazon EC2"]}}, False),
        ({"FilterExpression": {"Dimensions": {}}}, False),
    ],
)
def test_only_a_gross_budget_of_the_whole_account_is_its_spend(changes: dict[str, Any], whole: bool) -> None:  # noqa: FBT001
    document = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "CostTypes": {"IncludeCredit": False}, **changes}
    budget = BudgetReading("all", document, dollars("7"), None, None, "", (), (), ())
    assert bool(list(estimating.from_budgets(Reading((budget,), NOW), now=NOW))) is whole


def test_our_own_calls_of_the_account_are_counted() -> None:
    def hour(at: datetime, operation: str, units: int, account: str = PROD) -> HourTotal:
        return HourTotal(at, Total("cloudwatch", operation, account, "us-east-1", "wall", units, units, ZERO))

    hours = [
        hour(datetime(2026, 11, 23, 9, tzinfo=UTC), "GetMetricStatistics", 400),
        hour(datetime(2026, 11, 2, 9, tzinfo=UTC), "ListMetrics", 100),
        hour(datetime(2026, 10, 31, 9, tzinfo=UTC), "ListMetrics", 100),
        hour(datetime(2026, 11, 2, 9, tzinfo=UTC), "ListMetrics", 100, "222222222222"),
        hour(datetime(2026, 11, 2, 9, tzinfo=UTC), "GetMetricData", 7),
    ]
    found = {each.usage_type: (each.month, each.lately) for each in estimating.own_counts(hours, PROD, now=NOW)}
    assert found == {"CW:Requests": (Decimal(500), Decimal(100)), "CW:GMD-Metrics": (Decimal(7), Decimal(0))}


def test_alarms_are_counted_as_they_are_billed() -> None:
    month, lately = spans(datetime(2026, 11, 16, tzinfo=UTC))
    alarm = {
        "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    (found,) = estimating.alarm_counts([alarm, {**alarm, "AlarmName": "b"}], Counted(month, lately, (), ()))
    assert (found.usage_type, found.month) == ("CW:AlarmMonitorUsage", Decimal(1)), "two for half of the month"


def spending(actual: str | None, estimated: str | None) -> Spending:
    made = Estimate(NOW, NOW.replace(day=1), (), dollars(estimated), ZERO, ()) if estimated else None
    officials = (Official(NOW, dollars(actual), "Cost Explorer"),) if actual else ()
    return Spending(PROD, NOW, made, officials, compare((), ()), (), ())


@pytest.mark.parametrize(
    ("actual", "estimated", "which", "found"),
    [
        ("5", "7", "either", ("7", "our estimate")),
        ("8", "7", "either", ("8", "Cost Explorer")),
        ("5", "7", "actual", ("5", "Cost Explorer")),
        ("8", "7", "estimated", ("7", "our estimate")),
        (None, "7", "either", ("7", "our estimate")),
        (None, "7", "actual", None),
        ("5", None, "estimated", None),
        (None, None, "either", None),
    ],
)
def test_thresholds_are_held_against_the_figure_that_settings_name(
    actual: str | None, estimated: str | None, which: str, found: tuple[str, str] | None
) -> None:
    expected = None if found is None else (dollars(found[0]), found[1])
    assert figure(spending(actual, estimated), which) == expected


def test_an_estimate_an_hour_is_kept_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = Snapshots[Kept](store, "estimate", Reading[Kept])
    past = estimating.Estimates(kept)
    estimates = [Estimate(NOW + timedelta(days=days), NOW, (), dollars("1"), ZERO, ()) for days in (0, 1, 71)]
    for account in (PROD, "222222222222"):
        for made in estimates[: 3 if account == PROD else 1]:
            past.keep(account, made)
    assert [each.at for each in past.newest(PROD)] == [NOW + timedelta(days=1), NOW + timedelta(days=71)]
    assert [each.at for each in past.newest("222222222222")] == [NOW], "another account's is its own matter"
    assert len(kept.every(spend.billing(PROD), newest=9)) == 2, "the third is gone from the store, too"
    store.close()


def test_figures_and_estimates_are_never_added() -> None:
    both = spending("5", "7")
    assert both.estimate is not None
    assert both.official is not None
    assert both.estimate.total == dollars("7")
    assert both.official.total == dollars("5")
    assert isinstance(both.error, PastError)
    assert UsagePrices().price("Request", "us-east-1") is not None
