"""The Free Tier: how far each allowance is used, and the state of plan and credits. All of it is free to ask.

The newest reading of each day is kept, so that the pace of the last days is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.money import Money
from core.reading import Fault, FaultKind, Reading, Scope

KEPT_FOR: Final = timedelta(hours=1)
REMEMBERED: Final = 8
"""Days whose readings say how fast an allowance is used."""


@dataclass(frozen=True, slots=True)
class AllowanceReading:
    """One allowance, as AWS gives it."""

    service: str
    usage_type: str
    operation: str
    region: str
    description: str
    """AWS's words; foreign text."""
    used: float
    limit: float
    unit: str
    forecast: float | None
    """AWS's own, of the whole month."""
    kind: str
    """`Always Free`, `12 Months Free`, `Free Trial`."""


@dataclass(frozen=True, slots=True)
class PlanReading:
    """The account's plan."""

    kind: str
    """`FREE` or `PAID`; empty where AWS did not say."""
    status: str
    credits: Money | None
    """What is left; None where AWS names none."""
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class FreeTier:
    """Allowances and plan."""

    allowances: tuple[AllowanceReading, ...] = ()
    plan: PlanReading | None = None

    def __bool__(self) -> bool:
        return bool(self.allowances or self.plan)


FreeTierReading = Reading[FreeTier]


def snapshots(store: Store) -> Snapshots[FreeTier]:
    """Give the shared readings of the Free Tier."""
    return Snapshots(store, "free tier", FreeTierReading)


def daily(store: Store) -> Snapshots[FreeTier]:
    """Give the newest reading of each day, by its date."""
    return Snapshots(store, "free tier by day", FreeTierReading)


def read(clients: Clients, scope: Scope, *, now: datetime) -> FreeTierReading:
    """Give the running month's allowances, and the plan where the account has one."""
    faults: list[Fault] = []
    found = [
        AllowanceReading(
            service=each.get("service", ""),
            usage_type=each.get("usageType", ""),
            operation=each.get("operation", ""),
            region=each.get("region", ""),
            description=each.get("description", ""),
            used=each["actualUsageAmount"],
            limit=each["limit"],
            unit=each.get("unit", ""),
            forecast=each.get("forecastedUsageAmount"),
            kind=each.get("freeTierType", ""),
        )
        for page in pages(clients, scope, "freetier", "GetFreeTierUsage", faults)
        for each in page["freeTierUsages"]
        if "actualUsageAmount" in each and "limit" in each
    ]
    plan = _plan(clients, scope, faults)
    return Reading(FreeTier(tuple(found), plan), now, tuple(faults))


def read_and_remember(clients: Clients, scope: Scope, *, now: datetime, store: Store) -> FreeTierReading:
    """Read, and keep the reading as that of its day."""
    reading = read(clients, scope, now=now)
    if reading.value.allowances:
        daily(store).put(scope, reading, key=now.date().isoformat(), kept_for=timedelta(days=REMEMBERED))
    return reading


def earlier(store: Store, scope: Scope) -> Sequence[FreeTierReading]:
    """Give the readings of the last days, newest first."""
    return daily(store).every(scope, newest=REMEMBERED)


def _plan(clients: Clients, scope: Scope, faults: list[Fault]) -> PlanReading | None:
    """Give the plan; a linked account has none of its own, which AWS says by refusing the request: no fault."""
    unsaid: list[Fault] = []
    for answer in pages(clients, scope, "freetier", "GetAccountPlanState", unsaid):
        left = answer.get("accountPlanRemainingCredits")
        return PlanReading(
            kind=answer.get("accountPlanType", ""),
            status=answer.get("accountPlanStatus", ""),
            credits=Money(Decimal(repr(left["amount"])), left["unit"]) if left else None,
            expires_at=answer.get("accountPlanExpirationDate"),
        )
    faults += [fault for fault in unsaid if fault.kind is not FaultKind.INVALID_REQUEST]
    return None
