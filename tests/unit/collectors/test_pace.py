"""Paid reads are spaced out before any is refused; free ones beside them are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from cloud.ledger import Entry, Ledger
from cloud.pricing import FREE_CLOUDWATCH_REQUESTS
from collectors.history import History
from collectors.query import MetricQuery
from collectors.store import Store
from core.money import ZERO, Money
from core.series import MetricId
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
A_METRIC = Decimal("0.00001")


@pytest.fixture
def clock() -> Ticking:
    return Ticking(NOW)


@pytest.fixture
def day(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> Iterator[Clients]:
    """Clients that may buy 100 metrics a day."""
    endpoint.answers["GetMetricData"] = answered
    endpoint.answers["GetMetricStatistics"] = lambda _: {"Datapoints": []}
    clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(1)), a_day=Money(100 * A_METRIC), clock=clock)
    yield clients
    clients.close()


def answered(request: Mapping[str, Any]) -> dict[str, Any]:
    results = [
        {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": [], "Values": []}
        for query in request["MetricDataQueries"]
    ]
    return {"MetricDataResults": results}


def query(statistic: str, clients: Clients, now: datetime, *, name: str = "CPUUtilization") -> MetricQuery:
    return MetricQuery(clients.scopes()[0], MetricId("AWS/EC2", name), statistic, 60, Timespan.last(HOUR, now=now))


HOUR = timedelta(hours=1)


def test_a_wall_that_is_watched_all_day_lasts_the_day(
    endpoint: Endpoint, day: Clients, store: Store, clock: Ticking
) -> None:
    history = History(store, day)
    read_at: list[datetime] = []
    while clock.now < NOW + timedelta(days=1):
        before = len(endpoint.requests("GetMetricData"))
        found = history.read([query("tm90", day, clock.now), query("Average", day, clock.now)], clock.now)
        assert found.complete
        read_at += [clock.now] * (len(endpoint.requests("GetMetricData")) - before)
        clock.now += timedelta(minutes=2)
    assert 90 <= len(read_at) <= 100
    assert max(later - earlier for earlier, later in pairwise(read_at)) < timedelta(minutes=45)
    assert read_at[-1] > NOW + timedelta(hours=23)
    assert read_at[1] - read_at[0] <= timedelta(minutes=4)  # a short look is hardly slowed
    assert len(endpoint.requests("GetMetricStatistics")) == 720  # what is free keeps its rhythm


def test_the_pace_says_what_it_goes_by(day: Clients, store: Store, clock: Ticking) -> None:
    history, asked = History(store, day), [query("tm90", day, NOW), query("Average", day, NOW)]
    pace = history.pace(asked, NOW)
    assert (pace.seconds(asked[0]), pace.seconds(asked[1]), pace.is_closed) == (60, 60, False)
    book(day, NOW, cost=Money(50 * A_METRIC))
    pace = history.pace(asked, NOW)
    assert pace.a_read == Money(A_METRIC)
    assert pace.seconds(asked[0]) == pytest.approx(1440 * 60 / 50)
    assert pace.seconds(asked[1]) == 60
    assert str(pace.left) == "today's cap of $0.001 leaves $0.0005 until 24 November, 00:00 UTC"
    book(day, NOW, cost=Money(50 * A_METRIC))
    assert history.pace(asked, NOW).is_closed


def test_beyond_the_free_million_every_read_is_paced_by_money(day: Clients, store: Store, clock: Ticking) -> None:
    book(day, NOW, calls=FREE_CLOUDWATCH_REQUESTS, cost=ZERO)
    asked = [query(name, day, NOW, name=f"m{n}") for n in range(10) for name in ("Average", "p99")]
    pace = History(store, day).pace(asked, NOW)
    assert pace.a_read == Money(10 * A_METRIC)
    assert {pace.seconds(each) for each in asked} == {pace.refresh * pace.paid}


def test_at_a_cap_of_zero_nothing_is_paced_by_money(clients: Clients, store: Store) -> None:
    asked = [query("tm90", clients, NOW)]
    pace = History(store, clients).pace(asked, NOW)
    assert (pace.seconds(asked[0]), pace.left) == (60, None)


def book(clients: Clients, at: datetime, *, cost: Money, calls: int = 1) -> None:
    account = clients.scopes()[0].account
    ledger = Ledger(clients.settings.data_dir)
    ledger.append([Entry(at, "cloudwatch", "X", account, "", "", calls, calls, cost)])
    ledger.close()
