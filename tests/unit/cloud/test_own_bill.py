"""Our own bill: what is refused, watched, scanned and projected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import statement
from cloud.caps import month_of
from cloud.clients import Clients
from cloud.faults import NotFree
from cloud.ledger import Entry, Ledger, Refusal
from cloud.metering import feature
from cloud.pricing import METRICS_OF_A_QUERY, METRICS_OF_A_SEARCH, PriceBook, metrics_requested
from cloud.scans import expecting
from core.money import ZERO, Money
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of, serving

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GB = 10**9
PROD = "111111111111"


def dollars(text: str) -> Money:
    return Money(Decimal(text))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        endpoint.answers["DescribeAlarms"] = lambda _: {}
        endpoint.answers["StartQuery"] = lambda _: {"queryId": "q-1"}
        endpoint.answers["GetCostAndUsage"] = lambda _: {"ResultsByTime": []}
        yield endpoint


@pytest.fixture
def clock() -> Ticking:
    return Ticking(NOW)


def spending(endpoint: Endpoint, tmp_path: Path, cap: str, clock: Ticking) -> Clients:
    return clients_of(endpoint, tmp_path, cap=dollars(cap), clock=clock)


def book(clients: Clients, *entries: Entry) -> None:
    ledger = Ledger(clients.settings.data_dir)
    ledger.append(entries)
    ledger.close()


def called(at: datetime, calls: int, *, cost: str = "0", feature_name: str = "wall") -> Entry:
    operation = "GetMetricStatistics" if cost == "0" else "GetMetricData"
    return Entry(at, "cloudwatch", operation, PROD, "us-east-1", feature_name, calls, calls, dollars(cost))


# -- Logs Insights: bytes scanned -------------------------------------------------------------------------------------


def ask_logs(clients: Clients, *, at_most: int) -> Any:
    logs = clients.client(clients.scopes()[0], "logs")
    with expecting(at_most):
        return logs.start_query(logGroupName="web", startTime=0, endTime=1, queryString="fields @message")


def logs_cost(clients: Clients) -> tuple[int, int, Decimal]:
    totals = [each for each in clients.meter.totals(month_of(NOW)) if each.operation == "StartQuery"]
    return sum(t.calls for t in totals), sum(t.units for t in totals), statement.total_cost(tuple(totals)).amount


def test_a_query_is_bought_at_the_most_it_may_scan_and_settled_at_what_it_did(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = spending(endpoint, tmp_path, "1", clock)
    ask_logs(clients, at_most=10 * GB)
    assert logs_cost(clients) == (1, 10 * GB, Decimal("0.05"))

    running: dict[str, Any] = {"status": "Running", "statistics": {"bytesScanned": 1e9}}
    ended = {"status": "Complete", "statistics": {"bytesScanned": 3e9}}
    logs = clients.client(clients.scopes()[0], "logs")
    endpoint.answers["GetQueryResults"] = lambda _: running
    logs.get_query_results(queryId="q-1")
    assert logs_cost(clients)[1:] == (10 * GB, Decimal("0.05"))
    endpoint.answers["GetQueryResults"] = lambda _: ended
    logs.get_query_results(queryId="q-1")
    assert logs_cost(clients) == (1, 3 * GB, Decimal("0.015"))
    logs.get_query_results(queryId="q-1")  # read again: settled once
    assert logs_cost(clients) == (1, 3 * GB, Decimal("0.015"))
    clients.close()


def test_what_a_query_did_not_scan_is_given_back_to_the_day_it_was_bought_on(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = clients_of(endpoint, tmp_path, cap=dollars("1"), a_day=dollars("0.05"), clock=clock)
    ask_logs(clients, at_most=10 * GB)
    clock.now += timedelta(days=1)
    endpoint.answers["GetQueryResults"] = lambda _: {"status": "Complete", "statistics": {"bytesScanned": 3e9}}
    clients.client(clients.scopes()[0], "logs").get_query_results(queryId="q-1")
    assert clients.meter.money_left().amount == dollars("0.05")  # the new day has its cap, and no more
    assert clients.meter.spent_this_month() == dollars("0.015")
    clients.close()


def test_a_query_that_scanned_more_than_expected_is_booked_in_full(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = spending(endpoint, tmp_path, "0.01", clock)
    ask_logs(clients, at_most=GB)
    endpoint.answers["GetQueryResults"] = lambda _: {"status": "Complete", "statistics": {"bytesScanned": 4e9}}
    clients.client(clients.scopes()[0], "logs").get_query_results(queryId="q-1")
    assert logs_cost(clients) == (1, 4 * GB, Decimal("0.02"))
    assert clients.meter.statement().left == ZERO
    clients.close()


def test_a_query_that_aws_did_not_start_costs_nothing(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> None:
    endpoint.answers["StartQuery"] = lambda _: (400, {"__type": "MalformedQueryException"})
    clients = spending(endpoint, tmp_path, "1", clock)
    with pytest.raises(ClientError):
        ask_logs(clients, at_most=10 * GB)
    assert logs_cost(clients) == (1, 0, Decimal(0))
    clients.close()


@pytest.mark.parametrize(("at_most", "starts"), [(2 * GB, True), (2 * GB + 1000, False)])
def test_a_query_that_might_pass_the_cap_is_not_started(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking, *, at_most: int, starts: bool
) -> None:
    clients = spending(endpoint, tmp_path, "0.01", clock)
    if starts:
        ask_logs(clients, at_most=at_most)
    else:
        with pytest.raises(NotFree, match="it costs"):
            ask_logs(clients, at_most=at_most)
    assert len(endpoint.asked) == int(starts)
    clients.close()


def test_a_query_whose_caller_does_not_say_how_much_is_not_started(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = spending(endpoint, tmp_path, "1", clock)
    with pytest.raises(NotFree, match=r"billed by byte scanned; say with scans\.expecting"):
        clients.client(clients.scopes()[0], "logs").start_query(
            logGroupName="web", startTime=0, endTime=1, queryString="fields @message"
        )
    with pytest.raises(ValueError, match="at least 0"), expecting(-1):
        pass
    clients.close()


# -- the other units --------------------------------------------------------------------------------------------------


def test_every_page_of_cost_explorer_is_a_request(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> None:
    clients = spending(endpoint, tmp_path, "0.02", clock)
    cost_explorer = clients.client(clients.scopes()[0], "ce")
    endpoint.answers["GetCostAndUsage"] = lambda _: {"ResultsByTime": [], "NextPageToken": "more"}
    period = {"Start": "2026-11-01", "End": "2026-11-02"}
    page = {"TimePeriod": period, "Granularity": "DAILY", "Metrics": ["UnblendedCost"]}
    cost_explorer.get_cost_and_usage(**page)
    cost_explorer.get_cost_and_usage(**page, NextPageToken="more")
    with pytest.raises(NotFree, match=r"cap of \$0\.02"):
        cost_explorer.get_cost_and_usage(**page, NextPageToken="more")
    assert clients.meter.spent_this_month() == dollars("0.02")
    clients.close()


@pytest.mark.parametrize(
    ("expression", "billed"),
    [
        ("m1 + m2", 1),
        ("SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average')", METRICS_OF_A_SEARCH),
        ("SUM(search ('x','Sum')) / AVG(SEARCH('y','Sum'))", 2 * METRICS_OF_A_SEARCH),
        (' select AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)', METRICS_OF_A_QUERY),
        ("RESEARCH(m1)", 1),
    ],
)
def test_what_an_expression_finds_is_billed_so_the_most_it_can_find_counts(expression: str, billed: int) -> None:
    assert metrics_requested([{"Id": "e", "Expression": expression}]) == billed


def test_every_price_says_where_it_is_from_and_when_it_was_read() -> None:
    book = PriceBook()
    for service, operation, each in (
        ("cloudwatch", "GetMetricData", "0.00001"),
        ("cloudwatch", "GetMetricStatistics", "0.00001"),
        ("cloudwatch", "GetMetricWidgetImage", "0.00002"),
        ("cloudwatch", "GetInsightRuleReport", "0.00001"),
        ("ce", "GetCostForecast", "0.01"),
        ("logs", "StartQuery", "0.000000000005"),
        ("logs", "GetQueryResults", "0"),
    ):
        price = book.price(service, operation)
        assert price is not None
        assert price.each == dollars(each)
        assert price.source.startswith("https://aws.amazon.com/")
        assert price.read_on.isoformat() >= "2026-11-01"


# -- what is refused and watched --------------------------------------------------------------------------------------


def test_a_call_refused_at_the_cap_is_noted(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> None:
    clients = clients_of(endpoint, tmp_path, clock=clock)
    with feature("costs"), pytest.raises(NotFree):
        clients.client(clients.scopes()[0], "ce").get_cost_forecast(
            TimePeriod={"Start": "2026-11-01", "End": "2026-11-02"}, Metric="UNBLENDED_COST", Granularity="DAILY"
        )
    ((refusal, times),) = clients.meter.statement().refusals
    assert (refusal.what, refusal.feature, refusal.cost, times) == ("ce:GetCostForecast", "costs", dollars("0.01"), 1)
    clients.close()


def test_the_same_panel_is_refused_once_in_the_time_it_would_be_read(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = clients_of(endpoint, tmp_path, clock=clock)
    for second in (0, 5, 59, 60, 119, 120):
        clock.now = NOW + timedelta(seconds=second)
        for what in ("a: tm90", "b: tm90"):
            refusal = Refusal(
                clock.now, "cloudwatch", "GetMetricData", PROD, "us-east-1", "wall", what, 1, dollars("0.00001"), 60
            )
            clients.meter.refuse(refusal)
    assert [(each.what, times) for each, times in clients.meter.statement().refusals] == [
        ("a: tm90", 3),
        ("b: tm90", 3),
    ]
    clients.close()


def test_viewer_minutes_count_a_viewer_once_a_minute_however_many_pages(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking
) -> None:
    clients = clients_of(endpoint, tmp_path, clock=clock)
    for second in (0, 30, 59, 60):
        clock.now = NOW + timedelta(seconds=second)
        clients.meter.watched("alice", "wall")
        clients.meter.watched("alice", "explorer")
    clients.meter.watched("bob", "wall")
    clients.meter.flush()
    clients.meter.watched("bob", "wall")
    assert clients.meter.statement().viewer_minutes == 3
    clients.close()


# -- the statement ----------------------------------------------------------------------------------------------------


def test_today_this_month_and_hours_are_those_of_utc(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> None:
    clients = clients_of(endpoint, tmp_path, clock=clock)
    midnight = NOW.replace(hour=0)
    book(
        clients,
        called(datetime(2026, 10, 31, 23, 59, tzinfo=UTC), 1_000),
        called(datetime(2026, 11, 1, tzinfo=UTC), 1),
        called(midnight - timedelta(minutes=1), 10),
        called(midnight, 100),
        called(NOW, 100),
    )
    found = clients.meter.statement()
    assert statement.total_calls(found.of_month) == 211
    assert statement.total_calls(found.of_today) == 200
    assert [(hour.at.hour, hour.total.calls) for hour in found.hours] == [(23, 10), (0, 100), (10, 100)]
    assert statement.free_used(found.of_month) == {PROD: 211}
    clients.close()


def test_a_statement_read_again_has_what_was_added_meanwhile_and_nothing_twice(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    clock = Ticking(datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    clients = spending(endpoint, tmp_path, "1", clock)
    book(clients, called(clock.now - timedelta(days=3), 5), called(clock.now, 7))
    assert statement.total_calls(clients.meter.statement().of_month) == 12
    assert statement.total_calls(clients.meter.statement().of_month) == 12
    book(clients, called(clock.now - timedelta(days=3), 10), called(clock.now, 1, cost="0.01"))  # a late writer too
    found = clients.meter.statement()
    assert (statement.total_calls(found.of_month), found.spent) == (23, dollars("0.01"))
    clock.now += timedelta(hours=1)  # December
    found = clients.meter.statement()
    assert (statement.total_calls(found.of_month), found.spent) == (0, ZERO)
    assert statement.total_calls(found.lately) == 8  # the last day goes on over the month's end
    clients.close()


@pytest.mark.parametrize(("minutes", "projects"), [(59, False), (60, True), (61, True)])
def test_a_projection_waits_until_an_hour_is_known(
    endpoint: Endpoint, tmp_path: Path, clock: Ticking, *, minutes: int, projects: bool
) -> None:
    clients = clients_of(endpoint, tmp_path, clock=clock)
    book(clients, called(NOW - timedelta(minutes=minutes), 60))
    assert (statement.project(clients.meter.statement()) is not None) is projects
    clients.close()


def test_the_month_goes_on_as_the_last_24_hours_went(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = Ticking(datetime(2026, 11, 29, tzinfo=UTC))  # two days are left
    clients = spending(endpoint, tmp_path, "5", clock)
    book(
        clients,
        called(clock.now - timedelta(days=9), 5_000, cost="0.05"),
        called(clock.now - timedelta(hours=20), 300, cost="0.003"),
        called(clock.now - timedelta(hours=1), 700),
    )
    found = statement.project(clients.meter.statement())
    assert found is not None
    assert (found.calls, found.cost, found.is_capped) == (6_000 + 2 * 1_000, dollars("0.059"), False)
    assert found.free_used == {PROD: 700 + 2 * 700}
    clients.close()


def test_no_projection_passes_the_cap_or_the_free_million(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = Ticking(datetime(2026, 11, 11, tzinfo=UTC))
    clients = spending(endpoint, tmp_path, "0.01", clock)
    at = clock.now - timedelta(hours=24)
    book(clients, called(at, 100_000), called(at, 500, cost="0.005"))
    found = statement.project(clients.meter.statement())
    assert found is not None
    assert (found.cost, found.is_capped) == (dollars("0.01"), True)
    assert found.free_used == {PROD: 1_000_000}
    clients.close()


def test_an_older_ledger_learns_the_new_tables(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    ledger = Ledger(tmp_path)
    assert ledger.refusals(Timespan(NOW, NOW + timedelta(hours=1))) == ()
    assert ledger.began() is None
    ledger.close()
