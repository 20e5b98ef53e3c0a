"""The Logs page in every state, over hand-written lines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.log_state import LineKey
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import NOW, FakeSources, context
from tests.pages.log_fakes import APPLICATION, log_lines


def listed(app: AppTest, key: str = "logs-lines") -> dict[str, Any]:
    """What the list of lines was sent."""
    (found,) = [each.proto for each in seen.components(app) if each.proto.id.endswith(key)]
    document: dict[str, Any] = json.loads(found.bytes)
    return document


def test_without_a_group_the_page_says_what_there_is(open_page: Open) -> None:
    app = open_page(context(), "logs")
    assert not app.exception
    assert "Choose one of 3 log groups" in seen.text(app)
    assert [box.label for box in app.selectbox][-1] == "Log group"


def test_groups_are_found_by_name_and_by_tag(open_page: Open) -> None:
    (*_, box) = open_page(context(), "logs").selectbox
    assert "/directory/application  ·  team=web" in box.options


def test_a_group_is_chosen_and_the_link_holds_it(open_page: Open) -> None:
    app = open_page(context(), "logs")
    app.selectbox[-1].select_index(1).run()
    assert app.query_params["group"] == APPLICATION
    assert "360 lines from 10:31 to 11:31 UTC." in seen.text(app)


def test_lines_are_listed_newest_first_and_safe(open_page: Open) -> None:
    document = listed(open_page(context(), "logs", group=APPLICATION))
    times = [row[1] for row in document["lines"]]
    assert len(times) == 360
    assert times == sorted(times, reverse=True)
    hostile = next(row[3] for row in document["lines"] if "attacker" in row[3])
    assert hostile.endswith("‹RLO› red")


def test_a_pattern_narrows_and_is_explained(open_page: Open) -> None:
    app = open_page(context(), "logs", group=APPLICATION, pattern="ERROR")
    assert {row[2] for row in listed(app)["lines"]} == {"error"}
    assert "12 matching lines" in seen.text(app)


def test_a_wrong_pattern_says_where_and_nothing_is_searched(open_page: Open) -> None:
    sources = FakeSources()
    app = open_page(context(sources), "logs", group=APPLICATION, pattern="{ $.level =")
    assert "The pattern is not complete" in seen.text(app)
    assert 'position\\": 11' in seen.text(app)
    assert "logs:FilterLogEvents" not in sources.reads


def test_a_group_that_cannot_be_searched_says_so(open_page: Open) -> None:
    app = open_page(context(), "logs", group="/directory/audit")
    assert "INFREQUENT\\_ACCESS" in seen.text(app) or "INFREQUENT_ACCESS" in seen.text(app)
    assert "Logs Insights only" in seen.text(app)


def test_nothing_found_says_what_to_try(open_page: Open) -> None:
    app = open_page(context(), "logs", group=APPLICATION, pattern="nowhere")
    assert listed(app)["empty"] == "No line of this span matches. Try a longer span, or a wider pattern."


def test_what_is_not_read_yet_is_no_zero(open_page: Open) -> None:
    app = open_page(context(FakeSources(unread=timedelta(minutes=40))), "logs", group=APPLICATION)
    assert "read back to 11:11:30 of 10:31 to 11:31 UTC" in seen.text(app)


def test_loading_shows_a_frame_of_the_final_height(open_page: Open) -> None:
    sources = FakeSources()
    sources.gate.clear()
    app = open_page(context(sources, patience=0.2), "logs", group=APPLICATION)
    sources.gate.set()
    assert not app.exception
    assert app.get("skeleton")


def test_refused_names_the_action_and_the_page_stands(open_page: Open) -> None:
    app = open_page(context(FakeSources(deny=frozenset({"logs:FilterLogEvents"}))), "logs", group=APPLICATION)
    assert not app.exception
    assert "logs:FilterLogEvents" in [code.value for code in app.code]
    assert listed(app)["lines"] == []


def test_groups_refused_leave_the_link_usable(open_page: Open) -> None:
    app = open_page(context(FakeSources(deny=frozenset({"logs:DescribeLogGroups"}))), "logs", group=APPLICATION)
    assert "logs:DescribeLogGroups" in [code.value for code in app.code]
    assert len(listed(app)["lines"]) == 360


def test_an_error_nobody_foresaw_has_a_reference_and_no_details(open_page: Open) -> None:
    app = open_page(context(FakeSources(broken=True)), "logs", group=APPLICATION)
    assert any("Reference for the log: " in error.value for error in app.error)
    assert "secret" not in seen.text(app).replace("Secrets are hidden", "")


def test_stale_lines_say_how_old_they_are(open_page: Open) -> None:
    app = open_page(context(FakeSources(lag=timedelta(minutes=9))), "logs", group=APPLICATION)
    assert "Stale" in seen.text(app)


def test_a_line_of_the_link_is_shown_with_its_neighbours(open_page: Open) -> None:
    line = log_lines()[200]
    key = LineKey(line.milliseconds, line.stream, line.event_id).text()
    app = open_page(context(), "logs", group=APPLICATION, line=key)
    document = listed(app, "logs-around")
    assert document["anchor"] == key
    assert {row[5] for row in document["lines"]} == {line.stream}
    assert len(document["lines"]) == 51
    assert len({row[0] for row in document["lines"]}) == 51
    app.button(key="logs-further").click().run()
    assert len(listed(app, "logs-around")["lines"]) == 120
    app.button(key="logs-back").click().run()
    assert "line" not in app.query_params


def test_a_line_that_is_gone_is_said_to_be(open_page: Open) -> None:
    app = open_page(context(), "logs", group=APPLICATION, line=LineKey(1, "web-1", "x").text())
    assert "This line is not there" in seen.text(app)


@pytest.mark.parametrize(("label", "lines"), [("Errors", 13), ("Warnings", 0)])
def test_a_pattern_to_begin_with_is_one_click(open_page: Open, label: str, lines: int) -> None:
    app = open_page(context(), "logs", group=APPLICATION)
    app.button(key=f"logs-start-{label}").click().run()
    assert app.query_params["pattern"]
    assert len(listed(app)["lines"]) == lines
    app.button(key=f"logs-start-{label}").click().run()
    assert len(listed(app)["lines"]) == 360


def test_the_link_pins_a_span_of_seconds(open_page: Open) -> None:
    start, end = NOW - timedelta(seconds=40), NOW - timedelta(seconds=10)
    app = open_page(
        context(), "logs", group=APPLICATION, from_=f"{start:%Y-%m-%dT%H:%M:%SZ}", to=f"{end:%Y-%m-%dT%H:%M:%SZ}"
    )
    assert len(listed(app)["lines"]) == 3


def test_an_alarm_a_resource_and_charts_lead_to_their_logs(open_page: Open) -> None:
    """The hand-written groups fit none of the fleet's names: the way is there, and guesses nothing."""
    for page, url in (("alarm", {"name": "web-cpu-high"}), ("resources", {"resource": "group~web-asg"}), ("wall", {})):
        app = open_page(context(), page, **url)
        links = [each.proto for each in app.get("page_link") if each.proto.page.startswith("logs")]
        assert links, page
        assert all("group=" not in link.query_string for link in links)


