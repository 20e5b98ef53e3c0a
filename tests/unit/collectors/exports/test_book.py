"""The export that settings name: figures out of the cube and the rows behind them agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from collectors.exports.book import Book
from collectors.exports.questions import Condition, Question
from tests.pages.test_costs import clients
from tests.unit.collectors.exports import samples
from tests.unit.collectors.exports.samples import cur, focus, write
from tests.unit.collectors.exports.test_cube import NOW


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Three months: two of FOCUS, and CUR of one of them and of one more."""
    for month in ("09", "10"):
        start = f"2026-{month}-01T00:00:00Z"
        row = focus(month, BillingPeriodStart=start, ChargePeriodStart=start, ResourceId=f"i-{month}")
        write(tmp_path / "in" / f"focus-{month}.csv.gz", [row])
    write(tmp_path / "in" / "cur-09.csv", [cur("100")], samples.CUR)
    august = {"bill/BillingPeriodStartDate": "2026-08-01T00:00:00Z", "lineItem/UsageStartDate": "2026-08-01T00:00:00Z"}
    write(tmp_path / "in" / "cur-08.csv", [cur("8", **august)], samples.CUR)
    found = Book(str(tmp_path / "in"), tmp_path / "work", clients(tmp_path))
    found.read(now=NOW)
    return found


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ((), "27"),
        ((Condition("BillingMonth", "2026-09"),), "9"),
        ((Condition("BillingMonth", "2026-08"), Condition("BillingMonth", "2026-10")), "18"),
        ((Condition("BillingMonth", "2026-08", negated=True),), "19"),
        ((Condition("BillingMonth", "2020-01"),), None),
    ],
)
def test_cube_rows_and_totals_of_rows_agree(book: Book, where: tuple[Condition, ...], expected: str | None) -> None:
    total = None if expected is None else Decimal(expected)
    for by in ("ServiceName", "ResourceId"):
        assert sum((each.billed or 0 for each in book.totals(Question((by,), where))), Decimal(0)) == (total or 0)
    rows = book.rows(Question(where=where))
    assert sum((Decimal(str(row["BilledCost"])) for row in rows), Decimal(0)) == (total or 0)


def test_months_are_known_from_the_cube(book: Book) -> None:
    assert book.months() == ("2026-08", "2026-09", "2026-10")
