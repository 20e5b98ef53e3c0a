"""What AWS itself expects and finds unusual: Cost Explorer's forecast and anomalies, once a day, within the cap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from collectors import paid
from collectors.leases import Leases
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.spend import AFTER_FAILURE, EVERY, GIVEN_BACK, billing
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import Fault, Reading, Scope

REACH: Final = timedelta(days=60)
"""How far back anomalies are asked for: AWS keeps 90 days.
https://docs.aws.amazon.com/cost-management/latest/userguide/manage-ad.html"""
REQUESTS: Final = 2
TRIED: Final = "tried"
"""Key of the last attempt: one that failed as a whole leaves what was read before, with its age."""
LEVEL: Final = 80
"""Percent of the outcomes that AWS's range should hold."""


@dataclass(frozen=True, slots=True)
class CostForecast:
    """What AWS expects from a day on until the month ends, before credits."""

    start: date
    end: date
    """One past the last day."""
    amount: Money
    low: Money
    high: Money


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Days on which something cost more than AWS finds usual."""

    id: str
    start: date
    end: date | None
    service: str
    account: str
    region: str
    usage_type: str
    impact: Money
    """Beyond what was expected."""
    actual: Money | None
    expected: Money | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Forecast and anomalies."""

    forecast: CostForecast | None = None
    anomalies: tuple[Anomaly, ...] = ()
    """Newest first."""

    def __bool__(self) -> bool:
        return bool(self.forecast or self.anomalies)


def snapshots(store: Store) -> Snapshots[Outlook]:
    """Give the shared readings."""
    return Snapshots(store, "cost outlook", Reading[Outlook])


def known(account: str, *, store: Store, now: datetime) -> Reading[Outlook]:
    """Give the last reading; asks AWS nothing."""
    kept = snapshots(store)
    found = kept.newest(billing(account)) or Reading(Outlook(), now)
    tried = kept.newest(billing(account), key=TRIED)
    return Reading(found.value, found.at, tried.faults if tried else ())


def read_when_due(
    clients: Clients, account: str, *, store: Store, now: datetime, kept_back: Money = ZERO
) -> Reading[None]:
    """Read and keep forecast and anomalies if that is due and the cap allows it; give only the faults."""
    scope, kept = billing(account), snapshots(store)
    if not _is_due(kept, scope, now):
        return Reading(None, now)
    refused = paid.refusal(clients, scope, "GetCostForecast", REQUESTS, kept=kept_back)
    if refused is not None:
        what = f"AWS's own forecast and anomalies of {account}"
        paid.note(clients, scope, "GetCostForecast", REQUESTS, what=what, every=EVERY, now=now)
        return Reading(None, now, (refused,))
    leases = Leases(store)
    with leases.held({f"outlook {account}"}, leases.patient()) as mine:
        if not mine or not _is_due(kept, scope, now):
            return Reading(None, now)
        reading = read(clients, scope, now=now)
        kept.put(scope, Reading(Outlook(), now, reading.faults), key=TRIED)
        if reading.value or reading.complete:
            kept.put(scope, reading)
    return Reading(None, now, reading.faults)


def read(clients: Clients, scope: Scope, *, now: datetime) -> Reading[Outlook]:
    """Ask for both: a request each, and one more for each further page of anomalies."""
    faults: list[Fault] = []
    forecast = _forecast(clients, scope, now.date(), faults)
    interval = {"StartDate": (now - REACH).date().isoformat(), "EndDate": now.date().isoformat()}
    anomalies = [
        _anomaly(document)
        for page in pages(clients, scope, "ce", "GetAnomalies", faults, DateInterval=interval)
        for document in page.get("Anomalies", ())
        if document.get("AnomalyStartDate")
    ]
    newest = tuple(sorted(anomalies, key=lambda each: (each.start, each.impact.amount), reverse=True))
    return Reading(Outlook(forecast, newest), now, tuple(faults))


def _is_due(kept: Snapshots[Outlook], scope: Scope, now: datetime) -> bool:
    last = kept.newest(scope, key=TRIED)
    return last is None or now - last.at >= (AFTER_FAILURE if last.faults else EVERY)


def _forecast(clients: Clients, scope: Scope, today: date, faults: list[Fault]) -> CostForecast | None:
    end = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    try:
        answer = clients.client(scope, "ce").get_cost_forecast(
            TimePeriod={"Start": today.isoformat(), "End": end.isoformat()},
            Metric="UNBLENDED_COST",
            Granularity="MONTHLY",
            Filter={"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(GIVEN_BACK)}}},
            PredictionIntervalLevel=LEVEL,
        )
    except EXPECTED as error:
        faults.append(fault_of(error, scope, "ce:GetCostForecast"))
        return None
    total, parts = answer["Total"], answer["ForecastResultsByTime"]
    low, high = (
        Money(sum((Decimal(part[f"PredictionInterval{side}Bound"]) for part in parts), Decimal(0)), total["Unit"])
        for side in ("Lower", "Upper")
    )
    return CostForecast(today, end, Money(Decimal(total["Amount"]), total["Unit"]), low, high)


def _anomaly(document: Mapping[str, Any]) -> Anomaly:
    cause: Mapping[str, Any] = next(iter(document.get("RootCauses") or ()), {})
    impact = document["Impact"]
    ended = document.get("AnomalyEndDate")
    return Anomaly(
        document["AnomalyId"],
        date.fromisoformat(document["AnomalyStartDate"][:10]),
        date.fromisoformat(ended[:10]) if ended else None,
        cause.get("Service") or document.get("DimensionValue", ""),
        cause.get("LinkedAccount", ""),
        cause.get("Region", ""),
        cause.get("UsageType", ""),
        _dollars(impact.get("TotalImpact", impact["MaxImpact"])),
        _dollars(impact["TotalActualSpend"]) if "TotalActualSpend" in impact else None,
        _dollars(impact["TotalExpectedSpend"]) if "TotalExpectedSpend" in impact else None,
    )


def _dollars(amount: float) -> Money:
    """Read an amount that AWS gives as a number and not as text; anomalies are in US dollars."""
    return Money(Decimal(repr(amount)))
