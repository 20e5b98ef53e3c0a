"""Target health over time: what DescribeTargetHealth says of a target at an instant, with reason and description.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from demo.fleet import FOREVER, Checks, Member

REGISTERING: Final = timedelta(seconds=3)
"""From registered until the first health check."""


@dataclass(frozen=True, slots=True)
class Health:
    """A target's state; a healthy one needs no reason."""

    state: str
    reason: str | None = None
    description: str | None = None


HEALTHY: Final = Health("healthy")
REGISTRATION: Final = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING: Final = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
BAD_CODE: Final = Health("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [502]")
TIMED_OUT: Final = Health("unhealthy", "Target.Timeout", "Request timed out")
DRAINING: Final = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED: Final = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE: Final = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
STOPPED: Final = Health("unused", "Target.InvalidState", "Target is in the stopped state")


@dataclass(frozen=True, slots=True)
class Registration:
    """One target of one target group, with the instants that decide its health."""

    target: str
    port: int
    registered: datetime
    healthy: datetime
    unhealthy: datetime = FOREVER
    left: datetime = FOREVER
    """When it was deregistered."""
    drained: datetime = FOREVER
    lost: bool = False
    """It does not answer at all, where others answer wrongly."""

    @classmethod
    def of_member(cls, member: Member, port: int, checks: Checks) -> Registration:
        """Give the registration that a group made for its member when it came into service."""
        drained = FOREVER
        if member.leaving < FOREVER:
            drained = max(member.leaving, member.terminated - timedelta(seconds=8))
        return cls(
            member.id,
            port,
            registered=member.in_service,
            healthy=member.in_service + checks.until_healthy,
            unhealthy=member.unhealthy,
            left=member.leaving,
            drained=drained,
            lost=member.why == "ec2",
        )

    def health(self, at: datetime) -> Health | None:
        """Give its health at an instant; None before it was registered and after it has drained."""
        if at < self.registered or at >= self.drained:
            return None
        if at >= self.left:
            return DRAINING
        if at >= self.unhealthy:
            return TIMED_OUT if self.lost else BAD_CODE
        if at >= self.healthy:
            return HEALTHY
        return CHECKING if at >= self.registered + REGISTERING else REGISTRATION
