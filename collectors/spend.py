"""What the account costs, out of Cost Explorer: by day, service and usage type, with credits and refunds apart.

Cost Explorer bills each page of an answer, so a reading is planned and priced first, made once a day at most, by the
collector alone, and never because a page is drawn. At the default cap of zero nothing is asked. An account that pays
for others sees their costs too, as its budgets do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, ServiceFailure, fault_of
from collectors import paid
from collectors.leases import Leases
from collectors.snapshots import Snapshots
from collectors.spend_lines import CHARGE, SpendLine, SpendLines
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import Fault, Reading, Scope

REGION: Final = "us-east-1"
"""Where Cost Explorer, Budgets and the Free Tier answer for every region."""
ACTION: Final = "ce:GetCostAndUsage"
EVERY: Final = timedelta(hours=24)
"""How old a reading may be: AWS adds to the bill at least once in 24 hours.
https://docs.aws.amazon.com/cost-management/latest/userguide/ce-what-is.html"""
AFTER_FAILURE: Final = timedelta(hours=6)
"""How long after a reading that broke off: what failed costs again."""
MONTHS: Final = 3
"""Calendar months that the first reading goes back to, the running one included."""
REACH_MONTHS: Final = 13
"""Calendar months that Cost Explorer surely keeps, the running one included.
https://docs.aws.amazon.com/cost-management/latest/userguide/ce-what-is.html"""
GIVEN_BACK: Final = ("Credit", "Refund")
"""AWS's record types of what lowers a bill after the fact."""
METRICS: Final = ("UnblendedCost", "UsageQuantity")


@dataclass(frozen=True, slots=True)
class SpendPlan:
    """A reading before it is made."""

    start: date
    end: date
    """One past the last day."""
    requests: int
    """As many as the last reading took; two for the first, which cannot know how many pages there are."""
    cost: Money


@dataclass(frozen=True, slots=True)
class SpendRead:
    """That costs were read: of which days, in how many requests."""

    start: date
    end: date
    requests: int


Spend = Reading[tuple[SpendLine, ...]]


def snapshots(store: Store) -> Snapshots[SpendRead]:
    """Give the shared notes of when costs were read."""
    return Snapshots(store, "spend", Reading[SpendRead])


def billing(account: str) -> Scope:
    """Give where an account's money is asked for."""
    return Scope(account, REGION)


def plan(store: Store, account: str, *, price: Money, now: datetime) -> SpendPlan:
    """Say what the next reading asks for and what it is expected to cost, at `price` a request."""
    last = snapshots(store).newest(billing(account))
    since = SpendLines(store).open_since(account) or _months_back(now.date(), MONTHS - 1)
    start = max(since, _months_back(now.date(), REACH_MONTHS - 1))
    requests = max(2, last.value.requests) if last else 2
    return SpendPlan(start, now.date() + timedelta(days=1), requests, price * requests)


def is_due(store: Store, account: str, *, now: datetime) -> bool:
    """Say whether the last reading is old enough for a new one to bring something."""
    last = snapshots(store).newest(billing(account))
    return last is None or now - last.at >= (AFTER_FAILURE if last.faults else EVERY)


def known(
    clients: Clients, account: str, *, store: Store, now: datetime, start: date, kept_back: Money = ZERO
) -> Spend:
    """Give the stored costs from `start` on; asks AWS nothing. A fault says why a newer reading was not made."""
    last = snapshots(store).newest(billing(account))
    lines = SpendLines(store).within(account, start, now.date() + timedelta(days=1))
    due = is_due(store, account, now=now)
    refused = _refusal(clients, account, store=store, now=now, kept_back=kept_back) if due else None
    faults = (*(last.faults if last else ()), *((refused,) if refused else ()))
    # The last attempt may have failed: what is held is as old as the newest line.
    read_at = max((line.read_at for line in lines), default=last.at if last else now)
    return Reading(lines, read_at, faults)


