"""Where the month's bill leads: by usage type, free while its allowance lasts and at its rate after that. Pure.

A straight line through a month in which an allowance runs out is too low. So each usage type goes on in units as its
days of the week went, and only what is beyond its allowance is charged. The range comes from how much the days differ;
how far such forecasts were off is measured on the months that are over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import NormalDist, fmean, pstdev
from typing import Final

from core.money import Money

LEARNED: Final = 28
"""Days that a forecast goes by: four of each day of the week."""
LEVEL: Final = 0.8
"""Part of the outcomes that the range should hold."""
_WIDTH: Final = NormalDist().inv_cdf(0.5 + LEVEL / 2)
_ENOUGH: Final = Decimal("0.98")
"""Days whose price is at least this share of the dearest one are taken as wholly beyond the allowance."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One usage type on one day, before credits."""

    day: date
    usage_type: str
    """Anything that tells it from others: with its service."""
    quantity: Decimal
    cost: Money


@dataclass(frozen=True, slots=True)
class Piece:
    """One usage type's way to the end of the month."""

    usage_type: str
    spent: Money
    ahead: Money
    """From the first day that is not known to the end of the month."""
    rate: Money | None
    """Of a unit beyond the allowance; None where no unit was ever charged."""
    charged_from: date | None
    """The day from which units cost; None where none will this month."""
    spread: Decimal
    """Standard deviation of a day's cost."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The month's end."""

    start: date
    known_until: date
    """The first day that is not known."""
    end: date
    spent: Money
    likely: Money
    low: Money
    """Never less than is spent."""
    high: Money
    pieces: tuple[Piece, ...]
    """Dearest first."""
    path: tuple[tuple[date, Money, Money, Money], ...]
    """(day, likely, low, high) at the end of each day that is not known."""


def forecast(
    usage: Iterable[Usage],
    *,
    start: date,
    end: date,
    known_until: date,
    allowances: Mapping[str, Decimal] | None = None,
) -> Forecast | None:
    """Forecast the days from `known_until` up to `end` of the month that began at `start`.

    `allowances` are the free units of the month by usage type, where they are known. None where no day is known.
    """
    by_type: dict[str, list[Usage]] = defaultdict(list)
    for each in usage:
        if each.day < known_until:
            by_type[each.usage_type].append(each)
    if not by_type:
        return None
    ahead = [known_until + timedelta(days=n) for n in range(max(0, (end - known_until).days))]
    ways = [_way(name, days, start, ahead, (allowances or {}).get(name)) for name, days in by_type.items()]
    currency = next(iter(by_type.values()))[0].cost.currency
    spent = _sum((piece.spent for piece, _ in ways), currency)
    path = _path(spent, [costs for _, costs in ways], [piece.spread for piece, _ in ways], ahead)
    last = path[-1] if path else (known_until, spent, spent, spent)
    pieces = sorted((piece for piece, _ in ways), key=lambda each: (-(each.spent + each.ahead).amount, each.usage_type))
    return Forecast(start, known_until, end, spent, last[1], last[2], last[3], tuple(pieces), path)


def past_error(
    usage: Sequence[Usage], *, on: date, months: int = 3, allowances: Mapping[str, Decimal] | None = None
) -> tuple[tuple[date, Decimal], ...]:
    """Replay this day's forecast in the months that are over: (first day, how far it was off as a share of the cost).

    Newest first. Positive where the forecast was too high. Months that are not wholly known, or cost nothing, are left
    out.
    """
    oldest = min((each.day for each in usage), default=on)
    found = []
    first = on.replace(day=1)
    for _ in range(months):
        end, first = first, (first - timedelta(days=1)).replace(day=1)
        if oldest > first:
            break
        known_until = min(end, first + timedelta(days=on.day - 1))
        if known_until <= first:
            continue
        made = forecast(usage, start=first, end=end, known_until=known_until, allowances=allowances)
        actual = sum((each.cost.amount for each in usage if first <= each.day < end), Decimal(0))
        if made is not None and actual > 0:
            found.append((first, (made.likely.amount - actual) / actual))
    return tuple(found)


# -- one usage type ---------------------------------------------------------------------------------------------------


