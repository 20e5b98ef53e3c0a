"""A billing export in the demo cloud's S3: fetched once, by the cap, and the same bill to the last digit."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.exports.book import Book
from collectors.exports.questions import Question
from core.money import ZERO, Money
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire

Make = Callable[[Money], Clients]
PLACE = "s3://directory-billing-exports-111111111111/exports/focus"


@pytest.fixture(scope="module")
def billed() -> Iterator[Cloud]:
    """Not named `priced`: the endpoint counts S3 by path and the ledger by operation, so they are not compared."""
    with billed_cloud() as cloud:
        yield cloud


@pytest.fixture
def clients_of(billed: Cloud, tmp_path: Path) -> Iterator[Make]:
    made: list[Clients] = []

    def make(cap: Money) -> Clients:
        settings = Settings(cloud="demo", demo_port=urlsplit(billed.url).port or 0, data_dir=tmp_path)
        made.append(Clients(settings, Meter(settings.place, clock=lambda: AT, caps=Caps(cap))))
        return made[-1]

    yield make
    for each in made:
        each.close()


def bill(cloud: Cloud) -> Decimal:
    """The same export, read by boto3 and csv."""
    s3 = cloud.client("s3")
    bucket = PLACE.split("/")[2]
    with localcontext(prec=60):
        return sum(
            (
                Decimal(row["BilledCost"])
                for each in s3.list_objects_v2(Bucket=bucket, Prefix="exports/focus/data/")["Contents"]
                for row in csv.DictReader(
                    io.StringIO(gzip.decompress(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()).decode())
                )
            ),
            Decimal(0),
        )


def test_what_is_fetched_is_the_bill(billed: Cloud, tmp_path: Path, clients_of: Make) -> None:
    expected = bill(billed)
    book = Book(PLACE, tmp_path / "exports", clients_of(Money(Decimal("0.01"))))
    book.fetch_when_due(now=AT)
    contents = book.read(now=AT)
    (whole,) = book.totals(Question())
    assert (whole.billed, contents.flaws) == (expected, ())
    assert whole.credits < 0
    assert contents.fetched_at == AT
    before = len(contents.months)
    book.fetch_when_due(now=AT + timedelta(hours=5))
    book.fetch_when_due(now=AT + timedelta(hours=6))
    assert len(book.read(now=AT).months) == before
    rows = book.rows(Question(where=()))
    assert rows
    assert str(rows[0]["File"]).startswith("data/BILLING_PERIOD=")
    book.close()


def test_nothing_is_fetched_at_a_cap_of_zero_and_the_price_is_said(
    billed: Cloud, tmp_path: Path, clients_of: Make
) -> None:
    book = Book(PLACE, tmp_path / "exports", clients_of(ZERO))
    book.fetch_when_due(now=AT)
    contents = book.read(now=AT)
    assert contents.rows == 0
    assert len(contents.flaws) == 1
    assert "was not called" in contents.flaws[0].what
    assert book.totals(Question()) == ()
    book.close()


def test_a_bucket_that_is_not_there_is_said(billed: Cloud, tmp_path: Path, clients_of: Make) -> None:
    book = Book("s3://no-such-bucket-anywhere", tmp_path / "exports", clients_of(Money(Decimal(1))))
    book.fetch_when_due(now=AT)
    assert "bucket does not exist" in book.read(now=AT).flaws[0].what
    book.close()
