"""The ledger is the endpoint's own count: over a session of reads, with retries and failures, over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloud.caps import Caps, month_of
from cloud.clients import Clients
from cloud.database import Place
from cloud.metering import Meter, feature
from cloud.settings import Settings
from collectors.query import MetricQuery
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import FaultKind, Scope
from core.series import MetricId
from core.timespan import Timespan
from tests.wire.clouds import AT, Cloud
from tests.wire.failing import failing_proxy

pytestmark = pytest.mark.wire

PROD = Scope("111111111111", "us-east-1")


class Ticking:
    """The clock of our own processes in these tests."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def watching(
    port: int, data_dir: Path, clock: Ticking, *, cap: Money = ZERO, place: Place | None = None
) -> Iterator[CloudSources]:
    """Read as one of our processes does, from the endpoint at `port`."""
    settings = Settings(cloud="demo", demo_port=port, data_dir=data_dir)
    clients = Clients(settings, Meter(place or settings.place, clock=clock, caps=Caps(cap)))
    store = Store(place or settings.place)
    try:
        yield CloudSources(clients, store)
    finally:
        clients.close()
        store.close()


@pytest.fixture
def counting(cloud: Cloud) -> Cloud:
    """The cloud that only stands there, counting from nothing."""
    cloud.post("/_demo/calls")
    return cloud


def port_of(cloud: Cloud) -> int:
    return urlsplit(cloud.url).port or 0


def ours(sources: CloudSources) -> dict[str, int]:
    """Calls by operation, as the ledger has them."""
    counted: dict[str, int] = {}
    for total in sources.clients.meter.totals(month_of(AT)):
        counted[total.operation] = counted.get(total.operation, 0) + total.calls
    return counted


def theirs(cloud: Cloud) -> dict[str, int]:
    """Calls by operation, as the endpoint counted them."""
    counted: dict[str, int] = {}
    for operations in cloud.get("/_demo/calls").values():
        for operation, calls in operations.items():
            counted[operation] = counted.get(operation, 0) + calls
    return counted


def session_of_reads(sources: CloudSources, clock: Ticking, *, minutes: int = 5) -> None:
    """What a wall, an explorer and the collector ask in some minutes."""
    metrics = sources.known_metrics(PROD, now=clock.now).value[:15]
    for _ in range(minutes):
        with feature("collector"):
            sources.poll(PROD, now=clock.now)
        for page, statistic, hours in (("wall", "Average", 1), ("explorer", "p99", 30)):
            span = Timespan.last(timedelta(hours=hours), now=clock.now)
            with feature(page):
                sources.metrics([MetricQuery(PROD, metric, statistic, 60, span) for metric in metrics], now=clock.now)
        clock.now += timedelta(minutes=1)


def test_a_session_of_reads_over_two_processes_and_a_restart(counting: Cloud, tmp_path: Path, place: Place) -> None:
    clock, port = Ticking(), port_of(counting)
    here, there = (watching(port, tmp_path, clock, place=place) for _ in range(2))
    with here as first, there as second:
        session_of_reads(first, clock)
        session_of_reads(second, clock)
    with watching(port, tmp_path, clock, place=place) as again:
        session_of_reads(again, clock)
        assert ours(again) == theirs(counting)
        assert again.clients.meter.spent_this_month() == ZERO
        features = {total.feature for total in again.clients.meter.totals(month_of(AT))}
        assert {"wall", "explorer", "collector"} <= features


@pytest.mark.parametrize("failure", ["throttle", "break"])
def test_retries_and_failures_are_counted_as_they_arrive(counting: Cloud, tmp_path: Path, failure: str) -> None:
    clock = Ticking()
    with failing_proxy(counting.url) as proxy, watching(proxy.port, tmp_path, clock) as sources:
        metrics = sources.known_metrics(PROD, now=AT).value[:6]
        span = Timespan.last(timedelta(hours=1), now=AT)
        proxy.plan = [failure, None, failure, failure, failure, failure, None]  # type: ignore[list-item]
        for metric in metrics:
            sources.metrics([MetricQuery(PROD, metric, "Average", 60, span)], now=AT)
        assert ours(sources) == dict(proxy.arrived)
        assert proxy.failed == 5
        through = {name: calls for name, calls in proxy.arrived.items() if name != "GetMetricStatistics"}
        through["GetMetricStatistics"] = proxy.arrived["GetMetricStatistics"] - proxy.failed
        assert through == theirs(counting)


