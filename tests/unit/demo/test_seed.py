"""One seed, one world: ids, numbers, words."""

from __future__ import annotations

from datetime import UTC, datetime

from demo.history import LENGTH
from demo.world import DR, PROD
from tests.unit.demo.worlds import World, world

AT = datetime(2026, 11, 23, 10, 0, 20, tzinfo=UTC)
DAYS = 15 * 1440


def test_the_same_seed_makes_the_same_world() -> None:
    def told(of: World) -> list[object]:
        activities = [(a.instance, a.cause, a.started) for a in of.group.activities]
        cpu = of.read("AWS/EC2:CPUUtilization", minutes=DAYS, AutoScalingGroupName="directory-web")
        return [activities, cpu.values.tolist(), of.place.built]

    first = told(world(AT, sites=(PROD, DR), past=LENGTH))
    assert told(world(AT, sites=(PROD, DR), past=LENGTH)) == first
    assert told(world(AT, seed=2, sites=(PROD, DR), past=LENGTH)) != first
