"""What policies ask for, and what bounds, cooldown and warm-up make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from alarms.scaling import Adjustment, Policy, PolicyKind, Step, adjusted, step_for, tracked
from demo.activities import Cause
from demo.autoscaler import InProgressError, pointless, run, run_for_alarm
from demo.fleet import Group
from tests.unit.demo.worlds import paper_group

T0 = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STEP = Policy("out", "arn:out", "web", kind=PolicyKind.STEP, steps=(Step(1, 0, 20), Step(2, 20)), warm_up=60)
IN = Policy("in", "arn:in", "web", adjustment=-1, cooldown=60)
TRACK = Policy("track", "arn:track", "web", kind=PolicyKind.TARGET_TRACKING, target=50.0, warm_up=60)
ASKED = Cause.request("executed policy out", at=T0)


def after(seconds: int) -> datetime:
    return T0 + timedelta(seconds=seconds)


def founded(size: int) -> Group:
    """A group of `size` whose instances have been in service for an hour."""
    group = paper_group(minimum=2)
    group.resize(size, Cause(), at=T0 - timedelta(hours=1))
    return group


@pytest.mark.parametrize(("breach", "adjustment"), [(-0.1, None), (0.0, 1), (19.99, 1), (20.0, 2), (500.0, 2)])
def test_a_step_includes_its_lower_bound(breach: float, adjustment: int | None) -> None:
    step = step_for(STEP, breach)
    assert (step.adjustment if step else None) == adjustment


@pytest.mark.parametrize(("breach", "adjustment"), [(0.0, -1), (-9.9, -1), (-10.0, -2), (-10.1, -2)])
def test_a_step_below_the_threshold_includes_its_upper_bound(breach: float, adjustment: int) -> None:
    policy = Policy("in", "arn", "web", kind=PolicyKind.STEP, steps=(Step(-1, -10.0, 0.0), Step(-2, -inf, -10.0)))
    step = step_for(policy, breach)
    assert step is not None
    assert step.adjustment == adjustment


@pytest.mark.parametrize(
    ("kind", "capacity", "adjustment", "magnitude", "expected"),
    [
        (Adjustment.CHANGE, 4, -1, 0, 3),
        (Adjustment.EXACT, 4, 6, 0, 6),
        (Adjustment.PERCENT, 4, 50, 0, 6),
        (Adjustment.PERCENT, 10, 12, 0, 11),
        (Adjustment.PERCENT, 4, 10, 0, 5),
        (Adjustment.PERCENT, 4, -10, 0, 3),
        (Adjustment.PERCENT, 10, -66, 0, 4),
        (Adjustment.PERCENT, 4, 25, 2, 6),
        (Adjustment.PERCENT, 0, 50, 0, 0),
    ],
)
def test_adjustments_round_as_aws_says(
    kind: Adjustment, capacity: int, adjustment: int, magnitude: int, expected: int
) -> None:
    policy = Policy("p", "arn", "web", adjustment_type=kind, magnitude=magnitude)
    assert adjusted(policy, capacity, adjustment) == expected


def test_target_tracking_shares_the_load_out() -> None:
    assert [tracked(TRACK, 2, value) for value in (25.0, 50.0, 51.0, 100.0)] == [1, 2, 3, 4]


def test_one_breach_adds_no_more_than_its_step_while_instances_warm_up() -> None:
    group = founded(2)
    assert run(STEP, group, ASKED, at=after(0), breach=5.0)
    assert not run(STEP, group, ASKED, at=after(60), breach=5.0), "the third is warming up"
    assert run(STEP, group, ASKED, at=after(70), breach=25.0), "a higher step adds the difference"
    assert group.desired == 4
    assert run(STEP, group, ASKED, at=after(200), breach=5.0), "all have warmed up"
    assert group.desired == 5


def test_bounds_hold() -> None:
    group = founded(6)
    assert not run(STEP, group, ASKED, at=after(0), breach=50.0)
    assert pointless(Policy("in", "arn", "web", adjustment=-1), founded(2), 10.0)
    assert group.desired == 6


def test_a_simple_policy_waits_for_activity_and_cooldown() -> None:
    group = founded(5)
    assert run(IN, group, ASKED, at=after(0))
    ended = group.activities[-1].ended
    with pytest.raises(InProgressError, match="in progress"):
        run(IN, group, ASKED, at=ended - timedelta(seconds=1))
    with pytest.raises(InProgressError, match="cooldown"):
        run(IN, group, ASKED, at=ended + timedelta(seconds=59))
    assert run(IN, group, ASKED, at=ended + timedelta(seconds=60))
    assert group.desired == 3


def test_a_user_may_ignore_the_cooldown() -> None:
    group = founded(5)
    assert run(IN, group, ASKED, at=after(0))
    assert run(IN, group, ASKED, at=after(1), honor_cooldown=False)


def test_tracking_takes_nothing_away_while_something_is_coming() -> None:
    group = founded(2)
    assert run(TRACK, group, ASKED, at=after(0), value=90.0)
    assert group.desired == 4
    assert not run(TRACK, group, ASKED, at=after(30), value=20.0)
    assert run(TRACK, group, ASKED, at=after(90), value=20.0)
    assert group.desired == 2


def test_a_suspended_group_hears_no_alarms() -> None:
    group = founded(2)
    group.suspended = frozenset({"AlarmNotification"})
    alarm = {"AlarmName": "high", "NewStateValue": "ALARM"}
    assert not run_for_alarm(STEP, group, alarm, at=after(0), value=99.0, threshold=70.0)
    group.suspended = frozenset()
    assert run_for_alarm(STEP, group, alarm, at=after(0), value=99.0, threshold=70.0)
    assert group.desired == 4
    assert "a monitor alarm high in state ALARM triggered policy out changing the desired capacity from 2 to 4." in (
        group.activities[-1].cause
    )
