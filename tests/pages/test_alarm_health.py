"""The alarm health page: findings with their fix, gaps with what would fill them, in their states."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from alarms.doctor import Finding
from dashboard import desk
from dashboard.views import alarm_health
from dashboard.views.alarm_draft import read_document
from dashboard.views.alarm_health import key_of
from dashboard.views.checkups import Round, examine_all
from dashboard.views.coverage import proposals, survey
from dashboard.views.draft_text import unpacked
from dashboard.views.evidence import gather
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, PROD, TOPIC_ARN, FakeSources, context, documents
from tests.pages.rooms import FakeRoom, alarm_arn


def examined(sources: FakeSources | None = None) -> Round:
    return examine_all(gather(sources or FakeSources(), PROD, now=NOW))


def named(code: str) -> Finding:
    return next(finding for finding in examined().findings if finding.code == code)


def choose(app: AppTest, key: str, value: str) -> None:
    app.button_group(key=key).set_value([value]).run()


def buttons(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.key]


def test_findings_stand_in_a_table_the_worst_first(open_page: Open) -> None:
    app = open_page(context(), "alarm_health")
    rows = app.dataframe[0].value
    assert list(rows["How bad"]) == ["✕ Broken"] * len(rows)
    assert "It has no action for ALARM, and no composite alarm looks at it." in list(rows["What is wrong"])
    text = seen.text(app)
    assert "3 alarms examined" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("severity", ["weak", "waste"])
def test_of_a_severity_without_findings_the_table_is_empty(open_page: Open, severity: str) -> None:
    app = open_page(context(), "alarm_health")
    choose(app, "doctor-severities", severity)
    assert len(app.dataframe[0].value) == 0


def test_a_link_opens_a_finding_with_its_way_and_its_call(open_page: Open) -> None:
    app = open_page(context(), "alarm_health", finding=key_of(named("topic-gone")))
    text = seen.text(app)
    assert "The topic does not exist." in text
    assert "blocked" in text
    assert "sns:CreateTopic" in text
    assert "review-fix" not in buttons(app)


def room(folder: Path) -> FakeRoom:
    """A workroom in which the alarms of the fakes stand, with tags."""
    tags = [{"Key": "team", "Value": "web"}]
    known = {
        str(each["AlarmName"]): {**each, "AlarmArn": alarm_arn(each["AlarmName"]), "Tags": tags} for each in documents()
    }
    return FakeRoom(folder, alarms=known)


def test_the_fix_is_laid_on_the_desk_with_the_tags_that_are_live(open_page: Open, tmp_path: Path) -> None:
    found = named("no-action")
    app = open_page(context(workroom=room(tmp_path)), "alarm_health", finding=key_of(found))
    app.button(key="open-workbench").click().run()
    assert not app.exception
    draft = read_document(unpacked(str(app.query_params[desk.NAME])))
    assert (draft.name, draft.alarm_actions, draft.tags) == (found.alarm, (TOPIC_ARN,), (("team", "web"),))


def test_the_review_of_a_fix_says_what_would_change_and_changes_nothing(open_page: Open, tmp_path: Path) -> None:
    found, made = named("no-action"), room(tmp_path)
    app = open_page(context(workroom=made), "alarm_health", finding=key_of(found))
    app.button(key="review-fix").click().run()
    (change,) = app.dataframe[-1].value.to_dict("records")
    assert change == {"Field": "AlarmActions", "Live now": "–", "Planned": f'["{TOPIC_ARN}"]'}
    assert not app.button(key="review-do").disabled
    assert made.written == []


def test_a_viewer_reads_the_plan_and_why_the_button_is_off(open_page: Open, tmp_path: Path) -> None:
    mine = context(role=Role.VIEWER, workroom=room(tmp_path))
    app = open_page(mine, "alarm_health", finding=key_of(named("no-action")))
    app.button(key="review-fix").click().run()
    assert app.button(key="review-do").disabled
    assert "to change alarms takes an engineer" in seen.text(app)


def test_an_alarm_that_cannot_be_read_now_is_not_changed(open_page: Open, tmp_path: Path) -> None:
    made = room(tmp_path)
    made.denied = True
    app = open_page(context(workroom=made), "alarm_health", finding=key_of(named("no-action")))
    app.button(key="review-fix").click().run()
    assert "cloudwatch:DescribeAlarms" in [code.value for code in app.code]
    assert "review-do" not in buttons(app)


def test_a_finding_that_is_gone_says_so(open_page: Open) -> None:
    app = open_page(context(), "alarm_health", finding="orphan~nobody")
    assert "This finding is not there any more" in seen.text(app)


def test_healthy_alarms_say_so(open_page: Open) -> None:
    app = open_page(context(FakeSources(documents=())), "alarm_health")
    assert "There are no alarms to examine." in seen.text(app)


def test_what_may_not_be_read_is_said_and_no_finding(open_page: Open) -> None:
    sources = FakeSources(deny=frozenset({"sns:GetTopicAttributes"}))
    app = open_page(context(sources), "alarm_health")
    text = seen.text(app)
    assert "topic-gone" not in {str(finding.code) for finding in examined(sources).findings}
    assert "sns:GetTopicAttributes" in [code.value for code in app.code]
    assert "the topic was not read" in text


def test_coverage_has_gaps_first(open_page: Open) -> None:
    app = open_page(context(), "alarm_health", part="coverage")
    states = list(app.dataframe[0].value["State"])
    assert states == sorted(states, key=["▲ Gap", "– Silent", "✓ Covered"].index)
    assert "▲ Gap" in states
    choose(app, "coverage-states", "covered")
    assert set(app.dataframe[0].value["State"]) <= {"✓ Covered"}


def test_instances_of_a_group_are_left_out() -> None:
    cells = survey(FakeSources(), PROD, now=NOW).cells
    assert not any(name == "InstanceId" for cell in cells for name, _ in cell.metric.dimensions)


def test_without_alarms_that_could_be_read_nothing_is_called_a_gap(open_page: Open) -> None:
    app = open_page(
        context(FakeSources(deny=frozenset({"cloudwatch:DescribeAlarms"}))), "alarm_health", part="coverage"
    )
    assert "nobody can say what is missing" in seen.text(app)


def test_chosen_gaps_get_proposals_and_what_is_covered_does_not() -> None:
    sources = FakeSources()
    found = survey(sources, PROD, now=NOW)
    view = alarm_health.coverage(found)
    keys = alarm_health.chosen_gaps(view, found, list(range(len(view.keys) + 5)))
    assert set(keys) == {cell.key for cell in found.gaps}
    made = alarm_health.proposed(proposals(sources, found, keys, now=NOW))
    assert len(made.table) == len(keys)
    assert re.match(rf"{len(made.alarms)} alarms? of {len(keys)} can be made; together they cost \$", made.sentence)


def test_a_hostile_name_is_text_in_every_cell() -> None:
    mine = {**documents()[0], "AlarmName": HOSTILE, "AlarmActions": []}
    found = examined(FakeSources(documents=(mine,)))
    assert "\u202e" not in alarm_health.doctor(found).table.to_csv()
