"""Who may do what, with its reason; and the record of it."""

from __future__ import annotations

import os
import pwd
import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access.audit import AUDIT_FILE, Audit
from access.identity import Actor, Role, local_actor
from access.policy import _WORDS, LEAST_ROLE, Action, decide
from cloud.settings import Settings
from core.reading import Scope

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
VIEWER, OPERATOR = Actor("ana", Role.VIEWER), Actor("bo", Role.OPERATOR)


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_least_role_and_words(action: Action) -> None:
    assert LEAST_ROLE[action] in Role
    assert _WORDS[action]
    assert decide(Actor("root", Role.ADMINISTRATOR), action).allowed


@pytest.mark.parametrize(
    ("actor", "action", "verdict"),
    [
        (VIEWER, Action.VIEW, "As viewer, ana may look at dashboards."),
        (VIEWER, Action.TELL_STORY, "ana is a viewer here; to tell stories in the demo cloud takes an operator."),
        (OPERATOR, Action.TELL_STORY, "As operator, bo may tell stories in the demo cloud."),
        (OPERATOR, Action.EDIT_ALARM, "bo is an operator here; to change alarms takes an engineer."),
    ],
)
def test_a_verdict_says_why(actor: Actor, action: Action, verdict: str) -> None:
    assert decide(actor, action).reason == verdict


def test_the_person_at_this_machine_is_viewer_on_aws_and_administrator_on_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USER", "ana")
    monkeypatch.setenv("LOGNAME", "ana")
    actor = local_actor(Settings(cloud="aws"))
    assert (actor.name, actor.role) == ("ana", Role.VIEWER)
    assert local_actor(Settings(cloud="demo")).role is Role.ADMINISTRATOR
    assert actor.person == f"{pwd.getpwuid(os.getuid()).pw_name}#{os.getuid()}", "no variable changes who one is"
    assert local_actor(Settings(cloud="aws", role="engineer")).role is Role.ENGINEER


def test_the_record_keeps_what_was_done_and_refused_newest_first(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    done = audit.record(OPERATOR, Action.TELL_STORY, "traffic-spike", at=NOW, allowed=True, scope=Scope("1", "r"))
    refused = audit.record(VIEWER, Action.EDIT_ALARM, "evil\nname", at=NOW, allowed=False, detail={"reason": "role"})
    assert Audit(tmp_path).newest(10) == (refused, done)
    assert audit.newest(1) == (refused,)


def test_a_line_that_a_crash_cut_short_hides_no_other(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    done = audit.record(OPERATOR, Action.VIEW, "wall", at=NOW, allowed=True)
    with (tmp_path / AUDIT_FILE).open("ab") as file:
        file.write(b'{"at": "2026-')
    assert audit.newest(10) == (done,)


def test_no_record_yet_is_empty(tmp_path: Path) -> None:
    assert Audit(tmp_path).newest(5) == ()


def test_a_record_that_a_full_disk_cuts_short_is_no_record(tmp_path: Path) -> None:
    """A full disk takes what still fits without a word."""
    audit = Audit(tmp_path)
    audit.record(OPERATOR, Action.VIEW, "wall", at=NOW, allowed=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / AUDIT_FILE).stat().st_size + 20, hard))
    try:
        with pytest.raises(OSError, match="large"):
            audit.record(OPERATOR, Action.EDIT_ALARM, "cpu", at=NOW, allowed=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    after = audit.record(OPERATOR, Action.VIEW, "alarms", at=NOW, allowed=True)
    assert [record.target for record in audit.newest(10)] == ["alarms", "wall"]
    assert after.target == "alarms"
