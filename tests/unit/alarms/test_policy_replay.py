"""What a scaling policy would have done: a line of minutes against the capacity after each change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.backtest import Replay, replay
from alarms.definition import parse
from alarms.kinds import MetricAlarm
from alarms.notation import series
from alarms.policy_replay import GroupSetting, PolicyReplay, replay_policy
from alarms.scaling import Adjustment, Bounds, Policy, PolicyKind, Step
from alarms.tracking import tracking_requests
from core.series import Series
from core.timespan import Timespan, from_epoch
from tests.unit.alarms.lines import START, alarm

STEP = Policy("out", "", "web", kind=PolicyKind.STEP, steps=(Step(1, 0.0, 10.0), Step(3, 10.0)), warm_up=120)
OUT = Policy("out", "", "web", adjustment=1, cooldown=180)
TRACK = Policy(
    "track", "", "web", kind=PolicyKind.TARGET_TRACKING, target=50.0, warm_up=120, metric="ASGAverageCPUUtilization"
)
GROUP = GroupSetting(2, Bounds(1, 8), cooldown=60)


def watched(line: str, watcher: MetricAlarm | None = None) -> tuple[Replay, Series]:
    made = watcher or alarm(EvaluationPeriods=1)
    points = series(line, period=60, start=START)
    minutes = sum(int(word.partition("x")[2] or 1) for word in line.split())
    span = Timespan(from_epoch(START + 60), from_epoch(START + 60 * minutes) + timedelta(seconds=1))
    return replay(made, points, span=span), points


def replayed(line: str, policy: Policy, *, group: GroupSetting = GROUP, **more: Any) -> PolicyReplay:
    found, points = watched(line)
    return replay_policy(policy, [found], points, group=group, threshold=5.0, **more)


def told(found: PolicyReplay) -> list[tuple[int, int]]:
    """(minute of the change, capacity after it)"""
    return [(int(change.at.timestamp() - START) // 60, change.after) for change in found.changes]


@pytest.mark.parametrize(
    ("line", "policy", "expected"),
    [
        ("1x4", OUT, []),
        ("1 9 1x3", OUT, [(2, 3)]),
        ("1 9x7", OUT, [(2, 3), (5, 4), (8, 5)]),
        ("1 9x4", STEP, [(2, 3), (4, 4)]),
        ("1 9 30", STEP, [(2, 3), (3, 5)]),
        ("1 9 30 30 1", STEP, [(2, 3), (3, 5), (4, 6)]),
    ],
)
def test_a_policy_runs_each_minute_of_an_alarm_within_cooldown_and_warm_up(
    line: str, policy: Policy, expected: list[tuple[int, int]]
) -> None:
    assert told(replayed(line, policy)) == expected


def test_the_bounds_hold_and_are_told() -> None:
    found = replayed("1 9x9", OUT, group=GroupSetting(2, Bounds(1, 3), cooldown=60))
    assert (told(found), found.most) == ([(2, 3)], 3)
    assert found.at_bound > 0
    assert "The group's bounds held it" in found.sentence
    stuck = replayed("1 9x3", OUT, group=GroupSetting(2, Bounds(1, 2)))
    assert stuck.sentence == "Would not have scaled. The group's bounds left it no room."


def test_instance_hours_and_the_sentence() -> None:
    found = replayed("1 9 1x60", OUT)
    assert found.extra_hours == pytest.approx(1.0, abs=0.01)
    assert found.sentence == "Would have scaled out once, at most 3 instances, 1.0 instance-hours more."
    back = replayed("1 9 1x60", Policy("in", "", "web", adjustment=-1))
    assert back.sentence == "Would have scaled in once, at least 1 instance, 1.0 instance-hours fewer."
    assert replayed("1x9", OUT).sentence == "Would not have scaled."


def test_a_shared_load_falls_as_instances_come() -> None:
    """Two instances at 9; three would be at 6, four at 4.5, below the threshold of 5."""
    assert replayed("9x20", STEP).most == 8
    assert replayed("9x20", STEP, shared=True).most == 4


def test_exact_and_percent() -> None:
    exact = Policy("e", "", "web", adjustment_type=Adjustment.EXACT, adjustment=5)
    assert told(replayed("1 9x3", exact)) == [(2, 5)]
    percent = Policy("p", "", "web", adjustment_type=Adjustment.PERCENT, adjustment=50, cooldown=60)
    assert told(replayed("1 9x2", percent)) == [(2, 3), (3, 4)]


def test_target_tracking_by_the_alarms_that_aws_makes() -> None:
    made = [parse(request) for request in tracking_requests(TRACK)]
    line = "50 100x6 25x30"
    both = [watched(line, each) for each in made if isinstance(each, MetricAlarm)]
    found = replay_policy(TRACK, [each for each, _ in both], both[0][1], group=GROUP, threshold=None, shared=True)
    assert told(found)[0] == (4, 4), "three minutes at twice the target double two instances"
    assert found.most == 4
    assert found.changes[-1].after == 1, "fifteen minutes at half the target take them away again"


def test_without_a_replay_there_is_nothing_to_tell() -> None:
    with pytest.raises(ValueError, match="replay the alarm first"):
        replay_policy(OUT, [], Series.empty(60), group=GROUP, threshold=5.0)


VALUES = st.lists(st.sampled_from(["1", "9", "30", "_"]), min_size=2, max_size=40).filter(lambda v: set(v) != {"_"})


@given(values=VALUES, policy=st.sampled_from([STEP, OUT, TRACK]), low=st.integers(0, 2), room=st.integers(0, 6))
def test_capacity_stays_within_bounds_and_the_steps_follow_one_another(
    values: list[str], policy: Policy, low: int, room: int
) -> None:
    group = GroupSetting(low, Bounds(low, low + room), cooldown=60)
    found = replayed(" ".join(values), policy, group=group)
    assert low <= found.least <= found.most <= low + room
    sizes = [found.start, *(change.after for change in found.changes)]
    assert [change.before for change in found.changes] == sizes[:-1]
    assert all(change.before != change.after for change in found.changes)
    times = [change.at for change in found.changes]
    assert times == sorted(set(times))
