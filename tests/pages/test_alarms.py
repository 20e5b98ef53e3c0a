"""The list of alarms and one alarm's page, in every state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from dashboard import deed_parts
from dashboard.views.deeds import Deed
from tests.pages import fakes, seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, FakeSources, context
from tests.pages.rooms import FakeRoom, alarm_arn, cpu_alarm


def said(app: AppTest) -> str:
    """What is read on the page, without the backslashes and joiners of escaped text."""
    assert not app.exception
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def room_of(tmp_path: Path) -> FakeRoom:
    return FakeRoom(tmp_path, {"web-cpu-high": cpu_alarm()})


def reviewed(open_page: Open, room: FakeRoom, deed: Deed, *, role: Role = Role.ADMINISTRATOR) -> AppTest:
    """One alarm's page with the review of a deed open."""
    sources = FakeSources(mutes=(mute(),) if deed is Deed.UNMUTE else ())
    app = open_page(context(sources, workroom=room, role=role), "alarm", name="web-cpu-high")
    return app.button(key=f"alarm-{deed}").click().run()


def mute() -> dict[str, object]:
    schedule = {"Expression": "at(2026-11-23T11:00)", "Duration": "PT1H"}
    return {"Name": "night", "Status": "ACTIVE", "MuteTargets": {"AlarmNames": ["web-cpu-high"]},
            "Rule": {"Schedule": schedule}}  # fmt: skip


# -- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_says_state_price_owner_and_what_each_does(open_page: Open) -> None:
    app = open_page(context(), "alarms")
    app.run()
    text = said(app)
    assert "3 alarms of 3; 1 in alarm, 3 without an action" in text
    assert "$0.00 a month for all; 7 of 10 free alarm metrics left" in text
    table = app.dataframe[0].value
    assert list(table["State"]) == ["✕ Alarm", "– No data", "✓ OK"]
    assert list(table["Owner"]) == ["web"] * 3
    assert len(table["Last 3 h"][0]) > 20


def test_a_link_holds_the_filters(open_page: Open) -> None:
    app = open_page(context(), "alarms", q="cpu", state=["OK"], kind="metric", only=["no action"])
    assert list(app.dataframe[0].value["Alarm"]) == ["web-cpu-low"]
    app.text_input(key="q").set_value("nothing like it").run()
    assert "No alarm is like that" in said(app)


@pytest.mark.parametrize("bad", [{"state": "SAD"}, {"only": HOSTILE}, {"owner": HOSTILE}, {"kind": "x" * 4_000}])
def test_no_filter_of_a_link_breaks_the_list(open_page: Open, bad: dict[str, str]) -> None:
    said(open_page(context(), "alarms", **bad))


def test_with_nothing_chosen_there_is_nothing_to_do(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=room_of(tmp_path)), "alarms")
    assert all(app.button(key=f"alarms-{deed}").disabled for deed in ("enable", "disable", "mute", "tag", "delete"))


def test_a_viewer_reads_why_the_buttons_are_off(open_page: Open, tmp_path: Path) -> None:
    text = said(open_page(context(workroom=room_of(tmp_path), role=Role.VIEWER), "alarms"))
    assert "alice is a viewer here; to mute alarms and hold their actions back takes an operator." in text
    assert "alice is a viewer here; to change alarms takes an engineer." in text


def test_an_account_without_alarms_says_how_to_begin(open_page: Open) -> None:
    class Empty(FakeSources):
        def alarms(self, scope, *, now):  # type: ignore[no-untyped-def]
            return self._answer("cloudwatch:DescribeAlarms", scope, now, full=tuple, empty=())

    app = open_page(context(Empty()), "alarms")
    assert "No alarms yet" in said(app)
    app.button(key="new-alarm").click().run()
    assert "Choose what to watch" in said(app)


def test_tags_that_may_not_be_read_leave_the_list(open_page: Open) -> None:
    app = open_page(context(FakeSources(deny=frozenset({"cloudwatch:ListTagsForResource"}))), "alarms")
    app.run()
    assert list(app.dataframe[0].value["Owner"]) == ["not read"] * 3


def test_mute_rules_that_may_not_be_read_are_named(open_page: Open) -> None:
    text = said(open_page(context(FakeSources(deny=frozenset({"cloudwatch:ListAlarmMuteRules"}))), "alarms"))
    assert "cloudwatch:ListAlarmMuteRules" in text
    assert "3 alarms of 3" in text


def test_an_old_list_says_its_age(open_page: Open) -> None:
    assert "Stale" in said(open_page(context(FakeSources(lag=timedelta(minutes=7))), "alarms"))


