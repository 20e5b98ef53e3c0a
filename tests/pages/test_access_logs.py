"""The Access logs page over files of our own making: every state, and what a click does to the link."""

from __future__ import annotations

import gzip
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.access_logs.book import Book
from core.log_lines import LogLine
from core.money import Money
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import NOW, FakeSources, context
from tests.pages.log_fakes import APPLICATION
from tests.pages.test_logs import listed
from tests.unit.collectors.access_logs.alb import line

TRACE = "1-69268f81-36d228ad5d99923122bbe354"
HOSTILE = "GET https://a:443/<img src=x onerror=alert(1)>/**b**/\u202e?password=hunter2hunter2 HTTP/1.1"


def at(minutes: float) -> str:
    return f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%fZ}"


LINES = (
    *(line(time=at(50 - part), target_processing_time=f"0.{part + 10:03}") for part in range(40)),
    line(time=at(5), request="GET https://a:443/cart HTTP/1.1", elb_status_code="404", target_status_code="404"),
    line(time=at(4), request="POST https://a:443/cart HTTP/1.1", elb_status_code="502", target_status_code="-",
         trace_id="Root=1-00000001-000000000000000000000001", error_reason="TargetClosed"),
    line(time=at(3), request=HOSTILE, trace_id="-"),
    line(time=at(90)),
    "cut off",
)  # fmt: skip


def clients(folder: Path, *, cap: str = "0") -> Clients:
    settings = Settings(cloud="demo", demo_port=1, data_dir=folder)
    return Clients(settings, Meter(settings.place, clock=lambda: NOW, caps=Caps(Money(Decimal(cap)))))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.log.gz").write_bytes(gzip.compress("\n".join(LINES).encode()))
    return Book(str(tmp_path / "in"), tmp_path / "work", clients(tmp_path))


def opened(open_page: Open, book: Book | None, **url: str) -> AppTest:
    return drawn(open_page, book, FakeSources(), **url)


def drawn(open_page: Open, book: Book | None, sources: FakeSources, **url: str) -> AppTest:
    app = open_page(context(sources, access_logs=book), "access_logs", **url)
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def test_without_a_setting_the_page_says_what_to_name(open_page: Open) -> None:
    app = opened(open_page, None)
    assert "No access logs are named" in words(app)
    assert "WATCHKEEPER_ACCESS_LOGS=s3://bucket/prefix" in words(app)


def test_requests_of_the_span_by_path_and_target(open_page: Open, book: Book) -> None:
    app = opened(open_page, book)
    assert "43 requests of 10:31 to 11:31 UTC in 1 file." in words(app)
    assert "1 row is no entries" in words(app) or "1 row is" in words(app)
    paths, targets, requests = (each.value for each in app.dataframe[:3])
    assert dict(zip(paths["Path"], paths["Requests"], strict=True))["GET /orders/{id}"] == 40
    assert list(targets["Target"]) == ["10.0.1.9:8080"]
    assert requests["Took"].iloc[0] == "50 ms"
    assert [metric.label for metric in app.metric] == ["Requests", "5xx", "4xx", "p50", "p90", "p99"]


def test_hostile_requests_are_text_without_secrets(open_page: Open, book: Book) -> None:
    app = opened(open_page, book)
    (path,) = [each for each in app.dataframe[0].value["Path"] if "onerror" in each]
    assert "‹RLO›" in path
    every = " ".join(app.dataframe[2].value["Request"])
    assert "hunter2" not in every
    assert "onerror" in every


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("path", "GET /orders/{id}", 40),
        ("path", "GET /cart", 1),
        ("target", "10.0.1.9:8080", 43),
        ("status", "5xx", 1),
        ("status", "4xx", 1),
    ],
)
def test_the_link_narrows(open_page: Open, book: Book, name: str, value: str, number: int) -> None:
    noun = "request" if number == 1 else "requests"
    assert f"{number} {noun} of" in words(opened(open_page, book, **{name: value}))


def test_a_filter_is_taken_away_by_a_press(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, path="GET /cart")
    next(button for button in app.button if "cart" in button.label).click().run()
    assert "path" not in app.query_params
    assert "43 requests" in words(app)


def test_a_filter_that_fits_nothing_says_so(open_page: Open, book: Book) -> None:
    assert "No request of this span is of the path" in words(opened(open_page, book, path="GET /nowhere"))


