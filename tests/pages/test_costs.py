"""The Costs page over an export of our own making: every state, and what a click does to the link."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.exports.book import Book
from dashboard.cost_state import read_costs
from dashboard.views import cost_explorer, cost_reading
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, context
from tests.unit.collectors.exports.samples import Row, focus, write

OCTOBER = {"BillingPeriodStart": "2026-10-01T00:00:00Z"}
NOVEMBER = {"BillingPeriodStart": "2026-11-01T00:00:00Z"}
ROWS: tuple[Row, ...] = (
    focus("10", ChargePeriodStart="2026-10-03T00:00:00Z", SkuId="box", **OCTOBER),
    focus("99", ChargePeriodStart="2026-10-30T00:00:00Z", SkuId="box", **OCTOBER),
    focus("12.50000000001", ChargePeriodStart="2026-11-03T00:00:00Z", SkuId="box", RegionId="us-east-1", **NOVEMBER),
    focus("-2", ChargePeriodStart="2026-11-03T00:00:00Z", ChargeCategory="Credit", SkuId="box", **NOVEMBER),
    focus("1", ChargePeriodStart="2026-11-04T00:00:00Z", ServiceName=HOSTILE, **NOVEMBER),
    focus("3", ChargePeriodStart="2026-11-04T00:00:00Z", ServiceName="=SUM(A1)", BillingCurrency="EUR", **NOVEMBER),
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_of(tmp_path, ROWS)


def book_of(tmp_path: Path, rows: Sequence[Row]) -> Book:
    write(tmp_path / "in" / "a.csv", rows)
    return Book(str(tmp_path / "in"), tmp_path / "work", clients(tmp_path))


def clients(tmp_path: Path) -> Clients:
    """Of a folder's book nobody asks AWS for anything."""
    settings = Settings(cloud="demo", demo_port=1, data_dir=tmp_path)
    return Clients(settings, Meter(settings.place, clock=lambda: NOW, caps=settings.caps))


def opened(open_page: Open, book: Book | None, **url: str | list[str]) -> AppTest:
    app = open_page(context(export=book), "cost_explorer", **url)
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def shown(app: AppTest) -> list[dict[str, str]]:
    return [{str(name): str(cell) for name, cell in row.items()} for row in app.dataframe[0].value.to_dict("records")]


def test_the_newest_month_against_the_same_days_of_the_one_before(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, currency="USD")
    tiles = {metric.label.replace("\\", ""): metric.value for metric in app.metric}
    assert tiles == {
        "Net": "$11.50",
        "Charges": "$13.50",
        "Credits": "−$2.00",
        "Refunds and corrections": "$0.00",
        "Change of net": "+$1.50",
        "Rows": "3",
    }
    rows = shown(app)
    assert (rows[0]["Service"], rows[0]["Net"], rows[0]["Net before"], rows[0]["Change"]) == (
        "AmazonEC2",
        "$10.50",
        "$10.00",
        "+$0.50",
    )
    assert rows[1]["Change"] == "new"
    text = words(app)
    assert "$1.50 more than October up to its day 4" in text
    assert "6 rows in 1 file" in text
    assert HOSTILE not in text


def test_another_currency_stands_for_itself(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, currency="EUR")
    assert [row["Net"] for row in shown(app)] == ["3.00 EUR"]
    assert "EUR" in [box.value for box in app.selectbox]


def test_grouping_filters_and_rows_are_in_the_link(open_page: Open, book: Book) -> None:
    app = opened(
        open_page, book, by=["RegionId", "ChargeCategory"], where="ServiceName=AmazonEC2", currency="USD", rows="1"
    )
    assert {(row["Region"], row["Kind of charge"], row["Net"]) for row in shown(app)} == {
        ("us-east-1", "Usage", "$12.50"),
        ("(none)", "Credit", "−$2.00"),
    }
    assert list(app.dataframe[1].value["BilledCost"]) == ["12.50000000001", "-2"]
    assert "All 2 rows, the largest first." in words(app)
    app.button("cost-filter-0").click().run()
    assert "where" not in app.query_params
    app.selectbox[0].set_value("all").run()
    assert app.query_params["month"] == "all"
    assert "All months together have" in words(app)


def test_a_column_that_only_rows_have(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, by="ResourceId", currency="USD")
    assert [row["Net"] for row in shown(app)] == ["$11.50"]


def test_what_the_link_asks_in_vain_is_named(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, by="Nope", where="x", month="soon", measure="worth")
    text = words(app)
    for said in ("'Nope' is no column", "is no condition", "month was not understood", "measure is not known"):
        assert said in text


def test_without_an_export_the_page_says_how_to_name_one(open_page: Open) -> None:
    assert "WATCHKEEPER_BILLING_EXPORT=s3://bucket/prefix" in words(opened(open_page, None))


def test_an_empty_folder_and_one_that_is_not_there(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert "No costs here" in words(
        opened(open_page, Book(str(tmp_path / "in"), tmp_path / "work", clients(tmp_path)), rows="1")
    )
    gone = opened(open_page, Book(str(tmp_path / "gone"), tmp_path / "work", clients(tmp_path)))
    assert "The billing export cannot be read" in gone.error[0].value.replace("\\", "")


def test_a_broken_file_is_named_beside_what_can_be_read(open_page: Open, tmp_path: Path) -> None:
    book = book_of(tmp_path, ROWS)
    (tmp_path / "in" / "torn.parquet").write_bytes(b"x")
    text = words(opened(open_page, book))
    assert "torn.parquet: cannot be read" in text
    assert "1 note" in text


def test_credits_that_take_all_charges_away_do_not_hide_them(open_page: Open, tmp_path: Path) -> None:
    book = book_of(tmp_path, [focus("5", **OCTOBER), focus("-5", ChargeCategory="Credit", **OCTOBER)])
    app = opened(open_page, book)
    assert "October 2026 has $5.00 (charges)" in words(app)


def test_a_difference_of_less_than_half_a_cent_is_none_to_people(open_page: Open, tmp_path: Path) -> None:
    november = {"BillingPeriodStart": "2026-11-01T00:00:00Z", "ChargePeriodStart": "2026-11-05T13:00:00Z"}
    book = book_of(tmp_path, [focus("38.5831", **OCTOBER), focus("38.58", **november)])
    assert [row["Change"] for row in shown(opened(open_page, book))] == ["±$0.00"]


def test_the_download_is_exact_and_holds_no_formula(book: Book) -> None:
    for currency, column in (("USD", "12.50000000001"), ("EUR", "'=SUM(A1)")):
        state = read_costs({"currency": [currency], "by": ["ServiceName", "RegionId"]})
        answers = cost_reading.read(book, state, clock=lambda: NOW)
        data = cost_explorer.csv(cost_explorer.build(answers, state, now=NOW).data)
        table = pd.read_csv(io.BytesIO(data), dtype=str)
        assert column in table.to_numpy().ravel()