# -- one alarm --------------------------------------------------------------------------------------------------------


def test_one_alarm_says_how_it_stands_and_what_it_did(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=room_of(tmp_path)), "alarm", name="web-cpu-high")
    text = said(app)
    assert ":red-badge[:material/error: Alarm]" in text
    assert "since 11:27 UTC, 4 min" in text
    assert "Threshold Crossed: 3 datapoints were greater" in text
    assert "AWS recorded 1 alarm; 2 actions ran, 1 of them failed." in text
    assert "recorded changes within 3 minutes" in text
    assert "Goes into alarm when CPUUtilization (Average) is above 70%" in text
    assert "notifies the topic" in text
    assert "✕ action failed" in text


def test_its_fields_lead_to_the_workbench(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=room_of(tmp_path)), "alarm", name="web-cpu-high")
    app.button(key="alarm-copy").click().run()
    assert app.text_input(key="wb-name").value == "web-cpu-high copy"


def test_an_alarm_that_is_gone_says_so_and_shows_what_is_kept(open_page: Open) -> None:
    assert "There is no alarm of this name here" in said(open_page(context(), "alarm", name="nobody"))
    assert "No alarm was named" in said(open_page(context(), "alarm"))


def test_what_cannot_be_read_is_not_called_gone(open_page: Open) -> None:
    text = said(open_page(context(FakeSources(denied=True)), "alarm", name="web-cpu-high"))
    assert "It is not known whether this alarm is there" in text
    assert "cloudwatch:DescribeAlarms" in text


def test_a_denied_history_leaves_the_rest(open_page: Open) -> None:
    deny = frozenset({"cloudwatch:DescribeAlarmHistory"})
    text = said(open_page(context(FakeSources(deny=deny)), "alarm", name="web-cpu-high"))
    assert "cloudwatch:DescribeAlarmHistory" in text
    assert "Goes into alarm when" in text


def test_without_datapoints_it_says_so(open_page: Open) -> None:
    text = said(open_page(context(FakeSources(silent=True)), "alarm", name="web-cpu-high"))
    assert "No datapoints" in text


def test_a_paid_read_asks_first(open_page: Open) -> None:
    text = said(open_page(context(FakeSources(paid=True), role=Role.VIEWER), "alarm", name="web-cpu-high"))
    assert "to make calls that cost money takes an administrator" in text


def test_a_hostile_alarm_is_only_text(open_page: Open) -> None:
    app = open_page(context(), "alarm", name=HOSTILE)
    assert not app.exception
    bare = [*app.markdown, *app.caption, *app.title]
    assert not any("![x](" in each.value or ":red[ok]" in each.value for each in bare)


# -- deeds ------------------------------------------------------------------------------------------------------------


def test_switching_off_is_reviewed_done_and_undone(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.DISABLE)
    text = said(app)
    assert "Disable the actions of the alarm web-cpu-high" in text
    assert "ActionsEnabled,true,false" in text
    assert room.written == []
    app.button(key="review-do").click().run()
    assert [each[0] for each in room.written] == ["DisableAlarmActions"]
    app.button(key="review-undo").click().run()
    assert [each[0] for each in room.written] == ["DisableAlarmActions", "EnableAlarmActions"]
    assert "alice" in room.by


def test_a_mute_asks_for_how_long(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.MUTE)
    assert "PT1H" in said(app)
    app.segmented_control(key="deed-length").set_value("4 h").run()
    assert "PT4H" in said(app)
    app.button(key="review-do").click().run()
    assert room.written[-1][0] == "PutAlarmMuteRule"


def test_a_tag_is_asked_for_and_set(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.TAG)
    app.text_input(key="deed-tag-key").set_value("owner").run()
    app.text_input(key="deed-tag-value").set_value("web").run()
    app.button(key="review-do").click().run()
    assert {"Key": "owner", "Value": "web"} in room.alarms["web-cpu-high"]["Tags"]


def test_a_delete_offers_a_copy_first_and_the_undo_makes_it_again(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.DELETE)
    assert len(app.get("download_button")) >= 5
    app.button(key="review-do").click().run()
    assert room.alarms == {}
    assert "starts in INSUFFICIENT_DATA" in said(app)
    app.button(key="review-undo").click().run()
    assert room.alarms["web-cpu-high"]["Tags"] == [{"Key": "team", "Value": "web"}]


def test_a_test_message_goes_to_the_topic_and_touches_no_state(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.TEST)
    assert "It says that it is a test" in said(app)
    app.button(key="review-do").click().run()
    ((operation, params),) = room.written
    assert operation == "Publish"
    assert params["Subject"] == "TEST by Watchkeeper, no alarm: web-cpu-high"


