"""Access logs in the demo cloud's S3: listed by day, fetched once, by the cap."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.access_logs.book import Book, Only
from core.money import ZERO, Money
from core.reading import Scope
from core.timespan import Timespan
from tests.unit.collectors.access_logs.alb import line
from tests.wire.clouds import AT, Cloud, billed_cloud
from tests.wire.conftest import EVER

pytestmark = pytest.mark.wire

BUCKET = "balancer-logs-of-a-test"
PROD = Scope("111111111111", "us-east-1")
SPAN = Timespan(AT - timedelta(hours=1), AT)
CENT = Money(Decimal("0.01"))


@pytest.fixture(scope="module")
def stored() -> Iterator[Cloud]:
    """Not named `cloud`: the endpoint counts S3 by path and the ledger by operation, so they are not compared."""
    with billed_cloud() as made:
        s3 = made.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for minutes in (0, 5, 55, 120, 24 * 60):
            put(made, minutes)
        s3.put_object(Bucket=BUCKET, Key=f"{folder(0)}conn_log.111111111111_elasticloadbalancing.log.gz", Body=b"no")
        yield made


def folder(minutes: int) -> str:
    end = AT - timedelta(minutes=minutes)
    return f"web/AWSLogs/111111111111/elasticloadbalancing/us-east-1/{end:%Y/%m/%d}/"


def put(cloud: Cloud, minutes: int) -> None:
    """Write the five minutes that ended so long ago: two requests in their middle."""
    end = AT - timedelta(minutes=minutes)
    when = f"{end - timedelta(minutes=2):%Y-%m-%dT%H:%M:%S.%fZ}"
    name = f"111111111111_elasticloadbalancing_us-east-1_app.web.50dc6c49_{end:%Y%m%dT%H%M}Z_10.0.0.5_a{minutes}.log.gz"
    body = gzip.compress(f"{line(time=when)}\n{line(time=when, elb_status_code='502')}\n".encode())
    cloud.client("s3").put_object(Bucket=BUCKET, Key=folder(minutes) + name, Body=body)


def clients(cloud: Cloud, folder: Path, cap: Money) -> Clients:
    settings = Settings(cloud="demo", demo_port=urlsplit(cloud.url).port or 0, data_dir=folder)
    return Clients(settings, Meter(settings.place, clock=lambda: AT, caps=Caps(cap)))


def calls(made: Clients) -> int:
    return sum(each.calls for each in made.meter.totals(EVER) if each.service == "s3")


@pytest.mark.parametrize("place", [f"s3://{BUCKET}/web", f"s3://{BUCKET}/web/AWSLogs/111111111111"])
def test_a_span_is_fetched_once(stored: Cloud, tmp_path: Path, place: str) -> None:
    made = clients(stored, tmp_path, CENT)
    book = Book(place, tmp_path / "logs", made)
    assert book.read(PROD, SPAN, Only()).files == 0
    offer = book.offer(PROD, SPAN)
    assert offer is not None
    assert offer.verdict.allowed
    fetched = book.fetch(PROD, SPAN)
    assert (fetched.objects, fetched.problem) == (3, "")
    found = book.read(PROD, SPAN, Only())
    assert (found.summary.whole.requests, found.summary.whole.errors, found.files) == (6, 3, 3)
    asked = calls(made)
    assert book.fetch(PROD, SPAN).objects == 0
    assert calls(made) - asked <= 2
    made.close()


def test_at_a_cap_of_zero_nothing_is_asked_and_the_price_is_said(stored: Cloud, tmp_path: Path) -> None:
    made = clients(stored, tmp_path, ZERO)
    book = Book(f"s3://{BUCKET}/web", tmp_path / "logs", made)
    offer = book.offer(PROD, SPAN)
    assert offer is not None
    assert not offer.verdict.allowed
    assert "Listing alone costs" in offer.verdict.reason
    assert "was not called" in book.fetch(PROD, SPAN).problem
    assert calls(made) == 0
    made.close()


def test_objects_beyond_the_cap_are_not_fetched(stored: Cloud, tmp_path: Path) -> None:
    made = clients(stored, tmp_path, Money(Decimal("0.0000055")))
    fetched = Book(f"s3://{BUCKET}/web", tmp_path / "logs", made).fetch(PROD, SPAN)
    assert fetched.objects == 0
    assert "3 objects cost" in fetched.problem
    made.close()


def test_a_bucket_that_is_not_there_is_said(stored: Cloud, tmp_path: Path) -> None:
    made = clients(stored, tmp_path, CENT)
    fetched = Book("s3://no-such-bucket-anywhere", tmp_path / "logs", made).fetch(PROD, SPAN)
    assert "bucket does not exist" in fetched.problem
    made.close()


def test_a_long_span_is_refused_with_a_way_out(stored: Cloud, tmp_path: Path) -> None:
    made = clients(stored, tmp_path, CENT)
    offer = Book(f"s3://{BUCKET}", tmp_path, made).offer(PROD, Timespan(AT - timedelta(days=15), AT))
    assert offer is not None
    assert offer.verdict.reason == "Choose a span of 8 days at most."
    made.close()


def test_the_demo_s_own_logs_are_read_to_the_last_line(stored: Cloud, tmp_path: Path) -> None:
    made = clients(stored, tmp_path, CENT)
    book = Book("s3://employee-directory-access-logs-111111111111", tmp_path / "logs", made)
    span = Timespan(AT - timedelta(minutes=15), AT)
    assert book.fetch(PROD, span).problem == ""
    found = book.read(PROD, span, Only())
    assert found.flaws == 0
    assert found.covered is not None
    assert found.summary.whole.requests > 1_000
    assert len(found.summary.paths) < 20
    answered = next(each for each in found.summary.slowest if each.target)
    pages = (
        stored.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName="/directory/access",
            filterPattern=f'"{answered.trace}"',
            startTime=int((answered.at - timedelta(minutes=1)).timestamp() * 1000),
            endTime=int((answered.at + timedelta(minutes=1)).timestamp() * 1000),
        )
    )
    lines = [each for page in pages for each in page["events"]]
    assert lines
    assert all(answered.trace in each["message"] for each in lines)
    made.close()
