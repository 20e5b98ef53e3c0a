"""Costs by account, region or tag, and what drove a change: asked of Cost Explorer only when a person buys the answer.

An answer is kept for everybody. It is bought once a day at most, since AWS adds to the bill no faster, and only within
the cap. One that breaks off is not kept, since its sums would be wrong: the last whole one stays, with its age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from collectors import paid
from collectors.leases import Leases
from collectors.snapshots import Snapshots
from collectors.spend import AFTER_FAILURE, EVERY, GIVEN_BACK, billing, exact
from collectors.store import Store
from core.money import Money
from core.reading import Fault, Reading, Scope

T = TypeVar("T")

METRIC: Final = "UnblendedCost"
TRIED: Final = "tried "
"""Before the key of the last attempt."""
_NOT_GIVEN_BACK: Final = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(GIVEN_BACK)}}}


@dataclass(frozen=True, slots=True)
class Share:
    """What one account, region or value of a tag cost in a calendar month; the running one up to now."""

    month: date
    value: str
    """Empty for what has no region or does not carry the tag."""
    given_back: bool
    """A credit or refund."""
    cost: Money


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of a change, in AWS's words."""

    kind: str
    name: str
    difference: Money | None


@dataclass(frozen=True, slots=True)
class Driver:
    """What cost more or less in the later month, before credits."""

    service: str
    usage_type: str
    """Empty where AWS names the service only."""
    before: Money
    after: Money
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Drivers:
    """What changed most between two whole months: AWS compares no parts of months."""

    before: date
    after: date
    found: tuple[Driver, ...]
    """Largest change first."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What can be bought."""

    key: str
    """Its name in the store."""
    operation: str
    shape: Any
    ask: Callable[[Clients, Scope, datetime], T]
    """Asks AWS, all pages; raises what botocore raises."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A read before it is made."""

    cost: Money
    """Of one request; each further page costs the same."""
    left: str
    """What the caps leave, in words."""
    affordable: bool
    wait_until: datetime | None
    """When a new answer may bring something; None: now."""


def by(kind: str, key: str) -> Question[tuple[Share, ...]]:
    """Ask what last month and the running one cost by a `DIMENSION` or `TAG`."""
    ask = partial(_shares, kind, key)
    return Question(f"by {kind} {key}", "GetCostAndUsage", Reading[tuple[Share, ...] | None], ask)


