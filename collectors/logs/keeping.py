"""What keeping lines costs: ingestion and storage a month, now and in a year, and what a retention would save. Pure.

Nobody is told how much smaller AWS stores lines than they came. So storage is a range: at most as many bytes as came,
and at least the share that AWS's own calculator reckons with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Final

from cloud.pricing import GIGABYTE, LOG_INGESTED, LOG_STORED, LOG_STORED_SHARE
from collectors.logs.groups import LogGroup
from core.money import ZERO, Money

DAYS_A_MONTH: Final = Decimal(365) / 12
YEAR: Final = 365
"""Days."""


@dataclass(frozen=True, slots=True)
class Range:
    """An amount that is known within bounds."""

    least: Money
    most: Money

    def __str__(self) -> str:
        """Write it as people read it.

        >>> str(Range(Money(Decimal("1")), Money(Decimal("2.5")))), str(Range(ZERO, ZERO))
        ('$1.00 to $2.50', '$0.00')
        """
        return str(self.most) if str(self.least) == str(self.most) else f"{self.least} to {self.most}"

    def __add__(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)

    def __sub__(self, other: Range) -> Range:
        """The difference of two that are wrong in the same direction: both are what came, or both what was packed."""
        return Range(self.least - other.least, self.most - other.most)


NOTHING: Final = Range(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a group costs a month."""

    ingested: Money | None
    """What comes in; None where it was not measured, or its class has no price here."""
    stored: Range
    """What lies there, at this moment."""
    stored_in_a_year: Range | None
    """The same in a year at the pace of now; None where it was not measured."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What another retention changes."""

    before: Range | None
    """A month's storage in a year, as it is kept now; None where what comes in was not measured."""
    after: Range | None
    """The same with the other retention."""
    deleted: int | None
    """Stored bytes that are older by now, if lines came evenly."""

    @property
    def year(self) -> Range | None:
        """What a month's storage costs less in a year; negative where it costs more."""
        return None if self.before is None or self.after is None else self.before - self.after


def keeping(group: LogGroup, daily: int | None) -> Keeping:
    """Price a group into which `daily` bytes come a day."""
    price = LOG_INGESTED.get(group.log_class)
    known = daily is not None and price is not None
    ingested = _of(price, Decimal(daily) * DAYS_A_MONTH) if daily is not None and price is not None else None
    stored = storage(group.stored_bytes)
    in_a_year = storage(_in_a_year(group, daily, group.retention_days)) if daily is not None else None
    return Keeping(ingested if known else None, stored, in_a_year)


def saving(group: LogGroup, daily: int | None, days: int | None) -> Saving:
    """Say what keeping a group's lines for `days` changes; None is for ever."""
    if daily is None:
        return Saving(None, None, None)
    before = storage(_in_a_year(group, daily, group.retention_days))
    after = storage(_in_a_year(group, daily, days))
    deleted = 0 if days is None else max(0, group.stored_bytes - daily * days)
    return Saving(before, after, deleted)


def storage(stored: int) -> Range:
    """Price a month of so many bytes.

    >>> str(storage(100 * GIGABYTE))
    '$0.45 to $3.00'
    """
    most = _of(LOG_STORED, Decimal(stored))
    return Range(most * LOG_STORED_SHARE, most)


def total(ranges: Iterable[Range | None]) -> Range | None:
    """Add up those that are known; None where none is."""
    known = [each for each in ranges if each is not None]
    return reduce(lambda one, other: one + other, known) if known else None


def _in_a_year(group: LogGroup, daily: int, days: int | None) -> int:
    """The bytes that lie there in a year: all that came, or what came in the days that are kept."""
    everything = group.stored_bytes + daily * YEAR
    return everything if days is None else min(everything, daily * days)


def _of(a_gigabyte: Money, size: Decimal) -> Money:
    return a_gigabyte * (size / GIGABYTE)
