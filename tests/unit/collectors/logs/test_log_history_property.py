"""Whatever is asked, in whatever order, restarted or failing in between: nothing settled is given twice by AWS."""

from __future__ import annotations

import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cloud.clients import Clients
from collectors.logs import spans
from collectors.logs.history import SETTLING, LogHistory
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.store import LogStore
from collectors.store import Store
from core.filter_pattern import parse
from core.reading import Scope
from core.timespan import Timespan
from tests.places import NewPlace
from tests.unit.collectors.endpoint import serving
from tests.unit.collectors.logs.conftest import unpaced
from tests.unit.collectors.logs.world import GROUP, NOW, Event, Group

PATTERNS: Final = ("", "ERROR", "-INFO", "{ $.ms > 50 }")
STREAMS: Final = ((), ("s0",), ("s0", "s1"))


def written(seed: int) -> list[Event]:
    """Four hours of lines in bursts, several of one millisecond, each late by less than it takes to settle."""
    chance = random.Random(seed)
    found = []
    at = spans.milliseconds(NOW - timedelta(hours=3))
    for number in range(400):
        at += chance.choice((0, 0, 1, 900, 60_000))
        message = chance.choice(("INFO all is well", "ERROR it broke", f'{{"ms": {chance.randrange(100)}}}'))
        late = chance.randrange(SETTLING // timedelta(milliseconds=1))
        found.append(Event(at, f"s{number % 3}", message, number, at + late))
    return found


class Reads(RuleBasedStateMachine):
    """Two processes on one store, while the clock goes on and lines arrive late."""

    new_place: ClassVar[NewPlace]

    @initialize(seed=st.integers(0, 9), a_page=st.integers(1, 60), empty=st.sampled_from([0, 2, 3]))
    def begin(self, seed: int, a_page: int, empty: int) -> None:
        self.group = Group(written(seed), a_page=a_page, empty=empty)
        self.place = type(self).new_place()
        self.serving = serving()
        self.folder = tempfile.TemporaryDirectory()
        endpoint = self.serving.__enter__()
        endpoint.answers["FilterLogEvents"] = self.group
        self.clients: Clients = unpaced(endpoint, Path(self.folder.name))
        self.shared = Store(self.place)
        self.stores = [LogStore(self.place) for _ in range(2)]
        self.histories = [self.made(who) for who in range(2)]

    def made(self, who: int) -> LogHistory:
        return LogHistory(self.shared, self.stores[who], self.clients)

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            for store in (*self.stores, self.shared):
                store.close()
            self.clients.close()
            self.serving.__exit__(None, None, None)
            self.folder.cleanup()

    @property
    def now(self) -> datetime:
        return self.group.now

    @rule(seconds=st.integers(0, 10) | st.integers(0, 3600))
    def step(self, seconds: int) -> None:
        self.group.now += timedelta(seconds=seconds)

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = LogStore(self.place)
        self.histories[who] = self.made(who)

    @rule()
    def fail(self) -> None:
        self.group.failing = (400, {"__type": "ThrottlingException", "message": "slow"})

    @rule(
        who=st.integers(0, 1),
        pattern=st.sampled_from(PATTERNS),
        streams=st.sampled_from(STREAMS),
        length=st.integers(1, 4 * 3600),
        before=st.sampled_from([0, 0, 30, 600, 3600]),
        most=st.sampled_from([5, 50, 1_000]),
        whole=st.booleans(),
        times=st.integers(1, 4),
    )
    def read(
        self,
        who: int,
        pattern: str,
        streams: tuple[str, ...],
        length: int,
        before: int,
        most: int,
        times: int,
        *,
        whole: bool,
    ) -> None:
        end = self.now - timedelta(seconds=before)
        span = Timespan(end - timedelta(seconds=length), end)
        asked = LogQuestion(Scope("111111111111", "us-east-1"), GROUP, span, pattern, streams, most, whole)
        for _ in range(times):
            self.check(self.histories[who].read(asked, self.now).value, asked)

    def check(self, answer: LogAnswer, asked: LogQuestion) -> None:
        """What is said to be read is all there, newest first; what is settled in it is just what AWS holds."""
        given = [line.event_id for line in answer.lines]
        times = [line.milliseconds for line in answer.lines]
        assert times == sorted(times, reverse=True)
        assert len(set(given)) == len(given) <= asked.most
        settled = spans.milliseconds(self.now - SETTLING)
        known = [spans.of(span) for span in answer.read]
        real = [event for event in self.matching(asked) if any(low <= event.at < high for low, high in known)]
        must = [event.id for event in reversed(real) if event.at < settled]
        if (asked.pattern, asked.streams) == ("", ()):
            self.group.held += spans.within(known, (0, settled))
        if not answer.cut:
            assert set(must) <= set(given)
        assert sum(bucket.lines for bucket in answer.counts) >= len(must)
        assert set(given) <= {event.id for event in self.matching(asked)}

    def matching(self, asked: LogQuestion) -> list[Event]:
        pattern = parse(asked.pattern)
        low, high = spans.of(asked.span)
        return [
            event
            for event in self.group.visible()
            if low <= event.at < high
            and (not asked.streams or event.stream in asked.streams)
            and pattern.matches(event.message)
        ]

    @invariant()
    def nothing_settled_is_given_twice(self) -> None:
        if hasattr(self, "group"):
            assert max(self.group.given.values(), default=0) <= 1

    @invariant()
    def nothing_held_is_given_again_for_a_pattern(self) -> None:
        """Once a settled span was read without a pattern, no other search brings its lines."""
        if hasattr(self, "group"):
            assert not self.group.given_though_held


def test_over_random_questions_restarts_and_steps(new_place: NewPlace, request: pytest.FixtureRequest) -> None:
    examples = 15 if "sqlite" in request.node.name else 3

    class There(Reads):
        """Each run in a place of its own."""

    There.new_place = staticmethod(new_place)
    checks = settings(max_examples=examples, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(There, settings=checks)
