"""Lines through the store: pages merged, gaps told, nothing settled asked for twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.clients import Clients
from cloud.database import Place
from collectors.logs import eviction, spans
from collectors.logs.history import AFTER_FAILURE, CALLS_TOGETHER, REFRESH, SETTLING, LogHistory
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.store import LINE_BYTES, LogStore
from collectors.store import Store
from core.reading import FaultKind, Reading, Scope
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.logs.world import GROUP, NOW, Event, Group, minutes_ago

SCOPE = Scope("111111111111", "us-east-1")
HOUR = Timespan(NOW - timedelta(hours=1), NOW)


def events(minutes: range, *, late: int = 0) -> list[Event]:
    """One line a minute: an error each tenth, streams in turn."""
    return [
        Event(at, f"s{minute % 3}", f"{'ERROR' if minute % 10 == 0 else 'INFO'} line {minute}", minute, at + late)
        for minute in minutes
        for at in [minutes_ago(minute)]
    ]


@pytest.fixture
def group(endpoint: Endpoint) -> Group:
    found = Group(events(range(1, 60)))
    endpoint.answers["FilterLogEvents"] = found
    return found


@pytest.fixture
def kept(place: Place) -> Iterator[LogStore]:
    kept = LogStore(place)
    yield kept
    kept.close()


@pytest.fixture
def history(store: Store, kept: LogStore, clients: Clients) -> LogHistory:
    return LogHistory(store, kept, clients)


def question(span: Timespan = HOUR, pattern: str = "", *, most: int = 1_000, **more: object) -> LogQuestion:
    return LogQuestion(SCOPE, GROUP, span, pattern, most=most, **more)  # type: ignore[arg-type]


def messages(reading: Reading[LogAnswer]) -> list[str]:
    return [line.message for line in reading.value.lines]


def read_all(history: LogHistory, asked: LogQuestion, now: datetime = NOW) -> Reading[LogAnswer]:
    """Ask until nothing is missing, as a page does."""
    for _ in range(100):
        reading = history.read(asked, now)
        assert reading.complete, reading.faults
        if not reading.value.missing:
            return reading
    raise AssertionError("it never ends")


def test_pages_are_merged_newest_first(history: LogHistory, group: Group) -> None:
    reading = read_all(history, question())
    assert len(reading.value.lines) == 59
    assert [line.milliseconds for line in reading.value.lines] == sorted(
        (event.at for event in group.events), reverse=True
    )
    assert reading.value.read == (HOUR,)
    assert sum(bucket.lines for bucket in reading.value.counts) == 59
    assert all(bucket.whole for bucket in reading.value.counts)


def test_one_reading_makes_few_calls_and_says_what_is_missing(
    history: LogHistory, endpoint: Endpoint, group: Group
) -> None:
    first = history.read(question(), NOW).value
    assert first.asked == CALLS_TOGETHER == len(endpoint.requests("FilterLogEvents"))
    assert len(first.lines) == 50 - 1, "the last millisecond read may hold more lines, so it is not given yet"
    (missing,) = first.missing
    assert missing.start == HOUR.start
    assert [bucket.whole for bucket in first.counts].index(True) > 0
    second = history.read(question(), NOW).value
    assert (second.missing, len(second.lines), second.asked) == ((), 59, 1)
    assert max(group.given.values()) == 1


def test_reading_stops_when_enough_is_known(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    answer = history.read(question(most=12), NOW).value
    assert len(answer.lines) == 12
    assert answer.cut
    assert len(endpoint.requests("FilterLogEvents")) == 2
    again = history.read(question(most=12), NOW).value
    assert again.lines == answer.lines
    assert again.asked == 0
    assert history.read(question(most=12, whole=True), NOW).value.missing == ()


def test_a_look_at_the_end_does_not_dig_into_the_past(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    """The newest lines are known: each further look reads the end, and nothing that is older than they are."""
    history.read(question(most=12), NOW)
    before = len(endpoint.requests("FilterLogEvents"))
    for tick in range(1, 6):
        now = NOW + tick * REFRESH
        group.now = now
        history.read(question(Timespan(HOUR.start, now), most=12), now)
    asked = endpoint.requests("FilterLogEvents")[before:]
    assert len(asked) == 5
    assert all(request["startTime"] >= minutes_ago(2) for request in asked)


def test_places_in_the_end_are_not_collected(history: LogHistory, kept: LogStore, group: Group) -> None:
    group.events = [Event(minutes_ago(1) + n, "s", f"line {n}", n, minutes_ago(1)) for n in range(500)]
    for tick in range(60):
        now = NOW + tick * REFRESH
        group.now = now
        history.read(question(Timespan(HOUR.start, now), most=15), now)
    with kept.reading() as connection:
        (walks,) = connection.execute("SELECT COUNT(*) FROM walks").fetchone()
    assert walks <= 2 * (SETTLING // REFRESH)


def test_empty_pages_are_gone_through_and_the_place_is_kept(
    store: Store, kept: LogStore, clients: Clients, endpoint: Endpoint, group: Group
) -> None:
    """Two of three pages are empty: a reading may bring nothing, and the next goes on after it, restarted or not."""
    group.a_page, group.empty = 3, 2
    for _ in range(30):
        reading = LogHistory(store, kept, clients).read(question(), NOW)
        if not reading.value.missing:
            break
    assert len(reading.value.lines) == 59
    assert max(group.given.values()) == 1


def test_a_place_that_aws_has_forgotten_is_begun_again(history: LogHistory, group: Group) -> None:
    history.read(question(), NOW)
    group.forgetful = True
    group.a_page = 1_000
    assert len(read_all(history, question()).value.lines) == 59


def test_an_unfiltered_span_answers_every_pattern(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    read_all(history, question())
    calls = len(endpoint.requests("FilterLogEvents"))
    later = NOW + REFRESH - timedelta(seconds=1)
    assert messages(history.read(question(pattern="ERROR"), later)) == [f"ERROR line {n}" for n in range(10, 60, 10)]
    assert len(messages(history.read(question(pattern='"line 1"'), later))) == 11
    assert len(messages(history.read(question(streams=("s0",)), later))) == 19
    assert len(endpoint.requests("FilterLogEvents")) == calls


def test_neighbours_of_a_line_come_from_what_is_held_or_not_at_all(history: LogHistory, group: Group) -> None:
    """Of stream s0 there is a line each third minute."""
    lines = read_all(history, question()).value.lines
    line = next(each for each in lines if each.message == "ERROR line 30")
    found = history.context(SCOPE, line, before=2, after=1)
    assert found is not None
    assert [each.message for each in found] == ["INFO line 36", "INFO line 33", "ERROR line 30", "INFO line 27"]
    assert found[2] is line
    assert history.context(SCOPE, line, before=20, after=1) is None, "beyond what is held there may be more"
    assert history.context(SCOPE, replace(line, group="/other"), before=1, after=1) is None


def test_a_filtered_span_answers_only_its_own_pattern(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    assert len(read_all(history, question(pattern="ERROR")).value.lines) == 5
    assert endpoint.requests("FilterLogEvents")[0]["filterPattern"] == "ERROR"
    assert len(read_all(history, question()).value.lines) == 59
    assert max(group.given.values()) == 1


def test_the_unsettled_end_is_read_again_and_what_is_settled_is_not(
    history: LogHistory, endpoint: Endpoint, group: Group
) -> None:
    late = Event(minutes_ago(1.5), "s9", "late", 999, minutes_ago(-0.5))
    group.events.append(late)
    group.events.sort(key=lambda event: event.at)
    group.a_page = 100
    assert "late" not in messages(history.read(question(), NOW))
    calls = len(endpoint.requests("FilterLogEvents"))
    soon = NOW + REFRESH - timedelta(seconds=1)
    history.read(question(Timespan(HOUR.start, soon)), soon)
    assert len(endpoint.requests("FilterLogEvents")) == calls, "the end was read a moment ago"
    group.now = NOW + timedelta(minutes=1)
    reading = history.read(question(Timespan(HOUR.start, group.now)), group.now)
    assert "late" in messages(reading)
    (request,) = endpoint.requests("FilterLogEvents")[calls:]
    assert request["startTime"] == spans.milliseconds(NOW - SETTLING), "from where it is not settled"


def test_many_viewers_of_one_end_share_its_readings(
    store: Store, kept: LogStore, clients: Clients, endpoint: Endpoint, group: Group
) -> None:
    viewers = [LogHistory(store, kept, clients) for _ in range(4)]
    group.a_page = 100
    for seconds in range(60):
        now = NOW + timedelta(seconds=seconds)
        group.now = now
        for viewer in viewers:
            viewer.read(question(Timespan(now - timedelta(hours=1), now)), now)
    assert len(endpoint.requests("FilterLogEvents")) == 60 // int(REFRESH.total_seconds())


def test_a_refusal_is_a_fault_and_is_not_asked_again_at_once(
    history: LogHistory, endpoint: Endpoint, group: Group
) -> None:
    group.failing = 400, {"__type": "AccessDeniedException", "message": "no"}
    reading = history.read(question(), NOW)
    (fault,) = reading.faults
    assert (fault.kind, fault.what) == (FaultKind.ACCESS_DENIED, "logs:FilterLogEvents")
    assert reading.value.missing == (HOUR,)
    assert history.read(question(), NOW + timedelta(seconds=1)).faults == (fault,)
    assert len(endpoint.requests("FilterLogEvents")) == 1
    later = NOW + AFTER_FAILURE
    assert history.read(question(), later).complete


def test_a_group_that_is_gone_says_so_and_what_is_held_stays(history: LogHistory, group: Group) -> None:
    group.a_page = 100
    history.read(question(), NOW)
    group.failing = 400, {"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
    later = NOW + timedelta(minutes=5)
    reading = history.read(question(Timespan(HOUR.start, later)), later)
    assert "does not exist" in reading.faults[0].message
    assert len(reading.value.lines) == 59


def test_a_pattern_that_is_none_costs_no_call(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    reading = history.read(question(pattern="{ $.a = "), NOW)
    assert reading.faults[0].kind is FaultKind.INVALID_REQUEST
    assert "character" in reading.faults[0].message
    assert endpoint.requests("FilterLogEvents") == []


HARD = [
    "x" * 1_000_000,
    "half a character \ud800 and a NUL \x00",
    "broken \ufffd\ufffd bytes",
    "\u202eright to left\u202c \x1b[31mred\x1b[0m",
    "",
    "line one\nline two\r\n",
    "'; DROP TABLE log_lines; --",
    "😀" * 1_000,
]


def test_every_line_survives_the_store(history: LogHistory, group: Group) -> None:
    group.events = [
        Event(minutes_ago(n + 3), f"s\u202e{n}", text, n, minutes_ago(n + 3)) for n, text in enumerate(HARD)
    ]
    group.events.sort(key=lambda event: event.at)
    assert messages(read_all(history, question())) == HARD
    assert messages(history.read(question(), NOW)) == HARD, "once more from the store"
    assert messages(history.read(question(pattern='"DROP TABLE"'), NOW)) == [HARD[6]]


def test_what_began_before_2024_is_read_oldest_first(history: LogHistory, endpoint: Endpoint, group: Group) -> None:
    """AWS gives the newest first only where a search begins in 2024 or later."""
    edge = datetime(2024, 1, 1, tzinfo=UTC)
    span = Timespan(edge - timedelta(hours=1), edge + timedelta(hours=1))
    group.events = [Event(spans.milliseconds(span.start) + n * 60_000, "s", f"line {n}", n, 0) for n in range(120)]
    group.a_page = 25
    reading = read_all(history, question(span))
    assert messages(reading) == [f"line {n}" for n in reversed(range(120))]
    asked = [(request["startTime"], request["startFromHead"]) for request in endpoint.requests("FilterLogEvents")]
    assert all(start >= spans.milliseconds(edge) or forward for start, forward in asked)
    assert max(group.given.values()) == 1


class TestLimits:
    """The store keeps to its size and age, the oldest going first."""

    def limited(self, history: LogHistory, most_bytes: int) -> None:
        history._limits = eviction.Limits(most_bytes, timedelta(days=14))

    def test_the_oldest_hours_go_first_and_are_asked_for_again(
        self, store: Store, kept: LogStore, clients: Clients, endpoint: Endpoint, group: Group
    ) -> None:
        history = LogHistory(store, kept, clients)
        group.events = [Event(minutes_ago(n), "s", "x" * 100, n, minutes_ago(n)) for n in reversed(range(5, 605, 5))]
        group.a_page = 1_000
        self.limited(history, 70 * (100 + LINE_BYTES))
        old = Timespan(NOW - timedelta(hours=10), NOW - timedelta(hours=5))
        assert len(read_all(history, question(old)).value.lines) == 60
        later = NOW + timedelta(minutes=11)
        new = Timespan(NOW - timedelta(hours=5), NOW)
        assert len(read_all(history, question(new), later).value.lines) == 60
        with kept.reading() as connection:
            (oldest, size) = connection.execute("SELECT MIN(hour), SUM(bytes) FROM volumes").fetchone()
            (lines,) = connection.execute("SELECT COUNT(*) FROM log_lines").fetchone()
        assert size <= 70 * (100 + LINE_BYTES)
        assert lines <= 70
        assert oldest >= spans.milliseconds(NOW - timedelta(hours=6)) // 3_600_000
        calls, again = len(endpoint.requests("FilterLogEvents")), later + timedelta(seconds=1)
        assert len(read_all(history, question(old), again).value.lines) == 60, "what went is read again"
        assert len(endpoint.requests("FilterLogEvents")) > calls

    def test_a_span_that_does_not_fit_says_so_and_does_not_ask_for_ever(
        self, history: LogHistory, endpoint: Endpoint, group: Group
    ) -> None:
        group.events = [Event(minutes_ago(n), "s", "x" * 100, n, minutes_ago(n)) for n in reversed(range(5, 605, 5))]
        self.limited(history, 40 * (100 + LINE_BYTES))
        long = Timespan(NOW - timedelta(hours=10), NOW)
        for second in range(10):
            reading = history.read(question(long), NOW + timedelta(seconds=second))
        assert reading.faults[0].kind is FaultKind.PARTIAL_DATA
        assert "WATCHKEEPER_LOGS_STORE_MB" in reading.faults[0].message
        assert len(endpoint.requests("FilterLogEvents")) <= 2 * CALLS_TOGETHER

    def test_what_is_looked_at_now_stays_though_it_is_old(self, history: LogHistory, group: Group) -> None:
        old = NOW - timedelta(days=30)
        at = spans.milliseconds(old)
        group.events = [Event(at + n, "s", f"line {n}", n, at) for n in range(5)]
        span = Timespan(old, old + timedelta(minutes=1))
        assert len(read_all(history, question(span)).value.lines) == 5
        assert history.read(question(span), NOW).value.asked == 0


def test_two_stores_in_two_places_do_not_mix(
    tmp_path: Path, store: Store, kept: LogStore, clients: Clients, group: Group
) -> None:
    read_all(LogHistory(store, kept, clients), question())
    other = LogHistory(store, LogStore(tmp_path / "other"), clients)
    group.events = []
    assert other.read(question(), NOW).value.lines == ()
