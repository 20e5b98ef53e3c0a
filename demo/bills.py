"""The bill of the demo cloud: usage × price, allowances used up in the order of time, credits last; exact by day.

The atom is one usage type of one account and region on one day. Whatever groups it adds up to the same total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import Final

import numpy as np

from core.reading import Scope
from core.series import Times, Values
from core.timespan import from_epoch
from demo.tariff import BY_KEY, GRANTED, Tariff, on_bill
from demo.usage import HOUR, Key, Premises, Taps, alarm_kinds, hours_in_month

MONTHS: Final = 6
"""Calendar months on the bill, the running one included."""
REFRESHED: Final = (3, 11, 19)
"""Hours of the day, UTC, at which Cost Explorer, Budgets and the Free Tier get newer figures: up to three times a day.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html"""
LAG: Final = timedelta(hours=6)
"""How old usage is when it is first on the bill."""
CLOSED_AFTER: Final = timedelta(days=5)
"""After the end of a month its bill is final."""
PLACES: Final = Decimal("0.0000000001")


class Record:
    """Cost Explorer's record types that the demo cloud has."""

    USAGE: Final = "Usage"
    CREDIT: Final = "Credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill: a usage type, or the credit that pays for it."""

    day: date
    account: str
    region: str
    tariff: Tariff
    record: str
    quantity: Decimal
    cost: Decimal
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def usage_type(self) -> str:
        return on_bill(self.tariff, self.region)


@dataclass(frozen=True, slots=True)
class Used:
    """How far one allowance of a month was used."""

    tariff: Tariff
    regions: tuple[str, ...]
    quantity: float


class Bills:
    """Everything that is billed. Safe to share between threads."""

    def __init__(self) -> None:
        self.taps = Taps()
        self._premises: list[Premises] = []
        self._lock = RLock()
        self._made: tuple[object, tuple[Line, ...]] = (None, ())

    @property
    def payer(self) -> str:
        """The account that pays for all; empty where nothing is billed."""
        return self._premises[0].site.scope.account if self._premises else ""

    def accounts(self, asker: str) -> tuple[str, ...]:
        """Give the accounts whose costs `asker` sees: the payer all, others their own."""
        known = dict.fromkeys(place.site.scope.account for place in self._premises)
        return tuple(known) if asker == self.payer else (asker,)

    def names(self) -> dict[str, str]:
        """Give what each account is called."""
        return {place.site.scope.account: place.site.name for place in self._premises}

    def open(self, premises: Premises) -> None:
        """Begin to bill a site."""
        with self._lock:
            self._premises.append(premises)

    def count_alarms(self, scope: Scope, entries: Sequence[object], *, at: datetime) -> None:
        """Count the alarms that there are in the hour of `at`."""
        for key, count in alarm_kinds(entries):  # type: ignore[arg-type]
            if count:
                self.taps.add(scope, key, count / hours_in_month(at), at=at)

    def lines(self, *, until: datetime) -> tuple[Line, ...]:
        """Give the bill of the last six calendar months, with usage up to `until`, whole hours."""
        hours = np.arange(_hour(opened(until)), _hour(until), dtype=np.int64)
        told = tuple(telling for place in self._premises for telling in place.tellings())
        made_of = (_hour(until), told)
        with self._lock:
            if self._made[0] != made_of:
                self._made = made_of, tuple(self._lines(hours))
            return self._made[1]

    def used(self, *, until: datetime) -> list[Used]:
        """Give how far the allowances of the month of `until` are used."""
        hours = np.arange(_hour(_first(until)), _hour(until), dtype=np.int64)
        totals: dict[Key, list[tuple[str, Values]]] = defaultdict(list)
        for scope, key, quantity in self._quantities(hours):
            totals[key].append((scope.region, quantity))
        found = []
        for key, parts in totals.items():
            everywhere = sum((quantity for _, quantity in parts), np.zeros(hours.size))
            regions = tuple(dict.fromkeys(region for region, _ in parts))
            if BY_KEY[key].free:
                found.append(Used(BY_KEY[key], regions, float(everywhere.sum())))
        return found

    def month_to_date(self, account: str, hours: Times) -> dict[str, Values]:
        """Give, by service code, what the account's usage cost from the month's first hour until each of `hours`."""
        first, last = _first(from_epoch(int(hours[0]) * HOUR)), int(hours[-1])
        every = np.arange(_hour(first), max(last, _hour(first) + 1), dtype=np.int64)
        parts = self._quantities(every)
        paid, months = _paid_share(every, parts), _months(np.append(every, every[-1] + 1))
        charged: dict[str, Values] = {}
        for scope, key, quantity in parts:
            if scope.account == account:
                cost = quantity * paid[key] * float(BY_KEY[key].price)
                charged[key[0]] = charged.get(key[0], np.zeros(every.size)) + cost
        places = hours - every[0]
        begins = np.searchsorted(months, months[places])
        return {
            code: (running := np.concatenate([[0.0], np.cumsum(cost)]))[places] - running[begins]
            for code, cost in charged.items()
        }

    def _lines(self, hours: Times) -> Iterable[Line]:
        days = hours // 24
        tags = {place.site.scope: place.site.tags for place in self._premises}
        parts = self._quantities(hours)
        paid = _paid_share(hours, parts)
        lines = []
        first, each_day = np.unique(days, return_index=True)
        for scope, key, quantity in parts:
            tariff = BY_KEY[key]
            amounts = np.add.reduceat(quantity, each_day)
            charged = np.add.reduceat(quantity * paid[key], each_day)
            for day, amount, some in zip(first.tolist(), amounts.tolist(), charged.tolist(), strict=True):
                if amount:
                    when = from_epoch(day * 86_400).date()
                    cost = (Decimal(repr(some)) * tariff.price).quantize(PLACES)
                    used = Decimal(repr(amount)).quantize(PLACES)
                    lines.append(
                        Line(when, scope.account, scope.region, tariff, Record.USAGE, used, cost, tags.get(scope, {}))
                    )
        lines.sort(key=lambda line: (line.day, line.account, line.region, line.tariff.key))
        return [*lines, *_credits(lines)]

    def _quantities(self, hours: Times) -> list[tuple[Scope, Key, Values]]:
        ours = [
            (place.site.scope, key, quantity) for place in self._premises for key, quantity in place.read(hours).items()
        ]
        known = set(self.accounts(self.payer))
        taps = [
            (scope, key, quantity)
            for (scope, key), quantity in self.taps.read(hours).items()
            if scope.account in known and quantity.any()
        ]
        return [*ours, *taps]