def test_forcing_a_state_says_what_it_really_does_before(open_page: Open, tmp_path: Path) -> None:
    room = room_of(tmp_path)
    app = reviewed(open_page, room, Deed.FORCE)
    text = said(app)
    assert "test the delivery instead" in text
    assert "This is no test for those who are told" in text
    app.text_input(key="deed-reason").set_value("fire drill").run()
    app.button(key="review-do").click().run()
    assert room.written[-1][1]["StateReason"] == "fire drill"


def test_an_operator_may_mute_and_not_delete(open_page: Open, tmp_path: Path) -> None:
    app = open_page(context(workroom=room_of(tmp_path), role=Role.OPERATOR), "alarm", name="web-cpu-high")
    assert not app.button(key="alarm-mute").disabled
    assert app.button(key="alarm-delete").disabled
    assert "to change alarms takes an engineer" in said(app)


def test_what_is_gone_or_denied_is_not_changed(open_page: Open, tmp_path: Path) -> None:
    room = FakeRoom(tmp_path, {}, denied=True)
    app = reviewed(open_page, room, Deed.DISABLE)
    assert "so nothing is changed" in said(app)
    assert not [button for button in app.button if button.key == "review-do"]


def test_a_fix_of_the_doctor_is_a_plan(open_page: Open, tmp_path: Path) -> None:
    low = {**cpu_alarm("web-cpu-low", 30.0), "ComparisonOperator": "LessThanThreshold", "Period": 60}
    room = FakeRoom(tmp_path, {"web-cpu-low": {name: value for name, value in low.items() if name != "AlarmActions"}})
    app = open_page(context(workroom=room), "alarm", name="web-cpu-low")
    assert "No action" in said(app)
    app.button(key="alarm-fix-0").click().run()
    assert "Change the alarm web-cpu-low" in said(app)
    app.button(key="review-do").click().run()
    assert [each[0] for each in room.written] == ["PutMetricAlarm"]


def test_the_review_stays_until_it_is_closed_or_left(open_page: Open, tmp_path: Path) -> None:
    app = reviewed(open_page, room_of(tmp_path), Deed.DISABLE)
    app.run()
    app.button(key="review-do").click().run()
    app.button(key="review-close").click().run()
    assert not _reviewing(app)
    app.button(key="alarm-mute").click().run()
    assert _reviewing(app)
    app.switch_page("app_pages/alarms.py").run()
    assert not _reviewing(app)


def _reviewing(app: AppTest) -> bool:
    return any(button.key in {"review-do", "review-close"} for button in app.button)


def test_every_deed_has_a_button() -> None:
    assert deed_parts.BUTTONS.keys() == set(Deed)


# -- as code ----------------------------------------------------------------------------------------------------------


def folder_of(tmp_path: Path) -> str:
    low = next(each for each in fakes.documents() if each["AlarmName"] == "web-cpu-low")
    (tmp_path / "alarms.json").write_text(json.dumps([{**low, "Threshold": 25.0}]), encoding="utf-8")
    return str(tmp_path)


def test_the_list_says_how_the_alarms_stand_to_their_folder(open_page: Open, tmp_path: Path) -> None:
    app = open_page(replace(context(), alarms_dir=folder_of(tmp_path)), "alarms")
    assert "1 alarm changed since written, 2 not in the folder" in said(app)
    assert list(app.dataframe[0].value["Code"]) == ["not in the folder", "not in the folder", "changed"]


def test_one_alarm_is_brought_back_to_what_is_written(open_page: Open, tmp_path: Path) -> None:
    low = {**cpu_alarm("web-cpu-low", 30.0), "ComparisonOperator": "LessThanThreshold", "Period": 60}
    room = FakeRoom(tmp_path / "room", {"web-cpu-low": low})
    named = tuple({**each, "AlarmArn": alarm_arn(str(each["AlarmName"]))} for each in fakes.documents())
    made = replace(context(FakeSources(documents=named), workroom=room), alarms_dir=folder_of(tmp_path))
    app = open_page(made, "alarm", name="web-cpu-low")
    assert "Threshold,30.0,25.0" in said(app)
    app.button(key="alarm-back").click().run()
    app.button(key="review-do").click().run()
    assert room.alarms["web-cpu-low"]["Threshold"] == 25.0


def test_a_folder_that_is_not_there_says_so(open_page: Open, tmp_path: Path) -> None:
    app = open_page(replace(context(), alarms_dir=str(tmp_path / "nowhere")), "alarms")
    assert "is no folder" in said(app)
