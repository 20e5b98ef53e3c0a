"""A billing export in the demo cloud's S3: fetched once, by the cap, and the same bill to the last digit."""

from __future__ import annotations

import csv
import gzip
import io
import json
from argparse import Namespace
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
from collectors.__main__ import look
from collectors.exports.book import Book
from collectors.exports.questions import Question
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import ZERO, Money
from dashboard.console import focus, report
from tests.wire.clouds import AT, Cloud, billed_cloud
from tests.wire.conftest import EVER

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


def test_a_cap_that_was_raised_is_used_at_once(billed: Cloud, tmp_path: Path, clients_of: Make) -> None:
    for cap, rows in (("0", False), ("0.000001", False), ("0.000006", False), ("0.01", True)):
        book = Book(PLACE, tmp_path / "exports", clients_of(Money(Decimal(cap))))
        book.fetch_when_due(now=AT)
        assert bool(book.read(now=AT).rows) is rows
        book.close()


def test_a_bucket_that_is_not_there_is_said(billed: Cloud, tmp_path: Path, clients_of: Make) -> None:
    book = Book("s3://no-such-bucket-anywhere", tmp_path / "exports", clients_of(Money(Decimal(1))))
    book.fetch_when_due(now=AT)
    assert "bucket does not exist" in book.read(now=AT).flaws[0].what
    book.close()


def test_the_collector_fetches_it_and_a_second_look_asks_for_nothing(billed: Cloud, tmp_path: Path) -> None:
    settings = Settings(cloud="demo", demo_port=urlsplit(billed.url).port or 0, data_dir=tmp_path, billing_export=PLACE)
    meter = Meter(settings.place, clock=lambda: AT, caps=Caps(Money(Decimal("0.01"))))
    sources = CloudSources(Clients(settings, meter), Store(settings.place))
    try:
        assert sources.poll_export(now=AT) == ()
        calls = sum(each.calls for each in meter.totals(EVER) if each.service == "s3")
        assert calls > 2
        assert sources.poll_export(now=AT + timedelta(minutes=1)) == ()
        assert sum(each.calls for each in meter.totals(EVER) if each.service == "s3") == calls
        assert sources.export is not None
        assert sources.export.read(now=AT).rows > 1000
        sources.export.close()
    finally:
        sources.clients.close()
        sources.store.close()


@pytest.mark.parametrize(("cap", "bought"), [("0.025", 1), ("0.02", 0)])
def test_of_a_small_cap_the_export_has_its_part_first(billed: Cloud, tmp_path: Path, cap: str, bought: int) -> None:
    """Two requests of Cost Explorer cost 0.02 dollars; all that the export needs costs far less, and says more."""
    settings = Settings(cloud="demo", demo_port=urlsplit(billed.url).port or 0, data_dir=tmp_path, billing_export=PLACE)
    meter = Meter(settings.place, clock=lambda: AT, caps=Caps(Money(Decimal(cap))))
    sources = CloudSources(Clients(settings, meter), Store(settings.place))
    try:
        look(sources)
        calls = {each.operation: each.calls for each in meter.totals(EVER) if each.service in {"s3", "ce"}}
        assert calls.get("GetCostAndUsage", 0) == 2 * bought
        assert calls["GetObject"] > 2
        assert sources.export is not None
        assert sources.export.read(now=AT).rows > 1000
        sources.export.close()
    finally:
        sources.clients.close()
        sources.store.close()


@pytest.fixture
def watching(billed: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("CLOUD", "demo"),
        ("DEMO_PORT", str(urlsplit(billed.url).port)),
        ("DATA_DIR", str(tmp_path)),
        ("MONTHLY_CAP_USD", "0.01"),
        ("BILLING_EXPORT", PLACE),
    ):
        monkeypatch.setenv(f"WATCHKEEPER_{name}", value)


@pytest.mark.usefixtures("watching")
class TestTheCommands:
    def test_totals_of_s3_are_those_of_the_bill(self, billed: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        options = Namespace(path=PLACE, by=[], where=[], since=None, until=None, json=True)
        assert focus.run(options, clock=lambda: AT) == 0
        (usd,) = json.loads(capsys.readouterr().out)["currencies"]
        assert Decimal(usd["BilledCost"]) == bill(billed)

    def test_a_month_becomes_two_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        options = Namespace(month="2026-10", html=tmp_path / "o.html", pdf=tmp_path / "o.pdf", account=None)
        assert report.run(options, clock=lambda: AT) == 0
        page = options.html.read_text()
        assert "Cloud costs, October 2026" in page
        assert "Free allowances, as they stand now" in page
        assert options.pdf.read_bytes().startswith(b"%PDF-")
        assert capsys.readouterr().out.count("wrote ") == 2

    @pytest.mark.parametrize(
        ("month", "says"), [("October", "is no month; write it as 2026-10"), ("2020-01", "nothing of 2020-01; it has")]
    )
    def test_a_month_that_is_none_gives_two(
        self, month: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        options = Namespace(month=month, html=None, pdf=tmp_path / "o.pdf", account=None)
        assert report.run(options, clock=lambda: AT) == 2
        assert says in capsys.readouterr().err
        assert not options.pdf.exists()
