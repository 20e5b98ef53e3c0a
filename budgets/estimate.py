"""What the month costs by our own count, between the times at which AWS says so: counts × prices. Pure.

An estimate is never added to AWS's figure nor taken for it. What was not counted is listed, and how far past estimates
were off is measured on AWS's final figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Final

from budgets.prices import UsagePrice, UsagePrices
from core.money import ZERO, Money
from core.timespan import Timespan
from core.usage import Count, Uncounted

CLOSE: Final = timedelta(hours=2)
"""How far an estimate may lie from AWS's figure in time to be compared with it."""
LEAST_COMPARED: Final = 3
"""Comparisons before an error is said to be known."""
_HOUR: Final = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Line:
    """One usage type of the month, in all regions together, or in one where each has an allowance."""

    price: UsagePrice
    region: str
    """Empty where it is all regions together."""
    quantity: Decimal
    free: Decimal
    """Units that the allowance took; never more than it has, never negative."""
    left: Decimal
    """Units of the allowance that nothing took yet; never negative."""
    cost: Money
    per_hour: Money
    """What an hour costs as it goes now: nothing while the allowance lasts."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the month has cost so far by our own count."""

    at: datetime
    month: datetime
    """When the month began."""
    lines: tuple[Line, ...]
    """Dearest first."""
    total: Money
    per_hour: Money
    uncounted: tuple[Uncounted, ...]
    """What is not in the total."""


def estimate(
    counts: Iterable[Count], uncounted: Iterable[Uncounted], prices: UsagePrices, *, month: Timespan, lately: Timespan
) -> Estimate:
    """Price counts of `month` up to its end, which is now; `lately` is the stretch that says what an hour costs.

    An allowance is the account's, one for all regions together, unless it says that each region has one.
    """
    by_type: dict[tuple[str, str], dict[UsagePrice, list[Count]]] = defaultdict(lambda: defaultdict(list))
    missing = list(uncounted)
    for each in counts:
        price = prices.price(each.usage_type, each.region)
        if price is None:
            missing.append(Uncounted(f"{each.usage_type}: {each.thing}", "No price is known; give one in a file."))
        else:
            by_type[each.usage_type, each.region if price.free.each_region else ""][price].append(each)
    lines = [line for (_, region), by_price in by_type.items() for line in _lines(by_price, region, lately)]
    lines.sort(key=lambda line: (-line.cost.amount, -line.per_hour.amount, line.price.usage_type, line.region))
    return Estimate(
        month.end,
        month.start,
        tuple(lines),
        sum((line.cost for line in lines), ZERO),
        sum((line.per_hour for line in lines), ZERO),
        tuple(dict.fromkeys(missing)),
    )


def _lines(by_price: Mapping[UsagePrice, Sequence[Count]], region: str, lately: Timespan) -> Iterator[Line]:
    """Price one usage type. Where regions have prices of their own, the cheapest units are taken as the free ones."""
    left = max(price.free.units for price in by_price)
    for price in sorted(by_price, key=lambda price: price.each.amount):
        counts = by_price[price]
        quantity = sum((max(Decimal(0), each.month) for each in counts), Decimal(0))
        newest = min(quantity, sum((max(Decimal(0), each.lately) for each in counts), Decimal(0)))
        free = min(quantity, left)
        charged = min(newest, quantity - free)
        left -= free
        hours = Decimal(int((lately.end - lately.start).total_seconds())) / _HOUR
        yield Line(price, region, quantity, free, left, price.each * (quantity - free), price.each * (charged / hours))


# -- how far past estimates were off ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A past estimate, as it was when it was made."""

    at: datetime
    total: Money
    per_hour: Money
    uncounted: int = 0
    """How many things were not in it."""


@dataclass(frozen=True, slots=True)
class Official:
    """What AWS says that the month has cost, before credits."""

    at: datetime
    """Up to when its charges go, as far as AWS says."""
    total: Money
    source: str
    """In words, such as `Cost Explorer`."""
    final: bool = False
    """AWS will not change it any more."""

    @property
    def month(self) -> datetime:
        """When its month began: one up to midnight of the first is the last of the month before."""
        return month_start(self.at - timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Compared:
    """What a stretch of time cost, by our estimates and by AWS."""

    span: Timespan
    estimated: Money
    official: Money
    source: str

    @property
    def off(self) -> Decimal | None:
        """By what part of AWS's figure the estimate was too high (negative: too low); None where AWS's is nothing."""
        if not self.official.amount:
            return None
        return (self.estimated.amount - self.official.amount) / self.official.amount


@dataclass(frozen=True, slots=True)
class PastError:
    """How far past estimates were off."""

    compared: tuple[Compared, ...]
    """Newest first."""
    typical: Decimal | None
    """The median of the differences' sizes, as a part of AWS's figure; None while too little was compared."""
    bias: Decimal | None
    """The median of the differences: negative where we are usually too low."""


def compare(kept: Iterable[Kept], officials: Iterable[Official]) -> PastError:
    """Set what each stretch between two final figures cost beside what it grew by in our estimates.

    Stretches are compared, not the month: what was before we began to count says nothing of how well we count.
    """
    estimates = sorted(kept, key=lambda each: each.at)
    pairs = list(_pairs(estimates, sorted((each for each in officials if each.final), key=lambda each: each.at)))
    pairs.sort(key=lambda pair: pair.span.end, reverse=True)
    offs = [pair.off for pair in pairs if pair.off is not None]
    if len(offs) < LEAST_COMPARED:
        return PastError(tuple(pairs), None, None)
    return PastError(tuple(pairs), median(abs(off) for off in offs), median(offs))


def _pairs(estimates: Sequence[Kept], finals: Sequence[Official]) -> Iterator[Compared]:
    for before, after in pairwise(finals):
        if before.source != after.source or before.month != after.month:
            continue
        first, last = (_nearest(estimates, each) for each in (before, after))
        if first is None or last is None or first.at >= last.at:
            continue
        # Estimates are made a little before or after AWS's figures: what they grew by is brought to the same length.
        length = Decimal((after.at - before.at) / (last.at - first.at))
        grown = (last.total - first.total) * length
        yield Compared(Timespan(before.at, after.at), grown, after.total - before.total, after.source)


def _nearest(estimates: Sequence[Kept], figure: Official) -> Kept | None:
    """Give the estimate of the same month that was made about then."""
    month = [each for each in estimates if month_start(each.at) == figure.month]
    near = [each for each in month if abs(each.at - figure.at) <= CLOSE]
    return min(near, key=lambda each: abs(each.at - figure.at), default=None)


def month_start(at: datetime) -> datetime:
    """Give when the month of an instant began, in UTC as AWS bills."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
