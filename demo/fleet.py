"""An Auto Scaling group over time: members that come, serve, fail and go, and the activities that say why.

A pure time line that knows no clock: a member's instants are known when it is launched or sent away, so what is
pending, in service or draining at an instant follows from them. What needs a decision later is in `Group.due`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.reading import Scope
from core.timespan import from_epoch
from demo.activities import Activity, Cause, at_words, launching, terminating
from demo.signals import NEVER, Presence

BOOT: Final = timedelta(seconds=20)
"""From the decision to launch until the instance is in service."""
REACTION: Final = timedelta(seconds=2)
"""From the decision to the activity that carries it out."""
SHUTDOWN: Final = timedelta(seconds=8)
"""From drained to terminated."""
NOTICE: Final = timedelta(seconds=15)
"""From a target found unhealthy to the group replacing its instance."""
RETRY: Final = timedelta(seconds=60)
"""After a failed launch."""
EPOCH: Final = from_epoch(0)
FOREVER: Final = from_epoch(32_503_680_000)
"""The year 3000: what has not ended."""


class LaunchFailed(RuntimeError):  # noqa: N818 - AWS's word
    """An instance could not be launched; the message is AWS's."""


@dataclass(frozen=True, slots=True)
class Checks:
    """How the load balancer finds out: the target group's health check and deregistration delay."""

    interval: int = 30
    """Seconds between checks."""
    healthy: int = 5
    """Checks passed until a target is healthy."""
    unhealthy: int = 2
    """Checks failed until it is not."""
    drain: int = 300
    """Seconds a deregistered target may finish its requests."""

    @property
    def until_healthy(self) -> timedelta:
        return timedelta(seconds=self.interval * self.healthy)

    @property
    def until_unhealthy(self) -> timedelta:
        return timedelta(seconds=self.interval * self.unhealthy)


@dataclass(slots=True)
class Member:
    """One instance of a group, with the instants of its life."""

    id: str
    zone: str
    subnet: str
    launched: datetime
    in_service: datetime
    healthy: datetime
    """When the load balancer sends it requests: at once where there is none."""
    failing: datetime = FOREVER
    """From when its health checks fail."""
    unhealthy: datetime = FOREVER
    """When it is found unhealthy."""
    why: str = ""
    """What is wrong: `elb`, `ec2` or `user`, whichever check found it."""
    leaving: datetime = FOREVER
    """When it is deregistered and begins to drain."""
    terminated: datetime = FOREVER
    protected: bool = False
    standby: bool = False
    nature: str = ""
    """What its noise follows from: its first id, whatever it is called later."""

    def alive(self, at: datetime) -> bool:
        """Whether it counts as capacity: launched, and not sent away."""
        return self.launched <= at < self.leaving

    def lifecycle(self, at: datetime) -> str | None:
        """Give AWS's lifecycle state; None before and after its life."""
        if at < self.launched or at >= self.terminated:
            return None
        if at >= self.leaving:
            return "Terminating"
        if at < self.in_service:
            return "Pending"
        return "Standby" if self.standby else "InService"

    def presence(self) -> Presence:
        serving = (self.healthy.timestamp(), min(self.leaving, self.unhealthy).timestamp())
        return Presence(
            self.id,
            self.zone,
            running=(self.launched.timestamp(), self.terminated.timestamp()),
            serving=serving if serving[1] > serving[0] else NEVER,
            failing=(self.failing.timestamp(), FOREVER.timestamp()) if self.failing < FOREVER else NEVER,
            left=self.leaving.timestamp(),
            nature=self.nature,
        )


Launch = Callable[["Group", str, str, datetime], str]
"""Starts an instance for a group in (zone, subnet) and gives its id; raises LaunchFailed."""


