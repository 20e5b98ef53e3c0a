"""The spend page in every state: the default cap, costs by day, over budget, refused, empty, hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from collectors.cost_outlook import CostForecast, Outlook
from tests.pages import purses, seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, FakeSources, context
from tests.pages.purses import Purse, budget, lines, purse

CALM = "0.5 " * 22


def opened(open_page: Open, money: Purse | None = None, **sources: Any) -> AppTest:
    return open_page(context(FakeSources(money=money or purse(), **sources)), "spend")


def words(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def sentence(app: AppTest) -> str:
    """The page's one sentence: the header behind the bar's."""
    return str(app.header[1].value).replace("\\", "").replace("\u2060", "")


def table(app: AppTest, column: str) -> list[dict[str, str]]:
    frame = next(frame.value for frame in app.dataframe if column in frame.value)
    return [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]


def test_at_the_default_cap_the_month_is_one_sentence(open_page: Open) -> None:
    app = opened(open_page)
    assert not app.exception
    assert sentence(app) == (
        "$0.00 of $0.00: nothing spent, 1 free allowance is used up, 1 more will run out before month end, "
        "first S3 Requests-Tier1 on 27 November."
    )
    assert "Nothing spent" in words(app)
    assert "AWS: $0.00 spent, asked 0 s ago" in words(app)


def test_credits_that_hide_what_is_used_are_in_the_sentence_at_the_default_cap(open_page: Open) -> None:
    kept = (budget(), budget("before", actual="127.59", limit="180", gross=True, zero=False))
    assert sentence(opened(open_page, purse(budgets=kept))).startswith(
        "$0.00 of $0.00: nothing spent, credits paid for $127.59, "
    )


def test_at_the_default_cap_it_says_what_costs_by_service_would_cost(open_page: Open) -> None:
    text = words(opened(open_page))
    assert "Cost Explorer charges $0.01 a request" in text
    assert "$0.60 a month" in text
    assert "AWS's own history of the budget" in text


def test_allowances_stand_with_the_day_they_run_out(open_page: Open) -> None:
    rows = table(opened(open_page), "Runs out")
    assert [(row["Standing"], row["Allowance"], row["Runs out"]) for row in rows] == [
        ("✕ used up", "CloudWatch DataProcessing-Bytes", "21 Nov, about"),
        ("▲ runs out", "S3 Requests-Tier1", "27 Nov"),
        ("✓ lasts", "Lambda Request", "after month end"),
    ]


def test_costs_by_day_are_shown_gross_credits_and_net_apart(open_page: Open) -> None:
    app = opened(open_page, purse(costs=lines(CALM, CALM)))
    assert not app.exception
    values = {metric.label.replace("\\", "").replace("\u2060", ""): metric.value for metric in app.metric}
    assert (values["Before credits"], values["Credits and refunds"], values["After credits"]) == (
        "$11.00", "−$11.00", "$0.00",
    )  # fmt: skip
    assert values["Month end, before credits"] == "$15.00"
    assert "credits paid for $11.00" in sentence(app)
    [service] = table(app, "After credits")
    assert (service["Service"], service["This month"], service["After credits"]) == ("Amazon EC2", "$11.00", "$0.00")


def test_aws_forecast_stands_beside_ours(open_page: Open) -> None:
    forecast = CostForecast(date(2026, 11, 23), date(2026, 12, 1), *map(purses.dollars, ("9", "7", "11")))
    text = words(opened(open_page, replace(purse(costs=lines(CALM)), outlook=Outlook(forecast))))
    assert "The forecast is ours: $15.00 before credits by month end" in text
    assert "AWS's own forecast, read 3 h ago: $9.00 more from 23 November on, 80% between $7.00 and $11.00" in text


def test_no_sentence_is_cut(open_page: Open) -> None:
    """A caption holds 300 characters; what is said of the picture ends with its full stop, also in a long September."""
    forecast = CostForecast(
        date(2026, 9, 23), date(2026, 12, 1), *map(purses.dollars, ("98765.43", "12345.67", "98765.43"))
    )
    month = lines(("1234.56 " * 22).strip())
    older = tuple(replace(line, day=line.day.replace(month=number)) for number in (9, 10) for line in month)
    app = opened(open_page, replace(purse(costs=(*older, *month)), outlook=Outlook(forecast)))
    said = [caption.value.replace("\\", "").replace("\u2060", "") for caption in app.caption]
    assert [text[-1] for text in said if "forecast" in text] == [".", "."]


def test_over_the_zero_spend_budget_by_what(open_page: Open) -> None:
    app = opened(open_page, purse(budgets=(budget(actual="0.42"),)))
    assert sentence(app).startswith("$0.42 of $0.00: over budget by $0.42, ")
    assert "Over budget" in words(app)


def test_the_gross_variant_sees_credits_burn(open_page: Open) -> None:
    both = (budget("net"), budget("a gross one", gross=True))
    app = opened(open_page, purse(budgets=both, costs=lines(CALM, CALM)))
    assert sentence(app).startswith("$11.00 of $0.00: over budget by $11.00, credits paid for $11.00")
    rows = {row["Budget"]: row for row in table(app, "Spent, by AWS")}
    assert rows["net"]["Standing"] == "✓ ok"
    assert rows["a gross one"]["Counts"] == "costs before credits"


def test_ours_and_aws_stand_side_by_side(open_page: Open) -> None:
    one = budget("month", actual="9", forecast="14", limit="20", zero=False, gross=True)
    text = words(opened(open_page, purse(budgets=(one,), costs=lines(CALM))))
    assert "AWS: $9.00 spent, $14.00 forecast, asked 0 s ago" in text
    assert "ours, from costs by day: $11.00 spent, $15.00 likely, read 3 h ago" in text


def test_without_a_budget_the_page_still_says_what_is_free(open_page: Open) -> None:
    app = opened(open_page, purse(budgets=()))
    assert not app.exception
    assert sentence(app).startswith("There is no budget yet, 1 free allowance is used up")
    assert "A zero-spend budget tells of the first cent" in words(app)


def test_denied_names_the_action_and_the_rest_stays(open_page: Open) -> None:
    app = opened(open_page, deny=frozenset({"budgets:DescribeBudgets"}))
    assert not app.exception
    assert [code.value for code in app.code] == ["budgets:DescribeBudgets"]
    assert table(app, "Runs out")


def test_nothing_known_at_all_is_calm(open_page: Open) -> None:
    app = opened(open_page, denied=True)
    assert not app.exception
    assert sentence(app) == "There is no budget yet."


def test_an_error_nobody_foresaw_has_a_reference(open_page: Open) -> None:
    app = opened(open_page, broken=True)
    assert "Reference for the log: " in app.error[0].value
    assert "secret" not in seen.text(app)


def test_foreign_names_are_text(open_page: Open) -> None:
    app = opened(open_page, purse(budgets=(budget(HOSTILE),)))
    assert not app.exception
    assert "\u202e" not in seen.text(app)
    assert HOSTILE not in seen.text(app)


@pytest.mark.parametrize("spent", ["0.001", "0.004"])
def test_less_than_a_cent_is_not_nothing(open_page: Open, spent: str) -> None:
    app = opened(open_page, purse(budgets=(budget(actual=spent),)))
    assert sentence(app).startswith(f"${spent} of $0.00: over budget by ${spent}")


def test_looking_asks_for_nothing_that_costs(open_page: Open) -> None:
    sources = FakeSources(money=purse())
    open_page(context(sources), "spend")
    assert set(sources.reads) >= {"budgets:DescribeBudgets", "freetier:GetFreeTierUsage"}
    assert not any(read.startswith("ce:") for read in sources.reads)
    assert purses.REFUSED.what == "ce:GetCostAndUsage"
