"""The URL is the page's state, and nothing in it is trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan
from dashboard.state import (
    LONGEST_SPAN,
    MOST_CHOICES,
    SHORTEST_SPAN,
    ExplorerState,
    MetricChoice,
    PageState,
    pinned,
    read,
    read_choice,
    read_explorer,
)

NOW = datetime(2026, 11, 23, 11, 31, 30, tzinfo=UTC)
PROD = Scope("111111111111", "us-east-1")
DR = Scope("222222222222", "eu-west-1")


def url(**values: str) -> dict[str, list[str]]:
    return {name: [value] for name, value in values.items()}


def state_of(**values: str) -> PageState:
    return read({name.rstrip("_"): [value] for name, value in values.items()}, scopes=(PROD, DR), now=NOW)


def test_a_bare_address_shows_the_first_account_live_for_an_hour() -> None:
    assert state_of() == PageState(PROD)
    assert state_of().refreshing
    assert state_of().span(now=NOW) == Timespan(NOW - timedelta(hours=1), NOW)


def test_a_link_brings_back_what_its_sender_saw() -> None:
    span = Timespan(NOW - timedelta(hours=3), NOW - timedelta(hours=2))
    for sent in (
        PageState(DR, range="3h"),
        PageState(DR, fixed=replace(span, start=span.start, end=span.end)),
        PageState(PROD, live=False, kiosk=True),
    ):
        assert read({name: [value] for name, value in sent.params().items()}, scopes=(PROD, DR), now=NOW) == sent


def test_a_pinned_span_pauses() -> None:
    state = state_of(from_="2026-11-23T10:00:00Z", to="2026-11-23T11:00:00Z")
    assert state.fixed == Timespan(datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC))
    assert not state.refreshing


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-23T11:00:00Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T11:00:00Z", "2026-11-23T11:00:00Z"),
        ("yesterday", "today"),
        ("2026-11-23T10:00:00Z", ""),
        ("0001-01-01T00:00:00+14:00", "2026-11-23T10:00:00Z"),
        ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"),
        ("2027-11-23T10:00:00Z", "2027-11-23T11:00:00Z"),
        ("2016-11-23T10:00:00Z", "2016-11-23T11:00:00Z"),
        ("<script>", "\x00"),
    ],
)
def test_a_senseless_span_is_named_and_the_wall_stays_live(start: str, end: str) -> None:
    state = state_of(from_=start, to=end)
    assert state.fixed is None
    assert state.refreshing
    assert state.problems == (
        "The link's times were not understood; write them as 2026-11-23T10:00:00Z, from before to.",
    )


def test_what_cloudwatch_no_longer_keeps_is_cut_off() -> None:
    state = state_of(from_="2020-01-01T00:00:00Z", to="2026-11-23T10:00:00Z")
    assert state.fixed is not None
    assert state.fixed.start == (NOW - LONGEST_SPAN).replace(microsecond=0)


def test_an_unknown_range_and_scope_fall_back_and_say_so() -> None:
    state = state_of(range="3 fortnights", scope="999999999999/mars-1")
    assert (state.range, state.scope) == ("1h", PROD)
    assert len(state.problems) == 2


@pytest.mark.parametrize("word", ["false", "0", "off", "no", "FALSE"])
def test_live_can_be_switched_off(word: str) -> None:
    assert not state_of(live=word).live


@given(
    st.dictionaries(st.sampled_from(["scope", "range", "from", "to", "live", "kiosk"]), st.lists(st.text(), max_size=3))
)
def test_nothing_in_a_url_can_break_a_page(params: dict[str, list[str]]) -> None:
    state = read(params, scopes=(PROD, DR), now=NOW)
    assert state.span(now=NOW).duration >= timedelta(minutes=5)


def test_a_drag_pins_what_was_dragged() -> None:
    span = Timespan(NOW - timedelta(minutes=40), NOW - timedelta(minutes=20))
    assert pinned(PageState(PROD), span, now=NOW).fixed == span


def test_a_slip_of_the_hand_is_widened() -> None:
    at = NOW - timedelta(minutes=40)
    state = pinned(PageState(PROD), Timespan(at, at + timedelta(seconds=2)), now=NOW)
    assert state.fixed is not None
    assert state.fixed.duration == SHORTEST_SPAN


def test_a_drag_over_what_cannot_hold_data_changes_nothing() -> None:
    past = Timespan(NOW - timedelta(days=4_000), NOW - timedelta(days=3_999))
    assert pinned(PageState(PROD), past, now=NOW) == PageState(PROD)


def test_resetting_the_zoom_goes_back_to_live() -> None:
    span = Timespan(NOW - timedelta(minutes=40), NOW - timedelta(minutes=20))
    assert pinned(PageState(PROD, fixed=span), None, now=NOW).refreshing


CPU = MetricChoice(MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)), "p99")


def test_a_choice_of_a_metric_reads_well_in_a_link() -> None:
    assert CPU.text() == "AWS/EC2~CPUUtilization~p99~InstanceId~i-1"


@given(
    st.text(min_size=1, max_size=20),
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), max_size=4),
)
def test_any_metric_survives_the_link(namespace: str, name: str, dimensions: dict[str, str]) -> None:
    choice = MetricChoice(MetricId(namespace, name, tuple(dimensions.items())), "Average")
    assert read_choice(choice.text()) == choice


@pytest.mark.parametrize(
    "text", ["", "AWS/EC2", "AWS/EC2~CPU", "AWS/EC2~CPU~Average~InstanceId", "~~", "a~b~c~d~" + "x" * 300]
)
def test_what_is_no_metric_is_left_out_and_named(text: str) -> None:
    state = read_explorer({"metric": [text, CPU.text()]})
    assert state.choices == (CPU,)
    assert len(state.problems) == 1


def test_one_chart_takes_a_bounded_number_of_series_each_once() -> None:
    many = [replace(CPU, statistic=f"p{place}").text() for place in range(50)]
    assert len(read_explorer({"metric": [*many]}).choices) == MOST_CHOICES
    assert len(read_explorer({"metric": [CPU.text(), CPU.text()]}).choices) == 1


@pytest.mark.parametrize(("text", "period"), [("", None), ("auto", None), ("300", 300), ("60", 60), ("1", 1)])
def test_a_period_is_one_that_cloudwatch_takes(text: str, period: int | None) -> None:
    assert read_explorer(url(period=text)) == ExplorerState(period=period)


@pytest.mark.parametrize("text", ["7", "-60", "1e3", "99999999999999999999", "sixty"])
def test_any_other_period_is_named(text: str) -> None:
    state = read_explorer(url(period=text))
    assert state.period is None or state.period % 60 == 0
    assert state.problems or state.period