def read_when_due(
    clients: Clients, account: str, *, store: Store, now: datetime, kept_back: Money = ZERO
) -> Reading[None]:
    """Read and keep the costs of one account if that is due and the cap allows it; give only the faults.

    `kept_back` is what the cap has to leave for something else.
    """
    if not is_due(store, account, now=now):
        return Reading(None, now)
    refused = _refusal(clients, account, store=store, now=now, kept_back=kept_back)
    if refused is not None:
        what = f"Costs by day, service and usage type of {account}"
        planned = _planned(clients, account, store=store, now=now)
        paid.note(clients, billing(account), "GetCostAndUsage", planned.requests, what=what, every=EVERY, now=now)
        return Reading(None, now, (refused,))
    leases = Leases(store)
    with leases.held({f"spend {account}"}, leases.patient()) as mine:
        if not mine or not is_due(store, account, now=now):
            return Reading(None, now)  # another process reads, or has just read
        return _read(clients, _planned(clients, account, store=store, now=now), account, store=store, now=now)


def _planned(clients: Clients, account: str, *, store: Store, now: datetime) -> SpendPlan:
    return plan(store, account, price=paid.price(clients, "GetCostAndUsage"), now=now)


def _refusal(clients: Clients, account: str, *, store: Store, now: datetime, kept_back: Money) -> Fault | None:
    planned = _planned(clients, account, store=store, now=now)
    return paid.refusal(clients, billing(account), "GetCostAndUsage", planned.requests, kept=kept_back)


# -- one reading ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pages:
    """What has been read of one half."""

    requests: int = 0
    fault: Fault | None = None


def _read(clients: Clients, planned: SpendPlan, account: str, *, store: Store, now: datetime) -> Reading[None]:
    halves = [_Pages(), _Pages()]
    for given_back, pages in zip((False, True), halves, strict=True):
        days = list(_days(clients, planned, account, pages, given_back=given_back, now=now))
        # Of a reading that broke off the last day may lack lines: whole days are kept.
        end = planned.end if pages.fault is None else max((day for day, _ in days), default=planned.start)
        lines = [line for _, found in days for line in found if line.day < end]
        SpendLines(store).put(account, lines, days=(planned.start, end), given_back=given_back, read_at=now)
        if pages.fault is not None:
            break
    faults = tuple(pages.fault for pages in halves if pages.fault is not None)
    requests = sum(pages.requests for pages in halves)
    read = SpendRead(planned.start, planned.end, requests)
    # Also an attempt that brought nothing is noted: what is refused is not asked for, and paid for, every few seconds.
    snapshots(store).put(billing(account), Reading(read, now, faults))
    return Reading(None, now, faults)


def _days(
    clients: Clients, planned: SpendPlan, account: str, pages: _Pages, *, given_back: bool, now: datetime
) -> Iterator[tuple[date, list[SpendLine]]]:
    """Give each day of each page; the meter prices each page, and one that the cap does not allow ends them."""
    params = _params(planned, given_back=given_back)
    token = ""
    try:
        client = clients.client(billing(account), "ce")
        while True:
            answer = client.get_cost_and_usage(**params, **({"NextPageToken": token} if token else {}))
            pages.requests += 1
            for result in answer.get("ResultsByTime", ()):
                day = date.fromisoformat(result["TimePeriod"]["Start"][:10])
                yield day, list(_lines(day, result, now, given_back=given_back))
            token = answer.get("NextPageToken") or ""
            if not token:
                return
    except EXPECTED as error:
        pages.fault = fault_of(error, billing(account), ACTION)


def _params(planned: SpendPlan, *, given_back: bool) -> dict[str, Any]:
    back = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(GIVEN_BACK)}}
    second = "RECORD_TYPE" if given_back else "USAGE_TYPE"
    return {
        "TimePeriod": {"Start": planned.start.isoformat(), "End": planned.end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in ("SERVICE", second)],
        "Filter": back if given_back else {"Not": back},
    }


def _lines(day: date, result: Mapping[str, Any], now: datetime, *, given_back: bool) -> Iterator[SpendLine]:
    for group in result.get("Groups", ()):
        service, second = (*group["Keys"], "", "")[:2]
        cost, quantity = (group["Metrics"][name] for name in METRICS)
        money = Money(exact(cost["Amount"]), str(cost.get("Unit") or "USD"))
        yield SpendLine(
            day,
            service,
            "" if given_back else second,
            second if given_back else CHARGE,
            money,
            exact(quantity["Amount"]),
            str(quantity.get("Unit") or ""),
            not result.get("Estimated", True),
            now,
            money,
            now,
        )


def exact(text: object) -> Decimal:
    """Read an amount exactly; AWS gives text. What is no number is a failure of the service, never a zero."""
    try:
        return Decimal(str(text))
    except InvalidOperation as error:
        raise ServiceFailure(f"an amount is {text!r}, which is not a number") from error


def _months_back(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