def test_a_read_that_failed_thrice_is_a_fault_and_three_calls(counting: Cloud, tmp_path: Path) -> None:
    clock = Ticking()
    with failing_proxy(counting.url) as proxy, watching(proxy.port, tmp_path, clock) as sources:
        metric = sources.known_metrics(PROD, now=AT).value[0]
        proxy.plan = ["break"] * 3
        span = Timespan.last(timedelta(hours=1), now=AT)
        reading = sources.metrics([MetricQuery(PROD, metric, "Average", 60, span)], now=AT)
        assert [fault.kind for fault in reading.faults] == [FaultKind.SERVICE_FAILURE]
        assert ours(sources)["GetMetricStatistics"] == proxy.arrived["GetMetricStatistics"] == 3


def test_an_answer_that_is_cut_off_was_a_call(counting: Cloud, tmp_path: Path) -> None:
    clock = Ticking()
    with failing_proxy(counting.url) as proxy, watching(proxy.port, tmp_path, clock) as sources:
        metric = sources.known_metrics(PROD, now=AT).value[0]
        proxy.plan = ["hang up", "hang up"]
        span = Timespan.last(timedelta(hours=1), now=AT)
        assert sources.metrics([MetricQuery(PROD, metric, "Average", 60, span)], now=AT).complete
        assert ours(sources) == dict(proxy.arrived)


def test_a_paid_call_is_paid_each_time_it_leaves(counting: Cloud, tmp_path: Path) -> None:
    clock = Ticking()
    cap = Money(Decimal("0.00004"))
    with failing_proxy(counting.url) as proxy, watching(proxy.port, tmp_path, clock, cap=cap) as sources:
        metric = sources.known_metrics(PROD, now=AT).value[0]

        def read(minutes: int) -> list[FaultKind]:
            span = Timespan.last(timedelta(minutes=minutes), now=AT)
            query = MetricQuery(PROD, metric, "tm90", 60, span)
            return [fault.kind for fault in sources.metrics([query], now=AT).faults]

        proxy.plan = ["throttle", None]
        assert read(10) == []
        assert sources.clients.meter.spent_this_month() == Money(Decimal("0.00002"))
        proxy.plan = ["throttle"] * 3
        clock.now = AT + timedelta(minutes=2)
        assert read(60)  # two attempts fit under the cap, the third is not made
        assert sources.clients.meter.spent_this_month() == cap
        assert ours(sources)["GetMetricData"] == proxy.arrived["GetMetricData"] == 4
        assert read(90) == [FaultKind.NOT_FREE]
        assert proxy.arrived["GetMetricData"] == 4


def test_what_the_cap_keeps_off_is_in_the_statement_and_not_at_the_endpoint(counting: Cloud, tmp_path: Path) -> None:
    clock = Ticking()
    with watching(port_of(counting), tmp_path, clock) as sources:
        metric: MetricId = sources.known_metrics(PROD, now=AT).value[0]
        span = Timespan.last(timedelta(hours=1), now=AT)
        queries = [MetricQuery(PROD, metric, name, 60, span) for name in ("tm90", "IQM", "Average")]
        with feature("explorer"):
            for _ in range(3):
                assert not sources.metrics(queries, now=AT).complete
        ((refusal, times),) = sources.clients.meter.statement().refusals
        assert (refusal.feature, refusal.units, refusal.cost, refusal.every, times) == (
            *("explorer", 1, Money(Decimal("0.00001"))),
            *(60, 1),
        )
        assert refusal.what.endswith(": IQM, tm90")
        assert "GetMetricData" not in theirs(counting)
        assert ours(sources) == theirs(counting)
