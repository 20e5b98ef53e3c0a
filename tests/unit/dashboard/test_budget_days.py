"""Which days a budget counts: out of stored costs, a billing export or a bought breakdown, never mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from budgets.definition import GROSS, Alert, BudgetDefinition, CostTypes, Limit, Subscriber, TimeUnit
from collectors.cost_breakdown import Share
from core.money import Money
from core.reading import Reading
from dashboard.views import budget_days
from dashboard.views.budget_days import Counted
from dashboard.views.budget_preview import PreviewView, build
from dashboard.views.budget_questions import UnansweredError, conditions
from tests.pages.purses import AT, lines
from tests.pages.test_costs import book_of
from tests.unit.collectors.exports.samples import Row, focus

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PAYER, MEMBER = "111111111111", "222222222222"
MONTH = BudgetDefinition(
    "m",
    limit=Limit(Decimal(10)),
    alerts=(Alert("ACTUAL", Decimal(100), subscribers=(Subscriber("EMAIL", "a@b.test"),)),),
)


def row(cost: str, day: str, **more: str) -> Row:
    start = f"2026-11-{day}T03:00:00Z"
    return focus(cost, ChargePeriodStart=start, BillingPeriodStart="2026-11-01T00:00:00Z", **more)


ROWS = (
    row("6", "01", RegionId="eu-west-1", Tags='{"team": "search"}'),
    row("4", "01", RegionId="us-east-1", Tags='{"user:team": "web"}'),
    row("5", "02", RegionId="eu-west-1", Tags='{"team": "search"}', SubAccountId="333333333333"),
    row("-5", "02", RegionId="eu-west-1", ChargeCategory="Credit", SubAccountId="333333333333"),
    row("-1", "02", RegionId="eu-west-1", ChargeCategory="Adjustment"),
    row("2", "03", RegionId="us-east-1", ChargeCategory="Tax"),
    row("9", "03", RegionId="us-east-1", BillingCurrency="EUR"),
    row("7", "23", RegionId="eu-west-1"),
)


def only(key: str, *values: str, **more: Any) -> BudgetDefinition:
    return replace(MONTH, filters=((key, values),), **more)


def counted(tmp_path: Path, budget: BudgetDefinition, account: str = PAYER, rows: Sequence[Row] = ROWS) -> Counted:
    return budget_days.read_export(budget, book_of(tmp_path, rows), account, clock=lambda: NOW)


def amounts(found: Counted, budget: BudgetDefinition) -> str:
    """Draw what each day counts, in dollars."""
    return " ".join(f"{day.sums.counted(budget).amount.normalize():f}" for day in found.days)


# -- a billing export -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "days"),
    [
        (MONTH, "10 -1 2"),
        (replace(MONTH, cost_types=GROSS), "10 5 2"),
        (replace(MONTH, cost_types=CostTypes(credit=False)), "10 4 2"),
        (replace(MONTH, cost_types=CostTypes(tax=False)), "10 -1 0"),
        (only("Region", "eu-west-1"), "6 -1 0"),
        (only("Region", "eu-west-1", "us-east-1"), "10 -1 2"),
        (only("LinkedAccount", "333333333333"), "0 0 0"),
        (only("TagKeyValue", "user:team$search"), "6 5 0"),
        (only("TagKeyValue", "user:team$web"), "4 0 0"),
        (replace(MONTH, filters=(("Region", ("eu-west-1",)), ("TagKeyValue", ("user:team$search",)))), "6 5 0"),
    ],
)  # fmt: skip
def test_an_export_tells_the_days_that_a_budget_counts(tmp_path: Path, budget: BudgetDefinition, days: str) -> None:
    """Today is not whole; a covered day without such a row cost nothing; another currency is never added."""
    found = counted(tmp_path, budget)
    assert (found.why, amounts(found, budget)) == ("", days)


def test_an_account_that_pays_for_none_counts_its_own_rows_only(tmp_path: Path) -> None:
    assert amounts(counted(tmp_path, MONTH, MEMBER), MONTH) == "10 -1 2"
    assert amounts(counted(tmp_path, MONTH, "333333333333"), MONTH) == "0"
    assert "no costs of this account" in counted(tmp_path, MONTH, "999999999999").why


def test_amortized_costs_are_the_effective_ones(tmp_path: Path) -> None:
    rows = (row("100", "01", EffectiveCost="3"), row("-2", "01", EffectiveCost="-2", ChargeCategory="Credit"))
    budget = replace(MONTH, cost_types=replace(GROSS, amortized=True))
    assert amounts(counted(tmp_path, budget, rows=rows), budget) == "3"


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (only("PurchaseType", "Spot"), "cannot tell PurchaseType apart"),
        (only("TagKeyValue", "user:a$1", "user:b$2"), "cannot tell tags of several keys apart"),
        (only("Service", "Amazon Elastic Compute Cloud - Compute"), "Exports name some services otherwise"),
        (only("Region", "mars-1"), "No cost in the billing export passes this filter."),
        (replace(MONTH, cost_types=CostTypes(blended=True)), "cannot tell blended costs apart"),
        (replace(MONTH, view="arn:aws:billing::1:view"), "cannot tell a billing view apart"),
    ],
)
def test_what_an_export_cannot_tell_is_said(tmp_path: Path, budget: BudgetDefinition, words: str) -> None:
    found = counted(tmp_path, budget)
    assert not found.days
    assert words in found.why


def test_an_export_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    book = book_of(tmp_path, ROWS)
    missing = replace_location(book, tmp_path / "nowhere")
    assert "The billing export cannot be read" in budget_days.read_export(MONTH, missing, PAYER, clock=lambda: NOW).why


def replace_location(book: Any, place: Path) -> Any:
    book.location = str(place)
    return book


# -- expressions, as the console writes them --------------------------------------------------------------------------

REGION = {"Dimensions": {"Key": "REGION", "Values": ["eu-west-1"]}}
NO_CREDITS = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund"]}}}
TEAM = {"Tags": {"Key": "team", "Values": ["search"], "MatchOptions": ["EQUALS"]}}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (REGION, "RegionId=eu-west-1"),
        ({"And": [REGION, TEAM]}, "RegionId=eu-west-1 tag:team=search"),
        ({"And": [REGION, NO_CREDITS]}, "RegionId=eu-west-1 ChargeCategory!=Credit ChargeCategory!=Adjustment"),
        ({"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}, "tag:team="),
    ],
)
def test_an_expression_is_read_as_conditions(expression: Mapping[str, Any], said: str) -> None:
    (found,) = conditions(replace(MONTH, expression=expression, metric="UnblendedCost"))
    assert " ".join(map(str, found)) == said


@pytest.mark.parametrize(
    ("expression", "metric", "what"),
    [
        ({"Or": [REGION, TEAM]}, "UnblendedCost", "an expression with Or"),
        ({"Not": {"And": [REGION, TEAM]}}, "UnblendedCost", "an expression with And"),
        ({"Dimensions": {"Key": "REGION", "Values": ["eu"], "MatchOptions": ["STARTS_WITH"]}}, None, "STARTS_WITH"),
        ({"CostCategories": {"Key": "c", "Values": ["x"]}}, None, "CostCategories"),
        ({"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["t2.micro"]}}, None, "INSTANCE_TYPE"),
        ({"Dimensions": {"Key": "RECORD_TYPE", "Values": ["DistributorDiscount"]}}, None, "the record type"),
        (REGION, "NetUnblendedCost", "the metric NetUnblendedCost"),
    ],
)
def test_an_expression_that_no_export_answers_is_named(
    expression: Mapping[str, Any], metric: str | None, what: str
) -> None:
    with pytest.raises(UnansweredError, match=what):
        conditions(replace(MONTH, expression=expression, metric=metric))


# -- a breakdown that somebody bought ---------------------------------------------------------------------------------


def share(month: int, value: str, cost: str, *, back: bool = False) -> Share:
    return Share(date(2026, month, 1), value, back, Money(Decimal(cost)))


SHARES = (share(10, "eu-west-1", "30"), share(10, "eu-west-1", "-25", back=True), share(11, "eu-west-1", "8"),
          share(11, "us-east-1", "99"))  # fmt: skip


def bought(budget: BudgetDefinition, found: tuple[Share, ...] | None = SHARES) -> Counted:
    return budget_days.of_breakdown(budget, Reading(found, NOW - timedelta(hours=2)), today=NOW.date())


def test_a_bought_breakdown_says_in_which_month_it_would_have_notified() -> None:
    net = only("Region", "eu-west-1")
    found = bought(net)
    assert [(day.day, str(day.sums.counted(net))) for day in found.days] == [
        (date(2026, 10, 31), "$5.00"),
        (date(2026, 11, 22), "$8.00"),
    ]
    assert build(net, found).sentence == "It would have notified nobody."
    shown = build(replace(net, cost_types=GROSS), bought(replace(net, cost_types=GROSS)))
    assert shown.sentence == "It would have notified by 31 Oct."
    assert shown.known == "Replayed over 2 months of the breakdown that was read, 31 Oct to 22 Nov."


@pytest.mark.parametrize(
    ("budget", "key"),
    [
        (only("Region", "eu-west-1"), "by DIMENSION REGION"),
        (only("LinkedAccount", MEMBER), "by DIMENSION LINKED_ACCOUNT"),
        (only("TagKeyValue", "user:team$web", "user:team$search"), "by TAG team"),
        (only("TagKeyValue", "user:a$1", "user:b$1"), ""),
        (only("Region", "eu-west-1", time_unit=TimeUnit.DAILY), ""),
        (MONTH, ""),
    ],
)
def test_the_question_to_buy_is_that_of_the_one_filter(budget: BudgetDefinition, key: str) -> None:
    found = budget_days.breakdown_for(budget)
    assert (found.key if found else "") == key


def test_what_a_breakdown_cannot_tell_is_said() -> None:
    assert "for $0.01" in bought(only("Region", "eu-west-1"), None).why
    half = only("Region", "eu-west-1", cost_types=CostTypes(credit=False))
    assert "in one sum" in bought(half).why


# -- stored costs, and the order --------------------------------------------------------------------------------------


def stored(budget: BudgetDefinition) -> Counted:
    costs = (*lines("2 2 2", "2 2 2"), *lines("9 0 0", service="AWS Lambda"))
    return budget_days.of_lines(budget, Reading(costs, AT), today=date(2026, 11, 4))


def previewed(budget: BudgetDefinition) -> PreviewView:
    return build(budget, stored(budget))


def test_a_filter_by_service_is_replayed_over_that_services_costs() -> None:
    month = replace(MONTH, limit=Limit(Decimal(3)))
    assert previewed(month).sentence == "It would have notified on 1 Nov."
    only_one = replace(month, filters=(("Service", ("Amazon EC2",)),))
    assert previewed(only_one).sentence == "It would have notified nobody."
    assert previewed(replace(only_one, cost_types=GROSS)).sentence == "It would have notified on 2 Nov."


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (only("Region", "eu-west-1"), "this filters by Region"),
        (only("UsageType", "BoxUsage"), "Credits are stored by service"),
        (only("Service", "Nothing"), "No stored cost passes this filter"),
        (replace(MONTH, expression=REGION), "this filters by an expression"),
        (replace(MONTH, cost_types=CostTypes(amortized=True)), "this counts blended or amortized ones"),
    ],
)
def test_what_stored_costs_cannot_tell_is_said(budget: BudgetDefinition, words: str) -> None:
    assert words in previewed(budget).sentence


def test_the_first_source_that_tells_is_taken_and_no_other_asked() -> None:
    asked: list[str] = []

    def source(name: str, found: Counted) -> Counted:
        asked.append(name)
        return found

    days = stored(MONTH)
    found = budget_days.first_that_tells(
        (
            lambda: source("one", Counted(why="One cannot.")),
            lambda: source("two", days),
            lambda: source("three", days),
        )
    )
    assert (found, asked) == (days, ["one", "two"])
    none = budget_days.first_that_tells((lambda: Counted(why="One cannot."), Counted, lambda: Counted(why="Nor two.")))
    assert none.why == "One cannot. Nor two."
