"""The guard in the collector's process: it looks at every account on each poll, whether or not anybody watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from access.approvals import Approvals
from access.audit import Audit
from budgets.prices import PriceError, UsagePrices, read_prices
from cloud.clients import Clients
from cloud.metering import feature
from cloud.settings import Settings
from collectors.sources import CloudSources
from core.reading import Fault
from dashboard.guardroom import Guardroom

FEATURE = "estimate"
"""What the counting is booked to in the ledger."""

__all__ = ["Look", "PriceError", "prices_of", "watch"]

Look = Callable[[Sequence[str], datetime], tuple[Fault, ...]]


def prices_of(settings: Settings) -> UsagePrices:
    """Give the prices in force. Raises `budgets.prices.PriceError` for a file that cannot be used."""
    return read_prices(settings.prices_file) if settings.prices_file else UsagePrices()


def watch(clients: Clients, sources: CloudSources) -> Look:
    """Give what looks at accounts once. Raises `budgets.prices.PriceError`."""
    settings = clients.settings
    audit = Audit(settings.data_dir)
    room = Guardroom(clients, sources, audit, Approvals(settings.place, audit), prices_of(settings))

    def look(accounts: Sequence[str], now: datetime) -> tuple[Fault, ...]:
        with feature(FEATURE):
            return tuple(fault for account in accounts for fault in room.look(account, now=now))

    return look
