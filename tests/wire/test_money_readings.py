"""Budgets and the Free Tier as our collectors read them, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from budgets.definition import zero_spend
from budgets.requests import from_response, parse, to_request
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors import budget_readings, free_tier
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import Money
from core.reading import FaultKind, Scope
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire

PROD, DR = "111111111111", "222222222222"


@pytest.fixture(scope="module")
def priced() -> Iterator[Cloud]:
    with billed_cloud() as cloud:
        yield cloud


@pytest.fixture
def sources(priced: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    settings = Settings(cloud="demo", demo_port=urlsplit(priced.url).port or 0, data_dir=tmp_path)
    clients = Clients(settings, Meter(settings.data_dir, clock=lambda: AT))
    sources = CloudSources(clients, Store(settings.place))
    yield sources
    clients.close()
    sources.store.close()


def test_budgets_are_read_whole_and_for_nothing(priced: Cloud, sources: CloudSources) -> None:
    reading = sources.budgets(PROD, now=AT)
    assert reading.complete
    by_name = {each.name: each for each in reading.value}
    month = by_name["directory-month-before-credits"]
    assert month.actual is not None
    assert month.forecast is not None
    assert month.forecast > month.actual > Money(Decimal(50))
    assert [each.start.month for each in month.history] == [11, 10, 9, 8, 7, 6]
    told = [
        subscriber["SubscriptionType"] for each in month.notifications for subscriber in each.document["Subscribers"]
    ]
    assert told == ["EMAIL", "SNS", "EMAIL"]
    zero = by_name["My Zero-Spend Budget"]
    assert from_response(zero.document, [each.document for each in zero.notifications]).is_zero_spend
    assert sources.clients.meter.spent_this_month() == Money(Decimal(0))


def test_what_was_read_is_kept_and_asked_once_an_hour(priced: Cloud, sources: CloudSources) -> None:
    first = sources.budgets(PROD, now=AT)
    calls = priced.get("/_demo/calls")["budgets"]
    again = sources.budgets(PROD, now=AT + budget_readings.KEPT_FOR - timedelta(seconds=1))
    assert again == first
    assert priced.get("/_demo/calls")["budgets"] == calls
    sources.budgets(PROD, now=AT + budget_readings.KEPT_FOR)
    assert priced.get("/_demo/calls")["budgets"] != calls


def test_a_definition_that_is_put_is_read_back_as_it_was(priced: Cloud, sources: CloudSources) -> None:
    wanted = zero_spend("Zero before credits", emails=["cfo@directory.test"], gross=True)
    client = priced.client("budgets")
    client.create_budget(AccountId=PROD, **to_request(wanted))
    found = next(each for each in sources.budgets(PROD, now=AT).value if each.name == wanted.name)
    client.delete_budget(AccountId=PROD, BudgetName=wanted.name)
    read = from_response(found.document, [each.document for each in found.notifications])
    assert (read.limit, read.cost_types, read.alerts, read.counts_credits) == (
        wanted.limit, wanted.cost_types, wanted.alerts, False,
    )  # fmt: skip
    assert read.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert parse(to_request(read)) == read
    assert found.notifications[0].alarming


def test_allowances_plan_and_credits_are_read_and_each_day_is_remembered(sources: CloudSources) -> None:
    reading = sources.free_tier(PROD, now=AT)
    assert reading.complete
    requests = next(each for each in reading.value.allowances if each.usage_type == "Global-Request")
    assert 0 < requests.used < requests.limit == 1_000_000
    plan = reading.value.plan
    assert plan is not None
    assert plan.credits is not None
    assert Money(Decimal(0)) < plan.credits < Money(Decimal(1000))
    sources.free_tier(PROD, now=AT + timedelta(days=1))
    assert [each.at for each in sources.free_tier_before(PROD, now=AT).value] == [AT + timedelta(days=1), AT]


def test_a_linked_account_has_no_plan_and_that_is_no_fault(sources: CloudSources) -> None:
    reading = free_tier.read(sources.clients, Scope(DR, "us-east-1"), now=AT)
    assert reading.complete
    assert reading.value.plan is None


def test_the_collector_reads_what_is_free(priced: Cloud, sources: CloudSources) -> None:
    assert sources.poll_spend(PROD, now=AT).faults == ()
    assert {"budgets", "freetier"} <= set(priced.get("/_demo/calls"))
    assert sources.spend(PROD, start=AT.date(), now=AT).faults[0].kind is FaultKind.NOT_FREE
