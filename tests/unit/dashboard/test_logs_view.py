"""What the Logs page says of an answer: how many match, how far back it is read, what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from collectors.logs import answering, spans
from collectors.logs.question import LogAnswer, LogQuestion
from core.log_lines import LogLine
from core.reading import Fault, FaultKind, Reading, Scope
from core.timespan import Timespan
from dashboard.charts.figure import latest
from dashboard.charts.log_lines import Act, LineEvent, PatternView, event_of, pattern_document, pattern_event
from dashboard.log_state import LineKey, LogState
from dashboard.views import logs
from tests.pages.fakes import FakeSources

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
SPAN = Timespan(NOW - timedelta(hours=1), NOW)
PROD = Scope("111111111111", "us-east-1")
FIRST, LAST = spans.of(SPAN)


def lines(number: int, *, level: str = "INFO") -> list[LogLine]:
    return [
        LogLine(LAST - 1 - place * 1_000, "/app", "s", f'{{"level":"{level}"}}', f"e{place:06}")
        for place in range(number)
    ]


def look(
    matching: Sequence[LogLine], *, read_from: int = FIRST, most: int = 1_000, faults: tuple[Fault, ...] = (),
    pattern: str = "ERROR",
) -> logs.Look:  # fmt: skip
    question = LogQuestion(PROD, "/app", SPAN, pattern, (), most)
    known = [(read_from, LAST)] if read_from < LAST else []
    return logs.Look(question, Reading(answering.answered(question, matching, known), NOW, faults))


def test_a_whole_answer() -> None:
    view = logs.build(look(lines(3)), now=NOW)
    assert view.sentence == "3 matching lines from 10:30 to 11:30 UTC."
    assert not view.going_on
    assert not view.more


def test_nothing_found_differs_from_nothing_read() -> None:
    assert logs.build(look([]), now=NOW).sentence == "0 matching lines from 10:30 to 11:30 UTC."
    unread = logs.build(look([], read_from=LAST), now=NOW)
    assert unread.sentence == "Nothing of 10:30 to 11:30 UTC is read yet."
    assert unread.going_on
    assert unread.chart.note == "Nothing is read yet"
    assert "older ones are being read" in logs.empty(unread)


def test_a_part_says_how_far_back_it_is_read_and_goes_on() -> None:
    view = logs.build(look(lines(3), read_from=LAST - 600_000), now=NOW)
    assert view.sentence == "3 matching lines, read back to 11:20:00 of 10:30 to 11:30 UTC."
    assert view.going_on
    (line,) = view.chart.lines
    assert np.isnan(line.values[:3]).all()


def test_more_lines_than_are_shown_are_counted_and_offered() -> None:
    view = logs.build(look(lines(1_500), pattern=""), now=NOW)
    assert view.sentence == "The newest 1,000 of 1,500 lines from 10:30 to 11:30 UTC."
    assert view.more
    assert not view.going_on
    assert [line.name for line in view.chart.lines] == ["Lines"]
    assert not logs.build(look(lines(12_000), most=10_000), now=NOW).more
    assert [logs.next_step(most) for most in (1_000, 5_000, 10_000)] == [2_000, 10_000, 10_000]


def test_where_enough_is_known_the_rest_is_counted_only_when_a_person_wants_it() -> None:
    enough = look(lines(1_500), read_from=LAST - 2_000_000)
    view = logs.build(enough, now=NOW)
    assert (view.rest, view.going_on) == (True, False)
    counting = logs.build(replace(enough, question=replace(enough.question, whole=True)), now=NOW)
    assert (counting.rest, counting.going_on) == (False, True)
    assert counting.sentence == (
        "The newest 1,000 of 1,500 matching lines, read back to 10:56:40 of 10:30 to 11:30 UTC."
    )


@pytest.mark.parametrize(("retryable", "going_on"), [(True, True), (False, False)])
def test_what_failed_for_good_is_not_asked_again(retryable: bool, going_on: bool) -> None:  # noqa: FBT001
    fault = Fault(PROD, "logs:FilterLogEvents", FaultKind.THROTTLED, "later", retryable)
    view = logs.build(look([], read_from=LAST, faults=(fault,)), now=NOW)
    assert view.going_on is going_on
    assert view.faults == (fault,)


def test_bars_are_by_severity_where_every_counted_line_is_at_hand() -> None:
    mixed = [*lines(40), *(LogLine(LAST - 1_800_000, "/app", "s", "ERROR x", f"x{n}") for n in range(5))]
    chart = logs.build(look(mixed), now=NOW).chart
    assert {line.name: np.nansum(line.values) for line in chart.lines} == {"Errors": 5, "Other lines": 40}


def test_a_hidden_secret_never_gets_into_the_pattern() -> None:
    line = LogLine(1, "/app", "s", '{"user":"ann","password":"hunter2","api_token":"abcd1234efgh"}')
    for place, seen in ((0, True), (1, False), (2, False)):
        found = [logs.narrowed(line, "", place, keep=keep, bare=False) for keep in (True, False)]
        assert all(found) if seen else found == [None, None]
    assert logs.narrowed(line, "", 1, keep=True, bare=True) == '{ $.password = "hunter2" }'
    assert logs.narrowed(line, "", 99, keep=True, bare=False) is None


def test_the_legend_sums_up() -> None:
    chart = logs.build(look(lines(40)), now=NOW).chart
    assert latest(chart) == ["40"]


def test_a_wrong_pattern_is_explained_and_not_sent() -> None:
    view = logs.explained("{ $.x =")
    assert view.error
    assert view.position >= 0
    assert not view.words
    assert logs.explained("ERROR").words
    assert not logs.is_pattern("{ $.x =")


def test_what_a_browser_sends_is_read_with_care() -> None:
    assert event_of({"act": "only", "key": "1~e~s", "field": 2}) == LineEvent(Act.ONLY, "1~e~s", 2)
    strange: tuple[object, ...] = (None, [], {"act": "drop", "key": "k"}, {"act": "only", "key": 1})
    for wrong in (*strange, {"act": "only", "key": "k", "field": 1e9}):
        assert event_of(wrong) is None
    assert pattern_event({"text": 3}, longest=9) is None
    event = pattern_event({"text": "x" * 99, "entered": "yes"}, longest=9)
    assert event is not None
    assert (event.text, event.entered) == ("x" * 9, False)


def test_a_browser_counts_the_place_of_an_error_in_its_own_way() -> None:
    view = PatternView("😀{", "", "wrong", 1)
    assert pattern_document(view, current="")["position"] == 2


def test_an_answer_that_holds_nothing_is_drawn() -> None:
    empty = logs.Look(LogQuestion(PROD, "/app", SPAN), Reading(LogAnswer(missing=(SPAN,)), NOW))
    assert logs.build(empty, now=NOW).chart.empty


def test_neighbours_of_one_millisecond_are_told_apart() -> None:
    """GetLogEvents gives no ids: two lines alike are two lines, and the line of the link is marked once."""
    line = LogLine(LAST - 5, "/app", "s", "twice", "e1")
    around = (line, LogLine(LAST - 5, "/app", "s", "twice"), LogLine(LAST - 5, "/app", "s", "other"))

    class Reads(FakeSources):
        def log_lines(self, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
            return Reading(LogAnswer((line,)), now)

        def log_context(
            self, scope: Scope, line: LogLine, *, before: int, after: int, now: datetime
        ) -> Reading[tuple[LogLine, ...]]:
            return Reading(around, now)

    wanted = LogState("/app", line=LineKey(line.milliseconds, "s", "e1"))
    found = logs.read_around(Reads(), wanted, PROD, most=5, clock=lambda: NOW)
    keys = [row.key for row in logs.listed(found.lines, "", bare=False)]
    assert len(set(keys)) == 3
    assert keys.count(LineKey(line.milliseconds, "s", "e1").text()) == 1
