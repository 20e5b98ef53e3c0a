"""The Patterns mode of the Logs page in every state, over hand-written lines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collectors.patterns.templates import mine
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import FakeSources, context
from tests.pages.log_fakes import APPLICATION, log_lines
from tests.pages.test_logs import listed

MODE = {"group": APPLICATION, "mode": "patterns"}


def test_templates_are_listed_with_what_changed(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE)
    assert not app.exception
    assert "3 templates in 360 lines of 10:31 to 11:31 UTC" in seen.text(app)
    (table,) = [each.value for each in app.dataframe]
    assert list(table.columns) == ["Change", "Level", "Template", "Lines", "Before", "Over time", "Last"]
    assert set(table["Template"]) >= {"ERROR · GET <path>", "INFO · GET <path>"}
    assert table["Lines"].sum() == 360


def test_hostile_lines_are_safe(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE)
    (table,) = [each.value for each in app.dataframe]
    hostile = next(text for text in table["Template"] if "onerror" in text)
    assert "‹RLO›" in hostile
    assert "\x1b" not in hostile


def test_a_template_of_the_link_is_shown_with_its_lines(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE)
    (table,) = [each.value for each in app.dataframe]
    assert len(table) == 3
    app = open_page(context(), "logs", **MODE, template="0123456789")
    assert "The template of the link is not among these lines." in seen.text(app)


@pytest.mark.parametrize(
    ("against", "said"), [("deploy", "deployment"), ("nothing", "360 lines of 10:31 to 11:31 UTC.")]
)
def test_what_it_is_compared_with(open_page: Open, against: str, said: str) -> None:
    app = open_page(context(), "logs", **MODE, against=against)
    assert not app.exception
    assert said in seen.text(app)


def test_the_comparison_is_kept_in_the_link(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE)
    box = next(each for each in app.selectbox if each.label == "Compare with")
    box.select_index(2).run()
    assert app.query_params["against"] in ("nothing", ["nothing"])


def test_a_pattern_narrows_what_is_grouped(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE, pattern="ERROR")
    (table,) = [each.value for each in app.dataframe]
    assert list(table["Template"]) == ["ERROR · GET <path>"]


def test_no_line_says_what_to_try(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE, pattern="nowhere")
    assert "No templates here" in seen.text(app)
    assert "0 templates in 0 lines" in seen.text(app)


def test_what_is_not_read_yet_is_not_compared(open_page: Open) -> None:
    app = open_page(context(FakeSources(unread=timedelta(minutes=40))), "logs", **MODE)
    assert "Not all is read yet" in seen.text(app).replace("\\", "")


def test_refused_names_the_action_and_the_page_stands(open_page: Open) -> None:
    app = open_page(context(FakeSources(deny=frozenset({"logs:FilterLogEvents"}))), "logs", **MODE)
    assert not app.exception
    assert "logs:FilterLogEvents" in [code.value for code in app.code]


def test_loading_shows_a_frame(open_page: Open) -> None:
    sources = FakeSources()
    sources.gate.clear()
    app = open_page(context(sources, patience=0.2), "logs", **MODE)
    sources.gate.set()
    assert not app.exception
    assert app.get("skeleton")


def test_an_error_nobody_foresaw_has_a_reference(open_page: Open) -> None:
    app = open_page(context(FakeSources(broken=True)), "logs", **MODE)
    assert any("Reference for the log: " in error.value for error in app.error)


def test_a_link_that_makes_no_sense_says_so(open_page: Open) -> None:
    app = open_page(context(), "logs", **MODE, against="yesterday", template="<script>")
    assert "unknown comparison" in seen.text(app)
    assert not app.exception


def test_a_template_has_a_chart_a_pattern_and_its_lines(open_page: Open) -> None:
    errors = next(each for each in mine(log_lines()).templates if each.origin.level == "ERROR")
    app = open_page(context(), "logs", **MODE, template=errors.id)
    assert not app.exception
    assert '{ $.level = "ERROR" && $.message = "*GET*" }' in [code.value for code in app.code]
    assert len(listed(app, "pattern-list")["lines"]) == 12
    next(button for button in app.button if button.label == "Search for its lines").click().run()
    assert app.query_params["pattern"] in (
        ['{ $.level = "ERROR" && $.message = "*GET*" }'],
        '{ $.level = "ERROR" && $.message = "*GET*" }',
    )
    assert "mode" not in app.query_params
