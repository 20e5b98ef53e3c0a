"""The lines of the demo cloud: they add up to the minute's metrics, and what was read once stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.fleet import Group
from demo.logs.block import EMPTY
from demo.logs.book import LogBook, LogGroup, Put
from demo.logs.events import AFTER_ALL, BEFORE_ALL, DIGITS, Place, event_id, place_of
from demo.logs.journal import ARRIVES, Journal
from demo.logs.moments import SLOTS, Moments, moments
from demo.logs.reading import LOOKED_MINUTES, Wanted, page
from demo.logs.visits import BROKEN, BUGGY, REFUSED, REJECTED, visits
from demo.signals import Presence, Source, conditions
from demo.story import Story, Telling, effects
from demo.world import PROD

MINUTE = int(datetime(2026, 11, 23, 10, 0, tzinfo=UTC).timestamp())
FOREVER = (0.0, 1e11)
STORIES = (Story.BAD_DEPLOY, Story.SLOW_LEAK, Story.TRAFFIC_SPIKE, Story.COST_SURGE)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(MINUTE + second, UTC)


def fleet(size: int, *, failing: float | None = None) -> list[Presence]:
    """Give so many instances that serve, of which the first is broken from a second on."""
    broken = (MINUTE + failing, 1e11) if failing is not None else (1e12, 1e12)
    return [
        Presence(f"i-{n}", "us-east-1a", FOREVER, FOREVER, broken if n == 0 else (1e12, 1e12), nature=f"n{n}")
        for n in range(size)
    ]


def divided(seed: int, size: int, told: list[Telling], *, failing: float | None = None) -> Moments:
    presences, times = fleet(size, failing=failing), np.array([MINUTE])
    now = conditions(Source(seed, PROD.name), times, presences, effects(told, times))
    return moments(now, presences, told, reads=60)


TELLINGS = st.lists(
    st.builds(
        lambda story, second, strength: Telling(story, at(second), PROD.name, strength),
        st.sampled_from(STORIES),
        st.integers(-400, 59),
        st.floats(1.0, 2.5),
    ),
    max_size=2,
)


class TestMoments:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 99), TELLINGS, st.one_of(st.none(), st.integers(0, 59)))
    def test_slots_add_up_to_the_minute(self, seed: int, told: list[Telling], failing: int | None) -> None:
        found = divided(seed, 6, told, failing=failing)
        now = found.now
        assert found.requests.sum() == now.requests[0]
        assert found.refused.sum() == now.refused[0] == 0
        assert found.broken.sum() + found.buggy.sum() == pytest.approx(now.failed[0], abs=2)
        assert found.rejected.sum() == pytest.approx(now.rejected[0], abs=3)
        assert found.calls.sum() == now.calls[0]
        for counts in (found.requests, found.refused, found.broken, found.buggy, found.rejected, found.calls):
            assert (counts >= 0).all()

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 99), st.sampled_from(STORIES), st.integers(6, 59))
    def test_what_begins_later_changes_nothing_before(self, seed: int, story: Story, second: int) -> None:
        """A story that is told in a slot leaves the slots before it as they were, and their requests."""
        before = divided(seed, 4, [])
        after = divided(seed, 4, [Telling(story, at(second), PROD.name, 2.0)])
        slot = second // 5
        for name in ("requests", "refused", "broken", "buggy", "rejected", "calls", "median"):
            assert (getattr(before, name)[:slot] == getattr(after, name)[:slot]).all(), name
        old, new = visits(before, until=slot), visits(after, until=slot)
        assert old.number.tolist() == new.number.tolist()
        assert old.outcome.tolist() == new.outcome.tolist()
        assert old.target.tolist() == new.target.tolist()
        assert old.seconds.tolist() == new.seconds.tolist()


class TestVisits:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 99), TELLINGS)
    def test_every_request_is_one_visit_with_the_minute_s_outcomes(self, seed: int, told: list[Telling]) -> None:
        found = divided(seed, 3, told)
        made = visits(found)
        assert len(made) == found.requests.sum()
        assert len(set(made.number.tolist())) == len(made)
        assert (np.diff(made.milliseconds) >= 0).all()
        counted = np.bincount(made.outcome, minlength=5)
        for outcome, name in ((REFUSED, "refused"), (BROKEN, "broken"), (BUGGY, "buggy"), (REJECTED, "rejected")):
            assert counted[outcome] == getattr(found, name).sum()

    def test_what_fails_with_an_instance_is_sent_to_it_and_nothing_else(self) -> None:
        made = visits(divided(1, 3, [], failing=0.0))
        assert set(made.target[made.outcome == BROKEN].tolist()) == {0}
        assert 0 not in set(made.target[made.outcome != BROKEN].tolist())

    def test_a_bad_release_breaks_one_page_in_eight(self) -> None:
        made = visits(divided(1, 3, [Telling(Story.BAD_DEPLOY, at(-60), PROD.name)]))
        assert set(made.path[made.outcome == BUGGY].tolist()) == {5}
        assert (made.path == 5).mean() == pytest.approx(0.125, abs=0.01)


def journal(*, told: list[Telling] | None = None) -> Journal:
    group = Group(PROD.scope, "g", "arn", 1, 4, lambda *_: "i-0", zones=(("us-east-1a", "s"),))
    return Journal(PROD, Source(1, PROD.name), group, lambda: told or [], at(-15 * 86_400))


class TestJournal:
    def test_a_slot_is_there_two_seconds_after_its_end(self) -> None:
        written, plan = journal(), PROD.log_groups[3]  # the audit trail needs no fleet
        for second in (0, 4 + ARRIVES, 5 + ARRIVES, 59, 60 + ARRIVES, 500):
            block = written.block(plan, MINUTE, now=MINUTE + second)
            until = MINUTE + min(60, max(0, (second - ARRIVES) // 5 * 5))
            assert all(row[0] < until * 1000 for row in block.rows)
        assert block == written.block(plan, MINUTE, now=MINUTE + 10**6)

    def test_there_is_nothing_before_the_beginning_nor_after_the_end(self) -> None:
        written = journal()
        assert written.block(PROD.log_groups[3], MINUTE - 16 * 86_400, now=MINUTE) == EMPTY
        old = PROD.log_groups[4]
        first, last = written.span(old)
        assert len(written.block(old, first, now=MINUTE)) == len(written.block(old, last - 60, now=MINUTE)) > 0
        assert written.block(old, last, now=MINUTE) == EMPTY
        assert (last - first) / 86_400 == 900

    def test_memory_of_minutes_is_bounded(self) -> None:
        written, old = journal(), PROD.log_groups[4]
        first, _ = written.span(old)
        for minute in range(first, first + 90 * 60, 60):
            written.block(old, minute, now=MINUTE)
        assert sum(len(block) for block in written._kept.values()) <= 40_000


class TestEvents:
    @given(st.integers(0, 4 * 10**12), st.integers(-1, AFTER_ALL))
    def test_an_id_says_where_its_event_is(self, ms: int, number: int) -> None:
        assert place_of(event_id("/g", ms, number)) == Place(ms, number)

    @given(st.lists(st.tuples(st.integers(10**12, 4 * 10**12), st.integers(0, 2**50)), min_size=2, max_size=6))
    def test_ids_sort_as_events_do(self, places: list[tuple[int, int]]) -> None:
        ids = [event_id("/g", *place) for place in sorted(places)]
        assert ids == sorted(ids)
        assert {len(each) for each in ids} == {DIGITS}


def group(*seconds: int, now: float = MINUTE + 10_000) -> LogGroup:
    put = Put()
    put.add("s", [((MINUTE + second) * 1000, f"line {second}") for second in seconds], now_ms=MINUTE * 1000)
    return LogGroup("/g", "1:/g", created=0, since=0, now=now, put=put, hidden={})


class TestPages:
    @given(st.lists(st.integers(0, 3000), min_size=1, max_size=40), st.integers(1, 7), st.booleans())
    def test_pages_join_without_gap_or_double(self, seconds: list[int], limit: int, backward: bool) -> None:  # noqa: FBT001
        logs = group(*seconds)
        wanted = Wanted(0, (MINUTE + 10_000) * 1000, limit=limit)
        found, begin = [], None
        for _ in range(200):
            seen = page(logs, wanted, begin=begin, backward=backward)
            assert len(seen.rows) <= limit
            found += seen.rows
            begin = seen.reached
            if begin is None:
                break
        assert begin is None
        assert len(found) == len(seconds)
        assert [row[:2] for row in found] == sorted((row[:2] for row in found), reverse=backward)

    def test_one_look_goes_so_far_and_says_where(self) -> None:
        logs = group(*range(0, 60 * (LOOKED_MINUTES + 3), 60), now=MINUTE + 10**6)
        seen = page(logs, Wanted(0, 2**44, matching=lambda messages: [False for _ in messages]))
        assert seen.rows == []
        assert seen.reached == Place((MINUTE + 60 * (LOOKED_MINUTES - 1)) * 1000 + 59_999, AFTER_ALL)
        assert page(logs, Wanted(0, 2**44), begin=Place(2**44, BEFORE_ALL)).rows == []


class TestBook:
    def test_what_was_put_is_bounded_and_the_oldest_goes(self) -> None:
        book = LogBook()
        for minute in range(80):
            book.put("/g", "s", [((MINUTE + minute * 60) * 1000, "x" * 999_974)], now_ms=0)
        kept = book.group("/g", label="", created=0, retention=None, now=MINUTE + 10**5)
        assert kept.put.stored <= 64_000_000
        assert min(kept.put.minutes) == MINUTE + 16 * 60

    def test_retention_hides_and_a_longer_one_does_not_bring_back(self) -> None:
        book = LogBook()
        book.put("/g", "s", [(MINUTE * 1000, "old")], now_ms=0)
        later = at(0) + timedelta(days=2)

        def lines(retention: int | None) -> int:
            read = book.group("/g", label="", created=0, retention=retention, now=later.timestamp())
            return len(page(read, Wanted(0, 2**44)).rows)

        assert (lines(None), lines(3), lines(1)) == (1, 1, 0)
        book.expire("/g", int(later.timestamp() * 1000) - 86_400_000)
        assert lines(None) == 0


def test_a_whole_minute_has_twelve_slots() -> None:
    assert SLOTS * 5 == 60
