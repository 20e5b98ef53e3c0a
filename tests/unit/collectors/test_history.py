"""Each settled datapoint is asked for once; nothing that settled is missing. Counted at the endpoint."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import retention
from collectors.chunks import SETTLING
from collectors.history import History
from collectors.query import MetricQuery
from collectors.store import Store
from collectors.transitions import Kind, Transition, Transitions
from core.reading import FaultKind
from core.series import MetricId
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
METRIC = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),))


def gap(time: int) -> bool:
    """Every seventh minute nobody reports."""
    return time // 60 % 7 == 0


class World:
    """A metric whose value at a time is the time, with gaps; it knows nothing of the future."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        start, end, period = int(request["StartTime"]), int(request["EndTime"]), request["Period"]
        return {
            "Datapoints": [
                {"Timestamp": time, **dict.fromkeys(request["Statistics"], float(time)), "Unit": "Percent"}
                for time in range(start, end, period)
                if not gap(time) and time < self.now.timestamp()
            ]
        }


def minutes(count: int, *, until: datetime = NOW, statistic: str = "Average", clients: Clients) -> MetricQuery:
    span = Timespan(until - timedelta(minutes=count), until)
    return MetricQuery(clients.scopes()[0], METRIC, statistic, 60, span)


@pytest.fixture
def history(endpoint: Endpoint, clients: Clients, store: Store) -> History:
    endpoint.answers["GetMetricStatistics"] = World()
    return History(store, clients)