@dataclass(slots=True)
class Group:
    """One Auto Scaling group."""

    scope: Scope
    name: str
    arn: str
    minimum: int
    maximum: int
    launch: Launch
    zones: tuple[tuple[str, str], ...]
    """(availability zone, subnet id; empty where the group names zones only)."""
    desired: int = 0
    cooldown: int = 300
    warm_up: int | None = None
    grace: int = 0
    elb_checks: bool = False
    checks: Checks | None = None
    """None where no target group is attached."""
    suspended: frozenset[str] = frozenset()
    members: list[Member] = field(default_factory=list)
    """Everyone who ever was, oldest first."""
    activities: list[Activity] = field(default_factory=list)
    """Oldest first."""
    resized: list[tuple[datetime, int]] = field(default_factory=list)
    """Every desired capacity and since when."""
    cooling_until: datetime = EPOCH
    retry_at: datetime | None = None
    avoided: str = ""
    """The zone whose last launch failed."""
    deleted: bool = False

    def present(self, at: datetime) -> list[Member]:
        """Give the members with a lifecycle state, terminating ones included."""
        return [member for member in self.members if member.lifecycle(at) is not None]

    def alive(self, at: datetime) -> list[Member]:
        return [member for member in self.members if member.alive(at)]

    def warming(self, at: datetime, seconds: int) -> int:
        """Count the members that have not been in service for `seconds`."""
        return sum(at < member.in_service + timedelta(seconds=seconds) for member in self.alive(at))

    def busy(self, at: datetime) -> bool:
        """Whether an activity is under way."""
        return any(activity.ended > at for activity in self.activities[-12:])

    def desired_at(self, at: datetime) -> int:
        """Give the desired capacity that held at an instant."""
        return next((size for since, size in reversed(self.resized) if since <= at), 0)

    def presences(self, start: float, end: float) -> list[Presence]:
        """Give everyone who was there at any time between two epoch seconds."""
        return [
            member.presence()
            for member in self.members
            if member.launched.timestamp() < end and member.terminated.timestamp() > start
        ]

    def resize(self, desired: int, cause: Cause, *, at: datetime) -> None:
        """Want another capacity, and act on it at once."""
        old, self.desired = self.desired, desired
        self.resized.append((at, desired))
        if old != desired:
            cause = cause.followed_by(f"changing the desired capacity from {old} to {desired}")
        self.balance(cause, at=at)

    def balance(self, cause: Cause, *, at: datetime) -> None:
        """Launch what is missing, or send away what is too much."""
        missing = self.desired - len(self.alive(at))
        if missing > 0 and "Launch" not in self.suspended:
            for _ in range(missing):
                self._launch(cause, missing=missing, at=at)
        if missing < 0 and "Terminate" not in self.suspended:
            for member in self._leavers(-missing, at):
                self.send_away(member, cause.shrinking(self.desired - missing, self.desired, member.id, at), at=at)

    def send_away(self, member: Member, cause: Cause, *, at: datetime) -> Activity:
        """Deregister a member, let it drain, and terminate it."""
        drain = timedelta(seconds=self.checks.drain) if self.checks and at >= member.healthy else timedelta()
        member.leaving = at
        member.terminated = at + REACTION + drain + SHUTDOWN
        activity = terminating(self, member, cause, started=at + REACTION, drained=at + REACTION + drain)
        self.activities.append(activity)
        return activity

    def fail(self, member: Member, *, at: datetime) -> None:
        """Break a member: from now on it answers health checks wrongly."""
        member.failing, member.why = at, "elb"
        member.unhealthy = at + (self.checks or Checks()).until_unhealthy

    def lose(self, member: Member, *, at: datetime, why: str) -> None:
        """Find a member gone (`ec2`), or told to be unhealthy (`user`)."""
        member.unhealthy, member.why = min(at, member.unhealthy), why
        if why == "ec2":
            member.failing = min(at, member.failing)

    def due(self) -> datetime | None:
        """When the next decision falls due: a replacement, or another try to launch."""
        found = [self._replaced_at(member) for member in self.members[-60:] if member.leaving == FOREVER]
        soonest = min((at for at in found if at is not None), default=None)
        return soonest if self.retry_at is None else min(self.retry_at, soonest or self.retry_at)

    def step(self, *, at: datetime) -> None:
        """Take the decisions that are due."""
        for member in self.alive(at):
            due = self._replaced_at(member)
            if due is not None and due <= at:
                self._replace(member, at=at)
        if self.retry_at is not None and self.retry_at <= at:
            self.retry_at = None
            self.balance(Cause(), at=at)

    def rename(self, old: str, new: str) -> None:
        """Give a member another id, wherever it is written."""
        for member in self.members:
            member.id = new if member.id == old else member.id
        self.activities = [activity.renamed(old, new) for activity in self.activities]

    def _launch(self, cause: Cause, *, missing: int, at: datetime) -> None:
        zone, subnet = self._emptiest_zone(at)
        grown = cause.growing(self.desired - missing, self.desired, at)
        try:
            instance = self.launch(self, zone, subnet, at)
        except LaunchFailed as error:
            self.activities.append(
                launching(
                    self, "", (zone, subnet), grown, started=at + REACTION, ended=at + REACTION, failure=str(error)
                )
            )
            self.retry_at, self.avoided = at + RETRY, zone
            return
        self.avoided = ""
        member = Member(instance, zone, subnet, at, at + BOOT, at + BOOT, nature=instance)
        if self.checks is not None:
            member.healthy = member.in_service + self.checks.until_healthy
        self.members.append(member)
        self.activities.append(
            launching(self, instance, (zone, subnet), grown, started=at + REACTION, ended=member.in_service)
        )

    def _emptiest_zone(self, at: datetime) -> tuple[str, str]:
        alive = self.alive(at)
        return min(self.zones, key=lambda z: (z[0] == self.avoided, sum(m.zone == z[0] for m in alive)))

    def _leavers(self, count: int, at: datetime) -> Iterable[Member]:
        """The default termination policy: from the fullest zone, the oldest; never a protected one."""
        staying = [member for member in self.alive(at) if not member.protected]
        for _ in range(min(count, len(staying))):
            leaver = max(staying, key=lambda m: (sum(o.zone == m.zone for o in staying), -m.launched.timestamp()))
            staying.remove(leaver)
            yield leaver

    def _replaced_at(self, member: Member) -> datetime | None:
        if member.unhealthy == FOREVER or {"HealthCheck", "ReplaceUnhealthy", "Terminate"} & self.suspended:
            return None
        if member.why == "elb" and not self.elb_checks:
            return None
        graced = member.in_service + timedelta(seconds=self.grace)
        return member.unhealthy if member.why == "ec2" else max(member.unhealthy + NOTICE, graced)

    def _replace(self, member: Member, *, at: datetime) -> None:
        reasons = {
            "elb": "an ELB system health check failure",
            "ec2": "an EC2 health check indicating it has been terminated or stopped",
            "user": "a user health-check",
        }
        cause = Cause(at_words(at, f"an instance was taken out of service in response to {reasons[member.why]}."))
        self.send_away(member, cause, at=at)
        if member.why == "ec2":
            member.terminated = at
        replacing = Cause(
            at_words(at, "an instance was launched in response to an unhealthy instance needing to be replaced.")
        )
        self.balance(replacing, at=at)
