"""What a unit of each usage type costs, with its source and date; a person's own prices go before ours.

Ours are AWS's list prices in us-east-1 for Linux on demand (`budgets.price_list`), and stand for every region. They
know no discount, no commitment and no tax. Who pays otherwise gives a file: see `read_prices`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from budgets.price_list import BOX, NONE_FREE, OURS, UsagePrice
from cloud.price_sources import Evidence, Standing
from core.money import Money

__all__ = ["BOX", "OURS", "PriceError", "UsagePrice", "UsagePrices", "read_prices"]


class PriceError(ValueError):
    """A file of prices that cannot be used; the message says which line and what is accepted."""


@dataclass(frozen=True, slots=True)
class UsagePrices:
    """The prices in force."""

    own: Mapping[str, UsagePrice] = field(default_factory=dict)
    """By usage type, or by `region usage type` for one region only."""

    def price(self, usage_type: str, region: str) -> UsagePrice | None:
        """Give the price, or None where nobody named one: then what it costs is not known."""
        for key in (f"{region} {usage_type}", usage_type):
            if key in self.own:
                return self.own[key]
        return OURS.get(usage_type)

    def instance(self, kind: str, region: str) -> Money | None:
        """Give what an hour of an instance type costs, where that is known."""
        found = self.price(f"{BOX}{kind}", region)
        return found.each if found else None


def read_prices(path: Path) -> UsagePrices:
    """Read a person's own prices from a TOML file, a table a usage type:

        ["BoxUsage:m7i.large"]            # or ["eu-west-1 BoxUsage:m7i.large"], for one region
        price = "0.0806"                  # dollars a unit, as text so that it stays exact
        free = "0"                        # units a month, optional
        source = "our private price list" # optional
        read_on = 2026-11-01              # optional

    Raises PriceError.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(f"the prices in {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise PriceError(f"{path} is not TOML: {error}") from error
    return UsagePrices({key: _own(path, key, table) for key, table in tables.items()})


_MEMBERS: Final = {"price", "free", "unit", "source", "read_on"}


def _own(path: Path, key: str, table: Any) -> UsagePrice:
    if not isinstance(table, dict) or "price" not in table or table.keys() - _MEMBERS:
        raise PriceError(f'{path}, {key}: give a table with price = "0.10", and free, unit, source and read_on if any')
    usage_type = key.rpartition(" ")[2]
    known = OURS.get(usage_type)
    read_on = table.get("read_on")
    if read_on is not None and not isinstance(read_on, date):
        raise PriceError(f"{path}, {key}: read_on is {read_on!r}; give a date such as 2026-11-01")
    own = Evidence(path.name, Standing.OWN, read_on)
    free = known.free if known else NONE_FREE
    if "free" in table:
        free = replace(free, units=_amount(path, key, "free", table["free"]), read_in=own)
    return UsagePrice(
        usage_type,
        known.what if known else usage_type,
        str(table.get("unit") or (known.unit if known else "units")),
        Money(_amount(path, key, "price", table["price"])),
        str(table.get("source") or path.name),
        own,
        read_on,
        free,
    )


def _amount(path: Path, key: str, name: str, given: object) -> Decimal:
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or isinstance(given, bool):
        raise PriceError(f'{path}, {key}: {name} is {given!r}; give a number that is not negative, such as "0.0116"')
    return amount
