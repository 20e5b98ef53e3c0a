"""What the Patterns mode says: what is compared with what, what changed, what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.logs import answering, spans
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.patterns.changes import Kind
from collectors.scaling import Activity
from core.log_lines import EPOCH, LogLine
from core.reading import Reading, Scope
from core.timespan import Timespan
from dashboard.log_pattern_state import Against, PatternState, read_patterns
from dashboard.views import log_comparing, log_patterns
from dashboard.views.log_comparing import Compared
from dashboard.views.log_patterns import Grouped

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
SPAN = Timespan(NOW - timedelta(hours=1), NOW)
BEFORE = Timespan(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
PROD = Scope("111111111111", "us-east-1")


def refresh(at: datetime, group: str = "web") -> Activity:
    cause = "At 2026-11-23T10:00:00Z an instance was taken out of service in response to an instance refresh."
    return Activity(
        f"{group}-{at}", group, at, at, "Successful", "Terminating", cause, None, None, None, None, None, None
    )


def said(span: Timespan, *messages: str, each: int = 1) -> list[LogLine]:
    step = span.duration / (len(messages) * each + 1)
    return [
        LogLine(int((span.start + step * (place + 1) - EPOCH) / timedelta(milliseconds=1)), "/app", "s", message)
        for place, message in enumerate(messages * each)
    ]


def look(
    after: Sequence[LogLine], before: Sequence[LogLine] | None, *, unread: timedelta = timedelta(0), most: int = 20_000
) -> Grouped:
    def told(span: Timespan, lines: Sequence[LogLine]) -> tuple[LogQuestion, Reading[LogAnswer]]:
        asked = LogQuestion(PROD, "/app", span, "", (), most)
        start, end = spans.of(span)
        start += unread // timedelta(milliseconds=1)
        return asked, Reading(answering.answered(asked, lines, [(start, end)] if start < end else []), NOW)

    asked, later = told(SPAN, after)
    earlier = told(BEFORE, before)[1] if before is not None else None
    return log_patterns.grouped(asked, later, earlier, Compared(SPAN, BEFORE if before is not None else None))


def view(found: Grouped, wanted: PatternState | None = None) -> log_patterns.PatternView:
    return log_patterns.build(found, wanted or PatternState(), bare=False, now=NOW)


def test_the_time_before_is_as_long() -> None:
    assert log_comparing.spans(SPAN, Against.BEFORE, ()) == Compared(SPAN, BEFORE)


def test_nothing_is_compared_on_demand() -> None:
    assert log_comparing.spans(SPAN, Against.NOTHING, ()).before is None


def test_since_the_deployment() -> None:
    at = NOW - timedelta(minutes=20)
    marks = log_comparing.deploys(SPAN, (refresh(at + timedelta(minutes=9)), refresh(at)), ())
    found = log_comparing.spans(SPAN, Against.DEPLOY, marks)
    assert found.after == Timespan(at, NOW)
    assert found.before == Timespan(at - timedelta(minutes=20), at)
    assert at in [mark.at for mark in found.deploys]


def test_a_deployment_before_the_span_is_compared_all_the_same() -> None:
    at = NOW - timedelta(hours=5)
    found = log_comparing.spans(SPAN, Against.DEPLOY, log_comparing.deploys(SPAN, (refresh(at),), ()))
    assert found.after == SPAN
    assert found.before == Timespan(at - timedelta(hours=1), at)


def test_a_new_release_in_the_lines_is_a_deployment() -> None:
    lines = said(SPAN, *(f'{{"message":"served","release":"{name}"}}' for name in ("v1", "v1", "v2")))
    (mark,) = log_comparing.deploys(SPAN, (), lines)
    assert mark.label == "release v2"
    found = log_comparing.spans(SPAN, Against.DEPLOY, (mark,))
    assert found.after.start == mark.at == SPAN.start + timedelta(minutes=45)


def test_no_deployment_says_so() -> None:
    found = log_comparing.spans(SPAN, Against.DEPLOY, ())
    assert found.before is None
    assert "No deployment is known" in found.note


def test_the_new_come_first_and_the_sentence_counts() -> None:
    old = said(BEFORE, "served 1", each=60)
    new = said(SPAN, *["served 2"] * 60, "ERROR no stock for 'x'")
    found = view(look(new, old))
    assert found.sentence == "2 templates in 61 lines of 10:30 to 11:30 UTC; 1 new against 09:30 to 10:30 UTC."
    assert list(found.table["Change"]) == ["New", ""]
    assert list(found.table["Level"]) == ["error", ""]
    assert list(found.table["Template"]) == ["ERROR no stock for '<str>'", "served <num>"]
    assert list(found.table["Lines"]) == [1, 60]
    assert list(found.table["Before"]) == [0, 60]
    assert found.counts[Kind.NEW] == 1
    assert not found.notes


def test_of_the_new_the_worst_comes_first() -> None:
    found = view(look(said(SPAN, *["INFO ready"] * 30, "ERROR lost"), said(BEFORE, "served")))
    assert [row.severity for row in found.rows[:2]] == ["error", "info"]


def test_only_one_kind_of_change() -> None:
    found = view(look(said(SPAN, "a new thing"), said(BEFORE, "served", each=40)), PatternState(changed=Kind.GONE))
    assert list(found.table["Template"]) == ["served"]


def test_without_a_comparison_there_are_no_columns_for_one() -> None:
    found = view(look(said(SPAN, "served 1"), None))
    assert "Before" not in found.table
    assert found.sentence == "1 template in 1 line of 10:30 to 11:30 UTC."
    assert found.counts == {}


def test_what_is_not_read_is_not_compared() -> None:
    found = view(look(said(SPAN, "served"), [], unread=timedelta(hours=1)))
    assert "09:30 to 10:30 UTC is not read yet, so nothing is compared" in found.sentence
    assert found.going_on
    assert "Not all is read yet" in found.notes[0]


def test_half_a_span_is_compared_by_its_length() -> None:
    found = look(said(SPAN, "served", each=100), said(BEFORE, "served", each=100), unread=timedelta(minutes=30))
    assert found.lengths.before == found.lengths.after == 1_800_000


def test_more_lines_than_are_grouped_shorten_the_span() -> None:
    found = look(said(SPAN, "served", each=100), None, most=50)
    assert found.lengths.after == pytest.approx(1_800_000, rel=0.02)
    assert view(found).notes == ("The newest 50 of 100 lines are grouped.",)


def test_a_template_of_the_link_has_its_lines_and_a_pattern() -> None:
    found = look(said(SPAN, "served 1", "ERROR lost 2", "served 3"), said(BEFORE, "served 0"))
    name = next(each.id for each in found.mined.templates if each.text == "served <num>")
    detail = view(found, PatternState(template=name)).detail
    assert detail is not None
    assert [line.message for line in detail.lines] == ["served 3", "served 1"]
    assert detail.pattern == "served"
    assert detail.sentence == "2 lines, 1 before: no more of a difference than chance makes."
    assert detail.chart.marks[0].at == SPAN.start
    assert float(detail.chart.lines[0].values.sum()) == 3


def test_a_template_that_is_not_there_is_said() -> None:
    found = view(look(said(SPAN, "served"), None), PatternState(template="0123456789"))
    assert found.missing
    assert found.detail is None


def test_secrets_are_hidden_and_signs_seen() -> None:
    found = view(look(said(SPAN, "password=hunter2hunter2 \u202e<b>"), None))
    (text,) = found.table["Template"]
    assert "hunter2" not in text
    assert "\u202e" not in text


def test_the_link_says_it_all() -> None:
    state = PatternState(Against.DEPLOY, Kind.NEW, "0123456789")
    assert read_patterns({name: [str(value)] for name, value in state.params().items()}) == state
    assert PatternState().params() == {}


def test_a_link_that_makes_no_sense_says_so() -> None:
    state = read_patterns({"against": ["x"], "changed": ["y"], "template": ["<script>"]})
    assert replace(state, problems=()) == PatternState()
    assert len(state.problems) == 3
