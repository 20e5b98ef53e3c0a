"""Budgets as definitions: AWS's model accepted and refused, back and forth without loss."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from budgets.definition import (
    Alert,
    AutoAdjust,
    BudgetDefinition,
    CostTypes,
    Kind,
    Limit,
    Subscriber,
    TimeUnit,
    zero_spend,
)
from budgets.refusals import DefinitionErrors
from budgets.requests import from_response, parse, to_request

LIMIT = {"Amount": "12.50", "Unit": "USD"}
BUDGET = {"BudgetName": "month", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": LIMIT}
MAIL = {"SubscriptionType": "EMAIL", "Address": "a@b.test"}
TOPIC = {"SubscriptionType": "SNS", "Address": "arn:aws:sns:us-east-1:111111111111:money"}
PASSED = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


def told(*subscribers: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"Notification": {**PASSED, **more}, "Subscribers": list(subscribers)}


def test_zero_spend_is_aws_template() -> None:
    request = to_request(zero_spend("My Zero-Spend Budget", emails=["a@b.test"]))
    assert request == {
        "Budget": {
            "BudgetName": "My Zero-Spend Budget",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        },
        "NotificationsWithSubscribers": [
            {
                "Notification": {
                    "NotificationType": "ACTUAL",
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": 0.01,
                    "ThresholdType": "ABSOLUTE_VALUE",
                },
                "Subscribers": [MAIL],
            }
        ],
    }


def test_the_gross_variant_leaves_credits_out() -> None:
    net, gross = zero_spend("z"), zero_spend("z", gross=True)
    assert (net.counts_credits, gross.counts_credits) == (True, False)
    assert to_request(gross)["Budget"]["CostTypes"]["IncludeCredit"] is False
    assert to_request(gross)["Budget"]["CostTypes"]["IncludeTax"] is True
    assert net.is_zero_spend
    assert gross.is_zero_spend


@pytest.mark.parametrize(("threshold", "zero"), [("0.01", True), ("0.02", False), ("0", True)])
def test_a_zero_spend_budget_is_known_by_what_it_tells_of(threshold: str, *, zero: bool) -> None:
    budget = BudgetDefinition(
        "b", limit=Limit(Decimal(1)), alerts=(Alert("ACTUAL", Decimal(threshold), "ABSOLUTE_VALUE"),)
    )
    assert budget.is_zero_spend is zero
    assert budget.limit_at(datetime(2026, 11, 1, tzinfo=UTC)) == Limit(Decimal(0 if zero else 1))


@pytest.mark.parametrize(
    ("budget", "field"),
    [
        ({"BudgetName": "a:b"}, "Budget.BudgetName"),
        ({"BudgetName": "a\\b"}, "Budget.BudgetName"),
        ({"BudgetName": "x<SCRIPT>alert(1)</script>"}, "Budget.BudgetName"),
        ({"BudgetName": "x" * 101}, "Budget.BudgetName"),
        ({"BudgetName": ""}, "Budget.BudgetName"),
        ({"BudgetType": "MONEY"}, "Budget.BudgetType"),
        ({"TimeUnit": "HOURLY"}, "Budget.TimeUnit"),
        ({"BudgetLimit": None}, "Budget.BudgetLimit"),
        ({"BudgetLimit": {"Amount": "0", "Unit": "USD"}}, "Budget.BudgetLimit.Amount"),
        ({"BudgetLimit": {"Amount": "-1", "Unit": "USD"}}, "Budget.BudgetLimit.Amount"),
        ({"BudgetLimit": {"Amount": "ten", "Unit": "USD"}}, "Budget.BudgetLimit.Amount"),
        ({"BudgetLimit": {"Amount": "1"}}, "Budget.BudgetLimit.Unit"),
        ({"PlannedBudgetLimits": {"1793491200": LIMIT}}, "Budget.BudgetLimit"),
        ({"BudgetType": "RI_COVERAGE", "BudgetLimit": {"Amount": "101", "Unit": "PERCENTAGE"}},
         "Budget.BudgetLimit.Amount"),
        ({"BudgetType": "USAGE", "CostTypes": {"IncludeTax": True}}, "Budget.CostTypes"),
        ({"TimeUnit": "CUSTOM"}, "Budget.TimePeriod"),
        ({"TimePeriod": {"Start": datetime(2026, 2, 1, tzinfo=UTC), "End": datetime(2026, 1, 1, tzinfo=UTC)}},
         "Budget.TimePeriod.End"),
        ({"CostFilters": {"Region": ["eu-west-1"]}, "FilterExpression": {"Not": {}}, "Metrics": ["UnblendedCost"]},
         "Budget.FilterExpression"),
        ({"Metrics": ["UnblendedCost"]}, "Budget.Metrics"),
        ({"Metrics": ["Cents"], "FilterExpression": {"Dimensions": {"Key": "REGION", "Values": ["x"]}}},
         "Budget.Metrics[0]"),
        ({"BudgetLimit": None, "AutoAdjustData": {"AutoAdjustType": "HISTORICAL"}},
         "Budget.AutoAdjustData.HistoricalOptions"),
        ({"Colour": "red"}, "Budget.Colour"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_said_beside_its_field(budget: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        parse({"Budget": {**BUDGET, **budget}})
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("alerts", "field"),
    [
        ([told()], "NotificationsWithSubscribers[0].Subscribers"),
        ([told({**MAIL, "Address": "nobody"})], "NotificationsWithSubscribers[0].Subscribers[0].Address"),
        ([told({**TOPIC, "Address": "money"})], "NotificationsWithSubscribers[0].Subscribers[0].Address"),
        ([told(TOPIC, {**TOPIC, "Address": "arn:b"})], "NotificationsWithSubscribers[0].Subscribers"),
        ([told(*[{**MAIL, "Address": f"{n}@b.test"} for n in range(12)])],
         "NotificationsWithSubscribers[0].Subscribers"),
        ([told(MAIL), told(MAIL)], "NotificationsWithSubscribers[1].Notification"),
        ([told(MAIL, Threshold=-1.0)], "NotificationsWithSubscribers[0].Notification.Threshold"),
        ([told(MAIL, Threshold=float(n)) for n in range(11)], "NotificationsWithSubscribers"),
    ],
)  # fmt: skip
def test_alerts_that_aws_refuses_are_said_beside_their_field(alerts: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        parse({"Budget": BUDGET, "NotificationsWithSubscribers": alerts})
    assert list(refused.value.fields) == [field]


def test_ten_addresses_and_a_topic_are_accepted() -> None:
    everyone = [{**MAIL, "Address": f"{n}@b.test"} for n in range(10)] + [TOPIC]
    budget = parse({"Budget": BUDGET, "NotificationsWithSubscribers": [told(*everyone)]})
    assert len(budget.alerts[0].subscribers) == 11
    assert budget.alerts[0].amount(Decimal(50)) == 40


def test_planned_limits_hold_from_their_day_on() -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    planned = {str(int(at.timestamp())): {"Amount": amount, "Unit": "USD"}
               for at, amount in ((datetime(2026, 11, 1, tzinfo=UTC), "5"), (december, "7"))}  # fmt: skip
    budget = parse({"Budget": {**BUDGET, "BudgetLimit": None, "PlannedBudgetLimits": planned}})
    assert [budget.limit_at(at) for at in (datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC),
                                           december)] == [None, Limit(Decimal(5)), Limit(Decimal(7))]  # fmt: skip


def test_what_describe_budget_adds_is_left_aside() -> None:
    described = {
        **BUDGET,
        "CalculatedSpend": {"ActualSpend": LIMIT},
        "LastUpdatedTime": datetime(2026, 11, 1, tzinfo=UTC),
        "HealthStatus": {"Status": "HEALTHY"},
    }
    assert from_response(described) == parse({"Budget": BUDGET})


subscribers = st.lists(
    st.builds(Subscriber, st.just("EMAIL"), st.sampled_from(["a@b.test", "c@d.test", "e@f.test"])),
    min_size=1, max_size=3, unique=True,
)  # fmt: skip
amounts = st.decimals("0.01", "9999999", places=2)
alerts = st.builds(
    Alert,
    st.sampled_from(["ACTUAL", "FORECASTED"]),
    st.integers(0, 10_000).map(lambda n: Decimal(n) / 4),
    st.sampled_from(["PERCENTAGE", "ABSOLUTE_VALUE"]),
    st.sampled_from(["GREATER_THAN", "LESS_THAN", "EQUAL_TO"]),
    subscribers.map(tuple),
)
instants = st.integers(1_577_836_800, 3_660_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
limits = st.builds(Limit, amounts)
definitions = st.builds(
    BudgetDefinition,
    st.text("abcäöü -_!*[](){}$", min_size=1, max_size=40),
    st.just(Kind.COST),
    st.sampled_from([unit for unit in TimeUnit if unit is not TimeUnit.CUSTOM]),
    limit=st.none(),
    cost_types=st.none() | st.builds(CostTypes, credit=st.booleans(), refund=st.booleans(), tax=st.booleans()),
    filters=st.just(()) | st.just((("Region", ("eu-west-1",)), ("Service", ("AWS Lambda", "AmazonCloudWatch")))),
    start=st.none() | instants,
    end=st.none(),
    alerts=st.lists(alerts, max_size=5, unique_by=lambda a: (a.of, a.comparison, a.threshold, a.unit)).map(tuple),
).flatmap(
    lambda budget: st.one_of(
        limits.map(lambda limit: with_limit(budget, limit=limit)),
        st.builds(AutoAdjust, st.just("HISTORICAL"), st.integers(1, 60)).map(
            lambda adjust: with_limit(budget, auto_adjust=adjust)
        ),
        st.lists(st.tuples(instants, limits), min_size=1, max_size=4, unique_by=lambda pair: pair[0]).map(
            lambda planned: with_limit(budget, planned=tuple(sorted(planned, key=lambda pair: pair[0])))
        ),
    )
)


def with_limit(budget: BudgetDefinition, **given: Any) -> BudgetDefinition:
    return replace(budget, **given)


@settings(deadline=None)
@given(definitions)
def test_a_definition_goes_there_and_back(budget: BudgetDefinition) -> None:
    request = to_request(budget)
    assert parse(request) == budget
    shape = botocore.session.get_session().get_service_model("budgets").operation_model("CreateBudget").input_shape
    assert shape is not None
    report = ParamValidator().validate({"AccountId": "111111111111", **request}, shape)
    assert not report.has_errors(), report.generate_report()
