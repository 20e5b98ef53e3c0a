"""Readings of Cost Explorer before they are made: whether the caps allow all of one, and the note where they do not."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud.clients import Clients
from cloud.faults import NotFree
from cloud.ledger import Refusal
from cloud.metering import current_feature
from core.money import ZERO, Money
from core.reading import Fault, FaultKind, Scope


def price(clients: Clients, operation: str) -> Money:
    """Give the price of one request."""
    found = clients.meter.prices.price("ce", operation)
    return found.each if found else ZERO


def refusal(clients: Clients, scope: Scope, operation: str, requests: int, *, kept: Money = ZERO) -> Fault | None:
    """Say why a reading of so many requests is not made; None where the caps allow all of it.

    `kept` is what the caps have to leave for something else that is worth more a dollar.
    """
    cost = price(clients, operation) * requests
    left = clients.meter.money_left()
    if (cost + kept).amount <= left.amount.amount:
        return None
    why = f"a reading takes {requests} requests or more and costs {cost}, and {left}"
    if kept.amount and cost.amount <= left.amount.amount:
        why += f", of which {kept} is kept for the billing export"
    return NotFree(why).to_fault(scope, f"ce:{operation}")


def note(
    clients: Clients, scope: Scope, operation: str, requests: int, *, what: str, every: timedelta, now: datetime
) -> None:
    """Note a refusal for the own-bill page, with what a month of such readings would cost."""
    clients.meter.refuse(
        Refusal(
            at=now,
            service="ce",
            operation=operation,
            account=scope.account,
            region=scope.region,
            feature=current_feature(),
            what=what,
            units=requests,
            cost=price(clients, operation) * requests,
            every=int(every.total_seconds()),
        )
    )


def is_refusal(fault: Fault) -> bool:
    """Say whether a fault is the cap at work, which nobody needs to be warned of."""
    return fault.kind is FaultKind.NOT_FREE