def test_an_alarm_leads_to_the_logs_of_when_it_fired(open_page: Open) -> None:
    app = open_page(context(), "alarm", name="web-cpu-high")
    (link,) = [each.proto for each in app.get("page_link") if each.proto.page.startswith("logs")]
    assert "from=2026-11-23T11%3A14%3A30Z" in link.query_string
    assert link.label.startswith("Logs of 11")


def test_the_tail_has_the_newest_lines_last(open_page: Open) -> None:
    app = open_page(context(), "logs", group=APPLICATION, mode="tail")
    assert not app.exception
    document = listed(app, "logs-tail")
    times = [row[1] for row in document["lines"]]
    assert document["tail"] is True
    assert times == sorted(times)
    assert "30 lines in the last 5 minutes" in seen.text(app)


def test_a_tail_of_a_pinned_span_says_how_to_let_go(open_page: Open) -> None:
    start, end = NOW - timedelta(minutes=40), NOW - timedelta(minutes=10)
    span = {"from_": f"{start:%Y-%m-%dT%H:%M:%SZ}", "to": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    assert "A tail is of now" in seen.text(open_page(context(), "logs", group=APPLICATION, mode="tail", **span))


def test_a_refused_tail_names_the_action(open_page: Open) -> None:
    sources = FakeSources(deny=frozenset({"logs:FilterLogEvents"}))
    app = open_page(context(sources), "logs", group=APPLICATION, mode="tail")
    assert "logs:FilterLogEvents" in [code.value for code in app.code]
