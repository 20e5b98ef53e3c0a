"""While the store is down: the last good data with a fault, AWS left alone, and then on as before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud import database
from cloud.clients import Clients
from cloud.database import Database, Place
from collectors.chunks import SeriesName
from collectors.history import History
from collectors.leases import Leases
from collectors.sources import CloudSources
from collectors.store import MIGRATIONS, STORE, Store
from core.reading import FaultKind, Reading
from dashboard import cached
from tests import postgres
from tests.cable import Cable
from tests.places import new_prefix
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of
from tests.unit.collectors.test_history import NOW, World, minutes

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.0)


@pytest.fixture
def cable(postgres_server: postgres.Server) -> Iterator[Cable]:
    with Cable(postgres_server.port) as cable:
        yield cable


@pytest.fixture
def clients(endpoint: Endpoint, tmp_path: Path, cable: Cable, postgres_server: postgres.Server) -> Iterator[Clients]:
    """Clients whose ledger, like the store, is behind the cable."""
    endpoint.answers["GetMetricStatistics"] = World()
    endpoint.answers["DescribeAlarms"] = lambda _: {"MetricAlarms": [], "CompositeAlarms": []}
    place = Place(tmp_path, postgres_server.url_at(cable.port), new_prefix())
    clients = clients_of(endpoint, tmp_path, clock=Ticking(NOW), place=place)
    yield clients
    clients.close()


@pytest.fixture
def store(tmp_path: Path, cable: Cable, postgres_server: postgres.Server) -> Iterator[Store]:
    store = Store(Place(tmp_path, postgres_server.url_at(cable.port), new_prefix()))
    yield store
    store.close()


def kinds(reading: Reading[object]) -> set[FaultKind]:
    return {fault.kind for fault in reading.faults}


def test_metrics_are_given_as_they_were_last(
    endpoint: Endpoint, clients: Clients, store: Store, cable: Cable, postgres_server: postgres.Server
) -> None:
    history = History(store, clients)
    before = history.read([minutes(60, clients=clients)], NOW)
    assert before.complete
    cable.cut()
    asked = len(endpoint.asked)
    query = minutes(60, until=NOW + 5 * MINUTE, clients=clients)
    reading = history.read([query], NOW + 5 * MINUTE)
    assert kinds(reading) == {FaultKind.STORE_DOWN}
    assert reading.at == NOW
    assert reading.value[query].times.tolist() == [
        time
        for series in before.value.values()
        for time in series.times.tolist()
        if time >= query.span.start.timestamp()
    ]
    assert postgres_server.password not in reading.faults[0].message
    assert history.plan([query], NOW).calls == ()
    assert history.revisions(query, query.span) == ()
    assert history.pace([query], NOW).seconds(query) == 60
    assert len(endpoint.asked) == asked
    cable.mend()
    again = history.read([query], NOW + 6 * MINUTE)
    assert (again.complete, again.at) == (True, NOW + 6 * MINUTE)


def test_what_was_never_read_is_empty_and_says_why(clients: Clients, store: Store, cable: Cable) -> None:
    cable.cut()
    query = minutes(60, clients=clients)
    reading = History(store, clients).read([query], NOW)
    assert (len(reading.value[query]), kinds(reading)) == (0, {FaultKind.STORE_DOWN})


def test_every_other_read_stays_calm_too(endpoint: Endpoint, clients: Clients, store: Store, cable: Cable) -> None:
    sources = CloudSources(clients, store)
    (scope,) = sources.scopes[:1]
    assert sources.alarms(scope, now=NOW).complete
    cable.cut()
    asked = len(endpoint.asked)
    later = NOW + 5 * MINUTE
    alarms = sources.alarms(scope, now=later)
    assert (alarms.value, alarms.at, kinds(alarms)) == ((), NOW, {FaultKind.STORE_DOWN})
    for reading in (
        sources.inventory(scope, now=later),
        sources.targets(scope, now=later),
        sources.activities(scope, now=later),
        sources.known_metrics(scope, now=later),
        sources.alarm_transitions(scope, now=later),
        sources.alarm_documents(scope, now=later),
        sources.action_failures(scope, now=later),
        sources.topics(scope, ["arn:aws:sns:us-east-1:111111111111:a"], now=later),
        sources.poll(scope, now=later),
        sources.poll_spend(scope.account, now=later),
        sources.spend(scope.account, start=NOW.date(), now=later),
    ):
        assert kinds(reading) == {FaultKind.STORE_DOWN}
    assert {fault.kind for fault in sources.read_pins([scope], now=later)} == {FaultKind.STORE_DOWN}
    assert len(endpoint.asked) == asked
    cable.mend()
    assert sources.alarms(scope, now=later).complete


def test_a_holder_on_another_machine_that_died_is_taken_over(
    endpoint: Endpoint, clients: Clients, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    store = Store(Place(tmp_path, postgres_server.url, new_prefix()))
    query = minutes(60, clients=clients)
    with store.writing() as connection:
        connection.execute("INSERT INTO leases VALUES (?, 'elsewhere 1 dead')", (SeriesName.of(query).lease,))
    reading = History(store, clients, leases=Leases(store, patience=0.2)).read([query], NOW)
    assert reading.complete
    assert len(endpoint.requests("GetMetricStatistics")) == 1
    store.close()


def test_tables_of_a_later_version_are_said_on_the_page(tmp_path: Path, clients: Clients) -> None:
    settings = clients.settings.model_copy(update={"data_dir": tmp_path})
    Database(settings.place, STORE, (*MIGRATIONS, "CREATE TABLE later (at INTEGER)")).close()
    with pytest.raises(cached.NotReady, match="of a newer Watchkeeper"):
        cached.build(settings, clock=lambda: NOW)
