"""Pinned series: kept in the store, read when due whether or not anybody looks, priced before they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.caps import month_of
from cloud.clients import Clients
from cloud.pricing import PriceBook
from collectors import pins
from collectors.history import History
from collectors.pins import FEATURE, MOST_PINS, Pin, PinReader, Pins
from collectors.store import Store
from core.reading import Scope
from core.series import MetricId
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.test_history import METRIC, NOW, World, minutes

MINUTE = timedelta(minutes=1)
OTHER = MetricId("AWS/EC2", "NetworkIn", METRIC.dimensions)


def pin(scope: Scope, metric: MetricId = METRIC, statistic: str = "Average", period: int = 60) -> Pin:
    return Pin(scope, metric, statistic, period, "ana", NOW)


@pytest.fixture
def scope(clients: Clients) -> Scope:
    return clients.scopes()[0]


@pytest.fixture
def reader(store: Store, clients: Clients, endpoint: Endpoint) -> PinReader:
    endpoint.answers["GetMetricStatistics"] = World()
    return PinReader(Pins(store), History(store, clients), refresh=MINUTE)


def asked(endpoint: Endpoint, since: int = 0) -> list[dict[str, Any]]:
    return endpoint.requests("GetMetricStatistics")[since:]


# -- in the store -----------------------------------------------------------------------------------------------------


def test_pins_outlive_the_process_and_are_told_oldest_first(store: Store, scope: Scope) -> None:
    first, second = pin(scope), replace(pin(scope, statistic="p99"), at=NOW + MINUTE)
    Pins(store).add(second)
    Pins(store).add(first)
    assert Pins(store).every([scope, scope]) == (first, second)
    assert Pins(store).every([Scope(scope.account, "eu-north-1")]) == ()


def test_a_pin_that_is_taken_off_is_gone_and_can_come_back(store: Store, scope: Scope) -> None:
    kept = Pins(store)
    kept.add(pin(scope))
    kept.remove(pin(scope), at=NOW)
    assert kept.every([scope]) == ()
    kept.add(replace(pin(scope), at=NOW + MINUTE, by="bo"))
    assert [each.by for each in kept.every([scope])] == ["bo"]


def test_a_race_for_the_last_place_never_makes_more_than_the_limit(store: Store, scope: Scope) -> None:
    for number in range(MOST_PINS + 3):
        Pins(store).add(replace(pin(scope, period=60 * (number + 1)), at=NOW + number * MINUTE))
    assert [each.period // 60 for each in Pins(store).every([scope])] == list(range(1, MOST_PINS + 1))


# -- the price --------------------------------------------------------------------------------------------------------


def planned(new: Pin, *among: Pin, refresh: timedelta = MINUTE) -> pins.PinPlan:
    return pins.plan(new, among, refresh=refresh, prices=PriceBook())


def test_the_price_is_a_call_a_minute_of_the_free_million(scope: Scope) -> None:
    found = planned(pin(scope))
    assert (found.calls, found.first_calls, str(found.cost)) == (43_200, 15, "$0.00")
    assert found.text == (
        "43,200 calls a month for $0.00, inside the account's free requests; first 15 for the past that AWS still has"
    )
    assert found.room.allowed


def test_a_coarser_series_is_read_once_a_period(scope: Scope) -> None:
    assert planned(pin(scope, period=300)).calls == 8_640


def test_a_second_statistic_of_a_pinned_metric_comes_with_its_calls(scope: Scope) -> None:
    beside = planned(pin(scope, statistic="Maximum"), pin(scope))
    assert (beside.calls, str(beside.cost)) == (0, "$0.00")
    assert beside.text.startswith("no further call, with those of another statistic, for $0.00")
    assert planned(pin(scope, statistic="p99"), pin(scope)).calls == 43_200
    assert planned(pin(scope, statistic="Maximum", period=300), pin(scope)).calls == 8_640


def test_a_statistic_that_only_the_paid_call_gives_costs_money(scope: Scope) -> None:
    found = planned(pin(scope, statistic="tm99"))
    assert str(found.cost) == "$0.43"
    assert "where the cap allows it" in found.text


def test_beyond_the_free_million_a_pin_costs_money(scope: Scope) -> None:
    others = [pin(scope, MetricId("Own", f"m{number}"), period=10) for number in range(4)]
    found = planned(pin(scope), *others, refresh=timedelta(seconds=10))
    assert found.cost.amount > 0


def test_the_last_place_and_a_second_pin_of_the_same_are_refused_with_a_reason(scope: Scope) -> None:
    full = [pin(scope, period=60 * number) for number in range(2, MOST_PINS + 2)]
    assert planned(pin(scope), *full[1:]).room.allowed
    assert "unpin one first" in planned(pin(scope), *full).room.reason
    assert planned(full[0], *full).room.reason == "It is pinned already."
    elsewhere = pin(Scope("999999999999", scope.region))
    assert planned(elsewhere, *full).room.allowed, "another account has a free million of its own"


def test_all_places_of_an_account_stay_inside_its_free_million(scope: Scope) -> None:
    metrics = [MetricId("Own", f"m{number}") for number in range(MOST_PINS)]
    full = [pin(scope, metric) for metric in metrics]
    assert sum(planned(each, *full).calls for each in full) <= 900_000
    assert all(str(planned(each, *full).cost) == "$0.00" for each in full)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_new_pin_brings_all_that_aws_still_has_then_a_call_a_minute(
    reader: PinReader, store: Store, clients: Clients, scope: Scope, endpoint: Endpoint
) -> None:
    Pins(store).add(pin(scope))
    assert reader.read([scope], now=NOW) == ()
    assert len(asked(endpoint)) == 15
    assert min(request["StartTime"] for request in asked(endpoint)) == (NOW - timedelta(days=15)).timestamp()
    for second in range(0, 301, 5):
        reader.read([scope], now=NOW + timedelta(seconds=second))
    assert len(asked(endpoint, 15)) == 5
    assert all(request["EndTime"] - request["StartTime"] <= 16 * 60 for request in asked(endpoint, 15))


def test_nobody_who_looks_buys_again_what_a_pin_brought(
    reader: PinReader, store: Store, clients: Clients, scope: Scope, endpoint: Endpoint
) -> None:
    Pins(store).add(pin(scope))
    reader.read([scope], now=NOW)
    before = len(asked(endpoint))
    series = History(store, clients).read([minutes(600, clients=clients)], NOW).value
    assert len(asked(endpoint)) == before
    assert all(len(each) > 500 for each in series.values())


def test_statistics_of_one_metric_share_its_call(
    reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint
) -> None:
    for statistic in ("Average", "Maximum"):
        Pins(store).add(pin(scope, statistic=statistic))
    reader.read([scope], now=NOW)
    assert {tuple(request["Statistics"]) for request in asked(endpoint)} == {("Average", "Maximum")}


def test_after_a_pause_the_gap_is_filled(reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint) -> None:
    Pins(store).add(pin(scope))
    reader.read([scope], now=NOW)
    before = len(asked(endpoint))
    later = NOW + timedelta(days=2)
    reader.read([scope], now=later)
    starts = [request["StartTime"] for request in asked(endpoint, before)]
    assert min(starts) <= NOW.timestamp()
    assert len(starts) == 3


def test_a_clock_that_was_set_back_keeps_no_pin_waiting(
    reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint
) -> None:
    Pins(store).add(pin(scope))
    reader.read([scope], now=NOW)
    before = len(asked(endpoint))
    for minute in range(3):
        assert reader.read([scope], now=NOW - timedelta(hours=5) + minute * MINUTE) == ()
    assert len(asked(endpoint, before)) <= 3
    assert reader.read([scope], now=NOW + MINUTE) == ()


def test_what_aws_refuses_is_a_fault_that_stays_said_and_the_others_are_read(
    reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint
) -> None:
    world = World()

    def answer(request: Mapping[str, Any]) -> Any:
        return (403, {"__type": "AccessDenied"}) if request["MetricName"] == OTHER.name else world(request)

    endpoint.answers["GetMetricStatistics"] = answer
    Pins(store).add(pin(scope, OTHER))
    Pins(store).add(pin(scope))
    faults = reader.read([scope], now=NOW)
    assert [fault.what for fault in faults] == ["cloudwatch:GetMetricStatistics"]
    assert reader.read([scope], now=NOW + timedelta(seconds=5)) == faults
    read = [request for request in asked(endpoint) if request["MetricName"] == METRIC.name]
    assert len(read) == 15
    Pins(store).remove(pin(scope, OTHER), at=NOW + timedelta(seconds=5))
    assert reader.read([scope], now=NOW + timedelta(seconds=10)) == ()


def test_what_would_cost_money_is_not_read_at_a_cap_of_zero(
    reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint
) -> None:
    Pins(store).add(pin(scope, statistic="tm99"))
    (fault,) = reader.read([scope], now=NOW)
    assert "monthly cap on our own calls is $0.00" in fault.message
    assert endpoint.asked == []


def test_the_ledger_books_it_to_pins(reader: PinReader, store: Store, clients: Clients, scope: Scope) -> None:
    Pins(store).add(pin(scope))
    reader.read([scope], now=NOW)
    totals = clients.meter.totals(month_of(NOW))
    assert {(total.operation, total.feature) for total in totals} == {("GetMetricStatistics", FEATURE)}


def test_pins_of_accounts_that_are_not_watched_wait(
    reader: PinReader, store: Store, scope: Scope, endpoint: Endpoint
) -> None:
    Pins(store).add(pin(Scope("999999999999", scope.region)))
    assert reader.read([scope], now=NOW) == ()
    assert endpoint.asked == []


def test_a_hostile_name_cannot_forge_a_line_of_the_list(scope: Scope) -> None:
    evil = pin(scope, MetricId("Own", "cpu\nforged line\x1b[2J\u202e"))
    text = pins.table([evil], names={}, refresh=MINUTE, prices=PriceBook())
    assert len(text.splitlines()) == 2
    assert "\\nforged line\\x1b[2J\\u202e" in text
