"""What a value was before it changed, and until when: the alarm may have seen that one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import retention
from collectors.history import History
from collectors.store import Store
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.test_history import NOW, minutes

MINUTE = timedelta(minutes=1)
LAST = NOW - MINUTE
"""The minute that has just ended."""
HOUR = Timespan(NOW - timedelta(hours=1), NOW + timedelta(hours=1))


class Told:
    """A metric of which each minute is what a test says; the others report nothing."""

    def __init__(self) -> None:
        self.values: dict[datetime, float] = {}

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Datapoints": [
                {"Timestamp": int(time.timestamp()), "Average": value, "Unit": "Percent"}
                for time, value in self.values.items()
                if request["StartTime"] <= time.timestamp() < request["EndTime"]
            ]
        }


@pytest.fixture
def world(endpoint: Endpoint) -> Told:
    endpoint.answers["GetMetricStatistics"] = told = Told()
    return told


def look(store: Store, clients: Clients, at: datetime) -> None:
    History(store, clients).read([minutes(30, until=at, clients=clients)], at)


def test_each_value_that_was_read_is_told_until_when(world: Told, store: Store, clients: Clients) -> None:
    for minute, value in enumerate([70.0, 70.0, 82.0, 91.0, 91.0]):
        world.values = {LAST: value}
        look(store, clients, NOW + minute * MINUTE)
    (revision,) = History(store, clients).revisions(minutes(1, clients=clients), HOUR)
    assert revision.time == LAST
    assert (revision.first, revision.final) == (70.0, 91.0)
    assert revision.earlier == ((NOW + 2 * MINUTE, 70.0), (NOW + 3 * MINUTE, 82.0))
    assert [revision.seen(NOW + minute * MINUTE) for minute in (0, 1, 2, 3, 60)] == [70.0, 70.0, 82.0, 91.0, 91.0]


def test_a_value_that_is_taken_back_was_seen(world: Told, store: Store, clients: Clients) -> None:
    world.values = {LAST: 70.0}
    look(store, clients, NOW)
    world.values = {}
    look(store, clients, NOW + MINUTE)
    (revision,) = History(store, clients).revisions(minutes(1, clients=clients), HOUR)
    assert (revision.first, revision.final) == (70.0, None)


def test_a_minute_that_was_not_over_yet_or_came_late_has_no_revision(
    world: Told, store: Store, clients: Clients
) -> None:
    world.values = {NOW: 1.0}
    look(store, clients, NOW + timedelta(seconds=20))
    world.values = {NOW: 9.0, LAST: 70.0}
    look(store, clients, NOW + timedelta(seconds=80))
    assert History(store, clients).revisions(minutes(1, clients=clients), HOUR) == ()


def test_what_has_settled_has_no_revision_any_more(world: Told, store: Store, clients: Clients) -> None:
    world.values = {LAST: 70.0}
    look(store, clients, NOW)
    look(store, clients, NOW + timedelta(minutes=20))
    world.values = {LAST: 99.0}
    look(store, clients, NOW + timedelta(minutes=25))
    assert History(store, clients).revisions(minutes(1, clients=clients), HOUR) == ()


def test_a_series_nobody_read_has_none(store: Store, clients: Clients) -> None:
    assert History(store, clients).revisions(minutes(1, clients=clients), HOUR) == ()


def test_they_are_forgotten_with_their_datapoints(world: Told, store: Store, clients: Clients) -> None:
    for minute, value in enumerate([70.0, 82.0]):
        world.values = {LAST: value}
        look(store, clients, NOW + minute * MINUTE)
    with store.writing() as connection:
        retention.forget(connection, NOW + timedelta(days=1))
    assert History(store, clients).revisions(minutes(1, clients=clients), HOUR) == ()