def _paid_share(hours: Times, parts: Sequence[tuple[Scope, Key, Values]]) -> dict[Key, Values]:
    """Give, for each usage type and hour, the share that is beyond the month's allowance."""
    everywhere: dict[Key, Values] = {}
    for _, key, quantity in parts:
        everywhere[key] = everywhere.get(key, np.zeros(hours.size)) + quantity
    month = _months(hours)
    shares = {}
    for key, quantity in everywhere.items():
        free, share = float(BY_KEY[key].free), np.ones(hours.size)
        for number in np.unique(month) if free else ():
            inside = month == number
            used = np.cumsum(quantity[inside])
            before = used - quantity[inside]
            beyond = np.clip(used - free, 0.0, None) - np.clip(before - free, 0.0, None)
            share[inside] = np.divide(beyond, quantity[inside], out=np.zeros(used.size), where=quantity[inside] > 0)
        shares[key] = share
    return shares


def _credits(lines: Sequence[Line]) -> list[Line]:
    """Pay each line with credits, in the order of time, while they last."""
    left, found = GRANTED, []
    for line in lines:
        paid = min(left, line.cost)
        if paid > 0:
            left -= paid
            found.append(replace(line, record=Record.CREDIT, quantity=Decimal(0), cost=-paid))
    return found


def refreshed(now: datetime) -> datetime:
    """Give when the bill last got newer figures."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    times = [midnight + timedelta(days=day, hours=hour) for day in (-1, 0) for hour in REFRESHED]
    return max(at for at in times if at <= now)


def billed_until(now: datetime) -> datetime:
    """Give up to when usage is on the bill at `now`."""
    return refreshed(now) - LAG


def is_final(day: date, now: datetime) -> bool:
    """Say whether the bill of the day's month is closed."""
    first = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return now >= first + CLOSED_AFTER


def opened(now: datetime) -> datetime:
    """Give the first instant on the bill."""
    month = now.year * 12 + now.month - 1 - (MONTHS - 1)
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _first(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // HOUR


def _months(hours: Times) -> Times:
    """Give the number of each hour's calendar month."""
    days, where = np.unique(hours // 24, return_inverse=True)
    starts = [from_epoch(day * 86_400) for day in days.tolist()]
    return np.array([at.year * 12 + at.month for at in starts], np.int64)[where]
