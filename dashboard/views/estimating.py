"""What the month costs by our own count, made of what collectors counted, what alarms are billed, and our own calls.

Only this layer may join them. The collector's process makes and keeps estimates, pages read them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from alarms.definition import from_response
from alarms.pricing import Tariff, bill_of
from budgets.estimate import Estimate, Kept, Official, PastError, compare, estimate, month_start
from budgets.prices import UsagePrices
from cloud.database import DatabaseDownError
from cloud.ledger import HourTotal
from cloud.reconciliation import usage_type
from collectors import paid, spend
from collectors.budget_readings import BudgetReading
from collectors.counting import Charge, Counting
from collectors.counts import Counted, spans
from collectors.snapshots import Snapshots
from collectors.sources import CloudSources
from collectors.spend_lines import SpendLine
from core.money import ZERO, Money
from core.reading import Fault, Reading, joined_faults
from core.usage import Count, Uncounted

COST_EXPLORER: Final = "Cost Explorer"
CHARGES: Final = "AWS's estimated charges"
BUDGETS: Final = "AWS Budgets"
KEPT_DAYS: Final = 70
"""Days of hourly estimates that past errors are measured on."""
_DEAD: Final = timedelta(days=1)
"""AWS's estimated charges of a day ago are not added to any more."""

ALARM_TYPES: Final[Mapping[Tariff, str]] = {
    Tariff.STANDARD: "CW:AlarmMonitorUsage",
    Tariff.HIGH_RESOLUTION: "CW:HighResAlarmMonitorUsage",
    Tariff.COMPOSITE: "CW:CompositeAlarmMonitorUsage",
    Tariff.INSIGHTS: "CW:MetricInsightAlarmUsage",
}


@dataclass(frozen=True, slots=True)
class Spending:
    """What one account costs this month: AWS's figure and ours, side by side and never added."""

    account: str
    """Its number."""
    at: datetime
    """When this was put together."""
    estimate: Estimate | None
    """Ours; None where nothing could be counted."""
    officials: tuple[Official, ...]
    """AWS's newest figure of each source, newest first."""
    error: PastError
    """How far past estimates were off."""
    kept: tuple[Kept, ...]
    """Past estimates of this month, oldest first."""
    faults: tuple[Fault, ...]
    """What could not be read."""

    @property
    def official(self) -> Official | None:
        """AWS's newest figure."""
        return self.officials[0] if self.officials else None


class Estimates:
    """Past estimates in the store, the newest of each hour."""

    def __init__(self, kept: Snapshots[Kept]) -> None:
        self._kept = kept

    def keep(self, account: str, made: Estimate) -> None:
        """Keep an estimate as its hour's."""
        short = Kept(made.at, made.total, made.per_hour, len(made.uncounted))
        kept_for = timedelta(days=KEPT_DAYS)
        self._kept.put(spend.billing(account), Reading(short, made.at), key=f"{made.at:%Y-%m-%dT%H}", kept_for=kept_for)

    def newest(self, account: str) -> tuple[Kept, ...]:
        """Give those of the last weeks, oldest first."""
        found = self._kept.every(spend.billing(account), newest=KEPT_DAYS * 24)
        return tuple(sorted((each.value for each in found), key=lambda each: each.at))


class Spendings(Protocol):
    """Where pages and the guard read what accounts cost."""

    def read(self, account: str, *, now: datetime) -> Spending: ...


class Estimator:
    """Makes estimates of a cloud's accounts."""

    def __init__(self, sources: CloudSources, prices: UsagePrices) -> None:
        self._sources = sources
        self._counting = Counting(sources)
        self._prices = prices
        self.past = Estimates(Snapshots(sources.store, "estimate", Reading[Kept]))

    def read(self, account: str, *, now: datetime) -> Spending:
        """Give what an account costs as it stands at `now`; everything comes from the store while that is fresh."""
        made = self._estimate(account, now)
        charges = self._counting.charges(account, now=now)
        budgets = self._sources.budgets(account, now=now)
        since = month_start(month_start(now) - timedelta(days=1)).date()
        lines = self._sources.spend(account, start=since, now=now)
        figures = [*from_lines(lines), *from_charges(charges.value, now=now), *from_budgets(budgets, now=now)]
        kept, down = self._past(account, now)
        faults = (*made.faults, *joined_faults((charges, budgets)), *down)
        faults += tuple(fault for fault in lines.faults if not paid.is_refusal(fault))
        month = month_start(now)
        return Spending(
            account,
            now,
            made.value,
            _newest(figures, month),
            compare(kept, _comparable(figures)),
            tuple(each for each in kept if each.at >= month),
            tuple(dict.fromkeys(faults)),
        )

    def make(self, account: str, *, now: datetime) -> Spending:
        """Do the same, and keep the estimate for later comparison."""
        found = self.read(account, now=now)
        if found.estimate is not None:
            self.past.keep(account, found.estimate)
        return found

    def _past(self, account: str, now: datetime) -> tuple[tuple[Kept, ...], tuple[Fault, ...]]:
        try:
            return tuple(each for each in self.past.newest(account) if each.at <= now), ()
        except DatabaseDownError as error:
            return (), (error.to_fault(spend.billing(account), "reading past estimates"),)

    def _estimate(self, account: str, now: datetime) -> Reading[Estimate | None]:
        scopes = [scope for scope in self._sources.scopes if scope.account == account]
        counted = [self._counting.counts(scope, now=now) for scope in scopes]
        documents = [self._sources.alarm_documents(scope, now=now) for scope in scopes]
        faults = joined_faults((*counted, *documents))
        if not any(each.value.counts for each in counted):
            return Reading(None, now, faults)
        oldest = min((each.value for each in counted), key=lambda each: each.month.end)
        alarms = [document for each in documents for document in each.value]
        counts = [count for each in counted for count in each.value.counts]
        missing = [one for each in counted for one in each.value.uncounted]
        counts += alarm_counts(alarms, oldest)
        counts += own_counts(self._sources.clients.meter.hours(), account, now=now)
        missing += [Uncounted("Alarms", fault.message) for each in documents for fault in each.faults]
        made = estimate(counts, missing, self._prices, month=oldest.month, lately=oldest.lately)
        return Reading(made, oldest.month.end, faults)


