"""Plan → authorize → apply → audit, on a cloud that a test can make fail, or change behind a person's back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.audit import AUDIT_FILE, Audit
from access.changes import (
    Answer,
    ChangePlan,
    Ending,
    Expected,
    FieldChange,
    Grant,
    Look,
    Outcome,
    Step,
    StepEnding,
    apply,
    authorize,
    carry_out,
    differences,
    joined,
)
from access.identity import Actor, Role
from access.policy import Action
from cloud.faults import AccessDenied, CloudError, NotFound, Throttled, Unreachable
from core.money import Money
from core.reading import Scope, Verdict

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HERE = Scope("111111111111", "us-east-1")
ANA, BO = Actor("ana", Role.ENGINEER), Actor("bo", Role.VIEWER)


class Shelf:
    """A cloud of named documents. `fates` says what happens to the next writes; `None` lets one pass."""

    def __init__(self, **things: dict[str, Any]) -> None:
        self.things = things
        self.fates: list[CloudError | tuple[CloudError, str] | Callable[[], None] | None] = []
        self.blind: CloudError | None = None
        self.written: list[str] = []
        self.writers: list[tuple[Scope, str]] = []
        self.open = 0
        self.answer: dict[str, Any] = {}

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.blind is not None:
            raise self.blind
        if params["Name"] not in self.things:
            raise NotFound("not there")
        return {"Thing": self.things[params["Name"]]}

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[Shelf]:
        self.writers.append((scope, actor_name))
        self.open += 1
        try:
            yield self
        finally:
            self.open -= 1

    def write(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        fate = self.fates.pop(0) if self.fates else None
        self.written.append(f"{operation} {params['Name']}")
        if isinstance(fate, CloudError):
            raise fate
        if callable(fate):
            fate()
        if operation == "Drop":
            self.things.pop(params["Name"], None)
        else:
            self.things[params["Name"]] = dict(params["To"])
        if isinstance(fate, tuple):
            raise fate[0]
        return {"ResponseMetadata": {"HTTPStatusCode": 200}, **(self.answer or {"Id": f"id-{params['Name']}"})}


def thing(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = answer.get("Thing")
    return found


def step(name: str, before: Any, after: Any, **more: Any) -> Step:
    """Put a thing on the shelf, or take it off, with the way back."""

    def one(old: Any, new: Any) -> Step:
        return Step(
            "shelf",
            "Drop" if new is None else "Put",
            {"Name": name} | ({} if new is None else {"To": new}),
            HERE,
            f"{name} becomes {new}",
            Action.EDIT_ALARM,
            (name,),
            expected=Expected(Look("shelf", "Get", {"Name": name}, thing), old, new),
        )

    return replace(one(before, after), undo=one(after, before), **more)


def plan(*steps: Step, **more: Any) -> ChangePlan:
    changes = tuple(
        change
        for each in steps
        if each.expected
        for change in differences(each.expected.before, each.expected.after, thing=each.targets[0])
    )
    return ChangePlan("A change", steps, changes, **more)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path)


def applied(wanted: ChangePlan, shelf: Shelf, audit: Audit) -> Outcome:
    grant = authorize(wanted, ANA)
    assert isinstance(grant, Grant)
    return apply(wanted, grant, shelf, audit, now=NOW, pause=lambda _: None)


def records(audit: Audit) -> list[tuple[str, bool]]:
    return [(str(record.detail["outcome"]), record.allowed) for record in reversed(audit.newest(20))]


RAISE = step("cpu", {"at": 80}, {"at": 90})


class TestAuthorize:
    def test_a_role_that_may_not_gets_the_reason_for_the_disabled_button(self) -> None:
        verdict = authorize(plan(RAISE), BO)
        assert verdict == Verdict(allowed=False, reason="bo is a viewer here; to change alarms takes an engineer.")

    def test_a_plan_that_changes_nothing_cannot_be_applied(self) -> None:
        assert authorize(ChangePlan("Nothing", ()), ANA) == Verdict(allowed=False, reason="Nothing would change.")

    def test_every_step_has_to_be_allowed(self) -> None:
        mixed = plan(RAISE, replace(step("x", None, {}), action=Action.RUN_GUARD))
        verdict = authorize(mixed, ANA)
        assert isinstance(verdict, Verdict)
        assert verdict.reason.endswith("to run the spending guard takes an administrator.")

    def test_a_grant_is_not_made_by_hand_and_not_good_for_another_plan(self, audit: Audit) -> None:
        with pytest.raises(TypeError, match="given by authorize"):
            Grant(ANA, plan(RAISE).fingerprint, object())
        grant = authorize(plan(RAISE), ANA)
        assert isinstance(grant, Grant)
        with pytest.raises(ValueError, match="another plan"):
            apply(plan(step("cpu", {"at": 80}, {"at": 1})), grant, Shelf(cpu={"at": 80}), audit, now=NOW)

    def test_what_was_refused_is_written_down(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        outcome = carry_out(plan(RAISE), BO, shelf, audit, now=NOW)
        assert outcome.ending is Ending.REFUSED
        assert (shelf.written, shelf.writers) == ([], [])
        assert records(audit) == [("refused", False)]
        assert audit.newest(1)[0].target == "cpu"


class TestApply:
    def test_done_with_the_actors_name_and_closed_after(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        outcome = applied(plan(RAISE), shelf, audit)
        assert (outcome.ending, outcome.sentence) == (Ending.DONE, "Done.")
        assert shelf.things == {"cpu": {"at": 90}}
        assert shelf.writers == [(HERE, "ana")]
        assert shelf.open == 0
        assert records(audit) == [("begun", True), ("done", True)]
        begun = audit.newest(2)[1].detail
        assert json.loads(begun["changes"]) == [["cpu", "at", 80, 90]]
        assert json.loads(begun["steps"])[0]["before"] == {"at": 80}

    def test_changed_by_someone_else_is_refused_with_both_versions(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 70})
        outcome = applied(plan(step("disk", None, {"at": 1}), RAISE), shelf, audit)
        assert outcome.ending is Ending.CONFLICT
        (conflict,) = outcome.conflicts
        assert conflict.step.expected is not None
        assert (conflict.step.expected.before, conflict.live) == ({"at": 80}, {"at": 70})
        assert shelf.written == []
        assert [one.ending for one in outcome.steps] == [StepEnding.NOT_TRIED, StepEnding.CONFLICT]
        assert "changed by someone else since you looked" in outcome.sentence
        assert records(audit)[-1] == ("changed by someone else", True)

    def test_deleted_by_someone_else_is_a_conflict_too(self, audit: Audit) -> None:
        outcome = applied(plan(RAISE), Shelf(), audit)
        assert outcome.ending is Ending.CONFLICT
        assert outcome.conflicts[0].live is None

    def test_what_is_so_already_is_not_written(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 90})
        outcome = applied(plan(RAISE), shelf, audit)
        assert (outcome.ending, shelf.written, outcome.undo) == (Ending.DONE, [], None)
        assert outcome.sentence == "It was so already; nothing was written."

    def test_denied_by_aws_is_an_outcome_with_awss_words(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        shelf.fates = [AccessDenied("User ana is not authorized")]
        outcome = applied(plan(RAISE), shelf, audit)
        assert outcome.ending is Ending.FAILED
        assert "shelf:Put" in outcome.sentence
        assert "User ana is not authorized" in outcome.sentence
        assert records(audit)[-1] == ("failed", True)

    def test_what_cannot_be_seen_is_not_written_over(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        shelf.blind = AccessDenied()
        outcome = applied(plan(RAISE), shelf, audit)
        assert (outcome.ending, shelf.written) == (Ending.FAILED, [])

    def test_a_throttled_call_is_made_again_a_few_times(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        shelf.fates = [Throttled(), Throttled(), None]
        pauses: list[float] = []
        grant = authorize(plan(RAISE), ANA)
        assert isinstance(grant, Grant)
        outcome = apply(plan(RAISE), grant, shelf, audit, now=NOW, pause=pauses.append)
        assert outcome.done
        assert pauses == [1.0, 2.0]
        shelf = Shelf(cpu={"at": 80})
        shelf.fates = [Throttled()] * 9
        assert applied(plan(RAISE), shelf, audit).ending is Ending.FAILED
        assert len(shelf.written) == 4

    def test_without_an_audit_record_nothing_is_done(self, tmp_path: Path) -> None:
        shelf, audit = Shelf(cpu={"at": 80}), Audit(tmp_path)
        (tmp_path / AUDIT_FILE).mkdir()
        outcome = applied(plan(RAISE), shelf, audit)
        assert (outcome.ending, shelf.written) == (Ending.FAILED, [])
        assert "audit record cannot be written" in outcome.sentence


class TestNoAnswer:
    """A write without an answer: what is live is read before anything is written again."""

    def test_it_was_done(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        shelf.fates = [(Unreachable("read timed out"), "after it was done")]
        outcome = applied(plan(RAISE), shelf, audit)
        assert outcome.done
        assert len(shelf.written) == 1
        assert outcome.undo is not None

    def test_it_was_not_done_and_is_made_again(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        shelf.fates = [Unreachable("connection reset"), None]
        assert applied(plan(RAISE), shelf, audit).done
        assert len(shelf.written) == 2

    def test_someone_else_wrote_meanwhile(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})

        def meanwhile() -> None:
            shelf.things["cpu"] = {"at": 5}
            raise Unreachable("connection reset")

        shelf.fates = [meanwhile]
        outcome = applied(plan(RAISE), shelf, audit)
        assert outcome.ending is Ending.CONFLICT
        assert shelf.things == {"cpu": {"at": 5}}

    def test_what_cannot_be_looked_at_is_not_repeated(self, audit: Audit) -> None:
        shelf = Shelf()
        shelf.fates = [Unreachable("read timed out")]
        outcome = applied(plan(replace(step("mail", None, {}), expected=None)), shelf, audit)
        assert outcome.ending is Ending.UNKNOWN
        assert "Whether it was done is not known" in outcome.sentence
        assert len(shelf.written) == 1
        assert outcome.rest is None
        assert records(audit)[-1] == ("unknown", True)

    def test_what_can_be_repeated_without_harm_is_repeated_without_a_look(self, audit: Audit) -> None:
        marked = replace(step("mark", None, {}, key="mark"), expected=None)
        shelf = Shelf()
        shelf.fates = [Unreachable("read timed out"), None]
        assert applied(plan(marked), shelf, audit).done
        shelf.fates = [Unreachable("read timed out")] * 4
        assert applied(plan(marked), shelf, audit).ending is Ending.UNKNOWN


class TestSeveralSteps:
    POLICY = step("policy", None, {"by": 1}, key="policy")
    ALARM = step("alarm", None, {"runs": Answer("policy", "Id")})

    def test_a_later_step_gets_what_an_earlier_one_answered(self, audit: Audit) -> None:
        shelf = Shelf()
        assert applied(plan(self.POLICY, self.ALARM), shelf, audit).done
        assert shelf.things["alarm"] == {"runs": "id-policy"}

    def test_it_gets_it_from_what_was_so_already(self, audit: Audit) -> None:
        shelf = Shelf(policy={"by": 1})
        outcome = applied(plan(self.POLICY, self.ALARM), shelf, audit)
        assert shelf.things["alarm"] == {"runs": "id-policy"}
        assert [one.ending for one in outcome.steps] == [StepEnding.ALREADY, StepEnding.DONE]
        assert outcome.undo is not None
        assert [one.targets for one in outcome.undo.steps] == [("alarm",)]

    def test_and_after_an_answer_that_did_not_come(self, audit: Audit) -> None:
        shelf = Shelf()
        shelf.fates = [(Unreachable("read timed out"), "after it was done")]
        assert applied(plan(self.POLICY, self.ALARM), shelf, audit).done
        assert shelf.things["alarm"] == {"runs": "id-policy"}

    def test_a_step_that_needs_an_answer_of_none_fails(self, audit: Audit) -> None:
        shelf = Shelf()
        assert applied(plan(self.ALARM), shelf, audit).ending is Ending.FAILED
        assert shelf.written == []

    def test_partly_done_says_what_is_done_what_is_not_and_how_to_go_on_or_back(self, audit: Audit) -> None:
        shelf = Shelf(disk={"at": 1})
        third = step("disk", {"at": 1}, {"at": 2})
        shelf.fates = [None, AccessDenied("no")]
        outcome = applied(plan(self.POLICY, self.ALARM, third, price_after=Money(Decimal(1))), shelf, audit)
        assert outcome.ending is Ending.PARTLY
        endings = [StepEnding.DONE, StepEnding.FAILED, StepEnding.NOT_TRIED]
        assert [one.ending for one in outcome.steps] == endings
        assert outcome.sentence.startswith("1 of 3 steps are done. ")
        undo, rest = outcome.undo, outcome.rest
        assert undo is not None
        assert rest is not None
        assert [change.thing for change in undo.changes] == ["policy"]
        assert undo.price_after is None
        assert applied(rest, shelf, audit).done
        assert shelf.things == {"policy": {"by": 1}, "alarm": {"runs": "id-policy"}, "disk": {"at": 2}}


class TestUndo:
    def test_an_undo_is_a_plan_and_has_an_undo_in_turn(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80}, old={"at": 1})
        wanted = plan(RAISE, step("old", {"at": 1}, None, lasting="Its history is gone."), step("new", None, {"at": 2}))
        first = applied(wanted, shelf, audit)
        undo = first.undo
        assert undo is not None
        assert undo.title == "Undo: A change"
        assert undo.warnings == ("Its history is gone.",)
        assert FieldChange("at", 90, 80, "cpu") in undo.changes
        second = applied(undo, shelf, audit)
        assert shelf.things == {"cpu": {"at": 80}, "old": {"at": 1}}
        again = second.undo
        assert again is not None
        assert again.title == "A change"
        third = applied(again, shelf, audit)
        assert shelf.things == {"cpu": {"at": 90}, "new": {"at": 2}}
        assert third.undo is not None

    def test_an_undo_gets_what_its_own_step_answered_also_the_second_time(self, audit: Audit) -> None:
        shelf = Shelf()
        mail = step("mail", None, {"to": "ana"}, key="mail")
        assert mail.undo is not None
        mail = replace(mail, undo=replace(mail.undo, params={"Name": "mail", "Id": Answer("mail", "Id")}))
        outcome = applied(plan(mail), shelf, audit)
        for given_id in ("id-mail", "another"):
            undo = outcome.undo
            assert undo is not None
            assert undo.steps[0].params == {"Name": "mail", "Id": given_id}
            redo = applied(undo, shelf, audit).undo
            assert redo is not None
            shelf.answer = {"Id": "another"}
            outcome = applied(redo, shelf, audit)

    def test_an_undo_does_not_take_back_what_someone_else_did_since(self, audit: Audit) -> None:
        shelf = Shelf(cpu={"at": 80})
        undo = applied(plan(RAISE), shelf, audit).undo
        shelf.things["cpu"] = {"at": 95}
        assert undo is not None
        assert applied(undo, shelf, audit).ending is Ending.CONFLICT
        assert shelf.things == {"cpu": {"at": 95}}


def test_joined_plans_keep_steps_warnings_and_known_prices() -> None:
    one = plan(RAISE, price_before=Money(Decimal("0.1")), price_after=Money(Decimal("0.3")), warnings=("a",))
    both = joined("Both", [one, plan(step("x", None, {}), warnings=("a", "b"))])
    assert both.price_difference == Money(Decimal("0.2"))
    assert both.warnings == ("a", "b")
    assert len(both.steps) == 2


@given(name=st.text(), value=st.text())
def test_hostile_text_never_breaks_the_audit(name: str, value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    audit = Audit(tmp_path_factory.mktemp("audit"))
    shelf = Shelf()
    outcome = applied(plan(step(name, None, {value: value})), shelf, audit)
    assert outcome.done
    newest = audit.newest(2)
    assert len(newest) == 2
    assert newest[0].target == name
    assert json.loads(newest[1].detail["changes"]) == [[name, value, None, value]]
