"""The monthly report: what it says, that foreign text stays text, and that nothing is asked for from outside."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.exports.book import Book
from collectors.spend_lines import CHARGE, SpendLine
from core.money import Money
from core.reading import Reading
from dashboard.feed import ForeseenError
from dashboard.report.html import html as html_of
from dashboard.report.making import gather, offered
from dashboard.report.pdf import pdf as pdf_of
from dashboard.views import monthly
from dashboard.views.monthly import MonthlyReport, Section
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, PROD, FakeSources, context
from tests.pages.test_costs import ROWS, clients
from tests.unit.collectors.exports.samples import write


def line(day: date, service: str, amount: str, record: str = CHARGE) -> SpendLine:
    cost = Money(Decimal(amount))
    return SpendLine(
        day, service, "box", record, cost, Decimal(1), "Hrs", final=True, read_at=NOW, first=cost, first_at=NOW
    )


LINES = Reading(
    (
        line(date(2026, 10, 3), "AmazonEC2", "10"),
        line(date(2026, 10, 30), "AmazonEC2", "90"),
        line(date(2026, 11, 3), "AmazonEC2", "12.5"),
        line(date(2026, 11, 3), "AmazonEC2", "-2", "Credit"),
        line(date(2026, 11, 4), HOSTILE, "1"),
        line(date(2026, 11, 4), HOSTILE, "-0.25", "Refund"),
    ),
    NOW,
)


def report(month: str = "2026-11") -> MonthlyReport:
    return monthly.build(monthly.from_lines(LINES, month, now=NOW), None, place=f"prod {HOSTILE}", now=NOW)


def test_the_running_month_against_the_same_days() -> None:
    found = report()
    assert found.title == "Cloud costs, November 2026"
    assert found.figures[:4] == (
        ("Net", "$11.25", "what is billed"),
        ("Charges", "$13.50", "before credits and refunds"),
        ("Credits", "−$2.00", ""),
        ("Refunds and corrections", "−$0.25", ""),
    )
    assert found.figures[4][1] == "+$1.25"
    assert "up to its day 4" in found.sentence
    assert "still runs" in found.made
    assert found.sections[0].rows[0][:3] == ("AmazonEC2", "93.3%", "$10.50")


def test_a_month_that_is_over_and_one_that_nobody_read() -> None:
    assert "The month is over." in report("2026-10").made
    nothing = report("2026-01")
    assert nothing.sections[0].note == "No costs of this month are known."
    assert nothing.sections[0].rows == ()
    assert nothing.figures[0][1] == "–"


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.links += [str(value) for name, value in attrs if name in {"src", "href", "srcset", "action"}]


def test_the_page_is_text_and_asks_for_nothing() -> None:
    page = html_of(report()).decode()
    tags = Tags()
    tags.feed(page)
    assert not {"img", "script", "link", "iframe", "a"} & set(tags.found)
    assert tags.links == []
    assert "&lt;img src=x" in page
    assert "default-src" in page
    assert "\u202e" not in page


def test_the_pdf_has_pages_and_no_links() -> None:
    many = Section("Many", HOSTILE, ("Name", "Amount"), tuple((f"{HOSTILE} {n} 漢字", "x" * 500) for n in range(60)))
    document = pdf_of(replace(report(), sections=(*report().sections, many)), now=NOW)
    assert document.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", document)) > 2
    for forbidden in (b"/URI", b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile"):
        assert forbidden not in document
    assert pdf_of(report(), now=NOW) == pdf_of(report(), now=NOW)


def test_from_an_export(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", ROWS[:5])
    book = Book(str(tmp_path / "in"), tmp_path / "work", clients(tmp_path))
    assert offered(book, now=NOW) == ()
    found = gather(FakeSources(), PROD, "2026-11", export=book, name="prod", now=NOW)
    assert offered(book, now=NOW) == ("2026-11", "2026-10")
    assert found.figures[0][1] == "$11.50"
    assert [section.title for section in found.sections][:2] == ["By service", "Budgets, as they stand now"]
    with pytest.raises(ForeseenError, match=r"nothing of 2025-01; it has 2026-10 and 2026-11"):
        gather(FakeSources(), PROD, "2025-01", export=book, name="prod", now=NOW)


def test_months_are_offered_back_for_a_year() -> None:
    months = offered(None, now=NOW)
    assert (months[0], months[-1], len(months)) == ("2026-11", "2025-12", 12)
    assert offered(None, now=NOW + timedelta(days=10))[0] == "2026-12"


def test_the_spend_page_offers_it(open_page: Open) -> None:
    app = open_page(context(), "spend")
    assert not app.exception
    assert {button.proto.label for button in app.get("download_button")} >= {"PDF", "HTML"}
    assert app.selectbox("report-month").value == "2026-11"
