"""Whatever is read, restarted, failing or killed in between: settled points are bought once, and none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cloud.clients import Clients
from cloud.database import Place
from collectors import retention
from collectors.chunks import SETTLING
from collectors.history import History
from collectors.query import MetricQuery
from collectors.store import Store
from core.reading import Scope
from core.series import Series
from core.timespan import Timespan
from tests.places import NewPlace, told
from tests.unit.collectors.endpoint import Endpoint, clients_of, serving
from tests.unit.collectors.test_history import METRIC, NOW, World, gap, minutes

ROOT: Final = Path(__file__).parents[3]


class Changing:
    """A metric whose values move until they settle; counts how often it gave each settled one, gaps too."""

    def __init__(self) -> None:
        self.now = NOW
        self.failing = False
        self.bought: Counter[tuple[str, int, int]] = Counter()

    def settled(self, time: int, period: int) -> bool:
        return time + period <= (self.now - SETTLING).timestamp()

    def value(self, time: int, period: int) -> float:
        return float(time) if self.settled(time, period) else time + self.now.timestamp() % 1000 / 1000

    def __call__(self, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.failing:
            self.failing = False
            return 403, {"__type": "AccessDenied"}
        start, end, period = int(request["StartTime"]), int(request["EndTime"]), request["Period"]
        statistics = request.get("Statistics") or request["ExtendedStatistics"]
        times = [time for time in range(start, end, period) if time < self.now.timestamp()]
        for time in times:
            for statistic in statistics:
                self.bought[statistic, period, time] += self.settled(time, period)
        kept = retention.reach(period, now=self.now) * period
        return 200, {
            "Datapoints": [self.point(time, period, request) for time in times if not gap(time) and time >= kept]
        }

    def point(self, time: int, period: int, request: Mapping[str, Any]) -> dict[str, Any]:
        value = self.value(time, period)
        plain = dict.fromkeys(request.get("Statistics", ()), value)
        percentiles = dict.fromkeys(request.get("ExtendedStatistics", ()), value)
        extended = {"ExtendedStatistics": percentiles} if percentiles else {}
        return {"Timestamp": time, **plain, **extended, "Unit": "Percent"}


class Reads(RuleBasedStateMachine):
    """Two processes' histories on one store, restarted at will, while the clock goes on in odd steps, and back.

    A clock that is ahead of AWS's is not among them: AWS refuses what is signed more than five minutes off.
    """

    new_place: ClassVar[NewPlace]

    @initialize()
    def begin(self) -> None:
        self.world = Changing()
        self.place = type(self).new_place()
        self.serving = serving()
        self.folder = tempfile.TemporaryDirectory()
        endpoint: Endpoint = self.serving.__enter__()
        endpoint.answers["GetMetricStatistics"] = self.world
        self.clients: Clients = clients_of(endpoint, Path(self.folder.name))
        self.scope: Scope = self.clients.scopes()[0]
        self.stores = [Store(self.place) for _ in range(2)]
        self.histories = [History(store, self.clients) for store in self.stores]

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            for store in self.stores:
                store.close()
            self.clients.close()
            self.serving.__exit__(None, None, None)
            self.folder.cleanup()

    @rule(seconds=st.integers(0, 90) | st.integers(0, 7200))
    def step(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(days=st.integers(1, 20))
    def be_away(self, days: int) -> None:
        self.world.now += timedelta(days=days)

    @rule(seconds=st.integers(1, 90) | st.integers(1, 86_400))
    def set_back(self, seconds: int) -> None:
        """The clock was wrong, or is wrong now: what had settled is not young again."""
        self.world.now -= timedelta(seconds=seconds)

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = Store(self.place)
        self.histories[who] = History(self.stores[who], self.clients)

    @rule()
    def fail(self) -> None:
        self.world.failing = True

    @rule(
        who=st.integers(0, 1),
        statistics=st.sets(st.sampled_from(["Average", "Sum", "p99", "p50"]), min_size=1),
        period=st.sampled_from([60, 300, 3600]),
        length=st.integers(1, 5 * 3600) | st.integers(1, 2 * 86_400),
        before=st.integers(-600, 3 * 3600) | st.integers(0, 20 * 86_400),
        shift=st.none() | st.integers(-3600, 3600),
    )
    def read(self, who: int, statistics: set[str], period: int, length: int, before: int, shift: int | None) -> None:
        """Read series over one span and, with `shift`, one of them over a second span that overlaps it or is apart."""
        end = self.world.now - timedelta(seconds=before)
        span = Timespan(end - timedelta(seconds=length), end)
        queries = [MetricQuery(self.scope, METRIC, name, period, span) for name in sorted(statistics)]
        if shift is not None:
            by = timedelta(seconds=shift)
            queries.append(queries[0].over(Timespan(span.start + by, span.end + by)))
        reading = self.histories[who].read(queries, self.world.now)
        for query in queries:
            series = reading.value[query]
            self.check(series, query, complete=reading.complete)

    def check(self, series: Series, query: MetricQuery, *, complete: bool) -> None:
        given = dict(zip(series.times.tolist(), series.values.tolist(), strict=True))
        period, whole = query.period, query.span.aligned(query.period)
        times = range(int(whole.start.timestamp()), int(whole.end.timestamp()), period)
        real = {time for time in times if not gap(time)}
        assert set(given) <= real
        assert series.settled_until is not None
        if complete:
            slowest = self.world.now - SETTLING - timedelta(seconds=60 + period)  # the tail is asked each minute
            assert series.settled_until > min(slowest, whole.end)
            kept = retention.reach(period, now=self.world.now) * period  # AWS forgot what was never asked
            settled = {time: float(time) for time in real if kept <= time < series.settled_until.timestamp()}
            assert {time: value for time, value in given.items() if time in settled} == settled

    @invariant()
    def nothing_is_bought_twice(self) -> None:
        if hasattr(self, "world"):
            assert max(self.world.bought.values(), default=0) <= 1


def test_over_random_reads_restarts_and_steps(new_place: NewPlace, request: pytest.FixtureRequest) -> None:
    examples = 20 if "sqlite" in request.node.name else 6

    class There(Reads):
        """Each run in a place of its own."""

    There.new_place = staticmethod(new_place)

    checks = settings(max_examples=examples, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(There, settings=checks)


KILLS: Final = 15
KILLED: Final = """
import os, random, signal, sys, time
from datetime import timedelta
from pathlib import Path
from tests.places import NewPlace, told
from tests.unit.collectors.endpoint import Endpoint, clients_of
from tests.unit.collectors.test_history import NOW, minutes
from collectors.history import History
from collectors.store import Store
from tests.places import heard

