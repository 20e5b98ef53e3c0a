"""`python -m budgets prices`: what the estimate reckons with, and where each price was read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

from budgets.prices import OURS, PriceError, UsagePrice, UsagePrices
from cloud.settings import SettingsError, load
from dashboard.console.guarding import prices_of
from dashboard.console.reading import UNREAD, say


def run(options: argparse.Namespace) -> int:
    """Print the prices; give 0, 2 where a person's own cannot be read."""
    try:
        prices = prices_of(load())
    except (SettingsError, PriceError) as error:
        say(f"error: {error}", to_people=True)
        return UNREAD
    found = [(key, price) for key, price in in_force(prices) if not (options.unsure and price.sure)]
    if options.json:
        say(json.dumps([document(key, price) for key, price in found], indent=2))
    else:
        say("\n".join(line for key, price in found for line in _lines(key, price)))
    return 0


def in_force(prices: UsagePrices) -> Iterable[tuple[str, UsagePrice]]:
    """Give (usage type, or region and usage type) and price: ours, with a person's own in their place."""
    return sorted({**OURS, **prices.own}.items())


def document(key: str, price: UsagePrice) -> dict[str, Any]:
    """Give one price as a document."""
    free = price.free
    return {
        "usage_type": key,
        "what": price.what,
        "unit": price.unit,
        "price": f"{price.each.amount:f}",
        "currency": price.each.currency,
        "page": price.source,
        "read_in": price.read_in.address,
        "standing": str(price.read_in.standing),
        "as_of": price.read_in.as_of.isoformat() if price.read_in.as_of else None,
        "read_on": price.read_on.isoformat() if price.read_on else None,
        "free": {
            "units": f"{free.units:f}",
            "each_region": free.each_region,
            "read_in": free.read_in.address,
            "standing": str(free.read_in.standing),
        }
        if free.units
        else None,
    }


def _lines(key: str, price: UsagePrice) -> Iterable[str]:
    free = f", {price.free.units:,f} free a month" if price.free.units else ""
    each = " in each region" if price.free.each_region else ""
    yield f"{key}: ${price.each.amount:f} for one of {price.unit}{free}{each}"
    day = f", of {price.read_in.as_of}" if price.read_in.as_of else ""
    yield f"  {price.read_in.standing}{day}: {price.read_in.address}"
    if price.free.units and price.free.read_in != price.read_in:
        yield f"  free, {price.free.read_in.standing}: {price.free.read_in.address}"
