"""The caps on what our own calls may cost in a day and in a month, both UTC's as on AWS's bill. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.money import ZERO, Money
from core.timespan import Timespan


def month_of(at: datetime) -> Timespan:
    """Give the calendar month, in UTC as AWS bills, that `at` lies in."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return Timespan(start, end)


def day_of(at: datetime) -> Timespan:
    """Give the day in UTC that `at` lies in."""
    start = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Timespan(start, start + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Limit:
    """One cap in the day or month in which it holds."""

    kind: str
    """`daily` or `monthly`."""
    cap: Money
    span: Timespan

    @property
    def name(self) -> str:
        """Such as `today's cap of $0.10`."""
        return f"{'today' if self.kind == 'daily' else 'this month'}'s cap of {self.cap}"

    @property
    def opens(self) -> str:
        """When it is counted from nothing again, such as `1 December, 00:00 UTC`."""
        return f"{self.span.end.day} {self.span.end:%B, %H:%M} UTC"

    def refusal(self, cost: Money) -> str:
        """Say why a call of `cost` is not made."""
        if cost.amount > self.cap.amount:
            return f"it costs {cost} and the {self.kind} cap on our own calls is {self.cap}"
        return f"it costs {cost} and {self.name} on our own calls is reached; it opens again on {self.opens}"


@dataclass(frozen=True, slots=True)
class Left:
    """What may still be spent, and the cap that says so."""

    amount: Money
    limit: Limit

    def __str__(self) -> str:
        """Such as `today's cap of $0.10 leaves $0.02 until 24 November, 00:00 UTC`."""
        if not self.limit.cap.amount:
            return f"the {self.limit.kind} cap on our own calls is {self.limit.cap}"
        return f"{self.limit.name} leaves {self.amount} until {self.limit.opens}"


@dataclass(frozen=True, slots=True)
class Caps:
    """Most that our own calls may cost. The default spends nothing."""

    month: Money = ZERO
    day: Money | None = None
    """None: a day may take what the month has left. More than the month's is no more than the month's."""

    def limits(self, at: datetime) -> tuple[Limit, ...]:
        """Give the caps that hold at `at`, the one that opens last first."""
        month = Limit("monthly", self.month, month_of(at))
        if self.day is None or self.day.amount >= self.month.amount:
            return (month,)
        return month, Limit("daily", self.day, day_of(at))

    def left(self, spent: Callable[[Timespan], Money], *, at: datetime) -> Left:
        """Give what the tighter cap leaves, never less than nothing. `spent` gives what was spent in a span."""
        lefts = [Left(max(limit.cap - spent(limit.span), ZERO), limit) for limit in self.limits(at)]
        return min(lefts, key=lambda left: left.amount.amount)

    def never(self, cost: Money, *, at: datetime) -> Limit | None:
        """Give the cap that refuses a call of `cost` even when nothing was spent; None where there is none."""
        return next((limit for limit in self.limits(at) if cost.amount > limit.cap.amount), None)