folder, port, kills, place = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), heard(sys.argv[4])

def write(hour, told):
    endpoint = Endpoint()
    endpoint.port = port
    clients = clients_of(endpoint, folder)
    history = History(Store(place), clients)
    while True:
        history.read([minutes(60, until=NOW - timedelta(hours=hour + 1), clients=clients)], NOW)
        os.write(told, b"%d\\n" % hour)
        hour += 1

chance = random.Random(7)
done = 0
for _ in range(kills):
    hear, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        write(done, told)
    os.close(told)
    with os.fdopen(hear) as lines:
        done = int(lines.readline()) + 1
        time.sleep(chance.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        done = max([done, *(int(line) + 1 for line in lines if line.endswith("\\n"))])
print(done)
"""
"""Forks one writer after the other, each of which goes on where the last was killed; says how many hours are told."""


def test_kill_9_in_a_loop_loses_no_settled_point(
    endpoint: Endpoint, clients: Clients, tmp_path: Path, place: Place
) -> None:
    endpoint.answers["GetMetricStatistics"] = World()
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(endpoint.port), str(KILLS), told(place)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    done = int(ran.stdout)
    assert done >= KILLS
    before = len(endpoint.asked)
    assert before <= done + 2 * KILLS  # what was told was asked once; a kill costs at most the hour in flight
    store = Store(place)
    history = History(store, clients)
    for hour in range(done):
        end: datetime = NOW - timedelta(hours=hour + 1)
        query = minutes(60, until=end, clients=clients)
        real = [time for time in range(int(query.span.start.timestamp()), int(end.timestamp()), 60) if not gap(time)]
        assert history.read([query], NOW).value[query].values.tolist() == real
    assert len(endpoint.asked) == before
    if not place.url:
        with store.reading() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
