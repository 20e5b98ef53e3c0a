"""The alarm workbench in its states, and that nothing typed is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from core.reading import Reading, Scope
from dashboard.views.alarm_draft import Draft, Kind, QueryDraft, document
from dashboard.views.draft_text import carried
from tests.pages import fakes, seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, FakeSources, context
from tests.pages.rooms import Document, FakeRoom

CPU = f"AWS/EC2~CPUUtilization~Average~InstanceId~{fakes.INSTANCES[0]}"
GOOD = Draft(
    name="cpu", namespace="AWS/EC2", metric="CPUUtilization", dimensions=f"InstanceId={fakes.INSTANCES[0]}",
    threshold="70", n="3", period="300",
)  # fmt: skip


def said(app: AppTest) -> str:
    """What is on the page, as it is read."""
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def token(draft: Draft) -> str:
    found = carried(document(draft))
    assert found is not None
    return found


def test_an_empty_form_finds_no_fault_and_says_how_to_begin(open_page: Open) -> None:
    app = open_page(context(), "workbench")
    assert not app.exception
    assert not app.error
    text = said(app)
    assert "Choose what to watch" in text
    assert "3 fields to fill in" in text
    assert "Pick a metric" in text


def test_a_chart_starts_an_alarm_and_the_link_then_carries_the_draft(open_page: Open) -> None:
    app = open_page(context(), "workbench", metric=CPU)
    assert not app.exception
    assert app.text_input(key="wb-name").value == f"{fakes.INSTANCES[0]}-CPUUtilization-Average"
    assert "metric" not in app.query_params
    assert app.query_params["draft"]
    text = said(app)
    assert "Give the value that must not be crossed" in text
    assert "which would have gone off at most once a week" in text


def test_a_reload_in_the_middle_of_a_form_loses_nothing(open_page: Open) -> None:
    first = open_page(context(), "workbench", metric=CPU)
    first.text_input(key="wb-threshold").set_value("7o").run()
    first.text_input(key="wb-name").set_value("half done").run()
    again = open_page(context(), "workbench", draft=str(first.query_params["draft"]))
    assert again.text_input(key="wb-threshold").value == "7o"
    assert again.text_input(key="wb-name").value == "half done"
    assert "'7o' is no number" in said(again)


def test_what_is_typed_is_judged_beside_its_field_and_the_rest_goes_on(open_page: Open) -> None:
    app = open_page(context(), "workbench", draft=token(GOOD))
    assert "Ready" in said(app)
    app.text_input(key="wb-threshold").set_value("1e999").run()
    text = said(app)
    assert "not a finite number" in text
    assert "1 field to correct" in text
    assert "Would" in text


def test_the_threshold_of_the_replay_follows_the_form(open_page: Open) -> None:
    app = open_page(context(), "workbench", draft=token(GOOD))
    before = said(app)
    app.text_input(key="wb-threshold").set_value("1").run()
    assert said(app) != before
    assert "still on" in said(app)


def test_the_request_is_shown_in_four_languages(open_page: Open) -> None:
    app = open_page(context(), "workbench", draft=token(GOOD))
    code = "\n".join(block.value for block in app.code)
    for words in (
        "aws cloudwatch put-metric-alarm",
        "put_metric_alarm(",
        "AWS::CloudWatch::Alarm",
        "aws_cloudwatch_metric_alarm",
    ):
        assert words in code


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_draws_its_fields_and_keeps_the_others(open_page: Open, kind: Kind) -> None:
    app = open_page(context(), "workbench", draft=token(GOOD))
    app.button_group(key="wb-kind").set_value(kind).run()
    assert not app.exception
    assert not app.error
    app.button_group(key="wb-kind").set_value(Kind.METRIC).run()
    assert app.text_input(key="wb-threshold").value == "70"


def test_metric_math_marks_the_place_of_an_error(open_page: Open) -> None:
    metric = QueryDraft("m1", GOOD.namespace, GOOD.metric, GOOD.dimensions, "Average", "300")
    broken = QueryDraft("e1", statistic="", period="", expression="m1 + * 2", watched=True)
    draft = Draft(kind=Kind.MATH, name="x", threshold="1", queries=(metric, broken))
    app = open_page(context(), "workbench", draft=token(draft))
    assert "m1 + * 2\n     ^" in [code.value for code in app.code]


def test_the_rule_builder_and_the_text_follow_each_other(open_page: Open) -> None:
    app = open_page(context(), "workbench", draft=token(Draft(kind=Kind.COMPOSITE, name="both")))
    app.button(key="wb-rule--add").click().run()
    app.button(key="wb-rule--add").click().run()
    rule = app.text_area(key="wb-rule").value or ""
    assert rule.count("ALARM(") == 2
    assert " OR " in rule
    app.text_area(key="wb-rule").set_value('ALARM("web-cpu-high") AND NOT OK("web-cpu-low")').run()
    assert app.selectbox(key="wb-rule-1-alarm").value == "web-cpu-low"
    app.button(key="wb-rule-0-gone").click().run()
    assert app.text_area(key="wb-rule").value == 'NOT OK("web-cpu-low")'
    app.text_area(key="wb-rule").set_value("ALARM(").run()
    assert app.text_area(key="wb-rule").value == "ALARM("
    assert "The builder comes back" in said(app)


def test_tags_are_added_and_taken_off(open_page: Open) -> None:
    app = open_page(context(), "workbench", draft=token(GOOD))
    app.button(key="wb-add-tag").click().run()
    app.text_input(key="wb-tag-0-key").set_value("team=a").run()
    app.text_input(key="wb-tag-0-value").set_value(HOSTILE).run()
    assert "team=a" in "\n".join(code.value for code in app.code)
    app.button(key="wb-tag-0-gone").click().run()
    assert "team=a" not in "\n".join(code.value for code in app.code)


def test_without_datapoints_the_form_stands_and_says_so(open_page: Open) -> None:
    app = open_page(context(FakeSources(silent=True)), "workbench", draft=token(GOOD))
    assert not app.error
    assert "No datapoints yet" in said(app)
    assert "aws cloudwatch put-metric-alarm" in "\n".join(code.value for code in app.code)


def test_denied_series_leave_the_form(open_page: Open) -> None:
    app = open_page(
        context(FakeSources(deny=frozenset({"cloudwatch:GetMetricStatistics"}))), "workbench", draft=token(GOOD)
    )
    assert "AWS denied access" in said(app)
    assert app.text_input(key="wb-threshold").value == "70"


def test_a_paid_read_asks_first_and_a_viewer_reads_why_not(open_page: Open) -> None:
    app = open_page(context(FakeSources(paid=True), role=Role.VIEWER), "workbench", draft=token(GOOD))
    (pay,) = [button for button in app.button if button.key == "wb-pay"]
    assert pay.disabled
    app = open_page(context(FakeSources(paid=True)), "workbench", draft=token(GOOD))
    app.button(key="wb-pay").click().run()
    assert "in the last" in said(app)


@pytest.mark.parametrize("bad", ["cAAAA", "k" + "0" * 32, "x", "c" * 1990])
def test_a_link_that_cannot_be_read_begins_empty_and_says_why(open_page: Open, bad: str) -> None:
    app = open_page(context(), "workbench", draft=bad)
    assert not app.exception
    assert "The form begins empty" in said(app)


@pytest.mark.parametrize(
    "draft",
    [
        replace(GOOD, n="9" * 5_000),
        replace(GOOD, n="9" * 30, m="0"),
        replace(GOOD, warm_up="\ud800", window="sliding"),
        replace(GOOD, kind=Kind.BAND, tags=(("\ud800", "x"),)),
    ],
    ids=["5,000 digits", "30 digits and a 0", "half a character", "half a character in a tag"],
)
def test_what_no_browser_types_leaves_the_form_whole(open_page: Open, draft: Draft) -> None:
    app = open_page(context(), "workbench", draft=token(draft))
    assert not app.exception
    assert not app.error
    assert app.text_input(key="wb-name").value == "cpu"


def test_a_hostile_draft_is_only_text(open_page: Open) -> None:
    draft = Draft(
        name=HOSTILE, description=HOSTILE, namespace=HOSTILE, metric=HOSTILE, dimensions=f"a={HOSTILE}",
        threshold="1", alarm_actions=(HOSTILE,), tags=((HOSTILE, HOSTILE),),
    )  # fmt: skip
    app = open_page(context(), "workbench", draft=token(draft))
    assert not app.exception
    for kind in ("markdown", "caption", "button"):
        for element in app.get(kind):
            shown = str(getattr(element, "value", "")) + str(getattr(element, "label", ""))
            assert "![x](" not in shown


def test_the_explorer_and_a_resource_link_to_an_alarm_on_what_they_show(open_page: Open) -> None:
    for page, url in (("explorer", {"metric": CPU}), ("resources", {"resource": "group~web-asg"})):
        app = open_page(context(), page, **url)
        assert any("alarm" in str(link.proto) for link in app.get("page_link"))


# -- with a workroom: editing, copying, reviewing -----------------------------------------------------------------


def test_an_alarm_is_opened_for_a_change_with_all_that_it_has(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", alarm="web-cpu-high")
    assert not app.exception
    text = said(app)
    assert "Change alarm" in text
    assert app.text_input(key="wb-name").disabled
    assert app.text_input(key="wb-threshold").value == "70"
    assert app.text_input(key="wb-tag-0-key").value == "team"
    assert "Review and save" in text
    assert "It takes 1 of the 10 free alarm metrics" in text or "Free:" in text


def test_a_copy_is_a_new_alarm_under_a_free_name(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", copy="web-cpu-high")
    assert app.text_input(key="wb-name").value == "web-cpu-high copy"
    assert not app.text_input(key="wb-name").disabled


@pytest.mark.parametrize(("denied", "why"), [(False, "there is no alarm of the name gone"), (True, "could not be")])
def test_an_alarm_that_cannot_be_opened_says_why(open_page: Open, tmp_path: Path, *, denied: bool, why: str) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path, denied=denied)), "workbench", alarm="gone")
    assert why in said(app)
    assert not app.exception


def test_the_review_shows_the_difference_the_price_and_the_call(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", alarm="web-cpu-high")
    app.text_input(key="wb-threshold").set_value("80").run()
    app.button(key="wb-review").click().run()
    text = said(app)
    assert "Change the alarm web-cpu-high" in text
    assert "Threshold,70.0,80.0" in text
    assert "The month's bill stays the same." in text
    assert "AWS replaces the whole alarm" in text
    assert not app.button(key="review-apply").disabled


def test_a_viewer_reads_everything_and_why_the_button_is_off(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path), role=Role.VIEWER), "workbench", alarm="web-cpu-high")
    app.text_input(key="wb-threshold").set_value("80").run()
    app.button(key="wb-review").click().run()
    assert app.button(key="review-apply").disabled
    text = said(app)
    assert "Threshold,70.0,80.0" in text
    assert "alice is a viewer here; to change alarms takes an engineer." in text


def test_what_somebody_else_changed_is_shown_with_both_versions(open_page: Open, tmp_path: Path) -> None:
    room = FakeRoom(tmp_path)
    app = open_page(context(workroom=room), "workbench", alarm="web-cpu-high")
    app.text_input(key="wb-threshold").set_value("80").run()
    room.alarms["web-cpu-high"] = room.alarms["web-cpu-high"] | {"Threshold": 60.0, "Period": 60}
    app.button(key="wb-review").click().run()
    text = said(app)
    assert "Somebody else changed this alarm since you looked" in text
    assert "Threshold,70.0,60.0,80.0" in text
    assert "Period,300,60,300" in text


def test_a_name_that_is_taken_is_said_before_anything_is_written(open_page: Open, tmp_path: Path) -> None:
    room = FakeRoom(tmp_path)
    app = open_page(context(workroom=room), "workbench", copy="web-cpu-high")
    app.text_input(key="wb-name").set_value("web-cpu-high").run()
    app.button(key="wb-review").click().run()
    assert "There is an alarm of the name web-cpu-high already" in said(app)
    assert room.written == []


def test_the_way_to_who_is_told_is_walked(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", alarm="web-cpu-high")
    text = said(app)
    assert "**Topic** The topic exists." in text
    assert "confirmed" in text


def test_a_policy_says_what_it_would_have_done(open_page: Open, tmp_path: Path) -> None:
    room = FakeRoom(tmp_path)
    policy = room.policies(fakes.PROD, now=fakes.NOW).value[0]["PolicyARN"]
    room.alarms["web-cpu-high"]["AlarmActions"] = [policy]
    room.alarms["web-cpu-high"]["Threshold"] = 60.0
    app = open_page(context(workroom=room), "workbench", alarm="web-cpu-high")
    assert "out: Would have scaled" in said(app).replace("*", "")


def test_target_tracking_is_replayed_by_the_alarms_that_aws_makes(open_page: Open, tmp_path: Path) -> None:
    draft = replace(GOOD, policy_group="web-asg", policy_kind="TargetTrackingScaling", policy_target="40")
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", draft=token(draft))
    assert not app.exception
    text = said(app).replace("*", "")
    assert "The policy: Would have scaled out" in text
    assert "The metric is taken to fall as instances are added" in text
    assert "AWS makes the two alarms of target tracking" in text
    unknown = replace(draft, policy_metric="ALBRequestCountPerTarget")
    again = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", draft=token(unknown))
    assert "Not replayed: ALBRequestCountPerTarget needs the load balancer" in said(again)


def test_target_tracking_without_datapoints_says_so(open_page: Open, tmp_path: Path) -> None:
    draft = replace(GOOD, policy_group="web-asg", policy_kind="TargetTrackingScaling")
    silent = context(FakeSources(silent=True), workroom=FakeRoom(tmp_path))
    app = open_page(silent, "workbench", draft=token(draft))
    assert "Not replayed: No datapoints yet" in said(app)


def test_the_tracking_policy_of_an_alarm_that_aws_made_says_what_it_would_have_done(
    open_page: Open, tmp_path: Path
) -> None:
    room = TrackingRoom(tmp_path)
    room.alarms["web-cpu-high"]["AlarmActions"] = [room.policies(fakes.PROD, now=fakes.NOW).value[0]["PolicyARN"]]
    app = open_page(context(workroom=room), "workbench", alarm="web-cpu-high")
    assert not app.exception
    assert "track: Would have scaled out" in said(app).replace("*", "")


class TrackingRoom(FakeRoom):
    """Its one policy keeps the group's CPU."""

    def policies(self, scope: Scope, *, now: datetime) -> Reading[tuple[Document, ...]]:
        (found,) = super().policies(scope, now=now).value
        keeps = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}
        tracking = {"PolicyType": "TargetTrackingScaling", "PolicyName": "track", "StepAdjustments": []}
        return Reading(({**found, **tracking, "TargetTrackingConfiguration": {**keeps, "TargetValue": 40.0}},), now)


