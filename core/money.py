"""Amounts of money, exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in one currency. Two currencies are never added."""

    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"{self.amount!r} is a {type(self.amount).__name__}; money is given as Decimal")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, times: int | Decimal) -> Money:
        return Money(self.amount * times, self.currency)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency}; keep currencies apart")
        return other.amount

    def __str__(self) -> str:
        """Read as people write it; an amount that rounds to nothing, but is not nothing, keeps its digits.

        >>> str(Money(Decimal("12.3"))), str(Money(Decimal("0.00012"))), str(Money(Decimal(0)))
        ('$12.30', '$0.00012', '$0.00')
        """
        sign = "−" if self.amount < 0 else ""
        amount = abs(self.amount)
        cents = amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        digits = f"{cents:,}" if cents or not amount else f"{amount.normalize():f}"
        return f"{sign}${digits}" if self.currency == "USD" else f"{sign}{digits} {self.currency}"


ZERO = Money(Decimal(0))