def _way(
    name: str, days: Sequence[Usage], start: date, ahead: Sequence[date], allowance: Decimal | None
) -> tuple[Piece, list[Decimal]]:
    """Give the piece, and what each day ahead costs."""
    inside = [each for each in days if each.day >= start]
    currency = days[0].cost.currency
    spent = _sum((each.cost for each in inside), currency)
    rate = _rate(days)
    usual, _ = _usual(days, before=ahead[0] if ahead else start)
    used = sum((each.quantity for each in inside), Decimal(0))
    free = _free_left(days, inside, start, rate, allowance, used)
    costs, charged_from = [], None
    for day in ahead:
        quantity = usual[day.weekday()]
        beyond = max(Decimal(0), quantity - free)
        free = max(Decimal(0), free - quantity)
        costs.append(beyond * rate if rate else Decimal(0))
        charged_from = charged_from or (day if beyond > 0 and rate else None)
    spread = _spread(days, before=ahead[0] if ahead else start)
    piece = Piece(
        name,
        spent,
        Money(sum(costs, Decimal(0)), currency),
        Money(rate, currency) if rate else None,
        next((each.day for each in sorted(inside, key=lambda e: e.day) if each.cost.amount > 0), charged_from),
        spread,
    )
    return piece, costs


def _rate(days: Sequence[Usage]) -> Decimal | None:
    """Give the price of a unit that is wholly charged: of the dearest days, by quantity."""
    prices = [(each.cost.amount / each.quantity, each) for each in days if each.quantity > 0 and each.cost.amount > 0]
    if not prices:
        return None
    dearest = max(price for price, _ in prices)
    whole = [each for price, each in prices if price >= dearest * _ENOUGH]
    quantity = sum((each.quantity for each in whole), Decimal(0))
    return sum((each.cost.amount for each in whole), Decimal(0)) / quantity


def _free_left(
    days: Sequence[Usage],
    inside: Sequence[Usage],
    start: date,
    rate: Decimal | None,
    allowance: Decimal | None,
    used: Decimal,
) -> Decimal:
    """Give the free units that are left of the month: of the allowance that is known, or that other months showed."""
    if rate is None:
        return Decimal(0)
    charged = sum((each.cost.amount for each in inside), Decimal(0)) / rate
    if allowance is None:
        allowance = _free_before(days, start, rate)
    if charged > 0:
        return Decimal(0)  # a unit was charged, so nothing free is left
    return max(Decimal(0), allowance - used)


def _free_before(days: Sequence[Usage], start: date, rate: Decimal) -> Decimal:
    """Give the units of the month before that were not charged: what the allowance was, or less where it lasted."""
    first = (start - timedelta(days=1)).replace(day=1)
    before = [each for each in days if first <= each.day < start]
    used = sum((each.quantity for each in before), Decimal(0))
    charged = sum((each.cost.amount for each in before), Decimal(0)) / rate
    return max(Decimal(0), used - charged)


def _usual(days: Sequence[Usage], *, before: date) -> tuple[list[Decimal], list[Decimal]]:
    """Give the quantity of each day of the week, and those of the last days, oldest first."""
    quantities: dict[date, Decimal] = defaultdict(Decimal)
    for each in days:
        quantities[each.day] += each.quantity
    oldest = min(quantities)
    lately = [before - timedelta(days=n) for n in range(LEARNED, 0, -1) if before - timedelta(days=n) >= oldest]
    everyday = _mean([quantities.get(day, Decimal(0)) for day in lately])
    usual = []
    for weekday in range(7):
        same = [quantities.get(day, Decimal(0)) for day in lately if day.weekday() == weekday]
        usual.append(_mean(same) if same else everyday)
    return usual, [quantities.get(day, Decimal(0)) for day in lately]


def _spread(days: Sequence[Usage], *, before: date) -> Decimal:
    costs: dict[date, float] = defaultdict(float)
    for each in days:
        costs[each.day] += float(each.cost.amount)
    lately = [costs.get(before - timedelta(days=n), 0.0) for n in range(1, LEARNED + 1)]
    weeks = [lately[n::7] for n in range(7)]
    return Decimal(repr(sqrt(fmean([pstdev(week) ** 2 for week in weeks]))))


def _path(
    spent: Money, costs: Sequence[Sequence[Decimal]], spreads: Sequence[Decimal], ahead: Sequence[date]
) -> tuple[tuple[date, Money, Money, Money], ...]:
    """Add up the days ahead. Usage types move together more than apart, so their spreads are added."""
    found: list[tuple[date, Money, Money, Money]] = []
    likely = spent.amount
    spread = sum(spreads, Decimal(0))
    for place, day in enumerate(ahead):
        likely += sum((each[place] for each in costs), Decimal(0))
        reach = spread * Decimal(repr(_WIDTH * sqrt(place + 1)))
        least, middle, most = (
            Money(max(spent.amount, each), spent.currency) for each in (likely - reach, likely, likely + reach)
        )
        found.append((day, middle, least, most))
    return tuple(found)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values) if values else Decimal(0)


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    return sum(amounts, Money(Decimal(0), currency))