def test_a_composite_alarm_is_replayed_over_what_its_alarms_did(open_page: Open, tmp_path: Path) -> None:
    draft = Draft(kind=Kind.COMPOSITE, name="both", rule='ALARM("web-cpu-high")')
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", draft=token(draft))
    text = said(app)
    assert "Would have gone into alarm once in the last 14 days" in text
    assert "Now 1 of 1 alarm in alarm: web-cpu-high." in text
    gone = Draft(kind=Kind.COMPOSITE, name="both", rule='ALARM("nobody")')
    assert "There is no alarm of the name nobody" in said(open_page(context(), "workbench", draft=token(gone)))


@pytest.mark.parametrize(
    "odd",
    [
        {"n": "0"}, {"n": "99999999999999999999"}, {"m": "-1"}, {"missing": "perhaps"}, {"window": "x"}, {"days": "9"},
        {"period": "x"}, {"comparison": "x"}, {"band_comparison": "x", "kind": Kind.BAND}, {"warm_up": "x"},
        {"policy_kind": "x", "policy_unit": "x", "topic_protocol": "x"}, {"low_samples": "x", "statistic": "p99"},
        {"kind": Kind.COMPOSITE, "rule": " OR ".join(f"ALARM(a{number})" for number in range(90))},
        {"kind": Kind.MATH, "threshold_id": "x", "queries": (QueryDraft("m1", period="x", statistic=""),)},
    ],
)  # fmt: skip
def test_no_link_breaks_the_form(open_page: Open, tmp_path: Path, odd: dict[str, Any]) -> None:
    draft = replace(GOOD, **odd)
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", draft=token(draft))
    assert not app.exception
    assert not app.error


def test_another_name_in_the_request_is_another_alarm(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=FakeRoom(tmp_path)), "workbench", alarm="web-cpu-high")
    app.button_group(key="wb-kind").set_value(Kind.REQUEST).run()
    renamed = (app.text_area(key="wb-document").value or "").replace("web-cpu-high", "renamed")
    app.text_area(key="wb-document").set_value(renamed).run()
    app.button(key="wb-review").click().run()
    assert "Create the alarm renamed" in said(app)