# -- what is counted elsewhere ----------------------------------------------------------------------------------------


def alarm_counts(documents: Iterable[Mapping[str, Any]], counted: Counted) -> Iterator[Count]:
    """Give the alarms of an account as AWS bills them, as if each had been there since the month began."""
    following = month_start(counted.month.start + timedelta(days=32))
    whole = Decimal(int((following - counted.month.start).total_seconds()))
    for tariff, units in bill_of(from_response(document) for document in documents).units.items():
        month, lately = (Decimal(units * span.seconds) / whole for span in (counted.month, counted.lately))
        yield Count(ALARM_TYPES[tariff], "us-east-1", "alarms", month, lately)


def own_counts(hours: Iterable[HourTotal], account: str, *, now: datetime) -> Iterator[Count]:
    """Give our own calls to an account as the ledger has them; it counts by the hour, so lately is part of one."""
    month, lately = spans(now)
    last_hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    part = Decimal(lately.seconds) / 3600
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for hour in hours:
        billed = usage_type(hour.total.service, hour.total.operation)
        if billed is None or hour.total.account != account or hour.at < month.start:
            continue
        before, newest = sums[billed]
        sums[billed] = (before + hour.total.units, newest + (hour.total.units if hour.at == last_hour else 0))
    for billed, (units, newest) in sums.items():
        yield Count(billed, "us-east-1", "Watchkeeper", Decimal(units), newest * part)


# -- AWS's figures ----------------------------------------------------------------------------------------------------


def from_lines(reading: Reading[tuple[SpendLine, ...]]) -> Iterator[Official]:
    """Give month-to-date figures at the end of each day that Cost Explorer has, before credits and refunds."""
    days: dict[date, list[SpendLine]] = defaultdict(list)
    for line in reading.value:
        if not line.given_back and line.cost.currency == "USD":
            days[line.day].append(line)
    total, month, final = ZERO, (0, 0), True
    for day in sorted(days):
        if (day.year, day.month) != month:
            total, month, final = ZERO, (day.year, day.month), day.day == 1
        total = sum((line.cost for line in days[day]), total)
        final = final and all(line.final for line in days[day])
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
        yield Official(min(end, reading.at), total, COST_EXPLORER, final)


def from_charges(charges: Iterable[Charge], *, now: datetime) -> Iterator[Official]:
    """Give AWS's own month-to-date estimate, each time that it was published."""
    for each in charges:
        yield Official(each.at, each.total, CHARGES, each.at <= now - _DEAD)


def from_budgets(reading: Reading[tuple[BudgetReading, ...]], *, now: datetime) -> Iterator[Official]:
    """Give what Budgets say of the whole account before credits, where there is such a budget."""
    if reading.at < month_start(now):
        return
    for each in reading.value:
        if each.actual is not None and _is_whole(each.document) and each.actual.currency == "USD":
            yield Official(reading.at, each.actual, BUDGETS)


def _is_whole(document: Mapping[str, Any]) -> bool:
    costs = document.get("CostTypes") or {}
    return (
        document.get("BudgetType") == "COST"
        and document.get("TimeUnit") == "MONTHLY"
        and not document.get("CostFilters")
        and not document.get("FilterExpression")
        and costs.get("IncludeCredit") is False
    )


def _newest(figures: Iterable[Official], month: datetime) -> tuple[Official, ...]:
    """Give the newest figure of this month of each source, newest first."""
    newest: dict[str, Official] = {}
    for each in sorted(figures, key=lambda each: each.at):
        if each.month == month:
            newest[each.source] = each
    return tuple(sorted(newest.values(), key=lambda each: each.at, reverse=True))


def _comparable(figures: Iterable[Official]) -> list[Official]:
    """Give the figures that estimates are measured on: of Cost Explorer, else of the estimated charges, one a day."""
    found = list(figures)
    lines = [each for each in found if each.source == COST_EXPLORER and each.final]
    if lines:
        return lines
    days: dict[date, Official] = {}
    for each in sorted((one for one in found if one.source == CHARGES and one.final), key=lambda one: one.at):
        days.setdefault(each.at.date(), each)
    return list(days.values())


def figure(found: Spending, which: str) -> tuple[Money, str] | None:
    """Give the spend that thresholds are held against, and whose it is: `actual`, `estimated` or the higher one."""
    known: list[tuple[Money, str]] = []
    if which != "estimated" and found.official is not None:
        known.append((found.official.total, found.official.source))
    if which != "actual" and found.estimate is not None:
        known.append((found.estimate.total, "our estimate"))
    return max(known, default=None, key=lambda pair: pair[0].amount)
