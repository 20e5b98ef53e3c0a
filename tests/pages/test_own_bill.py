"""The own-bill page: loading, empty, stale, unreadable, full; and what the cap of the day keeps off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from cloud.database import DatabaseDownError
from cloud.ledger import HourTotal
from cloud.statement import Statement
from collectors.spend_lines import CHARGE, SpendLine
from core.reading import Fault, FaultKind, Reading, Scope
from dashboard.views.own_bill import Books
from tests.pages import bills, seen
from tests.pages.bills import bill, dollars
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, FakeStage, context


def opened(open_page: Open, read: Callable[[], Statement], *, patience: float = 10.0) -> AppTest:
    return open_page(context(stage=FakeStage(), books=Books(read), patience=patience), "own_bill")


def bare(text: str) -> str:
    """Text without what keeps foreign text from being read as Markdown."""
    return text.replace("\\", "").replace("\u2060", "")


def words_of(app: AppTest) -> str:
    return bare(seen.text(app))


def table(app: AppTest, column: str) -> list[dict[str, str]]:
    """The rows of the table that has `column`."""
    frame = next(frame.value for frame in app.dataframe if column in frame.value)
    return [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]


def test_a_month_in_full(open_page: Open) -> None:
    app = opened(open_page, lambda: bill(at=NOW))
    assert not app.exception
    assert [(metric.label.replace("\\", ""), metric.value) for metric in app.metric] == [
        ("Calls today", "32,000"),
        ("Calls this month", "132,002"),
        ("Our part of the free million", "12.4%"),
        ("Cost this month", "$0.00"),
        ("Cost at month's end", "$0.00"),
        ("Cost of a viewer's hour", "$0.00"),
    ]
    assert table(app, "Who asked")[0] == {
        "Who asked": "Explorer, chart",
        "Today": "0",
        "This month": "100,000",
        "Share": "75.8%",
        "Cost": "$0.00",
    }
    operation = table(app, "Operation")[0]
    assert (operation["Operation"], operation["On AWS's bill"]) == ("cloudwatch:GetMetricStatistics", "CW:Requests")
    assert [row["Account and region"] for row in table(app, "Account and region")] == [
        "directory-prod 111111111111 · us-east-1",
        "directory-dr 222222222222 · eu-west-1",
    ]
    text = words_of(app)
    assert "for all its regions, users and tools together" in text
    assert "the last 1 d going on for the 7 d 12 h that are left of the month" in text
    assert "Updated 11:31:30" in text


def test_loading_draws_a_skeleton(open_page: Open) -> None:
    gate = threading.Event()

    def slow() -> Statement:
        gate.wait(20)
        return bill(at=NOW)

    app = opened(open_page, slow, patience=0.2)
    gate.set()
    assert not app.exception
    assert app.get("skeleton")
    assert not app.metric


def test_a_month_without_calls_says_so(open_page: Open) -> None:
    empty = bill(at=NOW, of_month=(), refusals=(), viewer_minutes=0, pace=timedelta(0))
    app = opened(open_page, lambda: empty)
    assert not app.exception
    text = words_of(app)
    assert "has called AWS not once since 01 November UTC" in text
    assert [metric.value for metric in app.metric] == ["0", "0", "0%", "$0.00", "–", "–"]
    assert "is said when an hour of calls is known" in text


def test_an_old_statement_is_called_stale_and_stays(open_page: Open) -> None:
    app = opened(open_page, lambda: bill(at=NOW - timedelta(minutes=7)))
    assert "Stale · 7 min old" in words_of(app)
    assert app.metric[1].value == "132,002"


def test_a_ledger_that_cannot_be_read_says_why(open_page: Open) -> None:
    def locked() -> Statement:
        raise DatabaseDownError("database is locked")

    app = opened(open_page, locked)
    assert not app.exception
    assert "The ledger of our own calls cannot be read: database is locked" in bare(app.error[0].value)
    assert app.title[0].value == "Own bill"


def test_an_error_nobody_foresaw_has_a_reference(open_page: Open) -> None:
    def broken() -> Statement:
        raise ZeroDivisionError("secret")

    app = opened(open_page, broken)
    assert "Reference for the log: " in app.error[0].value
    assert "secret" not in seen.text(app)


def test_without_a_ledger_the_page_is_not_in_the_navigation(open_page: Open) -> None:
    app = open_page(replace(context(), books=None))
    with pytest.raises(ValueError, match="own_bill"):
        app.switch_page("app_pages/own_bill.py")


def test_what_is_off_at_the_default_cap_has_a_price(open_page: Open) -> None:
    app = opened(open_page, lambda: bill(at=NOW))
    refused, known, costs = table(app, "A month, watched all day")
    assert (refused["State"], refused["Refused"], refused["A read"]) == ("▲ off", "12", "$0.00001")
    assert refused["A month, watched all day"] == "$0.43 (43,200 reads)"
    assert (known["State"], known["Where"], known["A month, watched all day"]) == (
        "▲ off",
        "Explorer",
        "$0.43 (43,200 reads)",
    )
    assert (costs["A read"], costs["A month, watched all day"]) == ("$0.02", "$0.60 (30 reads)")
    assert "\u202e" not in refused["What"]
    text = words_of(app)
    assert "so nothing that costs money is ever called" in text
    assert "3 off" in text
    assert HOSTILE not in text


@pytest.mark.parametrize(
    ("cap", "states", "words"),
    [
        ("0.00300", ["▲ off", "▲ off", "▲ off"], "the cap is reached"),
        ("0.00301", ["✓ on", "✓ on", "▲ off"], "$0.003 spent, $0.00001 left"),
        ("5", ["✓ on", "✓ on", "✓ on"], "$0.003 spent, $5.00 left"),
    ],
)
def test_one_step_around_the_cap(open_page: Open, cap: str, states: list[str], words: str) -> None:
    spent = bill(at=NOW, of_month=(*bills.OF_MONTH, bills.BOUGHT), cap=dollars(cap))
    app = opened(open_page, lambda: spent)
    assert [row["State"] for row in table(app, "A month, watched all day")] == states
    assert words in words_of(app)


def test_a_viewers_hour_leaves_the_collector_out(open_page: Open) -> None:
    spent = bill(at=NOW, of_month=(*bills.OF_MONTH, bills.BOUGHT), cap=dollars("5"))
    app = opened(open_page, lambda: spent)
    assert app.metric[5].value == "$0.0003"  # $0.003 over ten hours
    assert "12,030 calls, over 10.0 h" in bare(app.metric[5].proto.delta_description)


@pytest.mark.parametrize(("minutes", "value"), [(0, "–"), (59, "–"), (60, "$0.003"), (61, "$0.002951")])
def test_a_viewers_hour_waits_until_one_is_known(open_page: Open, minutes: int, value: str) -> None:
    spent = bill(at=NOW, of_month=(*bills.OF_MONTH, bills.BOUGHT), cap=dollars("5"), viewer_minutes=minutes)
    assert opened(open_page, lambda: spent).metric[5].value == value


def test_the_bill_is_of_every_account_so_there_is_none_to_choose(open_page: Open) -> None:
    app = opened(open_page, lambda: bill(at=NOW))
    assert app.header[0].value == "All accounts and regions"
    assert not app.selectbox
    assert [toggle.key for toggle in app.toggle] == ["live"]


def spend_line(day: int, usage_type: str, quantity: str, *, cost: str = "0", record: str = CHARGE) -> SpendLine:
    money = dollars(cost)
    on = date(2026, 11, day)
    return SpendLine(
        on,
        "AmazonCloudWatch",
        usage_type,
        record,
        money,
        Decimal(quantity),
        "Requests",
        final=False,
        read_at=NOW,
        first=money,
        first_at=NOW,
    )


def own_hours(calls: int) -> tuple[HourTotal, ...]:
    return tuple(
        HourTotal(datetime(2026, 11, day, 9, tzinfo=UTC), bills.total("cloudwatch:DescribeAlarms", "wall", calls))
        for day in range(1, 24)
    )


def beside(open_page: Open, lines: tuple[SpendLine, ...], *faults: Fault, calls: int = 100) -> AppTest:
    bill_of = {bills.PROD: Reading(lines, NOW - timedelta(hours=3), faults)}
    books = Books(lambda: bill(at=NOW), hours=lambda: own_hours(calls), bill=lambda _start: bill_of)
    return open_page(context(books=books), "own_bill")


def test_our_count_stands_beside_the_bill(open_page: Open) -> None:
    lines = tuple(spend_line(day, "CW:Requests", "400") for day in range(1, 23))
    others = (spend_line(2, f"EU-CW:AlarmMonitorUsage{HOSTILE}", "0.5", cost="0.05"),)
    app = beside(open_page, (*lines, *others, spend_line(2, "", "0", cost="-0.05", record="Credit")))
    assert not app.exception
    alarms, requests = table(app, "Our share")
    assert (alarms["Standing"], alarms["The bill's cost"], alarms["Our share"]) == ("– not ours", "$0.05", "0.0%")
    assert requests == {
        "Standing": "✓ partly ours",
        "On AWS's bill": "CW:Requests",
        "Account": "directory-prod",
        "Ours": "2,000",
        "The bill": "8,000",
        "Our share": "25.0%",
        "Our cost": "$0.00",
        "The bill's cost": "$0.00",
        "Not final: ours / bill": "200 / 800",
        "Not on the bill yet": "100",
    }
    text = words_of(app)
    assert "Count and bill agree" in text
    assert "read 3 h ago: settled up to 20 Nov, on the bill up to 22 Nov" in text
    assert HOSTILE not in text


def test_a_bill_with_less_than_we_counted_is_said(open_page: Open) -> None:
    app = beside(open_page, tuple(spend_line(day, "CW:Requests", "99") for day in range(1, 23)))
    assert table(app, "Our share")[0]["Standing"] == "▲ the bill has less"
    assert "The bill has less than we counted, 1×" in words_of(app)


def test_without_a_bill_the_page_says_why_and_what_it_would_cost(open_page: Open) -> None:
    refused = Fault(Scope(bills.PROD, "us-east-1"), "ce:GetCostAndUsage", FaultKind.NOT_FREE, "was not called")
    app = beside(open_page, (), refused)
    text = words_of(app)
    assert "Cost Explorer charges $0.01 a request" in text
    assert "$0.02 a day and account, $0.60 a month" in text
    assert "WATCHKEEPER_MONTHLY_CAP_USD=0.60 or more" in text
    assert not app.error


def test_a_bill_that_could_not_be_read_says_why(open_page: Open) -> None:
    denied = Fault(Scope(bills.PROD, "us-east-1"), "ce:GetCostAndUsage", FaultKind.ACCESS_DENIED, f"may not {HOSTILE}")
    app = beside(open_page, (), denied)
    assert "AWS's bill was not read: may not" in words_of(app)
    assert not app.exception


def test_a_bill_that_nobody_has_read_says_who_would(open_page: Open) -> None:
    assert "The collector, python -m collectors, reads it once a day" in words_of(beside(open_page, ()))


def test_looking_is_noted_under_a_name_of_the_session(open_page: Open) -> None:
    noted: list[tuple[str, str]] = []
    books = Books(lambda: bill(at=NOW), lambda viewer, page: noted.append((viewer, page)))
    open_page(context(books=books), "own_bill")
    assert {page for _, page in noted} == {"", "own-bill"}
    assert len({viewer for viewer, _ in noted}) == 1
    assert "alice" not in noted[0][0]


@pytest.mark.parametrize(
    ("a_day", "badge", "tile"),
    [
        ("0.003", "$0.003 spent, today’s cap is reached", "today $0.003 of $0.003"),
        ("0.00301", "$0.003 spent, $0.00001 left today", "today $0.003 of $0.00301"),
        ("5", "$0.003 spent, $5.00 left", "cap $5.00, left $5.00"),
    ],
)
def test_one_step_around_the_cap_of_a_day(open_page: Open, a_day: str, badge: str, tile: str) -> None:
    spent = bill(at=NOW, of_month=(*bills.OF_MONTH, bills.BOUGHT), cap=dollars("5"), a_day=dollars(a_day))
    spent = replace(spent, of_today=(*spent.of_today, bills.BOUGHT))
    app = opened(open_page, lambda: spent)
    assert badge in words_of(app)
    assert bare(app.metric[3].proto.delta_description) == tile


def test_what_todays_cap_keeps_off_opens_at_midnight(open_page: Open) -> None:
    spent = bill(at=NOW, of_month=(*bills.OF_MONTH, bills.BOUGHT), cap=dollars("5"), a_day=dollars("0.003"))
    app = opened(open_page, lambda: replace(spent, of_today=(bills.BOUGHT,)))
    text = words_of(app)
    assert "Today's cap of $0.003 leaves $0.00" in text
    assert "Today's cap of $0.003 is reached: reads that cost money come again on 24 November, 00:00 UTC" in text
    assert "off until 24 November, 00:00 UTC, or until WATCHKEEPER_DAILY_CAP_USD is raised" in text


def test_a_cap_of_a_day_allows_nothing_alone(open_page: Open) -> None:
    app = opened(open_page, lambda: bill(at=NOW, a_day=dollars("1")))
    assert "The cap of a day allows nothing alone" in words_of(app)


def test_what_is_spaced_out_is_said(open_page: Open) -> None:
    many = bills.total("cloudwatch:GetMetricStatistics", "wall", 900_000)
    spent = bill(at=NOW, of_month=(many, bills.BOUGHT), cap=dollars("5"))
    text = words_of(opened(open_page, lambda: spent))
    assert "Free reads of directory-prod 111111111111 come 36.1 times as rarely, so that its free requests last" in text
    assert "This month's cap of $5.00 leaves $5.00 until 1 December, 00:00 UTC: as it shrinks, reads" in text
