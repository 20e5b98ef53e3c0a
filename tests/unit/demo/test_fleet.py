"""A group's time line: launches, health, draining, replacement; and the words of its activities."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from demo.activities import Activity, Cause
from demo.fleet import Checks, Group, LaunchFailed
from demo.targets import Registration
from tests.unit.demo.worlds import paper_group

T0 = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ASKED = Cause.request("explicitly set group desired capacity", at=T0)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def lifecycles(group: Group, at: datetime) -> list[str | None]:
    return [member.lifecycle(at) for member in group.present(at)]


def health(group: Group, number: int, seconds: float) -> str | None:
    registration = Registration.of_member(group.members[number], 80, group.checks or Checks())
    found = registration.health(after(seconds))
    return f"{found.state} {found.reason or ''}".strip() if found else None


def test_launched_pending_in_service_healthy() -> None:
    group = paper_group()
    group.resize(1, ASKED, at=T0)
    assert [lifecycles(group, after(s)) for s in (0, 19, 20)] == [["Pending"], ["Pending"], ["InService"]]
    assert [health(group, 0, s) for s in (19, 20, 23, 34, 35)] == [
        None,
        "initial Elb.RegistrationInProgress",
        "initial Elb.InitialHealthChecking",
        "initial Elb.InitialHealthChecking",
        "healthy",
    ]


def test_sent_away_drains_before_it_is_gone() -> None:
    group = paper_group()
    group.resize(2, ASKED, at=T0)
    group.resize(1, ASKED, at=after(100))
    leaver = next(number for number, member in enumerate(group.members) if not member.alive(after(100)))
    assert [health(group, leaver, s) for s in (99, 100, 126, 127)] == [
        "healthy",
        "draining Target.DeregistrationInProgress",
        "draining Target.DeregistrationInProgress",
        None,
    ]
    assert [sorted(map(str, lifecycles(group, after(s)))) for s in (100, 134, 135)] == [
        ["InService", "Terminating"],
        ["InService", "Terminating"],
        ["InService"],
    ]


def test_instances_spread_over_the_zones_and_the_fullest_gives_its_oldest() -> None:
    group = paper_group()
    group.resize(3, ASKED, at=T0)
    assert [member.zone for member in group.members] == ["a", "b", "a"]
    group.resize(2, ASKED, at=after(100))
    assert [member.id for member in group.alive(after(100))] == ["i-2", "i-3"]


def test_protected_instances_stay() -> None:
    group = paper_group()
    group.resize(2, ASKED, at=T0)
    group.members[0].protected = True
    group.resize(0, ASKED, at=after(60))
    assert [member.id for member in group.alive(after(60))] == ["i-1"]


def test_an_instance_that_fails_its_health_checks_is_replaced() -> None:
    group = paper_group()
    group.resize(2, ASKED, at=T0)
    group.fail(group.members[0], at=after(100))
    assert [health(group, 0, s) for s in (109, 110)] == ["healthy", "unhealthy Target.ResponseCodeMismatch"]
    assert group.due() == after(125)
    group.step(at=after(125))
    assert health(group, 0, 125) == "draining Target.DeregistrationInProgress"
    assert len(group.alive(after(125))) == 2
    gone, come = group.activities[-2:]
    assert gone.cause == (
        "At 2026-11-23T10:02:05Z an instance was taken out of service in response to an ELB system health check "
        "failure."
    )
    assert come.cause == (
        "At 2026-11-23T10:02:05Z an instance was launched in response to an unhealthy instance needing to be replaced."
    )


@pytest.mark.parametrize("process", ["HealthCheck", "ReplaceUnhealthy", "Terminate"])
def test_suspended_processes_replace_nothing(process: str) -> None:
    group = paper_group()
    group.resize(1, ASKED, at=T0)
    group.suspended = frozenset({process})
    group.fail(group.members[0], at=after(100))
    assert group.due() is None


def test_a_suspended_launch_waits() -> None:
    group = paper_group()
    group.suspended = frozenset({"Launch"})
    group.resize(2, ASKED, at=T0)
    assert (group.desired, len(group.members)) == (2, 0)


def test_a_group_without_elb_checks_keeps_what_the_load_balancer_finds_ill() -> None:
    group = paper_group()
    group.elb_checks = False
    group.resize(1, ASKED, at=T0)
    group.fail(group.members[0], at=after(100))
    assert group.due() is None
    group.lose(group.members[0], at=after(200), why="ec2")
    assert group.due() is not None


def test_a_failed_launch_is_written_down_and_tried_again_elsewhere() -> None:
    full = {"a"}

    def launch(group: Group, zone: str, subnet: str, at: datetime) -> str:
        if zone in full:
            raise LaunchFailed("We currently do not have sufficient capacity. Launching EC2 instance failed.")
        return "i-1"

    group = paper_group(launch=launch)
    group.resize(1, ASKED, at=T0)
    failed = group.activities[-1].document(at=after(5))
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].endswith("Launching EC2 instance failed.")
    assert failed["Description"].startswith("Launching a new EC2 instance.  Status Reason: We currently")
    assert group.due() == after(60)
    group.step(at=after(60))
    assert [(member.id, member.zone) for member in group.alive(after(60))] == [("i-1", "b")]


class TestActivities:
    def activity(self) -> tuple[Group, Activity]:
        group = paper_group()
        alarm = {"AlarmName": "high", "AlarmArn": "arn:high", "NewStateValue": "ALARM"}
        group.resize(1, Cause.of_alarm(alarm, "out", at=T0), at=T0)
        return group, group.activities[0]

    def test_says_why_in_aws_words(self) -> None:
        _, activity = self.activity()
        assert activity.cause == (
            "At 2026-11-23T10:00:00Z a monitor alarm high in state ALARM triggered policy out changing the desired "
            "capacity from 0 to 1.  At 2026-11-23T10:00:00Z an instance was started in response to a difference "
            "between desired and actual capacity, increasing the capacity from 0 to 1."
        )

    def test_names_the_alarm_in_its_details(self) -> None:
        _, activity = self.activity()
        details = json.loads(activity.document(at=after(60))["Details"])
        assert details["Availability Zone"] == "a"
        assert details["Subnet ID"] == "subnet-a"
        assert details["InvokingAlarms"][0]["AlarmArn"] == "arn:high"

    def test_is_in_progress_until_the_instance_serves(self) -> None:
        _, activity = self.activity()
        before, then = activity.document(at=after(19)), activity.document(at=after(20))
        assert (before["StatusCode"], before["Progress"], "EndTime" in before) == ("InProgress", 50, False)
        assert (then["StatusCode"], then["Progress"], "EndTime" in then) == ("Successful", 100, True)

    def test_a_termination_waits_for_draining(self) -> None:
        group, _ = self.activity()
        group.resize(0, ASKED, at=after(100))
        activity = group.activities[-1]
        assert [activity.status(after(s)) for s in (102, 126, 127, 135)] == [
            "WaitingForELBConnectionDraining",
            "WaitingForELBConnectionDraining",
            "InProgress",
            "Successful",
        ]
        assert activity.cause.endswith("At 2026-11-23T10:01:40Z instance i-1 was selected for termination.")

    def test_a_renamed_instance_is_renamed_in_its_words(self) -> None:
        group, _ = self.activity()
        group.resize(0, ASKED, at=after(100))
        group.rename("i-1", "i-0abc")
        assert [activity.instance for activity in group.activities] == ["i-0abc", "i-0abc"]
        assert "instance i-0abc was selected" in group.activities[-1].cause
