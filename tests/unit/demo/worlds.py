"""Demo worlds without an endpoint: the engine on a fixed clock, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.reading import Scope
from core.series import MetricId, Series
from core.statistics import Statistic
from demo.alarm_book import AlarmBook, Transition
from demo.clock import StandingClock
from demo.engine import Engine, Place
from demo.fleet import Checks, Group, Launch
from demo.fleets import Fleet
from demo.ground import Ground
from demo.story import Story
from demo.world import PROD, Site

NIGHT = datetime(2026, 11, 24, 3, 0, 20, tzinfo=UTC)
"""A quiet Tuesday night: two instances, and no reason for more."""


@dataclass
class World:
    """The engine and what it runs on."""

    ground: Ground
    engine: Engine
    clock: StandingClock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def place(self) -> Place:
        return self.engine.places[0]

    @property
    def group(self) -> Group:
        return self.place.group

    @property
    def fleet(self) -> Fleet:
        return self.ground.fleets.of(self.place.site.scope)

    @property
    def book(self) -> AlarmBook:
        return self.ground.books.of(self.place.site.scope)

    def advance(self, seconds: int) -> list[Transition]:
        return list(self.engine.advance(to=self.clock.advance(timedelta(seconds=seconds))))

    def tell(self, story: Story) -> None:
        self.engine.tell(story, at=self.now)

    def healthy(self) -> list[str]:
        """Give the state of each target."""
        return sorted(health.state for _, health in self.fleet.health(self.place.built.target_group_arn, at=self.now))

    def read(
        self, name: str, statistic: str = "Average", *, minutes: int = 60, until: datetime | None = None, **where: str
    ) -> Series:
        """Read `namespace:metric` of the last minutes."""
        namespace, _, metric = name.partition(":")
        end = int((until or self.now).timestamp()) // 60 * 60
        store = self.ground.stores.of(self.place.site.scope)
        wanted = MetricId(namespace, metric, tuple(where.items()))
        return store.read(wanted, Statistic.parse(statistic), start=end - minutes * 60, end=end, period=60)


def world(
    at: datetime = NIGHT, *, seed: int = 1, sites: tuple[Site, ...] = (PROD,), past: timedelta = timedelta(minutes=70)
) -> World:
    """Build a world; moto's own state is shared by a process, and emptied here."""
    clock = StandingClock(at)
    ground = Ground.fresh(clock)
    engine = Engine(ground, seed=seed, sites=sites, past=past)
    engine.build(at=at)
    return World(ground, engine, clock)


def paper_group(
    *, minimum: int = 1, maximum: int = 6, launch: Launch | None = None, checks: Checks | None = None
) -> Group:
    """Give a group whose instances are names only: i-1, i-2, …"""

    def named(group: Group, zone: str, subnet: str, at: datetime) -> str:
        return f"i-{len(group.members) + 1}"

    return Group(
        Scope("111111111111", "us-east-1"),
        "web",
        "arn:aws:autoscaling:us-east-1:111111111111:autoScalingGroup:0:autoScalingGroupName/web",
        minimum,
        maximum,
        launch or named,
        zones=(("a", "subnet-a"), ("b", "subnet-b")),
        cooldown=60,
        warm_up=60,
        elb_checks=True,
        checks=checks or Checks(interval=5, healthy=3, unhealthy=2, drain=25),
    )