def asked(endpoint: Endpoint) -> list[tuple[int, int]]:
    """The spans asked for, as minutes before NOW."""
    return [
        (int(NOW.timestamp() - request["StartTime"]) // 60, int(NOW.timestamp() - request["EndTime"]) // 60)
        for request in endpoint.requests("GetMetricStatistics")
    ]


def test_a_second_read_asks_for_nothing(endpoint: Endpoint, clients: Clients, history: History) -> None:
    query = minutes(60, clients=clients)
    first, second = history.read([query], NOW), history.read([query], NOW)
    assert asked(endpoint) == [(60, 0)]
    assert first.value[query].times.tolist() == second.value[query].times.tolist()
    assert not any(gap(time) for time in second.value[query].times)
    assert (first.value[query].unit, second.value[query].unit) == ("Percent", "Percent")


def test_a_minute_later_only_what_may_change_is_asked_again(
    endpoint: Endpoint, clients: Clients, history: History
) -> None:
    history.read([minutes(60, clients=clients)], NOW)
    later = NOW + timedelta(minutes=1)
    history.read([minutes(60, until=later, clients=clients)], later)
    assert asked(endpoint) == [(60, 0), (10, -1)]


@pytest.mark.parametrize(("seconds", "calls"), [(0, 1), (59, 1), (60, 2)])
def test_the_tail_is_not_asked_again_before_the_refresh_is_due(
    endpoint: Endpoint, clients: Clients, history: History, seconds: int, calls: int
) -> None:
    query = minutes(60, clients=clients)
    history.read([query], NOW)
    history.read([query], NOW + timedelta(seconds=seconds))
    assert len(asked(endpoint)) == calls


def test_looks_between_the_minutes_make_one_call_a_minute(
    endpoint: Endpoint, clients: Clients, history: History
) -> None:
    calls = []
    for second in range(0, 600, 5):
        now = NOW + timedelta(seconds=30 + second)
        history.read([minutes(60, until=now, clients=clients)], now)
        calls.append(len(asked(endpoint)))
    assert calls[-1] <= 12
    assert calls[-1] - calls[-1 - 60] == 5  # in step with the minutes, five minutes take five


@pytest.mark.parametrize("every", [5, 55, 59])
def test_a_late_datapoint_is_seen_within_two_minutes_whatever_the_rhythm(
    endpoint: Endpoint, clients: Clients, history: History, every: int
) -> None:
    """Looking at the newest minute alone, again and again, must not put off the ones before it."""
    late = World()  # each datapoint comes 90 s after its minute began; every seventh never comes
    endpoint.answers["GetMetricStatistics"] = late
    for second in range(0, 1200, every):
        now = NOW + timedelta(seconds=second)
        late.now = now - timedelta(seconds=90)
        query = minutes(30, until=now, clients=clients)
        times = history.read([query], now).value[query].times
        behind = now.timestamp() - int(times[-1])
        assert behind < 90 + 60 + 60 + 60 + every, f"{behind} s behind at second {second}"


def test_a_longer_span_asks_for_what_is_missing_before_it(
    endpoint: Endpoint, clients: Clients, history: History
) -> None:
    history.read([minutes(60, clients=clients)], NOW)
    longer = history.read([minutes(180, clients=clients)], NOW).value
    assert asked(endpoint) == [(60, 0), (180, 60)]
    assert [len(series) for series in longer.values()] == [
        sum(not gap(int(NOW.timestamp()) - 60 * n) for n in range(1, 181))
    ]


def test_settled_gaps_are_known_to_be_empty(endpoint: Endpoint, clients: Clients, history: History) -> None:
    old = Timespan(NOW - timedelta(hours=3), NOW - timedelta(hours=2))
    query = minutes(1, clients=clients).over(old)
    endpoint.answers["GetMetricStatistics"] = lambda _: {"Datapoints": []}
    assert len(history.read([query], NOW).value[query]) == 0
    history.read([query], NOW + timedelta(days=1))
    assert len(asked(endpoint)) == 1


def test_settling_is_told(clients: Clients, history: History) -> None:
    query = minutes(60, clients=clients)
    assert history.read([query], NOW).value[query].settled_until == NOW - SETTLING


def test_two_statistics_of_a_metric_share_a_call(endpoint: Endpoint, clients: Clients, history: History) -> None:
    history.read([minutes(60, clients=clients, statistic=name) for name in ("Average", "Maximum")], NOW)
    assert len(asked(endpoint)) == 1


def test_a_failed_call_leaves_what_is_held_and_is_asked_again(
    endpoint: Endpoint, clients: Clients, history: History
) -> None:
    history.read([minutes(60, clients=clients)], NOW)
    endpoint.answers["GetMetricStatistics"] = lambda _: (403, {"__type": "AccessDenied"})
    query = minutes(120, clients=clients)
    reading = history.read([query], NOW)
    assert [fault.kind for fault in reading.faults] == [FaultKind.ACCESS_DENIED]
    assert reading.value[query].times.min() >= (NOW - timedelta(minutes=60)).timestamp()
    endpoint.answers["GetMetricStatistics"] = World()
    assert history.read([query], NOW + timedelta(seconds=14)).faults == reading.faults
    assert len(asked(endpoint)) == 2
    later = history.read([query], NOW + timedelta(seconds=15))
    assert later.complete
    assert asked(endpoint)[-1] == (120, 60)
    assert later.value[query].times.min() < (NOW - timedelta(minutes=60)).timestamp()


def test_one_metric_that_is_refused_does_not_keep_the_others_from_settling(
    endpoint: Endpoint, rich: Clients, store: Store
) -> None:
    good, refused = minutes(1, clients=rich, statistic="tm90"), minutes(1, clients=rich, statistic="tm99")
    old = Timespan(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    time = int(old.start.timestamp())
    endpoint.answers["GetMetricData"] = lambda _: {
        "MetricDataResults": [
            {"Id": "q0", "StatusCode": "Complete", "Timestamps": [time], "Values": [1.0]},
            {"Id": "q1", "StatusCode": "Forbidden", "Timestamps": [], "Values": []},
        ]
    }
    history = History(store, rich)
    queries = [good.over(old), refused.over(old)]
    first = history.read(queries, NOW)
    assert [len(first.value[query]) for query in queries] == [1, 0]
    assert [fault.kind for fault in first.faults] == [FaultKind.ACCESS_DENIED]
    history.read(queries, NOW + timedelta(minutes=1))
    asked_again = endpoint.requests("GetMetricData")[-1]["MetricDataQueries"]
    assert [each["MetricStat"]["Stat"] for each in asked_again] == ["tm99"]


def test_the_plan_is_what_the_read_does(endpoint: Endpoint, clients: Clients, history: History) -> None:
    query = minutes(3000, clients=clients)
    planned = history.plan([query], NOW)
    assert endpoint.asked == []
    history.read([query], NOW)
    assert len(planned.calls) == len(endpoint.asked) == 3
    assert history.plan([query], NOW).calls == ()


def test_readers_at_once_wait_for_one_fetch(endpoint: Endpoint, clients: Clients, history: History) -> None:
    query = minutes(60, clients=clients)
    results: list[int] = []
    readers = [
        threading.Thread(target=lambda: results.append(len(history.read([query], NOW).value[query]))) for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(set(results)) == 1
    assert len(asked(endpoint)) == 1


def test_what_aws_keeps_no_longer_is_not_asked_for(endpoint: Endpoint, clients: Clients, history: History) -> None:
    days = Timespan(NOW - timedelta(days=16), NOW - timedelta(days=14, hours=23))
    query = minutes(1, clients=clients).over(days)
    series = history.read([query], NOW).value[query]
    assert asked(endpoint) == [(15 * 1440, 15 * 1440 - 60)]
    assert series.settled_until == NOW - SETTLING


def test_what_aws_forgot_is_kept_until_our_own_days_are_over(
    endpoint: Endpoint, clients: Clients, history: History, store: Store
) -> None:
    kept = timedelta(days=clients.settings.history_days)
    query = minutes(120, clients=clients)
    history.read([query], NOW)
    later = NOW + kept - timedelta(hours=3)
    assert len(history.read([query], later).value[query]) > 90
    history.read([minutes(1, until=later, clients=clients)], later)  # a fetch on another day: the old is looked through
    assert len(history.read([query], later).value[query]) > 90
    later = NOW + kept + timedelta(days=1, hours=1)
    history.read([minutes(1, until=later, clients=clients)], later)
    assert len(History(store, clients).read([query], later).value[query]) == 0


def test_transitions_are_forgotten_too_but_not_what_things_are_in(store: Store, clients: Clients) -> None:
    transitions, scope = Transitions(store, Kind.TARGET), clients.scopes()[0]
    told = [("healthy", 9), ("unhealthy", 8), ("healthy", 2)]
    transitions.add(scope, [Transition("t", state, NOW - timedelta(days=days)) for state, days in told])
    with store.writing() as connection:
        retention.forget(connection, NOW - timedelta(days=5))
    left = transitions.within(scope, Timespan(NOW - timedelta(days=30), NOW))
    assert [(each.state, each.at) for each in left] == [
        ("healthy", NOW - timedelta(days=2)),
        ("unhealthy", NOW - timedelta(days=8)),
    ]


def test_a_settled_row_is_compressed_and_reads_the_same(
    endpoint: Endpoint, clients: Clients, history: History, store: Store
) -> None:
    query = minutes(60, until=NOW - timedelta(hours=2), clients=clients)
    times = history.read([query], NOW).value[query].times.tolist()
    with store.reading() as connection:
        assert [size < 480 for (size,) in connection.execute("SELECT LENGTH(slots) FROM chunks")] == [True]
    again = History(store, clients).read([query], NOW).value[query]
    assert again.times.tolist() == again.values.tolist() == times