def _shares(kind: str, key: str, clients: Clients, scope: Scope, now: datetime) -> tuple[Share, ...]:
    params = {
        "TimePeriod": {"Start": _month_before(now.date()).isoformat(), "End": _tomorrow(now).isoformat()},
        "Granularity": "MONTHLY",
        "Metrics": [METRIC],
        "GroupBy": [{"Type": kind, "Key": key}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
    }
    prefix = f"{key}$" if kind == "TAG" else ""
    found = []
    for result in _results(clients, scope, params):
        month = date.fromisoformat(result["TimePeriod"]["Start"][:10])
        for group in result.get("Groups", ()):
            value, record = group["Keys"]
            cost = group["Metrics"][METRIC]
            money = Money(exact(cost["Amount"]), str(cost.get("Unit") or "USD"))
            found.append(Share(month, value.removeprefix(prefix), record in GIVEN_BACK, money))
    return tuple(found)


def _results(clients: Clients, scope: Scope, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    client = clients.client(scope, "ce")
    more: dict[str, str] = {}
    while True:
        answer = client.get_cost_and_usage(**params, **more)
        yield from answer.get("ResultsByTime", ())
        if not answer.get("NextPageToken"):
            return
        more = {"NextPageToken": answer["NextPageToken"]}


def _tags(clients: Clients, scope: Scope, _: datetime) -> tuple[str, ...]:
    pages = clients.client(scope, "ce").get_paginator("list_cost_allocation_tags").paginate(Status="Active")
    return tuple(each["TagKey"] for page in pages for each in page.get("CostAllocationTags", ()))


def _drivers(clients: Clients, scope: Scope, now: datetime) -> Drivers:
    this = now.date().replace(day=1)
    after = _month_before(this)
    before = _month_before(after)
    pages = (
        clients.client(scope, "ce")
        .get_paginator("get_cost_comparison_drivers")
        .paginate(
            BaselineTimePeriod={"Start": before.isoformat(), "End": after.isoformat()},
            ComparisonTimePeriod={"Start": after.isoformat(), "End": this.isoformat()},
            MetricForComparison=METRIC,
            Filter=_NOT_GIVEN_BACK,
        )
    )
    found = [_driver(each) for page in pages for each in page.get("CostComparisonDrivers", ())]
    found.sort(key=lambda each: -abs((each.after - each.before).amount))
    return Drivers(before, after, tuple(found))


def _driver(document: Mapping[str, Any]) -> Driver:
    names = dict(_named(document.get("CostSelector") or {}))
    metric = document["Metrics"][METRIC]
    unit = str(metric.get("Unit") or "USD")
    before, after = (Money(exact(metric[f"{name}TimePeriodAmount"]), unit) for name in ("Baseline", "Comparison"))
    causes = tuple(_cause(each) for each in document.get("CostDrivers", ()))
    return Driver(names.get("SERVICE", ""), names.get("USAGE_TYPE", ""), before, after, causes)


def _named(selector: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a selector picks, by dimension; AWS joins several with And."""
    for part in selector.get("And") or ():
        yield from _named(part)
    if dimension := selector.get("Dimensions"):
        yield dimension.get("Key", ""), ", ".join(dimension.get("Values") or ())


def _cause(document: Mapping[str, Any]) -> Cause:
    metric = (document.get("Metrics") or {}).get(METRIC)
    difference = Money(exact(metric["Difference"]), str(metric.get("Unit") or "USD")) if metric else None
    return Cause(document.get("Type", ""), document.get("Name", ""), difference)


ACCOUNT: Final = by("DIMENSION", "LINKED_ACCOUNT")
REGION: Final = by("DIMENSION", "REGION")
TAGS: Final[Question[tuple[str, ...]]] = Question(
    "tags", "ListCostAllocationTags", Reading[tuple[str, ...] | None], _tags
)
"""Keys of the active cost allocation tags. AWS names no exception to its price for these, so they cost like the rest.
https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"""
DRIVERS: Final[Question[Drivers]] = Question("drivers", "GetCostComparisonDrivers", Reading[Drivers | None], _drivers)


def known(question: Question[T], account: str, *, store: Store, now: datetime) -> Reading[T | None]:
    """Give the last whole answer, None before the first; its faults are the last attempt's. Asks AWS nothing."""
    kept, scope = _snapshots(question, store), billing(account)
    found = kept.newest(scope, key=question.key) or Reading(None, now)
    tried = kept.newest(scope, key=TRIED + question.key)
    return Reading(found.value, found.at, tried.faults if tried else ())


def quote(clients: Clients, question: Question[Any], account: str, *, store: Store, now: datetime) -> Quote:
    """Say what an answer costs, and whether it can be bought now."""
    return Quote(
        paid.price(clients, question.operation),
        str(clients.meter.money_left()),
        paid.refusal(clients, billing(account), question.operation, 1) is None,
        _wait_until(_snapshots(question, store), question, billing(account), now),
    )


def buy(clients: Clients, question: Question[T], account: str, *, store: Store, now: datetime) -> Reading[None]:
    """Ask AWS and keep the answer, if the cap allows it and nobody has just done so; give only the faults."""
    scope, kept = billing(account), _snapshots(question, store)
    refused = paid.refusal(clients, scope, question.operation, 1)
    if refused is not None:
        return Reading(None, now, (refused,))
    leases = Leases(store)
    with leases.held({f"{question.key} of {account}"}, leases.patient()) as mine:
        if not mine or _wait_until(kept, question, scope, now) is not None:
            return Reading(None, now)  # another process reads, or has just read
        faults: tuple[Fault, ...] = ()
        try:
            kept.put(scope, Reading(question.ask(clients, scope, now), now), key=question.key)
        except EXPECTED as error:
            faults = (fault_of(error, scope, f"ce:{question.operation}"),)
        kept.put(scope, Reading(None, now, faults), key=TRIED + question.key)
        return Reading(None, now, faults)


def _snapshots(question: Question[T], store: Store) -> Snapshots[T | None]:
    return Snapshots(store, "bought costs", question.shape)


def _wait_until(kept: Snapshots[Any], question: Question[Any], scope: Scope, now: datetime) -> datetime | None:
    tried = kept.newest(scope, key=TRIED + question.key)
    if tried is None:
        return None
    due = tried.at + (AFTER_FAILURE if tried.faults else EVERY)
    return due if now < due else None


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _tomorrow(now: datetime) -> date:
    return now.date() + timedelta(days=1)
