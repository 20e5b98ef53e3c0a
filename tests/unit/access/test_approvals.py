"""Two people: proposed by one, approved by another, used once, and not for long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import __main__ as command
from access.approvals import HOLDS, WAITS, Approval, Approvals, Proposal, Standing
from access.audit import Audit
from access.changes import ChangePlan, Grant, Step, authorize
from access.identity import Actor, Role
from access.policy import Action
from cloud.database import Place
from core.reading import Scope, Verdict

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANA = Actor("ana", Role.ADMINISTRATOR, "ana#1000")
BO = Actor("bo", Role.ADMINISTRATOR, "bo#1001")
EVA = Actor("eva", Role.ENGINEER, "eva#1002")


def plan(instance: str = "i-1", action: Action = Action.STOP_FLEET) -> ChangePlan:
    step = Step(*("ec2", "StopInstances"), {"InstanceIds": [instance]}, Scope("1", "r"), "Stop it", action, (instance,))
    return ChangePlan(f"Stop {instance}", (step,))


@pytest.fixture
def approvals(place: Place, tmp_path: Path) -> Iterator[Approvals]:
    made = Approvals(place, Audit(tmp_path))
    yield made
    made.close()


def proposed(approvals: Approvals, by: Actor = ANA, of: ChangePlan | None = None) -> Proposal:
    found = approvals.propose(of or plan(), by, now=NOW)
    assert isinstance(found, Proposal)
    return found


def reason(found: object) -> str:
    assert isinstance(found, Verdict)
    assert not found.allowed
    return found.reason


def test_nobody_stops_anything_alone(approvals: Approvals) -> None:
    assert reason(authorize(plan(), ANA)) == "A second person has to approve this first."
    proposed(approvals)
    assert approvals.granted(plan(), now=NOW) is None
    with pytest.raises(TypeError, match="given by a second person"):
        Approval(proposed(approvals), object())


def test_another_person_approves_and_either_may_then_apply_it(approvals: Approvals) -> None:
    found = approvals.approve(proposed(approvals).id, BO, now=NOW)
    assert isinstance(found, Proposal)
    assert (found.proposer, found.approver, found.standing(NOW)) == ("ana", "bo", Standing.APPROVED)
    approval = approvals.granted(plan(), now=NOW)
    assert isinstance(authorize(plan(), ANA, approval=approval), Grant)
    assert isinstance(authorize(plan(), BO, approval=approval), Grant)
    assert "to stop what runs takes an administrator" in reason(authorize(plan(), EVA, approval=approval))


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (ANA, "You proposed it as ana#1000. Another operating-system user has to approve it"),
        (replace(ANA, name="bo"), "You proposed it as ana#1000"),
        (EVA, "eva is an engineer here; to stop what runs takes an administrator."),
    ],
    ids=["the same", "the same by another name", "an engineer"],
)
def test_who_may_not_approve_is_told_why(approvals: Approvals, by: Actor, why: str) -> None:
    assert why in reason(approvals.approve(proposed(approvals).id, by, now=NOW))
    assert approvals.granted(plan(), now=NOW) is None


def test_an_approval_is_for_one_plan_only(approvals: Approvals) -> None:
    approvals.approve(proposed(approvals).id, BO, now=NOW)
    approval = approvals.granted(plan(), now=NOW)
    assert approvals.granted(plan("i-2"), now=NOW) is None
    assert "another plan" in reason(authorize(plan("i-2"), ANA, approval=approval))


def test_an_approval_is_used_once(approvals: Approvals) -> None:
    approvals.approve(proposed(approvals).id, BO, now=NOW)
    approval = approvals.granted(plan(), now=NOW)
    assert approval is not None
    assert approvals.use(approval, now=NOW)
    assert not approvals.use(approval, now=NOW)
    assert approvals.granted(plan(), now=NOW) is None
    assert "it is used" in reason(approvals.approve(approval.proposal.id, BO, now=NOW))


@pytest.mark.parametrize(("after", "waits"), [(WAITS - MINUTE, True), (WAITS, False), (WAITS + MINUTE, False)])
def test_a_proposal_waits_for_a_day(approvals: Approvals, after: timedelta, waits: bool) -> None:  # noqa: FBT001
    found = approvals.approve(proposed(approvals).id, BO, now=NOW + after)
    assert isinstance(found, Proposal) is waits


@pytest.mark.parametrize(("after", "good"), [(HOLDS - MINUTE, True), (HOLDS, False), (HOLDS + MINUTE, False)])
def test_an_approval_holds_for_an_hour(approvals: Approvals, after: timedelta, good: bool) -> None:  # noqa: FBT001
    approvals.approve(proposed(approvals).id, BO, now=NOW)
    approval = approvals.granted(plan(), now=NOW)
    assert approval is not None
    assert (approvals.granted(plan(), now=NOW + after) is not None) is good
    assert approvals.use(approval, now=NOW + after) is good


def test_what_is_proposed_already_is_not_proposed_twice(approvals: Approvals) -> None:
    assert proposed(approvals) == proposed(approvals, by=BO)
    assert len(approvals.pending(now=NOW)) == 1
    assert "takes an administrator" in reason(approvals.propose(plan(), EVA, now=NOW))
    assert reason(approvals.propose(ChangePlan("nothing", ()), ANA, now=NOW)) == "Nothing would change."


def test_what_stops_nothing_needs_nobody_else(approvals: Approvals) -> None:
    assert isinstance(authorize(plan(action=Action.RUN_GUARD), ANA), Grant)
    assert approvals.pending(now=NOW) == ()


def test_every_step_is_in_the_audit_record(approvals: Approvals, tmp_path: Path) -> None:
    found = proposed(approvals)
    approvals.approve(found.id, ANA, now=NOW)
    approvals.approve(found.id, BO, now=NOW)
    records = Audit(tmp_path).newest(10)
    assert [(record.actor, record.allowed, record.detail["person"]) for record in records] == [
        ("bo", True, "bo#1001"),
        ("ana", False, "ana#1000"),
        ("ana", True, "ana#1000"),
    ]
    assert all(record.detail["plan"] == plan().fingerprint for record in records)


def test_what_cannot_be_written_down_is_not_approved(place: Place, tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    approvals = Approvals(place, audit)
    found = proposed(approvals)
    (tmp_path / "audit.jsonl").unlink()
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        approvals.approve(found.id, BO, now=NOW)
    assert approvals.pending(now=NOW) == (found,)
    approvals.close()


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    monkeypatch.setenv("WATCHKEEPER_DATA_DIR", str(tmp_path))
    folder = tmp_path / "demo"
    approvals = Approvals(Place(folder), Audit(folder))
    found = proposed(approvals)
    assert command.main(["approvals"], now=lambda: NOW) == 0
    assert f"{found.id}  waits for a second person until 24 November 10:00 UTC  Stop i-1" in capsys.readouterr().out
    assert command.main(["approve", found.id], now=lambda: NOW) == 0
    assert "Approved until 23 November 11:00 UTC: Stop i-1" in capsys.readouterr().out
    assert command.main(["approve", "none"], now=lambda: NOW) == 1
    assert "There is no proposal 'none'" in capsys.readouterr().err
    assert approvals.granted(plan(), now=NOW) is not None
    approvals.close()
