"""The ledger on both kinds of databases, and what happens to calls while it cannot be written."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import database, pending
from cloud.caps import Caps, month_of
from cloud.clients import Clients
from cloud.database import DatabaseDownError, Place
from cloud.faults import NotFree, fault_of
from cloud.ledger import LEDGER, Entry, Ledger, Refusal
from cloud.pending import Pending
from cloud.statement import Tally
from core.money import ZERO, Money
from core.reading import FaultKind, Scope
from core.timespan import Timespan
from tests import postgres
from tests.cable import Cable
from tests.places import new_prefix
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of, serving

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DAY = Timespan(NOW - timedelta(hours=12), NOW + timedelta(hours=12))
CENT = Money(Decimal("0.01"))
FREE = Entry(NOW, "cloudwatch", "DescribeAlarms", "1", "us-east-1", "wall", 2, 2, ZERO)
PAID = Entry(NOW, "ce", "GetCostAndUsage", "1", "us-east-1", "spend", 1, 1, CENT)
REFUSED = Refusal(NOW, "cloudwatch", "GetMetricData", "1", "us-east-1", "wall", "CPU: tm90", 1, CENT, 60)


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    made = Ledger(place)
    yield made
    made.close()


def test_sums_are_whole_and_exact(ledger: Ledger) -> None:
    assert ledger.began() is None
    assert ledger.totals(DAY) == ()
    ledger.append([FREE, PAID, replace(FREE, at=NOW + timedelta(minutes=1)), replace(PAID, at=DAY.end)])
    free, paid = sorted(ledger.totals(DAY), key=lambda each: each.cost)
    assert (free.calls, free.units, free.cost, free.feature) == (4, 4, ZERO, "wall")
    assert (paid.calls, paid.units, paid.cost, paid.feature) == (1, 1, CENT, "spend")
    assert {type(number) for number in (free.calls, free.units)} == {int}
    assert ledger.spent(DAY) == CENT
    assert ledger.used(DAY, account="1", service="cloudwatch") == 4
    assert ledger.began() == NOW


def test_a_reader_who_goes_on_reads_each_row_once(ledger: Ledger) -> None:
    tally = Tally(ledger)
    for calls in range(1, 4):
        ledger.append([FREE] * calls)
        (hour,) = tally.hours(NOW)
        assert (hour.at, hour.total.calls) == (NOW, sum(2 * each for each in range(1, calls + 1)))


def test_what_was_refused_is_said_once_as_it_was_last(ledger: Ledger) -> None:
    later = replace(REFUSED, at=NOW + timedelta(minutes=3), units=7, cost=Money(Decimal("0.07")))
    other = replace(REFUSED, what="another", at=NOW + timedelta(minutes=1))
    ledger.write((), [REFUSED, later, other, replace(REFUSED, at=DAY.end)])
    assert ledger.refusals(DAY) == ((later, 2), (other, 1))


def test_viewers_are_counted_once_a_minute(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.write((), (), [(NOW, "a", "wall"), (NOW, "a", "explorer"), (NOW, "b", "wall")])
    assert ledger.viewer_minutes(DAY) == 2


def test_a_file_of_before_there_were_versions_is_taken_over(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    old = sqlite3.connect(Place(tmp_path).file(LEDGER))
    old.execute("DROP TABLE viewing")
    old.execute("INSERT INTO calls VALUES (?, 'ce', 'X', '1', '', '', 1, 1, 10000000)", (int(NOW.timestamp()),))
    old.execute("PRAGMA user_version = 0")
    old.commit()
    old.close()
    ledger = Ledger(tmp_path)
    assert (ledger.spent(DAY), ledger.viewer_minutes(DAY)) == (CENT, 0)
    ledger.close()


# -- while it cannot be written ---------------------------------------------------------------------------------------


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        endpoint.answers["DescribeAlarms"] = lambda _: {}
        endpoint.answers["GetMetricData"] = lambda _: {"MetricDataResults": []}
        yield endpoint


@contextmanager
def behind_a_cable(
    endpoint: Endpoint, server: postgres.Server, tmp_path: Path, clock: Ticking
) -> Iterator[tuple[Cable, Clients]]:
    """Clients that may spend, whose ledger is behind a cable that can be cut."""
    with Cable(server.port) as cable:
        place = Place(tmp_path, server.url_at(cable.port), new_prefix())
        clients = clients_of(endpoint, tmp_path, cap=Money(Decimal(1)), clock=clock, place=place)
        yield cable, clients
        clients.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.0)


def look(clients: Clients) -> None:
    clients.client(clients.scopes()[0], "cloudwatch").describe_alarms()


def buy(clients: Clients) -> None:
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": []}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    client: Any = clients.client(clients.scopes()[0], "cloudwatch")
    client.get_metric_data(MetricDataQueries=[query], StartTime=NOW - timedelta(hours=1), EndTime=NOW)


def counted(clients: Clients) -> dict[str, int]:
    return {total.operation: total.calls for total in clients.meter.totals(month_of(NOW))}


def test_free_calls_go_on_and_are_written_when_it_is_back(
    endpoint: Endpoint, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    clock = Ticking(NOW)
    with behind_a_cable(endpoint, postgres_server, tmp_path, clock) as (cable, clients):
        look(clients)
        cable.cut()
        for _ in range(3):
            clock.now += timedelta(minutes=1)
            look(clients)
        with pytest.raises(DatabaseDownError):
            clients.meter.statement()
        cable.mend()
        clock.now += timedelta(minutes=1)
        look(clients)
        assert counted(clients) == {"DescribeAlarms": 5}
        assert len(endpoint.asked) == 5


def test_paid_calls_are_refused_until_it_is_back(
    endpoint: Endpoint, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    with behind_a_cable(endpoint, postgres_server, tmp_path, Ticking(NOW)) as (cable, clients):
        buy(clients)
        cable.cut()
        with pytest.raises(NotFree, match=r"it costs \$0\.00001, and the ledger that keeps the cap cannot be written"):
            buy(clients)
        assert len(endpoint.asked) == 1
        cable.mend()
        buy(clients)
        assert counted(clients) == {"GetMetricData": 2}


def test_what_may_cost_waits_while_it_was_never_asked(
    endpoint: Endpoint, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    """Nobody knows how much of the free million is used."""
    with behind_a_cable(endpoint, postgres_server, tmp_path, Ticking(NOW)) as (cable, clients):
        cable.cut()
        with pytest.raises(DatabaseDownError) as caught:
            look(clients)
        assert endpoint.asked == []
        fault = fault_of(caught.value, Scope("1", "us-east-1"), "cloudwatch:DescribeAlarms")
        assert (fault.kind, fault.retryable) == (FaultKind.STORE_DOWN, True)
        cable.mend()
        look(clients)


def test_a_process_that_ends_meanwhile_says_what_is_lost(
    endpoint: Endpoint, postgres_server: postgres.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with behind_a_cable(endpoint, postgres_server, tmp_path, Ticking(NOW)) as (cable, clients):
        look(clients)
        cable.cut()
        clients.close()
        assert "1 free calls could not be written to the ledger" in caplog.text
        assert postgres_server.password not in caplog.text


def test_a_cap_is_decided_by_what_the_other_machine_spent(
    endpoint: Endpoint, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    place = Place(tmp_path, postgres_server.url, new_prefix())
    cap = Money(Decimal("0.00002"))
    machines = [clients_of(endpoint, tmp_path / str(n), cap=cap, place=place) for n in range(2)]
    for clients in machines:
        buy(clients)
    for clients in machines:
        with pytest.raises(NotFree, match="this month's cap"):
            buy(clients)
        clients.close()
    ledger = Ledger(place)
    assert ledger.append_within(replace(PAID, cost=Money(Decimal("0.00001"))), caps=Caps(cap)) is not None
    ledger.close()


# -- what waits -------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 3 * 1440), st.sampled_from(["A", "B"])), max_size=60), st.integers(1, 40))
def test_no_free_call_is_forgotten_however_long_it_waits(calls: list[tuple[int, str]], most: int) -> None:
    waiting = Pending()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "MOST_KINDS", most)
        for minute, operation in calls:
            waiting.count((NOW + timedelta(minutes=minute), "ec2", operation, "1", "", ""), 2)
            waiting.put_back(waiting.take())
    entries = list(waiting.take().entries())
    found: Counter[str] = Counter()
    for entry in entries:
        found[entry.operation] += entry.calls
        assert entry.units == 2 * entry.calls
    assert found == Counter(operation for _, operation in calls)
    days = len({(NOW + timedelta(minutes=minute)).date() for minute, _ in calls})
    assert len(entries) <= max(most, 2 * days)


def test_notes_that_wait_are_bounded_and_money_is_not() -> None:
    waiting = Pending()
    many = pending.MOST_NOTES + 10
    for number in range(many):
        waiting.refuse(replace(REFUSED, units=number))
        waiting.watch((NOW, str(number), "wall"))
        waiting.settle(PAID)
    waiting.put_back(waiting.take())
    batch = waiting.take()
    assert [len(batch.refusals), len(batch.viewing), len(batch.settled)] == [many - 10, many - 10, many]
    assert batch.refusals[-1].units == many - 1