def test_the_failing_with_the_reason(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, requests="failing")
    requests, reasons = (each.value for each in app.dataframe[2:4])
    assert list(requests["Status"]) == ["502"]
    assert list(reasons["Why"]) == ["TargetClosed"]


def test_nothing_failed(open_page: Open, book: Book) -> None:
    assert "No request failed here." in words(opened(open_page, book, requests="failing", status="2xx"))


def test_one_request_and_the_application_s_lines(open_page: Open, book: Book) -> None:
    when = int((NOW - timedelta(minutes=11)).timestamp() * 1000)
    said = LogLine(when, APPLICATION, "web-1", f'{{"level":"ERROR","trace":"Root={TRACE}"}}', "e1", when)
    sources = FakeSources(lines_of_logs=(said,))
    app = drawn(open_page, book, sources, request=TRACE, group=APPLICATION)
    assert "Root=1-69268f81" in words(app)
    assert "user_agent" in words(app)
    assert [row[2] for row in listed(app, "access-lines")["lines"]] == ["error"]


def test_a_request_without_lines_says_why(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, request=TRACE, group=APPLICATION)
    assert "Does the application log it?" in listed(app, "access-lines")["empty"]


def test_lines_refused_name_the_action(open_page: Open, book: Book) -> None:
    sources = FakeSources(deny=frozenset({"logs:FilterLogEvents"}))
    app = drawn(open_page, book, sources, request=TRACE, group=APPLICATION)
    assert "logs:FilterLogEvents" in [code.value for code in app.code]


def test_a_request_that_is_not_there(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, request="1-00000009-000000000000000000000009")
    assert "The request of the link is not among" in words(app)


def test_a_link_that_makes_no_sense_says_so(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, status="9xx", requests="all", request="<script>")
    assert {"unknown class of statuses", "unknown list of requests"} <= {
        part for part in ("unknown class of statuses", "unknown list of requests") if part in words(app)
    }
    assert "a request in a way that was not understood" in words(app)
    assert "43 requests" in words(app)


def test_a_span_without_requests(open_page: Open, book: Book) -> None:
    app = opened(open_page, book, **{"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T01:00:00Z"})
    assert "The files hold no request of this span." in words(app)


def test_a_folder_that_is_not_there(open_page: Open, tmp_path: Path) -> None:
    app = opened(open_page, Book(str(tmp_path / "nowhere"), tmp_path, clients(tmp_path)))
    assert app.error[0].value.endswith("standard input") or "is not there" in words(app)


def test_s3_at_a_cap_of_zero_says_what_it_costs(open_page: Open, tmp_path: Path) -> None:
    app = opened(open_page, Book("s3://logs", tmp_path, clients(tmp_path)))
    (button,) = [each for each in app.button if "Fetch this span" in each.label]
    assert button.disabled
    assert "Listing alone costs $0.0000" in words(app)
    assert "Nothing of this span was fetched yet." in words(app)


def test_s3_is_fetched_by_those_who_may_spend(open_page: Open, tmp_path: Path) -> None:
    book = Book("s3://logs", tmp_path, clients(tmp_path, cap="1"))
    app = open_page(context(role=Role.VIEWER, access_logs=book), "access_logs")
    (button,) = [each for each in app.button if "Fetch this span" in each.label]
    assert button.disabled
    app = open_page(context(access_logs=book), "access_logs")
    (button,) = [each for each in app.button if "Fetch this span" in each.label]
    assert not button.disabled
    assert "$0.000405 at most" in button.label.replace("\\", "")


def test_s3_that_cannot_be_reached_says_so(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(access_logs=Book("s3://logs", tmp_path, clients(tmp_path, cap="1"))), "access_logs")
    next(each for each in app.button if "Fetch this span" in each.label).click().run(timeout=60)
    assert not app.exception
    assert "0 files fetched" in words(app)
    assert "could not be reached" in words(app)


def test_a_file_of_one_s_own(open_page: Open) -> None:
    app = opened(open_page, None)
    app.file_uploader[0].set_value(("a.log.gz", gzip.compress("\n".join(LINES).encode()), "application/gzip")).run()
    assert not app.exception
    assert "44 requests of" in words(app)


def test_a_file_that_is_none(open_page: Open) -> None:
    app = opened(open_page, None)
    app.file_uploader[0].set_value(("a.log", b"hello\n", "text/plain")).run()
    assert "No row of these files is an entry" in words(app)
