"""Every call is counted where it leaves, and none passes the cap."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.caps import Caps, day_of, month_of
from cloud.clients import Clients
from cloud.database import Place
from cloud.faults import NotFree
from cloud.ledger import Entry, Ledger
from cloud.metering import feature
from cloud.pricing import (
    FREE_CLOUDWATCH_REQUESTS,
    Price,
    PriceBook,
    metrics_requested,
)
from cloud.spreading import PACE_BURST
from core.money import ZERO, Money
from core.timespan import Timespan
from tests.places import heard, told
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of, serving

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
METRIC = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": []}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        endpoint.answers["DescribeAlarms"] = lambda _: {}
        endpoint.answers["GetMetricData"] = lambda _: {"MetricDataResults": []}
        yield endpoint


def counted(clients: Clients) -> dict[tuple[str, str], tuple[int, int, Decimal]]:
    """(operation, feature) → calls, units, dollars."""
    totals = clients.meter.totals(month_of(NOW))
    return {(each.operation, each.feature): (each.calls, each.units, each.cost.amount) for each in totals}


def data_queries(count: int) -> list[dict[str, Any]]:
    return [
        {"Id": f"q{n}", "MetricStat": {"Metric": {**METRIC, "MetricName": f"m{n}"}, "Period": 60, "Stat": "Sum"}}
        for n in range(count)
    ]


def buy(clients: Clients, count: int) -> None:
    clients.client(clients.scopes()[0], "cloudwatch").get_metric_data(
        MetricDataQueries=data_queries(count),  # type: ignore[arg-type]
        StartTime=NOW - timedelta(hours=1),
        EndTime=NOW,
    )


def test_calls_are_booked_to_the_feature_that_asked(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path)
    client = clients.client(clients.scopes()[0], "cloudwatch")
    client.describe_alarms()
    with feature("wall"):
        client.describe_alarms()
        client.describe_alarms()
    none = Decimal(0)
    assert counted(clients) == {("DescribeAlarms", "other"): (1, 1, none), ("DescribeAlarms", "wall"): (2, 2, none)}
    clients.close()


def test_retries_are_counted_as_they_leave(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answers["DescribeAlarms"] = lambda _: (500, {})
    clients = clients_of(endpoint, tmp_path)
    with pytest.raises(clients.client(clients.scopes()[0], "cloudwatch").exceptions.ClientError):
        clients.client(clients.scopes()[0], "cloudwatch").describe_alarms()
    assert counted(clients)["DescribeAlarms", "other"][0] == len(endpoint.asked) == 3
    clients.close()


def test_at_a_cap_of_zero_no_paid_call_leaves(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path)
    with pytest.raises(NotFree, match=r"it costs \$0\.00003 and the monthly cap on our own calls is \$0\.00"):
        buy(clients, 3)
    assert endpoint.asked == []
    assert counted(clients) == {}
    clients.close()


@pytest.mark.parametrize(("cap", "bought"), [("0.00009", 4), ("0.0001", 5), ("0.00011", 5)])
def test_the_cap_holds_to_the_cent(endpoint: Endpoint, tmp_path: Path, cap: str, bought: int) -> None:
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(cap)))
    for _ in range(bought):
        buy(clients, 2)
    with pytest.raises(NotFree, match=r"this month's cap of .* is reached"):
        buy(clients, 2)
    assert counted(clients) == {("GetMetricData", "other"): (bought, 2 * bought, Decimal("0.00002") * bought)}
    assert clients.meter.money_left().amount.amount == Decimal(cap) - Decimal("0.00002") * bought
    clients.close()


def test_a_new_month_has_a_new_cap(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = Ticking(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal("0.00001")), clock=clock)
    buy(clients, 1)
    with pytest.raises(NotFree):
        buy(clients, 1)
    clock.now += timedelta(seconds=1)
    buy(clients, 1)
    clients.close()


def test_a_service_without_a_price_is_not_called_unasked(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(100)))
    with pytest.raises(NotFree, match="the price book has no price for s3:ListBuckets"):
        clients.client(clients.scopes()[0], "s3").list_buckets()
    clients.close()


def test_the_free_million_is_counted_down_across_restarts(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path)
    account = clients.scopes()[0].account
    clients.client(clients.scopes()[0], "cloudwatch").describe_alarms()
    assert clients.meter.free_requests_left(account) == FREE_CLOUDWATCH_REQUESTS - 1
    clients.close()
    again = clients_of(endpoint, tmp_path)
    assert again.meter.free_requests_left(account) == FREE_CLOUDWATCH_REQUESTS - 1
    again.close()


def test_beyond_the_free_million_a_request_costs_and_is_refused(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path)
    account = clients.scopes()[0].account
    ledger = Ledger(clients.settings.data_dir)
    ledger.append([Entry(NOW, "cloudwatch", "X", account, "", "", 1, FREE_CLOUDWATCH_REQUESTS, ZERO)])
    ledger.close()
    with pytest.raises(NotFree):
        clients.client(clients.scopes()[0], "cloudwatch").describe_alarms()
    clients.close()


@pytest.mark.parametrize(
    ("day", "used", "stretch"),
    [
        (1, 0, 1.0),
        (1, PACE_BURST, 1.0),
        (1, PACE_BURST + 1, 1.0002),
        (1, PACE_BURST + 5_000, 2.0),
        (16, 450_000, 1.0),
        (16, 450_000 + PACE_BURST, 1.0),
        (16, 450_000 + PACE_BURST + 10_000, 3.0),
    ],
)
def test_reads_are_spaced_out_when_the_month_would_outlast_the_allowance(
    endpoint: Endpoint, tmp_path: Path, day: int, used: int, stretch: float
) -> None:
    clock = Ticking(datetime(2026, 11, day, tzinfo=UTC))
    clients = clients_of(endpoint, tmp_path, clock=clock)
    ledger = Ledger(clients.settings.data_dir)
    ledger.append([Entry(clock.now, "cloudwatch", "X", "111111111111", "", "", 1, used, ZERO)])
    ledger.close()
    assert clients.meter.stretch("111111111111") == pytest.approx(stretch)
    clients.close()


def test_a_wall_that_hangs_there_all_month_stays_inside_the_free_million(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = Ticking(datetime(2026, 11, 1, tzinfo=UTC))
    clients = clients_of(endpoint, tmp_path, clock=clock)
    used = 0
    while clock.now.month == 11:
        clients.meter._used["111111111111"] = used
        used += 45 * 10  # 45 calls a minute would be 1.94 million a month
        clock.now += timedelta(minutes=10) * clients.meter.stretch("111111111111")
    assert 800_000 < used < FREE_CLOUDWATCH_REQUESTS
    clients.close()


def test_the_cap_of_a_day_holds_beside_the_months(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = Ticking(datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC))
    clients = clients_of(
        endpoint, tmp_path, cap=Money(Decimal("0.00005")), a_day=Money(Decimal("0.00002")), clock=clock
    )
    buy(clients, 2)
    assert str(clients.meter.money_left()) == "today's cap of $0.00002 leaves $0.00 until 30 November, 00:00 UTC"
    with pytest.raises(
        NotFree, match=r"today's cap of \$0.00002 .* is reached; it opens again on 30 November, 00:00 UTC"
    ):
        buy(clients, 1)
    with pytest.raises(NotFree, match=r"it costs \$0.00003 and the daily cap on our own calls is \$0.00002"):
        buy(clients, 3)
    clock.now += timedelta(seconds=1)
    buy(clients, 2)
    clock.now += timedelta(hours=23, minutes=59)
    assert clients.meter.money_left().limit.kind == "daily"
    with pytest.raises(NotFree, match="today's cap"):
        buy(clients, 1)
    clock.now += timedelta(minutes=1)  # December: both caps are new
    assert clients.meter.money_left().amount == Money(Decimal("0.00002"))
    clients.close()


def test_the_months_cap_is_named_when_both_are_reached(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal("0.00003")), a_day=Money(Decimal("0.00002")))
    ledger = Ledger(clients.settings.data_dir)
    yesterday = NOW - timedelta(days=1)
    ledger.append([Entry(yesterday, "cloudwatch", "X", "1", "", "", 1, 1, Money(Decimal("0.00001")))])
    ledger.close()
    buy(clients, 2)
    with pytest.raises(NotFree, match=r"this month's cap of .* it opens again on 1 December, 00:00 UTC"):
        buy(clients, 1)
    clients.close()


def test_the_cap_of_a_day_holds_over_a_restart(endpoint: Endpoint, tmp_path: Path) -> None:
    for bought in (1, 2):
        clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(1)), a_day=Money(Decimal("0.00002")))
        buy(clients, 1)
        assert len(endpoint.asked) == bought
        clients.close()
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(1)), a_day=Money(Decimal("0.00002")))
    with pytest.raises(NotFree):
        buy(clients, 1)
    clients.close()


def race(place: str, caps: Caps, bought: Any) -> None:
    ledger = Ledger(heard(place))
    entry = Entry(NOW, "cloudwatch", "GetMetricData", "1", "", "", 1, 1, Money(Decimal("0.00001")))
    for _ in range(25):
        if ledger.append_within(entry, caps=caps) is None:
            with bought.get_lock():
                bought.value += 1
    ledger.close()


MILL = Money(Decimal("0.001"))


@pytest.mark.parametrize(
    "caps", [Caps(MILL), Caps(Money(Decimal(1)), MILL), Caps(MILL, Money(Decimal(1)))], ids=["month", "day", "both"]
)
def test_eight_processes_never_pass_a_cap_together(place: Place, caps: Caps) -> None:
    context = multiprocessing.get_context("spawn")
    bought = context.Value("i", 0)
    racers = [context.Process(target=race, args=(told(place), caps, bought)) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert bought.value == 100
    ledger = Ledger(place)
    assert ledger.spent(month_of(NOW)) == ledger.spent(day_of(NOW)) == MILL
    ledger.close()


# -- prices -----------------------------------------------------------------------------------------------------------


def stat(statistic: str, metric: str = "m") -> dict[str, Any]:
    return {"MetricStat": {"Metric": {**METRIC, "MetricName": metric}, "Stat": statistic, "Period": 60}}


@pytest.mark.parametrize(
    ("queries", "billed"),
    [
        ([], 0),
        ([stat("Sum")], 1),
        ([stat("Sum"), stat("Average"), stat("Minimum"), stat("Maximum"), stat("p99")], 1),
        ([stat("Sum"), stat("Average"), stat("Minimum"), stat("Maximum"), stat("p99"), stat("p50")], 2),
        ([stat("Sum", "a"), stat("Sum", "b")], 2),
        ([{"Expression": "SUM(METRICS())"}, stat("Sum")], 2),
    ],
)
def test_five_statistics_of_a_metric_are_billed_once(queries: list[dict[str, Any]], billed: int) -> None:
    assert metrics_requested(queries) == billed


@pytest.mark.parametrize(
    ("used", "cents"),
    [(0, "0"), (FREE_CLOUDWATCH_REQUESTS - 1, "0"), (FREE_CLOUDWATCH_REQUESTS, "0.00001")],
)
def test_the_first_million_requests_are_free(used: int, cents: str) -> None:
    assert PriceBook().cost("cloudwatch", "GetMetricStatistics", 1, used=used) == Money(Decimal(cents))


def test_prices_say_where_they_are_from_and_can_be_replaced() -> None:
    book = PriceBook()
    for service, operation in (
        ("cloudwatch", "GetMetricData"),
        ("ce", "GetCostAndUsage"),
        ("ec2", "DescribeInstances"),
    ):
        price = book.price(service, operation)
        assert price is not None
        assert price.source.startswith("https://aws.amazon.com/")
    own = Price("request", Money(Decimal(1)), "contract")
    assert PriceBook({("ec2", "DescribeInstances"): own}).cost("ec2", "DescribeInstances", 2, used=0) == Money(
        Decimal(2)
    )
    assert book.cost("ce", "GetCostAndUsage", 1, used=0) == Money(Decimal("0.01"))


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-23T10:00:00+00:00", "2026-11-01", "2026-12-01"),
        ("2026-12-31T23:59:59+00:00", "2026-12-01", "2027-01-01"),
        ("2027-01-01T00:30:00+01:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_a_month_is_a_month_in_utc(at: str, start: str, end: str) -> None:
    instants = (datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in (start, end))
    assert month_of(datetime.fromisoformat(at)) == Timespan(*instants)
