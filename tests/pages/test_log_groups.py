"""The log groups page in its states, and a metric filter's form that is tried on real lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.changes import Ending
from access.identity import Role
from collectors.logs import publishing
from collectors.logs.groups import LogGroup
from collectors.logs.metric_filters import Judged, MetricFilter, from_response
from collectors.logs.question import LogAnswer, LogQuestion
from core.reading import Reading, Scope
from dashboard.views import filter_trials, log_groups, metric_filters
from dashboard.views.log_groups import Incoming, Only, Wanted
from dashboard.views.metric_filters import FilterDraft
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, PROD, FakeSources, context
from tests.pages.log_fakes import APPLICATION, HOSTILE_LINE, log_lines
from tests.pages.rooms import FakeRoom
from tests.unit.collectors.logs.fake_groups import FakeGroups

ERRORS = MetricFilter(APPLICATION, "errors", "{ $.level = ERROR }", "Directory", "Errors", default=0.0)
NAME = "![x](https://attacker.example/p.png)"


@dataclass
class LogRoom(FakeRoom):
    """An account whose log groups are really changed."""

    cloud: FakeGroups = field(default_factory=FakeGroups)

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.cloud.read(scope, service, operation, params)

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[Any]:
        yield self.cloud


@pytest.fixture
def room(tmp_path: Path) -> LogRoom:
    return LogRoom(tmp_path)


def said(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def opened(open_page: Open, sources: FakeSources, role: Role = Role.ENGINEER, **url: str | list[str]) -> AppTest:
    app = open_page(context(sources, role=role), "log_groups", **url)
    assert not app.exception
    return app


# -- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_says_what_is_kept_for_ever_and_what_it_costs(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources()))
    assert "3 log groups. 1 keeps its lines for ever." in text
    assert "▲ for ever" in text
    assert "14 days" in text
    assert "infrequent access" in text
    assert "Ingestion $" in text
    assert "storage is between 15 %" in text
    assert "None chosen" in text


def test_an_account_without_groups_says_so(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources(groups_of_logs=())))
    assert "There is no log group in this account and region." in text


def test_what_is_denied_is_said_with_its_action(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources(deny=frozenset({"logs:DescribeLogGroups"}))))
    assert "logs:DescribeLogGroups" in text
    text = said(opened(open_page, FakeSources(deny=frozenset({"logs:DescribeMetricFilters"}))))
    assert "logs:DescribeMetricFilters" in text
    assert "3 log groups" in text


def test_what_was_not_measured_has_no_price_and_is_said(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources(deny=frozenset({"cloudwatch:GetMetricStatistics"}))))
    assert "3 groups were not measured." in text
    assert "in a year if nothing changes" not in text


def test_nothing_is_bought_for_it(open_page: Open) -> None:
    sources = FakeSources(paid=True)
    text = said(opened(open_page, sources))
    assert "3 groups were not measured." in text
    assert "cloudwatch:GetMetricStatistics" not in sources.reads[sources.reads.index("logs:DescribeMetricFilters") :]


def test_filters_of_the_list_stand_in_the_link(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), find="audit")
    (table,) = app.dataframe
    assert list(table.value["Log group"]) == ["/directory/audit"]
    app = opened(open_page, FakeSources(), only=["kept for ever"])
    assert list(app.dataframe[0].value["Log group"]) == ["/aws/lambda/thumbnails"]
    app = opened(open_page, FakeSources(), find="nowhere")
    assert "No log group is like that" in said(app)


def test_a_viewer_reads_why_nothing_can_be_changed(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources(), Role.VIEWER))
    assert "how long log lines are kept takes an engineer" in text


def test_a_failure_that_nobody_foresaw_names_no_secret(open_page: Open) -> None:
    text = said(opened(open_page, FakeSources(broken=True)))
    assert "secret" not in text


# -- one group --------------------------------------------------------------------------------------------------------


def test_a_group_shows_its_filters_in_words(open_page: Open) -> None:
    app = opened(open_page, FakeSources(filters_of_logs=(ERRORS,)), group=APPLICATION)
    text = said(app)
    assert 'JSON lines in which $.level is "ERROR".' in list(app.dataframe[0].value["Finds"])
    assert "Directory · Errors" in text
    assert "1, else 0" in text
    assert "New metric filter" in text


def test_a_group_that_is_not_there_is_said(open_page: Open) -> None:
    assert "There is no log group of this name here." in said(opened(open_page, FakeSources(), group="/gone"))


def test_a_class_without_metric_filters_says_so(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group="/directory/audit")
    assert app.button(key="new-filter").disabled
    assert "class Standard only; this one is Infrequent access." in app.button(key="new-filter").help
    app = opened(open_page, FakeSources(), group="/directory/audit", pattern="ERROR")
    assert "class Standard only" in said(app)
    assert app.button(key="filter-review").disabled


def test_hostile_names_and_tags_stay_text(open_page: Open) -> None:
    (first, *_) = FakeSources().groups_of_logs
    hostile = replace(first, name=NAME, tags={HOSTILE: HOSTILE})
    filters = (replace(ERRORS, group=NAME, name=NAME, pattern=HOSTILE),)
    app = opened(open_page, FakeSources(groups_of_logs=(hostile,), filters_of_logs=filters), group=NAME)
    assert not [each for each in app.markdown if NAME in each.value]
    assert "not understood here" in said(app)


# -- the form ---------------------------------------------------------------------------------------------------------


def test_a_form_from_a_pattern_is_tried_on_real_lines(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group=APPLICATION, pattern="ERROR")
    text = said(app)
    assert 'Lines that contain "ERROR".' in text
    assert "12 lines of the last hour match." in text
    assert "AWS finds the same in 50 lines that it was asked about." in text
    assert "This adds 1 metric, $0.00 a month, 8 of 10 free left." in text
    assert app.text_input(key="mf-name").value == "application-matches"
    assert not app.button(key="filter-review").disabled


def test_lines_on_which_aws_differs_are_named(open_page: Open) -> None:
    strange = next(line.message for line in log_lines() if "ERROR" in line.message)
    sources = FakeSources(judged_otherwise=frozenset({strange}))
    text = said(opened(open_page, sources, group=APPLICATION, pattern="ERROR"))
    assert "AWS differs on 1 line of 50. What AWS says is what counts" in text
    assert "✕ not found" in text


def test_a_verdict_that_is_denied_is_said_and_leaves_ours(open_page: Open) -> None:
    sources = FakeSources(deny=frozenset({"logs:TestMetricFilter"}))
    text = said(opened(open_page, sources, group=APPLICATION, pattern="ERROR"))
    assert "AWS has not said what it finds." in text
    assert "logs:TestMetricFilter" in text
    assert "12 lines of the last hour match." in text


def test_a_wrong_pattern_says_where_and_cannot_be_reviewed(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group=APPLICATION, pattern="level:ERROR")
    text = said(app)
    assert "At character 6:" in text
    assert "The pattern is wrong, so nothing is tried on it." in text
    assert app.button(key="filter-review").disabled


def test_dimensions_are_priced_by_the_values_that_lines_have(open_page: Open) -> None:
    link = {"pattern": "{ $.level = ERROR && $.request_id = * }", "filter": "new", "name": "by-request"}
    link |= {"namespace": "Directory", "metric": "Errors", "dimension": "$.request_id"}
    text = said(opened(open_page, FakeSources(), Role.ENGINEER, group=APPLICATION, **link))
    assert "This adds 12 metrics, $1.20 a month" in text
    assert "Counted on 12 matching lines" in text
    assert "6 of 12 metrics came with the second half of the lines: more will come" in text


def test_a_field_of_the_lines_comes_into_the_pattern_with_a_press(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group=APPLICATION, pattern="ERROR")
    assert "$.request_id" in said(app)
    (button,) = [each for each in app.button if each.label.replace("\\", "").replace("\u2060", "") == "$.ms"]
    button.click().run()
    assert app.query_params["pattern"] == "{ $.ms = * }"
    assert "$.ms" in app.selectbox(key="mf-value").options


@pytest.mark.parametrize(
    ("pattern", "extended"),
    [
        ("", "{ $.a = * }"),
        ("ERROR", "{ $.a = * }"),
        ("{ $.b = 1 }", "{ $.b = 1 && $.a = * }"),
        ("{ $.b = 1 || $.c = 2 }", "{ ($.b = 1 || $.c = 2) && $.a = * }"),
        ("{ $.b = 1 && $.c = 2 }", "{ $.b = 1 && $.c = 2 && $.a = * }"),
        ("{ wrong", "{ $.a = * }"),
    ],
)
def test_a_pattern_with_one_more_field(pattern: str, extended: str) -> None:
    assert filter_trials.with_field(pattern, "$.a") == extended


def test_metrics_that_cannot_be_listed_are_priced_as_if_none_were_free(open_page: Open) -> None:
    sources = FakeSources(deny=frozenset({"cloudwatch:ListMetrics"}))
    text = said(opened(open_page, sources, group=APPLICATION, pattern="ERROR"))
    assert "This adds 1 metric, $0.30 a month" in text
    assert "its free ones are taken as used up" in text


def test_metrics_counted_on_a_part_of_the_lines_may_be_more(open_page: Open) -> None:
    one = log_lines()[-1]
    lines = tuple(replace(one, message=f'{{"id": "{n % 4}"}}', event_id=f"{n}") for n in range(1_100))
    link = {"pattern": "{ $.id = * }", "filter": "new", "name": "n", "namespace": "N", "metric": "M"}
    link["dimension"] = "$.id"
    text = said(opened(open_page, FakeSources(lines_of_logs=lines), Role.ENGINEER, group=APPLICATION, **link))
    assert "This adds 4 metrics" in text
    assert "Counted on the newest 1,000 matching lines" in text
    assert "there may be more metrics" in text


def test_a_hostile_line_is_shown_as_it_is(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group=APPLICATION, pattern='"attacker"')
    assert "‹RLO›" in said(app)
    assert not [each for each in app.markdown if "attacker.example" in each.value]
    assert HOSTILE_LINE not in said(app)


def test_secrets_are_hidden_unless_the_setting_shows_them(open_page: Open) -> None:
    secret = "ERROR password=correcthorse1"
    lines = tuple(replace(each, message=secret) for each in log_lines()[-5:])
    app = opened(open_page, FakeSources(lines_of_logs=lines), group=APPLICATION, pattern="ERROR")
    assert "correcthorse1" not in said(app)
    assert "[hidden: password]" in said(app)


def test_the_logs_page_leads_here_with_its_pattern(open_page: Open) -> None:
    app = open_page(context(FakeSources()), "logs", group=APPLICATION, pattern="ERROR")
    links = [each.proto for each in app.get("page_link")]
    assert [each.page for each in links if each.label == "Metric filter"] == ["log-groups"]
    app = open_page(context(FakeSources()), "logs", group=APPLICATION)
    assert not [each for each in app.get("page_link") if each.proto.label == "Metric filter"]


def test_what_is_typed_stays_in_the_link(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), group=APPLICATION, pattern="ERROR")
    app.text_input(key="mf-name").set_value("errors").run()
    app.text_input(key="mf-default").set_value("soon").run()
    assert app.query_params["name"] == "errors"
    assert app.query_params["default"] == "soon"
    assert "'soon' is no number" in said(app)
    app.button(key="filter-close").click().run()
    assert "default" not in app.query_params
    assert app.query_params["group"] == APPLICATION


def test_a_filter_is_changed_from_what_is_live(open_page: Open) -> None:
    draft = metric_filters.draft_of(ERRORS)
    link = {name: value for name, value in metric_filters.params(draft).items() if name != "group"}
    app = opened(open_page, FakeSources(filters_of_logs=(ERRORS,)), Role.ENGINEER, group=APPLICATION, **link)
    assert app.button(key="filter-review").label == "Review change"


# -- rules behind it --------------------------------------------------------------------------------------------------


def group(name: str, retention: int | None, stored: int = 10**9) -> LogGroup:
    return LogGroup(PROD, name, f"arn:{name}", stored, retention, NOW - timedelta(days=100))


def listed(*rows: tuple[LogGroup, Incoming | None], wanted: Wanted | None = None) -> log_groups.GroupList:
    incoming = {each.arn: found for each, found in rows if found is not None}
    found = log_groups.GroupReadings(Reading(tuple(each for each, _ in rows), NOW), Reading((), NOW), incoming)
    return log_groups.build(found, wanted or Wanted())


def test_groups_are_marked_by_what_comes_in() -> None:
    grows, calm, silent = Incoming((1,) * 7 + (2,) * 7, 14), Incoming((1,) * 14, 14), Incoming((0,) * 14, 14)
    view = listed((group("a", None), grows), (group("b", 7), calm), (group("c", 7), silent), (group("d", 7), None))
    marks = {row.group.name: row.marks for row in view.rows}
    assert marks == {"a": {Only.FOR_EVER, Only.GROWING}, "b": set(), "c": {Only.SILENT}, "d": set()}
    changes = dict(zip(view.table["Log group"], view.table["Week on week"], strict=True))
    assert changes == {"a": "+100%", "b": "±0%", "c": "–", "d": "–"}
    assert Incoming((5,) * 14, 3).weeks is None


def test_a_young_group_is_measured_by_the_days_that_it_was_there() -> None:
    assert Incoming((0,) * 12 + (4, 6), 2).a_day == 5


def test_an_offer_of_retention_says_what_it_saves_and_deletes() -> None:
    daily = Incoming((10**9,) * 14, 14)
    rows = listed((group("a", None, 100 * 10**9), daily), (group("b", 30), daily)).rows
    offer = log_groups.offer(rows, 30)
    assert [each.name for each in offer.changed] == ["a"]
    assert offer.sentence == (
        "1 group: $1.96 to $13.05 less a month in a year, about 65.2 GiB of older lines deleted within days."
    )
    delivered = replace(rows[0], group=replace(rows[0].group, log_class="DELIVERY"))
    assert "whatever is set" in log_groups.offer((delivered,), 30).problem
    assert not publishing.set_retention([delivered.group], 30).steps
    assert "more a month in a year" in log_groups.offer(rows[1:], 365).sentence
    assert log_groups.offer((), 30).problem == "Choose groups first."
    assert log_groups.offer(rows[1:], 30).problem == "It is kept so already."
    many = listed(*((group(f"g{n}", None), None) for n in range(101))).rows
    assert "at most 100" in log_groups.offer(many, 7).problem
    assert log_groups.offer(many[:2], 7).sentence == "2 groups: 2 groups not measured."


def test_every_retention_of_the_choice_is_one_that_aws_takes() -> None:
    options = log_groups.retention_options()
    assert {days for days in options if days} == set(publishing.RETENTIONS)
    assert options[3_653] == "3653 days · 10 years"


def test_a_link_is_the_form_again() -> None:
    draft = FilterDraft("g", "{ $.a = * }", "n", "N", "M", "$.a", "", "Bytes", ("$.a",))
    found = metric_filters.params(draft)
    assert metric_filters.read_draft({k: [v] if isinstance(v, str) else v for k, v in found.items()}) == draft
    assert metric_filters.read_draft({"group": ["g"]}) is None
    assert metric_filters.read_draft({"pattern": ["x"]}) is None


def test_the_plan_carries_what_aws_said(room: LogRoom) -> None:
    checked = metric_filters.check(FilterDraft(APPLICATION, "ERROR", "e", "N", "M"), [])
    lines = filter_trials.tried(checked, log_lines())
    asked = tuple(line.message for line in log_lines()[20:40])
    judged = Reading(Judged({}), NOW)
    read = filter_trials.LinesRead(LogAnswer(), LogAnswer(), asked, judged)
    view = filter_trials.view(checked, read, "1h", lines, (), bare=False, now=NOW)
    plan = filter_trials.plan_of(checked, view, (), PROD)
    assert plan.warnings[0].startswith("AWS differs on 1 line of 20")
    room.cloud.retention[APPLICATION] = 14
    done = room.carry_out(plan, context(FakeSources(), role=Role.ENGINEER).actor, now=NOW)
    assert done.ending is Ending.DONE
    made = metric_filters.made_by(done.plan)
    assert made == checked.definition
    assert from_response(room.cloud.filters[APPLICATION, "e"]) == made
    assert filter_trials.alarm_choice(made).text() == "N~M~Sum"
    start = filter_trials.alarm_start(made, view)
    assert start.params() == {"metric": "N~M~Sum", "threshold": "1"}
    slow = replace(made, value="$.ms")
    assert filter_trials.alarm_choice(slow, view.metrics.found).statistic == "Average"


class Halting(FakeSources):
    """Sources that have read half of what was asked for."""

    def log_lines(self, question: LogQuestion, *, now: datetime) -> Reading[LogAnswer]:
        self.unread = timedelta(minutes=40) if question.pattern else timedelta(0)
        return super().log_lines(question, now=now)


def test_what_is_not_read_yet_is_said(open_page: Open) -> None:
    text = said(opened(open_page, Halting(), group=APPLICATION, pattern="ERROR"))
    assert "lines of the last hour match so far: 20 min of it is read." in text
