"""Living with alarms: the list, one alarm's record beside its replay, and every deed as a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from access.changes import ChangePlan
from access.identity import Actor, Role
from alarms.actions import describe
from alarms.definition import CompositeAlarm, from_response
from alarms.live import live_of
from alarms.state import StateValue
from collectors.alarm_states import AlarmTransition
from core.timespan import Timespan
from dashboard.views import alarm_list, alarm_page, alarm_record, alarm_roll, alarm_sparks, deeds, exports
from dashboard.views.alarm_list import NOBODY, Only, Wanted
from dashboard.views.alarm_record import Record
from dashboard.views.deeds import Asked, Deed
from tests.pages.fakes import HOSTILE, NOW, PROD, TOPIC_ARN, FakeSources, runs
from tests.pages.rooms import cpu_alarm

ALICE = Actor("alice", Role.ENGINEER)


def muted(name: str, status: str = "ACTIVE") -> dict[str, object]:
    return {
        "Name": "night", "Status": status, "MuteTargets": {"AlarmNames": [name]},
        "Rule": {"Schedule": {"Expression": "at(2026-11-23T11:00)", "Duration": "PT1H"}},
    }  # fmt: skip


def roll_of(sources: FakeSources | None = None) -> alarm_roll.Roll:
    return alarm_roll.call(sources or FakeSources(), PROD, now=NOW)


def listed(wanted: Wanted = Wanted(), **sources: object) -> list[str]:  # noqa: B008 - frozen
    found = roll_of(FakeSources(**sources))  # type: ignore[arg-type]
    tags = {state.arn: {"Team": "web"} for state in found.states[:1]}
    return [row.name for row in alarm_list.build(found, wanted, now=NOW, tags=tags).rows]


class TestTheList:
    def test_firing_alarms_come_first_then_those_without_data(self) -> None:
        assert listed() == ["web-cpu-high", HOSTILE, "web-cpu-low"]

    @pytest.mark.parametrize(
        ("wanted", "names"),
        [
            (Wanted(words="cpu HIGH"), ["web-cpu-high"]),
            (Wanted(words="cpu nothing-like-it"), []),
            (Wanted(states=("OK", "ALARM")), ["web-cpu-high", "web-cpu-low"]),
            (Wanted(kind="composite"), []),
            (Wanted(only=(Only.NO_ACTION,)), ["web-cpu-high", HOSTILE, "web-cpu-low"]),
            (Wanted(only=(Only.MUTED,)), ["web-cpu-low"]),
            (Wanted(only=(Only.MUTED, Only.FLAPPING)), []),
        ],
    )
    def test_every_filter_narrows(self, wanted: Wanted, names: list[str]) -> None:
        assert listed(wanted, mutes=(muted("web-cpu-low"),)) == names

    def test_an_owner_is_known_only_where_tags_are_read(self) -> None:
        found = roll_of()
        arn = found.states[0].arn
        view = alarm_list.build(found, Wanted(), now=NOW, tags={arn: {}})
        # The fakes' alarms share one ARN, so all are read here; with none read all are unread.
        assert {row.owner for row in view.rows} == {""}
        unread = alarm_list.build(found, Wanted(), now=NOW, tags={})
        assert list(unread.table["Owner"]) == ["not read"] * 3
        assert len(unread.unread_tags) == 3
        assert alarm_list.build(found, Wanted(owner=NOBODY), now=NOW, tags={}).rows == ()

    def test_a_mute_that_is_over_mutes_nothing(self) -> None:
        found = roll_of(FakeSources(mutes=(muted("web-cpu-low", "EXPIRED"), muted("web-cpu-high", "SCHEDULED"))))
        assert found.mutes.keys() == {"web-cpu-high"}
        assert found.muted("web-cpu-high") is None

    def test_an_alarm_that_keeps_coming_back_flaps(self) -> None:
        found = roll_of()
        assert not found.flapping("web-cpu-high")
        beats = [
            AlarmTransition("web-cpu-high", NOW - timedelta(hours=2) + timedelta(minutes=2 * place), old, new, "")
            for place, (old, new) in enumerate([("OK", "ALARM"), ("ALARM", "OK")] * 5)
        ]
        recorded = alarm_roll.recorded(tuple(reversed(beats)))
        assert replace(found, changes=recorded).flapping("web-cpu-high")

    def test_prices_say_what_the_bill_would_be_less(self) -> None:
        view = alarm_list.build(roll_of(), Wanted(), now=NOW, tags={})
        assert set(view.table["A month"]) == {"$0.00"}
        assert view.bill == "$0.00 a month for all; 7 of 10 free alarm metrics left, if no other region uses them"

    def test_hostile_names_lose_what_cannot_be_seen(self) -> None:
        view = alarm_list.build(roll_of(), Wanted(), now=NOW, tags={})
        assert "\u202e" not in view.table.to_csv()

    def test_lines_are_numbers_and_paid_reads_are_left_alone(self) -> None:
        found = roll_of()
        alarms = list(found.alarms.values())
        lines = alarm_sparks.read(FakeSources(), alarms, PROD, now=NOW).lines
        assert 20 < len(lines["web-cpu-high"]) <= alarm_sparks.POINTS
        assert alarm_sparks.read(FakeSources(paid=True), alarms, PROD, now=NOW).lines == {}
        assert alarm_sparks.read(FakeSources(silent=True), alarms, PROD, now=NOW).lines == {}


class TestTheRecord:
    span = Timespan(NOW - timedelta(hours=6), NOW)

    def record(self, *changes: AlarmTransition) -> Record:
        return Record(tuple(reversed(changes)), runs(), NOW, ())

    def test_the_band_begins_in_the_state_before_its_first_change(self) -> None:
        change = AlarmTransition("a", NOW - timedelta(hours=1), "OK", "ALARM", HOSTILE)
        band = alarm_record.band(self.record(change), None, self.span)
        assert [(each.state, each.span.start) for each in band.stretches] == [
            ("OK", self.span.start),
            ("ALARM", change.at),
        ]
        assert len(band.notices) == 2
        assert band.summary == "AWS recorded 1 alarm; 2 actions ran, 1 of them failed."

    def test_without_changes_it_is_what_it_is_now(self) -> None:
        (state, *_) = roll_of().states
        (stretch,) = alarm_record.band(self.record(), state, self.span).stretches
        assert stretch.state == "ALARM"

    def test_the_history_holds_states_actions_and_definitions_newest_first(self) -> None:
        change = AlarmTransition("a", NOW - timedelta(hours=1), "OK", "ALARM", HOSTILE)
        record = self.record(change)
        table = alarm_record.timeline(record, now=NOW)
        assert list(table["What"]) == ["✓ action ran", "✕ Alarm, was OK", "✕ action failed", "◔ definition"]
        assert "\u202e" not in table.to_csv()
        assert len(alarm_record.timeline(record, now=NOW, only_actions=True)) == 2


class TestOneAlarm:
    def test_its_head_says_what_else_must_be_known(self) -> None:
        found = roll_of(FakeSources(mutes=(muted("web-cpu-high"),)))
        head = alarm_page.head(found, found.states[0], now=NOW)
        assert [badge.text for badge in head.badges] == ["Muted: at(2026-11-23T11:00) for PT1H", "No action"]
        assert head.state.text == "Alarm"
        assert head.price.startswith("Free:")

    def test_a_rule_is_a_tree_of_alarms_with_their_states(self) -> None:
        found = roll_of()
        states = {state.name: state for state in found.states}
        rule = CompositeAlarm("both", 'ALARM("web-cpu-high") AND NOT (ALARM("web-cpu-low") OR OK("gone"))')
        (group,) = alarm_page.tree(rule, states, now=NOW)
        told = [(item.title.replace("\u2003", "  "), item.state, item.pick) for item in group.items]
        assert told == [
            ("all of", "rule", ""),
            ("  web-cpu-high", "Alarm", "web-cpu-high"),
            ("  not any of", "rule", ""),
            ("    web-cpu-low", "OK", "web-cpu-low"),
            ("    gone", "not there", ""),
        ]

    def test_a_rule_that_is_not_understood_says_where(self) -> None:
        ((item,),) = [group.items for group in alarm_page.tree(CompositeAlarm("x", "ALARM("), {}, now=NOW)]
        assert item.state == "not understood"

    def test_an_alarm_that_only_aws_can_evaluate_says_so(self) -> None:
        log = {"AlarmName": "logs", "AlarmArn": "arn", "ScheduledQueryConfiguration": {"QueryString": "fields @x"},
               "QueryResultsToEvaluate": 1, "QueryResultsToAlarm": 1}  # fmt: skip
        assert alarm_page.sentences(from_response(log), None)[0].startswith("AWS evaluates it: log alarms run")


class TestDeeds:
    lives = tuple(live_of(cpu_alarm(name)) for name in ("web-cpu-high", "web-cpu-low"))

    def plan(self, asked: Asked, count: int = 2) -> ChangePlan | None:
        found = roll_of(FakeSources(mutes=(muted("web-cpu-high"),)))
        return deeds.plan(asked, self.lives[:count], found, actor=ALICE, now=NOW)

    def calls(self, asked: Asked, count: int = 2) -> list[str]:
        plan = self.plan(asked, count)
        return [] if plan is None else [step.operation for step in plan.steps]

    def test_every_deed_is_a_plan_of_its_calls(self) -> None:
        assert self.calls(Asked(Deed.ENABLE)) == []
        assert self.calls(Asked(Deed.DISABLE)) == ["DisableAlarmActions"]
        assert self.calls(Asked(Deed.MUTE)) == ["PutAlarmMuteRule"]
        assert self.calls(Asked(Deed.UNMUTE), 1) == ["DeleteAlarmMuteRule"]
        assert self.calls(Asked(Deed.TAG, key="owner", value="web")) == ["TagResource"] * 2
        assert self.calls(Asked(Deed.TAG, key="team", value=None)) == ["UntagResource"] * 2
        assert self.calls(Asked(Deed.TAG)) == []
        assert self.calls(Asked(Deed.DELETE)) == ["DeleteAlarms"] * 2
        assert self.calls(Asked(Deed.TEST), 1) == ["Publish"]
        assert self.calls(Asked(Deed.FORCE, state=StateValue.ALARM), 1) == ["SetAlarmState"]

    def test_a_mute_begins_at_the_next_whole_minute(self) -> None:
        plan = self.plan(Asked(Deed.MUTE, length=timedelta(hours=4)))
        assert plan is not None
        rule = plan.steps[0].params
        assert rule["Rule"]["Schedule"] == {"Expression": "at(2026-11-23T11:32)", "Duration": "PT4H"}
        assert rule["MuteTargets"] == {"AlarmNames": ["web-cpu-high", "web-cpu-low"]}

    def test_more_alarms_than_a_rule_may_name_get_rules_of_their_own(self) -> None:
        lives = [live_of(cpu_alarm(f"a{place}")) for place in range(101)]
        plan = deeds.plan(Asked(Deed.MUTE), lives, roll_of(), actor=ALICE, now=NOW)
        assert plan is not None
        assert [len(step.params["MuteTargets"]["AlarmNames"]) for step in plan.steps] == [100, 1]
        assert len({step.params["Name"] for step in plan.steps}) == 2

    def test_a_delete_says_what_it_saves_and_what_an_undo_does_not_bring_back(self) -> None:
        plan = self.plan(Asked(Deed.DELETE))
        assert plan is not None
        assert str(plan.price_difference) == "$0.00"
        assert "starts in INSUFFICIENT_DATA" in plan.warnings[0]

    def test_a_forced_state_says_what_it_really_does(self) -> None:
        plan = self.plan(Asked(Deed.FORCE, state=StateValue.ALARM), 1)
        assert plan is not None
        assert "This is no test for those who are told. The alarm really notifies the topic ops." in plan.warnings

    def test_an_alarm_that_tells_nobody_cannot_be_tested(self) -> None:
        silent = live_of({**cpu_alarm(), "AlarmActions": []})
        assert deeds.plan(Asked(Deed.TEST), [silent], roll_of(), actor=ALICE, now=NOW) is None

    @pytest.mark.parametrize("deed", list(Deed))
    def test_a_viewer_may_do_nothing_and_is_told_why(self, deed: Deed) -> None:
        may = deeds.may(Actor("vera", Role.VIEWER), deed)
        assert not may.allowed
        assert may.reason.startswith("vera is a viewer here; to ")


@pytest.mark.parametrize("language", exports.LANGUAGES, ids=lambda each: each.name)
def test_every_language_writes_hostile_alarms(language: exports.Language) -> None:
    alarm = from_response({**cpu_alarm(HOSTILE), "AlarmDescription": HOSTILE})
    text = language.write([alarm])
    assert "CPUUtilization" in text
    assert "\u202e" not in text


def test_what_an_alarm_does_is_in_words() -> None:
    assert alarm_page.does(from_response(cpu_alarm())) == (
        ("When it goes off", "notifies the topic ops"),
        ("When it is OK again", "nothing"),
        ("Without data", "nothing"),
    )
    assert describe(TOPIC_ARN).words.startswith("notifies the topic")
