"""Plans of the guard: what each rung does to whom, what it saves, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.approvals import takes_two
from access.changes import ChangePlan
from budgets.freezing import (
    HELD,
    Group,
    Instance,
    Prior,
    SizesVersion,
    StatesVersion,
    SuspensionVersion,
    Thing,
    is_listed,
    merged,
    plan,
    prior_of,
    rehearse,
    restore,
)
from budgets.guard import Rung
from budgets.prices import UsagePrices
from core.money import Money
from core.reading import Scope

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HERE = Scope("111111111111", "us-east-1")
LISTED = {"watchkeeper-guard": "allow"}
WEB = Group(HERE, "web", "arn:web", 2, 3, 6, kinds=("t2.micro",) * 3, tags=LISTED)
BATCH = Instance(HERE, "i-batch", "m5.large", "running", LISTED)


def done(steps: ChangePlan, things: list[Thing]) -> list[Thing]:
    """Do to things what a plan says, as AWS would; what does not fit fails."""
    for step in steps.steps:
        assert step.expected is not None
        things = [_done(step.operation, step.params, thing) for thing in things]
    return things


def _done(operation: str, params: Any, thing: Thing) -> Thing:
    if isinstance(thing, Instance):
        if thing.id not in params.get("InstanceIds", ()):
            return thing
        return replace(thing, state="stopped" if operation == "StopInstances" else "running")
    if params.get("AutoScalingGroupName") != thing.name:
        return thing
    named = set(params.get("ScalingProcesses", ()))
    if operation == "SuspendProcesses":
        return replace(thing, suspended=thing.suspended | named)
    if operation == "ResumeProcesses":
        return replace(thing, suspended=thing.suspended - named)
    return replace(thing, minimum=params["MinSize"], desired=params["DesiredCapacity"])


def calls(steps: ChangePlan) -> list[str]:
    return [f"{step.operation} {', '.join(step.targets)}" for step in steps.steps]


@pytest.mark.parametrize(
    ("rung", "does", "two"),
    [
        (Rung.NOTIFY, [], False),
        (Rung.FREEZE, ["SuspendProcesses web"], False),
        (Rung.ZERO, ["SuspendProcesses web", "UpdateAutoScalingGroup web"], True),
        (Rung.STOP, ["SuspendProcesses web", "UpdateAutoScalingGroup web", "StopInstances i-batch"], True),
    ],
)
def test_each_rung_does_what_those_below_it_do_and_more(rung: Rung, does: list[str], two: bool) -> None:  # noqa: FBT001
    made = plan(rung, [WEB, BATCH], place="prod")
    assert calls(made) == does
    assert takes_two(made) is two


@pytest.mark.parametrize("tags", [None, {}, {"watchkeeper-guard": "no"}, {"watchkeeper": "allow"}])
def test_what_lacks_the_tag_is_never_touched(tags: dict[str, str] | None) -> None:
    bare: list[Thing] = [replace(WEB, tags=tags), replace(BATCH, tags=tags)]
    assert not any(is_listed(thing) for thing in bare)
    found = rehearse(Rung.STOP, bare, UsagePrices(), place="prod")
    assert found.plan.steps == ()
    assert found.left_out == ("web", "i-batch")
    assert not found.saves.amount


def test_what_is_done_already_is_not_done_again() -> None:
    frozen = replace(WEB, suspended=frozenset(HELD))
    assert plan(Rung.FREEZE, [frozen], place="prod").steps == ()
    assert calls(plan(Rung.ZERO, [frozen], place="prod")) == ["UpdateAutoScalingGroup web"]
    assert (
        plan(Rung.STOP, [replace(frozen, minimum=0, desired=0), replace(BATCH, state="stopped")], place="p").steps == ()
    )


def test_only_what_was_not_suspended_is_suspended_and_resumed() -> None:
    half = replace(WEB, suspended=frozenset({"ScheduledActions", "AZRebalance"}))
    made = plan(Rung.FREEZE, [half], place="prod")
    assert made.steps[0].params["ScalingProcesses"] == ["AlarmNotification"]
    prior = prior_of(half, Rung.FREEZE, at=NOW)
    (frozen,) = done(made, [half])
    assert done(restore([prior], [frozen], place="prod"), [frozen]) == [half]


def test_the_dry_run_says_what_an_hour_saves_and_avoids() -> None:
    def dry(rung: Rung) -> tuple[Money, Money]:
        found = rehearse(rung, [WEB, BATCH], UsagePrices(), place="prod")
        return found.saves, found.avoids

    grows = Money(Decimal("0.0348"))  # three more t2.micro
    assert dry(Rung.NOTIFY) == (Money(Decimal(0)), Money(Decimal(0)))
    assert dry(Rung.FREEZE) == (Money(Decimal(0)), grows)
    assert dry(Rung.ZERO) == (Money(Decimal("0.0348")), grows)
    assert dry(Rung.STOP) == (Money(Decimal("0.1308")), grows)


def test_of_an_unknown_price_it_is_said_that_it_is_unknown() -> None:
    found = rehearse(Rung.STOP, [WEB, replace(BATCH, kind="x9.huge")], UsagePrices(), place="prod")
    assert found.unknown == ("i-batch",)


def test_protected_instances_are_warned_of() -> None:
    made = plan(Rung.ZERO, [replace(WEB, protected=2)], place="prod")
    assert "web has 2 protected instances, which stay." in made.warnings


def test_a_second_freeze_never_writes_over_what_was_before() -> None:
    first = prior_of(WEB, Rung.FREEZE, at=NOW)
    (frozen,) = done(plan(Rung.FREEZE, [WEB], place="prod"), [WEB])
    again = merged(first, prior_of(frozen, Rung.ZERO, at=NOW))
    assert again == replace(first, rung=Rung.ZERO)
    assert merged(again, prior_of(frozen, Rung.FREEZE, at=NOW)).rung is Rung.ZERO


def test_what_somebody_set_since_stays_so() -> None:
    prior = prior_of(WEB, Rung.ZERO, at=NOW)
    changed = replace(WEB, minimum=1, desired=1, suspended=frozenset(HELD))
    made = restore([prior], [changed], place="prod")
    assert calls(made) == ["ResumeProcesses web"]
    assert made.warnings == ("web was set to 1 instances by somebody since; that stays.",)


def test_what_is_gone_is_said() -> None:
    made = restore([prior_of(BATCH, Rung.STOP, at=NOW)], [], place="prod")
    assert made.steps == ()
    assert made.warnings == ("i-batch is no longer there, or could not be read.",)


def test_sizes_come_back_before_scaling_goes_on() -> None:
    (zeroed,) = done(plan(Rung.ZERO, [WEB], place="prod"), [WEB])
    assert calls(restore([prior_of(WEB, Rung.ZERO, at=NOW)], [zeroed], place="p")) == [
        "UpdateAutoScalingGroup web",
        "ResumeProcesses web",
    ]


def test_the_way_back_needs_one_person_and_its_own_way_back_two() -> None:
    (zeroed,) = done(plan(Rung.ZERO, [WEB], place="prod"), [WEB])
    back = restore([prior_of(WEB, Rung.ZERO, at=NOW)], [zeroed], place="prod")
    assert not takes_two(back)
    undo = tuple(step.undo for step in back.steps if step.undo is not None)
    assert takes_two(ChangePlan("again", undo))


names = st.sampled_from(["a", "b", "c", "d"])
groups = st.builds(
    Group,
    st.just(HERE),
    names,
    st.just(""),
    st.integers(0, 3),
    st.integers(3, 6),
    st.integers(6, 9),
    st.frozensets(st.sampled_from([*HELD, "Launch", "AZRebalance"])),
    st.just(("t2.micro",)),
    st.just(0),
    st.sampled_from([LISTED, {}, None]),
)
instances = st.builds(
    Instance,
    st.just(HERE),
    names.map("i-{}".format),
    st.just("t2.micro"),
    st.sampled_from(["running", "stopped"]),
    st.sampled_from([LISTED, {}]),
)
fleets = st.lists(st.one_of(groups, instances), max_size=6, unique_by=lambda thing: thing.key)


@given(fleets, st.lists(st.sampled_from(list(Rung)), min_size=1, max_size=4))
def test_restore_after_any_rungs_is_identity(fleet: list[Thing], rungs: list[Rung]) -> None:
    """However often and in whatever order rungs were done, one restore gives what was before the first."""
    things, priors = list(fleet), dict[str, Prior]()
    for rung in rungs:
        made = plan(rung, things, place="prod")
        touched = {target for step in made.steps for target in step.targets}
        for thing in things:
            name = thing.name if isinstance(thing, Group) else thing.id
            if name in touched:
                priors[thing.key] = merged(priors.get(thing.key), prior_of(thing, rung, at=NOW))
        things = done(made, things)
    assert done(restore(priors.values(), things, place="prod"), things) == fleet


@given(fleets, st.sampled_from(list(Rung)))
def test_each_step_s_undo_is_its_opposite(fleet: list[Thing], rung: Rung) -> None:
    for step in plan(rung, fleet, place="prod").steps:
        assert step.undo is not None
        assert step.expected is not None
        assert step.undo.expected is not None
        assert (step.undo.expected.before, step.undo.expected.after) == (step.expected.after, step.expected.before)


def test_looks_read_aws_s_answers() -> None:
    answer = {
        "AutoScalingGroups": [
            {"AutoScalingGroupName": "web", "MinSize": 1, "DesiredCapacity": 2,
             "SuspendedProcesses": [{"ProcessName": "AlarmNotification"}]}
        ]
    }  # fmt: skip
    assert SuspensionVersion("web", HELD)(answer) == {"AlarmNotification": True, "ScheduledActions": False}
    assert SizesVersion("web")(answer) == {"MinSize": 1, "DesiredCapacity": 2}
    assert SizesVersion("gone")(answer) is None
    assert SuspensionVersion("gone", HELD)(answer) is None
    states = {"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "stopping"}}]}]}
    assert StatesVersion(("i-1", "i-2"))(states) == {"i-1": "stopped", "i-2": None}
