"""Logs Insights in every state: empty, priced, refused, queued, running, failed with its place, done, stale."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from collectors.logs.insights import InsightsQuery
from collectors.logs.runs import RunState
from core.money import ZERO
from core.timespan import Timespan
from dashboard.insights_state import SHORT
from dashboard.wording import md
from tests.pages import fakes, seen
from tests.pages.conftest import Open
from tests.pages.fakes import FakeSources
from tests.pages.log_fakes import APPLICATION, HOSTILE_LINE

COUNTED = "filter level = 'ERROR' | stats count(*) as errors by bin(5m)"


def opened(
    open_page: Open, sources: FakeSources | None = None, *, role: Role = Role.ADMINISTRATOR, **url: Any
) -> AppTest:
    context = fakes.context(sources or FakeSources(), role=role)
    return open_page(context, "insights", **url)


def run_of(sources: FakeSources, state: RunState = RunState.COMPLETE, **more: Any) -> str:
    """Put a run into the account; gives its id."""
    sources.insights.state = state
    for name, value in more.items():
        setattr(sources.insights, name, value)
    span = Timespan(fakes.NOW.replace(hour=10, minute=0, second=0), fakes.NOW)
    query = InsightsQuery(fakes.PROD, (APPLICATION,), span, COUNTED)
    quoted = sources.insights.quote(query, now=fakes.NOW).value
    run = sources.insights.ask(quoted, by="ann", now=fakes.NOW).value
    assert run is not None
    return run.id


def says(app: AppTest, sentence: str) -> bool:
    """Whether a sentence is on the page, as text or with its signs escaped."""
    shown = seen.text(app)
    return sentence in shown or md(sentence) in shown


def link(app: AppTest, name: str) -> str:
    """Give a value of the link."""
    found = app.query_params[name]
    return found if isinstance(found, str) else found[0]


def button(app: AppTest, key: str) -> Any:
    return next(each for each in app.button if each.key == key)


def test_it_begins_with_an_example_and_asks_for_a_group(open_page: Open) -> None:
    app = opened(open_page)
    assert not app.exception
    assert "fields @timestamp" in str(app.text_area[0].value)
    assert button(app, "insights-run").disabled
    assert says(app, "Choose the log groups to query.")
    assert says(app, "Nobody has run a query here")


def test_the_price_is_said_before_the_run_and_accepted_by_it(open_page: Open) -> None:
    sources = FakeSources()
    app = opened(open_page, sources, group=APPLICATION, q=COUNTED)
    run = button(app, "insights-run")
    assert run.label == "Run for about $0.01"
    assert not run.disabled
    assert says(app, "It will scan about 2 GB (counted as they came in) and cost about $0.01")
    assert sources.insights.held == []
    app = run.click().run()
    assert not app.exception
    (done,) = sources.insights.held
    assert (done.query.text, done.query.groups) == (COUNTED, (APPLICATION,))
    assert link(app, "run") == done.id
    assert says(app, "8 rows; 12 lines of 360 matched; 1.9 GB scanned, $0.01")


def test_at_a_cap_of_zero_the_button_says_why_not(open_page: Open) -> None:
    sources = FakeSources()
    sources.insights.cap = ZERO
    app = opened(open_page, sources, group=APPLICATION)
    assert button(app, "insights-run").disabled
    assert says(app, "This query may cost up to $0.01, and the monthly cap on our own calls is $0.00.")


def test_a_viewer_reads_why_another_role_is_needed(open_page: Open) -> None:
    app = opened(open_page, role=Role.VIEWER, group=APPLICATION)
    assert button(app, "insights-run").disabled
    assert says(app, "to make calls that cost money takes an administrator")


def test_a_field_goes_into_the_query(open_page: Open) -> None:
    app = opened(open_page, group=APPLICATION, q="fields @timestamp\n| limit 5")
    pills = next(each for each in app.button_group if each.key == "insights-field")
    app = (
        pills.set_value(["request-id"]).run() if isinstance(pills.value, list) else pills.set_value("request-id").run()
    )
    assert app.text_area[0].value == "fields @timestamp, `request-id`\n| limit 5"


def test_an_example_and_a_saved_query_are_taken_over(open_page: Open) -> None:
    app = opened(open_page, group=APPLICATION)
    app = next(each for each in app.selectbox if each.key == "insights-example").select("Errors over time").run()
    assert "by bin(5m)" in str(app.text_area[0].value)
    assert "bin(5m)" in link(app, "q")
    app = next(each for each in app.selectbox if each.key == "insights-saved").select("q-1").run()
    assert app.text_area[0].value == "filter level = 'ERROR'"


def test_saving_is_a_plan_first(open_page: Open) -> None:
    app = opened(open_page, group=APPLICATION, q=COUNTED)
    app.text_input(key="insights-name").set_value("web/new").run()
    app = button(app, "insights-save").click().run()
    assert not app.exception


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (RunState.WAITING, "It waits: as many queries run as may."),
        (RunState.RUNNING, "nothing scanned yet so far"),
        (RunState.STOPPED, "nothing scanned yet"),
        (RunState.TIMED_OUT, "nothing scanned yet"),
    ],
)
def test_a_run_says_where_it_stands(open_page: Open, state: RunState, sentence: str) -> None:
    sources = FakeSources()
    app = opened(open_page, sources, group=APPLICATION, q=COUNTED, run=run_of(sources, state))
    assert not app.exception
    assert says(app, sentence)
    assert says(app, str(state))
    assert any(each.key == "insights-stop" for each in app.button) == (state in {RunState.WAITING, RunState.RUNNING})


def test_a_mistake_is_shown_with_its_place(open_page: Open) -> None:
    sources = FakeSources()
    run = run_of(sources, RunState.FAILED, place=(7, 12))
    app = opened(open_page, sources, group=APPLICATION, q=COUNTED, run=run)
    shown = seen.text(app)
    assert "unexpected symbol found" in shown
    assert f"{COUNTED}\n       ^^^^^" in shown


def test_results_are_a_table_and_a_chart_and_foreign_text_stays_text(open_page: Open) -> None:
    sources = FakeSources()
    app = opened(open_page, sources, group=APPLICATION, q=COUNTED, run=run_of(sources))
    frames = [frame.value for frame in app.dataframe]
    table = next(frame for frame in frames if "errors" in frame.columns)
    assert table["errors"].tolist() == list(range(8))
    assert says(app, "insights-chart")
    assert "img src=x" not in " ".join(str(each.value) for each in app.markdown)
    assert HOSTILE_LINE[:8] in str(table["message"].tolist())


def test_results_of_another_query_say_so(open_page: Open) -> None:
    sources = FakeSources()
    app = opened(open_page, sources, group="/aws/lambda/thumbnails", q="fields @message", run=run_of(sources))
    assert says(app, "These are results of before: the query and the log groups changed since.")
    app = button(app, "insights-take").click().run()
    assert str(app.text_area[0].value) == COUNTED
    assert link(app, "group") == APPLICATION


def test_a_run_that_is_gone_says_so(open_page: Open) -> None:
    app = opened(open_page, group=APPLICATION, run="0123456789abcdef")
    assert says(app, "The run of the link is not here")


def test_what_is_denied_is_a_notice_not_an_empty_list(open_page: Open) -> None:
    sources = FakeSources()
    sources.insights.denied = True
    app = opened(open_page, sources, group=APPLICATION)
    assert says(app, "logs:GetLogGroupFields")


def test_a_long_query_is_kept_with_the_drafts(open_page: Open) -> None:
    app = opened(open_page, group=APPLICATION)
    long = "filter " + " or ".join(f"ms = {number}" for number in range(200))
    app = app.text_area[0].set_value(long).run()
    assert not app.exception
    assert "q" not in app.query_params
    assert len(long) > SHORT
