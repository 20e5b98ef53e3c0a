"""Costs by account, region and tag, and what changed: not read, read, refused by the cap, denied, a viewer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from collectors.cost_breakdown import Cause, Driver, Drivers, Share
from collectors.exports.book import Book
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, PROD, FakeSources, context
from tests.pages.purses import dollars, purse, quote
from tests.pages.test_costs import clients

LEFT = "this month's cap of $0.40 leaves $0.38 until 1 December, 00:00 UTC"
NOVEMBER, OCTOBER = date(2026, 11, 1), date(2026, 10, 1)


def shares(*values: str) -> tuple[Share, ...]:
    return tuple(
        Share(month, value, back, dollars(amount))
        for value in values
        for month, back, amount in ((OCTOBER, False, "7"), (NOVEMBER, False, "5"), (NOVEMBER, True, "-1"))
    )


SOLD: dict[str, object] = {
    "by DIMENSION LINKED_ACCOUNT": shares(PROD.account),
    "by DIMENSION REGION": shares("eu-west-1", ""),
    "tags": ("Environment", HOSTILE),
    "by TAG Environment": shares("production", HOSTILE),
    "drivers": Drivers(
        date(2026, 9, 1),
        OCTOBER,
        (Driver("Amazon EC2", "", dollars("5"), dollars("8"), (Cause("USAGE_CHANGE", "BoxUsage", dollars("3")),)),),
    ),
}


def opened(open_page: Open, *, role: Role = Role.ADMINISTRATOR, **given: Any) -> tuple[AppTest, FakeSources]:
    sources = FakeSources(money=purse(), **{"price": quote(LEFT, affordable=True), "sold": SOLD, **given})
    return open_page(context(sources, role=role), "spend"), sources


def words(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def by(app: AppTest, choice: str) -> AppTest:
    return app.button_group(key="spend-by").set_value(choice).run()


def rows(app: AppTest, column: str) -> list[list[str]]:
    return next(frame.value for frame in app.dataframe if column in frame.value).astype(str).to_numpy().tolist()


def asked(sources: FakeSources) -> list[str]:
    return [read for read in sources.reads if read.startswith("ce:")]


def test_what_nobody_read_says_its_price(open_page: Open) -> None:
    app, sources = opened(open_page)
    app = by(app, "account")
    assert not app.exception
    assert "Nobody has read this yet." in words(app)
    assert f"One read costs $0.01, and the same for each further page; {LEFT}." in words(app)
    button = app.button(key="buy-by DIMENSION LINKED_ACCOUNT")
    assert (button.label, button.disabled) == ("Read for $0.01", False)
    assert asked(sources) == []


def test_a_person_buys_costs_by_account(open_page: Open) -> None:
    app, sources = opened(open_page)
    app = by(app, "account").button(key="buy-by DIMENSION LINKED_ACCOUNT").click().run()
    assert not app.exception
    assert asked(sources) == ["ce:GetCostAndUsage"]
    assert rows(app, "1 to 23 November") == [["directory-prod", "$5.00", "−$1.00", "$4.00", "$7.00"]]
    assert "read 2 h ago" in words(app)
    assert app.button(key="buy-by DIMENSION LINKED_ACCOUNT").disabled
    assert "It was asked already; AWS may have something new from" in words(app)


@pytest.mark.parametrize(
    ("named", "says"), [(False, "Name one in WATCHKEEPER_BILLING_EXPORT"), (True, "Costs by resource")]
)
def test_resources_are_told_by_the_export_alone(open_page: Open, tmp_path: Path, named: bool, says: str) -> None:  # noqa: FBT001
    sources = FakeSources(money=purse(), price=quote(LEFT, affordable=True))
    export = Book(str(tmp_path), tmp_path / "work", clients(tmp_path)) if named else None
    app = by(open_page(context(sources, export=export), "spend"), "resource")
    assert not app.exception
    assert "only for the last 14 days" in words(app)
    links = [each.proto for each in app.get("page_link")]
    assert says in words(app) + " ".join(link.label for link in links)
    assert any("by=ResourceId" in link.query_string for link in links) is named
    assert asked(sources) == []


def test_what_has_no_region_is_said(open_page: Open) -> None:
    app, _ = opened(open_page, held=dict(SOLD))
    assert [row[0] for row in rows(by(app, "region"), "Region")] == ["without region", "eu-west-1"]


def test_tags_are_chosen_from_those_that_aws_groups_by(open_page: Open) -> None:
    app, sources = opened(open_page)
    app = by(app, "tag").button(key="buy-tags").click().run()
    app = app.button(key="buy-by TAG Environment").click().run()
    assert not app.exception
    assert asked(sources) == ["ce:ListCostAllocationTags", "ce:GetCostAndUsage"]
    assert len(rows(app, "Tag")) == 2
    assert HOSTILE not in seen.text(app)


def test_without_an_active_tag_it_says_what_to_do(open_page: Open) -> None:
    app, _ = opened(open_page, held={"tags": ()})
    assert "No cost allocation tag is active" in words(by(app, "tag"))


def test_why_last_month_changed(open_page: Open) -> None:
    app, sources = opened(open_page)
    app = app.button(key="buy-drivers").click().run()
    assert asked(sources) == ["ce:GetCostComparisonDrivers"]
    assert rows(app, "October 2026") == [["Amazon EC2", "$5.00", "$8.00", "+$3.00", "usage change: BoxUsage +$3.00"]]
    assert "AWS's comparison of October 2026 with September 2026, before credits" in words(app)


@pytest.mark.parametrize("choice", ["account", "region", "tag"])
def test_at_the_default_cap_it_is_calm_and_nothing_is_asked(open_page: Open, choice: str) -> None:
    app, sources = opened(open_page, price=FakeSources().price)
    app = by(app, choice)
    assert not app.exception
    assert "the monthly cap on our own calls is $0.00. So nothing is asked." in words(app)
    bought = [button for button in app.button if str(button.key).startswith("buy-")]
    assert len(bought) == 2
    assert all(button.disabled for button in bought)
    assert asked(sources) == []


def test_denied_names_the_action(open_page: Open) -> None:
    app, _ = opened(open_page, sold={})
    app = app.button(key="buy-drivers").click().run()
    assert not app.exception
    assert "The last read failed: The role in use may not ce:GetCostComparisonDrivers" in words(app)


def test_a_viewer_sees_what_others_bought_and_buys_nothing(open_page: Open) -> None:
    app, sources = opened(open_page, role=Role.VIEWER, held=dict(SOLD))
    assert rows(app, "October 2026")
    assert app.button(key="buy-drivers").disabled
    assert "alice is a viewer here; to make calls that cost money takes an administrator." in words(app)
    assert asked(sources) == []
