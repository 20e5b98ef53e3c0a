"""Logs Insights: priced before it runs, refused at a cap of zero, queued at the limit, settled by what it scanned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from cloud.database import DatabaseDownError, Place
from collectors.logs.insights import INCOMING, LEAST_BYTES, STORED, UNKNOWN, InsightsQuery
from collectors.logs.insights_desk import Insights
from collectors.logs.live_tail import LiveTails
from collectors.logs.runs import MOST_AT_ONCE, RunState
from collectors.logs.store import LogStore
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import Money
from core.reading import FaultKind, Scope
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint, Ticking
from tests.unit.collectors.logs.conftest import unpaced
from tests.unit.collectors.logs.world import NOW

SCOPE = Scope("111111111111", "us-east-1")
HOUR = Timespan(NOW - timedelta(hours=1), NOW)
GB = 10**9
MILLISECOND = timedelta(milliseconds=1)


def asked(*groups: str, text: str = "fields @timestamp", span: Timespan = HOUR) -> InsightsQuery:
    return InsightsQuery(SCOPE, groups or ("/app",), span, text)


class Cloud:
    """Answers of Logs Insights: each query ends after `looks` looks, having scanned `scanned` bytes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.incoming: dict[str, float] = {"/app": 2 * GB}
        self.scanned = GB
        self.looks = 1
        self.full = False
        self.seen: dict[str, int] = {}
        self.started: list[Mapping[str, Any]] = []
        created = int((NOW - timedelta(days=10)).timestamp() * 1000)
        names = {"/app": "STANDARD", "/idle": "STANDARD", "/rare": "INFREQUENT_ACCESS"}
        documents = [
            {
                "logGroupName": name,
                "arn": f"arn:aws:logs:us-east-1:111111111111:log-group:{name}:*",
                "storedBytes": 24 * GB,
                "creationTime": created,
                "logGroupClass": log_class,
            }
            for name, log_class in names.items()
        ]
        endpoint.answers |= {
            "DescribeLogGroups": lambda _: {"logGroups": documents},
            "ListTagsForResource": lambda _: {"tags": {}},
            "GetMetricStatistics": self.came,
            "StartQuery": self.start,
            "GetQueryResults": self.results,
            "StopQuery": self.stop,
        }

    def came(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        (dimension,) = request["Dimensions"]
        value = self.incoming.get(dimension["Value"])
        points = [{"Timestamp": request["StartTime"], "Sum": value, "Unit": "Bytes"}] if value is not None else []
        return {"Label": "IncomingBytes", "Datapoints": points}

    def start(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if self.full:
            return 400, {"__type": "LimitExceededException", "message": "Account maximum query concurrency limit"}
        if "bad" in request["queryString"]:
            error = {"location": {"startCharOffset": 7, "endCharOffset": 10}, "message": "unexpected symbol found bad"}
            return 400, {"__type": "MalformedQueryException", "message": "no", "queryCompileError": error}
        self.started.append(request)
        return 200, {"queryId": f"q-{len(self.started)}"}

    def results(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        query = request["queryId"]
        self.seen[query] = self.seen.get(query, 0) + 1
        row = [{"field": "@message", "value": "hello"}, {"field": "@ptr", "value": "p"}]
        other = [{"field": "level", "value": "ERROR"}]
        done = self.seen[query] >= self.looks
        statistics = {"bytesScanned": float(self.scanned), "recordsScanned": 5.0, "recordsMatched": 2.0}
        status = "Complete" if done else "Running"
        return {"status": status, "results": [row, other], "statistics": statistics}

    def stop(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.looks = 0
        return {"success": True}


@pytest.fixture
def cloud(endpoint: Endpoint) -> Cloud:
    return Cloud(endpoint)


def desk_of(clients: Clients, place: Place) -> Insights:
    store = Store(place)
    sources = CloudSources(clients, store)
    return Insights(clients, store, LogStore(place), sources)


@pytest.fixture
def clock() -> Ticking:
    return Ticking(NOW)


@pytest.fixture
def rich(endpoint: Endpoint, tmp_path: Path, clock: Ticking) -> Iterator[Clients]:
    clients = unpaced(endpoint, tmp_path, cap=Money(Decimal(1)), clock=clock)
    yield clients
    clients.close()


@pytest.fixture
def desk(rich: Clients, place: Place) -> Insights:
    return desk_of(rich, place)


def spent(clients: Clients, clock: Ticking) -> Money:
    return clients.meter.spent_this_month()


class TestPrice:
    """What a query costs is said before it runs."""

    def test_what_came_in_over_the_span_is_what_it_scans(self, desk: Insights, cloud: Cloud) -> None:
        quoted = desk.quote(asked(), now=NOW).value
        assert (quoted.expected, quoted.most) == (2 * GB, 2.4 * GB)
        assert quoted.cost == Money(Decimal("0.01"))
        assert quoted.at_most == Money(Decimal("0.012"))
        assert quoted.parts[0].basis == INCOMING
        assert quoted.verdict.allowed

    def test_without_datapoints_it_is_the_span_s_part_of_what_is_stored(self, desk: Insights, cloud: Cloud) -> None:
        """24 GB of ten days: a tenth of a gigabyte an hour, and if that was packed, 1/0.15 of it."""
        quoted = desk.quote(asked("/idle"), now=NOW).value
        assert quoted.expected == GB // 10
        assert quoted.most == int(GB // 10 / Decimal("0.15"))
        assert quoted.parts[0].basis == STORED

    def test_groups_add_up_and_a_rare_one_has_the_same_price(self, desk: Insights, cloud: Cloud) -> None:
        cloud.incoming["/rare"] = GB
        quoted = desk.quote(asked("/app", "/rare"), now=NOW).value
        assert quoted.expected == 3 * GB
        assert quoted.cost == Money(Decimal("0.015"))
        assert quoted.parts[1].log_class == "INFREQUENT_ACCESS"

    def test_what_is_not_known_is_not_run(self, desk: Insights, cloud: Cloud) -> None:
        quoted = desk.quote(asked("/gone"), now=NOW).value
        assert quoted.parts[0].basis == UNKNOWN
        assert not quoted.verdict.allowed
        assert "/gone" in quoted.verdict.reason

    def test_no_group_is_a_reason(self, desk: Insights, cloud: Cloud) -> None:
        quoted = desk.quote(InsightsQuery(SCOPE, (), HOUR, "fields @message"), now=NOW).value
        assert quoted.verdict.reason == "Choose the log groups to query."

    def test_at_a_cap_of_zero_it_is_refused_with_the_reason(
        self, clients: Clients, place: Place, cloud: Cloud, endpoint: Endpoint
    ) -> None:
        desk = desk_of(clients, place)
        quoted = desk.quote(asked(), now=NOW).value
        assert quoted.verdict.reason == (
            "This query may cost up to $0.01, and the monthly cap on our own calls is $0.00."
        )
        run = desk.ask(quoted, by="ann", now=NOW).value
        assert run is not None
        assert run.state is RunState.REFUSED
        assert "$0.00" in run.problem
        assert endpoint.requests("StartQuery") == []

    def test_a_span_in_which_nothing_came_is_bought_at_a_little(
        self, clients: Clients, place: Place, cloud: Cloud
    ) -> None:
        cloud.incoming["/app"] = 0
        quoted = desk_of(clients, place).quote(asked(), now=NOW).value
        assert (quoted.expected, quoted.most) == (0, LEAST_BYTES)
        assert not quoted.verdict.allowed, "a cap of zero means that nothing is bought"


def run_on(desk: Insights, run: str, seconds: int) -> Any:
    now = NOW + timedelta(seconds=seconds)
    desk.move_on(SCOPE, now=now)
    return next(each for each in desk.runs(SCOPE, now=now).value if each.id == run)


class TestRun:
    """A query runs once, its results stay, and its price becomes the real one."""

    def ask(self, desk: Insights, query: InsightsQuery | None = None, now: datetime = NOW) -> Any:
        run = desk.ask(desk.quote(query or asked(), now=NOW).value, by="ann", now=now).value
        assert run is not None
        return run

    def test_it_runs_and_gives_rows_of_all_fields(self, desk: Insights, cloud: Cloud) -> None:
        run = self.ask(desk)
        assert run.state is RunState.RUNNING
        (request,) = cloud.started
        assert request["logGroupIdentifiers"] == ["/app"]
        assert (request["startTime"], request["endTime"]) == (
            int(HOUR.start.timestamp()),
            int(HOUR.end.timestamp()) - 1,
        )
        done = run_on(desk, run.id, 2)
        assert (done.state, done.rows, done.scanned, done.matched) == (RunState.COMPLETE, 2, GB, 2)
        rows = desk.rows(SCOPE, run.id, now=NOW).value
        assert rows.fields == ("@message", "level")
        assert rows.rows == (("hello", None), (None, "ERROR"))

    def test_what_it_did_not_scan_is_given_back(
        self, desk: Insights, cloud: Cloud, rich: Clients, clock: Ticking
    ) -> None:
        run = self.ask(desk)
        assert spent(rich, clock) == Money(Decimal("0.012"))
        run_on(desk, run.id, 2)
        assert spent(rich, clock) == Money(Decimal("0.005"))

    def test_results_stay_after_a_restart_and_are_not_asked_for_again(
        self, desk: Insights, cloud: Cloud, endpoint: Endpoint, rich: Clients, place: Place
    ) -> None:
        run = self.ask(desk)
        run_on(desk, run.id, 2)
        calls = len(endpoint.requests("GetQueryResults"))
        other = desk_of(rich, place)
        other.move_on(SCOPE, now=NOW + timedelta(hours=1))
        assert other.runs(SCOPE, now=NOW + timedelta(hours=1)).value[0].state is RunState.COMPLETE
        assert other.rows(SCOPE, run.id, now=NOW).value.rows[0] == ("hello", None)
        assert len(endpoint.requests("GetQueryResults")) == calls

    def test_many_viewers_look_once_a_second(self, desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
        cloud.looks = 100
        self.ask(desk)
        for tenths in range(100):
            desk.move_on(SCOPE, now=NOW + timedelta(seconds=tenths / 10))
        assert len(endpoint.requests("GetQueryResults")) <= 10

    def test_a_mistake_has_its_place(self, desk: Insights, cloud: Cloud, rich: Clients, clock: Ticking) -> None:
        run = self.ask(desk, asked(text="fields bad"))
        assert (run.state, run.problem, run.place) == (RunState.FAILED, "unexpected symbol found bad", (7, 10))
        assert spent(rich, clock) == Money(Decimal(0)), "what AWS refused to start costs nothing"

    def test_it_waits_while_the_account_runs_too_many(self, desk: Insights, cloud: Cloud) -> None:
        cloud.full = True
        run = self.ask(desk)
        assert run.state is RunState.WAITING
        assert run_on(desk, run.id, 2).state is RunState.WAITING
        cloud.full = False
        assert run_on(desk, run.id, 4).state is RunState.RUNNING

    def test_ours_line_up_in_their_order(self, desk: Insights, cloud: Cloud) -> None:
        cloud.looks = 2
        runs = [self.ask(desk, now=NOW + n * timedelta(seconds=1)) for n in range(MOST_AT_ONCE + 2)]
        assert [run.state for run in runs] == [RunState.RUNNING] * MOST_AT_ONCE + [RunState.WAITING] * 2
        assert len(cloud.started) == MOST_AT_ONCE
        desk.move_on(SCOPE, now=NOW + timedelta(minutes=1))
        assert len(cloud.started) == MOST_AT_ONCE, "each was looked at once, and runs"
        desk.move_on(SCOPE, now=NOW + timedelta(minutes=2))
        states = {run.id: run.state for run in desk.runs(SCOPE, now=NOW).value}
        assert [states[run.id] for run in runs] == [RunState.COMPLETE] * MOST_AT_ONCE + [RunState.RUNNING] * 2

    def test_it_can_be_stopped(self, desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
        cloud.looks = 100
        run = self.ask(desk)
        desk.stop(SCOPE, run.id, now=NOW + timedelta(seconds=3))
        assert endpoint.requests("StopQuery") == [{"queryId": run.query_id}]
        assert not run_on(desk, run.id, 5).is_open

    def test_one_that_waits_is_stopped_without_a_call(self, desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
        cloud.full = True
        run = self.ask(desk)
        stopped = desk.stop(SCOPE, run.id, now=NOW).value
        assert stopped is not None
        assert stopped.state is RunState.STOPPED
        assert endpoint.requests("StopQuery") == []

    def test_a_refusal_of_aws_is_said(self, desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
        endpoint.answers["StartQuery"] = lambda _: (400, {"__type": "AccessDeniedException", "message": "no"})
        run = self.ask(desk)
        assert run.state is RunState.FAILED
        assert "logs:StartQuery" in run.problem


def test_fields_are_read_once_in_ten_minutes(desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
    endpoint.answers["GetLogGroupFields"] = lambda _: {
        "logGroupFields": [{"name": "level", "percent": 60}, {"name": "@message", "percent": 100}]
    }
    for minutes in (0, 1, 9):
        found = desk.fields(SCOPE, "/app", now=NOW + timedelta(minutes=minutes)).value
    assert [field.name for field in found] == ["@message", "level"]
    assert len(endpoint.requests("GetLogGroupFields")) == 1


def test_saved_queries_are_listed_by_name(desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
    documents = [
        {"queryDefinitionId": "2", "name": "b", "queryString": "fields @message", "logGroupNames": ["/app"]},
        {"queryDefinitionId": "1", "name": "a/errors", "queryString": "filter level = 'ERROR'", "lastModified": 1},
    ]
    endpoint.answers["DescribeQueryDefinitions"] = lambda _: {"queryDefinitions": documents}
    found = desk.saved(SCOPE, now=NOW).value
    assert [(query.name, query.folder, query.groups) for query in found] == [
        ("a/errors", "a", ()),
        ("b", "", ("/app",)),
    ]


def test_saved_queries_that_may_not_be_read_are_a_fault(desk: Insights, cloud: Cloud, endpoint: Endpoint) -> None:
    endpoint.answers["DescribeQueryDefinitions"] = lambda _: (400, {"__type": "AccessDeniedException"})
    reading = desk.saved(SCOPE, now=NOW)
    assert (reading.value, reading.faults[0].kind) == ((), FaultKind.ACCESS_DENIED)


def test_without_a_ledger_nothing_is_bought(
    desk: Insights, cloud: Cloud, rich: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> Any:
        raise DatabaseDownError("gone")

    monkeypatch.setattr(rich.meter, "money_left", down)
    quoted = desk.quote(asked(), now=NOW).value
    assert quoted.expected > 0, "what it scans is still said"
    assert quoted.verdict.reason == "The ledger that keeps the cap cannot be read now, so nothing is bought."
    assert not LiveTails(rich).quote(5).verdict.allowed
